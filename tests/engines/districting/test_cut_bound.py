"""No plan in range cuts less than the bound: compared with every plan there is, and with published optima."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from tests.engines.districting.strategies import from_pairs, path, planar

from quanyu.engines.districting import district
from quanyu.engines.districting.cut_bounds import CutBound, cut_bound, spectral
from quanyu.engines.districting.cut_model import Ground
from quanyu.errors import BadValue, EmptyRange, NotFinite, OutOfRange

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
        else:
            assert connected_components(np.where(closed, 0, adjacency.toarray()), directed=False)[0] > 1
    else:
        assert not found.exact or free


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


def test_eigenvalues_prove_a_third_of_the_cut_of_squares() -> None:
    # 20 x 20 atoms in 16 squares of 5 x 5: 2 directions x 3 lines x 20 edges are cut.
    squares = np.arange(400).reshape(20, 20)
    pairs = [*zip(squares[:, :-1].flat, squares[:, 1:].flat), *zip(squares[:-1].flat, squares[1:].flat)]
    found = cut_bound(
        np.ones(400, dtype=np.int64), from_pairs(pairs, 400), lower=25, upper=25, k=16, objective="cut_edges"
    )
    assert found.value is not None
    assert 40 <= found.value <= 120
    assert not found.exact
