"""The p sites with the least weighted distance from every demand to its nearest site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quanyu.engines.arrays import FloatArray, IntArray, int_array
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.capacities import median_with_capacities
from quanyu.engines.siting.distances import Near, check_distances, near_of_matrix
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, Evidence, Rule, Tree, branch
from quanyu.engines.siting.result import Progress, Sentence, Siting, Watch
from quanyu.errors import OutOfRange

STEPS = 3000
ROOT_PASSES, NODE_PASSES = 2000, 150
ROUNDS = 40
KICKS = 30


@dataclass(frozen=True)
class MedianCore:
    """The p-median as a proof sees it: a dual for each demand, from 0 to where its list of near sites ends."""

    near: Near
    p: int

    @property
    def sites(self) -> int:
        return self.near.sites

    @property
    def rule(self) -> Rule:
        return Rule(count=self.p)

    def price(self, dual: IntArray, scale: int) -> tuple[int, IntArray]:
        value = np.clip(dual, 0, self.near.cap * scale)
        return int(value.sum()), _kernels.price_near(self.near.site, self.near.cost, value, scale, self.sites)


def p_median(
    distances: Any,
    *,
    p: int,
    weights: Any = None,
    capacities: Any = None,
    seed: int = 0,
    steps: int = STEPS,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Siting:
    """Return the p sites with the least sum of weight times distance to the nearest of them.

    Parameters
    ----------
    distances : (n, m) int64, 0 or more, from each demand to each site, in a unit fine enough to be whole
    p : number of sites, 1 to m
    weights : (n,) int64, 0 or more; 1 each if ``None``
    capacities : (m,) int64; every demand is then served by one site, and a site serves no more weight than this
    steps : nodes of the proof's tree
    seconds : stop when so much time has passed
    on_progress : called at each step; ``False`` stops, and the best choice so far is returned

    Returns
    -------
    Siting
        ``value`` is the sum; ``bound`` is what no choice of p sites is below.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    References
    ----------
    .. [1] Hakimi, S. L. (1964). Optimum locations of switching centers and the absolute centers and medians of a
       graph. Operations Research 12(3), 450-459.
    .. [2] Resende, M. G. C. and Werneck, R. F. (2004). A hybrid heuristic for the p-median problem. Journal of
       Heuristics 10, 59-88.
    .. [3] Beltran, C., Tadonki, C. and Vial, J.-P. (2006). Solving the p-median problem with a semi-Lagrangian
       relaxation. Computational Optimization and Applications 35, 239-260.

    Examples
    --------
    >>> answer = p_median([[0, 2, 9], [2, 0, 7], [9, 7, 0]], p=2)
    >>> answer.sites.tolist(), answer.value, answer.bound
    ([0, 2], 2, 2)
    """
    matrix = check_distances(distances)
    if not 1 <= p <= matrix.shape[1]:
        raise OutOfRange(name="p", row="-", value=p, allowed=f"1 to the {matrix.shape[1]} sites")
    weight = np.ones(len(matrix), dtype=np.int64)
    if weights is not None:
        weight = int_array("weights", weights, shape=(len(matrix),), low=0)
    watch = Watch(steps, seconds, on_progress)
    if capacities is not None:
        return median_with_capacities(matrix, weight, p, capacities, seed=seed, watch=watch)
    cost = matrix * weight[:, None]
    search = MedianSearch(MedianCore(near_of_matrix(cost), p), whole_columns(cost), seed=seed, watch=watch)
    search.run()
    evidence = Evidence(((search.tree.proof(), search.value),))
    nearest = search.sites[np.argmin(matrix[:, search.sites], axis=1)]
    value = int((matrix[np.arange(len(matrix)), nearest] * weight).sum())
    return median_answer(search.sites, nearest, value, int(weight.sum()), evidence, watch)


def median_answer(
    sites: IntArray, nearest: IntArray, value: int, total: int, evidence: Evidence, watch: Watch
) -> Siting:
    bound = evidence.recompute()
    nobody = np.empty(0, dtype=np.int64)
    params = {
        "sites": len(sites), "mean": value / max(total, 1), "bound_mean": bound / max(total, 1), "value": value,
        "bound": bound,
    }  # fmt: skip
    text = (
        "%(sites)d sites are %(mean).2f away on average (%(value)d in all); no %(sites)d sites are nearer than "
        "%(bound_mean).2f (%(bound)d in all)."
    )
    return Siting(
        "p_median", np.sort(sites), nearest, value, bound, nobody, nobody, Sentence(text, params), evidence,
        watch.steps, watch.elapsed, "proven" if value == bound else watch.stopped or "steps",
    )  # fmt: skip


def whole_columns(cost: IntArray) -> NDArray[Any]:
    """Return (sites, demands), in 32 bits where they hold it."""
    across = cost.T
    return np.ascontiguousarray(across.astype(np.int32) if cost.max(initial=0) < 2**31 else across)


class MedianSearch:
    """Ascent of the dual and swaps in turn, each led by the other, then the tree."""

    def __init__(self, core: MedianCore, cost: NDArray[Any], *, seed: int, watch: Watch) -> None:
        self.core, self.cost, self.watch = core, cost, watch
        self.random = np.random.default_rng(seed)
        self.m, self.n = cost.shape
        most = max(1, int(core.near.cap.max(initial=0)) * self.n)
        self.scale = 1 << max(0, min(20, 60 - most.bit_length()))
        self.candidates = np.arange(self.m)
        self.sites = np.empty(0, dtype=np.int64)
        self.value = 1 << 62
        self.pool: list[tuple[int, IntArray]] = []
        self.tree = Tree(core, self.scale, np.zeros(self.m, dtype=np.int64))
        self.means: dict[int, FloatArray] = {}
        self.kicks = 0

    def run(self) -> None:
        """Search until proven or the watch stops."""
        self._descend(self._start())
        self._root()
        if self.tree.bound(self.value) < self.value:
            branch(self.tree, self._solve, self._pick, lambda: self.value, self._go_on)

    def _go_on(self, bound: int) -> bool:
        for _ in range(3):
            self._kick()
        return self.watch.go_on(self.value, bound)

    def _start(self) -> IntArray:
        """Return p sites, each the one that helps most after the ones before among a few tried by chance."""
        nearest = np.full(self.n, np.iinfo(np.int64).max // 4, dtype=np.int64)
        chosen: list[int] = []
        left = np.ones(self.m, dtype=bool)
        for _ in range(self.core.p):
            tried = self.random.choice(np.flatnonzero(left), min(8, int(left.sum())), replace=False)
            sums = [int(np.minimum(nearest, self.cost[j]).sum()) for j in tried]
            best = int(tried[int(np.argmin(sums))])
            chosen.append(best)
            left[best] = False
            nearest = np.minimum(nearest, self.cost[best])
        return np.array(chosen, dtype=np.int64)

    def _descend(self, sites: IntArray, *, candidates: IntArray | None = None) -> tuple[int, IntArray]:
        """Swap from a choice of p sites down to where no swap helps, and keep it if it is the best."""
        sites = sites.astype(np.int64)
        first, second = np.empty(self.n, dtype=np.int64), np.empty(self.n, dtype=np.int64)
        if self.core.p == 1:
            sites = np.array([int(np.argmin(self.cost.sum(axis=1, dtype=np.int64)))])
        value = int(_kernels.assign_near(self.cost, sites, first, second))
        held = np.zeros(len(sites), dtype=bool)
        tried = self.candidates if candidates is None else candidates
        offset = int(self.random.integers(max(1, len(tried))))
        value += int(_kernels.swap_median(self.cost, tried, sites, held, first, second, offset))
        if value < self.value:
            self.value, self.sites = value, sites.copy()
        return value, sites

    def _kick(self) -> None:
        """Move a few sites of the best choice to others, mostly ones the dual likes, and swap down again."""
        free = np.setdiff1d(self.candidates, self.sites)
        if not len(free) or self.core.p == 1:
            return
        self.kicks += 1
        some = min(len(free), self.core.p, int(self.random.integers(2, 3 + max(1, self.core.p // 12))))
        sites = self.sites.copy()
        sites[self.random.choice(self.core.p, some, replace=False)] = self.random.choice(free, some, replace=False)
        self._descend(sites)

    def _ascend(
        self, dual: FloatArray, state: IntArray, passes: int, pace: float
    ) -> tuple[float, list[IntArray], FloatArray]:
        near = self.core.near
        mean = np.zeros(self.m)
        bound, _, sets = _kernels.ascend(
            near.site,
            near.cost,
            near.cap.astype(np.float64),
            dual,
            state,
            self.core.p,
            float(self.value),
            passes,
            pace,
            mean,
        )
        return float(bound), [each for each in sets if (each >= 0).all()], mean

    def _root(self) -> int:
        near = self.core.near
        dual = near.cost[:, min(near.cost.shape[1] - 1, max(1, self.m // self.core.p))].astype(np.float64)
        node, pace = -1, 1.0
        bound_before = -np.inf
        for round_ in range(ROUNDS):
            bound, sets, mean = self._ascend(
                dual, self.tree.state if node < 0 else self.tree.states[node], ROOT_PASSES // 4, pace
            )
            before = self.value
            for each in sets:
                self._descend(each)
            new = self.tree.add(node, -1, inside=False, dual=self._whole(dual), target=self.value)
            self.tree.settled(node)
            node = new
            if node not in self.tree.states:
                return node
            self.means[node] = mean
            self.candidates = np.flatnonzero(self.tree.states[node] != OUTSIDE)
            for _ in range(KICKS):
                self._kick()
            pace = 0.5 if self.value < before else max(0.05, pace * 0.6)
            still = bound - bound_before < 1e-6 * abs(bound) and self.value == before
            bound_before = bound
            if (still and round_ > 2) or not self.watch.go_on(self.value, self.tree.bound(self.value)):
                break
        new = self.tree.add(node, -1, inside=False, dual=self._whole(dual), target=self.value)
        self.means[new] = self.means[node]
        self.tree.settled(node)
        return new

    def _whole(self, dual: FloatArray) -> IntArray:
        return np.floor(dual * self.scale).astype(np.int64)

    def _solve(self, state: IntArray, dual: IntArray, target: int) -> IntArray:
        """Return a good dual under a state, from the parent's; where all p are chosen, the exact one."""
        inside = np.flatnonzero(state == INSIDE)
        if len(inside) >= self.core.p or len(inside) + int((state == FREE).sum()) <= self.core.p:
            sites = inside if len(inside) >= self.core.p else np.flatnonzero(state != OUTSIDE)
            if len(sites) == self.core.p:
                self._descend(sites, candidates=sites[:0])
            nearest = self.cost[sites].min(axis=0).astype(np.int64)
            return np.minimum(nearest, self.core.near.cap) * self.scale
        u = dual / self.scale
        _, sets, mean = self._ascend(u, state, NODE_PASSES, 0.3)
        whole = self._whole(u)
        self.means[hash(whole.tobytes())] = mean
        if sets:
            self._descend(sets[-1])
        return whole

    def _pick(self, number: int, state: IntArray) -> int:
        """Return the open site that the dual takes about half of the time."""
        mean = self.means.pop(hash(self.tree.duals[number].tobytes()), None)
        free = np.flatnonzero(state == FREE)
        if not len(free):
            return -1
        if mean is None:
            mean = self.means.get(number, np.zeros(self.m))
        return int(free[np.argmin(np.abs(mean[free] - 0.5))])
