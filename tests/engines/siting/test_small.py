"""On small cases, every choice is tried: the value is the best one's, and no bound is ever beyond it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.siting.strategies import (
    cheapest_cover,
    covers,
    distances,
    least_reach,
    least_sum,
    most_covered,
    numbers,
    services,
)

from quanyu.engines.siting import Siting, cover_all, cover_by_matrix, cover_most, p_center, p_median

many = settings(max_examples=250, deadline=None)


def check(answer: Siting, best: int) -> None:
    assert (answer.value, answer.bound, answer.stopped) == (best, best, "proven")
    assert answer.evidence.recompute() == best


def standing(data: Any, sites: int) -> list[int]:
    return data.draw(st.lists(st.integers(0, sites - 1), unique=True, max_size=min(2, sites - 1)))


@many
@given(st.data())
def test_the_cheapest_cover(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    cost = data.draw(numbers(matrix.shape[1], 5))
    existing = standing(data, matrix.shape[1])
    answer = cover_all(cover_by_matrix(matrix), costs=cost, existing=existing)
    cost[existing] = 0
    check(answer, cheapest_cover(matrix, cost))
    assert (matrix[:, answer.sites].any(axis=1) == matrix.any(axis=1)).all()
    assert answer.unreachable.tolist() == np.flatnonzero(~matrix.any(axis=1)).tolist()
    assert set(existing) <= set(answer.sites.tolist())


@many
@given(st.data())
def test_the_most_that_a_budget_covers(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    cost, weight = data.draw(numbers(matrix.shape[1], 5)), data.draw(numbers(matrix.shape[0], 9))
    existing, budget = standing(data, matrix.shape[1]), data.draw(st.integers(0, 12))
    answer = cover_most(cover_by_matrix(matrix), weight, budget=budget, costs=cost, existing=existing)
    check(answer, most_covered(matrix, weight, cost, budget, existing))
    assert cost[np.setdiff1d(answer.sites, existing)].sum() <= budget


@many
@given(st.data())
def test_the_most_that_p_sites_cover(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    weight, existing = data.draw(numbers(matrix.shape[0], 9)), standing(data, matrix.shape[1])
    p = data.draw(st.integers(0, matrix.shape[1] - len(existing)))
    answer = cover_most(cover_by_matrix(matrix), weight, p=p, existing=existing)
    check(answer, most_covered(matrix, weight, np.ones(matrix.shape[1], dtype=np.int64), p, existing))
    assert len(answer.sites) <= p + len(existing)


@many
@given(st.data())
def test_the_least_sum_of_distances(data: st.DataObject) -> None:
    matrix = data.draw(distances())
    weight, existing = data.draw(numbers(matrix.shape[0], 9)), standing(data, matrix.shape[1])
    p = data.draw(st.integers(0 if existing else 1, matrix.shape[1] - len(existing)))
    answer = p_median(matrix, p=p, weights=weight, existing=existing)
    check(answer, least_sum(matrix * weight[:, None], p, existing))
    assert len(answer.sites) == p + len(existing)
    assert set(existing) <= set(answer.sites.tolist())


@many
@given(st.data())
def test_the_least_farthest_distance(data: st.DataObject) -> None:
    matrix = data.draw(distances())
    existing = standing(data, matrix.shape[1])
    p = data.draw(st.integers(0 if existing else 1, matrix.shape[1] - len(existing)))
    answer = p_center(matrix, p=p, existing=existing)
    check(answer, least_reach(matrix, p, existing))
    assert len(answer.sites) == p + len(existing)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_capacities_of_a_cover(data: st.DataObject) -> None:
    matrix = data.draw(covers(demands=5, sites=4))
    cost, weight = data.draw(numbers(matrix.shape[1], 5)), data.draw(numbers(matrix.shape[0], 5))
    capacity = data.draw(numbers(matrix.shape[1], 12))
    fits = matrix & (weight[:, None] <= capacity)
    wanted = fits.any(axis=1)
    answer = cover_all(cover_by_matrix(matrix), costs=cost, weights=weight, capacities=capacity)
    costs = [int(cost[np.unique(each)].sum()) for each in services(fits[wanted], weight[wanted], capacity)]
    check_service(answer, fits, weight, capacity, costs)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_capacities_of_a_p_median(data: st.DataObject) -> None:
    matrix = data.draw(distances(demands=5, sites=4))
    weight, capacity = data.draw(numbers(matrix.shape[0], 5)), data.draw(numbers(matrix.shape[1], 6))
    existing = sorted(data.draw(st.sets(st.integers(0, matrix.shape[1] - 1))))
    p = data.draw(st.integers(0 if existing else 1, matrix.shape[1] - len(existing)))
    fits = np.broadcast_to(weight[:, None] <= capacity, matrix.shape)
    wanted = fits.any(axis=1)
    answer = p_median(matrix, p=p, weights=weight, capacities=capacity, existing=existing)
    cost = (matrix * weight[:, None])[wanted]
    costs = [
        int(cost[np.arange(len(cost)), each].sum())
        for each in services(fits[wanted], weight[wanted], capacity)
        if len(np.union1d(each, existing)) <= p + len(existing)
    ]
    assert set(existing) <= set(answer.sites.tolist())
    assert len(answer.sites) <= p + len(existing)
    check_service(answer, fits, weight, capacity, costs)


def test_a_budget_that_leaves_no_site_open_is_answered() -> None:
    cover = cover_by_matrix([[0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]])
    answer = cover_most(cover, [3, 8, 6, 3, 5], budget=6, costs=[4, 5, 0, 2])
    assert (answer.value, answer.bound) == (22, 22)


def test_a_site_that_stands_and_serves_nobody_takes_its_place_all_the_same() -> None:
    answer = p_median([[0, 1, 1], [1, 1, 1]], p=0, weights=[1, 2], capacities=[2, 0, 1], existing=[0, 1])
    assert answer.sites.tolist() == [0, 1]
    assert answer.assignment.tolist() == [-1, 0]
    assert not answer.is_proven


def check_service(answer: Siting, fits: Any, weight: Any, capacity: Any, costs: list[int]) -> None:
    """The service keeps the capacities; where all can be served it is the best, and the bound is not beyond it."""
    served = np.flatnonzero(answer.assignment >= 0)
    assert fits[served, answer.assignment[served]].all()
    load = np.bincount(answer.assignment[served], weights=weight[served], minlength=len(capacity))
    assert (load <= capacity).all()
    assert answer.bound == answer.evidence.recompute()
    if costs:
        assert answer.value == min(costs)
        assert answer.bound <= min(costs)
        assert answer.uncovered.tolist() == answer.unreachable.tolist()
    else:
        assert not answer.is_proven


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(0, 2))
def test_a_search_cut_short_is_never_beyond_the_best(data: st.DataObject, steps: int) -> None:
    matrix = data.draw(covers(demands=12, sites=9))
    cost, weight = data.draw(numbers(matrix.shape[1], 5)), data.draw(numbers(matrix.shape[0], 9))
    cover = cover_by_matrix(matrix)
    cheapest = cover_all(cover, costs=cost, steps=steps)
    assert cheapest.bound <= cheapest_cover(matrix, cost) <= cheapest.value
    most = cover_most(cover, weight, budget=7, costs=cost, steps=steps)
    assert most.value <= most_covered(matrix, weight, cost, 7, []) <= most.bound
