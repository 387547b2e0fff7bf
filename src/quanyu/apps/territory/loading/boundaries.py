"""Load boundaries of divisions: polygons joined to loaded divisions by their code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.registers.models import Load, located_fields
from quanyu.apps.territory.loading import faults, mapping
from quanyu.apps.territory.loading.files import opened, sha256
from quanyu.apps.territory.loading.layers import check_system, read_layer
from quanyu.apps.territory.loading.reports import Origin, Report, named, open_load, same_load, wait_turn
from quanyu.apps.territory.models import Division
from quanyu.engines.spatial import metric_projection, project
from quanyu.errors import QuanyuError

BOX = ("wkb", "west", "south", "east", "north")
# Generalised borders of two sources differ by some; more than this share of the ground is a wrong code or system.
MOST_BEYOND = 0.1


@dataclass(frozen=True)
class Boundaries:
    """A file of boundaries as read: divisions with their new shapes, and what was found."""

    sha256: str
    divisions: list[Division]
    findings: list[dict[str, Any]]
    changed: int


def read_boundaries(path: Path, system: str, coordinates: str) -> Boundaries:
    """Return the divisions that a file of polygons bounds.

    Raises
    ------
    UnreadableFile and its kinds, MissingColumn, RepeatedKey, and those of :func:`read_layer`
    """
    digest = sha256(path)
    check_system(coordinates)
    with opened(path) as paths:
        sources = mapping.catalogue(path.name, paths)
        names = mapping.complete(path.name, sources, {} if len(sources) > 1 else {"boundaries": sources[0].name})
        if "boundaries" not in names:
            raise faults.MissingLayer(file=path.name, layer="boundaries", known=", ".join(s.name for s in sources))
        source = next(each for each in sources if each.name == names["boundaries"])
        column = names.get("boundaries.code", "")
        if not column:
            raise faults.MissingColumn(
                file=path.name, layer=source.name, column="code", known=", ".join(source.columns) or "—",
                names="code, 区划代码, adcode",
            )  # fmt: skip
        layer = read_layer(path.name, source, coordinates, {"code": column}, shape="polygon")
    codes = [text.ljust(12, "0") if len(text) in (2, 4, 6, 9) else text for text in layer.texts("code")]
    _refuse_repeated(path, source.name, column, codes)
    known = {each.code: each for each in Division.objects.filter(system=system, valid_to=None, code__in=codes)}
    unknown = [code or "''" for code in codes if code not in known]
    findings: list[dict[str, Any]] = []
    if len(layer.repaired):
        rows = named((layer.repaired + 1).tolist())
        findings.append({"kind": "repaired", "layer": source.name, "count": len(layer.repaired), "rows": rows})
    if unknown:
        findings.append({"kind": "unknown_code", "count": len(unknown), "names": named(unknown)})
    divisions, changed = [], 0
    for code, shape in zip(codes, layer.shapes, strict=True):
        if (division := known.get(code)) is not None:
            values = located_fields(shape)
            changed += bytes(division.wkb or b"") != values["wkb"]
            for name, value in values.items():
                setattr(division, name, value)
            divisions.append(division)
    parted = [each.name for each in divisions if len(shapely.get_parts(each.geometry)) > 1]
    if parted:
        findings.append({"kind": "parted_divisions", "count": len(parted), "names": named(parted)})
    if beyond := _beyond(divisions):
        findings.append({"kind": "not_nested", "count": len(beyond), "names": named(beyond)})
    return Boundaries(digest, divisions, findings, changed)


def _refuse_repeated(path: Path, layer: str, column: str, codes: list[str]) -> None:
    found: list[QuanyuError] = []
    first: dict[str, int] = {}
    for row, code in enumerate(codes, start=1):
        if first.setdefault(code, row) != row:
            found.append(
                faults.RepeatedKey(file=path.name, layer=layer, row=row, column=column, value=code, first=first[code])
            )
    faults.refuse(path.name, found)


def _beyond(divisions: list[Division]) -> list[str]:
    """Return the divisions of which more than a tenth lies outside their parent."""
    by_id = {each.pk: each for each in divisions}
    stored = Division.objects.filter(
        pk__in={each.parent_id for each in divisions if each.parent_id} - set(by_id), wkb__isnull=False
    )
    by_id |= {each.pk: each for each in stored}
    result = []
    for division in divisions:
        parent = by_id.get(division.parent_id or 0)
        if parent is None or parent.geometry is None or division.geometry is None:
            continue
        projection = metric_projection(*division.geometry.bounds)
        own, above = project(np.array([division.geometry, parent.geometry], dtype=object), projection)
        if shapely.difference(own, above).area > MOST_BEYOND * own.area:
            result.append(f"{division.code} {division.name}")
    return result


def check_boundaries(path: Path, *, system: str, coordinates: str) -> Report:
    """Look at a file of boundaries and say what it holds; nothing changes."""
    found = read_boundaries(path, system, coordinates)
    return Report(
        kind="boundaries", target=system, file=path.name, sha256=found.sha256, counts=_counts(found),
        findings=found.findings, is_repeat=found.changed == 0,
    )  # fmt: skip


@transaction.atomic
def load_boundaries(
    path: Path, *, system: str, coordinates: str, origin: Origin | None = None, actor: User | None, at: datetime
) -> Load:
    """Give the divisions of a code system their boundaries; the same file a second time changes nothing."""
    require(actor, "territory.load")
    options = {"system": system, "coordinates": coordinates}
    wait_turn("boundaries", system)
    if (last := same_load("boundaries", system, sha256(path), options)) is not None:
        return last
    found = read_boundaries(path, system, coordinates)
    load = open_load("boundaries", system, path, found.sha256, options, origin=origin, actor=actor, at=at)
    Division.objects.bulk_update(found.divisions, BOX, batch_size=100)
    load.counts, load.findings = _counts(found), found.findings
    load.save(update_fields=["counts", "findings"])
    after = {"file": path.name, "sha256": found.sha256, **load.counts}
    trail.record(actor, "boundaries.loaded", load, at=at, after=after)
    return load


def _counts(found: Boundaries) -> dict[str, int]:
    return {"boundaries": len(found.divisions), "changed": found.changed}
