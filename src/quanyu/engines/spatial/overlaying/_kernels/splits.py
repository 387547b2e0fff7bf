"""Splits: where segments cross, and where they pass a node.

All coordinates are points of a lattice. A segment that passes through the square around a node, a hot pixel, is led
over the node; then segments meet nowhere but at nodes.

References
----------
Hobby, "Practical segment intersection with finite precision output", Computational Geometry 13 (1999).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quanyu.engines.arrays import FloatArray, Int32Array, IntArray

# How far beyond the distance segments are entered in cells, as a share of a cell: above any rounding.
PAD = 1e-6


class Cells(NamedTuple):
    """A raster of square cells, and the segments that come within the distance of each.

    Attributes
    ----------
    x0, y0, side : lower left corner and length of a cell
    columns, rows : numbers of cells
    start : (columns · rows + 1,) first entry of each cell
    entries : segments
    """

    x0: Any
    y0: Any
    side: Any
    columns: Any
    rows: Any
    start: IntArray
    entries: Int32Array


class Splits(NamedTuple):
    """Nodes on segments.

    Attributes
    ----------
    segment : (m,)
    node : (m,)
    along : (m,) grows along the segment
    """

    segment: IntArray
    node: IntArray
    along: FloatArray


@njit(cache=True, nogil=True)
def rows_in_column(x1: Any, y1: Any, x2: Any, y2: Any, column: Any, rows: Any, pad: Any) -> Any:
    """Return the first and last row that a segment comes near in a column; all in cells, ``x1 <= x2``."""
    low, high = y1, y2
    if x2 > x1:
        slope = (y2 - y1) / (x2 - x1)
        low = y1 + slope * (max(x1, column - pad) - x1)
        high = y1 + slope * (min(x2, column + 1 + pad) - x1)
    if low > high:
        low, high = high, low
    return max(np.int64(np.floor(low - pad)), 0), min(np.int64(np.floor(high + pad)), rows - 1)


@njit(cache=True, nogil=True)
def enter(ends: Any, within: Any) -> Any:
    """Return a raster with about as many cells as segments; ``ends`` are (s, 4): x, y, x, y."""
    x0, y0, x1, y1 = np.inf, np.inf, -np.inf, -np.inf
    for s in range(len(ends)):
        x0, x1 = min(x0, ends[s, 0], ends[s, 2]), max(x1, ends[s, 0], ends[s, 2])
        y0, y1 = min(y0, ends[s, 1], ends[s, 3]), max(y1, ends[s, 1], ends[s, 3])
    wide, tall = x1 - x0, y1 - y0
    side = max(np.sqrt(wide * tall / len(ends)), max(wide, tall) / len(ends), 4.0 * within)
    columns, rows = np.int64(wide / side) + 1, np.int64(tall / side) + 1
    pad = within / side + PAD
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    entries = np.empty(0, dtype=np.int32)
    for filling in range(2):
        for s in range(len(ends)):
            a, b = (0, 2) if ends[s, 0] <= ends[s, 2] else (2, 0)
            u1, v1 = (ends[s, a] - x0) / side, (ends[s, a + 1] - y0) / side
            u2, v2 = (ends[s, b] - x0) / side, (ends[s, b + 1] - y0) / side
            west, east = np.int64(np.floor(u1 - pad)), np.int64(np.floor(u2 + pad))
            for c in range(max(west, np.int64(0)), min(east, columns - 1) + 1):
                first, last = rows_in_column(u1, v1, u2, v2, c, rows, pad)
                for r in range(first, last + 1):
                    cell = r * columns + c
                    if filling == 1:
                        start[cell] -= 1
                        entries[start[cell]] = s
                    else:
                        start[cell] += 1
        if filling == 0:
            # Ends of the lists; filling moves each to its beginning.
            start = np.cumsum(start)
            entries = np.empty(start[-1], dtype=np.int32)
    return Cells(x0, y0, side, columns, rows, start, entries)


@njit(cache=True, nogil=True)
def cell_of(x: Any, y: Any, cells: Any) -> Any:
    column = min(max(np.int64((x - cells.x0) / cells.side), 0), cells.columns - 1)
    return min(max(np.int64((y - cells.y0) / cells.side), 0), cells.rows - 1) * cells.columns + column


@njit(cache=True, nogil=True)
def nearest_share(x: Any, y: Any, segment: Any) -> Any:
    """Return the share of a segment before its place nearest to a point, and the square of the distance."""
    dx, dy = segment[2] - segment[0], segment[3] - segment[1]
    length = dx * dx + dy * dy
    share = ((x - segment[0]) * dx + (y - segment[1]) * dy) / length if length > 0.0 else 0.0
    share = min(max(share, 0.0), 1.0)
    return share, (segment[0] + share * dx - x) ** 2 + (segment[1] + share * dy - y) ** 2


@njit(cache=True, nogil=True)
def _shares(p: Any, q: Any) -> Any:
    """Return the share of segment p before the place where q crosses it, −1 where they do not cross."""
    a_side = (q[2] - q[0]) * (p[1] - q[1]) - (q[3] - q[1]) * (p[0] - q[0])
    b_side = (q[2] - q[0]) * (p[3] - q[1]) - (q[3] - q[1]) * (p[2] - q[0])
    if (a_side > 0.0) == (b_side > 0.0):
        return -1.0
    c_side = (p[2] - p[0]) * (q[1] - p[1]) - (p[3] - p[1]) * (q[0] - p[0])
    d_side = (p[2] - p[0]) * (q[3] - p[1]) - (p[3] - p[1]) * (q[2] - p[0])
    if (c_side > 0.0) == (d_side > 0.0):
        return -1.0
    return a_side / (a_side - b_side)


@njit(cache=True, nogil=True)
def find_crossings(ends: Any, low: Any, high: Any, cells: Any, pixel: Any) -> Any:
    """Return the points of the lattice nearest to where segments cross, without those that are ends already."""
    found, count = np.empty((len(ends) + 1024, 2)), 0
    for cell in range(len(cells.start) - 1):
        first, last = cells.start[cell], cells.start[cell + 1]
        for k in range(first, last):
            s = cells.entries[k]
            p = ends[s]
            for m in range(k + 1, last):
                t = cells.entries[m]
                share = _shares(p, ends[t])
                if share < 0.0 or low[s] == low[t] or low[s] == high[t] or high[s] == low[t] or high[s] == high[t]:
                    continue
                x, y = p[0] + share * (p[2] - p[0]), p[1] + share * (p[3] - p[1])
                # Segments may share several cells: the one that holds the crossing tells of it.
                if cell_of(x, y, cells) != cell:
                    continue
                # Adding 0 makes −0 a 0, which is equal but has other bits.
                x, y = np.rint(x / pixel) * pixel + 0.0, np.rint(y / pixel) * pixel + 0.0
                if _is_end(x, y, ends, cells.entries[first:last]):
                    continue
                if count == len(found):
                    longer = np.empty((2 * count, 2))
                    longer[:count] = found
                    found = longer
                found[count] = x, y
                count += 1
    return found[:count, 0].copy(), found[:count, 1].copy()


@njit(cache=True, nogil=True)
def _is_end(x: Any, y: Any, ends: Any, nearby: Any) -> Any:
    for s in nearby:
        for k in range(0, 4, 2):
            if ends[s, k] == x and ends[s, k + 1] == y:
                return True
    return False


@njit(cache=True, nogil=True)
def find_splits(x: Any, y: Any, ends: Any, low: Any, high: Any, cells: Any, pixel: Any) -> Any:
    """Return the segments that pass through the pixels around nodes: squares with the node in the middle."""
    room, count = len(low) + 1024, 0
    segment, node, along = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64), np.empty(room)
    half = pixel / 2.0
    for v in range(len(x)):
        cell = cell_of(x[v], y[v], cells)
        for k in range(cells.start[cell], cells.start[cell + 1]):
            s = cells.entries[k]
            dx, dy = ends[s, 2] - ends[s, 0], ends[s, 3] - ends[s, 1]
            px, py = x[v] - ends[s, 0], y[v] - ends[s, 1]
            if abs(dx * py - dy * px) > (abs(dx) + abs(dy)) * half or low[s] == v or high[s] == v:
                continue
            # Its line does; the segment does not if it ends before the square.
            if min(dx, 0.0) - half > px or px > max(dx, 0.0) + half:
                continue
            if min(dy, 0.0) - half > py or py > max(dy, 0.0) + half:
                continue
            if count == room:
                room *= 2
                segment, node, along = _longer(segment), _longer(node), _longer(along)
            segment[count], node[count], along[count] = s, v, px * dx + py * dy
            count += 1
    return Splits(segment[:count].copy(), node[:count].copy(), along[:count].copy())


@njit(cache=True, nogil=True)
def _longer(array: Any) -> Any:
    result = np.empty(2 * len(array), dtype=array.dtype)
    result[: len(array)] = array
    return result


@njit(cache=True, nogil=True)
def split(segments: Any, splits: Any) -> Any:
    """Return the sides of all segments, split, as ``group`` takes them."""
    number = len(segments.low)
    start = np.zeros(number + 1, dtype=np.int64)
    for k in range(len(splits.segment)):
        start[splits.segment[k] + 1] += 1
    start = np.cumsum(start)
    order, filled = np.empty(len(splits.segment), dtype=np.int64), start[:-1].copy()
    sides = len(segments.owner)
    for k in range(len(splits.segment)):
        s, at = splits.segment[k], filled[splits.segment[k]]
        while at > start[s] and splits.along[order[at - 1]] > splits.along[k]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = k
        filled[s] += 1
        sides += segments.first[s + 1] - segments.first[s]
    tail, head = np.empty(sides, dtype=np.int64), np.empty(sides, dtype=np.int64)
    holder = np.empty(sides, dtype=np.int32)
    count = 0
    for s in range(number):
        a = segments.low[s]
        for k in range(start[s], start[s + 1] + 1):
            b = segments.high[s] if k == start[s + 1] else splits.node[order[k]]
            if a == b:
                continue
            for c in range(segments.first[s], segments.first[s + 1]):
                tail[count], head[count] = (a, b) if segments.on_left[c] else (b, a)
                holder[count] = segments.owner[c]
                count += 1
            a = b
    return tail[:count].copy(), head[:count].copy(), holder[:count].copy()
