"""The p-median: its Lagrangian dual on sorted lists of near sites, and swaps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

NONE = -1


@njit(cache=True, nogil=True)
def price_near(near: Any, cost: Any, dual: Any, scale: Any, sites: Any) -> Any:
    """Return for each site the sum of ``min(0, scale · cost − dual)`` over customers, in whole numbers.

    ``near`` (n, K) lists sites by growing ``cost``; a dual above the last cost of a list of not all sites is the
    caller's fault.
    """
    reduced = np.zeros(sites, np.int64)
    for i in range(len(dual)):
        for k in range(near.shape[1]):
            value = scale * np.int64(cost[i, k]) - dual[i]
            if value >= 0:
                break
            reduced[near[i, k]] += value
    return reduced


@njit(cache=True, nogil=True)
def ascend(
    near: Any, cost: Any, cap: Any, dual: Any, state: Any, p: Any, target: Any, steps: Any, pace: Any, mean: Any
) -> Any:
    """Raise the Lagrangian bound by deflected subgradients; return it and the choices of the best steps.

    ``state`` (sites) is 1 for sites held inside, −1 outside, 0 free. ``dual`` becomes the best one found, ``mean`` the
    share of steps in which each site was chosen, of late. A choice that is short of ``p`` ends in −1.
    """
    n, m = len(dual), len(state)
    u = dual.copy()
    reduced = np.zeros(m)
    direction = np.zeros(n)
    slope = np.zeros(n)
    chosen = np.zeros(m, np.bool_)
    inside = 0
    for j in range(m):
        inside += state[j] == 1
    free = p - inside
    best = -np.inf
    sets = np.full((8, p), NONE, np.int64)
    kept = 0
    stalled = 0
    for step in range(steps):
        reduced[:] = 0.0
        bound = 0.0
        for i in range(n):
            bound += u[i]
            for k in range(near.shape[1]):
                value = cost[i, k] - u[i]
                if value >= 0.0:
                    break
                reduced[near[i, k]] += value
        _choose(reduced, state, free, chosen)
        for j in range(m):
            if chosen[j]:
                bound += reduced[j]
        if step == 0 or bound > best + 1e-9 * abs(best):
            if step == 0 or bound > best + 1e-5 * abs(best):
                stalled = 0
            else:
                stalled += 1
            best = bound
            dual[:] = u
            at = 0
            for j in range(m):
                if chosen[j]:
                    sets[kept % 8, at] = j
                    at += 1
            for k in range(at, p):
                sets[kept % 8, k] = NONE
            kept += 1
        else:
            stalled += 1
        if best > target or pace < 1e-4:
            break
        if stalled >= 12:
            pace *= 0.75
            stalled = 0
            u[:] = dual
        for j in range(m):
            mean[j] = 0.95 * mean[j] + (0.05 if chosen[j] else 0.0)
        length = 0.0
        for i in range(n):
            slope[i] = 1.0
            for k in range(near.shape[1]):
                if cost[i, k] >= u[i]:
                    break
                if chosen[near[i, k]]:
                    slope[i] -= 1.0
            direction[i] = slope[i] + 0.3 * direction[i]
            length += direction[i] * direction[i]
        if length < 1e-12:
            break
        move = pace * max(1.05 * target - bound, 1e-3 * abs(target) + 1e-9) / length
        for i in range(n):
            u[i] = min(max(u[i] + move * direction[i], 0.0), cap[i])
    return best, sets


@njit(cache=True, nogil=True)
def _choose(reduced: Any, state: Any, free: Any, chosen: Any) -> None:
    """Mark the sites held inside and the ``free`` cheapest of the free ones."""
    count = 0
    for j in range(len(state)):
        chosen[j] = state[j] == 1
        count += state[j] == 0
    if free <= 0:
        return
    values = np.empty(count)
    at = 0
    for j in range(len(state)):
        if state[j] == 0:
            values[at] = reduced[j]
            at += 1
    edge = np.inf if count <= free else np.partition(values, free - 1)[free - 1]
    left = free
    for j in range(len(state)):
        if state[j] == 0 and reduced[j] < edge:
            chosen[j] = True
            left -= 1
    for j in range(len(state)):
        if left > 0 and state[j] == 0 and not chosen[j] and reduced[j] == edge:
            chosen[j] = True
            left -= 1


@njit(cache=True, nogil=True)
def assign_near(cost: Any, sites: Any, first: Any, second: Any) -> Any:
    """Fill the positions in ``sites`` of the nearest and second nearest of each customer; return the total cost.

    ``cost`` is (sites, customers).
    """
    total = np.int64(0)
    for i in range(cost.shape[1]):
        _nearest(cost, sites, first, second, i)
        total += cost[sites[first[i]], i]
    return total


@njit(cache=True, nogil=True)
def _nearest(cost: Any, sites: Any, first: Any, second: Any, i: Any) -> None:
    a, b = NONE, NONE
    for t in range(len(sites)):
        value = cost[sites[t], i]
        if a == NONE or value < cost[sites[a], i]:
            b = a
            a = t
        elif b == NONE or value < cost[sites[b], i]:
            b = t
    first[i], second[i] = a, b


@njit(cache=True, nogil=True)
def swap_median(
    cost: Any, candidates: Any, sites: Any, held: Any, first: Any, second: Any, offset: Any, quiet: Any, tries: Any
) -> Any:
    """Exchange sites eagerly while that lowers the total; return its change, where to go on, and ``quiet``.

    ``held`` marks positions of ``sites`` that must stay. Candidates are tried in turn from ``offset`` on, so many
    times, or until a whole round found nothing: ``quiet`` counts the last ones that did not.

    References
    ----------
    .. [1] Schubert, E. and Rousseeuw, P. J. (2021). Fast and eager k-medoids clustering. Information Systems 101.
    """
    p, n = len(sites), cost.shape[1]
    inside = np.zeros(cost.shape[0], np.bool_)
    for t in range(p):
        inside[sites[t]] = True
    loss = np.zeros(p, np.int64)
    _losses(cost, sites, first, second, loss)
    extra = np.empty(p, np.int64)
    change = np.int64(0)
    c = offset
    while quiet < len(candidates) and p > 1 and tries > 0:
        tries -= 1
        j = candidates[c]
        c = (c + 1) % len(candidates)
        quiet += 1
        if inside[j]:
            continue
        extra[:] = loss
        gain = np.int64(0)
        row = cost[j]
        for i in range(n):
            one = cost[sites[first[i]], i]
            if row[i] < one:
                gain += row[i] - one
                extra[first[i]] += one - cost[sites[second[i]], i]
            else:
                two = cost[sites[second[i]], i]
                if row[i] < two:
                    extra[first[i]] += row[i] - two
        out = cheapest(extra, held)
        if out == NONE:
            break
        if gain + extra[out] < 0:
            change += gain + extra[out]
            inside[sites[out]] = False
            inside[j] = True
            sites[out] = j
            for i in range(n):
                if first[i] == out or second[i] == out:
                    _nearest(cost, sites, first, second, i)
                elif row[i] < cost[sites[first[i]], i]:
                    second[i] = first[i]
                    first[i] = out
                elif row[i] < cost[sites[second[i]], i]:
                    second[i] = out
            _losses(cost, sites, first, second, loss)
            quiet = 0
    return change, c, quiet


@njit(cache=True, nogil=True)
def cheapest(price: Any, held: Any) -> Any:
    """Return the position of the lowest price that is not held, −1 where all are."""
    best = NONE
    for t in range(len(price)):
        if not held[t] and (best == NONE or price[t] < price[best]):
            best = t
    return best


@njit(cache=True, nogil=True)
def _losses(cost: Any, sites: Any, first: Any, second: Any, loss: Any) -> None:
    loss[:] = 0
    for i in range(cost.shape[1]):
        loss[first[i]] += cost[sites[second[i]], i] - cost[sites[first[i]], i]
