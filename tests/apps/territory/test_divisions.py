"""Lists of divisions: faults by row, editions by day."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from django.utils.translation import override
from tests.factories import make_user

from quanyu.apps.audit.models import Entry
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.aliases import load_aliases
from quanyu.apps.territory.loading.divisions import check_divisions, load_divisions
from quanyu.apps.territory.models import CodeAlias, Division
from quanyu.errors import NotPermitted, QuanyuError
from quanyu.samples import FOLDER

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
LATER = datetime(2027, 6, 1, 9, 30, tzinfo=UTC)
HEADER = "code,name,level,parent_code,urban_rural,unit_type"
ROWS = [
    "370000000000,山东省,province,,,",
    "370100000000,济南市,prefecture,370000000000,,",
    "370114000000,章丘区,county,370100000000,,",
    "370114001000,明水街道,town,370114000000,,street",
    "370114001001,东山社区,village,370114001000,111,residents_committee",
    "370114001201,西山村,village,370114001000,220,villagers_committee",
    "370114002000,双山街道,town,370114000000,,street",
    "370114002001,北坡社区,village,370114002000,111,residents_committee",
]


def listing(path: Path, rows: list[str] = ROWS, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def load(path: Path, *, at: datetime = AT, as_of: date | None = None, system: str = "nbs") -> Load:
    return load_divisions(path, system=system, as_of=as_of, actor=None, at=at)


@pytest.fixture
def loaded(db: None, tmp_path: Path) -> Load:
    return load(listing(tmp_path / "list.csv"))


def test_without_a_stated_day_the_edition_is_of_the_day_in_china(loaded: Load, tmp_path: Path) -> None:
    early = datetime(2026, 8, 1, 23, 0, tzinfo=UTC)  # 2 August, seven in the morning
    load(listing(tmp_path / "next.csv", ROWS[:-1]), at=early)
    assert Division.objects.get(code="370114002001").valid_to == date(2026, 8, 2)


def test_all_of_jinan_is_loaded_with_its_levels_and_parents(db: None) -> None:
    path = FOLDER / "divisions" / "jinan.csv"
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    record = load(path)
    assert record.counts == {"added": 5937, "changed": 0, "ended": 0, "unchanged": 0}
    stored = Division.objects.select_related("parent")
    assert Counter(each.level for each in stored) == Counter(row["level"] for row in rows)
    assert {(d.code, d.name, d.parent.code if d.parent else "", d.unit_type) for d in stored} == {
        (row["code"], row["name"], row["parent_code"], row["unit_type"]) for row in rows
    }
    assert Division.objects.within(Division.objects.get(code="370114000000")).count() == 1 + 18 + 594


def test_the_national_list_has_no_fault_and_ends_no_village(loaded: Load) -> None:
    path = FOLDER / "divisions" / "china_to_town.csv.gz"
    report = check_divisions(path, system="nbs", at=AT)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        codes = {row["code"] for row in csv.DictReader(lines)}
    known = set(Division.objects.values_list("code", flat=True))
    assert report.counts["added"] == len(codes - known)
    assert report.counts["ended"] == 0


def test_a_second_load_of_the_same_file_changes_nothing(loaded: Load, tmp_path: Path) -> None:
    before = list(Division.objects.values())
    again = load(tmp_path / "list.csv", at=LATER)
    assert again.pk == loaded.pk
    assert list(Division.objects.values()) == before
    assert Entry.objects.filter(verb="divisions.loaded").count() == 1


def test_a_new_edition_ends_what_vanished_begins_what_is_new_and_keeps_the_rest(loaded: Load, tmp_path: Path) -> None:
    kept = Division.objects.get(code="370114001001")
    rows = [row.replace("西山村", "西山新村") for row in ROWS[:-2]]
    rows.append("370114003000,枣园街道,town,370114000000,,street")
    day = date(2027, 1, 1)
    record = load(listing(tmp_path / "2027.csv", rows), at=LATER, as_of=day)
    assert record.counts == {"added": 1, "changed": 1, "ended": 2, "unchanged": 5}
    assert Division.objects.get(code="370114001001").pk == kept.pk
    assert Division.objects.get(code="370114001201").name == "西山新村"
    # The village ends with its town, on the day of the edition; before that day both are there.
    for code in ("370114002000", "370114002001"):
        assert Division.objects.get(code=code).valid_to == day
        assert Division.objects.on(date(2026, 12, 31)).filter(code=code).exists()
        assert not Division.objects.on(day).filter(code=code).exists()
    assert Division.objects.get(code="370114003000").valid_from == day


def test_a_division_that_goes_on_under_another_code_is_replaced_by_it(loaded: Load, tmp_path: Path) -> None:
    rows = [row.replace("370114002", "370114022") for row in ROWS]
    load(listing(tmp_path / "2027.csv", rows), at=LATER)
    old = Division.objects.get(code="370114002000")
    assert old.replaced_by is not None
    assert old.replaced_by.code == "370114022000"


def test_a_list_of_one_town_ends_nothing_outside_it(loaded: Load, tmp_path: Path) -> None:
    rows = [row for row in ROWS if not row.startswith(("370114002", "370114001201"))]
    record = load(listing(tmp_path / "town.csv", rows), at=LATER)
    ended = Division.objects.exclude(valid_to=None).values_list("code", flat=True)
    assert record.counts["ended"] == 1
    assert list(ended) == ["370114001201"]


def test_an_edition_cannot_end_what_began_on_its_own_day(loaded: Load, tmp_path: Path) -> None:
    new = [*ROWS, "370114003000,枣园街道,town,370114000000,,street"]
    load(listing(tmp_path / "a.csv", new), at=LATER)
    with pytest.raises(faults.EditionTooEarly, match=r"370114003000 枣园街道.*began on 2027-06-01.*later day"):
        load(listing(tmp_path / "b.csv", ROWS), at=LATER)


def test_the_same_code_in_two_systems_is_two_divisions(loaded: Load, tmp_path: Path) -> None:
    load(listing(tmp_path / "mca.csv", [row.replace("双山", "别山") for row in ROWS]), system="mca")
    assert Division.objects.with_code("370114002000", "nbs").get().name == "双山街道"
    assert Division.objects.with_code("370114002000", "mca").get().name == "别山街道"


@pytest.mark.parametrize(
    ("row", "fault", "message"),
    [
        ("370114,章丘,county,370100000000,,", faults.WrongCodeLength, r"row 10, column code: 370114 has 6 signs, expe"),
        ("37011400300X,枣园,town,370114000000,,", faults.NoDivisionCode, r"row 10, column code: 37011400300X is no di"),
        ("370114003000,枣园,city,370114000000,,", faults.UnknownLevel, r"row 10, column level: city is none of provin"),
        ("370114003000,枣园,village,370114000000,,", faults.LevelDisagrees, r"row 10: 370114003000 is a town by its z"),
        ("370115003000,枣园,town,370115000000,,", faults.MissingParent, r"row 10: the parent 370115000000 of 37011500"),
        ("370115003000,枣园,town,,,", faults.MissingParent, r"row 10: the parent 370115000000 of 370115003000"),
        ("370114003000,枣园,town,370100000000,,", faults.WrongParent, r"is a town, and its parent 370100000000 is a p"),
        ("370114002000,双山,town,370114000000,,", faults.RepeatedCode, r"row 10: code 370114002000 stands in row 8 al"),
        ("370114003000,,town,370114000000,,", faults.EmptyCell, r"row 10: column name is empty"),
        (f"370114003000,{'长' * 101},town,370114000000,,", faults.LongCell, r"row 10: column name has 101 signs"),
    ],
)  # fmt: skip
def test_a_fault_names_row_column_value_and_mend(
    db: None, tmp_path: Path, row: str, fault: type[QuanyuError], message: str
) -> None:
    with override("en"), pytest.raises(fault, match=message):
        load(listing(tmp_path / "list.csv", [*ROWS, row]))
    assert not Division.objects.exists()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("370114003000,枣园,村,", "is a town by its zeros, but column 级别 says 村"),
        ("370114003000,枣园,市辖区,", "row 2, column 级别: 市辖区 is none of province, .*, 省, 市, 县"),
        ("370114003000,,镇,", "row 2: column 名称 is empty"),
        ("37011400,枣园,镇,", "row 2, column 区划代码: 37011400 has 8 signs"),
        ("370114003000,枣园,镇,370100000000", "correct column 上级代码"),
    ],
)
def test_a_fault_names_the_column_as_the_file_does(db: None, tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "list.csv").write_text(f"区划代码,名称,级别,上级代码\n{row}\n", encoding="gb18030")
    with override("en"), pytest.raises(QuanyuError, match=message):
        load(tmp_path / "list.csv")


def test_all_faults_of_a_file_are_told_together_and_nothing_is_loaded(db: None, tmp_path: Path) -> None:
    bad = [f"3701,{n},town,370114000000,," for n in range(150)]
    with pytest.raises(faults.FaultyFile, match=r"list.csv has 150 faults, so nothing was loaded") as raised:
        load(listing(tmp_path / "list.csv", [*ROWS, *bad]))
    shape = raised.value.as_dict()
    assert [each["where"]["row"] for each in shape["faults"]] == list(range(10, 110))
    assert not Division.objects.exists()
    assert not Load.objects.exists()


def test_a_spreadsheet_with_chinese_headings_and_full_width_codes_is_read(db: None, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["区划代码", "名称", "级别", "上级代码"])
    sheet.append(["３７００００００００００", "山东省", "省", None])
    sheet.append([370100000000, "济南市", "市", "370000000000"])
    book.save(tmp_path / "list.xlsx")
    assert load(tmp_path / "list.xlsx").counts["added"] == 2


@pytest.mark.parametrize("system", ["nbs", "local"])
def test_a_top_row_without_parent_is_taken_only_in_a_list_of_ones_own(db: None, tmp_path: Path, system: str) -> None:
    path = listing(tmp_path / "own.csv", ["990101000000,自编区,county,,,"])
    if system == "nbs":
        with pytest.raises(faults.MissingParent):
            load(path, system=system)
    else:
        load(path, system=system)
        assert Division.objects.get().parent is None


def test_a_stranger_may_not_load(db: None, tmp_path: Path) -> None:
    path = listing(tmp_path / "list.csv")
    with pytest.raises(NotPermitted):
        load_divisions(path, system="nbs", actor=make_user("wang"), at=AT)


def test_the_codes_of_the_other_system_find_the_same_towns(db: None) -> None:
    load(FOLDER / "divisions" / "jinan.csv")
    table = FOLDER / "zhangqiu" / "zhangqiu_town_codes.csv"
    load_aliases(table, system="nbs", other="mca", actor=None, at=AT)
    assert CodeAlias.objects.count() == 18
    # The case of the source's README: one code, two towns.
    assert Division.objects.with_code("370114012000", "nbs").get().name == "高官寨街道"
    assert Division.objects.with_code("370114012000", "mca").get().name == "曹范街道"
    assert load_aliases(table, system="nbs", other="mca", actor=None, at=LATER).counts == {"aliases": 18}
