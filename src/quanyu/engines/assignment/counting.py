"""Assign by number of places: exact, with prices of the places as the proof."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.assignment._kernels import FAR, Candidates, Flow, Reach, assign_places
from quanyu.engines.assignment.problem import NONE, Problem, rows_of


def assign_by_count(problem: Problem) -> tuple[IntArray, IntArray]:
    """Return the candidate of each task (−1: nobody) at the least cost, and the price of a place at each agent."""
    given, tasks, agents = problem.candidates, problem.tasks, len(problem.capacity)
    order = np.lexsort((given.cost, rows_of(given.indptr)))
    ascending = Candidates(given.indptr, given.agent[order], given.cost[order], given.load[order])

    def none(size: int) -> IntArray:
        return np.full(size, NONE, dtype=np.int64)

    zeros = np.zeros((2, agents), dtype=np.int64)
    flow = Flow(none(tasks), zeros[0], zeros[1], none(agents), none(tasks), none(tasks))
    reach = Reach(np.full(agents, FAR), none(agents), none(agents), none(agents))
    # Nobody would pay so much for a place at an agent that has none.
    flow.price[problem.capacity == 0] = problem.alone.max()
    assign_places(ascending, problem.capacity, problem.alone, flow, reach)
    held = flow.entry != NONE
    flow.entry[held] = order[flow.entry[held]]
    return flow.entry, flow.price


def bound_by_places(problem: Problem, price: IntArray) -> int:
    """Return the bound that prices of places prove: no assignment costs less.

    A task pays at the least the least ``cost + price`` of its candidates, or what it costs to leave it out; and no more
    than all places are paid for. All in integers.
    """
    given = problem.candidates
    least = problem.alone.copy()
    np.minimum.at(least, rows_of(given.indptr), given.cost + price[given.agent])
    return int(least.sum()) - int((price * problem.capacity).sum())
