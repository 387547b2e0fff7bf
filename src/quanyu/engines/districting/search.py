"""Search one block: start inside the range by cutting random trees exactly, then anneal and polish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting.problem import Block, Problem, subgraph

# Largest upper limit, in households, for which a tree is cut exactly: the bit sets hold one bit a household.
EXACT_LIMIT = 4096
TREES = 40
# A region is cut exactly when it weighs no more than so many districts.
PIECE_DISTRICTS = 8
SLICE = 2000
SETTLING_ROUNDS = 3
SETTLING_STEPS = 4000
# Cost of one household outside the range, in mean borders: high enough that no border is worth it.
WALL_RANGE = 50.0
PULL_TARGET = 0.4
HEAT_RANGE = (1.2, 0.06)
HEAT_K = (3.0, 0.2)


@dataclass
class State:
    """A block's plan while it is searched; districts are numbered from 0 inside the block."""

    label: IntArray
    size: IntArray
    anchor: IntArray

    def copy(self) -> State:
        return State(self.label.copy(), self.size.copy(), self.anchor.copy())


class BlockSearch:
    """Holds a block's arrays and scratch memory, and carries out steps of the search."""

    def __init__(self, problem: Problem, block: Block, seed: int) -> None:
        self.problem, self.block = problem, block
        self.indptr, self.indices, self.length = subgraph(problem, block.atoms)
        self.weight = problem.weights[block.atoms]
        self.previous = problem.previous[block.atoms]
        size = len(self.weight)
        self.random = _seed(seed, int(block.atoms[0]))
        self.ints = np.zeros((8, size), dtype=np.int64)
        self.floats = np.zeros((1, size))
        self.member = np.zeros(size, dtype=np.bool_)
        self.heap_key = np.empty(len(self.indices) + 1)
        self.heap_edge = np.empty((len(self.indices) + 1, 2), dtype=np.int64)
        # Long borders come early into a tree, so that what a cut leaves between districts is short.
        longest = max(float(self.length.max(initial=1.0)), 1e-9)
        self.key_of = -0.5 * np.minimum(self.length / longest * 4.0, 1.0) if problem.k is None else self.length * 0.0

    def start(self) -> State:
        """Return a first plan: the previous one where it serves, else one cut from random trees."""
        if self.problem.k is not None:
            return self._start_k(self.problem.k)
        if (self.previous >= 0).any() and self.problem.stability > 0:
            state = self._start_previous()
        else:
            state = self._number(np.zeros(len(self.weight), dtype=np.int64))
        return self.repair(state)

    def _start_previous(self) -> State:
        """Return today's districts as they are, each connected piece by itself; atoms without one are spread."""
        label = self.previous.copy()
        for _ in range(len(label)):
            lost = np.flatnonzero(label < 0)
            if not len(lost):
                break
            for atom in lost:
                around = label[self.indices[self.indptr[atom] : self.indptr[atom + 1]]]
                if (around >= 0).any():
                    label[atom] = around[around >= 0][0]
            if (label < 0).sum() == len(lost):
                label[label < 0] = label.max() + 1
        return self._number(self._pieces(label))

    def _pieces(self, label: IntArray) -> IntArray:
        rows = np.repeat(np.arange(len(label)), np.diff(self.indptr))
        same = label[rows] == label[self.indices]
        graph = sparse.csr_array((np.ones(same.sum()), (rows[same], self.indices[same])), shape=(len(label),) * 2)
        pieces: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
        return pieces

    def _number(self, label: IntArray) -> State:
        _, compact = np.unique(label, return_inverse=True)
        count = int(compact.max()) + 1
        size = np.bincount(compact, weights=self.weight, minlength=count).astype(np.int64)
        anchor = np.full(count, -2, dtype=np.int64)
        if (self.previous >= 0).any():
            anchor = self._anchors(compact, count)
        return State(compact.astype(np.int64), size, anchor)

    def _anchors(self, label: IntArray, count: int) -> IntArray:
        """Match districts with previous ones, each at most once, by the households they share, largest first."""
        known = self.previous >= 0
        pairs, inverse = np.unique(np.column_stack([label[known], self.previous[known]]), axis=0, return_inverse=True)
        shared = np.bincount(inverse.ravel(), weights=self.weight[known])
        anchor = np.full(count, -2, dtype=np.int64)
        taken: set[int] = set()
        for index in np.lexsort((pairs[:, 1], pairs[:, 0], -shared)):
            district, old = int(pairs[index, 0]), int(pairs[index, 1])
            if anchor[district] == -2 and old not in taken:
                anchor[district] = old
                taken.add(old)
        return anchor

    def repair(self, state: State) -> State:
        """Cut every part of the block that is out of range anew, with ever more of its surroundings."""
        lower, upper = self.problem.lower, self.problem.upper
        if upper > EXACT_LIMIT:
            return self._grow_into_range(state)
        for rings in (0, 1, 2, 4, len(state.size)):
            out = (state.size < lower) | (state.size > upper)
            if not out.any():
                break
            for district in np.flatnonzero(out):
                if lower <= state.size[district] <= upper or not (state.label == district).any():
                    continue
                region = self._ring(state.label, district, rings)
                for piece in self._manageable(region):
                    found = self._cut_exactly(piece, int(state.label.max()) + 1)
                    if found is not None:
                        state.label[piece] = found
                    elif rings == 0:
                        state.label[piece] = self._cut_off(piece, self._wanted(piece)) + state.label.max() + 1
                state = self._resized(state)
            state = self._number(state.label)
        return state

    def _grow_into_range(self, state: State) -> State:
        """Start with the number of districts nearest to the target, by halving trees; annealing does the rest."""
        wanted = int(np.clip(round(self.block.weight / self.problem.target), self.block.low, max(self.block.high, 1)))
        return self._start_k(max(wanted, 1))

    def _resized(self, state: State) -> State:
        count = int(state.label.max()) + 1
        size = np.bincount(state.label, weights=self.weight, minlength=count).astype(np.int64)
        anchor = np.concatenate([state.anchor, np.full(max(0, count - len(state.anchor)), -2, dtype=np.int64)])
        return State(state.label, size, anchor)

    def _ring(self, label: IntArray, district: int, rings: int) -> IntArray:
        """Return the atoms of a district and of those around it."""
        inside = {district}
        rows = np.repeat(np.arange(len(label)), np.diff(self.indptr))
        for _ in range(rings):
            mine = np.isin(label, list(inside))
            around = set(np.unique(label[self.indices[mine[rows]]]).tolist())
            if around <= inside:
                break
            inside |= around
        return np.flatnonzero(np.isin(label, list(inside)))

    def _manageable(self, region: IntArray) -> list[IntArray]:
        """Return connected pieces of a region, each of a few districts' weight: a random tree of a large region
        nearly always has some corner that fits no range, one of a small region seldom."""
        pieces, waiting = [], [region]
        while waiting:
            piece = waiting.pop()
            total = int(self.weight[piece].sum())
            if total <= PIECE_DISTRICTS * self.problem.target:
                pieces.append(piece)
                continue
            half = round(total / self.problem.target / 2) / (total / self.problem.target)
            waiting += self._cut_in_two(piece, half)
        return pieces

    def _cut_in_two(self, region: IntArray, share: float) -> list[IntArray]:
        """Return two connected parts of a region, the first with about ``share`` of its weight."""
        order, parent, below, _ = self._tree(region)
        gap = np.abs(below - share * below[0])
        gap[0] = np.inf
        inside = _subtree(parent, int(gap.argmin()))
        return [order[inside], order[~inside]]

    def _tree(self, region: IntArray) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """Draw a random tree on a region; return its atoms in order, parents, and each subtree's weight and size."""
        self.member[region] = True
        local, order, parent = self.ints[0], self.ints[1], self.ints[2]
        root = int(region[int(_kernels.uniform(self.random) * len(region))])
        reached = _kernels.random_tree(
            root, self.member, region, len(region), self.indptr, self.indices, self.key_of, local, order, parent,
            self.random, self.heap_key, self.heap_edge,
        )  # fmt: skip
        self.member[region] = False
        order, parent = order[:reached].copy(), parent[:reached].copy()
        below, sizes = self.weight[order].astype(np.float64), np.ones(reached)
        for i in range(reached - 1, 0, -1):
            below[parent[i]] += below[i]
            sizes[parent[i]] += sizes[i]
        return order, parent, below, sizes

    def _cut_exactly(self, region: IntArray, first_label: int) -> IntArray | None:
        """Return labels for a region that keep the range, or ``None`` when no tree tried allows any."""
        lower, upper, target = self.problem.lower, self.problem.upper, self.problem.target
        total = int(self.weight[region].sum())
        if -(-total // upper) > total // max(lower, 1):
            return None
        words = (upper >> 6) + 1
        reach = np.zeros((len(region), words), dtype=np.uint64)
        before = np.zeros((len(region), words), dtype=np.uint64)
        local, order, parent = self.ints[0], self.ints[1], self.ints[2]
        labels = np.zeros(len(self.weight), dtype=np.int64)
        self.member[region] = True
        try:
            for _ in range(TREES):
                root = int(region[int(_kernels.uniform(self.random) * len(region))])
                reached = _kernels.random_tree(
                    root, self.member, region, len(region), self.indptr, self.indices, self.key_of, local, order,
                    parent, self.random, self.heap_key, self.heap_edge,
                )  # fmt: skip
                if reached < len(region):
                    return None
                parts = _kernels.partition_tree(
                    order, parent, reached, self.weight, max(lower, 1), upper, target, labels, first_label, reach,
                    before,
                )  # fmt: skip
                if parts > 0:
                    result: IntArray = labels[region]
                    return result
        finally:
            self.member[region] = False
        return None

    def _start_k(self, k: int) -> State:
        """Return k districts by cutting subtrees of about equal weight off random trees; the best of several tries."""
        best: tuple[float, IntArray] | None = None
        for _ in range(12):
            label = self._cut_off(np.arange(len(self.weight)), k)
            size = np.bincount(label, weights=self.weight, minlength=k)
            spread = float(np.abs(size - size.mean()).max())
            if best is None or spread < best[0]:
                best = (spread, label)
        assert best is not None  # noqa: S101 the loop ran
        return self._number(best[1])

    def _wanted(self, region: IntArray) -> int:
        return max(1, round(int(self.weight[region].sum()) / self.problem.target))

    def _cut_off(self, region: IntArray, k: int) -> IntArray:
        """Return labels 0 … k−1 for a region: subtrees near the mean weight, taken off one after the other."""
        label = np.zeros(len(self.weight), dtype=np.int64)
        rest = region
        for district in range(1, k):
            ideal = self.weight[rest].sum() / (k - district + 1)
            order, parent, below, sizes = self._tree(rest)
            # The remainder needs an atom for every district still to come.
            gap = np.where(sizes <= len(rest) - (k - district), np.abs(below - ideal), np.inf)
            gap[0] = np.inf
            inside = _subtree(parent, int(gap.argmin()))
            label[order[inside]] = district
            rest = np.sort(order[~inside])
        result: IntArray = label[region]
        return result

    def anneal(self, state: State, first: int, last: int, total: int) -> None:
        """Carry out steps ``first`` to ``last`` of ``total`` on ``state``."""
        hot, cold = HEAT_RANGE if self.problem.k is None else HEAT_K
        _kernels.recombine(
            self.indptr, self.indices, self.length, self.weight, state.label, state.size, state.anchor, self.previous,
            self.problem.lower, self.problem.upper, self.problem.target, *self._prices(), hot, cold, first, last,
            total, self.random, self.ints, self.floats, self.member, self.heap_key, self.heap_edge, self.key_of,
        )  # fmt: skip

    def polish(self, state: State, rounds: int = 20) -> None:
        """Move single atoms while that helps."""
        size = len(self.weight)
        _kernels.polish(
            self.indptr, self.indices, self.length, self.weight, state.label, state.size, state.anchor, self.previous,
            self.problem.lower, self.problem.upper, self.problem.target, *self._prices(), rounds,
            np.empty(size, dtype=np.int64), np.zeros(size, dtype=np.int64),
        )  # fmt: skip

    def settle(self, state: State) -> State:
        """Bring the last districts into range: repair, and anneal coldly from there, a few times."""
        for _ in range(SETTLING_ROUNDS):
            state = self.repair(state)
            if self.cost(state)[0] == 0:
                break
            self.anneal(state, SETTLING_STEPS // 2, SETTLING_STEPS, SETTLING_STEPS)
        self.polish(state)
        return state

    def _prices(self) -> tuple[float, float, float]:
        """Return pull to the target, price of a household out of range, price of a household that moves."""
        if self.problem.k is not None:
            # Twenty borders for one per cent of the ideal weight.
            wall = 2000.0 / max(self.problem.target, 1)
            return 0.0, wall, self.problem.stability * self._stay()
        return PULL_TARGET, WALL_RANGE, self.problem.stability * self._stay()

    def _stay(self) -> float:
        # At full weight a grid's worth of households is dearer than all its borders together.
        return 100.0 / max(self.problem.target, 1)

    def cost(self, state: State) -> tuple[int, float]:
        """Return households out of range and the cut in mean borders, with what moved households cost."""
        rows = np.repeat(np.arange(len(state.label)), np.diff(self.indptr))
        cut = float(self.length[state.label[rows] != state.label[self.indices]].sum()) / 2
        lower, upper = self.problem.lower, self.problem.upper
        out = int(np.maximum(lower - state.size, 0).sum() + np.maximum(state.size - upper, 0).sum())
        pull, _, stay = self._prices()
        span = max(1, upper - lower)
        spread = pull * float((((state.size - self.problem.target) / span) ** 2).sum())
        known = self.previous >= 0
        moved = int(self.weight[known & (state.anchor[state.label] != self.previous)].sum())
        return out, cut + spread + stay * moved


def search(
    finder: BlockSearch, *, steps: int, restarts: int, more: Callable[[int, State], bool]
) -> tuple[State, int]:
    """Return the best plan of a block and the steps done; ``more(steps, best)`` returning ``False`` ends the search."""
    best, best_cost, done = None, (1 << 62, 0.0), 0
    for _ in range(restarts):
        state = finder.start()
        finder.polish(state)
        if best is None:
            best, best_cost = state.copy(), finder.cost(state)
        run = steps // restarts if len(state.size) > 1 else 0
        at, going = 0, True
        while at < run and going:
            upto = min(run, at + SLICE)
            finder.anneal(state, at, upto, run)
            done += upto - at
            at = upto
            going = more(done, best)
        finder.polish(state)
        if finder.problem.k is None:
            state = finder.settle(state)
        if (cost := finder.cost(state)) < best_cost:
            best, best_cost = state.copy(), cost
        if not going or not more(done, best):
            break
    assert best is not None  # noqa: S101 at least one start was made
    return best, done


def _subtree(parent: IntArray, top: int) -> BoolArray:
    """Return which nodes of a tree, listed parents first, lie at or below ``top``."""
    inside = np.zeros(len(parent), dtype=bool)
    inside[top] = True
    for i in range(top + 1, len(parent)):
        inside[i] |= inside[parent[i]]
    return inside


def _seed(seed: int, first_atom: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return the generator of a block: independent of the order in which blocks are searched."""
    mixed = np.random.SeedSequence([seed, first_atom]).generate_state(1, np.uint64)
    return np.maximum(mixed, 1).astype(np.uint64)


