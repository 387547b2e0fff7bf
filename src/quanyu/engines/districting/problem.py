"""Check the input, cut it into independent blocks, and prove what can be proven of each before any search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray, float_array, int_array, require_rows
from quanyu.errors import AsymmetricAdjacency, EmptyRange, OutOfRange, WrongShape


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

    ``rule`` is ``""`` where some number of districts fits the range (``low`` to ``high``), else why none does.
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
    weights = int_array("weights", weights, shape=(-1,), low=0)
    require_rows("weights", weights)
    size = len(weights)
    if lower > upper or lower < 0:
        raise EmptyRange(lower=lower, upper=upper)
    if k is not None and not 1 <= k <= size:
        raise OutOfRange(name="k", row="-", value=k, allowed=f"1 to {size}, the number of atoms")
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
        weights=weights, adjacency=matrix, open_edges=graph, lower=int(lower), upper=int(upper),
        target=round(ideal if target is None else target), k=k, previous=before, stability=float(stability),
        length_unit=unit,
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
    groups = [np.sort(group) for group in np.split(order, starts[1:])]
    return sorted((_block(problem, group) for group in groups), key=lambda block: int(block.atoms[0]))


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
    if problem.k is not None:
        return Block(atoms, weight, problem.k, problem.k, "")
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
