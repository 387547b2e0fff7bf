"""The demo's territories, whole: what they hold agrees with what their sources state."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from django.db.models import Sum

from quanyu.apps.territory.households import respread
from quanyu.apps.territory.loading.boundaries import load_boundaries
from quanyu.apps.territory.loading.city import CityOptions, look, read_city, territory_of
from quanyu.apps.territory.loading.divisions import load_divisions
from quanyu.apps.territory.loading.households import load_households
from quanyu.apps.territory.loading.reports import open_load
from quanyu.apps.territory.loading.storing import store_divisions, store_places
from quanyu.apps.territory.models import CountMethod, Division, HouseholdTotal, Place, PlaceKind
from quanyu.apps.territory.samples import SEATS, ZHANGQIU, make_zhangqiu
from quanyu.samples import FOLDER

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_vologda_has_the_buildings_and_people_of_its_readme() -> None:
    options = CityOptions("EPSG:4326", household_size=2.5)
    city = read_city(FOLDER / "vologda" / "vologda.gpkg", options)
    found = look(city, territory_of("900101000000", "Vologda"), options)
    assert len(found.keys) == len(set(found.keys)) == 25_321
    assert sum(each for each in found.people if each == each) == 356_810
    assert found.kinds.count("residential") == 1804
    assert sum(each for each in found.households if each == each) == round(356_810 / 2.5)


def test_liechtenstein_holds_the_totals_of_its_communes() -> None:
    options = CityOptions("EPSG:4326")
    path = FOLDER / "liechtenstein" / "liechtenstein_2024.gpkg"
    territory = territory_of("900202000000", "Liechtenstein")
    territory.save()
    found = look(read_city(path, options), territory, options)
    # The records without the tessellation, which these figures do not need.
    load = open_load("city", territory.code, path, "0", {}, origin=None, actor=None, at=AT)
    store_divisions(found, territory, load, is_made_up=False)
    store_places(found, territory, load, day=AT.date(), begins=None, is_made_up=False)
    load_households(FOLDER / "liechtenstein" / "households.csv", territory, actor=None, at=AT)
    with (FOLDER / "liechtenstein" / "households.csv").open(encoding="utf-8") as lines:
        stated = {row["name"]: (int(row["households"]), int(row["people"])) for row in csv.DictReader(lines)}
    sums = Place.objects.filter(territory=territory).values("division__name")
    rows = sums.annotate(households=Sum("households"), people=Sum("people"))
    got = {row["division__name"]: (row["households"], row["people"]) for row in rows}
    assert {name: got[name] for name in stated} == stated
    assert sum(people for _, people in stated.values()) == 40_015
    assert HouseholdTotal.objects.filter(is_assumed=True).count() == 11
    inhabited = Place.objects.inhabited()
    assert set(inhabited.values_list("kind", flat=True)) == {PlaceKind.RESIDENTIAL}
    assert set(inhabited.values_list("count_method", flat=True)) == {CountMethod.FLOOR_AREA}
    before = list(Place.objects.order_by("pk").values_list("households", flat=True))
    respread(territory)
    assert list(Place.objects.order_by("pk").values_list("households", flat=True)) == before


def test_the_seats_are_those_of_zhangqius_towns() -> None:
    with (FOLDER / "zhangqiu" / "zhangqiu_town_codes.csv").open(encoding="utf-8") as lines:
        towns: defaultdict[str, str] = defaultdict(str)
        towns |= {row["code_nbs_2023"]: row["name"] for row in csv.DictReader(lines)}
    assert set(SEATS) == set(towns)


def test_zhangqiu_is_made_up_under_real_codes_and_inside_its_real_border() -> None:
    load_divisions(FOLDER / "divisions" / "jinan.csv", system="nbs", actor=None, at=AT)
    border = FOLDER / "zhangqiu" / "zhangqiu.geojson"
    load_boundaries(border, system="nbs", coordinates="WGS84", actor=None, at=AT)
    territory = territory_of(ZHANGQIU)
    district = make_zhangqiu(territory)
    below = Division.objects.within(territory).exclude(pk=territory.pk)
    assert set(below.values_list("code", flat=True)) == {*district.villages, *district.towns}
    ground = shapely.union_all(list(district.villages.values()))
    assert territory.geometry is not None
    assert (
        ground.symmetric_difference(territory.geometry).area / territory.geometry.area < 1e-4
    )  # edges straight in metres, not in degrees
    buildings = district.layers["buildings"]
    assert 20_000 <= len(buildings.shapes) <= 30_000
    assert 300_000 <= np.nansum(buildings.columns["households"].astype(float)) <= 400_000
    assert {"residential", "office", "industrial", "market", "scenic", "school", "hospital"} <= set(
        buildings.columns["kind"]
    )
    assert shapely.contains(ground, buildings.shapes).all()
