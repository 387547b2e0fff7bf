"""Load a department's grids, and the list of items that grids serve."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.utils.translation import gettext as _

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.registers.models import Load, located_fields
from quanyu.apps.territory.departments import (
    CODE_LENGTH,
    ITEM_LENGTH,
    NAME_LENGTH,
    DepartmentGrid,
    DepartmentNetwork,
    ServiceItem,
)
from quanyu.apps.territory.loading import faults, mapping
from quanyu.apps.territory.loading.files import opened, sha256
from quanyu.apps.territory.loading.layers import Layer, check_system, read_layer
from quanyu.apps.territory.loading.reports import Origin, Report, named, open_load, same_load, wait_turn
from quanyu.apps.territory.loading.tables import read_table
from quanyu.apps.territory.models import Division
from quanyu.engines.arrays import GeometryArray
from quanyu.engines.spatial import metric_projection, project_areas
from quanyu.engines.spatial.overlaying import overlay
from quanyu.errors import QuanyuError
from quanyu.values.columns import GRID_CODE, column_of

SHORT_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
NAME = ("name", "网格名称", "名称")
ITEM_COLUMNS = {
    "code": ("item_code", "事项编码", "编码", "编号"),
    "name": ("item", "事项名称", "事项", "名称"),
    "department": ("departments", "部门", "责任部门", "牵头部门"),
}
# A cell may name several departments.
BETWEEN = re.compile(r"[、,，;；/]")


@dataclass(frozen=True)
class StatedNetwork:
    """What the sender of a department's file states: whose it is, and in which coordinates."""

    territory: Division
    code: str
    name: str
    coordinates: str

    @property
    def target(self) -> str:
        return f"{self.territory.code} {self.code}"

    @property
    def options(self) -> dict[str, Any]:
        return {"name": self.name, "coordinates": self.coordinates}


@dataclass(frozen=True)
class Grids:
    """A file of grids as read: a shape, a code and a name for each, and what was found."""

    shapes: GeometryArray
    codes: list[str]
    names: list[str]
    findings: list[dict[str, Any]]


def read_network(path: Path, stated: StatedNetwork) -> Grids:
    """Return the grids of a department's file.

    Raises
    ------
    IncompleteOptions, UnreadableFile and its kinds, FaultyFile, and those of :func:`read_layer`
    """
    if not SHORT_CODE.fullmatch(stated.code) or not stated.name:
        mend = _("Give a short code (lower-case letters, digits, hyphens) and a name for the department's grids.")
        raise faults.IncompleteOptions(field=_("Short code"), mend=mend)
    check_system(stated.coordinates)
    with opened(path) as paths:
        source = mapping.catalogue(path.name, paths)[0]
        columns = {"code": column_of(source.columns, GRID_CODE), "name": column_of(source.columns, NAME)}
        layer = read_layer(path.name, source, stated.coordinates, columns, shape="polygon")
    findings: list[dict[str, Any]] = []
    if len(layer.repaired):
        rows = named((layer.repaired + 1).tolist())
        findings.append({"kind": "repaired", "layer": source.name, "count": len(layer.repaired), "rows": rows})
    return Grids(layer.shapes, _codes(path, layer, columns["code"]), layer.texts("name"), findings + _faults(layer))


def _codes(path: Path, layer: Layer, column: str) -> list[str]:
    """Return the codes of the grids; rows are numbered where the file has no codes."""
    texts = layer.texts("code")
    if not any(texts):
        return [str(row) for row in range(1, len(texts) + 1)]
    found: list[QuanyuError] = []
    first: dict[str, int] = {}
    for row, code in enumerate(texts, start=1):
        place = {"file": path.name, "layer": layer.name, "row": row, "column": column}
        if not code:
            found.append(faults.EmptyCell(**place))
        elif len(code) > CODE_LENGTH:
            found.append(faults.LongCell(**place, length=len(code), value=code[:40], most=CODE_LENGTH))
        elif first.setdefault(code, row) != row:
            found.append(faults.RepeatedKey(**place, value=code, first=first[code]))
    faults.refuse(path.name, found)
    return texts


def _faults(layer: Layer) -> list[dict[str, Any]]:
    """Return where the grids overlap and where they leave ground between them."""
    flat = project_areas(layer.shapes, metric_projection(*shapely.total_bounds(layer.shapes).tolist()))
    cut = overlay([flat])
    result = []
    doubled, gaps = cut.doubled(), [gap for gap in cut.gaps() if gap.enclosed]
    if doubled:
        rows = named([" + ".join(str(row + 1) for row in each.polygons) for each in doubled])
        area = round(sum(each.area_m2 for each in doubled), 1)
        result.append({"kind": "grids_overlap", "count": len(doubled), "area_m2": area, "rows": rows})
    if gaps:
        area = round(sum(gap.area_m2 for gap in gaps), 1)
        result.append({"kind": "grids_gap", "count": len(gaps), "area_m2": area})
    return result


def check_network(path: Path, stated: StatedNetwork) -> Report:
    """Look at a department's file and say what it holds; nothing changes."""
    found = read_network(path, stated)
    digest = sha256(path)
    return Report(
        kind="network", target=stated.target, file=path.name, sha256=digest, counts={"grids": len(found.codes)},
        findings=found.findings,
        is_repeat=same_load("network", stated.target, digest, stated.options) is not None,
    )  # fmt: skip


@transaction.atomic
def load_network(
    path: Path, stated: StatedNetwork, *, origin: Origin | None = None, actor: User | None, at: datetime
) -> Load:
    """Take a department's grids in, in place of those it had; the same file a second time changes nothing."""
    require(actor, "territory.load")
    wait_turn("network", stated.target)
    if (last := same_load("network", stated.target, sha256(path), stated.options)) is not None:
        return last
    found = read_network(path, stated)
    return store_network(stated, found, path, sha256(path), origin=origin, actor=actor, at=at)


def store_network(
    stated: StatedNetwork, found: Grids, path: Path, digest: str, *, origin: Origin | None, actor: User | None,
    at: datetime,
) -> Load:  # fmt: skip
    """Write grids as those of a department, in place of those it had."""
    load = open_load("network", stated.target, path, digest, stated.options, origin=origin, actor=actor, at=at)
    network, _made = DepartmentNetwork.objects.update_or_create(
        territory=stated.territory, code=stated.code, defaults={"name": stated.name, "load": load}
    )
    network.grids.all().delete()
    DepartmentGrid.objects.bulk_create(
        [
            DepartmentGrid(network=network, code=code, name=name[:NAME_LENGTH], **located_fields(shape))
            for code, name, shape in zip(found.codes, found.names, found.shapes, strict=True)
        ],
        batch_size=500,
    )
    load.counts, load.findings = {"grids": len(found.codes)}, found.findings
    load.save(update_fields=["counts", "findings"])
    after = {"file": path.name, "sha256": digest, "department": stated.code, **load.counts}
    trail.record(actor, "department_network.loaded", load, at=at, after=after)
    return load


def read_items(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Return the name and the departments of each item, by its code; an item may stand in several rows.

    Raises
    ------
    UnreadableFile and its kinds, MissingColumn, NoRows, FaultyFile
    """
    table = read_table(path, ITEM_COLUMNS, required=("code", "name", "department"))
    found: list[QuanyuError] = []
    items: dict[str, tuple[str, list[str]]] = {}
    for row in table.rows:
        for column, most in (("code", CODE_LENGTH), ("name", ITEM_LENGTH)):
            place = {"file": table.file, "layer": table.sheet, "row": row.number, "column": table.names[column]}
            if not row[column]:
                found.append(faults.EmptyCell(**place))
            elif len(row[column]) > most:
                length = len(row[column])
                found.append(faults.LongCell(**place, length=length, value=row[column][:40], most=most))
        _name, departments = items.setdefault(row["code"], (row["name"], []))
        for each in BETWEEN.split(row["department"]):
            if each.strip() and each.strip() not in departments:
                departments.append(each.strip())
    faults.refuse(table.file, found)
    return items


def check_items(path: Path, territory: Division) -> Report:
    """Look at a list of items and say what it holds; nothing changes."""
    items, digest = read_items(path), sha256(path)
    return Report(
        kind="service_items", target=territory.code, file=path.name, sha256=digest, counts=_item_counts(items),
        findings=[],
        is_repeat=same_load("service_items", territory.code, digest, {}) is not None,
    )  # fmt: skip


@transaction.atomic
def load_items(
    path: Path, territory: Division, *, origin: Origin | None = None, actor: User | None, at: datetime
) -> Load:
    """Take a territory's list of items in, in place of the one it had; the same file again changes nothing."""
    require(actor, "territory.load")
    wait_turn("service_items", territory.code)
    digest = sha256(path)
    if (last := same_load("service_items", territory.code, digest, {})) is not None:
        return last
    items = read_items(path)
    load = open_load("service_items", territory.code, path, digest, {}, origin=origin, actor=actor, at=at)
    ServiceItem.objects.filter(territory=territory).delete()
    ServiceItem.objects.bulk_create(
        [
            ServiceItem(territory=territory, code=code, name=name, departments=departments, load=load)
            for code, (name, departments) in items.items()
        ]
    )
    load.counts = _item_counts(items)
    load.save(update_fields=["counts"])
    trail.record(actor, "service_items.loaded", load, at=at, after={"file": path.name, "sha256": digest, **load.counts})
    return load


def _item_counts(items: dict[str, tuple[str, list[str]]]) -> dict[str, int]:
    claims = np.array([len(departments) for _, departments in items.values()])
    return {
        "items": len(items), "items_claimed_twice": int((claims > 1).sum()), "items_of_nobody": int((claims == 0).sum())
    }  # fmt: skip
