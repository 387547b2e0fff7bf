"""Voronoi cells of footprints inside one tract: ridges between outline points of different footprints, and the faces
that these, the edge of the tract and the fences in it enclose.

Tracts are independent, and the triangulation lets other threads run, so they are drawn side by side.
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
from quanyu.engines.spatial.tessellating.outlines import Outlines
from quanyu.engines.spatial.tessellating.strays import longest_of, settled, strays_of
from quanyu.engines.spatial.tessellating.subdivision import Subdivision, subdivide

ROUNDING_DIGITS = 6
ROUNDING_M = 10.0**-ROUNDING_DIGITS
# Where rounding has let lines cross that should meet, all are laid on a grid this wide.
COARSE_M = 10 * ROUNDING_M
# A piece no farther than this from a line was cut from it.
ON_M = 2 * COARSE_M
# Faces that add up to the tract but for more than this share have lost some.
LOST_SHARE = 1e-9
# Faces smaller than this are what rounding leaves between lines that meet.
SLIVER_M2 = 1e-6
OUTSIDE = -1
NO_RIDGE = -1


@dataclass(frozen=True)
class Borders:
    """Straight pieces of the borders between cells, one row each.

    ``left`` and ``right`` are the outline points that stand for the two cells, ``length`` and ``middle`` (b, 2) are in
    metres; ``fenced`` marks the pieces that lie on a fence.
    """

    left: IntArray
    right: IntArray
    length: FloatArray
    middle: FloatArray
    fenced: BoolArray


def draw_cells(
    outlines: Outlines, tract: IntArray, tracts: GeometryArray, fences: GeometryArray
) -> tuple[GeometryArray, IntArray, Borders]:
    """Return the cell of each footprint, the footprints whose cell is in several pieces, and the borders of cells.

    Parameters
    ----------
    outlines : points along the outlines of n footprints
    tract : (n,) index into ``tracts`` of each footprint
    tracts : (t,) polygons without common ground; no cell leaves the tract of its footprint
    fences : (t,) lines in each tract that end in it; no cell lies on both sides of one
    """
    of_point = tract[outlines.owner]
    order = np.argsort(of_point, kind="stable")
    used, starts = np.unique(of_point[order], return_index=True)
    groups = np.split(order, starts[1:])
    # The largest tract first, so that no thread is left alone with it; results come back in the order of the tracts.
    by_size = np.argsort([-len(group) for group in groups], kind="stable")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = {
            i: pool.submit(_draw_tract, outlines.only(groups[i]), tracts[used[i]], fences[used[i]])
            for i in by_size.tolist()
        }
        drawn = [waiting[i].result() for i in range(len(groups))]
    borders = [each.borders for each in drawn]
    faces, face_owner = (np.concatenate([getattr(each, name) for each in drawn]) for name in ("faces", "owner"))
    cells, parted = _joined(faces, face_owner, len(tract))
    return cells, parted, Borders(
        left=np.concatenate([group[each.left] for group, each in zip(groups, borders, strict=True)]),
        right=np.concatenate([group[each.right] for group, each in zip(groups, borders, strict=True)]),
        **{name: np.concatenate([getattr(each, name) for each in borders]) for name in ("length", "middle", "fenced")},
    )  # fmt: skip


@dataclass(frozen=True)
class _Tract:
    """What one tract yields: faces with the footprint of each, and borders by position in the tract's points."""

    faces: GeometryArray
    owner: IntArray
    borders: Borders


@dataclass(frozen=True)
class _Lines:
    """(s, 2, 2) segments in metres that meet only at their ends, the outline point on either side, which are fences.

    :data:`NO_RIDGE` stands on both sides of a segment of the tract's edge or of a fence; a fence may be a ridge, too.
    """

    ends: FloatArray
    left: IntArray
    right: IntArray
    fenced: BoolArray


def _draw_tract(outlines: Outlines, ground: Any, fences: Any) -> _Tract:
    if (outlines.owner == outlines.owner[0]).all():
        none = np.empty(0, dtype=np.int64)
        borders = Borders(none, none, np.empty(0), np.empty((0, 2)), np.empty(0, dtype=bool))
        return _Tract(np.array([ground], dtype=object), outlines.owner[:1], borders)
    shapely.prepare(ground)
    ridges = _ridges(outlines, ground)
    lines, made, owner = _parted(ridges, outlines, ground, fences, grid_m=0.0)
    whole = abs(shapely.area(made.faces).sum() - ground.area) <= LOST_SHARE * ground.area
    if not (whole and np.isin(outlines.owner, owner).all() and shapely.is_valid(made.faces).all()):
        lines, made, owner = _parted(ridges, outlines, ground, fences, grid_m=COARSE_M)
    inner = (made.left >= 0) & (made.right >= 0)
    length = np.hypot(*(lines.ends[:, 1] - lines.ends[:, 0]).T)
    ridge = inner & ~lines.fenced
    strays = strays_of(made.faces, owner, outlines)
    owner = settled(owner, strays, made.left[ridge], made.right[ridge], length[ridge])
    parting = np.flatnonzero(inner & (owner[made.left] != owner[made.right]))
    middle = lines.ends[parting].mean(axis=1)
    borders = Borders(
        left=_stand_ins(lines.left[parting], owner[made.left[parting]], middle, outlines),
        right=_stand_ins(lines.right[parting], owner[made.right[parting]], middle, outlines),
        length=length[parting], middle=middle, fenced=lines.fenced[parting],
    )  # fmt: skip
    return _Tract(made.faces, owner, borders)


def _stand_ins(points: IntArray, owner: IntArray, middle: FloatArray, outlines: Outlines) -> IntArray:
    """Return the outline points beside borders, with another one where ``owner`` is not the footprint of the first."""
    result = points.copy()
    other = np.flatnonzero((points == NO_RIDGE) | (outlines.owner[points] != owner))
    result[other] = outlines.nearest_of(owner[other], middle[other])
    return result


def _parted(
    ridges: _Lines, outlines: Outlines, ground: Any, fences: Any, *, grid_m: float
) -> tuple[_Lines, Subdivision, IntArray]:
    """Return the lines that part the ground, the faces they make, and the footprint of each face."""
    lines = _noded(ridges, outlines, ground, fences, grid_m)
    made = subdivide(lines.ends)
    owner = _owners(lines, made, outlines)
    # Only edges and fences around it: ground in the middle of a cell, or a lake.
    unknown = np.flatnonzero(owner == OUTSIDE)
    spots = shapely.get_coordinates(shapely.point_on_surface(made.faces[unknown]))
    inside = shapely.intersects_xy(ground, spots[:, 0], spots[:, 1])
    owner[unknown[inside]] = outlines.owner[cKDTree(outlines.points).query(spots[inside])[1]]
    within = owner != OUTSIDE
    number = np.append(np.where(within, np.cumsum(within) - 1, OUTSIDE), OUTSIDE)
    return lines, Subdivision(made.faces[within], number[made.left], number[made.right]), owner[within]


def _owners(lines: _Lines, made: Subdivision, outlines: Outlines) -> IntArray:
    """Return the footprint on whose side of the ridges each face is; :data:`OUTSIDE` where no ridge bounds it."""
    face, point = np.concatenate([made.left, made.right]), np.concatenate([lines.left, lines.right])
    metres = np.tile(np.hypot(*(lines.ends[:, 1] - lines.ends[:, 0]).T), 2)
    known = (face >= 0) & (point != NO_RIDGE)
    # A ridge as short as the rounding may have its sides the wrong way round: the longer ones decide.
    return longest_of(face[known], outlines.owner[point[known]], metres[known], np.full(len(made.faces), OUTSIDE))


def _noded(ridges: _Lines, outlines: Outlines, ground: Any, fences: Any, grid_m: float) -> _Lines:
    """Return the ridges inside the ground, its edge and its fences, cut where they cross."""
    segments = np.asarray(shapely.linestrings(ridges.ends), dtype=object)
    # Ridges meet at their ends already; only those that the edge or a fence cuts must be cut.
    whole = shapely.contains_properly(ground, segments) & ~shapely.intersects(fences, segments)
    if grid_m:
        whole[:] = False
    crossed = np.flatnonzero(~whole)
    edges = [*shapely.get_parts(shapely.boundary(ground)), *shapely.get_parts(fences)]
    noded = shapely.union_all(np.array([*segments[crossed], *edges], dtype=object), grid_size=grid_m or None)
    corners, line = shapely.get_coordinates(shapely.get_parts(noded), return_index=True)
    begin = np.flatnonzero(line[1:] == line[:-1])
    ends = np.stack([corners[begin], corners[begin + 1]], axis=1)
    middle = ends.mean(axis=1)
    ridge = np.full(len(ends), NO_RIDGE, dtype=np.int64)
    piece, near = shapely.STRtree(segments[crossed]).query_nearest(
        shapely.points(middle), max_distance=ON_M, all_matches=False
    )
    ridge[piece] = crossed[near]
    inside = (ridge == NO_RIDGE) | shapely.intersects_xy(ground, middle[:, 0], middle[:, 1])
    ends, ridge = ends[inside], ridge[inside]
    # A piece may run along its ridge or against it, so which side a point is on is told anew.
    left, right = _by_side(ends, ridges.left[ridge], ridges.right[ridge], outlines.points)
    edge = ridge == NO_RIDGE
    shapely.prepare(fences)
    return _Lines(
        ends=np.concatenate([ridges.ends[whole], ends]),
        left=np.concatenate([ridges.left[whole], np.where(edge, NO_RIDGE, left)]),
        right=np.concatenate([ridges.right[whole], np.where(edge, NO_RIDGE, right)]),
        fenced=np.concatenate([ridges.fenced[whole], shapely.dwithin(shapely.points(middle[inside]), fences, ON_M)]),
    )


def _ridges(outlines: Outlines, ground: Any) -> _Lines:
    """Return the Voronoi ridges between points of different footprints."""
    points, owner = outlines.points, outlines.owner
    west, south, east, north = ground.bounds
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
    triangle, k = triangle[inner], k[inner]
    left, right = left[inner].astype(np.int64), right[inner].astype(np.int64)
    # Points on one circle have one middle for all their triangles, whatever the last digit of each says.
    ends = np.round(np.stack([middle[triangle], middle[mesh.neighbors[triangle, k]]], axis=1) + centre, ROUNDING_DIGITS)
    long = (ends[:, 0] != ends[:, 1]).any(axis=1)
    left, right, ends = left[long], right[long], ends[long]
    return _Lines(ends, *_by_side(ends, left, right, points), fenced=np.zeros(len(ends), dtype=bool))


def _by_side(ends: FloatArray, one: IntArray, other: IntArray, points: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the point on the left and the point on the right of each segment between two points."""
    along, to_one = ends[:, 1] - ends[:, 0], points[one] - ends[:, 0]
    on_the_left = along[:, 0] * to_one[:, 1] - along[:, 1] * to_one[:, 0] > 0
    return np.where(on_the_left, one, other), np.where(on_the_left, other, one)


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
        mine = faces[order[bounds[index] : bounds[index + 1]]]
        cells[index] = shapely.union_all(mine[shapely.area(mine) > SLIVER_M2])
    parted = np.flatnonzero(shapely.get_num_geometries(cells) > 1)
    return cells, parted
