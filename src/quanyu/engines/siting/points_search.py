"""The p-median between points: exchanges and ascent of the dual in turn, each led by the other, without branching."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.points import PointDistances, field_of
from quanyu.engines.siting.proof import FREE, INSIDE, ROOT, Evidence, Rule, Tree
from quanyu.engines.siting.result import Watch

UNKNOWN = 1 << 62
SITE_CELLS, DEMAND_CELLS = 32, 4  # for each chosen site: small cells fit a circle, few are fast to go through
CELLS, CELL_POINTS = 3_000, 16  # so many cells of demands are few, if each has so many
ROUNDS, PASSES = 30, 60
PACE, SHORTEST = 0.5, 2e-3  # of the step that would close the gap: the first, and one that is not worth it
PATIENCE, SLOWER = 6, 0.85  # passes without a better bound before the step is shortened
DEFLECTED = 0.8  # of the last direction goes into the next
KICKS = 2
FEW = 20_000  # demands up to which all is tried at once; of more, a sample is solved first
SAMPLE, SAMPLE_EACH = 12_000, 20  # demands of a sample, or so many for each chosen site
SAMPLE_KICKS = 4
NEIGHBOURS = 4  # of a sample's site, what it stands for: so many times as many sites are tried in its place
WORK = 400_000_000  # a demand's costs compared in one descent
TRIES = 20_000_000  # and between two looks at the clock


@dataclass(frozen=True)
class PointCore:
    """The p-median between points as a proof sees it: a dual of 0 or more for each demand, whatever its size.

    ``demand`` and ``sites`` are sorted; a demand without a weight has no part in it.
    """

    demand: _kernels.Field
    weight: IntArray
    places: _kernels.Field
    unit: float
    count: int

    @property
    def sites(self) -> int:
        return len(self.places.x)

    @property
    def rule(self) -> Rule:
        return Rule(count=self.count)

    def price(self, dual: IntArray, scale: int) -> tuple[int, IntArray]:
        value = np.where(self.weight > 0, np.maximum(dual, 0), 0)
        return int(value.sum()), _kernels.price_points(self.demand, self.weight, self.places, self.unit, value, scale)


class PointsSearch:
    """The search of the ``count`` sites, those that stand among them, nearest to all demand."""

    def __init__(
        self, distances: PointDistances, weight: IntArray, count: int, stands: BoolArray, *, seed: int, watch: Watch
    ) -> None:
        demand, self.demand_order = field_of(
            distances.demand_xy, max(DEMAND_CELLS * count, min(len(weight) // CELL_POINTS, CELLS))
        )
        places, self.site_order = field_of(distances.sites_xy, SITE_CELLS * count)
        self.core = PointCore(demand, weight[self.demand_order], places, distances.unit, count)
        self.ground = (demand, self.core.weight, places, distances.unit)
        self.state = np.where(stands[self.site_order], INSIDE, FREE)
        self.standing = np.flatnonzero(self.state == INSIDE)
        self.random, self.watch = np.random.default_rng(seed), watch
        most = max(1, int(weight @ distances.farthest))
        self.scale = 1 << max(0, min(20, 60 - most.bit_length()))
        self.highest = self.core.weight * distances.farthest[self.demand_order].astype(np.float64)
        n = len(weight)
        self.first, self.second = np.empty(n, np.int64), np.empty(n, np.int64)
        self.one, self.two = np.empty(n, np.int64), np.empty(n, np.int64)
        self.sites, self.value, self.bound = self.standing, UNKNOWN, 0.0

    def run(self) -> tuple[IntArray, Evidence]:
        """Search until there is no progress or the watch stops; return the choice and its proof."""
        is_small, every = len(self.core.weight) <= FEW, np.arange(self.core.sites)
        self._descend(*((self._first_choice(), every) if is_small else self._choice_of_sample()))
        _kernels.assign_points(*self.ground, self.sites, self.first, self.second, self.one, self.two)
        u, pace = (self.one + self.two).astype(np.float64) / 2, PACE
        for _ in range(ROUNDS):
            u, pace, chosen = self._ascend(u, pace)
            # Where not all can be tried, going on from the best choice is worth more than another one.
            self._descend(chosen if is_small else self.sites, every)
            for _ in range(KICKS if is_small else 0):
                self._kick()
            going_on = self.watch.go_on(self.value, max(0, int(self.bound)))
            if not going_on or pace < SHORTEST or self.bound > self.value - 1:
                break
        tree = Tree(self.core, self.scale, self.state)
        tree.add(ROOT, np.floor(u * self.scale).astype(np.int64), self.value)
        return np.sort(self.site_order[self.sites]), Evidence(((tree.proof(), self.value),))

    def _choice_of_sample(self) -> tuple[IntArray, IntArray]:
        """Return sites that are good for a sample of the demands, and the sites near them."""
        count, (demand, weight, places, unit) = self.core.count, self.ground
        size = max(SAMPLE, SAMPLE_EACH * count)
        some = self.random.permutation(len(weight))[:size]
        others = np.flatnonzero(self.state == FREE)
        sites = np.concatenate([self.standing, self.random.permutation(others)[:size]])
        demand_xy, sites_xy = (np.stack([field.x, field.y], axis=1) for field in (demand, places))
        part = PointsSearch(
            PointDistances(demand_xy[some], sites_xy[sites], unit), weight[some], count,
            np.arange(len(sites)) < len(self.standing), seed=int(self.random.integers(1 << 30)), watch=self.watch,
        )  # fmt: skip
        part._descend(part._first_choice(), np.arange(len(sites)))
        for _ in range(SAMPLE_KICKS):
            part._kick()
        begun = sites[part.site_order[part.sites]]
        near = min(len(sites_xy), NEIGHBOURS * len(sites_xy) // len(sites) + 1)
        return begun, np.unique(cKDTree(sites_xy).query(sites_xy[begun], near)[1])

    def nearest(self) -> tuple[IntArray, IntArray]:
        """Return the site of the best choice that serves each demand, and at what cost."""
        _kernels.assign_points(*self.ground, self.sites, self.first, self.second, self.one, self.two)
        site, cost = np.empty_like(self.first), np.empty_like(self.one)
        site[self.demand_order], cost[self.demand_order] = self.site_order[self.sites[self.first]], self.one
        return site, cost

    def _ascend(self, u: FloatArray, pace: float) -> tuple[FloatArray, float, IntArray]:
        """Raise a dual by deflected subgradients; return the best, the pace it came to and the choice at its prices."""
        best, chosen, direction, stalled = u.copy(), self.sites, np.zeros(len(u)), 0
        highest = -np.inf
        for _ in range(PASSES):
            reduced = _kernels.roughly_price_points(*self.ground, u)
            taken = self._cheapest(reduced)
            bound = float(u.sum() + reduced[taken].sum())
            if bound > highest * (1 + 1e-5) or highest == -np.inf:
                stalled = 0
            else:
                stalled += 1
            if bound > highest:
                highest, best, chosen = bound, u.copy(), taken
            if self.watch.left <= 0.0 or highest > self.value - 1:
                break
            if stalled >= PATIENCE:
                pace, stalled, u = SLOWER * pace, 0, best.copy()
            spots, _ = field_of(np.stack([self.core.places.x[taken], self.core.places.y[taken]], axis=1), len(taken))
            served = _kernels.served_points(self.core.demand, self.core.weight, spots, self.core.unit, u)
            direction = 1.0 - served + DEFLECTED * direction
            length = float((direction * direction).sum())  # a dot product would take every core
            if length == 0.0:
                break
            u = np.clip(u + pace * (1.01 * self.value - bound) / length * direction, 0.0, self.highest)
        self.bound = max(self.bound, highest)
        return best, pace, chosen

    def _cheapest(self, reduced: FloatArray) -> IntArray:
        """Return the standing sites and the cheapest others."""
        left = self.core.count - len(self.standing)
        free = np.flatnonzero(self.state == FREE)
        if left < len(free):
            free = free[np.argpartition(reduced[free], left)[:left]] if left else free[:0]
        return np.concatenate([self.standing, free])

    def _first_choice(self) -> IntArray:
        """Return sites, each the one nearest to a demand drawn by how dear it still is."""
        chosen, (demand, weight, places, _) = self.standing.tolist(), self.ground
        dear = np.full(len(weight), np.inf)
        for site in chosen:
            np.minimum(dear, np.hypot(demand.x - places.x[site], demand.y - places.y[site]), out=dear)
        left = np.ones(self.core.sites, dtype=bool)
        left[chosen] = False
        while len(chosen) < self.core.count:
            cost = np.where(np.isinf(dear), 1.0, dear) * weight
            total = np.cumsum(cost)
            i = int(np.searchsorted(total, self.random.random() * total[-1], side="right"))
            i = min(i, len(weight) - 1)
            away = np.where(left, np.hypot(places.x - demand.x[i], places.y - demand.y[i]), np.inf)
            site = int(np.argmin(away))
            chosen.append(site)
            left[site] = False
            np.minimum(dear, np.hypot(demand.x - places.x[site], demand.y - places.y[site]), out=dear)
        return np.array(chosen, dtype=np.int64)

    def _descend(self, sites: IntArray, candidates: IntArray) -> None:
        """Exchange sites for candidates while that helps, and keep the choice if it is the best."""
        sites, held = sites.copy(), np.isin(sites, self.standing)
        caches = (self.first, self.second, self.one, self.two)
        value = int(_kernels.assign_points(*self.ground, sites, *caches))
        each = 8 * len(self.core.weight) // self.core.count + 4 * self.core.count  # demands and cells looked at
        left, tries = max(WORK // each, len(candidates) if self.value == UNKNOWN else 0), TRIES // each + 1
        offset, quiet = 0, 0
        tried = self.random.permutation(candidates)
        while left > 0 and quiet < len(tried) and self.core.count > 1 and self.watch.left > 0.0:
            change, offset, quiet = _kernels.swap_points(
                *self.ground, tried, sites, held, *caches, offset, quiet, tries
            )
            value += int(change)
            left -= tries
        if value < self.value:
            self.value, self.sites = value, sites

    def _kick(self) -> None:
        """Move a few sites of the best choice elsewhere, and exchange again."""
        free = np.setdiff1d(np.flatnonzero(self.state == FREE), self.sites)
        movable = np.flatnonzero(self.state[self.sites] == FREE)
        some = min(len(free), len(movable), max(2, len(movable) // 20))
        if some == 0 or self.watch.left <= 0.0:
            return
        sites = self.sites.copy()
        sites[self.random.choice(movable, some, replace=False)] = self.random.choice(free, some, replace=False)
        self._descend(sites, np.arange(self.core.sites))
