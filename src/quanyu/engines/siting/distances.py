"""Sites by growing distance from each demand: the one form the p-median works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from quanyu.engines.arrays import FloatArray, Int32Array, IntArray, float_array, int_array, require_rows
from quanyu.errors import OutOfRange

MATRIX_ENTRIES = 40_000_000  # above this only near sites are kept
NEAR_ENTRIES = 40_000_000


@dataclass(frozen=True)
class Near:
    """The K nearest sites of each demand: ``site`` (n, K) int32 and ``cost`` (n, K) weight times distance, growing.

    ``cap`` (n,) is the cost up to which a list is whole: every site left out costs at least so much.
    """

    site: Int32Array
    cost: NDArray[Any]
    cap: IntArray
    sites: int


def near_of_matrix(cost: IntArray) -> Near:
    """Sort every row of a (n, m) cost matrix."""
    order = np.argsort(cost, axis=1, kind="stable").astype(np.int32)
    ranked = np.take_along_axis(cost, order, axis=1)
    small = ranked.astype(np.int32) if ranked.max(initial=0) < 2**31 else ranked
    return Near(
        order, np.ascontiguousarray(small), np.full(len(cost), ranked.max(initial=0), dtype=np.int64), cost.shape[1]
    )


def near_of_points(demand: FloatArray, sites: FloatArray, weight: IntArray, unit: float, count: int) -> Near:
    """Find the ``count`` nearest sites of each demand."""
    away, order = cKDTree(sites).query(demand, k=np.arange(1, count + 1))
    cost = np.rint(away / unit).astype(np.int64) * weight[:, None]
    small = cost.astype(np.int32) if cost.max(initial=0) < 2**31 else cost
    return Near(order.astype(np.int32), small, cost[:, -1].copy(), len(sites))


def check_distances(distances: Any) -> IntArray:
    """Return a matrix of whole distances (n, m), 0 or more."""
    matrix = np.asarray(distances)
    if matrix.ndim == 2:
        require_rows("distances", matrix)
        require_rows("distances' columns", matrix.T)
    return int_array("distances", distances, shape=(-1, -1), low=0)


def check_points(demand_xy: Any, sites_xy: Any, unit: float) -> tuple[FloatArray, FloatArray]:
    """Return both sets of points in metres."""
    demand = float_array("demand_xy", demand_xy, shape=(-1, 2))
    sites = float_array("sites_xy", sites_xy, shape=(-1, 2))
    require_rows("demand_xy", demand)
    require_rows("sites_xy", sites)
    if not unit > 0:
        raise OutOfRange(name="unit", row="-", value=unit, allowed="above 0 metres")
    return demand, sites
