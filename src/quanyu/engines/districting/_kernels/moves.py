"""Single atoms over a border: by chance at a falling temperature, or only where that helps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.shared import (
    CUT,
    INERTIA,
    NONE,
    load_price,
    shape_price,
    uniform,
    weight_price,
)

# A loss of more temperatures than this is never accepted, and needs no draw.
HOPELESS = 12.0


@njit(cache=True, nogil=True)
def anneal_moves(
    graph: Any, rules: Any, plan: Any, hot: Any, cold: Any, first: Any, last: Any, total: Any, queue: Any, seen: Any,
    state: Any,
) -> Any:  # fmt: skip
    """Carry out sweeps ``first`` to ``last`` of ``total`` by the rule of Metropolis; return the moves made.

    A sweep tries to move each atom once, to the district of one of its neighbours; atoms in turn, since near ones lie
    near in memory. The temperature falls from hot to cold. ``seen`` must be zeros at the first call; its last entry
    counts the marks.
    """
    moves = 0
    for sweep in range(first, last):
        warmth = hot * (cold / hot) ** (sweep / total)
        for u in range(len(graph.weight)):
            start, degree = graph.indptr[u], graph.indptr[u + 1] - graph.indptr[u]
            if degree == 0:
                continue
            b = plan.label[graph.indices[start + int(uniform(state) * degree)]]
            if b == plan.label[u]:
                continue
            gain = _gain(graph, rules, plan, u, b)
            if gain < 0.0 and (gain < -HOPELESS * warmth or uniform(state) >= np.exp(gain / warmth)):
                continue
            if holds_without(graph, plan.label, u, queue, seen):
                _move(graph, rules, plan, u, b)
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
                _move(graph, rules, plan, u, best)
                moved += 1
        moves += moved
        if moved == 0:
            break
    return moves


@njit(cache=True, nogil=True)
def _gain(graph: Any, rules: Any, plan: Any, u: Any, b: Any) -> Any:
    """Return by how much the cost falls when atom u goes to district b."""
    a, w = plan.label[u], graph.weight[u]
    to_a, to_b = _borders(graph, plan, u, a, b)
    gain = to_b - to_a
    if rules.aim != CUT:
        gain = _rounder(graph, rules, plan, u, b, to_a, to_b)
    if w > 0:
        one, other = plan.size[a], plan.size[b]
        gain += weight_price(rules, rules.wall, one) + weight_price(rules, rules.wall, other)
        gain -= weight_price(rules, rules.wall, one - w) + weight_price(rules, rules.wall, other + w)
    for j in range(graph.previous.shape[1]):
        if graph.previous[u, j] != NONE:
            if graph.previous[u, j] == plan.anchor[b, j]:
                gain += rules.stay[j] * graph.keep[u]
            elif graph.previous[u, j] == plan.anchor[a, j]:
                gain -= rules.stay[j] * graph.keep[u]
    for j in range(graph.loads.shape[1]):
        load, mean = graph.loads[u, j], rules.mean_loads[j]
        gain += load_price(rules, plan.loads[a, j], mean) + load_price(rules, plan.loads[b, j], mean)
        gain -= load_price(rules, plan.loads[a, j] - load, mean) + load_price(rules, plan.loads[b, j] + load, mean)
    return gain


@njit(cache=True, nogil=True)
def _borders(graph: Any, plan: Any, u: Any, a: Any, b: Any) -> Any:
    """Return the length of the borders of atom u with districts a and b."""
    to_a, to_b = 0.0, 0.0
    for e in range(graph.indptr[u], graph.indptr[u + 1]):
        other = plan.label[graph.indices[e]]
        if other == b:
            to_b += graph.length[e]
        elif other == a:
            to_a += graph.length[e]
    return to_a, to_b


@njit(cache=True, nogil=True)
def _rounder(graph: Any, rules: Any, plan: Any, u: Any, b: Any, to_a: Any, to_b: Any) -> Any:
    """Return by how much the price of two shapes falls when atom u goes from its district to b."""
    a, around, x, y = plan.label[u], graph.around[u], graph.extent, plan.extent
    if rules.aim == INERTIA:
        before = shape_price(rules, 0.0, y[a, 0], y[a, 1], y[a, 2], y[a, 3])
        before += shape_price(rules, 0.0, y[b, 0], y[b, 1], y[b, 2], y[b, 3])
        after = shape_price(rules, 0.0, y[a, 0] - x[u, 0], y[a, 1] - x[u, 1], y[a, 2] - x[u, 2], y[a, 3] - x[u, 3])
        after += shape_price(rules, 0.0, y[b, 0] + x[u, 0], y[b, 1] + x[u, 1], y[b, 2] + x[u, 2], y[b, 3] + x[u, 3])
    else:
        before = shape_price(rules, plan.around[a], y[a, 0], 0.0, 0.0, 0.0)
        before += shape_price(rules, plan.around[b], y[b, 0], 0.0, 0.0, 0.0)
        after = shape_price(rules, plan.around[a] - around + 2.0 * to_a, y[a, 0] - x[u, 0], 0.0, 0.0, 0.0)
        after += shape_price(rules, plan.around[b] + around - 2.0 * to_b, y[b, 0] + x[u, 0], 0.0, 0.0, 0.0)
    return before - after


@njit(cache=True, nogil=True)
def _move(graph: Any, rules: Any, plan: Any, u: Any, b: Any) -> None:
    a = plan.label[u]
    if rules.aim != CUT:
        to_a, to_b = _borders(graph, plan, u, a, b)
        plan.around[a] += 2.0 * to_a - graph.around[u]
        plan.around[b] += graph.around[u] - 2.0 * to_b
        for j in range(graph.extent.shape[1]):
            plan.extent[a, j] -= graph.extent[u, j]
            plan.extent[b, j] += graph.extent[u, j]
    for j in range(graph.loads.shape[1]):
        plan.loads[a, j] -= graph.loads[u, j]
        plan.loads[b, j] += graph.loads[u, j]
    plan.size[a] -= graph.weight[u]
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
