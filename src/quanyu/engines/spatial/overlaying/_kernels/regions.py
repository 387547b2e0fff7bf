"""Regions: which face of the network lies in which polygons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def areas_of_walks(x: Any, y: Any, low: Any, high: Any, walk: Any, walks: Any) -> Any:
    """Return the area that each walk has on its left, negative for the ground around it."""
    area, corner = np.zeros(walks), np.full(walks, -1, dtype=np.int64)
    for h in range(len(walk)):
        if walk[h] >= 0:
            a, b = (low[h >> 1], high[h >> 1]) if h & 1 == 0 else (high[h >> 1], low[h >> 1])
            # Seen from its own first corner a small face far from the origin loses no digits.
            if corner[walk[h]] < 0:
                corner[walk[h]] = a
            c = corner[walk[h]]
            area[walk[h]] += ((x[a] - x[c]) * (y[b] - y[c]) - (x[b] - x[c]) * (y[a] - y[c])) / 2.0
    return area


@njit(cache=True, nogil=True)
def _by_cell(x: Any, y: Any, cells: Any) -> Any:
    """Return the points in the rows of a raster, ordered by cell; those to its right stand in the last column."""
    cell = np.empty(len(x), dtype=np.int64)
    start = np.zeros(cells.columns * cells.rows + 1, dtype=np.int64)
    for i in range(len(x)):
        row = np.int64(np.floor((y[i] - cells.y0) / cells.side))
        column = min(np.int64((x[i] - cells.x0) / cells.side), cells.columns - 1)
        inside = 0 <= row < cells.rows and x[i] >= cells.x0
        cell[i] = row * cells.columns + column if inside else -1
        if inside:
            start[cell[i] + 1] += 1
    start = np.cumsum(start)
    order = np.empty(start[-1], dtype=np.int64)
    for i in range(len(x)):
        if cell[i] >= 0:
            order[start[cell[i]]] = i
            start[cell[i]] += 1
    return order


@njit(cache=True, nogil=True)
def halves_to_the_left(x: Any, y: Any, margin: Any, ends: Any, there: Any, cells: Any) -> Any:
    """Return, for each point, the half-edge that has it on its left: of the nearest segment to the west, −1 without.

    Parameters
    ----------
    x, y : points
    margin : how far west of the point a segment has to pass
    ends, there : x, y, x, y of the segments, and which of them to look at
    cells : the raster of the segments
    """
    # Point after point in one cell, what is read of the raster stays at hand.
    order = _by_cell(x, y, cells)
    x_of, y_of = x[order], y[order]
    found = np.full(len(order), -1, dtype=np.int64)
    for i in range(len(order)):
        row = np.int64(np.floor((y_of[i] - cells.y0) / cells.side))
        nearest = -np.inf
        for column in range(min(np.int64((x_of[i] - cells.x0) / cells.side), cells.columns - 1), -1, -1):
            cell = row * cells.columns + column
            for k in range(cells.start[cell], cells.start[cell + 1]):
                s = cells.entries[k]
                # A point as high as an end counts as lower: on a level border it belongs below.
                if not there[s] or (ends[s, 1] < y_of[i]) == (ends[s, 3] < y_of[i]):
                    continue
                share = (y_of[i] - ends[s, 1]) / (ends[s, 3] - ends[s, 1])
                at = ends[s, 0] + share * (ends[s, 2] - ends[s, 0])
                if at > x_of[i] - margin or at < nearest:
                    continue
                # Two that end in one node as high as the point part again just below, where the point counts.
                if at > nearest or _is_east(ends[s], ends[found[i] >> 1]):
                    nearest = at
                    found[i] = 2 * s if ends[s, 1] > ends[s, 3] else 2 * s + 1
            if nearest >= cells.x0 + column * cells.side:
                break
    result = np.full(len(x), -1, dtype=np.int64)
    result[order] = found
    return result


@njit(cache=True, nogil=True)
def _is_east(one: Any, other: Any) -> Any:
    """Whether of two segments with the same upper end the first is the eastern below it."""
    slope = (one[2] - one[0]) / (one[3] - one[1])
    return slope < (other[2] - other[0]) / (other[3] - other[1])


@njit(cache=True, nogil=True)
def name_faces(segments: Any, layer_of: Any, name: Any, face: Any, faces: Any, layers: Any) -> Any:
    """Return, for each face and layer, the sum of the names of the polygons that hold it.

    Parameters
    ----------
    segments : the segments with their claims
    layer_of, name : (p,) layer and name of each polygon, a number
    face : (2s,) face on the left of each half-edge, −1 where a segment bounds none; face 0 is outside all
    faces, layers : how many
    """
    start = np.zeros(faces + 1, dtype=np.int64)
    for h in range(len(face)):
        if face[h] >= 0:
            start[face[h] + 1] += 1
    start = np.cumsum(start)
    half, filled = np.empty(start[-1], dtype=np.int64), start[:-1].copy()
    for h in range(len(face)):
        if face[h] >= 0:
            half[filled[face[h]]] = h
            filled[face[h]] += 1
    total = np.zeros((faces, layers), dtype=np.int64)
    seen, queue = np.zeros(faces, dtype=np.bool_), np.empty(faces, dtype=np.int64)
    queue[0], seen[0], ends = 0, True, 1
    for at in range(faces):
        if at == ends:
            break
        here = queue[at]
        for k in range(start[here], start[here + 1]):
            h = half[k]
            there = face[h ^ 1]
            if seen[there]:
                continue
            seen[there] = True
            queue[ends] = there
            ends += 1
            total[there] = total[here]
            for c in range(segments.first[h >> 1], segments.first[(h >> 1) + 1]):
                # Over the half-edge, from left to right: its left's polygons are left, its right's entered.
                turn = -1 if segments.on_left[c] == (h & 1 == 0) else 1
                polygon = segments.owner[c]
                total[there, layer_of[polygon]] += turn * name[polygon]
    return total
