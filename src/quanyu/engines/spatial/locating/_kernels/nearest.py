"""The nearest of a set of edges, by a packed tree of boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Children of a box, and edges of a leaf.
FANOUT = 8


@njit(cache=True, nogil=True)
def box_distance(boxes: Any, i: Any, x: Any, y: Any) -> Any:
    """Return the squared distance from a point to a box."""
    dx = max(boxes[i, 0] - x, 0.0, x - boxes[i, 2])
    dy = max(boxes[i, 1] - y, 0.0, y - boxes[i, 3])
    return dx * dx + dy * dy


@njit(cache=True, nogil=True)
def edge_distance(edges: Any, e: Any, x: Any, y: Any) -> Any:
    """Return the squared distance from a point to an edge."""
    ends = edges.ends
    dx, dy = ends[e, 2] - ends[e, 0], ends[e, 3] - ends[e, 1]
    px, py = x - ends[e, 0], y - ends[e, 1]
    share = min(max((px * dx + py * dy) / (dx * dx + dy * dy), 0.0), 1.0)
    if share == 1.0:
        return (x - ends[e, 2]) ** 2 + (y - ends[e, 3]) ** 2
    if share > 0.0:
        return (px * dy - py * dx) ** 2 / (dx * dx + dy * dy)
    return px * px + py * py


@njit(cache=True, nogil=True)
def nearest_edge(edges: Any, tree: Any, x: Any, y: Any, polygon: Any, distance: Any) -> Any:
    """Write the polygon of the nearest edge of the tree, and its distance, where ``polygon`` is −1; the rest get 0."""
    waiting = np.empty(16 * FANOUT, dtype=np.int64)
    level = np.empty(16 * FANOUT, dtype=np.int64)
    ahead = np.empty(16 * FANOUT)
    top = len(tree.first) - 2
    for i in range(len(x)):
        distance[i] = 0.0
        if polygon[i] >= 0:
            continue
        best = np.inf
        waiting[0], level[0], ahead[0], count = 0, top, 0.0, 1
        while count > 0:
            count -= 1
            node, depth = waiting[count], level[count]
            if ahead[count] > best:
                continue
            if depth == 0:
                for k in range(node * FANOUT, min((node + 1) * FANOUT, len(tree.edges))):
                    e = tree.edges[k]
                    d = edge_distance(edges, e, x[i], y[i])
                    own = max(edges.sides[e, 0], edges.sides[e, 1])
                    if d < best or (d == best and own < polygon[i]):
                        best, polygon[i] = d, own
                continue
            base = tree.first[depth - 1]
            begin = count
            for k in range(node * FANOUT, min((node + 1) * FANOUT, tree.first[depth] - base)):
                d = box_distance(tree.boxes, base + k, x[i], y[i])
                if d > best:
                    continue
                at = count
                while at > begin and ahead[at - 1] < d:
                    waiting[at], level[at], ahead[at] = waiting[at - 1], level[at - 1], ahead[at - 1]
                    at -= 1
                waiting[at], level[at], ahead[at] = k, depth - 1, d
                count += 1
        distance[i] = np.sqrt(best)
