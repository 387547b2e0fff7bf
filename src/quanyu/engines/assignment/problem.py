"""Check the input of an assignment, once and for all that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse

from quanyu.engines.arrays import IntArray, any_array, bool_array, int_array, require_rows, whole_number
from quanyu.engines.assignment._kernels import Candidates
from quanyu.engines.assignment.errors import CostsTooLarge, RepeatedPair
from quanyu.errors import WrongShape

# Sums of costs up to here are exact, as integers and as decimal numbers.
MOST = 2**52
NONE = -1


@dataclass(frozen=True)
class Problem:
    """Checked input: n tasks, m agents.

    ``candidates`` are those that are allowed, in the order of agents; their costs hold what a change costs. ``alone``
    (n,) is what it costs to leave a task out: ``price``, and a change where it had an agent. ``served_first`` says that
    the price was not told, so that one task more is worth any cost; ``by_count`` that every load is 1.
    """

    candidates: Candidates
    capacity: IntArray
    alone: IntArray
    price: int
    previous: IntArray | None
    change_cost: int
    served_first: bool
    by_count: bool

    @property
    def tasks(self) -> int:
        """How many tasks there are."""
        return len(self.alone)

    def objective(self, entry: IntArray) -> int:
        """Return what a choice of candidates (−1: nobody) costs, with all that is left out."""
        held = entry != NONE
        return int(self.candidates.cost[entry[held]].sum()) + int(self.alone[~held].sum())

    def agent_of(self, entry: IntArray) -> IntArray:
        """Return the agent of each task, −1 for nobody."""
        agent = np.full(len(entry), NONE, dtype=np.int64)
        agent[entry != NONE] = self.candidates.agent[entry[entry != NONE]]
        return agent


def rows_of(indptr: IntArray) -> IntArray:
    """Return the row of each entry."""
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def pointers(rows: IntArray, count: int) -> IntArray:
    """Return where each of ``count`` rows starts and ends, from the rows of the entries in order."""
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))]).astype(np.int64)


def check(
    costs: Any, capacity: Any, *, loads: Any = None, allowed: Any = None, price: int | None = None,
    previous: Any = None, change_cost: int = 0,
) -> Problem:  # fmt: skip
    """Return the checked problem.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad index: negative or broken costs, loads or capacities, arrays of the wrong
        length, an agent that is not there, a pair given twice, sums beyond 2⁵².
    """
    table: Any = costs if sparse.issparse(costs) else any_array("costs", costs, expected="integers")
    require_rows("costs", table)
    shape, rows, agent, cost, load = _sparse(table, loads) if sparse.issparse(costs) else _dense(table, loads)
    tasks, agents = shape
    if allowed is not None:
        keep = bool_array("allowed", allowed, shape=shape)[rows, agent]
        rows, agent, cost, load = rows[keep], agent[keep], cost[keep], load[keep]
    room = int_array("capacity", capacity, shape=(agents,), low=0, high=MOST)
    change, extra = whole_number("change_cost", change_cost, low=0, high=MOST), np.zeros(tasks, dtype=np.int64)
    before = None if previous is None else int_array("previous", previous, shape=(tasks,), low=NONE, high=agents - 1)
    if before is not None:
        cost = cost + change * ((before[rows] != NONE) & (before[rows] != agent))
        extra = change * (before != NONE).astype(np.int64)
    dearest = np.zeros(tasks, dtype=np.int64)
    np.maximum.at(dearest, rows, cost)
    # At this price one task more is always worth more than all that the costs of the others can save.
    value = 1 + sum(dearest.tolist()) if price is None else whole_number("price", price, low=0, high=MOST)
    if (value + change) * tasks > MOST:
        raise CostsTooLarge(tasks=tasks, value=value + change, most=MOST)
    return Problem(
        candidates=Candidates(pointers(rows, tasks), agent.astype(np.int32), cost, load), capacity=room,
        alone=value + extra, price=value, previous=before, change_cost=change,
        served_first=price is None, by_count=loads is None,
    )  # fmt: skip


_Pairs = tuple[tuple[int, int], IntArray, IntArray, IntArray, IntArray]


def _dense(costs: Any, loads: Any) -> _Pairs:
    """Return shape, tasks, agents, costs and loads of all pairs."""
    table = int_array("costs", costs, shape=(-1, -1), low=0, high=MOST)
    tasks, agents = table.shape
    load = np.ones((tasks, 1), dtype=np.int64)
    if loads is not None:
        load = int_array("loads", loads, low=0, high=MOST)
        load = load[:, None] if load.ndim == 1 else load
        if load.shape not in ((tasks, 1), (tasks, agents)):
            raise WrongShape(name="loads", got=np.shape(loads), expected=(tasks, agents))
    rows, agent = np.repeat(np.arange(tasks), agents), np.tile(np.arange(agents), tasks)
    return (tasks, agents), rows, agent, table.ravel(), np.broadcast_to(load, table.shape).ravel()


def _sparse(costs: Any, loads: Any) -> _Pairs:
    """Return shape, tasks, agents, costs and loads of the pairs that are stored, in order."""
    matrix = sparse.csr_array(costs)
    tasks, agents = matrix.shape
    cost = int_array("costs.data", matrix.data, shape=(-1,), low=0, high=MOST)
    rows, agent = rows_of(matrix.indptr.astype(np.int64)), matrix.indices.astype(np.int64)
    load = np.ones(len(cost), dtype=np.int64)
    if loads is not None:
        load = int_array("loads", loads, shape=(-1,), low=0, high=MOST)
        if len(load) not in (tasks, len(cost)):
            raise WrongShape(name="loads", got=load.shape, expected=(len(cost),))
        load = load if len(load) == len(cost) else load[rows]
    order = np.lexsort((agent, rows))
    rows, agent = rows[order], agent[order]
    twice = (rows[1:] == rows[:-1]) & (agent[1:] == agent[:-1])
    if twice.any():
        first = int(np.argmax(twice))
        raise RepeatedPair(name="costs", row=int(rows[first]), column=int(agent[first]))
    return (tasks, agents), rows, agent, cost[order], load[order]
