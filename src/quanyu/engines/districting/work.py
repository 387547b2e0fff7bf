"""All blocks under one budget, on several threads: first a plan for each, then the search, with one progress report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting.blocks import WHOLE, Block, Layout
from quanyu.engines.districting.plans import out_of_range
from quanyu.engines.districting.problem import Problem
from quanyu.engines.districting.result import Progress
from quanyu.engines.districting.search import BlockSearch

# Steps for each district: a plan as good as METIS's in its time. With k given: as many as look at so many atoms, some
# ten seconds.
STEPS_PER_DISTRICT = 15
ATOMS_K = 50_000_000
STEPS_K = (10_000, 250_000)
# Seconds between two reports.
REPORT_EVERY = 0.25
# Small blocks go to a thread together, as many as have so many atoms.
BUNDLE_ATOMS = 2000
# Of a time limit, what is left for the end, when the last districts are brought into range.
SEARCH_SHARE = 0.85


class Work:
    """The blocks' searches; ``labels`` is always a whole plan, with numbers that leave gaps."""

    def __init__(
        self, problem: Problem, parts: list[Block], *, seed: int, steps: int | None, seconds: float | None,
        workers: int | None, report: Callable[[Progress], bool | None] | None, begun: float,
        kept: dict[int, IntArray] | None = None, before: int = 0, span: tuple[float, float] = (0.0, 1.0),
    ) -> None:  # fmt: skip
        """``kept`` blocks have their labels already, from ``before`` steps; ``span`` is what this is of the whole, for
        those who watch."""
        self.problem, self.layout, self.seed = problem, Layout(problem, parts), seed
        self.seconds, self.report, self.begun = seconds, report, begun
        self.workers = workers or os.cpu_count() or 1
        self.labels = np.zeros(len(problem.weights), dtype=np.int64)
        self.stopped = "steps"
        self.searches: dict[int, BlockSearch] = {}
        self.parts, self.before, self.span, kept = parts, before, span, kept or {}
        drawn = [i for i, block in enumerate(parts) if block.rule not in WHOLE and i not in kept]
        for i in set(range(len(parts))) - set(drawn):
            self._write(i, kept[i] if i in kept else np.zeros(len(parts[i].atoms), dtype=np.int64))
        self._in_parallel(self._begin, drawn)
        self.shares = self._shares(steps)
        self.done = dict.fromkeys(drawn, 0)

    def draw(self) -> None:
        """Search the blocks, the heaviest first, until steps or time are used up or the caller has enough."""
        self._in_parallel(self._search, sorted(self.shares, key=lambda i: -self.shares[i]), self._tell)

    @property
    def steps(self) -> int:
        """Steps done, with those before."""
        return self.before + sum(self.done.values())

    def _begin(self, i: int) -> None:
        self.searches[i] = BlockSearch(self.problem, self.parts[i], self.layout.graph(i), self.seed)
        self._write(i, self.searches[i].expanded(self.searches[i].plan))

    def _search(self, i: int) -> None:
        search = self.searches.pop(i)

        def more(done: int, label: IntArray) -> bool:
            self.done[i] = done
            self._write(i, label)
            if self.seconds is not None and time.monotonic() - self.begun > self.seconds:
                self.stopped = "seconds"
            return self.stopped == "steps"

        self._write(i, search.run(self.shares[i] if self.stopped == "steps" else 0, more))

    def _in_parallel(
        self, work: Callable[[int], None], blocks: Iterable[int], tell: Callable[[], None] | None = None
    ) -> None:
        """Do the work of each block, small blocks bundled; each has a generator of its own, so the order is free."""

        def do_all(bundle: list[int]) -> None:
            for i in bundle:
                work(i)

        with ThreadPoolExecutor(self.workers) as pool:
            waiting = {pool.submit(do_all, each) for each in self._bundles(blocks)}
            try:
                while waiting:
                    done, waiting = wait(waiting, REPORT_EVERY if tell else None, FIRST_EXCEPTION)
                    for each in done:
                        each.result()
                    if tell and waiting:
                        tell()
            except BaseException:
                self.stopped = "asked"
                pool.shutdown(cancel_futures=True)
                raise

    def _bundles(self, blocks: Iterable[int]) -> list[list[int]]:
        bundles, atoms = [list[int]()], 0
        for i in blocks:
            if atoms >= BUNDLE_ATOMS:
                bundles.append([])
                atoms = 0
            bundles[-1].append(i)
            atoms += len(self.parts[i].atoms)
        return bundles

    def _shares(self, steps: int | None) -> dict[int, int]:
        """Return the steps of each block: by its districts, or so that all end in time."""
        districts = {i: len(search.plan.size) for i, search in self.searches.items()}
        total = sum(districts.values())
        if steps is None and self.seconds is not None and districts:
            largest = max(districts, key=lambda i: districts[i])
            left = SEARCH_SHARE * self.seconds - (time.monotonic() - self.begun)
            # Threads help only as far as there are other blocks than the largest.
            threads = min(self.workers, total / districts[largest])
            steps = int(max(left, 0.0) * threads * self.searches[largest].steps_per_second(self.seconds))
        if steps is not None:
            return {i: steps * count // total for i, count in districts.items()}
        if not self.problem.is_tight:
            return {i: STEPS_PER_DISTRICT * count for i, count in districts.items()}
        shares = {}
        for i, count in districts.items():
            atoms = len(self.parts[i].atoms)
            pair = 2 * len(self.searches[i].coarse.weight) / count
            shares[i] = int(np.clip(ATOMS_K * atoms / len(self.labels) / pair, *STEPS_K))
        return shares

    def labels_of(self, i: int) -> IntArray:
        """Return the districts of a block, from 0 on, in the order of its atoms here."""
        return np.unique(self.labels[self.layout.atoms(i)], return_inverse=True)[1]

    def _write(self, i: int, label: IntArray) -> None:
        # Labels of a block are fewer than its atoms, so blocks never share one.
        self.labels[self.layout.atoms(i)] = label + self.layout.starts[i]

    def _tell(self) -> None:
        if self.report is not None and self.stopped == "steps" and self.report(self._progress()) is False:
            self.stopped = "asked"

    def _progress(self) -> Progress:
        labels = self.labels.copy()
        # Ground without households is no district that a reader counts.
        size = np.bincount(labels, weights=self.problem.weights).astype(np.int64)
        size = size[size > 0]
        out = out_of_range(size, self.problem.lower, self.problem.upper)
        matrix = self.problem.adjacency
        cut = np.repeat(labels, np.diff(matrix.indptr)) != labels[matrix.indices]
        done, total = sum(self.done.values()), sum(self.shares.values())
        begin, end = self.span
        return Progress(
            fraction=begin + (end - begin) * min(1.0, done / max(total, 1)), steps=self.steps, districts=len(size),
            in_range=int((out == 0).sum()), violation=int(out.sum()), cut_length=float(matrix.data[cut].sum()) / 2,
            labels=labels.copy,
        )  # fmt: skip
