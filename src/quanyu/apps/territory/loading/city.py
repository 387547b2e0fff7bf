"""Load a city file: buildings become places, lines barriers, the rest the map's backdrop; then the fabric is made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import models, transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.registers.models import Load, Source, located_fields
from quanyu.apps.territory.fabric import make_fabric
from quanyu.apps.territory.households import largest_remainder
from quanyu.apps.territory.loading.files import BadCoordinates, Layer, layer_names, read_layer, sha256
from quanyu.apps.territory.models import Backdrop, Barrier, CountMethod, Division, KindRule, Place, PlaceKind
from quanyu.engines.spatial import Locator, metric_projection, project
from quanyu.errors import Conflict

BATCH = 2000
KIND_COLUMNS = ("kind", "osm_building", "use", "landuse")


def load_city(
    path: Path, territory: Division, *, system: str, household_size: float | None, source: Source,
    actor: User | None, at: datetime,
) -> Load:  # fmt: skip
    """Take a city file in for a territory, in one transaction; the same file a second time changes nothing.

    ``household_size`` turns people per building into households; ``None`` leaves buildings without a count.

    Raises
    ------
    InvalidInput
        One of its kinds, naming file, layer, row and the mend; nothing is loaded then.
    """
    require(actor, "territory.load")
    digest = sha256(path)
    options = {"system": system, "household_size": household_size}
    same = Load.objects.filter(kind="city", target=territory.code, sha256=digest, options=options, status="applied")
    if (last := same.first()) is not None:
        return last
    if Place.objects.filter(territory=territory).exists():
        raise Conflict(detail=f"{territory} already has places from another file. A new edition is not merged yet.")
    names = layer_names(path)
    buildings = read_layer(path, "buildings", system, columns=("kind",))
    others = {
        name: read_layer(path, name, system)
        for name in ("barriers", "roads", "water", "landuse", "pois", "boundaries")
        if name in names
    }
    with transaction.atomic():
        load = Load.objects.create(
            kind="city", target=territory.code, file_name=path.name, sha256=digest, options=options,
            status=Load.Status.APPLIED, source=source, made_by=actor, made_at=at,
        )  # fmt: skip
        if territory.wkb is None and "boundaries" in others:
            territory.geometry = _outline(others["boundaries"])
            territory.save()
        divisions = _divisions(territory, others.get("boundaries"), load)
        counts = {"places": _store_places(path, buildings, territory, divisions, household_size, load)}
        if "barriers" in others:
            counts["barriers"] = _store_barriers(others["barriers"], others.get("roads"), territory, load)
        for name in (Backdrop.Layer.ROADS, Backdrop.Layer.WATER, Backdrop.Layer.LANDUSE, Backdrop.Layer.POIS):
            if name in others:
                counts[name.value] = _store_backdrop(others[name], name, territory, load)
        repaired = {name: layer.repaired for name, layer in (("buildings", buildings), *others.items()) if layer.repaired}
        load.counts = counts
        load.findings = [{"layer": layer, "repaired": number} for layer, number in repaired.items()]
        load.save(update_fields=["counts", "findings"])
        make_fabric(territory, at=at)
        trail.record(actor, "city.loaded", load, at=at, after={"file": path.name, "sha256": digest, **counts})
    return load


def _outline(boundaries: Layer) -> Any:
    levels = boundaries.texts("admin_level")
    widest = [shape for shape, level in zip(boundaries.shapes, levels, strict=True) if level in ("", "2", "6")]
    return shapely.union_all(widest)


def _divisions(territory: Division, boundaries: Layer | None, load: Load) -> list[Division]:
    """Make the communes of the file (admin_level 8) divisions under the territory; else the territory stands alone."""
    existing = list(Division.objects.within(territory).exclude(pk=territory.pk).filter(wkb__isnull=False))
    if existing or boundaries is None:
        return existing or [territory]
    rows = [
        (name, shape)
        for name, level, shape in zip(
            boundaries.texts("name"), boundaries.texts("admin_level"), boundaries.shapes, strict=True
        )
        if level == "8"
    ]
    made = [
        Division(
            system=territory.system, code=f"{territory.prefix}{number:03d}000", name=name, level="town",
            parent=territory, load=load, **located_fields(shape),
        )  # fmt: skip
        for number, (name, shape) in enumerate(sorted(rows, key=lambda row: row[0]), start=1)
    ]
    Division.objects.bulk_create(made)
    return made or [territory]


def kinds_of(layer: Layer) -> list[str]:
    """Return the kind of each building by the table of kinds: the first line that fits decides."""
    columns = {name: layer.texts(name) for name in KIND_COLUMNS}
    result = [PlaceKind.OTHER.value] * len(layer)
    undecided = set(range(len(layer)))
    for rule in KindRule.objects.all():
        values = columns.get(rule.column) or layer.texts(rule.column)
        for index in [i for i in undecided if values[i] == rule.value or (rule.value == "*" and values[i])]:
            result[index] = rule.kind
            undecided.discard(index)
    return result


def _store_places(
    path: Path, layer: Layer, territory: Division, divisions: list[Division], household_size: float | None, load: Load
) -> int:
    projection = metric_projection(*shapely.total_bounds(layer.shapes))
    flat = project(layer.shapes, projection)
    area = shapely.area(flat)
    inner = shapely.get_coordinates(shapely.point_on_surface(layer.shapes))
    held = Locator(np.array([division.geometry for division in divisions], dtype=object)).locate(*inner.T)
    keys = layer.texts("building_id") if "building_id" in layer.columns else layer.texts("osm_id")
    keys = [key or f"R{number}" for number, key in enumerate(keys, start=1)]
    people = layer.numbers("population")
    if (people < 0).any():
        row = int(np.flatnonzero(people < 0)[0])
        raise BadCoordinates(
            file=path.name, layer="buildings", row=row + 1, reason=f"population is {people[row]:g}", mend="Give 0 or more.",
            count=int((people < 0).sum()),
        )  # fmt: skip
    counted = np.nan_to_num(people)
    households = np.zeros(len(layer), dtype=np.int64)
    if household_size:
        households = largest_remainder(counted / household_size, round(float(counted.sum()) / household_size))
    levels, flats, floor = layer.numbers("levels"), layer.numbers("flats"), layer.numbers("floor_area_m2")
    kinds = kinds_of(layer)
    tags = {name: layer.texts(name) for name in KIND_COLUMNS if name in layer.columns}
    _bulk(
        Place(
            territory=territory, division=divisions[held[i]] if held[i] >= 0 else divisions[0], key=keys[i],
            kind=kinds[i], tags={name: values[i] for name, values in tags.items() if values[i]},
            levels=_whole(levels[i]), flats=_whole(flats[i]), footprint_m2=float(area[i]),
            floor_area_m2=None if np.isnan(floor[i]) else float(floor[i]), households=int(households[i]),
            people=_whole(people[i]), count_method=CountMethod.PEOPLE if households[i] else CountMethod.NONE,
            load=load, **located_fields(layer.shapes[i]),
        )  # fmt: skip
        for i in range(len(layer))
    )
    return len(layer)


def _store_barriers(layer: Layer, roads: Layer | None, territory: Division, load: Load) -> int:
    kinds = [kind if kind in Barrier.Kind.values else Barrier.Kind.OTHER for kind in layer.texts("kind")]
    rows = list(zip(kinds, layer.texts("name"), layer.texts("tunnel"), layer.shapes, strict=True))
    if roads is not None:
        main = {"motorway": Barrier.Kind.MOTORWAY, "trunk": Barrier.Kind.MAIN_ROAD, "primary": Barrier.Kind.MAIN_ROAD}
        for kind, name, tunnel, shape in zip(
            roads.texts("kind"), roads.texts("name"), roads.texts("tunnel"), roads.shapes, strict=True
        ):
            if kind in main:
                rows.append((main[kind], name, tunnel, shape))
    # What runs in a tunnel parts nobody.
    rows = [row for row in rows if row[2] in ("", "no", "False", "0")]
    return _bulk(
        Barrier(territory=territory, kind=kind, name=name[:100], load=load, **located_fields(shape))
        for kind, name, _, shape in rows
    )


def _store_backdrop(layer: Layer, name: Backdrop.Layer, territory: Division, load: Load) -> int:
    return _bulk(
        Backdrop(
            territory=territory, layer=name, kind=kind[:40], name=label[:100], load=load, **located_fields(shape)
        )
        for kind, label, shape in zip(layer.texts("kind"), layer.texts("name"), layer.shapes, strict=True)
    )


def _bulk(rows: Iterable[models.Model]) -> int:
    ready = list(rows)
    if ready:
        type(ready[0])._default_manager.bulk_create(ready, batch_size=BATCH)
    return len(ready)


def _whole(value: float) -> int | None:
    return None if np.isnan(value) else int(value)
