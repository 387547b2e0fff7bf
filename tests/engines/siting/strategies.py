"""Generators of small cases, and the answer to each by trying every choice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from quanyu.engines.arrays import BoolArray, IntArray

SITES, DEMANDS = 6, 8


@st.composite
def covers(draw: Any, *, demands: int = DEMANDS, sites: int = SITES) -> BoolArray:
    """Which demand is covered by which site, (demands, sites); a demand may have none."""
    return draw(arrays(bool, (draw(st.integers(1, demands)), draw(st.integers(1, sites)))))


@st.composite
def distances(draw: Any, *, demands: int = DEMANDS, sites: int = SITES) -> IntArray:
    """Whole distances with many ties, (demands, sites)."""
    shape = (draw(st.integers(1, demands)), draw(st.integers(1, sites)))
    return draw(arrays(np.int64, shape, elements=st.integers(0, draw(st.sampled_from([1, 5, 1000])))))


def numbers(size: int, high: int) -> st.SearchStrategy[IntArray]:
    return arrays(np.int64, size, elements=st.integers(0, high))


def choices(sites: int) -> Iterator[list[int]]:
    """Every set of sites."""
    for size in range(sites + 1):
        yield from (list(each) for each in combinations(range(sites), size))


def cheapest_cover(matrix: BoolArray, cost: IntArray) -> int:
    """The least cost of sites that cover every demand that can be covered."""
    wanted = matrix.any(axis=1)
    return min(int(cost[each].sum()) for each in choices(len(cost)) if (matrix[:, each].any(axis=1) == wanted).all())


def most_covered(matrix: BoolArray, weight: IntArray, cost: IntArray, money: int, existing: list[int]) -> int:
    """The most weight that existing sites and new ones worth no more than ``money`` cover."""
    new = np.where(np.isin(np.arange(len(cost)), existing), 0, cost)
    return max(
        int(weight[matrix[:, [*existing, *each]].any(axis=1)].sum())
        for each in choices(len(cost))
        if new[each].sum() <= money
    )


def least_sum(cost: IntArray, p: int, existing: list[int]) -> int:
    """The least sum over demands of the cost of the best of the existing sites and p others."""
    others = [site for site in range(cost.shape[1]) if site not in existing]
    return min(int(cost[:, [*existing, *each]].min(axis=1).sum()) for each in combinations(others, p))


def least_reach(distance: IntArray, p: int, existing: list[int]) -> int:
    """The least distance of the farthest demand from the best of the existing sites and p others."""
    others = [site for site in range(distance.shape[1]) if site not in existing]
    return min(int(distance[:, [*existing, *each]].min(axis=1).max()) for each in combinations(others, p))


def services(allowed: BoolArray, weight: IntArray, capacity: IntArray) -> Iterator[IntArray]:
    """Every way to serve each demand wholly by one site that may, within the capacities."""
    for each in product(*[np.flatnonzero(row) for row in allowed]):
        assignment = np.array(each, dtype=np.int64)
        if (np.bincount(assignment, weights=weight, minlength=len(capacity)) <= capacity).all():
            yield assignment
