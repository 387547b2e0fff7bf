"""Morton's curve: an order of places in which near ones mostly follow each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quanyu.engines.arrays import FloatArray

CELLS = 65535  # across the longer side


def morton(xy: FloatArray) -> NDArray[np.uint64]:
    """Return the place on the curve of each of (n, 2) points."""
    if not len(xy):
        return np.empty(0, dtype=np.uint64)
    offset = xy - xy.min(axis=0)
    cell = (offset / max(float(offset.max()), 1e-300) * CELLS).astype(np.uint64)
    place: NDArray[np.uint64] = _spread(cell[:, 0]) | _spread(cell[:, 1]) << np.uint64(1)
    return place


def _spread(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 16-bit numbers with a zero after every bit."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | bits << np.uint64(shift)) & np.uint64(mask)
    return bits
