"""Drawing: borders, barriers, exclusive sites, divided buildings, and a reason for each rule that is broken."""

from __future__ import annotations

from collections import defaultdict

import pytest
import shapely
from tests.factories import NORMS, PROJECTION, draw_plan, make_network, make_riverside

from quanyu.apps.grids.models import Grid, Membership, Network, Plan
from quanyu.apps.grids.norms import Norms
from quanyu.apps.territory.models import Barrier, Place, PlaceKind
from quanyu.engines.spatial import project


@pytest.fixture
def network(db: None) -> Network:
    return make_network(make_riverside())


def _norms(**changes: object) -> Norms:
    return Norms.from_dict(NORMS.as_dict() | changes)


def _members(plan: Plan) -> defaultdict[str, list[Membership]]:
    result = defaultdict(list)
    for member in Membership.objects.filter(grid__plan=plan).select_related("place", "grid").order_by("pk"):
        result[member.grid.code].append(member)
    return result


def _grid_of(plan: Plan, key: str) -> Grid:
    return Grid.objects.get(plan=plan, memberships__place__key=key)


def test_every_place_is_in_one_grid_and_every_household_is_counted(network: Network) -> None:
    plan = draw_plan(network)
    members = Membership.objects.filter(grid__plan=plan)
    assert set(members.values_list("place_id", flat=True)) == set(Place.objects.values_list("pk", flat=True))
    households = sum(Place.objects.values_list("households", flat=True))
    assert sum(members.values_list("households", flat=True)) == households == plan.metrics["households"]


def test_no_grid_crosses_a_border_or_the_river(network: Network) -> None:
    plan = draw_plan(network)
    river = Barrier.objects.get().geometry
    for grid in plan.grids.all():
        assert grid.geometry is not None
        border = shapely.from_wkb(bytes(grid.division.wkb or b""))
        assert shapely.difference(grid.geometry, border).area < 1e-5 * border.area
        inside = shapely.intersection(river, shapely.buffer(grid.geometry, -1e-6))
        assert inside.length < 1e-9
    assert plan.metrics["borders_kept"]
    assert plan.metrics["barriers_kept"]


def _spans_the_river(plan: Plan) -> bool:
    rows = [{int(m.place.key[1:].split("C")[0]) for m in members} for members in _members(plan).values()]
    return any(min(each) < 7 <= max(each) for each in rows)


def test_a_bridge_joins_both_banks_only_where_the_norms_allow_it(network: Network) -> None:
    # The north-west has 754 households: too few for a grid of its own.
    parted = draw_plan(network, _norms(lower=800, upper=1000))
    assert not _spans_the_river(parted)
    assert "light" in parted.metrics["rules_broken"]
    joined = draw_plan(network, _norms(lower=800, upper=1000, allow_crossings=True))
    assert _spans_the_river(joined)
    assert joined.metrics["barriers_kept"]


def test_the_figures_of_a_grid_are_those_of_its_polygon(network: Network) -> None:
    plan = draw_plan(network)
    for grid in plan.grids.all():
        shape = project([grid.geometry], PROJECTION)[0]
        assert grid.area_m2 == pytest.approx(shape.area, rel=1e-6)
        assert grid.perimeter_m == pytest.approx(shape.length, rel=0.02)


def test_offices_and_markets_above_the_size_get_grids_of_their_own(network: Network) -> None:
    plan = draw_plan(network)
    exclusive = plan.grids.filter(kind=Grid.Kind.EXCLUSIVE)
    assert sorted(exclusive.values_list("place_kind", flat=True)) == ["market", "office"]
    offices = exclusive.get(place_kind="office").memberships.values_list("place__kind", flat=True)
    assert list(offices) == ["office"] * 3


def test_sites_below_the_size_stay_with_their_neighbours(network: Network) -> None:
    plan = draw_plan(network, _norms(exclusive_min_m2=2500.0))
    assert not plan.grids.filter(kind=Grid.Kind.EXCLUSIVE).exists()


def test_a_site_in_two_communities_is_cut_at_their_border(network: Network) -> None:
    # Four offices in a row across the border; neither half is large enough alone.
    Place.objects.filter(key__in=["R4C4", "R4C5", "R4C6", "R4C7"]).update(kind=PlaceKind.OFFICE, households=0)
    footprints = sum(
        Place.objects.filter(key__in=["R4C4", "R4C5", "R4C6", "R4C7"]).values_list("footprint_m2", flat=True)
    )
    plan = draw_plan(network, _norms(exclusive_min_m2=footprints - 1, exclusive_kinds=["office"]))
    west, east = _grid_of(plan, "R4C5"), _grid_of(plan, "R4C6")
    assert (west.kind, east.kind) == (Grid.Kind.EXCLUSIVE, Grid.Kind.EXCLUSIVE)
    assert west != east
    assert west == _grid_of(plan, "R4C4")
    assert east == _grid_of(plan, "R4C7")


@pytest.mark.parametrize(("households", "kind"), [(10, Grid.Kind.EXCLUSIVE), (40, Grid.Kind.BASIC)])
def test_a_few_homes_inside_a_site_belong_to_it(network: Network, households: int, kind: str) -> None:
    around = [f"R{row}C{column}" for row in (3, 4, 5) for column in (2, 3, 4)]
    Place.objects.filter(key__in=around).update(kind=PlaceKind.OFFICE, households=0)
    Place.objects.filter(key="R4C3").update(kind=PlaceKind.RESIDENTIAL, households=households)
    plan = draw_plan(network, _norms(exclusive_min_m2=1000.0, exclusive_kinds=["office"]))
    grid = _grid_of(plan, "R4C3")
    assert grid.kind == kind
    assert _grid_of(plan, "R3C3").place_kind == "office"
    assert (grid == _grid_of(plan, "R3C3")) == (kind == Grid.Kind.EXCLUSIVE)


def test_a_heavy_building_is_divided_into_equal_parts_that_share_its_footprint(network: Network) -> None:
    plan = draw_plan(network)
    parts = Membership.objects.filter(grid__plan=plan, place__key="R2C2").order_by("part")
    assert [(each.part, each.parts, each.households) for each in parts] == [(1, 3, 367), (2, 3, 367), (3, 3, 366)]
    tower = Place.objects.get(key="R2C2")
    pieces = project(shapely.from_wkb([bytes(each.cell or b"") for each in parts]), PROJECTION)
    footprint = project([tower.geometry], PROJECTION)[0]
    whole = project(shapely.from_wkb([bytes(tower.cell or b"")]), PROJECTION)[0]
    assert shapely.area(pieces).sum() == pytest.approx(whole.area, rel=1e-6)
    shares = shapely.area(shapely.intersection(pieces, footprint)) / footprint.area
    assert shares == pytest.approx([1 / 3] * 3, abs=1e-4)


def test_a_heavy_building_left_whole_is_a_grid_alone_and_marked(network: Network) -> None:
    plan = draw_plan(network, _norms(split_heavy=False))
    grid = _grid_of(plan, "R2C2")
    assert (grid.households, grid.places, grid.in_range) == (1100, 1, False)
    assert [(r["rule"], r["by"], r["proven"]) for r in grid.reasons] == [("heavy", 600, True)]
    assert ["split", 3] in grid.reasons[0]["mends"]
    assert plan.metrics["rules_broken"]["heavy"] == 1


def test_every_grid_out_of_range_says_why_and_no_other_does(network: Network) -> None:
    for norms in (NORMS, _norms(lower=900, upper=1000), _norms(lower=20, upper=60, split_heavy=False)):
        plan = draw_plan(network, norms)
        for grid in plan.grids.filter(kind=Grid.Kind.BASIC):
            assert grid.in_range == (norms.lower <= grid.households <= norms.upper)
            assert bool(grid.reasons) != grid.in_range
            assert {reason["rule"] for reason in grid.reasons} <= {"heavy", "light", "gap", "not_found"}


def test_what_would_mend_a_rule_names_neighbouring_grids_by_code(network: Network) -> None:
    plan = draw_plan(network, _norms(lower=2400, upper=2600))
    codes = set(plan.grids.values_list("code", flat=True))
    named = [
        value
        for grid in plan.grids.exclude(reasons=[])
        for reason in grid.reasons
        for kind, value in reason["mends"]
        if kind == "barrier_or_border"
    ]
    assert named
    assert all(set(value) <= codes for value in named)


def test_grids_are_numbered_from_north_to_south_and_west_to_east(network: Network) -> None:
    plan = draw_plan(network)
    for division in {grid.division for grid in plan.grids.select_related("division")}:
        grids = list(plan.grids.filter(division=division).order_by("code"))
        assert [grid.code for grid in grids] == [f"{division.code}{n:03d}" for n in range(1, len(grids) + 1)]
        latitudes = [grid.label_lat for grid in grids]
        # Rows are bands: the first of the first row need not be the northernmost of all.
        assert max(latitudes) - latitudes[0] < 0.1 * (max(latitudes) - min(latitudes))


def test_the_pattern_of_codes_is_a_setting(network: Network, settings: object) -> None:
    settings.QUANYU_GRID_CODE_PATTERN = "{division}-{number:02d}"  # type: ignore[attr-defined]
    codes = set(draw_plan(network).grids.values_list("code", flat=True))
    assert "990101001001-01" in codes


def test_stability_keeps_more_households_where_they_are(network: Network, db: None) -> None:
    from tests.factories import TODAY, enforce_plan, make_people

    people = make_people()
    enforce_plan(draw_plan(network), reviewer=people.reviewer, day=TODAY)
    Place.objects.filter(key__in=["R8C1", "R8C2"]).update(households=70)
    free, stable = (draw_plan(network, _norms(seed=9, stability=value)) for value in (0.0, 1.0))
    assert stable.metrics["moved_households"] <= free.metrics["moved_households"]
    assert stable.metrics["moved_households"] < stable.metrics["households"] / 3
