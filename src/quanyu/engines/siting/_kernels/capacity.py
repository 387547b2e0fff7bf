"""What a site of limited capacity is worth at given prices of the customers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def price_capacities(
    start: Any, rows: Any, cost: Any, weight: Any, capacity: Any, dual: Any, scale: Any, taken: Any
) -> Any:
    """Return for each site a lower bound of the cost it saves, in whole numbers: a knapsack filled by best ratio.

    A customer i of site j (position e) saves ``dual[i] − scale · cost[e]`` and needs ``weight[i]``; the last one is cut
    to what fits, rounded up in favour of the bound. ``taken`` (positions) becomes the share each position is filled.
    """
    m = len(start) - 1
    reduced = np.zeros(m, np.int64)
    taken[:] = 0.0
    for j in range(m):
        size = start[j + 1] - start[j]
        ratio = np.empty(size)
        for e in range(size):
            i = rows[start[j] + e]
            value = dual[i] - scale * cost[start[j] + e]
            ratio[e] = -value / max(weight[i], 1e-9) if value > 0 else 0.0
        left = capacity[j]
        for e in np.argsort(ratio, kind="mergesort"):
            if ratio[e] >= 0.0 or (left <= 0 and weight[rows[start[j] + e]] > 0):
                break
            at = start[j] + e
            i = rows[at]
            value = dual[i] - scale * cost[at]
            if weight[i] <= left:
                reduced[j] -= value
                left -= weight[i]
                taken[at] = 1.0
            elif weight[i] <= capacity[j]:
                reduced[j] -= np.int64(np.ceil(value * (left / weight[i]) * (1.0 + 1e-12))) + 1
                taken[at] = left / weight[i]
                left = 0
                break
    return reduced
