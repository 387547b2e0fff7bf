"""Which atoms go together in any plan, or may go together without loss: pendant pieces, ground without households."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.shared import NONE


@njit(cache=True, nogil=True)
def join_pendants(indptr: Any, indices: Any, weight: Any, lower: Any, root: Any, head: Any) -> Any:
    """Set ``head[v]`` to the cut vertex that v must share a district with (v itself if none).

    A piece that one atom parts from the rest and that is lighter than ``lower`` holds no district of its own, so all
    of it goes with that atom. Returns an atom from which the pieces on the far side of ``root`` are seen as well, or
    −1 where this walk saw all (Tarjan's low points, depth first from ``root``).
    """
    n = len(weight)
    when = np.full(n, NONE, np.int64)
    low = np.empty(n, np.int64)
    parent = np.full(n, NONE, np.int64)
    order = np.empty(n, np.int64)
    entry = indptr[:-1].copy()
    below = weight.copy()
    parted = np.zeros(n, np.int64)
    joined = np.zeros(n, np.bool_)
    when[root], low[root], order[0] = 0, 0, root
    count, at = 1, root
    while at != NONE:
        if entry[at] < indptr[at + 1]:
            v = indices[entry[at]]
            entry[at] += 1
            if when[v] == NONE:
                when[v], low[v], parent[v], order[count] = count, count, at, v
                count += 1
                at = v
            elif v != parent[at]:
                low[at] = min(low[at], when[v])
        else:
            p = parent[at]
            if p != NONE:
                low[p] = min(low[p], low[at])
                below[p] += below[at]
                if low[at] >= when[p]:
                    parted[p] += below[at]
                    joined[at] = below[at] < lower
            at = p
    again = NONE
    inside = np.zeros(n, np.bool_)
    head[root] = root
    for i in range(1, count):
        v = order[i]
        p = parent[v]
        inside[v] = joined[v] or inside[p]
        head[v] = head[p] if inside[v] else v
        if parted[v] > 0 and below[root] - weight[v] - parted[v] < lower:
            again = v
    return again


@njit(cache=True, nogil=True)
def absorb_empty(graph: Any, owner: Any, follows: Any, group: Any) -> None:
    """Give every atom whose ``group`` is −1 the group beside it, nearest first, of those that of the longest border.

    With ``follows`` an atom first joins groups of its own ``owner`` only.
    """
    n = len(group)
    layer = np.full(n, NONE, np.int64)
    queue = np.empty(n, np.int64)
    border = np.zeros(n)
    for apart in (True, False):
        if apart and not follows:
            continue
        tail = 0
        for u in range(n):
            layer[u] = NONE
            if group[u] != NONE:
                layer[u] = 0
                queue[tail] = u
                tail += 1
        head = 0
        while head < tail:
            u = queue[head]
            head += 1
            if layer[u] > 0:
                group[u] = _longest(graph, owner, group, layer, border, apart, u)
            for e in range(graph.indptr[u], graph.indptr[u + 1]):
                v = graph.indices[e]
                if layer[v] == NONE and (not apart or owner[v] == owner[u]):
                    layer[v] = layer[u] + 1
                    queue[tail] = v
                    tail += 1


@njit(cache=True, nogil=True)
def _longest(graph: Any, owner: Any, group: Any, layer: Any, border: Any, apart: Any, u: Any) -> Any:
    """Return the group of the layer before u with the longest border to u."""
    best = NONE
    for e in range(graph.indptr[u], graph.indptr[u + 1]):
        v = graph.indices[e]
        if layer[v] == layer[u] - 1 and (not apart or owner[v] == owner[u]):
            border[group[v]] += graph.length[e]
            if best == NONE or border[group[v]] > border[best]:
                best = group[v]
    for e in range(graph.indptr[u], graph.indptr[u + 1]):
        if group[graph.indices[e]] != NONE:
            border[group[graph.indices[e]]] = 0.0
    return best
