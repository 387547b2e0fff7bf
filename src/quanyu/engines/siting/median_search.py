"""The p-median: ascent of its dual and exchanges in turn, each led by the other, then branch and bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.distances import Near, near_of_matrix
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, ROOT, Evidence, Rule, Tree
from quanyu.engines.siting.result import Watch
from quanyu.engines.siting.search import Search

ROOT_PASSES, NODE_PASSES = 500, 150
ROUNDS = 40
KICKS = 30
NODE_KICKS = 2
TRIES = 50_000_000  # of a demand's costs compared between two looks at the clock: hundredths of a second
TRIED = 8  # sites tried for each of the first choice


@dataclass(frozen=True)
class MedianCore:
    """The p-median as a proof sees it: a dual for each demand, from 0 to where its list of near sites ends."""

    near: Near
    count: int

    @property
    def sites(self) -> int:
        return self.near.sites

    @property
    def rule(self) -> Rule:
        return Rule(count=self.count)

    def price(self, dual: IntArray, scale: int) -> tuple[int, IntArray]:
        value = np.clip(dual, 0, self.near.cap * scale)
        return int(value.sum()), _kernels.price_near(self.near.site, self.near.cost, value, scale, self.sites)


class MedianSearch(Search):
    """The search of the ``count`` sites, those that stand among them, whose costs (demands, sites) are least."""

    def __init__(self, cost: IntArray, count: int, stands: BoolArray, *, seed: int, watch: Watch) -> None:
        self.core = MedianCore(near_of_matrix(cost, count), count)
        self.cost = _whole_columns(cost)
        self.random = np.random.default_rng(seed)
        self.m, self.n = self.cost.shape
        most = max(1, int(self.core.near.cap.max()) * self.n)
        scale = 1 << max(0, min(20, 60 - most.bit_length()))
        super().__init__(Tree(self.core, scale, np.where(stands, INSIDE, FREE)), watch)
        self.standing = np.flatnonzero(stands)
        self.candidates = np.arange(self.m)
        self.sites, self.value = self.standing, 1 << 62

    def run(self) -> tuple[IntArray, Evidence]:
        """Search until proven or the watch stops; return the choice and its proof."""
        self._descend(self._first_choice())
        self._climb()
        self.branch()
        return np.sort(self.sites), Evidence(((self.tree.proof(), self.value),))

    @property
    def target(self) -> int:
        return self.value

    def report(self, bound: int) -> tuple[int, int]:
        return self.value, bound

    def solve(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Return a good dual under a state, from the parent's; where all sites are settled, the exact one."""
        inside, open_sites = np.flatnonzero(state == INSIDE), np.flatnonzero(state != OUTSIDE)
        for settled in (inside, open_sites):
            if len(settled) == self.core.count:
                self._descend(settled, candidates=settled[:0])
                nearest = self.cost[settled].min(axis=0).astype(np.int64)
                return np.minimum(nearest, self.core.near.cap) * self.tree.scale, np.zeros(self.m)
        for _ in range(NODE_KICKS):
            self._kick()
        return self._ascend(state, dual, NODE_PASSES, 0.3)

    def _climb(self) -> None:
        """Grow the root: raise the dual, exchange from the choices it met, raise it again towards the better value."""
        rank = min(self.core.near.cost.shape[1] - 1, max(1, self.m // self.core.count))
        dual = self.core.near.cost[:, rank].astype(np.int64) * self.tree.scale
        number, pace, before = ROOT, 1.0, (-1, self.value)
        for round_ in range(ROUNDS):
            state = self.tree.state if number == ROOT else self.tree.states[number]
            dual, share = self._ascend(state, dual, ROOT_PASSES, pace)
            number = self.tree.refine(number, dual, self.value)
            self._shares[number] = share
            if number not in self.tree.states:
                return
            self.candidates = np.flatnonzero(self.tree.states[number] != OUTSIDE)
            for _ in range(KICKS):
                if self.watch.left > 0.0:
                    self._kick()
            pace = 0.5 if self.value < before[1] else max(0.05, pace * 0.6)
            now = (self.tree.bound(self.value), self.value)
            if (now == before and round_ > 2) or not self.watch.go_on(self.value, now[0]):
                break
            before = now
        self.settle_anew(number)

    def _ascend(self, state: IntArray, dual: IntArray, passes: int, pace: float) -> tuple[IntArray, FloatArray]:
        """Raise a dual under a state, and exchange from the choices of its best steps."""
        near, u, share = self.core.near, dual / self.tree.scale, np.zeros(self.m)
        _, choices = _kernels.ascend(
            near.site, near.cost, near.cap.astype(np.float64), u, state, self.core.count, float(self.value), passes,
            pace, share,
        )  # fmt: skip
        whole = [each for each in choices if (each >= 0).all()]
        for each in whole if not self.tree.nodes else whole[-2:]:
            self._descend(each)
        return np.floor(u * self.tree.scale).astype(np.int64), share

    def _first_choice(self) -> IntArray:
        """Return sites, each the one that helps most after those before among a few tried by chance."""
        chosen, left = self.standing.tolist(), np.ones(self.m, dtype=bool)
        left[self.standing] = False
        farthest = int(self.cost.max())
        nearest = self.cost[self.standing].min(axis=0, initial=farthest).astype(np.int64)
        while len(chosen) < self.core.count:
            tried = self.random.choice(np.flatnonzero(left), min(TRIED, int(left.sum())), replace=False)
            best = int(min(tried, key=lambda j: int(np.minimum(nearest, self.cost[j]).sum())))
            chosen.append(best)
            left[best] = False
            nearest = np.minimum(nearest, self.cost[best])
        return np.array(chosen, dtype=np.int64)

    def _descend(self, sites: IntArray, *, candidates: IntArray | None = None) -> None:
        """Exchange sites while that helps, and keep the choice if it is the best."""
        sites = sites.copy()
        held = np.isin(sites, self.standing)
        tried = self.candidates if candidates is None else candidates
        if self.core.count == 1 and not held.any():
            sites[0] = int(np.argmin(self.cost.sum(axis=1, dtype=np.int64)))
        first, second = np.empty(self.n, dtype=np.int64), np.empty(self.n, dtype=np.int64)
        value = int(_kernels.assign_near(self.cost, sites, first, second))
        offset, quiet = int(self.random.integers(max(1, len(tried)))), 0
        while quiet < len(tried):
            change, offset, quiet = _kernels.swap_median(
                self.cost, tried, sites, held, first, second, offset, quiet, TRIES // self.n + 1
            )
            value += int(change)
            if self.core.count == 1 or self.watch.left <= 0.0:
                break
        if value < self.value:
            self.value, self.sites = value, sites

    def _kick(self) -> None:
        """Move a few sites of the best choice elsewhere, and exchange again."""
        free = np.setdiff1d(self.candidates, self.sites)
        movable = np.flatnonzero(~np.isin(self.sites, self.standing))
        if self.core.count == 1 or not len(free) or not len(movable):
            return
        some = min(len(free), len(movable), int(self.random.integers(2, 3 + max(1, len(movable) // 12))))
        sites = self.sites.copy()
        sites[self.random.choice(movable, some, replace=False)] = self.random.choice(free, some, replace=False)
        self._descend(sites)


def _whole_columns(cost: IntArray) -> NDArray[Any]:
    """Return (sites, demands), in 32 bits where they hold it."""
    return np.ascontiguousarray(cost.T.astype(np.int32 if cost.max() < 2**31 else np.int64))
