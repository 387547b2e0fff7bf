"""Divide a small region in the best way there is, by looking at every district that its atoms can form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.shared import NONE, bit_place, breach_price, out_of_range

# More than any division costs.
NEVER = 1 << 62
# Atoms of a region: as many as a machine word has bits.
COVER_ATOMS = 64
# An atom added to a district leaves at most as many choices on the stack as there are atoms.
STACK = COVER_ATOMS * (COVER_ATOMS + 1)
# Columns of the stack: atoms left over, in the district, ruled out for it, beside it; the district closed before it.
REST, CHOSEN, BARRED, EDGE, BEFORE = range(5)
# The district's weight, the lightest atom it touches outside; the cost and the number of the districts before it.
WEIGHT, BEYOND, COST, DEPTH = range(4)


@njit(cache=True, nogil=True)
def cover(
    near: Any, weight: Any, beyond: Any, lower: Any, upper: Any, count: Any, below: Any, looks: Any, label: Any
) -> Any:
    """Label the districts of the cheapest division that costs less than ``below``; return its cost and the sets seen.

    Divisions are into ``count`` districts, or with 0 into any number.

    The cost is the price of all that is out of range. ``near`` holds the neighbours of each atom as bits. A region may
    be cut out of a larger one: ``beyond`` is the weight of the lightest neighbour of each atom outside (−1 none), and a
    district that is too light may go on over it. Where nothing costs less than ``below``, that is returned, and
    ``label`` is left as it was. The answer is proven when fewer than ``looks`` sets were seen.

    The first atom not yet in a district is tried in every connected set of the atoms left (depth first). A set is
    dropped where the pieces that it leaves cannot be divided for less than the best division so far.

    References
    ----------
    .. [1] Garfinkel, R. S. and Nemhauser, G. L. (1970). Optimal political districting by implicit enumeration
       techniques. Management Science 16(8), B495-B508.
    """
    one, none = np.uint64(1), np.uint64(0)
    everything = none
    for i in range(len(weight)):
        everything |= one << np.uint64(i)
    floor = _least(near, weight, beyond, everything, lower, upper)
    if count > 0:
        floor = max(floor, _least_of(weight, everything, count, lower, upper))
    masks = np.empty((STACK, 5), np.uint64)
    sums = np.empty((STACK, 4), np.int64)
    path = np.zeros(len(weight) + 2, np.uint64)
    best, seen = below, 0
    size = _begin(masks, sums, 0, near, weight, beyond, everything, none, 0, 0)
    while size > 0 and seen < looks and best > floor:
        size -= 1
        seen += 1
        rest, chosen, barred, edge = masks[size, REST], masks[size, CHOSEN], masks[size, BARRED], masks[size, EDGE]
        before = masks[size, BEFORE]
        total, outside, cost, depth = sums[size, WEIGHT], sums[size, BEYOND], sums[size, COST], sums[size, DEPTH]
        path[depth] = before
        if total > upper and cost + breach_price(total - upper) >= best:
            continue
        front = edge & rest & ~barred
        while front != none:
            bit = front & (~front + one)
            front ^= bit
            i = bit_place(bit)
            masks[size, REST], masks[size, CHOSEN], masks[size, BARRED] = rest ^ bit, chosen | bit, barred
            masks[size, EDGE], masks[size, BEFORE] = edge | near[i], before
            sums[size, WEIGHT], sums[size, BEYOND] = total + weight[i], _lighter(outside, beyond[i])
            sums[size, COST], sums[size, DEPTH] = cost, depth
            size += 1
            barred |= bit
        cost += _price(total, outside, lower, upper)
        if cost + _least(near, weight, beyond, rest, lower, upper) >= best:
            continue
        if count > 0 and cost + _least_of(weight, rest, count - depth - 1, lower, upper) >= best:
            continue
        if rest == none:
            best = cost
            path[depth + 1] = chosen
            _write(path, depth + 1, label)
        else:
            size = _begin(masks, sums, size, near, weight, beyond, rest, chosen, cost, depth + 1)
    return best, seen


@njit(cache=True, nogil=True)
def _begin(
    masks: Any, sums: Any, size: Any, near: Any, weight: Any, beyond: Any, rest: Any, before: Any, cost: Any, depth: Any
) -> Any:
    """Put a new district of the first atom left on the stack; return the new size of the stack."""
    bit = rest & (~rest + np.uint64(1))
    i = bit_place(bit)
    masks[size, REST], masks[size, CHOSEN], masks[size, BARRED] = rest ^ bit, bit, np.uint64(0)
    masks[size, EDGE], masks[size, BEFORE] = near[i], before
    sums[size, WEIGHT], sums[size, BEYOND], sums[size, COST], sums[size, DEPTH] = weight[i], beyond[i], cost, depth
    return size + 1


@njit(cache=True, nogil=True)
def _price(total: Any, outside: Any, lower: Any, upper: Any) -> Any:
    """Return what a district costs, or what it must cost if it goes on outside where that is less."""
    out = out_of_range(total, lower, upper)
    if outside != NONE and total < lower:
        out = min(out, max(total + outside - upper, 0))
    return breach_price(out)


@njit(cache=True, nogil=True)
def _least(near: Any, weight: Any, beyond: Any, rest: Any, lower: Any, upper: Any) -> Any:
    """Return what the connected pieces of the atoms left cost at the least, by their weights alone."""
    least = 0
    while rest != np.uint64(0):
        piece = rest & (~rest + np.uint64(1))
        new, total, outside = piece, 0, NONE
        while new != np.uint64(0):
            bit = new & (~new + np.uint64(1))
            i = bit_place(bit)
            total += weight[i]
            outside = _lighter(outside, beyond[i])
            new = (new ^ bit) | (near[i] & rest & ~piece)
            piece |= near[i] & rest
        rest &= ~piece
        if outside == NONE:
            least += breach_price(breach(total, lower, upper))
    return least


@njit(cache=True, nogil=True)
def _least_of(weight: Any, rest: Any, count: Any, lower: Any, upper: Any) -> Any:
    """Return what the atoms left cost at the least in so many districts, by their weight alone."""
    total, atoms = 0, 0
    while rest != np.uint64(0):
        bit = rest & (~rest + np.uint64(1))
        rest ^= bit
        total += weight[bit_place(bit)]
        atoms += 1
    if count > atoms or (count == 0 and atoms > 0):
        return NEVER
    return breach_price(max(count * lower - total, total - count * upper, 0))


@njit(cache=True, nogil=True)
def breach(total: Any, lower: Any, upper: Any) -> Any:
    """Return how many households lie out of range at the least when a whole is divided into any number of districts."""
    fewest = max(-(-total // max(upper, 1)), 1)
    most = max(total // max(lower, 1), 1)
    if fewest <= most:
        return out_of_range(total, lower, total)
    return min(total - most * upper, fewest * lower - total)


@njit(cache=True, nogil=True)
def _lighter(one: Any, other: Any) -> Any:
    """Return the lesser of two weights, where −1 is none."""
    if one == NONE or other == NONE:
        return max(one, other)
    return min(one, other)


@njit(cache=True, nogil=True)
def _write(path: Any, count: Any, label: Any) -> None:
    for i in range(len(label)):
        for district in range(count):
            if (path[district + 1] >> np.uint64(i)) & np.uint64(1) != np.uint64(0):
                label[i] = district
