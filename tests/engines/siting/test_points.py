"""The p-median between points whose distances are not written out, against every choice and against the matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.engines.siting.strategies import choices, least_sum, numbers

from quanyu.engines.arrays import FloatArray
from quanyu.engines.siting import Siting, p_median, point_distances, points_search, straight_distances
from quanyu.engines.siting.points import field_of
from quanyu.engines.siting.points_search import PointCore, PointsSearch
from quanyu.engines.siting.proof import FREE, Node, Proof
from quanyu.engines.siting.result import Watch


def places(size: int, side: int = 20) -> st.SearchStrategy[FloatArray]:
    """Points, some of them at one place or in one line."""
    return arrays(float, (size, 2), elements=st.integers(0, side).map(float))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_choice_between_points_is_better_than_the_bound(data: st.DataObject) -> None:
    demand, sites = data.draw(places(data.draw(st.integers(1, 8)))), data.draw(places(data.draw(st.integers(1, 6))))
    unit, weight = data.draw(st.sampled_from([0.3, 1.0, 7.0])), data.draw(numbers(len(demand), 9))
    existing = data.draw(st.lists(st.integers(0, len(sites) - 1), unique=True, max_size=min(2, len(sites) - 1)))
    p = data.draw(st.integers(0 if existing else 1, len(sites) - len(existing)))
    answer = p_median(point_distances(demand, sites, unit=unit), p=p, weights=weight, existing=existing)
    matrix = straight_distances(demand, sites, unit=unit) * weight[:, None]
    assert answer.bound == answer.evidence.recompute() <= least_sum(matrix, p, existing) <= answer.value
    assert answer.value == matrix[:, answer.sites].min(axis=1).sum()
    assert answer.value == matrix[np.arange(len(demand)), answer.assignment].sum()
    assert len(answer.sites) == p + len(existing)
    assert set(existing) <= set(answer.sites.tolist())
    assert set(answer.assignment.tolist()) <= set(answer.sites.tolist())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_proof_between_points_is_sound_whatever_its_dual(data: st.DataObject) -> None:
    demand, sites = data.draw(places(data.draw(st.integers(1, 8)))), data.draw(places(data.draw(st.integers(1, 6))))
    weight, count = data.draw(numbers(len(demand), 5)), data.draw(st.integers(1, len(sites)))
    field, order = field_of(demand, data.draw(st.integers(1, 30)))
    ground, site_order = field_of(sites, data.draw(st.integers(1, 30)))
    matrix = straight_distances(demand, sites) * weight[:, None]
    best = min(int(matrix[:, each].min(axis=1).sum()) for each in choices(len(sites)) if len(each) == count)
    core = PointCore(field, weight[order], ground, 1.0, count)
    dual = data.draw(numbers(len(demand), 4 * 200))
    constant, reduced = core.price(dual, 4)
    sorted_matrix = matrix[np.ix_(order, site_order)]
    paid = np.where(weight[order] > 0, dual, 0)
    assert constant == paid.sum()
    assert reduced.tolist() == np.minimum(4 * sorted_matrix - paid[:, None], 0).sum(axis=0).tolist()
    proof = Proof(core, 4, np.full(len(sites), FREE), (Node(-1, -1, False, dual),))
    assert proof.recompute(best + 2) <= best


def ask(**limits: Any) -> Siting:
    random = np.random.default_rng(2)
    xy, weight = random.normal(0, 900, (800, 2)), random.integers(0, 9, 800)
    return p_median(point_distances(xy, xy[:400]), p=30, weights=weight, existing=[3, 8], **limits)


def test_points_and_matrix_agree() -> None:
    random = np.random.default_rng(2)
    xy, weight = random.normal(0, 900, (800, 2)), random.integers(0, 9, 800)
    exact = p_median(straight_distances(xy, xy[:400]), p=30, weights=weight, existing=[3, 8], steps=5)
    answer = ask()
    assert answer.gap < 0.01
    assert answer.bound <= exact.value
    assert exact.bound <= answer.value <= 1.005 * exact.value


def test_points_give_the_same_answer_again() -> None:
    one, two = ask(seed=4, steps=2), ask(seed=4, steps=2)
    assert (one.value, one.bound, one.sites.tolist()) == (two.value, two.bound, two.sites.tolist())
    assert one.stopped == "steps"


def test_points_stop_when_told() -> None:
    hasty = ask(seconds=1e-6)
    assert hasty.stopped == "seconds"
    assert hasty.bound == hasty.evidence.recompute() <= hasty.value
    assert ask(on_progress=lambda _: False).stopped == "asked"


def test_of_very_many_points_a_sample_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_search, "FEW", 500)
    monkeypatch.setattr(points_search, "SAMPLE", 400)
    monkeypatch.setattr(points_search, "SAMPLE_EACH", 5)
    answer = ask()
    assert answer.gap < 0.015
    assert {3, 8} <= set(answer.sites.tolist())


def test_a_choice_of_a_sample_lies_among_all_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_search, "SAMPLE", 50)
    xy = np.random.default_rng(1).uniform(0, 100, (600, 2))
    stands = np.arange(600) < 2
    search = PointsSearch(
        point_distances(xy, xy), np.ones(600, dtype=np.int64), 4, stands, seed=0, watch=Watch(9, None, None)
    )
    begun, near = search._choice_of_sample()
    assert set(search.standing.tolist()) <= set(begun.tolist())
    assert len(set(begun.tolist())) == 4
    assert set(begun.tolist()) <= set(near.tolist())
