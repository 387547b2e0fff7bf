"""Search among assignments by loads with ejection chains, guided by what a unit of each capacity is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.assignment._kernels.shared import uniform

# Tasks that a chain moves besides the one it begins with, and candidates looked at for each.
LONGEST, SAMPLE = 4, 10
# A loss of more temperatures than this is never accepted, and needs no draw.
HOPELESS = 12.0
# What the price of overload becomes after a sweep that ends with none.
CHEAPER = 0.98


@njit(cache=True, nogil=True)
def search(
    near: Any, by_agent: Any, agents: Any, plan: Any, best: Any, best_cost: Any, hot: Any, cold: Any, dearer: Any,
    sweeps: Any, state: Any,
) -> Any:  # fmt: skip
    """Carry out sweeps of chains by the rule of Metropolis; return the cost of the best plan without overload.

    What is lowered is the sum of reduced costs and of misfits: room that stays empty costs what it is worth, and so
    every chain tries to fill each agent exactly. The price of overload grows by ``dearer`` while there is some and
    shrinks while there is none, so that the search stays near the border between the two. ``best`` (n,) holds the best
    candidates.
    """
    n, cost, over, wall = len(plan.entry), 0, 0, 2.0
    for t in range(n):
        cost += near.cost[plan.entry[t]]
    for a in range(len(agents.capacity)):
        over += max(0, plan.used[a] - agents.capacity[a])
    worth = near.cost + agents.unit[near.agent] * near.load
    chain = np.empty((LONGEST, 3), dtype=np.int64)
    # Tasks that changed since the best plan was noted, so that noting another costs no more than the changes.
    changed, is_changed, changes = np.arange(n), np.ones(n, dtype=np.bool_), n
    for sweep in range(sweeps):
        warmth = hot * (cold / hot) ** (sweep / max(sweeps - 1, 1))
        for _ in range(n):
            t = int(uniform(state) * n)
            home = plan.entry[t]
            over += _fill(agents, plan, near.agent[home], -near.load[home])
            length, kept, final, loss, spilled = _chain(near, by_agent, agents, plan, worth, t, wall, chain, state)
            over += spilled
            if loss > HOPELESS * warmth or (loss > 0.0 and uniform(state) >= np.exp(-loss / warmth)):
                kept, final = 0, home
            for k in range(length - 1, kept - 1, -1):
                over += _move(near, agents, plan, chain[k, 0], chain[k, 1])
            over += _fill(agents, plan, near.agent[final], near.load[final])
            plan.entry[t] = final
            cost += near.cost[final] - near.cost[home]
            for k in range(kept):
                cost += near.cost[chain[k, 2]] - near.cost[chain[k, 1]]
            for k in range(-1, kept):
                s = t if k < 0 else chain[k, 0]
                if not is_changed[s]:
                    is_changed[s], changed[changes], changes = True, s, changes + 1
            if over == 0 and cost < best_cost:
                best_cost = cost
                for i in range(changes):
                    best[changed[i]] = plan.entry[changed[i]]
                    is_changed[changed[i]] = False
                changes = 0
        wall *= dearer if over > 0 else CHEAPER
    return best_cost


@njit(cache=True, nogil=True)
def _chain(
    near: Any, by_agent: Any, agents: Any, plan: Any, worth: Any, t: Any, wall: Any, chain: Any, state: Any
) -> Any:
    """Move tasks into the hole that task t leaves, and each into the hole of the one before it.

    Returns how many tasks moved; how many of these moves, and which candidate for t, give the least loss; that loss;
    and the change of overload. Rows of ``chain`` are task, old and new candidate.
    """
    home = plan.entry[t]
    h = near.agent[home]
    total = -worth[home] - _misfit(agents, h, plan.used[h] + near.load[home], wall)
    least, kept, final, length, spilled = np.inf, 0, home, 0, 0
    while True:
        hole = _misfit(agents, h, plan.used[h], wall)
        for e in range(near.indptr[t], near.indptr[t + 1]):
            if length > 0 or e != home:
                b = near.agent[e]
                loss = total + worth[e] + hole + _misfit(agents, b, plan.used[b] + near.load[e], wall)
                loss -= _misfit(agents, b, plan.used[b], wall)
                if loss < least:
                    least, kept, final = loss, length, e
        size = by_agent.indptr[h + 1] - by_agent.indptr[h]
        if length == LONGEST or size == 0:
            return length, kept, final, least, spilled
        pick, pick_loss = -1, np.inf
        for _ in range(SAMPLE):
            i = by_agent.indptr[h] + int(uniform(state) * size)
            e, s = by_agent.entry[i], by_agent.task[i]
            if s == t or plan.entry[s] == e:
                continue
            g = near.agent[plan.entry[s]]
            loss = worth[e] - worth[plan.entry[s]] + _misfit(agents, h, plan.used[h] + near.load[e], wall)
            loss -= _misfit(agents, g, plan.used[g], wall)
            if loss < pick_loss:
                pick, pick_loss = i, loss
        if pick < 0:
            return length, kept, final, least, spilled
        s, e = by_agent.task[pick], by_agent.entry[pick]
        chain[length, 0], chain[length, 1], chain[length, 2] = s, plan.entry[s], e
        h = near.agent[plan.entry[s]]
        spilled += _move(near, agents, plan, s, e)
        total += pick_loss
        length += 1


@njit(cache=True, nogil=True)
def _misfit(agents: Any, a: Any, used: Any, wall: Any) -> Any:
    """Return what it costs that the load of an agent is not its capacity."""
    room = agents.capacity[a] - used
    return agents.unit[a] * room if room >= 0 else -wall * agents.overload[a] * room


@njit(cache=True, nogil=True)
def _fill(agents: Any, plan: Any, a: Any, load: Any) -> Any:
    """Add to the load of an agent; return the change of its overload."""
    before = max(0, plan.used[a] - agents.capacity[a])
    plan.used[a] += load
    return max(0, plan.used[a] - agents.capacity[a]) - before


@njit(cache=True, nogil=True)
def _move(near: Any, agents: Any, plan: Any, t: Any, e: Any) -> Any:
    """Give task t to another of its candidates; return the change of overload."""
    old = plan.entry[t]
    plan.entry[t] = e
    return _fill(agents, plan, near.agent[old], -near.load[old]) + _fill(agents, plan, near.agent[e], near.load[e])
