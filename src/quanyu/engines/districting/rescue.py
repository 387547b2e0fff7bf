"""Bring the last districts into range: share out the ground around them anew and look at every division of the homes.

Where homes lie scattered on ground without households, what districts they can form hangs on whose that ground is. So
districts first give up all the ground that they do not need; then a few around the one out of range let their homes
take free ground by chance, and the best division of these homes is found exactly.
"""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules, WordArray
from quanyu.engines.districting.plans import as_bits, breach_price, compact, groups, numbered

# Tries for a district out of range, by the number of districts around it that are divided anew.
TRIES = {2: 20, 3: 40, 4: 60, 5: 60, 6: 60, 8: 60}
# Sets of atoms looked at in one try, and in a block so small that all of it is divided at once.
LOOKS, LOOKS_WHOLE = 5_000, 1_000_000
# Ways over free ground laid in one try, and atoms looked at to lay one, both for each home.
WAYS, AROUND = 3, 100


def rescue(graph: Graph, plan: Plan, rules: Rules, random: WordArray) -> tuple[Plan, bool]:
    """Return a plan with fewer households out of range, or as many in fewer districts, where one is found.

    The second value tells whether no plan of the block is better in this.
    """
    if len(plan.label) <= _kernels.COVER_ATOMS:
        plan, proven = divided_whole(graph, plan, rules, keeps_count=False)
        if proven:
            return plan, True
    field = _Field(graph, plan, rules, random)
    while (district := field.next_broken()) is not None:
        field.rescue_one(district)
    return numbered(graph, field.filled()), False


def divided_whole(graph: Graph, plan: Plan, rules: Rules, *, keeps_count: bool) -> tuple[Plan, bool]:
    """Return the plan of a block of up to 64 atoms with the fewest households, then districts, out of range.

    With ``keeps_count`` it is of as many districts as the plan given. The second value tells whether it is proven.
    """
    everything = np.arange(len(plan.label))
    nowhere = np.full(len(everything), -1, dtype=np.int64)
    label = plan.label.copy()
    _, seen = _kernels.cover(
        neighbours(graph, everything), graph.weight, nowhere, rules.lower, rules.upper,
        len(plan.size) if keeps_count else 0, int(breach_price(plan.size, rules).sum()), LOOKS_WHOLE, label,
    )  # fmt: skip
    return numbered(graph, label), seen < LOOKS_WHOLE


def neighbours(graph: Graph, atoms: IntArray) -> WordArray:
    """Return for each of up to 64 atoms those of them beside it, as bits."""
    rows = [graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]].tolist() for atom in atoms.tolist()]
    return as_bits(atoms, rows)


class _Field:
    """A plan whose ground is free (label −1) unless its district needs it, with the atoms of each district at hand."""

    def __init__(self, graph: Graph, plan: Plan, rules: Rules, random: WordArray) -> None:
        count = len(plan.label)
        self.graph, self.rules, self.random, self.owner = graph, rules, random, plan.label
        self.memory = _kernels.scratch(graph)
        self.marks = np.empty(count, dtype=np.int64), np.zeros(count + 1, dtype=np.int64)
        self.home_of = np.full(count, -1, dtype=np.int64)
        self.label, line = plan.label.copy(), np.empty(count, dtype=np.int64)
        homes = _kernels.outward(graph, line)
        _kernels.shed(graph, self.label, line[homes:], *self.marks)
        self.free = self.label < 0
        self.size = dict(enumerate(plan.size.tolist()))
        self.atoms = groups(np.flatnonzero(~self.free), self.label)
        self.tried: set[int] = set()

    def next_broken(self) -> int | None:
        """Return a district out of range that was not tried yet."""
        for district, weight in self.size.items():
            if district not in self.tried and not self.rules.lower <= weight <= self.rules.upper:
                self.tried.add(district)
                return district
        return None

    def rescue_one(self, district: int) -> None:
        """Divide a district anew together with some around it, until one division is better than what they are."""
        atoms = self.atoms[district]
        start = int(atoms[self.graph.weight[atoms].argmax()])
        for districts, tries in TRIES.items():
            for _ in range(tries):
                chosen = np.empty(districts, dtype=np.int64)
                count = _kernels.reach(self.graph, self.label, start, chosen, self.memory, self.random)
                region = np.concatenate([self.atoms[each] for each in chosen[:count].tolist()])
                homes = np.sort(region[self.graph.weight[region] > 0])
                if not 0 < len(homes) <= _kernels.COVER_ATOMS:
                    break
                if self._divide(chosen[:count].tolist(), region, homes):
                    return

    def _divide(self, chosen: list[int], region: IntArray, homes: IntArray) -> bool:
        """Divide districts anew; return whether that was better, and so was done."""
        graph, rules, count = self.graph, self.rules, len(homes)
        below = int(breach_price(np.array([self.size[each] for each in chosen]), rules).sum())
        way = region[graph.weight[region] == 0]
        self.free[way] = True
        near, label = np.zeros(count, dtype=np.uint64), np.empty(count, dtype=np.int64)
        taken = _kernels.claim(
            graph, self.free, homes, WAYS * count, AROUND * count, near, self.home_of, self.memory, self.random
        )
        cost, _ = _kernels.cover(
            near, graph.weight[homes], np.full(count, -1, dtype=np.int64), rules.lower, rules.upper, 0,
            below, LOOKS, label,
        )  # fmt: skip
        won = self.memory.order[:taken].copy()
        home, self.home_of[won] = self.home_of[won], -1
        if cost < below:
            self._replace(chosen, region, won, label[home])
        else:
            self.free[way] = False
        return bool(cost < below)

    def _replace(self, chosen: list[int], region: IntArray, won: IntArray, found: IntArray) -> None:
        """Put new districts, of the atoms won, in the place of those chosen."""
        first = max(self.size) + 1
        for each in chosen:
            del self.size[each], self.atoms[each]
        self.label[region] = -1
        self.label[won] = found + first
        _kernels.shed(self.graph, self.label, won[self.graph.weight[won] == 0], *self.marks)
        self.free[region] = self.label[region] < 0
        self.free[won] = self.label[won] < 0
        self.atoms |= (fresh := groups(won[self.label[won] >= 0], self.label))
        self.size |= {each: int(self.graph.weight[atoms].sum()) for each, atoms in fresh.items()}

    def filled(self) -> IntArray:
        """Return the district of every atom: free ground goes back to its district, or to one beside it."""
        group = compact(self.label + 1) - int((self.label < 0).any())
        _kernels.absorb_empty(self.graph, self.owner, True, group)
        return group
