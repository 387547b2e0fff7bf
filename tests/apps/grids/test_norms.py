"""Norms refuse what no plan can be drawn by, and say what would work."""

import pytest

from quanyu.apps.grids.norms import InvalidNorm, Norms


def test_the_defaults_are_those_of_the_standard() -> None:
    assert (Norms().lower, Norms().upper) == (300, 500)


def test_norms_survive_being_stored() -> None:
    norms = Norms(lower=250, barriers=("railway",), seed=7)
    assert Norms.from_dict(norms.as_dict()) == norms


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lower", 0), ("upper", 200), ("target", 900), ("grids", 0), ("grids", 2_000_000),
        ("stability", 1.5), ("barriers", ["wall"]),
        ("exclusive_kinds", ["castle"]), ("exclusive_min_m2", -1), ("objective", "beauty"), ("steps", -1),
        ("seconds", 0), ("seed", -1), ("colour", "red"),
    ],
)  # fmt: skip
def test_a_norm_that_cannot_be_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidNorm) as refusal:
        Norms.from_dict({field: value})
    assert refusal.value.where["field"] == field
