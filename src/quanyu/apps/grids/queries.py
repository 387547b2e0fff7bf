"""Questions about plans and grids that pages, the API and commands ask."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.db.models import Q, QuerySet

from quanyu.apps.grids.impact import Impact, impact, members_of, moved_places, moves_of
from quanyu.apps.grids.locators import locator_of
from quanyu.apps.grids.models import Grid, Membership, Network, Plan, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.publishing import public_count
from quanyu.apps.grids.reading import ground_mark
from quanyu.apps.territory.models import Division, Place
from quanyu.engines.arrays import FloatArray, float_array
from quanyu.engines.spatial import to_wgs84
from quanyu.errors import OutOfRange

__all__ = [
    "Impact",
    "Successor",
    "broken",
    "degrees",
    "grid_features",
    "histogram",
    "impact",
    "is_outdated",
    "last_plan",
    "locate",
    "locate_many",
    "moved_places",
    "plan_in_force",
    "resolve_code",
    "search",
]


STEPS_IN_NORM = 4
# Maps and notices show the last digits of a code.
SHORT_CODE = 3


@dataclass(frozen=True)
class Successor:
    """A grid that holds households and places of a code that has ended."""

    to_code: str
    households: int
    places: int


def plan_in_force(network: Network, *, on: date) -> Plan | None:
    """Return the plan that rules a network on a day."""
    return Plan.objects.filter(network=network).in_force(on=on).first()


def last_plan(network: Network) -> Plan | None:
    """Return the last plan put in force, the one a new plan replaces; its first day may be still to come."""
    return Plan.objects.filter(network=network, in_force_from__isnull=False, in_force_to__isnull=True).first()


def degrees(points: FloatArray, system: str) -> FloatArray:
    """Return points of a coordinate system as longitude and latitude in WGS 84.

    Parameters
    ----------
    points : (n, 2) float64, in degrees or the unit of ``system``

    Raises
    ------
    UnknownCoordinateSystem
    NotFinite
    OutOfRange
        A point is nowhere on earth, as when latitude and longitude are swapped; ``row`` is its index.
    """
    float_array("lon", points[:, 0])
    float_array("lat", points[:, 1])
    found = to_wgs84(points, system)
    for axis, name, limit in ((0, "lon", 180.0), (1, "lat", 90.0)):
        wrong = np.flatnonzero(~(np.abs(found[:, axis]) <= limit))
        if len(wrong):
            row = int(wrong[0])
            given = ", ".join(f"{value:g}" for value in points[row].tolist())
            raise OutOfRange(name=name, row=row, value=given, allowed=f"−{limit:g} to {limit:g} degrees, {system}")
    return found


def locate(lon: float, lat: float, *, on: date) -> list[Grid]:
    """Return the grids in force that hold a point: at most one for each network."""
    found = []
    for plan in Plan.objects.in_force(on=on).order_by("network__code"):
        locator, ids = locator_of(plan.pk)
        index = int(locator.locate(np.array([lon]), np.array([lat]))[0])
        if index >= 0:
            found.append(ids[index])
    return list(Grid.objects.filter(pk__in=found).select_related("plan__network", "division"))


def locate_many(network: Network, lons: Any, lats: Any, *, on: date) -> list[str | None]:
    """Return the grid code of each point, ``None`` outside every grid."""
    plan = plan_in_force(network, on=on)
    if plan is None:
        return [None] * len(lons)
    locator, ids = locator_of(plan.pk)
    codes = dict(Grid.objects.filter(plan=plan).values_list("pk", "code"))
    return [None if i < 0 else codes[ids[i]] for i in locator.locate(np.asarray(lons), np.asarray(lats)).tolist()]


def grid_features(plan: Plan, *, is_exact: bool) -> dict[str, Any]:
    """Return a plan's grids as GeoJSON, neighbours in different ``colour`` (0–7).

    Households that the public may not count are null unless ``is_exact``.
    """
    grids = list(plan.grids.order_by("code"))
    shapes = shapely.from_wkb([bytes(grid.wkb or b"") for grid in grids])
    colours = _colours(shapes)
    upper = plan.norms["upper"]
    counts = [grid.households if is_exact else public_count(grid.households) for grid in grids]
    texts = shapely.to_geojson(shapely.set_precision(shapes, 1e-6, mode="pointwise"))
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": grid.pk,
                "geometry": json.loads(text),
                "properties": {
                    "code": grid.code,
                    "kind": grid.kind,
                    "households": count,
                    "places": grid.places,
                    "area_m2": round(grid.area_m2),
                    "compactness": round(grid.compactness, 3),
                    "in_range": grid.in_range,
                    "fullness": None if count is None else round(count / upper, 3),
                    "colour": colour,
                    "reasons": [reason["rule"] for reason in grid.reasons],
                    "label_lon": grid.label_lon,
                    "label_lat": grid.label_lat,
                },
            }
            for grid, count, text, colour in zip(grids, counts, texts, colours, strict=True)
        ],
    }


def _colours(shapes: Any) -> list[int]:
    """Return a colour for each polygon such that neighbours differ: greedy, the most constrained first."""
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="intersects")
    neighbours: list[set[int]] = [set() for _ in shapes]
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        if i != j:
            neighbours[i].add(j)
    colours = [-1] * len(shapes)
    for i in sorted(range(len(shapes)), key=lambda i: -len(neighbours[i])):
        taken = {colours[j] for j in neighbours[i]}
        # A grid with eight coloured neighbours repeats the first colour; planar maps of grids do not come there.
        colours[i] = next((colour for colour in range(8) if colour not in taken), 0)
    return colours


def histogram(plan: Plan) -> list[dict[str, int]]:
    """Return how many basic grids hold from ``from`` to less than ``to`` households.

    Four steps part the norm, so that none holds grids inside and outside it. As wide ones follow on both sides; the
    last takes in all that hold more than thrice the upper limit.
    """
    counts = list(plan.grids.filter(kind=Grid.Kind.BASIC).values_list("households", flat=True))
    if not counts:
        return []
    lower, over = plan.norms["lower"], plan.norms["upper"] + 1
    width = max(1, (over - lower) // STEPS_IN_NORM)
    inside = [lower + (over - lower) * step // STEPS_IN_NORM for step in range(STEPS_IN_NORM + 1)]
    below = list(range(lower - width, min(counts) - width, -width))
    above = list(range(over, min(max(counts), 3 * over) + 1, width))
    end = [max(counts) + width] if max(counts) >= over else []
    marks = np.unique([*(max(0, mark) for mark in below), *inside, *above, *end])
    grids, _ = np.histogram(counts, bins=marks)
    rows = zip(marks[:-1].tolist(), marks[1:].tolist(), grids.tolist(), strict=True)
    return [{"from": low, "to": high, "grids": count} for low, high, count in rows]


def broken(plan: Plan) -> QuerySet[Grid]:
    """Return every basic grid that breaks a rule, the worst first."""
    return plan.grids.filter(kind=Grid.Kind.BASIC, in_range=False).select_related("division").order_by("-households")


def resolve_code(network: Network, code: str, *, on: date) -> Grid | list[Successor]:
    """Return the grid of a code on a day, or, for a code that has ended, the grids that hold its places that day.

    However many plans lie between, the answer is counted from the places of the code's last grid, the one with most
    households first; it is empty for a code that never was in force by that day.
    """
    grid = Grid.objects.in_force(on=on).filter(plan__network=network, code=code).select_related("plan").first()
    if grid is not None:
        return grid
    ended = Grid.objects.filter(plan__network=network, code=code, plan__in_force_from__lte=on)
    last = ended.select_related("plan").order_by("-plan__in_force_from").first()
    plan = plan_in_force(network, on=on)
    if last is None or plan is None:
        return []
    places = Membership.objects.filter(grid=last).values("place_id")
    old, new = members_of(last.plan, place_id__in=places), members_of(plan, place_id__in=places)
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for place, parts in new.items():
        for (before, after), households in moves_of(old.get(place, []), parts).items():
            if before == code:
                found[after][0] += households
                found[after][1] += 1
    successors = [Successor(after, *counts) for after, counts in found.items()]
    return sorted(successors, key=lambda each: (-each.households, each.to_code))


def is_outdated(comparison: Run) -> bool:
    """Whether the ground, departments' grids or the plan in force have changed since a comparison was made."""
    network, norms = comparison.network, Norms.from_dict(comparison.norms)
    mark = ground_mark(network.territory, last_plan(network), norms.departments)
    return bool(mark != (comparison.comparison or {}).get("ground"))


def search(text: str, *, on: date, limit: int = 12) -> list[dict[str, Any]]:
    """Return grids, divisions and places whose code or name begins with or holds ``text``."""
    text = text.strip()
    if not text:
        return []
    of_code = Q(code__startswith=text)
    if len(text) == SHORT_CODE and text.isdecimal():
        of_code |= Q(code__endswith=text)
    grids = Grid.objects.in_force(on=on).filter(of_code | Q(name__icontains=text))
    found = [
        {
            "type": "grid", "label": grid.code, "note": str(grid.plan.network), "lon": grid.label_lon,
            "lat": grid.label_lat, "url_name": "grid", "args": [grid.plan.network.code, grid.code],
        }
        for grid in grids.select_related("plan__network").order_by("code")[:limit]
    ]  # fmt: skip
    divisions = Division.objects.on(on).filter(Q(code__startswith=text) | Q(name__icontains=text))
    found += [
        {
            "type": "division", "label": division.name, "note": division.code, "lon": _middle(division, "west", "east"),
            "lat": _middle(division, "south", "north"), "url_name": "", "args": [],
        }
        for division in divisions.order_by("code")[:limit]
    ]  # fmt: skip
    places = Place.objects.on(on).filter(Q(key__iexact=text) | Q(name__icontains=text)).order_by("key")[:limit]
    found += [
        {
            "type": "place", "label": str(place), "note": place.get_kind_display(), "url_name": "", "args": [],
            "lon": _middle(place, "west", "east"), "lat": _middle(place, "south", "north"),
        }
        for place in places
    ]  # fmt: skip
    return found[: 2 * limit]


def _middle(record: Division | Place, low: str, high: str) -> float | None:
    first: float | None = getattr(record, low)
    last: float | None = getattr(record, high)
    return None if first is None or last is None else (first + last) / 2
