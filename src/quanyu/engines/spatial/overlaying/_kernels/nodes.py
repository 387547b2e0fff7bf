"""Nodes: points of a lattice, each numbered once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def number_points(x: Any, y: Any, bits_x: Any, bits_y: Any) -> Any:
    """Return the number of each point, equal ones having the same, and the coordinates of the distinct points.

    ``bits_x`` and ``bits_y`` are the coordinates read as uint64; there is no −0.
    """
    size = 16
    while 3 * size < 4 * len(x):
        size *= 2
    table = np.full(size, -1, dtype=np.int32)
    number = np.empty(len(x), dtype=np.int64)
    node_x, node_y = np.empty(len(x)), np.empty(len(x))
    count, found = 0, 0
    for i in range(len(x)):
        # The next corner of a border is often the one before, in the polygon that has it the other way round.
        if found > 0 and node_x[found - 1] == x[i] and node_y[found - 1] == y[i]:
            found -= 1
            number[i] = found
            continue
        mixed = bits_x[i] * np.uint64(0x9E3779B97F4A7C15) ^ bits_y[i] * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x165667B19E3779F9)
        slot = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(size - 1))
        found = table[slot]
        while found >= 0 and (node_x[found] != x[i] or node_y[found] != y[i]):
            slot = (slot + 1) & (size - 1)
            found = table[slot]
        if found < 0:
            found = count
            table[slot] = found
            node_x[found], node_y[found] = x[i], y[i]
            count += 1
        number[i] = found
    return number, node_x[:count].copy(), node_y[:count].copy()
