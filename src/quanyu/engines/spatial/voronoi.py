"""Voronoi cells of footprints inside one tract: ridges between outline points of different footprints, and the faces
they enclose.

Tracts are independent, and both the triangulation and GEOS let other threads run, so they are drawn side by side.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.spatial import Delaunay, cKDTree

from quanyu.engines.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial.strays import Edges, settle

SPACING_M = 6.0
# Touching buildings are drawn in by this much, so that no two have a point in common.
INSET_M = 0.3
ROUNDING_DIGITS = 6
ROUNDING_M = 10.0**-ROUNDING_DIGITS
# Faces that add up to less than all of a tract but for this share have lost some.
LOST_SHARE = 1e-9


@dataclass(frozen=True)
class Ridges:
    """Borders between cells: the two outline points each parts, and its length in metres inside the tract."""

    left: IntArray
    right: IntArray
    length: FloatArray


def outline_points(footprints: GeometryArray) -> tuple[FloatArray, IntArray]:
    """Return points along the outlines, a little inside, without repetition, and the footprint of each."""
    inset = shapely.buffer(footprints, -INSET_M, join_style="mitre")
    shapes = np.where(shapely.is_empty(inset), footprints, inset)
    coordinates, owner = shapely.get_coordinates(shapely.segmentize(shapes, SPACING_M), return_index=True)
    # Overlapping buildings may share a point: the first owner keeps it. A millimetre apart is the same place.
    millimetres = np.round((coordinates - coordinates.min(axis=0)) * 1000.0).astype(np.int64)
    _, first = np.unique(millimetres[:, 0] << 32 | millimetres[:, 1], return_index=True)
    first.sort()
    missing = np.setdiff1d(np.arange(len(footprints)), owner[first])
    if len(missing):
        extra = shapely.get_coordinates(shapely.point_on_surface(footprints[missing])) + 0.0017
        coordinates, owner = np.concatenate([coordinates[first], extra]), np.concatenate([owner[first], missing])
        order = np.argsort(owner, kind="stable")
        return coordinates[order], owner[order]
    return coordinates[first], owner[first]


def draw_cells(
    points: FloatArray, owner: IntArray, tract: IntArray, tracts: GeometryArray
) -> tuple[GeometryArray, IntArray, Ridges]:
    """Return the cell of each footprint, the footprints whose cell is in several pieces, and the ridges between cells.

    Parameters
    ----------
    points, owner : (p, 2) metres and (p,) footprint of each outline point, as :func:`outline_points` gives them
    tract : (n,) index into ``tracts`` of each footprint
    tracts : polygons without common ground; no cell leaves the tract of its footprint
    """
    of_point = tract[owner]
    order = np.argsort(of_point, kind="stable")
    used = np.unique(of_point)
    starts = np.searchsorted(of_point[order], used, side="left")
    ends = np.searchsorted(of_point[order], used, side="right")
    groups = [order[low:high] for low, high in zip(starts, ends, strict=True)]
    # The largest tract first, so that no thread is left alone with it; results come back in the order of the tracts.
    by_size = np.argsort([-len(group) for group in groups], kind="stable")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = {
            i: pool.submit(_draw_tract, points[groups[i]], owner[groups[i]], tracts[used[i]]) for i in by_size.tolist()
        }
        drawn = [waiting[i].result() for i in range(len(groups))]
    ridges = Ridges(
        left=np.concatenate([group[piece.left] for group, piece in zip(groups, drawn, strict=True)]),
        right=np.concatenate([group[piece.right] for group, piece in zip(groups, drawn, strict=True)]),
        length=np.concatenate([piece.length for piece in drawn]),
    )
    faces, face_owner = (np.concatenate([getattr(piece, name) for piece in drawn]) for name in ("faces", "owner"))
    cells, parted = _joined(faces, face_owner, len(tract))
    return cells, parted, ridges


@dataclass(frozen=True)
class _Tract:
    """What one tract yields: ridges by position in the tract's points, and faces with the footprint of each."""

    left: IntArray
    right: IntArray
    length: FloatArray
    faces: GeometryArray
    owner: IntArray


def _draw_tract(points: FloatArray, owner: IntArray, face: Any) -> _Tract:
    if (owner == owner[0]).all():
        none = np.empty(0, np.int64)
        return _Tract(none, none, np.empty(0), np.array([face], dtype=object), owner[:1])
    left, right, ends = _ridges(points, owner, face)
    segments = np.asarray(shapely.linestrings(ends), dtype=object)
    shapely.prepare(face)
    whole = shapely.contains_properly(face, segments)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    cut = np.flatnonzero(~whole)
    lines = segments.copy()
    lines[cut] = shapely.intersection(segments[cut], face)
    length[cut] = shapely.length(lines[cut])
    found = _faces(segments, whole, face)
    _, nearest = cKDTree(points).query(shapely.get_coordinates(shapely.point_on_surface(found)))
    face_owner, edges = settle(found, owner[nearest], points, owner, Edges(left, right, lines, length))
    there = edges.length > 0
    return _Tract(edges.left[there], edges.right[there], edges.length[there], found, face_owner)


def _faces(segments: GeometryArray, whole: BoolArray, face: Any) -> GeometryArray:
    """Return the polygons into which ``segments`` cut ``face``; those that are ``whole`` lie inside it."""
    # Ridges meet at their ends already; only those that the edge cuts must be noded with it.
    edge = shapely.union_all(np.append(segments[~whole], shapely.boundary(face)))
    found = _polygons_inside(np.concatenate([segments[whole], shapely.get_parts([edge])]), face)
    if abs(shapely.area(found).sum() - face.area) > LOST_SHARE * face.area:
        # Rounding has let ridges shorter than a micrometre cross: GEOS drops such rings, so everything is noded anew.
        noded = shapely.union_all(np.append(segments, shapely.boundary(face)), grid_size=10 * ROUNDING_M)
        found = _polygons_inside(shapely.get_parts([noded]), face)
    return found


def _polygons_inside(lines: GeometryArray, face: Any) -> GeometryArray:
    found = shapely.get_parts(shapely.polygonize(lines))
    inner = shapely.get_coordinates(shapely.point_on_surface(found))
    inside: GeometryArray = found[shapely.intersects_xy(face, inner[:, 0], inner[:, 1])]
    return inside


def _ridges(points: FloatArray, owner: IntArray, face: Any) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the Voronoi ridges between points of different owners: both points, and the ends as (r, 2, 2) metres."""
    west, south, east, north = face.bounds
    reach = 10.0 * max(east - west, north - south, 1.0)
    centre = np.array([(west + east) / 2, (south + north) / 2])
    frame = reach * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1], [0, 1.5], [0, -1.5], [1.5, 0], [-1.5, 0]])
    sites = np.concatenate([points - centre, frame])
    mesh = Delaunay(sites)
    middle = _circumcentres(sites, mesh.simplices.astype(np.int64))
    # The edge opposite vertex k of triangle t has triangle neighbors[t, k] on its other side.
    triangle, k = np.nonzero(mesh.neighbors > np.arange(len(mesh.simplices))[:, None])
    left, right = mesh.simplices[triangle, (k + 1) % 3], mesh.simplices[triangle, (k + 2) % 3]
    inner = (left < len(points)) & (right < len(points))
    inner[inner] = owner[left[inner]] != owner[right[inner]]
    triangle, k, left, right = triangle[inner], k[inner], left[inner], right[inner]
    # Points on one circle have one middle for all their triangles, whatever the last digit of each says.
    ends = np.round(np.stack([middle[triangle], middle[mesh.neighbors[triangle, k]]], axis=1) + centre, ROUNDING_DIGITS)
    long = (ends[:, 0] != ends[:, 1]).any(axis=1)
    return left[long].astype(np.int64), right[long].astype(np.int64), ends[long]


def _circumcentres(sites: FloatArray, triangles: IntArray) -> FloatArray:
    first = sites[triangles[:, 0]]
    b, c = sites[triangles[:, 1]] - first, sites[triangles[:, 2]] - first
    twice = 2.0 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    bb, cc = (b * b).sum(axis=1), (c * c).sum(axis=1)
    # Three points in line have their middle at infinity; qhull leaves such triangles only outside all others.
    twice = np.where(twice == 0.0, 1e-30, twice)
    x = (c[:, 1] * bb - b[:, 1] * cc) / twice
    y = (b[:, 0] * cc - c[:, 0] * bb) / twice
    result: FloatArray = first + np.column_stack([x, y])
    return result


def _joined(faces: GeometryArray, owner: IntArray, count: int) -> tuple[GeometryArray, IntArray]:
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(count + 1))
    pieces = np.diff(bounds)
    cells = np.empty(count, dtype=object)
    single = np.flatnonzero(pieces == 1)
    cells[single] = faces[order[bounds[single]]]
    for index in np.flatnonzero(pieces != 1):
        cells[index] = shapely.union_all(faces[order[bounds[index] : bounds[index + 1]]])
    parted = np.flatnonzero(shapely.get_num_geometries(cells) > 1)
    return cells, parted
