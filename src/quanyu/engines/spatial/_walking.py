"""Walk along segments that meet only at their ends, with the ground always on the left: a kernel of numba.

Half-edge 2k runs along segment k, half-edge 2k + 1 back. ``kernel.py_func`` is the same walk in plain Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def walk_rings(start: Any, end: Any, x: Any, y: Any) -> Any:
    """Return the walk and the ring of each half-edge, and the half-edges in the order of the rings.

    Parameters
    ----------
    start, end : (s,) vertex at both ends of each segment
    x, y : (v,) coordinates of the vertices

    Returns
    -------
    walk : (2s,) walk of each half-edge; −1 for segments that bound nothing, since they end nowhere or have one face
        on both sides
    order, stops : half-edges ring by ring, and where each ring stops in ``order``; a walk that passes a vertex twice
        is several rings
    """
    walk, after = walk_faces(start, end, x, y)
    order, stops = _split_where_it_meets_itself(start, end, len(x), after, walk)
    return walk, order, stops


@njit(cache=True, nogil=True)
def walk_faces(start: Any, end: Any, x: Any, y: Any) -> Any:
    """Return the walk of each half-edge as :func:`walk_rings` does, and the half-edge that follows it."""
    there = np.ones(len(start), dtype=np.bool_)
    while True:
        _drop_dangles(start, end, len(x), there)
        after = _next_on_the_left(start, end, x, y, there)
        walk = _walks(after, there)
        idle = 0
        for k in range(len(start)):
            if there[k] and walk[2 * k] == walk[2 * k + 1]:
                there[k] = False
                idle += 1
        if idle == 0:
            return walk, after


@njit(cache=True, nogil=True)
def _drop_dangles(start: Any, end: Any, vertices: Any, there: Any) -> None:
    """Take away segments with an end that no other segment shares, until none is left."""
    degree = np.zeros(vertices, dtype=np.int64)
    # The sum of the segments at a vertex names the only one, once but one is gone.
    total = np.zeros(vertices, dtype=np.int64)
    for k in range(len(start)):
        if there[k]:
            for v in (start[k], end[k]):
                degree[v] += 1
                total[v] += k
    for first in range(vertices):
        v = first
        while degree[v] == 1:
            k = total[v]
            there[k] = False
            for u in (start[k], end[k]):
                degree[u] -= 1
                total[u] -= k
            v = start[k] + end[k] - v


@njit(cache=True, nogil=True)
def _next_on_the_left(start: Any, end: Any, x: Any, y: Any, there: Any) -> Any:
    """Return the half-edge that follows each one around the face on its left."""
    first = np.zeros(len(x) + 1, dtype=np.int64)
    for k in range(len(start)):
        if there[k]:
            first[start[k] + 1] += 1
            first[end[k] + 1] += 1
    first = np.cumsum(first)
    filled = first[:-1].copy()
    out = np.empty(first[-1], dtype=np.int64)
    angle = np.empty(first[-1])
    for k in range(len(start)):
        if there[k]:
            for side in range(2):
                v, u = (start[k], end[k]) if side == 0 else (end[k], start[k])
                # Of two, each follows the other.
                turn = np.arctan2(y[u] - y[v], x[u] - x[v]) if first[v + 1] - first[v] > 2 else 0.0
                at = filled[v]
                while at > first[v] and angle[at - 1] > turn:
                    angle[at], out[at] = angle[at - 1], out[at - 1]
                    at -= 1
                angle[at], out[at] = turn, 2 * k + side
                filled[v] += 1
    after = np.full(2 * len(start), -1, dtype=np.int64)
    for v in range(len(x)):
        for at in range(first[v], first[v + 1]):
            # Arriving against `out[at]`, the face on the left goes on along the next half-edge clockwise.
            after[out[at] ^ 1] = out[at - 1] if at > first[v] else out[first[v + 1] - 1]
    return after


@njit(cache=True, nogil=True)
def _walks(after: Any, there: Any) -> Any:
    walk = np.full(len(after), -1, dtype=np.int64)
    count = 0
    for begin in range(len(after)):
        if there[begin // 2] and walk[begin] < 0:
            h = begin
            while walk[h] < 0:
                walk[h] = count
                h = after[h]
            count += 1
    return walk


@njit(cache=True, nogil=True)
def _split_where_it_meets_itself(start: Any, end: Any, vertices: Any, after: Any, walk: Any) -> Any:
    order = np.empty(np.count_nonzero(walk >= 0), dtype=np.int64)
    stops = np.empty(len(order), dtype=np.int64)
    written, rings = 0, 0
    stack = np.empty(len(order), dtype=np.int64)
    place = np.full(vertices, -1, dtype=np.int64)
    done = np.zeros(len(walk), dtype=np.bool_)
    for begin in range(len(walk)):
        if walk[begin] < 0 or done[begin]:
            continue
        height = 0
        h = begin
        while not done[h]:
            done[h] = True
            place[start[h // 2] if h % 2 == 0 else end[h // 2]] = height
            stack[height] = h
            height += 1
            target = end[h // 2] if h % 2 == 0 else start[h // 2]
            low = place[target]
            if low >= 0:
                for at in range(low, height):
                    order[written + at - low] = stack[at]
                    place[start[stack[at] // 2] if stack[at] % 2 == 0 else end[stack[at] // 2]] = -1
                # Along a segment and back along its double there is no ground.
                if height - low > 2:
                    written += height - low
                    stops[rings] = written
                    rings += 1
                height = low
            h = after[h]
    return order[:written].copy(), stops[:rings].copy()
