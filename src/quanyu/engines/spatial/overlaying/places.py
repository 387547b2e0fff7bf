"""Places: where layers leave ground to nobody, or claim it twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import BoolArray, IntArray
from quanyu.engines.spatial.overlaying.faces import Faces


@dataclass(frozen=True)
class Gap:
    """Ground that a layer leaves out; ``x`` and ``y`` lie in it.

    ``enclosed`` ground lies between polygons of the layer; the rest lies beyond its outer border, and another layer
    holds a part of it or all.
    """

    layer: int
    area_m2: float
    x: float
    y: float
    enclosed: bool


@dataclass(frozen=True)
class LeftOut:
    """Ground that some layers leave out, though it lies in another; ``x`` and ``y`` lie in it.

    ``households`` are those of its places, ``None`` without places.
    """

    layers: tuple[int, ...]
    area_m2: float
    households: int | None
    x: float
    y: float


@dataclass(frozen=True)
class Doubled:
    """Ground that several polygons of a layer claim; ``x`` and ``y`` lie in it."""

    layer: int
    polygons: tuple[int, ...]
    area_m2: float
    x: float
    y: float


def connected(faces: Faces, chosen: BoolArray) -> IntArray:
    """Return, for each face, the group of chosen faces to which it belongs that share segments; −1 for others."""
    left, right = faces.beside.T
    both = (left >= 0) & (right >= 0) & chosen[left] & chosen[right]
    size = len(faces.area)
    links = sparse.coo_array((np.ones(int(both.sum()), dtype=np.int8), (left[both], right[both])), shape=(size, size))
    group = connected_components(links, directed=False)[1].astype(np.int64)
    return np.where(chosen, group, -1)
