"""Anneal by recombination: join two neighbouring districts, draw a tree, cut it where that is best."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.shared import (
    CUT,
    INERTIA,
    NONE,
    ROUND,
    load_price,
    out_of_range,
    shape_price,
    uniform,
    weight_price,
)
from quanyu.engines.districting._kernels.trees import random_tree

# Tries to hit a border between two districts at random before a step counts as void.
TRIES = 1000
# Of the temperature, that at which an edge of a tree is chosen, and how much dearer than the best one may be.
CHOICE, FAR = 0.5, 4.0


@njit(cache=True, nogil=True)
def recombine(
    graph: Any, rules: Any, plan: Any, best: Any, score: Any, heat: Any, first: Any, last: Any, total: Any,
    memory: Any, state: Any,
) -> Any:  # fmt: skip
    """Carry out steps ``first`` to ``last`` of ``total``; return the steps accepted.

    A step weighs **every** edge of the tree: the weights and shapes of both sides, the households that stay. ``heat``
    is (hot, cold, rise): the temperature falls from hot to cold, the price of a household out of range rises by the
    factor ``rise``. ``score`` is (price of shapes and of what moved, households out of range) of the plan, then of the
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
        count, old_cut, old_stay = _gather(graph, rules, plan, at, a, b, memory)
        root = memory.atoms[int(uniform(state) * count)]
        # Sometimes today's border stays likely to be cut, sometimes it is blurred.
        bias = 1.5 * uniform(state) - 0.5
        random_tree(graph, label, bias, root, count, memory, state)
        _sum_below(graph, rules, plan, a, b, count, memory)
        at, straight = _choose(rules, wall, warmth, count, memory, state)
        if at != NONE:
            one, other = memory.below[at], memory.below[0] - memory.below[at]
            old_shape = _present(rules, plan, a, b, old_cut) - old_stay
            shape = _shapes(rules, at, memory) - _kept(memory, at, straight)
            old = old_shape + weight_price(rules, wall, size[a]) + weight_price(rules, wall, size[b])
            new = shape + weight_price(rules, wall, one) + weight_price(rules, wall, other)
            if new <= old or uniform(state) < np.exp((old - new) / warmth):
                accepted += 1
                if keeps:
                    change = out_of_range(one, rules.lower, rules.upper) + out_of_range(other, rules.lower, rules.upper)
                    change -= out_of_range(size[a], rules.lower, rules.upper)
                    change -= out_of_range(size[b], rules.lower, rules.upper)
                    _keep_best(plan, best, score, shape - old_shape, change)
                inner, outer = (a, b) if straight else (b, a)
                _relabel(label, at, inner, outer, count, memory)
                _enter_sums(rules, plan, at, inner, outer, memory)
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
def _stays(graph: Any, rules: Any, plan: Any, u: Any, district: Any) -> Any:
    """Return what it is worth that an atom lies in a district that follows its previous ones."""
    worth = 0.0
    for j in range(graph.previous.shape[1]):
        if graph.previous[u, j] != NONE and graph.previous[u, j] == plan.anchor[district, j]:
            worth += rules.stay[j] * graph.keep[u]
    return worth


@njit(cache=True, nogil=True)
def _gather(graph: Any, rules: Any, plan: Any, at: Any, a: Any, b: Any, memory: Any) -> Any:
    """Collect the atoms of two districts in ``memory.atoms``; return their number, the cut and what stays now."""
    label, atoms, member = plan.label, memory.atoms, memory.member
    atoms[0], member[at] = at, True
    count, i = 1, 0
    cut, stays = 0.0, 0.0
    while i < count:
        u = atoms[i]
        i += 1
        stays += _stays(graph, rules, plan, u, label[u])
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
def _sum_below(graph: Any, rules: Any, plan: Any, a: Any, b: Any, count: Any, memory: Any) -> None:
    """Sum over the subtree of each node: weight, what would stay with a and with b, the cut above the node, and more.

    An edge adds to the cut of its two ends and is taken off twice at their lowest common ancestor.
    """
    order, parent, local = memory.order, memory.parent, memory.local
    below, stay_a, stay_b, cut = memory.below, memory.stay_a, memory.stay_b, memory.cut
    for i in range(count):
        u = order[i]
        below[i] = graph.weight[u]
        stay_a[i] = _stays(graph, rules, plan, u, a)
        stay_b[i] = _stays(graph, rules, plan, u, b)
        cut[i] = 0.0
        memory.outside[i] = graph.around[u]
        for j in range(graph.extent.shape[1]):
            memory.extent[i, j] = graph.extent[u, j]
        for j in range(graph.loads.shape[1]):
            memory.loads[i, j] = graph.loads[u, j]
    for i in range(count):
        u = order[i]
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            v = graph.indices[e]
            if u < v and memory.member[v]:
                p, q = i, local[v]
                cut[p] += graph.length[e]
                cut[q] += graph.length[e]
                memory.outside[p] -= graph.length[e]
                memory.outside[q] -= graph.length[e]
                while p != q:
                    # Parents come first in the order, so the later of two is not the common ancestor.
                    if p > q:
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
        if rules.aim != CUT:
            memory.outside[p] += memory.outside[i]
            for j in range(graph.extent.shape[1]):
                memory.extent[p, j] += memory.extent[i, j]
        for j in range(graph.loads.shape[1]):
            memory.loads[p, j] += memory.loads[i, j]


@njit(cache=True, nogil=True)
def _kept(memory: Any, i: Any, straight: Any) -> Any:
    """Return what stays when the subtree of node i becomes district a (straight) or b."""
    if straight:
        return memory.stay_a[i] + memory.stay_b[0] - memory.stay_b[i]
    return memory.stay_b[i] + memory.stay_a[0] - memory.stay_a[i]


@njit(cache=True, nogil=True)
def _present(rules: Any, plan: Any, a: Any, b: Any, cut: Any) -> Any:
    """Return what shapes and loads of two districts cost as they are."""
    price, x, around = cut, plan.extent, plan.around
    if rules.aim == INERTIA:
        price = shape_price(rules, 0.0, x[a, 0], x[a, 1], x[a, 2], x[a, 3])
        price += shape_price(rules, 0.0, x[b, 0], x[b, 1], x[b, 2], x[b, 3])
    elif rules.aim == ROUND:
        price = shape_price(rules, around[a], x[a, 0], 0.0, 0.0, 0.0)
        price += shape_price(rules, around[b], x[b, 0], 0.0, 0.0, 0.0)
    for j in range(plan.loads.shape[1]):
        price += load_price(rules, plan.loads[a, j], rules.mean_loads[j])
        price += load_price(rules, plan.loads[b, j], rules.mean_loads[j])
    return price


@njit(cache=True, nogil=True)
def _shapes(rules: Any, i: Any, memory: Any) -> Any:
    """Return what shapes and loads cost when the tree is cut above node i."""
    price, x = memory.cut[i], memory.extent
    if rules.aim == INERTIA:
        price = shape_price(rules, 0.0, x[i, 0], x[i, 1], x[i, 2], x[i, 3])
        price += shape_price(rules, 0.0, x[0, 0] - x[i, 0], x[0, 1] - x[i, 1], x[0, 2] - x[i, 2], x[0, 3] - x[i, 3])
    elif rules.aim == ROUND:
        outside = memory.outside[i]
        price = shape_price(rules, outside + memory.cut[i], x[i, 0], 0.0, 0.0, 0.0)
        around = memory.outside[0] - outside + memory.cut[i]
        price += shape_price(rules, around, x[0, 0] - x[i, 0], 0.0, 0.0, 0.0)
    for j in range(memory.loads.shape[1]):
        price += load_price(rules, memory.loads[i, j], rules.mean_loads[j])
        price += load_price(rules, memory.loads[0, j] - memory.loads[i, j], rules.mean_loads[j])
    return price


@njit(cache=True, nogil=True)
def _choose(rules: Any, wall: Any, warmth: Any, count: Any, memory: Any, state: Any) -> Any:
    """Return the node to cut above, and whether its subtree becomes district a.

    Each is as likely as exp(−cost / (``CHOICE`` · warmth)), so a tree offers more than its single best edge.
    """
    best, best_straight, least, total = NONE, True, 1e300, 0.0
    whole = memory.below[0]
    for i in range(1, count):
        cost = weight_price(rules, wall, memory.below[i]) + weight_price(rules, wall, whole - memory.below[i])
        if cost > least + FAR * warmth:
            continue
        straight = _kept(memory, i, True) >= _kept(memory, i, False)
        cost += _shapes(rules, i, memory) - _kept(memory, i, straight)
        if cost > least + FAR * warmth:
            continue
        if cost < least:
            # Shares are told against the least cost so far.
            total *= np.exp((cost - least) / (CHOICE * warmth))
            least = cost
        share = np.exp((least - cost) / (CHOICE * warmth))
        total += share
        if uniform(state) * total < share:
            best, best_straight = i, straight
    return best, best_straight


@njit(cache=True, nogil=True)
def _keep_best(plan: Any, best: Any, score: Any, cost: Any, out: Any) -> None:
    """Copy the plan, before it changes by ``cost`` and ``out``, when it is better than the best so far."""
    better = score[1] < score[3] or (score[1] == score[3] and score[0] < score[2] - 1e-9)
    # Copied only when it is left, so that a run of improvements costs one copy.
    if better and (out > 0 or (out == 0 and cost >= 0)):
        best.label[:] = plan.label
        best.size[:] = plan.size
        best.around[:] = plan.around
        best.extent[:] = plan.extent
        best.loads[:] = plan.loads
        score[2], score[3] = score[0], score[1]
    score[0] += cost
    score[1] += out


@njit(cache=True, nogil=True)
def _relabel(label: Any, top: Any, inner: Any, outer: Any, count: Any, memory: Any) -> None:
    """Give the subtree of ``top`` one label and the rest the other."""
    side = memory.side
    for i in range(count):
        side[i] = 1 if i == top or (i > top and side[memory.parent[i]] == 1) else 0
        label[memory.order[i]] = inner if side[i] == 1 else outer


@njit(cache=True, nogil=True)
def _enter_sums(rules: Any, plan: Any, top: Any, inner: Any, outer: Any, memory: Any) -> None:
    """Write the sums of the subtree of ``top`` and of the rest into the plan."""
    plan.size[inner], plan.size[outer] = memory.below[top], memory.below[0] - memory.below[top]
    if rules.aim != CUT:
        plan.around[inner] = memory.outside[top] + memory.cut[top]
        plan.around[outer] = memory.outside[0] - memory.outside[top] + memory.cut[top]
        for j in range(plan.extent.shape[1]):
            plan.extent[inner, j] = memory.extent[top, j]
            plan.extent[outer, j] = memory.extent[0, j] - memory.extent[top, j]
    for j in range(plan.loads.shape[1]):
        plan.loads[inner, j] = memory.loads[top, j]
        plan.loads[outer, j] = memory.loads[0, j] - memory.loads[top, j]
