"""Which site covers which demand: by distance, along streets, or as a matrix says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from quanyu.engines.arrays import FloatArray, Int32Array, IntArray, float_array, int_array, require_rows
from quanyu.engines.siting import _kernels
from quanyu.errors import OutOfRange, WrongShape

BLOCK_ENTRIES = 20_000_000


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

    def select(self, rows: IntArray, columns: IntArray) -> Cover:
        """Return the cover of some demands by some sites, in the order given."""
        places = None if self.sites_xy is None else self.sites_xy[columns]
        return _from_csr(self.matrix[rows][:, columns], places)


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
    demand = float_array("demand_xy", demand_xy, shape=(-1, 2))
    sites = float_array("sites_xy", sites_xy, shape=(-1, 2))
    require_rows("demand_xy", demand)
    require_rows("sites_xy", sites)
    reach = _radius(radius)
    origin = sites.min(axis=0)
    # A radius far below the extent would make more cells than sites are worth; a cell may be wider, never narrower.
    width = max(reach, float((sites.max(axis=0) - origin).max()) / 2048)
    cells = np.floor((sites - origin) / width).astype(np.int64)
    shape = cells.max(axis=0) + 1
    key = cells[:, 1] * shape[0] + cells[:, 0]
    order = np.argsort(key, kind="stable")
    start = np.zeros(int(shape[0] * shape[1]) + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=len(start) - 1), out=start[1:])
    ground = ((int(shape[0]), int(shape[1])), start, order, sites, origin)
    count = _kernels.count_near(demand, *ground, width, reach)
    indptr = np.zeros(len(demand) + 1, dtype=np.int64)
    np.cumsum(count, out=indptr[1:])
    indices = np.empty(indptr[-1], dtype=np.int32)
    _kernels.fill_near(demand, *ground, width, reach, indptr, indices)
    return Cover(indptr, indices, len(sites), sites)


def cover_by_matrix(matrix: Any) -> Cover:
    """Return the cover that a 0/1 matrix (demands, sites), dense or sparse, states.

    Raises
    ------
    OutOfRange
        An entry is neither 0 nor 1.
    EmptyInput
        There is no demand or no site.
    """
    lines = sparse.csr_array(matrix)
    if lines.ndim != 2:
        raise WrongShape(name="matrix", got=lines.shape, expected=("n", "m"))
    for name, size in (("matrix", lines.shape[0]), ("matrix's columns", lines.shape[1])):
        require_rows(name, np.empty(size))
    lines.sum_duplicates()
    values = float_array("matrix", lines.data)
    bad = np.flatnonzero((values != 0) & (values != 1))
    if len(bad):
        row = int(np.searchsorted(lines.indptr, bad[0], side="right")) - 1
        place = (row, int(lines.indices[bad[0]]))
        raise OutOfRange(name="matrix", row=place, value=float(values[bad[0]]), allowed="0 or 1")
    lines.eliminate_zeros()
    return _from_csr(lines)


def cover_by_network(graph: Any, demand_nodes: Any, site_nodes: Any, radius: float) -> Cover:
    """Return which demands can be reached from which sites within ``radius`` along a network.

    Parameters
    ----------
    graph : (v, v) CSR, length in metres of the street between two nodes; a street open both ways is stored twice
    demand_nodes : (n,) int64, the node each demand stands at
    site_nodes : (m,) int64, the node each site stands at
    radius : metres of walk from the site to the demand
    """
    streets, demand, sites = _network(graph, demand_nodes, site_nodes)
    reach = _radius(radius)
    found = []
    for first, lengths in _walks(streets, demand, sites, reach):
        column, row = np.nonzero(lengths <= reach)
        found.append(np.stack([row, column + first]))
    row, column = np.concatenate(found, axis=1)
    return _from_csr(sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(demand), len(sites))))


def network_distances(graph: Any, demand_nodes: Any, site_nodes: Any, *, unit: float = 1.0) -> IntArray:
    """Return the walk from each site to each demand, (n, m) int64 in ``unit`` metres, rounded; parameters as in
    ``cover_by_network``.

    Raises
    ------
    OutOfRange
        No way leads from a site to a demand; the message names the pair.
    """
    streets, demand, sites = _network(graph, demand_nodes, site_nodes)
    lengths = np.concatenate([part for _, part in _walks(streets, demand, sites, np.inf)]).T
    if not np.isfinite(lengths).all():
        row, column = (int(each[0]) for each in np.nonzero(~np.isfinite(lengths)))
        raise OutOfRange(
            name="graph", row=(int(demand[row]), int(sites[column])), value="no way",
            allowed="a way from every site to every demand; join the network or leave the demand out",
        )  # fmt: skip
    return np.rint(lengths / unit).astype(np.int64)


def straight_distances(demand_xy: Any, sites_xy: Any, *, unit: float = 1.0) -> IntArray:
    """Return the straight distance from each demand to each site, (n, m) int64 in ``unit`` metres, rounded."""
    demand = float_array("demand_xy", demand_xy, shape=(-1, 2))
    sites = float_array("sites_xy", sites_xy, shape=(-1, 2))
    require_rows("demand_xy", demand)
    require_rows("sites_xy", sites)
    away = np.hypot(demand[:, 0, None] - sites[:, 0], demand[:, 1, None] - sites[:, 1])
    return np.rint(away / unit).astype(np.int64)


def _network(graph: Any, demand_nodes: Any, site_nodes: Any) -> tuple[sparse.csr_array, IntArray, IntArray]:
    streets = sparse.csr_array(graph, dtype=np.float64)
    size = streets.shape[0]
    if streets.shape != (size, size):
        raise WrongShape(name="graph", got=streets.shape, expected=(size, size))
    float_array("graph.data", streets.data, low=0.0)
    demand = int_array("demand_nodes", demand_nodes, shape=(-1,), low=0, high=size - 1)
    sites = int_array("site_nodes", site_nodes, shape=(-1,), low=0, high=size - 1)
    require_rows("demand_nodes", demand)
    require_rows("site_nodes", sites)
    return streets, demand, sites


def _walks(streets: sparse.csr_array, demand: IntArray, sites: IntArray, reach: float) -> Any:
    """Yield (first site, walks (some sites, demands)) block by block, so that memory stays bounded."""
    block = max(1, BLOCK_ENTRIES // streets.shape[0])
    for first in range(0, len(sites), block):
        lengths = dijkstra(streets, indices=sites[first : first + block], limit=reach)
        yield first, lengths[:, demand]


def _radius(radius: float) -> float:
    reach = float(float_array("radius", [radius])[0])
    if reach <= 0:
        raise OutOfRange(name="radius", row=0, value=reach, allowed="above 0 metres")
    return reach


def _from_csr(matrix: Any, sites_xy: FloatArray | None = None) -> Cover:
    lines = sparse.csr_array(matrix)
    lines.sort_indices()
    return Cover(lines.indptr.astype(np.int64), lines.indices.astype(np.int32), lines.shape[1], sites_xy)
