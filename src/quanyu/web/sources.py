"""Where the data of a territory come from: the line every map shows, and whether they are made up."""

from __future__ import annotations

from typing import Any

from quanyu.apps.registers.models import Load
from quanyu.apps.territory.models import Backdrop, Division, Level


def sources_of(territory: Division) -> dict[str, Any]:
    """Return the attribution line of a territory's data, and whether any of them are made up."""
    loads = Load.objects.filter(target=territory.code, status=Load.Status.APPLIED, source__isnull=False)
    # A list of items says nothing of what a map shows.
    loads = loads.exclude(kind="service_items")
    rows = dict.fromkeys(loads.values_list("source__attribution", "source__licence", "source__is_made_up"))
    lines = [" · ".join(part for part in (attribution, licence) if part) for attribution, licence, _ in rows]
    return {"attribution": "; ".join(lines), "is_made_up": any(made_up for *_, made_up in rows)}


def name_points(territory: Division) -> dict[str, Any]:
    """Return the names a map shows, as GeoJSON points: divisions, waters, points of interest."""
    features = []
    divisions = Division.objects.within(territory).filter(west__isnull=False, valid_to=None).exclude(pk=territory.pk)
    for division in divisions.filter(level__in=[Level.TOWN, Level.VILLAGE]).only("name", "level", "wkb"):
        shape = division.geometry
        if shape is not None:
            features.append(_point(division.level, division.name, shape.representative_point().coords[0]))
    drops = Backdrop.objects.filter(territory=territory, layer__in=[Backdrop.Layer.POIS, Backdrop.Layer.WATER])
    columns = ("layer", "name", "west", "south", "east", "north")
    for layer, name, west, south, east, north in drops.exclude(name="").values_list(*columns):
        features.append(_point(layer, name, ((west + east) / 2, (south + north) / 2)))
    return {"type": "FeatureCollection", "features": features}


def _point(layer: str, name: str, at: tuple[float, ...]) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [round(at[0], 6), round(at[1], 6)]}
    return {"type": "Feature", "geometry": point, "properties": {"layer": layer, "name": name}}
