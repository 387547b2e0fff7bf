"""What a household out of range, a move, a shape cost in a search; all in mean borders."""

from __future__ import annotations

import math

import numpy as np

from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Rules
from quanyu.engines.districting.problem import Problem

AIMS = {
    "cut_length": _kernels.CUT,
    "cut_edges": _kernels.CUT,
    "polsby_popper": _kernels.ROUND,
    "moment_of_inertia": _kernels.INERTIA,
}
# One household outside the range: high enough that no border is worth it.
WALL_RANGE = 50.0
# With k given: twenty borders for one per cent of the ideal weight.
WALL_K = 2000.0
# A district a whole span from the target.
PULL_TARGET = 0.4
# A grid's worth of households that leaves its previous district, at full stability.
STAY = 100.0
# A load twice its mean, at full balance.
BALANCE = 100.0


def rules_of(problem: Problem) -> Rules:
    """Return the prices of a problem."""
    target = max(problem.target, 1)
    free, span = not problem.is_tight, max(1, problem.upper - problem.lower)
    wall = WALL_RANGE if free else WALL_K / target
    stay = problem.stability * STAY / target
    if problem.k is not None:
        # At full stability no border is worth a move, and only the range is.
        stay = np.where(problem.stability >= 1, wall / 2, stay)
    totals = problem.loads.sum(axis=0)
    return Rules(
        lower=problem.lower, upper=problem.upper, target=target, pull=PULL_TARGET / span**2 if free else 0.0,
        wall=wall, stay=stay,
        aim=AIMS[problem.objective], scale=_scale(problem), balance=problem.balance * BALANCE,
        mean_loads=np.where(totals > 0, totals, 1.0) / problem.districts,
    )  # fmt: skip


def _scale(problem: Problem) -> float:
    """Return the price of the unit of a shape such that a border more is about as dear as it is in a cut.

    A district of area A and roundness ½ has an outline of √(8π A), and a border more takes 1/√(8π A) off its roundness.
    Weight that goes from one district to the next at a distance d of their centres, an atom of size s too far, adds
    2 d s to the inertia for each household.
    """
    if problem.objective == "polsby_popper":
        assert problem.area is not None  # noqa: S101 checked before
        return math.sqrt(8 * math.pi * max(float(problem.area.sum()), 1e-9) / problem.districts) / problem.length_unit
    if problem.objective == "moment_of_inertia":
        assert problem.xy is not None  # noqa: S101 checked before
        extent = max(float(np.prod(np.ptp(problem.xy, axis=0))) / problem.length_unit**2, 1e-9)
        atom = max(float(problem.weights.mean()), 1e-9)
        return math.sqrt(problem.districts * len(problem.weights)) / (2 * atom * extent)
    return 0.0
