"""Nodes: points that lie within a distance of each other are one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# The side of a cell of the hash table, in distances: the larger, the fewer points have to look into several.
SIDE = 8
POSITIVE = 0x7FFFFFFFFFFFFFFF


@njit(cache=True, nogil=True)
def _cell(value: Any, side: Any) -> Any:
    return np.int64(np.floor(value / side))


@njit(cache=True, nogil=True)
def _slot_of(cell_x: Any, cell_y: Any, table: Any, x: Any, y: Any, side: Any) -> Any:
    """Return the slot of a cell in the table of the cells' last nodes, or the empty one that it would take."""
    mixed = np.uint64(cell_x & POSITIVE) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= np.uint64(cell_y & POSITIVE) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x165667B19E3779F9)
    slot = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(len(table) - 1))
    while table[slot] >= 0 and (_cell(x[table[slot]], side) != cell_x or _cell(y[table[slot]], side) != cell_y):
        slot = (slot + 1) & (len(table) - 1)
    return slot


@njit(cache=True, nogil=True)
def cluster(x: Any, y: Any, within: Any) -> Any:
    """Return the node of each point, and the coordinates of the nodes.

    Points come in turn: one becomes the nearest node within the distance, the earliest of those, or a new node. So
    nodes lie farther apart than the distance, and points that do so already are the nodes, in their order.
    """
    size = 16
    while size < 2 * len(x):
        size *= 2
    table = np.full(size, -1, dtype=np.int32)
    behind, node_of = np.empty(len(x), dtype=np.int32), np.empty(len(x), dtype=np.int64)
    node_x, node_y = np.empty(len(x)), np.empty(len(x))
    side, count, best = SIDE * within, 0, 0
    for i in range(len(x)):
        # The next corner of a border is often the one before, in the polygon that has it the other way round.
        if best > 0 and node_x[best - 1] == x[i] and node_y[best - 1] == y[i]:
            best -= 1
            node_of[i] = best
            continue
        best, nearest = -1, within * within
        for cell_x in range(_cell(x[i] - within, side), _cell(x[i] + within, side) + 1):
            for cell_y in range(_cell(y[i] - within, side), _cell(y[i] + within, side) + 1):
                k = table[_slot_of(cell_x, cell_y, table, node_x, node_y, side)]
                while k >= 0:
                    away = (node_x[k] - x[i]) ** 2 + (node_y[k] - y[i]) ** 2
                    if away < nearest or (away == nearest and (best < 0 or k < best)):
                        best, nearest = k, away
                    k = behind[k]
        if best < 0:
            best = count
            slot = _slot_of(_cell(x[i], side), _cell(y[i], side), table, node_x, node_y, side)
            node_x[best], node_y[best] = x[i], y[i]
            behind[best] = table[slot]
            table[slot] = best
            count += 1
        node_of[i] = best
    return node_of, node_x[:count].copy(), node_y[:count].copy()
