"""Build the index: rasters of codes, and in each cell that edges cross, lines that divide it into regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.spatial.locating._kernels.dividing import Work, divide, in_cell
from quanyu.engines.spatial.locating._kernels.exact import cross_down, cross_over
from quanyu.engines.spatial.locating._kernels.shared import CROWD, FINEST, FIRST, MOST_LINES, OUTSIDE, PAD

# Lines and clashes that one cell can bring.
ROOM = 4 * MOST_LINES + 1


@njit(cache=True, nogil=True, error_model="numpy")
def grown(array: Any, used: Any, more: Any) -> Any:
    """Return the array, or a larger copy that has room for ``more`` rows after ``used``."""
    if used + more <= len(array):
        return array
    result = np.empty((2 * (used + more), *array.shape[1:]), dtype=array.dtype)
    result[:used] = array[:used]
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def sweep_edge(u1: Any, v1: Any, u2: Any, v2: Any, k: Any, columns: Any) -> Any:
    """Return the first and last row that an edge meets in column k, all in cells."""
    low, high = v1, v2
    if u2 - u1 > 0.0:
        slope = (v2 - v1) / (u2 - u1)
        low = v1 + slope * (max(u1, k - PAD) - u1)
        high = v1 + slope * (min(u2, k + 1 + PAD) - u1)
    if low > high:
        low, high = high, low
    return np.int64(np.floor(max(low - PAD, 0.0))), np.int64(np.floor(min(high + PAD, columns - 0.5)))


@njit(cache=True, nogil=True, error_model="numpy")
def enter_edges(
    unit: Any, ids: Any, lo: Any, hi: Any, place: Any, columns: Any, rows: Any, codes: Any, base: Any, starts: Any,
    entries: Any,
) -> Any:  # fmt: skip
    """Count each edge in the cells it meets (``entries`` empty), or enter it; return the number of entries.

    On entering, the code of a cell is the number of its list plus one, and ``starts`` moves to the end of the list.
    """
    total = 0
    filling = len(entries) > 0
    for k in range(lo, hi):
        e = ids[k]
        u1, v1, u2, v2 = in_cell(unit, e, place)
        by_rows = abs(v2 - v1) > u2 - u1
        across, along = columns, rows
        if by_rows:
            u1, v1, u2, v2 = v1, u1, v2, u2
            across, along = rows, columns
            if u1 > u2:
                u1, v1, u2, v2 = u2, v2, u1, v1
        if u2 + PAD < 0.0 or u1 - PAD >= across:
            continue
        for c in range(np.int64(np.floor(max(u1 - PAD, 0.0))), np.int64(np.floor(min(u2 + PAD, across - 0.5))) + 1):
            first, last = sweep_edge(u1, v1, u2, v2, c, along)
            for r in range(first, last + 1):
                cell = base + (c * columns + r if by_rows else r * columns + c)
                if filling:
                    at = codes[cell] - 1
                    entries[starts[at]] = e
                    starts[at] += 1
                else:
                    codes[cell] += 1
                total += 1
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def shape_of(unit: Any, ids: Any, lo: Any, hi: Any, place: Any) -> Any:
    """Return columns and rows of a raster for a crowded cell: two cells an edge, more across than along the edges."""
    along_u, along_v = 1e-9, 1e-9
    for k in range(lo, hi):
        e = ids[k]
        u1, v1, u2, v2 = in_cell(unit, e, place)
        along_u += min(max(u2, 0.0), 1.0) - min(max(u1, 0.0), 1.0)
        along_v += abs(min(max(v2, 0.0), 1.0) - min(max(v1, 0.0), 1.0))
    cells = 2.0 * (hi - lo)
    columns = 2 ** min(max(round(0.5 * np.log2(cells * along_v / along_u)), 0), 6)
    rows = 2 ** min(max(round(np.log2(cells / columns)), 0), 6)
    if columns == 1 and rows == 1:
        columns = rows = 2
    return columns, rows


@njit(cache=True, nogil=True, error_model="numpy")
def build(frame: Any, ends: Any, sides: Any, polygons: Any, budget: Any) -> Any:
    """Return the arrays of the index; at most ``budget`` edges are entered in rasters below the first.

    Returns
    -------
    codes, rasters, lines, first_line, first_edge, leaf_edges, corner, first_held, leaf_held, clashes, places
        As in ``Hot`` and ``Cold``; ``clashes`` are pairs of polygons that hold one point, and ``places`` the points.
    """
    codes = np.zeros(frame.columns * frame.rows, dtype=np.int32)
    used_codes = len(codes)
    rasters = np.empty((16, 3), dtype=np.int64)
    lines = np.empty((1024, 5), dtype=np.float32)
    side = lines.view(np.int32)
    first_line = np.empty(1024, dtype=np.int32)
    first_edge = np.zeros(1024, dtype=np.int64)
    leaf_edges = np.empty(4096, dtype=np.int32)
    corner = np.empty((1024, 2))
    first_held = np.zeros(1024, dtype=np.int64)
    leaf_held = np.empty(1024, dtype=np.int32)
    used_lines, leaves, used_edges, used_held = 0, 0, 0, 0
    clashes = np.empty((256, 2), dtype=np.int32)
    places = np.empty((256, 2))
    used_clashes = 0

    place = np.empty((16, 4))
    place[0] = 0.0, 0.0, 1.0, 1.0
    size = np.empty((16, 7), dtype=np.int64)
    size[0] = frame.columns, frame.rows, 0, 0, len(ends), 0, 0
    pool = np.arange(len(ends)).astype(np.int32)
    used_pool = len(pool)
    pool_held = np.empty(256, dtype=np.int32)
    used_pool_held = 0
    tasks = 1
    # The ends of the edges in cells of the outermost raster.
    unit = np.empty((len(ends), 4))
    for e in range(len(unit)):
        for k in range(0, 4, 2):
            unit[e, k] = (ends[e, k] - frame.x0) / frame.width
            unit[e, k + 1] = (ends[e, k + 1] - frame.y0) / frame.height

    held = np.empty(polygons + 1, dtype=np.int32)
    work = Work(
        np.empty(polygons + 1, dtype=np.int32), np.empty((16 * MOST_LINES, 4)),
        np.empty(16 * MOST_LINES, dtype=np.int32),
        np.empty((4 * MOST_LINES, 4), dtype=np.int64), np.empty((4 * MOST_LINES, 2)),
        np.empty((4 * MOST_LINES, 3), dtype=np.int64),
    )  # fmt: skip
    task = 0
    while task < tasks:
        columns, rows, base, lo, hi, held_lo, held_hi = size[task]
        here = place[task, 0], place[task, 1], place[task, 2], place[task, 3]
        rasters = grown(rasters, task, 1)
        rasters[task] = columns, rows, base
        nothing = np.empty(0, dtype=np.int32)
        total = enter_edges(unit, pool, lo, hi, here, columns, rows, codes, base, np.empty(0, dtype=np.int64), nothing)
        budget -= total if task > 0 else 0
        starts = np.zeros(min(total, columns * rows) + 2, dtype=np.int64)
        lists, at = 0, 0
        for cell in range(base, base + columns * rows):
            if codes[cell] > 0:
                starts[lists] = at
                at += codes[cell]
                lists += 1
                codes[cell] = lists
        first_line, corner, leaf_edges = (
            grown(first_line, leaves, lists), grown(corner, leaves, lists), grown(leaf_edges, used_edges, total)
        )  # fmt: skip
        first_edge, first_held = grown(first_edge, leaves + 1, lists), grown(first_held, leaves + 1, lists)
        entries = np.empty(max(total, 1), dtype=np.int32)
        enter_edges(unit, pool, lo, hi, here, columns, rows, codes, base, starts, entries)
        top_y = frame.y0 + (here[1] + rows / here[3]) * frame.height
        left_x = frame.x0 + here[0] * frame.width
        for r in range(rows):
            y = frame.y0 + (here[1] + (r + 1) / here[3]) * frame.height
            count = held_hi - held_lo
            held[:count] = pool_held[held_lo:held_hi]
            if task > 0:
                count = cross_down(ends, sides, pool, lo, hi, left_x, top_y, y, held, count)
            x = left_x
            for c in range(columns):
                cell = base + r * columns + c
                next_x = frame.x0 + (here[0] + (c + 1) / here[2]) * frame.width
                listed = codes[cell]
                if listed == 0:
                    codes[cell] = held[0] if count > 0 else OUTSIDE
                    x = next_x
                    continue
                # Entering has moved each start to its end, which is the start of the next list.
                start = starts[listed - 2] if listed > 1 else 0
                end = starts[listed - 1]
                m = end - start
                sub = here[0] + c / here[2], here[1] + r / here[3], here[2], here[3]
                if m > CROWD and budget > 0 and max(here[2] * frame.columns, here[3] * frame.rows) * 64.0 <= FINEST:
                    sub_columns, sub_rows = shape_of(unit, entries, start, end, sub)
                    place, size = grown(place, tasks, 1), grown(size, tasks, 1)
                    pool, pool_held = grown(pool, used_pool, m), grown(pool_held, used_pool_held, count)
                    codes = grown(codes, used_codes, sub_columns * sub_rows)
                    codes[used_codes : used_codes + sub_columns * sub_rows] = 0
                    place[tasks] = sub[0], sub[1], sub[2] * sub_columns, sub[3] * sub_rows
                    size[tasks] = (
                        sub_columns, sub_rows, used_codes, used_pool, used_pool + m, used_pool_held,
                        used_pool_held + count,
                    )  # fmt: skip
                    pool[used_pool : used_pool + m] = entries[start:end]
                    pool_held[used_pool_held : used_pool_held + count] = held[:count]
                    used_pool += m
                    used_pool_held += count
                    used_codes += sub_columns * sub_rows
                    codes[cell] = FIRST - (2 * tasks + 1)
                    tasks += 1
                else:
                    if used_lines + ROOM > len(lines):
                        lines = grown(lines, used_lines, ROOM)
                        side = lines.view(np.int32)
                    if used_clashes + ROOM > len(clashes):
                        clashes, places = grown(clashes, used_clashes, ROOM), grown(places, used_clashes, ROOM)
                    code, more, used_clashes = divide(
                        frame, ends, sides, unit, entries, start, end, sub, x, y, held, count, lines, side,
                        used_lines, clashes, places, used_clashes, work,
                    )  # fmt: skip
                    codes[cell] = code
                    if more > used_lines:
                        if used_held + count > len(leaf_held):
                            leaf_held = grown(leaf_held, used_held, count)
                        first_line[leaves] = used_lines
                        corner[leaves, 0], corner[leaves, 1] = x, y
                        for k in range(start, end):
                            leaf_edges[used_edges] = entries[k]
                            used_edges += 1
                        for k in range(count):
                            leaf_held[used_held] = held[k]
                            used_held += 1
                        leaves += 1
                        first_edge[leaves], first_held[leaves] = used_edges, used_held
                        used_lines = more
                count = cross_over(ends, sides, entries, start, end, x, next_x, y, held, count)
                x = next_x
        task += 1
    return (
        codes[:used_codes], rasters[:tasks], lines[:used_lines], first_line[:leaves], first_edge[: leaves + 1],
        leaf_edges[:used_edges], corner[:leaves], first_held[: leaves + 1], leaf_held[:used_held],
        clashes[:used_clashes], places[:used_clashes],
    )  # fmt: skip
