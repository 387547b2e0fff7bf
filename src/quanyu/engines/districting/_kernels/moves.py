"""Single atoms over a border: by chance at a falling temperature, or only where that helps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.shared import NONE, price, uniform


@njit(cache=True, nogil=True)
def anneal_moves(
    graph: Any, rules: Any, plan: Any, hot: Any, cold: Any, first: Any, last: Any, total: Any, queue: Any, seen: Any,
    state: Any,
) -> Any:  # fmt: skip
    """Try moves ``first`` to ``last`` of ``total`` by the rule of Metropolis; return the moves made.

    The temperature falls from hot to cold. ``seen`` must be zeros at the first call; its last entry counts the marks.
    """
    moves = 0
    n = len(graph.weight)
    for step in range(first, last):
        u = int(uniform(state) * n)
        start, degree = graph.indptr[u], graph.indptr[u + 1] - graph.indptr[u]
        if degree == 0:
            continue
        b = plan.label[graph.indices[start + int(uniform(state) * degree)]]
        if b == plan.label[u]:
            continue
        gain = _gain(graph, rules, plan, u, b)
        warmth = hot * (cold / hot) ** (step / total)
        if gain < 0.0 and uniform(state) >= np.exp(gain / warmth):
            continue
        if holds_without(graph, plan.label, u, queue, seen):
            _move(graph, plan, u, b)
            moves += 1
    return moves


@njit(cache=True, nogil=True)
def polish(graph: Any, rules: Any, plan: Any, rounds: Any, queue: Any, seen: Any) -> Any:
    """Move single atoms over a border while that lowers the cost; return the moves made."""
    moves = 0
    for _ in range(rounds):
        moved = 0
        for u in range(len(graph.weight)):
            best, best_gain = NONE, 1e-9
            for e in range(graph.indptr[u], graph.indptr[u + 1]):
                b = plan.label[graph.indices[e]]
                if b != plan.label[u] and b != best:
                    gain = _gain(graph, rules, plan, u, b)
                    if gain > best_gain:
                        best, best_gain = b, gain
            if best != NONE and holds_without(graph, plan.label, u, queue, seen):
                _move(graph, plan, u, best)
                moved += 1
        moves += moved
        if moved == 0:
            break
    return moves


@njit(cache=True, nogil=True)
def _gain(graph: Any, rules: Any, plan: Any, u: Any, b: Any) -> Any:
    """Return by how much the cost falls when atom u goes to district b."""
    a, w = plan.label[u], graph.weight[u]
    gain = 0.0
    for e in range(graph.indptr[u], graph.indptr[u + 1]):
        other = plan.label[graph.indices[e]]
        if other == b:
            gain += graph.length[e]
        elif other == a:
            gain -= graph.length[e]
    if w > 0:
        gain += price(rules, rules.wall, plan.size[a], plan.size[b])
        gain -= price(rules, rules.wall, plan.size[a] - w, plan.size[b] + w)
    if graph.previous[u] >= 0:
        if graph.previous[u] == plan.anchor[b]:
            gain += rules.stay * graph.keep[u]
        elif graph.previous[u] == plan.anchor[a]:
            gain -= rules.stay * graph.keep[u]
    return gain


@njit(cache=True, nogil=True)
def _move(graph: Any, plan: Any, u: Any, b: Any) -> None:
    plan.size[plan.label[u]] -= graph.weight[u]
    plan.size[b] += graph.weight[u]
    plan.label[u] = b


@njit(cache=True, nogil=True)
def holds_without(graph: Any, label: Any, u: Any, queue: Any, seen: Any) -> Any:
    """Tell whether a district stays whole and not empty without u: u's own neighbours must reach each other."""
    a = label[u]
    seen[-1] += 2
    wanted, visited = seen[-1], seen[-1] + 1
    left = 0
    first = NONE
    for e in range(graph.indptr[u], graph.indptr[u + 1]):
        x = graph.indices[e]
        if label[x] == a:
            seen[x] = wanted
            left += 1
            first = x
    if left <= 1:
        return left == 1
    seen[u] = visited
    seen[first] = visited
    queue[0] = first
    head, tail = 0, 1
    left -= 1
    while head < tail:
        x = queue[head]
        head += 1
        for e in range(graph.indptr[x], graph.indptr[x + 1]):
            y = graph.indices[e]
            if label[y] == a and seen[y] != visited:
                if seen[y] == wanted:
                    left -= 1
                    if left == 0:
                        return True
                seen[y] = visited
                queue[tail] = y
                tail += 1
    return False
