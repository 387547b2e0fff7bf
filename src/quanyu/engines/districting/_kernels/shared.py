"""What the kernels work on, and the arithmetic they share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from quanyu.engines.arrays import FloatArray, Int32Array, IntArray

# The state of a generator; sets of up to 64 atoms as bits.
WordArray = NDArray[np.uint64]
NONE = -1
# Price of a household out of range where that of a district is 1: as few households as can be, then as few districts.
HOUSEHOLD = 1 << 20
# What a plan is to be good at: a short cut, round districts (Polsby-Popper), or a small moment of inertia.
CUT, ROUND, INERTIA = range(3)


class Graph(NamedTuple):
    """A block: CSR neighbours, border lengths in mean borders, weights, and today's districts (−1 none).

    ``previous`` (n, p) holds p earlier divisions. ``keep`` is what it costs to move an atom, in households: its weight,
    and a little for ground without any. What districts add up beside weights: ``around``, the border of an atom with
    all there is about it, ``extent``, by what the plan is to be good at (nothing for a cut; the area; mass times
    squared distance, times both coordinates, and mass), and ``loads`` (n, q), other weights to be balanced.
    """

    indptr: Int32Array
    indices: Int32Array
    length: FloatArray
    weight: IntArray
    previous: IntArray
    keep: FloatArray
    around: FloatArray
    extent: FloatArray
    loads: FloatArray


class Plan(NamedTuple):
    """A division of a block: the district of each atom; for each district its weight, the previous ones it follows,
    its outline, and the sums of ``extent`` and ``loads``. Outlines are kept only where roundness is the aim."""

    label: IntArray
    size: IntArray
    anchor: IntArray
    around: FloatArray
    extent: FloatArray
    loads: FloatArray


class Rules(NamedTuple):
    """The range, and prices in mean borders: of a household out of range (``wall``), of one that leaves a previous
    district (``stay``, one for each division), of a district's squared distance from the target (``pull``), of ``aim``
    in its own unit (``scale``), of a load that differs by its mean in ``mean_loads`` (``balance``)."""

    lower: int
    upper: int
    target: int
    pull: float
    wall: float
    stay: FloatArray
    aim: int
    scale: float
    balance: float
    mean_loads: FloatArray


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
def weight_price(rules: Any, wall: Any, weight: Any) -> Any:
    """Return what the weight of a district costs."""
    deviation = float(weight - rules.target)
    return wall * out_of_range(weight, rules.lower, rules.upper) + rules.pull * deviation * deviation


@njit(cache=True, nogil=True)
def shape_price(rules: Any, around: Any, first: Any, x: Any, y: Any, mass: Any) -> Any:
    """Return what the shape of a district costs, from its outline and the sums of its extent.

    Roundness is 4π · area / outline²; the moment of inertia is the sum of squared distances of masses from their common
    centre: Σ m r² − |Σ m (x, y)|² / Σ m.
    """
    if rules.aim == ROUND:
        return -rules.scale * 4.0 * np.pi * first / max(around * around, 1e-12)
    if rules.aim == INERTIA:
        return rules.scale * (first - (x * x + y * y) / mass) if mass > 0 else 0.0
    return around / 2.0


@njit(cache=True, nogil=True)
def load_price(rules: Any, load: Any, mean: Any) -> Any:
    """Return what a load of a district costs."""
    deviation = load / mean - 1.0
    return rules.balance * deviation * deviation
