"""Divide a heavy building's cell by entrances: strips across its long axis with equal shares of the footprint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sparse
import shapely
from shapely import affinity

from quanyu.engines.arrays import BoolArray, FloatArray, GeometryArray, IntArray, bool_array, int_array
from quanyu.engines.spatial.tessellating.strays import settled

# Rounding leaves pieces that touch up to this far apart.
REACH_M = 0.05
# What only grazes a corner (the reach's own width) is no border.
GRAZE_M = 0.5


@dataclass(frozen=True)
class Pieces:
    """Cells after division; ``origin`` is the row each came from, in rising order."""

    cells: GeometryArray
    adjacency: sparse.csr_array
    barrier: BoolArray
    origin: IntArray


def split_cell(cell: Any, footprint: Any, parts: int) -> list[Any]:
    """Return ``parts`` pieces of ``cell``: strips across the long axis of ``footprint``, whose area they share equally.

    The pieces partition the cell; the outer strips take the ground beyond the building's ends.
    """
    angle = _long_axis(footprint)
    centre = footprint.centroid
    flat = affinity.rotate(footprint, -angle, origin=centre, use_radians=True)
    ground = affinity.rotate(cell, -angle, origin=centre, use_radians=True)
    west, south, east, north = shapely.total_bounds([ground, flat])
    cuts = [west - 1.0, *(_quantile(flat, share / parts) for share in range(1, parts)), east + 1.0]
    strips = [shapely.box(low, south - 1, high, north + 1) for low, high in pairwise(cuts)]
    return [
        affinity.rotate(piece, angle, origin=centre, use_radians=True)
        for piece in _in_one_place(shapely.intersection(ground, strips), flat)
    ]


def _in_one_place(pieces: GeometryArray, footprint: Any) -> GeometryArray:
    """Return the pieces with what lies apart from the most of the footprint in each given to the one beside it."""
    faces, owner = shapely.get_parts(pieces, return_index=True)
    order = np.lexsort((shapely.area(faces), shapely.area(shapely.intersection(faces, footprint)), owner))
    strays = np.zeros(len(faces), dtype=bool)
    strays[order[:-1][owner[order][1:] == owner[order][:-1]]] = True
    if not strays.any():
        return pieces
    owner = settled(owner, strays, *_beside(faces))
    return np.array([shapely.union_all(faces[owner == piece]) for piece in range(len(pieces))], dtype=object)


def _beside(pieces: GeometryArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the pairs of pieces that border on each other, and over how many metres."""
    one, other = np.triu_indices(len(pieces), 1)
    near = shapely.buffer(pieces[other], REACH_M)
    metres = np.asarray(shapely.length(shapely.intersection(shapely.boundary(pieces[one]), near)))
    touching = metres > GRAZE_M
    return one[touching], other[touching], metres[touching]


def split_atoms(
    cells: GeometryArray, footprints: GeometryArray, adjacency: sparse.csr_array, parts: IntArray, *, barrier: BoolArray
) -> Pieces:
    """Return the cells with those of ``parts`` > 1 divided, and what the pieces share with each other and outside.

    The border with an old neighbour is shared out by how near each piece lies to it along the cut cell's outline, and
    adds up to the old border.

    Raises
    ------
    OutOfRange, WrongShape, WrongType
        A number of parts below 1, or a barrier that is neither true nor false.
    """
    parts = int_array("parts", parts, shape=(len(cells),), low=1)
    barrier = bool_array("barrier", barrier, shape=(adjacency.nnz,))
    start = np.concatenate([[0], np.cumsum(parts)])
    origin = np.repeat(np.arange(len(cells)), parts)
    pieces = np.asarray(cells, dtype=object)[origin]
    links: list[tuple[int, int, float]] = []
    for index in np.flatnonzero(parts > 1):
        strips = split_cell(cells[index], footprints[index], int(parts[index]))
        pieces[start[index] : start[index + 1]] = strips
        one, other, metres = _beside(np.array(strips, dtype=object))
        links += zip(start[index] + one, start[index] + other, metres, strict=True)
    rows = np.repeat(np.arange(len(cells)), np.diff(adjacency.indptr))
    columns = adjacency.indices
    plain = (parts[rows] == 1) & (parts[columns] == 1)
    table = [np.column_stack([start[rows[plain]], start[columns[plain]], adjacency.data[plain], barrier[plain]])]
    for entry in np.flatnonzero(~plain & (rows < columns)):
        shares = _shared(int(rows[entry]), int(columns[entry]), pieces, start, float(adjacency.data[entry]))
        table.append(np.array([[a, b, length, barrier[entry]] for a, b, length in shares]))
        table.append(np.array([[b, a, length, barrier[entry]] for a, b, length in shares]))
    table += [np.array([[a, b, length, 0.0], [b, a, length, 0.0]]) for a, b, length in links]
    joined = np.concatenate(table)
    joined = joined[np.lexsort((joined[:, 1], joined[:, 0]))]
    pair = joined[:, :2].astype(np.int64)
    matrix = sparse.csr_array((joined[:, 2], (pair[:, 0], pair[:, 1])), shape=(len(origin), len(origin)))
    return Pieces(cells=pieces, adjacency=matrix, barrier=joined[:, 3] > 0.5, origin=origin)


def _shared(i: int, j: int, pieces: GeometryArray, start: IntArray, total: float) -> list[tuple[int, int, float]]:
    """Share the border of two cells out among their pieces, by the length of outline each pair has in common."""
    left, right = range(start[i], start[i + 1]), range(start[j], start[j + 1])
    pairs = [(a, b) for a in left for b in right]
    lengths = np.array(
        [
            shapely.length(shapely.intersection(shapely.boundary(pieces[a]), shapely.buffer(pieces[b], REACH_M)))
            for a, b in pairs
        ]
    )
    lengths[lengths < GRAZE_M] = 0.0
    if lengths.sum() == 0:
        lengths[np.argmin([shapely.distance(pieces[a], pieces[b]) for a, b in pairs])] = 1.0
    shares = total * lengths / lengths.sum()
    return [(a, b, float(share)) for (a, b), share in zip(pairs, shares, strict=True) if share > 0]


def _long_axis(footprint: Any) -> float:
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(footprint))
    sides = np.diff(corners[:3], axis=0)
    longest = sides[np.argmax(np.hypot(sides[:, 0], sides[:, 1]))]
    return math.atan2(float(longest[1]), float(longest[0]))


def _quantile(shape: Any, share: float) -> float:
    """Return the x at which the part of ``shape`` to the west has ``share`` of its area."""
    west, south, east, north = shape.bounds
    wanted, low, high = share * shape.area, west, east
    for _ in range(40):
        middle = (low + high) / 2
        if shapely.clip_by_rect(shape, west - 1, south - 1, middle, north + 1).area < wanted:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)
