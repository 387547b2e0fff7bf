"""Matchings against the definition of stability, and against every other matching of small cases."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyu.engines.assignment import blocking_pairs, match, match_by_points
from quanyu.engines.assignment.errors import RepeatedPair
from quanyu.errors import EmptyInput, InvalidInput, NotFinite, OutOfRange, WrongShape, WrongType


@st.composite
def applications(draw: st.DrawFn, *, ties: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return wishes, points and places of a small case, with ties or without any."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    numbers = np.random.default_rng(draw(st.integers(0, 100_000)))
    wishes = np.array([numbers.permutation(m) + 1 for _ in range(n)]) * (numbers.uniform(size=(n, m)) < 0.8)
    points = np.column_stack([numbers.permutation(n) for _ in range(m)])
    if ties:
        wishes, points = np.minimum(wishes, 2), points // 2
    return wishes, points, numbers.integers(0, 3, m)


def matchings(wishes: np.ndarray, places: np.ndarray) -> Any:
    """Yield every matching of wishes within the places."""
    for post in itertools.product(range(-1, len(places)), repeat=len(wishes)):
        wanted = all(p < 0 or wishes[i, p] > 0 for i, p in enumerate(post))
        if wanted and (np.bincount([p for p in post if p >= 0], minlength=len(places)) <= places).all():
            yield np.array(post)


def is_stable(wishes: np.ndarray, points: np.ndarray, places: np.ndarray, post: np.ndarray) -> bool:
    """Say by the definition, pair by pair, whether nobody and no post would rather have each other."""
    for i, p in itertools.product(range(len(post)), range(len(places))):
        prefers = wishes[i, p] > 0 and (post[i] < 0 or wishes[i, p] < wishes[i, post[i]])
        held = [points[j, p] for j in range(len(post)) if post[j] == p]
        if prefers and places[p] > 0 and (len(held) < places[p] or min(held) < points[i, p]):
            return False
    return True


@settings(max_examples=150)
@given(applications(ties=True), st.integers(0, 50))
def test_no_pair_would_rather_have_each_other(case: Any, seed: int) -> None:
    found = match(*case, seed=seed)
    assert is_stable(*case, found.post)
    assert not len(blocking_pairs(*case, found.post))
    assert (found.filled <= case[2]).all()


@settings(max_examples=80)
@given(applications(ties=False))
def test_every_applicant_gets_the_best_that_any_stable_matching_gives(case: Any) -> None:
    wishes, _, places = case
    found = match(*case)
    for post in matchings(wishes, places):
        if is_stable(*case, post):
            for i, p in enumerate(post.tolist()):
                if p >= 0:
                    assert 0 < found.rank[i] <= wishes[i, p]


@settings(max_examples=80)
@given(applications(ties=True))
def test_blocking_pairs_are_found_in_any_matching(case: Any) -> None:
    wishes, _, places = case
    for post in itertools.islice(matchings(wishes, places), 40):
        assert (len(blocking_pairs(*case, post)) == 0) == is_stable(*case, post)


@settings(max_examples=80)
@given(applications(ties=True))
def test_points_are_most_in_all_and_then_places_filled(case: Any) -> None:
    wishes, points, places = case
    found = match_by_points(*case)
    best = max(
        (sum(int(points[i, p]) for i, p in enumerate(post) if p >= 0), int((post >= 0).sum()))
        for post in matchings(wishes, places)
    )
    assert (found.points, (found.post >= 0).sum()) == best
    assert found.bound == found.points


@settings(max_examples=80)
@given(applications(ties=True), st.integers(0, 50))
def test_reasons_are_true(case: Any, seed: int) -> None:
    wishes, points, places = case
    found = match(*case, seed=seed)
    for each in found.unmatched:
        i, wanted = each.applicant, np.flatnonzero(wishes[each.applicant])
        assert found.post[i] == -1
        if each.reason == "no_wish":
            assert not len(wanted)
        elif each.reason == "no_place":
            assert (places[wanted] == 0).all()
        else:
            least = [points[found.post == p, p].min() - points[i, p] for p in wanted if places[p] > 0]
            assert each.missing == max(0, min(least))
            assert (each.reason == "outranked") == (min(least) > 0)


def test_the_lot_decides_between_equals_and_the_seed_decides_the_lot() -> None:
    wishes, points = np.ones((20, 1), dtype=int), np.zeros((20, 1))
    winners = {int(np.flatnonzero(match(wishes, points, [1], seed=seed).post == 0)[0]) for seed in range(30)}
    assert len(winners) > 5
    found = match(wishes, points, [1], seed=4)
    assert found.post.tolist() == match(wishes, points, [1], seed=4).post.tolist()
    assert {each.reason for each in found.unmatched} == {"lottery"}


def test_stored_wishes_give_the_same_as_a_table() -> None:
    numbers = np.random.default_rng(2)
    wishes = np.array([numbers.permutation(6) + 1 for _ in range(30)]) * (numbers.uniform(size=(30, 6)) < 0.5)
    points, places = numbers.integers(0, 9, (30, 6)), numbers.integers(0, 5, 6)
    stored = sparse.csr_array(wishes)
    along = points[np.nonzero(wishes)]
    for way in (match, match_by_points):
        assert way(stored, along, places).post.tolist() == way(wishes, points, places).post.tolist()


BAD: list[tuple[dict[str, Any], type[InvalidInput], str]] = [
    ({"wishes": [[1, -1]]}, OutOfRange, "wishes[0, 1] is -1"),
    ({"wishes": np.empty((0, 2), dtype=int)}, EmptyInput, "wishes is empty"),
    ({"wishes": []}, EmptyInput, "wishes is empty"),
    ({"wishes": [[1, 2], [1]]}, WrongType, "wishes holds rows of different lengths"),
    ({"points": [[1.0, np.nan]]}, NotFinite, "points[0, 1] is nan"),
    ({"points": [1, 2, 3]}, WrongShape, "points"),
    ({"places": [1]}, WrongShape, "places"),
    ({"places": [1, -1]}, OutOfRange, "places[1] is -1"),
]


@pytest.mark.parametrize(("changes", "error", "words"), BAD)
def test_bad_input_is_refused_by_name(changes: dict[str, Any], error: type[InvalidInput], words: str) -> None:
    with pytest.raises(error) as caught:
        match(**{"wishes": [[1, 2]], "points": [[3, 4]], "places": [1, 1], **changes})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([[1, 9], [1, 9], [1, 0.5]], r"points\[2, 1\] is 0.5; allowed is whole numbers"),
        ([[1, 9], [-3, 9], [1, 2]], r"points\[1, 0\] is -3; allowed is at least 0"),
        ([[1, 9], [1, 9], [2**51, 2]], r"points\[2, 0\] is 2251799813685248; allowed is at most"),
    ],
)
def test_points_that_cannot_be_summed_are_refused_where_they_stand(points: Any, words: str) -> None:
    wishes = [[2, 1], [2, 1], [2, 1]]  # each applicant's best wish stands second
    with pytest.raises(OutOfRange, match=words):
        match_by_points(wishes, points, [1, 1])
    # Points of no wish do not matter.
    assert match_by_points(np.array(wishes) * (np.array(points) == 9), points, [1, 1]).points == 9


def test_a_wish_that_is_stored_twice_or_ranked_0_is_refused() -> None:
    def stored(ranks: list[int]) -> sparse.csr_array:
        return sparse.csr_array((np.array(ranks), np.array([1, 1]), np.array([0, 2])), shape=(1, 2))

    with pytest.raises(RepeatedPair, match="row 0 with column 1 twice"):
        match(stored([1, 2]), [1, 1], [1, 1])
    with pytest.raises(OutOfRange, match="at least 1"):
        match(stored([0, 2]), [1, 1], [1, 1])
    with pytest.raises(OutOfRange, match="at least 0"):
        match_by_points([[1]], [[-1]], [1])
