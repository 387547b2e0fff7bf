"""Which site covers which demand: by distance, along streets, or as a matrix says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from quanyu.engines.arrays import BoolArray, FloatArray, Int32Array, IntArray, csr_array, number
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.cells import in_cells
from quanyu.engines.siting.checks import MOST_COVERED, check_points, require_pairs
from quanyu.errors import EmptyInput, OutOfRange

SHORTEST = 1e-3  # metres: no radius is less
CELLS_ACROSS = 2048


@dataclass(frozen=True)
class Cover:
    """Demands (rows) and the sites that cover them, growing, in CSR form: ``indptr`` (n + 1,), ``indices`` (nnz,).

    ``sites_xy`` (m, 2) metres, where known, only helps the search.
    """

    indptr: IntArray
    indices: Int32Array
    sites: int
    sites_xy: FloatArray | None = None

    @property
    def demands(self) -> int:
        return len(self.indptr) - 1

    @cached_property
    def by_site(self) -> tuple[IntArray, Int32Array]:
        """The demands that each site covers, growing, in CSR form."""
        start, rows = _kernels.transpose(self.indptr, self.indices, self.sites)
        return start, rows

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """The cover as a matrix of ones, (n, m)."""
        ones = np.ones(len(self.indices))
        return sparse.csr_array((ones, self.indices, self.indptr), shape=(self.demands, self.sites))

    def select(self, *, rows: IntArray | None = None, columns: IntArray | None = None) -> Cover:
        """Return the cover of some demands by some sites, in the order given; of all where nothing is given."""
        matrix, places = self.matrix, self.sites_xy
        if rows is not None:
            matrix = matrix[rows]
        if columns is not None:
            matrix = matrix[:, columns]
            places = None if places is None else places[columns]
        return from_csr(matrix, places)


def cover_by_distance(demand_xy: Any, sites_xy: Any, radius: float) -> Cover:
    """Return which demands lie within ``radius`` of which sites, in a straight line.

    Parameters
    ----------
    demand_xy : (n, 2) float64, metres
    sites_xy : (m, 2) float64, metres
    radius : metres, above 0; a demand at exactly this distance is covered

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    Examples
    --------
    >>> cover = cover_by_distance([[0, 0], [300, 400], [900, 0]], [[0, 0], [600, 0]], 500)
    >>> cover.matrix.toarray().astype(int)
    array([[1, 0],
           [1, 1],
           [0, 1]])
    """
    demand, sites = check_points("demand_xy", demand_xy), check_points("sites_xy", sites_xy)
    reach = number("radius", radius, low=SHORTEST)
    ground = _ground(sites, reach)
    indptr = np.zeros(len(demand) + 1, dtype=np.int64)
    nothing = np.empty(0, dtype=np.int32)
    _kernels.near(demand, ground, reach, indptr, nothing, True)
    np.cumsum(indptr, out=indptr)
    require_pairs("demands within the radius of a site, each counted by its sites", int(indptr[-1]), MOST_COVERED)
    indices = np.empty(indptr[-1], dtype=np.int32)
    _kernels.near(demand, ground, reach, indptr, indices, False)
    return Cover(indptr, indices, len(sites), sites)


def _ground(sites: FloatArray, radius: float) -> _kernels.Ground:
    """Return the sites in square cells of at least the radius: more of them than sites would only cost memory."""
    origin = sites.min(axis=0)
    extent = sites.max(axis=0) - origin
    width = max(radius, float(extent.max()) / CELLS_ACROSS)
    return _kernels.Ground(sites, origin, width, *in_cells(sites, origin, width))


def cover_by_matrix(matrix: Any) -> Cover:
    """Return the cover that a 0/1 matrix (demands, sites), dense or sparse, states.

    Raises
    ------
    OutOfRange
        An entry is neither 0 nor 1; the message names the first.
    WrongShape, WrongType, EmptyInput
        There are not two dimensions, no numbers, no demand or no site.

    Examples
    --------
    >>> cover_by_matrix([[1, 0], [1, 1]]).indices.tolist()
    [0, 0, 1]
    """
    lines = csr_array("matrix", matrix, expected="0 and 1")
    if 0 in lines.shape:
        raise EmptyInput(name="matrix")
    lines.sum_duplicates()
    bad = np.flatnonzero((lines.data != 0) & (lines.data != 1))  # NaN is neither
    if len(bad):
        row = int(np.searchsorted(lines.indptr, bad[0], side="right")) - 1
        place = f"{row}, {lines.indices[bad[0]]}"
        raise OutOfRange(name="matrix", row=place, value=float(lines.data[bad[0]]), allowed="0 or 1")
    lines.eliminate_zeros()
    return from_csr(lines)


def from_csr(matrix: Any, sites_xy: FloatArray | None = None) -> Cover:
    lines = sparse.csr_array(matrix)
    lines.sort_indices()
    return Cover(lines.indptr.astype(np.int64), lines.indices.astype(np.int32), lines.shape[1], sites_xy)


def serving(cover: Cover, chosen: BoolArray) -> IntArray:
    """Return the first chosen site that covers each demand, −1 for none."""
    site: IntArray = _kernels.first_chosen(cover.indptr, cover.indices, chosen)
    return site
