"""No plan in range cuts less than the bound: compared with every plan there is, and with published optima."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from tests.engines.districting.strategies import from_pairs, path, planar

from quanyu.engines.districting import district
from quanyu.engines.districting.cut_bounds import CutBound, cut_bound, spectral
from quanyu.engines.districting.cut_model import Ground
from quanyu.errors import BadValue, EmptyRange, OutOfRange

DATA = Path(__file__).parents[2] / "data" / "districting"
INSTANCES = {each["name"]: each for each in json.loads((DATA / "index.json").read_text())}
OBJECTIVE = st.sampled_from(["cut_edges", "cut_length"])


def instance(name: str) -> tuple[Any, Any, dict[str, Any]]:
    arrays, facts = np.load(DATA / f"{name}.npz"), INSTANCES[name]
    shape = (len(arrays["weights"]),) * 2
    adjacency = sparse.csr_array((arrays["edge_length"], arrays["indices"], arrays["indptr"]), shape=shape)
    return arrays["weights"], adjacency, {key: facts[key] for key in ("k", "lower", "upper")}


def partitions(atoms: int) -> Any:
    """Yield every way to group atoms, as labels in order of first use."""

    def grow(labels: list[int]) -> Any:
        if len(labels) == atoms:
            yield np.array(labels)
            return
        for label in range(max(labels) + 2):
            yield from grow([*labels, label])

    yield from grow([0])


def least_cut(
    weights: Any, adjacency: Any, *, lower: int, upper: int, k: int | None, objective: str, closed: Any
) -> float | None:
    """Look at every plan; ``closed`` (n, n) are pairs over which nothing hangs together."""
    graph = adjacency.toarray() > 0
    cost = graph.astype(float) if objective == "cut_edges" else adjacency.toarray()
    best: float | None = None
    for labels in partitions(len(weights)):
        size = np.bincount(labels, weights=weights)
        if (k is not None and len(size) != k) or (size < lower).any() or (size > upper).any():
            continue
        cut = float(cost[labels[:, None] != labels].sum() / 2)
        same = labels[:, None] == labels
        whole = connected_components(graph & same & ~closed, directed=False)[0] == len(size)
        if whole and (best is None or cut < best):
            best = cut
    return best


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), atoms=st.integers(4, 8), free=st.booleans(), objective=OBJECTIVE)
@example(seed=2713, atoms=4, free=False, objective="cut_length")  # a block without households
def test_the_bound_is_what_the_best_of_all_plans_cuts(seed: int, atoms: int, free: bool, objective: str) -> None:
    generator = np.random.default_rng(seed)
    adjacency = planar(seed, atoms)
    weights = generator.integers(0, 60, atoms) * (generator.random(atoms) < 0.8)
    k = int(generator.integers(1, 5))
    lower = int(weights.sum() / k * generator.uniform(0.3, 0.95))
    # An atom above the range stands alone, which is not what every plan does.
    upper = max(int(weights.sum() / k * generator.uniform(1.05, 1.6)), int(weights.max()), lower, 1)
    border = (np.arange(atoms) >= generator.integers(1, 2 * atoms)).astype(np.int64)
    rows = np.repeat(np.arange(atoms), np.diff(adjacency.indptr))
    pair = np.minimum(rows, adjacency.indices) * atoms + np.maximum(rows, adjacency.indices)
    barrier = pair % 7 == generator.integers(0, 14)
    closed = border[:, None] != border
    closed[rows[barrier], adjacency.indices[barrier]] = True
    limits: dict[str, Any] = {"lower": lower, "upper": upper, "k": None if free else k, "objective": objective}
    best = least_cut(weights, adjacency, closed=closed, **limits)
    found = cut_bound(weights, adjacency, border=border, barrier_edges=barrier, seconds=20.0, **limits)
    quick = cut_bound(weights, adjacency, border=border, barrier_edges=barrier, seconds=0.0, **limits)
    if best is not None:
        assert found.value is not None
        assert found.value <= best
        assert (quick.value or 0.0) <= found.value
        if found.exact:
            assert found.value == pytest.approx(best, rel=1e-5, abs=1e-5)
        else:  # blocks whose districts add up to k in more than one way
            assert connected_components(np.where(closed, 0, adjacency.toarray()), directed=False)[0] > 1
    elif not free:
        assert not found.exact


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10_000), atoms=st.integers(3, 9), objective=OBJECTIVE)
def test_eigenvalues_never_prove_more_than_a_plan_cuts(seed: int, atoms: int, objective: str) -> None:
    generator = np.random.default_rng(seed)
    adjacency = planar(seed, atoms)
    weights, labels = generator.integers(0, 9, atoms), generator.integers(0, 4, atoms)
    size = np.bincount(np.unique(labels, return_inverse=True)[1], weights=weights)
    edges = sparse.triu(adjacency).tocoo()
    cost = edges.data if objective == "cut_length" else np.ones(edges.nnz)
    ground = Ground(
        weights=weights, pairs=np.column_stack([edges.row, edges.col]), cost=cost, open_edges=adjacency,
        lower=int(size.min()), upper=int(size.max()), low=len(size), high=len(size),
    )  # fmt: skip
    assert spectral(ground) <= cost[labels[edges.row] != labels[edges.col]].sum() + 1e-9


def test_eigenvalues_of_squares_are_those_of_the_formula() -> None:
    # 20 x 20 atoms in 16 squares of 5 x 5: 2 directions x 3 lines x 20 edges are cut. The Laplacian of a row of n has
    # the eigenvalues 2 − 2 cos(π i / n), that of a square of atoms their sums.
    squares = np.arange(400).reshape(20, 20)
    pairs = [
        *zip(squares[:, :-1].flat, squares[:, 1:].flat, strict=True),
        *zip(squares[:-1].flat, squares[1:].flat, strict=True),
    ]
    row = 2 - 2 * np.cos(np.pi * np.arange(20) / 20)
    expected = 25 / 2 * np.sort((row[:, None] + row).ravel())[:16].sum()
    weights = np.ones(400, dtype=np.int64)
    found = cut_bound(weights, from_pairs(pairs, 400), lower=25, upper=25, k=16, objective="cut_edges")
    assert (found.value, found.exact) == (int(np.ceil(expected)), False)
    assert expected <= 120


@pytest.mark.parametrize(
    ("name", "optimum", "seconds"), [("OK_county", 40, 2.0), ("IA_county", 33, 2.0), ("ID_tract", 17, 0.0)]
)
def test_a_published_optimum_is_not_less_than_the_bound(name: str, optimum: int, seconds: float) -> None:
    weights, adjacency, limits = instance(name)
    found = cut_bound(weights, adjacency, **limits, objective="cut_edges", seconds=seconds)
    assert found.value is not None
    assert 1 <= found.value <= optimum


def test_a_plan_that_cuts_no_more_than_it_must_has_no_gap() -> None:
    weights, adjacency = np.random.default_rng(1).integers(10, 90, 15), planar(7, 15)
    limits: dict[str, Any] = {"lower": 200, "upper": 500, "k": 2, "objective": "cut_edges"}
    found, plan = cut_bound(weights, adjacency, **limits), district(weights, adjacency, **limits)
    assert found.exact
    assert found.gap(plan) == 0.0


def test_the_gap_is_the_share_of_the_cut_that_is_not_proven() -> None:
    plan = district([4, 4, 4, 4], path(4), lower=8, upper=8)
    assert CutBound(8.0, False, "cut_length", 0.0).gap(plan) == pytest.approx(0.2)
    assert CutBound(1, True, "cut_edges", 0.0).gap(plan) == 0.0
    assert CutBound(None, False, "cut_length", 0.0).gap(plan) is None


def test_a_plan_out_of_range_has_no_gap() -> None:
    # Each of the outer atoms fits with the inner one only.
    adjacency = from_pairs([(0, 1), (0, 2), (0, 3)], 4)
    plan = district([1, 1, 1, 1], adjacency, lower=2, upper=3)
    assert plan.unmet
    assert CutBound(1.0, False, "cut_length", 0.0).gap(plan) is None


def test_districts_that_do_not_hang_together_are_no_plan() -> None:
    adjacency = from_pairs([(0, 1), (0, 2), (0, 3)], 4)
    assert cut_bound([1, 1, 1, 1], adjacency, lower=2, upper=3, k=2).value is None


def test_an_atom_above_the_range_is_cut_off() -> None:
    found = cut_bound([4, 90, 4, 4], path(4), lower=4, upper=8, objective="cut_edges")
    assert (found.value, found.exact) == (2, True)


def test_neighbours_heavier_than_a_district_are_parted_in_blocks_of_any_size() -> None:
    weights = np.where(np.arange(3_000) < 4, 60, 1)
    found = cut_bound(weights, path(3_000), lower=0, upper=100, objective="cut_edges")
    assert (found.value, found.exact) == (3, False)


def test_nothing_is_said_where_nothing_is_proven() -> None:
    found = cut_bound(np.ones(3_000, dtype=np.int64), path(3_000), lower=0, upper=100)
    assert (found.value, found.exact) == (None, False)


def test_one_district_cuts_nothing_but_the_borders() -> None:
    found = cut_bound([1, 1, 1, 1], path(4), lower=1, upper=2, border=[0, 0, 1, 1], k=2)
    assert found.value == pytest.approx(10.0)
    assert found.value <= 10.0
    assert found.exact


@pytest.mark.parametrize(
    "limits",
    [{"k": 1}, {"k": 4}, {"k": 2, "upper": 8, "weights": [9, 2, 2, 3]}, {"k": 1, "border": [0, 0, 1, 1], "lower": 1}],
    ids=["too heavy", "too light", "an atom above the range", "more pieces than districts"],
)
def test_without_a_plan_in_range_there_is_no_bound(limits: dict[str, Any]) -> None:
    given: dict[str, Any] = {"weights": [4, 4, 4, 4], "adjacency": path(4), "lower": 5, "upper": 10, **limits}
    found = cut_bound(**given)
    assert (found.value, found.exact) == (None, False)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"objective": "polsby_popper"}, BadValue, "objective"),
        ({"seconds": -1.0}, BadValue, "seconds"),
        ({"seconds": float("nan")}, BadValue, "seconds"),
        ({"lower": 9, "upper": 8}, EmptyRange, "9"),
        ({"weights": [4, -4, 4, 4]}, OutOfRange, "weights[1]"),
    ],
)
def test_bad_input_is_refused_with_its_place(changes: dict[str, Any], error: type[Exception], words: str) -> None:
    given: dict[str, Any] = {"weights": [4, 4, 4, 4], "adjacency": path(4), "lower": 8, "upper": 8, **changes}
    with pytest.raises(error) as caught:
        cut_bound(**given)
    assert words in str(caught.value)
