"""CP-SAT, asked in a process of its own: its library and HiGHS's carry the same names and cannot be loaded together."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
from benchmarks.clock import timed
from scipy import sparse

SECONDS = 20.0
Claim = tuple[float | None, float | None]


def cp_sat(*model: np.ndarray | sparse.csr_array) -> tuple[Claim, float]:
    """Return what CP-SAT claims, and the seconds its process computed: cost, rows, least and greatest of each."""
    run = [sys.executable, "-m", "benchmarks.siting_apart"]
    told = subprocess.run(run, input=pickle.dumps(model), stdout=subprocess.PIPE, check=True)  # noqa: S603 ourselves
    return pickle.loads(told.stdout)  # noqa: S301 written below


def _ask(cost: np.ndarray, rows: sparse.csr_array, low: np.ndarray, high: np.ndarray) -> Claim:
    """Ask with the linear programme it needs; every column is a truth value."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in cost]
    for i in range(rows.shape[0]):
        entries = slice(rows.indptr[i], rows.indptr[i + 1])
        chosen, weight = [x[j] for j in rows.indices[entries]], rows.data[entries].astype(int).tolist()
        total = cp_model.LinearExpr.weighted_sum(chosen, weight)
        model.add(total >= int(low[i]) if np.isfinite(low[i]) else total <= int(high[i]))
    model.minimize(cp_model.LinearExpr.weighted_sum(x, cost.astype(int).tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.linearization_level = 1, 2
    solver.parameters.max_time_in_seconds = SECONDS
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return (solver.objective_value if found else None), solver.best_objective_bound


if __name__ == "__main__":
    import ortools.sat.python.cp_model  # noqa: F401 importing is not timed

    given = pickle.load(sys.stdin.buffer)  # noqa: S301 written above
    sys.stdout.buffer.write(pickle.dumps(timed(lambda: _ask(*given))))
