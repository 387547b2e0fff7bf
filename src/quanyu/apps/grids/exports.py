"""A plan as a file: GeoPackage, GeoJSON, Shapefile, the registration table as xlsx, and a map as PNG or PDF."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from django.utils.translation import gettext as _
from django.utils.translation import override
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from quanyu.apps.grids.models import Grid, Membership, Plan, Staffing
from quanyu.apps.grids.papermap import draw_map
from quanyu.errors import InvalidInput

FORMATS = {
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "shp": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "png": "image/png",
    "pdf": "application/pdf",
}


class UnknownFormat(InvalidInput):
    """No such export."""

    code = "unknown_format"
    template = "%(value)s is no export format. Known are: %(known)s."


def format_of(path: Path) -> str:
    """Return the format a file name's ending stands for."""
    ending = path.suffix.lstrip(".").lower()
    kind = "shp" if ending == "zip" else ending
    if kind not in FORMATS:
        raise UnknownFormat(value=path.name, known=", ".join(FORMATS))
    return kind


def write(plan: Plan, kind: str, path: Path, *, language: str) -> Path:
    """Write ``plan`` to ``path`` in a format of :data:`FORMATS`, its words in ``language``.

    A Shapefile is several files: they are written beside a path that ends in .shp, and zipped at any other. What was
    there before stays until all is written.
    """
    writers: dict[str, Callable[[Plan, Path], None]] = {
        "geojson": lambda plan, path: _vector(plan, path, "GeoJSON"),
        "gpkg": lambda plan, path: _vector(plan, path, "GPKG"),
        "shp": _shapefile,
        "xlsx": _table,
        "png": lambda plan, path: draw_map(plan, path, "png"),
        "pdf": lambda plan, path: draw_map(plan, path, "pdf"),
    }
    if kind not in writers:
        raise UnknownFormat(value=kind, known=", ".join(FORMATS))
    with override(language), tempfile.TemporaryDirectory(dir=path.parent) as folder:
        writers[kind](plan, Path(folder) / path.name)
        for part in list(Path(folder).iterdir()):
            part.replace(path.parent / part.name)
    return path


def _grids(plan: Plan) -> list[Grid]:
    return list(plan.grids.select_related("division").order_by("code"))


def _columns(plan: Plan, grids: list[Grid]) -> dict[str, np.ndarray[Any, Any]]:
    staffing = {row.code: row for row in Staffing.objects.filter(network=plan.network_id)}
    # Ten letters are the most a Shapefile's column may have.
    rows = [
        {
            "code": grid.code, "kind": grid.kind, "division": grid.division.code, "div_name": grid.division.name,
            "households": grid.households, "places": grid.places, "area_m2": round(grid.area_m2, 1),
            "outline_m": round(grid.perimeter_m, 1), "compact": round(grid.compactness, 4),
            "in_range": int(grid.in_range), "reasons": json.dumps([reason["rule"] for reason in grid.reasons]),
            "worker": staffing[grid.code].worker_name if grid.code in staffing else "",
        }
        for grid in grids
    ]  # fmt: skip
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _vector(plan: Plan, path: Path, driver: str, **options: str) -> None:
    grids = _grids(plan)
    columns = {
        name: values if values.dtype.kind in "if" else values.astype(object)
        for name, values in _columns(plan, grids).items()
    }
    shapes = [shapely.multipolygons([*shapely.get_parts(shapely.from_wkb(bytes(grid.wkb or b"")))]) for grid in grids]
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(shapes, dtype=object)), list(columns.values()), list(columns), layer="grids",
        driver=driver, geometry_type="MultiPolygon", crs="EPSG:4326", **options,
    )  # fmt: skip


def _shapefile(plan: Plan, path: Path) -> None:
    """Write a Shapefile: shp, shx, dbf, prj and cpg."""
    if path.suffix.lower() == ".shp":
        _vector(plan, path, "ESRI Shapefile", encoding="UTF-8")
        return
    with tempfile.TemporaryDirectory() as folder:
        _vector(plan, Path(folder) / "grids.shp", "ESRI Shapefile", encoding="UTF-8")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)


def _table(plan: Plan, path: Path) -> None:
    """Write the registration table of grids: title, unit line, frozen header, totals, signature line."""
    grids = _grids(plan)
    staffing = {row.code: row for row in Staffing.objects.filter(network=plan.network_id)}
    kinds = dict(Grid.Kind.choices)
    headers = [
        _("No."), _("Grid code"), _("Kind"), _("Division"), _("Households"), _("Places"), _("Area (m²)"),
        _("Outline (m)"), _("Keeps the norm"), _("Grid worker"), _("Duty phone"), _("Complaint phone"),
    ]  # fmt: skip
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 a new workbook has a sheet
    sheet.title = _("Grids")
    sheet.append([_("Registration table of service grids: %(plan)s") % {"plan": plan}])
    units = _("Norm: %(lower)s to %(upper)s households. In force from: %(day)s")
    day = plan.in_force_from or _("not in force")
    sheet.append([units % {"lower": plan.norms["lower"], "upper": plan.norms["upper"], "day": day}])
    sheet.append(headers)
    for number, grid in enumerate(grids, start=1):
        staff = staffing.get(grid.code)
        sheet.append(
            [
                number, grid.code, str(kinds[grid.kind]), grid.division.name, grid.households, grid.places,
                round(grid.area_m2), round(grid.perimeter_m), _("yes") if grid.in_range else _("no"),
                staff.worker_name if staff else "", staff.duty_phone if staff else "",
                staff.complaint_phone if staff else "",
            ]
        )  # fmt: skip
    # A divided building stands in several grids and is one place.
    places = Membership.objects.filter(grid__plan=plan).values("place").distinct().count()
    total = [_("Total"), "", "", "", sum(g.households for g in grids), places]
    sheet.append([*total, round(sum(grid.area_m2 for grid in grids))])
    sheet.append([])
    sheet.append([_("Made by:"), "", "", _("Checked by:"), "", "", _("Date:")])
    _dress(sheet, len(headers), len(grids))
    book.save(path)


def _dress(sheet: Any, columns: int, rows: int) -> None:
    line = Side(style="thin", color="999999")
    for row in (1, 2):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=columns)
    sheet["A1"].font = Font(name="黑体", size=16)
    sheet["A1"].alignment = Alignment(horizontal="center")
    for cell in (cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)):
        # Text stays text: a name that begins with = is no formula.
        cell.data_type = "s"
    for row in sheet.iter_rows(min_row=3, max_row=rows + 4, max_col=columns):
        for cell in row:
            cell.border = Border(left=line, right=line, top=line, bottom=line)
            cell.font = Font(name="仿宋", size=11, bold=cell.row == 3)
    for index, width in enumerate([8, 18, 14, 18, 10, 8, 12, 12, 12, 12, 16, 16], start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.freeze_panes = "C4"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "3:3"
