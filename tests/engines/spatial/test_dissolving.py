"""Grids are the union of their cells, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from quanyu.engines.spatial import dissolve

CELLS = np.array([box(x, y, x + 1, y + 1) for y in range(5) for x in range(5)], dtype=object)


@given(st.lists(st.integers(0, 3), min_size=25, max_size=25))
def test_each_grid_has_the_area_of_its_cells_and_grids_do_not_overlap(labels: list[int]) -> None:
    dense = np.unique(labels, return_inverse=True)[1]
    grids = dissolve(CELLS, dense)
    assert shapely.area(grids).tolist() == pytest.approx(np.bincount(dense).tolist())
    assert shapely.union_all(grids).area == pytest.approx(25)


def test_slivers_and_lines_of_rounding_are_left_out() -> None:
    sliver = shapely.MultiPolygon([box(0, 0, 10, 10), box(50, 50, 50.001, 50.001)])
    grid = dissolve(np.array([sliver], dtype=object), np.array([0]))[0]
    assert grid.equals(box(0, 0, 10, 10))
