"""What is left of a maximal covering once some sites are in and some are out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.proof import FREE, INSIDE
from quanyu.engines.siting.reductions import group_rows

SHARE = 1 << 20  # a dual of the whole weight of a demand


@dataclass(frozen=True)
class Remaining:
    """The free sites, and the rows of some weight that only they may cover, equal ones as one.

    ``columns`` (m,) are the free sites and ``row`` (n,) the new row of each row, −1 for one that is settled;
    ``settled`` (n,) is the dual of such a row: nothing where a site inside covers it, all where no free site can.
    ``covered`` is the weight that the sites inside cover.
    """

    cover: Cover
    weight: IntArray
    columns: IntArray
    row: IntArray
    settled: IntArray
    covered: int

    def marks(self, chosen: BoolArray, sites: int) -> BoolArray:
        """Return a choice of the free sites as marks of all."""
        marks = np.zeros(sites, dtype=bool)
        marks[self.columns[chosen]] = True
        return marks

    def lift(self, share: FloatArray) -> IntArray:
        """Return the dual of every row in whole numbers, from the shares of those left."""
        whole = np.rint(np.clip(share, 0.0, 1.0) * SHARE).astype(np.int64)
        return np.where(self.row < 0, self.settled, whole[self.row]) if len(whole) else self.settled

    def project(self, dual: IntArray, weight: IntArray) -> FloatArray:
        """Return the shares of the rows left, from the dual and the weight of every row."""
        kept = np.flatnonzero(self.row >= 0)
        paid = np.bincount(self.row[kept], weights=dual[kept] * weight[kept], minlength=len(self.weight))
        share: FloatArray = np.clip(paid / (self.weight * float(SHARE)), 0.0, 1.0)
        return share


def remaining(cover: Cover, weight: IntArray, state: IntArray) -> Remaining:
    """Return what a state of the sites (``INSIDE``, ``OUTSIDE`` or ``FREE``) leaves to settle."""
    group, patterns = group_rows(cover)
    inside = _kernels.covered_by(*patterns.by_site, state == INSIDE, patterns.demands) > 0
    columns = np.flatnonzero(state == FREE)
    free = patterns.select(columns=columns)
    grouped = np.bincount(group, weights=weight, minlength=patterns.demands).astype(np.int64)
    kept = np.flatnonzero(~inside & (np.diff(free.indptr) > 0) & (grouped > 0))
    again, merged = group_rows(free.select(rows=kept))
    place = np.full(patterns.demands, -1, dtype=np.int64)
    place[kept] = again
    summed = np.bincount(again, weights=grouped[kept], minlength=merged.demands).astype(np.int64)
    settled = np.where(inside, 0, SHARE)[group]
    return Remaining(merged, summed, columns, place[group], settled, int(grouped[inside].sum()))
