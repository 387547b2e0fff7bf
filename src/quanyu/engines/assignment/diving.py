"""Make an assignment of the shares of a Lagrangian: settle the clearest tasks, let the prices of the others follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.engines.assignment._kernels import Agents, Plan, WordArray, search
from quanyu.engines.assignment.parts import Dual, Part, climbed, rank_in_row

# Of the tasks that are left, the share that is settled at once; rounds of prices after each time.
SETTLED, ROUNDS, PACE = 0.15, 150, 0.3
# Chance added to the shares, so that every dive is another.
CHANCE = 0.2
# How far above the bound an answer is sought.
ABOVE = 1.01
# Promising candidates of each task in the search by chains.
NEAR = 4
# Temperatures of that search, in the mean worth of a unit of capacity, or in units of cost where that is less.
HOT, COLD = 0.2, 0.06
# By what overload grows dearer in a sweep, at the least, and in all sweeps.
LEAST_DEARER, DEARER_IN_ALL = 1.01, 2000.0
NEVER = 2**62


def dive(whole: Part, dual: Dual, random: np.random.Generator, effort: float) -> IntArray:
    """Return a candidate for each task; agents may be given more than they hold.

    Of the tasks left, those with the greatest shares get the candidate of that share, or, where that has no more room,
    the one cheapest with its overload. The others' prices are then adapted to what is left: fixing a few at a time is
    what keeps the bound of the rest near that of the whole.
    """
    over, room = overload_price(whole, dual), whole.room.copy()
    chosen = np.full(len(whole.candidates.indptr) - 1, -1, dtype=np.int64)
    whole = replace(whole, origin=np.arange(len(whole.origin)))
    part, now, spent = whole, dual, 0
    while True:
        here, picks = part.candidates, _clearest(part, now.share, random)
        for t, e in picks:
            if here.load[e] > room[here.agent[e]]:
                span = slice(int(here.indptr[t]), int(here.indptr[t + 1]))
                agent, load = here.agent[span], here.load[span]
                excess = np.maximum(0, load - np.maximum(room[agent], 0))
                e = span.start + int(np.argmin(here.cost[span] + dual.unit[agent] * load + over[agent] * excess))
            room[here.agent[e]] -= here.load[e]
            chosen[whole.rows[part.origin[e]]] = part.origin[e]
            spent += int(here.cost[e])
        left = (chosen < 0)[whole.rows[part.origin]]
        if not left.any():
            return chosen
        tasks = np.unique(part.rows[left])
        left &= (here.load <= room[here.agent]) | (here.agent == len(room) - 1)
        part = part.without(left, np.maximum(room, 0))
        goal = max(ABOVE * dual.bound - spent, 1.0)
        now = climbed(part, now.price[tasks], upper=goal, rounds=max(10, int(ROUNDS * effort)), pace=PACE)


def _clearest(part: Part, share: FloatArray, random: np.random.Generator) -> list[tuple[int, int]]:
    """Return the tasks with the greatest shares, each with the candidate of it."""
    indptr = part.candidates.indptr
    greatest = np.maximum.reduceat(share, indptr[:-1])
    first = np.flatnonzero(share == greatest[part.rows])
    tasks, place = np.unique(part.rows[first], return_index=True)
    order = np.argsort(-(greatest + random.uniform(0.0, CHANCE, len(tasks))), kind="stable")
    chosen = order[: max(1, int(SETTLED * len(tasks)))]
    return list(zip(tasks[chosen].tolist(), first[place[chosen]].tolist(), strict=True))


def overload_price(whole: Part, dual: Dual) -> FloatArray:
    """Return what a unit of overload of each agent costs at the least: never nothing, also where capacity is free."""
    here = whole.candidates
    mean = float(here.cost.mean()) / max(float(here.load.mean()), 1.0) / 100
    return np.maximum(dual.unit, max(float(dual.unit[:-1].mean()), mean, 1e-6))


def relieved(part: Part, chosen: IntArray) -> IntArray:
    """Return the choice with the largest tasks of overloaded agents, and those of nobody, given to others with room.

    What fits nowhere is nobody's.
    """
    here, chosen, nobody = part.candidates, chosen.copy(), len(part.room) - 1
    room = part.room - np.bincount(here.agent[chosen], here.load[chosen], minlength=len(part.room)).astype(np.int64)
    for t in np.argsort(-here.load[chosen], kind="stable").tolist():
        if room[here.agent[chosen[t]]] < 0 or here.agent[chosen[t]] == nobody:
            room[here.agent[chosen[t]]] += here.load[chosen[t]]
            _give(part, chosen, room, t)
    return chosen


def filled(part: Part, chosen: IntArray) -> IntArray:
    """Return the choice with each task that nobody has given to the cheapest with room for it, smallest loads first."""
    here, chosen = part.candidates, chosen.copy()
    room = part.room - np.bincount(here.agent[chosen], here.load[chosen], minlength=len(part.room)).astype(np.int64)
    out = np.flatnonzero(here.agent[chosen] == len(part.room) - 1)
    smallest = np.minimum.reduceat(np.where(here.agent == len(part.room) - 1, NEVER, here.load), here.indptr[:-1])
    for t in out[np.argsort(smallest[out], kind="stable")].tolist():
        _give(part, chosen, room, t)
    return chosen


def _give(part: Part, chosen: IntArray, room: IntArray, t: int) -> None:
    """Give a task that takes no room to the cheapest candidate that has room for it; nobody always has.

    Who costs as much as nobody, the last candidate, keeps his room for others.
    """
    here = part.candidates
    span = slice(int(here.indptr[t]), int(here.indptr[t + 1]))
    cost = np.where(here.load[span] <= room[here.agent[span]], here.cost[span], NEVER)
    cheapest = int(np.argmin(cost))
    chosen[t] = span.stop - 1 if cost[cheapest] == cost[-1] else span.start + cheapest
    room[here.agent[chosen[t]]] -= here.load[chosen[t]]


def polish(whole: Part, dual: Dual, start: IntArray, fallback: IntArray, sweeps: int, state: WordArray) -> IntArray:
    """Search by chains from a choice that may overload; return the best that does not, the fallback at the worst.

    The search may end with a little overload that was never shed: relieved of it, its end may be the better answer.
    """
    here, nobody = whole.candidates, len(whole.room) - 1
    keep = (rank_in_row(whole, dual.reduced(whole)) < NEAR) | (here.agent == nobody)
    keep[start] = keep[fallback] = True
    near = replace(whole, origin=np.arange(len(whole.origin))).without(keep, whole.room)
    entry, best = np.searchsorted(near.origin, start), np.searchsorted(near.origin, fallback)
    used = np.bincount(here.agent[start], weights=here.load[start], minlength=nobody + 1).astype(np.int64)
    warmth, dearer = max(float(dual.unit[:-1].mean()), 1.0), max(LEAST_DEARER, DEARER_IN_ALL ** (1 / sweeps))
    search(
        near.candidates, near.by_agent, Agents(whole.room, dual.unit, overload_price(whole, dual)), Plan(entry, used),
        best, int(here.cost[fallback].sum()), HOT * warmth, COLD * warmth, dearer, sweeps, state,
    )  # fmt: skip
    ends = near.origin[best], relieved(whole, near.origin[entry])
    return min(ends, key=lambda chosen: int(here.cost[chosen].sum()))
