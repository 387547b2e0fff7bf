"""Set covering: duals from a linear programme, choices at its prices and by local search, then branch and bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.linear import Programme
from quanyu.engines.siting.proof import INSIDE, OUTSIDE, Proof, Rule, Tree
from quanyu.engines.siting.result import Watch
from quanyu.engines.siting.search import Search

GREEDY_RUNS = 24
NARROWINGS = 3
EXCHANGE_WORK = 30_000_000  # steps of the local search: tenths of a second


@dataclass(frozen=True)
class CoverCore:
    """Set covering as a proof sees it: a dual of 0 or more for each row."""

    cover: Cover
    cost: IntArray

    @property
    def sites(self) -> int:
        return self.cover.sites

    @property
    def rule(self) -> Rule:
        return Rule()

    def price(self, dual: IntArray, scale: int) -> tuple[int, IntArray]:
        value = np.maximum(dual, 0)
        served = _kernels.sum_by_site(self.cover.indptr, self.cover.indices, value, self.sites)
        return int(value.sum()), self.cost * scale - served


class Part(NamedTuple):
    """What a search of one part came to; ``target`` is the value its proof was made for."""

    chosen: BoolArray
    value: int
    proof: Proof
    target: int


class CoverSearch(Search):
    """The search of one independent part, every row of which has a site.

    ``ceiling`` ends it as soon as more than so much is proven or a choice of so much is found.
    """

    def __init__(self, core: CoverCore, *, seed: int, watch: Watch, ceiling: int | None = None) -> None:
        # Duals are scaled so that their sums stay below 2^61.
        scale = 1 << max(0, min(24, 58 - int(core.cost.sum()).bit_length()))
        super().__init__(Tree(core, scale, np.zeros(core.sites, dtype=np.int64)), watch)
        self.core, self.cover, self.ceiling = core, core.cover, ceiling
        self.random = np.random.default_rng(seed)
        self._look_at(np.arange(core.sites))
        self.best = self._greedy(core.cost.astype(np.float64))
        self.value = int(core.cost[self.best].sum())

    def run(self) -> Part:
        """Search until proven or the watch stops."""
        root = self.plant(np.zeros(self.cover.demands, dtype=np.int64))
        self._improve(self.tree.nodes[root].dual, GREEDY_RUNS)
        node = root
        for _ in range(NARROWINGS):
            node = self.settle_anew(node)
            if self.is_done or self.watch.left <= 0.0:
                break
            self._look_at(np.flatnonzero(self.tree.states[node] != OUTSIDE))
            self._exchange()
        self.branch()
        return Part(self.best, self.value, self.tree.proof(), self.target)

    @property
    def target(self) -> int:
        return self.value if self.ceiling is None else min(self.value, self.ceiling + 1)

    @property
    def is_done(self) -> bool:
        found = self.ceiling is not None and self.value <= self.ceiling
        return found or super().is_done

    def report(self, bound: int) -> tuple[int, int]:
        return self.value, bound

    def solve(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the duals of the linear programme under a state, in whole numbers."""
        part = state[self.columns]
        self.programme.bound((part == INSIDE).astype(np.float64), np.where(part == OUTSIDE, 0.0, 1.0))
        solved = self.programme.solve(self.watch.left)
        share = np.zeros(self.core.sites)
        if solved is None:
            return dual, share
        if solved.values is None:
            return self._lost(state), share
        share[self.columns] = solved.values
        whole = np.floor(np.maximum(solved.duals, 0.0) * self.tree.scale).astype(np.int64)
        sure = solved.values > 1.0 - 1e-6
        if (self.part.matrix @ sure >= 1.0).all():
            self._offer(self._marks(sure))
        if self.tree.nodes:
            self._improve(whole, 1)
        return whole, share

    def _lost(self, state: IntArray) -> IntArray:
        """Return the dual of a state that leaves a row without a site: that row pays any target."""
        open_sites = _kernels.sum_by_site(*self.cover.by_site, (state != OUTSIDE).astype(np.int64), self.cover.demands)
        sure = np.zeros(self.cover.demands, dtype=np.int64)
        sure[np.flatnonzero(open_sites == 0)[:1]] = self.target * self.tree.scale
        return sure

    def _look_at(self, columns: IntArray) -> None:
        """Go on with some columns only: the others are in no choice that is better than the best."""
        self.columns = columns
        self.part = self.cover.select(columns=columns)
        cost, rows = self.core.cost[columns], self.cover.demands
        self.programme = Programme(cost.astype(np.float64), np.zeros(len(columns)), np.ones(len(columns)))
        self.programme.add(self.part.matrix, np.ones(rows), np.full(rows, np.inf))

    def _greedy(self, price: FloatArray) -> BoolArray:
        part, cost = self.part, self.core.cost[self.columns]
        return self._marks(_kernels.greedy_cover(part.indptr, part.indices, *part.by_site, cost, price[self.columns]))

    def _improve(self, dual: IntArray, runs: int) -> None:
        """Choose greedily at the prices that the duals leave, with a little chance."""
        _, reduced = self.core.price(dual, self.tree.scale)
        price = np.maximum(reduced / self.tree.scale, 0.0)
        for run in range(runs):
            shaken = price if run == 0 else price * self.random.uniform(0.7, 1.3, len(price))
            base = 0.0 if run % 2 else 1e-3
            self._offer(self._greedy(shaken + base * self.core.cost + 1e-9))

    def _exchange(self) -> None:
        """Exchange sites under growing weights of the rows, where the best choice lies within the columns."""
        part, begun = self.part, self.best[self.columns]
        if begun.sum() < self.best.sum():
            return
        # An exchange takes three columns in or out: their rows' entries are touched, and every column is compared.
        entries = max(1, len(part.indices))
        work = 3 * entries * entries // (part.sites * part.demands) + 3 * part.sites
        chance = self.random.random(EXCHANGE_WORK // work)
        cost = self.core.cost[self.columns]
        self._offer(self._marks(_kernels.weigh_rows(part.indptr, part.indices, *part.by_site, cost, begun, chance)))

    def _marks(self, chosen: BoolArray) -> BoolArray:
        marks = np.zeros(self.core.sites, dtype=bool)
        marks[self.columns[chosen]] = True
        return marks

    def _offer(self, chosen: BoolArray) -> None:
        value = int(self.core.cost[chosen].sum())
        if value < self.value:
            self.best, self.value = chosen, value
