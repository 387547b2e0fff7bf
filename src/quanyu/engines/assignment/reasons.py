"""Say of each task that nobody has why, and whose capacity would mend it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import breadth_first_order

from quanyu.engines.arrays import IntArray
from quanyu.engines.assignment.problem import NONE, Problem, rows_of
from quanyu.engines.assignment.result import Unassigned


def unassigned(problem: Problem, entry: IntArray, used: IntArray) -> tuple[Unassigned, ...]:
    """Return each task left out, with its reason."""
    out = np.flatnonzero(entry == NONE).tolist()
    passing = _passing(problem, entry) if out and problem.by_count else None
    return tuple(_reason(problem, t, problem.capacity - used, passing) for t in out)


def _reason(problem: Problem, t: int, room: IntArray, passing: sparse.csr_array | None) -> Unassigned:
    here = problem.candidates
    span = slice(int(here.indptr[t]), int(here.indptr[t + 1]))
    agents, load = here.agent[span].astype(np.int64), here.load[span]
    if not len(agents):
        return Unassigned(t, "no_candidate", (), 0)
    short = load - problem.capacity[agents]
    if (short > 0).all() and not problem.by_count:
        return Unassigned(t, "too_heavy", tuple(agents[short == short.min()].tolist()), int(short.min()))
    if passing is not None:
        agents = _reached(passing, agents)
        load = np.ones(len(agents), dtype=np.int64)
    missing = load - room[agents]
    if (missing <= 0).any():
        return Unassigned(t, "too_dear", tuple(agents[missing <= 0].tolist()), 0)
    nearest = missing == missing.min()
    return Unassigned(t, "full", tuple(agents[nearest].tolist()), int(missing.min()))


def _passing(problem: Problem, entry: IntArray) -> sparse.csr_array:
    """Return which agents could pass a task of theirs on to which others."""
    here, m = problem.candidates, len(problem.capacity)
    holder = problem.agent_of(entry)[rows_of(here.indptr)]
    held = holder != NONE
    pairs = np.unique(holder[held] * m + here.agent[held])
    return sparse.csr_array((np.ones(len(pairs)), (pairs // m, pairs % m)), shape=(m, m))


def _reached(passing: sparse.csr_array, agents: IntArray) -> IntArray:
    """Return all agents to whom a task can come that one of these candidates could take."""
    reached = set[int]()
    for a in agents.tolist():
        if a not in reached:
            reached.update(breadth_first_order(passing, a, return_predecessors=False).tolist())
    return np.array(sorted(reached))
