"""Find the polygon that holds a point."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike

from quanyu.engines.arrays import GeometryArray, IntArray, float_array


class Locator:
    """Answers which of a partition's polygons holds a point; built once, never changed.

    A point on a shared border belongs to the polygon with the lowest index, so that every point has one polygon.
    """

    def __init__(self, polygons: GeometryArray) -> None:
        self.polygons = np.asarray(polygons, dtype=object)
        shapely.prepare(self.polygons)
        self._tree = shapely.STRtree(self.polygons)

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> IntArray:
        """Return the index of the polygon of each point, −1 outside all.

        Parameters
        ----------
        lon, lat : (n,) float64, in the coordinates of the polygons

        Raises
        ------
        NotFinite
            A coordinate is NaN or infinite.
        """
        x = float_array("lon", lon, shape=(-1,))
        y = float_array("lat", lat, shape=(len(x),))
        point, polygon = self._tree.query(shapely.points(x, y), predicate="intersects")
        result = np.full(len(x), len(self.polygons), dtype=np.int64)
        np.minimum.at(result, point, polygon)
        result[result == len(self.polygons)] = -1
        return result
