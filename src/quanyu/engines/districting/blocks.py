"""Cut a territory into independent blocks, tell what is proven of each before a search, and lay them out in memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components, reverse_cuthill_mckee

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.districting._kernels import Graph
from quanyu.engines.districting.problem import Problem

# The weight of ground without households where it moves or has a shape, as a share of the mean atom's.
KEEP_EMPTY = 0.1
# Blocks that are one district each, whatever the search.
WHOLE = ("heavy", "light", "empty")


@dataclass(frozen=True)
class Block:
    """A connected piece in which districts are drawn independently of all others.

    ``rule`` is ``""`` where some number of districts fits the range (``low`` to ``high``), else why none does. Of a
    given number of districts each block has its share: ``low`` and ``high`` are one.
    """

    atoms: IntArray
    weight: int
    low: int
    high: int
    rule: str


def blocks(problem: Problem) -> list[Block]:
    """Return the connected blocks, those of heavy atoms apart, in order of their first atom.

    An atom heavier than the range is a block by itself. A piece that only such atoms give access to belongs to one of
    them where that puts fewer households out of range than a district of its own: below half of ``lower``.
    """
    heavy = problem.weights > problem.upper
    if problem.k is not None or not heavy.any():
        label = connected_components(problem.open_edges, directed=False)[1].astype(np.int64)
    else:
        free = np.flatnonzero(~heavy)
        label = np.full(len(problem.weights), -1, dtype=np.int64)
        count, inner = connected_components(problem.open_edges[free][:, free], directed=False)
        label[free] = inner
        label[heavy] = count + np.arange(heavy.sum())
        label = _join_remains(problem, label, heavy)
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    groups = sorted(np.split(order, starts[1:]), key=lambda group: int(group[0]))
    if problem.k is None:
        return [_block(problem, group) for group in groups]
    weights = [int(problem.weights[group].sum()) for group in groups]
    shares = _shares(problem, problem.k, weights, [len(group) for group in groups])
    return [
        Block(group, weight, share, share, "") for group, weight, share in zip(groups, weights, shares, strict=True)
    ]


def _shares(problem: Problem, k: int, weights: list[int], atoms: list[int]) -> list[int]:
    """Return how many of k districts each block gets, so that they lie the least out of range in sum.

    How much a block lacks is convex in its share, so the next district goes where it mends the most, and of equals to
    where districts are the heaviest. No block has less than one, even if they are more than k.
    """

    def price(block: int, share: int) -> tuple[bool, int, float]:
        weight = weights[block]
        more = least_breach_of(problem, weight, share + 1) - least_breach_of(problem, weight, share)
        return share >= atoms[block], more, -weight / share

    return handed_out([1] * len(weights), max(k - len(weights), 0), 1, price)


def handed_out(
    shares: list[int], count: int, step: int, price: Callable[[int, int], tuple[bool, int, float]]
) -> list[int]:
    """Return shares after ``step`` (1 or −1) was added ``count`` times, each time where that is cheapest.

    ``price(block, share)`` is what a step costs a block that has so many; of equals the first block takes it.
    """
    shares = list(shares)
    waiting = [(price(block, share), block) for block, share in enumerate(shares)]
    heapq.heapify(waiting)
    for _ in range(count):
        block = waiting[0][1]
        shares[block] += step
        heapq.heapreplace(waiting, (price(block, shares[block]), block))
    return shares


def least_breach_of(problem: Problem, weight: int, districts: int) -> int:
    """Return by how much so many districts of a weight in all lie out of the range at least."""
    return max(districts * problem.lower - weight, weight - districts * problem.upper, 0)


def _join_remains(problem: Problem, label: IntArray, heavy: BoolArray) -> IntArray:
    weight = np.bincount(label, weights=problem.weights)
    is_remnant = (weight == 0) | (2 * weight < problem.lower)
    graph = problem.open_edges
    for atom in np.flatnonzero(heavy):
        for other in graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]]:
            if is_remnant[label[other]]:
                label[label == label[other]] = label[atom]
    return label


def _block(problem: Problem, atoms: IntArray) -> Block:
    weight = int(problem.weights[atoms].sum())
    lower, upper = problem.lower, problem.upper
    low, high = max(1, -(-weight // upper)), weight // lower if lower else len(atoms)
    if weight == 0 and lower > 0:
        rule = "empty"
    elif (problem.weights[atoms] > upper).any():
        rule = "heavy"
    elif weight < lower:
        rule = "light"
    else:
        rule = "gap" if low > high else ""
    return Block(atoms, weight, low, high, rule)


class Layout:
    """The open edges with the atoms of a block together and near ones near, so that a search stays in the cache.

    ``atoms[i]`` are those of block i in that order (Cuthill and McKee, reversed).
    """

    def __init__(self, problem: Problem, parts: list[Block]) -> None:
        self.problem = problem
        graph, count = problem.open_edges, len(problem.weights)
        owner = np.empty(count, dtype=np.int64)
        for i, block in enumerate(parts):
            owner[block.atoms] = i
        near = reverse_cuthill_mckee(graph, symmetric_mode=True)
        self.order = near[np.argsort(owner[near], kind="stable")].astype(np.int64)
        self.starts = np.concatenate([[0], np.cumsum([len(block.atoms) for block in parts])])
        place = np.empty(count, dtype=np.int32)
        place[self.order] = np.arange(count)
        degree = np.diff(graph.indptr)[self.order]
        entry = np.arange(graph.nnz) + np.repeat(graph.indptr[self.order] - np.cumsum(degree) + degree, degree)
        rows, columns = np.repeat(self.order, degree), graph.indices[entry]
        inside = owner[rows] == owner[columns]
        self.indices, self.length = place[columns[inside]], graph.data[entry[inside]] / problem.length_unit
        degree = np.bincount(place[rows[inside]], minlength=count)
        self.indptr = np.concatenate([[0], np.cumsum(degree)])

    def atoms(self, block: int) -> IntArray:
        """Return the atoms of a block in their order in memory."""
        return self.order[self.starts[block] : self.starts[block + 1]]

    def graph(self, block: int) -> Graph:
        """Return the graph of a block; its atoms are numbered as in ``atoms``."""
        problem, atoms = self.problem, self.atoms(block)
        first, last = self.starts[block], self.starts[block + 1]
        indptr = self.indptr[first : last + 1]
        weight = problem.weights[atoms]
        # Ground without households counts a little, or it would lie anywhere.
        keep = np.maximum(weight.astype(np.float64), KEEP_EMPTY * weight.mean())
        # A division that costs nothing to leave is out of sight, so that the plan is the one drawn without it.
        previous = np.where(problem.stability > 0.0, problem.previous[atoms], -1)
        return Graph(
            indptr=(indptr - indptr[0]).astype(np.int32),
            indices=(self.indices[indptr[0] : indptr[-1]] - first).astype(np.int32),
            length=self.length[indptr[0] : indptr[-1]], weight=weight, previous=previous,
            keep=keep, around=problem.around[atoms] / problem.length_unit, extent=_extent(problem, atoms, keep),
            loads=problem.loads[atoms],
        )  # fmt: skip


def _extent(problem: Problem, atoms: IntArray, mass: FloatArray) -> FloatArray:
    """Return what the shape of districts is measured by, besides their outline; lengths in mean borders."""
    unit = problem.length_unit
    if problem.objective == "polsby_popper":
        assert problem.area is not None  # noqa: S101 checked before
        return problem.area[atoms].reshape(-1, 1) / unit**2
    if problem.objective == "moment_of_inertia":
        assert problem.xy is not None  # noqa: S101 checked before
        # From the middle of the block, so that squares stay small and exact.
        place = (problem.xy[atoms] - problem.xy[atoms].mean(axis=0)) / unit
        return np.column_stack([mass * (place**2).sum(axis=1), mass * place[:, 0], mass * place[:, 1], mass])
    return np.zeros((len(atoms), 0))
