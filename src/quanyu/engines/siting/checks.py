"""What whole numbers the engine takes: small enough that no sum of theirs, times the scale of a proof, overflows."""

from __future__ import annotations

from typing import Any

import numpy as np

from quanyu.engines.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    any_array,
    first_bad,
    float_array,
    int_array,
    require_rows,
    whole_number,
)
from quanyu.errors import BadValue, OutOfRange, WrongType

MOST = 1 << 40
MOST_SUM = 1 << 50  # of weights times distances
MOST_PAIRS = 150_000_000  # distances in one matrix: 4 GB with what the search keeps
MOST_COVERED = 1 << 29  # pairs of a demand and a site that covers it: 2 GB
FARTHEST = 1e9  # metres from the origin: beyond, metres are lost to rounding


def whole_numbers(name: str, values: Any, size: int) -> IntArray:
    """Return (size,) whole numbers of 0 or more, 1 each for ``None``, whose sum a proof can hold."""
    if values is None:
        return np.ones(size, dtype=np.int64)
    numbers = int_array(name, values, shape=(size,), low=0, high=MOST)
    require_sum(name, numbers.sum(dtype=np.float64), MOST)
    return numbers


def require_sum(name: str, total: float, most: int) -> None:
    """Refuse numbers whose sum is beyond what a proof can hold."""
    if total > most:
        raise BadValue(name=f"the sum of {name}", value=f"{total:.0f}", allowed=f"at most {most}; take a coarser unit")


def require_pairs(name: str, pairs: int, most: int) -> None:
    """Refuse more pairs of a demand and a site than memory is meant to hold."""
    if pairs > most:
        allowed = f"at most {most}; put demands that lie together into one, or leave sites out"
        raise BadValue(name=f"the number of {name}", value=pairs, allowed=allowed)


def standing_sites(existing: Any, sites: int) -> BoolArray:
    """Return marks of the sites that exist and stay."""
    stands = np.zeros(sites, dtype=bool)
    if existing is not None:
        indices = any_array("existing", existing, expected="integers")
        if indices.dtype.kind == "b":  # else the marks of all sites would be taken for the sites 0 and 1
            raise WrongType(name="existing", got="true/false", expected="the indices of sites")
        stands[int_array("existing", indices, shape=(-1,), low=0, high=sites - 1)] = True
    return stands


def require_count(p: Any, stands: BoolArray) -> int:
    """Return how many sites there will be: those that stand and ``p`` new ones, one at least."""
    standing = int(stands.sum())
    return standing + whole_number("p", p, low=0 if standing else 1, high=len(stands) - standing)


def check_points(name: str, xy: Any) -> FloatArray:
    """Return (n, 2) points in metres, one at least, none out of this world."""
    points = float_array(name, xy, shape=(-1, 2), low=-FARTHEST)
    require_rows(name, points)
    beyond = points > FARTHEST
    if beyond.any():
        raise OutOfRange(name=name, allowed=f"at most {FARTHEST:g} metres", **first_bad(beyond, points))
    return points
