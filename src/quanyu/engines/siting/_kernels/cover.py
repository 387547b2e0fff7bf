"""Covers: collapsing equal rows, dominance, and the greedy choice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

NONE = -1


@njit(cache=True, nogil=True)
def collapse(indptr: Any, indices: Any) -> Any:
    """Return the group of each row, equal rows sharing one, and the first row of each group."""
    n = len(indptr) - 1
    size = 16
    while size < 2 * n:
        size *= 2
    table = np.full(size, NONE, np.int32)
    group = np.empty(n, np.int32)
    first = np.empty(n, np.int32)
    groups = 0
    for i in range(n):
        start, end = indptr[i], indptr[i + 1]
        mark = np.uint64(end - start)
        for e in range(start, end):
            mark = (mark ^ np.uint64(indices[e])) * np.uint64(0x9E3779B97F4A7C15)
            mark ^= mark >> np.uint64(29)
        slot = np.int64(mark & np.uint64(size - 1))
        while True:
            g = table[slot]
            if g == NONE:
                table[slot] = groups
                group[i] = groups
                first[groups] = i
                groups += 1
                break
            other = indptr[first[g]]
            same = indptr[first[g] + 1] - other == end - start
            e = start
            while same and e < end:
                same = indices[e] == indices[other + e - start]
                e += 1
            if same:
                group[i] = g
                break
            slot = (slot + 1) & (size - 1)
    return group, first[:groups].copy()


@njit(cache=True, nogil=True)
def transpose(indptr: Any, indices: Any, columns: Any) -> Any:
    """Return the rows of each column, growing, as CSR."""
    n = len(indptr) - 1
    start = np.zeros(columns + 1, np.int64)
    for e in range(indptr[n]):
        start[indices[e] + 1] += 1
    for j in range(columns):
        start[j + 1] += start[j]
    rows = np.empty(indptr[n], np.int32)
    at = start[:-1].copy()
    for i in range(n):
        for e in range(indptr[i], indptr[i + 1]):
            rows[at[indices[e]]] = i
            at[indices[e]] += 1
    return start, rows


@njit(cache=True, nogil=True)
def covered_by(start: Any, rows: Any, chosen: Any, n: Any) -> Any:
    """Return how many chosen sites cover each row."""
    times = np.zeros(n, np.int32)
    for j in range(len(chosen)):
        if chosen[j]:
            for e in range(start[j], start[j + 1]):
                times[rows[e]] += 1
    return times


@njit(cache=True, nogil=True)
def first_chosen(indptr: Any, indices: Any, chosen: Any) -> Any:
    """Return the first chosen site of each row, −1 for none."""
    site = np.full(len(indptr) - 1, NONE, np.int64)
    for i in range(len(site)):
        for e in range(indptr[i], indptr[i + 1]):
            if chosen[indices[e]]:
                site[i] = indices[e]
                break
    return site


@njit(cache=True, nogil=True)
def sum_by_site(indptr: Any, indices: Any, value: Any, sites: Any) -> Any:
    """Return for each site the sum of the whole-number ``value`` of its rows."""
    total = np.zeros(sites, np.int64)
    for i in range(len(indptr) - 1):
        if value[i] != 0:
            for e in range(indptr[i], indptr[i + 1]):
                total[indices[e]] += value[i]
    return total


@njit(cache=True, nogil=True)
def _within(indices: Any, start: Any, end: Any, other: Any, other_end: Any) -> Any:
    """Tell whether the sorted list [start, end) is contained in the sorted list [other, other_end)."""
    while start < end:
        want = indices[start]
        while other < other_end and indices[other] < want:
            other += 1
        if other == other_end or indices[other] != want:
            return False
        start += 1
        other += 1
    return True


@njit(cache=True, nogil=True)
def _marks(indptr: Any, indices: Any) -> Any:
    """Return a 64-bit signature of each row: a row within another has no bit that the other lacks."""
    marks = np.zeros(len(indptr) - 1, np.uint64)
    for i in range(len(marks)):
        for e in range(indptr[i], indptr[i + 1]):
            marks[i] |= np.uint64(1) << ((np.uint64(indices[e]) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(58))
    return marks


@njit(cache=True, nogil=True)
def dominating_rows(indptr: Any, indices: Any, start: Any, rows: Any) -> Any:
    """Mark the rows that contain another row: whoever covers the smaller covers them (of equal rows the first stays).

    ``start, rows`` is the transpose.
    """
    n = len(indptr) - 1
    dropped = np.zeros(n, np.bool_)
    marks = _marks(indptr, indices)
    left = np.diff(start)
    for r in np.argsort(np.diff(indptr), kind="mergesort"):
        if dropped[r] or indptr[r] == indptr[r + 1]:
            continue
        short = indices[indptr[r]]
        for e in range(indptr[r], indptr[r + 1]):
            if left[indices[e]] < left[short]:
                short = indices[e]
        size = indptr[r + 1] - indptr[r]
        for e in range(start[short], start[short + 1]):
            s = rows[e]
            if s == r or dropped[s] or marks[r] & ~marks[s] or indptr[s + 1] - indptr[s] < size:
                continue
            if indptr[s + 1] - indptr[s] == size and s < r:
                continue
            if _within(indices, indptr[r], indptr[r + 1], indptr[s], indptr[s + 1]):
                dropped[s] = True
                for f in range(indptr[s], indptr[s + 1]):
                    left[indices[f]] -= 1
    return dropped


@njit(cache=True, nogil=True)
def dominated_columns(start: Any, rows: Any, indptr: Any, indices: Any, cost: Any) -> Any:
    """Mark the columns contained in another that costs no more (of equal columns at one cost the first stays).

    ``start, rows`` are the rows of each column, ``indptr, indices`` its transpose.
    """
    m = len(start) - 1
    dropped = np.zeros(m, np.bool_)
    marks = _marks(start, rows)
    for i in range(m):
        size = start[i + 1] - start[i]
        if size == 0:
            dropped[i] = True
            continue
        short = rows[start[i]]
        for e in range(start[i], start[i + 1]):
            if indptr[rows[e] + 1] - indptr[rows[e]] < indptr[short + 1] - indptr[short]:
                short = rows[e]
        for e in range(indptr[short], indptr[short + 1]):
            j = indices[e]
            other = start[j + 1] - start[j]
            if j == i or dropped[j] or cost[j] > cost[i] or other < size or marks[i] & ~marks[j]:
                continue
            if other == size and cost[j] == cost[i] and j > i:
                continue
            if _within(rows, start[i], start[i + 1], start[j], start[j + 1]):
                dropped[i] = True
                break
    return dropped


@njit(cache=True, nogil=True)
def greedy_cover(indptr: Any, indices: Any, start: Any, rows: Any, cost: Any, price: Any) -> Any:
    """Return marks of columns that cover every row, chosen by the least ``price`` for each row newly covered.

    ``price`` may be reduced costs; columns of a price of 0 or less are taken first. Columns that later ones make
    needless are dropped, dearest first.
    """
    n, m = len(indptr) - 1, len(start) - 1
    chosen = np.zeros(m, np.bool_)
    times = np.zeros(n, np.int64)
    gain = np.diff(start)
    for j in range(m):
        if price[j] <= 0.0 and gain[j] > 0:
            _take(indptr, indices, start, rows, chosen, times, gain, j)
    open_rows = 0
    for i in range(n):
        open_rows += times[i] == 0 and indptr[i] < indptr[i + 1]
    while open_rows > 0:
        best, best_score = NONE, np.inf
        for j in range(m):
            if not chosen[j] and gain[j] > 0:
                score = price[j] / gain[j]
                if score < best_score:
                    best, best_score = j, score
        open_rows -= gain[best]
        _take(indptr, indices, start, rows, chosen, times, gain, best)
    drop_redundant(start, rows, cost, chosen, times)
    return chosen


@njit(cache=True, nogil=True)
def _take(indptr: Any, indices: Any, start: Any, rows: Any, chosen: Any, times: Any, gain: Any, j: Any) -> None:
    chosen[j] = True
    for e in range(start[j], start[j + 1]):
        i = rows[e]
        times[i] += 1
        if times[i] == 1:
            for f in range(indptr[i], indptr[i + 1]):
                gain[indices[f]] -= 1


@njit(cache=True, nogil=True)
def drop_redundant(start: Any, rows: Any, cost: Any, chosen: Any, times: Any) -> None:
    """Drop chosen columns whose rows are all covered otherwise, dearest first; ``times`` counts the covers of a row."""
    picked = np.flatnonzero(chosen)
    order = np.argsort(-cost[picked].astype(np.float64), kind="mergesort")
    for j in picked[order]:
        needed = False
        for e in range(start[j], start[j + 1]):
            if times[rows[e]] == 1:
                needed = True
                break
        if not needed:
            chosen[j] = False
            for e in range(start[j], start[j + 1]):
                times[rows[e]] -= 1
