"""Branch and bound over sites, the same for every problem: only pricing and choosing differ."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, ROOT, Tree
from quanyu.engines.siting.result import Watch


class Search(ABC):
    """A search that proves as it goes: ``tree`` holds the proof, ``target`` what a node must reach to be closed."""

    tree: Tree
    watch: Watch

    def __init__(self, tree: Tree, watch: Watch) -> None:
        self.tree, self.watch = tree, watch
        self._shares: dict[int, FloatArray] = {}
        self._stuck: set[int] = set()

    @property
    @abstractmethod
    def target(self) -> int:
        """What a node must reach to be closed: usually the best value found."""

    @abstractmethod
    def solve(self, state: IntArray, dual: IntArray) -> tuple[IntArray, FloatArray]:
        """Return a good dual vector for a state, from the parent's, and how far each site is chosen (0 to 1)."""

    @abstractmethod
    def report(self, bound: int) -> tuple[int, int]:
        """Return the value and the bound as the reader of the progress knows them."""

    @property
    def is_done(self) -> bool:
        """Whether no node is left to look at."""
        return not any(bound < self.target and node not in self._stuck for node, bound in self.tree.open.items())

    def plant(self, dual: IntArray) -> int:
        """Add the root and return its number."""
        dual, share = self.solve(self.tree.state, dual)
        root = self.tree.add(ROOT, dual, self.target)
        self._shares[root] = share
        return root

    def settle_anew(self, number: int) -> int:
        """Let a node fix more sites now that the target may be lower; return the node that stands for it."""
        if number not in self.tree.states:
            return number
        new = self.tree.refine(number, self.tree.nodes[number].dual, self.target)
        self._shares[new] = self._shares[number]
        return new

    def branch(self) -> None:
        """Split open nodes, lowest bound first, until none is below the target or the watch says stop."""
        while not self.is_done and self.watch.go_on(*self.report(self.tree.bound(self.target))):
            number = self._next()
            if number == ROOT:
                return
            site = self._pick(number)
            if site < 0:
                self._finish_leaf(number)
            else:
                self._split(number, site)

    def _next(self) -> int:
        for number in [k for k, bound in self.tree.open.items() if bound >= self.target]:
            self.tree.close(number)
        waiting = [(bound, -number) for number, bound in self.tree.open.items() if number not in self._stuck]
        return -min(waiting)[1] if waiting else ROOT

    def _pick(self, number: int) -> int:
        """Return the free site chosen nearest to one half; −1 if none is free."""
        free = np.flatnonzero(self.tree.states[number] == FREE)
        share = self._shares.get(number, np.zeros(self.tree.core.sites))
        return int(free[np.argmin(np.abs(share[free] - 0.5))]) if len(free) else -1

    def _split(self, number: int, site: int) -> None:
        state, dual = self.tree.states[number], self.tree.nodes[number].dual
        for inside in (True, False):
            below = state.copy()
            below[site] = INSIDE if inside else OUTSIDE
            better, share = self.solve(below, dual)
            child = self.tree.add(number, better, self.target, site=site, inside=inside)
            if child in self.tree.open:
                self._shares[child] = share
        self.tree.close(number)
        self._shares.pop(number, None)

    def _finish_leaf(self, number: int) -> None:
        """Every site is settled: the dual of this one choice may close what its parent's left open."""
        dual, _ = self.solve(self.tree.states[number], self.tree.nodes[number].dual)
        new = self.tree.refine(number, dual, self.target)
        self._stuck.add(new)
