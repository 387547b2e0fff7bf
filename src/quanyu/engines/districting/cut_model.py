"""The least cut of one block as an integer programme, and the bound that HiGHS proves of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray

# HiGHS calls a solution optimal, and a row kept, when it is so near; costs and weights are of order 1 here.
TOLERANCE = 1e-6
# A bound is wanted, and no plan: no time goes into looking for one.
OPTIONS = {
    "output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": TOLERANCE, "mip_heuristic_effort": 0.0,
}  # fmt: skip
NO_PLAN = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)


@dataclass(frozen=True)
class Ground:
    """A block to be divided into ``low`` to ``high`` districts whose weights lie in [lower, upper].

    ``pairs`` (m, 2) are neighbours and ``cost`` (m,) what it costs to part them; ``open_edges`` says what hangs
    together, which those on two sides of a barrier do not.
    """

    weights: IntArray
    pairs: IntArray
    cost: FloatArray
    open_edges: sparse.csr_array
    lower: int
    upper: int
    low: int
    high: int


def least_cut(ground: Ground, seconds: float) -> tuple[float, bool] | None:
    """Return what every plan cuts at least, and whether one cuts no more; ``None`` if no plan is in range.

    A district is named by its first atom in some order, as in the model of Hess, so that no plan is counted twice.
    That it hangs together is left out at first, which cannot make the bound too high, and asked for where a solution
    breaks it.
    """
    until = time.monotonic() + seconds
    column = _columns(ground)
    unit = float(ground.cost.mean()) if len(ground.cost) else 1.0
    solver = _model(ground, column, unit)
    bound = 0.0
    while (left := until - time.monotonic()) > 0:
        solver.setOptionValue("time_limit", left + solver.getRunTime())
        solver.run()
        status = solver.getModelStatus()
        if status in NO_PLAN:
            return None
        bound = max(bound, solver.getInfo().mip_dual_bound)
        if status != highspy.HighsModelStatus.kOptimal:
            break
        if not _join(solver, ground, column):
            return _safe(bound) * unit, True
    return _safe(bound) * unit, False


def _safe(bound: float) -> float:
    return max(0.0, bound - TOLERANCE * max(1.0, bound))


def _order(ground: Ground) -> IntArray:
    """Return the atoms, heavy ones first, and last as many as hang together in pieces below the range.

    A district has more than such a piece, so none of these atoms is ever the first of one [1].

    References
    ----------
    .. [1] Validi, H. and Buchanan, A. (2022). Political districting to minimize cut edges. Mathematical Programming
       Computation 14, 623-672.
    """
    graph, weights = ground.open_edges, ground.weights.copy()
    piece = np.full(len(weights), -1, dtype=np.int64)
    for atom in np.argsort(weights, kind="stable").tolist():
        beside = np.unique(piece[graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]]])
        beside = beside[beside >= 0]
        together = int(weights[atom] + weights[beside].sum())
        if together < ground.lower:
            piece[np.isin(piece, beside)] = atom
            piece[atom], weights[atom] = atom, together
    order: IntArray = np.lexsort((-ground.weights, piece >= 0))
    return order


def _columns(ground: Ground) -> IntArray:
    """Return the variable "atom i lies in the district whose first atom is j" at (i, j), or −1 where it cannot."""
    order, size = _order(ground), len(ground.weights)
    allowed = np.zeros((size, size), dtype=bool)
    steps = ground.open_edges.copy()
    steps.data = ground.weights[steps.indices].astype(np.float64)
    for place, first in enumerate(order.tolist()):
        later = order[place:]
        room = float(ground.upper - ground.weights[first])
        # The lightest way between them is not heavier than the district.
        way = dijkstra(steps[later][:, later], indices=[0], limit=room)[0]
        members = later[np.isfinite(way)]
        if ground.weights[members].sum() >= ground.lower:
            allowed[members, first] = True
    column = np.full((size, size), -1, dtype=np.int64)
    column[allowed] = np.arange(allowed.sum())
    return column


def _model(ground: Ground, column: IntArray, unit: float) -> Any:
    """Return the programme; an edge costs Σ max(0, x of one end − x of the other), over the first atoms."""
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in OPTIONS.items():
        solver.setOptionValue(name, value)
    size = int(column.max()) + 1
    solver.addVars(size, np.zeros(size), np.ones(size))
    whole = np.full(size, highspy.HighsVarType.kInteger)
    solver.changeColsIntegrality(size, np.arange(size, dtype=np.int32), whole)
    _districts(solver, ground, column)
    price = np.zeros(size)
    for (atom, other), cost in zip(ground.pairs.tolist(), (ground.cost / unit).tolist(), strict=True):
        for first in np.flatnonzero(column[atom] >= 0).tolist():
            here, there = int(column[atom, first]), int(column[other, first])
            if there < 0:
                price[here] += cost
            else:
                solver.addVar(0.0, 1.0)
                parted = solver.getNumCol() - 1
                solver.changeColCost(parted, cost)
                _row(solver, [parted, here, there], [1.0, -1.0, 1.0], 0.0, highspy.kHighsInf)
    solver.changeColsCost(size, np.arange(size, dtype=np.int32), price)
    return solver


def _districts(solver: Any, ground: Ground, column: IntArray) -> None:
    """Ask that each atom lies in one district, that there are so many, and that they are in range."""
    for row in column:
        _row(solver, row[row >= 0], 1.0, 1.0, 1.0)
    firsts = np.flatnonzero(np.diag(column) >= 0)
    _row(solver, np.diag(column)[firsts], 1.0, ground.low, ground.high)
    for first in firsts.tolist():
        members = np.flatnonzero(column[:, first] >= 0)
        head, variables = column[first, first], column[members, first]
        share = ground.weights[members] / ground.upper
        own = np.where(members == first, 1.0, 0.0)
        _row(solver, variables, share - own * ground.lower / ground.upper, 0.0, highspy.kHighsInf)
        _row(solver, variables, share - own, -highspy.kHighsInf, 0.0)
        for variable in variables[members != first]:
            _row(solver, [variable, head], [1.0, -1.0], -highspy.kHighsInf, 0.0)


def _join(solver: Any, ground: Ground, column: IntArray) -> bool:
    """Ask of each atom in a piece apart from its first atom that one around the piece joins it; say if there is any."""
    chosen = np.asarray(solver.getSolution().col_value)
    label = ((column >= 0) & (chosen[column] > 0.5)).argmax(axis=1)
    apart = [(piece, first) for first in np.unique(label) for piece in _pieces(ground, label == first, first)]
    for piece, first in apart:
        around = np.setdiff1d(ground.open_edges[piece].indices, piece)
        around = around[column[around, first] >= 0]
        for atom in piece:
            variables = [*column[around, first], column[atom, first]]
            _row(solver, variables, [1.0] * len(around) + [-1.0], 0.0, highspy.kHighsInf)
    return bool(apart)


def _pieces(ground: Ground, inside: BoolArray, first: int) -> list[IntArray]:
    """Return the connected pieces of a district that its first atom does not lie in."""
    atoms = np.flatnonzero(inside)
    count, piece = connected_components(ground.open_edges[atoms][:, atoms], directed=False)
    own = piece[np.searchsorted(atoms, first)]
    return [atoms[piece == each] for each in range(count) if each != own]


def _row(solver: Any, variables: Any, values: Any, low: float, high: float) -> None:
    columns = np.asarray(variables, dtype=np.int32)
    solver.addRow(low, high, len(columns), columns, np.broadcast_to(values, columns.shape).astype(np.float64))
