"""Every point of a partition has exactly one polygon."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from quanyu.engines.arrays import FloatArray, GeometryArray
from quanyu.engines.spatial import Locator
from quanyu.engines.spatial.locating import NoLocator, OtherPolygons, key_of
from quanyu.engines.spatial.locating._kernels import find
from quanyu.engines.spatial.rings import CoordinateTooLarge, NotPolygon
from quanyu.errors import BadValue, NotFinite, WrongShape

SIDE = 1000.0
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
    for threads in ("x", 0, 1.5):
        with pytest.raises(BadValue, match=f"threads is {threads}; allowed is a whole number of at least 1"):
            Locator(SQUARES).nearest([0.5], [0.5], threads=threads)  # type: ignore[arg-type]


def ragged(polygons: int, seed: int) -> GeometryArray:
    """Return a partition of a square whose borders have bends in random places, the same on both sides."""
    rng = np.random.default_rng(seed)
    whole = box(0, 0, SIDE, SIDE)
    cells = shapely.voronoi_polygons(shapely.multipoints(rng.random((polygons, 2)) * SIDE), extend_to=whole)
    cells = shapely.segmentize(shapely.intersection(shapely.get_parts(cells), whole), SIDE / 60)
    corners, back = np.unique(np.round(shapely.get_coordinates(cells), 6), axis=0, return_inverse=True)
    inside = ((corners > 0) & (corners < SIDE)).all(axis=1)
    corners[inside] += rng.normal(0, SIDE / polygons / 20, (int(inside.sum()), 2))
    cells = shapely.set_coordinates(cells, corners[back.ravel()])
    return cells[shapely.is_valid(cells) & ~shapely.is_empty(cells)]


def points_of(cells: GeometryArray, seed: int) -> FloatArray:
    """Return points anywhere, on every vertex, on the middle of every edge, and a hair beside the vertices."""
    rng = np.random.default_rng(seed)
    corners = shapely.get_coordinates(cells)
    hair = corners + rng.normal(0, 1e-9, corners.shape)
    anywhere = rng.uniform(-50, SIDE + 50, (20_000, 2))
    return np.concatenate([anywhere, corners, (corners[1:] + corners[:-1]) / 2, hair])


def differing(cells: GeometryArray, points: FloatArray, found: np.ndarray) -> int:
    """Count the points whose polygon GEOS says they do not touch, or that have none though GEOS knows one."""
    point, cell = shapely.STRtree(cells).query(shapely.points(points), predicate="intersects")
    right = np.zeros(len(points), dtype=bool)
    right[point[found[point] == cell]] = True
    touched = np.zeros(len(points), dtype=bool)
    touched[point] = True
    return int((~right & ~(~touched & (found == -1))).sum())


@pytest.mark.parametrize(("polygons", "seed"), [(40, 1), (300, 2), (2000, 3)])
def test_every_point_of_a_ragged_partition_is_where_geos_says(polygons: int, seed: int) -> None:
    cells = ragged(polygons, seed)
    points = points_of(cells, seed)
    assert differing(cells, points, Locator(cells).locate(*points.T)) == 0


def test_threads_change_nothing() -> None:
    locator, points = Locator(ragged(100, 4)), np.random.default_rng(4).uniform(0, SIDE, (250_000, 2))
    assert np.array_equal(locator.locate(*points.T, threads=1), locator.locate(*points.T, threads=3))


def test_holes_islands_and_parts_apart() -> None:
    ring = box(0, 0, 9, 9).difference(box(3, 3, 6, 6))
    apart = shapely.MultiPolygon([box(3, 3, 6, 6), box(20, 0, 21, 1)])
    found = Locator(np.array([ring, apart], dtype=object)).locate([1, 4, 20.5, 15], [1, 4, 0.5, 0.5])
    assert found.tolist() == [0, 1, 1, -1]


def test_the_plain_python_gives_the_same_labels() -> None:
    compiled = Locator(SQUARES[:3])
    points = np.random.default_rng(5).uniform(-0.5, 3.5, (60, 2))
    frame, edges = compiled._frame, compiled._edges
    plain = np.full(len(points), -9)
    find.py_func(frame, edges, compiled._hot, compiled._cold, *np.ascontiguousarray(points.T), plain)
    assert np.array_equal(plain, compiled.locate(*points.T))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(-5, 9), st.floats(-5, 9)), min_size=1, max_size=20))
def test_the_nearest_polygon_is_as_far_as_geos_says(points: list[tuple[float, float]]) -> None:
    chosen = SQUARES[[0, 2, 7, 12]]
    polygon, distance = Locator(chosen).nearest(*zip(*points, strict=True))
    for (x, y), index, away in zip(points, polygon.tolist(), distance.tolist(), strict=True):
        expected = shapely.distance(chosen, shapely.Point(x, y))
        assert away == pytest.approx(float(expected.min()), abs=1e-9)
        assert expected[index] == pytest.approx(float(expected.min()), abs=1e-9)


def test_a_saved_index_gives_the_same_answers(tmp_path: Path) -> None:
    cells = ragged(60, 6)
    made, points = Locator(cells), points_of(cells, 6)
    made.save(tmp_path / "grids.locator")
    opened = Locator.open(tmp_path / "grids.locator", key=key_of(cells))
    assert np.array_equal(opened.locate(*points.T), made.locate(*points.T))
    assert np.array_equal(opened.nearest(*points.T)[1], made.nearest(*points.T)[1])
    assert opened.report() == made.report()


def test_a_file_of_other_polygons_or_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grids.locator"
    with pytest.raises(NoLocator, match="No such file"):
        Locator.open(path)
    Locator(SQUARES).save(path)
    with pytest.raises(OtherPolygons, match="built from other polygons"):
        Locator.open(path, key=key_of(SQUARES[:3]))
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(NoLocator, match="expected"):
        Locator.open(path)
    path.write_bytes(b"something else\n")
    with pytest.raises(NoLocator, match="begins otherwise"):
        Locator.open(path)


def test_a_file_with_a_byte_changed_is_as_it_was_or_refused(tmp_path: Path) -> None:
    path, changed = tmp_path / "grids.locator", tmp_path / "changed.locator"
    made, points = Locator(SQUARES[:6]), np.random.default_rng(7).uniform(-0.5, 4.5, (50, 2)).T
    made.save(path)
    whole = path.read_bytes()
    head = whole.index(b"\n") + 1
    for at, mask in itertools.product(range(2000), (0x01, 0x2A, 0x80)):  # 0x2A makes a new line of a blank
        changed.write_bytes(whole[:at] + bytes([whole[at] ^ mask]) + whole[at + 1 :])
        try:
            opened = Locator.open(changed)
        except NoLocator:
            assert at < head
            continue
        # Of the arrays there is no sum, so that only the pages that are asked for are read.
        assert at >= head or (opened.key == made.key and (opened.locate(*points) == made.locate(*points)).all())


def test_a_file_goes_into_a_folder_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"missing.grids.locator; allowed is a file in a folder that is there"):
        Locator(SQUARES).save(tmp_path / "missing" / "grids.locator")


def test_polygons_that_cross_themselves_are_listed() -> None:
    bow = shapely.Polygon([(8, 0), (9, 1), (9, 0), (8, 1)])
    along = shapely.Polygon([(5, 0), (7, 0), (7, 1), (6.5, 1), (6.5, 0), (5.5, 0), (5.5, 1), (5, 1)])
    hole = shapely.Polygon([(10, 0), (14, 0), (10, 4)], [[(10, 2), (11, 1), (11, 2)]])  # meets its shell in a point
    report = Locator(np.array([*SQUARES, bow, hole, along], dtype=object)).report()
    assert report.crossed == (16, 18)
    assert not report.is_partition
    assert Locator(SQUARES).report().crossed == ()


def test_a_partition_is_told_from_overlaps_and_gaps() -> None:
    assert Locator(SQUARES).report().is_partition
    assert Locator(SQUARES).report().shared == 24
    gap = Locator(np.delete(SQUARES, 5)).report()
    assert [(each.area, int(each.x), int(each.y)) for each in gap.gaps] == [(1.0, 1, 1)]
    doubled = Locator(np.array([box(0, 0, 2, 2), box(1, 0, 3, 2)], dtype=object)).report()
    assert [(each.one, each.other, each.area) for each in doubled.overlaps] == [(0, 1, 2.0)]


def test_what_is_no_polygon_is_named() -> None:
    with pytest.raises(NotPolygon, match=r"polygons\[1\] is a Point"):
        Locator(np.array([box(0, 0, 1, 1), shapely.Point(0, 0)], dtype=object))
    with pytest.raises(NotPolygon, match=r"polygons\[0\] is a str"):
        Locator(np.array(["POINT (0 0)"], dtype=object))
    with pytest.raises(NotPolygon, match=r"polygons\[0\] is missing"):
        Locator(np.array([None], dtype=object))
    with pytest.raises(CoordinateTooLarge, match=r"polygons\[0\]"):
        Locator(np.array([box(0, 0, 1e200, 1)], dtype=object))
