"""Sites by growing distance from each demand: the one form the p-median works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from quanyu.engines.arrays import Int32Array, IntArray, any_array, int_array, number, require_rows
from quanyu.engines.siting.checks import MOST, MOST_PAIRS, check_points, require_pairs

WHOLE_ENTRIES = 6_000_000  # up to here every site is listed for every demand
BLOCK_ENTRIES = 4_000_000  # sorted at a time
REACH = 8  # beyond, so many times the sites that one chosen site stands for on average


@dataclass(frozen=True)
class Near:
    """The K nearest sites of each demand: ``site`` (n, K) int32 and ``cost`` (n, K) weight times distance, growing.

    ``cap`` (n,) is the cost up to which a list is whole: every site left out costs at least so much.
    """

    site: Int32Array
    cost: NDArray[Any]
    cap: IntArray
    sites: int


def near_of_matrix(cost: IntArray, count: int) -> Near:
    """List the nearest sites of each row of a cost matrix (n, m): all, or where that is too much, as many as matter
    when ``count`` sites are chosen."""
    n, m = cost.shape
    length = m if n * m <= WHOLE_ENTRIES else min(m, max(REACH * m // count, WHOLE_ENTRIES // n))
    small = np.int32 if cost.max() < 2**31 else np.int64
    site, ranked = np.empty((n, length), dtype=np.int32), np.empty((n, length), dtype=small)
    block = max(1, BLOCK_ENTRIES // m)
    for first in range(0, n, block):
        rows = slice(first, first + block)
        site[rows], ranked[rows] = _nearest(cost[rows], length)
    # Where every site is listed, nothing is left out, and a dual above the dearest of all demands proves no more.
    cap = ranked[:, -1] if length < m else np.full(n, ranked.max())
    return Near(site, ranked, cap.astype(np.int64), m)


def _nearest(cost: IntArray, length: int) -> tuple[IntArray, IntArray]:
    """Return so many sites of least cost for each row, growing, and their costs."""
    if length == cost.shape[1]:
        site = np.argsort(cost, axis=1, kind="stable")
        return site, np.take_along_axis(cost, site, axis=1)
    some = np.argpartition(cost, length - 1, axis=1)[:, :length]
    values = np.take_along_axis(cost, some, axis=1)
    order = np.argsort(values, axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1), np.take_along_axis(values, order, axis=1)


def check_distances(distances: Any) -> IntArray:
    """Return a matrix of whole distances (n, m), 0 or more."""
    matrix = any_array("distances", distances, expected="integers")
    if matrix.ndim == 2:
        require_rows("distances", matrix)
        require_rows("distances' columns", matrix.T)
        require_pairs("distances", matrix.size, MOST_PAIRS)
    return int_array("distances", distances, shape=(-1, -1), low=0, high=MOST)


def straight_distances(demand_xy: Any, sites_xy: Any, *, unit: float = 1.0) -> IntArray:
    """Return the straight distance from each demand to each site, (n, m) int64 in ``unit`` metres, rounded.

    Examples
    --------
    >>> straight_distances([[0, 0], [30, 40]], [[0, 0]])
    array([[ 0],
           [50]])
    """
    demand, sites = check_points("demand_xy", demand_xy), check_points("sites_xy", sites_xy)
    number("unit", unit, low=1e-6)
    require_pairs("distances", len(demand) * len(sites), MOST_PAIRS)
    away = cdist(demand, sites)
    away /= unit
    return np.rint(away, out=away).astype(np.int64)
