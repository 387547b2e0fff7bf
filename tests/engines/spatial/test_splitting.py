"""A heavy building is divided by entrances: strips of equal footprint that fill its cell."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from shapely import affinity
from shapely.geometry import box

from quanyu.engines.spatial import split_atoms, tessellate
from quanyu.engines.spatial.splitting import split_cell
from quanyu.errors import OutOfRange

GROUND = box(0, 0, 200, 200)


@settings(max_examples=40)
@given(st.floats(20, 80), st.floats(8, 20), st.floats(0, 180), st.integers(2, 6))
def test_pieces_fill_the_cell_and_share_the_footprint_equally(
    length: float, width: float, angle: float, parts: int
) -> None:
    house = affinity.rotate(box(100 - length / 2, 100 - width / 2, 100 + length / 2, 100 + width / 2), angle)
    pieces = split_cell(GROUND, house, parts)
    assert len(pieces) == parts
    assert sum(piece.area for piece in pieces) == pytest.approx(GROUND.area, rel=1e-6)
    assert shapely.union_all(pieces).area == pytest.approx(GROUND.area, rel=1e-6)
    for piece in pieces:
        assert piece.intersection(house).area == pytest.approx(house.area / parts, rel=1e-4)


def test_strips_run_across_the_long_axis() -> None:
    pieces = split_cell(GROUND, box(60, 95, 140, 105), 2)
    assert sorted(round(piece.centroid.x) for piece in pieces) == [50, 150]
    assert {round(piece.centroid.y) for piece in pieces} == {100}


def test_a_strip_that_a_bent_cell_has_in_two_places_stays_in_one() -> None:
    # The ground of a slab bends around a yard, so that its west strip meets it again on the far side.
    ground = box(0, 0, 200, 200).difference(box(-1, 60, 150, 160))
    house = box(20, 20, 180, 32)
    pieces = split_cell(ground, house, 2)
    assert shapely.get_num_geometries(pieces).tolist() == [1, 1]
    assert sum(piece.area for piece in pieces) == pytest.approx(ground.area)
    assert [piece.intersection(house).area for piece in pieces] == pytest.approx([house.area / 2] * 2)


def test_neighbours_share_the_old_border_and_pieces_hang_together() -> None:
    footprints = np.array([box(20, 90, 180, 100), box(20, 150, 180, 160), box(20, 30, 180, 40)], dtype=object)
    made = tessellate(footprints, territory=GROUND)
    barrier = np.zeros(made.adjacency.nnz, dtype=bool)
    pieces = split_atoms(made.cells, footprints, made.adjacency, np.array([4, 1, 1]), barrier=barrier)
    assert pieces.origin.tolist() == [0, 0, 0, 0, 1, 2]
    graph = pieces.adjacency
    assert abs(graph - graph.T).max() == 0
    assert graph[[0, 1, 2, 3]][:, [4]].sum() == pytest.approx(made.adjacency[0, 1])
    assert graph[[0, 1, 2, 3]][:, [5]].sum() == pytest.approx(made.adjacency[0, 2])
    assert graph[0, 1] > 0
    assert graph[1, 2] > 0
    assert graph[0, 2] == 0
    assert connected_components(graph[:4][:, :4], directed=False)[0] == 1


def test_a_barrier_stays_between_all_pieces_of_both_sides() -> None:
    footprints = np.array([box(20, 90, 180, 100), box(20, 150, 180, 160)], dtype=object)
    made = tessellate(footprints, territory=GROUND)
    pieces = split_atoms(
        made.cells, footprints, made.adjacency, np.array([3, 2]), barrier=np.ones(made.adjacency.nnz, dtype=bool)
    )
    rows = np.repeat(np.arange(5), np.diff(pieces.adjacency.indptr))
    across = pieces.origin[rows] != pieces.origin[pieces.adjacency.indices]
    assert across.any()
    assert (pieces.barrier == across).all()


def test_nothing_heavy_changes_nothing() -> None:
    footprints = np.array([box(20, 90, 60, 100), box(120, 150, 180, 160)], dtype=object)
    made = tessellate(footprints, territory=GROUND)
    barrier = np.zeros(made.adjacency.nnz, dtype=bool)
    pieces = split_atoms(made.cells, footprints, made.adjacency, np.array([1, 1]), barrier=barrier)
    assert (pieces.adjacency != made.adjacency).nnz == 0
    assert [cell.equals(old) for cell, old in zip(pieces.cells, made.cells, strict=True)] == [True, True]


def test_a_barrier_that_is_neither_true_nor_false_is_refused() -> None:
    footprints = np.array([box(20, 90, 180, 100), box(20, 150, 180, 160)], dtype=object)
    made = tessellate(footprints, territory=GROUND)
    unclear = np.full(made.adjacency.nnz, np.nan)
    with pytest.raises(OutOfRange, match=r"barrier\[0\] is nan; allowed is true or false"):
        split_atoms(made.cells, footprints, made.adjacency, np.array([2, 1]), barrier=unclear)
