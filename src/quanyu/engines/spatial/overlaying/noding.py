"""Noding: bring borders of several layers together into segments that meet only at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial.morton import morton
from quanyu.engines.spatial.overlaying import _kernels
from quanyu.engines.spatial.overlaying._kernels import Segments
from quanyu.engines.spatial.rings import Rings, valid_rings_of

# The lattice that all coordinates are rounded to, in metres: about a micrometre, exact in binary, above the rounding of
# coordinates and below any survey.
PIXEL_M = 2.0**-20


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
    NotPolygon, InvalidPolygon, NotFinite, CoordinateTooLarge
    """
    read = [valid_rings_of(name, shapes) for name, shapes in zip(names, layers, strict=True)]
    west, south, east, north = shapely.total_bounds(np.concatenate(layers))
    # Near 0, products of coordinates keep more digits. Empty polygons have no bounds.
    origin = np.nan_to_num(np.rint([(west + east) / 2, (south + north) / 2]))
    read = [rings._replace(xy=rings.xy - origin) for rings in read]
    brought, snapping = _snap(read[:snapped], tolerance)
    read = [*brought, *read[snapped:]]
    rings = _together(read, [len(shapes) for shapes in layers])
    node_of, x, y = _numbered(_on_lattice(rings.xy[:, 0]), _on_lattice(rings.xy[:, 1]))
    tail, head, holder = _kernels.segments_of_rings(rings.xy, rings.first, rings.owner, rings.is_hole, node_of)
    segments = _kernels.group(tail, head, holder, len(x))
    if len(segments.low):
        ends = _ends(x, y, segments)
        cells = _kernels.enter(ends, PIXEL_M)
        _, *crossings = _numbered(*_kernels.find_crossings(ends, segments.low, segments.high, cells, PIXEL_M))
        x, y = (np.concatenate(both) for both in zip((x, y), crossings, strict=True))
        splits = _kernels.find_splits(x, y, ends, segments.low, segments.high, cells, PIXEL_M)
        tail, head, holder = _kernels.split(segments, splits)
        segments = _kernels.group(tail, head, holder, len(x))
    return Network(x, y, segments, snapping, origin)


def _on_lattice(values: FloatArray) -> FloatArray:
    # Adding 0 makes −0 a 0, which is equal but has other bits.
    return np.rint(values / PIXEL_M) * PIXEL_M + 0.0


def _numbered(x: FloatArray, y: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the number of each point of the lattice, and the distinct points."""
    number, distinct_x, distinct_y = _kernels.number_points(x, y, x.view(np.uint64), y.view(np.uint64))
    return number, distinct_x, distinct_y


def _together(read: list[Rings], counts: list[int]) -> Rings:
    """Return the rings of all layers, those near each other close together, so that memory is read in order."""
    xy = np.concatenate([rings.xy for rings in read])
    length = np.concatenate([np.diff(rings.first) for rings in read])
    first = np.cumsum(length) - length
    owner = np.concatenate([rings.owner + before for rings, before in zip(read, np.cumsum([0, *counts]), strict=False)])
    order = np.argsort(morton(xy[first]), kind="stable")
    length = length[order]
    start = np.cumsum(length) - length
    vertex = np.arange(len(xy)) + np.repeat(first[order] - start, length)
    is_hole = np.concatenate([rings.is_hole for rings in read])[order]
    return Rings(xy[vertex], np.append(start, len(xy)), owner[order].astype(np.int32), is_hole)


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


def _ends(x: FloatArray, y: FloatArray, segments: Segments) -> FloatArray:
    ends = np.empty((len(segments.low), 4))
    for column, (values, nodes) in enumerate(
        ((x, segments.low), (y, segments.low), (x, segments.high), (y, segments.high))
    ):
        ends[:, column] = values[nodes]
    return ends
