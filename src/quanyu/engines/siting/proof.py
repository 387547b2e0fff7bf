"""Proofs in whole numbers: a tree of dual vectors that shows that no choice of sites is better than a bound.

Every problem here is a least cost over sites that are in or out. A dual vector prices it: a constant and a reduced cost
of each site. The best choice at these prices under the rule (any number, at most p, a budget) is a lower bound. A node
of the tree states one more site as in or out than its parent, and has a dual vector of its own. That vector closes the
node when its bound reaches the target, or else shows that some sites cannot change sides below the target. What stays
open sets the bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from quanyu.engines.arrays import BoolArray, IntArray

INFINITE = 1 << 62
FREE, INSIDE, OUTSIDE = 0, 1, -1
ROOT = -1


@dataclass(frozen=True)
class Rule:
    """How many sites may be in: any number, at most ``count``, or as many as ``money`` pays at ``cost`` each."""

    count: int | None = None
    cost: IntArray | None = None
    money: int = 0


class Core(Protocol):
    """What a proof is about: whole numbers only."""

    @property
    def sites(self) -> int: ...

    @property
    def rule(self) -> Rule: ...

    def price(self, dual: IntArray, scale: int) -> tuple[int, IntArray]:
        """Return the constant and the reduced cost of each site, times ``scale``."""
        ...


class Relaxed(NamedTuple):
    """The best choice at given prices: its cost, whether it takes each site, and by how much the cost grows when a
    free site changes sides."""

    cost: int
    taken: BoolArray
    growth: IntArray


def relax(constant: int, reduced: IntArray, state: IntArray, rule: Rule) -> Relaxed:
    """Return the best choice that keeps ``state``, at most as dear as any that keeps the rule too."""
    free = np.flatnonzero(state == FREE)
    taken = state == INSIDE
    growth = np.zeros(len(state), dtype=np.int64)
    base = constant + int(reduced[taken].sum())
    if rule.cost is not None:
        left = rule.money - int(rule.cost[taken].sum())
        values, base = _priced_budget(reduced[free], rule.cost[free], left, base)
        taken[free], growth[free] = values < 0, np.abs(values)
        growth[free[rule.cost[free] > left]] = INFINITE
    else:
        values = reduced[free]
        left = len(free) if rule.count is None else rule.count - int(taken.sum())
        taken[free], growth[free] = _cheapest(values, left)
    if left < 0:
        return Relaxed(INFINITE, taken, growth)
    return Relaxed(base + int(values[taken[free]].sum()), taken, growth)


def _cheapest(values: IntArray, most: int) -> tuple[BoolArray, IntArray]:
    """Take at most so many of the negative values; tell also what it costs to change one's side."""
    if most >= len(values):
        return values < 0, np.abs(values)
    if most <= 0:
        return np.zeros(len(values), dtype=bool), np.full(len(values), INFINITE)
    order = np.argsort(values, kind="stable")
    last_in, first_out = (min(int(values[order[k]]), 0) for k in (most - 1, most))
    taken = np.zeros(len(values), dtype=bool)
    taken[order[:most]] = values[order[:most]] < 0
    return taken, np.where(taken, first_out - values, values - last_in)


def _priced_budget(values: IntArray, cost: IntArray, money: int, base: int) -> tuple[IntArray, int]:
    """Charge each site its cost at the ratio where the money runs out; any ratio of 0 or more gives a bound."""
    values = np.where(cost > money, 0, values)
    ratio = -values / np.maximum(cost, 1)
    order = np.argsort(-ratio, kind="stable")
    over = np.flatnonzero(np.cumsum(cost[order]) > money)
    price = max(0, int(ratio[order[over[0]]])) if len(over) else 0
    return values + price * cost, base - price * money


def settle(core: Core, dual: IntArray, scale: int, state: IntArray, target: int) -> tuple[int, IntArray]:
    """Return the bound of a dual vector in whole costs, and the state with every site fixed that it fixes."""
    best = relax(*core.price(dual, scale), state, core.rule)
    limit = (target - 1) * scale
    if best.cost <= limit:
        stuck = (state == FREE) & (best.growth > limit - best.cost)
        state = np.where(stuck, np.where(best.taken, INSIDE, OUTSIDE), state)
    return int(-(-best.cost // scale)), state


@dataclass(frozen=True)
class Node:
    """One statement of a proof: below ``parent``, ``site`` (−1: none) is ``inside`` or not, with its dual vector."""

    parent: int
    site: int
    inside: bool
    dual: IntArray

    def begin(self, state: IntArray) -> IntArray:
        """Return the state below a parent's ``state``."""
        state = state.copy()
        if self.site >= 0:
            state[self.site] = INSIDE if self.inside else OUTSIDE
        return state


@dataclass(frozen=True)
class Proof:
    """A finished tree; node 0 is the root, and parents come before their children."""

    core: Core
    scale: int
    state: IntArray
    nodes: tuple[Node, ...]

    def recompute(self, target: int) -> int:
        """Return the bound that the dual vectors prove, from nothing but them; it never exceeds ``target``."""
        children: list[list[Node]] = [[] for _ in self.nodes]
        for node in self.nodes[1:]:
            children[node.parent].append(node)
        lowest, states = target, {ROOT: self.state}
        for number, node in enumerate(self.nodes):
            if node.parent not in states:
                continue
            bound, state = settle(self.core, node.dual, self.scale, node.begin(states[node.parent]), target)
            if bound < target:
                if _leave_nothing_out(children[number]):
                    states[number] = state
                else:
                    lowest = min(lowest, bound)
        return lowest

    def settled(self, target: int) -> IntArray:
        """Return the state in which every choice below the target lies, by the nodes that state no site."""
        state, roots = self.state, {ROOT}
        for number, node in enumerate(self.nodes):
            if node.parent in roots and node.site < 0:
                roots.add(number)
                _, state = settle(self.core, node.dual, self.scale, state, target)
        return state


def _leave_nothing_out(children: list[Node]) -> bool:
    """Tell whether the children hold every choice of their parent: one that states nothing, or both sides of a site."""
    sides = {(node.site, node.inside) for node in children}
    return any(site < 0 or (site, not inside) in sides for site, inside in sides)


@dataclass(frozen=True)
class Evidence:
    """What an answer rests on: independent parts, each with its proof and the value that part was given.

    ``offset`` is what is spent before any part; where most is best, the answer is ``total`` minus the cost.
    """

    parts: tuple[tuple[Proof, int], ...]
    offset: int = 0
    total: int | None = None

    def recompute(self) -> int:
        """Return the bound of the whole answer anew from the stored dual vectors, in whole numbers."""
        least = self.offset + sum(proof.recompute(target) for proof, target in self.parts)
        return least if self.total is None else self.total - least


@dataclass
class Tree:
    """A proof as it grows. ``open`` are the bounds of the nodes without children below the target."""

    core: Core
    scale: int
    state: IntArray
    nodes: list[Node] = field(default_factory=list)
    states: dict[int, IntArray] = field(default_factory=dict)
    open: dict[int, int] = field(default_factory=dict)

    def add(self, parent: int, dual: IntArray, target: int, *, site: int = -1, inside: bool = False) -> int:
        """Add a node and return its number; it keeps its parent's dual vector where that proves more."""
        node = Node(parent, site, inside, dual)
        begun = node.begin(self.state if parent == ROOT else self.states[parent])
        bound, state = settle(self.core, dual, self.scale, begun, target)
        if parent != ROOT and bound < target:
            inherited = Node(parent, site, inside, self.nodes[parent].dual)
            before, held = settle(self.core, inherited.dual, self.scale, begun, target)
            if before > bound:
                node, bound, state = inherited, before, held
        number = len(self.nodes)
        self.nodes.append(node)
        if bound < target:
            self.open[number], self.states[number] = bound, state
        return number

    def refine(self, number: int, dual: IntArray, target: int) -> int:
        """Put a node below another, or the root, that states nothing more: with another dual or a lower target."""
        new = self.add(number, dual, target)
        self.close(number)
        return new

    def close(self, number: int) -> None:
        """Note that a node's children stand for it, or that it has reached the target."""
        self.open.pop(number, None)
        self.states.pop(number, None)

    def bound(self, target: int) -> int:
        """Return what the tree proves: nothing is below it."""
        return min([target, *self.open.values()])

    def proof(self) -> Proof:
        """Return the tree as it stands."""
        return Proof(self.core, self.scale, self.state, tuple(self.nodes))
