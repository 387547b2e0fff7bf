"""``quanyu within``: the area of each point, from files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner, Result

from quanyu.cli import main
from quanyu.engines.spatial import Locator

AREAS = shapely.box([0, 100], [0, 0], [100, 200], [100, 100])
POINTS = "name,x,y\n# school,50,50\nbridge,100,50\nhut,230,50\n"


@pytest.fixture
def areas(tmp_path: Path) -> Path:
    path = tmp_path / "areas.gpkg"
    codes = [np.array(["west", "east"], dtype=object)]
    pyogrio.raw.write(
        path, shapely.to_wkb(AREAS), codes, ["code"], geometry_type="Polygon", crs="EPSG:32650", driver="GPKG"
    )
    return path


def call(*words: object, given: str = POINTS) -> Result:
    return CliRunner().invoke(main, ["within", *map(str, words)], input=given)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_point_gets_its_area_and_one_outside_is_a_finding(areas: Path) -> None:
    done = call(areas, "-")
    assert done.exit_code == 1
    # On the border the area to the right has the point.
    assert [(row["name"], row["area"]) for row in rows(done.stdout)] == [
        ("# school", "west"), ("bridge", "east"), ("hut", ""),
    ]  # fmt: skip
    assert done.stderr.endswith("areas 2  points 3  outside 1\n")


def test_the_nearest_area_is_named_with_its_distance(areas: Path, tmp_path: Path) -> None:
    out = tmp_path / "answer.csv"
    done = call(areas, "-", "--nearest", "--out", out, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"areas": 2, "points": 3, "outside": 1}
    assert [(row["area"], row["distance_m"]) for row in rows(out.read_text())] == [
        ("west", "0.000"), ("east", "0.000"), ("east", "30.000"),
    ]  # fmt: skip


def test_the_nearest_area_is_found_in_one_search(areas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    locate = Locator.locate

    def counted(self: Locator, *places: Any, **options: Any) -> Any:
        asked.append(len(places[0]))
        return locate(self, *places, **options)

    monkeypatch.setattr(Locator, "locate", counted)
    assert call(areas, "-", "--nearest").exit_code == 0
    assert asked == [3]


def test_degrees_are_brought_to_the_metres_of_the_areas(areas: Path) -> None:
    # 50 m east and 50 m north of where the coordinates of UTM zone 50 north begin.
    done = call(areas, "-", given="lon,lat\n112.511704,0.000451\n")
    assert rows(done.stdout)[0]["area"] == "west"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("x,y\n1,far\n", "row 2, column y holds 'far', expected a number"),
        ("x,y,area\n1,2,3\n", "row 1: a column area. Expected is another name"),
        ("lon,lat\n1,99\n", "row 2, column lat holds '99', expected degrees from -90 to 90"),
        ("x,y\n", "- is empty."),
    ],
)
def test_a_bad_table_is_misuse(areas: Path, given: str, words: str) -> None:
    done = call(areas, "-", given=given)
    assert done.exit_code == 2
    assert words in done.stderr
