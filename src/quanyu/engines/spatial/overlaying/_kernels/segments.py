"""Segments: stretches of border between two nodes, each kept once, with the polygons that claim its sides."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quanyu.engines.arrays import Int32Array, IntArray


class Segments(NamedTuple):
    """s distinct segments, and the c claims of polygons on them.

    Attributes
    ----------
    low, high : (s,) the nodes at both ends, ``low < high``
    first : (s + 1,) first claim of each segment, and c
    owner : (c,) polygon that claims a side
    on_left : (c,) whether it is the left side, seen from ``low`` to ``high``
    """

    low: IntArray
    high: IntArray
    first: IntArray
    owner: Int32Array
    on_left: Any


@njit(cache=True, nogil=True)
def segments_of_rings(xy: Any, ring: Any, owner: Any, is_hole: Any, node: Any) -> Any:
    """Return from which node to which each side of the rings runs with its polygon on the left, and the polygon."""
    tail, head = np.empty(len(xy), dtype=np.int64), np.empty(len(xy), dtype=np.int64)
    holder = np.empty(len(xy), dtype=np.int32)
    count = 0
    for r in range(len(ring) - 1):
        first, last = ring[r], ring[r + 1] - 1
        double_area = 0.0
        for i in range(first, last):
            double_area += (xy[i, 0] - xy[first, 0]) * (xy[i + 1, 1] - xy[first, 1])
            double_area -= (xy[i + 1, 0] - xy[first, 0]) * (xy[i, 1] - xy[first, 1])
        inside_left = (double_area > 0.0) != is_hole[r]
        for i in range(first, last):
            a, b = node[i], node[i + 1]
            if a != b:
                tail[count], head[count] = (a, b) if inside_left else (b, a)
                holder[count] = owner[r]
                count += 1
    return tail[:count].copy(), head[:count].copy(), holder[:count].copy()


@njit(cache=True, nogil=True)
def group(tail: Any, head: Any, holder: Any, nodes: Any) -> Any:
    """Return the distinct segments of sides that run between ``nodes`` nodes, and the claims on them."""
    start = np.zeros(nodes + 1, dtype=np.int64)
    for k in range(len(tail)):
        start[min(tail[k], head[k]) + 1] += 1
    start = np.cumsum(start)
    order, filled = np.empty(len(tail), dtype=np.int64), start[:-1].copy()
    for k in range(len(tail)):
        low = min(tail[k], head[k])
        high, at = max(tail[k], head[k]), filled[low]
        # Few sides begin at one node: they are sorted by their other end as they come.
        while at > start[low] and max(tail[order[at - 1]], head[order[at - 1]]) > high:
            order[at] = order[at - 1]
            at -= 1
        order[at] = k
        filled[low] += 1
    low_of, high_of = np.empty(len(tail), dtype=np.int64), np.empty(len(tail), dtype=np.int64)
    first = np.empty(len(tail) + 1, dtype=np.int64)
    owner, on_left = np.empty(len(tail), dtype=np.int32), np.empty(len(tail), dtype=np.bool_)
    count = 0
    for c in range(len(order)):
        k = order[c]
        low, high = min(tail[k], head[k]), max(tail[k], head[k])
        if count == 0 or low_of[count - 1] != low or high_of[count - 1] != high:
            low_of[count], high_of[count], first[count] = low, high, c
            count += 1
        owner[c], on_left[c] = holder[k], tail[k] == low
    first[count] = len(order)
    return Segments(low_of[:count].copy(), high_of[:count].copy(), first[: count + 1].copy(), owner, on_left)
