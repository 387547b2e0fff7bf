"""Numbers as clerks write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyu.values.numbers import number_in, read_number

WIDE = str.maketrans("0123456789.,", "０１２３４５６７８９．，")


@given(st.integers(min_value=0, max_value=10**12))
def test_full_width_digits_and_thousands_read_as_the_same_number(number: int) -> None:
    assert read_number(str(number)) == number
    assert read_number(str(number).translate(WIDE)) == number
    assert read_number(f" {number:,} ") == number
    assert read_number(f"{number:,}".translate(WIDE)) == number


@pytest.mark.parametrize(
    "text", ["约300", "300户", "1,23", "１２３，４", "12 34", "三百", "-", "1e3", "NaN", "0x10", "²"]
)
def test_anything_else_is_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_number(text)


def test_an_empty_text_is_no_number() -> None:
    assert read_number("") is None
    assert read_number("　") is None


def test_the_number_inside_a_text_can_be_shown() -> None:
    assert number_in("约３00户") == "300"
    assert number_in("about 1,250 or so") == "1250"
    assert number_in("unknown") == ""
