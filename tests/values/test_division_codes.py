"""Division codes: levels and parents by their zeros."""

import pytest

from quanyu.values.division_codes import DivisionCode, WrongDivisionCode


@pytest.mark.parametrize(
    ("text", "level", "parent"),
    [
        ("370000000000", "province", None),
        ("370100000000", "prefecture", "370000000000"),
        ("370114000000", "county", "370100000000"),
        ("370114101000", "town", "370114000000"),
        ("370114101201", "village", "370114101000"),
        # Towns of a prefecture without counties (Dongguan) hang below its own code.
        ("441900003000", "town", "441900000000"),
    ],
)
def test_the_zeros_at_its_end_tell_level_and_parent(text: str, level: str, parent: str | None) -> None:
    code = DivisionCode(text)
    assert code.level == level
    assert (code.parent.text if code.parent else None) == parent


@pytest.mark.parametrize("text", ["37011400000", "3701140000000", "37011400000X", "", "001140000000", "３70114000000"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(WrongDivisionCode, match="Give 12 digits"):
        DivisionCode(text)


def test_a_code_lies_within_every_code_above_it_and_itself() -> None:
    village = DivisionCode("370114101201")
    above = [
        village,
        *(DivisionCode(text) for text in ("370114101000", "370114000000", "370100000000", "370000000000")),
    ]
    assert all(village.within(other) for other in above)
    assert not village.within(DivisionCode("370114102000"))
    assert village.at("county") == DivisionCode("370114000000")


def test_a_code_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        DivisionCode("370114000000").text = "370115000000"  # type: ignore[misc]
