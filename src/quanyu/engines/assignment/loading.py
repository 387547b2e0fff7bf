"""Assign by loads (generalised assignment): a proven bound by prices, dives, chains, and HiGHS on what stays open."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.assignment._kernels import MOST_CELLS, Candidates, WordArray, level
from quanyu.engines.assignment.branching import branch
from quanyu.engines.assignment.certificates import (
    bound_by_prices,
    bound_of_served,
    fewest_out,
    still_possible,
    whole_prices,
)
from quanyu.engines.assignment.diving import dive, filled, polish, relieved
from quanyu.engines.assignment.parts import Dual, Part, climbed, part_of
from quanyu.engines.assignment.problem import NONE, Problem, pointers, rows_of

# Candidates of a task that dives look at, on average, besides those that the prices speak for.
CORE = 10
# Rounds of prices in a climb: at the least and at the most, and the looks in all climbs.
ROUNDS, LOOKS = (15, 1500), 250_000_000
# Rounds of prices for half of the agents, and of the first prices, with their first step in mean cost by mean load.
HALF_ROUNDS, LEVELLED, STEP = 100, 120, 0.1
# Climbs, each towards a value so far above the bound of the one before.
CLIMBS, ABOVE, PACE = 3, 1.01, 0.5
# Dives where nothing is told: at the most, and by the looks of a round; and for how many a dive has all its rounds.
DIVES, DIVED, FULL = 12, 2_000_000, 600_000
# Sweeps of the search by chains, by how many tasks there are, and at the least and the most.
SWEEPS, CHAINS = (5, 500), 800_000
# How often that search is begun anew while it leaves a task out.
POLISHES = 2
# HiGHS is asked where there are no more candidates, so few of them are open, and costs are far from where its
# tolerances would blur them. Its nodes, and the share of a time limit that dives leave to it.
MOST_OPEN, OPEN, CLEAR = 100_000, 800, 2**30
NODES, SHARE = 20, 0.4
# Times that nobody is made cheaper without a better bound.
MISSED = 3
# Leaving a task out counts, in the search, no more than so many of the greatest cost.
DEAR = 4
INFINITE = 2**62
# Entries of a table for each unit of capacity: tasks that a knapsack has to think about.
TABLES = 20
# Dives where only a time is told.
MANY = 1_000_000


@dataclass(frozen=True)
class Found:
    """The candidate of each task (−1: nobody), the prices of the tasks and the bound that they prove.

    ``is_optimal`` says that HiGHS searched what was open to its end; ``fewest_out`` how many tasks must be left out, by
    sums of loads or by HiGHS.
    """

    entry: IntArray
    price: IntArray
    bound: int
    is_optimal: bool
    fewest_out: int
    steps: int
    stopped: str


class Loading:
    """The search for one problem: ``best`` are candidates of ``whole``, which has nobody as one more agent."""

    def __init__(
        self, problem: Problem, *, seed: int, steps: int | None, seconds: float | None,
        tell: Callable[[float, int, int, int], bool], begun: float,
    ) -> None:  # fmt: skip
        self.problem, self.tell, self.begun, self.seconds = problem, tell, begun, seconds
        self.whole = with_nobody(problem)
        self.random = np.random.default_rng(seed)
        self.state: WordArray = self.random.integers(1, 2**63, 1).astype(np.uint64)
        self.best, self.best_cost = np.flatnonzero(self._is_nobody(self.whole)), INFINITE
        self.best_cost = self._cost(self.best)
        self.dual = self._rise(self.whole, first_prices(self.whole))
        self.core = self._core()
        if len(self.core.origin) < len(self.whole.origin):
            self.dual = self._rise(self.core, self.dual.price)
        self.price = whole_prices(self.whole, self.dual.price)
        self.fewest_out = fewest_out(self.whole)
        self.bound = self._proven(self.price)
        default = int(np.clip(DIVED // looks(self.core), 1, DIVES))
        if steps is None:
            steps = default if seconds is None else MANY
        self.limit, self.steps, self.stopped, self.is_optimal = steps, 0, "steps", False

    def run(self) -> Found:
        """Dive until the gap is closed or the limit reached, then let HiGHS look at what is open."""
        while self.steps < self.limit and self.best_cost > self.bound:
            if self._is_late(1.0 - SHARE):
                self.stopped = "seconds"
                break
            self._step()
            self.steps += 1
            if not self.tell(self.steps / self.limit, self.steps, self.best_cost, self.bound):
                self.stopped = "asked"
                break
        self._take(self.best)
        if self.best_cost > self.bound and self.stopped != "asked" and self.steps:
            self._branch()
        if self.best_cost > self.bound and not self.is_optimal and 0 < self.fewest_out == self._out():
            self._price_nobody()
        entry = self.whole.origin[self.best]
        return Found(entry, self.price, self.bound, self.is_optimal, self.fewest_out, self.steps, self.stopped)

    def _proven(self, price: IntArray) -> int:
        """Return what prices prove of the objective."""
        problem = self.problem
        if not problem.served_first:
            return bound_by_prices(self.whole, price)
        cost = bound_of_served(self.whole, price, problem.alone - problem.price, self.fewest_out)
        # Where serving comes first, one more left out costs more than all that can be saved so.
        return problem.price * self.fewest_out + min(cost, problem.price)

    def _price_nobody(self) -> None:
        """Look for prices that prove more of the cost where some must be left out.

        At the price of a task left out that the search counts, prices say what one more would be worth, and little of
        the cost beside it. So they rise anew with nobody ever cheaper, as long as that proves more.
        """
        if len(self.whole.origin) > MOST_OPEN or self._is_late(1.0):
            return
        whole, nobody = self.whole, self._is_nobody(self.whole)
        extra = (self.problem.alone - self.problem.price)[whole.rows]
        worth, missed = counted(self.problem), 0
        while worth > 1 and missed < MISSED and not self._is_late(1.0):
            worth //= 2
            cost = np.where(nobody, extra + worth, whole.candidates.cost)
            part = part_of(whole.candidates._replace(cost=cost), whole.origin, whole.room)
            price = whole_prices(whole, self._rise(part, first_prices(part)).price)
            bound = self._proven(price)
            missed = 0 if bound > self.bound else missed + 1
            if bound > self.bound:
                self.bound, self.price = bound, price

    def _take(self, chosen: IntArray) -> None:
        """Keep a choice, with all filled in that has room, if it is better than the best."""
        chosen = filled(self.whole, chosen)
        if (cost := self._cost(chosen)) < self.best_cost:
            self.best, self.best_cost = chosen, cost

    def _step(self) -> None:
        """Dive into the whole, or in turns into the tasks of half of the agents, the others as they are."""
        is_half = self.steps % 2 == 1 and len(self.core.room) > 3
        start = self._half() if is_half else dive(self.core, self.dual, self.random, self._effort())
        sweeps = int(np.clip(CHAINS // self.problem.tasks, *SWEEPS))
        for _ in range(POLISHES):
            start, fallback = self._widened(start)
            start = polish(self.core, self.dual, start, fallback, sweeps, self.state)
            if not self._is_nobody(self.core)[start].any():
                break
        self._take(self.core.origin[start])

    def _widened(self, start: IntArray) -> tuple[IntArray, IntArray]:
        """Return a choice of the core, and it relieved, once the core has all candidates of tasks left out otherwise.

        The few candidates that a dive looks at may all be full; then an agent farther away may still have room.
        """
        while True:
            fallback, size = relieved(self.core, start), len(self.core.origin)
            place = self._grown(self._is_nobody(self.core)[fallback][self.whole.rows])
            if len(self.core.origin) == size:
                return start, fallback
            start = place[start]

    def _grown(self, more: BoolArray) -> IntArray:
        """Take candidates of the whole into the core; return where those that it had stand now."""
        before = self.core.origin
        keep = more.copy()
        keep[before] = True
        if np.count_nonzero(keep) == len(before):
            return np.arange(len(before))
        self.core = replace(self.whole, origin=np.arange(len(keep))).without(keep, self.whole.room)
        place = np.searchsorted(self.core.origin, before)
        share = np.zeros(len(self.core.origin))
        share[place] = self.dual.share
        self.dual = replace(self.dual, share=share)
        return place

    def _half(self) -> IntArray:
        """Return the best choice with the tasks of half of the agents chosen anew."""
        best = np.zeros(len(self.whole.origin), dtype=bool)
        best[self.best] = True
        self._grown(best)  # who was put in at the end may be none that a dive looks at
        core, nobody = self.core, len(self.core.room) - 1
        chosen = np.searchsorted(core.origin, self.best)
        mine = np.zeros(nobody + 1, dtype=bool)
        mine[self.random.choice(nobody, (nobody + 1) // 2, replace=False)] = True
        mine[nobody] = True
        tasks = mine[core.candidates.agent[chosen]]
        keep = tasks[core.rows] & mine[core.candidates.agent]
        part = replace(core, origin=np.arange(len(core.origin))).without(keep, core.room)
        now = int(core.candidates.cost[chosen[tasks]].sum())
        rounds = max(10, int(HALF_ROUNDS * self._effort()))
        dual = climbed(part, self.dual.price[tasks], upper=now + 1.0, rounds=rounds, pace=PACE)
        chosen[tasks] = part.origin[dive(part, dual, self.random, self._effort())]
        return chosen

    def _branch(self) -> None:
        """Ask HiGHS for a better assignment by the candidates that could be in one, if these are few.

        Where serving comes first, it is asked in turn whether more can be served, and what so many cost at the least:
        in one sum the price of those left out would blur the costs.
        """
        whole, problem = self.whole, self.problem
        if len(whole.origin) > MOST_OPEN or (problem.served_first and not self._serves_most()):
            return
        if problem.served_first:
            out, cost = self._out(), whole.candidates.cost
            upper = int(cost[self.best].sum())
        else:
            # Here leaving a task out costs what it costs; as much as all of the best rules it out.
            out, upper = None, self.best_cost
            dear = np.minimum(problem.alone[whole.rows], upper)
            cost = np.where(self._is_nobody(whole), dear, whole.candidates.cost)
        if upper > CLEAR:
            return
        keep = still_possible(whole, self.price, upper)
        if len(np.unique(whole.rows[keep])) < problem.tasks:
            self.is_optimal = True  # every better assignment would need a candidate for each task
        if self.is_optimal or keep.sum() > OPEN:
            return
        better, self.is_optimal = self._asked(cost, keep, upper, out)
        if better is not None:
            self._take(better)

    def _serves_most(self) -> bool:
        """Whether it is proven that no assignment serves more tasks than the best, which HiGHS may replace."""
        if self._out() > self.fewest_out and len(self.whole.origin) <= OPEN:
            each = self._is_nobody(self.whole).astype(np.int64)
            better, is_whole = self._asked(each, np.ones(len(each), dtype=np.bool_), self._out(), None)
            if better is not None:
                self._take(better)
            if is_whole:
                self.fewest_out = self._out()
                self.bound = self._proven(self.price)
        return self._out() == self.fewest_out

    def _asked(self, cost: IntArray, keep: BoolArray, upper: int, out: int | None) -> tuple[IntArray | None, bool]:
        """Return what HiGHS finds below ``upper`` at other costs among the candidates kept, and whether that is all."""
        whole = self.whole
        part = replace(whole, candidates=whole.candidates._replace(cost=cost), origin=np.arange(len(cost)))
        left = None if self.seconds is None else max(0.1, self.begun + self.seconds - time.monotonic())
        return branch(part.without(keep, whole.room), upper, nodes=NODES, seconds=left, out=out)

    def _rise(self, part: Part, price: FloatArray) -> Dual:
        """Return prices after several climbs, each towards a value a little above the bound of the one before."""
        rounds = int(np.clip(LOOKS // (CLIMBS * looks(part)), *ROUNDS))
        dual = climbed(part, price, upper=np.inf, rounds=0, pace=PACE)
        # Where the shortest climb takes long, one is enough.
        for _ in range(CLIMBS if rounds > ROUNDS[0] else 1):
            before = dual.bound
            dual = climbed(part, dual.price, upper=ABOVE * before + 1.0, rounds=rounds, pace=PACE)
            if dual.bound == before:
                break  # the next would go the same way
        return dual

    def _core(self) -> Part:
        """Return the candidates that dives look at: those that cost least beyond the best of their task, and nobody."""
        local = replace(self.whole, origin=np.arange(len(self.whole.origin)))
        reduced = self.dual.reduced(local)
        beyond = reduced - np.minimum.reduceat(reduced, local.candidates.indptr[:-1])[local.rows]
        wanted = min(CORE * self.problem.tasks, len(beyond)) - 1
        keep = (beyond <= np.partition(beyond, wanted)[wanted]) | (self.dual.share > 0.0)
        return local.without(keep | self._is_nobody(local), local.room)

    def _is_nobody(self, part: Part) -> BoolArray:
        nobody: BoolArray = part.candidates.agent == len(part.room) - 1
        return nobody

    def _effort(self) -> float:
        """Return the share of the usual rounds that there is time for."""
        return min(1.0, FULL / looks(self.core))

    def _cost(self, chosen: IntArray) -> int:
        return self.problem.objective(self.whole.origin[chosen])

    def _is_late(self, share: float) -> bool:
        return self.seconds is not None and time.monotonic() - self.begun > share * self.seconds

    def _out(self) -> int:
        """Return how many tasks the best leaves out."""
        return int(self._is_nobody(self.whole)[self.best].sum())


def with_nobody(problem: Problem) -> Part:
    """Return the candidates whose load fits alone, and nobody as the last agent, who takes any task without load.

    For the search leaving a task out costs what :func:`counted` tells; a bound on that is one still.
    """
    here, agents = problem.candidates, len(problem.capacity)
    rows = rows_of(here.indptr)
    fits = np.flatnonzero(here.load <= problem.capacity[here.agent])
    dear = problem.alone - problem.price + counted(problem)
    # Nobody stands behind the others of each task, so that agents stay in order.
    kept = pointers(rows[fits], problem.tasks)
    indptr = kept + np.arange(problem.tasks + 1)
    place, last = np.arange(len(fits)) + rows[fits], indptr[1:] - 1
    agent = np.full(indptr[-1], agents, dtype=np.int32)
    cost, load, origin = np.zeros((3, indptr[-1]), dtype=np.int64)
    agent[place], cost[place], load[place], origin[place] = here.agent[fits], here.cost[fits], here.load[fits], fits
    cost[last], origin[last] = dear, NONE
    return part_of(Candidates(indptr, agent, cost, load), origin, np.append(problem.capacity, 0))


def counted(problem: Problem) -> int:
    """Return what of the price of a task left out the search counts: no more than a few times the greatest cost."""
    return min(problem.price, 1 + DEAR * int(problem.candidates.cost.max(initial=0)))


def looks(part: Part) -> int:
    """Return about how much work a round of prices is: candidates to look at, and entries of tables of knapsacks."""
    return len(part.origin) + TABLES * int(np.minimum(part.room, MOST_CELLS).sum())


def first_prices(whole: Part) -> FloatArray:
    """Return prices from the linear relaxation, near enough for the climbs to start from."""
    here = whole.candidates
    step = STEP * float(here.cost.mean()) / max(float(here.load.mean()), 1.0)
    return np.asarray(level(here, whole.room, step, LEVELLED), dtype=np.float64)
