"""Proofs in whole numbers: a tree of dual vectors that shows that no choice of sites is better than a bound.

Every problem here is a minimum over sites that are in or out. A dual vector prices it: a constant and a reduced cost of
each site, whose best choice under the rule (any number, at most p, a budget) is a lower bound. A node of the tree
states one more site as in or out than its parent, and has a dual vector of its own. That vector closes the node when its bound
reaches the target, or else shows that some sites cannot change sides below the target. What stays open sets the bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from quanyu.engines.arrays import BoolArray, IntArray

INFINITE = 1 << 62
FREE, INSIDE, OUTSIDE = 0, 1, -1


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


def lower_bound(constant: int, reduced: IntArray, state: IntArray, rule: Rule) -> tuple[int, IntArray]:
    """Return the least cost of any choice that keeps ``state``, and by how much it grows when a free site changes
    sides."""
    free = np.flatnonzero(state == FREE)
    base = constant + int(reduced[state == INSIDE].sum())
    growth = np.zeros(len(state), dtype=np.int64)
    values = reduced[free]
    if rule.cost is not None:
        return _within_budget(base, values, free, growth, state, rule)
    if rule.count is None:
        growth[free] = np.abs(values)
        return base + int(np.minimum(values, 0).sum()), growth
    left = rule.count - int((state == INSIDE).sum())
    if left < 0:
        return INFINITE, growth
    if left == 0:
        growth[free] = INFINITE
        return base, growth
    if left >= len(free):
        growth[free] = np.abs(values)
        return base + int(np.minimum(values, 0).sum()), growth
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    chosen = ranked[:left]
    low, high = min(int(ranked[left - 1]), 0), min(int(ranked[left]), 0)
    spread = values - low
    spread[order[:left]] = high - chosen
    growth[free] = np.maximum(spread, 0)
    return base + int(np.minimum(chosen, 0).sum()), growth


def _within_budget(
    base: int, values: IntArray, free: IntArray, growth: IntArray, state: IntArray, rule: Rule
) -> tuple[int, IntArray]:
    """Price the budget by the ratio at which it would be used up."""
    assert rule.cost is not None  # noqa: S101 told by the caller
    left = rule.money - int(rule.cost[state == INSIDE].sum())
    if left < 0:
        return INFINITE, growth
    cost = rule.cost[free]
    ratio = -values / np.maximum(cost, 1e-9)
    order = np.argsort(-ratio, kind="stable")
    over = np.flatnonzero(np.cumsum(cost[order]) > left)
    price = max(0, int(ratio[order[over[0]]])) if len(over) else 0
    net = values + price * cost
    growth[free] = np.abs(net)
    growth[free[cost > left]] = INFINITE
    return base - price * left + int(np.minimum(net, 0).sum()), growth


@dataclass
class Tree:
    """A proof as it grows; node 0 is the root. ``target`` is the value that nothing may beat."""

    core: Core
    scale: int
    state: IntArray
    duals: list[IntArray] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    site: list[int] = field(default_factory=list)
    inside: list[bool] = field(default_factory=list)
    bounds: list[int] = field(default_factory=list)
    states: dict[int, IntArray] = field(default_factory=dict)
    open_nodes: dict[int, int] = field(default_factory=dict)

    def add(self, parent: int, site: int, *, inside: bool, dual: IntArray, target: int) -> int:
        """Add a node below ``parent`` (−1: the root) and return its number."""
        state = self.state_below(parent, site, inside=inside)
        bound, state = settle(self.core, dual, self.scale, state, target)
        number = len(self.parent)
        for each, value in ((self.parent, parent), (self.site, site), (self.inside, inside), (self.bounds, bound)):
            each.append(value)  # type: ignore[attr-defined]
        self.duals.append(dual)
        if bound < target:
            self.open_nodes[number] = bound
            self.states[number] = state
        return number

    def state_below(self, parent: int, site: int, *, inside: bool) -> IntArray:
        """Return the sites in and out that a child of ``parent`` begins with."""
        state = (self.state if parent < 0 else self.states[parent]).copy()
        if site >= 0:
            state[site] = INSIDE if inside else OUTSIDE
        return state

    def settled(self, number: int) -> None:
        """Note that a node's children stand for it."""
        self.open_nodes.pop(number, None)
        self.states.pop(number, None)

    def bound(self, target: int) -> int:
        """Return what the tree proves: nothing is below it."""
        return min([target, *self.open_nodes.values()])

    def proof(self) -> Proof:
        return Proof(
            self.core, self.scale, self.state, tuple(self.duals), np.array(self.parent, dtype=np.int64),
            np.array(self.site, dtype=np.int64), np.array(self.inside, dtype=bool),
        )  # fmt: skip


def settle(core: Core, dual: IntArray, scale: int, state: IntArray, target: int) -> tuple[int, IntArray]:
    """Return the bound of a dual vector in whole costs, and the state with every site fixed that it fixes."""
    constant, reduced = core.price(dual, scale)
    value, growth = lower_bound(constant, reduced, state, core.rule)
    limit = (target - 1) * scale
    if value <= limit:
        stuck = (state == FREE) & (growth > limit - value)
        chosen = _chosen(reduced, state, core.rule)
        state = state.copy()
        state[stuck & chosen] = INSIDE
        state[stuck & ~chosen] = OUTSIDE
    return int(-(-value // scale)), state


def _chosen(reduced: IntArray, state: IntArray, rule: Rule) -> BoolArray:
    """Return which free sites the relaxed choice takes."""
    free = np.flatnonzero(state == FREE)
    marks = np.zeros(len(state), dtype=bool)
    values = reduced[free]
    if rule.cost is not None:
        left = rule.money - int(rule.cost[state == INSIDE].sum())
        cost = rule.cost[free]
        ratio = -values / np.maximum(cost, 1e-9)
        order = np.argsort(-ratio, kind="stable")
        over = np.flatnonzero(np.cumsum(cost[order]) > left)
        price = max(0, int(ratio[order[over[0]]])) if len(over) else 0
        marks[free] = (values + price * cost < 0) & (cost <= left)
    elif rule.count is None or rule.count - int((state == INSIDE).sum()) >= len(free):
        marks[free] = values < 0
    else:
        left = rule.count - int((state == INSIDE).sum())
        marks[free[np.argsort(values, kind="stable")[:left]]] = True
    return marks


@dataclass(frozen=True)
class Proof:
    """A finished tree: node k has ``duals[k]``, and states ``site[k]`` (−1 none) as in or out below ``parent[k]``."""

    core: Core
    scale: int
    state: IntArray
    duals: tuple[IntArray, ...]
    parent: IntArray
    site: IntArray
    inside: BoolArray

    def recompute(self, target: int) -> int:
        """Return the bound that the dual vectors prove, from nothing but them; it never exceeds ``target``."""
        children: list[list[int]] = [[] for _ in self.duals]
        for k in range(1, len(self.duals)):
            children[self.parent[k]].append(k)
        lowest = target
        states: dict[int, IntArray] = {}
        for k, dual in enumerate(self.duals):
            if k and self.parent[k] not in states:
                continue
            state = (states[int(self.parent[k])] if k else self.state).copy()
            if self.site[k] >= 0:
                state[self.site[k]] = INSIDE if self.inside[k] else OUTSIDE
            bound, state = settle(self.core, dual, self.scale, state, target)
            if bound >= target:
                continue
            if self._whole(children[k]):
                states[k] = state
            else:
                lowest = min(lowest, bound)
        return lowest

    def _whole(self, children: list[int]) -> bool:
        """Tell whether the children leave out no choice of their parent."""
        if any(self.site[k] < 0 for k in children):
            return True
        return {(int(self.site[k]), bool(self.inside[k])) for k in children} >= {
            (int(self.site[k]), side) for k in children[:1] for side in (True, False)
        } and len(children) > 1


@dataclass(frozen=True)
class Evidence:
    """What an answer rests on: independent parts, each with its proof and the value that part was given.

    ``offset`` is what is spent before any part, ``total`` minus the cost is the value where most is best.
    """

    parts: tuple[tuple[Proof, int], ...]
    offset: int = 0
    total: int | None = None

    def recompute(self) -> int:
        """Return the bound of the whole answer anew from the stored dual vectors, in whole numbers."""
        least = self.offset + sum(proof.recompute(target) for proof, target in self.parts)
        return least if self.total is None else self.total - least


def branch(
    tree: Tree, solve: Callable[[IntArray, IntArray, int], IntArray], pick: Callable[[int, IntArray], int],
    target: Callable[[], int], go_on: Callable[[int], bool],
) -> None:  # fmt: skip
    """Split open nodes, lowest bound first, until none is below the target or ``go_on(bound)`` says stop.

    ``solve(state, dual, target)`` returns a good dual vector for a state, starting from the parent's; ``pick`` names the
    site to split a node on (−1: leave it open).
    """
    left_open: set[int] = set()
    while go_on(tree.bound(target())):
        for number in [k for k, bound in tree.open_nodes.items() if bound >= target()]:
            tree.settled(number)
        waiting = [(bound, -number) for number, bound in tree.open_nodes.items() if number not in left_open]
        if not waiting:
            return
        number = -min(waiting)[1]
        site = pick(number, tree.states[number])
        if site < 0:
            # Every site is settled: the dual of this one choice may close what its parent's left open.
            if number and tree.site[number] < 0:
                left_open.add(number)
                continue
            dual = solve(tree.states[number], tree.duals[number], target())
            tree.add(number, -1, inside=False, dual=dual, target=target())
            tree.settled(number)
            continue
        for inside in (True, False):
            state = tree.state_below(number, site, inside=inside)
            dual = solve(state, tree.duals[number], target())
            tree.add(number, site, inside=inside, dual=dual, target=target())
        tree.settled(number)
