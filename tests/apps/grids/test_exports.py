"""A plan as a file: each form read back by another library."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pyogrio
import pytest
import shapely
from PIL import Image
from tests.factories import AT, make_people, make_riverside_in_force

from quanyu.apps.grids import actions, exports
from quanyu.apps.grids.models import Plan


@pytest.fixture
def plan(db: None) -> Plan:
    return make_riverside_in_force(make_people())


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shp"])
def test_a_map_file_holds_every_grid_with_its_shape_and_figures(plan: Plan, tmp_path: Path, kind: str) -> None:
    path = exports.write(plan, kind, tmp_path / f"grids.{'zip' if kind == 'shp' else kind}", language="en")
    source = f"/vsizip/{path}/grids.shp" if kind == "shp" else path
    meta, _, wkb, columns = pyogrio.raw.read(source)
    fields = dict(zip(meta["fields"], columns, strict=True))
    grids = {grid.code: grid for grid in plan.grids.all()}
    assert meta["crs"] == "EPSG:4326"
    assert set(fields["code"]) == set(grids)
    for code, households, shape in zip(fields["code"], fields["households"], shapely.from_wkb(wkb), strict=True):
        assert households == grids[code].households
        assert shapely.symmetric_difference(shape, grids[code].geometry).area < 1e-5 * shape.area


def test_the_table_has_a_row_for_each_grid_and_true_totals(plan: Plan, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(exports.write(plan, "xlsx", tmp_path / "t.xlsx", language="en")).active
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    grids = list(plan.grids.order_by("code"))
    assert [row[1] for row in rows[: len(grids)]] == [grid.code for grid in grids]
    total = rows[len(grids)]
    assert total[0] == "Total"
    assert total[4] == sum(row[4] for row in rows[: len(grids)]) == plan.metrics["households"]
    assert total[5] == plan.fabric.places


@pytest.mark.parametrize("text", ["=1+1", "+86 531", "-1", "@SUM(A1)"])
def test_text_never_becomes_a_formula(plan: Plan, tmp_path: Path, text: str) -> None:
    grid = plan.grids.earliest("code")
    staff = {"worker_name": text, "duty_phone": text, "complaint_phone": text}
    actions.set_staffing(plan.network, grid.code, **staff, actor=None, at=AT)
    sheet = openpyxl.load_workbook(exports.write(plan, "xlsx", tmp_path / "t.xlsx", language="en")).active
    cells = [sheet.cell(4, column) for column in (10, 11, 12)]
    assert [(cell.value, cell.data_type) for cell in cells] == [(text, "s")] * 3


def test_a_paper_map_is_an_a3_page(plan: Plan, tmp_path: Path) -> None:
    with Image.open(exports.write(plan, "png", tmp_path / "map.png", language="zh-hans")) as image:
        assert image.size == (2481, 1753)
        colours = image.convert("RGB").resize((200, 140)).getcolors(28_000)
        assert colours is not None
        assert len(colours) > 20
    pdf = exports.write(plan, "pdf", tmp_path / "map.pdf", language="zh-hans").read_bytes()
    assert pdf.startswith(b"%PDF-1.")
    assert b"%%EOF" in pdf[-32:]
    assert len(pdf) > 10_000


def test_an_unknown_form_is_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(exports.UnknownFormat, match="doc is no export format"):
        exports.write(plan, "doc", tmp_path / "map.doc", language="en")
