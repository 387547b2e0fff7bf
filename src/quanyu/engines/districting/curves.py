"""What one district less or more, or one household less that moves, is paid for with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quanyu.engines.arrays import whole_number
from quanyu.engines.districting import Districting, district

# How dear a household that moves is at the points of a frontier, from free to dearest.
STABILITIES = (0.0, 0.02, 0.1, 0.4, 1.0)


def count_curve(weights: Any, adjacency: Any, *, counts: Sequence[int], **options: Any) -> list[Districting]:
    """Return a plan for each number of districts: their cut, largest district and moved households are its price.

    Parameters
    ----------
    weights, adjacency, options : as of `district`, without ``k`` and ``fewest``
    counts : numbers of districts, in any order

    Raises
    ------
    InvalidInput
        As `district` does.
    """
    return [district(weights, adjacency, k=whole_number("counts", k, low=1), **options) for k in counts]


def frontier(weights: Any, adjacency: Any, *, previous: Any, **options: Any) -> list[Districting]:
    """Return five plans between moved households and quality, from the one free to move all to one that moves least.

    Parameters
    ----------
    weights, adjacency, options : as of `district`, without ``stability``
    previous : (n,) int64, today's district of each atom, −1 none

    Returns
    -------
    list of Districting
        ``metrics.moved_weight`` and ``metrics.cut_length`` of each are a point; ``bound.moved`` is what every plan in
        range moves at least.
    """
    return [
        district(weights, adjacency, previous=previous, stability=stability, **options) for stability in STABILITIES
    ]
