"""City files: what they become, and what bad ones get."""

from __future__ import annotations

import json
import math
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from django.utils.translation import override
from tests.apps.territory.making import LAT, LON, STEP, Layers, house, town, write
from tests.factories import make_user

from quanyu.apps.audit.models import Entry
from quanyu.apps.registers.models import Load, Source
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.city import CityOptions, check_city, load_city, read_city, store_city, territory_of
from quanyu.apps.territory.loading.reports import Origin
from quanyu.apps.territory.models import Backdrop, Barrier, CountMethod, Division, Fabric, Place, PlaceKind
from quanyu.engines.spatial.coordinates import bd09_from_wgs84, gcj02_from_wgs84
from quanyu.errors import NotFound, NotPermitted, QuanyuError, UnknownCoordinateSystem

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
LATER = datetime(2027, 6, 1, 9, 30, tzinfo=UTC)
CODE = "990101000000"
ORIGIN = Origin("Smallville survey", "© Smallville", "CC0")
WGS84 = CityOptions("WGS84", household_size=2.5)

pytestmark = pytest.mark.django_db


def load(path: Path, options: CityOptions = WGS84, *, at: datetime = AT) -> Load:
    return load_city(path, territory_of(CODE, "Smallville"), options, origin=ORIGIN, actor=None, at=at)


def refused(path: Path, fault: type[QuanyuError], message: str, options: CityOptions = WGS84) -> QuanyuError:
    """Check that a file is refused with a message and that nothing of it is loaded."""
    with pytest.raises(fault, match=message) as raised:
        load(path, options)
    assert not any(model.objects.exists() for model in (Place, Barrier, Backdrop, Load, Source, Fabric))  # type: ignore[attr-defined]
    return raised.value


def test_buildings_become_places_with_kind_storeys_and_households(tmp_path: Path) -> None:
    record = load(write(tmp_path / "town.gpkg", town()))
    places = list(Place.objects.order_by("key"))
    assert [place.key for place in places] == [f"B{n:03d}" for n in range(1, 13)]
    assert {place.kind for place in places[:-1]} == {PlaceKind.RESIDENTIAL}
    assert places[-1].kind == PlaceKind.OFFICE
    assert [place.households for place in places] == [10] * 11 + [0]
    assert {place.count_method for place in places[:-1]} == {CountMethod.PEOPLE}
    assert places[0].levels == 6
    assert places[0].is_estimate
    # A house of 0.0004° by 0.0004° at 36.7° N, on a ball of 6,371 km.
    side = math.radians(0.0004) * 6_371_000
    assert places[0].footprint_m2 == pytest.approx(side**2 * math.cos(math.radians(LAT)), rel=0.01)
    assert Barrier.objects.get().kind == Barrier.Kind.WATERWAY
    assert Fabric.objects.get().places == 12
    assert record.counts["places"] == 12
    assert record.source is not None
    assert record.source.licence == "CC0"


def test_households_of_people_add_up_to_the_people_over_the_size(tmp_path: Path) -> None:
    people = [7.0, 11.0, 3.0, 2.0, 1.0, 5.0, 6.0, 9.0, 4.0, 8.0, 13.0, 0.0]
    load(write(tmp_path / "town.gpkg", town(population=people)), CityOptions("WGS84", household_size=2.3))
    assert sum(Place.objects.values_list("households", flat=True)) == round(sum(people) / 2.3)


def test_the_same_file_a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "town.gpkg", town())
    first = load(path)
    before = list(Place.objects.order_by("pk").values_list("pk", "households", "load_id"))
    assert load(path, at=LATER).pk == first.pk
    assert list(Place.objects.order_by("pk").values_list("pk", "households", "load_id")) == before
    assert Load.objects.count() == 1
    assert Entry.objects.filter(verb="city.loaded").count() == 1
    assert check_city(path, territory_of(CODE), WGS84).is_repeat


def test_of_two_loads_that_read_a_file_at_once_one_is_stored(tmp_path: Path) -> None:
    city = read_city(write(tmp_path / "town.gpkg", town()), WGS84)
    territories = [territory_of(CODE, "Smallville"), territory_of(CODE, "Smallville")]
    made = [store_city(city, each, WGS84, origin=ORIGIN, actor=None, at=AT) for each in territories]
    assert made[0] == made[1]
    assert [each.is_repeat for each in made] == [False, True]
    assert Load.objects.count() == 1
    assert Entry.objects.filter(verb="city.loaded").count() == 1


def test_two_files_for_a_territory_that_both_would_make_are_two_editions(tmp_path: Path) -> None:
    territories = [territory_of(CODE, "Smallville"), territory_of(CODE, "Smallville")]
    for number, territory in enumerate(territories):
        path = write(tmp_path / f"town{number}.gpkg", town(levels=[number + 1.0] * 12))
        load_city(path, territory, WGS84, origin=ORIGIN, actor=None, at=AT)
    assert Division.objects.filter(code=CODE).count() == 1
    assert set(Place.objects.values_list("levels", flat=True)) == {2}


def test_a_check_reports_and_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "town.gpkg", town())
    report = check_city(path, territory_of(CODE, "Smallville"), WGS84)
    assert report.counts["places"] == 12
    assert report.counts["households"] == 110
    assert report.mapping["buildings.people"] == "population"
    assert not Division.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("system", "forward", "within_m"),
    [
        ("GCJ-02", gcj02_from_wgs84, 0.1),
        ("BD-09", bd09_from_wgs84, 0.1),
        ("CGCS2000", lambda xy: xy, 0.001),
        ("EPSG:4548", None, 0.01),
    ],
)
def test_every_coordinate_system_ends_at_the_same_place(
    tmp_path: Path, system: str, forward: Any, within_m: float
) -> None:
    if forward is None:
        from pyproj import Transformer

        moved = Transformer.from_crs(4326, 4548, always_xy=True)

        def forward(xy: Any) -> Any:
            return np.column_stack(moved.transform(xy[:, 0], xy[:, 1]))

    layers: Layers = {
        name: ([shapely.transform(shape, forward) for shape in shapes], columns)
        for name, (shapes, columns) in town().items()
    }
    crs = {"EPSG:4548": "EPSG:4548", "CGCS2000": "EPSG:4490"}.get(system)
    load(write(tmp_path / "town.gpkg", layers, crs=crs), replace(WGS84, system=system))
    place = Place.objects.get(key="B001")
    assert place.west is not None
    assert place.south is not None
    assert abs(place.west - LON) * 89_000 < within_m
    assert abs(place.south - LAT) * 111_000 < within_m


def test_a_system_that_is_not_the_files_own_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "town.gpkg", town())
    refused(path, faults.StatedSystemDiffers, "declares EPSG:4326, but EPSG:4548 was stated", CityOptions("EPSG:4548"))


@pytest.mark.parametrize("system", ["EPSG:0", "Beijing", "GCJ02000", ""])
def test_an_unknown_coordinate_system_is_refused(tmp_path: Path, system: str) -> None:
    path = write(tmp_path / "town.gpkg", town())
    refused(path, UnknownCoordinateSystem, "no known coordinate system. State one of: WGS84", CityOptions(system))


def test_a_missing_or_empty_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.gpkg", faults.NoSuchFile, "none.gpkg does not exist")
    (tmp_path / "empty.gpkg").touch()
    refused(tmp_path / "empty.gpkg", faults.EmptyFile, r"empty.gpkg is empty \(0 bytes\)")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "town.gpkg", town(20, 20, building_id=[f"B{n}" for n in range(400)]))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(path, faults.UnreadableFile, "town.gpkg.*(cut off on the way|breaks off)")


def test_a_text_file_called_geopackage_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.gpkg").write_text("no map at all")
    refused(tmp_path / "notes.gpkg", faults.UnreadableFile, "is no file of a form taken here")


def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.gpkg"
    with path.open("wb") as stream:
        stream.truncate(2 * 2**30)
    refused(path, faults.FileTooLarge, "huge.gpkg has 2048 MB, more than the 500 MB taken here")


def test_a_file_without_buildings_is_refused(tmp_path: Path) -> None:
    layers = town()
    layers["rivers"] = layers.pop("buildings")
    refused(write(tmp_path / "town.gpkg", layers), faults.MissingLayer, "no layer buildings. It has: .*rivers.*--map")


def test_a_column_that_decides_the_kind_must_be_there(tmp_path: Path) -> None:
    layers = town()
    shapes, columns = layers["buildings"]
    layers["buildings"] = (shapes, {"levels": columns["levels"]})
    refused(write(tmp_path / "town.gpkg", layers), faults.MissingColumn, "no column kind. It has: levels")


def test_a_layer_without_rows_is_refused(tmp_path: Path) -> None:
    shape, columns = house(0, 0), {"kind": ["residential"]}
    path = write(tmp_path / "town.gpkg", {"buildings": ([shape], columns)})
    source = pyogrio.raw.read(path, layer="buildings", where="kind = 'none'")
    pyogrio.raw.write(
        tmp_path / "bare.gpkg", source[2], source[3], ["kind"], layer="buildings", geometry_type="Polygon",
        crs="EPSG:4326",
    )  # fmt: skip
    refused(tmp_path / "bare.gpkg", faults.NoRows, "bare.gpkg, buildings has no rows")


def test_an_optional_layer_without_rows_is_a_layer_that_the_file_does_not_have(tmp_path: Path) -> None:
    path = write(tmp_path / "town.gpkg", town())
    load(path)
    pond = house(9, 9)
    write(path, {"water": ([pond], {"kind": ["pond"]})})
    load(path, at=LATER)
    assert Backdrop.objects.filter(layer="water").count() == 1
    bare = write(tmp_path / "bare.gpkg", town(levels=[2.0] * 12))
    pyogrio.raw.write(
        bare, np.array([], dtype=object), [np.array([], dtype=object)], ["kind"], layer="water",
        geometry_type="Polygon", crs="EPSG:4326", append=True,
    )  # fmt: skip
    record = load(bare, at=LATER)
    assert {"kind": "no_rows", "names": "water"} in record.findings
    assert "water" not in record.counts
    assert Backdrop.objects.filter(layer="water").count() == 1
    assert set(Place.objects.values_list("levels", flat=True)) == {2}


@pytest.mark.filterwarnings("ignore:Non closed ring")
@pytest.mark.parametrize("corner", [0, 1])
def test_a_geojson_with_nan_is_told_so_with_its_row(tmp_path: Path, corner: int) -> None:
    shapes, columns = town()["buildings"]
    path = write(tmp_path / "town.geojson", {"town": (shapes, columns)}, driver="GeoJSON")
    read = json.loads(path.read_text(encoding="utf-8"))
    read["features"][2]["geometry"]["coordinates"][0][corner][0] = math.nan
    path.write_text(json.dumps(read), encoding="utf-8")
    assert "NaN" in path.read_text(encoding="utf-8")
    refused(path, faults.BadCoordinates, r"row 3: a coordinate is not a number \(1 such rows\)")


def test_shapes_that_are_no_place_on_earth_are_refused(tmp_path: Path) -> None:
    layers = town()
    shapes, columns = layers["buildings"]
    with np.errstate(invalid="ignore"):
        nan = shapely.Polygon([(LON, LAT), (math.nan, LAT), (LON, LAT + 1)])
    for number, (bad, fault, message) in enumerate(
        [
            (None, faults.NoGeometry, r"row 3 has no geometry \(1 such rows\)"),
            (nan, faults.BadCoordinates, "row 3: a coordinate is not a number"),
            (
                shapely.box(487210, 3391544, 487230, 3391564),
                faults.OffTheEarth,
                "row 3 lies off the earth when read as",
            ),
            (shapely.Point(LON, LAT), faults.WrongGeometry, "row 3 is a Point, expected a polygon"),
        ]
    ):
        layers["buildings"] = ([*shapes[:2], bad, *shapes[3:]], columns)
        with override("en"):
            refused(write(tmp_path / f"town{number}.gpkg", layers), fault, message)


def test_a_self_crossing_polygon_is_repaired_and_reported(tmp_path: Path) -> None:
    layers = town()
    shapes, columns = layers["buildings"]
    x, y, s = LON, LAT, 0.0004
    bow = shapely.Polygon([(x, y), (x + s, y + s), (x + s, y), (x, y + s)])
    layers["buildings"] = ([bow, *shapes[1:]], columns)
    record = load(write(tmp_path / "town.gpkg", layers))
    assert {"kind": "repaired", "layer": "buildings", "count": 1, "rows": "1"} in record.findings
    shape = Place.objects.get(key="B001").geometry
    assert shape is not None
    assert shape.is_valid
    # Two triangles, each a quarter of the square.
    assert shape.area == pytest.approx(s * s / 2)


@pytest.mark.parametrize(
    ("value", "fault", "message"),
    [
        ("约300", faults.NotANumber, "row 3, column population: 约300 is no whole number. Write digits alone, such as"),
        ("many", faults.NotANumber, "row 3, column population: many is no whole number. Write digits alone, such as 3"),
        ("2.5", faults.NotANumber, "row 3, column population: 2.5 is no whole number"),
        ("-3", faults.NegativeNumber, "row 3, column population: -3 is below 0"),
    ],
)  # fmt: skip
def test_text_in_a_number_column_is_named_by_its_cell(
    tmp_path: Path, value: str, fault: type[QuanyuError], message: str
) -> None:
    people = ["25"] * 12
    people[2] = value
    error = refused(write(tmp_path / "town.gpkg", town(population=people)), fault, message)
    assert error.where == {
        "file": "town.gpkg", "layer": "buildings", "row": 3, "column": "population", "value": value,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value", "fault", "message"),
    [
        ("population", 25.5, faults.NotANumber, "row 3, column population: 25.5 is no whole number"),
        ("population", 1e300, faults.NumberTooLarge, "row 3, column population: 1e\\+300 is more than 100,000,000"),
        ("floor_area_m2", -2.0, faults.NegativeNumber, "row 3, column floor_area_m2: -2 is below 0"),
        ("floor_area_m2", "约1200", faults.NotAMeasure, "column floor_area_m2: 约1200 is no number. Write digits"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_is_named_by_its_cell(
    tmp_path: Path, column: str, value: float | str, fault: type[QuanyuError], message: str
) -> None:
    values: list[Any] = ["100.5" if isinstance(value, str) else 100.0] * 12
    values[2] = value
    refused(write(tmp_path / "town.gpkg", town(**{column: values})), fault, message)


def test_full_width_digits_in_a_text_column_are_read(tmp_path: Path) -> None:
    load(write(tmp_path / "town.gpkg", town(population=["２５"] * 11 + ["０"])))
    assert sum(Place.objects.values_list("households", flat=True)) == 110


def test_negative_numbers_are_refused(tmp_path: Path) -> None:
    people = [25.0] * 12
    people[4] = -1.0
    path = write(tmp_path / "town.gpkg", town(population=people))
    refused(path, faults.NegativeNumber, "row 5, column population: -1 is below 0")


def test_several_faults_are_told_together(tmp_path: Path) -> None:
    people = ["25", "约3", "-1", *["25"] * 9]
    keys = ["A", "B", "C", "A", *[f"K{n}" for n in range(8)]]
    path = write(tmp_path / "town.gpkg", town(population=people, building_id=keys))
    message = "3 faults(.|\n)*row 2, (.|\n)*row 3, (.|\n)*row 4: building_id A stands in row 1 already"
    refused(path, faults.FaultyFile, message)


def test_buildings_outside_every_division_are_refused_or_left_out(tmp_path: Path) -> None:
    layers = town()
    shapes, columns = layers["buildings"]
    far = shapely.box(LON + 1, LAT, LON + 1.0004, LAT + 0.0004)
    layers["buildings"] = ([*shapes[:4], far, *shapes[5:]], columns)
    path = write(tmp_path / "town.gpkg", layers)
    message = r"1 of 12 buildings lie outside every division of Smallville; .*row 5 at 118.5002, 36.7002.*--leave-out"
    refused(path, faults.OutsideDivisions, message)
    record = load(path, replace(WGS84, leave_out=True))
    assert record.counts["places"] == 11
    assert {"kind": "left_out", "count": 1, "rows": "5"} in record.findings
    assert not Place.objects.filter(key="B005").exists()


def test_a_building_just_outside_the_border_goes_to_the_nearest_division(tmp_path: Path) -> None:
    layers = town()
    shapes, columns = layers["buildings"]
    # 0.0003° south of the border are 33 m.
    near = shapely.box(LON, LAT - 0.0024, LON + 0.0002, LAT - 0.0022)
    layers["buildings"] = ([near, *shapes[1:]], columns)
    record = load(write(tmp_path / "town.gpkg", layers))
    assert [each["kind"] for each in record.findings if each["kind"] == "near_border"] == ["near_border"]
    assert Place.objects.count() == 12


def test_communes_of_the_file_become_divisions_and_hold_their_buildings(tmp_path: Path) -> None:
    layers = town()
    west = shapely.box(LON - 0.002, LAT - 0.002, LON + 1.7 * STEP, LAT + 0.012)
    east = shapely.box(LON + 1.7 * STEP, LAT - 0.002, LON + 0.012, LAT + 0.012)
    layers["boundaries"] = (
        [shapely.union(west, east), east, west], {"name": ["Both", "East", "West"], "admin_level": ["2", "8", "8"]},
    )  # fmt: skip
    load(write(tmp_path / "town.gpkg", layers))
    codes = dict(Division.objects.values_list("name", "code"))
    assert codes == {"Smallville": CODE, "East": "990101001000", "West": "990101002000"}
    assert set(Place.objects.filter(division__name="West").values_list("key", flat=True)) == {
        "B001", "B002", "B005", "B006", "B009", "B010",
    }  # fmt: skip


def test_a_territory_that_is_not_loaded_needs_a_name(tmp_path: Path) -> None:
    with override("en"), pytest.raises(NotFound, match=r"No division 990101000000.*give a name"):
        territory_of(CODE)


def test_a_stranger_may_not_load(tmp_path: Path) -> None:
    path = write(tmp_path / "town.gpkg", town())
    with pytest.raises(NotPermitted):
        load_city(path, territory_of(CODE, "X"), WGS84, origin=ORIGIN, actor=make_user("wang"), at=AT)


# Later editions


def test_an_edition_keeps_known_keys_ends_missing_ones_and_begins_new_ones(tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", town()))
    before = dict(Place.objects.values_list("key", "pk"))
    keys = [f"B{n:03d}" for n in range(1, 12)] + ["B099"]
    people = [50.0, *[25.0] * 10, 5.0]
    path = write(tmp_path / "b.gpkg", town(building_id=keys, population=people, kind=["residential"] * 12))
    record = load(path, replace(WGS84, as_of=date(2027, 1, 1)), at=LATER)
    assert {name: record.counts[name] for name in ("added", "changed", "ended")} == {
        "added": 1, "changed": 1, "ended": 1,
    }  # fmt: skip
    today = Place.objects.filter(valid_to=None)
    assert {key: pk for key, pk in today.values_list("key", "pk") if key != "B099"} == {
        key: pk for key, pk in before.items() if key != "B012"
    }
    assert today.get(key="B001").households == 20
    assert Place.objects.get(key="B012").valid_to == date(2027, 1, 1)
    assert today.get(key="B099").valid_from == date(2027, 1, 1)
    assert Place.objects.on(date(2026, 12, 31)).count() == Place.objects.on(date(2027, 1, 1)).count() == 12
    assert Fabric.objects.first().places == 12  # type: ignore[union-attr]


def test_without_a_stated_day_an_edition_is_of_the_day_in_china(tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", town()))
    early = datetime(2026, 8, 1, 23, 0, tzinfo=UTC)  # 2 August, seven in the morning
    load(write(tmp_path / "b.gpkg", town(building_id=[f"B{n:03d}" for n in range(2, 14)])), at=early)
    assert Place.objects.get(key="B001").valid_to == date(2026, 8, 2)


def test_an_edition_without_people_leaves_the_counts(tmp_path: Path) -> None:
    load(write(tmp_path / "a.gpkg", town()))
    layers = town(levels=[9.0] * 12)
    del layers["buildings"][1]["population"]
    load(write(tmp_path / "b.gpkg", layers), at=LATER)
    assert set(Place.objects.values_list("levels", flat=True)) == {9}
    assert sum(Place.objects.values_list("households", flat=True)) == 110


def test_going_back_to_the_first_file_is_an_edition_again(tmp_path: Path) -> None:
    first = write(tmp_path / "a.gpkg", town())
    load(first)
    load(write(tmp_path / "b.gpkg", town(levels=[9.0] * 12)), at=LATER)
    load(first, at=LATER)
    assert set(Place.objects.values_list("levels", flat=True)) == {6}
    assert Load.objects.count() == 3


# Other forms


@pytest.mark.parametrize(("driver", "ending"), [("GeoJSON", "geojson"), ("ESRI Shapefile", "shp")])
def test_a_folder_and_a_zip_of_one_file_per_layer_are_read(tmp_path: Path, driver: str, ending: str) -> None:
    folder = tmp_path / "layers"
    folder.mkdir()
    layers = town()
    shapes, columns = layers["buildings"]
    columns = {
        "编号": columns["building_id"],
        "类型": columns["kind"],
        "层数": columns["levels"],
        "人口": columns["population"],
    }
    layers["buildings"] = (shapes, columns)
    for name, layer in layers.items():
        write(folder / f"{name}.{ending}", {name: layer}, driver=driver)
    path = tmp_path / "town.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in folder.iterdir():
            archive.write(member, f"town/{member.name}")
    report = check_city(folder, territory_of(CODE, "Smallville"), WGS84)
    assert report.mapping["buildings.levels"] == "层数"
    assert report.counts["households"] == 110
    load(path)
    assert Place.objects.get(key="B001").levels == 6
    assert Barrier.objects.count() == 1


def test_one_file_of_buildings_is_enough_and_columns_may_be_mapped(tmp_path: Path) -> None:
    shapes, columns = town()["buildings"]
    columns["stockwerke"] = columns.pop("levels")
    path = write(tmp_path / "haeuser.geojson", {"haeuser": (shapes, columns)}, driver="GeoJSON")
    report = check_city(path, territory_of(CODE, "Smallville"), WGS84)
    assert report.mapping["buildings"] == "haeuser"
    assert "buildings.levels" not in report.mapping
    assert [each["kind"] for each in report.findings] == ["no_border"]
    record = load(path, replace(WGS84, mapping={"buildings.levels": "stockwerke"}))
    assert record.counts["places"] == 12
    assert set(Place.objects.values_list("levels", flat=True)) == {6}


def test_the_names_of_chinese_buildings_are_found(tmp_path: Path) -> None:
    shapes, columns = town()["buildings"]
    path = write(tmp_path / "楼栋.geojson", {"楼栋": (shapes, columns | {"楼名": ["甲楼"] * 12})}, driver="GeoJSON")
    load(path)
    assert set(Place.objects.values_list("name", flat=True)) == {"甲楼"}


@pytest.mark.parametrize(
    "pair", ["houses=buildings", "buildings.floors=levels", "buildings.levels=nowhere", "roads=none"]
)
def test_a_mapping_that_names_nothing_is_refused(tmp_path: Path, pair: str) -> None:
    key, _, name = pair.partition("=")
    path = write(tmp_path / "town.gpkg", town())
    refused(path, faults.BadMapping, f"{pair} is no mapping", replace(WGS84, mapping={key: name}))


@pytest.mark.parametrize(
    ("kind", "subtype", "expected"),
    [
        ("waterway", "", "waterway"), ("waterway", "river", "waterway"), ("waterway", "stream", "brook"),
        ("ditch", "", "brook"), ("railway", "rail", "railway"), ("railway", "tram", "barrier"),
        ("barrier", "hedge", "barrier"), ("铁路", "", "railway"),
    ],
)  # fmt: skip
def test_a_line_is_what_its_subtype_says_then_its_kind(tmp_path: Path, kind: str, subtype: str, expected: str) -> None:
    layers = town()
    layers["barriers"][1].update(kind=[kind], subtype=[subtype])
    load(write(tmp_path / "town.gpkg", layers))
    assert Barrier.objects.get().kind == expected
