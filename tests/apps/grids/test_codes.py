"""Codes: read like a page, never reused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyu.apps.grids.codes import CodesUsedUp, InvalidPattern, LongCode, Unnumbered, assign, highest, parse

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


def test_a_code_is_read_back_by_the_pattern_that_wrote_it() -> None:
    assert parse("370114001001017", PATTERN) == ("370114001001", 17)
    assert parse("W-3701140010010017", "W-{division}{number:04d}") == ("370114001001", 17)
    assert parse("W-3701140010010017", PATTERN) is None


def test_the_highest_number_counts_in_each_division() -> None:
    used = ["370114001001002", "370114001001010", "370114001002003", "odd"]
    assert highest(used, PATTERN) == {"370114001001": 10, "370114001002": 3}


@pytest.mark.parametrize(
    "pattern",
    ["{division}", "{number}", "{division}{number}{street}", "{division", "{0}{number}", "{division.x}{number}",
     "{division}{number}{number}"],
)  # fmt: skip
def test_a_pattern_that_cannot_tell_grids_apart_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern, match=r"Give \{division\} and \{number\}"):
        parse("370114001001017", pattern)


def test_a_code_that_does_not_fit_is_refused() -> None:
    with pytest.raises(LongCode, match="more than 24 signs"):
        assign([_grid(0, 0)], used={}, pattern="{division}{number:020d}")


def test_a_number_beyond_the_digits_of_the_pattern_is_refused_with_the_mend() -> None:
    grids = [_grid(x, 0) for x in range(3)]
    assert assign(grids, used={"370114001001": 996}, pattern=PATTERN)[-1] == "370114001001999"
    with pytest.raises(CodesUsedUp, match=r"370114001001 needs grid number 1000, .* ends at 999\. Load the divisions"):
        assign(grids, used={"370114001001": 997}, pattern=PATTERN)
    assert assign(grids, used={"370114001001": 997}, pattern="{division}{number:04d}")[-1] == "3701140010011000"
    assert assign(grids, used={"370114001001": 997}, pattern="{division}-{number}")[-1] == "370114001001-1000"


def test_a_grid_that_keeps_its_code_needs_no_number() -> None:
    kept = [_grid(x, 0, keeps=f"37011400100199{x}") for x in range(3)]
    assert len(assign(kept, used={"370114001001": 999}, pattern=PATTERN)) == 3


@pytest.mark.parametrize("spec", ["3d", "x", ",", "0<3", "e"])
def test_a_pattern_whose_numbers_do_not_read_back_is_refused(spec: str) -> None:
    with pytest.raises(InvalidPattern):
        assign([_grid(0, 0)], used={}, pattern=f"{{division}}{{number:{spec}}}")


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1, max_size=60), st.integers(0, 500))
def test_codes_are_unique_and_new(points: list[tuple[float, float]], used: int) -> None:
    codes = assign([_grid(x, y) for x, y in points], used={"370114001001": used}, pattern=PATTERN)
    assert len(set(codes)) == len(points)
    assert min(parse(code, PATTERN)[1] for code in codes if parse(code, PATTERN)) == used + 1
