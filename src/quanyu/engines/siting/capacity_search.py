"""Sites of limited capacity: duals by linear programme or by subgradients, demands put in by need, then branch and
bound over the sites. Demands are not split, so a gap may stay where the last demands fit badly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.linear import Programme, best_choice
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, Evidence, Rule, Tree
from quanyu.engines.siting.result import Watch
from quanyu.engines.siting.search import Search

MODEL_ENTRIES = 30_000  # up to here HiGHS sees the model; beyond, the dual climbs by subgradients
SOLVER_NODES = 2000
PASSES = 300


@dataclass(frozen=True)
class CapacityCore:
    """The problem as a proof sees it, one entry for each site and demand it may serve, by site.

    ``start`` (m + 1,), ``rows`` and ``cost`` (entries,) are what serving costs, ``opening`` (m,) what a site costs. A
    dual is what each demand pays; a site keeps the best it can hold, its last demand cut to fit.
    """

    start: IntArray
    rows: IntArray
    cost: IntArray
    weight: IntArray
    capacity: IntArray
    opening: IntArray
    limit: Rule

    @property
    def sites(self) -> int:
        return len(self.opening)

    @property
    def rule(self) -> Rule:
        return self.limit

    def price(self, dual: IntArray, scale: int) -> tuple[int, IntArray]:
        return self.fill(np.maximum(dual, 0), scale, np.empty(len(self.rows)))

    def fill(self, dual: IntArray, scale: int, taken: FloatArray) -> tuple[int, IntArray]:
        """Price, and write into ``taken`` how far each entry is used by its site."""
        reduced = _kernels.price_capacities(
            self.start, self.rows, self.cost, self.weight, self.capacity, dual, scale, taken
        )
        return int(dual.sum()), self.opening * scale + reduced


def capacity_core(
    site: IntArray, row: IntArray, cost: IntArray, weight: IntArray, capacity: IntArray, opening: IntArray,
    rule: Rule = Rule(),  # noqa: B008 it is frozen
) -> tuple[CapacityCore, BoolArray]:  # fmt: skip
    """Return the core of entries sorted by site, and marks of the demands that fit some site; it holds only these."""
    fits = weight[row] <= capacity[site]
    site, row, cost = site[fits], row[fits], cost[fits]
    reachable = np.zeros(len(weight), dtype=bool)
    reachable[row] = True
    start = np.zeros(len(capacity) + 1, dtype=np.int64)
    np.cumsum(np.bincount(site, minlength=len(capacity)), out=start[1:])
    number = np.cumsum(reachable) - 1
    return CapacityCore(start, number[row], cost, weight[reachable], capacity, opening, rule), reachable


class Model(NamedTuple):
    """A linear model as HiGHS takes it."""

    cost: FloatArray
    matrix: Any
    low: FloatArray
    high: FloatArray


class Service(NamedTuple):
    """Which site serves each demand (−1: none), and the proof of the least cost of serving all."""

    assignment: IntArray
    evidence: Evidence


class CapacitySearch(Search):
    """The search of a service; ``state`` says which sites stand."""

    def __init__(self, core: CapacityCore, state: IntArray, *, seed: int, watch: Watch) -> None:
        self.core = core
        self.stands: BoolArray = state == INSIDE
        self.random = np.random.default_rng(seed)
        self.n, self.m = len(core.weight), core.sites
        self.site = np.repeat(np.arange(self.m), np.diff(core.start))
        self.by_demand = np.argsort(core.rows, kind="stable")
        self.begin = np.searchsorted(core.rows[self.by_demand], np.arange(self.n + 1))
        # What can be spent at most: every site, and every demand at its dearest.
        dearest = np.zeros(self.n, dtype=np.int64)
        np.maximum.at(dearest, core.rows, core.cost)
        self.most = int(core.opening.sum() + dearest.sum()) + 1
        scale = 1 << max(0, min(20, 57 - (self.most * max(1, self.n)).bit_length()))
        super().__init__(Tree(core, scale, state), watch)
        self.assignment = np.full(self.n, -1, dtype=np.int64)
        self.value, self.unserved = 0, self.n
        self.model = self._model() if 0 < len(core.rows) <= MODEL_ENTRIES else None
        self.programme: Programme | None = None

    def run(self) -> Service:
        """Search until proven or the watch stops."""
        if self.model is not None:
            size = len(self.model.cost)
            self.programme = Programme(self.model.cost, np.zeros(size), np.ones(size))
            self.programme.add(self.model.matrix, self.model.low, self.model.high)
        self.plant(np.zeros(self.n, dtype=np.int64))
        if not self.is_done and self.watch.left > 0.0:
            self._ask_solver()
            self.branch()
        return Service(self.assignment, Evidence(((self.tree.proof(), self.target),)))

    @property
    def target(self) -> int:
        """The best full service, or more than any could cost."""
        return self.value if self.unserved == 0 else self.most

    def report(self, bound: int) -> tuple[int, int]:
        return self.target, bound

    def solve(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Return a good dual under a state."""
        served = np.zeros(self.n, dtype=bool)
        served[self.core.rows[state[self.site] != OUTSIDE]] = True
        if not served.all():
            return self._surely(~served), np.zeros(self.m)
        dual, share = self._by_ascent(state, dual) if self.programme is None else self._by_programme(state, dual)
        self._open(share, state)
        return dual, share

    def _surely(self, pays: BoolArray) -> IntArray:
        """Return a dual in which the first of some demands pays more than anything costs."""
        dual = np.zeros(self.n, dtype=np.int64)
        dual[np.flatnonzero(pays)[:1]] = self.most * self.tree.scale
        return dual

    def _by_programme(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        assert self.programme is not None  # noqa: S101 told by the caller
        self.programme.bound((state == INSIDE).astype(np.float64), (state != OUTSIDE).astype(np.float64))
        solved = self.programme.solve(self.watch.left)
        if solved is None:
            return dual, np.zeros(self.m)
        pays = np.maximum(solved.duals[: self.n], 0.0)
        if solved.values is None:  # a ray: along it the bound grows without end, and far enough it passes any target
            pays *= self.most / max(float(pays.max()), 1e-9)
        pays = np.minimum(pays, self.most)
        share = np.zeros(self.m) if solved.values is None else solved.values[: self.m]
        return np.floor(pays * self.tree.scale).astype(np.int64), share

    def _by_ascent(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Climb from the parent's dual by subgradients."""
        top = self.target * self.tree.scale
        best, value = dual, -(1 << 62)
        u, pace, taken, mean = dual.astype(np.float64), 1.0, np.empty(len(self.core.rows)), np.zeros(self.m)
        stalled = 0
        for _ in range(PASSES):
            whole = np.floor(u).astype(np.int64)
            constant, reduced = self.core.fill(whole, self.tree.scale, taken)
            picked = self._picked(reduced, state)
            bound = constant + int(reduced[picked].sum())
            stalled += 1
            if bound > value:
                best, value, stalled = whole, bound, 0
            if stalled == 10:
                pace, stalled, u = pace / 2, 0, best.astype(np.float64)
            mean = 0.9 * mean + 0.1 * picked
            slope = 1.0 - np.bincount(self.core.rows, weights=taken * picked[self.site], minlength=self.n)
            length = float(slope @ slope)
            if length < 1e-12 or pace < 1e-3 or self.watch.left <= 0:
                break
            u = np.maximum(u + pace * max(1.02 * top - bound, 1.0) / length * slope, 0.0)
        return best, mean

    def _picked(self, reduced: IntArray, state: IntArray) -> BoolArray:
        picked: BoolArray = state == INSIDE
        free = np.flatnonzero((state == FREE) & (reduced < 0))
        if self.core.rule.count is not None:
            free = free[np.argsort(reduced[free], kind="stable")[: max(0, self.core.rule.count - int(picked.sum()))]]
        picked[free] = True
        return picked

    def _open(self, share: FloatArray, state: IntArray) -> None:
        """Open sites by their share, more until the capacity suffices, and serve."""
        order = np.lexsort(
            (-self.core.capacity, -np.where(state == INSIDE, 2.0, np.where(state == OUTSIDE, -1.0, share)))
        )
        count = self.core.rule.count
        enough = int(np.searchsorted(np.cumsum(self.core.capacity[order]), self.core.weight.sum())) + 1
        for size in (count,) if count is not None else (enough, enough + 1, enough + 1 + enough // 8, self.m):
            opened = np.zeros(self.m, dtype=bool)
            opened[order[:size]] = True
            self._serve(opened)

    def _serve(self, opened: BoolArray) -> None:
        """Put the demands in, heaviest first, each where it costs least among what has room."""
        left = np.where(opened, self.core.capacity, -1)
        assignment = np.full(self.n, -1, dtype=np.int64)
        for i in np.argsort(-self.core.weight, kind="stable"):
            entries = self.by_demand[self.begin[i] : self.begin[i + 1]]
            room = entries[left[self.site[entries]] >= self.core.weight[i]]
            if len(room):
                best = room[np.lexsort((left[self.site[room]], self.core.cost[room]))[0]]
                assignment[i] = self.site[best]
                left[self.site[best]] -= self.core.weight[i]
        self._offer(assignment)

    def _offer(self, assignment: IntArray) -> None:
        """Keep a service if it serves more, or as much for less; one beyond a capacity or the count is none."""
        served = np.flatnonzero(assignment >= 0)
        load = np.bincount(assignment[served], weights=self.core.weight[served], minlength=self.m)
        opened = np.zeros(self.m, dtype=bool)
        opened[assignment[served]] = True
        count = self.core.rule.count
        if (load > self.core.capacity).any() or (count is not None and int((opened | self.stands).sum()) > count):
            return
        used = assignment[self.core.rows] == self.site
        value = int(self.core.opening[opened].sum() + self.core.cost[used].sum())
        unserved = self.n - len(served)
        if (unserved, value) < (self.unserved, self.value):
            self.assignment, self.value, self.unserved = assignment, value, unserved

    def _model(self) -> Model:
        """Return the model over (sites, entries): served once, within capacity, by open sites, not too many."""
        core, size = self.core, len(self.core.rows)
        entry, one = np.arange(size), np.ones(size)
        served = sparse.csr_array((one, (core.rows, entry)), shape=(self.n, size))
        filled = sparse.csr_array((core.weight[core.rows].astype(np.float64), (self.site, entry)), shape=(self.m, size))
        opened = sparse.csr_array((-one, (entry, self.site)), shape=(size, self.m))
        held = -sparse.diags_array(core.capacity.astype(np.float64))
        # What stands takes its places of the count, whether it serves anybody or not.
        every: Any = sparse.csr_array((~self.stands).astype(np.float64)[None])
        blocks: Any = [[None, served], [held, filled], [opened, sparse.eye_array(size)], [every, None]]
        matrix: Any = sparse.block_array(blocks)
        count = (self.m if core.rule.count is None else core.rule.count) - int(self.stands.sum())
        low = np.concatenate([np.ones(self.n), np.full(self.m + size + 1, -np.inf)])
        high = np.concatenate([np.full(self.n, np.inf), np.zeros(self.m + size), [count]])
        return Model(np.concatenate([core.opening, core.cost]).astype(np.float64), matrix, low, high)

    def _ask_solver(self) -> None:
        """Let HiGHS look for a better service within its nodes, where the model is small."""
        if self.model is None:
            return
        start = np.zeros(len(self.model.cost))
        used = self.assignment[self.core.rows] == self.site
        start[self.m :], start[np.unique(self.site[used])] = used, 1.0
        answer = best_choice(
            *self.model, whole=np.ones(len(start), dtype=bool), nodes=SOLVER_NODES, seconds=self.watch.left / 2,
            start=start,
        )  # fmt: skip
        if answer is not None:
            assignment = np.full(self.n, -1, dtype=np.int64)
            used = answer[self.m :] > 0.5
            assignment[self.core.rows[used]] = self.site[used]
            self._offer(assignment)
