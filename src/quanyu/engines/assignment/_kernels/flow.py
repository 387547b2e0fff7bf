"""Places by number: the cheapest assignment by shortest augmenting paths, with the prices that prove it."""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quanyu.engines.arrays import IntArray

NONE = -1
FAR = np.iinfo(np.int64).max


class Flow(NamedTuple):
    """The candidate of each task, and of each agent the price of a place, its load and its tasks, linked both ways."""

    entry: IntArray
    price: IntArray
    used: IntArray
    first: IntArray
    after: IntArray
    before: IntArray


class Reach(NamedTuple):
    """How far the agents are from a newcomer, by which task and candidate, and the ``seen`` of them."""

    distance: IntArray
    task: IntArray
    entry: IntArray
    seen: IntArray


@njit(cache=True, nogil=True)
def assign_places(candidates: Any, capacity: Any, alone: Any, flow: Any, reach: Any) -> Any:
    """Give every task one of its candidates, or none, at the least cost in all.

    Candidates of a task stand in the order of their costs; ``alone`` (n,) is the cost of leaving a task out. Tasks come
    in one by one. Each takes the shortest path of tasks that make room for each other, to a free place or to a task
    that is left out. Of its candidates a task always has the least ``cost + price``, which proves the answer.
    """
    for t in range(len(alone)):
        shortest, end, out, count = _path(candidates, capacity, alone, flow, reach, t)
        if out != t:
            if out != NONE:
                end = candidates.agent[flow.entry[out]]
                _unlink(flow, out, end)
                flow.entry[out] = NONE
            s = NONE
            while s != t:
                s, e = reach.task[end], reach.entry[end]
                old, here = flow.entry[s], end
                if old != NONE:
                    end = candidates.agent[old]
                    _unlink(flow, s, end)
                _link(flow, s, here)
                flow.entry[s] = e
        for i in range(count):
            a = reach.seen[i]
            if reach.distance[a] < shortest:
                flow.price[a] += shortest - reach.distance[a]
            reach.distance[a] = FAR


@njit(cache=True, nogil=True)
def _path(candidates: Any, capacity: Any, alone: Any, flow: Any, reach: Any, newcomer: Any) -> Any:
    """Return the shortest distance, the free agent or the task left out at its end, and how many agents were seen."""
    shortest, end, out, count = alone[newcomer], NONE, newcomer, 0
    heap = [(np.int64(0), np.int64(NONE))]
    while len(heap) > 0:
        length, a = heapq.heappop(heap)
        if length >= shortest:
            break
        if a != NONE and length > reach.distance[a]:
            continue
        s = newcomer if a == NONE else flow.first[a]
        while s != NONE:
            # What the task would pay were it to leave, less what it pays where it is.
            base = length if a == NONE else length - candidates.cost[flow.entry[s]] - flow.price[a]
            if base + alone[s] < shortest:
                shortest, end, out = base + alone[s], NONE, s
            for e in range(candidates.indptr[s], candidates.indptr[s + 1]):
                if base + candidates.cost[e] >= shortest:
                    break
                b = candidates.agent[e]
                further = base + candidates.cost[e] + flow.price[b]
                if further < min(reach.distance[b], shortest):
                    if reach.distance[b] == FAR:
                        reach.seen[count] = b
                        count += 1
                    reach.distance[b], reach.task[b], reach.entry[b] = further, s, e
                    if flow.used[b] < capacity[b]:
                        shortest, end, out = further, b, NONE
                    else:
                        heapq.heappush(heap, (further, np.int64(b)))
            s = NONE if a == NONE else flow.after[s]
    return shortest, end, out, count


@njit(cache=True, nogil=True)
def _unlink(flow: Any, t: Any, a: Any) -> Any:
    """Take task t from agent a."""
    previous, following = flow.before[t], flow.after[t]
    if previous == NONE:
        flow.first[a] = following
    else:
        flow.after[previous] = following
    if following != NONE:
        flow.before[following] = previous
    flow.used[a] -= 1


@njit(cache=True, nogil=True)
def _link(flow: Any, t: Any, a: Any) -> Any:
    """Give task t to agent a."""
    head = flow.first[a]
    flow.before[t], flow.after[t], flow.first[a] = NONE, head, t
    if head != NONE:
        flow.before[head] = t
    flow.used[a] += 1
