"""Noding: bring borders of several layers together into segments that meet only at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quanyu.engines.arrays import FloatArray, GeometryArray, Int32Array, IntArray
from quanyu.engines.spatial.overlaying import _kernels
from quanyu.engines.spatial.overlaying._kernels import Segments
from quanyu.engines.spatial.rings import Rings, valid_rings_of
from quanyu.errors import InvalidInput

# Places so near are the same: above the rounding of coordinates in metres, below any survey.
SAME_M = 1e-6
# A segment bent by less, in metres, meets nothing that it did not meet before.
UNBENT_M = 1e-8
# Two or three rounds do.
ROUNDS = 40


class BordersTangled(InvalidInput):
    """Borders run within a micrometre of each other and cross over and over."""

    code = "borders_tangled"
    template = (
        "Borders cross each other over and over within %(value)s m. Check that the coordinates are metres, and mend "
        "the layers, for example with “snap to grid” at 1 mm."
    )


@dataclass(frozen=True)
class Snapping:
    """What laying borders onto those of earlier layers moved.

    Attributes
    ----------
    tolerance_m : how near counts as the same border
    vertices : vertices that moved
    farthest_m : the longest way that a vertex, or a border onto a vertex, was moved
    """

    tolerance_m: float
    vertices: int
    farthest_m: float


class Network(NamedTuple):
    """Segments that meet only at their ends; coordinates are those of the layers, less ``origin``."""

    x: FloatArray
    y: FloatArray
    segments: Segments
    snapping: Snapping
    origin: FloatArray

    @property
    def ends(self) -> FloatArray:
        """x, y, x, y of each segment, (s, 4)."""
        return _ends(self.x, self.y, self.segments)


def node(layers: Sequence[GeometryArray], names: list[str], tolerance: float, snapped: int) -> Network:
    """Return the borders of all layers as one network; polygons are numbered layer after layer.

    Of the layers, the first ``snapped`` are laid onto each other.

    Raises
    ------
    NotPolygon, InvalidPolygon, NotFinite, CoordinateTooLarge, BordersTangled
    """
    read = [valid_rings_of(name, shapes) for name, shapes in zip(names, layers, strict=True)]
    corners = [limit for rings in read if len(rings.xy) for limit in (rings.xy.min(axis=0), rings.xy.max(axis=0))]
    # Near 0, products of coordinates keep more digits.
    origin = np.rint((np.min(corners, axis=0) + np.max(corners, axis=0)) / 2) if corners else np.zeros(2)
    read = [rings._replace(xy=rings.xy - origin) for rings in read]
    brought, snapping = _snap(read[:snapped], tolerance)
    read = [*brought, *read[snapped:]]
    vertices = np.concatenate([rings.xy for rings in read])
    node_of, x, y = _kernels.cluster(vertices[:, 0].copy(), vertices[:, 1].copy(), SAME_M)
    sides, first_vertex, first_polygon = [], 0, 0
    for rings, shapes in zip(read, layers, strict=True):
        last = first_vertex + len(rings.xy)
        tail, head, holder = _kernels.segments_of_rings(
            rings.xy, rings.first, rings.owner, rings.is_hole, node_of[first_vertex:last]
        )
        sides.append((tail, head, holder + np.int32(first_polygon)))
        first_vertex, first_polygon = last, first_polygon + len(shapes)
    tail, head, holder = (np.concatenate(each) for each in zip(*sides, strict=True))
    return Network(*_split_until_done(x, y, tail, head, holder), snapping, origin)


def _snap(layers: list[Rings], tolerance: float) -> tuple[list[Rings], Snapping]:
    """Lay the borders of each layer onto those of the layers before it."""
    if tolerance == 0.0:
        return layers, Snapping(0.0, 0, 0.0)
    result, vertices, farthest = layers[:1], 0, 0.0
    for rings in layers[1:]:
        ends = np.concatenate([_sides(before) for before in result])
        if len(ends):
            cells = _kernels.enter(ends, tolerance)
            xy, first, moved, far = _kernels.snap_rings(rings.xy, rings.first, ends, cells, tolerance)
            rings, vertices, farthest = rings._replace(xy=xy, first=first), vertices + moved, max(farthest, far)
        result = [*result, rings]
    return result, Snapping(tolerance, vertices, farthest)


def _sides(rings: Rings) -> FloatArray:
    """Return x, y, x, y of each side."""
    within_ring = np.ones(max(len(rings.xy) - 1, 0), dtype=np.bool_)
    within_ring[rings.first[1:-1] - 1] = False
    return np.concatenate([rings.xy[:-1], rings.xy[1:]], axis=1)[within_ring]


def _split_until_done(
    x: FloatArray, y: FloatArray, tail: IntArray, head: IntArray, holder: Int32Array
) -> tuple[FloatArray, FloatArray, Segments]:
    """Split segments where they meet; return the nodes and the segments."""
    for _ in range(ROUNDS):
        segments = _kernels.group(tail, head, holder, len(x))
        low, high = segments.low, segments.high
        if not len(low):
            return x, y, segments
        ends = _ends(x, y, segments)
        cells = _kernels.enter(ends, SAME_M)
        crossing_x, crossing_y = _kernels.find_crossings(ends, low, high, cells, SAME_M)
        _, new_x, new_y = _kernels.cluster(crossing_x, crossing_y, SAME_M)
        x, y = np.concatenate([x, new_x]), np.concatenate([y, new_y])
        splits = _kernels.find_splits(x, y, ends, low, high, cells, SAME_M)
        tail, head, holder, bent = _kernels.split(x, y, segments, splits)
        if bent <= UNBENT_M:
            return x, y, _kernels.group(tail, head, holder, len(x))
    raise BordersTangled(value=SAME_M)


def _ends(x: FloatArray, y: FloatArray, segments: Segments) -> FloatArray:
    ends = np.empty((len(segments.low), 4))
    for column, (values, nodes) in enumerate(
        ((x, segments.low), (y, segments.low), (x, segments.high), (y, segments.high))
    ):
        ends[:, column] = values[nodes]
    return ends
