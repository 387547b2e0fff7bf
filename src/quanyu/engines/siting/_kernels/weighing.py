"""Local search for set covering: rows that stay uncovered for long grow heavy, until a choice covers them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

NONE = -1


@njit(cache=True, nogil=True)
def weigh_rows(indptr: Any, indices: Any, start: Any, rows: Any, cost: Any, chosen: Any, chance: Any) -> Any:
    """Return marks of a cover that costs no more than ``chosen``, after as many exchanges as ``chance`` has numbers.

    References
    ----------
    .. [1] Gao, C., Yao, X., Weise, T. and Li, J. (2015). An efficient local search heuristic with row weighting for
       the unicost set covering problem. European Journal of Operational Research 246(3), 750-761.
    """
    n, m = len(indptr) - 1, len(start) - 1
    inside, best = np.zeros(m, np.bool_), chosen.copy()
    times, heavy = np.zeros(n, np.int64), np.ones(n, np.int64)
    score, moved = np.diff(start), np.zeros(m, np.int64)
    open_rows, place = np.arange(n), np.arange(n)
    left, spent = n, np.int64(0)
    for j in range(m):
        if chosen[j]:
            left = _flip(indptr, indices, start, rows, inside, times, heavy, score, open_rows, place, left, j)
            spent += cost[j]
    limit = spent
    last = NONE
    for step in range(len(chance)):
        while left == 0:
            best[:] = inside
            limit = spent
            j = _lightest(cost, inside, score, moved, NONE)
            if j == NONE:
                return best
            left = _flip(indptr, indices, start, rows, inside, times, heavy, score, open_rows, place, left, j)
            spent -= cost[j]
            moved[j] = step
        j = _lightest(cost, inside, score, moved, last)
        if j != NONE:
            left = _flip(indptr, indices, start, rows, inside, times, heavy, score, open_rows, place, left, j)
            spent -= cost[j]
            moved[j] = step
        row = open_rows[int(chance[step] * left)]
        j = _heaviest(indptr, indices, cost, score, moved, row, limit - spent)
        while j != NONE:
            left = _flip(indptr, indices, start, rows, inside, times, heavy, score, open_rows, place, left, j)
            spent += cost[j]
            moved[j] = step
            last = j
            if left == 0:
                break
            row = open_rows[int(chance[step] * left)]
            j = _heaviest(indptr, indices, cost, score, moved, row, limit - spent)
        for e in range(left):
            row = open_rows[e]
            heavy[row] += 1
            for f in range(indptr[row], indptr[row + 1]):
                score[indices[f]] += 1
    if left == 0 and spent < limit:
        best[:] = inside
    return best


@njit(cache=True, nogil=True)
def _lightest(cost: Any, inside: Any, score: Any, moved: Any, kept: Any) -> Any:
    """Return the column inside whose own rows weigh least for its cost, of several the one that moved longest ago."""
    best = NONE
    for j in range(len(inside)):
        if inside[j] and j != kept and (best == NONE or _is_lighter(score, cost, moved, j, best)):
            best = j
    return best


@njit(cache=True, nogil=True)
def _is_lighter(score: Any, cost: Any, moved: Any, j: Any, other: Any) -> Any:
    one, two = score[j] * cost[other], score[other] * cost[j]
    return one < two or (one == two and moved[j] < moved[other])


@njit(cache=True, nogil=True)
def _heaviest(indptr: Any, indices: Any, cost: Any, score: Any, moved: Any, row: Any, money: Any) -> Any:
    """Return the column of an open row that covers most weight for its cost and costs less than ``money``."""
    best = NONE
    for e in range(indptr[row], indptr[row + 1]):
        j = indices[e]
        if cost[j] < money:
            if best == NONE:
                best = j
                continue
            one, two = score[j] * cost[best], score[best] * cost[j]
            if one > two or (one == two and moved[j] < moved[best]):
                best = j
    return best


@njit(cache=True, nogil=True)
def _flip(
    indptr: Any, indices: Any, start: Any, rows: Any, inside: Any, times: Any, heavy: Any, score: Any, open_rows: Any,
    place: Any, left: Any, j: Any,
) -> Any:  # fmt: skip
    """Take a column in or out and return how many rows are open; ``open_rows`` holds them first, ``place`` where.

    ``score`` is the weight of open rows a column outside would cover, or of rows that only a column inside covers.
    """
    change = -1 if inside[j] else 1
    inside[j] = not inside[j]
    for e in range(start[j], start[j + 1]):
        i = rows[e]
        before = times[i]
        times[i] += change
        if before + times[i] == 1:  # opened or closed: what the others outside gain by it changes
            for f in range(indptr[i], indptr[i + 1]):
                if indices[f] != j:
                    score[indices[f]] -= change * heavy[i]
            if change == 1:
                left -= 1
                _swap_places(open_rows, place, place[i], left)
            else:
                _swap_places(open_rows, place, place[i], left)
                left += 1
        elif before + times[i] == 3:  # the one other column inside is no longer, or is again, alone on the row
            for f in range(indptr[i], indptr[i + 1]):
                k = indices[f]
                if inside[k] and k != j:
                    score[k] -= change * heavy[i]
                    break
    return left


@njit(cache=True, nogil=True)
def _swap_places(order: Any, place: Any, one: Any, two: Any) -> None:
    a, b = order[one], order[two]
    order[one], order[two] = b, a
    place[a], place[b] = two, one
