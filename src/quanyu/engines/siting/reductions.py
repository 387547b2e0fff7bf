"""Make a cover small without losing its best answer: equal rows, dominance, forced sites, independent parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover


@dataclass(frozen=True)
class Reduced:
    """What is left: ``forced`` sites that some best answer holds, and independent parts.

    A part is a cover and the site that each of its columns stands for. Whoever covers every part, together with the
    forced sites, covers everything, and no other choice is cheaper.
    """

    forced: IntArray
    parts: tuple[tuple[Cover, IntArray], ...]


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
    columns = np.flatnonzero(cost > 0)
    forced = [np.flatnonzero((cost == 0) & (np.diff(cover.by_site[0]) > 0))]
    cover, cost = cover.select(rows=_uncovered(cover, forced[0]), columns=columns), cost[columns]
    while cover.demands:
        before = (cover.demands, cover.sites)
        needed = ~_kernels.dominating_rows(cover.indptr, cover.indices, *cover.by_site)
        cover = cover.select(rows=np.flatnonzero(needed))
        only = np.unique(cover.indices[cover.indptr[:-1][np.diff(cover.indptr) == 1]]).astype(np.int64)
        if len(only):
            forced.append(columns[only])
            cover = cover.select(rows=_uncovered(cover, only))
        stay = np.flatnonzero(~_kernels.dominated_columns(*cover.by_site, cover.indptr, cover.indices, cost))
        cover, columns, cost = cover.select(columns=stay), columns[stay], cost[stay]
        if (cover.demands, cover.sites) == before:
            break
    return Reduced(np.sort(np.concatenate(forced)), tuple(_parts(cover, columns)))


def _uncovered(cover: Cover, sites: IntArray) -> IntArray:
    marks = np.zeros(cover.sites, dtype=bool)
    marks[sites] = True
    return np.flatnonzero(_kernels.covered_by(*cover.by_site, marks, cover.demands) == 0)


def _parts(cover: Cover, columns: IntArray) -> Iterator[tuple[Cover, IntArray]]:
    for rows, mine in independent_parts(cover):
        yield cover.select(rows=rows, columns=mine), columns[mine]


def independent_parts(cover: Cover) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield the rows and the columns of each part that shares neither with another; columns without rows fall."""
    if not cover.demands:
        return
    graph: Any = sparse.block_array([[None, cover.matrix], [cover.matrix.T, None]], format="csr")
    count, part = connected_components(graph, directed=False)
    of_row, of_site = part[: cover.demands], part[cover.demands :]
    for k in range(count):
        rows, mine = np.flatnonzero(of_row == k), np.flatnonzero(of_site == k)
        if len(rows):
            yield rows, mine
