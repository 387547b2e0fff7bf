"""The verbs of ``quanyu load``: reports on standard output, faults on standard error, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.apps.territory.making import town, write

from quanyu.apps.registers.models import Load
from quanyu.apps.territory.models import Division, Place
from quanyu.cli import main

pytestmark = pytest.mark.django_db
LIST = "code,name,level\n370000000000,山东省,province\n370100000000,济南市,prefecture\n"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["load", *map(str, words)])


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


@pytest.fixture
def city(tmp_path: Path) -> Path:
    return write(tmp_path / "town.gpkg", town())


CITY = ("--territory", "990101000000", "--name", "Smallville", "--coordinates", "WGS84", "--source", "Survey")


def test_a_check_prints_what_would_change_and_changes_nothing(listed: Path) -> None:
    result = run("divisions", listed, "--system", "nbs", "--check")
    assert result.exit_code == 0
    assert "added: 2" in result.stdout
    assert not Division.objects.exists()


def test_a_list_is_loaded_and_told_to_programs(listed: Path) -> None:
    result = run("divisions", listed, "--system", "nbs", "--as-of", "2026-01-01", "--json", "--source", "NBS")
    report = json.loads(result.stdout)
    assert report["counts"] == {"added": 2, "changed": 0, "ended": 0, "unchanged": 0}
    assert Load.objects.get(pk=report["load"]).source.name == "NBS"  # type: ignore[union-attr]


def test_a_second_load_of_a_file_says_that_nothing_is_changed(listed: Path) -> None:
    first = run("divisions", listed, "--system", "nbs")
    assert "added: 2" in first.stdout
    again = run("divisions", listed, "--system", "nbs")
    assert again.exit_code == 0
    assert "is loaded already" in again.stdout
    assert "nothing is changed" in again.stdout
    assert "added" not in again.stdout
    assert json.loads(run("divisions", listed, "--system", "nbs", "--json").stdout)["already_loaded"] is True
    listed.write_text(LIST + "370200000000,青岛市,prefecture\n", encoding="utf-8")
    assert json.loads(run("divisions", listed, "--system", "nbs", "--json").stdout)["already_loaded"] is False


def test_a_look_is_told_from_a_load_on_standard_error(listed: Path) -> None:
    assert "Looked at only; nothing is changed." in run("divisions", listed, "--system", "nbs", "--check").stderr
    assert "Looked at only" not in run("divisions", listed, "--system", "nbs").stderr


def test_the_code_system_and_the_coordinates_must_be_stated(listed: Path, city: Path) -> None:
    assert run("divisions", listed).exit_code == 2
    without = [word for word in CITY if word not in ("--coordinates", "WGS84")]
    result = run("city", city, *without)
    assert result.exit_code == 2
    assert "--coordinates" in result.stderr


def test_faults_go_to_standard_error_with_exit_code_2(listed: Path) -> None:
    listed.write_text(LIST + "3701,A,town\n370102000000,B,city\n", encoding="utf-8")
    result = run("divisions", listed, "--system", "nbs")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "list.csv has 2 faults" in result.stderr
    assert "row 5, column level: city is none of" in result.stderr
    shape = json.loads(run("divisions", listed, "--system", "nbs", "--json").stdout)
    assert shape["code"] == "faulty_file"
    assert [each["code"] for each in shape["faults"]] == ["wrong_code_length", "unknown_level"]


def test_a_city_check_prints_the_mapping_that_it_proposes(city: Path) -> None:
    result = run("city", city, *CITY, "--household-size", "2.5", "--check")
    assert result.exit_code == 0
    assert "buildings.people ← population" in result.stdout
    assert "households: 110" in result.stdout
    assert not Division.objects.exists()


def test_a_city_is_loaded_through_a_mapping_then_its_households(city: Path, tmp_path: Path) -> None:
    loaded = run("city", city, *CITY, "--map", "buildings.people=", "--licence", "CC0")
    assert loaded.exit_code == 0, loaded.stderr
    assert not Place.objects.inhabited().exists()
    counts = tmp_path / "counts.csv"
    counts.write_text("code,households\n990101000000,1001\n")
    result = run("households", counts, "--territory", "990101000000")
    assert result.exit_code == 0, result.stderr
    assert sum(Place.objects.values_list("households", flat=True)) == 1001


@pytest.mark.parametrize(
    ("option", "length", "words"),
    [("--source", 201, "source has 201 signs"), ("--licence", 101, "licence has 101 signs"),
     ("--name", 101, "Name of the territory has 101 signs")],
)  # fmt: skip
def test_a_statement_too_long_to_be_kept_is_refused(city: Path, option: str, length: int, words: str) -> None:
    result = run("city", city, *CITY, option, "x" * length)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not Division.objects.exists()


def test_an_unknown_territory_is_misuse(tmp_path: Path) -> None:
    counts = tmp_path / "counts.csv"
    counts.write_text("code,households\n990101000000,1001\n")
    result = run("households", counts, "--territory", "990101000000")
    assert result.exit_code == 2
    assert "No division 990101000000" in result.stderr


def test_boundaries_are_joined_by_code(listed: Path) -> None:
    from quanyu.samples import FOLDER

    listed.write_text(LIST + "370114000000,章丘区,county\n", encoding="utf-8")
    run("divisions", listed, "--system", "nbs")
    path = FOLDER / "zhangqiu" / "zhangqiu.geojson"
    result = run("boundaries", path, "--system", "nbs", "--coordinates", "WGS84")
    assert "boundaries: 1" in result.stdout
    assert Division.objects.get(code="370114000000").geometry is not None


def test_a_table_that_is_none_names_the_forms_of_tables(db: None, tmp_path: Path) -> None:
    (tmp_path / "list.xlsx").write_bytes(b"no workbook")
    result = run("divisions", tmp_path / "list.xlsx", "--system", "nbs")
    assert result.exit_code == 2
    assert "Taken are: CSV, CSV.gz, xlsx." in result.stderr


def test_a_folder_in_place_of_a_table_is_said_in_a_line(db: None, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = run("divisions", tmp_path, "--system", "nbs")
    assert (result.exit_code, result.stderr) == (2, f"quanyu: {tmp_path}: Is a directory.\n")
