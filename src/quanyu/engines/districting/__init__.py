"""Draw districts: connected groups of atoms with weights in a range, inside borders, never across a barrier."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from quanyu.engines.arrays import IntArray, float_array, int_array
from quanyu.engines.districting.metrics import measure
from quanyu.engines.districting.problem import Block, Problem, blocks, check
from quanyu.engines.districting.result import Bound, Districting, Metrics, Progress, Unmet
from quanyu.engines.districting.search import BlockSearch, State, search
from quanyu.errors import OutOfRange

__all__ = ["Bound", "Districting", "Metrics", "Progress", "Unmet", "district", "split_heavy"]

# Recombinations for each district; with a given number of districts, as many as take some ten seconds.
STEPS_PER_DISTRICT = 1000
STEPS_K = 400_000
STEPS_K_TIMES_ATOMS = 400_000_000
RESTARTS_K = 6


def district(
    weights: Any,
    adjacency: Any,
    *,
    lower: int,
    upper: int,
    k: int | None = None,
    border: Any = None,
    barrier_edges: Any = None,
    previous: Any = None,
    stability: float = 0.0,
    objective: str = "cut_length",
    xy: Any = None,
    area: Any = None,
    outer_length: Any = None,
    target: int | None = None,
    seed: int = 0,
    steps: int | None = None,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Districting:
    """Return districts of connected atoms whose weights lie in [lower, upper] wherever that can be.

    Parameters
    ----------
    weights : (n,) int64, households of each atom, 0 or more
    adjacency : (n, n) CSR, symmetric; the shared border in metres
    k : number of districts; free if ``None``
    border : (n,) int64, no district crosses from one label to another
    barrier_edges : (nnz,) bool along ``adjacency.data``, edges no district uses
    previous, stability : (n,) int64 today's district (−1 none); 0 ignores it, 1 makes a household that moves dear
    objective : ``cut_length`` (metres) or ``cut_edges`` (each edge counts 1)
    xy : (n, 2) metres, area : (n,) square metres, outer_length : (n,) metres of outline on the territory's edge
    steps : recombinations of two districts to try; the default grows with the number of districts
    seconds : stop when so much time has passed; the result tells the steps done
    on_progress : called several times a second; ``False`` stops, and the best plan so far is returned

    Returns
    -------
    Districting
        The same inputs, seed and steps give the same labels. What cannot be met is an answer, in ``unmet``.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad index and what would mend it.

    References
    ----------
    .. [1] DeFord, D., Duchin, M. and Solomon, J. (2021). Recombination: a family of Markov chains for redistricting.
       Harvard Data Science Review 3(1).
    .. [2] Ito, T., Nishizeki, T., Schröder, M., Uno, T. and Zhou, X. (2012). Partitioning a weighted tree into subtrees
       with weights in a given range. Algorithmica 62, 823-841.
    """
    begun = time.monotonic()
    problem = check(
        weights, adjacency, lower=lower, upper=upper, k=k, border=border, barrier_edges=barrier_edges,
        previous=previous, stability=stability, objective=objective, target=target,
    )  # fmt: skip
    size = len(problem.weights)
    if xy is not None:
        float_array("xy", xy, shape=(size, 2))
    grounds = None if area is None else float_array("area", area, shape=(size,), low=0.0)
    outline = None if outer_length is None else float_array("outer_length", outer_length, shape=(size,), low=0.0)
    parts = blocks(problem)
    if k is not None and len(parts) > 1:
        raise OutOfRange(
            name="adjacency", row=int(parts[1].atoms[0]), value="cut off from atom 0",
            allowed="one connected whole when k is given; draw the pieces one by one",
        )  # fmt: skip
    work = _Work(problem, parts, steps, seconds, on_progress, begun)
    for block in parts:
        work.draw(block, seed)
    labels = _in_order(work.labels)
    unmet = tuple(_unmet(problem, block, labels) for block in parts if block.rule) + _not_found(problem, parts, labels)
    moved = _moved(problem, labels) if previous is not None else None
    return Districting(
        labels=labels,
        weights=np.bincount(labels, weights=problem.weights).astype(np.int64),
        metrics=measure(problem, labels, unmet, grounds, outline, moved),
        bound=_bound(problem, parts), unmet=unmet, steps=work.steps_done, seconds=time.monotonic() - begun,
        stopped=work.stopped,
    )  # fmt: skip


class _Work:
    """The blocks' searches, with one budget and one progress report."""

    def __init__(
        self, problem: Problem, parts: list[Block], steps: int | None, seconds: float | None,
        on_progress: Callable[[Progress], bool | None] | None, begun: float,
    ) -> None:  # fmt: skip
        self.problem, self.seconds, self.begun, self.report = problem, seconds, begun, on_progress
        self.districts = {int(b.atoms[0]): self._expected(b) for b in parts}
        self.total = max(1, sum(self.districts.values()))
        if steps is None:
            by_size = max(STEPS_K, STEPS_K_TIMES_ATOMS // len(problem.weights))
            steps = STEPS_PER_DISTRICT * self.total if problem.k is None else by_size
        self.steps = steps
        self.labels = np.full(len(problem.weights), -1, dtype=np.int64)
        self.used, self.steps_done, self.stopped = 0, 0, "steps"

    def _expected(self, block: Block) -> int:
        if block.rule in ("heavy", "light", "empty"):
            return 1
        wanted = self.problem.k or max(1, round(block.weight / max(self.problem.target, 1)))
        return max(wanted, block.low, 1)

    def draw(self, block: Block, seed: int) -> None:
        """Search one block and write its labels."""
        if block.rule in ("heavy", "light", "empty"):
            self.labels[block.atoms] = self.used
            self.used += 1
            return
        finder = BlockSearch(self.problem, block, seed)
        share = self.steps * self.districts[int(block.atoms[0])] // self.total
        done_before = self.steps_done

        def more(done: int, best: State) -> bool:
            self.steps_done = done_before + done
            return self._go_on(block, best)

        restarts = RESTARTS_K if self.problem.k is not None else 1
        best, done = search(finder, steps=0 if self.stopped != "steps" else share, restarts=restarts, more=more)
        self.steps_done = done_before + done
        _, compact = np.unique(best.label, return_inverse=True)
        self.labels[block.atoms] = compact + self.used
        self.used += int(compact.max()) + 1

    def _go_on(self, block: Block, best: State) -> bool:
        if self.stopped != "steps":
            return False
        if self.seconds is not None and time.monotonic() - self.begun > self.seconds:
            self.stopped = "seconds"
        elif self.report is not None and self.report(self._progress(block, best)) is False:
            self.stopped = "asked"
        return self.stopped == "steps"

    def _progress(self, block: Block, best: State) -> Progress:
        labels = self.labels.copy()
        labels[block.atoms] = best.label + self.used
        drawn = labels >= 0
        size = np.bincount(labels[drawn], weights=self.problem.weights[drawn])
        size = size[np.bincount(labels[drawn]) > 0]
        out = np.maximum(self.problem.lower - size, 0) + np.maximum(size - self.problem.upper, 0)
        matrix = self.problem.adjacency
        rows = np.repeat(np.arange(len(labels)), np.diff(matrix.indptr))
        cut = (labels[rows] != labels[matrix.indices]) & drawn[rows] & drawn[matrix.indices]
        return Progress(
            fraction=min(1.0, self.steps_done / max(self.steps, 1)), steps=self.steps_done, districts=len(size),
            in_range=int((out == 0).sum()), violation=int(out.sum()), cut_length=float(matrix.data[cut].sum()) / 2,
            labels=labels.copy,
        )  # fmt: skip


def split_heavy(weights: Any, upper: int) -> IntArray:
    """Return into how many equal parts each atom must be divided so that no part is heavier than ``upper``.

    Examples
    --------
    >>> split_heavy([120, 500, 501, 1600], 500)
    array([1, 1, 2, 4])
    """
    array = int_array("weights", weights, shape=(-1,), low=0)
    if upper < 1:
        raise OutOfRange(name="upper", row="-", value=upper, allowed="1 or more")
    return np.maximum(1, -(-array // upper))


def _in_order(labels: IntArray) -> IntArray:
    """Number districts by their first atom, so that labels say nothing of the way they were found."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    result: IntArray = rank[inverse]
    return result


def _bound(problem: Problem, parts: list[Block]) -> Bound:
    if problem.k is not None:
        return Bound(problem.k, problem.k, None)
    low = sum(max(1, block.low) if not block.rule or block.rule == "gap" else 1 for block in parts)
    high = None if any(block.rule for block in parts) else sum(block.high for block in parts)
    return Bound(low, high, None)


def _unmet(problem: Problem, block: Block, labels: IntArray) -> Unmet:
    """Say why no plan keeps the range in a block, by how much at least, and what would mend it."""
    lower, upper, weight = problem.lower, problem.upper, block.weight
    districts = tuple(int(label) for label in np.unique(labels[block.atoms]))
    around = tuple(int(label) for label in _across(problem, block, labels))
    mends: list[tuple[str, Any]] = []
    by = 0
    if block.rule == "heavy":
        by = weight - upper
        mends = [("split", int(-(-weight // upper))), ("upper", weight)]
    elif block.rule == "light":
        by = lower - weight
        mends = [("lower", weight)]
    elif block.rule == "gap":
        fewer, more = weight // lower, -(-weight // upper)
        # Fewer districts are too heavy together, more are too light: the smaller sum is the least that must break.
        by = min(weight - fewer * upper if fewer else weight, more * lower - weight)
        mends = [("lower", weight // more), ("upper", -(-weight // max(fewer, 1)))]
    if around and block.rule in ("light", "empty", "gap"):
        mends.append(("barrier_or_border", around))
    return Unmet(block.atoms, block.rule, weight, int(by), True, districts, tuple(mends))


def _across(problem: Problem, block: Block, labels: IntArray) -> IntArray:
    """Return the districts on the other side of the barriers and borders around a block."""
    inside = np.zeros(len(labels), dtype=bool)
    inside[block.atoms] = True
    rows = np.repeat(np.arange(len(labels)), np.diff(problem.adjacency.indptr))
    over = inside[rows] & ~inside[problem.adjacency.indices]
    result: IntArray = np.unique(labels[problem.adjacency.indices[over]])
    return result


def _not_found(problem: Problem, parts: list[Block], labels: IntArray) -> tuple[Unmet, ...]:
    """Report districts out of range in blocks where nothing proves that they must be."""
    found = []
    size = np.bincount(labels, weights=problem.weights).astype(np.int64)
    for block in parts:
        if block.rule:
            continue
        for label in np.unique(labels[block.atoms]):
            by = int(max(problem.lower - size[label], size[label] - problem.upper, 0))
            if by:
                atoms = np.flatnonzero(labels == label)
                mend = ("upper", int(size[label])) if size[label] > problem.upper else ("lower", int(size[label]))
                found.append(Unmet(atoms, "not_found", int(size[label]), by, False, (int(label),), (mend,)))
    return tuple(found)


def _moved(problem: Problem, labels: IntArray) -> int:
    """Return the households outside the district that keeps most of their previous one."""
    known = problem.previous >= 0
    pairs, inverse = np.unique(np.column_stack([labels[known], problem.previous[known]]), axis=0, return_inverse=True)
    shared = np.bincount(inverse.ravel(), weights=problem.weights[known])
    kept, new, old = 0, set(), set()
    for index in np.argsort(-shared, kind="stable"):
        if pairs[index, 0] not in new and pairs[index, 1] not in old:
            new.add(pairs[index, 0])
            old.add(pairs[index, 1])
            kept += int(shared[index])
    return int(problem.weights[known].sum()) - kept
