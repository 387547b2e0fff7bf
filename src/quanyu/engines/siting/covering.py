"""The cheapest sites that cover every demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray, int_array
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.capacities import cover_with_capacities
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.linear import Programme, best_choice
from quanyu.engines.siting.proof import INSIDE, OUTSIDE, Evidence, Proof, Rule, Tree, branch
from quanyu.engines.siting.reductions import group_rows, reduce_cover
from quanyu.engines.siting.result import Progress, Sentence, Siting, Watch
from quanyu.errors import EmptyInput

STEPS = 4000
SOLVER_NODES = 400
SOLVER_COLUMNS = 4000
GREEDY_RUNS = 24


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
        served = _kernels.price_groups(self.cover.indptr, self.cover.indices, value, self.sites)
        return int(value.sum()), self.cost * scale - served


def cover_all(
    cover: Cover,
    *,
    costs: Any = None,
    weights: Any = None,
    capacities: Any = None,
    seed: int = 0,
    steps: int = STEPS,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Siting:
    """Return the cheapest sites that cover every demand that can be covered.

    Parameters
    ----------
    cover : which sites cover which demands
    costs : (m,) int64, 0 or more; 1 each if ``None``, so that the fewest sites are sought
    weights, capacities : (n,) and (m,) int64; with capacities every demand is served by one site, and a site serves no
        more weight than its capacity
    steps : nodes of the proof's tree
    seconds : stop when so much time has passed
    on_progress : called at each step; ``False`` stops, and the best choice so far is returned

    Returns
    -------
    Siting
        ``value`` is the cost. Demands that no site reaches are in ``unreachable``; the others are all covered, unless
        capacities leave some ``uncovered``. The same input and seed give the same answer where no time limit cut it.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    References
    ----------
    .. [1] Toregas, C., Swain, R., ReVelle, C. and Bergman, L. (1971). The location of emergency service facilities.
       Operations Research 19(6), 1363-1373.
    .. [2] Caprara, A., Toth, P. and Fischetti, M. (2000). Algorithms for the set covering problem. Annals of Operations
       Research 98, 353-371.

    Examples
    --------
    >>> answer = cover_all(cover_by_matrix([[1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1]]))
    >>> answer.sites.tolist(), answer.value, answer.bound
    ([0, 2], 2, 2)
    """
    if not cover.demands or not cover.sites:
        raise EmptyInput(name="cover")
    cost = np.ones(cover.sites, dtype=np.int64)
    if costs is not None:
        cost = int_array("costs", costs, shape=(cover.sites,), low=0)
    watch = Watch(steps, seconds, on_progress)
    if capacities is not None:
        return cover_with_capacities(cover, cost, weights, capacities, seed=seed, watch=watch)
    unreachable = np.flatnonzero(np.diff(cover.indptr) == 0)
    _, patterns = group_rows(cover)
    if len(unreachable):
        patterns = patterns.select(np.flatnonzero(np.diff(patterns.indptr) > 0), np.arange(cover.sites))
    reduced = reduce_cover(patterns, cost)
    offset = int(cost[reduced.forced].sum())
    chosen = np.zeros(cover.sites, dtype=bool)
    chosen[reduced.forced] = True
    parts: list[tuple[Proof, int]] = []
    for rows, columns in reduced.parts:
        search = CoverSearch(CoverCore(patterns.select(rows, columns), cost[columns]), seed=seed, watch=watch)
        search.run()
        chosen[columns] = search.best
        parts.append((search.tree.proof(), search.value))
    return _answer(cover, cost, chosen, unreachable, Evidence(tuple(parts), offset), watch)


def _answer(
    cover: Cover, cost: IntArray, chosen: BoolArray, unreachable: IntArray, evidence: Evidence, watch: Watch
) -> Siting:
    value, bound = int(cost[chosen].sum()), evidence.recompute()
    covered = cover.demands - len(unreachable)
    params = {"sites": int(chosen.sum()), "demands": covered, "value": value, "bound": bound, "fewer": bound - 1}
    if (cost == 1).all():
        text = "%(sites)d sites cover all %(demands)d demands; %(fewer)d cannot."
    else:
        text = (
            "%(sites)d sites at a cost of %(value)d cover all %(demands)d demands; no choice costs less than %(bound)d."
        )
    return Siting(
        "cover_all", np.flatnonzero(chosen), serving(cover, chosen), value, bound, unreachable, unreachable,
        Sentence(text, params), evidence, watch.steps, watch.elapsed,
        "proven" if value == bound else watch.stopped or "steps",
    )  # fmt: skip


def serving(cover: Cover, chosen: BoolArray) -> IntArray:
    """Return the first chosen site that covers each demand, −1 for none."""
    hit = chosen[cover.indices]
    count = np.zeros(len(hit) + 1, dtype=np.int64)
    np.cumsum(hit, out=count[1:])
    before = count[cover.indptr[:-1]]
    served = count[cover.indptr[1:]] > before
    picked = cover.indices[hit].astype(np.int64)
    result = np.full(cover.demands, -1, dtype=np.int64)
    result[served] = picked[before[served]]
    return result


class CoverSearch:
    """One independent part: a linear programme for the duals, greedy choices at its prices, then the tree.

    ``ceiling`` ends the search as soon as more than so much is proven or a choice of so much is found.
    """

    def __init__(self, core: CoverCore, *, seed: int, watch: Watch, ceiling: int | None = None) -> None:
        self.core, self.watch, self.ceiling = core, watch, ceiling
        self.random = np.random.default_rng(seed)
        # Duals are scaled so that their sums stay below 2^61.
        self.scale = 1 << max(0, min(24, 58 - int(core.cost.sum()).bit_length()))
        self.best = self._greedy(core.cost.astype(np.float64))
        self.value = int(core.cost[self.best].sum())
        self.tree = Tree(core, self.scale, np.zeros(core.sites, dtype=np.int64))
        self.columns = np.arange(core.sites)
        self.programme = self._programme(self.columns)
        self.shares: dict[bytes, FloatArray] = {}

    def _programme(self, columns: IntArray) -> Programme:
        programme = Programme(
            self.core.cost[columns].astype(np.float64), np.zeros(len(columns)), np.full(len(columns), np.inf)
        )
        rows = self.core.cover.demands
        programme.add(self.core.cover.matrix[:, columns], np.ones(rows), np.full(rows, np.inf))
        return programme

    def run(self) -> None:
        """Search until proven or the watch stops."""
        state = self.tree.state
        dual = self._solve(state, np.zeros(self.core.cover.demands, dtype=np.int64), self.target)
        self._improve(dual, GREEDY_RUNS)
        root = self.tree.add(-1, -1, inside=False, dual=dual, target=self.target)
        if root in self.tree.states:
            self._finish(root)
        if self._done():
            return
        self._narrow(root)
        branch(self.tree, self._solve, self._pick, lambda: self.target, self._go_on)

    @property
    def target(self) -> int:
        """What a node must reach to be closed."""
        return self.value if self.ceiling is None else min(self.value, self.ceiling + 1)

    def _go_on(self, bound: int) -> bool:
        return not self._done() and self.watch.go_on(self.value, bound)

    def _done(self) -> bool:
        found = self.ceiling is not None and self.value <= self.ceiling
        return found or not any(bound < self.target for bound in self.tree.open_nodes.values())

    def _greedy(self, price: FloatArray) -> BoolArray:
        cover = self.core.cover
        start, rows = cover.by_site
        chosen: BoolArray = _kernels.greedy_cover(cover.indptr, cover.indices, start, rows, self.core.cost, price)
        return chosen

    def _improve(self, dual: IntArray, runs: int) -> None:
        """Choose greedily at the prices that the duals leave, with a little chance."""
        _, reduced = self.core.price(dual, self.scale)
        price = np.maximum(reduced / self.scale, 0.0)
        for run in range(runs):
            shaken = price if run == 0 else price * self.random.uniform(0.7, 1.3, len(price))
            base = 0.0 if run % 2 else 1e-3
            self._offer(self._greedy(shaken + base * self.core.cost + 1e-9))
            if self.value <= self.tree.bound(self.value) and self.tree.parent:
                return

    def _offer(self, chosen: BoolArray) -> None:
        value = int(self.core.cost[chosen].sum())
        if value < self.value:
            self.best, self.value = chosen, value

    def _finish(self, root: int) -> None:
        """Let HiGHS look for a better choice among the sites that the root leaves open, within its nodes."""
        state = self.tree.states[root]
        columns = np.flatnonzero(state != OUTSIDE)
        if len(columns) > SOLVER_COLUMNS or (self.ceiling is not None and self.value <= self.ceiling):
            return
        matrix = self.core.cover.matrix[:, columns]
        rows = self.core.cover.demands
        if np.diff(matrix.indptr).min() == 0:
            return
        answer = best_choice(
            self.core.cost[columns].astype(np.float64), matrix, np.ones(rows), np.full(rows, np.inf),
            whole=np.ones(len(columns), dtype=bool), nodes=SOLVER_NODES, seconds=self.watch.left / 2,
        )  # fmt: skip
        if answer is not None:
            chosen = np.zeros(self.core.sites, dtype=bool)
            chosen[columns] = answer > 0.5
            if (self.core.cover.matrix @ chosen >= 1).all():
                self._offer(chosen)

    def _narrow(self, root: int) -> None:
        """Keep only columns in the programme that the root leaves open."""
        if root not in self.tree.states:
            return
        self.columns = np.flatnonzero(self.tree.states[root] != OUTSIDE)
        self.programme = self._programme(self.columns)

    def _solve(self, state: IntArray, dual: IntArray, target: int) -> IntArray:
        """Return the duals of the linear programme under a state, in whole numbers."""
        cover = self.core.cover
        lost = np.flatnonzero(np.add.reduceat((state != OUTSIDE)[cover.indices], cover.indptr[:-1]) == 0)
        if len(lost):
            sure = np.zeros(cover.demands, dtype=np.int64)
            sure[lost[0]] = target * self.scale
            return sure
        part = state[self.columns]
        high = np.where(part == OUTSIDE, 0.0, np.inf)
        self.programme.bound((part == INSIDE).astype(np.float64), np.where(part == INSIDE, 1.0, high))
        solved = self.programme.solve(self.watch.left)
        if solved is None:
            return dual
        x, duals = solved
        share = np.zeros(self.core.sites)
        share[self.columns] = x
        whole = np.floor(np.maximum(duals, 0.0) * self.scale).astype(np.int64)
        self.shares[whole.tobytes()] = share
        picked = share > 1.0 - 1e-6
        if (cover.matrix @ picked >= 1).all():
            self._offer(picked)
        elif len(self.tree.parent):
            self._improve(whole, 1)
        return whole

    def _pick(self, number: int, state: IntArray) -> int:
        """Return the open site whose share is nearest to one half."""
        share = self.shares.pop(self.tree.duals[number].tobytes(), None)
        free = np.flatnonzero(state == 0)
        if not len(free):
            return -1
        if share is None:
            return int(free[0])
        size = np.diff(self.core.cover.by_site[0])[free]
        return int(free[np.argmin(np.abs(share[free] - 0.5) - 1e-6 * size)])
