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
        best, best_in, best_out = np.int64(0), NONE, NONE
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
def benders_cuts(indptr: Any, indices: Any, weight: Any, group: Any, y: Any, slope: Any, mask: Any) -> Any:
    """Return for each group the constant of its cut at ``y``; fill ``slope`` (groups, sites) and the rows' ``mask``.

    The weight that y covers in group g is at most ``constant[g] + slope[g] · y``: rows covered at least once count
    wholly, the others, marked in ``mask``, as far as their sites' y. Ties count as the latter.
    """
    constant = np.zeros(len(slope))
    slope[:] = 0.0
    for i in range(len(indptr) - 1):
        total = 0.0
        for e in range(indptr[i], indptr[i + 1]):
            total += y[indices[e]]
        mask[i] = total <= 1.0 + 1e-9
        if not mask[i]:
            constant[group[i]] += weight[i]
        else:
            for e in range(indptr[i], indptr[i + 1]):
                slope[group[i], indices[e]] += weight[i]
    return constant
