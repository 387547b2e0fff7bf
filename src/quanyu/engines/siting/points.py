"""Distances between points that are not written out, for so many that no memory would hold them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from quanyu.engines.arrays import FloatArray, IntArray, number
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.cells import in_cells
from quanyu.engines.siting.checks import check_points


@dataclass(frozen=True)
class PointDistances:
    """The straight distances from demands (n, 2) to sites (m, 2), both in metres, counted in ``unit`` metres."""

    demand_xy: FloatArray
    sites_xy: FloatArray
    unit: float

    @property
    def farthest(self) -> IntArray:
        """No site is farther from each demand than this, (n,)."""
        low, high = self.sites_xy.min(axis=0), self.sites_xy.max(axis=0)
        corner = np.maximum(np.abs(self.demand_xy - low), np.abs(self.demand_xy - high))
        far: IntArray = np.ceil(np.hypot(*corner.T) / self.unit).astype(np.int64) + 1
        return far


def point_distances(demand_xy: Any, sites_xy: Any, *, unit: float = 1.0) -> PointDistances:
    """Return the distances of ``straight_distances`` without writing them out, which ``p_median`` takes.

    Parameters
    ----------
    demand_xy : (n, 2) float64, metres
    sites_xy : (m, 2) float64, metres
    unit : metres, in which distances are rounded to whole numbers

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    Examples
    --------
    >>> from quanyu.engines.siting import p_median
    >>> answer = p_median(point_distances([[0, 0], [30, 40], [31, 40]], [[0, 0], [30, 40]]), p=1)
    >>> answer.sites.tolist(), answer.value
    ([1], 51)
    """
    demand, sites = check_points("demand_xy", demand_xy), check_points("sites_xy", sites_xy)
    return PointDistances(demand, sites, number("unit", unit, low=1e-6))


def field_of(points: FloatArray, cells: int) -> tuple[_kernels.Field, IntArray]:
    """Return points sorted into about so many square cells, and which each of them was."""
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    # A line of points has no area: cells along it then.
    width = max(math.sqrt(float(extent[0] * extent[1]) / cells), float(extent.max()) / cells, 1e-6)
    columns, rows, start, order = in_cells(points, low, width)
    x, y = (np.ascontiguousarray(each) for each in points[order].T)
    return _kernels.Field(x, y, float(low[0]), float(low[1]), width, columns, rows, start), order
