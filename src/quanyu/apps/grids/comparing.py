"""Compare: draw what other norms would give on one ground, and keep the figures alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from quanyu.apps.grids.continuity import households_moved
from quanyu.apps.grids.drawing import Drawing, OnProgress, draw_on
from quanyu.apps.grids.figures import grid_figures
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.preparing import Prepared
from quanyu.apps.grids.refusals import ImpossibleCount, NothingToMove, as_stored
from quanyu.engines.districting.curves import STABILITIES

# Each point is drawn as a run with its norms would draw it, so that whoever draws with them gets its very figures: the
# engine's own curves know neither exclusive grids nor the departments that a plan may be close to.
Point = dict[str, Any]
# Seeds, beside the norms' own, with which the norms are drawn again: what differs then is chance.
AGAIN = 2


class Compared(NamedTuple):
    """The points of a comparison, and the norms as they are drawn again by other seeds."""

    points: list[Point]
    again: list[Point]


def compare_counts(prepared: Prepared, norms: Norms, sides: int, on_progress: OnProgress) -> Compared:
    """Return the figures of plans with up to ``sides`` basic grids less and more than the norms give.

    Norms that name no number come first: they are free to choose in each piece of the ground the number that fits it
    best, which a number for the whole is not.

    Raises
    ------
    Cancelled
    """
    free: list[Point] = []
    total = 2 * sides + 1 + AGAIN
    if norms.grids is None:
        total += 1
        free = _drawn(prepared, norms, [{"grids": None}], on_progress, (0, total))
    middle = norms.grids if norms.grids is not None else int(free[0]["basic"])
    counts = [{"grids": count} for count in range(max(1, middle - sides), middle + sides + 1)]
    return _compared(prepared, norms, free, counts, on_progress)


def compare_moves(prepared: Prepared, norms: Norms, on_progress: OnProgress) -> Compared:
    """Return the figures of plans from one free to move all households to one that moves the least.

    Raises
    ------
    Cancelled
    NothingToMove
        No plan in force holds any of the buildings.
    """
    if not prepared.has_today:
        raise NothingToMove
    closeness = [{"stability": each} for each in sorted({*STABILITIES, norms.stability})]
    return _compared(prepared, norms, [], closeness, on_progress)


def _compared(
    prepared: Prepared, norms: Norms, points: list[Point], changes: list[Point], on_progress: OnProgress
) -> Compared:
    """Return the points drawn already and those of the changes, and what other seeds give."""
    seeds = [{"seed": norms.seed + step} for step in range(1, AGAIN + 1)]
    first, last = len(points), len(points) + len(changes)
    points = points + _drawn(prepared, norms, changes, on_progress, (first, last + AGAIN))
    return Compared(points, _drawn(prepared, norms, seeds, on_progress, (last, last + AGAIN)))


def _drawn(
    prepared: Prepared, norms: Norms, changes: Iterable[Point], on_progress: OnProgress, span: tuple[int, int]
) -> list[Point]:
    """Return a point for each change of the norms; ``span`` counts those done before, and all."""
    done, total = span
    points = []
    for number, change in enumerate(changes, start=done):

        def watch(_stage: str, fraction: float, best: dict[str, Any], number: int = number) -> bool:
            counted = {**best, "point": number + 1, "points": total}
            return on_progress("comparing", (number + fraction) / total, counted)

        points.append({"norms": change} | _figures(prepared, replace(norms, **change), watch))
    return points


def _figures(prepared: Prepared, norms: Norms, on_progress: OnProgress) -> Point:
    """Return the figures of a plan as its page would show them, or why there can be none."""
    try:
        drawn = draw_on(prepared, norms, on_progress)
    except ImpossibleCount as error:
        return {"error": as_stored(error)}
    figures = grid_figures(drawn.atoms, drawn.labels)
    is_basic = (np.arange(len(figures["households"])) >= len(drawn.exclusive_kind)) & (figures["households"] > 0)
    households = figures["households"][is_basic]
    outside = np.maximum(np.maximum(norms.lower - households, households - norms.upper), 0)
    return {
        "basic": len(households), "basic_in_range": int((outside == 0).sum()), "range_violation": int(outside.sum()),
        "largest": int(households.max(initial=0)), "cut_length_m": _cut_length(drawn),
        "mean_compactness": round(float(figures["compactness"][is_basic].mean()), 4) if len(households) else None,
        "moved": _moved(prepared, drawn), **_engine_figures(drawn, norms),
    }  # fmt: skip


def _cut_length(drawn: Drawing) -> float:
    matrix = drawn.atoms.adjacency
    rows = np.repeat(np.arange(len(drawn.labels)), np.diff(matrix.indptr))
    return round(float(matrix.data[drawn.labels[rows] != drawn.labels[matrix.indices]].sum()) / 2, 1)


def _moved(prepared: Prepared, drawn: Drawing) -> int | None:
    """Return the households whose grid's code is not kept by the grid they come to; ``None`` where no plan is."""
    if not prepared.has_today:
        return None
    atoms = drawn.atoms
    return households_moved(
        prepared.today, atoms.origin, atoms.part, atoms.parts, atoms.area, atoms.households, drawn.labels
    )


def _engine_figures(drawn: Drawing, norms: Norms) -> Point:
    """Return what the engine counts on the ground of basic grids alone.

    ``distance_m`` is how far households lie from the middle of their grid, the root of the mean square; ``least_moved``
    what every plan moves at least that keeps the range wherever it can be kept. Of a number of grids the engine proves
    it for plans that keep it everywhere, and where there are none that says nothing.
    """
    if drawn.basic is None:
        return {"cut_edges": 0, "distance_m": None, "least_moved": None}
    metrics, households = drawn.basic.metrics, int(drawn.basic.weights.sum())
    inertia = metrics.moment_of_inertia
    distance = None if inertia is None or not households else round(math.sqrt(inertia / households), 1)
    least = drawn.basic.bound.moved if norms.grids is None else None
    return {"cut_edges": metrics.cut_edges, "distance_m": distance, "least_moved": least}
