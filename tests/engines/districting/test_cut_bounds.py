"""No plan in range has less border than is proven."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from quanyu.engines.districting import district
from quanyu.engines.districting.cut_bounds import cut_bound
from quanyu.errors import BadValue, EmptyInput

DATA = Path(__file__).parents[2] / "data" / "districting"


def lattice(rows: int, columns: int, lengths: list[int]) -> sparse.csr_array:
    """Return a lattice whose shared borders have the lengths given, in turn."""
    number = np.arange(rows * columns).reshape(rows, columns)
    pairs = [*zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True)]
    pairs += [*zip(number[:-1].ravel(), number[1:].ravel(), strict=True)]
    matrix = np.zeros((rows * columns,) * 2)
    for at, (one, other) in enumerate(pairs):
        matrix[one, other] = matrix[other, one] = lengths[at % len(lengths)]
    return sparse.csr_array(matrix)


def partitions(size: int, most: int) -> Iterator[list[int]]:
    """Yield every division of atoms into at most so many groups, once."""
    if size == 0:
        yield []
        return
    for before in partitions(size - 1, most):
        yield from ([*before, label] for label in range(min(max(before, default=-1) + 2, most)))


def least_cut(
    weights: np.ndarray, matrix: sparse.csr_array, lower: int, upper: int, k: int | None, border: np.ndarray | None
) -> float | None:
    """Return the least cut of all plans in range, by trying every one; ``None`` where there is none."""
    size, best = len(weights), None
    dense = matrix.toarray()
    for labels in partitions(size, k or size):
        sizes = np.bincount(labels, weights=weights)
        if (k is not None and len(sizes) != k) or (sizes < lower).any() or (sizes > upper).any():
            continue
        if border is not None and any(len({*border[np.array(labels) == each]}) > 1 for each in range(len(sizes))):
            continue
        same = np.equal.outer(labels, labels)
        if connected_components(sparse.csr_array(dense * same), directed=False)[0] != len(sizes):
            continue
        cut = float((dense * ~same).sum()) / 2
        best = cut if best is None else min(best, cut)
    return best


@settings(max_examples=40)
@given(
    st.sampled_from([(2, 3), (2, 4), (1, 6), (3, 3)]), st.lists(st.integers(0, 9), min_size=9, max_size=9),
    st.lists(st.integers(1, 20), min_size=4, max_size=12), st.integers(1, 12), st.integers(0, 15),
    st.sampled_from([None, 2, 3]), st.booleans(), st.booleans(),
)  # fmt: skip
def test_the_bound_is_below_every_plan_in_range(
    shape: tuple[int, int], homes: list[int], lengths: list[int], lower: int, room: int, k: int | None,
    bordered: bool, by_programme: bool,
) -> None:  # fmt: skip
    size = shape[0] * shape[1]
    weights, matrix = np.array(homes[:size]), lattice(*shape, lengths)
    border = np.arange(size) // ((size + 1) // 2) if bordered else None
    found = cut_bound(
        weights, matrix, lower=lower, upper=lower + room, k=k, border=border, seconds=5.0 if by_programme else 0.0
    )
    least = least_cut(weights, matrix, lower, lower + room, k, border)
    if least is not None:
        assert found is not None
        assert found <= least * (1 + 1e-9)


def test_an_even_strip_is_proven_to_the_end() -> None:
    strip = lattice(1, 12, [5])
    for k, expected in ((2, 5.0), (3, 10.0), (4, 15.0)):
        found = cut_bound(np.full(12, 10), strip, lower=120 // k, upper=120 // k, k=k)
        assert found == pytest.approx(expected, rel=1e-5)
    assert cut_bound(np.full(12, 10), strip, lower=30, upper=30, k=4, objective="cut_edges") == 3.0


def test_a_small_lattice_is_nearly_proven() -> None:
    square = lattice(4, 4, [1])
    found = cut_bound(np.ones(16, dtype=int), square, lower=4, upper=4, k=4, objective="cut_edges", seconds=20.0)
    plan = district(np.ones(16, dtype=int), square, lower=4, upper=4, k=4, objective="cut_edges")
    assert plan.metrics.cut_edges == 8
    assert found is not None
    assert 6 <= found <= 8


def test_the_spectrum_bounds_the_published_optimum_of_oklahoma() -> None:
    stored = np.load(DATA / "OK_county.npz")
    size = len(stored["weights"])
    matrix = sparse.csr_array((stored["edge_length"], stored["indices"], stored["indptr"]), shape=(size, size))
    bound = cut_bound(stored["weights"], matrix, lower=746519, upper=754021, k=5, objective="cut_edges")
    assert bound is not None
    assert 14 <= bound <= 40


def test_what_cannot_be_in_range_has_no_bound() -> None:
    assert cut_bound(np.array([1, 9, 1]), lattice(1, 3, [1]), lower=2, upper=4) is None


def test_other_objectives_and_bad_input_are_refused() -> None:
    strip = lattice(1, 4, [1])
    with pytest.raises(BadValue, match="objective is polsby_popper"):
        cut_bound(np.ones(4, dtype=int), strip, lower=1, upper=2, objective="polsby_popper")
    with pytest.raises(BadValue, match="seconds is -1"):
        cut_bound(np.ones(4, dtype=int), strip, lower=1, upper=2, seconds=-1)
    with pytest.raises(EmptyInput, match="weights"):
        cut_bound(np.ones(0, dtype=int), sparse.csr_array((0, 0)), lower=1, upper=2)
