"""Pieces: ground that has one polygon of every layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray

# Keys above are numbered anew, before the next layer would overflow them.
LARGEST_KEY = 2**62
# Area below is what rounding leaves of a piece that is gone.
ROUNDING_M2 = 1e-3


@dataclass(frozen=True)
class Pieces:
    """m pieces that n layers cut a territory into, in the order of their labels.

    Attributes
    ----------
    labels : (m, n) row of the polygon in each layer, −1 where the layer has none; of several the first
    area_m2 : (m,)
    households : (m,) of the places in each piece, or None without places; a place on a border, or within the tolerance
        of it, stands on one side of it. On the outer border of several layers a place may be in polygons that have no
        ground in common: then they have a piece without area
    """

    labels: IntArray
    area_m2: FloatArray
    households: IntArray | None = None

    def __len__(self) -> int:
        return len(self.area_m2)

    def weights(self, by: str) -> FloatArray | IntArray:
        """Return the households or the area of each piece."""
        return self.households if by == "households" and self.households is not None else self.area_m2


def number_rows(labels: IntArray) -> tuple[IntArray, IntArray]:
    """Return the first of each kind of row, in the order of the rows' values, and the kind of each row."""
    key, largest = np.zeros(len(labels), dtype=np.int64), 1
    for column in labels.T:
        size = int(column.max(initial=-1)) + 2
        if largest * size > LARGEST_KEY:
            found, key = np.unique(key, return_inverse=True)
            largest = len(found)
        key, largest = key * size + column + 1, largest * size
    _, first, kind = np.unique(key, return_index=True, return_inverse=True)
    return first, kind


def sums(kind: IntArray, weight: FloatArray | IntArray, kinds: int) -> FloatArray:
    """Return the sum of the weights of each kind."""
    return np.bincount(kind, weights=weight, minlength=kinds).astype(np.float64)


def gather(labels: IntArray, area: FloatArray, households: IntArray | None) -> Pieces:
    """Return pieces of parts, without the parts that no layer holds."""
    held = (labels >= 0).any(axis=1)
    labels, area = labels[held], area[held]
    first, kind = number_rows(labels)
    counted = None
    if households is not None:
        counted = np.zeros(len(first), dtype=np.int64)
        np.add.at(counted, kind, households[held])
    return Pieces(labels[first], sums(kind, area, len(first)), counted)


def exchange(pieces: Pieces, before: Pieces, after: Pieces, redrawn: BoolArray) -> Pieces:
    """Return the pieces once those of a part of the territory have become others.

    Parameters
    ----------
    before, after : the pieces of that part
    redrawn : (m,) which of ``pieces`` lie in that part as a whole
    """
    labels = np.concatenate([pieces.labels, before.labels, after.labels])
    first, kind = number_rows(labels)
    old, gone, new = np.split(kind, [len(pieces), len(pieces) + len(before)])
    is_whole, is_new = np.zeros(len(first), dtype=np.bool_), np.zeros(len(first), dtype=np.bool_)
    is_whole[old[redrawn]], is_new[new] = True, True

    def changed(of_old: FloatArray | IntArray, of_gone: FloatArray | IntArray, of_new: FloatArray | IntArray) -> Any:
        rest = sums(old, of_old, len(first)) - sums(gone, of_gone, len(first))
        return np.where(is_whole, 0.0, rest) + sums(new, of_new, len(first))

    area = changed(pieces.area_m2, before.area_m2, after.area_m2)
    kept = is_new | (~is_whole & (area > ROUNDING_M2))
    if pieces.households is None or before.households is None or after.households is None:
        return Pieces(labels[first[kept]], area[kept])
    households = np.rint(changed(pieces.households, before.households, after.households)).astype(np.int64)
    kept |= households > 0
    return Pieces(labels[first[kept]], area[kept], households[kept])
