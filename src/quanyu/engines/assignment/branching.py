"""Hand what is still open to HiGHS: the tasks and candidates that a better assignment could use."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.engines.assignment.parts import Part

OPTIMAL, INFEASIBLE = 0, 2
NO_LIMIT = 1e9


def branch(
    part: Part, upper: int, *, nodes: int, seconds: float | None, out: int | None = None
) -> tuple[IntArray | None, bool]:
    """Return the candidates of an assignment cheaper than ``upper`` (or ``None``), and whether the search was whole.

    If it was, no assignment by these candidates is cheaper than the one returned, or than ``upper`` if there is none.
    With ``out`` only assignments that leave so many tasks to nobody are looked at.
    """
    here, size = part.candidates, len(part.origin)
    once = _table(np.ones(size), part.rows, len(here.indptr) - 1)
    fits = _table(here.load.astype(np.float64), here.agent.astype(np.int64), len(part.room))
    nobody = (here.agent == len(part.room) - 1).astype(np.float64)
    found = milp(
        here.cost.astype(np.float64), integrality=np.ones(size, dtype=np.int64), bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(once, 1, 1), LinearConstraint(fits, -np.inf, part.room.astype(np.float64)),
            LinearConstraint(here.cost[None, :].astype(np.float64), -np.inf, upper - 1),
            LinearConstraint(nobody[None, :], *((0, np.inf) if out is None else (out, out))),
        ],
        options={"node_limit": nodes, "mip_rel_gap": 0.0, "time_limit": NO_LIMIT if seconds is None else seconds},
    )  # fmt: skip
    if found.x is None:
        return None, found.status == INFEASIBLE
    chosen = np.flatnonzero(found.x > 0.5)
    used = np.bincount(here.agent[chosen], weights=here.load[chosen], minlength=len(part.room))
    is_whole = len(chosen) == len(here.indptr) - 1 and (np.diff(part.rows[chosen]) > 0).all()
    if not is_whole or (used > part.room).any() or out not in (None, int(nobody[chosen].sum())):
        return None, False  # what HiGHS calls feasible is so within its tolerance
    return part.origin[chosen], found.status == OPTIMAL


def _table(values: FloatArray, rows: IntArray, count: int) -> sparse.csr_array:
    """Return one value for each column, in the row given."""
    table: sparse.csr_array = sparse.coo_array((values, (rows, np.arange(len(rows)))), (count, len(rows))).tocsr()
    return table
