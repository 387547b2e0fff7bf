"""The most weight that p sites cover: greedy, swaps, and Benders cuts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.siting._kernels.cover import covered_by

NONE = -1


@njit(cache=True, nogil=True)
def greedy_most(
    indptr: Any, indices: Any, start: Any, rows: Any, weight: Any, cost: Any, bias: Any, chosen: Any, budget: Any
) -> Any:
    """Add to ``chosen`` the site of the most new weight (times ``bias``) per cost while the budget allows; return the
    money left. Sites chosen before are free of charge."""
    m = len(start) - 1
    times = covered_by(start, rows, chosen, len(indptr) - 1)
    gain = np.zeros(m, np.int64)
    for j in range(m):
        for e in range(start[j], start[j + 1]):
            if times[rows[e]] == 0:
                gain[j] += weight[rows[e]]
    while True:
        best, best_score = NONE, 0.0
        for j in range(m):
            if not chosen[j] and cost[j] <= budget and gain[j] > 0 and bias[j] > 0.0:
                score = gain[j] * bias[j] / max(cost[j], 1e-9)
                if score > best_score:
                    best, best_score = j, score
        if best == NONE:
            return budget
        chosen[best] = True
        budget -= cost[best]
        for e in range(start[best], start[best + 1]):
            i = rows[e]
            times[i] += 1
            if times[i] == 1:
                for f in range(indptr[i], indptr[i + 1]):
                    gain[indices[f]] -= weight[i]


@njit(cache=True, nogil=True)
def swap_most(
    indptr: Any, indices: Any, start: Any, rows: Any, weight: Any, cost: Any, chosen: Any, money: Any, offset: Any
) -> Any:
    """Exchange chosen sites for others, in turn from ``offset`` on, until none covers more; return the money left.

    ``gain[j]`` is the weight j would add, ``loss[k]`` the weight that only k covers; the pair's true gain adds the
    weight that only k covers and j would take over, counted through ``owner``.
    """
    m = len(start) - 1
    times, owner, gain, loss = _begin(start, rows, weight, chosen, len(indptr) - 1)
    shared = np.zeros(m, np.int64)
    picked = np.flatnonzero(chosen)
    j, quiet = offset % m, 0
    while quiet < m and len(picked) > 0:
        j = (j + 1) % m
        quiet += 1
        if chosen[j] or gain[j] == 0:  # a pair gains no more than the new one alone
            continue
        for e in range(start[j], start[j + 1]):
            if owner[rows[e]] != NONE:
                shared[owner[rows[e]]] += weight[rows[e]]
        best, place = np.int64(0), NONE
        for t in range(len(picked)):
            k = picked[t]
            value = gain[j] - loss[k] + shared[k]
            shared[k] = 0
            if value > best and cost[j] - cost[k] <= money:
                best, place = value, t
        if place != NONE:
            k = picked[place]
            money += cost[k] - cost[j]
            _add(indptr, indices, start, rows, weight, chosen, times, owner, gain, loss, j)
            _remove(indptr, indices, start, rows, weight, chosen, times, owner, gain, loss, k)
            picked[place] = j
            quiet = 0
    return money


@njit(cache=True, nogil=True)
def _begin(start: Any, rows: Any, weight: Any, chosen: Any, n: Any) -> Any:
    """Return how often each row is covered, by which site if by one, and what each site gains or is worth alone."""
    m = len(start) - 1
    times = covered_by(start, rows, chosen, n)
    owner = np.full(n, NONE, np.int32)
    gain, loss = np.zeros(m, np.int64), np.zeros(m, np.int64)
    for j in range(m):
        for e in range(start[j], start[j + 1]):
            i = rows[e]
            if chosen[j] and times[i] == 1:
                owner[i] = j
                loss[j] += weight[i]
            elif times[i] == 0:
                gain[j] += weight[i]
    return times, owner, gain, loss


@njit(cache=True, nogil=True)
def _add(
    indptr: Any, indices: Any, start: Any, rows: Any, weight: Any, chosen: Any, times: Any, owner: Any, gain: Any,
    loss: Any, j: Any,
) -> None:  # fmt: skip
    chosen[j] = True
    loss[j] = 0
    for e in range(start[j], start[j + 1]):
        i = rows[e]
        times[i] += 1
        if times[i] == 1:
            owner[i] = j
            loss[j] += weight[i]
            for f in range(indptr[i], indptr[i + 1]):
                gain[indices[f]] -= weight[i]
        elif times[i] == 2:
            loss[owner[i]] -= weight[i]
            owner[i] = NONE


@njit(cache=True, nogil=True)
def _remove(
    indptr: Any, indices: Any, start: Any, rows: Any, weight: Any, chosen: Any, times: Any, owner: Any, gain: Any,
    loss: Any, k: Any,
) -> None:  # fmt: skip
    chosen[k] = False
    gain[k] = 0
    for e in range(start[k], start[k + 1]):
        i = rows[e]
        times[i] -= 1
        if times[i] == 0:
            owner[i] = NONE
            for f in range(indptr[i], indptr[i + 1]):
                gain[indices[f]] += weight[i]
        elif times[i] == 1:
            for f in range(indptr[i], indptr[i + 1]):
                if chosen[indices[f]]:
                    owner[i] = indices[f]
                    loss[indices[f]] += weight[i]


@njit(cache=True, nogil=True)
def cut_at(indptr: Any, indices: Any, y: Any, share: Any) -> None:
    """Write into ``share`` the share of each row's weight that its sites are paid at the point ``y``: none where they
    cover it at least once, all otherwise. Ties count as the latter."""
    for i in range(len(indptr) - 1):
        total = 0.0
        for e in range(indptr[i], indptr[i + 1]):
            total += y[indices[e]]
        share[i] = 1.0 if total <= 1.0 + 1e-9 else 0.0


@njit(cache=True, nogil=True)
def benders_cuts(indptr: Any, indices: Any, weight: Any, group: Any, share: Any, slope: Any) -> Any:
    """Return for each group the constant of its cut, and fill ``slope`` (groups, sites).

    The weight that sites y cover in group g is at most ``constant[g] + slope[g] · y``, whatever share of a row's weight
    is paid to its sites and not counted at once.
    """
    constant = np.zeros(len(slope))
    slope[:] = 0.0
    for i in range(len(indptr) - 1):
        constant[group[i]] += weight[i] * (1.0 - share[i])
        if share[i] > 0.0:
            for e in range(indptr[i], indptr[i + 1]):
                slope[group[i], indices[e]] += weight[i] * share[i]
    return constant


@njit(cache=True, nogil=True)
def descend_shares(
    indptr: Any, indices: Any, weight: Any, cost: Any, money: Any, target: Any, passes: Any, mean: Any
) -> Any:
    """Lower the Lagrangian bound of the weight that ``money`` covers; return the shares paid at its lowest.

    ``mean`` (sites) becomes how far each site was chosen of late.
    """
    n, m = len(indptr) - 1, len(cost)
    share, best = np.full(n, 0.5), np.full(n, 0.5)
    lowest = np.inf
    y, surplus = np.zeros(m), np.zeros(n)
    for step in range(passes):
        value = np.zeros(m)
        bound = 0.0
        for i in range(n):
            bound += weight[i] * (1.0 - share[i])
            for e in range(indptr[i], indptr[i + 1]):
                value[indices[e]] += weight[i] * share[i]
        _fill(value, cost, money, y)
        bound += np.sum(value * y)
        if bound < lowest:
            lowest = bound
            best[:] = share
        mean *= 0.9
        mean += 0.1 * y
        length = 0.0
        for i in range(n):
            covered = 0.0
            for e in range(indptr[i], indptr[i + 1]):
                covered += y[indices[e]]
            surplus[i] = 0.3 * (covered - 1.0) + 0.7 * surplus[i]
            length += weight[i] * surplus[i] * surplus[i]
        if length <= 0.0 or bound <= target:
            break
        move = 0.01 ** (step / passes) * (bound - target) / length
        for i in range(n):
            share[i] = min(max(share[i] - move * surplus[i], 0.0), 1.0)
    return best


@njit(cache=True, nogil=True)
def _fill(value: Any, cost: Any, money: Any, y: Any) -> None:
    """Choose sites by value for cost while the money lasts, the last one in part."""
    left = float(money)
    y[:] = 0.0
    for j in np.argsort(-value / cost):
        if left <= 0.0 or value[j] <= 0.0:
            break
        y[j] = min(1.0, left / cost[j])
        left -= y[j] * cost[j]
