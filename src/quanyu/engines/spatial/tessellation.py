"""Give every building a cell, bounded by borders and barriers, and say which cells are neighbours.

Method: the territory is cut into tracts by its borders and barriers; inside a tract, a Voronoi diagram of points along
the outlines of the footprints is drawn, and the ridges between points of different footprints are the cells' borders.
The same ridges give the neighbours and the length of what they share, so nothing is measured twice.

References
----------
.. [1] Fleischmann, M. et al. (2020). Morphological tessellation as a way of partitioning space. Computers, Environment
   and Urban Systems, 80, 101441.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
import shapely
from scipy.spatial import cKDTree

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray, require_rows
from quanyu.engines.spatial.voronoi import Ridges, draw_cells, outline_points

# Index 0 stands for "no barrier" in `Tessellation.barrier`.
BARRIER_KINDS = ("", "waterway", "railway", "motorway", "main_road", "barrier", "brook")
# Kinds whose lines cut cells; the others only mark the pairs of neighbours that they part.
CUTTING = ("waterway", "railway", "motorway", "barrier")
SHORTEST_BORDER_M = 0.5
STEP_M = 1.0
# A pair lies across a barrier where at least this share of its border does.
BARRIER_SHARE = 0.5


@dataclass(frozen=True)
class Tessellation:
    """Cells and neighbours; n is the number of footprints that lie in the territory.

    ``kept`` names these footprints by their index in the input; every other array follows its order. ``adjacency``
    holds shared borders in metres, also across communities and barriers; ``barrier`` gives the index in
    :data:`BARRIER_KINDS` for each stored entry. ``crossings`` are pairs that a road joins over a barrier. ``empty``
    are tracts without a footprint, ``outside`` footprints outside the territory, ``parted`` cells in several pieces.
    """

    kept: IntArray
    cells: GeometryArray
    area: FloatArray
    xy: FloatArray
    outer_length: FloatArray
    community: IntArray
    tract: IntArray
    adjacency: sparse.csr_array
    barrier: IntArray
    crossings: IntArray
    empty: GeometryArray
    outside: IntArray
    parted: IntArray


def tessellate(
    footprints: GeometryArray,
    *,
    territory: Any,
    communities: GeometryArray | None = None,
    barriers: GeometryArray | None = None,
    barrier_kinds: IntArray | None = None,
    water: GeometryArray | None = None,
    roads: GeometryArray | None = None,
) -> Tessellation:
    """Return the cells of ``footprints`` and their neighbours, all in metres.

    Parameters
    ----------
    footprints : (n,) polygons
    territory : polygon
    communities : (m,) polygons no cell crosses; a footprint belongs to the one that holds its inner point
    barriers : (b,) lines, and ``barrier_kinds`` (b,) their index in :data:`BARRIER_KINDS`
    water : polygons that belong to no cell (rivers)
    roads : lines open to people, which may join two cells over a barrier

    Raises
    ------
    EmptyInput
        There is no footprint.
    """
    footprints = np.asarray(footprints, dtype=object)
    require_rows("footprints", footprints)
    lines = np.array([] if barriers is None else barriers, dtype=object)
    kinds = np.array([] if barrier_kinds is None else barrier_kinds, dtype=np.int64)
    regions = np.array([territory] if communities is None or not len(communities) else communities, dtype=object)
    cutting = lines[np.isin(kinds, [BARRIER_KINDS.index(kind) for kind in CUTTING])]
    tracts, tract_region = _tracts(regions, cutting, water)
    inner = shapely.point_on_surface(footprints)
    tract = _holders(inner, tracts)
    kept = np.flatnonzero(tract >= 0)
    tract, shapes = tract[kept], footprints[kept]
    points, owner = outline_points(shapes)
    cells, parted, ridges = draw_cells(points, owner, tract, tracts)
    adjacency, barrier = _neighbours(ridges, points, owner, tract, tracts, lines, kinds, len(kept))
    area = shapely.area(cells)
    shared = np.asarray(adjacency.sum(axis=1)).ravel()
    used = np.isin(np.arange(len(tracts)), tract)
    return Tessellation(
        kept=kept, cells=cells, area=area, xy=shapely.get_coordinates(inner[kept]),
        outer_length=np.maximum(shapely.length(cells) - shared, 0.0),
        community=tract_region[tract] if communities is not None and len(communities) else np.full(len(kept), -1),
        tract=tract, adjacency=adjacency, barrier=barrier,
        crossings=_crossings(roads, lines, points, owner, tract), empty=tracts[~used],
        outside=np.setdiff1d(np.arange(len(footprints)), kept), parted=parted,
    )  # fmt: skip


def _tracts(
    regions: GeometryArray, barriers: GeometryArray, water: GeometryArray | None
) -> tuple[GeometryArray, IntArray]:
    """Return the faces that borders, barriers and water cut the regions into, and the region of each face."""
    wet = shapely.union_all(water) if water is not None and len(water) else shapely.Polygon()
    pieces: list[Any] = []
    owner: list[int] = []
    tree = shapely.STRtree(barriers)
    for index, region in enumerate(regions):
        dry = shapely.difference(region, wet)
        near = barriers[np.sort(tree.query(dry, predicate="intersects"))] if len(barriers) else barriers
        # A line cut off exactly at the border may end a rounding error short of it, and would part nothing.
        reaching = shapely.intersection(near, shapely.buffer(dry, 1.0))
        linework = shapely.union_all([shapely.boundary(dry), *reaching])
        for face in shapely.get_parts(shapely.polygonize(shapely.get_parts([linework]))):
            if shapely.intersects(dry, shapely.point_on_surface(face)):
                pieces.append(face)
                owner.append(index)
    return np.array(pieces, dtype=object), np.array(owner, dtype=np.int64)


def _holders(points: GeometryArray, tracts: GeometryArray) -> IntArray:
    """Return the tract of each point; one that stands in the water or on a line belongs to a tract within 50 m."""
    tree = shapely.STRtree(tracts)
    result = np.full(len(points), len(tracts), dtype=np.int64)
    point, face = tree.query(points, predicate="intersects")
    np.minimum.at(result, point, face)
    lost = np.flatnonzero(result == len(tracts))
    near, face = tree.query_nearest(points[lost], max_distance=50.0, all_matches=False)
    result[lost] = -1
    result[lost[near]] = face
    return result


def _neighbours(
    ridges: Ridges, points: FloatArray, owner: IntArray, tract: IntArray, tracts: GeometryArray,
    lines: GeometryArray, kinds: IntArray, count: int,
) -> tuple[sparse.csr_array, IntArray]:  # fmt: skip
    left, right = owner[ridges.left], owner[ridges.right]
    length = ridges.length
    links = np.asarray(shapely.linestrings(np.stack([points[ridges.left], points[ridges.right]], axis=1)), dtype=object)
    kind = _crossed(links, lines, kinds)
    a, b, across, across_kind = _over_tract_edges(points, owner, tract, tracts, lines, kinds)
    left, right = np.concatenate([left, a]), np.concatenate([right, b])
    length, kind = np.concatenate([length, across]), np.concatenate([kind, across_kind])
    low, high = np.minimum(left, right), np.maximum(left, right)
    pair, inverse = np.unique(low * count + high, return_inverse=True)
    total = np.bincount(inverse, weights=length)
    by_kind = np.zeros((len(pair), len(BARRIER_KINDS)))
    np.add.at(by_kind, (inverse, kind), length)
    strongest = by_kind[:, 1:].argmax(axis=1) + 1
    barred = by_kind[:, 1:].sum(axis=1) >= BARRIER_SHARE * total
    code = np.where(barred, strongest, 0)
    long = total >= SHORTEST_BORDER_M
    i, j, total, code = pair[long] // count, pair[long] % count, total[long], code[long]
    rows, columns = np.concatenate([i, j]), np.concatenate([j, i])
    order = np.lexsort((columns, rows))
    adjacency = sparse.csr_array((np.tile(total, 2)[order], (rows[order], columns[order])), shape=(count, count))
    return adjacency, np.tile(code, 2)[order]


def _crossed(links: GeometryArray, lines: GeometryArray, kinds: IntArray) -> IntArray:
    """Return, for each link between two outline points, the kind of barrier it crosses (0: none)."""
    result = np.zeros(len(links), dtype=np.int64)
    if len(lines):
        parts, source = shapely.get_parts(lines, return_index=True)
        link, line = shapely.STRtree(parts).query(links, predicate="intersects")
        np.maximum.at(result, link, kinds[source[line]])
    return result


def _over_tract_edges(
    points: FloatArray, owner: IntArray, tract: IntArray, tracts: GeometryArray, lines: GeometryArray, kinds: IntArray
) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    """Return neighbours over the edge of two tracts, by walking along what the tracts share in steps of a metre."""
    used = np.isin(np.arange(len(tracts)), tract)
    first, second = shapely.STRtree(tracts).query(tracts, predicate="intersects")
    wanted = (first < second) & used[first] & used[second]
    first, second = first[wanted], second[wanted]
    edges = shapely.boundary(tracts)
    shared, pair = shapely.get_parts(
        shapely.line_merge(shapely.intersection(edges[first], edges[second])), return_index=True
    )
    walks = shapely.length(shared) > SHORTEST_BORDER_M
    shared, pair = shared[walks], pair[walks]
    corners, line = shapely.get_coordinates(shapely.segmentize(shared, STEP_M), return_index=True)
    on = np.flatnonzero(line[1:] == line[:-1])
    spots, length = (corners[on] + corners[on + 1]) / 2, np.hypot(*(corners[on + 1] - corners[on]).T)
    left = _nearest_owners(spots, first[pair[line[on]]], points, owner, tract)
    right = _nearest_owners(spots, second[pair[line[on]]], points, owner, tract)
    kind = np.zeros(len(spots), dtype=np.int64)
    if len(lines) and len(spots):
        near, barrier = shapely.STRtree(lines).query_nearest(shapely.points(spots), max_distance=1.0, all_matches=False)
        kind[near] = kinds[barrier]
    return left, right, length, kind


def _nearest_owners(
    spots: FloatArray, side: IntArray, points: FloatArray, owner: IntArray, tract: IntArray
) -> IntArray:
    """Return the footprint nearest to each spot among those of the tract ``side`` names for it."""
    result = np.empty(len(spots), dtype=np.int64)
    of_point = tract[owner]
    by_spot, by_point = np.argsort(side, kind="stable"), np.argsort(of_point, kind="stable")
    sorted_sides, sorted_tracts = side[by_spot], of_point[by_point]
    for index in np.unique(side):
        mine = by_spot[slice(*np.searchsorted(sorted_sides, [index, index + 1]))]
        members = by_point[slice(*np.searchsorted(sorted_tracts, [index, index + 1]))]
        result[mine] = owner[members[cKDTree(points[members]).query(spots[mine])[1]]]
    return result


def _crossings(
    roads: GeometryArray | None, lines: GeometryArray, points: FloatArray, owner: IntArray, tract: IntArray
) -> IntArray:  # fmt: skip
    """Return the pairs of cells at both ends of each passage of a road over a barrier, as rows (i, j), i < j."""
    if roads is None or not len(roads) or not len(lines):
        return np.empty((0, 2), dtype=np.int64)
    road_parts = shapely.get_parts(roads)
    road, line = shapely.STRtree(lines).query(road_parts, predicate="crosses")
    meets = shapely.get_parts(shapely.intersection(road_parts[road], lines[line]), return_index=True)
    spots = meets[0][shapely.get_type_id(meets[0]) == 0]
    if not len(spots):
        return np.empty((0, 2), dtype=np.int64)
    # The two nearest cells of different sides: look at the nearest outline points and take the first of another tract.
    _, nearest = cKDTree(points).query(shapely.get_coordinates(spots), k=min(64, len(points)))
    near_owner = owner[nearest.reshape(len(spots), -1)]
    near_tract = tract[near_owner]
    other = near_tract != near_tract[:, :1]
    has = other.any(axis=1)
    pair = np.column_stack([near_owner[has, 0], near_owner[has, other[has].argmax(axis=1)]])
    result: IntArray = np.unique(np.sort(pair, axis=1), axis=0)
    return result
