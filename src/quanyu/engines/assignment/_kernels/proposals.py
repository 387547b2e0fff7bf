"""Deferred acceptance: applicants propose, posts hold on to the best so far."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

NONE = -1


@njit(cache=True, nogil=True)
def propose(indptr: Any, post: Any, standing: Any, places: Any) -> Any:
    """Return the wish that each applicant is given, −1 for none.

    The wishes of applicant i are ``indptr[i]`` to ``indptr[i + 1]``, best first; ``standing`` is where the applicant
    stands at that post, 0 the best, all different. A post keeps its holders as a heap, the worst on top.
    """
    n = len(indptr) - 1
    given, following = np.full(n, NONE), indptr[:-1].copy()
    start = np.zeros(len(places) + 1, dtype=np.int64)
    start[1:] = np.cumsum(places)
    heap, owner = np.empty(start[-1], dtype=np.int64), np.empty(start[-1], dtype=np.int64)
    held = np.zeros(len(places), dtype=np.int64)
    for newcomer in range(n):
        i = newcomer
        while i != NONE and following[i] < indptr[i + 1]:
            e = following[i]
            following[i] += 1
            p = post[e]
            if held[p] < places[p]:
                _rise(heap, owner, start[p], held[p], standing[e], i)
                held[p] += 1
                given[i] = e
                i = NONE
            elif held[p] > 0 and standing[e] < heap[start[p]]:
                loser = owner[start[p]]
                _sink(heap, owner, start[p], held[p], standing[e], i)
                given[i], given[loser] = e, NONE
                i = loser
    return given


@njit(cache=True, nogil=True)
def _rise(heap: Any, owner: Any, start: Any, size: Any, key: Any, who: Any) -> Any:
    """Add a key to a heap of ``size``."""
    k = size
    while k > 0 and heap[start + (k - 1) // 2] < key:
        heap[start + k], owner[start + k] = heap[start + (k - 1) // 2], owner[start + (k - 1) // 2]
        k = (k - 1) // 2
    heap[start + k], owner[start + k] = key, who


@njit(cache=True, nogil=True)
def _sink(heap: Any, owner: Any, start: Any, size: Any, key: Any, who: Any) -> Any:
    """Put a key in the place of the top of a heap of ``size``."""
    k = 0
    while 2 * k + 1 < size:
        child = 2 * k + 1
        if child + 1 < size and heap[start + child + 1] > heap[start + child]:
            child += 1
        if heap[start + child] <= key:
            break
        heap[start + k], owner[start + k] = heap[start + child], owner[start + child]
        k = child
    heap[start + k], owner[start + k] = key, who
