"""The faces that segments part the plane into, and the face on each side of each segment.

Where segments meet is known by equal coordinates, so nothing is intersected here; GEOS would answer the same with its
polygonizer, ten times as slowly, without saying which segment parts which faces, and one thread at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
import shapely
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial._walking import walk_rings


@dataclass(frozen=True)
class Subdivision:
    """``faces`` (f,) polygons without common ground; ``left`` and ``right`` (s,) the face beside each segment.

    −1 stands for the ground outside all faces, on both sides of a segment that bounds none.
    """

    faces: GeometryArray
    left: IntArray
    right: IntArray


def subdivide(segments: FloatArray) -> Subdivision:
    """Return the faces of segments that meet only at their ends.

    Parameters
    ----------
    segments : (s, 2, 2) metres; ends are one where their coordinates are equal
    """
    ends, vertex = np.unique(np.ascontiguousarray(segments.reshape(-1, 2)).view(np.complex128), return_inverse=True)
    start, end = vertex.reshape(-1, 2).T
    x, y = ends.real.copy(), ends.imag.copy()
    walk, order, stops = walk_rings(start.astype(np.int64), end.astype(np.int64), x, y)
    if not len(stops):
        none = np.full(len(segments), -1, dtype=np.int64)
        return Subdivision(np.empty(0, dtype=object), none, none)
    origin = np.where(order % 2 == 0, start[order // 2], end[order // 2])
    starts = np.concatenate([[0], stops[:-1]])
    ring = np.repeat(np.arange(len(stops)), stops - starts)
    area = _areas(np.column_stack([x, y])[origin], starts, stops, ring)
    # A ring that turns left bounds a face from outside; the others are holes, or the outline of a group of faces.
    shells, holes = np.flatnonzero(area > 0), np.flatnonzero(area <= 0)
    rings = _linear_rings(np.column_stack([x, y])[origin], starts, stops)
    faces: GeometryArray = np.asarray(shapely.polygons(rings[shells]), dtype=object)
    ring_walk = walk[order[starts]]
    face_of_walk = np.full(walk.max() + 1, -1, dtype=np.int64)
    face_of_walk[ring_walk[shells]] = np.arange(len(shells))
    group = _groups(start, end, walk)
    loose = holes[face_of_walk[ring_walk[holes]] < 0]
    face_of_walk[ring_walk[loose]] = _around(
        ends[origin[starts[loose]]], group[origin[starts[loose]]], faces, group[origin[starts[shells]]]
    )
    face_of_hole = face_of_walk[ring_walk[holes]]
    for face in np.unique(face_of_hole[face_of_hole >= 0]).tolist():
        faces[face] = shapely.polygons(rings[shells[face]], holes=rings[holes[face_of_hole == face]])
    beside = np.where(walk >= 0, face_of_walk[walk], -1).reshape(-1, 2)
    return Subdivision(faces, beside[:, 0], beside[:, 1])


def _areas(corners: FloatArray, starts: IntArray, stops: IntArray, ring: IntArray) -> FloatArray:
    """Return twice the area of each ring, negative where it turns right."""
    # Seen from its own first corner a small ring far from the origin loses no digits.
    local = corners - corners[starts][ring]
    following = np.arange(1, len(corners) + 1)
    following[stops - 1] = starts
    cross = local[:, 0] * local[following, 1] - local[following, 0] * local[:, 1]
    return np.add.reduceat(cross, starts)


def _linear_rings(corners: FloatArray, starts: IntArray, stops: IntArray) -> GeometryArray:
    """Return rings, each closed by its first corner."""
    closed = np.insert(corners, stops, corners[starts], axis=0)
    number = np.repeat(np.arange(len(stops)), stops - starts + 1)
    return np.asarray(shapely.linearrings(closed, indices=number), dtype=object)


def _groups(start: IntArray, end: IntArray, walk: IntArray) -> IntArray:
    """Return, for each vertex, the group of segments that hang together to which it belongs."""
    there = walk[::2] >= 0
    count = int(max(start.max(), end.max())) + 1
    ones = np.ones(np.count_nonzero(there), dtype=np.int8)
    links = sparse.coo_array((ones, (start[there], end[there])), shape=(count, count))
    return connected_components(links, directed=False)[1].astype(np.int64)


def _around(corners: FloatArray, group: IntArray, outlines: GeometryArray, outline_group: IntArray) -> IntArray:
    """Return the smallest outline of another group around each corner; −1 where there is none."""
    result = np.full(len(corners), -1, dtype=np.int64)
    corner, outline = shapely.STRtree(outlines).query(shapely.points(corners.real, corners.imag), predicate="within")
    other = group[corner] != outline_group[outline]
    corner, outline = corner[other], outline[other]
    # The largest first, so that the smallest is written last.
    largest = np.argsort(-shapely.area(outlines[outline]), kind="stable")
    result[corner[largest]] = outline[largest]
    return result
