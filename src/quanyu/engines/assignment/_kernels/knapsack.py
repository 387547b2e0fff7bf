"""The knapsack of one agent: which of its candidate tasks are worth most within its capacity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Capacities beyond so many units are counted in coarser ones. Loads and capacity are rounded down alike, so that what
# fits still fits: the value can only grow, and a bound made of it stays one.
MOST_CELLS = 10_000
# An item is settled only where the bound speaks against it by more than the error of this arithmetic.
ROUNDING = 1e-9


@njit(cache=True, nogil=True)
def knapsack(profit: Any, load: Any, count: Any, capacity: Any, taken: Any, table: Any) -> Any:
    """Mark in ``taken`` the items worth most in all; return their profit and that of a unit of capacity.

    The first ``count`` items are looked at; their profits are positive and each fits alone. Items whose profit by unit
    lies far from that of the item that breaks the capacity are settled by the linear bound, and the few between them
    by a table. ``table`` is room for a bit for each item and unit of capacity.
    """
    for i in range(count):
        taken[i] = False
    ratio = np.empty(count)
    for i in range(count):
        ratio[i] = profit[i] / max(load[i], 1e-9)
    order = np.argsort(-ratio)
    room, value, least, unit = capacity, 0.0, 0.0, 0.0
    bound = -1.0
    for i in order:
        if load[i] <= room:
            room -= load[i]
            value += profit[i]
        elif bound < 0.0:
            unit = ratio[i]
            bound = value + room * unit
    if bound < 0.0:
        for i in range(count):
            taken[i] = True
        return value, 0.0
    least = value - ROUNDING * bound
    core = np.empty(count, dtype=np.int64)
    size, room, value = 0, capacity, 0.0
    for i in order:
        surplus = profit[i] - unit * load[i]
        if bound - abs(surplus) >= least:
            core[size] = i
            size += 1
        elif surplus > 0.0:
            taken[i] = True
            room -= load[i]
            value += profit[i]
    return value + _by_table(profit, load, core, size, room, taken, table), unit


@njit(cache=True, nogil=True)
def _by_table(profit: Any, load: Any, core: Any, size: Any, room: Any, taken: Any, table: Any) -> Any:
    """Return the most profit of the ``core`` in ``room``, and mark its items: best[r] for every room r."""
    grain = room // MOST_CELLS + 1
    cells, later = room // grain, 0
    best, better = np.zeros(cells + 1), np.zeros(cells + 1)
    for k in range(size):
        later += load[core[k]] // grain
    for k in range(size):
        gain, weight = profit[core[k]], load[core[k]] // grain
        later -= weight
        # Less room than the later items leave is never asked for. Two arrays in turns, so that the loop can be vector
        # code.
        low = max(0, cells - later)
        for r in range(low, min(weight, cells + 1)):
            better[r], table[k, r] = best[r], False
        for r in range(max(low, weight), cells + 1):
            more = best[r - weight] + gain
            table[k, r] = more > best[r]
            better[r] = max(more, best[r])
        best, better = better, best
    r = cells
    for k in range(size - 1, -1, -1):
        if table[k, r]:
            taken[core[k]] = True
            r -= load[core[k]] // grain
    return best[cells]
