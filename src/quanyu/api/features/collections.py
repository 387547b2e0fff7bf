"""The collections that are published as features: divisions, grids and places, each with its public columns only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Max, Min, Q, QuerySet

from quanyu.apps.grids.models import Grid
from quanyu.apps.grids.publishing import public_count
from quanyu.apps.territory.models import Division, Place

Period = tuple[date | None, date | None]


@dataclass(frozen=True)
class Collection:
    """How a collection is described, chosen from, ordered and shown; ``begins`` and ``ends`` are its dated columns."""

    name: str
    title: str
    description: str
    rows: Callable[[], QuerySet[Any]]
    begins: str
    ends: str
    order: tuple[str, ...]
    columns: tuple[str, ...]
    show: Callable[[tuple[Any, ...]], dict[str, Any]]

    def during(self, period: Period) -> QuerySet[Any]:
        """Return the rows valid on at least one day of a period; an open side is ``None``."""
        first, last = period
        rows = self.rows()
        if last is not None:
            rows = rows.filter(Q(**{f"{self.begins}__isnull": True}) | Q(**{f"{self.begins}__lte": last}))
        if first is not None:
            rows = rows.filter(Q(**{f"{self.ends}__isnull": True}) | Q(**{f"{self.ends}__gt": first}))
        return rows

    def extent(self, today: date) -> dict[str, Any]:
        """Return the box and the period of what is valid today."""
        ends = {side: low(side) for side, low in (("west", Min), ("south", Min), ("east", Max), ("north", Max))}
        found = self.during((today, today)).aggregate(**ends, since=Min(self.begins))
        extent: dict[str, Any] = {}
        if found["west"] is not None:
            box = [found[side] for side in ("west", "south", "east", "north")]
            extent["spatial"] = {"bbox": [box], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
        if found["since"] is not None:
            extent["temporal"] = {"interval": [[f"{found['since']:%Y-%m-%d}T00:00:00Z", None]]}
        return extent


def _days(first: date | None, last: date | None) -> dict[str, str | None]:
    """Return the first and the last day of a lifetime; stored is the first day after it."""
    return {
        "valid_from": first.isoformat() if first else None,
        "valid_until": (last - timedelta(days=1)).isoformat() if last else None,
    }


def _division(row: tuple[Any, ...]) -> dict[str, Any]:
    system, code, name, level, parent, urban_rural, made_up, first, last = row
    shown = {"system": system, "code": code, "name": name, "level": level, "parent": parent, "urban_rural": urban_rural}
    return {**shown, "is_made_up": made_up, **_days(first, last)}


def _grid(row: tuple[Any, ...]) -> dict[str, Any]:
    network, code, name, kind, place_kind, division, households, places, area, in_range, made_up, first, last = row
    return {
        "network": network, "code": code, "name": name, "kind": kind, "exclusive_for": place_kind, "division": division,
        "households": public_count(households), "places": places, "area_m2": round(area, 1), "in_range": in_range,
        "is_made_up": made_up, **_days(first, last),
    }  # fmt: skip


def _place(row: tuple[Any, ...]) -> dict[str, Any]:
    key, name, kind, division, households, method, made_up, first, last = row
    shown = {"key": key, "name": name, "kind": kind, "division": division, "households": public_count(households)}
    return {**shown, "how_counted": method, "is_made_up": made_up, **_days(first, last)}


COLLECTIONS = {
    each.name: each
    for each in (
        Collection(
            "divisions", "Administrative divisions", "Divisions with a known boundary, province to village.",
            lambda: Division.objects.filter(wkb__isnull=False), "valid_from", "valid_to", ("system", "code", "pk"),
            ("system", "code", "name", "level", "parent__code", "urban_rural", "is_made_up", "valid_from", "valid_to"),
            _division,
        ),
        Collection(
            "grids", "Service grids", "Grids of the plans in force; with datetime, of those in force then.",
            lambda: Grid.objects.filter(plan__in_force_from__isnull=False), "plan__in_force_from", "plan__in_force_to",
            ("plan__network__code", "code", "pk"),
            (
                "plan__network__code", "code", "name", "kind", "place_kind", "division__code", "households", "places",
                "area_m2", "in_range", "plan__network__territory__is_made_up", "plan__in_force_from",
                "plan__in_force_to",
            ),
            _grid,
        ),
        Collection(
            "places", "Places", "Buildings and sites that grids are made of. Small counts of households are left out.",
            lambda: Place.objects.filter(wkb__isnull=False), "valid_from", "valid_to", ("pk",),
            (
                "key", "name", "kind", "division__code", "households", "count_method", "is_made_up", "valid_from",
                "valid_to",
            ),
            _place,
        ),
    )
}  # fmt: skip
