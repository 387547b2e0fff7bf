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


@njit(cache=True, nogil=True, error_model="numpy")
def orientation(ax: Any, ay: Any, bx: Any, by: Any, px: Any, py: Any) -> Any:
    """Return a number above 0 where p lies left of a → b, below 0 right of it, and 0 on its line."""
    left = (ax - px) * (by - py)
    right = (ay - py) * (bx - px)
    det = left - right
    size = abs(left) + abs(right)
    if abs(det) > ERROR * size and size > TINY:
        return det
    return exact_orientation(ax, ay, bx, by, px, py)


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def is_left(ax: Any, ay: Any, bx: Any, by: Any, px: Any, py: Any) -> Any:
    """Return whether p, moved a little down and far less to the right, lies left of (above) the line a → b."""
    return orientation(ax, ay, bx, by, px, py) > 0.0


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def cross_down(
    ends: Any, sides: Any, ids: Any, lo: Any, hi: Any, x: Any, y: Any, to_y: Any, held: Any, count: Any
) -> Any:  # fmt: skip
    """Follow the set of holders along the upright from (x, y) to (x, to_y); return its new size."""
    for k in range(lo, hi):
        e = ids[k]
        x1, y1, x2, y2 = ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3]
        if x1 <= x < x2 and is_left(x1, y1, x2, y2, x, y) != is_left(x1, y1, x2, y2, x, to_y):
            count = toggle(held, count, sides[e, 0])
            count = toggle(held, count, sides[e, 1])
    return count


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def cross_over(
    ends: Any, sides: Any, ids: Any, lo: Any, hi: Any, x: Any, to_x: Any, y: Any, held: Any, count: Any
) -> Any:  # fmt: skip
    """Follow the set of holders along the level from (x, y) to (to_x, y); return its new size."""
    for k in range(lo, hi):
        e = ids[k]
        x1, y1, x2, y2 = ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3]
        if min(y1, y2) < y <= max(y1, y2) and is_left(x1, y1, x2, y2, x, y) != is_left(x1, y1, x2, y2, to_x, y):
            count = toggle(held, count, sides[e, 0])
            count = toggle(held, count, sides[e, 1])
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def lowest_touched(ends: Any, sides: Any, ids: Any, lo: Any, hi: Any, px: Any, py: Any) -> Any:
    """Return the lowest polygon with a border through p, −1 if there is none."""
    result = OUTSIDE
    for k in range(lo, hi):
        e = ids[k]
        x1, y1, x2, y2 = ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3]
        if not (x1 <= px <= x2 and min(y1, y2) <= py <= max(y1, y2)):
            continue
        if orientation(x1, y1, x2, y2, px, py) == 0.0:
            for polygon in (sides[e, 0], sides[e, 1]):
                if polygon != OUTSIDE and (result == OUTSIDE or polygon < result):
                    result = polygon
    return result
