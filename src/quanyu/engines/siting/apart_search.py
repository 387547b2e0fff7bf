"""The search of a maximal covering that has fallen into parts: the part that holds the sum back most goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.benders import Master
from quanyu.engines.siting.most_core import MostCore
from quanyu.engines.siting.most_parts import Apart, Branch, line_of, share_out
from quanyu.engines.siting.proof import FREE, INSIDE
from quanyu.engines.siting.remaining import SHARE
from quanyu.engines.siting.result import Watch

KICKS = 6  # choices tried whenever a leaf is looked at
KICKED = (0.1, 0.5)  # of the chosen sites, what share is given up in a kick
LEAN = 32  # of the gap at a way to share out, this part speaks against it


@dataclass
class Leaf:
    """An open leaf of a part's tree: what it proves by number of sites, and how far each site was chosen, for the
    numbers for which its programme was solved."""

    state: IntArray
    line: IntArray
    chosen: dict[int, FloatArray] = field(default_factory=dict)


class PartSearch:
    """The search of one part, for whatever number of sites the whole asks about.

    ``values`` and ``choices`` are the least weight left uncovered with at most 0, 1, … sites, and by which.
    """

    def __init__(
        self, core: MostCore, dual: IntArray, lean: FloatArray, best: BoolArray, random: np.random.Generator
    ) -> None:
        self.core, self.random, self.lean = core, random, lean
        self.most = core.rule.count or 0
        state = np.full(core.sites, FREE)
        self.branches = [Branch(-1, -1, False, (dual,))]
        self.open = {0: Leaf(state, line_of(core, dual, state))}
        self.cost = np.ones(core.sites, dtype=np.int64)
        self.total = int(core.weight.sum())
        self.values = np.full(self.most + 1, self.total)
        self.choices = [np.zeros(core.sites, dtype=bool)] * (self.most + 1)
        self.master = Master(core.cover, core.weight, self.cost, self.most, dual / SHARE)
        self._offer(best)

    @property
    def line(self) -> IntArray:
        """What the tree proves by number of sites."""
        least: IntArray = np.min([leaf.line for leaf in self.open.values()], axis=0)
        return least

    def look(self, count: int) -> None:
        """Try to choose so many sites better."""
        if count == 0:
            return
        for _ in range(KICKS):
            bias = (self.lean + 0.1) * self.random.uniform(0.7, 1.3, self.core.sites)
            share = self.random.uniform(*KICKED)
            self._construct(self.choices[count] & (self.random.random(self.core.sites) >= share), bias, count)

    def go_on(self, count: int, ceiling: int, watch: Watch) -> None:
        """Look at the leaf that proves least for so many sites: solve its programme for them, or split it.

        More than ``ceiling`` uncovered need not be proven.
        """
        number = min(self.open, key=lambda each: (int(self.open[each].line[count]), each))
        leaf = self.open[number]
        if count not in leaf.chosen:
            dual = self._solve(leaf, count, ceiling, watch)
            if dual is not None:
                branch = self.branches[number]
                self.branches[number] = branch._replace(duals=(*branch.duals, dual))
            return
        free = np.flatnonzero(leaf.state == FREE)
        site = int(free[np.argmin(np.abs(leaf.chosen[count][free] - 0.5))])
        for inside in (True, False):
            branch = Branch(number, site, inside, self.branches[number].duals)
            state = branch.begin(leaf.state)
            own = [line_of(self.core, dual, state) for dual in branch.duals]
            child = Leaf(state, np.max([leaf.line, *own], axis=0))
            dual = self._solve(child, count, ceiling, watch)
            self.open[len(self.branches)] = child
            self.branches.append(branch if dual is None else branch._replace(duals=(*branch.duals, dual)))
        del self.open[number]

    def _solve(self, leaf: Leaf, count: int, ceiling: int, watch: Watch) -> IntArray | None:
        """Solve a leaf's programme for so many sites, and return its dual."""
        inside, free = leaf.state == INSIDE, leaf.state == FREE
        spare = count - int(inside.sum())
        if spare <= 0 or not free.any():
            served = _kernels.covered_by(*self.core.cover.by_site, inside, self.core.cover.demands) > 0
            dual, chosen = np.where(served, 0, SHARE), inside.astype(np.float64)
            self._offer(inside)
        else:
            self.master.spend(count)

            def round_off(point: FloatArray) -> None:
                bias = point * self.random.uniform(0.8, 1.2, len(point)) + 1e-9
                self._construct(np.zeros(len(point), dtype=bool), bias, count)

            found = self.master.solve(leaf.state, self.total - ceiling, self.choices[count], watch, round_off)
            if found is None:
                leaf.chosen[count] = inside.astype(np.float64)
                return None
            dual, chosen = np.rint(np.clip(found.share, 0.0, 1.0) * SHARE).astype(np.int64), found.chosen
            round_off(chosen)
            self.lean = chosen
        leaf.chosen[count] = chosen
        leaf.line = np.maximum(leaf.line, line_of(self.core, dual, leaf.state))
        return dual

    def _construct(self, chosen: BoolArray, bias: FloatArray, count: int) -> None:
        cover, chosen = self.core.cover, chosen.copy()
        ground = (cover.indptr, cover.indices, *cover.by_site, self.core.weight, self.cost)
        money = _kernels.greedy_most(*ground, bias, chosen, count - int(chosen.sum()))
        _kernels.swap_most(*ground, chosen, money, int(self.random.integers(cover.sites)))
        self._offer(chosen)

    def _offer(self, chosen: BoolArray) -> None:
        times = _kernels.covered_by(*self.core.cover.by_site, chosen, self.core.cover.demands)
        uncovered = int(self.core.weight[times == 0].sum())
        for count in range(int(chosen.sum()), self.most + 1):
            if uncovered >= self.values[count]:
                break
            self.values[count] = uncovered
            self.choices[count] = chosen


class ApartSearch:
    """The search of all parts of what a state leaves, from a dual, a choice and how far each site was chosen."""

    def __init__(
        self, apart: Apart, dual: IntArray, lean: FloatArray, weight: IntArray, best: BoolArray,
        random: np.random.Generator, watch: Watch,
    ) -> None:  # fmt: skip
        self.apart, self.watch = apart, watch
        whole = np.rint(apart.left.project(dual, weight) * SHARE).astype(np.int64)
        self.columns = [apart.left.columns[columns] for columns in apart.columns]
        self.parts = [
            PartSearch(core, whole[rows], lean[columns], best[columns], random)
            for core, rows, columns in zip(apart.cores, apart.rows, self.columns, strict=True)
        ]
        self._share_out()

    @property
    def trees(self) -> tuple[tuple[Branch, ...], ...]:
        return tuple(tuple(part.branches) for part in self.parts)

    @property
    def best(self) -> BoolArray:
        """The best choice that the parts' choices make together, with the sites inside."""
        _, places = share_out([part.values for part in self.parts], self.apart.spare)
        chosen: BoolArray = self.apart.state == INSIDE
        for part, columns, count in zip(self.parts, self.columns, places, strict=True):
            chosen[columns[part.choices[count]]] = True
        return chosen

    def look(self) -> None:
        """Try to choose better everywhere."""
        for part, count in zip(self.parts, self.places, strict=True):
            part.look(count)

    def step(self, target: int) -> None:
        """Let one part go on, towards a value of ``target`` for the whole."""
        gaps = self._gaps()
        if 2 * sum(gaps) < target - self.bound:  # the bound is held back by another way to share out
            _, self.places = share_out([part.line for part in self.parts], self.apart.spare)
            gaps = self._gaps()
        # The widest gap for the time that a look at its part takes.
        chosen = max(range(len(gaps)), key=lambda c: (gaps[c] / len(self.parts[c].core.cover.indices), -c))
        part, count = self.parts[chosen], self.places[chosen]
        ceiling = min(int(part.values[count]), target - self.bound + int(part.line[count]))
        part.look(count)
        part.go_on(count, ceiling, self.watch)
        self._share_out()

    def _gaps(self) -> list[int]:
        return [int(part.values[k] - part.line[k]) for part, k in zip(self.parts, self.places, strict=True)]

    def _share_out(self) -> None:
        """Count the bound of the whole, and share the sites out where little is proven for good choices only."""
        lines = [part.line for part in self.parts]
        least, _ = share_out(lines, self.apart.spare)
        self.bound = self.apart.lost + least
        leaning = [line + (part.values - line) // LEAN for part, line in zip(self.parts, lines, strict=True)]
        _, self.places = share_out(leaning, self.apart.spare)
