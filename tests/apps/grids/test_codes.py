"""Codes: read like a page, kept with most households, never reused."""

from hypothesis import given
from hypothesis import strategies as st

from quanyu.apps.grids.codes import Unnumbered, assign, keep_codes, number_of

PATTERN = "{division}{number:03d}"


def _grid(x: float, y: float, division: str = "370114001001", keeps: str | None = None) -> Unnumbered:
    return Unnumbered(division, x, y, 100.0 * 100.0, keeps)


def test_numbers_run_from_west_to_east_and_north_to_south() -> None:
    grids = [_grid(250, 50), _grid(50, 50), _grid(150, 150), _grid(50, 150)]
    codes = assign(grids, used={}, pattern=PATTERN)
    assert [code[-3:] for code in codes] == ["004", "003", "002", "001"]


def test_each_community_counts_for_itself() -> None:
    codes = assign([_grid(0, 0), _grid(0, 0, "370114001002")], used={}, pattern=PATTERN)
    assert codes == ["370114001001001", "370114001002001"]


def test_a_number_once_used_is_not_given_again() -> None:
    codes = assign([_grid(0, 0), _grid(9, 0, keeps="370114001001002")], used={"370114001001": 7}, pattern=PATTERN)
    assert codes == ["370114001001008", "370114001001002"]


def test_a_grid_with_over_half_of_the_old_households_keeps_the_code() -> None:
    overlap = {("A", 0): 60, ("A", 1): 40, ("B", 0): 10, ("B", 1): 90}
    assert keep_codes(["A", "B"], overlap, {"A": 100, "B": 100}) == {0: "A", 1: "B"}


def test_half_is_not_most() -> None:
    assert keep_codes(["A"], {("A", 0): 50, ("A", 1): 50}, {"A": 100}) == {}


def test_a_merged_grid_keeps_the_code_of_the_larger_share() -> None:
    assert keep_codes(["A", "B"], {("A", 0): 80, ("B", 0): 90}, {"A": 80, "B": 90}) == {0: "B"}


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1, max_size=60), st.integers(0, 500))
def test_codes_are_unique_and_new(points: list[tuple[float, float]], used: int) -> None:
    codes = assign([_grid(x, y) for x, y in points], used={"370114001001": used}, pattern=PATTERN)
    assert len(set(codes)) == len(points)
    assert min(number_of(code, "370114001001", PATTERN) for code in codes) == used + 1
