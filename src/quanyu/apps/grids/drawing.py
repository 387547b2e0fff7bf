"""Draw grids from arrays: cut out exclusive grids, divide heavy buildings, let the engine draw the rest. No database."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sparse
import shapely
from scipy.sparse.csgraph import connected_components

from quanyu.apps.grids.norms import Norms
from quanyu.engines.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from quanyu.engines.districting import Districting, district, split_heavy
from quanyu.engines.spatial import split_atoms

OnProgress = Callable[[str, float, dict[str, Any]], bool]
# A bridge or level crossing joins two cells that may not touch: the width of a street.
CROSSING_M = 10.0


class Cancelled(Exception):
    """The planner asked to stop: nothing is kept."""


@dataclass(frozen=True)
class Ground:
    """A territory ready to draw on: one row per place, cells and footprints in metres.

    ``adjacency`` holds the shared border in metres; ``barrier_kind`` names, for each stored entry, the barrier the
    pair lies across ('' for none); ``crossings`` are pairs that a road joins over a barrier; ``previous`` is the grid
    of the plan in force (−1 for none).
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
    previous: IntArray

    def fingerprint(self, norms: Norms) -> str:
        """Return the SHA-256 of everything the result depends on."""
        digest = hashlib.sha256(json.dumps(norms.as_dict(), sort_keys=True).encode())
        for array in (
            self.place_ids, self.households, self.community, self.crossings, self.area, self.outer_length, self.xy,
            self.previous, self.adjacency.indptr, self.adjacency.indices, self.adjacency.data,
        ):  # fmt: skip
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update("\n".join(map(str, self.kinds)).encode())
        digest.update("\n".join(map(str, self.barrier_kind)).encode())
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


@dataclass(frozen=True)
class Drawing:
    """The result: a grid label for every atom, the kind of place each exclusive grid is for, and the reasons."""

    atoms: Atoms
    labels: IntArray
    exclusive_kind: dict[int, str]
    reasons: dict[int, list[dict[str, Any]]]
    basic: Districting | None
    stages: dict[str, float]
    fingerprint: str

    @property
    def grids(self) -> int:
        return int(self.labels.max(initial=-1)) + 1


def draw(ground: Ground, norms: Norms, on_progress: OnProgress) -> Drawing:
    """Return grids for ``ground`` that keep ``norms`` wherever they can be kept.

    ``on_progress(stage, fraction, best)`` returning ``False`` ends the drawing.

    Raises
    ------
    Cancelled
        The caller asked to stop.
    """
    started = time.perf_counter()
    _tell(on_progress, "exclusive", 0.0)
    walls = np.isin(ground.barrier_kind, norms.barriers)
    ground, walls = _open_crossings(ground, walls) if norms.allow_crossings else (ground, walls)
    exclusive = exclusive_labels(ground, norms, walls)
    atoms = divide(ground, norms, walls, exclusive)
    divided = time.perf_counter()
    _tell(on_progress, "drawing", 0.0)

    labels = exclusive[atoms.origin]
    count = int(exclusive.max(initial=-1)) + 1
    kinds = {int(label): str(ground.kinds[np.flatnonzero(exclusive == label)[0]]) for label in range(count)}
    rest = np.flatnonzero(labels < 0)
    basic = _draw_basic(atoms, rest, ground, norms, on_progress) if len(rest) else None
    reasons: dict[int, list[dict[str, Any]]] = {}
    if basic is not None:
        labels[rest] = basic.labels + count
        for unmet in basic.unmet:
            for label in unmet.districts:
                reason = {
                    "rule": unmet.rule, "by": int(unmet.by), "proven": unmet.proven,
                    "mends": [[kind, _plain(value)] for kind, value in unmet.mends],
                }  # fmt: skip
                reasons.setdefault(int(label) + count, []).append(reason)
    stages = {
        "exclusive": round(divided - started, 3), "drawing": round(time.perf_counter() - divided, 3),
    }  # fmt: skip
    return Drawing(atoms, labels, kinds, reasons, basic, stages, ground.fingerprint(norms))


def exclusive_labels(ground: Ground, norms: Norms, walls: BoolArray) -> IntArray:
    """Return, for each place, the exclusive grid it belongs to (−1: none).

    Neighbouring places of one kind inside one community, not parted by a barrier, are one site; a site is large enough
    when its footprints add up to ``norms.exclusive_min_m2``.
    """
    rows, columns = _pairs(ground.adjacency)
    same = (
        (ground.kinds[rows] == ground.kinds[columns]) & (ground.community[rows] == ground.community[columns]) & ~walls
    )
    wanted = np.isin(ground.kinds, norms.exclusive_kinds)
    same &= wanted[rows]
    size = len(ground.kinds)
    graph = sparse.csr_array((np.ones(same.sum()), (rows[same], columns[same])), shape=(size, size))
    _, site = connected_components(graph, directed=False)
    footprint = np.bincount(site, weights=np.where(wanted, ground.footprint_m2, 0.0))
    large = (footprint >= norms.exclusive_min_m2)[site] & wanted
    result = np.full(size, -1, dtype=np.int64)
    # Numbered by the first place, so that the same ground gives the same labels.
    _, first = np.unique(site[large], return_index=True)
    order = site[large][np.sort(first)]
    number = np.full(site.max(initial=-1) + 1, -1, dtype=np.int64)
    number[order] = np.arange(len(order))
    result[large] = number[site[large]]
    return result


def divide(ground: Ground, norms: Norms, walls: BoolArray, exclusive: IntArray) -> Atoms:
    """Return the atoms to draw with: places, those heavier than the norm divided by entrances into equal parts."""
    ones = np.ones(len(ground.households), dtype=np.int64)
    adjacency = sparse.csr_array(
        (ground.adjacency.data, ground.adjacency.indices, ground.adjacency.indptr), shape=ground.adjacency.shape
    )
    weights = np.where(exclusive < 0, ground.households, 0)
    parts = split_heavy(weights, norms.upper) if norms.split_heavy else ones
    if (parts == 1).all():
        return Atoms(
            origin=np.arange(len(ones)), part=ones, parts=ones, households=ground.households, adjacency=adjacency,
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


def _draw_basic(
    atoms: Atoms, rest: IntArray, ground: Ground, norms: Norms, on_progress: OnProgress
) -> Districting:
    barrier = sparse.csr_array(
        (atoms.barrier.astype(np.float64) + 1.0, atoms.adjacency.indices, atoms.adjacency.indptr),
        shape=atoms.adjacency.shape,
    )[rest][:, rest]
    adjacency = atoms.adjacency[rest][:, rest].tocsr()
    stopped = False

    def watch(best: Any) -> bool:
        nonlocal stopped
        figures = {
            "grids": best.districts, "in_range": best.in_range, "violation": int(best.violation),
            "cut_length_m": round(float(best.cut_length)), "steps": int(best.steps),
        }  # fmt: skip
        stopped = not on_progress("drawing", float(best.fraction), figures)
        return not stopped

    previous = ground.previous[atoms.origin[rest]]
    result = district(
        atoms.households[rest], adjacency, lower=norms.lower, upper=norms.upper, target=norms.target,
        border=ground.community[atoms.origin[rest]], barrier_edges=barrier.tocsr().data > 1.5,
        previous=previous if (previous >= 0).any() else None, stability=norms.stability, objective=norms.objective,
        xy=atoms.xy[rest], area=atoms.area[rest], outer_length=atoms.outer_length[rest], seed=norms.seed,
        steps=norms.steps, seconds=norms.seconds, on_progress=watch,
    )  # fmt: skip
    if stopped:
        raise Cancelled
    return result


def _open_crossings(ground: Ground, walls: BoolArray) -> tuple[Ground, BoolArray]:
    """Return the ground with a passage between the cells that a road joins over a barrier."""
    if len(ground.crossings) == 0:
        return ground, walls
    size = len(ground.households)
    rows, columns = _pairs(ground.adjacency)
    pairs = np.concatenate([ground.crossings, ground.crossings[:, ::-1]])
    known = np.isin(rows * size + columns, pairs[:, 0] * size + pairs[:, 1])
    new = pairs[~np.isin(pairs[:, 0] * size + pairs[:, 1], rows * size + columns)]
    new = np.unique(new, axis=0)
    entry = np.concatenate([rows, new[:, 0]]), np.concatenate([columns, new[:, 1]])
    data = np.concatenate([ground.adjacency.data, np.full(len(new), CROSSING_M)])
    wall = np.concatenate([walls & ~known, np.zeros(len(new), dtype=bool)])
    kind = np.concatenate([ground.barrier_kind, np.full(len(new), "", dtype=ground.barrier_kind.dtype)])
    order = np.lexsort((entry[1], entry[0]))
    adjacency = sparse.csr_array((data[order], (entry[0][order], entry[1][order])), shape=ground.adjacency.shape)
    adjacency.sort_indices()
    return replace(ground, adjacency=adjacency, barrier_kind=kind[order]), wall[order]


def grid_figures(drawing: Drawing) -> dict[str, Any]:
    """Return per grid: households, places, area, outline and compactness, as arrays."""
    atoms, labels, count = drawing.atoms, drawing.labels, drawing.grids
    rows, columns = _pairs(atoms.adjacency)
    cut = labels[rows] != labels[columns]
    area = np.bincount(labels, weights=atoms.area, minlength=count)
    outline = np.bincount(labels, weights=atoms.outer_length, minlength=count)
    outline += np.bincount(labels[rows[cut]], weights=atoms.adjacency.data[cut], minlength=count)
    return {
        "households": np.bincount(labels, weights=atoms.households, minlength=count).astype(np.int64),
        "places": np.array([len(np.unique(atoms.origin[labels == label])) for label in range(count)]),
        "area_m2": area,
        "perimeter_m": outline,
        "compactness": np.divide(
            4 * math.pi * area, outline**2, out=np.zeros(count), where=outline > 0
        ).clip(0.0, 1.0),
    }  # fmt: skip


def rules_kept(drawing: Drawing, community: IntArray) -> dict[str, bool]:
    """Tell whether each grid lies in one community, and hangs together without crossing a barrier."""
    atoms, labels = drawing.atoms, drawing.labels
    borders = len(np.unique(np.column_stack([labels, community[atoms.origin]]), axis=0)) == drawing.grids
    rows, columns = _pairs(atoms.adjacency)
    inside = (labels[rows] == labels[columns]) & ~atoms.barrier
    graph = sparse.csr_array((np.ones(inside.sum()), (rows[inside], columns[inside])), shape=atoms.adjacency.shape)
    pieces, _ = connected_components(graph, directed=False)
    return {"borders_kept": borders, "barriers_kept": pieces == drawing.grids}


def _pairs(matrix: sparse.csr_array) -> tuple[IntArray, IntArray]:
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return rows, matrix.indices.astype(np.int64)


def _tell(on_progress: OnProgress, stage: str, fraction: float) -> None:
    if not on_progress(stage, fraction, {}):
        raise Cancelled


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list, np.ndarray)):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value
