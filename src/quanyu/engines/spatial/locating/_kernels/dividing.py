"""Divide one cell by the lines of its edges until no region holds an edge, and label every region.

A region is labelled by asking exactly who holds one point inside it. So nothing is assumed of the polygons: where they
overlap, leave gaps or draw one border with different vertices, the labels are right all the same.

What is called for every cell is inlined where it is soon compiled: a call counts references up and down for each array
that it is given, which takes longer than its work.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quanyu.engines.arrays import FloatArray, Int32Array, IntArray
from quanyu.engines.spatial.locating._kernels.exact import cross_down, cross_over
from quanyu.engines.spatial.locating._kernels.shared import BAND, DOUBT, FIRST, MOST_LINES, OUTSIDE, PAD

HALF = BAND / 2
WIDE = 2 * PAD


class Work(NamedTuple):
    """Memory for one cell: a set of holders, pieces (u1, v1, u2, v2) and their edges, regions to be divided (first
    and last piece, line above, side of it), the middle of each line's piece, and each line's parent, side and edge."""

    held: Int32Array
    piece: FloatArray
    edge: Int32Array
    region: IntArray
    middle: FloatArray
    parent: IntArray


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def divide(
    frame: Any, ends: Any, sides: Any, unit: Any, ids: Any, lo: Any, hi: Any, place: Any, x: Any, y: Any, held: Any,
    count: Any, lines: Any, side: Any, first: Any, clashes: Any, places: Any, clash: Any, work: Any,
) -> Any:  # fmt: skip
    """Write the lines of a cell from ``first`` on; return the cell's code, and the new numbers of lines and clashes.

    ``place`` is the cell's lower-left corner and its cells per unit, in root units; (x, y) its upper-left corner, held
    by the ``count`` polygons in ``held``.
    """
    pieces = clip_edges(unit, ids, lo, hi, place, work) if hi - lo <= MOST_LINES else -1
    if pieces == 0:
        code, clash = label_at(
            frame, ends, sides, ids, lo, hi, place, x, y, held, count, 0.5, 0.5, clashes, places, clash, work
        )
        return code, first, clash
    used = draw_lines(unit, place, lines, side, first, pieces, work) if pieces > 0 else first
    if used == first:
        # Too crowded to divide: one line that leaves every point of the cell in doubt.
        lines[first, 0], lines[first, 1], lines[first, 2] = 0.0, 0.0, 0.0
        side[first, 3], side[first, 4] = DOUBT, DOUBT
        return np.int32(FIRST - 2 * first), first + 1, clash
    if used - first == hi - lo and is_border(ends, sides, ids, lo, hi, held, count):
        # One line for each edge of a border between two: what is left and right of the edges needs but one proof.
        last = used - 1
        found, u, v = inner_point(lines, first, last, 0, work)
        if found:
            code, clash = label_at(
                frame, ends, sides, ids, lo, hi, place, x, y, held, count, u, v, clashes, places, clash, work
            )
            if code == sides[work.parent[last - first, 2], 0]:
                for k in range(first, used):
                    e = work.parent[k - first, 2]
                    if side[k, 3] > FIRST:
                        side[k, 3] = sides[e, 0]
                    if side[k, 4] > FIRST:
                        side[k, 4] = sides[e, 1]
                return np.int32(FIRST - 2 * first), used, clash
    for k in range(first, used):
        for which in range(2):
            if side[k, 3 + which] <= FIRST:
                continue
            found, u, v = inner_point(lines, first, k, which, work)
            if not found:
                side[k, 3 + which] = DOUBT
                continue
            side[k, 3 + which], clash = label_at(
                frame, ends, sides, ids, lo, hi, place, x, y, held, count, u, v, clashes, places, clash, work
            )
    return np.int32(FIRST - 2 * first), used, clash


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def clip_edges(unit: Any, ids: Any, lo: Any, hi: Any, place: Any, work: Any) -> Any:
    """Write the pieces of edges inside the cell, with a little around it, in units of the cell; return their number."""
    piece, edge = work.piece, work.edge
    count = 0
    for k in range(lo, hi):
        e = ids[k]
        u1, v1, u2, v2 = in_cell(unit, e, place)
        begin, end = 0.0, 1.0
        for axis in range(2):
            start, step = (u1, u2 - u1) if axis == 0 else (v1, v2 - v1)
            if step == 0.0:
                if start < -WIDE or start > 1.0 + WIDE:
                    end = -1.0
            else:
                one, other = (-WIDE - start) / step, (1.0 + WIDE - start) / step
                begin, end = max(begin, min(one, other)), min(end, max(one, other))
        if begin > end:
            continue
        piece[count, 0], piece[count, 1] = u1 + begin * (u2 - u1), v1 + begin * (v2 - v1)
        piece[count, 2], piece[count, 3] = u1 + end * (u2 - u1), v1 + end * (v2 - v1)
        edge[count] = e
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def in_cell(unit: Any, e: Any, place: Any) -> Any:
    """Return the ends of an edge in units of a cell."""
    return (
        (unit[e, 0] - place[0]) * place[2], (unit[e, 1] - place[1]) * place[3],
        (unit[e, 2] - place[0]) * place[2], (unit[e, 3] - place[1]) * place[3],
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def is_border(ends: Any, sides: Any, ids: Any, lo: Any, hi: Any, held: Any, count: Any) -> Any:
    """Return whether one edge, or two that share an end, part the cell between two holders, the corner's and another.

    So nobody else holds a point of the cell, and whoever crosses an edge comes from one to the other.
    """
    e = ids[lo]
    left, right = sides[e, 0], sides[e, 1]
    holder = held[0] if count > 0 else np.int32(OUTSIDE)
    if hi - lo > 2 or count > 1 or (holder != left and holder != right):
        return False
    if hi - lo == 1:
        return True
    f = ids[lo + 1]
    for a in range(0, 4, 2):
        for b in range(0, 4, 2):
            if ends[e, a] == ends[f, b] and ends[e, a + 1] == ends[f, b + 1]:
                # One leads on to the other, or both begin or end where they meet.
                return left == sides[f, 1 if a == b else 0] and right == sides[f, 0 if a == b else 1]
    return False


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def line_of(unit: Any, place: Any, piece: Any, edge: Any, i: Any) -> Any:
    """Return a, b, c of the line of piece i in units of the cell, exact to single precision inside it."""
    u1, v1, u2, v2 = in_cell(unit, edge[i], place)
    length = np.sqrt((u2 - u1) ** 2 + (v2 - v1) ** 2)
    a, b = np.float64(np.float32((v1 - v2) / length)), np.float64(np.float32((u2 - u1) / length))
    return a, b, -(a * (piece[i, 0] + piece[i, 2]) + b * (piece[i, 1] + piece[i, 3])) / 2


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def best_line(unit: Any, place: Any, piece: Any, edge: Any, a: Any, b: Any) -> Any:
    """Return which of the pieces a to b should divide a region: it cuts few others and leaves as many on each side."""
    if b - a < 3:
        return a
    best, lowest = a, np.inf
    for i in range(a, b, max(1, (b - a) // 8)):
        p, q, s = line_of(unit, place, piece, edge, i)
        lefts, rights = 0, 0
        for j in range(a, b):
            d1 = p * piece[j, 0] + q * piece[j, 1] + s
            d2 = p * piece[j, 2] + q * piece[j, 3] + s
            lefts += max(d1, d2) > HALF
            rights += min(d1, d2) < -HALF
        cost = 2.0 * (lefts + rights) + max(lefts, rights)
        if cost < lowest:
            best, lowest = i, cost
    return best


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def draw_lines(
    unit: Any, place: Any, lines: Any, side: Any, first: Any, pieces: Any, work: Any
) -> Any:  # fmt: skip
    """Divide the cell until no region holds a piece; return the new number of lines, ``first`` if there are too many.

    What lies within half a band of a line is left out of the regions beside it: a point so near is in doubt anyway.
    """
    piece, edge, region, middle, parent = work.piece, work.edge, work.region, work.middle, work.parent
    used, filled, waiting = first, pieces, 1
    region[0, 0], region[0, 1], region[0, 2], region[0, 3] = 0, pieces, -1, 0
    while waiting > 0:
        waiting -= 1
        a, b, above, which = (region[waiting, 0], region[waiting, 1], region[waiting, 2], region[waiting, 3])
        if used - first == len(middle) or waiting + 2 > len(region):
            return first
        i = best_line(unit, place, piece, edge, a, b)
        p, q, s = line_of(unit, place, piece, edge, i)
        lines[used, 0], lines[used, 1], lines[used, 2] = p, q, s
        middle[used - first, 0] = (piece[i, 0] + piece[i, 2]) / 2
        middle[used - first, 1] = (piece[i, 1] + piece[i, 3]) / 2
        parent[used - first, 0], parent[used - first, 1], parent[used - first, 2] = above, which, edge[i]
        if above >= 0:
            side[above, 3 + which] = FIRST - 2 * used
        for half in range(2):
            sign = 1.0 - 2.0 * half
            begin = filled
            for j in range(a, b):
                u1, v1, u2, v2 = piece[j, 0], piece[j, 1], piece[j, 2], piece[j, 3]
                d1, d2 = sign * (p * u1 + q * v1 + s), sign * (p * u2 + q * v2 + s)
                if j == i or (d1 <= HALF and d2 <= HALF):
                    continue
                if filled == len(piece):
                    return first
                if d1 < HALF:
                    t = (HALF - d1) / (d2 - d1)
                    u1, v1 = u1 + t * (u2 - u1), v1 + t * (v2 - v1)
                elif d2 < HALF:
                    t = (HALF - d1) / (d2 - d1)
                    u2, v2 = u1 + t * (u2 - u1), v1 + t * (v2 - v1)
                piece[filled, 0], piece[filled, 1] = u1, v1
                piece[filled, 2], piece[filled, 3] = u2, v2
                edge[filled] = edge[j]
                filled += 1
            side[used, 3 + half] = OUTSIDE
            if filled > begin:
                region[waiting, 0], region[waiting, 1] = begin, filled
                region[waiting, 2], region[waiting, 3] = used, half
                waiting += 1
        used += 1
    return used


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def inner_point(lines: Any, first: Any, k: Any, which: Any, work: Any) -> Any:
    """Return whether a point clear of every line was found on a side of line k, inside its region, and the point."""
    middle, parent = work.middle, work.parent
    step = 0.1
    while step > 5 * BAND:
        sign = 1.0 - 2.0 * which
        u = middle[k - first, 0] + sign * step * lines[k, 0]
        v = middle[k - first, 1] + sign * step * lines[k, 1]
        line, half = k, which
        is_clear = 0.0 <= u <= 1.0 and 0.0 <= v <= 1.0
        while is_clear and line >= 0:
            d = lines[line, 0] * u + lines[line, 1] * v + lines[line, 2]
            is_clear = d * (1.0 - 2.0 * half) >= 2 * BAND
            line, half = parent[line - first, 0], parent[line - first, 1]
        if is_clear:
            return True, u, v
        step /= 5
    return False, 0.0, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def label_at(
    frame: Any, ends: Any, sides: Any, ids: Any, lo: Any, hi: Any, place: Any, x: Any, y: Any, held: Any, count: Any,
    u: Any, v: Any, clashes: Any, places: Any, clash: Any, work: Any,
) -> Any:  # fmt: skip
    """Return the lowest polygon that holds (u, v) of the cell, and the number of clashes, with one more if two do."""
    px = frame.x0 + (place[0] + u / place[2]) * frame.width
    py = frame.y0 + (place[1] + v / place[3]) * frame.height
    own = work.held
    for k in range(count):
        own[k] = held[k]
    count = cross_over(ends, sides, ids, lo, hi, x, px, y, own, count)
    count = cross_down(ends, sides, ids, lo, hi, px, y, py, own, count)
    if count > 1:
        clashes[clash, 0], clashes[clash, 1] = own[0], own[1]
        places[clash, 0], places[clash, 1] = px, py
        clash += 1
    return own[0] if count > 0 else np.int32(OUTSIDE), clash
