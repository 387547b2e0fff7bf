"""Walks along streets: points put on the nearest street, shortest ways from site to demand, and what they cover."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from quanyu.engines.arrays import (
    FloatArray,
    GeometryArray,
    IntArray,
    csr_array,
    first_bad,
    float_array,
    int_array,
    number,
    require_rows,
)
from quanyu.engines.siting.checks import MOST_PAIRS, check_points, require_pairs
from quanyu.engines.siting.coverage import SHORTEST, Cover, from_csr
from quanyu.errors import BadValue, OutOfRange, WrongShape

BLOCK_ENTRIES = 20_000_000
JOINED = 1e-3  # metres: vertices of streets nearer than this are one crossing


class Network(NamedTuple):
    """Streets with demands and sites on them: ``graph`` (v, v) CSR in metres, and the node each point stands at."""

    graph: sparse.csr_array
    demand_nodes: IntArray
    site_nodes: IntArray


def street_network(streets: GeometryArray, demand_xy: Any, sites_xy: Any) -> Network:
    """Return streets as a graph to walk on, with every point joined to the nearest place of the nearest street.

    Parameters
    ----------
    streets : LineStrings or MultiLineStrings in metres, walked both ways; they meet where they share a vertex
    demand_xy, sites_xy : (n, 2) and (m, 2) float64, metres; the way from a point to its street counts

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row; or there is no street.

    Examples
    --------
    >>> network = street_network([shapely.LineString([(0, 0), (100, 0)])], [[20, 3]], [[90, -4]])
    >>> network_distances(*network)
    array([[77]])
    """
    demand, sites = check_points("demand_xy", demand_xy), check_points("sites_xy", sites_xy)
    begin, end = _segments(streets)
    nodes, ends = np.unique(np.rint(np.concatenate([begin, end]) / JOINED), axis=0, return_inverse=True)
    ends = ends.reshape(2, -1)
    points = np.concatenate([demand, sites])
    segment, along, away = _nearest(points, begin, end)
    whole = np.hypot(*(end - begin).T)
    # GEOS counts a foot at the far end a hair farther along than we count the segment long.
    along = np.minimum(along, whole[segment])
    # A segment is cut at its points: the feet, numbered after the crossings, in their order along it.
    order = np.lexsort((along, segment))
    foot = len(nodes) + np.arange(len(points))
    door = foot + len(points)
    chain = np.concatenate([np.arange(len(begin)), segment[order], np.arange(len(begin))])
    place = np.concatenate([np.zeros(len(begin)), along[order], whole])
    stop = np.concatenate([ends[0], foot[order], ends[1]])
    sort = np.argsort(chain, kind="stable")
    chain, place, stop = chain[sort], place[sort], stop[sort]
    same = chain[1:] == chain[:-1]
    one, two = np.append(stop[:-1][same], foot), np.append(stop[1:][same], door)
    graph = _shortest_edges(one, two, np.append(np.diff(place)[same], away), len(nodes) + 2 * len(points))
    return Network(graph, door[: len(demand)], door[len(demand) :])


def cover_by_network(graph: Any, demand_nodes: Any, site_nodes: Any, radius: float) -> Cover:
    """Return which demands can be reached from which sites within ``radius`` along a network.

    Parameters
    ----------
    graph : (v, v) CSR, length in metres of the street between two nodes; a street open both ways is stored twice
    demand_nodes : (n,) int64, the node each demand stands at
    site_nodes : (m,) int64, the node each site stands at
    radius : metres of walk from the site to the demand

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    Examples
    --------
    >>> graph = sparse.csr_array([[0, 30, 0], [30, 0, 50], [0, 50, 0]])
    >>> cover_by_network(graph, [0, 1, 2], [0, 2], 60).matrix.toarray().astype(int)
    array([[1, 0],
           [1, 1],
           [0, 1]])
    """
    streets, demand, sites = _network(graph, demand_nodes, site_nodes)
    reach = number("radius", radius, low=SHORTEST)
    found = []
    for first, lengths in _walks(streets, demand, sites, reach):
        site, row = np.nonzero(lengths <= reach)
        found.append(np.stack([row, site + first]))
    row, column = np.concatenate(found, axis=1)
    return from_csr(sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(demand), len(sites))))


def network_distances(graph: Any, demand_nodes: Any, site_nodes: Any, *, unit: float = 1.0) -> IntArray:
    """Return the walk from each site to each demand, (n, m) int64 in ``unit`` metres, rounded.

    The other parameters are those of ``cover_by_network``.

    Raises
    ------
    OutOfRange
        No way leads from a site to a demand; the message names the pair.
    """
    streets, demand, sites = _network(graph, demand_nodes, site_nodes)
    number("unit", unit, low=1e-6)
    require_pairs("distances", len(demand) * len(sites), MOST_PAIRS)
    lengths = np.concatenate([part for _, part in _walks(streets, demand, sites, np.inf)]).T
    lost = ~np.isfinite(lengths)
    if lost.any():
        allowed = "a way from every site to every demand; join the network or leave the demand out"
        raise OutOfRange(name="the walk", allowed=allowed, **(first_bad(lost, lengths) | {"value": "endless"}))
    return np.rint(lengths / unit).astype(np.int64)


def _network(graph: Any, demand_nodes: Any, site_nodes: Any) -> tuple[sparse.csr_array, IntArray, IntArray]:
    streets = csr_array("graph", graph)
    size = streets.shape[0]
    if streets.shape != (size, size):
        raise WrongShape(name="graph", got=streets.shape, expected=(size, size))
    float_array("graph.data", streets.data, low=0.0)
    demand = int_array("demand_nodes", demand_nodes, shape=(-1,), low=0, high=size - 1)
    sites = int_array("site_nodes", site_nodes, shape=(-1,), low=0, high=size - 1)
    require_rows("demand_nodes", demand)
    require_rows("site_nodes", sites)
    return streets, demand, sites


def _walks(
    streets: sparse.csr_array, demand: IntArray, sites: IntArray, reach: float
) -> Iterator[tuple[int, FloatArray]]:
    """Yield (first site, walks (some sites, demands)) block by block, so that memory stays bounded."""
    block = max(1, BLOCK_ENTRIES // streets.shape[0])
    for first in range(0, len(sites), block):
        yield first, dijkstra(streets, indices=sites[first : first + block], limit=reach)[:, demand]


def _segments(streets: GeometryArray) -> tuple[FloatArray, FloatArray]:
    """Return both ends of each straight piece of the streets."""
    lines = shapely.get_parts(np.asarray(streets, dtype=object))
    if (shapely.get_type_id(lines) != shapely.GeometryType.LINESTRING).any() or not len(lines):
        raise BadValue(name="streets", value="no street, or another shape", allowed="at least one line, and only lines")
    xy, line = shapely.get_coordinates(lines, return_index=True)
    float_array("streets", xy)
    inner = line[1:] == line[:-1]
    return xy[:-1][inner], xy[1:][inner]


def _nearest(points: FloatArray, begin: FloatArray, end: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the nearest segment of each point, how far along it the nearest place lies, and how far away."""
    pieces: Any = shapely.linestrings(np.stack([begin, end], axis=1))
    places = shapely.points(points)
    (point, found), _ = shapely.STRtree(pieces).query_nearest(places, return_distance=True)
    segment = found[np.searchsorted(point, np.arange(len(points)))].astype(np.int64)  # of several the first
    along = shapely.line_locate_point(pieces[segment], places)
    return segment, along, shapely.distance(pieces[segment], places)


def _shortest_edges(one: IntArray, two: IntArray, length: FloatArray, size: int) -> sparse.csr_array:
    """Return a graph with each edge both ways; of several between two nodes, the shortest."""
    low, high = np.minimum(one, two), np.maximum(one, two)
    order = np.lexsort((length, high, low))
    low, high, length = low[order], high[order], length[order]
    first = np.append(True, (np.diff(low) != 0) | (np.diff(high) != 0))
    low, high, length = low[first], high[first], length[first]
    return sparse.csr_array((np.tile(length, 2), (np.append(low, high), np.append(high, low))), shape=(size, size))
