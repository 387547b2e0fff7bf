"""Measure a plan."""

from __future__ import annotations

import math

import numpy as np

from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.engines.districting.plans import out_of_range
from quanyu.engines.districting.problem import Problem
from quanyu.engines.districting.result import Metrics, Unmet


def measure(
    problem: Problem, labels: IntArray, unmet: tuple[Unmet, ...], area: FloatArray | None,
    outer_length: FloatArray | None, moved: int | None,
) -> Metrics:  # fmt: skip
    """Return the figures of a plan."""
    count = int(labels.max()) + 1
    size = np.bincount(labels, weights=problem.weights, minlength=count).astype(np.int64)
    rows = np.repeat(np.arange(len(labels)), np.diff(problem.adjacency.indptr))
    cut = labels[rows] != labels[problem.adjacency.indices]
    out = out_of_range(size, problem.lower, problem.upper)
    ideal = problem.weights.sum() / count
    compact = None
    if area is not None:
        outline = np.bincount(labels[rows[cut]], weights=problem.adjacency.data[cut], minlength=count)
        if outer_length is not None:
            outline += np.bincount(labels, weights=outer_length, minlength=count)
        ground = np.bincount(labels, weights=area, minlength=count)
        round_ = 4 * math.pi * ground / np.maximum(outline, 1e-9) ** 2
        compact = float(np.minimum(round_, 1.0).mean())
    unavoidable = sum(problem.lower if each.rule == "empty" else each.by for each in unmet if each.proven)
    return Metrics(
        districts=count, in_range=int((out == 0).sum()), range_violation=int(out.sum()),
        avoidable_violation=max(0, int(out.sum()) - unavoidable),
        max_deviation=float(np.abs(size / ideal - 1).max()) if ideal else 0.0,
        cut_length=float(problem.adjacency.data[cut].sum()) / 2, cut_edges=int(cut.sum()) // 2,
        mean_polsby_popper=compact, moved_weight=moved,
    )  # fmt: skip
