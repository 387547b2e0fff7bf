"""The verbs plan, locate and export: results on stdout, progress on stderr, 0 done, 1 a finding, 2 misuse."""

from __future__ import annotations

import csv
import errno
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from click.testing import CliRunner, Result
from django.contrib.auth.models import Group
from tests.factories import AT, TODAY, make_network, make_people, make_riverside, make_riverside_in_force

from quanyu.apps.accounts.models import Role, User
from quanyu.apps.audit.models import Entry
from quanyu.apps.grids import actions, exports
from quanyu.apps.grids.models import Grid, Network, Plan, Run
from quanyu.apps.grids.refusals import OwnWork
from quanyu.cli import main

DRAW = ["plan", "riverside", "--steps", "300", "--seed", "1"]


def _run(*arguments: Any, **options: Any) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False, **options)


@pytest.fixture
def plan(db: None) -> Plan:
    return make_riverside_in_force(make_people())


def test_plan_keeps_a_draft_and_prints_its_figures(db: None) -> None:
    make_network(make_riverside())
    result = _run(*DRAW, "--json")
    figures = json.loads(result.stdout)
    plan = Plan.objects.get()
    assert figures == {"plan": 1, **plan.metrics}
    assert plan.status == Plan.Status.DRAFT
    assert "Drawing" in result.stderr
    assert result.exit_code == (0 if figures["basic_in_range"] == figures["basic"] else 1)


def test_a_plan_drawn_by_an_account_is_its_own_and_another_must_review_it(db: None) -> None:
    people = make_people()
    make_network(make_riverside())
    assert _run(*DRAW, "--by", "zhou").exit_code in (0, 1)
    plan = Plan.objects.get()
    assert plan.made_by == people.planner
    assert Entry.objects.filter(verb="plan.drawn", actor=people.planner).exists()
    people.planner.groups.add(Group.objects.get(name=Role.REVIEWER.value))
    with pytest.raises(OwnWork):
        actions.review(plan, actor=User.objects.get(username="zhou"), at=AT)
    actions.review(plan, actor=people.reviewer, at=AT)


@pytest.mark.parametrize(
    ("name", "message"), [("nobody", "No account nobody"), ("wang", "Only these roles may draw grids")]
)
def test_a_plan_is_not_drawn_by_who_is_unknown_or_may_not(db: None, name: str, message: str) -> None:
    make_people()
    territory = make_riverside()
    result = CliRunner().invoke(main, ["plan", "first", "--territory", territory.code, "--by", name])
    assert result.exit_code == 2
    assert message in result.stderr
    assert not Network.objects.exists()


def test_plan_opens_the_network_of_a_territory(db: None) -> None:
    territory = make_riverside()
    assert _run("plan", "first", "--steps", "10", "--territory", territory.code).exit_code in (0, 1)
    assert Plan.objects.get().network.code == "first"


def test_plan_finds_a_rule_that_cannot_be_kept(db: None) -> None:
    make_network(make_riverside())
    result = _run(*DRAW, "--lower", "4000", "--upper", "5000")
    assert result.exit_code == 1
    assert "basic_in_range: 0" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "nowhere"], "No network nowhere. Known are: riverside."),
        ([*DRAW, "--lower", "500", "--upper", "300"], "upper is 300: give at least the lower limit, 500."),
        (["plan", "second", "--territory", "370100000000"], "No division 370100000000"),
        (["export", "riverside", "map.doc"], "map.doc is no export format"),
        (["export", "riverside", "map.png"], "No plan in force"),
        (["export", "riverside", "map.png", "--plan", "0"], "No plan 0. Draw one: quanyu plan riverside"),
        ([*DRAW, "--by", ""], "No account . Make it: quanyu user"),
        (["locate"], "Give LON and LAT, or --file."),
        (["locate", "117.5", "36.7", "--file", "-"], "Give LON and LAT, or --file."),
        (["locate", "117.5"], "Give LAT, too."),
        (["locate", "nan", "36.7"], "lon[0] is nan. Give a finite number"),
        (["locate", "117.5", "36.7", "--network", "nowhere"], "No network nowhere. Known are: riverside."),
        (["locate", "117.5", "36.7", "--system", "Mars"], "MARS is no known coordinate system"),
        (["locate", "200", "100"], "lon[0] is 200, 100; allowed is −180 to 180 degrees, WGS84."),
        (["locate", "36.7", "117.5"], "lat[0] is 36.7, 117.5; allowed is −90 to 90 degrees, WGS84."),
    ],
)
def test_misuse_is_said_in_a_line(db: None, arguments: list[str], message: str, tmp_path: Path) -> None:
    make_network(make_riverside())
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert message in result.stderr.replace("\n", " ")
    assert not Run.objects.exists()


def test_locate_names_the_grid_of_a_point(plan: Plan) -> None:
    grid = plan.grids.filter(kind=Grid.Kind.BASIC).earliest("code")
    result = _run("locate", grid.label_lon, grid.label_lat, "--day", TODAY, "--json")
    assert json.loads(result.stdout) == [
        {"network": "riverside", "code": grid.code, "kind": "basic", "households": grid.households}
    ]
    assert result.exit_code == 0
    before = _run("locate", grid.label_lon, grid.label_lat, "--day", TODAY - timedelta(days=1))
    assert (before.exit_code, before.stdout) == (1, "")


def test_a_point_is_asked_of_one_network_or_of_all(plan: Plan) -> None:
    grid = plan.grids.earliest("code")
    point = (grid.label_lon, grid.label_lat, "--day", TODAY)
    make_network(plan.network.territory, code="second")
    assert _run("locate", *point, "--network", "riverside").stdout == _run("locate", *point).stdout
    assert _run("locate", *point, "--network", "second").exit_code == 1


def test_a_point_in_the_west_or_south_is_no_option(plan: Plan) -> None:
    for point in ((-119, 32), (-70.5, -33.4)):
        result = _run("locate", *point)
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", "")


def test_locate_adds_a_column_to_a_file_of_points(plan: Plan, tmp_path: Path) -> None:
    grids = list(plan.grids.order_by("code"))
    rows = [f"{grid.code},{grid.label_lon},{grid.label_lat}" for grid in grids]
    (tmp_path / "points.csv").write_text("\n".join(["name,x,y", *rows, "far,0,0"]), encoding="utf-8-sig")
    out = tmp_path / "out.csv"
    columns = ["--lon-column", "x", "--lat-column", "y"]
    result = _run("locate", "--file", tmp_path / "points.csv", *columns, "--out", out, "--day", TODAY)
    with out.open(encoding="utf-8") as lines:
        written = list(csv.DictReader(lines))
    assert [row["grid"] for row in written] == [*(grid.code for grid in grids), ""]
    assert [row["name"] for row in written[:-1]] == [row["grid"] for row in written[:-1]]
    assert f"{len(grids) + 1} points, 1 in no grid" in result.stderr
    assert result.exit_code == 1


def test_locate_reads_a_table_as_chinese_offices_write_it(plan: Plan, tmp_path: Path) -> None:
    grid = plan.grids.earliest("code")
    text = f"名称,经度,纬度\n村委会,{grid.label_lon},{grid.label_lat}\n"
    (tmp_path / "points.csv").write_text(text, encoding="gb18030")
    columns = ["--lon-column", "经度", "--lat-column", "纬度"]
    result = _run("locate", "--file", tmp_path / "points.csv", *columns, "--day", TODAY)
    assert result.stdout.splitlines()[1] == f"村委会,{grid.label_lon},{grid.label_lat},{grid.code}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "riverside", "nowhere/grids.gpkg"], "there is no folder"),
        (["export", "riverside", "-"], "cannot be written to standard output"),
        (["locate", "--file", "points.csv", "--out", "nowhere/out.csv"], "there is no folder"),
        (["locate", "--file", "missing.csv"], "does not exist"),
        (["locate", "--file", "."], "is a directory"),
    ],
)
def test_where_nothing_can_be_read_or_written_is_said_at_once(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.csv").write_text("lon,lat\n117,36\n")
    result = _run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["points.csv"]


def test_locate_reads_stdin_and_writes_stdout(plan: Plan) -> None:
    grid = plan.grids.earliest("code")
    text = f"lon,lat\n{grid.label_lon},{grid.label_lat}\n"
    result = _run("locate", "--file", "-", "--day", TODAY, input=text)
    assert result.stdout.splitlines()[1].endswith(f",{grid.code}")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n", "points.csv has no column lon; it has: x, y."),
        ("lon,lat\n117,36\n117,about 36\n", "row 3, column lat holds 'about 36', expected a number"),
        ("lon,lat\n,36\n", "row 2, column lon holds '', expected a number"),
        ("lon,lat\nnan,36\n", "row 2, column lon holds 'nan', expected a number"),
        ("lon,lat\n117,36\n36,117\n", "row 3, column lat holds '117', expected −90 to 90 degrees, WGS84"),
        ("lon,lat\n117,36,7\n", "row 2: 3 cells. Expected is 2 cells"),
        ("lon,lat\n\n\n117,about 36\n", "row 4, column lat holds 'about 36'"),
        ("lon,lat,lon\n117,36,7\n", "row 1: two columns lon. Expected is a name for each column"),
        ("lon,lat,grid\n117,36,7\n", "row 1: a column grid. Expected is another name for it"),
        ("", "points.csv is empty. Give at least one row."),
        ("lon,lat\n\0\n", "points.csv, row 1: no text in UTF-8 or GB 18030"),
    ],
)
def test_a_file_without_points_is_refused_with_the_place(plan: Plan, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "points.csv").write_text(text)
    out = tmp_path / "out.csv"
    result = _run("locate", "--file", tmp_path / "points.csv", "--out", out)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not out.exists()


def test_export_writes_the_plan_in_force(plan: Plan, tmp_path: Path) -> None:
    result = _run("export", "riverside", tmp_path / "grids.gpkg", "--plan", plan.number)
    assert result.exit_code == 0
    assert pyogrio.read_info(tmp_path / "grids.gpkg")["features"] == plan.grids.count()


@pytest.mark.parametrize(("form", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("geojson", b"{"), ("shp", b"PK")])
def test_export_writes_the_form_asked_for_whatever_the_name(
    plan: Plan, tmp_path: Path, form: str, begins: bytes
) -> None:
    out = tmp_path / "grids.bin"
    assert _run("export", "riverside", out, "--plan", plan.number, "--format", form).exit_code == 0
    assert out.read_bytes().startswith(begins)


def test_an_export_that_fails_leaves_what_was_there(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "grids.xlsx"
    out.write_text("the table of last year")
    monkeypatch.setattr(exports, "_dress", full)
    result = _run("export", "riverside", out, "--plan", plan.number)
    assert (result.exit_code, result.stderr) == (2, "quanyu: The file was not written: No space left on device.\n")
    assert out.read_text() == "the table of last year"
    assert list(tmp_path.iterdir()) == [out]


def test_a_pipe_is_never_taken_for_a_file_to_replace(plan: Plan, tmp_path: Path) -> None:
    pipe = tmp_path / "grids.geojson"
    os.mkfifo(pipe)
    result = _run("export", "riverside", pipe, "--plan", plan.number)
    assert result.exit_code == 2
    assert "is no ordinary file" in result.stderr
    assert pipe.is_fifo()


def test_export_writes_a_shapefile_beside_its_path_and_zipped_in_a_zip(plan: Plan, tmp_path: Path) -> None:
    for _ in range(2):  # a second time it takes the place of the first
        assert _run("export", "riverside", tmp_path / "wang.ge.shp", "--plan", plan.number).exit_code == 0
    endings = {"cpg", "dbf", "prj", "shp", "shx"}
    assert {path.name for path in tmp_path.iterdir()} == {f"wang.ge.{ending}" for ending in endings}
    assert _run("export", "riverside", tmp_path / "grids.zip", "--plan", plan.number).exit_code == 0
    for path in (tmp_path / "wang.ge.shp", f"/vsizip/{tmp_path / 'grids.zip'}/grids.shp"):
        info = pyogrio.read_info(path)
        assert (info["features"], info["crs"]) == (plan.grids.count(), "EPSG:4326")
