"""Cut a tree into parts with weights in a range, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from quanyu.engines.districting._kernels.shared import bit_place


@njit(cache=True, nogil=True)
def partition_tree(
    order: Any, parent: Any, weight: Any, lower: Any, upper: Any, target: Any, label: Any, first_label: Any,
    reach: Any, before: Any,
) -> Any:  # fmt: skip
    """Label the parts of a tree, each with a weight in [lower, upper]; return their number, −1 if there is no way.

    ``order`` lists the atoms parents first, ``parent`` the position of each one's parent, ``weight`` is by position.
    ``reach[i]`` is the bit set of weights that the open part at node i can have, ``before[i]`` the one of its parent
    before node i was joined. A child joins its parent's part (sums) or closes its own (if it can lie in range).

    References
    ----------
    .. [1] Ito, T., Nishizeki, T., Schröder, M., Uno, T. and Zhou, X. (2012). Partitioning a weighted tree into
       subtrees with weights in a given range. Algorithmica 62, 823-841.
    """
    count, words = len(order), reach.shape[1]
    for i in range(count):
        if weight[i] > upper:
            return -1
        reach[i, :] = np.uint64(0)
        reach[i, weight[i] >> 6] = np.uint64(1) << np.uint64(weight[i] & 63)
    for i in range(count - 1, 0, -1):
        p = parent[i]
        can_close = _any_between(reach[i], lower, upper)
        before[i, :] = reach[p]
        if not can_close:
            reach[p, :] = np.uint64(0)
        for k in range(words):
            bits = reach[i, k]
            while bits != np.uint64(0):
                low = bits & (~bits + np.uint64(1))
                _or_shifted(reach[p], before[i], (k << 6) + bit_place(low), upper)
                bits ^= low
    if not _any_between(reach[0], lower, upper):
        return -1
    return _trace(order, parent, lower, upper, target, label, first_label, reach, before)


@njit(cache=True, nogil=True)
def _has(bits: Any, value: Any) -> Any:
    return (bits[value >> 6] >> np.uint64(value & 63)) & np.uint64(1) != np.uint64(0)


@njit(cache=True, nogil=True)
def _any_between(bits: Any, lower: Any, upper: Any) -> Any:
    return _nearest(bits, lower, upper, lower) >= 0


@njit(cache=True, nogil=True)
def _nearest(bits: Any, lower: Any, upper: Any, target: Any) -> Any:
    """Return the member of a bit set within [lower, upper] that lies nearest to the target, −1 if none."""
    best = -1
    value = lower
    while value <= upper:
        if bits[value >> 6] >> np.uint64(value & 63) == np.uint64(0):
            value = ((value >> 6) + 1) << 6
            continue
        if _has(bits, value) and (best < 0 or abs(value - target) < abs(best - target)):
            best = value
        value += 1
    return best


@njit(cache=True, nogil=True)
def _or_shifted(into: Any, bits: Any, shift: Any, upper: Any) -> None:
    words = len(into)
    jump, rest = shift >> 6, shift & 63
    for k in range(words - 1, jump - 1, -1):
        value = bits[k - jump] << np.uint64(rest)
        if rest > 0 and k - jump - 1 >= 0:
            value |= bits[k - jump - 1] >> np.uint64(64 - rest)
        into[k] |= value
    # Weights above the upper limit are of no use to anybody.
    keep = (upper & 63) + 1
    if keep < 64:
        into[upper >> 6] &= (np.uint64(1) << np.uint64(keep)) - np.uint64(1)


@njit(cache=True, nogil=True)
def _trace(
    order: Any, parent: Any, lower: Any, upper: Any, target: Any, label: Any, first_label: Any, reach: Any, before: Any
) -> Any:
    """Walk the tree from the root, undoing the joins in reverse order, and label the parts."""
    count = len(order)
    want = np.empty(count, np.int64)
    part = np.empty(count, np.int64)
    want[0], part[0] = _nearest(reach[0], lower, upper, target), first_label
    parts = 1
    # Joins into a parent were made from the last child to the first, so they are undone from the first to the last;
    # a child is visited before its own children, since order lists parents first.
    for i in range(1, count):
        p = parent[i]
        wanted = want[p]
        if _has(before[i], wanted) and _any_between(reach[i], lower, upper):
            want[i], part[i] = _nearest(reach[i], lower, upper, target), first_label + parts
            parts += 1
        else:
            for value in range(wanted + 1):
                if _has(reach[i], value) and _has(before[i], wanted - value):
                    want[i], want[p] = value, wanted - value
                    break
            part[i] = part[p]
    for i in range(count):
        label[order[i]] = part[i]
    return parts
