"""The ground that grids are drawn on, as arrays: places with cells and neighbours, and the atoms made of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sparse
import shapely

from quanyu.apps.grids.continuity import Today
from quanyu.apps.grids.norms import Norms
from quanyu.engines.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial import split_atoms

# A bridge or level crossing joins two cells that may not touch: the width of a street.
CROSSING_M = 10.0


@dataclass(frozen=True)
class Ground:
    """A territory ready to draw on: one row per place, cells and footprints in metres.

    ``adjacency`` holds the shared border in metres; ``barrier_kind`` names, for each stored entry, the barrier the
    pair lies across ('' for none); ``crossings`` are pairs that a road joins over a barrier; ``today`` is the plan that
    the new one replaces; ``departments`` the row of each place's grid in the networks that it is to be close to, a
    column each, −1 outside.
    """

    place_ids: IntArray
    households: IntArray
    kinds: np.ndarray[Any, Any]
    footprint_m2: FloatArray
    community: IntArray
    adjacency: sparse.csr_array
    barrier_kind: np.ndarray[Any, Any]
    crossings: IntArray
    area: FloatArray
    outer_length: FloatArray
    xy: FloatArray
    cells: GeometryArray
    footprints: GeometryArray
    today: Today
    departments: IntArray

    def fingerprint(self, norms: Norms) -> str:
        """Return the SHA-256 of everything the result depends on."""
        digest = hashlib.sha256(json.dumps(norms.as_dict(), sort_keys=True).encode())
        today = self.today
        for array in (
            self.place_ids, self.households, self.footprint_m2, self.community, self.crossings, self.area,
            self.outer_length, self.xy, self.adjacency.indptr, self.adjacency.indices, self.adjacency.data,
            today.row, today.part, today.parts, today.label, today.households, self.departments,
        ):  # fmt: skip
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        for texts in (self.kinds, self.barrier_kind, today.codes):
            digest.update("\n".join(map(str, texts)).encode())
        for shapes in (self.cells, self.footprints):
            digest.update(b"".join(shapely.to_wkb(shapes).tolist()))
        return digest.hexdigest()


@dataclass(frozen=True)
class Atoms:
    """The ground after heavy buildings are divided; ``origin`` is the row of the place, ``part`` counts from 1."""

    origin: IntArray
    part: IntArray
    parts: IntArray
    households: IntArray
    adjacency: sparse.csr_array
    barrier: BoolArray
    area: FloatArray
    outer_length: FloatArray
    xy: FloatArray
    cells: GeometryArray


def divide(ground: Ground, parts: IntArray, walls: BoolArray) -> Atoms:
    """Return the atoms to draw with: each place in ``parts`` equal parts, its households shared out among them."""
    adjacency = sparse.csr_array(
        (ground.adjacency.data, ground.adjacency.indices, ground.adjacency.indptr), shape=ground.adjacency.shape
    )
    if (parts == 1).all():
        return Atoms(
            origin=np.arange(len(parts)), part=parts, parts=parts, households=ground.households, adjacency=adjacency,
            barrier=walls, area=ground.area, outer_length=ground.outer_length, xy=ground.xy, cells=ground.cells,
        )  # fmt: skip
    pieces = split_atoms(ground.cells, ground.footprints, adjacency, parts, barrier=walls)
    origin = pieces.origin
    part = np.arange(len(origin)) - np.searchsorted(origin, origin, side="left") + 1
    share, extra = np.divmod(ground.households[origin], parts[origin])
    area, perimeter = shapely.area(pieces.cells), shapely.length(pieces.cells)
    whole = parts[origin] == 1
    inner = np.asarray(pieces.adjacency.sum(axis=1)).ravel()
    centres = shapely.get_coordinates(shapely.point_on_surface(pieces.cells))
    return Atoms(
        origin=origin, part=part, parts=parts[origin], households=share + (part <= extra),
        adjacency=pieces.adjacency, barrier=pieces.barrier,
        area=np.where(whole, ground.area[origin], area),
        outer_length=np.where(whole, ground.outer_length[origin], np.maximum(perimeter - inner, 0.0)),
        xy=np.where(whole[:, None], ground.xy[origin], centres), cells=pieces.cells,
    )  # fmt: skip


def walled(ground: Ground, norms: Norms) -> tuple[Ground, BoolArray]:
    """Return the ground and, for each stored neighbour, whether the norms forbid to pass there.

    Where the norms allow it, the cells that a road joins over a barrier become neighbours with a passage.
    """
    walls = np.isin(ground.barrier_kind, norms.barriers)
    if not norms.allow_crossings or len(ground.crossings) == 0:
        return ground, walls
    size = len(ground.households)
    rows, columns = pairs(ground.adjacency)
    joined = np.concatenate([ground.crossings, ground.crossings[:, ::-1]])
    known = np.isin(rows * size + columns, joined[:, 0] * size + joined[:, 1])
    new = joined[~np.isin(joined[:, 0] * size + joined[:, 1], rows * size + columns)]
    new = np.unique(new, axis=0)
    entry = np.concatenate([rows, new[:, 0]]), np.concatenate([columns, new[:, 1]])
    data = np.concatenate([ground.adjacency.data, np.full(len(new), CROSSING_M)])
    wall = np.concatenate([walls & ~known, np.zeros(len(new), dtype=bool)])
    kind = np.concatenate([ground.barrier_kind, np.full(len(new), "", dtype=ground.barrier_kind.dtype)])
    order = np.lexsort((entry[1], entry[0]))
    adjacency = sparse.csr_array((data[order], (entry[0][order], entry[1][order])), shape=ground.adjacency.shape)
    adjacency.sort_indices()
    return replace(ground, adjacency=adjacency, barrier_kind=kind[order]), wall[order]


def pairs(matrix: sparse.csr_array) -> tuple[IntArray, IntArray]:
    """Return the row and the column of each stored entry."""
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return rows, matrix.indices.astype(np.int64)
