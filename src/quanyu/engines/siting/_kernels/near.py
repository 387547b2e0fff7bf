"""Which sites lie within a radius: the sites sorted into square cells, nine cells looked at for each point."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit


class Ground(NamedTuple):
    """Sites (m, 2) in square cells of ``width`` from ``origin`` on: cell c holds ``site[start[c]:start[c + 1]]``."""

    sites: Any
    origin: Any
    width: Any
    columns: Any
    rows: Any
    start: Any
    site: Any


@njit(cache=True, nogil=True)
def near(points: Any, ground: Any, radius: Any, indptr: Any, indices: Any, counting: Any) -> None:
    """Count the sites within ``radius``, at most a cell's width, of point i into ``indptr[i + 1]``; or, counted and
    summed, write them, growing, into ``indices``."""
    for i in range(len(points)):
        x, y = points[i, 0], points[i, 1]
        cx = int(np.floor((x - ground.origin[0]) / ground.width))
        cy = int(np.floor((y - ground.origin[1]) / ground.width))
        first, last = max(cx - 1, 0), min(cx + 2, ground.columns)
        at = indptr[i]
        found = 0
        for row in range(max(cy - 1, 0), min(cy + 2, ground.rows)):
            if first >= last:
                break
            for e in range(ground.start[row * ground.columns + first], ground.start[row * ground.columns + last]):
                j = ground.site[e]
                dx, dy = ground.sites[j, 0] - x, ground.sites[j, 1] - y
                if dx * dx + dy * dy <= radius * radius:
                    if not counting:
                        _insert(indices, at, at + found, j)
                    found += 1
        if counting:
            indptr[i + 1] = found


@njit(cache=True, nogil=True)
def _insert(indices: Any, begin: Any, end: Any, value: Any) -> None:
    """Put a value into the growing list [begin, end), which grows by one."""
    while end > begin and indices[end - 1] > value:
        indices[end] = indices[end - 1]
        end -= 1
    indices[end] = value
