"""The pieces of an overlay are those that GEOS cuts, and every border and household is accounted for."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from quanyu.engines.arrays import GeometryArray
from quanyu.engines.spatial import Locator
from quanyu.engines.spatial.overlaying import (
    NoPolygon,
    Overlay,
    agreement,
    crosswalk,
    drawn_twice,
    faces,
    noding,
    overlay,
    shared_borders,
)
from quanyu.engines.spatial.overlaying import _kernels as kernels
from quanyu.engines.spatial.rings import InvalidPolygon, NotPolygon
from quanyu.errors import BadValue, EmptyInput, NotFinite, OutOfRange, WrongShape, WrongType

SIDE = 1000.0


def voronoi(count: int, seed: int) -> GeometryArray:
    """Return a partition of a square."""
    whole = box(0, 0, SIDE, SIDE)
    points = np.random.default_rng(seed).uniform(0, SIDE, (count, 2))
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=whole)
    return shapely.intersection(shapely.get_parts(cells), whole)


def dissolved(cells: GeometryArray, labels: np.ndarray) -> GeometryArray:
    """Return the union of the cells of each label: polygons with holes, and in several parts."""
    return np.array([shapely.union_all(cells[labels == label]) for label in np.unique(labels[labels >= 0])], object)


def cut_by_geos(layers: list[GeometryArray]) -> dict[tuple[int, ...], float]:
    """Return the area of every combination of polygons, found by intersecting them all; layers fill the square."""
    found = {}
    for rows in product(*(range(len(layer)) for layer in layers)):
        shape = layers[0][rows[0]]
        for layer, row in zip(layers[1:], rows[1:], strict=True):
            shape = shapely.intersection(shape, layer[row])
        if shape.area > 1e-6:
            found[rows] = shape.area
    return found


def as_dict(cut: Overlay) -> dict[tuple[int, ...], float]:
    return {tuple(row): area for row, area in zip(cut.pieces.labels.tolist(), cut.pieces.area_m2, strict=True)}


def assert_same(found: dict[Any, float], expected: dict[Any, float]) -> None:
    """Compare areas by pieces; a piece of less than a hand may be there or not."""
    every = dict.fromkeys([*found, *expected], 0.0)
    assert every | found == pytest.approx(every | expected, abs=0.01)


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=40)
@given(st.lists(st.integers(2, 9), min_size=1, max_size=3), seeds)
def test_pieces_are_those_of_geos(counts: list[int], seed: int) -> None:
    layers = [voronoi(count, seed + at) for at, count in enumerate(counts)]
    assert_same(as_dict(overlay(layers)), cut_by_geos(layers))


@st.composite
def angular(draw: st.DrawFn) -> Polygon:
    """Return a small polygon with corners on whole metres, in one of two columns, often as high as another's."""
    west = draw(st.sampled_from([0, 5]))
    corner = st.tuples(st.integers(west, west + 4), st.integers(0, 4))
    hull = shapely.convex_hull(shapely.multipoints(draw(st.lists(corner, min_size=3, max_size=6))))
    assume(isinstance(hull, Polygon))
    return hull


@settings(max_examples=150)
@given(st.lists(angular(), min_size=2, max_size=3), angular())
@example([Polygon([(12, 10), (8, 11), (11, 12)]), Polygon([(6, 1), (4, 8), (6, 11)])], box(0, 0, 1, 1))
def test_corners_equally_high_are_told_apart(shapes: list[Polygon], redrawn: Polygon) -> None:
    layers: list[GeometryArray] = [np.array([each], dtype=object) for each in shapes]
    cut = overlay(layers)
    assert_same(as_dict(cut), refinement(shapes))
    assert_same(as_dict(cut.redrawn(0, {0: redrawn})), refinement([redrawn, *shapes[1:]]))


def refinement(shapes: list[Polygon]) -> dict[tuple[int, ...], float]:
    """Return the area of every combination of shapes, −1 where one is left out, as GEOS cuts them."""
    parts = {}
    for row in product((0, -1), repeat=len(shapes)):
        part = shapely.union_all(shapes)
        for at, shape in zip(row, shapes, strict=True):
            part = part & shape if at == 0 else part - shape
        if part.area > 1e-6:
            parts[row] = part.area
    return parts


@st.composite
def unions(draw: st.DrawFn) -> tuple[GeometryArray, np.ndarray]:
    """Return cells, and labels for each of two or three layers; −1 for cells that a layer leaves out."""
    cells = voronoi(draw(st.integers(6, 30)), draw(seeds))
    generator = np.random.default_rng(draw(seeds))
    labels = generator.integers(-1, draw(st.integers(1, 5)), (len(cells), draw(st.integers(2, 3))))
    labels[:2] = 0
    for column in labels.T:
        column[column >= 0] = np.unique(column[column >= 0], return_inverse=True)[1]
    return cells, labels


@settings(max_examples=60)
@given(unions())
def test_shared_borders_holes_and_gaps_leave_no_slivers(made: tuple[GeometryArray, np.ndarray]) -> None:
    cells, labels = made
    layers = [dissolved(cells, column) for column in labels.T]
    inner = shapely.get_coordinates(shapely.point_on_surface(cells))
    weights = np.arange(1, len(cells) + 1)
    cut = overlay(layers, places=inner, households=weights)
    expected: dict[tuple[int, ...], float] = {}
    households: dict[tuple[int, ...], int] = {}
    for row, area, weight in zip(map(tuple, labels.tolist()), shapely.area(cells), weights.tolist(), strict=True):
        if max(row) >= 0:
            expected[row] = expected.get(row, 0.0) + float(area)
            households[row] = households.get(row, 0) + weight
    assert as_dict(cut) == pytest.approx(expected, rel=1e-3, abs=2.0)
    assert cut.pieces.households is not None
    assert expected.keys() == as_dict(cut).keys()
    counted = dict(zip(map(tuple, cut.pieces.labels.tolist()), cut.pieces.households.tolist(), strict=True))
    assert counted == households
    assert cut.outside == weights.sum() - sum(households.values())
    left_out = [sum(g.area_m2 for g in cut.gaps() if g.layer == at) for at in range(len(layers))]
    claimed = (labels >= 0).any(axis=1)
    for at, column in enumerate(labels.T):
        missing = float(shapely.area(cells)[(column < 0) & claimed].sum())
        enclosed_by_all = float(shapely.area(cells)[~claimed].sum())
        assert missing - 2.0 <= left_out[at] <= missing + enclosed_by_all + 2.0


@settings(max_examples=30)
@given(unions())
def test_ground_left_out_is_told_once_for_each_place(made: tuple[GeometryArray, np.ndarray]) -> None:
    cells, labels = made
    inner, weights = shapely.get_coordinates(shapely.point_on_surface(cells)), np.arange(1, len(cells) + 1)
    whole = dissolved(cells, np.zeros(len(cells), dtype=np.int64))
    layers = [*(dissolved(cells, column) for column in labels.T), whole]
    told = overlay(layers, places=inner, households=weights).left_out(len(layers) - 1)
    lacking = [tuple(np.flatnonzero(row < 0).tolist()) for row in labels]
    for kind in {*lacking} - {()}:
        at = [cell for cell, lacks in enumerate(lacking) if lacks == kind]
        places = [each for each in told if each.layers == kind]
        assert len(places) == len(shapely.get_parts(shapely.union_all(shapely.buffer(cells[at], 1e-6))))
        assert sum(each.area_m2 for each in places) == pytest.approx(shapely.area(cells[at]).sum(), abs=2.0)
        assert sum(each.households or 0 for each in places) == weights[at].sum()
        ground = shapely.buffer(shapely.union_all(cells[at]), 0.01)
        assert all(ground.contains(shapely.Point(each.x, each.y)) for each in places)
    assert {each.layers for each in told} == {*lacking} - {()}
    assert [each.households for each in told] == sorted((each.households or 0 for each in told), reverse=True)


@settings(max_examples=30)
@given(unions())
def test_polygons_of_pieces_cover_them(made: tuple[GeometryArray, np.ndarray]) -> None:
    cells, labels = made
    cut = overlay([dissolved(cells, column) for column in labels.T])
    shapes = cut.polygons(np.arange(len(cut.pieces)))
    assert shapely.is_valid(shapes).all()
    assert shapely.area(shapes) == pytest.approx(cut.pieces.area_m2, rel=1e-9)
    assert float(shapely.union_all(shapes).area) == pytest.approx(cut.pieces.area_m2.sum(), rel=1e-9)


@settings(max_examples=30)
@given(st.integers(3, 12), st.integers(3, 12), seeds, st.permutations([0, 1, 2]), st.floats(-1e6, 1e6))
def test_order_and_place_of_the_layers_do_not_matter(
    few: int, more: int, seed: int, order: list[int], by: float
) -> None:
    layers = [voronoi(few, seed), voronoi(more, seed + 1), voronoi(4, seed + 2)]
    plain = as_dict(overlay(layers))
    moved = overlay([shapely.transform(layers[at], lambda xy: xy + by) for at in order])
    assert_same(as_dict(moved), {tuple(row[at] for at in order): area for row, area in plain.items()})


def covering(shapes: GeometryArray, x: float, y: float) -> int:
    held = [row for row, shape in enumerate(shapes) if shapely.contains_xy(shape, x, y)]
    return held[0] if held else -1


spans = st.tuples(st.integers(0, 11), st.integers(1, 12)).map(lambda s: (s[0], min(s[0] + s[1], 12)))
boxes = st.lists(st.tuples(spans, spans).map(lambda b: (b[0][0], b[1][0], b[0][1], b[1][1])), min_size=1, max_size=6)


@settings(max_examples=60)
@given(st.lists(boxes, min_size=1, max_size=3))
def test_overlapping_and_scattered_polygons_on_a_lattice(layers_of_boxes: list[list[tuple[int, ...]]]) -> None:
    """Every square of the lattice has, in each layer, the first box that covers it."""
    layers = [np.array([box(*each) for each in layer], dtype=object) for layer in layers_of_boxes]
    cut = overlay(layers)
    expected: dict[tuple[int, ...], float] = {}
    twice = np.zeros(len(layers))
    for x, y in product(range(12), range(12)):
        row = tuple(covering(layer, x + 0.5, y + 0.5) for layer in layers)
        if max(row) >= 0:
            expected[row] = expected.get(row, 0.0) + 1.0
        for at, layer in enumerate(layers):
            twice[at] += sum(shapely.contains_xy(layer, x + 0.5, y + 0.5)) > 1
    assert as_dict(cut) == pytest.approx(expected)
    for at in range(len(layers)):
        assert sum(each.area_m2 for each in cut.doubled() if each.layer == at) == pytest.approx(twice[at])
    for each in cut.doubled():
        assert all(shapely.contains_xy(layers[each.layer][row], each.x, each.y) for row in each.polygons)
    for gap in cut.gaps():
        assert covering(layers[gap.layer], gap.x, gap.y) == -1


@settings(max_examples=60)
@given(st.lists(boxes, min_size=1, max_size=3))
def test_a_place_on_a_border_is_where_a_locator_has_it(layers_of_boxes: list[list[tuple[int, ...]]]) -> None:
    """It belongs below, then to the right; on an outer border to the first polygon that it touches."""
    layers = [np.array([box(*each) for each in layer], dtype=object) for layer in layers_of_boxes]
    places = np.array(list(product(range(13), range(13))), dtype=float)
    rows = []
    for layer in layers:
        beside = [covering(layer, x + 1e-6, y - 1e-3) for x, y in places.tolist()]
        touched = [np.flatnonzero(shapely.intersects_xy(layer, x, y)).tolist() for x, y in places.tolist()]
        rows.append([here if here >= 0 else min(near, default=-1) for here, near in zip(beside, touched, strict=True)])
    expected = Counter(row for row in zip(*rows, strict=True) if max(row) >= 0)
    cut = overlay(layers, places=places)
    assert cut.pieces.households is not None
    found = zip(map(tuple, cut.pieces.labels.tolist()), cut.pieces.households.tolist(), strict=True)
    assert {row: count for row, count in found if count} == expected
    assert cut.outside == len(places) - expected.total()
    for layer, column in zip(layers, rows, strict=True):
        if shapely.union_all(layer).area == shapely.area(layer).sum():
            assert Locator(layer).locate(*places.T).tolist() == column


@settings(max_examples=20)
@given(st.lists(boxes, min_size=2, max_size=2))
def test_plain_python_cuts_the_same(layers_of_boxes: list[list[tuple[int, ...]]]) -> None:
    layers = [np.array([box(*each) for each in layer], dtype=object) for layer in layers_of_boxes]
    places = np.random.default_rng(1).uniform(0, 12, (40, 2))
    fast = overlay(layers, places=places, tolerance_m=0.2).pieces
    # The hash multiplies beyond 64 bits, on purpose.
    with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore"):
        for module in (kernels.nodes, kernels.segments, kernels.snapping, kernels.splits, kernels.regions):
            for name, value in vars(module).copy().items():
                if hasattr(value, "py_func"):
                    patch.setattr(module, name, value.py_func)
        for name in kernels.__all__:
            if hasattr(getattr(kernels, name), "py_func"):
                patch.setattr(kernels, name, getattr(kernels, name).py_func)
        slow = overlay(layers, places=places, tolerance_m=0.2).pieces
    assert noding._kernels is faces._kernels is kernels
    assert slow.labels.tolist() == fast.labels.tolist()
    assert slow.area_m2.tolist() == fast.area_m2.tolist()
    assert slow.households is not None
    assert fast.households is not None
    assert slow.households.tolist() == fast.households.tolist()


@settings(max_examples=30)
@given(st.integers(4, 25), st.integers(4, 25), seeds, st.integers(0, 3), st.floats(-60, 60))
def test_redrawing_is_as_cutting_anew(few: int, more: int, seed: int, row: int, by: float) -> None:
    layers = [voronoi(few, seed), voronoi(more, seed + 1)]
    places = np.random.default_rng(seed).uniform(-50, SIDE + 50, (300, 2))
    new = shapely.buffer(layers[1][row], by)
    if new.is_empty or new.geom_type != "Polygon":
        new = box(400, 400, 600, 600)
    # Some on the corners of the polygons, and so on the rectangle around the one that is redrawn.
    places = np.concatenate([places, shapely.get_coordinates([*layers[1], new])])
    redrawn = overlay(layers, places=places).redrawn(1, {row: new})
    anew = overlay([layers[0], redrawn.layers[1]], places=places)
    assert_same(as_dict(redrawn), as_dict(anew))
    assert redrawn.outside == anew.outside
    assert redrawn.pieces.households is not None
    assert redrawn.pieces.households.sum() == anew.pieces.households.sum()
    again = redrawn.redrawn(1, {row: layers[1][row]})
    assert_same(as_dict(again), as_dict(overlay(layers)))


def test_what_lies_within_the_tolerance_is_one_border() -> None:
    one, other = [box(0, 0, 10, 10)], [box(0.3, 0, 10.2, 10)]
    apart, together = overlay([one, other]), overlay([one, other], tolerance_m=0.5)
    assert as_dict(apart) == pytest.approx({(0, 0): 97.0, (0, -1): 3.0, (-1, 0): 2.0})
    assert as_dict(together) == pytest.approx({(0, 0): 100.0})
    assert (together.snapping.vertices, together.snapping.farthest_m) == (5, pytest.approx(0.3))
    assert apart.snapping.vertices == 0


@settings(max_examples=20)
@given(st.integers(2, 12), seeds)
def test_a_wandering_copy_of_a_border_comes_together(count: int, seed: int) -> None:
    """Each department digitized the same borders on its own, with bends of its own up to 20 cm aside."""
    shapes = voronoi(count, seed)
    generator = np.random.default_rng(seed)
    bent = shapely.segmentize(shapes, 40.0)
    corners, back = np.unique(np.round(shapely.get_coordinates(bent), 6), axis=0, return_inverse=True)
    corners += generator.uniform(-0.14, 0.14, corners.shape)
    copy = shapely.set_coordinates(bent.copy(), corners[back.reshape(-1)])
    cut = overlay([shapes, shapely.make_valid(copy)], tolerance_m=1.0)
    small = cut.pieces.area_m2 < 60.0
    same = cut.pieces.labels[:, 0] == cut.pieces.labels[:, 1]
    assert (same | small).all()
    assert cut.snapping.farthest_m <= 1.0


def test_an_island_lies_in_the_polygon_around_it() -> None:
    ring = np.array([shapely.difference(box(0, 0, 10, 10), box(2, 2, 4, 4)), box(20, 0, 30, 10)], dtype=object)
    islands = [box(2.5, 2.5, 3, 3), box(12, 1, 13, 2), box(6, 6, 7, 7), box(22, 2, 23, 3), box(22.2, 2.2, 22.4, 2.4)]
    places = [[2.6, 2.6], [2.1, 2.1], [1, 1], [6.5, 6.5], [12.5, 1.5], [22.3, 2.3], [15, 5], [-5, 5]]
    cut = overlay([ring, np.array(islands, dtype=object)], places=places)
    assert as_dict(cut) == pytest.approx(
        {(-1, 0): 0.25, (-1, 1): 1.0, (0, -1): 95.0, (0, 2): 1.0, (1, -1): 99.0, (1, 3): 1.0}
    )
    assert cut.pieces.households is not None
    assert cut.pieces.households.tolist() == [1, 1, 1, 1, 0, 1]
    assert cut.outside == 3
    enclosed = [gap for gap in cut.gaps() if gap.enclosed]
    assert [(gap.layer, gap.area_m2) for gap in enclosed] == [(0, pytest.approx(4.0))]
    assert [(each.layer, each.polygons) for each in cut.doubled()] == [(1, (3, 4))]


@pytest.fixture
def quarters() -> Overlay:
    """Halves side by side against halves one above the other, which lie a little lower."""
    sides = np.array([box(0, 0, 100, 200), box(100, 0, 200, 200)], dtype=object)
    floors = np.array([box(0, 0, 200, 50), box(0, 50, 200, 200)], dtype=object)
    return overlay([sides, floors], places=[[10, 10], [10, 90], [150, 10], [150, 90]], households=[1, 5, 2, 0])


def test_a_crosswalk_tells_the_shares_both_ways(quarters: Overlay) -> None:
    table = crosswalk(quarters.pieces, 0, 1)
    assert table.pairs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert table.area_m2.tolist() == [5000, 15000, 5000, 15000]
    assert table.area_share.tolist() == [[0.25, 0.5], [0.75, 0.5], [0.25, 0.5], [0.75, 0.5]]
    assert table.household_share is not None
    assert table.household_share[:, 0] == pytest.approx([1 / 6, 5 / 6, 1, 0])
    turned = crosswalk(quarters.pieces, 1, 0)
    assert turned.pairs[:, ::-1].tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]


def test_agreement_pairs_what_has_most_in_common(quarters: Overlay) -> None:
    by_households = agreement(quarters.pieces, 0, 1)
    assert by_households.pairs.tolist() == [[0, 1], [1, 0]]
    assert by_households.matched == pytest.approx(7 / 8)
    p = np.array([1, 5, 2]) / 8
    within, across = np.array([6, 6, 2]) / 8, np.array([3, 5, 3]) / 8
    assert by_households.variation_bits == pytest.approx(-(p * (np.log2(p / within) + np.log2(p / across))).sum())
    by_area = agreement(quarters.pieces, 0, 1, by="area")
    assert by_area.matched == pytest.approx(0.5)
    assert by_area.variation_bits == pytest.approx(1 + 0.25 * 2 + 0.75 * np.log2(4 / 3))


@settings(max_examples=30)
@given(unions())
def test_the_pairing_is_the_best_of_all(made: tuple[GeometryArray, np.ndarray]) -> None:
    from scipy.optimize import linear_sum_assignment

    cells, labels = made
    pieces = overlay([dissolved(cells, column) for column in labels.T]).pieces
    table = np.zeros(labels.max(axis=0)[:2] + 1)
    both = (pieces.labels[:, :2] >= 0).all(axis=1)
    np.add.at(table, tuple(pieces.labels[both, :2].T), pieces.area_m2[both])
    best = table[linear_sum_assignment(table, maximize=True)].sum() / max(table.sum(), 1e-9)
    found = agreement(pieces, 0, 1, by="area")
    assert found.matched == pytest.approx(best)
    assert len(np.unique(found.pairs[:, 0])) == len(np.unique(found.pairs[:, 1])) == len(found.pairs)


def test_agreement_of_a_division_with_itself_is_whole() -> None:
    shapes = voronoi(20, 3)
    same = agreement(overlay([shapes, shapes[::-1].copy()]).pieces, 0, 1, by="area")
    assert (same.matched, same.variation_bits) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9))
    assert same.pairs.tolist() == [[row, 19 - row] for row in range(20)]


def test_a_border_drawn_twice_is_recognized_and_a_small_grid_is_not() -> None:
    kiosk = box(80, 80, 85, 85)
    one = np.array([box(0, 0, 100, 50), shapely.difference(box(0, 50, 100, 100), kiosk), kiosk], dtype=object)
    other = np.array([box(0, 0, 100, 50.2), box(0, 50.2, 100, 100)], dtype=object)
    pieces = overlay([one, other]).pieces
    twice = drawn_twice(pieces)
    assert pieces.labels[twice].tolist() == [[1, 0]]
    assert pieces.area_m2[twice].tolist() == pytest.approx([20.0])


def test_communities_whose_networks_share_their_borders() -> None:
    communities = np.array([box(0, 0, 100, 100), box(100, 0, 200, 100), box(200, 0, 300, 100)], dtype=object)
    one = np.array([box(x, 0, x + 50, 100) for x in range(0, 300, 50)], dtype=object)
    other = np.array([box(0, 0, 50, 100), box(50, 0, 100, 100), box(100, 0, 200, 100), box(200, 0, 250, 100)], object)
    pieces = overlay([one, other, communities]).pieces
    # Alike in the first; two against one in the second; half of the third is left out by the other.
    assert shared_borders(pieces, [0, 1], 2).tolist() == [True, False, True]
    halves = overlay([one[:5], other, communities]).pieces
    assert shared_borders(halves, [0, 1], 2).tolist() == [True, False, True]


def test_bad_input_is_refused_by_name() -> None:
    square = box(0, 0, 1, 1)
    bow = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(EmptyInput, match="layers"):
        overlay([])
    with pytest.raises(EmptyInput, match=r"layers\[1\]"):
        overlay([[square], []])
    with pytest.raises(NotPolygon, match=r"layers\[1\]\[1\] is a Point"):
        overlay([[square], [square, shapely.Point(0, 0)]])
    with pytest.raises(InvalidPolygon, match=r"layers\[0\]\[1\] is no valid polygon: Self-intersection\[0.5 0.5\]"):
        overlay([[square, bow]])
    with np.errstate(invalid="ignore"), pytest.raises(NotFinite, match=r"layers\[0\]\[0\] is nan"):
        overlay([[Polygon([(0, 0), (1, np.nan), (1, 1)])]])
    with pytest.raises(BadValue, match="tolerance_m is -1"):
        overlay([[square]], tolerance_m=-1)
    with pytest.raises(WrongShape, match="places has shape"):
        overlay([[square]], places=[1.0, 2.0])
    with pytest.raises(OutOfRange, match=r"households\[1\] is -3"):
        overlay([[square]], places=[[0, 0], [1, 1]], households=[1, -3])
    with pytest.raises(BadValue, match="by is households; allowed is area, since no places were given"):
        agreement(overlay([[square], [square]]).pieces, 0, 1)
    with pytest.raises(BadValue, match="other is 2; allowed is a layer from 0 to 1"):
        crosswalk(overlay([[square], [square]]).pieces, 0, 2)
    with pytest.raises(NoPolygon, match="no polygon 4"):
        overlay([[square]]).redrawn(0, {4: square})
    with pytest.raises(BadValue, match="layer is 1"):
        overlay([[square]]).redrawn(1, {0: square})
    with pytest.raises(WrongType, match="the rows of polygons holds text, expected integers"):
        overlay([[square]]).redrawn(0, {"a": square})  # type: ignore[dict-item]
    with pytest.raises(WrongType, match="polygons holds a list, expected a polygon for each row"):
        overlay([[square]]).redrawn(0, [square])  # type: ignore[arg-type]
    with pytest.raises(EmptyInput, match="layers"):
        overlay(None)  # type: ignore[arg-type]
    with pytest.raises(BadValue, match="given with places only"):
        overlay([[square]], households=[1])
    with pytest.raises(InvalidPolygon, match=r"polygons\[0\]"):
        overlay([[square]]).redrawn(0, {0: bow})
