"""What prices of the tasks prove about assignments by loads, in whole numbers and without any solver."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.assignment._kernels import MOST_CELLS
from quanyu.engines.assignment.parts import Part

# Prices are kept in parts of a unit of cost, as fine as sums of 62 bits allow.
FINEST, BITS = 2**20, 62
NEVER = 2**62


def scale_of(part: Part) -> int:
    """Return into how many parts a unit of cost is divided."""
    largest = (int(part.candidates.cost.max(initial=0)) + 1) * len(part.candidates.indptr)
    return min(FINEST, 1 << max(0, BITS - 1 - largest.bit_length()))


def whole_prices(part: Part, price: FloatArray) -> IntArray:
    """Return prices as whole numbers of those parts."""
    return np.rint(price * scale_of(part)).astype(np.int64)


def bound_by_prices(part: Part, price: IntArray) -> int:
    """Return the bound that prices (whole numbers, see :func:`whole_prices`) prove: no assignment costs less.

    If every task is paid its price, the agents cannot earn more than the most profitable load of each. So the prices,
    less these profits, are a bound on the cost. Nobody is an agent, too, who takes all that costs less to leave out.
    """
    scale = scale_of(part)
    total = int(sum(price.tolist()))
    for a in range(len(part.room)):
        gain, load, _ = _gains(part, price, scale, a)
        total -= int(_most(gain[gain > 0], load[gain > 0], int(part.room[a]))[-1])
    return -(-total // scale)


def bound_of_served(part: Part, price: IntArray, alone: IntArray, out: int) -> int:
    """Return the bound that prices prove of the cost of assignments that leave exactly ``out`` tasks to nobody.

    ``alone`` (n,) is what each of these costs, such as the change of an agent. Nobody earns as :func:`bound_by_prices`
    says, but by exactly so many tasks: those that bring the most.
    """
    scale, nobody = scale_of(part), len(part.room) - 1
    total = int(sum(price.tolist()))
    for a in range(nobody):
        gain, load, _ = _gains(part, price, scale, a)
        total -= int(_most(gain[gain > 0], load[gain > 0], int(part.room[a]))[-1])
    left = np.sort(price - alone * scale)[::-1][:out]
    return -(-(total - int(sum(left.tolist()))) // scale)


def fewest_out(part: Part) -> int:
    """Return a proven number of tasks that every assignment leaves to nobody."""
    here = part.candidates
    real = here.agent != len(part.room) - 1
    least = np.full(len(here.indptr) - 1, NEVER)
    np.minimum.at(least, part.rows[real], here.load[real])
    possible = np.sort(least[least < NEVER])
    # Even were all capacities one, no more than so many of the smallest loads would fit.
    fitting = int(np.searchsorted(np.cumsum(possible), part.room.sum(), side="right"))
    return len(least) - fitting


def still_possible(part: Part, price: IntArray, upper: int) -> BoolArray:
    """Return which candidates an assignment that costs less than ``upper`` may still use.

    The bound is asked again with each candidate forced: its agent then earns what it brings, and the most that the
    other tasks bring in the room left.
    """
    scale = scale_of(part)
    lowest = int(sum(price.tolist()))
    lost = np.zeros(len(part.origin), dtype=np.int64)
    for a in range(len(part.room)):
        gain, load, entry = _gains(part, price, scale, a)
        free, forced = _with_each(gain, load, int(part.room[a]))
        lowest -= free
        lost[entry] = free - forced
    # Costs are whole: one less than ``upper`` is the most that helps.
    possible: BoolArray = lowest + lost <= (upper - 1) * scale
    return possible


def _gains(part: Part, price: IntArray, scale: int, a: int) -> tuple[IntArray, IntArray, IntArray]:
    span = slice(int(part.by_agent.indptr[a]), int(part.by_agent.indptr[a + 1]))
    entry = part.by_agent.entry[span]
    return price[part.by_agent.task[span]] - part.candidates.cost[entry] * scale, part.by_agent.load[span], entry


def _most(gain: IntArray, load: IntArray, room: int) -> IntArray:
    """Return the most that a choice of these tasks brings, for every room up to this."""
    grain = room // MOST_CELLS + 1
    best = np.zeros(room // grain + 1, dtype=np.int64)
    for value, weight in zip(gain.tolist(), (load // grain).tolist(), strict=True):
        if weight == 0:
            best += value
        else:
            np.maximum(best[weight:], best[:-weight] + value, out=best[weight:])
    return best


def _with_each(gain: IntArray, load: IntArray, room: int) -> tuple[int, IntArray]:
    """Return the most that these tasks bring, and the most with each of them forced in."""
    grain = room // MOST_CELLS + 1
    weights, cells = load // grain, room // grain
    good = np.flatnonzero(gain > 0)
    before = np.zeros((len(good) + 1, cells + 1), dtype=np.int64)
    after = before.copy()
    for k, i in enumerate(good.tolist()):
        before[k + 1] = _added(before[k], int(gain[i]), int(weights[i]))
    for k, i in reversed(list(enumerate(good.tolist()))):
        after[k] = _added(after[k + 1], int(gain[i]), int(weights[i]))
    full = before[-1]
    forced = gain + full[cells - weights]
    for k, i in enumerate(good.tolist()):
        left = cells - int(weights[i])
        forced[i] = gain[i] + (before[k, : left + 1] + after[k + 1, left::-1]).max()
    return int(full[-1]), forced


def _added(best: IntArray, value: int, weight: int) -> IntArray:
    if weight == 0:
        return best + value
    return np.concatenate([best[:weight], np.maximum(best[weight:], best[:-weight] + value)])
