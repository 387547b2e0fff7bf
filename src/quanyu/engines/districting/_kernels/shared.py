"""What the kernels work on, and the arithmetic they share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from quanyu.engines.arrays import FloatArray, IntArray

# The state of a generator; sets of up to 64 atoms as bits.
WordArray = NDArray[np.uint64]
NONE = -1
# Price of a household out of range where that of a district is 1: as few households as can be, then as few districts.
HOUSEHOLD = 1 << 20


class Graph(NamedTuple):
    """A connected block: CSR neighbours, border lengths in mean borders, weights, and today's district (−1 none).

    ``keep`` is what it costs to move an atom, in households: its weight, and a little for ground without any.
    """

    indptr: IntArray
    indices: IntArray
    length: FloatArray
    weight: IntArray
    previous: IntArray
    keep: FloatArray


class Plan(NamedTuple):
    """A division of a block: district of each atom, weight of each district, and the previous district it follows."""

    label: IntArray
    size: IntArray
    anchor: IntArray


class Rules(NamedTuple):
    """The range, and prices in mean borders: of a household out of range (``wall``), of one that leaves its previous
    district (``stay``), of a district half a span from the target (``pull`` / 4)."""

    lower: int
    upper: int
    target: int
    pull: float
    wall: float
    stay: float


@njit(cache=True, nogil=True)
def uniform(state: Any) -> Any:
    """Return a float in [0, 1) and advance the state (xorshift64*)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def bit_place(bit: Any) -> Any:
    """Return the place of the only bit set."""
    place = 0
    for step in (32, 16, 8, 4, 2, 1):
        if bit >> np.uint64(step) != np.uint64(0):
            bit >>= np.uint64(step)
            place += step
    return place


@njit(cache=True, nogil=True)
def out_of_range(total: Any, lower: Any, upper: Any) -> Any:
    """Return how far a weight lies outside [lower, upper]."""
    if total < lower:
        return lower - total
    if total > upper:
        return total - upper
    return 0


@njit(cache=True, nogil=True)
def breach_price(out: Any) -> Any:
    """Return the price of a district with so many households out of range."""
    return out * HOUSEHOLD + 1 if out > 0 else 0


@njit(cache=True, nogil=True)
def price(rules: Any, wall: Any, one: Any, other: Any) -> Any:
    """Return what the weights of two districts cost."""
    span = max(1.0, float(rules.upper - rules.lower))
    out = out_of_range(one, rules.lower, rules.upper) + out_of_range(other, rules.lower, rules.upper)
    deviation = float(one - rules.target) ** 2 + float(other - rules.target) ** 2
    return wall * out + rules.pull * deviation / (span * span)
