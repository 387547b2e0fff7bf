"""Tracts: the faces into which borders, barriers and water cut the territory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray

# Lines that should meet may end a rounding error short of each other, or of the border, and would part nothing.
REACH_M = 1.0
# What is drawn on to a line goes this much past it, lest rounding leave it short again.
PAST_M = 0.01
# A footprint that stands in the water or on a line belongs to a tract no farther than this.
NEAR_M = 50.0


@dataclass(frozen=True)
class Tracts:
    """``grounds`` (t,) polygons, ``region`` (t,) the region each lies in, ``fences`` (t,) the lines that end in it."""

    grounds: GeometryArray
    region: IntArray
    fences: GeometryArray


def cut_tracts(regions: GeometryArray, lines: GeometryArray, water: GeometryArray | None) -> Tracts:
    """Return the faces that ``lines`` and ``water`` cut the regions into, all in metres."""
    wet = shapely.union_all(water) if water is not None and len(water) else shapely.Polygon()
    tree = shapely.STRtree(lines)
    grounds: list[Any] = []
    region: list[int] = []
    fences: list[Any] = []
    for index, whole in enumerate(regions):
        dry = shapely.difference(whole, wet)
        near = lines[np.sort(tree.query(dry, predicate="intersects"))]
        reaching = shapely.intersection(near, shapely.buffer(dry, REACH_M))
        noded = shapely.get_parts(shapely.union_all([shapely.boundary(dry), *reaching]))
        noded = shapely.get_parts(shapely.union_all(np.concatenate([noded, _links(noded)])))
        found, cuts, dangles, _ = (shapely.get_parts(each) for each in shapely.polygonize_full(noded))
        found = found[shapely.intersects(dry, shapely.point_on_surface(found))]
        grounds.extend(found)
        region.extend([index] * len(found))
        fences.extend(_inside(found, np.concatenate([cuts, dangles])))
    return Tracts(np.array(grounds, dtype=object), np.array(region, dtype=np.int64), np.array(fences, dtype=object))


def _links(lines: GeometryArray) -> GeometryArray:
    """Return a link from each end that no other of the noded lines shares to the nearest of them within reach."""
    ends = shapely.get_coordinates(np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)]))
    own = np.tile(np.arange(len(lines)), 2)
    _, where, shared = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    lone = np.flatnonzero(shared[where.ravel()] == 1)
    points: GeometryArray = np.asarray(shapely.points(ends[lone]), dtype=object)
    point, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=REACH_M)
    other = own[lone][point] != line
    point, line = point[other], line[other]
    gap: FloatArray = np.asarray(shapely.distance(points[point], lines[line]))
    order = np.lexsort((line, gap, point))
    first = order[np.unique(point[order], return_index=True)[1]]
    first = first[gap[first] > 0]
    links = shapely.get_coordinates(shapely.shortest_line(points[point[first]], lines[line[first]])).reshape(-1, 2, 2)
    along = links[:, 1] - links[:, 0]
    links[:, 1] += along * (PAST_M / gap[first])[:, None]
    return np.asarray(shapely.linestrings(links), dtype=object)


def _inside(grounds: GeometryArray, lines: GeometryArray) -> GeometryArray:
    """Return, for each ground, the lines that lie in it, as one shape."""
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    line, ground = shapely.STRtree(grounds).query(middle, predicate="within")
    order = np.argsort(ground, kind="stable")
    bounds = np.searchsorted(ground[order], np.arange(len(grounds) + 1))
    groups = [lines[line[order[low:high]]] for low, high in pairwise(bounds)]
    result = np.empty(len(grounds), dtype=object)
    result[:] = [shapely.multilinestrings(group) if len(group) else shapely.MultiLineString() for group in groups]
    return result


def holders(points: GeometryArray, grounds: GeometryArray) -> IntArray:
    """Return the ground that each point stands on, or the nearest within :data:`NEAR_M`; −1 where there is none."""
    tree = shapely.STRtree(grounds)
    result = np.full(len(points), len(grounds), dtype=np.int64)
    point, ground = tree.query(points, predicate="intersects")
    np.minimum.at(result, point, ground)
    lost = np.flatnonzero(result == len(grounds))
    near, ground = tree.query_nearest(points[lost], max_distance=NEAR_M, all_matches=False)
    result[lost] = -1
    result[lost[near]] = ground
    return result
