"""Ground without households: whose it is may change, as long as every district hangs together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.heaps import first, first_key, pop, push
from quanyu.engines.districting._kernels.moves import holds_without
from quanyu.engines.districting._kernels.shared import NONE, uniform

# A way leads to one of so many homes around a home, more often to a near one.
FARTHEST = 8


@njit(cache=True, nogil=True)
def outward(graph: Any, line: Any) -> Any:
    """List in ``line`` all atoms by their distance from homes; return the number of homes, which come first."""
    met = graph.weight > 0
    tail = 0
    for u in range(len(met)):
        if met[u]:
            line[tail] = u
            tail += 1
    head, homes = 0, tail
    while head < tail:
        u = line[head]
        head += 1
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            v = graph.indices[e]
            if not met[v]:
                met[v] = True
                line[tail] = v
                tail += 1
    return homes


@njit(cache=True, nogil=True)
def shed(graph: Any, label: Any, ground: Any, queue: Any, seen: Any) -> None:
    """Free (label −1) the ground that its district can spare, the last in ``ground`` first.

    With the farthest from homes last, what a district keeps are short ways between its homes.
    """
    freed = 1
    while freed > 0:
        freed = 0
        for i in range(len(ground) - 1, -1, -1):
            u = ground[i]
            if label[u] != NONE and holds_without(graph, label, u, queue, seen):
                label[u] = NONE
                freed += 1


@njit(cache=True, nogil=True)
def reach(graph: Any, label: Any, start: Any, chosen: Any, memory: Any, state: Any) -> Any:
    """Fill ``chosen`` with districts around ``start``, its own first, nearest first by steps of random length.

    Returns how many there are. They hang together, over free ground or directly.
    """
    heap, member, order = memory.heap, memory.member, memory.order
    size = push(heap, 0, 0.0, start)
    member[start], order[0] = True, start
    count, met = 0, 1
    while size > 0 and count < len(chosen):
        key, u = first_key(heap), first(heap)
        size = pop(heap, size)
        if label[u] != NONE and not (chosen[:count] == label[u]).any():
            chosen[count] = label[u]
            count += 1
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            v = graph.indices[e]
            if not member[v]:
                member[v], order[met] = True, v
                met += 1
                inside = label[u] != NONE and label[v] == label[u]
                size = push(heap, size, key if inside else key + uniform(state), v)
    for i in range(met):
        member[order[i]] = False
    return count


@njit(cache=True, nogil=True)
def claim(
    graph: Any, free: Any, homes: Any, ways: Any, most: Any, near: Any, home_of: Any, memory: Any, state: Any
) -> Any:
    """Give homes free ground: so many ways from one to another, both by chance; return the atoms they then have.

    ``home_of`` must be −1 everywhere; it gets the place in ``homes`` of each atom had, listed in ``memory.order``, the
    homes first. ``near`` gets, for each home, those that it or its ground touches, as bits: there are 64 at most. A
    way is looked for among the ``most`` atoms around a home.
    """
    order = memory.order
    for i in range(len(homes)):
        near[i] = np.uint64(0)
        home_of[homes[i]], order[i] = i, homes[i]
    count = len(homes)
    for _ in range(ways):
        home = int(uniform(state) * len(homes))
        rank = 1 + int(FARTHEST * uniform(state) ** 2)
        count = _lay_way(graph, free, homes, home, rank, count, most, home_of, memory, state)
    for i in range(count):
        u = order[i]
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            other = home_of[graph.indices[e]]
            if other != NONE and other != home_of[u]:
                near[home_of[u]] |= np.uint64(1) << np.uint64(other)
    return count


@njit(cache=True, nogil=True)
def _lay_way(
    graph: Any, free: Any, homes: Any, home: Any, rank: Any, count: Any, most: Any, home_of: Any, memory: Any,
    state: Any,
) -> Any:  # fmt: skip
    """Give a home the way to the ``rank``-th home around it, in steps of random length, over free ground and its own.

    Returns the number of atoms that homes have.
    """
    heap, member = memory.heap, memory.member
    before, met = memory.local, memory.atoms
    met[0], before[homes[home]], member[homes[home]] = homes[home], NONE, True
    size = push(heap, 0, 0.0, homes[home])
    tail, looked, goal = 1, 0, NONE
    while size > 0 and looked < most and rank > 0:
        key, u = first_key(heap), first(heap)
        size = pop(heap, size)
        looked += 1
        if home_of[u] != NONE and home_of[u] != home:
            rank -= 1
            goal = u
            continue
        for e in range(graph.indptr[u], graph.indptr[u + 1]):
            v = graph.indices[e]
            other = home_of[v]
            if not member[v] and (other == home or (free[v] if other == NONE else homes[other] == v)):
                member[v], before[v], met[tail] = True, u, v
                tail += 1
                size = push(heap, size, key if other == home else key + uniform(state), v)
    for i in range(tail):
        member[met[i]] = False
    at = before[goal] if goal != NONE else NONE
    while at != NONE:
        if home_of[at] == NONE:
            home_of[at], memory.order[count] = home, at
            count += 1
        at = before[at]
    return count
