"""Dissolve cells into grids."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from quanyu.engines.arrays import GeometryArray, IntArray, int_array

POLYGON = 3
SLIVER_M2 = 0.01


def dissolve(cells: GeometryArray, labels: IntArray) -> GeometryArray:
    """Return, for each label 0 … d−1, the union of its cells.

    Parameters
    ----------
    cells : (n,) polygons in metres
    labels : (n,) int64, 0 … d−1

    Returns
    -------
    (d,) polygons; neighbours share their vertices
    """
    labels = int_array("labels", labels, shape=(len(cells),), low=0)
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(labels.max(initial=-1) + 2))
    groups = [np.asarray(cells, dtype=object)[order[low:high]] for low, high in pairwise(bounds)]
    return np.array([_polygons(shapely.union_all(group)) for group in groups], dtype=object)


def _polygons(shape: Any) -> Any:
    """Return only the areas of a shape, without the lines and slivers that rounding leaves where cells meet."""
    parts = shapely.get_parts(shape)
    areas = parts[(shapely.get_type_id(parts) == POLYGON) & (shapely.area(parts) > SLIVER_M2)]
    return shapely.union_all(areas)
