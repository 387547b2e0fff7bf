"""Make a cover small without losing its best answer: equal rows, dominance, forced sites, independent parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover


@dataclass(frozen=True)
class Reduced:
    """What is left: ``forced`` sites that some best answer holds, and independent parts.

    A part is (rows, columns) of the cover it came from: whoever covers these rows by these columns, together with the
    forced sites, covers everything, and no other choice is cheaper.
    """

    forced: IntArray
    parts: tuple[tuple[IntArray, IntArray], ...]


def group_rows(cover: Cover) -> tuple[IntArray, Cover]:
    """Return the group of each demand and the cover of the groups: demands in one group have the same sites."""
    group, first = _kernels.collapse(cover.indptr, cover.indices)
    size = cover.indptr[first + 1] - cover.indptr[first]
    indptr = np.zeros(len(first) + 1, dtype=np.int64)
    np.cumsum(size, out=indptr[1:])
    position = np.repeat(cover.indptr[first] - indptr[:-1], size) + np.arange(indptr[-1])
    return group.astype(np.int64), Cover(indptr, cover.indices[position], cover.sites, cover.sites_xy)


def reduce_cover(cover: Cover, cost: IntArray) -> Reduced:
    """Shrink a set covering problem; every row must have a site.

    A row that contains another falls (whoever covers the other covers it), a site contained in one that costs no more
    falls, a row's only site is taken; again and again until nothing changes.
    """
    rows, columns = np.arange(cover.demands), np.arange(cover.sites)
    forced: list[IntArray] = []
    free = np.flatnonzero(cost == 0)
    if len(free):
        forced.append(free)
        rows = _uncovered(cover, free)
        columns = np.flatnonzero(cost > 0)
        cover, cost = cover.select(rows, columns), cost[columns]
    while cover.demands:
        before = (cover.demands, cover.sites)
        start, down = cover.by_site
        keep = np.flatnonzero(~_kernels.dominating_rows(cover.indptr, cover.indices, start, down))
        if len(keep) < cover.demands:
            cover, rows = cover.select(keep, np.arange(cover.sites)), rows[keep]
        only = np.unique(cover.indices[cover.indptr[:-1][np.diff(cover.indptr) == 1]]).astype(np.int64)
        if len(only):
            forced.append(columns[only])
            keep = _uncovered(cover, only)
            cover, rows = cover.select(keep, np.arange(cover.sites)), rows[keep]
        start, down = cover.by_site
        dropped = _kernels.dominated_columns(start, down, cover.indptr, cover.indices, cost)
        if dropped.any():
            stay = np.flatnonzero(~dropped)
            cover, columns, cost = cover.select(np.arange(cover.demands), stay), columns[stay], cost[stay]
        if (cover.demands, cover.sites) == before:
            break
    taken = np.sort(np.concatenate(forced)) if forced else np.empty(0, dtype=np.int64)
    return Reduced(taken.astype(np.int64), tuple(_parts(cover, rows, columns)))


def _uncovered(cover: Cover, sites: IntArray) -> IntArray:
    marks = np.zeros(cover.sites, dtype=bool)
    marks[sites] = True
    start, rows = cover.by_site
    return np.flatnonzero(_kernels.covered_by(start, rows, marks, cover.demands) == 0)


def _parts(cover: Cover, rows: IntArray, columns: IntArray) -> list[tuple[IntArray, IntArray]]:
    if not cover.demands:
        return []
    joined = cover.matrix.T @ cover.matrix if cover.sites < cover.demands else None
    if joined is not None:
        count, of_site = connected_components(joined, directed=False)
        of_row = of_site[cover.indices[cover.indptr[:-1]]]
    else:
        count, of_row = connected_components(cover.matrix @ cover.matrix.T, directed=False)
        start, down = cover.by_site
        of_site = np.where(np.diff(start) > 0, of_row[down[np.minimum(start[:-1], len(down) - 1)]], -1)
    return [(rows[of_row == k], columns[of_site == k]) for k in range(count)]
