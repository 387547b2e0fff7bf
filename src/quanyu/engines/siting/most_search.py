"""Maximal covering: choices by greed and exchange, duals from Benders cuts, then branch and bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.benders import SHARE, Master
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.linear import best_choice
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, Evidence, Rule, Tree
from quanyu.engines.siting.reductions import group_rows
from quanyu.engines.siting.result import Watch
from quanyu.engines.siting.search import Search

ROUNDINGS = 12
SOLVER_NODES = 60
SOLVER_ENTRIES = 60_000


@dataclass(frozen=True)
class MostCore:
    """Maximal covering as a proof sees it: the weight left uncovered is least.

    A dual is the share of each row's weight (0 to ``SHARE``) that its sites are paid for covering it.
    """

    cover: Cover
    weight: IntArray
    limit: Rule

    @property
    def sites(self) -> int:
        return self.cover.sites

    @property
    def rule(self) -> Rule:
        return self.limit

    def price(self, dual: IntArray, scale: int) -> tuple[int, IntArray]:
        value = self.weight * (np.clip(dual, 0, SHARE) * (scale // SHARE))
        return int(value.sum()), -_kernels.sum_by_site(self.cover.indptr, self.cover.indices, value, self.sites)


class MostSearch(Search):
    """The search of one cover, every row of which has a site and a weight."""

    def __init__(self, core: MostCore, stands: BoolArray, *, seed: int, watch: Watch) -> None:
        self.core, self.cover = core, core.cover
        self.random = np.random.default_rng(seed)
        self.total = int(core.weight.sum())
        count = core.rule.count
        self.cost = np.where(stands, 0, 1) if core.rule.cost is None else core.rule.cost
        self.money = core.rule.money if count is None else count - int(stands.sum())
        # What costs nothing is taken as if it stood.
        self.given = stands if count is not None else stands | (self.cost == 0)
        super().__init__(Tree(core, SHARE, np.where(self.given, INSIDE, FREE)), watch)
        self.allowed = np.ones(core.sites, dtype=bool)
        self.best, self.uncovered = self.given, self._left_uncovered(self.given)
        self._construct(np.ones(core.sites), exchanges=10_000)
        self.master = Master(core.cover, core.weight, self.cost, self.money)

    def run(self) -> tuple[BoolArray, Evidence]:
        """Search until proven or the watch stops; return the choice and its proof."""
        root = self.plant(np.zeros(self.cover.demands, dtype=np.int64))
        for _ in range(ROUNDINGS):
            if self.is_done or self.watch.left <= 0.0:
                break
            bias = self._shares[root] * self.random.uniform(0.8, 1.2, self.core.sites) + 1e-9
            self._construct(bias, exchanges=100)
        node = self._narrow(root)
        if not self.is_done and self.watch.left > 0.0:
            self._ask_solver(node)
            self._narrow(node)
            self.branch()
        return self.best, Evidence(((self.tree.proof(), self.uncovered),), total=self.total)

    @property
    def target(self) -> int:
        return self.uncovered

    def report(self, bound: int) -> tuple[int, int]:
        return self.total - self.uncovered, self.total - bound

    def solve(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the duals of the Benders programme under a state, in whole shares."""
        inside = state == INSIDE
        spent = int(self.cost[inside].sum())
        if spent >= self.money or not (state == FREE).any():
            covered = _kernels.covered_by(*self.cover.by_site, inside, self.cover.demands) > 0
            if spent <= self.money:
                self._offer(inside)
            return np.where(covered, 0, SHARE), inside.astype(np.float64)
        found = self.master.solve(state, self.total - self.uncovered, self.best, self.watch)
        if found is None:
            return dual, np.zeros(self.core.sites)
        if self.tree.nodes:
            self._construct(found.share + 1e-9, exchanges=20)
        return found

    def _narrow(self, node: int) -> int:
        """Settle a node anew, and leave the sites that it leaves out out of later choices."""
        node = self.settle_anew(node)
        if node in self.tree.states:
            self.allowed = self.tree.states[node] != OUTSIDE
        return node

    def _construct(self, bias: FloatArray, *, exchanges: int) -> None:
        chosen = self.given.copy()
        ground = (self.cover.indptr, self.cover.indices, *self.cover.by_site, self.core.weight, self.cost)
        money = _kernels.greedy_most(*ground, np.where(self.allowed, bias, 0.0), chosen, self.money)
        money = _kernels.swap_most(*ground, self.given, chosen, money, self.allowed, exchanges)
        _kernels.greedy_most(*ground, self.allowed.astype(np.float64), chosen, money)
        self._offer(chosen)

    def _offer(self, chosen: BoolArray) -> None:
        uncovered = self._left_uncovered(chosen)
        if uncovered < self.uncovered:
            self.best, self.uncovered = chosen, uncovered

    def _left_uncovered(self, chosen: BoolArray) -> int:
        times = _kernels.covered_by(*self.cover.by_site, chosen, self.cover.demands)
        return int(self.core.weight[times == 0].sum())

    def _ask_solver(self, node: int) -> None:
        """Let HiGHS look for a better choice among the sites still open, where few patterns of them are left."""
        columns = np.flatnonzero(self.tree.states[node] != OUTSIDE)
        if not self.best[~self._marks(columns)].any():
            group, small = group_rows(self.cover.select(columns=columns))
            if len(small.indices) <= SOLVER_ENTRIES:
                weight = np.bincount(group, weights=self.core.weight, minlength=small.demands)
                self._solve_model(small, weight, columns)

    def _solve_model(self, small: Cover, weight: NDArray[Any], columns: IntArray) -> None:
        n, m = small.demands, len(columns)
        paid = sparse.csr_array(np.concatenate([self.cost[columns], np.zeros(n)])[None])
        matrix = sparse.vstack([sparse.hstack([small.matrix, -sparse.eye_array(n)]), paid])
        covered = small.matrix @ self.best[columns] >= 1
        answer = best_choice(
            np.concatenate([np.zeros(m), -weight]), matrix, np.append(np.zeros(n), -np.inf),
            np.append(np.full(n, np.inf), self.money), whole=np.arange(m + n) < m, nodes=SOLVER_NODES,
            seconds=self.watch.left / 4, start=np.concatenate([self.best[columns], covered]).astype(np.float64),
        )  # fmt: skip
        if answer is not None:
            chosen = self.given | self._marks(columns[answer[:m] > 0.5])
            if int(self.cost[chosen].sum()) <= self.money:
                self._offer(chosen)

    def _marks(self, sites: IntArray) -> BoolArray:
        marks = np.zeros(self.core.sites, dtype=bool)
        marks[sites] = True
        return marks
