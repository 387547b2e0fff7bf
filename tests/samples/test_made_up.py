"""The made-up district: whole ground, nested, the same for the same seed, homes inside their village."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from quanyu.engines.spatial import project
from quanyu.samples.made_up import District, Unit, make_district

BORDER = shapely.box(117.40, 36.60, 117.55, 36.72)
SEATS = {"990101001000": (117.43, 36.65), "990101002000": (117.51, 36.67)}
UNITS = [
    Unit(f"{town[:9]}{number:03d}", f"V{town[8]}{number}", town, number <= 3)
    for town in SEATS
    for number in range(1, 13)
]


def make(seed: int = 5) -> District:
    return make_district(BORDER, UNITS, seats=SEATS, seed=seed)


@pytest.fixture(scope="module")
def district() -> District:
    return make()


def flat(shapes: list[object]) -> np.ndarray:  # type: ignore[type-arg]
    return project(np.array(shapes, dtype=object), "EPSG:4548")


def test_villages_share_the_ground_out_without_gap_or_overlap(district: District) -> None:
    border, *villages = flat([BORDER, *district.villages.values()])
    assert set(district.villages) == {unit.code for unit in UNITS}
    assert {shape.geom_type for shape in villages} == {"Polygon"}
    assert shapely.area(villages).sum() == pytest.approx(border.area, rel=1e-6)
    assert shapely.union_all(villages).area == pytest.approx(border.area, rel=1e-6)


def test_towns_are_the_ground_of_their_villages(district: District) -> None:
    for code, town in district.towns.items():
        own = [shape for village, shape in district.villages.items() if village.startswith(code[:9])]
        assert shapely.union_all(own).symmetric_difference(town).area < 1e-9


def test_every_place_stands_inside_one_village_and_clear_of_river_and_rails(district: District) -> None:
    shapes = flat(list(district.layers["buildings"].shapes))
    villages = flat(list(district.villages.values()))
    place, _ = shapely.STRtree(villages).query(shapes, predicate="within")
    assert sorted(place) == list(range(len(shapes)))
    lines = flat(list(district.layers["barriers"].shapes))
    assert shapely.distance(shapely.union_all(shapes), shapely.union_all(lines)) > 50
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="overlaps")
    assert len(left) == len(right) == 0


def test_every_village_has_homes_and_a_size_that_was_meant(district: District) -> None:
    columns = district.layers["buildings"].columns
    points = shapely.point_on_surface(district.layers["buildings"].shapes)
    point, village = shapely.STRtree(list(district.villages.values())).query(points, predicate="within")
    total = np.bincount(village, weights=np.nan_to_num(columns["households"])[point], minlength=len(UNITS))
    urban = np.array([unit.is_urban for unit in UNITS])
    assert ((total[~urban] >= 180) & (total[~urban] < 960)).all()
    assert ((total[urban] >= 320) & (total[urban] < 1900)).all()


def test_the_same_seed_gives_the_same_district_and_another_one_another(district: District) -> None:
    again, other = make(), make(seed=6)
    assert [shape.wkb for shape in again.layers["buildings"].shapes] == [
        shape.wkb for shape in district.layers["buildings"].shapes
    ]
    assert len(other.layers["buildings"].shapes) != len(district.layers["buildings"].shapes)
