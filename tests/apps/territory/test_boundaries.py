"""Boundaries are joined to divisions by code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from tests.apps.territory.making import write

from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.boundaries import check_boundaries, load_boundaries
from quanyu.apps.territory.loading.divisions import load_divisions
from quanyu.apps.territory.models import Division
from quanyu.engines.spatial import project
from quanyu.samples import FOLDER

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
ZHANGQIU = FOLDER / "zhangqiu" / "zhangqiu.geojson"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _listed(db: None, tmp_path: Path) -> None:
    rows = ["code,name,level", "370000000000,山东省,province", "370100000000,济南市,prefecture"]
    rows += ["370114000000,章丘区,county", "370114001000,明水街道,town", "370114002000,双山街道,town"]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    load_divisions(tmp_path / "list.csv", system="nbs", actor=None, at=AT)


def load(path: Path, *, coordinates: str = "WGS84") -> dict[str, int]:
    record = load_boundaries(path, system="nbs", coordinates=coordinates, actor=None, at=AT)
    counts: dict[str, int] = record.counts
    return counts


def test_the_border_of_zhangqiu_has_the_area_its_source_states() -> None:
    assert load(ZHANGQIU) == {"boundaries": 1, "changed": 1}
    shape = Division.objects.get(code="370114000000").geometry
    area = shapely.area(project(np.array([shape], dtype=object), "EPSG:32650"))[0]
    assert area / 1e6 == pytest.approx(1712.3, abs=0.1)


def test_a_second_load_changes_nothing() -> None:
    load(ZHANGQIU)
    assert check_boundaries(ZHANGQIU, system="nbs", coordinates="WGS84").is_repeat
    assert load(ZHANGQIU) == {"boundaries": 1, "changed": 1}


def test_codes_that_are_not_loaded_are_left_out_and_reported(tmp_path: Path) -> None:
    box = shapely.box(117.4, 36.6, 117.5, 36.7)
    layers = {"b": ([box, box], {"区划代码": ["370114001000", "370199000000"]})}
    path = write(tmp_path / "b.geojson", layers, driver="GeoJSON")
    report = check_boundaries(path, system="nbs", coordinates="CGCS2000")
    assert {"kind": "unknown_code", "count": 1, "names": "370199000000"} in report.findings
    assert report.counts["boundaries"] == 1


def test_a_border_beyond_its_parents_is_reported(tmp_path: Path) -> None:
    load(ZHANGQIU)
    shapes = [shapely.box(117.4, 36.6, 117.5, 36.7), shapely.box(116.4, 36.6, 116.5, 36.7)]
    path = write(tmp_path / "b.geojson", {"b": (shapes, {"code": ["370114001000", "370114002000"]})}, driver="GeoJSON")
    report = check_boundaries(path, system="nbs", coordinates="WGS84")
    assert {"kind": "not_nested", "count": 1, "names": "370114002000 双山街道"} in report.findings


def test_a_code_in_two_rows_or_no_code_at_all_is_refused(tmp_path: Path) -> None:
    box = shapely.box(117.4, 36.6, 117.5, 36.7)
    twice = write(tmp_path / "twice.geojson", {"b": ([box, box], {"code": ["370114001000"] * 2})}, driver="GeoJSON")
    with pytest.raises(faults.RepeatedKey, match="row 2: code 370114001000 stands in row 1 already"):
        load(twice)
    bare = write(tmp_path / "bare.geojson", {"b": ([box], {"area": ["x"]})}, driver="GeoJSON")
    with pytest.raises(faults.MissingColumn, match=r"no column code. It has: area"):
        load(bare)
    assert not Division.objects.filter(wkb__isnull=False).exists()
