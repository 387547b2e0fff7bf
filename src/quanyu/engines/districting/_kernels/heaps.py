"""A heap of words, least first: a key in the upper half of a word, the number of an atom or an edge in the lower."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Keys lie in [0, 4096), in steps of a millionth.
KEY_UNIT, MOST_KEY = float(1 << 20), 4095.9
NUMBER = np.uint64((1 << 32) - 1)
HALF = np.uint64(32)
LAST = np.uint64((1 << 64) - 1)


@njit(cache=True, nogil=True)
def push(heap: Any, size: Any, key: Any, number: Any) -> Any:
    """Add a number to the heap; return its new size."""
    item = (np.uint64(min(max(key, 0.0), MOST_KEY) * KEY_UNIT) << HALF) | np.uint64(number)
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if heap[up] <= item:
            break
        heap[i] = heap[up]
        i = up
    heap[i] = item
    return size + 1


@njit(cache=True, nogil=True)
def first(heap: Any) -> Any:
    """Return the number with the least key."""
    return np.int64(heap[0] & NUMBER)


@njit(cache=True, nogil=True)
def first_key(heap: Any) -> Any:
    """Return the least key."""
    return float(heap[0] >> HALF) / KEY_UNIT


@njit(cache=True, nogil=True)
def pop(heap: Any, size: Any) -> Any:
    """Take the number with the least key off the heap; return its new size.

    The hole goes down to a leaf without a look at the last item, which nearly always belongs far down: a comparison
    that a processor cannot guess costs more than some moves.
    """
    size -= 1
    item = heap[size]
    heap[size] = LAST
    i, child = 0, 1
    while child < size:
        child += int(heap[child + 1] < heap[child])
        heap[i] = heap[child]
        i = child
        child = 2 * i + 1
    while i > 0 and heap[(i - 1) >> 1] > item:
        heap[i] = heap[(i - 1) >> 1]
        i = (i - 1) >> 1
    heap[i] = item
    return size
