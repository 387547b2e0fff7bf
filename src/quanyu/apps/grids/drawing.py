"""Draw grids from arrays: cut out exclusive grids, divide heavy buildings, let the engine draw the rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.apps.grids.continuity import previous_labels
from quanyu.apps.grids.ground import Atoms, Ground, divide, pairs, walled
from quanyu.apps.grids.norms import Norms
from quanyu.engines.arrays import BoolArray, IntArray
from quanyu.engines.districting import Districting, district, split_heavy

# What exclusive grids cut off is a remnant below this share of the fewest households of a basic grid.
REMNANT = 0.1
# Steps of the search for each grid, where the norms say nothing: some seconds for a city, and a third less border than
# the engine's own default.
STEPS_PER_GRID = 300
OnProgress = Callable[[str, float, dict[str, Any]], bool]


class Cancelled(Exception):
    """The planner asked to stop: nothing is kept."""


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
    fingerprint = ground.fingerprint(norms)
    ground, walls = walled(ground, norms)
    sites = exclusive_labels(ground, norms, walls)
    exclusive = with_remnants(sites, ground, norms, walls)
    weights = np.where(exclusive < 0, ground.households, 0)
    parts = split_heavy(weights, norms.upper) if norms.split_heavy else np.ones(len(weights), dtype=np.int64)
    atoms = divide(ground, parts, walls)
    divided = time.perf_counter()
    _tell(on_progress, "drawing", 0.0)

    labels = exclusive[atoms.origin]
    count = int(exclusive.max(initial=-1)) + 1
    kinds = {label: str(ground.kinds[np.flatnonzero(sites == label)[0]]) for label in range(count)}
    rest = np.flatnonzero(labels < 0)
    basic = _draw_basic(atoms, rest, ground, norms, on_progress) if len(rest) else None
    reasons: dict[int, list[dict[str, Any]]] = {}
    if basic is not None:
        labels[rest] = basic.labels + count
        for unmet in basic.unmet:
            for label in unmet.districts:
                reason = {
                    "rule": unmet.rule, "by": int(unmet.by), "proven": unmet.proven,
                    "mends": [_mend(kind, value, count) for kind, value in unmet.mends],
                }  # fmt: skip
                reasons.setdefault(int(label) + count, []).append(reason)
    stages = {
        "exclusive": round(divided - started, 3), "drawing": round(time.perf_counter() - divided, 3),
    }  # fmt: skip
    return Drawing(atoms, labels, kinds, reasons, basic, stages, fingerprint)


def exclusive_labels(ground: Ground, norms: Norms, walls: BoolArray) -> IntArray:
    """Return, for each place, the exclusive grid it belongs to (−1: none).

    Neighbouring places of one kind, not parted by a barrier, are one site; a site is large enough when its footprints
    add up to ``norms.exclusive_min_m2``. A site in several communities is cut at their border, a grid in each.
    """
    rows, columns = pairs(ground.adjacency)
    wanted = np.isin(ground.kinds, norms.exclusive_kinds)
    same = (ground.kinds[rows] == ground.kinds[columns]) & wanted[rows] & ~walls
    site = _components(len(ground.kinds), rows[same], columns[same])
    footprint = np.bincount(site, weights=np.where(wanted, ground.footprint_m2, 0.0))
    large = (footprint >= norms.exclusive_min_m2)[site] & wanted
    same &= ground.community[rows] == ground.community[columns]
    site = _components(len(ground.kinds), rows[same], columns[same])
    result = np.full(len(site), -1, dtype=np.int64)
    # Numbered by the first place, so that the same ground gives the same labels.
    _, first, member = np.unique(site[large], return_index=True, return_inverse=True)
    result[large] = np.argsort(np.argsort(first))[member]
    return result


def with_remnants(labels: IntArray, ground: Ground, norms: Norms, walls: BoolArray) -> IntArray:
    """Return exclusive labels with each remnant beside a site given to the one it shares the longest border with."""
    rows, columns = pairs(ground.adjacency)
    open_ = ~walls & (ground.community[rows] == ground.community[columns])
    inside = open_ & (labels[rows] < 0) & (labels[columns] < 0)
    piece = _components(len(labels), rows[inside], columns[inside])
    small = np.bincount(piece, weights=ground.households) < REMNANT * norms.lower
    beside = open_ & (labels[rows] < 0) & (labels[columns] >= 0) & small[piece[rows]]
    sites = int(labels.max(initial=-1)) + 1
    pair, number = np.unique(piece[rows[beside]] * sites + labels[columns[beside]], return_inverse=True)
    border = np.bincount(number, weights=ground.adjacency.data[beside], minlength=len(pair))
    # The longest border last, so that it is the one that stays.
    order = np.argsort(border, kind="stable")
    owner = np.full(len(small), -1, dtype=np.int64)
    owner[pair[order] // max(sites, 1)] = pair[order] % max(sites, 1)
    return np.where(labels < 0, owner[piece], labels)


def _components(size: int, rows: IntArray, columns: IntArray) -> IntArray:
    graph = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _draw_basic(atoms: Atoms, rest: IntArray, ground: Ground, norms: Norms, on_progress: OnProgress) -> Districting:
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

    steps = norms.steps
    if steps is None and norms.seconds is None:
        steps = STEPS_PER_GRID * int(atoms.households[rest].sum() / max(norms.target or norms.lower, 1) + 1)
    previous, stability = _previous(atoms, rest, ground, norms)
    result = district(
        atoms.households[rest], adjacency, lower=norms.lower, upper=norms.upper, target=norms.target,
        border=ground.community[atoms.origin[rest]], barrier_edges=barrier.tocsr().data > 1.5,
        previous=previous, stability=stability or 0.0, objective=norms.objective,
        xy=atoms.xy[rest], area=atoms.area[rest], outer_length=atoms.outer_length[rest], seed=norms.seed,
        steps=steps, seconds=norms.seconds, on_progress=watch,
    )  # fmt: skip
    if stopped:
        raise Cancelled
    return result


def _previous(atoms: Atoms, rest: IntArray, ground: Ground, norms: Norms) -> tuple[IntArray | None, list[float]]:
    """Return today's grid of each atom and the departments', a column each, and how dear it is to leave each."""
    today = previous_labels(ground.today, atoms.origin, atoms.part, atoms.parts)
    labels = np.column_stack([today, ground.departments[atoms.origin]])[rest]
    stability = np.array([norms.stability] + [norms.fusion] * (labels.shape[1] - 1))
    told = (labels >= 0).any(axis=0)
    return (labels[:, told], stability[told].tolist()) if told.any() else (None, [])


def _tell(on_progress: OnProgress, stage: str, fraction: float) -> None:
    if not on_progress(stage, fraction, {}):
        raise Cancelled


def _mend(kind: str, value: Any, count: int) -> list[Any]:
    """Return what would mend a rule; the districts across a border are named by their grid labels."""
    return [kind, [int(label) + count for label in value] if kind == "barrier_or_border" else _plain(value)]


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list, np.ndarray)):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value
