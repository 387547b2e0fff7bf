"""Points along the outlines of footprints, which stand for them in a Voronoi diagram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray

SPACING_M = 6.0
# Touching buildings are drawn in by this much, so that no two have a point in common.
INSET_M = 0.3


@dataclass(frozen=True)
class Outlines:
    """``points`` (p, 2) metres and ``owner`` (p,) the footprint of each, in rising order."""

    points: FloatArray
    owner: IntArray

    def only(self, rows: IntArray) -> Outlines:
        """Return the points at ``rows``, which rise."""
        return Outlines(self.points[rows], self.owner[rows])

    def nearest_of(self, footprints: IntArray, spots: FloatArray) -> IntArray:
        """Return, for each spot, the point nearest to it of the footprint that is named beside it."""
        low, high = (np.searchsorted(self.owner, footprints, side=side) for side in ("left", "right"))
        count = high - low
        first = np.cumsum(count) - count
        spot = np.repeat(np.arange(len(spots)), count)
        point = np.arange(len(spot)) - first[spot] + low[spot]
        gap = ((self.points[point] - spots[spot]) ** 2).sum(axis=1)
        nearest = np.lexsort((gap, spot))[first] if len(spots) else first
        result: IntArray = point[nearest]
        return result

    def held_by(self, faces: GeometryArray, owner: IntArray) -> IntArray:
        """Return how many points of its owner each face holds."""
        low, high = (np.searchsorted(self.owner, owner, side=side) for side in ("left", "right"))
        count = high - low
        face = np.repeat(np.arange(len(faces)), count)
        point = np.arange(len(face)) - (np.cumsum(count) - count)[face] + low[face]
        inside = shapely.contains_xy(faces[face], self.points[point, 0], self.points[point, 1])
        held: IntArray = np.bincount(face[inside], minlength=len(faces))
        return held


def outline_points(footprints: GeometryArray) -> Outlines:
    """Return points along the outlines, a little inside, without repetition."""
    inset = shapely.buffer(footprints, -INSET_M, join_style="mitre")
    shapes = np.where(shapely.is_empty(inset), footprints, inset)
    points, owner = shapely.get_coordinates(shapely.segmentize(shapes, SPACING_M), return_index=True)
    # Points of overlapping buildings may lie on each other, or so near that a triangulation cannot tell which is where:
    # on a grid of a millimetre they are one, and the first owner keeps it.
    origin = np.floor(points.min(axis=0))
    millimetres = np.round((points - origin) * 1000.0).astype(np.int64)
    _, first = np.unique(millimetres[:, 0] << 32 | millimetres[:, 1], return_index=True)
    first.sort()
    points, owner = origin + millimetres[first] / 1000.0, owner[first]
    missing = np.setdiff1d(np.arange(len(footprints)), owner)
    if len(missing):
        extra = shapely.get_coordinates(shapely.point_on_surface(footprints[missing])) + 0.0017
        points, owner = np.concatenate([points, extra]), np.concatenate([owner, missing])
        order = np.argsort(owner, kind="stable")
        points, owner = points[order], owner[order]
    return Outlines(points, owner)
