"""Maximal covering: choices by greed and exchange, duals from Benders cuts, then branch and bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.benders import SHARE, Master
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, ROOT, Evidence, Rule, Tree
from quanyu.engines.siting.result import Watch
from quanyu.engines.siting.search import Search

FIRST_KICKS, ROOT_KICKS, NODE_KICKS = 15, 40, 2
KICKED = (0.05, 0.25)  # of the chosen sites, what share is given up in a kick
EXCHANGES = 50


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
        self._construct(self.given, np.ones(core.sites))
        self.master = Master(core.cover, core.weight, self.cost, self.money)

    def run(self) -> tuple[BoolArray, Evidence]:
        """Search until proven or the watch stops; return the choice and its proof."""
        node = self._root(ROOT, *self.master.start(self.tree.state, self.total - self.uncovered), kicks=FIRST_KICKS)
        if not self.is_done and self.watch.left > 0.0:
            self._root(node, *self.solve(self.tree.states[node], self.tree.nodes[node].dual), kicks=ROOT_KICKS)
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
        found = self.master.solve(state, self.total - self.uncovered, self.best, self.watch, self._round_off)
        if found is None:
            return dual, np.zeros(self.core.sites)
        self._round_off(found.share)
        for _ in range(NODE_KICKS):
            self._kick(found.share)
        return found

    def _root(self, node: int, dual: IntArray, share: FloatArray, *, kicks: int) -> int:
        """Refine the root, look for better choices at its shares, and go on with the sites it leaves open then."""
        node = self.tree.refine(node, dual, self.target)
        self._shares[node] = share
        for _ in range(kicks):
            if not self.is_done and self.watch.left > 0.0:
                self._kick(share)
        node = self.settle_anew(node)
        if node in self.tree.states:
            self.allowed = self.tree.states[node] != OUTSIDE
        return node

    def _round_off(self, share: FloatArray) -> None:
        """Choose by the programme's shares, with a little chance."""
        self._construct(self.given, share * self.random.uniform(0.8, 1.2, len(share)) + 1e-9)

    def _kick(self, share: FloatArray) -> None:
        """Give some of the best choice up, and choose others instead by the programme's shares."""
        given_up = self.random.random(len(share)) < self.random.uniform(*KICKED)
        kept = self.given | (self.best & ~given_up)
        self._construct(kept, (share + 0.1) * self.random.uniform(0.8, 1.2, len(share)))

    def _construct(self, begun: BoolArray, bias: FloatArray, *, exchanges: int = EXCHANGES) -> None:
        """Go on from a choice begun: take what covers most times ``bias``, then exchange."""
        chosen = begun.copy()
        left = self.money - int(self.cost[chosen].sum())
        ground = (self.cover.indptr, self.cover.indices, *self.cover.by_site, self.core.weight, self.cost)
        money = _kernels.greedy_most(*ground, np.where(self.allowed, bias, 0.0), chosen, left)
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
