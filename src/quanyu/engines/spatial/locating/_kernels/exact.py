"""Decisions without rounding: the side of an edge, and the polygon that holds a point.

References
----------
.. [1] Shewchuk, J. R. (1997). Adaptive precision floating-point arithmetic and fast robust geometric predicates.
   Discrete & Computational Geometry, 18, 305-363.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.spatial.locating._kernels.shared import OUTSIDE

# Shewchuk's bound on the error of the plain determinant, and 2²⁷ + 1, which splits a double in two halves.
ERROR = 3.3306690738754716e-16
SPLITTER = 134217729.0
# Below this the bound does not hold, because products lose digits to underflow.
TINY = 1e-250


@njit(cache=True, nogil=True)
def orientation(ax: Any, ay: Any, bx: Any, by: Any, px: Any, py: Any) -> Any:
    """Return a number above 0 where p lies left of a → b, below 0 right of it, and 0 on its line."""
    left = (ax - px) * (by - py)
    right = (ay - py) * (bx - px)
    det = left - right
    size = abs(left) + abs(right)
    if abs(det) > ERROR * size and size > TINY:
        return det
    return exact_orientation(ax, ay, bx, by, px, py)


@njit(cache=True, nogil=True)
def exact_orientation(ax: Any, ay: Any, bx: Any, by: Any, px: Any, py: Any) -> Any:
    """Return the sign of the determinant, summed without rounding; a is the lower-left end of the edge."""
    if ax == bx:
        return ax - px
    if ay == by:
        return py - ay
    total = np.zeros(12)
    count = 0
    for k in range(6):
        if k == 0:
            one, other = ax, by
        elif k == 1:
            one, other = -ay, bx
        elif k == 2:
            one, other = bx, py
        elif k == 3:
            one, other = -by, px
        elif k == 4:
            one, other = px, ay
        else:
            one, other = -py, ax
        product = one * other
        scaled = SPLITTER * one
        one_high = scaled - (scaled - one)
        one_low = one - one_high
        scaled = SPLITTER * other
        other_high = scaled - (scaled - other)
        other_low = other - other_high
        rest = one_low * other_low - (((product - one_high * other_high) - one_low * other_high) - one_high * other_low)
        for part in range(2):
            carry = rest if part == 0 else product
            for i in range(count):
                whole = carry + total[i]
                virtual = whole - carry
                total[i] = (carry - (whole - virtual)) + (total[i] - virtual)
                carry = whole
            total[count] = carry
            count += 1
    for i in range(count - 1, -1, -1):
        if total[i] != 0.0:
            return total[i]
    return 0.0


@njit(cache=True, nogil=True)
def is_left(edges: Any, e: Any, px: Any, py: Any) -> Any:
    """Return whether p, moved a little down and far less to the right, lies left of (above) an edge's line."""
    return orientation(edges.x1[e], edges.y1[e], edges.x2[e], edges.y2[e], px, py) > 0.0


@njit(cache=True, nogil=True)
def toggle(held: Any, count: Any, polygon: Any) -> Any:
    """Take a polygon out of the set, or put it in; return the new size. ``held`` is sorted and has room."""
    if polygon == OUTSIDE:
        return count
    for i in range(count):
        if held[i] == polygon:
            for j in range(i, count - 1):
                held[j] = held[j + 1]
            return count - 1
    i = count
    while i > 0 and held[i - 1] > polygon:
        held[i] = held[i - 1]
        i -= 1
    held[i] = polygon
    return count + 1


@njit(cache=True, nogil=True)
def cross_down(edges: Any, ids: Any, lo: Any, hi: Any, x: Any, y: Any, to_y: Any, held: Any, count: Any) -> Any:
    """Follow the set of holders along the upright from (x, y) to (x, to_y); return its new size."""
    for k in range(lo, hi):
        e = ids[k]
        if edges.x1[e] <= x < edges.x2[e] and is_left(edges, e, x, y) != is_left(edges, e, x, to_y):
            count = toggle(held, count, edges.left[e])
            count = toggle(held, count, edges.right[e])
    return count


@njit(cache=True, nogil=True)
def cross_over(edges: Any, ids: Any, lo: Any, hi: Any, x: Any, to_x: Any, y: Any, held: Any, count: Any) -> Any:
    """Follow the set of holders along the level from (x, y) to (to_x, y); return its new size."""
    for k in range(lo, hi):
        e = ids[k]
        low, high = edges.y1[e], edges.y2[e]
        if low > high:
            low, high = high, low
        if low < y <= high and is_left(edges, e, x, y) != is_left(edges, e, to_x, y):
            count = toggle(held, count, edges.left[e])
            count = toggle(held, count, edges.right[e])
    return count


@njit(cache=True, nogil=True)
def lowest_touched(edges: Any, ids: Any, lo: Any, hi: Any, px: Any, py: Any) -> Any:
    """Return the lowest polygon with a border through p, −1 if there is none."""
    result = OUTSIDE
    for k in range(lo, hi):
        e = ids[k]
        low, high = edges.y1[e], edges.y2[e]
        if low > high:
            low, high = high, low
        if not (edges.x1[e] <= px <= edges.x2[e] and low <= py <= high):
            continue
        if orientation(edges.x1[e], edges.y1[e], edges.x2[e], edges.y2[e], px, py) == 0.0:
            for polygon in (edges.left[e], edges.right[e]):
                if polygon != OUTSIDE and (result == OUTSIDE or polygon < result):
                    result = polygon
    return result
