"""The same problems as other programs take them: each returns (value, bound) as it claims them, none where unknown.

One thread each. A rival that stops at its time limit gives the best it has.
"""

from __future__ import annotations

import warnings

import highspy
import kmedoids
import numpy as np
import pyscipopt
from scipy import sparse

Claim = tuple[float | None, float | None]
SECONDS = 20.0


def model_all(matrix: sparse.csr_array) -> tuple[np.ndarray, sparse.csr_array, np.ndarray, np.ndarray, int]:
    """Return cost, rows, their limits and how many columns are whole: the fewest sites that cover every row."""
    n, m = matrix.shape
    return np.ones(m), matrix, np.ones(n), np.full(n, np.inf), m


def model_most(matrix: sparse.csr_array, weight: np.ndarray, p: int) -> tuple:
    """Return the same for the most weight (negative) that p sites cover."""
    n, m = matrix.shape
    count = sparse.csr_array(np.concatenate([np.ones(m), np.zeros(n)])[None])
    rows = sparse.vstack([sparse.hstack([matrix, -sparse.eye_array(n)]), count], format="csr")
    low, high = np.append(np.zeros(n), -np.inf), np.append(np.full(n, np.inf), p)
    return np.concatenate([np.zeros(m), -weight]), rows, low, high, m


def model_near(distances: np.ndarray, p: int, *, centre: bool) -> tuple:
    """Return the same for p-median or p-center: sites, then who goes where; for the centre, last the radius."""
    n, m = distances.shape
    pair, extra = np.arange(n * m), int(centre)
    served = sparse.csr_array((np.ones(n * m), (pair // m, m + pair)), shape=(n, m + n * m + extra))
    opened = sparse.csr_array(
        (np.tile([1.0, -1.0], n * m), (pair.repeat(2), np.stack([pair % m, m + pair], 1).ravel())),
        shape=(n * m, m + n * m + extra),
    )
    count = sparse.csr_array((np.ones(m), (np.zeros(m, int), np.arange(m))), shape=(1, m + n * m + extra))
    parts, low, high = (
        [served, opened, count],
        [np.ones(n), np.zeros(n * m), [p]],
        [np.ones(n), np.full(n * m, np.inf), [p]],
    )
    cost = np.concatenate([np.zeros(m), distances.ravel().astype(float)])
    if centre:
        reach = sparse.csr_array((-distances.ravel().astype(float), (pair // m, m + pair)), shape=served.shape).tolil()
        reach[:, -1] = 1.0
        parts.append(reach.tocsr())
        low.append(np.zeros(n))
        high.append(np.full(n, np.inf))
        cost = np.append(np.zeros(m + n * m), 1.0)
    return cost, sparse.vstack(parts, format="csr"), np.concatenate(low), np.concatenate(high), m


def highs(cost: np.ndarray, rows: sparse.csr_array, low: np.ndarray, high: np.ndarray, whole: int) -> Claim:
    """Ask HiGHS."""
    solver, size = highspy.Highs(), len(cost)
    for name, value in (("output_flag", False), ("threads", 1), ("time_limit", SECONDS), ("mip_rel_gap", 0.0)):
        solver.setOptionValue(name, value)
    count = np.arange(size, dtype=np.int32)
    top = np.ones(size)
    if cost[-1] == 1.0 and not cost[:-1].any():  # the radius of a centre is no share
        top[-1] = np.inf
    solver.addVars(size, np.zeros(size), top)
    solver.changeColsCost(size, count, cost)
    solver.changeColsIntegrality(whole, count[:whole], np.array([highspy.HighsVarType.kInteger] * whole))
    solver.addRows(
        rows.shape[0], low, high, rows.nnz, rows.indptr[:-1].astype(np.int32), rows.indices.astype(np.int32), rows.data
    )
    solver.run()
    info = solver.getInfo()
    found = info.primal_solution_status == 2
    return (info.objective_function_value if found else None), _finite(info.mip_dual_bound)


def scip(cost: np.ndarray, rows: sparse.csr_array, low: np.ndarray, high: np.ndarray, whole: int) -> Claim:
    """Ask SCIP."""
    model = pyscipopt.Model()
    model.hideOutput()
    model.setParam("limits/time", SECONDS)
    x = [model.addVar(vtype="B" if j < whole else "C", lb=0, ub=1, obj=float(c)) for j, c in enumerate(cost)]
    for i in range(rows.shape[0]):
        entries = range(rows.indptr[i], rows.indptr[i + 1])
        total = pyscipopt.quicksum(float(rows.data[e]) * x[rows.indices[e]] for e in entries)
        model.addCons(total >= float(low[i]) if np.isfinite(low[i]) else total <= float(high[i]))
    model.optimize()
    return (model.getObjVal() if model.getNSols() else None), _finite(model.getDualbound())


def spopt_all(distances: np.ndarray, radius: float) -> Claim:
    """Ask spopt, with HiGHS behind PuLP; it claims no bound."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pulp
        from spopt.locate import LSCP

        model = LSCP.from_cost_matrix(distances, radius)
        model.solve(pulp.HiGHS(msg=False, threads=1), results=False)
    return float(model.problem.objective.value()), None


def fasterpam(distances: np.ndarray, p: int, runs: int) -> Claim:
    """Ask kmedoids' FasterPAM so many times; it claims no bound."""
    matrix = distances.astype(np.int32)
    return float(min(kmedoids.fasterpam(matrix, p, random_state=seed, n_cpu=1).loss for seed in range(runs))), None


def _finite(bound: float) -> float | None:
    return bound if abs(bound) < 1e19 else None
