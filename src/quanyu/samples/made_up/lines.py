"""Lay a river, a railway and roads through a made-up district."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sparse
import shapely
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import cKDTree

from quanyu.engines.arrays import FloatArray, GeometryArray
from quanyu.samples.made_up.places import Unit

NEIGHBOURS = 6
# Corners of a piece of a line, as maps cut them: a search by place stays quick.
PIECE = 8
ROAD_M = 600.0


def border_path(
    ground: Mapping[str, Any], start: tuple[float, float], end: tuple[float, float], random: np.random.Generator
) -> GeometryArray:
    """Return a winding line from near ``start`` to near ``end`` along the borders of villages, in short pieces."""
    rings = shapely.get_parts(shapely.boundary(np.array(list(ground.values()), dtype=object)))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    corners, number = np.unique(np.round(xy, 2), axis=0, return_inverse=True)
    number = number.ravel()
    same = ring[:-1] == ring[1:]
    a, b = number[:-1][same], number[1:][same]
    edges = np.unique(np.sort(np.column_stack([a, b])[a != b], axis=1), axis=0)
    length = np.hypot(*(corners[edges[:, 0]] - corners[edges[:, 1]]).T)
    # Some borders are easier to follow than others, so that the line winds.
    cost = length * random.uniform(1.0, 2.0, len(edges))
    graph = sparse.csr_array((cost, (edges[:, 0], edges[:, 1])), shape=(len(corners), len(corners)))
    first, last = np.asarray(cKDTree(corners).query(np.array([start, end]))[1]).tolist()
    _, before = dijkstra(graph, directed=False, indices=first, return_predecessors=True)
    path = [last]
    while path[-1] != first:
        path.append(int(before[path[-1]]))
    pieces = [path[first : first + PIECE + 1] for first in range(0, len(path) - 1, PIECE)]
    return np.array([shapely.linestrings(corners[piece]) for piece in pieces], dtype=object)


def roads_between(
    seats: FloatArray, middles: Mapping[str, Any], units: Sequence[Unit], towns: Sequence[str]
) -> tuple[GeometryArray, np.ndarray[Any, Any]]:
    """Return roads with their class: main roads join the seats, smaller ones each village to those around it."""
    main = [line for i, j in _tree(seats) for line in _cut(seats[i], seats[j])]
    small: list[Any] = []
    for number, town in enumerate(towns):
        points = [seats[number], *(shapely.get_coordinates(middles[u.code])[0] for u in units if u.town == town)]
        here = np.array(points)
        small += [shapely.linestrings([here[i], here[j]]) for i, j in _tree(here)]
    classes = np.array(["primary"] * len(main) + ["tertiary"] * len(small), dtype=object)
    return np.array([*main, *small], dtype=object), classes


def _cut(start: FloatArray, end: FloatArray) -> list[Any]:
    """Return the way between two points in pieces of at most :data:`ROAD_M`."""
    count = int(np.ceil(np.hypot(*(end - start)) / ROAD_M))
    corners = start + np.linspace(0.0, 1.0, count + 1)[:, None] * (end - start)
    return [shapely.linestrings(corners[k : k + 2]) for k in range(count)]


def _tree(points: FloatArray) -> list[tuple[int, int]]:
    """Return the pairs of the shortest tree over points."""
    count = min(NEIGHBOURS + 1, len(points))
    distance, other = cKDTree(points).query(points, k=count)
    rows = np.repeat(np.arange(len(points)), count)
    graph = sparse.csr_array(
        (np.asarray(distance).ravel(), (rows, np.asarray(other).ravel())), shape=(len(points), len(points))
    )
    tree = minimum_spanning_tree(graph).tocoo()
    return list(zip(tree.row.tolist(), tree.col.tolist(), strict=True))
