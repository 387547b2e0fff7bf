"""The most weight that a number of sites, or a budget, can cover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray, int_array
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.covering import serving
from quanyu.engines.siting.linear import Programme, best_choice
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, Evidence, Rule, Tree, branch
from quanyu.engines.siting.reductions import group_rows
from quanyu.engines.siting.result import Progress, Sentence, Siting, Watch
from quanyu.errors import EmptyInput, NoLimit, OutOfRange

STEPS = 400
SHARE = 1 << 20  # a dual of the whole weight of a demand
SIDE = 8  # patterns are cut in 8 by 8 groups
ROUNDS = 160
PATIENCE, SLOW = 8, 0.05  # a programme that falls by less than 5 % of the way in 8 rounds is left
ROUNDINGS = 12
SOLVER_NODES = 60
SOLVER_ENTRIES = 60_000
BLUR = 0.2
TOWARDS = 0.3  # how far a cut's point lies from the core point towards the programme's


@dataclass(frozen=True)
class MostCore:
    """Maximal covering as a proof sees it: the weight left uncovered is least.

    A dual is the share of each group's weight (0 to ``SHARE``) that its sites are paid for covering it.
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
        return int(value.sum()), -_kernels.price_groups(self.cover.indptr, self.cover.indices, value, self.sites)


def cover_most(
    cover: Cover,
    weights: Any,
    *,
    p: int | None = None,
    budget: int | None = None,
    costs: Any = None,
    existing: Any = None,
    seed: int = 0,
    steps: int = STEPS,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Siting:
    """Return the sites that cover the most weight.

    Parameters
    ----------
    cover : which sites cover which demands
    weights : (n,) int64, 0 or more, what covering each demand is worth (households)
    p : how many new sites; or
    budget, costs : what the new sites may cost together, and (m,) int64 the cost of each
    existing : indices of sites that stand and stay; they are free and not counted in ``p``
    steps : nodes of the proof's tree
    seconds : stop when so much time has passed
    on_progress : called at each step; ``False`` stops, and the best choice so far is returned

    Returns
    -------
    Siting
        ``value`` is the weight covered, by standing and new sites; ``bound`` is what no choice exceeds.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    References
    ----------
    .. [1] Church, R. and ReVelle, C. (1974). The maximal covering location problem. Papers of the Regional Science
       Association 32, 101-118.
    .. [2] Cordeau, J.-F., Furini, F. and Ljubić, I. (2019). Benders decomposition for very large scale partial set
       covering and maximal covering location problems. European Journal of Operational Research 275(3), 882-896.

    Examples
    --------
    >>> from quanyu.engines.siting import cover_by_matrix
    >>> answer = cover_most(cover_by_matrix([[1, 0], [1, 0], [0, 1]]), [3, 4, 5], p=1)
    >>> answer.sites.tolist(), answer.value, answer.bound
    ([0], 7, 7)
    """
    if not cover.demands or not cover.sites:
        raise EmptyInput(name="cover")
    weight = int_array("weights", weights, shape=(cover.demands,), low=0)
    stands = np.zeros(cover.sites, dtype=bool)
    if existing is not None:
        stands[int_array("existing", existing, shape=(-1,), low=0, high=cover.sites - 1)] = True
    rule = _rule(cover.sites, stands, p, budget, costs)
    watch = Watch(steps, seconds, on_progress)
    group, patterns = group_rows(cover)
    grouped = np.bincount(group, weights=weight, minlength=patterns.demands).astype(np.int64)
    useful = np.flatnonzero((np.diff(patterns.indptr) > 0) & (grouped > 0))
    if len(useful) < patterns.demands:
        patterns = patterns.select(useful, np.arange(cover.sites))
    search = MostSearch(MostCore(patterns, grouped[useful], rule), stands, seed=seed, watch=watch)
    search.run()
    evidence = Evidence(((search.tree.proof(), search.uncovered),), 0, int(grouped[useful].sum()))
    return _answer(cover, weight, search.best, stands, evidence, watch)


def _rule(sites: int, stands: BoolArray, p: int | None, budget: int | None, costs: Any) -> Rule:
    if (p is None) == (budget is None):
        raise NoLimit()
    if p is not None:
        if not 0 <= p <= sites - int(stands.sum()):
            raise OutOfRange(
                name="p", row="-", value=p, allowed=f"0 to the {sites - int(stands.sum())} sites not standing"
            )
        return Rule(count=p + int(stands.sum()))
    assert budget is not None  # noqa: S101 told above
    if budget < 0:
        raise OutOfRange(name="budget", row="-", value=budget, allowed="at least 0")
    cost = np.ones(sites, dtype=np.int64) if costs is None else int_array("costs", costs, shape=(sites,), low=0)
    return Rule(cost=np.where(stands, 0, cost), money=budget)


def _answer(
    cover: Cover, weight: IntArray, chosen: BoolArray, stands: BoolArray, evidence: Evidence, watch: Watch
) -> Siting:
    assignment = serving(cover, chosen)
    value, bound = int(weight[assignment >= 0].sum()), evidence.recompute()
    total = int(weight.sum())
    params = {
        "sites": int(chosen.sum()), "standing": int(stands.sum()), "value": value, "bound": bound, "total": total,
        "share": 100.0 * value / max(total, 1), "bound_share": 100.0 * bound / max(total, 1),
    }  # fmt: skip
    text = (
        "%(sites)d sites cover %(value)d of %(total)d (%(share).2f %%); no such choice covers more than %(bound)d "
        "(%(bound_share).2f %%)."
    )
    return Siting(
        "cover_most", np.flatnonzero(chosen), assignment, value, bound, np.flatnonzero(assignment < 0),
        np.flatnonzero(np.diff(cover.indptr) == 0), Sentence(text, params), evidence, watch.steps, watch.elapsed,
        "proven" if value == bound else watch.stopped or "steps",
    )  # fmt: skip


class MostSearch:
    """Greedy and swaps, Benders cuts for the duals, rounding, and the tree on what stays open."""

    def __init__(self, core: MostCore, stands: BoolArray, *, seed: int, watch: Watch) -> None:
        self.core, self.watch, self.stands = core, watch, stands
        self.random = np.random.default_rng(seed)
        self.total = int(core.weight.sum())
        self.cost = core.rule.cost if core.rule.cost is not None else np.where(stands, 0, 1).astype(np.int64)
        count = core.rule.count
        self.money = core.rule.money if count is None else count - int(stands.sum())
        self.allowed = np.ones(core.sites, dtype=bool)
        self.best = stands.copy()
        self.uncovered = self.total
        self._construct(np.ones(core.sites), swaps=10_000)
        state = np.where(stands, INSIDE, FREE).astype(np.int64)
        self.tree = Tree(core, SHARE, state)
        self.point = np.zeros(core.sites)
        self.points: dict[int, FloatArray] = {}
        self.master = Master(core, self.cost, self.money, stands)

    def run(self) -> None:
        """Search until proven or the watch stops."""
        if not self.core.cover.demands:
            self.tree.add(-1, -1, inside=False, dual=np.empty(0, dtype=np.int64), target=self.uncovered)
            return
        dual = self._solve(self.tree.state, np.empty(0, dtype=np.int64), self.uncovered)
        self.tree.add(-1, -1, inside=False, dual=dual, target=self.uncovered)
        if self._closed():
            return
        for _ in range(ROUNDINGS):
            self._construct(self.point * self.random.uniform(0.8, 1.2, len(self.point)) + 1e-9, swaps=100)
        node = self._again(0)
        if self._closed():
            return
        self._finish(node)
        self._again(node)
        branch(self.tree, self._solve, self._pick, lambda: self.uncovered, self._go_on)

    def _go_on(self, bound: int) -> bool:
        return self.watch.go_on(self.total - self.uncovered, self.total - bound)

    def _closed(self) -> bool:
        return not any(bound < self.uncovered for bound in self.tree.open_nodes.values())

    def _again(self, node: int) -> int:
        """Settle a node anew with its own dual, now that the target may be lower; return the node that stands for it."""
        if node not in self.tree.states:
            return node
        new = self.tree.add(node, -1, inside=False, dual=self.tree.duals[node], target=self.uncovered)
        self.tree.settled(node)
        if new in self.tree.states:
            self.allowed = self.tree.states[new] != OUTSIDE
        return new

    def _construct(self, bias: FloatArray, *, swaps: int) -> None:
        cover = self.core.cover
        start, rows = cover.by_site
        chosen = self.stands.copy()
        given = (cover.indptr, cover.indices, start, rows, self.core.weight, self.cost)
        money = _kernels.greedy_most(*given, np.where(self.allowed, bias, 0.0), chosen, self.money)
        money = _kernels.swap_most(*given, self.stands, chosen, money, self.allowed, swaps)
        _kernels.greedy_most(*given, np.where(self.allowed, 1.0, 0.0), chosen, money)
        self._offer(chosen)

    def _offer(self, chosen: BoolArray) -> None:
        start, rows = self.core.cover.by_site
        missing = _kernels.covered_by(start, rows, chosen, self.core.cover.demands) == 0
        uncovered = int(self.core.weight[missing].sum())
        if uncovered < self.uncovered:
            self.best, self.uncovered = chosen, uncovered

    def _solve(self, state: IntArray, dual: IntArray, target: int) -> IntArray:
        """Return duals of the Benders programme under a state, in whole shares."""
        inside = state == INSIDE
        spent = int(self.cost[inside].sum())
        if spent >= self.money or not (state == FREE).any():
            start, rows = self.core.cover.by_site
            covered = _kernels.covered_by(start, rows, inside, self.core.cover.demands) > 0
            if spent <= self.money:
                self._offer(inside)
            return np.where(covered, 0, SHARE).astype(np.int64)
        found = self.master.solve(state, self.total - target, self.best, self.watch)
        self.point = found.point
        self.points[hash(found.dual.tobytes())] = found.point
        return found.dual

    def _pick(self, number: int, state: IntArray) -> int:
        """Return the open site whose share is nearest to one half."""
        free = np.flatnonzero(state == FREE)
        if not len(free):
            return -1
        point = self.points.pop(hash(self.tree.duals[number].tobytes()), None)
        if point is None:
            return int(free[0])
        return int(free[np.argmin(np.abs(point[free] - 0.5))])

    def _finish(self, node: int) -> None:
        """Let HiGHS look for a better choice among the sites still open, where few are left."""
        if node not in self.tree.states:
            return
        state = self.tree.states[node]
        columns = np.flatnonzero(state != OUTSIDE)
        part = self.core.cover.select(np.arange(self.core.cover.demands), columns)
        group, small = group_rows(part)
        if len(small.indices) > SOLVER_ENTRIES:
            return
        weight = np.bincount(group, weights=self.core.weight, minlength=small.demands)
        live = np.flatnonzero(np.diff(small.indptr) > 0)
        small, weight = small.select(live, np.arange(len(columns))), weight[live]
        z = -sparse.eye_array(small.demands)
        matrix = sparse.vstack(
            [sparse.hstack([small.matrix, z]), sparse.csr_array(np.concatenate([self.cost[columns], 0 * weight])[None])]
        )
        low = np.concatenate([np.zeros(small.demands), [-np.inf]])
        high = np.concatenate([np.full(small.demands, np.inf), [self.money]])
        value = np.concatenate([np.zeros(len(columns)), -weight])
        whole = np.arange(len(value)) < len(columns)
        answer = best_choice(
            value, matrix, low, high, whole=whole, nodes=SOLVER_NODES, seconds=self.watch.left / 2
        )  # fmt: skip
        if answer is not None:
            chosen = self.stands.copy()
            chosen[columns] |= answer[: len(columns)] > 0.5
            if int(self.cost[chosen].sum()) <= self.money:
                self._offer(chosen)


@dataclass(frozen=True)
class Found:
    """The best dual of a state, and the share of each site in the programme's answer."""

    dual: IntArray
    point: FloatArray


class Master:
    """The programme over sites with one estimate for each group of patterns, and the cuts found so far."""

    def __init__(self, core: MostCore, cost: IntArray, money: int, stands: BoolArray) -> None:
        self.core, self.cost, self.money = core, cost, money
        self.total = int(core.weight.sum())
        self.group = _groups(core.cover)
        self.groups = int(self.group.max(initial=0)) + 1
        m, g = core.sites, self.groups
        top = np.bincount(self.group, weights=core.weight, minlength=g)
        self.programme = Programme(
            np.concatenate([np.zeros(m), -np.ones(g)]), np.zeros(m + g), np.concatenate([np.ones(m), top])
        )
        self.programme.add(
            np.concatenate([cost.astype(np.float64), np.zeros(g)])[None], np.array([-np.inf]), np.array([float(money)])
        )
        self.slope = np.empty((g, m))
        self.masks: list[BoolArray] = []  # at each point cut at: the rows whose weight counts by their sites
        self.cuts = np.empty((0, 2), dtype=np.int64)  # (point, group) of each cut

    def solve(self, state: IntArray, enough: int, best: BoolArray, watch: Watch) -> Found:
        """Cut until the programme agrees with its point, or no more than ``enough`` can be covered under ``state``."""
        m = self.core.sites
        self.programme.bound((state == INSIDE).astype(np.float64), (state != OUTSIDE).astype(np.float64))
        centre, lowest = self._centre(state, best), 0.0
        duals, y, uppers = np.empty(0), centre, list[float]()
        for _ in range(ROUNDS):
            solved = self.programme.solve(watch.left)
            if solved is None:
                break
            values, duals = solved[0], -solved[1][1:]
            y = np.clip(values[:m], 0.0, 1.0)
            upper = float(values[m:].sum())
            uppers.append(upper)
            slow = len(uppers) > PATIENCE and uppers[-PATIENCE] - upper < SLOW * (upper - enough)
            if upper < enough + 1 - 1e-6 or upper - lowest < 1e-7 * self.total or slow:
                break
            added = 0
            for point in (TOWARDS * y + (1.0 - TOWARDS) * centre, y):
                value, added = self._cut(point, values)
                if value > lowest:
                    centre, lowest = point, value
                if added:
                    break
            if not added:
                break
        dual = self._dual(duals)
        self._forget(duals)
        return Found(dual, y)

    def _centre(self, state: IntArray, best: BoolArray) -> FloatArray:
        """Return the best choice known, blurred a little over the open sites: where cuts are worth most."""
        free = state == FREE
        inside = (state == INSIDE).astype(np.float64)
        left = self.money - int(self.cost[state == INSIDE].sum())
        even = inside + free * min(1.0, left / max(int(self.cost[free].sum()), 1))
        return BLUR * even + (1.0 - BLUR) * (inside + free * best)

    def _cut(self, point: FloatArray, values: FloatArray) -> tuple[float, int]:
        """Add the cuts at a point that the programme's ``values`` break; return what the point covers, and how many."""
        core, m = self.core, self.core.sites
        mask = np.empty(core.cover.demands, dtype=bool)
        constant = _kernels.benders_cuts(
            core.cover.indptr, core.cover.indices, core.weight, self.group, point, self.slope, mask
        )
        value = float(constant.sum() + (self.slope @ point).sum())
        allowed = constant + self.slope @ values[:m]
        broken = np.flatnonzero(values[m:] > allowed + 1e-7 * (1.0 + np.abs(allowed)))
        if len(broken):
            lines = sparse.hstack(
                [-sparse.csr_array(self.slope[broken]), sparse.eye_array(self.groups, format="csr")[broken]],
                format="csr",
            )
            self.programme.add(lines, np.full(len(broken), -np.inf), constant[broken])
            self.cuts = np.concatenate([self.cuts, np.stack([np.full(len(broken), len(self.masks)), broken], axis=1)])
            self.masks.append(mask)
        return value, len(broken)

    def _dual(self, duals: FloatArray) -> IntArray:
        """Return the share of each row's weight that its sites are paid: the cuts' masks, weighed by their duals."""
        share = np.zeros(self.core.cover.demands)
        for point in np.unique(self.cuts[: len(duals)][duals > 1e-9, 0]):
            mine = np.flatnonzero((self.cuts[: len(duals), 0] == point) & (duals > 1e-9))
            of_group = np.zeros(self.groups)
            of_group[self.cuts[mine, 1]] = duals[mine]
            share += of_group[self.group] * self.masks[point]
        return np.rint(np.clip(share, 0.0, 1.0) * SHARE).astype(np.int64)

    def _forget(self, duals: FloatArray) -> None:
        """Drop cuts without a dual once there are many, so that the programme stays small."""
        if len(duals) < max(1500, 20 * self.groups):
            return
        slack = np.flatnonzero(duals <= 1e-9)
        self.programme.drop(slack + 1)
        self.cuts = np.delete(self.cuts, slack, axis=0)
        points, place = np.unique(self.cuts[:, 0], return_inverse=True)
        self.masks = [self.masks[point] for point in points]
        self.cuts[:, 0] = place


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
