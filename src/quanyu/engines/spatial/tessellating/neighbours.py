"""Which cells are neighbours, over how many metres, across which barrier, and which of them a road joins over it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
import shapely
from scipy.spatial import cKDTree

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial.tessellating.barriers import BARRIER_KINDS, CUTTING, Barriers
from quanyu.engines.spatial.tessellating.outlines import Outlines
from quanyu.engines.spatial.tessellating.voronoi import Borders

SHORTEST_BORDER_M = 0.5
STEP_M = 1.0
# A pair lies across a barrier where at least this share of its border does.
BARRIER_SHARE = 0.5
# A line this near to a border is the one it lies on.
ON_LINE_M = 1.0
# How many outline points around a passage are looked through for the cells at its ends.
CLOSE_POINTS = 64


def neighbours(
    borders: Borders, outlines: Outlines, tract: IntArray, grounds: GeometryArray, barriers: Barriers
) -> tuple[sparse.csr_array, IntArray]:
    """Return the shared borders of n cells in metres, and the kind of barrier each stored pair lies across (0: none).

    Parameters
    ----------
    borders : pieces of borders inside the tracts
    outlines : points along the outlines of the footprints
    tract, grounds : (n,) the tract of each footprint, and the (t,) polygons of the tracts
    """
    count = len(tract)
    segments = barriers.segments()
    kind = _kind_between(borders, outlines, segments.marking())
    kind[borders.fenced] = _kind_at(borders.middle[borders.fenced], segments.cutting())
    a, b, across, across_kind = _over_tract_edges(outlines, tract, grounds, segments)
    left, right = np.concatenate([outlines.owner[borders.left], a]), np.concatenate([outlines.owner[borders.right], b])
    length, kind = np.concatenate([borders.length, across]), np.concatenate([kind, across_kind])
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


def _kind_at(spots: FloatArray, barriers: Barriers) -> IntArray:
    """Return the kind of the barrier that each spot lies on (0: none)."""
    result = np.zeros(len(spots), dtype=np.int64)
    if len(barriers.lines) and len(spots):
        spot, line = shapely.STRtree(barriers.lines).query_nearest(
            shapely.points(spots), max_distance=ON_LINE_M, all_matches=False
        )
        result[spot] = barriers.kinds[line]
    return result


def _kind_between(borders: Borders, outlines: Outlines, barriers: Barriers) -> IntArray:
    """Return the kind of the barrier between the outline points on both sides of each border (0: none)."""
    result = np.zeros(len(borders.left), dtype=np.int64)
    if len(barriers.lines) and len(result):
        ends = np.stack([outlines.points[borders.left], outlines.points[borders.right]], axis=1)
        link, line = shapely.STRtree(barriers.lines).query(shapely.linestrings(ends), predicate="intersects")
        np.maximum.at(result, link, barriers.kinds[line])
    return result


def _over_tract_edges(
    outlines: Outlines, tract: IntArray, tracts: GeometryArray, barriers: Barriers
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
    left = _nearest_owners(spots, first[pair[line[on]]], outlines, tract)
    right = _nearest_owners(spots, second[pair[line[on]]], outlines, tract)
    near, _ = shapely.STRtree(barriers.lines).query(shared, predicate="dwithin", distance=ON_LINE_M)
    kind = np.zeros(len(spots), dtype=np.int64)
    # Most borders of communities have no line near, and their spots need not be looked at one by one.
    along = np.isin(line[on], near)
    kind[along] = _kind_at(spots[along], barriers)
    return left, right, length, kind


def _nearest_owners(spots: FloatArray, side: IntArray, outlines: Outlines, tract: IntArray) -> IntArray:
    """Return the footprint nearest to each spot among those of the tract ``side`` names for it."""
    result = np.empty(len(spots), dtype=np.int64)
    of_point = tract[outlines.owner]
    by_spot, by_point = np.argsort(side, kind="stable"), np.argsort(of_point, kind="stable")
    sorted_sides, sorted_tracts = side[by_spot], of_point[by_point]
    for index in np.unique(side):
        mine = by_spot[slice(*np.searchsorted(sorted_sides, [index, index + 1]))]
        members = by_point[slice(*np.searchsorted(sorted_tracts, [index, index + 1]))]
        result[mine] = outlines.owner[members[cKDTree(outlines.points[members]).query(spots[mine], workers=-1)[1]]]
    return result


def crossings(
    roads: GeometryArray | None, barriers: Barriers, outlines: Outlines, tract: IntArray, adjacency: sparse.csr_array,
    barrier: IntArray,
) -> IntArray:  # fmt: skip
    """Return the pairs of cells at both ends of each passage of a road over a barrier, as rows (i, j), i < j.

    Parameters
    ----------
    roads : lines open to people
    adjacency, barrier : neighbours and the kinds of barriers, as :func:`neighbours` gives them
    """
    none = np.empty((0, 2), dtype=np.int64)
    if roads is None or not len(roads) or not len(barriers.lines):
        return none
    road_parts = shapely.get_parts(roads)
    road, line = shapely.STRtree(barriers.lines).query(road_parts, predicate="crosses")
    meets, passage = shapely.get_parts(shapely.intersection(road_parts[road], barriers.lines[line]), return_index=True)
    there = shapely.get_type_id(meets) == 0
    if not there.any():
        return none
    kind = barriers.kinds[line[passage[there]]]
    close = min(CLOSE_POINTS, len(outlines.points))
    _, nearest = cKDTree(outlines.points).query(shapely.get_coordinates(meets[there]), k=close)
    cells = outlines.owner[nearest.reshape(len(kind), close)]
    here = cells[:, :1]
    # The other end is the nearest cell that the line parts from the nearest of all.
    count = len(tract)
    rows = np.repeat(np.arange(count), np.diff(adjacency.indptr))
    parted = np.isin(
        (here * count + cells) * len(BARRIER_KINDS) + kind[:, None],
        (rows * count + adjacency.indices) * len(BARRIER_KINDS) + barrier,
    )
    other = parted | (CUTTING[kind][:, None] & (tract[cells] != tract[here]))
    has = other.any(axis=1)
    pair = np.column_stack([cells[has, 0], cells[has, other[has].argmax(axis=1)]])
    result: IntArray = np.unique(np.sort(pair, axis=1), axis=0)
    return result
