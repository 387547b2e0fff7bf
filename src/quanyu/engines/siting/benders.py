"""Maximal covering as a small linear programme over the sites, cut where it claims more than its sites cover."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.linear import Programme
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE
from quanyu.engines.siting.result import Watch

SHARE = 1 << 20  # a dual of the whole weight of a demand
SIDE = 12  # patterns are cut in 12 by 12 groups
ROUNDS = 160
PATIENCE, SLOW = 10, 0.03  # a programme that falls by less than 3 % of the way in 10 rounds is left
BLUR = 0.2
PASSES, WORK = 400, 32_000_000  # of the relaxation that gives the first cuts: at most, and entries looked at
KEPT = 3  # so many cuts for each group are kept without asking whether they still matter
BETWEEN = 6  # rounds of cuts from one rounding off to the next
TOWARDS = 0.3  # how far a cut's point lies from the core point towards the programme's


class Found(NamedTuple):
    """The best dual of a state, and the share of each site in the programme's answer."""

    dual: IntArray
    share: FloatArray


class Master:
    """The programme over sites with one estimate for each group of patterns, and the cuts found so far.

    References
    ----------
    .. [1] Cordeau, J.-F., Furini, F. and Ljubić, I. (2019). Benders decomposition for very large scale partial set
       covering and maximal covering location problems. European Journal of Operational Research 275(3), 882-896.
    """

    def __init__(self, cover: Cover, weight: IntArray, cost: IntArray, money: int) -> None:
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

    def start(self, state: IntArray, enough: int) -> Found:
        """Begin with the cuts of a Lagrangian relaxation, which costs far less than the programme's first rounds."""
        mean = np.zeros(self.cover.sites)
        passes = max(PASSES // 4, min(PASSES, WORK // len(self.cover.indices)))
        share = _kernels.descend_shares(
            self.cover.indptr, self.cover.indices, self.weight, self.cost, state, self.money, float(enough), passes,
            mean,
        )  # fmt: skip
        self._add(share, self._slopes(share), np.arange(len(self.slope)))
        return Found(_whole(share), mean)

    def solve(
        self, state: IntArray, enough: int, best: BoolArray, watch: Watch, round_off: Callable[[FloatArray], None]
    ) -> Found | None:
        """Cut until the programme agrees with its point, or no more than ``enough`` can be covered under ``state``.

        ``round_off`` is given the programme's shares now and then, to make a choice of them.
        """
        m = self.cover.sites
        self.programme.bound((state == INSIDE).astype(np.float64), (state != OUTSIDE).astype(np.float64))
        centre, lowest = self._centre(state, best), 0.0
        duals, share, uppers = np.empty(0), np.empty(0), list[float]()
        for _ in range(ROUNDS):
            solved = self.programme.solve(watch.left)
            if solved is None or solved.values is None:
                break
            values, duals = solved.values, -solved.duals[1:]
            share = np.clip(values[:m], 0.0, 1.0)
            upper = float(values[m:].sum())
            uppers.append(upper)
            slow = len(uppers) > PATIENCE and uppers[-PATIENCE] - upper < SLOW * (upper - enough)
            if upper < enough + 1 - 1e-6 or upper - lowest < 1e-7 * self.total or slow:
                break
            if len(uppers) % BETWEEN == 0:
                round_off(share)
            added = 0
            for point in (TOWARDS * share + (1.0 - TOWARDS) * centre, share):
                value, added = self._cut(point, values)
                if value > lowest:
                    centre, lowest = point, value
                if added:
                    break
            if not added:
                break
        if not len(share):
            return None
        dual = self._dual(duals)
        self._forget(duals)
        return Found(dual, share)

    def _centre(self, state: IntArray, best: BoolArray) -> FloatArray:
        """Return the best choice known, blurred a little over the open sites: where cuts are worth most."""
        free = state == FREE
        inside = (state == INSIDE).astype(np.float64)
        left = self.money - int(self.cost[state == INSIDE].sum())
        even = inside + free * min(1.0, left / max(int(self.cost[free].sum()), 1))
        centre: FloatArray = BLUR * even + (1.0 - BLUR) * (inside + free * best)
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
        estimates = sparse.eye_array(len(self.slope), format="csr")[groups]
        lines = sparse.hstack([-sparse.csr_array(self.slope[groups]), estimates], format="csr")
        self.programme.add(lines, np.full(len(groups), -np.inf), constant[groups])
        self.cuts = np.concatenate([self.cuts, np.stack([np.full(len(groups), len(self.shares)), groups], axis=1)])
        self.shares.append(share)

    def _dual(self, duals: FloatArray) -> IntArray:
        """Return the share of each row's weight that its sites are paid: the cuts' shares, weighed by their duals."""
        share = np.zeros(self.cover.demands)
        for point in np.unique(self.cuts[: len(duals)][duals > 1e-9, 0]):
            mine = np.flatnonzero((self.cuts[: len(duals), 0] == point) & (duals > 1e-9))
            of_group = np.zeros(len(self.slope))
            of_group[self.cuts[mine, 1]] = duals[mine]
            share += of_group[self.group] * self.shares[point]
        return _whole(share)

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


def _whole(share: FloatArray) -> IntArray:
    return np.rint(np.clip(share, 0.0, 1.0) * SHARE).astype(np.int64)


def _groups(cover: Cover) -> IntArray:
    """Return a group for each pattern, near ones together: by the mean place of its sites, or of their numbers."""
    size = np.diff(cover.indptr)
    if cover.sites_xy is None:
        order = reverse_cuthill_mckee(sparse.csr_matrix(cover.matrix.T @ cover.matrix), symmetric_mode=True)
        rank = np.empty(cover.sites)
        rank[order] = np.arange(cover.sites)
        mean = np.add.reduceat(rank[cover.indices], cover.indptr[:-1]) / size
        return _ranked(mean, SIDE * SIDE)
    mean = np.add.reduceat(cover.sites_xy[cover.indices], cover.indptr[:-1]) / size[:, None]
    column = _ranked(mean[:, 0], SIDE)
    return column * SIDE + _ranked(mean[:, 1], SIDE)


def _ranked(values: FloatArray, parts: int) -> IntArray:
    """Return which of so many equally full parts each value falls in."""
    rank = np.empty(len(values), dtype=np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    return rank * parts // max(len(values), 1)
