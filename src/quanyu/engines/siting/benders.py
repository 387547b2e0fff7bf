"""Maximal covering as a linear programme over the sites alone, cut where it claims more than its sites cover."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.linear import Programme
from quanyu.engines.siting.most_model import Found
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE
from quanyu.engines.siting.result import Watch

SIDE = 12  # patterns are cut in 12 by 12 groups,
GROUP = 40  # or in fewer of about so many
ROUNDS = 160
PATIENCE, SLOW = 10, 0.03  # a programme that falls by less than 3 % of the way in 10 rounds is left
BLUR = 0.2
KEPT = 3  # so many cuts for each group are kept without asking whether they still matter
BETWEEN = 6  # rounds of cuts from one rounding off to the next
TOWARDS = 0.5  # how far a cut's point lies from the core point towards the programme's


class Master:
    """The programme over sites with one estimate for each group of patterns, and the cuts found so far.

    It begins with the cuts of some ``share`` of each row's weight.

    References
    ----------
    .. [1] Cordeau, J.-F., Furini, F. and Ljubić, I. (2019). Benders decomposition for very large scale partial set
       covering and maximal covering location problems. European Journal of Operational Research 275(3), 882-896.
    """

    def __init__(self, cover: Cover, weight: IntArray, cost: IntArray, money: int, share: FloatArray) -> None:
        self.cover, self.weight, self.cost, self.money = cover, weight, cost, money
        self.total = int(weight.sum())
        self.group = _groups(cover)
        m, g = cover.sites, int(self.group.max()) + 1
        top = np.bincount(self.group, weights=weight, minlength=g)
        self.programme = Programme(np.repeat([0.0, -1.0], [m, g]), np.zeros(m + g), np.append(np.ones(m), top))
        paid = np.append(cost.astype(np.float64), np.zeros(g))
        self.programme.add(paid[None], np.array([-np.inf]), np.array([float(money)]))
        self.slope = np.empty((g, m))
        self.shares: list[FloatArray] = []  # of each cut's point: what share of each row's weight its sites are paid
        self.cuts = np.empty((0, 2), dtype=np.int64)  # (point, group) of each cut
        self._add(share, self._slopes(share), np.arange(g))

    def spend(self, money: int) -> None:
        """Go on with so much money."""
        self.money = money
        self.programme.limit(0, -np.inf, float(money))

    def solve(
        self, state: IntArray, enough: int, best: BoolArray, watch: Watch, round_off: Callable[[FloatArray], None]
    ) -> Found | None:
        """Cut until the programme agrees with its point, or no more than ``enough`` can be covered under ``state``.

        ``best`` marks the best choice known; ``round_off`` is given the programme's answer now and then.
        """
        m = self.cover.sites
        self.programme.bound((state == INSIDE).astype(np.float64), (state != OUTSIDE).astype(np.float64))
        centre, lowest = self._centre(state, best), 0.0
        duals, point, uppers = np.empty(0), np.empty(0), list[float]()
        for _ in range(ROUNDS):
            solved = self.programme.solve(watch.left)
            if solved is None or solved.values is None:
                break
            values, duals = solved.values, -solved.duals[1:]
            point = np.clip(values[:m], 0.0, 1.0)
            uppers.append(float(values[m:].sum()))
            if self._is_near(uppers, lowest, enough):
                break
            if len(uppers) % BETWEEN == 0:
                round_off(point)
            added = 0
            for tried in (TOWARDS * point + (1.0 - TOWARDS) * centre, point):
                value, added = self._cut(tried, values)
                if value > lowest:
                    centre, lowest = tried, value
                if added:
                    break
            if not added:
                break
        if not len(point):
            return None
        found = Found(self._share(duals), point)
        self._forget(duals)
        return found

    def _is_near(self, uppers: list[float], lowest: float, enough: int) -> bool:
        """Tell whether the programme's value has come as near to what is known as is worth its rounds."""
        upper = uppers[-1]
        slow = len(uppers) > PATIENCE and uppers[-PATIENCE] - upper < SLOW * (upper - enough)
        return slow or upper < enough + 1 - 1e-6 or upper - lowest < 1e-7 * self.total

    def _centre(self, state: IntArray, best: BoolArray) -> FloatArray:
        """Return the best choice known, blurred a little over the open sites: where cuts are worth most."""
        free = state == FREE
        inside = (state == INSIDE).astype(np.float64)
        spare = self.money - int(self.cost[state == INSIDE].sum())
        even = min(1.0, spare / max(int(self.cost[free].sum()), 1))
        centre: FloatArray = inside + free * (BLUR * even + (1.0 - BLUR) * best)
        return centre

    def _cut(self, point: FloatArray, values: FloatArray) -> tuple[float, int]:
        """Add the cuts at a point that the programme's ``values`` break; return what the point covers, and how many."""
        share = np.empty(self.cover.demands)
        _kernels.cut_at(self.cover.indptr, self.cover.indices, point, share)
        constant = self._slopes(share)
        allowed = constant + self.slope @ values[: self.cover.sites]
        estimate = values[self.cover.sites :]
        broken = np.flatnonzero(estimate > allowed + 1e-7 * (1.0 + np.abs(allowed)))
        if len(broken):
            self._add(share, constant, broken)
        return float(constant.sum() + (self.slope @ point).sum()), len(broken)

    def _slopes(self, share: FloatArray) -> FloatArray:
        constant: FloatArray = _kernels.benders_cuts(
            self.cover.indptr, self.cover.indices, self.weight, self.group, share, self.slope
        )
        return constant

    def _add(self, share: FloatArray, constant: FloatArray, groups: IntArray) -> None:
        """Add the cut of each of some groups."""
        estimates = np.arange(len(self.slope)) == groups[:, None]
        lines = np.concatenate([-self.slope[groups], estimates], axis=1)
        self.programme.add(lines, np.full(len(groups), -np.inf), constant[groups])
        self.cuts = np.concatenate([self.cuts, np.stack([np.full(len(groups), len(self.shares)), groups], axis=1)])
        self.shares.append(share)

    def _share(self, duals: FloatArray) -> FloatArray:
        """Return the share of each row's weight that its sites are paid: the cuts' shares, weighed by their duals."""
        share = np.zeros(self.cover.demands)
        used = duals > 1e-9
        for number in np.unique(self.cuts[: len(duals)][used, 0]):
            mine = np.flatnonzero((self.cuts[: len(duals), 0] == number) & used)
            of_group = np.zeros(len(self.slope))
            of_group[self.cuts[mine, 1]] = duals[mine]
            share += of_group[self.group] * self.shares[number]
        return share

    def _forget(self, duals: FloatArray) -> None:
        """Drop cuts without a dual once there are many, so that the programme stays small."""
        if len(duals) < KEPT * len(self.slope):
            return
        slack = np.flatnonzero(duals <= 1e-9)
        self.programme.drop(slack + 1)
        self.cuts = np.delete(self.cuts, slack, axis=0)
        points, place = np.unique(self.cuts[:, 0], return_inverse=True)
        self.shares = [self.shares[point] for point in points]
        self.cuts[:, 0] = place


def _groups(cover: Cover) -> IntArray:
    """Return a group for each pattern, near ones together: by the mean place of its sites, or of their numbers."""
    size = np.diff(cover.indptr)
    side = max(1, min(SIDE, math.isqrt(cover.demands // GROUP)))
    if cover.sites_xy is None:
        order = reverse_cuthill_mckee(sparse.csr_matrix(cover.matrix.T @ cover.matrix), symmetric_mode=True)
        rank = np.empty(cover.sites)
        rank[order] = np.arange(cover.sites)
        mean = np.add.reduceat(rank[cover.indices], cover.indptr[:-1]) / size
        return _ranked(mean, side * side)
    mean = np.add.reduceat(cover.sites_xy[cover.indices], cover.indptr[:-1]) / size[:, None]
    column = _ranked(mean[:, 0], side)
    return column * side + _ranked(mean[:, 1], side)


def _ranked(values: FloatArray, parts: int) -> IntArray:
    """Return which of so many equally full parts each value falls in."""
    rank = np.empty(len(values), dtype=np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    return rank * parts // max(len(values), 1)
