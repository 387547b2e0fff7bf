"""Assign tasks to agents: stewards to enterprises, workers to grids, people to posts; with proofs and reasons.

What goes in and out: ``problem`` (checks), ``errors``, ``result``, ``reasons`` (why nobody has a task). By number of
places: ``counting``, exact. By loads: ``loading``, which climbs prices over ``parts``, builds choices by ``diving`` and
hands what stays open to ``branching`` (HiGHS); ``certificates`` is what prices prove. Posts: ``matching``. Compiled
loops: ``_kernels``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sparse

from quanyu.engines.arrays import number, whole_number
from quanyu.engines.assignment import reasons
from quanyu.engines.assignment.certificates import scale_of
from quanyu.engines.assignment.counting import assign_by_count, bound_by_places
from quanyu.engines.assignment.loading import Found, Loading
from quanyu.engines.assignment.matching import blocking_pairs, match, match_by_points
from quanyu.engines.assignment.problem import NONE, Problem, check
from quanyu.engines.assignment.result import Assignment, Matching, Progress, Unassigned, Unmatched

__all__ = [
    "Assignment",
    "Matching",
    "Progress",
    "Unassigned",
    "Unmatched",
    "assign",
    "blocking_pairs",
    "match",
    "match_by_points",
    "warm",
]


def assign(
    costs: Any,
    capacity: Any,
    *,
    loads: Any = None,
    allowed: Any = None,
    price: int | None = None,
    previous: Any = None,
    change_cost: int = 0,
    seed: int = 0,
    steps: int | None = None,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Assignment:
    """Give every task to one agent within the agents' capacities, at the least cost.

    Parameters
    ----------
    costs : (n, m) int64, whole numbers of 0 or more, such as metres; or CSR, whose stored entries (zeros too) are the
        only pairs allowed
    capacity : (m,) int64, how many tasks an agent takes, or how much load
    loads : what a task takes of a capacity: (n,), or (n, m) if it depends on the agent, or (nnz,) along ``costs.data``;
        each counts 1 if ``None``, and the answer is exact
    allowed : (n, m) bool, which pairs may be; all if ``None``
    price : what it costs to leave a task out; by default so much that one task more is worth any cost
    previous, change_cost : (n,) int64 the agent of today (−1 none), and what it costs to give a task to another
    steps : with loads, how many times an assignment is built from the prices; the default falls with the size
    seconds : with loads, stop when so much time has passed; the result depends on the machine then
    on_progress : called after each step; ``False`` stops, and the best assignment so far is returned

    Returns
    -------
    Assignment
        With a proven bound, and a reason for each task left out. The same inputs, seed and steps give the same answer.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad index and what would mend it.

    References
    ----------
    .. [1] Kuhn, H. W. (1955). The Hungarian method for the assignment problem. Naval Research Logistics 2, 83-97.
    .. [2] Fisher, M. L., Jaikumar, R. and Van Wassenhove, L. N. (1986). A multiplier adjustment method for the
       generalized assignment problem. Management Science 32(9), 1095-1103.
    .. [3] Barahona, F. and Anbil, R. (2000). The volume algorithm. Mathematical Programming 87, 385-399.
    .. [4] Yagiura, M., Ibaraki, T. and Glover, F. (2004). An ejection chain approach for the generalized assignment
       problem. INFORMS Journal on Computing 16(2), 133-151.

    Examples
    --------
    >>> found = assign([[1, 5], [2, 9], [1, 4]], [2, 1])
    >>> found.agent, found.cost, found.bound
    (array([0, 0, 1]), 7, 7)
    """
    begun = time.monotonic()
    problem = check(
        costs, capacity, loads=loads, allowed=allowed, price=price, previous=previous, change_cost=change_cost
    )
    seed = whole_number("seed", seed, low=0)
    steps = None if steps is None else whole_number("steps", steps, low=1)
    seconds = None if seconds is None else number("seconds", seconds, low=0.0)

    def tell(fraction: float, done: int, objective: int, bound: int) -> bool:
        return on_progress is None or on_progress(Progress(fraction, done, objective, bound)) is not False

    if problem.by_count:
        entry, prices = assign_by_count(problem)
        bound = bound_by_places(problem, prices)
        out = int((entry == NONE).sum()) if price is None else 0
        found = Found(entry, prices, bound, problem.objective(entry) == bound, out, 0, "end")
        return _answer(problem, found, 1, begun)
    search = Loading(problem, seed=seed, steps=steps, seconds=seconds, tell=tell, begun=begun)
    return _answer(problem, search.run(), scale_of(search.whole), begun)


def _answer(problem: Problem, found: Found, scale: int, begun: float) -> Assignment:
    """Return the result of what was found, with all figures computed anew from it."""
    entry, agent = found.entry, problem.agent_of(found.entry)
    held = entry != NONE
    used = np.zeros(len(problem.capacity), dtype=np.int64)
    np.add.at(used, agent[held], problem.candidates.load[entry[held]])
    known = np.full(problem.tasks, NONE) if problem.previous is None else problem.previous
    is_moved = (known != NONE) & (agent != known)
    objective, out = problem.objective(entry), int((~held).sum())
    is_optimal = found.is_optimal or objective == found.bound
    return Assignment(
        agent=agent, used=used, cost=objective - problem.change_cost * int(is_moved.sum()) - problem.price * out,
        changed=int((is_moved & held).sum()), objective=objective, bound=found.bound,
        gap=0.0 if is_optimal else _gap(problem, found, objective, out), is_optimal=is_optimal,
        unassigned=reasons.unassigned(problem, entry, used), fewest_out=found.fewest_out, prices=found.price,
        scale=scale, steps=found.steps, seconds=time.monotonic() - begun, stopped=found.stopped,
    )  # fmt: skip


def _gap(problem: Problem, found: Found, objective: int, out: int) -> float | None:
    """Return how far the objective may lie above the least; a default price is no cost that it could be a share of."""
    if not problem.served_first:
        return (objective - found.bound) / max(objective, 1)
    return (objective - found.bound) / max(objective - problem.price * out, 1) if out == found.fewest_out else None


def warm() -> None:
    """Compile what assigning needs, so that nobody waits for it later."""
    costs = np.arange(40).reshape(10, 4) * 7 % 11
    assign(costs, [3, 3, 3, 3])
    assign(costs, [9, 9, 9, 9], loads=np.arange(10) % 4 + 1, steps=1)
    match(sparse.csr_array(np.array([[1, 2], [1, 0]])), np.ones(3), [1, 1])
