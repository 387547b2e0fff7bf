"""Prove that no plan of a block keeps the range, and by how many households it must break it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import COVER_ATOMS, HOUSEHOLD
from quanyu.engines.districting.blocks import Block
from quanyu.engines.districting.plans import as_bits
from quanyu.engines.districting.problem import Problem

# Sets of atoms looked at before a proof is given up; where one is possible it mostly takes few.
LOOKS = 200_000
# Atoms around a district out of range that are looked at together, where the block has too many.
WINDOWS = (1, 4, 16, COVER_ATOMS)
# Atoms, and how many households are out of range in any plan of them.
Proof = tuple[IntArray, int]


def least_breach(problem: Problem, block: Block, out: int) -> int:
    """Return how many households of a block of up to 64 atoms are out of range in any plan; 0 where that is not known.

    ``out`` is how many are in the plan at hand. Where the number of districts is given, plans are of the block's share.
    """
    if len(block.atoms) > COVER_ATOMS:
        return 0
    beside = [frozenset(_row(problem.open_edges, atom).tolist()) for atom in block.atoms.tolist()]
    return _least(problem, block.atoms, beside, out, set(), 0 if problem.k is None else block.low)


def fewest_bins(weights: IntArray, upper: int) -> int:
    """Return how many districts there are at least, contiguous or not, when none is heavier than ``upper``.

    The bound L₂ for bin packing: atoms above upper − t are alone or with some of at most t; those above upper / 2 are
    never together; what lies between t and upper / 2 must fit beside them or in further districts.

    References
    ----------
    .. [1] Martello, S. and Toth, P. (1990). Lower bounds and reduction procedures for the bin packing problem.
       Discrete Applied Mathematics 28(1), 59-70.
    """
    weights = np.sort(weights[(weights > 0) & (weights <= upper)])
    sums = np.concatenate([[0], np.cumsum(weights)])
    half = int(np.searchsorted(weights, upper // 2, side="right"))
    large = len(weights) - half
    best = -(-int(sums[-1]) // upper)
    for least in np.unique(weights[:half]).tolist():
        first = int(np.searchsorted(weights, least))
        alone = int(np.searchsorted(weights, upper - least, side="right"))
        room = (alone - half) * upper - int(sums[alone] - sums[half])
        rest = int(sums[half] - sums[first])
        best = max(best, large + max(0, -(-(rest - room) // upper)))
    return best


def pinned(problem: Problem, homes: list[int], out: int) -> list[Proof]:
    """Return proofs for parts of a larger block, grown around the given atoms.

    A part is divided in every way, where a district too light may go on over the lightest atom beside it, and ground
    without households joins all around it. If no such way keeps the range, no plan of the block does.

    What the parts lack adds up, because they do not overlap and a light district that touches an earlier part counts
    as nothing. Say a district of weight W above the range u leaves the parts 1 … m. In part i it counts wᵢ + yᵢ − u,
    where yᵢ ≤ u is no heavier than some atom of it outside all these parts, or 0 where wᵢ > u: W − u at most in all.
    """
    beside, taken, proofs = _Neighbours(problem), set[int](), list[Proof]()
    for home in homes:
        if home in taken:
            continue
        for size in WINDOWS:
            window = _window(beside, home, size, taken)
            atoms, near = np.array(window), [beside(atom) for atom in window]
            least = _least(problem, atoms, near, 1, taken)
            if least > 0:
                # By how much is a longer search than whether: what it does not prove stays at one household.
                least = max(least, _least(problem, atoms, near, out, taken))
                proofs.append((np.array(sorted(window)), least))
                taken |= set(window)
                break
    return proofs


def _window(beside: _Neighbours, home: int, size: int, taken: set[int]) -> list[int]:
    """Return up to ``size`` atoms around one, nearest first, none of them taken."""
    window, met = [home], {home}
    for atom in window:
        for other in sorted(beside(atom) - met - taken):
            if len(window) < size:
                window.append(other)
                met.add(other)
    return window


def _least(
    problem: Problem, atoms: IntArray, beside: list[frozenset[int]], out: int, taken: set[int], count: int = 0
) -> int:
    """Return how many households of some atoms are out of range in any plan, ``out`` at the most; 0 where not known.

    A plan is of ``count`` districts, or with 0 of any number.
    """
    inside, weights = set(atoms.tolist()), problem.weights
    outside = [[0 if v in taken else int(weights[v]) for v in row if v not in inside] for row in beside]
    beyond = np.array([min(row, default=-1) for row in outside])
    least, seen = _kernels.cover(
        as_bits(atoms, beside), weights[atoms], beyond, problem.lower, problem.upper, count, out * HOUSEHOLD,
        LOOKS, np.empty_like(atoms),
    )  # fmt: skip
    return int(least) // HOUSEHOLD if seen < LOOKS else 0


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
        return _row(self.graph, atom)


def _row(graph: sparse.csr_array, atom: int) -> IntArray:
    row: IntArray = graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]].astype(np.int64)
    return row
