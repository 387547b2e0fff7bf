"""Hand what is still open to HiGHS: the tasks and candidates that a better assignment could use."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from quanyu.engines.arrays import IntArray
from quanyu.engines.assignment.parts import Part

OPTIMAL, INFEASIBLE = 0, 2


def branch(part: Part, upper: int, *, nodes: int, seconds: float | None) -> tuple[IntArray | None, bool]:
    """Return the candidates of an assignment cheaper than ``upper`` (or ``None``), and whether the search was whole.

    If it was, no assignment by these candidates is cheaper than the one returned, or than ``upper`` if there is none.
    """
    here, size = part.candidates, len(part.origin)
    ones, entries = np.ones(size), np.arange(size)
    once = sparse.csr_array((ones, (part.rows, entries)), shape=(len(here.indptr) - 1, size))
    fits = sparse.csr_array((here.load, (here.agent, entries)), shape=(len(part.room), size), dtype=np.float64)
    limits = {"node_limit": nodes, "mip_rel_gap": 0.0}
    found = milp(
        here.cost.astype(np.float64), integrality=ones, bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(once, 1, 1), LinearConstraint(fits, -np.inf, part.room.astype(np.float64)),
            LinearConstraint(here.cost[None, :].astype(np.float64), -np.inf, upper - 1),
        ],
        options=limits if seconds is None else {**limits, "time_limit": seconds},
    )  # fmt: skip
    if found.x is None:
        return None, found.status == INFEASIBLE
    chosen = np.flatnonzero(found.x > 0.5)
    used = np.bincount(here.agent[chosen], weights=here.load[chosen], minlength=len(part.room))
    if len(chosen) != len(here.indptr) - 1 or (np.diff(part.rows[chosen]) == 0).any() or (used > part.room).any():
        return None, False  # what HiGHS calls feasible is so within its tolerance
    return part.origin[chosen], found.status == OPTIMAL
