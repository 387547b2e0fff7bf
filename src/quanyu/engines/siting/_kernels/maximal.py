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
    indptr: Any, indices: Any, start: Any, rows: Any, weight: Any, cost: Any, fixed: Any, chosen: Any, money: Any,
    allowed: Any, limit: Any,
) -> Any:  # fmt: skip
    """Exchange one chosen site for another ``allowed`` one while that covers more, best first; return the money left.

    ``gain[j]`` is the weight j would add, ``loss[k]`` the weight that only k covers; the pair's true gain adds the
    weight that only k covers and j would take over, counted through ``owner``.
    """
    n, m = len(indptr) - 1, len(start) - 1
    times = covered_by(start, rows, chosen, n)
    owner = np.full(n, NONE, np.int32)
    gain = np.zeros(m, np.int64)
    loss = np.zeros(m, np.int64)
    for j in range(m):
        if chosen[j]:
            for e in range(start[j], start[j + 1]):
                if times[rows[e]] == 1:
                    owner[rows[e]] = j
                    loss[j] += weight[rows[e]]
        else:
            for e in range(start[j], start[j + 1]):
                if times[rows[e]] == 0:
                    gain[j] += weight[rows[e]]
    shared = np.zeros(m, np.int64)
    touched = np.empty(m, np.int32)
    for _ in range(limit):
        best: Any = np.int64(0)
        best_in: Any = NONE
        best_out: Any = NONE
        cheap = np.int64(np.iinfo(np.int64).max)
        picked = np.flatnonzero(chosen & ~fixed)
        for k in picked:
            cheap = min(cheap, loss[k])
        if len(picked) == 0:
            break
        for j in range(m):
            if chosen[j] or not allowed[j]:
                continue
            count = 0
            most = np.int64(0)
            for e in range(start[j], start[j + 1]):
                k = owner[rows[e]]
                if k != NONE:
                    if shared[k] == 0:
                        touched[count] = k
                        count += 1
                    shared[k] += weight[rows[e]]
                    most += weight[rows[e]]
            if gain[j] + most - cheap > best:
                for k in picked:
                    value = gain[j] - loss[k] + shared[k]
                    if value > best and cost[j] - cost[k] <= money:
                        best, best_in, best_out = value, j, k
            for t in range(count):
                shared[touched[t]] = 0
        if best_in == NONE:
            break
        money += cost[best_out] - cost[best_in]
        _add(indptr, indices, start, rows, weight, chosen, times, owner, gain, loss, best_in)
        _remove(indptr, indices, start, rows, weight, chosen, times, owner, gain, loss, best_out)
    return money


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
    indptr: Any, indices: Any, weight: Any, cost: Any, state: Any, money: Any, target: Any, passes: Any, mean: Any
) -> Any:
    """Lower the Lagrangian bound of the weight that ``money`` covers; return the shares paid at its lowest.

    ``state`` (sites) is 1 for sites inside, −1 outside, 0 free. ``mean`` becomes how far each site was chosen of late.
    """
    n, m = len(indptr) - 1, len(state)
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
        _fill(value, cost, state, money, y)
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
def _fill(value: Any, cost: Any, state: Any, money: Any, y: Any) -> None:
    """Choose the sites inside, then free ones by value for cost while the money lasts, the last one in part."""
    left = float(money)
    ratio = np.zeros(len(value))
    for j in range(len(value)):
        y[j] = 1.0 if state[j] == 1 else 0.0
        left -= y[j] * cost[j]
        ratio[j] = -value[j] / max(cost[j], 1e-9) if state[j] == 0 else 0.0
    for j in np.argsort(ratio):
        if left <= 0.0 or ratio[j] >= 0.0:
            break
        y[j] = min(1.0, left / max(cost[j], 1e-9))
        left -= y[j] * cost[j]
