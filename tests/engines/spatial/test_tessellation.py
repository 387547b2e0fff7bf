"""Cells part the territory among the footprints, end at borders and barriers, and know their neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box

from quanyu.engines.spatial import BARRIER_KINDS, Tessellation, tessellate
from quanyu.errors import EmptyInput

SQUARE = box(0, 0, 400, 300)
RIVER, RAILWAY, MAIN_ROAD = (BARRIER_KINDS.index(kind) for kind in ("waterway", "railway", "main_road"))


def shapes(*each: Any) -> np.ndarray:
    return np.array(each, dtype=object)


def houses(*corners: tuple[float, float], side: float = 10.0) -> np.ndarray:
    return shapes(*(box(x, y, x + side, y + side) for x, y in corners))


def border(made: Tessellation, i: int, j: int) -> float:
    return float(made.adjacency[i, j])


def kind(made: Tessellation, i: int, j: int) -> str:
    low, high = made.adjacency.indptr[i], made.adjacency.indptr[i + 1]
    entry = low + int(np.flatnonzero(made.adjacency.indices[low:high] == j)[0])
    return BARRIER_KINDS[made.barrier[entry]]


@st.composite
def towns(draw: st.DrawFn) -> np.ndarray:
    """Footprints on a lattice: a grown town (shifted, some overlapping) or an estate of equal slabs, maybe turned."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    spots = rng.choice(48, size=draw(st.integers(2, 30)), replace=False)
    corners = np.column_stack([spots % 8, spots // 8]) * 48.0
    if draw(st.booleans()):
        sides = np.tile([36.0, 12.0], (len(spots), 1))
    else:
        corners += rng.uniform(2, 20, (len(spots), 2))
        sides = rng.uniform(1, 40, (len(spots), 2))
    upright = shapes(*(box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, sides, strict=True)))
    # Many points on one circle: the ridges between them are as short as the rounding.
    turned = shapely.affinity.rotate(shapely.multipolygons(upright), draw(st.sampled_from([0, 21])), origin=(200, 150))
    inside = shapely.get_parts(turned)
    return inside[shapely.within(inside, SQUARE)] if shapely.within(inside, SQUARE).any() else upright


@settings(max_examples=25)
@given(towns())
def test_cells_part_the_territory_without_gap_or_overlap(footprints: np.ndarray) -> None:
    made = tessellate(footprints, territory=SQUARE)
    assert made.area.sum() == pytest.approx(SQUARE.area, rel=1e-9)
    assert shapely.union_all(made.cells).area == pytest.approx(SQUARE.area, rel=1e-6)
    assert (made.area > 0).all()
    assert shapely.is_valid(made.cells).all()


@settings(max_examples=25)
@given(towns(), st.integers(0, 2**32 - 1))
def test_the_ground_goes_to_the_nearest_footprint(footprints: np.ndarray, seed: int) -> None:
    made = tessellate(footprints, territory=SQUARE)
    points = shapely.points(np.random.default_rng(seed).uniform((0, 0), (400, 300), (200, 2)))
    kept = footprints[made.kept]
    distance = shapely.distance(points[:, None], kept[None, :])
    point, cell = shapely.STRtree(made.cells).query(points, predicate="within")
    # Outlines stand for footprints, so this is of the ground between them; and of footprints that overlap, that of one
    # may lie behind the other.
    alone = np.bincount(shapely.STRtree(kept).query(kept, predicate="intersects")[0], minlength=len(kept)) == 1
    told = alone[cell] & alone[distance[point].argmin(axis=1)] & (distance[point].min(axis=1) > 0.0)
    # Outlines are sampled every six metres and drawn in by 0.3: a cell's edge may be off by that much.
    slack = (distance[point, cell] - distance[point].min(axis=1))[told]
    assert slack.max(initial=0.0) < 3.5


@settings(max_examples=25)
@given(towns())
def test_shared_borders_are_as_long_as_the_cells_say(footprints: np.ndarray) -> None:
    made = tessellate(footprints, territory=SQUARE)
    rows = np.repeat(np.arange(len(made.cells)), np.diff(made.adjacency.indptr))
    outlines = shapely.boundary(made.cells)
    drawn = shapely.length(shapely.intersection(outlines[rows], outlines[made.adjacency.indices]))
    assert np.allclose(drawn, made.adjacency.data, atol=0.6)
    assert abs(made.adjacency - made.adjacency.T).max() == 0


def test_two_houses_share_the_middle() -> None:
    made = tessellate(houses((90, 145), (300, 145)), territory=SQUARE)
    assert border(made, 0, 1) == pytest.approx(300, abs=1)
    assert made.area.tolist() == pytest.approx([200 * 300, 200 * 300], rel=0.01)
    # The outline that is not shared lies on the territory's edge.
    assert made.outer_length.tolist() == pytest.approx([700, 700], abs=3)


def test_a_single_house_takes_the_whole_territory() -> None:
    made = tessellate(houses((50, 50)), territory=SQUARE)
    assert made.cells[0].equals(SQUARE)
    assert made.adjacency.nnz == 0


def test_no_cell_crosses_a_railway_and_the_pair_is_marked() -> None:
    railway = LineString([(200, -10), (200, 310)])
    made = tessellate(
        houses((100, 100), (150, 200), (240, 100)), territory=SQUARE, barriers=shapes(railway),
        barrier_kinds=np.array([RAILWAY]),
    )  # fmt: skip
    assert not shapely.crosses(made.cells, railway).any()
    assert len(set(made.tract[[0, 1]])) == 1
    assert made.tract[2] != made.tract[0]
    assert (kind(made, 0, 1), kind(made, 0, 2)) == ("", "railway")


SPUR = LineString([(200, -10), (200, 200)])


@settings(max_examples=25)
@given(towns())
def test_no_cell_lies_on_both_sides_of_a_railway_that_ends_in_the_tract(footprints: np.ndarray) -> None:
    apart = footprints[~shapely.intersects(footprints, SPUR)]
    if not len(apart):
        return
    made = tessellate(apart, territory=SQUARE, barriers=shapes(SPUR), barrier_kinds=np.array([RAILWAY]))
    assert made.area.sum() == pytest.approx(SQUARE.area, rel=1e-9)
    assert len(made.parted) == 0
    # Cut along the spur, a cell falls apart unless it reaches around the end.
    left = shapely.difference(made.cells, SPUR.buffer(0.01, cap_style="flat"))
    around = shapely.intersects(made.cells, LineString([(200, 200.1), (200, 310)]))
    assert (shapely.get_num_geometries(left) == 1)[~around].all()


def test_the_pair_across_a_spur_is_marked_and_the_one_around_its_end_is_not() -> None:
    made = tessellate(
        houses((150, 50), (240, 50), (150, 250), (240, 250)), territory=SQUARE, barriers=shapes(SPUR),
        barrier_kinds=np.array([RAILWAY]),
    )  # fmt: skip
    assert len(set(made.tract)) == 1
    assert (kind(made, 0, 1), kind(made, 0, 2), kind(made, 2, 3)) == ("railway", "", "")
    assert border(made, 0, 1) == pytest.approx(155, abs=1)


def test_a_level_crossing_on_a_spur_joins_the_cells_at_its_ends() -> None:
    made = tessellate(
        houses((150, 50), (240, 50), (150, 250), (240, 250)), territory=SQUARE, barriers=shapes(SPUR),
        barrier_kinds=np.array([RAILWAY]), roads=shapes(LineString([(0, 55), (400, 55)])),
    )  # fmt: skip
    assert made.crossings.tolist() == [[0, 1]]


def test_a_road_over_a_main_road_beside_a_railway_leads_not_over_the_railway() -> None:
    railway, road = LineString([(200, -10), (200, 310)]), LineString([(190, -10), (190, 310)])
    made = tessellate(
        houses((100, 100), (240, 100)), territory=SQUARE, barriers=shapes(railway, road),
        barrier_kinds=np.array([RAILWAY, MAIN_ROAD]), roads=shapes(LineString([(0, 105), (195, 105)])),
    )  # fmt: skip
    assert made.crossings.tolist() == []


def test_lines_that_all_but_meet_part_the_ground() -> None:
    lines = shapes(LineString([(200, -10), (200, 150)]), LineString([(200.004, 150.004), (200.004, 310)]))
    made = tessellate(
        houses((100, 100), (240, 100)), territory=SQUARE, barriers=lines, barrier_kinds=np.array([RAILWAY, RAILWAY])
    )
    assert made.tract[0] != made.tract[1]


def test_a_main_road_marks_the_pair_without_cutting_cells() -> None:
    road = LineString([(200, -10), (200, 310)])
    made = tessellate(
        houses((100, 100), (240, 100)), territory=SQUARE, barriers=shapes(road), barrier_kinds=np.array([MAIN_ROAD])
    )
    assert made.tract[0] == made.tract[1]
    assert kind(made, 0, 1) == "main_road"


def test_a_river_is_nobodys_ground_and_parts_its_banks() -> None:
    water = box(190, -1, 230, 301)
    line = LineString([(210, -10), (210, 310)])
    made = tessellate(
        houses((100, 100), (300, 100)), territory=SQUARE, water=shapes(water), barriers=shapes(line),
        barrier_kinds=np.array([RIVER]),
    )  # fmt: skip
    assert shapely.area(shapely.intersection(made.cells, water)).max() == pytest.approx(0, abs=1e-6)
    assert made.adjacency.nnz == 0


def test_a_bridge_joins_the_cells_at_its_ends() -> None:
    line = LineString([(200, -10), (200, 310)])
    road = LineString([(0, 55), (400, 55)])
    made = tessellate(
        houses((150, 50), (150, 250), (240, 50), (240, 250)), territory=SQUARE, barriers=shapes(line),
        barrier_kinds=np.array([RAILWAY]), roads=shapes(road),
    )  # fmt: skip
    assert made.crossings.tolist() == [[0, 2]]


def test_cells_end_at_the_border_of_their_community_but_know_their_neighbours() -> None:
    west, east = box(0, 0, 100, 300), box(100, 0, 400, 300)
    made = tessellate(houses((20, 100), (120, 100)), territory=SQUARE, communities=shapes(west, east))
    assert made.cells[0].equals(west)
    assert made.cells[1].equals(east)
    assert made.community.tolist() == [0, 1]
    assert border(made, 0, 1) == pytest.approx(300, abs=2)


def test_an_enclave_keeps_to_itself() -> None:
    hole = box(150, 100, 250, 200)
    around = Polygon(SQUARE.exterior, [hole.exterior])
    made = tessellate(houses((50, 50), (190, 140), (300, 250)), territory=SQUARE, communities=shapes(around, hole))
    assert made.community.tolist() == [0, 1, 0]
    assert made.cells[1].equals(hole)


def test_a_community_in_two_pieces_yields_cells_in_each() -> None:
    parts = shapely.MultiPolygon([box(0, 0, 100, 300), box(300, 0, 400, 300)])
    middle = box(100, 0, 300, 300)
    made = tessellate(houses((50, 50), (350, 50), (200, 50)), territory=SQUARE, communities=shapes(parts, middle))
    assert made.community.tolist() == [0, 0, 1]
    assert 1 not in made.adjacency[[0]].indices


def test_ground_without_footprint_and_footprints_without_ground_are_reported() -> None:
    line = LineString([(200, -10), (200, 310)])
    made = tessellate(
        houses((50, 50), (900, 900)), territory=SQUARE, barriers=shapes(line), barrier_kinds=np.array([RAILWAY])
    )
    assert made.kept.tolist() == [0]
    assert made.outside.tolist() == [1]
    assert made.empty[0].equals(box(200, 0, 400, 300))


def test_a_house_in_the_water_is_given_to_the_bank() -> None:
    made = tessellate(houses((50, 50), (205, 50)), territory=SQUARE, water=shapes(box(200, -1, 230, 301)))
    assert made.kept.tolist() == [0, 1]
    assert (made.area > 0).all()


def test_touching_and_equal_footprints_each_get_a_cell() -> None:
    made = tessellate(shapes(box(0, 0, 50, 50), box(50, 0, 90, 50), box(50, 0, 90, 50)), territory=SQUARE)
    assert (made.area > 0).all()


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2e-6, 2e-5, 4e-4]))
def test_footprints_that_all_but_lie_on_each_other_each_get_a_cell(seed: int, apart: float) -> None:
    """As where a city file holds buildings twice, and coordinates were rounded on the way; far from the middle."""
    rng = np.random.default_rng(seed)
    once = [
        shapely.affinity.rotate(box(x, y, x + 30, y + 12), rng.uniform(0, 180))
        for x in range(100, 700, 60) for y in range(100, 500, 60)
    ]  # fmt: skip
    twice = [shapely.affinity.translate(house, *rng.uniform(-apart, apart, 2)) for house in once]
    east, north = 547_000, 6_560_000
    footprints = shapely.transform(shapes(*once, *twice), lambda xy: np.add(xy, (east, north)))
    ground = box(east, north, east + 9000, north + 7000)
    made = tessellate(footprints, territory=ground)
    assert shapely.is_valid(made.cells).all()
    assert (made.area > 0).all()
    assert made.area.sum() == pytest.approx(ground.area, rel=1e-9)
    assert shapely.union_all(made.cells).area == pytest.approx(ground.area, rel=1e-6)


def test_the_same_input_gives_the_same_cells_to_the_bit() -> None:
    rng = np.random.default_rng(7)
    footprints = houses(*map(tuple, rng.uniform(0, 290, (60, 2)).tolist()))
    railway = shapes(LineString([(200, -10), (205, 310)]))
    one, other = (
        tessellate(footprints, territory=SQUARE, barriers=railway, barrier_kinds=np.array([RAILWAY])) for _ in range(2)
    )
    assert shapely.to_wkb(one.cells).tolist() == shapely.to_wkb(other.cells).tolist()
    assert one.adjacency.data.tolist() == other.adjacency.data.tolist()


def test_no_footprint_at_all_is_refused() -> None:
    with pytest.raises(EmptyInput, match="footprints is empty"):
        tessellate(np.array([], dtype=object), territory=SQUARE)


@pytest.mark.parametrize("seed", range(6))
def test_around_a_bend_of_the_river_every_cell_is_in_one_place(seed: int) -> None:
    # A tongue of water: the nearest house is often on the other bank, within the same tract.
    bend = shapely.LineString([(-10, 45), (70, 45), (70, 55), (-10, 55)]).buffer(3)
    rng = np.random.default_rng(seed)
    corners = rng.uniform(2, 94, (40, 2))
    houses = shapely.box(*corners.T, *(corners + rng.uniform(1, 4, (40, 2))).T)
    dry = shapely.difference(shapely.box(0, 0, 100, 100), bend)
    houses = houses[shapely.contains(dry, houses)]
    apart = [h for i, h in enumerate(houses) if not shapely.intersects(h.buffer(1), houses[:i]).any()]
    made = tessellate(np.array(apart, dtype=object), territory=shapely.box(0, 0, 100, 100), water=np.array([bend]))
    assert not len(made.parted)
    assert (shapely.get_num_geometries(made.cells) == 1).all()
    assert shapely.contains(shapely.buffer(made.cells, 0.01), np.array(apart, dtype=object)[made.kept]).all()
    used = shapely.union_all(made.cells)
    assert used.area == pytest.approx(shapely.area(made.cells).sum(), rel=1e-9)
    edges = shapely.boundary(made.cells)
    for i in range(len(made.cells)):
        shared = np.where(made.tract == made.tract[i], shapely.length(shapely.intersection(edges[i], edges)), 0.0)
        shared[i] = 0.0
        there = made.adjacency[[i]].toarray()[0]
        inner = (there > 0) & (made.tract == made.tract[i])
        assert there[inner] == pytest.approx(shared[inner], abs=0.05)
        assert (shared[~inner] < 0.6).all()
