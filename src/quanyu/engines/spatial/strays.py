"""Give each piece of a cell that is cut off from its footprint to the cell beside it.

Ground goes to the nearest footprint of its tract. Where a tract bends around water, that may be one on the other side:
the piece lies apart from the rest of its cell, and a grid with such a cell would lie in two places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray

# Two lines this near are one: what rounding leaves between faces that share an edge.
NEAR_M = 1e-3


@dataclass(frozen=True)
class Edges:
    """Borders between outline points of one tract: both points, what of the line lies in the tract, and its length."""

    left: IntArray
    right: IntArray
    lines: GeometryArray
    length: FloatArray


def strays_of(faces: GeometryArray, owner: IntArray, points: FloatArray, point_owner: IntArray) -> IntArray:
    """Return the faces that are not the one of their owner with most of its outline points."""
    held = np.zeros(len(faces), dtype=np.int64)
    repeated = np.flatnonzero(np.bincount(owner)[owner] > 1)
    for face in repeated.tolist():
        own = points[point_owner == owner[face]]
        held[face] = np.count_nonzero(shapely.contains_xy(faces[face], own[:, 0], own[:, 1]))
    area = shapely.area(faces)
    order = np.lexsort((area[repeated], held[repeated], owner[repeated]))
    last = np.append(owner[repeated][order][1:] != owner[repeated][order][:-1], True)
    return np.sort(repeated[order[~last]]) if len(repeated) else repeated


def settle(
    faces: GeometryArray, owner: IntArray, points: FloatArray, point_owner: IntArray, edges: Edges
) -> tuple[IntArray, Edges]:
    """Return the owners of the faces and the edges after each stray has gone to the owner it borders on longest.

    Parameters
    ----------
    faces, owner : (f,) polygons that part a tract, and the footprint of each
    points, point_owner : (p, 2) metres and (p,) footprint of each outline point
    edges : the borders between points of different footprints
    """
    strays = strays_of(faces, owner, points, point_owner)
    owner, tree = owner.copy(), shapely.STRtree(faces)
    waiting = dict.fromkeys(strays.tolist())
    moved: list[tuple[int, int, int]] = []
    while waiting:
        found = {face: _longest(face, faces, owner, tree, waiting) for face in waiting}
        settled = {face: to for face, to in found.items() if to >= 0}
        if not settled:
            break
        for face, to in settled.items():
            moved.append((face, int(owner[face]), to))
            owner[face] = to
            del waiting[face]
    for face, before, after in moved:
        edges = _handed_over(edges, faces[face], before, after, points, point_owner)
    inside = point_owner[edges.left] == point_owner[edges.right]
    return owner, Edges(edges.left, edges.right, edges.lines, np.where(inside, 0.0, edges.length))


def _longest(face: int, faces: GeometryArray, owner: IntArray, tree: shapely.STRtree, waiting: dict[int, None]) -> int:
    """Return the owner, of those settled, that a face borders on longest; −1 where it borders on none."""
    beside = np.array([i for i in tree.query(faces[face], predicate="intersects") if i not in waiting], dtype=np.int64)
    shared = shapely.length(shapely.intersection(shapely.boundary(faces[face]), shapely.boundary(faces[beside])))
    if not len(beside) or shared.max() <= NEAR_M:
        return -1
    owners, number = np.unique(owner[beside], return_inverse=True)
    return int(owners[np.bincount(number, weights=shared).argmax()])


def _handed_over(
    edges: Edges, face: shapely.Geometry, before: int, after: int, points: FloatArray, point_owner: IntArray
) -> Edges:
    """Return the edges with those along a face given from one footprint to another.

    One that then lies inside a cell is kept: another stray may yet part it.
    """
    own, rim = np.flatnonzero(point_owner == after), shapely.buffer(shapely.boundary(face), NEAR_M)
    is_left, is_right = point_owner[edges.left] == before, point_owner[edges.right] == before
    near = np.flatnonzero((is_left | is_right) & shapely.intersects(edges.lines, rim))
    along = shapely.intersection(edges.lines[near], rim)
    near, along = near[shapely.length(along) > 2 * NEAR_M], along[shapely.length(along) > 2 * NEAR_M]
    lines, length = edges.lines.copy(), edges.length.copy()
    lines[near] = shapely.difference(lines[near], rim)
    length[near] = shapely.length(lines[near])
    other = np.where(is_left[near], edges.right[near], edges.left[near])
    middle = shapely.get_coordinates(shapely.centroid(along))
    # The point of the new owner that is nearest to the edge stands for it.
    gap = ((points[own][None] - middle[:, None]) ** 2).sum(axis=2)
    stand_in = own[gap.argmin(axis=1)] if len(near) else near
    return Edges(
        np.concatenate([edges.left, stand_in]), np.concatenate([edges.right, other]),
        np.concatenate([lines, along]), np.concatenate([length, shapely.length(along)]),
    )  # fmt: skip
