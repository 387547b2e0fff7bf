"""Maximal covering: choices by greed and exchange, duals by linear programme and subgradients, branch and bound."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.apart_search import ApartSearch
from quanyu.engines.siting.benders import Master
from quanyu.engines.siting.most_core import MostCore
from quanyu.engines.siting.most_model import Found, best_of_few, whole_programme
from quanyu.engines.siting.most_parts import ApartEvidence, fall_apart
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, ROOT, Evidence, Tree
from quanyu.engines.siting.remaining import SHARE, remaining
from quanyu.engines.siting.result import Watch
from quanyu.engines.siting.search import Search

LOOKS = 2  # at the choices of all parts, before the search of the parts
PARENTS, KICKS = 3, 4  # choices merged with the best one, and how often each of them is kicked before
QUIET = 0.3  # times the chosen sites: mergers at the root that may find nothing one after the other
MERGER_NODES = 20
SELDOM = 3  # nodes of the tree from one merger to the next
KICKED = (0.03, 0.2)  # of the chosen sites, what share is given up in a kick
PASSES = 100
FEW_ROWS = 4  # times the sites: up to here the whole programme is solved


class MostSearch(Search):
    """The search of one cover, every row of which has a site and a weight, and every site a cost."""

    def __init__(self, core: MostCore, *, seed: int, watch: Watch) -> None:
        self.core = core
        self.random = np.random.default_rng(seed)
        self.total = int(core.weight.sum())
        rule = core.rule
        self.cost = np.ones(core.sites, dtype=np.int64) if rule.cost is None else rule.cost
        self.money = rule.money if rule.count is None else rule.count
        super().__init__(Tree(core, SHARE, np.full(core.sites, FREE)), watch)
        self._look_at(self.tree.state)
        self.best, self.uncovered = np.zeros(core.sites, dtype=bool), self.total
        self._construct(np.zeros(core.sites, dtype=bool), np.ones(core.sites))

    def run(self) -> tuple[BoolArray, Evidence]:
        """Search until proven or the watch stops; return the choice and its proof."""
        node = self._root(ROOT, *self._descend())
        if not self.is_done and self.watch.left > 0.0:
            node = self._root(node, *self.solve(self.tree.states[node], self.tree.nodes[node].dual))
            self._merge(self._shares[node])
            apart = self._fall_apart(self._narrow(node))
            if apart is not None:
                return self.best, apart
            self._breed(node)
            self.branch()
        return self.best, Evidence(((self.tree.proof(), self.uncovered),), total=self.total)

    @property
    def target(self) -> int:
        return self.uncovered

    def report(self, bound: int) -> tuple[int, int]:
        return self.total - self.uncovered, self.total - bound

    def solve(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Return a good dual under a state, from the parent's; where all is settled, the exact one."""
        inside = state == INSIDE
        spent = int(self.cost[inside].sum())
        if spent >= self.money or not (state == FREE).any():
            covered = _kernels.covered_by(*self.core.cover.by_site, inside, self.core.cover.demands) > 0
            if spent <= self.money:
                self._offer(inside)
            return np.where(covered, 0, SHARE), inside.astype(np.float64)
        dual, chosen = self._by_programme(state, dual)
        if len(self.tree.nodes) % SELDOM == 0:
            self._merge(chosen)
        return dual, chosen

    def _fall_apart(self, node: int) -> ApartEvidence | None:
        """Go on part by part, where what the root leaves has several, none of them most of it."""
        if self.core.rule.count is None or node not in self.tree.states:
            return None
        root, target = self.tree.proof(), self.uncovered
        apart = fall_apart(self.core, root.settled(target))
        if not apart.cores or 2 * max(core.sites for core in apart.cores) > len(apart.left.columns):
            return None
        search = ApartSearch(
            apart, self.tree.nodes[node].dual, self._shares[node], self.core.weight, self.best, self.random, self.watch
        )
        for _ in range(LOOKS):
            search.look()
        self._offer(search.best)
        if self.uncovered < target:  # more can be settled before
            return self._fall_apart(self._narrow(node))
        while search.bound < self.uncovered and self.watch.go_on(*self.report(search.bound)):
            search.step(self.uncovered)
            self._offer(search.best)
        return ApartEvidence(
            ((self.tree.proof(), self.uncovered),), total=self.total, core=self.core, root=root, target=target,
            trees=search.trees,
        )  # fmt: skip

    def _look_at(self, state: IntArray) -> None:
        """Go on with the sites that a state leaves free only; those inside are in every better choice."""
        self.inside = state == INSIDE
        self.left = remaining(self.core.cover, self.core.weight, state)
        self.spare = self.money - int(self.cost[self.inside].sum())
        self.prices = self.cost[self.left.columns]
        self.master: Master | None = None

    def _root(self, node: int, dual: IntArray, chosen: FloatArray) -> int:
        """Refine the root and go on with the sites it leaves open."""
        node = self.tree.refine(node, dual, self.target)
        self._shares[node] = chosen
        return self._narrow(node)

    def _narrow(self, node: int) -> int:
        node = self.settle_anew(node)
        if node in self.tree.states:
            self._look_at(self.tree.states[node])
        return node

    def _breed(self, node: int) -> None:
        """Merge choices at the root until that finds nothing any more, each time with the sites still open."""
        quiet, patience = 0, QUIET * int(self.best.sum())
        while quiet < patience and not self.is_done and self.watch.go_on(*self.report(self.tree.bound(self.target))):
            before = self.uncovered
            self._merge(self._shares[node])
            quiet += 1
            if self.uncovered < before:
                quiet, node = 0, self._narrow(node)

    def _descend(self) -> tuple[IntArray, FloatArray]:
        """Return a first dual, by subgradients."""
        left, mean = self.left, np.zeros(len(self.left.columns))
        share = _kernels.descend_shares(
            left.cover.indptr, left.cover.indices, left.weight, self.prices, self.spare,
            float(self.total - self.uncovered), PASSES, mean,
        )  # fmt: skip
        return self._found(Found(share, mean))

    def _by_programme(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the dual of the linear programme under a state, or the one given where there is no time for it."""
        left, enough = self.left, self.total - self.uncovered - self.left.covered
        below = state[left.columns]
        if left.cover.demands < FEW_ROWS * left.cover.sites:
            found = self._whole(below)
        else:
            if self.master is None:
                share = left.project(dual, self.core.weight)
                self.master = Master(left.cover, left.weight, self.prices, self.spare, share)
            found = self.master.solve(below, enough, self.best[left.columns], self.watch, self._round_off)
        return (dual, np.zeros(self.core.sites)) if found is None else self._found(found)

    def _whole(self, state: IntArray) -> Found | None:
        """Solve the whole programme of what a state of the free sites leaves."""
        least = remaining(self.left.cover, self.left.weight, state)
        chosen = (state == INSIDE).astype(np.float64)
        if not len(least.weight):
            return Found(least.lift(np.empty(0)) / SHARE, chosen)
        money = self.spare - int(self.prices[state == INSIDE].sum())
        found = whole_programme(least.cover, least.weight, self.prices[least.columns], money, self.watch.left)
        if found is None:
            return None
        chosen[least.columns] = found.chosen
        return Found(least.lift(found.share) / SHARE, chosen)

    def _found(self, found: Found) -> tuple[IntArray, FloatArray]:
        """Return the dual of every row, and how far every site is chosen."""
        chosen = self.inside.astype(np.float64)
        chosen[self.left.columns] = found.chosen
        return self.left.lift(found.share), chosen

    def _round_off(self, chosen: FloatArray) -> None:
        """Choose by a programme's answer, with a little chance."""
        bias = chosen * self._chance(0.2) + 1e-9
        self._construct(np.zeros(len(chosen), dtype=bool), bias)

    def _merge(self, chosen: FloatArray) -> None:
        """Make some choices, and let HiGHS choose among their sites and the best one's."""
        best = self.best[self.left.columns]
        parents = [best, *(self._parent(chosen) for _ in range(PARENTS))]
        every, some = np.all(parents, axis=0), np.any(parents, axis=0)
        few = remaining(self.left.cover, self.left.weight, np.where(every, INSIDE, np.where(some, FREE, OUTSIDE)))
        if not len(few.weight) or self.watch.left <= 0.0:
            return
        found = best_of_few(
            few.cover, few.weight, self.prices[few.columns], self.spare - int(self.prices[every].sum()),
            known=best[few.columns], nodes=MERGER_NODES, seconds=self.watch.left / 4,
        )  # fmt: skip
        self._construct(every | few.marks(found, len(every)), np.ones(len(every)))

    def _parent(self, chosen: FloatArray) -> BoolArray:
        """Return a choice made anew by how far each site is ``chosen``, and then a few times kicked."""
        bias = chosen[self.left.columns]
        parent = self._construct(np.zeros(len(bias), dtype=bool), (bias + 0.02) * self._chance(0.5))
        for _ in range(KICKS):
            given_up = self.random.random(len(bias)) < self.random.uniform(*KICKED)
            other = self._construct(parent & ~given_up, (bias + 0.1) * self._chance(0.3))
            if self._covers(other) >= self._covers(parent):
                parent = other
        return parent

    def _chance(self, width: float) -> FloatArray:
        return self.random.uniform(1.0 - width, 1.0 + width, len(self.left.columns))

    def _covers(self, chosen: BoolArray) -> int:
        """Return the weight that a choice of the free sites covers of what is left."""
        times = _kernels.covered_by(*self.left.cover.by_site, chosen, self.left.cover.demands)
        return int(self.left.weight[times > 0].sum())

    def _construct(self, chosen: BoolArray, bias: FloatArray) -> BoolArray:
        """Go on from a choice of the free sites: take what covers most times ``bias``, then exchange."""
        cover, chosen = self.left.cover, chosen.copy()
        ground = (cover.indptr, cover.indices, *cover.by_site, self.left.weight, self.prices)
        money = self.spare - int(self.prices[chosen].sum())
        if cover.sites:  # else the proof has settled them all
            money = _kernels.greedy_most(*ground, bias, chosen, money)
            money = _kernels.swap_most(*ground, chosen, money, int(self.random.integers(cover.sites)))
            _kernels.greedy_most(*ground, np.ones(len(bias)), chosen, money)
        self._offer(self.inside | self.left.marks(chosen, self.core.sites))
        return chosen

    def _offer(self, chosen: BoolArray) -> None:
        times = _kernels.covered_by(*self.core.cover.by_site, chosen, self.core.cover.demands)
        uncovered = int(self.core.weight[times == 0].sum())
        if uncovered < self.uncovered:
            self.best, self.uncovered = chosen, uncovered
