"""Anneal by recombination: join two neighbouring districts, draw a tree, cut it where that is best."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.shared import NONE, out_of_range, price, uniform
from quanyu.engines.districting._kernels.trees import random_tree

# Tries to hit a border between two districts at random before a step counts as void.
TRIES = 1000


@njit(cache=True, nogil=True)
def recombine(
    graph: Any, rules: Any, plan: Any, best: Any, score: Any, heat: Any, first: Any, last: Any, total: Any,
    memory: Any, state: Any,
) -> Any:  # fmt: skip
    """Carry out steps ``first`` to ``last`` of ``total``; return the steps accepted.

    A step weighs **every** edge of the tree: the weights of both sides, the exact new cut, the households that stay.
    ``heat`` is (hot, cold, rise): the temperature falls from hot to cold, the price of a household out of range rises
    by the factor ``rise``. ``score`` is (cut and price of what moved, households out of range) of the plan, then of the
    best plan so far, which ``best`` holds; nothing is kept when ``score`` is empty.
    """
    label, size = plan.label, plan.size
    hot, cold, rise = heat
    keeps = len(score) > 0
    accepted = 0
    for step in range(first, last):
        warmth = hot * (cold / hot) ** (step / total)
        wall = rules.wall * rise ** (step / total)
        at, a, b = _pair(graph, label, state)
        if at == NONE:
            continue
        count, old_cut, old_stay = _gather(graph, plan, at, a, b, memory)
        root = memory.atoms[int(uniform(state) * count)]
        # Sometimes today's border stays likely to be cut, sometimes it is blurred.
        bias = 1.5 * uniform(state) - 0.5
        random_tree(graph, label, bias, root, count, memory, state)
        _sum_below(graph, plan, a, b, count, memory)
        at, straight = _choose(rules, wall, warmth, count, memory, state)
        if at != NONE:
            one, other = memory.below[at], memory.below[0] - memory.below[at]
            kept = _kept(memory, at, straight)
            new = memory.cut[at] + price(rules, wall, one, other) - rules.stay * kept
            old = old_cut + price(rules, wall, size[a], size[b]) - rules.stay * old_stay
            if new <= old or uniform(state) < np.exp((old - new) / warmth):
                accepted += 1
                change = out_of_range(one, rules.lower, rules.upper) + out_of_range(other, rules.lower, rules.upper)
                change -= out_of_range(size[a], rules.lower, rules.upper)
                change -= out_of_range(size[b], rules.lower, rules.upper)
                if keeps:
                    dearer = memory.cut[at] - old_cut - rules.stay * (kept - old_stay)
                    _keep_best(plan, best, score, dearer, change)
                inner, outer = (a, b) if straight else (b, a)
                _relabel(label, at, inner, outer, count, memory)
                size[inner], size[outer] = one, other
        for i in range(count):
            memory.member[memory.atoms[i]] = False
    if keeps:
        _keep_best(plan, best, score, 0.0, 0.0)
    return accepted


@njit(cache=True, nogil=True)
def _pair(graph: Any, label: Any, state: Any) -> Any:
    """Return an atom on a border between two districts, both of them: each border atom as likely as it has edges."""
    for _ in range(TRIES):
        at = int(uniform(state) * len(label))
        start, degree = graph.indptr[at], graph.indptr[at + 1] - graph.indptr[at]
        if degree > 0:
            other = graph.indices[start + int(uniform(state) * degree)]
            if label[other] != label[at]:
                return at, label[at], label[other]
    return NONE, NONE, NONE


@njit(cache=True, nogil=True)
def _gather(graph: Any, plan: Any, at: Any, a: Any, b: Any, memory: Any) -> Any:
    """Collect the atoms of two districts in ``memory.atoms``; return their number, the cut and what stays now."""
    label, atoms, member = plan.label, memory.atoms, memory.member
    atoms[0], member[at] = at, True
    count, i = 1, 0
    cut, stays = 0.0, 0.0
    while i < count:
        u = atoms[i]
        i += 1
        if graph.previous[u] >= 0 and graph.previous[u] == plan.anchor[label[u]]:
            stays += graph.keep[u]
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            v = graph.indices[e]
            if label[v] == a or label[v] == b:
                if label[v] != label[u]:
                    cut += graph.length[e]
                if not member[v]:
                    member[v] = True
                    atoms[count] = v
                    count += 1
    return count, cut / 2.0, stays


@njit(cache=True, nogil=True)
def _sum_below(graph: Any, plan: Any, a: Any, b: Any, count: Any, memory: Any) -> None:
    """Sum over the subtree of each node: weight, what would stay with a and with b, and the cut above the node.

    An edge adds to the cut of its two ends and is taken off twice at their lowest common ancestor.
    """
    order, parent, depth, local = memory.order, memory.parent, memory.depth, memory.local
    below, stay_a, stay_b, cut = memory.below, memory.stay_a, memory.stay_b, memory.cut
    for i in range(count):
        u = order[i]
        below[i] = graph.weight[u]
        before = graph.previous[u]
        stay_a[i] = graph.keep[u] if before >= 0 and before == plan.anchor[a] else 0.0
        stay_b[i] = graph.keep[u] if before >= 0 and before == plan.anchor[b] else 0.0
        cut[i] = 0.0
        depth[i] = 0 if i == 0 else depth[parent[i]] + 1
    for i in range(count):
        u = order[i]
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            v = graph.indices[e]
            if u < v and memory.member[v]:
                p, q = i, local[v]
                cut[p] += graph.length[e]
                cut[q] += graph.length[e]
                while p != q:
                    if depth[p] >= depth[q]:
                        p = parent[p]
                    else:
                        q = parent[q]
                cut[p] -= 2.0 * graph.length[e]
    for i in range(count - 1, 0, -1):
        p = parent[i]
        below[p] += below[i]
        stay_a[p] += stay_a[i]
        stay_b[p] += stay_b[i]
        cut[p] += cut[i]


@njit(cache=True, nogil=True)
def _kept(memory: Any, i: Any, straight: Any) -> Any:
    """Return what stays when the subtree of node i becomes district a (straight) or b."""
    if straight:
        return memory.stay_a[i] + memory.stay_b[0] - memory.stay_b[i]
    return memory.stay_b[i] + memory.stay_a[0] - memory.stay_a[i]


@njit(cache=True, nogil=True)
def _choose(rules: Any, wall: Any, warmth: Any, count: Any, memory: Any, state: Any) -> Any:
    """Return the node to cut above, and whether its subtree becomes district a.

    The noise of the temperature lets a tree offer more than its single best edge.
    """
    best, best_cost, best_straight = NONE, 1e300, True
    whole = memory.below[0]
    for i in range(1, count):
        cost = memory.cut[i] + price(rules, wall, memory.below[i], whole - memory.below[i])
        # Noise lowers a cost by no more than eight temperatures, so a dearer edge needs no draw.
        if cost - rules.stay * (memory.stay_a[0] + memory.stay_b[0]) - 8.0 * warmth > best_cost:
            continue
        straight = _kept(memory, i, True) >= _kept(memory, i, False)
        cost -= rules.stay * _kept(memory, i, straight)
        cost += 0.5 * warmth * np.log(-np.log(uniform(state) * 0.999999 + 5e-7))
        if cost < best_cost:
            best, best_cost, best_straight = i, cost, straight
    return best, best_straight


@njit(cache=True, nogil=True)
def _keep_best(plan: Any, best: Any, score: Any, cut: Any, out: Any) -> None:
    """Copy the plan, before it changes by ``cut`` and ``out``, when it is better than the best so far."""
    better = score[1] < score[3] or (score[1] == score[3] and score[0] < score[2] - 1e-9)
    # Copied only when it is left, so that a run of improvements costs one copy.
    if better and (out > 0 or (out == 0 and cut >= 0)):
        best.label[:] = plan.label
        best.size[:] = plan.size
        score[2], score[3] = score[0], score[1]
    score[0] += cut
    score[1] += out


@njit(cache=True, nogil=True)
def _relabel(label: Any, top: Any, inner: Any, outer: Any, count: Any, memory: Any) -> None:
    """Give the subtree of ``top`` one label and the rest the other."""
    side = memory.depth
    for i in range(count):
        side[i] = 1 if i == top or (i > top and side[memory.parent[i]] == 1) else 0
        label[memory.order[i]] = inner if side[i] == 1 else outer
