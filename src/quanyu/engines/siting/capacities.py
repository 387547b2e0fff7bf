"""Sites that serve no more than they can hold: every demand is served by one site, wholly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray, int_array
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.linear import Programme, best_choice
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, Evidence, Rule, Tree, branch
from quanyu.engines.siting.result import Sentence, Siting, Watch

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
    rows: NDArray[Any]
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


def cover_with_capacities(
    cover: Cover, cost: IntArray, weights: Any, capacities: Any, *, seed: int, watch: Watch
) -> Siting:
    """Return the cheapest sites that serve every demand within their capacities; see ``cover_all``."""
    weight = _weights(weights, cover.demands)
    capacity = int_array("capacities", capacities, shape=(cover.sites,), low=0)
    start, rows = cover.by_site
    size = np.repeat(capacity, np.diff(start))
    fits = weight[rows] <= size
    reachable = np.zeros(cover.demands, dtype=bool)
    reachable[rows[fits]] = True
    core = _core(cover.sites, np.repeat(np.arange(cover.sites), np.diff(start))[fits], rows[fits],
                 np.zeros(int(fits.sum()), dtype=np.int64), weight, capacity, cost, Rule(), reachable)  # fmt: skip
    search = CapacitySearch(core, seed=seed, watch=watch)
    search.run()
    assignment = np.full(cover.demands, -1, dtype=np.int64)
    assignment[reachable] = search.assignment
    chosen = np.zeros(cover.sites, dtype=bool)
    chosen[assignment[assignment >= 0]] = True
    value = int(cost[chosen].sum())
    evidence, params = _finish(search, value, chosen, assignment)
    text = (
        "%(sites)d sites at a cost of %(value)d serve %(served)d of %(demands)d demands within their capacities; serving "
        "all that can be served costs no less than %(bound)d."
    )
    return _siting("cover_all", chosen, assignment, value, reachable, Sentence(text, params), evidence, watch)


def median_with_capacities(
    matrix: IntArray, weight: IntArray, p: int, capacities: Any, *, seed: int, watch: Watch
) -> Siting:
    """Return the p sites nearest to all demand that they can hold; see ``p_median``."""
    n, m = matrix.shape
    capacity = int_array("capacities", capacities, shape=(m,), low=0)
    site, row = np.divmod(np.arange(n * m), n)
    fits = weight[row] <= capacity[site]
    reachable = np.zeros(n, dtype=bool)
    reachable[row[fits]] = True
    cost = (matrix.T * weight).ravel()
    nothing = np.zeros(m, dtype=np.int64)
    core = _core(m, site[fits], row[fits], cost[fits], weight, capacity, nothing, Rule(count=p), reachable)
    search = CapacitySearch(core, seed=seed, watch=watch)
    search.run()
    assignment = np.full(n, -1, dtype=np.int64)
    assignment[reachable] = search.assignment
    served = np.flatnonzero(assignment >= 0)
    chosen = search.opened.copy()
    chosen[np.flatnonzero(~chosen)[: p - int(chosen.sum())]] = True
    value = int((matrix[served, assignment[served]] * weight[served]).sum())
    evidence, params = _finish(search, value, chosen, assignment)
    text = (
        "%(sites)d sites serve %(served)d of %(demands)d demands within their capacities at %(value)d in all; serving all "
        "that can be served takes no less than %(bound)d."
    )
    return _siting("p_median", chosen, assignment, value, reachable, Sentence(text, params), evidence, watch)


def _weights(weights: Any, size: int) -> IntArray:
    return np.ones(size, dtype=np.int64) if weights is None else int_array("weights", weights, shape=(size,), low=0)


def _core(
    m: int, site: IntArray, row: NDArray[Any], cost: IntArray, weight: IntArray, capacity: IntArray, opening: IntArray,
    rule: Rule, reachable: BoolArray,
) -> CapacityCore:  # fmt: skip
    start = np.zeros(m + 1, dtype=np.int64)
    np.cumsum(np.bincount(site, minlength=m), out=start[1:])
    number = np.cumsum(reachable) - 1
    return CapacityCore(start, number[row], cost, weight[reachable], capacity, opening, rule)


def _finish(
    search: CapacitySearch, value: int, chosen: BoolArray, assignment: IntArray
) -> tuple[Evidence, dict[str, Any]]:
    evidence = Evidence(((search.tree.proof(), search.target),))
    params = {
        "sites": int(chosen.sum()), "value": value, "bound": evidence.recompute(), "demands": len(assignment),
        "served": int((assignment >= 0).sum()),
    }  # fmt: skip
    return evidence, params


def _siting(
    problem: str, chosen: BoolArray, assignment: IntArray, value: int, reachable: BoolArray, sentence: Sentence,
    evidence: Evidence, watch: Watch,
) -> Siting:  # fmt: skip
    bound = int(sentence.params["bound"])
    uncovered = np.flatnonzero(assignment < 0)
    is_proven = value == bound and len(uncovered) == int((~reachable).sum())
    return Siting(
        problem, np.flatnonzero(chosen), assignment, value, bound, uncovered, np.flatnonzero(~reachable), sentence,
        evidence, watch.steps, watch.elapsed, "proven" if is_proven else watch.stopped or "steps",
    )  # fmt: skip


class CapacitySearch:
    """Duals by linear programme or by subgradients, choices of sites from them, demands put in by need, then the tree."""

    def __init__(self, core: CapacityCore, *, seed: int, watch: Watch) -> None:
        self.core, self.watch = core, watch
        self.random = np.random.default_rng(seed)
        self.n, self.m = len(core.weight), core.sites
        self.site = np.repeat(np.arange(self.m), np.diff(core.start))
        # What can be spent at most: every site, and every demand at its dearest.
        dearest = np.zeros(self.n, dtype=np.int64)
        np.maximum.at(dearest, core.rows, core.cost)
        self.most = int(core.opening.sum() + dearest.sum()) + 1
        self.scale = 1 << max(0, min(20, 57 - (self.most * max(1, self.n)).bit_length()))
        self.assignment = np.full(self.n, -1, dtype=np.int64)
        self.opened = np.zeros(self.m, dtype=bool)
        self.value, self.unserved = self.most, self.n
        self.tree = Tree(core, self.scale, np.zeros(self.m, dtype=np.int64))
        self.shares: dict[bytes, FloatArray] = {}
        self.model = self._model() if len(core.rows) <= MODEL_ENTRIES else None
        self.programme: Programme | None = None

    @property
    def target(self) -> int:
        """What a node must reach to be closed: the best full service, or more than any could cost."""
        return self.value if self.unserved == 0 else self.most

    def run(self) -> None:
        """Search until proven or the watch stops."""
        if self.model is not None and self.n:
            self.programme = Programme(self.model[0], np.zeros(len(self.model[0])), np.ones(len(self.model[0])))
            self.programme.add(*self.model[1:])
        dual = self._solve(self.tree.state, np.zeros(self.n, dtype=np.int64), self.target)
        self.tree.add(-1, -1, inside=False, dual=dual, target=self.target)
        if self.tree.bound(self.target) < self.target:
            self._finish()
            branch(self.tree, self._solve, self._pick, lambda: self.target, self._go_on)

    def _go_on(self, bound: int) -> bool:
        return self.watch.go_on(self.target, bound)

    def _model(self) -> tuple[FloatArray, sparse.csr_array, FloatArray, FloatArray]:
        """Return cost, matrix and row limits over (sites, entries): served once, within capacity, by open sites."""
        core, size = self.core, len(self.core.rows)
        entry, one = np.arange(size), np.ones(size)
        served = sparse.csr_array((one, (core.rows, entry)), shape=(self.n, size))
        filled = sparse.csr_array((core.weight[core.rows].astype(float), (self.site, entry)), shape=(self.m, size))
        opened = sparse.csr_array((-one, (entry, self.site)), shape=(size, self.m))
        matrix = sparse.csr_array(
            sparse.vstack(
                [
                    sparse.hstack([sparse.csr_array((self.n, self.m)), served]),
                    sparse.hstack([-sparse.diags_array(core.capacity.astype(float)), filled]),
                    sparse.hstack([opened, sparse.eye_array(size)]),
                    sparse.hstack([np.ones((1, self.m)), sparse.csr_array((1, size))]),
                ]
            )
        )
        count = self.m if core.rule.count is None else core.rule.count
        low = np.concatenate([np.ones(self.n), np.full(self.m + size + 1, -np.inf)])
        high = np.concatenate([np.full(self.n, np.inf), np.zeros(self.m + size), [count]])
        return np.concatenate([core.opening, core.cost]).astype(np.float64), matrix, low, high

    def _finish(self) -> None:
        """Let HiGHS look for a better service within its nodes, where the model is small."""
        if self.model is None:
            return
        whole = np.ones(len(self.model[0]), dtype=bool)
        answer = best_choice(*self.model, whole=whole, nodes=SOLVER_NODES, seconds=self.watch.left / 2)
        if answer is not None:
            assignment = np.full(self.n, -1, dtype=np.int64)
            used = np.flatnonzero(answer[self.m :] > 0.5)
            assignment[self.core.rows[used]] = self.site[used]
            self._offer(assignment)

    def _offer(self, assignment: IntArray) -> None:
        """Keep a service if it serves more, or as much for less; one beyond a capacity or the count is none."""
        served = np.flatnonzero(assignment >= 0)
        load = np.bincount(assignment[served], weights=self.core.weight[served], minlength=self.m)
        opened = np.zeros(self.m, dtype=bool)
        opened[assignment[served]] = True
        count = self.core.rule.count
        if (load > self.core.capacity).any() or (count is not None and int(opened.sum()) > count):
            return
        used = assignment[self.core.rows] == self.site
        value = int(self.core.opening[opened].sum() + self.core.cost[used].sum())
        unserved = self.n - len(served)
        if (unserved, value) < (self.unserved, self.value):
            self.assignment, self.opened, self.value, self.unserved = assignment, opened, value, unserved

    def _serve(self, opened: BoolArray) -> None:
        """Put the demands in, heaviest first, each where it costs least among what has room."""
        left = np.where(opened, self.core.capacity, -1)
        assignment = np.full(self.n, -1, dtype=np.int64)
        order = np.argsort(self.core.rows, kind="stable")
        begin = np.searchsorted(self.core.rows[order], np.arange(self.n + 1))
        for i in np.argsort(-self.core.weight, kind="stable"):
            entries = order[begin[i] : begin[i + 1]]
            room = entries[left[self.site[entries]] >= self.core.weight[i]]
            if len(room):
                best = room[np.lexsort((left[self.site[room]], self.core.cost[room]))[0]]
                assignment[i] = self.site[best]
                left[self.site[best]] -= self.core.weight[i]
        self._offer(assignment)

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

    def _solve(self, state: IntArray, dual: IntArray, target: int) -> IntArray:
        """Return a good dual under a state."""
        if not self.n:
            return dual
        lost = np.setdiff1d(np.arange(self.n), self.core.rows[state[self.site] != OUTSIDE])
        if len(lost):
            sure = np.zeros(self.n, dtype=np.int64)
            sure[lost[0]] = target * self.scale
            return sure
        found = self._by_programme(state) if self.programme is not None else self._by_ascent(state, dual)
        if found is None:
            return dual
        whole, share = found
        self.shares[whole.tobytes()] = share
        self._open(share, state)
        return whole

    def _by_programme(self, state: IntArray) -> tuple[IntArray, FloatArray] | None:
        assert self.programme is not None  # noqa: S101 told by the caller
        self.programme.bound((state == INSIDE).astype(np.float64), (state != OUTSIDE).astype(np.float64))
        solved = self.programme.solve(self.watch.left)
        if solved is None:
            return None
        return np.floor(np.maximum(solved[1][: self.n], 0.0) * self.scale).astype(np.int64), solved[0][: self.m]

    def _by_ascent(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Climb from the parent's dual by subgradients."""
        top = self.target * self.scale
        best, value = dual, -(1 << 62)
        u, pace, taken, mean = dual.astype(np.float64), 1.0, np.empty(len(self.core.rows)), np.zeros(self.m)
        stalled = 0
        for _ in range(PASSES):
            whole = np.floor(u).astype(np.int64)
            constant, reduced = self.core.fill(whole, self.scale, taken)
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

    def _pick(self, number: int, state: IntArray) -> int:
        """Return the open site whose share is nearest to one half."""
        free = np.flatnonzero(state == FREE)
        share = self.shares.pop(self.tree.duals[number].tobytes(), None)
        if not len(free):
            return -1
        return int(free[0]) if share is None else int(free[np.argmin(np.abs(share[free] - 0.5))])
