"""Work out what a city file means for a territory: keys, kinds, divisions and counts. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from quanyu.apps.registers.models import located_fields
from quanyu.apps.territory.households import largest_remainder
from quanyu.apps.territory.kinds import TAG_COLUMNS, kinds_by_rules
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.layers import Layer
from quanyu.apps.territory.loading.reports import named
from quanyu.apps.territory.models import CountMethod, Division, KindRule, Level
from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial import metric_projection, project, unproject
from quanyu.errors import QuanyuError

# A generalised border runs this far from the true one; a building that near to it belongs to the nearest division.
NEAR_M = 50.0
# Ground around buildings of a territory whose border nobody gave.
MARGIN_M = 100.0
COMMUNE = "8"


@dataclass(frozen=True)
class Survey:
    """A city file as records to be: one row per building kept, ``division`` an index into ``divisions``.

    ``households``, ``people`` and ``levels`` and ``flats`` are NaN where nothing is known; ``made`` are the divisions
    that the file itself brings.
    """

    divisions: list[Division]
    made: list[Division]
    outline: Any
    division: IntArray
    shapes: GeometryArray
    keys: list[str]
    names: list[str]
    kinds: list[str]
    tags: list[dict[str, str]]
    levels: FloatArray
    flats: FloatArray
    footprint_m2: FloatArray
    floor_area_m2: FloatArray
    households: FloatArray
    people: FloatArray
    method: list[CountMethod]
    findings: list[dict[str, Any]]


def survey(
    layers: dict[str, Layer], territory: Division, *, system: str, household_size: float | None, leave_out: bool
) -> Survey:
    """Return what the layers hold for a territory.

    Raises
    ------
    FaultyFile and its parts, OutsideDivisions, MissingColumn
    """
    buildings = layers["buildings"]
    if not any(buildings.has(column) for column in ("kind", "people", "households")):
        raise faults.MissingColumn(
            file=buildings.file, layer=buildings.name, column="kind", known=", ".join(buildings.columns) or "—",
            names="kind, fclass, type, 类型",
        )  # fmt: skip
    findings: list[dict[str, Any]] = [
        {"kind": "repaired", "layer": layer.name, "count": len(layer.repaired), "rows": _rows(layer.repaired)}
        for layer in layers.values()
        if len(layer.repaired)
    ]
    counts, found = _counts(buildings)
    keys, numbered = _keys(buildings, found)
    faults.refuse(buildings.file, sorted(found, key=lambda fault: int(fault.params["row"])))
    if len(numbered):
        findings.append({"kind": "no_key", "count": len(numbered), "rows": _rows(numbered)})
    outline, divisions, made = _ground(territory, layers.get("boundaries"), buildings.shapes, findings)
    held = _held(buildings, territory, outline, divisions, system, leave_out, findings)
    kept = np.flatnonzero(held >= 0)
    households, people, method = _inhabitants(counts, household_size, kept, findings)
    flat = project(buildings.shapes[kept], metric_projection(*shapely.total_bounds(buildings.shapes)))
    tags, kinds = _kinds(buildings, kept)
    return Survey(
        divisions=divisions, made=made, outline=outline, division=held[kept], shapes=buildings.shapes[kept],
        keys=_at(keys, kept), names=_at([text[:100] for text in buildings.texts("name")], kept), kinds=kinds, tags=tags,
        levels=counts["levels"][kept], flats=counts["flats"][kept], footprint_m2=shapely.area(flat),
        floor_area_m2=counts["floor_area_m2"][kept], households=households, people=people, method=method,
        findings=findings,
    )  # fmt: skip


def _rows(indices: IntArray) -> str:
    return named((indices + 1).tolist())


def _at(values: Sequence[Any], indices: IntArray) -> list[Any]:
    return [values[index] for index in indices.tolist()]


def _counts(buildings: Layer) -> tuple[dict[str, FloatArray], list[QuanyuError]]:
    found: list[QuanyuError] = []
    counts = {column: buildings.counts(column, found) for column in ("flats", "people", "households")}
    return counts | {column: buildings.measures(column, found) for column in ("levels", "floor_area_m2")}, found


def _keys(buildings: Layer, found: list[QuanyuError]) -> tuple[list[str], IntArray]:
    """Return the key of each building and the rows that have none of their own; a repeated key is a fault."""
    own = [key[:60] for key in buildings.texts("key")]
    first: dict[str, int] = {}
    for row, key in enumerate(own, start=1):
        if key and first.setdefault(key, row) != row:
            found.append(
                faults.RepeatedKey(
                    file=buildings.file,
                    layer=buildings.name,
                    row=row,
                    column=buildings.names.get("key", "key"),
                    value=key,
                    first=first[key],
                )
            )
    keys = [key or f"R{row}" for row, key in enumerate(own, start=1)]
    return keys, np.array([row for row, key in enumerate(own) if not key], dtype=np.int64)


def _ground(
    territory: Division, boundaries: Layer | None, shapes: GeometryArray, findings: list[dict[str, Any]]
) -> tuple[Any, list[Division], list[Division]]:
    """Return the outline, the divisions that may hold a building, and those of them that the file brings."""
    outline = territory.geometry
    known = list(
        Division.objects.within(territory).filter(wkb__isnull=False, valid_to=None).exclude(code=territory.code)
    )
    made: list[Division] = []
    if boundaries is not None:
        levels = boundaries.texts("admin_level")
        if outline is None:
            wide = [shape for shape, level in zip(boundaries.shapes, levels, strict=True) if level != COMMUNE]
            outline = shapely.union_all(wide or list(boundaries.shapes))
        if not known:
            made = _communes(territory, boundaries, levels)
            parted = [each.name for each in made if len(shapely.get_parts(each.geometry)) > 1]
            if parted:
                findings.append({"kind": "parted_divisions", "count": len(parted), "names": named(parted)})
    if outline is None and known:
        outline = shapely.union_all([division.geometry for division in known])
    if outline is None:
        projection = metric_projection(*shapely.total_bounds(shapes))
        hull = shapely.buffer(shapely.convex_hull(shapely.union_all(project(shapes, projection))), MARGIN_M)
        outline = unproject(np.array([hull], dtype=object), projection)[0]
        findings.append({"kind": "no_border", "metres": MARGIN_M})
    return outline, [territory, *known, *made], made


def _communes(territory: Division, boundaries: Layer, levels: list[str]) -> list[Division]:
    """Return divisions under the territory for the communes of the file (admin_level 8), numbered by name."""
    rows = zip(boundaries.texts("name"), levels, boundaries.shapes, strict=True)
    communes = sorted(((name, shape) for name, level, shape in rows if level == COMMUNE), key=lambda row: row[0])
    return [
        Division(
            system=territory.system,
            code=f"{territory.prefix}{number:03d}000",
            name=name[:100],
            level=Level.TOWN,
            **located_fields(shape),
        )
        for number, (name, shape) in enumerate(communes, start=1)
    ]


def _held(
    buildings: Layer, territory: Division, outline: Any, divisions: list[Division], system: str, leave_out: bool,
    findings: list[dict[str, Any]],
) -> IntArray:  # fmt: skip
    """Return the division of each building: the lowest that holds a point inside it, else a near one; −1 left out."""
    points = shapely.point_on_surface(buildings.shapes)
    xy = shapely.get_coordinates(points)
    held = np.full(len(points), -1, dtype=np.int64)
    for level in (Level.VILLAGE, Level.TOWN, Level.COUNTY, Level.PREFECTURE, Level.PROVINCE):
        members = np.array([i for i, each in enumerate(divisions) if i and each.level == level], dtype=np.int64)
        left = np.flatnonzero(held < 0)
        if len(members) and len(left):
            polygons = np.array([divisions[i].geometry for i in members], dtype=object)
            inside = _holder(polygons, points[left])
            held[left[inside >= 0]] = members[inside[inside >= 0]]
    left = np.flatnonzero(held < 0)
    held[left[_holder(np.array([outline], dtype=object), points[left]) >= 0]] = 0
    _take_near(outline, divisions, points, held, findings)
    lost = np.flatnonzero(held < 0)
    if len(lost) and (not leave_out or len(lost) == len(held)):
        lon, lat = xy[lost[0]].tolist()
        raise faults.OutsideDivisions(
            file=buildings.file, layer=buildings.name, count=len(lost), total=len(held), territory=territory.name,
            rows=_rows(lost), row=int(lost[0]) + 1, lon=round(lon, 6), lat=round(lat, 6), system=system,
        )  # fmt: skip
    if len(lost):
        findings.append({"kind": "left_out", "count": len(lost), "rows": _rows(lost)})
    return held


def _holder(polygons: GeometryArray, points: GeometryArray) -> IntArray:
    """Return the first polygon that holds each point, −1 for none; asked once, so no index is worth keeping."""
    point, polygon = shapely.STRtree(polygons).query(points, predicate="intersects")
    first = np.full(len(points), len(polygons), dtype=np.int64)
    np.minimum.at(first, point, polygon)
    return np.where(first < len(polygons), first, -1)


def _take_near(
    outline: Any, divisions: list[Division], points: GeometryArray, held: IntArray,
    findings: list[dict[str, Any]],
) -> None:  # fmt: skip
    """Give a building that stands a little outside everything to the nearest of the lowest divisions."""
    lost = np.flatnonzero(held < 0)
    if not len(lost):
        return
    used = np.unique(held[held > 0])
    numbers = used if len(used) else np.array([0])
    shapes = np.array([divisions[i].geometry if i else outline for i in numbers], dtype=object)
    projection = metric_projection(*shapely.bounds(outline))
    near, division = shapely.STRtree(project(shapes, projection)).query_nearest(
        project(points[lost], projection), max_distance=NEAR_M, all_matches=False
    )
    held[lost[near]] = numbers[division]
    if len(near):
        finding = {"kind": "near_border", "count": len(near), "metres": NEAR_M, "rows": _rows(np.sort(lost[near]))}
        findings.append(finding)


def _kinds(buildings: Layer, kept: IntArray) -> tuple[list[dict[str, str]], list[str]]:
    """Return the tags that decide the kinds, and the kinds by the table."""
    rules = list(KindRule.objects.all())
    columns = {
        name: _at(buildings.texts(name), kept)
        for name in dict.fromkeys((*TAG_COLUMNS, *(rule.column for rule in rules)))
        if buildings.has(name)
    }
    tags = [{name: values[i][:100] for name, values in columns.items() if values[i]} for i in range(len(kept))]
    return tags, kinds_by_rules(tags, rules)


def _inhabitants(
    counts: dict[str, FloatArray], household_size: float | None, kept: IntArray, findings: list[dict[str, Any]]
) -> tuple[FloatArray, FloatArray, list[CountMethod]]:
    """Return households and people of the buildings kept, and how they were counted."""
    people, stated = counts["people"][kept], counts["households"][kept]
    households = stated.copy()
    method = np.where(np.isnan(stated), CountMethod.NONE.value, CountMethod.FILE.value).astype(object)
    open_rows = np.isnan(stated) & (people > 0)
    if household_size and open_rows.any():
        shares = people[open_rows] / household_size
        households[open_rows] = largest_remainder(shares, round(float(people[open_rows].sum()) / household_size))
        method[open_rows] = CountMethod.PEOPLE.value
    elif open_rows.any():
        findings.append({"kind": "no_household_size", "count": int(open_rows.sum())})
    elif not np.isfinite(stated).any():
        findings.append({"kind": "no_people"})
    return households, people, [CountMethod(value) for value in _marked(method, households)]


def _marked(method: np.ndarray[Any, Any], households: FloatArray) -> Iterable[str]:
    """An estimate of nobody is no estimate; a count of nobody is a count."""
    nobody = (np.nan_to_num(households) == 0) & (method == CountMethod.PEOPLE.value)
    method[nobody] = CountMethod.NONE.value
    result: list[str] = method.tolist()
    return result
