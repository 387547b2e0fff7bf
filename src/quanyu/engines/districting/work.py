"""All blocks under one budget: first a plan for each, then the search, with one progress report."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting._kernels import Plan
from quanyu.engines.districting.plans import out_of_range
from quanyu.engines.districting.problem import Block, Problem
from quanyu.engines.districting.result import Progress
from quanyu.engines.districting.search import BlockSearch

# Steps for each district while districts are small; then as many as look at so many atoms.
STEPS_PER_DISTRICT = 2000
ATOMS_PER_DISTRICT = 100_000
# With a given number of districts: as many as take some ten seconds.
ATOMS_K = 25_000_000
STEPS_K = (10_000, 500_000)
# Seconds between two reports.
REPORT_EVERY = 0.25
WHOLE = ("heavy", "light", "empty")


class Work:
    """The blocks' searches; ``labels`` is always a whole plan."""

    def __init__(
        self, problem: Problem, parts: list[Block], *, seed: int, steps: int | None, seconds: float | None,
        report: Callable[[Progress], bool | None] | None, begun: float,
    ) -> None:  # fmt: skip
        self.problem, self.seconds, self.report, self.begun = problem, seconds, report, begun
        self.labels = np.zeros(len(problem.weights), dtype=np.int64)
        self.used, self.done, self.stopped, self.reported = 0, 0, "steps", begun
        self.searches: list[BlockSearch] = []
        for block in parts:
            if block.rule in WHOLE:
                self._write(block, np.zeros(len(block.atoms), dtype=np.int64))
            else:
                self.searches.append(BlockSearch(problem, block, seed))
                self._write(block, self.searches[-1].expanded(self.searches[-1].plan))
        self.shares = [self._share(search, steps) for search in self.searches]
        self.total = sum(self.shares)

    def draw(self) -> None:
        """Search block by block, the heaviest first, until steps or time are used up or the caller has enough."""
        for search, share in sorted(zip(self.searches, self.shares, strict=True), key=lambda each: -each[1]):
            before = self.done

            def more(done: int, plan: Plan, search: BlockSearch = search, before: int = before) -> bool:
                self.done = before + done
                return self._go_on(search, plan)

            label = search.run(share if self.stopped == "steps" else 0, more)
            self._write(search.block, label)

    def _share(self, search: BlockSearch, steps: int | None) -> int:
        """Return the steps a block gets: by its districts, or so that all end in time."""
        weights = [len(each.plan.size) for each in self.searches]
        if steps is not None:
            return int(steps * len(search.plan.size) / sum(weights))
        if self.seconds is not None:
            left = self.seconds - (time.monotonic() - self.begun)
            return int(0.9 * max(left, 0.0) * search.steps_per_second() * len(search.plan.size) / sum(weights))
        pair = 2 * len(search.coarse.weight) / len(search.plan.size)
        if self.problem.k is not None:
            atoms = ATOMS_K * len(search.block.atoms) / len(self.labels)
            return int(np.clip(atoms / pair, *STEPS_K))
        return int(min(STEPS_PER_DISTRICT, ATOMS_PER_DISTRICT / pair) * len(search.plan.size))

    def _write(self, block: Block, label: IntArray) -> None:
        compact = np.unique(label, return_inverse=True)[1]
        self.labels[block.atoms] = compact + self.used
        self.used += int(compact.max()) + 1

    def _go_on(self, search: BlockSearch, plan: Plan) -> bool:
        now = time.monotonic()
        if self.seconds is not None and now - self.begun > self.seconds:
            self.stopped = "seconds"
        elif self.report is not None and now - self.reported >= REPORT_EVERY:
            self.reported = now
            if self.report(self._progress(search, plan)) is False:
                self.stopped = "asked"
        return self.stopped == "steps"

    def _progress(self, search: BlockSearch, plan: Plan) -> Progress:
        labels = self.labels.copy()
        labels[search.block.atoms] = search.expanded(plan) + self.used
        # Ground without households is no district that a reader counts.
        size = np.bincount(labels, weights=self.problem.weights).astype(np.int64)
        size = size[size > 0]
        out = out_of_range(size, self.problem.lower, self.problem.upper)
        matrix = self.problem.adjacency
        rows = np.repeat(np.arange(len(labels)), np.diff(matrix.indptr))
        cut = labels[rows] != labels[matrix.indices]
        return Progress(
            fraction=min(1.0, self.done / max(self.total, 1)), steps=self.done, districts=len(size),
            in_range=int((out == 0).sum()), violation=int(out.sum()), cut_length=float(matrix.data[cut].sum()) / 2,
            labels=labels.copy,
        )  # fmt: skip
