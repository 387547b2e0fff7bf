"""Measure a plan."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting.plans import out_of_range
from quanyu.engines.districting.problem import Problem
from quanyu.engines.districting.result import Metrics, Unmet


def measure(
    problem: Problem, labels: IntArray, unmet: tuple[Unmet, ...], moved: tuple[int, ...],
) -> Metrics:  # fmt: skip
    """Return the figures of a plan."""
    count = int(labels.max()) + 1
    size = np.bincount(labels, weights=problem.weights, minlength=count).astype(np.int64)
    rows = np.repeat(np.arange(len(labels)), np.diff(problem.adjacency.indptr))
    cut = labels[rows] != labels[problem.adjacency.indices]
    out = out_of_range(size, problem.lower, problem.upper)
    ideal = problem.weights.sum() / count
    unavoidable = sum(problem.lower if each.rule == "empty" else each.by for each in unmet if each.proven)
    return Metrics(
        districts=count, in_range=int((out == 0).sum()), range_violation=int(out.sum()),
        avoidable_violation=max(0, int(out.sum()) - unavoidable),
        max_deviation=float(np.abs(size / ideal - 1).max()) if ideal else 0.0,
        cut_length=float(problem.adjacency.data[cut].sum()) / 2, cut_edges=int(cut.sum()) // 2,
        mean_polsby_popper=_roundness(problem, labels, count), moment_of_inertia=_inertia(problem, labels, count),
        load_deviation=tuple(_load_deviation(problem, labels, count)), moved_weight=moved[0] if moved else None,
        moved_weights=moved,
    )  # fmt: skip


def _roundness(problem: Problem, labels: IntArray, count: int) -> float | None:
    """Return the mean of 4π · area / outline² (Polsby-Popper), at most 1 each; ``None`` where areas are not known."""
    if problem.area is None:
        return None
    matrix = problem.adjacency
    rows = np.repeat(labels, np.diff(matrix.indptr))
    inside = rows == labels[matrix.indices]
    outline = np.bincount(labels, weights=problem.around, minlength=count)
    outline -= np.bincount(rows[inside], weights=matrix.data[inside], minlength=count)
    ground = np.bincount(labels, weights=problem.area, minlength=count)
    return float(np.minimum(4 * math.pi * ground / np.maximum(outline, 1e-9) ** 2, 1.0).mean())


def _inertia(problem: Problem, labels: IntArray, count: int) -> float | None:
    """Return the sum of squared distances of households from the centre of their district; ``None`` without places."""
    if problem.xy is None:
        return None
    weight, total = problem.weights, np.bincount(labels, weights=problem.weights, minlength=count)
    squares = 0.0
    for axis in problem.xy.T:
        centre = np.bincount(labels, weights=weight * axis, minlength=count) / np.maximum(total, 1)
        squares += float((weight * (axis - centre[labels]) ** 2).sum())
    return squares


def _load_deviation(problem: Problem, labels: IntArray, count: int) -> Iterator[float]:
    """Yield for each further load by what share of its mean a district differs the most."""
    for load in problem.loads.T:
        sums = np.bincount(labels, weights=load, minlength=count)
        yield float(np.abs(sums / sums.mean() - 1).max()) if sums.any() else 0.0
