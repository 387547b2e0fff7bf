"""The one door to HiGHS: a linear programme that grows and is solved again from where it stood, and small 0-1 models.

SciPy's own ``linprog`` starts every solve anew, which makes cutting planes some fifty times slower; so the warm simplex
is used through the binding that SciPy carries. What comes back is never believed: a bound is counted from the duals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.optimize._highspy import _core  # type: ignore[import-untyped]

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray


class Programme:
    """Minimize ``cost · x`` with bounds on columns and rows; rows and bounds may change between solves."""

    def __init__(self, cost: FloatArray, low: FloatArray, high: FloatArray) -> None:
        self.solver: Any = _core._Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off"), ("solver", "simplex")):
            self.solver.setOptionValue(name, value)
        self.columns = len(cost)
        self.solver.addVars(self.columns, low, high)
        every = np.arange(self.columns, dtype=np.int32)
        self.solver.changeColsCost(self.columns, every, np.asarray(cost, dtype=np.float64))
        self.rows = 0

    def add(self, matrix: Any, low: FloatArray, high: FloatArray) -> None:
        """Add rows ``low <= matrix · x <= high``."""
        lines = sparse.csr_array(matrix)
        self.solver.addRows(
            lines.shape[0], low, high, lines.nnz, lines.indptr[:-1].astype(np.int32), lines.indices.astype(np.int32),
            lines.data.astype(np.float64),
        )  # fmt: skip
        self.rows += lines.shape[0]

    def drop(self, rows: IntArray) -> None:
        """Take rows away."""
        if len(rows):
            self.solver.deleteRows(len(rows), rows.astype(np.int32))
            self.rows -= len(rows)

    def bound(self, low: FloatArray, high: FloatArray) -> None:
        """Set the bounds of the first columns."""
        every = np.arange(len(low), dtype=np.int32)
        self.solver.changeColsBounds(len(low), every, low, high)

    def solve(self, seconds: float = float("inf")) -> tuple[FloatArray, FloatArray] | None:
        """Return the columns' values and the rows' duals; nothing where no solution was found in time."""
        self.solver.setOptionValue("time_limit", float(min(seconds, 1e9)) + float(self.solver.getRunTime()))
        self.solver.run()
        if self.solver.getModelStatus() != _core.HighsModelStatus.kOptimal:
            return None
        solution = self.solver.getSolution()
        return np.array(solution.col_value), np.array(solution.row_dual)


def best_choice(
    cost: FloatArray, matrix: Any, low: FloatArray, high: FloatArray, *, whole: BoolArray, nodes: int, seconds: float
) -> FloatArray | None:
    """Return the best 0-1 choice that HiGHS finds within ``nodes``, or nothing."""
    limits: dict[str, Any] = {"node_limit": nodes, "mip_rel_gap": 0.0}
    if np.isfinite(seconds):
        limits["time_limit"] = max(seconds, 0.01)
    answer = milp(
        cost, constraints=LinearConstraint(matrix, low, high), bounds=Bounds(0, 1), integrality=whole.astype(np.int64),
        options=limits,
    )  # fmt: skip
    return None if answer.x is None else np.asarray(answer.x, dtype=np.float64)
