"""Cut a block into compact regions of about a given weight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.heaps import first, pop, push
from quanyu.engines.districting._kernels.shared import NONE

# What border with earlier regions is worth, against border with the region that grows: it leaves no corners behind.
EARLIER = 0.5
# A region that stops short of this share of what was wanted joins a neighbour.
FRAGMENT = 0.5


@njit(cache=True, nogil=True)
def grow_regions(graph: Any, want: Any, label: Any) -> Any:
    """Fill ``label`` (all −1 before) with connected regions of ``want`` or a little more; return how many there are.

    A region takes the atom next whose border is enclosed the most, and the next region starts where those before
    enclose the most. Fragments join the neighbour with the longest border, so regions may weigh more.
    """
    n = len(graph.weight)
    heap, front = np.empty((2, len(graph.indices) + 1), np.uint64)
    whole, met, own = np.zeros(n), np.zeros(n), np.zeros(n)
    stamp = np.full(n, NONE)
    for u in range(n):
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            whole[u] += graph.length[e]
    fronts, unmet, count = 0, 0, 0
    total = np.zeros(n, np.int64)
    while True:
        start = NONE
        while fronts > 0 and start == NONE:
            if label[first(front)] == NONE:
                start = first(front)
            fronts = pop(front, fronts)
        while start == NONE and unmet < n:
            if label[unmet] == NONE:
                start = unmet
            unmet += 1
        if start == NONE:
            break
        size = push(heap, 0, 0.0, start)
        while size > 0 and total[count] < want:
            u = first(heap)
            size = pop(heap, size)
            if label[u] != NONE:
                continue
            label[u] = count
            total[count] += graph.weight[u]
            for e in range(graph.indptr[u], graph.indptr[u + 1]):
                v = graph.indices[e]
                if label[v] == NONE:
                    if stamp[v] != count:
                        stamp[v], own[v] = count, 0.0
                    own[v] += graph.length[e]
                    met[v] += graph.length[e]
                    size = push(heap, size, 1.0 - (own[v] + EARLIER * (met[v] - own[v])) / whole[v], v)
                    fronts = push(front, fronts, 1.0 - met[v] / whole[v], v)
        count += 1
    return _join_fragments(graph, want, total, count, label)


@njit(cache=True, nogil=True)
def _join_fragments(graph: Any, want: Any, total: Any, count: Any, label: Any) -> Any:
    """Let each region below the share ``FRAGMENT`` join its neighbour with the longest border; number them anew."""
    n = len(label)
    head = np.arange(count)
    starts, line = np.zeros(count + 1, np.int64), np.empty(n, np.int64)
    for u in range(n):
        starts[label[u] + 1] += 1
    for i in range(count):
        starts[i + 1] += starts[i]
    filled = starts[:-1].copy()
    for u in range(n):
        line[filled[label[u]]] = u
        filled[label[u]] += 1
    border = np.zeros(count)
    for i in range(count):
        mine = _root(head, i)
        if total[mine] >= FRAGMENT * want:
            continue
        best = NONE
        for turn in (0, 1):
            for at in range(starts[i], starts[i + 1]):
                for e in range(graph.indptr[line[at]], graph.indptr[line[at] + 1]):
                    other = _root(head, label[graph.indices[e]])
                    if other == mine:
                        continue
                    border[other] = border[other] + graph.length[e] if turn == 0 else 0.0
                    if turn == 0 and (best == NONE or border[other] > border[best]):
                        best = other
        if best != NONE:
            head[mine] = best
            total[best] += total[mine]
    number, regions = np.full(count, NONE), 0
    for u in range(n):
        root = _root(head, label[u])
        if number[root] == NONE:
            number[root] = regions
            regions += 1
        label[u] = number[root]
    return regions


@njit(cache=True, nogil=True)
def _root(head: Any, i: Any) -> Any:
    while head[i] != i:
        head[i] = head[head[i]]
        i = head[i]
    return i
