"""Siting's door to HiGHS: a linear programme that grows, solved again from where it stood, and small 0-1 models.

SciPy's ``linprog`` starts every solve anew, which makes cutting planes some fifty times slower; hence HiGHS's own
binding. What comes back is never believed: a choice is scored by the caller, a bound is counted from the duals.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import highspy
import numpy as np
from scipy import sparse

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray

FOREVER = 1e9


class Solved(NamedTuple):
    """The columns' values and the rows' duals; of an infeasible programme no values, and the duals of a ray."""

    values: FloatArray | None
    duals: FloatArray


class Programme:
    """Minimize ``cost · x`` with bounds on columns and rows; rows and bounds may change between solves."""

    def __init__(self, cost: FloatArray, low: FloatArray, high: FloatArray) -> None:
        self.solver = _solver(presolve="off", solver="simplex")
        self.columns, self.rows = len(cost), 0
        self.solver.addVars(self.columns, low, high)
        self.solver.changeColsCost(self.columns, _count(self.columns), np.asarray(cost, dtype=np.float64))

    def add(self, matrix: Any, low: FloatArray, high: FloatArray) -> None:
        """Add rows ``low <= matrix · x <= high``."""
        _add_rows(self.solver, matrix, low, high)
        self.rows += len(low)

    def drop(self, rows: IntArray) -> None:
        """Take rows away."""
        self.solver.deleteRows(len(rows), rows.astype(np.int32))
        self.rows -= len(rows)

    def bound(self, low: FloatArray, high: FloatArray) -> None:
        """Set the bounds of the first columns."""
        self.solver.changeColsBounds(len(low), _count(len(low)), low, high)

    def limit(self, row: int, low: float, high: float) -> None:
        """Set the bounds of a row."""
        self.solver.changeRowBounds(row, low, high)

    def solve(self, seconds: float = math.inf) -> Solved | None:
        """Return the solution, or why there is none; ``None`` where time ran out."""
        self.solver.setOptionValue("time_limit", min(seconds, FOREVER) + self.solver.getRunTime())
        self.solver.run()
        status = self.solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            _, has_ray, ray = self.solver.getDualRay()
            return Solved(None, np.asarray(ray, dtype=np.float64)) if has_ray else None
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self.solver.getSolution()
        return Solved(np.array(solution.col_value), np.array(solution.row_dual))


def interior(cost: FloatArray, matrix: Any, low: FloatArray, high: FloatArray, seconds: float) -> Solved | None:
    """Minimize ``cost · x`` over 0 <= x <= 1 and ``low <= matrix · x <= high`` from within, without a vertex.

    The duals are as near as the method comes: good enough, since a bound is counted from them anyhow.
    """
    solver = _solver(solver="ipm", run_crossover="off", time_limit=min(seconds, FOREVER))
    size = len(cost)
    solver.addVars(size, np.zeros(size), np.ones(size))
    solver.changeColsCost(size, _count(size), cost)
    _add_rows(solver, matrix, low, high)
    solver.run()
    solution = solver.getSolution()
    if not solution.dual_valid:
        return None
    return Solved(np.array(solution.col_value), np.array(solution.row_dual))


def best_choice(
    cost: FloatArray, matrix: Any, low: FloatArray, high: FloatArray, *, whole: BoolArray, nodes: int, seconds: float,
    start: FloatArray,
) -> FloatArray | None:  # fmt: skip
    """Return the best 0-1 choice that HiGHS finds within ``nodes`` from ``start`` on, or nothing."""
    solver = _solver(presolve="on", mip_rel_gap=0.0, mip_max_nodes=nodes, time_limit=min(seconds, FOREVER))
    size = len(cost)
    solver.addVars(size, np.zeros(size), np.ones(size))
    solver.changeColsCost(size, _count(size), np.asarray(cost, dtype=np.float64))
    kinds = {True: highspy.HighsVarType.kInteger, False: highspy.HighsVarType.kContinuous}
    solver.changeColsIntegrality(size, _count(size), np.array([kinds[each] for each in whole.tolist()]))
    _add_rows(solver, matrix, low, high)
    known = highspy.HighsSolution()
    known.col_value = start.tolist()
    solver.setSolution(known)
    solver.run()
    found = np.array(solver.getSolution().col_value)
    return found if len(found) == size else None


def _solver(**options: Any) -> Any:
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy says no types
    for name, value in {"output_flag": False, "threads": 1, **options}.items():
        solver.setOptionValue(name, value)
    return solver


def _add_rows(solver: Any, matrix: Any, low: FloatArray, high: FloatArray) -> None:
    if isinstance(matrix, np.ndarray):  # few rows and often: SciPy would take longer than the solver
        row, column = np.nonzero(matrix)
        _pass_rows(solver, low, high, np.searchsorted(row, np.arange(len(matrix))), column, matrix[row, column])
    else:
        lines = sparse.csr_array(matrix)
        _pass_rows(solver, low, high, lines.indptr[:-1], lines.indices, lines.data)


def _pass_rows(solver: Any, low: FloatArray, high: FloatArray, begin: Any, column: Any, entry: Any) -> None:
    begin, column, entry = begin.astype(np.int32), column.astype(np.int32), entry.astype(np.float64)
    solver.addRows(len(low), low, high, len(entry), begin, column, entry)


def _count(size: int) -> Any:
    return np.arange(size, dtype=np.int32)
