"""A maximal covering that falls into parts: what each leaves uncovered by its number of sites, and how to share out.

Once prices have settled some sites, far places no longer share any. Each part then has a tree of its own; its open
leaves tell the least weight it leaves uncovered with 0, 1, 2 … sites. The bounds of the parts for every way to share
the sites out are added up, so the work of the parts adds up too, where one tree of all would multiply it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.siting.most_core import MostCore
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, Evidence, Proof, Rule
from quanyu.engines.siting.reductions import independent_parts
from quanyu.engines.siting.remaining import SHARE, Remaining, remaining

NEVER = 1 << 61  # more than any weight times SHARE, and twice it is no overflow


class Apart(NamedTuple):
    """What a state leaves: ``spare`` sites to share out among parts, and ``lost`` weight that nobody covers any more.

    A part is its core, its rows and its columns among those ``left``.
    """

    state: IntArray
    left: Remaining
    spare: int
    lost: int
    cores: tuple[MostCore, ...]
    rows: tuple[IntArray, ...]
    columns: tuple[IntArray, ...]


def fall_apart(core: MostCore, state: IntArray) -> Apart:
    """Return the parts of what a state leaves of a core that counts its sites."""
    left = remaining(core.cover, core.weight, state)
    spare = (core.rule.count or 0) - int((state == INSIDE).sum())
    parts = list(independent_parts(left.cover))
    cores = tuple(
        MostCore(left.cover.select(rows=rows, columns=columns), left.weight[rows], Rule(count=min(spare, len(columns))))
        for rows, columns in parts
    )
    lost = int(core.weight.sum() - left.weight.sum()) - left.covered
    rows, columns = tuple(rows for rows, _ in parts), tuple(columns for _, columns in parts)
    return Apart(state, left, spare, lost, cores, rows, columns)


class Branch(NamedTuple):
    """A node of a part's tree: below ``parent``, ``site`` (−1: none) is ``inside`` or not; with its dual vectors."""

    parent: int
    site: int
    inside: bool
    duals: tuple[IntArray, ...]

    def begin(self, state: IntArray) -> IntArray:
        """Return the state below a parent's ``state``."""
        state = state.copy()
        if self.site >= 0:
            state[self.site] = INSIDE if self.inside else OUTSIDE
        return state


def line_of(core: MostCore, dual: IntArray, state: IntArray) -> IntArray:
    """Return a bound of the uncovered weight with at most 0, 1, … ``core.rule.count`` sites."""
    most, inside = core.rule.count or 0, int((state == INSIDE).sum())
    line = np.full(most + 1, NEVER)
    if inside <= most:
        constant, reduced = core.price(dual, SHARE)
        free = np.sort(reduced[state == FREE])[: most - inside]
        begun = constant + int(reduced[state == INSIDE].sum())
        line[inside:] = begun + int(free.sum())
        line[inside : inside + len(free)] = begun + np.append(0, np.cumsum(free))[:-1]
    return np.where(line == NEVER, NEVER, -(-line // SHARE))


def proven_line(core: MostCore, branches: tuple[Branch, ...]) -> IntArray:
    """Return the bounds that a tree proves for each number of sites, from nothing but its dual vectors."""
    lines, states, leaves = list[IntArray](), list[IntArray](), list[IntArray]()
    sides = [set[tuple[int, bool]]() for _ in branches]
    for branch in branches[1:]:
        sides[branch.parent].add((branch.site, branch.inside))
    for number, branch in enumerate(branches):
        state = branch.begin(states[branch.parent] if number else np.full(core.sites, FREE))
        own = [line_of(core, dual, state) for dual in branch.duals]
        states.append(state)
        lines.append(np.max([*own, lines[branch.parent]] if number else own, axis=0))
        if not any((site, not inside) in sides[number] for site, inside in sides[number]):
            leaves.append(lines[number])
    least: IntArray = np.min(leaves, axis=0)
    return least


def share_out(lines: list[IntArray], spare: int) -> tuple[int, list[int]]:
    """Return the least sum of an entry of each line, their places summing to no more than ``spare``, and the places."""
    total, taken = np.zeros(spare + 1, dtype=np.int64), list[IntArray]()
    for line in lines:
        place = np.arange(spare + 1) - np.arange(len(line))[:, None]
        table = np.where(place < 0, NEVER, np.minimum(line[:, None] + total[np.maximum(place, 0)], NEVER))
        taken.append(np.argmin(table, axis=0))
        total = table.min(axis=0)
    left, places = spare, list[int]()
    for chosen in reversed(taken):
        places.append(int(chosen[left]))
        left -= places[-1]
    return int(total[spare]), places[::-1]


@dataclass(frozen=True, kw_only=True)
class ApartEvidence(Evidence):
    """A proof, and besides it the trees of the parts that its root left when the value was ``target``."""

    core: MostCore
    root: Proof
    target: int
    trees: tuple[tuple[Branch, ...], ...]

    def recompute(self) -> int:
        apart = fall_apart(self.core, self.root.settled(self.target))
        lines = [proven_line(core, tree) for core, tree in zip(apart.cores, self.trees, strict=True)]
        least, _ = share_out(lines, apart.spare)
        most = (self.total or 0) - self.offset - min(self.target, apart.lost + least)
        return min(super().recompute(), most)
