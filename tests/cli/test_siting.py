"""``quanyu site`` on files: the answer, exit codes, and what a bad file gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from quanyu.cli import main

DATA = Path(__file__).parents[1] / "data" / "siting"
SITES = "id,x,y,cost\nnorth,0,900,2\nsouth,0,0,1\nwest,-400,450,3\n"
DEMAND = "id,x,y,weight\nschool,0,800,30\nmarket,0,100,50\nfarm,5000,0,1\n"


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["site", *words])


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, text in (("sites.csv", SITES), ("demand.csv", DEMAND)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return ["--sites", str(tmp_path / "sites.csv"), "--demand", str(tmp_path / "demand.csv")]


def test_a_graph_of_the_or_library_is_read_and_proven() -> None:
    done = call("p-median", str(DATA / "pmed1.txt"), "--format", "orlib", "--seconds", "60", "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert (figures["value"], figures["bound"], figures["gap"], figures["proven"]) == (5819, 5819, 0.0, True)
    assert len(figures["sites"]) == 5
    assert len(figures["assignment"]) == 100
    centre = json.loads(call("p-center", str(DATA / "pmed1.txt"), "--json").stdout)
    assert (centre["value"], centre["bound"]) == (127, 127)


def test_demand_that_no_site_reaches_is_a_finding(files: list[str]) -> None:
    done = call("cover-all", *files, "--radius", "300", "--json")
    assert done.exit_code == 1, done.output
    figures = json.loads(done.stdout)
    assert (figures["sites"], figures["value"], figures["unreachable"]) == (["north", "south"], 3, ["farm"])
    assert figures["assignment"] == ["north", "south", None]
    told = call("cover-all", *files, "--radius", "300")
    assert "Sites: north south" in told.stdout
    assert "No site reaches 1 demand: farm" in told.stderr


def test_the_most_by_number_and_by_budget(files: list[str]) -> None:
    one = json.loads(call("cover-most", *files, "--radius", "300", "--p", "1", "--json").stdout)
    assert (one["sites"], one["value"], one["bound"]) == (["south"], 50, 50)
    bought = call("cover-most", *files, "--radius", "300", "--budget", "3")
    assert bought.exit_code == 0
    assert "cover 80 of 81" in bought.stdout
    assert call("cover-most", *files, "--radius", "300").exit_code == 2


def test_medians_and_centres_between_tables(files: list[str]) -> None:
    median = json.loads(call("p-median", *files, "--p", "1", "--json").stdout)
    assert (median["sites"], median["value"]) == (["south"], 800 * 30 + 100 * 50 + 5000)
    centre = json.loads(call("p-center", *files, "--p", "1", "--json").stdout)
    assert (centre["sites"], centre["value"]) == (["south"], 5000)
    assert "Say how many sites are wanted" in call("p-median", *files).output
    assert "Give either FILE" in call("p-center", str(DATA / "pmed1.txt"), *files).output


def test_existing_sites_stay(files: list[str], tmp_path: Path) -> None:
    sites = "id,lon,lat,existing\na,57.0,39.0,0\nb,57.0,39.001,1\n"
    (tmp_path / "sites.csv").write_text(sites, encoding="gb18030")
    (tmp_path / "demand.csv").write_text("id,lon,lat\n小学,57.0,39.0\n", encoding="gb18030")
    figures = json.loads(call("cover-all", *files, "--radius", "150", "--json").stdout)
    assert (figures["sites"], figures["value"]) == (["b"], 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,x,y\na,0,0\nb,zero,1\n", "sites.csv, row 3, column x holds 'zero', expected a number. Correct the cell."),
        ("id,x,y\na,0,nan\n", "row 2, column y holds 'nan'"),
        ("id,x,y,cost\na,0,0,-1\n", "row 2, column cost holds '-1', expected a whole number from 0"),
        ("id,x\na,0\n", "has no column y; it has: id, x."),
        ("id,x,y\na,0,0,7\n", "row 2: 4 cells. Expected is 3 cells"),
        ("id,x,x,y\na,0,0,0\n", "row 1: two columns x."),
        ("id,x,y\n", "sites.csv is empty"),
        ('id,x,y\n"a,0,0\n', "Expected is rows of cells"),
    ],
)
def test_a_bad_table_is_refused_with_row_and_column(files: list[str], tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sites.csv").write_text(text, encoding="utf-8")
    done = call("cover-all", *files, "--radius", "300")
    assert done.exit_code == 2
    assert words in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("3 1\n1 2 5\n", "row 1: 3 1. Expected is three whole numbers: nodes, edges, p"),
        ("3 2 1\n1 2 5\n", "2 edges are stated, 1 follow"),
        ("3 2 1\n1 2 5\n\n1 4 5\n", "row 4: 1 4 5. Expected is nodes from 1 to 3"),
        ("3 1 1\n1 2 -5\n", "row 2: 1 2 -5"),
        ("3 1 1\n1 2 5\n", "row 1: no way leads from node 1 to node 3. Expected is one network"),
        ("3 2 9\n1 2 5\n2 3 5\n", "p is 9; allowed is a whole number from 1 to 3"),
    ],
)
def test_a_bad_graph_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "graph.txt").write_text(text, encoding="utf-8")
    done = call("p-median", str(tmp_path / "graph.txt"))
    assert done.exit_code == 2
    assert words in done.stderr


def test_bytes_that_are_no_text_are_refused(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_bytes(b"\xff\xff\x00")
    assert "no text in UTF-8 or GB 18030" in call("cover-all", *files, "--radius", "300").stderr


def test_options_beyond_reason_are_misuse(files: list[str]) -> None:
    assert call("cover-all", *files, "--radius", "nan").exit_code == 2
    assert call("cover-all", *files, "--radius", "300", "--seconds", "nan").exit_code == 2
    assert call("cover-all", *files, "--radius", "300", "--seed", "-1").exit_code == 2


def streets(tmp_path: Path, told: object) -> str:
    (tmp_path / "streets.json").write_text(json.dumps(told), encoding="utf-8")
    return str(tmp_path / "streets.json")


def test_ways_lead_along_streets(files: list[str], tmp_path: Path) -> None:
    # From the south to the school 800 m straight up, the street goes round by the east.
    lines = {"type": "MultiLineString", "coordinates": [[[0, 0], [500, 0], [500, 800], [0, 800]], [[0, 0], [0, 100]]]}
    features = [{"type": "Feature", "geometry": lines}, {"type": "Feature", "geometry": None}]
    way = ("--streets", streets(tmp_path, {"type": "FeatureCollection", "features": features}))
    reached = json.loads(call("cover-all", *files, "--radius", "1000", *way, "--json").stdout)
    assert reached["sites"] == ["north", "south"]
    straight = json.loads(call("cover-all", *files, "--radius", "1000", "--json").stdout)
    assert straight["sites"] == ["south"]
    centre = json.loads(call("p-center", *files, "--p", "3", *way, "--json").stdout)
    assert centre["value"] == 500 + 4500  # from the south to the corner by the east, then off the street to the farm


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"type": "FeatureCollection", "features": []}, "no line, or another shape"),
        ({"type": "Point", "coordinates": [1, 2]}, "no line, or another shape"),
        ({"type": "LineString", "coordinates": [["a", 0], [1, 1]]}, 'feature 1 holds {"type": "LineString"'),
        ([1], "feature 1 holds [1]"),
    ],
)
def test_streets_that_are_no_lines_are_refused(files: list[str], tmp_path: Path, told: object, words: str) -> None:
    done = call("cover-all", *files, "--radius", "300", "--streets", streets(tmp_path, told))
    assert done.exit_code == 2
    assert words in done.stderr


def test_places_off_the_globe_are_refused_with_row_and_column(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("lon,lat\n57.0,39.0\n", encoding="utf-8")
    (tmp_path / "demand.csv").write_text("lon,lat\n57.0,39.0\n57.0,139.0\n", encoding="utf-8")
    done = call("cover-all", *files, "--radius", "300")
    assert "demand.csv, row 3, column lat holds '139.0', expected degrees from -90 to 90" in done.stderr


def test_more_pairs_than_memory_holds_are_refused(files: list[str], tmp_path: Path) -> None:
    rows = "x,y\n" + "0,0\n" * 20_000
    for name in ("sites.csv", "demand.csv"):
        (tmp_path / name).write_text(rows, encoding="utf-8")
    assert "the number of distances is 400000000; allowed is at most" in call("p-center", *files, "--p", "3").stderr


def test_a_median_of_too_many_distances_is_found_between_points(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = json.loads(call("p-median", *files, "--p", "1", "--json").stdout)
    monkeypatch.setattr("quanyu.engines.siting.checks.MOST_PAIRS", 8)
    told = json.loads(call("p-median", *files, "--p", "1", "--json").stdout)
    assert (told["sites"], told["value"], told["bound"]) == (written["sites"], written["value"], written["bound"])
