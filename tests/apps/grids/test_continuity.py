"""How today's grids live on: parts are compared by the stretch they share, codes stay with most of a grid."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from quanyu.apps.grids.continuity import Today, holdings, kept_codes, previous_labels


def _ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _today(*rows: tuple[int, int, int, int, int], codes: tuple[str, ...]) -> Today:
    row, part, parts, label, households = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Today(row, part, parts, label, households, codes)


def _keeps(shares: dict[tuple[str, int], int], sizes: dict[str, int]) -> dict[int, str]:
    """Let old grids give households to new ones, an undivided place for each pair."""
    codes = tuple(sorted(sizes))
    rest = {code: size - sum(n for (old, _), n in shares.items() if old == code) for code, size in sizes.items()}
    # What no pair takes goes to a grid of its own.
    pairs = [*shares.items(), *(((code, 90 + i), n) for i, (code, n) in enumerate(rest.items()) if n)]
    today = _today(*((i, 1, 1, codes.index(old), n) for i, ((old, _), n) in enumerate(pairs)), codes=codes)
    ones = np.ones(len(pairs), dtype=np.int64)
    held, size = holdings(today, np.arange(len(pairs)), ones, ones, ones.astype(float))
    return kept_codes(codes, held, size, np.array([new for (_, new), _ in pairs], dtype=np.int64))


def test_a_grid_with_over_half_of_the_old_households_keeps_the_code() -> None:
    shares = {("A", 0): 60, ("A", 1): 40, ("B", 0): 10, ("B", 1): 90}
    assert _keeps(shares, {"A": 100, "B": 100}) == {0: "A", 1: "B"}


def test_half_is_not_most() -> None:
    assert _keeps({("A", 0): 50, ("A", 1): 50}, {"A": 100}) == {}


def test_a_merged_grid_keeps_the_code_of_the_larger_share() -> None:
    assert _keeps({("A", 0): 80, ("B", 0): 90}, {"A": 80, "B": 90}) == {0: "B"}


def test_a_grid_without_households_keeps_its_code_by_its_ground() -> None:
    today = _today((0, 1, 1, 0, 0), (1, 1, 1, 0, 0), codes=("M",))
    ones = _ints(1, 1)
    held, sizes = holdings(today, _ints(0, 1), ones, ones, np.array([30.0, 10.0]))
    assert sizes.tolist() == [40.0]
    assert kept_codes(("M",), held, sizes, _ints(5, 6)) == {5: "M"}


def test_a_building_divided_as_before_keeps_each_part_with_its_grid() -> None:
    today = _today((0, 1, 2, 0, 400), (0, 2, 2, 1, 400), codes=("A", "B"))
    origin, part, parts = _ints(0, 0), _ints(1, 2), _ints(2, 2)
    assert previous_labels(today, origin, part, parts).tolist() == [0, 1]
    held, sizes = holdings(today, origin, part, parts, np.ones(2))
    assert held.toarray().tolist() == [[400, 0], [0, 400]]
    assert kept_codes(("A", "B"), held, sizes, _ints(0, 1)) == {0: "A", 1: "B"}


def test_a_building_divided_anew_is_compared_by_the_stretch_it_shares() -> None:
    today = _today((0, 1, 2, 0, 300), (0, 2, 2, 1, 600), codes=("A", "B"))
    held, _ = holdings(today, _ints(0, 0, 0), _ints(1, 2, 3), _ints(3, 3, 3), np.ones(3))
    # Two halves on three thirds: the middle third holds a third of each half.
    assert np.round(held.toarray(), 6).tolist() == [[200, 100, 0], [0, 200, 400]]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 5000))
def test_no_household_is_lost_however_a_building_is_divided(before: int, after: int, households: int) -> None:
    counts = [households // before + (i < households % before) for i in range(before)]
    today = _today(*((0, i + 1, before, 0, n) for i, n in enumerate(counts)), codes=("A",))
    parts = np.full(after, after, dtype=np.int64)
    origin, area = np.zeros(after, dtype=np.int64), np.full(after, 1.0 / after)
    held, sizes = holdings(today, origin, np.arange(1, after + 1), parts, area)
    assert np.isclose(held.sum(), sizes.sum())
    assert np.isclose(sizes.sum(), households or 1.0)
