"""Answer points from the index, a block at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.spatial.locating._kernels.exact import cross_down, cross_over, lowest_touched
from quanyu.engines.spatial.locating._kernels.shared import BAND, DOUBT, FIRST, OUTSIDE

BLOCK = 1024


@njit(cache=True, nogil=True)
def find(frame: Any, edges: Any, hot: Any, cold: Any, x: Any, y: Any, result: Any) -> Any:
    """Write the polygon of each point, −1 outside all; return how many were in doubt.

    A block takes one step at a time for all its points, without a branch that the processor could guess wrong, so that
    the waits for memory overlap.
    """
    codes, line, side = hot.codes, hot.line, hot.side
    u = np.empty(BLOCK)
    v = np.empty(BLOCK)
    code = np.empty(BLOCK, dtype=np.int32)
    active = np.empty(BLOCK, dtype=np.int32)
    per_width, per_height = 1.0 / frame.width, 1.0 / frame.height
    doubts = 0
    for start in range(0, len(x), BLOCK):
        n = min(BLOCK, len(x) - start)
        waiting = 0
        for i in range(n):
            column = (x[start + i] - frame.x0) * per_width
            row = (y[start + i] - frame.y0) * per_height
            code[i] = OUTSIDE
            if column >= 0.0 and row >= 0.0 and column < frame.columns and row < frame.rows:
                c, r = np.int64(column), np.int64(row)
                u[i], v[i] = column - c, row - r
                code[i] = codes[r * frame.columns + c]
            active[waiting] = i
            waiting += code[i] <= FIRST
        in_doubt = False
        while waiting > 0:
            count, waiting = waiting, 0
            for k in range(count):
                i = active[k]
                node = np.int64(FIRST - code[i])
                if node & 1:
                    code[i], u[i], v[i] = enter(hot, node >> 1, u[i], v[i])
                else:
                    at = (node >> 1) * 5
                    d = line[at] * u[i] + line[at + 1] * v[i] + line[at + 2]
                    code[i] = side[at + 3 + (d < 0.0)]
                    if abs(d) <= BAND:
                        code[i] = DOUBT
                in_doubt |= code[i] == DOUBT
                active[waiting] = i
                waiting += code[i] <= FIRST
        if in_doubt:
            for i in range(n):
                if code[i] == DOUBT:
                    doubts += 1
                    code[i] = ask(frame, edges, hot, cold, x[start + i], y[start + i])
        for i in range(n):
            result[start + i] = code[i]
    return doubts


@njit(cache=True, nogil=True)
def enter(hot: Any, raster: Any, u: Any, v: Any) -> Any:
    """Return the code of the cell of a raster that holds (u, v), and the place inside that cell."""
    columns, rows, base = hot.rasters[raster, 0], hot.rasters[raster, 1], hot.rasters[raster, 2]
    u *= columns
    v *= rows
    c, r = min(max(np.int64(u), 0), columns - 1), min(max(np.int64(v), 0), rows - 1)
    return hot.codes[base + r * columns + c], u - c, v - r


@njit(cache=True, nogil=True)
def ask(frame: Any, edges: Any, hot: Any, cold: Any, px: Any, py: Any) -> Any:
    """Return the polygon of one point without rounding: from the corner of its leaf, along the top and down to it."""
    column = (px - frame.x0) * (1.0 / frame.width)
    row = (py - frame.y0) * (1.0 / frame.height)
    c, r = np.int64(column), np.int64(row)
    code = hot.codes[r * frame.columns + c]
    u, v = column - c, row - r
    while (FIRST - code) & 1:
        code, u, v = enter(hot, np.int64(FIRST - code) >> 1, u, v)
    leaf = np.searchsorted(cold.first_line, (FIRST - code) >> 1)
    lo, hi = cold.first_edge[leaf], cold.first_edge[leaf + 1]
    corner_x, corner_y = cold.corner[leaf, 0], cold.corner[leaf, 1]
    count = cold.first_held[leaf + 1] - cold.first_held[leaf]
    held = np.empty(count + 4 * (hi - lo), dtype=np.int32)
    held[:count] = cold.held[cold.first_held[leaf] : cold.first_held[leaf + 1]]
    count = cross_over(edges.ends, edges.sides, cold.edges, lo, hi, corner_x, px, corner_y, held, count)
    count = cross_down(edges.ends, edges.sides, cold.edges, lo, hi, px, corner_y, py, held, count)
    if count > 0:
        return held[0]
    return lowest_touched(edges.ends, edges.sides, cold.edges, lo, hi, px, py)
