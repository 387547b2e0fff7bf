"""Divide one cell by the lines of its edges until no region holds an edge, and label every region.

A region is labelled by asking exactly who holds one point inside it. So nothing is assumed of the polygons: where they
overlap, leave gaps or draw one border with different vertices, the labels are right all the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quanyu.engines.arrays import FloatArray, Int32Array, IntArray
from quanyu.engines.spatial.locating._kernels.exact import cross_down, cross_over, toggle
from quanyu.engines.spatial.locating._kernels.shared import BAND, DOUBT, FIRST, MOST_LINES, OUTSIDE, PAD

HALF = BAND / 2
WIDE = 2 * PAD


class Work(NamedTuple):
    """Memory for one cell: a set of holders, pieces (u1, v1, u2, v2) and their edges, regions to be divided (first
    and last piece, line above, side of it), the middle of each line's piece, and each line's parent and side."""

    held: Int32Array
    piece: FloatArray
    edge: Int32Array
    region: IntArray
    middle: FloatArray
    parent: IntArray


@njit(cache=True, nogil=True)
def divide(
    frame: Any, edges: Any, ids: Any, lo: Any, hi: Any, place: Any, x: Any, y: Any, held: Any, count: Any,
    lines: Any, first: Any, clashes: Any, places: Any, clash: Any, work: Any,
) -> Any:  # fmt: skip
    """Write the lines of a cell from ``first`` on; return the cell's code, and the new numbers of lines and clashes.

    ``place`` is the cell's lower-left corner and its cells per unit, in root units; (x, y) its upper-left corner, held
    by the ``count`` polygons in ``held``.
    """
    side = lines.view(np.int32)
    pieces = clip_edges(frame, edges, ids, lo, hi, place, work) if hi - lo <= MOST_LINES else -1
    if pieces == 0:
        code, clash = label_at(
            frame, edges, ids, lo, hi, place, x, y, held, count, 0.5, 0.5, clashes, places, clash, work
        )
        return code, first, clash
    used = draw_lines(frame, edges, place, lines, side, first, pieces, work) if pieces > 0 else first
    if used == first:
        # Too crowded to divide: one line that leaves every point of the cell in doubt.
        lines[first, 0], lines[first, 1], lines[first, 2] = 0.0, 0.0, 0.0
        side[first, 3], side[first, 4] = DOUBT, DOUBT
        return np.int32(FIRST - 2 * first), first + 1, clash
    if hi - lo == 1 and used == first + 1:
        # A single edge that passes through: the corner's holders on one side, and across the edge on the other.
        d = lines[first, 1] + lines[first, 2]
        if abs(d) > 2 * BAND and passes(work.piece[0]):
            own = 0 if d > 0.0 else 1
            side[first, 3 + own] = held[0] if count > 0 else OUTSIDE
            if count < 2:
                others = count
                work.held[:count] = held[:count]
                others = toggle(work.held, others, edges.left[ids[lo]])
                others = toggle(work.held, others, edges.right[ids[lo]])
                if others < 2:
                    side[first, 4 - own] = work.held[0] if others > 0 else OUTSIDE
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
                frame, edges, ids, lo, hi, place, x, y, held, count, u, v, clashes, places, clash, work
            )
    return np.int32(FIRST - 2 * first), used, clash


@njit(cache=True, nogil=True)
def clip_edges(frame: Any, edges: Any, ids: Any, lo: Any, hi: Any, place: Any, work: Any) -> Any:
    """Write the pieces of edges inside the cell, with a little around it, in units of the cell; return their number."""
    count = 0
    for k in range(lo, hi):
        e = ids[k]
        u1, v1, u2, v2 = in_cell(frame, edges, e, place)
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
        work.piece[count, 0], work.piece[count, 1] = u1 + begin * (u2 - u1), v1 + begin * (v2 - v1)
        work.piece[count, 2], work.piece[count, 3] = u1 + end * (u2 - u1), v1 + end * (v2 - v1)
        work.edge[count] = e
        count += 1
    return count


@njit(cache=True, nogil=True)
def in_cell(frame: Any, edges: Any, e: Any, place: Any) -> Any:
    """Return the ends of an edge in units of a cell."""
    return (
        ((edges.x1[e] - frame.x0) / frame.width - place[0]) * place[2],
        ((edges.y1[e] - frame.y0) / frame.height - place[1]) * place[3],
        ((edges.x2[e] - frame.x0) / frame.width - place[0]) * place[2],
        ((edges.y2[e] - frame.y0) / frame.height - place[1]) * place[3],
    )


@njit(cache=True, nogil=True)
def passes(piece: Any) -> Any:
    """Return whether both ends of a piece lie outside its cell."""
    one = 0.0 <= piece[0] <= 1.0 and 0.0 <= piece[1] <= 1.0
    other = 0.0 <= piece[2] <= 1.0 and 0.0 <= piece[3] <= 1.0
    return not one and not other


@njit(cache=True, nogil=True)
def line_of(frame: Any, edges: Any, place: Any, work: Any, i: Any) -> Any:
    """Return a, b, c of the line of piece i in units of the cell, exact to single precision inside it."""
    u1, v1, u2, v2 = in_cell(frame, edges, work.edge[i], place)
    length = np.sqrt((u2 - u1) ** 2 + (v2 - v1) ** 2)
    piece = work.piece[i]
    a, b = np.float64(np.float32((v1 - v2) / length)), np.float64(np.float32((u2 - u1) / length))
    return a, b, -(a * (piece[0] + piece[2]) + b * (piece[1] + piece[3])) / 2


@njit(cache=True, nogil=True)
def best_line(frame: Any, edges: Any, place: Any, work: Any, a: Any, b: Any) -> Any:
    """Return which of the pieces a to b should divide a region: it cuts few others and leaves as many on each side."""
    if b - a < 3:
        return a
    best, lowest = a, np.inf
    for i in range(a, b, max(1, (b - a) // 8)):
        p, q, s = line_of(frame, edges, place, work, i)
        lefts, rights = 0, 0
        for j in range(a, b):
            d1 = p * work.piece[j, 0] + q * work.piece[j, 1] + s
            d2 = p * work.piece[j, 2] + q * work.piece[j, 3] + s
            lefts += max(d1, d2) > HALF
            rights += min(d1, d2) < -HALF
        cost = 2.0 * (lefts + rights) + max(lefts, rights)
        if cost < lowest:
            best, lowest = i, cost
    return best


@njit(cache=True, nogil=True)
def draw_lines(
    frame: Any, edges: Any, place: Any, lines: Any, side: Any, first: Any, pieces: Any, work: Any
) -> Any:  # fmt: skip
    """Divide the cell until no region holds a piece; return the new number of lines, ``first`` if there are too many.

    What lies within half a band of a line is left out of the regions beside it: a point so near is in doubt anyway.
    """
    used, filled, waiting = first, pieces, 1
    work.region[0, 0], work.region[0, 1], work.region[0, 2], work.region[0, 3] = 0, pieces, -1, 0
    while waiting > 0:
        waiting -= 1
        a, b, parent, which = work.region[waiting]
        if used - first == len(work.middle) or waiting + 2 > len(work.region):
            return first
        i = best_line(frame, edges, place, work, a, b)
        p, q, s = line_of(frame, edges, place, work, i)
        lines[used, 0], lines[used, 1], lines[used, 2] = p, q, s
        work.middle[used - first, 0] = (work.piece[i, 0] + work.piece[i, 2]) / 2
        work.middle[used - first, 1] = (work.piece[i, 1] + work.piece[i, 3]) / 2
        work.parent[used - first, 0], work.parent[used - first, 1] = parent, which
        if parent >= 0:
            side[parent, 3 + which] = FIRST - 2 * used
        for half in range(2):
            sign = 1.0 - 2.0 * half
            begin = filled
            for j in range(a, b):
                u1, v1, u2, v2 = work.piece[j]
                d1, d2 = sign * (p * u1 + q * v1 + s), sign * (p * u2 + q * v2 + s)
                if j == i or (d1 <= HALF and d2 <= HALF):
                    continue
                if filled == len(work.piece):
                    return first
                if d1 < HALF:
                    t = (HALF - d1) / (d2 - d1)
                    u1, v1 = u1 + t * (u2 - u1), v1 + t * (v2 - v1)
                elif d2 < HALF:
                    t = (HALF - d1) / (d2 - d1)
                    u2, v2 = u1 + t * (u2 - u1), v1 + t * (v2 - v1)
                work.piece[filled, 0], work.piece[filled, 1] = u1, v1
                work.piece[filled, 2], work.piece[filled, 3] = u2, v2
                work.edge[filled] = work.edge[j]
                filled += 1
            side[used, 3 + half] = OUTSIDE
            if filled > begin:
                work.region[waiting, 0], work.region[waiting, 1] = begin, filled
                work.region[waiting, 2], work.region[waiting, 3] = used, half
                waiting += 1
        used += 1
    return used


@njit(cache=True, nogil=True)
def inner_point(lines: Any, first: Any, k: Any, which: Any, work: Any) -> Any:
    """Return whether a point clear of every line was found on a side of line k, inside its region, and the point."""
    step = 0.1
    while step > 5 * BAND:
        sign = 1.0 - 2.0 * which
        u = work.middle[k - first, 0] + sign * step * lines[k, 0]
        v = work.middle[k - first, 1] + sign * step * lines[k, 1]
        line, half = k, which
        is_clear = 0.0 <= u <= 1.0 and 0.0 <= v <= 1.0
        while is_clear and line >= 0:
            d = lines[line, 0] * u + lines[line, 1] * v + lines[line, 2]
            is_clear = d * (1.0 - 2.0 * half) >= 2 * BAND
            line, half = work.parent[line - first]
        if is_clear:
            return True, u, v
        step /= 5
    return False, 0.0, 0.0


@njit(cache=True, nogil=True)
def label_at(
    frame: Any, edges: Any, ids: Any, lo: Any, hi: Any, place: Any, x: Any, y: Any, held: Any, count: Any,
    u: Any, v: Any, clashes: Any, places: Any, clash: Any, work: Any,
) -> Any:  # fmt: skip
    """Return the lowest polygon that holds (u, v) of the cell, and the number of clashes, with one more if two do."""
    px = frame.x0 + (place[0] + u / place[2]) * frame.width
    py = frame.y0 + (place[1] + v / place[3]) * frame.height
    work.held[:count] = held[:count]
    count = cross_over(edges, ids, lo, hi, x, px, y, work.held, count)
    count = cross_down(edges, ids, lo, hi, px, y, py, work.held, count)
    if count > 1:
        clashes[clash, 0], clashes[clash, 1] = work.held[0], work.held[1]
        places[clash, 0], places[clash, 1] = px, py
        clash += 1
    return work.held[0] if count > 0 else np.int32(OUTSIDE), clash
