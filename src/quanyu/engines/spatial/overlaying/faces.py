"""Faces: the pieces of ground that a network of segments parts, and the polygons that hold each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.spatial._walking import walk_faces
from quanyu.engines.spatial.overlaying import _kernels
from quanyu.engines.spatial.overlaying.noding import PIXEL_M, Network
from quanyu.engines.spatial.overlaying.pieces import sums

# Any seed gives names; one and the same gives the same answers.
NAMES = 20221102


class Faces(NamedTuple):
    """f faces of a network; face 0 is the ground outside all.

    Attributes
    ----------
    beside : (s, 2) face on the left and on the right of each segment, −1 where it parts nothing
    area : (f,) 0 for the ground outside
    polygon : (f, l) the one of each layer that holds the face, numbered through all layers; −1 without
    unclear : (f, l) whether several do, or a polygon that snapping folded over
    """

    beside: IntArray
    area: FloatArray
    polygon: IntArray
    unclear: BoolArray


def faces_of(network: Network, layer_of: IntArray, layers: int) -> Faces:
    """Return the faces.

    Parameters
    ----------
    layer_of : (p,) layer of each polygon
    layers : how many
    """
    x, y, segments = network.x, network.y, network.segments
    walk, _ = walk_faces(segments.low, segments.high, x, y)
    if not (walk >= 0).any():
        return Faces(
            np.full((len(segments.low), 2), -1), np.zeros(1), np.full((1, layers), -1), np.zeros((1, layers), np.bool_)
        )
    area = _kernels.areas_of_walks(x, y, segments.low, segments.high, walk, int(walk.max()) + 1)
    face_of_walk = np.cumsum(area > 0)
    face_of_walk[area <= 0] = 0
    outward = np.flatnonzero(area <= 0)
    _place(network, walk, outward, face_of_walk)
    faces = int(face_of_walk.max()) + 1
    face = np.where(walk >= 0, face_of_walk[walk], -1)
    # A sum of names that is the name of one polygon is that polygon: by chance, once in millions of territories.
    name = np.random.default_rng(NAMES).integers(2**52, size=len(layer_of))
    total = _kernels.name_faces(segments, layer_of, name, face, faces, layers)
    inner = sums(face_of_walk, area, faces)
    inner[0] = 0.0
    polygon = _named(name, total)
    return Faces(face.reshape(-1, 2), inner, polygon, (polygon < 0) & (total != 0))


def _named(name: IntArray, total: IntArray) -> IntArray:
    """Return the polygon whose name each sum is, −1 if it is none's."""
    order = np.argsort(name)
    at = np.minimum(np.searchsorted(name[order], total), len(name) - 1)
    return np.where(name[order[at]] == total, order[at], -1)


def locate(network: Network, faces: Faces, xy: FloatArray) -> IntArray:
    """Return the face of each place, (k,) for (k, 2) in the coordinates of the layers."""
    x, y = (xy[:, axis] - network.origin[axis] for axis in (0, 1))
    there = faces.beside[:, 0] >= 0
    ends = network.ends
    if not len(ends):
        return np.zeros(len(xy), dtype=np.int64)
    cells = _kernels.enter(ends, PIXEL_M)
    half = _kernels.halves_to_the_left(x, y, 0.0, ends, there, cells)
    return np.where(half >= 0, faces.beside.reshape(-1)[half], 0)


def _place(network: Network, walk: IntArray, outward: IntArray, face_of_walk: IntArray) -> None:
    """Find the face in which each group of segments lies, and write it down for the walk around the group."""
    if len(outward) < 2:
        return
    x, y, (low, high, *_) = network.x, network.y, network.segments
    half = np.flatnonzero(np.isin(walk, outward))
    tail = np.where(half % 2 == 0, low[half // 2], high[half // 2])
    order = np.lexsort((y[tail], x[tail]))
    # From left to right: a group that lies to the left of another is placed already.
    first = np.sort(np.unique(walk[half[order]], return_index=True)[1])
    groups, leftmost = walk[half[order[first]]], tail[order[first]]
    cells = _kernels.enter(network.ends, PIXEL_M)
    # The group's own segments begin at the node; all others pass farther away than the tolerance.
    beside = _kernels.halves_to_the_left(x[leftmost], y[leftmost], PIXEL_M / 2, network.ends, walk[::2] >= 0, cells)
    for number, h in zip(groups.tolist(), beside.tolist(), strict=True):
        face_of_walk[number] = face_of_walk[walk[h]] if h >= 0 else 0
