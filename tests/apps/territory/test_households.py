"""Official counts of households: spread so that every sum agrees, or kept building by building."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import make_riverside, make_user

from quanyu.apps.audit.models import Entry
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.households import Buildings, Total, largest_remainder, spread
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.households import check_households, load_households
from quanyu.apps.territory.loading.reports import sentence
from quanyu.apps.territory.models import CountMethod, Division, HouseholdTotal, Place
from quanyu.errors import NotPermitted, QuanyuError

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
LATER = datetime(2027, 6, 1, 9, 30, tzinfo=UTC)


def buildings(
    division: list[str], *, homes: list[bool] | None = None, counted: dict[int, int] | None = None,
    flats: list[float] | None = None, floor: list[float] | None = None,
) -> Buildings:  # fmt: skip
    """Return places of given divisions: homes of 100 m² of floor unless something else is said."""
    size = len(division)
    households = np.zeros(size, dtype=np.int64)
    for row, count in (counted or {}).items():
        households[row] = count
    return Buildings(
        ids=np.arange(size), division=division, is_home=np.array(homes or [True] * size),
        counted=np.array([row in (counted or {}) for row in range(size)]),
        flats=np.array(flats or [0.0] * size), floor_area_m2=np.array(floor or [100.0] * size),
        households=households, people=np.full(size, np.nan),
    )  # fmt: skip


def result(places: Buildings, *totals: Total) -> list[int]:
    """Return the households of each place after spreading."""
    made = spread(places, totals)
    assert not made.faults
    households = places.households.copy()
    households[made.rows] = made.households
    counts: list[int] = households.tolist()
    return counts


VILLAGE, OTHER, TOWN, COUNTY = "990101001001", "990101001002", "990101001000", "990101000000"


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.integers(0, 10**6))
def test_shares_add_up_exactly_and_differ_by_less_than_one(weights: list[int], total: int) -> None:
    weight = np.array(weights, dtype=np.float64) + 0.01
    exact = weight / weight.sum() * total
    shares = largest_remainder(exact, total)
    assert shares.sum() == total
    assert (np.abs(shares - exact) < 1 + 1e-6).all()
    assert (shares >= 0).all()


def test_a_total_is_shared_by_floor_area() -> None:
    places = buildings([VILLAGE] * 3, floor=[100.0, 300.0, 600.0])
    assert result(places, Total(VILLAGE, "V", 20)) == [2, 6, 12]


def test_a_total_is_shared_by_flats_where_they_are_known() -> None:
    made = spread(buildings([VILLAGE] * 2, flats=[10.0, 30.0], floor=[900.0, 100.0]), [Total(VILLAGE, "V", 80)])
    assert made.households.tolist() == [20, 60]
    assert made.method == [CountMethod.FLATS] * 2


def test_a_home_without_flats_weighs_its_floor_area_in_flats_of_mean_size() -> None:
    # 20 flats on 2,000 m²: a flat has 100 m², so 500 m² of floor are 5 flats.
    made = spread(buildings([VILLAGE] * 2, flats=[20.0, 0.0], floor=[2000.0, 500.0]), [Total(VILLAGE, "V", 50)])
    assert made.households.tolist() == [40, 10]
    assert made.method == [CountMethod.FLATS, CountMethod.FLOOR_AREA]


def test_only_homes_get_households() -> None:
    assert result(buildings([VILLAGE] * 3, homes=[True, False, True]), Total(VILLAGE, "V", 10)) == [5, 0, 5]


def test_buildings_counted_one_by_one_keep_their_count_and_the_rest_is_shared() -> None:
    places = buildings([VILLAGE] * 3, counted={0: 70})
    assert result(places, Total(VILLAGE, "V", 100)) == [70, 15, 15]


def test_the_lowest_total_decides_and_a_higher_one_gives_what_is_left_to_the_others() -> None:
    places = buildings([VILLAGE, VILLAGE, OTHER, TOWN])
    assert result(places, Total(VILLAGE, "V", 30), Total(TOWN, "T", 100)) == [15, 15, 35, 35]
    three = (Total(VILLAGE, "V", 30), Total(TOWN, "T", 100), Total(COUNTY, "C", 100))
    assert result(places, *three) == [15, 15, 35, 35]


def test_totals_that_contradict_each_other_are_reported_and_the_lower_kept() -> None:
    places = buildings([VILLAGE, OTHER])
    both = [Total(VILLAGE, "V", 30), Total(OTHER, "O", 40)]
    small = spread(places, [*both, Total(TOWN, "T", 50)])
    assert small.households.tolist() == [30, 40]
    assert small.findings == [{"kind": "total_below_parts", "name": "T", "total": 50, "parts": 70}]
    large = spread(places, [*both, Total(TOWN, "T", 90)])
    assert large.households.tolist() == [30, 40]
    assert large.findings == [{"kind": "total_above_parts", "name": "T", "total": 90, "parts": 70}]


def test_a_total_without_any_home_is_a_fault() -> None:
    made = spread(buildings([VILLAGE], homes=[False]), [Total(VILLAGE, "V", 30)])
    assert [str(fault) for fault in made.faults] == [
        "V (990101001001) has 30 households but no residential building. Check the kinds of its buildings, or give its "
        "total to a division that has some."
    ]


def test_homes_without_a_total_keep_their_count_and_are_reported() -> None:
    made = spread(buildings([VILLAGE, OTHER]), [Total(VILLAGE, "V", 30)])
    assert made.rows.tolist() == [0]
    assert made.findings == [{"kind": "no_total", "count": 1}]


@given(
    st.lists(
        st.tuples(st.sampled_from([VILLAGE, OTHER]), st.integers(1, 900), st.integers(0, 40)), min_size=2, max_size=40
    ),
    st.integers(0, 5000),
    st.integers(0, 5000),
)
def test_every_division_adds_up_to_its_total(rows: list[tuple[str, int, int]], first: int, second: int) -> None:
    rows = [(VILLAGE, 50, 0), (OTHER, 60, 3), *rows]
    places = buildings(
        [row[0] for row in rows], floor=[float(row[1]) for row in rows], flats=[float(row[2]) for row in rows]
    )
    households = result(places, Total(VILLAGE, "V", first), Total(OTHER, "O", second))
    sums: defaultdict[str, int] = defaultdict(int)
    for division, count in zip(places.division, households, strict=True):
        sums[division] += count
    assert sums == {VILLAGE: first, OTHER: second}


# Files


@pytest.fixture
def riverside(db: None) -> Division:
    return make_riverside()


def table(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def load(path: Path, territory: Division, *, at: datetime = AT, as_of: date | None = None) -> Load:
    return load_households(path, territory, as_of=as_of, actor=None, at=at)


def sums(territory: Division) -> dict[str, int]:
    result: defaultdict[str, int] = defaultdict(int)
    for name, count in Place.objects.filter(territory=territory).values_list("division__name", "households"):
        result[name] += count
    return dict(result)


def test_totals_by_name_are_spread_and_marked_as_estimates(riverside: Division, tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "社区,户数,人口", "West Bank,2001,5002", 'East Bank,"1,203",')
    record = load(path, riverside)
    assert sums(riverside) == {"West Bank": 2001, "East Bank": 1203}
    assert record.counts == {"totals": 2, "households": 3204, "people": 5002, "spread": 3204, "not_applied": 0}
    methods = set(Place.objects.inhabited().values_list("count_method", flat=True))
    assert methods <= {CountMethod.FLOOR_AREA, CountMethod.FLATS}
    west = Place.objects.filter(division__name="West Bank")
    assert sum(each or 0 for each in west.values_list("people", flat=True)) == 5002
    assert Entry.objects.filter(verb="households.loaded").count() == 1


def test_totals_of_a_town_and_one_of_its_villages(riverside: Division, tmp_path: Path) -> None:
    load(table(tmp_path / "t.csv", "code,households", "990101001000,3000", "990101001001,1800"), riverside)
    assert sums(riverside) == {"West Bank": 1800, "East Bank": 1200}


def test_counts_by_building_replace_the_estimate_and_outlast_it(riverside: Division, tmp_path: Path) -> None:
    load(table(tmp_path / "t.csv", "name,households", "West Bank,2001"), riverside)
    place = Place.objects.filter(division__name="West Bank", households__gt=0).order_by("pk")[0]
    load(table(tmp_path / "b.csv", "building_id,households", f"{place.key},77"), riverside)
    place.refresh_from_db()
    assert (place.households, place.count_method, place.is_estimate) == (77, CountMethod.FILE, False)
    assert sums(riverside)["West Bank"] == 2001
    load(table(tmp_path / "t2.csv", "name,households", "West Bank,2500"), riverside, at=LATER)
    place.refresh_from_db()
    assert place.households == 77
    assert sums(riverside)["West Bank"] == 2500


def test_without_a_stated_day_a_total_is_of_the_day_in_china(riverside: Division, tmp_path: Path) -> None:
    early = datetime(2026, 8, 1, 23, 0, tzinfo=UTC)  # 2 August, seven in the morning
    load(table(tmp_path / "t.csv", "name,households", "West Bank,2001"), riverside, at=early)
    assert HouseholdTotal.objects.get().as_of == date(2026, 8, 2)


def test_an_older_count_does_not_replace_a_newer_one(riverside: Division, tmp_path: Path) -> None:
    load(table(tmp_path / "new.csv", "name,households", "West Bank,2000"), riverside, as_of=date(2026, 1, 1))
    load(table(tmp_path / "old.csv", "name,households", "West Bank,1000"), riverside, as_of=date(2020, 1, 1))
    assert sums(riverside)["West Bank"] == 2000
    assert HouseholdTotal.objects.count() == 2


def test_an_older_total_is_said_not_to_be_applied(riverside: Division, tmp_path: Path) -> None:
    load(table(tmp_path / "new.csv", "name,households", "West Bank,2000"), riverside, as_of=date(2026, 1, 1))
    path = table(tmp_path / "old.csv", "name,households", "West Bank,1000", "East Bank,900")
    counts = {"totals": 2, "households": 1900, "spread": 900, "not_applied": 1}
    finding = {"kind": "older_totals", "count": 1, "names": "West Bank"}
    report = check_households(path, riverside, as_of=date(2020, 1, 1))
    assert (report.counts, report.findings) == (counts, [finding])
    record = load(path, riverside, as_of=date(2020, 1, 1))
    assert (record.counts, record.findings) == (counts, [finding])


def test_totals_over_buildings_with_counts_of_their_own_are_said_not_to_be_applied(
    riverside: Division, tmp_path: Path
) -> None:
    Place.objects.filter(division__name="West Bank").update(count_method=CountMethod.FILE)
    own = sums(riverside)["West Bank"]
    path = table(tmp_path / "t.csv", "name,households", f"West Bank,{own + 100}", "East Bank,900")
    counts = {"totals": 2, "households": own + 1000, "spread": 900, "not_applied": 1}
    finding = {"kind": "own_counts", "count": 1, "names": f"West Bank ({own + 100} ≠ {own})"}
    report = check_households(path, riverside)
    assert (report.counts, report.findings) == (counts, [finding])
    record = load(path, riverside)
    assert (record.counts, record.findings) == (counts, [finding])
    assert sums(riverside) == {"West Bank": own, "East Bank": 900}
    with override("en"):
        assert sentence(finding) == (
            "1 totals are not applied, because their buildings have counts of their own, which stay: "
            f"West Bank ({own + 100} ≠ {own})."
        )


def test_households_of_a_town_and_its_village_are_spread_once(riverside: Division, tmp_path: Path) -> None:
    record = load(table(tmp_path / "t.csv", "code,households", "990101001000,3000", "990101001001,1800"), riverside)
    assert record.counts == {"totals": 2, "households": 4800, "spread": 3000, "not_applied": 0}
    both = table(tmp_path / "u.csv", "code,households", "990101001000,5", "990101001001,30", "990101001002,40")
    assert load(both, riverside, at=LATER).counts == {"totals": 3, "households": 75, "spread": 70, "not_applied": 1}


def test_the_same_file_changes_nothing(riverside: Division, tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "name,households", "West Bank,2001")
    first = load(path, riverside)
    before = list(Place.objects.order_by("pk").values_list("households", "count_method"))
    assert load(path, riverside, at=LATER).pk == first.pk
    assert list(Place.objects.order_by("pk").values_list("households", "count_method")) == before
    assert check_households(path, riverside).is_repeat


def test_a_check_tells_and_changes_nothing(riverside: Division, tmp_path: Path) -> None:
    before = list(Place.objects.order_by("pk").values_list("households", "count_method"))
    report = check_households(table(tmp_path / "t.csv", "name,households", "West Bank,2001"), riverside)
    assert report.counts == {"totals": 1, "households": 2001, "spread": 2001, "not_applied": 0}
    assert [each["kind"] for each in report.findings] == ["no_total"]
    assert list(Place.objects.order_by("pk").values_list("households", "count_method")) == before
    assert not HouseholdTotal.objects.exists()


@pytest.mark.parametrize(
    ("rows", "fault", "message"),
    [
        (("name,households", "West Bank,-5"), faults.NegativeNumber, "row 2, column households: -5 is below 0"),
        (("name,households", "West Bank,约300"), faults.NotANumber, "约300 is no whole number. Write digits alone, su"),
        (("name,households", "West Bank,"), faults.EmptyCell, "row 2: column households is empty"),
        (("name,households", "North Bank,5"), faults.UnknownDivision, "Riverside has no division North Bank"),
        (("code,households", "370114000000,5"), faults.UnknownDivision, "Riverside has no division 370114000000"),
        (("building_id,households", "none,5"), faults.UnknownPlace, "Riverside has no building with the key none"),
        (("name,households", "West Bank,5", "West Bank,6"), faults.RepeatedKey, "990101001001 stands in row 2 already"),
        (("name,flats", "West Bank,5"), faults.MissingColumn, "no column households"),
        (("households",  "5"), faults.MissingColumn, "no column code"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_cell_and_nothing_changes(
    riverside: Division, tmp_path: Path, rows: tuple[str, ...], fault: type[QuanyuError], message: str
) -> None:
    before = sums(riverside)
    with pytest.raises(fault, match=message):
        load(table(tmp_path / "t.csv", *rows), riverside)
    assert sums(riverside) == before
    assert not HouseholdTotal.objects.exists()


def test_a_name_that_occurs_twice_is_told_with_both_codes(riverside: Division, tmp_path: Path) -> None:
    town = Division.objects.create(system="local", code="990101002000", name="New Town", level="town", parent=riverside)
    Division.objects.create(system="local", code="990101002001", name="West Bank", level="village", parent=town)
    path = table(tmp_path / "t.csv", "name,households", "West Bank,5")
    known = r"occurs 2 times: 990101001001 \(Old Town\), 990101002001 \(New Town\). Write the code instead"
    with pytest.raises(faults.AmbiguousName, match=known):
        load(path, riverside)


def test_a_stranger_may_not_load(riverside: Division, tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "name,households", "West Bank,5")
    with pytest.raises(NotPermitted):
        load_households(path, riverside, actor=make_user("li"), at=AT)
