"""Distinct edges: a border that two polygons share is kept once, with the polygon on either side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.spatial.locating._kernels.shared import OUTSIDE


@njit(cache=True, nogil=True)
def distinct_edges(xy: Any, bits: Any, ring: Any, owner: Any, is_hole: Any) -> Any:
    """Return the ends and the sides of the distinct edges, as in ``Edges``.

    ``bits`` is ``xy`` read as uint64, ``ring`` the first vertex of each ring and the end. An edge that two polygons
    claim on the same side is kept twice; one that a polygon has on both sides, or of no length, is dropped.
    """
    size = 16
    while size < 2 * len(xy):
        size *= 2
    table = np.full(size, -1, dtype=np.int32)
    ends = np.empty((len(xy), 4))
    sides = np.full((len(xy), 2), OUTSIDE, dtype=np.int32)
    used = 0
    mask = np.uint64(size - 1)
    for r in range(len(ring) - 1):
        first, last = ring[r], ring[r + 1] - 1
        double_area = 0.0
        for i in range(first, last):
            double_area += (xy[i, 0] - xy[first, 0]) * (xy[i + 1, 1] - xy[first, 1])
            double_area -= (xy[i + 1, 0] - xy[first, 0]) * (xy[i, 1] - xy[first, 1])
        inside_left = (double_area > 0.0) != is_hole[r]
        for i in range(first, last):
            a, b, side = i, i + 1, 0 if inside_left else 1
            if xy[a, 0] > xy[b, 0] or (xy[a, 0] == xy[b, 0] and xy[a, 1] > xy[b, 1]):
                a, b, side = i + 1, i, 1 - side
            if xy[a, 0] == xy[b, 0] and xy[a, 1] == xy[b, 1]:
                continue
            key = bits[a, 0] * np.uint64(0x9E3779B97F4A7C15) ^ bits[a, 1] * np.uint64(0xC2B2AE3D27D4EB4F)
            key = (key ^ (key >> np.uint64(29))) + bits[b, 0] * np.uint64(0x165667B19E3779F9)
            key = (key ^ (key >> np.uint64(32))) + bits[b, 1] * np.uint64(0x27D4EB2F165667C5)
            key = (key ^ (key >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
            slot = np.int64((key ^ (key >> np.uint64(32))) & mask)
            while table[slot] >= 0:
                e = table[slot]
                if (
                    ends[e, 0] == xy[a, 0]
                    and ends[e, 1] == xy[a, 1]
                    and ends[e, 2] == xy[b, 0]
                    and ends[e, 3] == xy[b, 1]
                    and sides[e, side] == OUTSIDE
                ):
                    sides[e, side] = owner[r]
                    break
                slot = (slot + 1) & (size - 1)
            if table[slot] < 0:
                table[slot] = used
                ends[used, 0], ends[used, 1], ends[used, 2], ends[used, 3] = xy[a, 0], xy[a, 1], xy[b, 0], xy[b, 1]
                sides[used, side] = owner[r]
                used += 1
    kept = 0
    for e in range(used):
        if sides[e, 0] != sides[e, 1]:
            for k in range(4):
                ends[kept, k] = ends[e, k]
            sides[kept, 0], sides[kept, 1] = sides[e, 0], sides[e, 1]
            kept += 1
    return ends[:kept], sides[:kept]
