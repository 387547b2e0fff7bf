"""Every point of a partition has exactly one polygon."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from quanyu.engines.spatial import Locator
from quanyu.errors import NotFinite, WrongShape

SQUARES = np.array([box(x, y, x + 1, y + 1) for y in range(4) for x in range(4)], dtype=object)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 5), st.floats(-1, 5)), min_size=1, max_size=50))
def test_the_polygon_is_one_that_meets_the_point(points: list[tuple[float, float]]) -> None:
    found = Locator(SQUARES).locate(*zip(*points, strict=True))
    for (x, y), index in zip(points, found.tolist(), strict=True):
        holding = [i for i, square in enumerate(SQUARES) if square.intersects(shapely.Point(x, y))]
        assert index in (holding or [-1])


def test_a_point_on_a_shared_border_belongs_below_and_then_to_the_right() -> None:
    assert Locator(SQUARES).locate([1.0, 0.5, 2.0], [0.5, 1.0, 2.0]).tolist() == [1, 0, 6]


def test_a_point_outside_has_none() -> None:
    assert Locator(SQUARES).locate([9.0], [9.0]).tolist() == [-1]


def test_nothing_asked_is_nothing_found() -> None:
    assert Locator(SQUARES).locate([], []).tolist() == []


def test_bad_points_are_refused() -> None:
    with pytest.raises(NotFinite, match=r"lat\[1\] is nan"):
        Locator(SQUARES).locate([0.5, 0.5], [0.5, np.nan])
    with pytest.raises(WrongShape, match="lat has shape"):
        Locator(SQUARES).locate([0.5, 0.5], [0.5])
