"""Check the input of a districting, once and for all that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse

from quanyu.engines.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    any_array,
    bool_array,
    csr_array,
    float_array,
    int_array,
    number,
    require_rows,
    whole_number,
)
from quanyu.errors import AsymmetricAdjacency, BadValue, EmptyRange, MissingArray, OutOfRange, WrongShape

OBJECTIVES = ("cut_length", "cut_edges", "polsby_popper", "moment_of_inertia")
# Weights in all, and limits, up to which every sum and product of them is exact.
MOST = 2**40
# A range is tight where a district has less room on either side than so many atoms weigh.
TIGHT_ATOMS = 3.0
# By what share of it a border's length may differ from one side to the other.
SAME_LENGTH = 1e-6


@dataclass(frozen=True)
class Problem:
    """Checked input; n atoms, p previous divisions, q further loads.

    ``open_edges`` is the adjacency without borders and barriers, what districts may use: metres, or 1 where edges are
    counted. ``around`` (n,) is the whole outline of an atom.
    """

    weights: IntArray
    adjacency: sparse.csr_array
    open_edges: sparse.csr_array
    lower: int
    upper: int
    target: int
    k: int | None
    fewest: bool
    objective: str
    previous: IntArray
    stability: FloatArray
    loads: FloatArray
    balance: float
    xy: FloatArray | None
    area: FloatArray | None
    around: FloatArray
    length_unit: float

    @property
    def districts(self) -> float:
        """About how many districts there will be."""
        return self.k or max(1.0, float(self.weights.sum()) / max(self.target, 1))

    @property
    def is_tight(self) -> bool:
        """Whether the number of districts is given and the range leaves them less room than a few atoms weigh."""
        room = (self.upper - self.lower) / 2
        return self.k is not None and room < TIGHT_ATOMS * float(self.weights.mean())


def check(
    weights: Any, adjacency: Any, *, lower: int, upper: int, k: int | None = None, fewest: bool = False,
    border: Any = None, barrier_edges: Any = None, previous: Any = None, stability: Any = 0.0,
    objective: str = "cut_length", target: int | None = None, loads: Any = None, balance: float = 0.0, xy: Any = None,
    area: Any = None, outer_length: Any = None,
) -> Problem:  # fmt: skip
    """Return the checked problem.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad index: negative or broken weights, an asymmetric adjacency, a border length
        that is not positive, lower > upper, labels of the wrong length, more districts than atoms, an empty input, an
        objective that lacks its areas or coordinates.
    """
    weights = int_array("weights", weights, shape=(-1,), low=0, high=MOST)
    require_rows("weights", weights)
    if (total := weights.sum(dtype=np.float64)) > MOST:
        raise BadValue(name="the sum of weights", value=f"{total:.0f}", allowed=f"at most {MOST}")
    size = len(weights)
    if objective not in OBJECTIVES:
        raise BadValue(name="objective", value=objective, allowed=f"{', '.join(OBJECTIVES[:-1])} or {OBJECTIVES[-1]}")
    lower, upper = whole_number("lower", lower, low=0, high=MOST), whole_number("upper", upper, low=1, high=MOST)
    if lower > upper:
        raise EmptyRange(lower=lower, upper=upper)
    k = None if k is None else whole_number("k", k, low=1, high=size)
    target = None if target is None else whole_number("target", target, low=0, high=MOST)
    matrix = _symmetric(adjacency, size)
    graph = _open_edges(matrix, objective, _closed(matrix, size, border, barrier_edges), barrier_edges is not None)
    places = None if xy is None else float_array("xy", xy, shape=(size, 2))
    grounds = None if area is None else float_array("area", area, shape=(size,), low=0.0)
    if objective == "polsby_popper" and grounds is None:
        raise MissingArray(name="area", wanted="the objective polsby_popper")
    if objective == "moment_of_inertia" and places is None:
        raise MissingArray(name="xy", wanted="the objective moment_of_inertia")
    around: FloatArray = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    if outer_length is not None:
        around = around + float_array("outer_length", outer_length, shape=(size,), low=0.0)
    before, stay = _previous(previous, stability, size)
    further = np.zeros((size, 0)) if loads is None else _columns(float_array, "loads", loads, size, low=0.0)
    ideal = int(weights.sum()) / k if k else (lower + upper) / 2
    return Problem(
        weights=weights, adjacency=matrix, open_edges=graph, lower=lower, upper=upper,
        target=round(ideal if target is None else target), k=k, fewest=fewest and k is None, objective=objective,
        previous=before, stability=stay, loads=further,
        balance=number("balance", balance, low=0.0, high=1.0), xy=places, area=grounds, around=around,
        length_unit=float(graph.data.mean()) if graph.nnz else 1.0,
    )  # fmt: skip


def _columns(kind: Any, name: str, values: Any, size: int, **limits: float) -> Any:
    """Return an array of one or more columns, checked."""
    # Checked as it was given: a single column is named by its rows alone.
    is_single = any_array(name, values, expected="numbers").ndim == 1
    return kind(name, values, shape=(size,) if is_single else (size, -1), **limits).reshape(size, -1)


def _previous(previous: Any, stability: Any, size: int) -> tuple[IntArray, FloatArray]:
    """Return the earlier divisions as columns, and what each is worth."""
    before = np.zeros((size, 0), dtype=np.int64)
    if previous is not None:
        before = _columns(int_array, "previous", previous, size, low=-1).copy()
        # Codes of many digits become the numbers 0, 1, … here, in their order, so that nothing is as long as a code.
        for column in before.T:
            known = column >= 0
            column[known] = np.unique(column[known], return_inverse=True)[1]
    given = np.atleast_1d(np.asarray(stability, dtype=object))
    if len(given) not in (1, before.shape[1]):
        raise WrongShape(name="stability", got=given.shape, expected=(before.shape[1],))
    stay = np.array([number("stability", each, low=0.0, high=1.0) for each in given.tolist()])
    return before, np.broadcast_to(stay, before.shape[1:]).copy() if before.shape[1] else np.zeros(0)


def _closed(matrix: sparse.csr_array, size: int, border: Any, barrier_edges: Any) -> BoolArray:
    """Return which entries of the adjacency no district uses."""
    closed = np.zeros(matrix.nnz, dtype=bool)
    if border is not None:
        label = int_array("border", border, shape=(size,))
        closed |= label[np.repeat(np.arange(size), np.diff(matrix.indptr))] != label[matrix.indices]
    if barrier_edges is not None:
        closed |= bool_array("barrier_edges", barrier_edges, shape=(matrix.nnz,))
    return closed


def _open_edges(matrix: sparse.csr_array, objective: str, closed: BoolArray, has_flags: bool) -> sparse.csr_array:
    lengths = np.ones(matrix.nnz) if objective == "cut_edges" else matrix.data
    if closed.any():
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[~closed]
        graph = sparse.csr_array((lengths[~closed], (rows, matrix.indices[~closed])), shape=matrix.shape)
    else:
        graph = sparse.csr_array((lengths, matrix.indices, matrix.indptr), shape=matrix.shape)
    if has_flags:
        # A barrier marked in one direction only closes both.
        graph = graph.minimum(graph.T).tocsr()
    return graph


def _symmetric(adjacency: Any, size: int) -> sparse.csr_array:
    matrix = csr_array("adjacency", adjacency)
    if matrix.shape != (size, size):
        raise WrongShape(name="adjacency", got=matrix.shape, expected=(size, size))
    float_array("adjacency.data", matrix.data)
    if (matrix.data <= 0).any():
        entry = int(np.flatnonzero(matrix.data <= 0)[0])
        raise OutOfRange(name="adjacency.data", row=entry, value=float(matrix.data[entry]), allowed="above 0 metres")
    # A border known from one side only differs by all of its length, however short it is.
    beyond = (abs(matrix - matrix.T) - SAME_LENGTH * matrix.maximum(matrix.T)).tocoo()
    bad = beyond.data > 0
    if bad.any():
        raise AsymmetricAdjacency(row=int(beyond.row[bad][0]), column=int(beyond.col[bad][0]))
    return matrix
