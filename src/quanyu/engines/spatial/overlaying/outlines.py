"""Outlines: polygons of faces, built when they are to be shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial._walking import walk_rings
from quanyu.engines.spatial.overlaying.noding import Network


def outlines(network: Network, beside: IntArray, kind: IntArray, wanted: IntArray) -> GeometryArray:
    """Return the ground of some kinds of faces.

    Parameters
    ----------
    beside : (s, 2) face on the left and on the right of each segment, −1 where it parts nothing
    kind : (f,) kind of each face
    wanted : (k,) kinds; one without faces gives an empty polygon

    Returns
    -------
    (k,) polygons and multipolygons, in the coordinates of the layers
    """
    kinds = np.where(beside >= 0, kind[beside], -1)
    is_wanted = np.zeros(int(max(kind.max(initial=-1), wanted.max(initial=-1))) + 2, dtype=np.bool_)
    is_wanted[wanted] = True
    borders = np.flatnonzero((kinds[:, 0] != kinds[:, 1]) & is_wanted[kinds].any(axis=1))
    result = np.full(len(wanted), shapely.Polygon(), dtype=object)
    if not len(borders):
        return result
    low, high = network.segments.low[borders], network.segments.high[borders]
    _, half, stops = walk_rings(low, high, network.x, network.y)
    kind_of_ring = kinds[borders].reshape(-1)[half[stops - 1]]
    tail = np.where(half % 2 == 0, low[half // 2], high[half // 2])
    corners = np.column_stack([network.x[tail] + network.origin[0], network.y[tail] + network.origin[1]])
    starts = np.concatenate([[0], stops[:-1]])
    number = np.repeat(np.arange(len(stops)), np.diff(stops, prepend=0) + 1)
    closed = np.insert(corners, stops, corners[starts], axis=0)
    rings: GeometryArray = np.asarray(shapely.linearrings(closed, indices=number), dtype=object)
    is_shell = np.asarray(shapely.is_ccw(rings))
    order = np.argsort(kind_of_ring, kind="stable")
    bounds = np.searchsorted(kind_of_ring[order], np.stack([wanted, wanted + 1]))
    for at, (low_at, high_at) in enumerate(bounds.T.tolist()):
        own = order[low_at:high_at]
        if len(own):
            result[at] = _assembled(rings[own[is_shell[own]]], rings[own[~is_shell[own]]])
    return result


def _assembled(shells: GeometryArray, holes: GeometryArray) -> Any:
    """Return the polygon or multipolygon of shells and the holes in them."""
    if len(shells) == 1:
        return shapely.polygons(shells[0], holes=holes)
    filled: GeometryArray = np.asarray(shapely.polygons(shells), dtype=object)
    around = shapely.covers(filled[:, None], holes[None, :])
    # Of shells within each other the smallest has the hole.
    area: FloatArray = np.where(around, np.asarray(shapely.area(filled))[:, None], np.inf)
    owner = area.argmin(axis=0)
    return shapely.multipolygons([shapely.polygons(shell, holes=holes[owner == at]) for at, shell in enumerate(shells)])
