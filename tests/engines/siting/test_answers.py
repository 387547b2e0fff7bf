"""Published optima are found and proven; an answer repeats, stops when told, explains itself, and refuses nonsense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from quanyu.cli.siting_files import read_orlib
from quanyu.engines.arrays import IntArray
from quanyu.engines.siting import (
    Cover,
    Progress,
    Siting,
    cover_all,
    cover_by_distance,
    cover_by_matrix,
    cover_most,
    p_center,
    p_median,
    point_distances,
    straight_distances,
)
from quanyu.errors import BadValue, InvalidInput, NoLimit, NotFinite, OutOfRange, WrongShape

DATA = Path(__file__).parents[2] / "data" / "siting"
SQUARE = cover_by_matrix([[1, 0], [1, 0], [0, 1]])


def set_cover(name: str) -> tuple[Cover, IntArray]:
    numbers = iter(int(word) for word in (DATA / name).read_text().split())
    rows, columns = next(numbers), next(numbers)
    cost = np.array([next(numbers) for _ in range(columns)])
    pairs = [(row, next(numbers) - 1) for row in range(rows) for _ in range(next(numbers))]
    return cover_by_matrix(sparse.csr_array((np.ones(len(pairs)), np.array(pairs).T), shape=(rows, columns))), cost


def rounded_down(name: str) -> IntArray:
    lines = (DATA / name).read_text().partition("NODE_COORD_SECTION")[2].splitlines()
    xy = np.array([[float(word) for word in line.split()[1:]] for line in lines if len(line.split()) == 3])
    return np.floor(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))).astype(np.int64)


def clustered(demands: int, sites: int) -> tuple[Cover, IntArray]:
    random = np.random.default_rng(5)
    centres = random.uniform(0, 10_000, (12, 2))
    points = [centres[random.integers(0, 12, size)] + random.normal(0, 700, (size, 2)) for size in (demands, sites)]
    return cover_by_distance(*points, 600), random.integers(1, 90, demands)


@pytest.mark.parametrize(("name", "optimum"), [("scp41.txt", 429), ("scp51.txt", 253)])
def test_published_covers(name: str, optimum: int) -> None:
    cover, cost = set_cover(name)
    answer = cover_all(cover, costs=cost)
    assert (answer.value, answer.bound) == (optimum, optimum)


@pytest.mark.parametrize(("number", "median", "centre"), [(1, 5819, 127), (6, 7824, 84), (16, 8162, 47)])
def test_published_graphs(number: int, median: int, centre: int) -> None:
    distances, p = read_orlib(str(DATA / f"pmed{number}.txt"))
    for answer, optimum in ((p_median(distances, p=p), median), (p_center(distances, p=p), centre)):
        assert (answer.value, answer.bound) == (optimum, optimum)


@pytest.mark.parametrize(("p", "optimum"), [(5, 3_099_073), (20, 1_412_108)])
def test_published_points(p: int, optimum: int) -> None:
    answer = p_median(rounded_down("rl1304.tsp"), p=p)
    assert (answer.value, answer.bound) == (optimum, optimum)


def test_published_cover_of_manhattan() -> None:
    # Degrees, and a radius of 400 m on a ball of 6,378,100 m; every census block is demand and site.
    places, people = (
        (DATA / "mclp_manhattan.txt").read_text().partition("NODE_COORD_SECTION")[2].split("DEMAND_SECTION")
    )
    lat, lon = np.radians(np.array(places.split(), dtype=float).reshape(-1, 2)).T
    weight = np.array(people.split()[: len(lat)]).astype(np.int64)
    half = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat)[:, None] * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    cover = cover_by_matrix(2 * 6_378_100 * np.arcsin(np.sqrt(half)) <= 400)
    answer = cover_most(cover, weight, p=50, steps=12)
    assert answer.value >= 1_153_640  # the best published
    assert answer.bound == answer.evidence.recompute() <= 1.0018 * answer.value


def test_a_city_is_covered_with_proof() -> None:
    cover, weight = clustered(4000, 150)
    every = cover_all(cover)
    assert every.is_proven
    assert (every.assignment >= 0).sum() == 4000 - len(every.unreachable)
    most = cover_most(cover, weight, p=12)
    served = most.assignment >= 0
    assert most.value == weight[served].sum() <= most.bound
    assert cover.matrix[np.flatnonzero(served), most.assignment[served]].sum() == served.sum()
    assert most.gap < 0.01


def answers(**limits: Any) -> list[Siting]:
    cover, weight = clustered(800, 60)
    random = np.random.default_rng(3)
    distances = straight_distances(random.uniform(0, 900, (90, 2)), random.uniform(0, 900, (40, 2)))
    capacities = np.full(40, 9)
    return [
        cover_all(cover, **limits), cover_most(cover, weight, p=9, **limits), p_median(distances, p=6, **limits),
        p_median(distances, p=12, capacities=capacities, **limits), p_center(distances, p=6, **limits),
    ]  # fmt: skip


def test_the_same_seed_gives_the_same_answer() -> None:
    for one, two in zip(answers(seed=4, steps=20), answers(seed=4, steps=20), strict=True):
        assert (one.value, one.bound, one.steps, one.stopped) == (two.value, two.bound, two.steps, two.stopped)
        assert one.sites.tolist() == two.sites.tolist()
        assert one.assignment.tolist() == two.assignment.tolist()


def test_a_search_stops_when_told_and_its_bound_still_holds() -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> bool:
        seen.append(progress)
        return False

    for short, whole in zip(answers(on_progress=stop), answers(), strict=True):
        assert short.stopped in ("asked", "proven")
        worse, better = (short, whole) if short.problem != "cover_most" else (whole, short)
        assert short.bound == short.evidence.recompute()
        assert worse.value >= better.value
        assert min(whole.value, whole.bound) <= max(short.value, short.bound)
        assert max(whole.value, whole.bound) >= min(short.value, short.bound)
    assert seen


def test_hardly_any_time_still_gives_an_answer() -> None:
    for answer in answers(seconds=1e-6):
        assert answer.stopped in ("seconds", "proven")
        assert answer.bound == answer.evidence.recompute()


def test_certificates_say_what_is_proven() -> None:
    fewest = cover_all(SQUARE)
    assert str(fewest.certificate) == "2 sites cover all 3 demands that can be covered; 1 cannot."
    priced = cover_all(SQUARE, costs=[3, 4])
    assert "at a cost of 7 cover all 3 demands that can be covered; no choice costs less than 7." in str(
        priced.certificate
    )
    besides = cover_all(SQUARE, existing=[1])
    assert str(besides.certificate).startswith("Besides 1 that stands: 1 site covers all 3")
    most = cover_most(SQUARE, [3, 4, 5], p=1)
    assert "covers 7 of 12 (58.33 %); no such choice covers more than 7 (58.33 %)" in str(most.certificate)
    assert str(most.certificate).startswith("1 site, of which 0 stands already, covers 7")
    near = p_median([[0, 2, 9], [2, 0, 7], [9, 7, 0]], p=2)
    assert str(near.certificate) == (
        "2 sites are 0.67 away on average (2 in all); no such choice is nearer than 0.67 (2 in all)."
    )


def test_demand_that_no_site_reaches_is_told() -> None:
    cover = cover_by_matrix([[1, 0], [0, 0], [0, 1]])
    assert cover_all(cover).unreachable.tolist() == [1]
    assert cover_most(cover, [1, 9, 1], p=2).unreachable.tolist() == [1]
    assert cover_all(cover, weights=[1, 1, 8], capacities=[5, 5]).unreachable.tolist() == [1, 2]


def test_nothing_to_cover_is_no_trouble() -> None:
    nobody = cover_by_matrix(np.zeros((3, 2)))
    assert (cover_all(nobody).value, cover_most(nobody, [1, 1, 1], p=1).value) == (0, 0)
    assert cover_most(SQUARE, [0, 0, 0], p=1).is_proven
    assert cover_most(SQUARE, [1, 1, 1], p=0).value == 0


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: cover_all(SQUARE, costs=[1, -1]), OutOfRange, r"costs\[1\] is -1; allowed is at least 0"),
        (lambda: cover_all(SQUARE, costs=[1, np.nan]), NotFinite, r"costs\[1\] is nan"),
        (lambda: cover_all(SQUARE, costs=[1]), WrongShape, "costs has shape"),
        (lambda: cover_all(SQUARE, costs=[2**40, 2**40]), BadValue, "the sum of costs is .* take a coarser unit"),
        (lambda: cover_all(SQUARE, capacities=[1, -2]), OutOfRange, r"capacities\[1\] is -2"),
        (lambda: cover_most(SQUARE, [1, 2, -3], p=1), OutOfRange, r"weights\[2\] is -3"),
        (lambda: cover_most(SQUARE, [1, 2, 0.5], p=1), OutOfRange, r"weights\[2\] is 0.5; allowed is whole numbers"),
        (lambda: cover_most(SQUARE, [1, 2, 3]), NoLimit, "Give either p"),
        (lambda: cover_most(SQUARE, [1, 2, 3], p=1, budget=2), NoLimit, "Give either p"),
        (lambda: cover_most(SQUARE, [1, 2, 3], p=3), BadValue, "p is 3; allowed is a whole number from 0 to 2"),
        (lambda: cover_most(SQUARE, [1, 2, 3], budget=-1), BadValue, "budget is -1"),
        (lambda: cover_most(SQUARE, [1, 2, 3], p=1, existing=[2]), OutOfRange, r"existing\[0\] is 2"),
        (lambda: p_median([[1, 2]], p=0), BadValue, "p is 0; allowed is a whole number from 1 to 2"),
        (lambda: p_median([[1, -2]], p=1), OutOfRange, r"distances\[0, 1\] is -2"),
        (lambda: p_median(np.empty((0, 2), dtype=int), p=1), InvalidInput, "distances is empty"),
        (lambda: p_median([[2**39]] * 3, p=1, weights=[2**38] * 3), BadValue, "the sum of weights times distances"),
        (
            lambda: p_median(point_distances([[0, 0]], [[1, 1]]), p=1, capacities=[1]),
            BadValue,
            "capacities is given; allowed is none between points",
        ),
        (lambda: p_median(point_distances([[0, 0]], [[1, 1]]), p=2), BadValue, "p is 2"),
        (lambda: point_distances([[0, 0]], [[1, np.inf]]), NotFinite, r"sites_xy\[0, 1\] is inf"),
        (lambda: p_center([[1, 2]], p=3), BadValue, "p is 3"),
        (lambda: p_center([[1, np.inf]], p=1), NotFinite, r"distances\[0, 1\] is inf"),
    ],
)
def test_bad_input_is_refused(ask: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask()
