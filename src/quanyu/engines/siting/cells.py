"""Points sorted into square cells, so that what is near is found without looking at all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quanyu.engines.arrays import FloatArray, IntArray


class Cells(NamedTuple):
    """Cell c, column by column and row by row, holds the points ``order[start[c]:start[c + 1]]``, growing."""

    columns: int
    rows: int
    start: IntArray
    order: IntArray


def in_cells(points: FloatArray, origin: FloatArray, width: float) -> Cells:
    """Return points (n, 2), none left of or below ``origin``, in cells of ``width``."""
    column, row = np.floor((points - origin) / width).astype(np.int64).T
    columns, rows = int(column.max()) + 1, int(row.max()) + 1
    cell = row * columns + column
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(cell, minlength=columns * rows), out=start[1:])
    return Cells(columns, rows, start, np.argsort(cell, kind="stable"))
