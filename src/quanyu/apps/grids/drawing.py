"""Draw grids from arrays: the engine draws the basic grids of a prepared ground, as its exclusive ones leave it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quanyu.apps.grids.ground import Atoms, Ground
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.preparing import Prepared, prepare
from quanyu.apps.grids.refusals import ImpossibleCount
from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import Districting, district

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
    ImpossibleCount
        There can be no such number of grids.
    """
    tell(on_progress, "exclusive", 0.0)
    return draw_on(prepare(ground, norms), norms, on_progress)


def draw_on(prepared: Prepared, norms: Norms, on_progress: OnProgress) -> Drawing:
    """Return grids for a prepared ground; ``norms`` may name another number of grids or closeness than prepared by.

    Raises
    ------
    Cancelled, ImpossibleCount
        As :func:`draw` does.
    """
    started = time.perf_counter()
    tell(on_progress, "drawing", 0.0)
    labels = prepared.exclusive.copy()
    count, rest = len(prepared.exclusive_kind), prepared.rest
    basic = _draw_basic(prepared, norms, on_progress) if len(rest) else None
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
        "exclusive": round(prepared.seconds, 3), "drawing": round(time.perf_counter() - started, 3),
    }  # fmt: skip
    return Drawing(
        prepared.atoms, labels, prepared.exclusive_kind, reasons, basic, stages, prepared.fingerprint
    )  # fmt: skip


def tell(on_progress: OnProgress, stage: str, fraction: float) -> None:
    """Say how far a drawing is.

    Raises
    ------
    Cancelled
        The caller asked to stop.
    """
    if not on_progress(stage, fraction, {}):
        raise Cancelled


def _draw_basic(prepared: Prepared, norms: Norms, on_progress: OnProgress) -> Districting:
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
        steps = STEPS_PER_GRID * int(prepared.arrays["weights"].sum() / max(norms.target or norms.lower, 1) + 1)
    previous, stability = _previous(prepared, norms)
    result = district(
        **prepared.arrays, lower=norms.lower, upper=norms.upper, target=norms.target, k=_count(prepared, norms),
        previous=previous, stability=stability or 0.0, objective=norms.objective, seed=norms.seed, steps=steps,
        seconds=norms.seconds, on_progress=watch,
    )  # fmt: skip
    if stopped:
        raise Cancelled
    return result


def _count(prepared: Prepared, norms: Norms) -> int | None:
    """Return how many districts the engine is asked for: uninhabited ground is one apiece, and no basic grid."""
    if norms.grids is None:
        return None
    if not prepared.pieces <= norms.grids <= prepared.homes:
        raise ImpossibleCount(grids=norms.grids, least=prepared.pieces, most=prepared.homes)
    return norms.grids + prepared.uninhabited


def _previous(prepared: Prepared, norms: Norms) -> tuple[IntArray | None, list[float]]:
    """Return today's grid of each atom and the departments', a column each, and how dear it is to leave each."""
    labels = prepared.previous
    stability = np.array([norms.stability] + [norms.fusion] * (labels.shape[1] - 1))
    told = (labels >= 0).any(axis=0)
    return (labels[:, told], stability[told].tolist()) if told.any() else (None, [])


def _mend(kind: str, value: Any, count: int) -> list[Any]:
    """Return what would mend a rule; the districts across a border are named by their grid labels."""
    return [kind, [int(label) + count for label in value] if kind == "barrier_or_border" else _plain(value)]


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list, np.ndarray)):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value
