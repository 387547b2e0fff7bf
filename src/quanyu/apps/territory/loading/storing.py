"""Store a survey: a first edition whole, a later one by what changed, with places that begin, change and end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.db import models

from quanyu.apps.registers.models import Load, located_fields
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.layers import Layer
from quanyu.apps.territory.loading.survey import Survey
from quanyu.apps.territory.models import Backdrop, Barrier, CountMethod, Division, Place

BATCH = 2000
# What a file calls a line, looked up by its subtype, then by its kind; any other word is another barrier. A brook is no
# river, and rails that no train uses part nobody.
LINES = {
    **dict.fromkeys(("waterway", "river", "canal", "河流", "运河"), Barrier.Kind.WATERWAY),
    **dict.fromkeys(("brook", "stream", "ditch", "drain", "沟渠", "溪流"), Barrier.Kind.BROOK),
    **dict.fromkeys(("railway", "rail", "铁路"), Barrier.Kind.RAILWAY),
    **dict.fromkeys(("motorway", "高速公路"), Barrier.Kind.MOTORWAY),
    **dict.fromkeys(("main_road", "主干道"), Barrier.Kind.MAIN_ROAD),
    **dict.fromkeys(("tram", "disused", "abandoned"), Barrier.Kind.OTHER),
}
ROADS = {"motorway": Barrier.Kind.MOTORWAY, "trunk": Barrier.Kind.MAIN_ROAD, "primary": Barrier.Kind.MAIN_ROAD}
# Below this a tunnel's mark says that there is none.
NO_TUNNEL = ("", "no", "False", "0", "F", "否")
BOX = ("wkb", "west", "south", "east", "north")
# What an edition may change in a place that goes on; a count from a file outlasts an estimate.
FIELDS = ("division_id", "name", "kind", "tags", "levels", "flats", "footprint_m2", "floor_area_m2", *BOX)
COUNTED = ("households", "people", "count_method")


def store_divisions(survey: Survey, territory: Division, load: Load, *, is_made_up: bool) -> None:
    """Store the territory's outline where it had none, and the divisions that the file brings."""
    if territory.wkb is None:
        territory.geometry = survey.outline
        territory.save(update_fields=list(BOX))
    for division in survey.made:
        division.parent, division.load, division.is_made_up = territory, load, is_made_up
    Division.objects.bulk_create(survey.made)


def store_places(
    survey: Survey, territory: Division, load: Load, *, day: date, begins: date | None, is_made_up: bool
) -> dict[str, int]:
    """Store the buildings as places and return how many were added, changed, ended and left as they were.

    A place that the edition still has keeps its record, and with it its grids; one that it no longer has ends on
    ``day``. ``begins`` is when the places of a first edition begin (``None``: as far back as anybody knows).

    Raises
    ------
    EditionTooEarly
        A place would end on the day it began, or before.
    """
    today = {place.key: place for place in Place.objects.filter(territory=territory, valid_to=None).defer("cell")}
    starts = day if today else begins
    added: list[Place] = []
    changed: list[Place] = []
    for values in _rows(survey):
        old = today.pop(values["key"], None)
        if old is None:
            added.append(Place(territory=territory, load=load, is_made_up=is_made_up, valid_from=starts, **values))
        elif _differs(old, values):
            changed.append(old)
    return _write(added, changed, list(today.values()), load, day)


def _write(added: list[Place], changed: list[Place], gone: list[Place], load: Load, day: date) -> dict[str, int]:
    for place in gone:
        if place.valid_from is not None and place.valid_from >= day:
            raise faults.EditionTooEarly(file=load.file_name, day=day, value=place.key, began=place.valid_from)
    for start in range(0, len(gone), BATCH):
        Place.objects.filter(pk__in=[place.pk for place in gone[start : start + BATCH]]).update(valid_to=day)
    Place.objects.bulk_create(added, batch_size=BATCH)
    if changed:
        # An upsert by id takes all rows in one statement; bulk_update's CASE grows with their square.
        Place.objects.bulk_create(
            changed, batch_size=BATCH, update_conflicts=True, unique_fields=["id"],
            update_fields=[name.removesuffix("_id") for name in (*FIELDS, *COUNTED)],
        )  # fmt: skip
    return {"added": len(added), "changed": len(changed), "ended": len(gone)}


def _rows(survey: Survey) -> Iterable[dict[str, Any]]:
    """Yield the stored values of each building."""
    divisions = [division.pk for division in survey.divisions]
    boxes = shapely.bounds(survey.shapes).tolist()
    wkbs = shapely.to_wkb(survey.shapes).tolist()
    floor = survey.floor_area_m2
    for i, key in enumerate(survey.keys):
        west, south, east, north = boxes[i]
        yield {
            "key": key, "division_id": divisions[survey.division[i]], "name": survey.names[i], "kind": survey.kinds[i],
            "tags": survey.tags[i], "levels": _whole(survey.levels[i]), "flats": _whole(survey.flats[i]),
            "footprint_m2": float(survey.footprint_m2[i]),
            "floor_area_m2": None if np.isnan(floor[i]) else float(floor[i]),
            "households": _whole(survey.households[i]) or 0, "people": _whole(survey.people[i]),
            "count_method": survey.method[i].value,
            "wkb": wkbs[i], "west": west, "south": south, "east": east, "north": north,
        }  # fmt: skip


def _whole(value: float) -> int | None:
    return None if np.isnan(value) else int(value)


def _differs(place: Place, values: dict[str, Any]) -> bool:
    """Give a place its new values and tell whether any is another; an edition without counts leaves the counts."""
    names = list(FIELDS)
    file_counts = values["count_method"] != CountMethod.NONE or values["people"] is not None
    kept_count = place.count_method == CountMethod.FILE and values["count_method"] != CountMethod.FILE
    if file_counts and not kept_count:
        names += COUNTED
    is_changed = False
    for name in names:
        old = getattr(place, name)
        if (bytes(old) if name == "wkb" and old is not None else old) != values[name]:
            setattr(place, name, values[name])
            is_changed = True
    return is_changed


def store_lines(layers: dict[str, Layer], territory: Division, load: Load) -> dict[str, int]:
    """Store barriers and the map's backdrop; a layer that the file has takes the place of the one before."""
    counts: dict[str, int] = {}
    barriers, roads = layers.get("barriers"), layers.get("roads")
    if barriers is not None or roads is not None:
        Barrier.objects.filter(territory=territory).delete()
        counts["barriers"] = _store_barriers(barriers, roads, territory, load)
    for name in Backdrop.Layer:
        if (layer := layers.get(name.value)) is not None:
            Backdrop.objects.filter(territory=territory, layer=name).delete()
            counts[name.value] = _bulk(
                Backdrop(
                    territory=territory,
                    layer=name,
                    kind=kind[:40],
                    name=label[:100],
                    load=load,
                    **located_fields(shape),
                )
                for kind, label, shape in zip(layer.texts("kind"), layer.texts("name"), layer.shapes, strict=True)
            )
    return counts


def _store_barriers(barriers: Layer | None, roads: Layer | None, territory: Division, load: Load) -> int:
    rows: list[tuple[str, str, str, Any]] = []
    if barriers is not None:
        for subtype, (kind, name, tunnel, shape) in zip(barriers.texts("subtype"), _lines(barriers), strict=True):
            rows.append((LINES.get(subtype) or LINES.get(kind, Barrier.Kind.OTHER), name, tunnel, shape))
    if roads is not None:
        rows += [(ROADS[kind], name, tunnel, shape) for kind, name, tunnel, shape in _lines(roads) if kind in ROADS]
    # What runs in a tunnel parts nobody.
    return _bulk(
        Barrier(territory=territory, kind=kind, name=name[:100], load=load, **located_fields(shape))
        for kind, name, tunnel, shape in rows
        if tunnel in NO_TUNNEL
    )


def _lines(layer: Layer) -> Iterable[tuple[str, str, str, Any]]:
    return zip(layer.texts("kind"), layer.texts("name"), layer.texts("tunnel"), layer.shapes, strict=True)


def _bulk(rows: Iterable[models.Model]) -> int:
    ready = list(rows)
    if ready:
        type(ready[0])._default_manager.bulk_create(ready, batch_size=BATCH)
    return len(ready)
