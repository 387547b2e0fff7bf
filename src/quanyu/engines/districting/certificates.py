"""Prove of single atoms that no district within the range can hold them."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting.problem import Problem

# Districts looked at before a proof is given up; where one is possible it takes few.
SETS = 20_000


def least_breach(problem: Problem, atom: int) -> int | None:
    """Return by how much, at the least, any district that holds ``atom`` breaks the range; ``None`` if unknown or 0.

    Every connected set with the atom is looked at, ground without households being passed freely; one that is heavier
    than the range need not grow further.
    """
    lower, upper, weights = problem.lower, problem.upper, problem.weights
    least = upper + lower + int(weights[atom])
    beside = _Neighbours(problem)
    # (chosen, weight, atoms that may still be added, atoms that this branch has ruled out)
    waiting = [(frozenset([atom]), int(weights[atom]), beside(atom), frozenset([atom]))]
    looked = 0
    while waiting:
        chosen, weight, edge, closed = waiting.pop()
        least = min(least, max(lower - weight, weight - upper, 0))
        looked += 1
        if least == 0 or looked > SETS:
            return None
        if weight > upper:
            continue
        for another in sorted(edge - closed):
            closed |= {another}
            grown = chosen | {another}
            waiting.append((grown, weight + int(weights[another]), edge | beside(another), closed))
    return least


class _Neighbours:
    """The inhabited atoms that an inhabited atom can be joined with, directly or over empty ground."""

    def __init__(self, problem: Problem) -> None:
        self.graph, self.weights = problem.open_edges, problem.weights
        empty = np.flatnonzero(self.weights == 0)
        self.ground = np.full(len(self.weights), -1, dtype=np.int64)
        if len(empty):
            self.ground[empty] = connected_components(self.graph[empty][:, empty], directed=False)[1]
        self.known: dict[int, frozenset[int]] = {}
        self.around: dict[int, frozenset[int]] = {}

    def __call__(self, atom: int) -> frozenset[int]:
        if atom not in self.known:
            near = self._row(atom)
            found = set(near[self.weights[near] > 0].tolist())
            for ground in np.unique(self.ground[near[self.weights[near] == 0]]).tolist():
                found |= self._beside_ground(ground)
            self.known[atom] = frozenset(found - {atom})
        return self.known[atom]

    def _beside_ground(self, ground: int) -> frozenset[int]:
        if ground not in self.around:
            atoms = np.flatnonzero(self.ground == ground)
            near = np.unique(np.concatenate([self._row(int(atom)) for atom in atoms]))
            self.around[ground] = frozenset(near[self.weights[near] > 0].tolist())
        return self.around[ground]

    def _row(self, atom: int) -> IntArray:
        row: IntArray = self.graph.indices[self.graph.indptr[atom] : self.graph.indptr[atom + 1]].astype(np.int64)
        return row
