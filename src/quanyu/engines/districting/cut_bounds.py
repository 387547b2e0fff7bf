"""Prove how much every plan in range cuts at the least."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sparse

from quanyu.engines.arrays import FloatArray, number
from quanyu.engines.districting.blocks import Block, blocks
from quanyu.engines.districting.certificates import fewest_bins
from quanyu.engines.districting.cut_model import TOLERANCE, Ground, least_cut
from quanyu.engines.districting.problem import Problem, check
from quanyu.engines.districting.result import Districting
from quanyu.errors import BadValue

OBJECTIVES = ("cut_edges", "cut_length")
# Atoms up to which HiGHS is asked: of 298, a minute of it proves no more than the spectrum does at once.
MODEL_ATOMS = 120
# Atoms up to which the spectrum is computed: some 2 s.
SPECTRUM_ATOMS = 2_000
# Rules that the districts of a plan break where the bound supposes that they keep them.
BROKEN = ("pinned", "not_found")


@dataclass(frozen=True)
class CutBound:
    """What is proven of the cut: no plan in range has less than ``value``; ``None`` where nothing is.

    ``exact`` says that some plan in range cuts no more. ``value`` counts edges, or has the unit of the adjacency.
    """

    value: float | None
    exact: bool
    objective: str
    seconds: float

    def gap(self, plan: Districting) -> float | None:
        """Return the share of a plan's cut that is not proven to be needed; ``None`` if the plan breaks the range."""
        if self.value is None or any(each.rule in BROKEN for each in plan.unmet):
            return None
        cut = plan.metrics.cut_edges if self.objective == "cut_edges" else plan.metrics.cut_length
        return max(0.0, (cut - self.value) / cut) if cut else 0.0


def cut_bound(
    weights: Any,
    adjacency: Any,
    *,
    lower: int,
    upper: int,
    k: int | None = None,
    border: Any = None,
    barrier_edges: Any = None,
    objective: str = "cut_length",
    seconds: float = 60.0,
) -> CutBound:
    """Return how much every plan in range cuts at the least.

    A plan divides each of its independent blocks into districts in range. With the number of districts free, an atom
    above the range is a district by itself, and a block that fits no number of districts adds nothing.

    Parameters
    ----------
    weights : (n,) int64, households of each atom, 0 or more
    adjacency : (n, n) CSR, symmetric; the shared border in metres
    k : number of districts; any number if ``None``
    border : (n,) int64, no district crosses from one label to another
    barrier_edges : (nnz,) bool along ``adjacency.data``, edges no district uses
    objective : ``cut_length`` or ``cut_edges``
    seconds : when about so much time has passed, no more is proven; with 0 blocks have no integer programme

    Returns
    -------
    CutBound
        ``None`` as its value where no plan is in range, or nothing above 0 is proven.

    Raises
    ------
    InvalidInput
        As ``district`` does, or the objective is none of the two.

    References
    ----------
    .. [1] Validi, H. and Buchanan, A. (2022). Political districting to minimize cut edges. Mathematical Programming
       Computation 14, 623-672.
    .. [2] Donath, W. E. and Hoffman, A. J. (1973). Lower bounds for the partitioning of graphs. IBM Journal of Research
       and Development 17(5), 420-425.

    Examples
    --------
    >>> row = sparse.diags_array([[10.0, 2.0, 10.0]] * 2, offsets=[-1, 1]).tocsr()
    >>> found = cut_bound([4, 4, 4, 4], row, lower=8, upper=8, objective="cut_edges")
    >>> found.value, found.exact
    (1, True)
    """
    begun = time.monotonic()
    if objective not in OBJECTIVES:
        raise BadValue(name="objective", value=objective, allowed=" or ".join(OBJECTIVES))
    problem = check(
        weights, adjacency, lower=lower, upper=upper, k=k, border=border, barrier_edges=barrier_edges,
        objective=objective,
    )  # fmt: skip
    seconds = number("seconds", seconds, low=0.0)
    value, exact = _bound(problem, seconds)
    return CutBound(value, exact, objective, time.monotonic() - begun)


def _bound(problem: Problem, seconds: float) -> tuple[float | None, bool]:
    """Return the bound, and whether it is the least cut: the borders between blocks and what each block adds."""
    until = time.monotonic() + seconds
    parts = blocks(problem)
    counts = _counts(problem, parts)
    if counts is None:
        return None, False
    costs = _costs(problem)
    total = _between(costs, parts)
    exact = all(block.rule != "gap" for block in parts) and (problem.k is None or all(a == b for a, b in counts))
    # Small blocks first: what they leave of their share of the time is for larger ones.
    divided = sorted(
        ((block, count) for block, count in zip(parts, counts, strict=True) if count != (1, 1)),
        key=lambda each: len(each[0].atoms),
    )
    modelled = sum(len(block.atoms) <= MODEL_ATOMS for block, _ in divided)
    for done, (block, count) in enumerate(divided):
        share = max(0.0, until - time.monotonic()) / max(1, modelled - done)
        proven = _least(_ground(problem, block, costs, count), share)
        if proven is None:
            return None, False
        # Edges are whole, so the next number is proven with any above the last.
        total += math.ceil(proven[0]) if problem.objective == "cut_edges" else proven[0]
        exact &= proven[1]
    value = round(total) if problem.objective == "cut_edges" else total * (1 - TOLERANCE)
    return (value if value > 0 or exact else None), exact


def _between(costs: sparse.csr_array, parts: list[Block]) -> float:
    """Return the borders between blocks, cut in every plan."""
    owner = np.empty(costs.shape[0], dtype=np.int64)
    for number_of, block in enumerate(parts):
        owner[block.atoms] = number_of
    edges = costs.tocoo()
    return float(edges.data[owner[edges.row] != owner[edges.col]].sum())


def _costs(problem: Problem) -> sparse.csr_array:
    """Return what it costs to part two neighbours, each pair once.

    Across a barrier too: where it ends inside a block, both sides can be one district, joined around it.
    """
    costs = problem.adjacency.copy()
    if problem.objective == "cut_edges":
        costs.data = np.ones_like(costs.data)
    once: sparse.csr_array = sparse.triu((costs + costs.T) / 2, k=1).tocsr()
    return once


def _counts(problem: Problem, parts: list[Block]) -> list[tuple[int, int]] | None:
    """Return how many districts each block may have, or nothing if no plan is in range."""
    if problem.k is None:
        counts = [(1, 1) if block.rule else _range(problem, block) for block in parts]
    elif (problem.weights > problem.upper).any():
        return None
    else:
        counts = [_range(problem, block) for block in parts]
        fewest, most = sum(low for low, _ in counts), sum(high for _, high in counts)
        k = problem.k
        counts = [(max(low, k - most + high), min(high, k - fewest + low)) for low, high in counts]
    return counts if all(low <= high for low, high in counts) else None


def _range(problem: Problem, block: Block) -> tuple[int, int]:
    most = len(block.atoms)
    return (
        max(1, fewest_bins(problem.weights[block.atoms], problem.upper)),
        min(most, block.weight // problem.lower) if problem.lower else most,
    )


def _ground(problem: Problem, block: Block, costs: sparse.csr_array, count: tuple[int, int]) -> Ground:
    edges = costs[block.atoms][:, block.atoms].tocoo()
    return Ground(
        weights=problem.weights[block.atoms], pairs=np.column_stack([edges.row, edges.col]).astype(np.int64),
        cost=edges.data, open_edges=problem.open_edges[block.atoms][:, block.atoms], lower=problem.lower,
        upper=problem.upper, low=count[0], high=count[1],
    )  # fmt: skip


def _least(ground: Ground, seconds: float) -> tuple[float, bool] | None:
    """Return what every plan of a block cuts at least, and whether one cuts no more; ``None`` if none is in range."""
    forced = ground.weights[ground.pairs].sum(axis=1) > ground.upper
    always = float(ground.cost[forced].sum())
    rest = replace(ground, pairs=ground.pairs[~forced], cost=ground.cost[~forced])
    best = spectral(rest) if len(ground.weights) <= SPECTRUM_ATOMS else 0.0
    if len(ground.weights) > MODEL_ATOMS or not seconds:
        return always + best, False
    proven = least_cut(rest, seconds)
    return None if proven is None else (always + max(best, proven[0]), proven[1])


def spectral(ground: Ground) -> float:
    """Return a lower bound on the cut from the smallest eigenvalues of the graph.

    Scaled indicators xᵢ of ``low`` districts are orthonormal in the weights, so Σ xᵢᵀ L xᵢ = Σ outlineᵢ / weightᵢ is at
    least the sum of so many eigenvalues of the Laplacian L. As no weight is below ``lower``, and each border is in two
    outlines, half of that sum times ``lower`` is cut. More weight than there is keeps this true: ground without
    households gets a little.
    """
    if ground.lower == 0 or not ground.weights.any():
        return 0.0
    size = len(ground.weights)
    costs = sparse.coo_array((ground.cost, tuple(ground.pairs.T)), shape=(size, size)).toarray()
    costs += costs.T
    mass = np.maximum(ground.weights, 1e-3 * ground.weights.mean())
    scale: FloatArray = 1.0 / np.sqrt(mass)
    laplacian = (np.diag(costs.sum(axis=1)) - costs) * scale[:, None] * scale
    values = scipy.linalg.eigh(laplacian, eigvals_only=True, subset_by_index=[0, ground.low - 1])
    error = size * np.finfo(float).eps * np.abs(laplacian).sum(axis=1).max()
    return 0.5 * ground.lower * float(np.maximum(values - error, 0.0).sum())
