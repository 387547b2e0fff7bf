"""Snapping: lay the borders of one layer onto those of others that run beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.spatial.overlaying._kernels.splits import cell_of, nearest_share, rows_in_column


@njit(cache=True, nogil=True)
def snap_rings(xy: Any, ring: Any, ends: Any, cells: Any, within: Any) -> Any:
    """Return the vertices and rings once snapped, how many vertices moved, and how far the farthest thing did.

    A vertex goes to the nearest end of a segment within the distance, else to the nearest place of one; then each side
    takes up the ends within the distance on its way. What two rings share stays shared.

    Parameters
    ----------
    xy, ring : vertices, and the first of each ring and their number
    ends, cells : x, y, x, y of the segments that stay where they are, and their raster
    within : the distance
    """
    moved = np.empty_like(xy)
    count, farthest = 0, 0.0
    for i in range(len(xy)):
        x, y = _snapped(xy[i, 0], xy[i, 1], ends, cells, within)
        moved[i] = x, y
        if x != xy[i, 0] or y != xy[i, 1]:
            count += 1
            farthest = max(farthest, np.hypot(x - xy[i, 0], y - xy[i, 1]))
    result, rings = np.empty((len(xy) + 1024, 2)), np.empty_like(ring)
    stops, used = np.empty((64, 3)), 0
    for r in range(len(ring) - 1):
        rings[r] = used
        for i in range(ring[r], ring[r + 1]):
            here, new = 0, 0
            if i > ring[r]:
                new, stops, off = _stops(moved[i - 1], moved[i], ends, cells, within, stops)
                farthest = max(farthest, off)
            if used + new + 1 > len(result):
                longer = np.empty((2 * (used + new + 1), 2))
                longer[:used] = result[:used]
                result = longer
            for here in range(new):
                result[used] = stops[here, 1:]
                used += 1
            result[used] = moved[i]
            used += 1
    rings[len(ring) - 1] = used
    return result[:used].copy(), rings, count, farthest


@njit(cache=True, nogil=True)
def _snapped(x: Any, y: Any, ends: Any, cells: Any, within: Any) -> Any:
    """Return the nearest end of a segment within the distance, else the nearest place of one, else the point."""
    to_end, to_side = within * within, within * within
    end_x, end_y, side_x, side_y = np.nan, np.nan, x, y
    cell = cell_of(x, y, cells)
    for k in range(cells.start[cell], cells.start[cell + 1]):
        segment = ends[cells.entries[k]]
        for at in range(0, 4, 2):
            away = (segment[at] - x) ** 2 + (segment[at + 1] - y) ** 2
            if away <= to_end:
                to_end, end_x, end_y = away, segment[at], segment[at + 1]
        share, away = nearest_share(x, y, segment)
        if away <= to_side:
            to_side = away
            side_x = segment[0] + share * (segment[2] - segment[0])
            side_y = segment[1] + share * (segment[3] - segment[1])
    if np.isnan(end_x):
        return side_x, side_y
    return end_x, end_y


@njit(cache=True, nogil=True)
def _stops(start: Any, end: Any, ends: Any, cells: Any, within: Any, stops: Any) -> Any:
    """Return how many ends of segments a side passes within the distance, those ends in order, and the farthest."""
    # The ring on the other side comes the other way, and has to find the same.
    turned = start[0] > end[0] or (start[0] == end[0] and start[1] > end[1])
    side = np.array([end[0], end[1], start[0], start[1]]) if turned else np.array([start[0], start[1], end[0], end[1]])
    u1, v1 = (side[0] - cells.x0) / cells.side, (side[1] - cells.y0) / cells.side
    u2, v2 = (side[2] - cells.x0) / cells.side, (side[3] - cells.y0) / cells.side
    count, farthest = 0, 0.0
    west, east = np.int64(np.floor(u1)), np.int64(np.floor(u2))
    for column in range(max(west, np.int64(0)), min(east, cells.columns - 1) + 1):
        first, last = rows_in_column(u1, v1, u2, v2, column, cells.rows, 0.0)
        for row in range(first, last + 1):
            cell = row * cells.columns + column
            for k in range(cells.start[cell], cells.start[cell + 1]):
                for at in range(0, 4, 2):
                    x, y = ends[cells.entries[k], at], ends[cells.entries[k], at + 1]
                    share, away = nearest_share(x, y, side)
                    if not 0.0 < share < 1.0 or away > within * within:
                        continue
                    slot = count
                    while slot > 0 and stops[slot - 1, 0] > share:
                        slot -= 1
                    if slot > 0 and stops[slot - 1, 1] == x and stops[slot - 1, 2] == y:
                        continue
                    if count == len(stops):
                        longer = np.empty((2 * count, 3))
                        longer[:count] = stops
                        stops = longer
                    for above in range(count, slot, -1):
                        stops[above] = stops[above - 1]
                    stops[slot] = share, x, y
                    count += 1
                    farthest = max(farthest, np.sqrt(away))
    if turned:
        stops[:count] = stops[:count][::-1].copy()
    return count, stops, farthest
