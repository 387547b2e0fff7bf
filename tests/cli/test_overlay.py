"""``quanyu overlay`` on files: pieces, crosswalk, exit codes, and what a bad file gets."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner, Result
from shapely.geometry import Polygon, box

from quanyu.cli import main

SYSTEM = "EPSG:4549"
EAST, NORTH = 500_000.0, 3_900_000.0


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["overlay", *map(str, words)])


def put(path: Path, shapes: list[Polygon], codes: list[str] | None = None, system: str | None = SYSTEM) -> Path:
    columns = {} if codes is None else {"code": np.array(codes, dtype=object)}
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(shapes, dtype=object)), list(columns.values()), list(columns), crs=system,
        geometry_type="Polygon", driver="GPKG",
    )  # fmt: skip
    return path


def at(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return box(EAST + x0, NORTH + y0, EAST + x1, NORTH + y1)


@pytest.fixture
def sides(tmp_path: Path) -> Path:
    return put(tmp_path / "police.gpkg", [at(0, 0, 100, 200), at(100, 0, 200, 200)], ["P1", "P2"])


@pytest.fixture
def floors(tmp_path: Path) -> Path:
    return put(tmp_path / "street.gpkg", [at(0, 0, 200, 50), at(0, 50, 200, 200)])


def test_pieces_and_crosswalk_go_to_files(sides: Path, floors: Path, tmp_path: Path) -> None:
    points = tmp_path / "homes.csv"
    points.write_text("x,y,households\n500010,3900010,3\n500150,3900150,4\n500500,3900000,2\n", encoding="utf-8")
    out, walk = tmp_path / "pieces.gpkg", tmp_path / "walk.csv"
    done = call(sides, floors, "--points", points, "--out", out, "--crosswalk", walk, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["pieces"], found["area_m2"], found["households"], found["outside"]) == (4, 40_000.0, 7, 2)
    assert found["system"] == SYSTEM
    assert found["agreement"] == [
        {"layers": ["police", "street"], "by": "households", "matched": 1.0, "bits": pytest.approx(0.0)}
    ]
    meta, _, shapes, values = pyogrio.raw.read(out)
    assert meta["crs"] == SYSTEM
    assert dict(zip(meta["fields"], map(list, values), strict=True)) == {
        "police": ["P1", "P1", "P2", "P2"], "street": ["1", "2", "1", "2"],
        "area_m2": [5000, 15000, 5000, 15000], "households": [3, 0, 0, 4],
    }  # fmt: skip
    assert shapely.area(shapely.from_wkb(shapes)).tolist() == [5000, 15000, 5000, 15000]
    with walk.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["from"], row["to"], row["share_of_from"], row["households"]) for row in rows] == [
        ("P1", "1", "0.25", "3"), ("P1", "2", "0.75", "0"), ("P2", "1", "0.25", "0"), ("P2", "2", "0.75", "4"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["网格编码", "编号", "Code", "ID"])
def test_a_feature_is_known_by_any_usual_name_of_its_code(floors: Path, tmp_path: Path, name: str) -> None:
    named = tmp_path / "named.gpkg"
    codes = np.array(["P1", None], dtype=object)
    shapes = shapely.to_wkb([at(0, 0, 100, 200), at(100, 0, 200, 200)])
    pyogrio.raw.write(named, shapes, [codes], [name], crs=SYSTEM, geometry_type="Polygon", driver="GPKG", fid="row")
    out = tmp_path / "pieces.csv"
    assert call(named, floors, "--out", out).exit_code == 0
    rows = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert [row["named"] for row in rows] == ["P1", "P1", "2", "2"]


@pytest.mark.parametrize("geometry", [None, {"type": "Point", "coordinates": [120.0, 36.0]}])
def test_a_feature_without_an_area_is_named(sides: Path, tmp_path: Path, geometry: dict[str, Any] | None) -> None:
    ring = [[120.0, 36.0], [120.1, 36.0], [120.1, 36.1], [120.0, 36.0]]
    shapes = [{"type": "Polygon", "coordinates": [ring]}, geometry]
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
    file = tmp_path / "bare.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    done = call(sides, file, "--out", tmp_path / "pieces.csv")
    assert done.exit_code == 2
    assert "bare.geojson[2] is " in done.stderr
    assert "Give a polygon or multipolygon, or leave the row out." in done.stderr


def test_layers_in_degrees_are_brought_to_metres(sides: Path, tmp_path: Path) -> None:
    around = put(tmp_path / "all.gpkg", [Polygon([(119.9, 35.2), (120.1, 35.2), (120.1, 35.3), (119.9, 35.3)])],
                 system="EPSG:4326")  # fmt: skip
    done = call(sides, around, "--out", tmp_path / "pieces.csv", "--json")
    found = json.loads(done.stdout)
    assert found["system"] == SYSTEM
    assert [(gap["layer"], gap["enclosed"]) for gap in found["gaps"]] == [("police", False)]
    with (tmp_path / "pieces.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    inside = [row for row in rows if row["police"]]
    assert sum(float(row["area_m2"]) for row in inside) == pytest.approx(40_000, rel=1e-6)


def test_overlaps_and_holes_are_a_finding(floors: Path, tmp_path: Path) -> None:
    fire = put(tmp_path / "fire.gpkg", [at(0, 0, 110, 200), at(100, 0, 200, 90), at(100, 110, 200, 200)])
    done = call(fire, floors, "--out", tmp_path / "pieces.csv")
    assert done.exit_code == 1
    assert "fire: 1, 2 claim 900.0 m²" in done.stdout
    assert "fire leaves out 1800.0 m² beyond its border" in done.stdout


def test_a_wandering_border_is_laid_onto_the_first_layer(sides: Path, tmp_path: Path) -> None:
    again = put(tmp_path / "again.gpkg", [at(0, 0.1, 100.2, 200), at(100.2, 0.1, 200, 200.1)])
    apart = json.loads(call(sides, again, "--out", tmp_path / "pieces.csv", "--json").stdout)
    assert apart["drawn_twice"] == apart["pieces"] - 2 > 0
    together = json.loads(call(sides, again, "--out", tmp_path / "pieces.csv", "--tolerance", "0.5", "--json").stdout)
    assert (together["pieces"], together["drawn_twice"]) == (2, 0)
    assert together["snapped"]["farthest_m"] == pytest.approx(0.2236, abs=1e-3)


def test_bad_files_are_named(sides: Path, tmp_path: Path) -> None:
    out = tmp_path / "pieces.csv"
    bow = put(tmp_path / "bow.gpkg", [at(0, 0, 1, 1), Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])])
    wrong = call(sides, bow, "--out", out)
    assert wrong.exit_code == 2
    assert "bow.gpkg[2] is no valid polygon: Self-intersection" in wrong.stderr
    text = tmp_path / "text.gpkg"
    text.write_text("no layer", encoding="utf-8")
    assert "text.gpkg, row 1: this cannot be read" in call(sides, text, "--out", out).stderr
    with pytest.warns(UserWarning, match="crs"):
        nowhere = put(tmp_path / "nowhere.gpkg", [at(0, 0, 1, 1)], system=None)
    assert "nowhere.gpkg says no coordinate system" in call(sides, nowhere, "--out", out).stderr
    assert call(sides, "--out", out).exit_code == 2
    assert "name a .gpkg or a .csv file" in call(sides, bow, "--out", tmp_path / "pieces.shp").stderr
    assert not out.exists()
    pieces = tmp_path / "pieces.gpkg"
    assert call(nowhere, nowhere, "--out", pieces).exit_code == 0
    assert pyogrio.raw.read(pieces)[0]["crs"] is None
