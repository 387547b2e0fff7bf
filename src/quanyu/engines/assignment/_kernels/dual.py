"""The Lagrangian of "every task once": what each agent would take at given prices of the tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.assignment._kernels.knapsack import MOST_CELLS, knapsack

# Weight of the newest answer in the average of them, which gives the direction.
NEWEST = 0.1
# A step is this share of the gap, and longer after each better bound; after so many rounds without one it is shorter.
LONGEST, SHORTEST = 2.0, 1e-4
LONGER, SHORTER, PATIENCE = 1.1, 0.66, 15
# What counts as a better bound.
BETTER = 1e-7


@njit(cache=True, nogil=True)
def level(candidates: Any, capacity: Any, first_step: Any, rounds: Any) -> Any:
    """Return prices of the tasks from prices of capacity: those at which each task's cheapest agents share the load.

    Every round each task looks for the agent where ``cost + load · price`` is least; the price of an agent rises with
    the share by which it is overloaded, and falls with that by which it is not full. Steps shrink to a hundredth.
    """
    n, m = len(candidates.indptr) - 1, len(capacity)
    unit, used, price = np.zeros(m), np.zeros(m), np.zeros(n)
    best_price, best = price.copy(), -np.inf
    # Capacity has no negative price: by growing cost, the search of a task ends at the first one dearer than the best.
    agent, cost, load = candidates.agent.copy(), candidates.cost.copy(), candidates.load.copy()
    for t in range(n):
        row = slice(candidates.indptr[t], candidates.indptr[t + 1])
        order = np.argsort(cost[row], kind="mergesort")
        agent[row], cost[row], load[row] = agent[row][order], cost[row][order], load[row][order]
    for k in range(rounds):
        bound = 0.0
        for a in range(m):
            bound -= unit[a] * capacity[a]
            used[a] = 0.0
        for t in range(n):
            least, at = np.inf, candidates.indptr[t]
            for e in range(candidates.indptr[t], candidates.indptr[t + 1]):
                if cost[e] >= least:
                    break
                value = cost[e] + unit[agent[e]] * load[e]
                if value < least:
                    least, at = value, e
            price[t] = least
            bound += least
            used[agent[at]] += load[at]
        if bound > best:
            best = bound
            best_price[:] = price
        step = first_step * 0.01 ** (k / rounds)
        for a in range(m):
            unit[a] = max(0.0, unit[a] + step * (used[a] / max(capacity[a], 1) - 1.0))
    return best_price


@njit(cache=True, nogil=True)
def climb(by_agent: Any, capacity: Any, price: Any, upper: Any, rounds: Any, pace: Any) -> Any:
    """Raise the bound by the volume method; ``price`` (n,) of the tasks becomes the best found.

    ``upper`` is a value that the bound is not thought to pass. Returns the bound, what a unit of each agent's capacity
    is worth at these prices, and how often each candidate is taken on average: near 1 or 0 where the matter is clear.
    """
    n, m = len(price), len(capacity)
    widest, cells = 1, 1
    for a in range(m):
        count = by_agent.indptr[a + 1] - by_agent.indptr[a]
        widest = max(widest, count)
        if count > 0:
            cells = max(cells, min(MOST_CELLS, capacity[a]) + 1)
    room = np.empty((widest, cells), dtype=np.bool_)
    times, unit, taken = np.zeros(n, dtype=np.int64), np.zeros(m), np.zeros(len(by_agent.task), dtype=np.bool_)
    best = relax(by_agent, capacity, price, times, unit, taken, room)
    units, average, share = unit.copy(), times.astype(np.float64), taken.astype(np.float64)
    trial, stale = price.copy(), 0
    for _ in range(rounds):
        square = 0.0
        for t in range(n):
            square += (1.0 - average[t]) ** 2
        if square < 1e-9 or best >= upper or pace < SHORTEST:
            break
        step = pace * (upper - best) / square
        for t in range(n):
            trial[t] = price[t] + step * (1.0 - average[t])
        bound = relax(by_agent, capacity, trial, times, unit, taken, room)
        for t in range(n):
            average[t] += NEWEST * (times[t] - average[t])
        for e in range(len(share)):
            share[e] += NEWEST * (taken[e] - share[e])
        stale += 1
        if bound > best:
            if bound > best + BETTER * abs(best):
                stale, pace = 0, min(LONGEST, pace * LONGER)
            best = bound
            price[:] = trial
            units[:] = unit
        elif stale >= PATIENCE:
            stale, pace = 0, pace * SHORTER
    return best, units, share


@njit(cache=True, nogil=True)
def relax(by_agent: Any, capacity: Any, price: Any, times: Any, unit: Any, taken: Any, room: Any) -> Any:
    """Let every agent take what is worth most to it; return the bound that follows.

    ``times`` becomes how often each task is taken, ``unit`` what a unit of each capacity is worth, ``taken`` the
    candidates taken.
    """
    widest = room.shape[0]
    profit, load = np.empty(widest), np.empty(widest, dtype=np.int64)
    entry, chosen = np.empty(widest, dtype=np.int64), np.empty(widest, dtype=np.bool_)
    bound = 0.0
    for t in range(len(price)):
        bound += price[t]
        times[t] = 0
    for a in range(len(capacity)):
        count = 0
        for e in range(by_agent.indptr[a], by_agent.indptr[a + 1]):
            taken[e] = False
            gain = price[by_agent.task[e]] - by_agent.cost[e]
            if gain > 0.0:
                profit[count], load[count], entry[count] = gain, by_agent.load[e], e
                count += 1
        value, unit[a] = knapsack(profit, load, count, capacity[a], chosen, room)
        bound -= value
        for i in range(count):
            if chosen[i]:
                taken[entry[i]] = True
                times[by_agent.task[entry[i]]] += 1
    return bound
