"""Check the input, cut it into independent blocks, and prove what can be proven of each before any search."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    float_array,
    int_array,
    number,
    require_rows,
    whole_number,
)
from quanyu.errors import AsymmetricAdjacency, BadValue, EmptyRange, OutOfRange, WrongShape

OBJECTIVES = ("cut_length", "cut_edges")
# Weights in all, and limits, up to which every sum and product of them is exact.
MOST = 2**40


@dataclass(frozen=True)
class Problem:
    """Checked input. ``open_edges`` is the adjacency without borders and barriers: what districts may use."""

    weights: IntArray
    adjacency: sparse.csr_array
    open_edges: sparse.csr_array
    lower: int
    upper: int
    target: int
    k: int | None
    previous: IntArray
    stability: float
    length_unit: float


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


def check(
    weights: Any, adjacency: Any, *, lower: int, upper: int, k: int | None, border: Any, barrier_edges: Any,
    previous: Any, stability: float, objective: str, target: int | None,
) -> Problem:  # fmt: skip
    """Return the checked problem.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad index: negative or broken weights, an asymmetric adjacency, a border length
        that is not positive, lower > upper, labels of the wrong length, more districts than atoms, an empty input.
    """
    weights = int_array("weights", weights, shape=(-1,), low=0, high=MOST)
    require_rows("weights", weights)
    if (total := weights.sum(dtype=np.float64)) > MOST:
        raise BadValue(name="the sum of weights", value=f"{total:.0f}", allowed=f"at most {MOST}")
    size = len(weights)
    if objective not in OBJECTIVES:
        raise BadValue(name="objective", value=objective, allowed=" or ".join(OBJECTIVES))
    lower, upper = whole_number("lower", lower, low=0, high=MOST), whole_number("upper", upper, low=1, high=MOST)
    if lower > upper:
        raise EmptyRange(lower=lower, upper=upper)
    k = None if k is None else whole_number("k", k, low=1, high=size)
    target = None if target is None else whole_number("target", target, low=0, high=MOST)
    matrix = _symmetric(adjacency, size)
    rows = np.repeat(np.arange(size), np.diff(matrix.indptr))
    closed = np.zeros(matrix.nnz, dtype=bool)
    if border is not None:
        label = int_array("border", border, shape=(size,))
        closed |= label[rows] != label[matrix.indices]
    if barrier_edges is not None:
        flags = np.asarray(barrier_edges)
        if flags.shape != (matrix.nnz,):
            raise WrongShape(name="barrier_edges", got=flags.shape, expected=(matrix.nnz,))
        closed |= flags.astype(bool)
    lengths = np.ones(matrix.nnz) if objective == "cut_edges" else matrix.data
    open_rows, open_columns = rows[~closed], matrix.indices[~closed]
    # A barrier marked in one direction only closes both.
    graph = sparse.csr_array((lengths[~closed], (open_rows, open_columns)), shape=matrix.shape)
    graph = graph.minimum(graph.T).tocsr()
    graph.sort_indices()
    before = np.full(size, -1) if previous is None else int_array("previous", previous, shape=(size,), low=-1)
    unit = 1.0 if objective == "cut_edges" or not graph.nnz else float(graph.data.mean())
    ideal = int(weights.sum()) / k if k else (lower + upper) / 2
    return Problem(
        weights=weights, adjacency=matrix, open_edges=graph, lower=lower, upper=upper,
        target=round(ideal if target is None else target), k=k, previous=before,
        stability=number("stability", stability, low=0.0, high=1.0), length_unit=unit,
    )  # fmt: skip


def _symmetric(adjacency: Any, size: int) -> sparse.csr_array:
    matrix = sparse.csr_array(adjacency, dtype=np.float64)
    if matrix.shape != (size, size):
        raise WrongShape(name="adjacency", got=matrix.shape, expected=(size, size))
    float_array("adjacency.data", matrix.data)
    if (matrix.data <= 0).any():
        entry = int(np.flatnonzero(matrix.data <= 0)[0])
        raise OutOfRange(name="adjacency.data", row=entry, value=float(matrix.data[entry]), allowed="above 0 metres")
    difference = abs(matrix - matrix.T).tocoo()
    bad = difference.data > 1e-6 * max(1.0, float(matrix.data.max(initial=1.0)))
    if bad.any():
        raise AsymmetricAdjacency(row=int(difference.row[bad][0]), column=int(difference.col[bad][0]))
    return matrix


def blocks(problem: Problem) -> list[Block]:
    """Return the connected blocks, those of heavy atoms apart, in order of their first atom.

    An atom heavier than the range is a block by itself; ground without households that only it gives access to
    belongs to it.
    """
    heavy = problem.weights > problem.upper
    free = np.flatnonzero(~heavy)
    label = np.full(len(problem.weights), -1, dtype=np.int64)
    count, inner = connected_components(problem.open_edges[free][:, free], directed=False)
    label[free] = inner
    if problem.k is not None or not heavy.any():
        label = connected_components(problem.open_edges, directed=False)[1].astype(np.int64)
    else:
        label[heavy] = count + np.arange(heavy.sum())
        label = _join_empty_ground(problem, label, heavy)
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    groups = sorted((np.sort(group) for group in np.split(order, starts[1:])), key=lambda group: int(group[0]))
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
    shares = [1] * len(weights)

    def gain(block: int) -> tuple[bool, int, float]:
        weight, share = weights[block], shares[block]
        more = least_breach_of(problem, weight, share + 1) - least_breach_of(problem, weight, share)
        return share >= atoms[block], more, -weight / share

    waiting = [(gain(block), block) for block in range(len(weights))]
    heapq.heapify(waiting)
    for _ in range(k - len(weights)):
        block = waiting[0][1]
        shares[block] += 1
        heapq.heapreplace(waiting, (gain(block), block))
    return shares


def least_breach_of(problem: Problem, weight: int, districts: int) -> int:
    """Return by how much so many districts of a weight in all lie out of the range at least."""
    return max(districts * problem.lower - weight, weight - districts * problem.upper, 0)


def _join_empty_ground(problem: Problem, label: IntArray, heavy: BoolArray) -> IntArray:
    weight = np.bincount(label, weights=problem.weights)
    graph = problem.open_edges
    for atom in np.flatnonzero(heavy):
        for other in graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]]:
            if not heavy[other] and weight[label[other]] == 0:
                label[label == label[other]] = label[atom]
    return label


def _block(problem: Problem, atoms: IntArray) -> Block:
    weight = int(problem.weights[atoms].sum())
    lower, upper = problem.lower, problem.upper
    low, high = -(-weight // upper), weight // lower if lower else len(atoms)
    if weight == 0 and lower > 0:
        rule = "empty"
    elif (problem.weights[atoms] > upper).any():
        rule = "heavy"
    elif weight < lower:
        rule = "light"
    else:
        rule = "gap" if low > high else ""
    return Block(atoms, weight, low, high, rule)


def subgraph(problem: Problem, atoms: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the block's CSR arrays: indptr, indices and lengths in units of the mean border."""
    graph = problem.open_edges[atoms][:, atoms].tocsr()
    graph.sort_indices()
    return graph.indptr.astype(np.int64), graph.indices.astype(np.int64), graph.data / problem.length_unit
