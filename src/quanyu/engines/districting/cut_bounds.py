"""How much border every plan in range must have: proven from below."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.sparse as sparse

from quanyu.engines.arrays import FloatArray, IntArray, number
from quanyu.engines.districting.blocks import Block, blocks
from quanyu.engines.districting.problem import Problem, check
from quanyu.errors import BadValue

OBJECTIVES = ("cut_length", "cut_edges")
# Atoms of a block up to which an integer programme, or all eigenvalues, are worth the time.
PROGRAMME_ATOMS, SPECTRUM_ATOMS = 60, 3_000
# What a bound counted in floating point is lowered by, as a share of it, and in edges.
ROUNDING, EDGE_ROUNDING = 1e-6, 1e-4
# Ground without households weighs so much, as a share of the mean: a spectrum needs weights above 0.
LIGHT = 1e-3


def cut_bound(
    weights: Any, adjacency: Any, *, lower: int, upper: int, k: int | None = None, objective: str = "cut_length",
    border: Any = None, barrier_edges: Any = None, seconds: float = 10.0,
) -> float | None:  # fmt: skip
    """Return a number that the cut of no plan in range is below; ``None`` where no plan is in range.

    Blocks that borders and barriers part are cut from each other in any case. Of each block the best of three bounds
    counts: one edge less than it has districts; the spectrum of its graph, by which every district pays for its size
    [1]_; and for small blocks an integer programme that asks of districts all but that they hang together, as far as
    HiGHS gets with it.

    Parameters
    ----------
    weights, adjacency, lower, upper, k, border, barrier_edges : as for :func:`district`
    objective : ``cut_length`` (the unit of the adjacency) or ``cut_edges``
    seconds : for the integer programmes of all blocks together

    Raises
    ------
    InvalidInput
        As for :func:`district`, and for another objective.

    References
    ----------
    .. [1] Donath, W. E. and Hoffman, A. J. (1973). Lower bounds for the partitioning of graphs. IBM Journal of Research
       and Development 17(5), 420-425.

    Examples
    --------
    >>> ring = sparse.csr_array(np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1))
    >>> cut_bound(np.ones(6, dtype=int), ring, lower=2, upper=3, k=2, objective="cut_edges")
    2.0
    """
    if objective not in OBJECTIVES:
        raise BadValue(name="objective", value=objective, allowed=" or ".join(OBJECTIVES))
    number("seconds", seconds, low=0.0)
    problem = check(
        weights, adjacency, lower=lower, upper=upper, k=k, objective=objective, border=border,
        barrier_edges=barrier_edges,
    )  # fmt: skip
    parts = blocks(problem)
    if any(block.rule or not block.low * lower <= block.weight <= block.high * upper for block in parts):
        return None
    counts_edges = objective == "cut_edges"
    total = _between(problem, parts, counts_edges)
    until = time.monotonic() + seconds
    # Small blocks first: what they leave of the time is for the others.
    ordered = sorted(parts, key=lambda block: len(block.atoms))
    for at, block in enumerate(ordered):
        share = max(until - time.monotonic(), 0.0) / (len(ordered) - at)
        total += _of_block(problem, block, share, counts_edges=counts_edges)
    return total


def _between(problem: Problem, parts: list[Block], counts_edges: bool) -> float:
    """Return the border between blocks."""
    block_of = np.empty(len(problem.weights), dtype=np.int64)
    for number_of, block in enumerate(parts):
        block_of[block.atoms] = number_of
    pairs = sparse.coo_array(problem.adjacency)
    rows, columns = pairs.coords
    apart = block_of[rows] != block_of[columns]
    return float(apart.sum() if counts_edges else pairs.data[apart].sum()) / 2


def _of_block(problem: Problem, block: Block, seconds: float, *, counts_edges: bool) -> float:
    if block.high == 1:
        return 0.0
    graph = sparse.csr_array(problem.open_edges[block.atoms][:, block.atoms])
    if counts_edges:
        graph = sparse.csr_array((np.ones(graph.nnz), graph.indices, graph.indptr), shape=graph.shape)
    weights = problem.weights[block.atoms]
    # Districts of a block hang together: in a tree over them, each edge stands for a border.
    found = (block.low - 1) * float(graph.data.min())
    if len(weights) <= SPECTRUM_ATOMS:
        found = max(found, _spectrum(weights, graph, block.low, problem.lower))
    if len(weights) <= PROGRAMME_ATOMS and seconds > 0:
        found = max(found, _programme(weights, graph, block, (problem.lower, problem.upper), found, seconds))
    return float(math.ceil(found - EDGE_ROUNDING)) if counts_edges else found


def _spectrum(weights: IntArray, graph: sparse.csr_array, districts: int, lower: int) -> float:
    """Return ½ · lower · (the sum of the least eigenvalues), one for each district.

    Divided by the roots of their weights, the districts' indicators are orthonormal vectors, so the sum of
    border / weight is at least that of the eigenvalues; and no district in range weighs less than ``lower``.
    """
    heavy = np.maximum(weights, LIGHT * weights.mean())
    scale = 1.0 / np.sqrt(heavy)
    laplacian = np.diag(np.asarray(graph.sum(axis=1)).ravel()) - graph.toarray()
    values = scipy.linalg.eigvalsh(scale[:, None] * laplacian * scale, subset_by_index=(0, districts - 1))
    return 0.5 * lower * float(np.maximum(values, 0.0).sum()) * (1.0 - ROUNDING)


def _programme(
    weights: IntArray, graph: sparse.csr_array, block: Block, limits: tuple[int, int], known: float, seconds: float
) -> float:
    """Return HiGHS's bound on the cut where districts need not hang together.

    x[i, j] says that atom i is in the district whose first atom is j; y[e] that edge e is cut.
    """
    size = len(weights)
    atom, first = np.tril_indices(size)
    number_of = np.full((size, size), -1)
    number_of[atom, first] = np.arange(len(atom))
    edges = sparse.triu(graph, k=1).tocoo()
    (u, v), cost = edges.coords, edges.data
    pairs, cuts = len(atom), len(cost)

    def rows(entries: list[tuple[IntArray, IntArray, FloatArray]], count: int) -> sparse.csr_array:
        row, column, value = (np.concatenate(each) for each in zip(*entries, strict=True))
        return sparse.csr_array((value, (row, column)), shape=(count, pairs + cuts))

    every, ones = np.arange(pairs), np.ones(pairs)
    one_each = rows([(atom, every, ones)], size)
    own = number_of[np.arange(size), np.arange(size)]
    sites, weight = np.arange(size), weights[atom].astype(float)
    light = rows([(first, every, weight), (sites, own, np.full(size, -float(limits[0])))], size)
    heavy = rows([(first, every, weight), (sites, own, np.full(size, -float(limits[1])))], size)
    follows = rows([(every, every, ones), (every, own[first], -ones)], pairs)
    how_many = rows([(np.zeros(size, dtype=np.int64), own, np.ones(size))], 1)
    enough = rows([(np.zeros(cuts, dtype=np.int64), pairs + np.arange(cuts), cost)], 1)
    limits_of = [
        scipy.optimize.LinearConstraint(one_each, 1, 1),
        scipy.optimize.LinearConstraint(light, 0, np.inf),
        scipy.optimize.LinearConstraint(heavy, -np.inf, 0),
        scipy.optimize.LinearConstraint(follows, -np.inf, 0),
        scipy.optimize.LinearConstraint(how_many, block.low, block.high),
        scipy.optimize.LinearConstraint(enough, known, np.inf),
        *_cut_rows(u, v, number_of, rows),
    ]
    solved = scipy.optimize.milp(
        np.concatenate([np.zeros(pairs), cost]), constraints=limits_of, bounds=scipy.optimize.Bounds(0, 1),
        integrality=np.concatenate([ones, np.zeros(cuts)]), options={"time_limit": seconds},
    )  # fmt: skip
    bound = solved.get("mip_dual_bound")
    return 0.0 if bound is None or not math.isfinite(bound) else float(bound) * (1.0 - ROUNDING)


def _cut_rows(u: IntArray, v: IntArray, number_of: IntArray, rows: Any) -> list[scipy.optimize.LinearConstraint]:
    """Return: an edge is cut where one end is in a district and the other is not."""
    size, pairs = len(number_of), int(number_of.max()) + 1
    result = []
    edge, site = np.repeat(np.arange(len(u)), size), np.tile(np.arange(size), len(u))
    for inner, outer in ((u, v), (v, u)):
        one, other = number_of[inner[edge], site], number_of[outer[edge], site]
        some = np.flatnonzero(one >= 0)
        both = some[other[some] >= 0]
        row = np.full(len(edge), -1)
        row[some] = np.arange(len(some))
        matrix = rows(
            [
                (row[some], pairs + edge[some], np.ones(len(some))), (row[some], one[some], -np.ones(len(some))),
                (row[both], other[both], np.ones(len(both))),
            ],
            len(some),
        )  # fmt: skip
        result.append(scipy.optimize.LinearConstraint(matrix, 0, np.inf))
    return result
