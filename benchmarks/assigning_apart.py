"""CP-SAT on an assignment, in a process of its own: its library and HiGHS's cannot be loaded together."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np

Case = tuple[np.ndarray, np.ndarray, np.ndarray, float]
Answer = tuple[np.ndarray | None, float]


def cp_sat(*case: np.ndarray | float) -> Answer:
    """Return the agent of each task and the bound that CP-SAT tells: of costs, loads, capacities, and seconds."""
    run = [sys.executable, "-m", "benchmarks.assigning_apart"]
    told = subprocess.run(run, input=pickle.dumps(case), stdout=subprocess.PIPE, check=True)  # noqa: S603 ourselves
    return pickle.loads(told.stdout)  # noqa: S301 written below


def _ask(costs: np.ndarray, loads: np.ndarray, room: np.ndarray, seconds: float) -> Answer:
    """Ask with the linear programme it needs on one thread."""
    from ortools.sat.python import cp_model

    n, m = costs.shape
    model = cp_model.CpModel()
    x = [[model.new_bool_var("") for _ in range(m)] for _ in range(n)]
    for row in x:
        model.add_exactly_one(row)
    for a in range(m):
        model.add(sum(int(loads[t, a]) * x[t][a] for t in range(n)) <= int(room[a]))
    model.minimize(sum(int(costs[t, a]) * x[t][a] for t in range(n) for a in range(m)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.linearization_level = 1, 2
    solver.parameters.max_time_in_seconds = seconds
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, solver.best_objective_bound
    return np.array([[solver.value(each) for each in row] for row in x]).argmax(axis=1), solver.best_objective_bound


if __name__ == "__main__":
    given = pickle.load(sys.stdin.buffer)  # noqa: S301 written above
    sys.stdout.buffer.write(pickle.dumps(_ask(*given)))
