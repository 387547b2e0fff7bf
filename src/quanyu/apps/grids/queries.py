"""Questions about plans and grids that pages, the API and commands ask."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from django.db.models import Q, QuerySet

from quanyu.apps.grids.models import Grid, Membership, Network, Plan, Succession
from quanyu.apps.territory.models import Division, Place
from quanyu.engines.spatial import Locator


@dataclass(frozen=True)
class Move:
    """Households and places that go from one code to another ('' where there is none)."""

    old: str
    new: str
    households: int
    places: int


@dataclass(frozen=True)
class Impact:
    """What changes when a plan takes force."""

    households_total: int
    households_moved: int
    places_moved: int
    codes_kept: list[str]
    codes_new: list[str]
    codes_ended: list[str]
    rows: list[Move]


def plan_in_force(network: Network, *, on: date) -> Plan | None:
    """Return the plan that rules a network on a day."""
    return Plan.objects.filter(network=network).in_force(on=on).first()


def last_plan(network: Network) -> Plan | None:
    """Return the last plan put in force, the one a new plan replaces; its first day may be still to come."""
    return Plan.objects.filter(network=network, in_force_from__isnull=False, in_force_to__isnull=True).first()


# The parts of a place: part, of how many, grid code, households.
Parts = list[tuple[int, int, str, int]]


def impact(plan: Plan, *, against: Plan | None) -> Impact:
    """Count what moves from ``against`` to ``plan``: by place, and by part for divided buildings.

    Households are those of ``plan``; places that left the territory since are rows with an empty ``new`` and their
    old households.
    """
    new = _members(plan)
    old = _members(against) if against else {}
    moves: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for place in new.keys() | old.keys():
        for codes, households in _moves(old.get(place, []), new.get(place, [])).items():
            moves[codes][0] += households
            moves[codes][1] += 1
    new_codes = set(plan.grids.values_list("code", flat=True))
    old_codes = set(against.grids.values_list("code", flat=True)) if against else set()
    rows = [Move(*codes, *counts) for codes, counts in sorted(moves.items())]
    moved = [row for row in rows if row.old and row.new and row.old != row.new]
    return Impact(
        households_total=sum(row.households for row in rows if row.new),
        households_moved=sum(row.households for row in moved),
        places_moved=sum(row.places for row in moved),
        codes_kept=sorted(new_codes & old_codes),
        codes_new=sorted(new_codes - old_codes),
        codes_ended=sorted(old_codes - new_codes),
        rows=rows,
    )


def _members(plan: Plan, **only: Any) -> dict[int, Parts]:
    """Return the parts of each place of a plan."""
    result: defaultdict[int, Parts] = defaultdict(list)
    members = Membership.objects.filter(grid__plan=plan, **only).order_by("place_id", "part")
    columns = ("place_id", "part", "parts", "grid__code", "households")
    for place, part, parts, code, households in members.values_list(*columns).iterator(chunk_size=5000):
        result[place].append((part, parts, code, households))
    return result


def _moves(old: Parts, new: Parts) -> dict[tuple[str, str], int]:
    """Return a place's households by old and new code; parts are compared by the stretch of building they share."""
    if not old or not new:
        result: dict[tuple[str, str], int] = {}
        for _, _, code, households in old or new:
            pair = (code, "") if old else ("", code)
            result[pair] = result.get(pair, 0) + households
        return result
    result = {}
    for part, parts, code, households in new:
        # Lengths in units of 1 / (parts · old parts), so that they are whole numbers.
        shares = []
        for old_part, old_parts, old_code, _ in old:
            low = max((part - 1) * old_parts, (old_part - 1) * parts)
            high = min(part * old_parts, old_part * parts)
            if high > low:
                shares.append((old_code, high - low))
        whole, given, length = sum(share for _, share in shares), 0, 0
        for old_code, share in shares:
            length += share
            portion = households * length // whole - given
            given += portion
            result[old_code, code] = result.get((old_code, code), 0) + portion
    return result


@lru_cache(maxsize=16)
def _locator(plan_id: int) -> tuple[Locator, list[int]]:
    """Return the locator of a fixed plan and the grid ids behind its indices."""
    rows = list(Grid.objects.filter(plan_id=plan_id).order_by("code").values_list("pk", "wkb"))
    return Locator(shapely.from_wkb([bytes(wkb) for _, wkb in rows])), [pk for pk, _ in rows]


def locate(lon: float, lat: float, *, on: date) -> list[Grid]:
    """Return the grids in force that hold a point: at most one for each network."""
    found = []
    for plan in Plan.objects.in_force(on=on).order_by("network__code"):
        locator, ids = _locator(plan.pk)
        index = int(locator.locate(np.array([lon]), np.array([lat]))[0])
        if index >= 0:
            found.append(ids[index])
    return list(Grid.objects.filter(pk__in=found).select_related("plan__network", "division"))


def locate_many(network: Network, lons: Any, lats: Any, *, on: date) -> list[str | None]:
    """Return the grid code of each point, ``None`` outside every grid."""
    plan = plan_in_force(network, on=on)
    if plan is None:
        return [None] * len(lons)
    locator, ids = _locator(plan.pk)
    codes = dict(Grid.objects.filter(plan=plan).values_list("pk", "code"))
    return [None if i < 0 else codes[ids[i]] for i in locator.locate(np.asarray(lons), np.asarray(lats)).tolist()]


def grid_features(plan: Plan, *, simplify_deg: float = 0.0) -> dict[str, Any]:
    """Return a plan's grids as GeoJSON, neighbours in different ``colour`` (0–7)."""
    grids = list(plan.grids.order_by("code"))
    shapes = shapely.from_wkb([bytes(grid.wkb) for grid in grids if grid.wkb is not None])
    colours = _colours(shapes)
    if simplify_deg:
        shapes = shapely.coverage_simplify(shapes, simplify_deg)
    upper = plan.norms["upper"]
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
                    "households": grid.households,
                    "places": grid.places,
                    "area_m2": round(grid.area_m2),
                    "compactness": round(grid.compactness, 3),
                    "in_range": grid.in_range,
                    "fullness": round(grid.households / upper, 3),
                    "colour": colour,
                    "reasons": [reason["rule"] for reason in grid.reasons],
                    "label_lon": grid.label_lon,
                    "label_lat": grid.label_lat,
                },
            }
            for grid, text, colour in zip(grids, texts, colours, strict=True)
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


def moved_places(plan: Plan, against: Plan) -> dict[str, Any]:
    """Return the places that change grid as GeoJSON points with ``from``, ``to`` and ``households``."""
    new, old = _members(plan), _members(against)
    moves = {
        place: moved
        for place, parts in new.items()
        if (moved := {c: n for c, n in _moves(old.get(place, []), parts).items() if c[0] and c[0] != c[1]})
    }
    rows = Place.objects.filter(territory=plan.fabric.territory_id).order_by("pk")
    features = []
    for pk, west, south, east, north, key in rows.values_list("pk", "west", "south", "east", "north", "key"):
        for (before, after), households in moves.get(pk, {}).items():
            point = {"type": "Point", "coordinates": [round((west + east) / 2, 6), round((south + north) / 2, 6)]}
            properties = {"place": key, "from": before, "to": after, "households": households}
            features.append({"type": "Feature", "geometry": point, "properties": properties})
    return {"type": "FeatureCollection", "features": features}


def histogram(plan: Plan, *, width: int = 50) -> list[dict[str, int]]:
    """Return how many basic grids hold so many households, in steps of ``width``."""
    counts: defaultdict[int, int] = defaultdict(int)
    for households in plan.grids.filter(kind=Grid.Kind.BASIC).values_list("households", flat=True):
        counts[households // width] += 1
    if not counts:
        return []
    steps = range(min(counts), max(counts) + 1)
    return [{"from": step * width, "to": (step + 1) * width, "grids": counts[step]} for step in steps]


def broken(plan: Plan) -> QuerySet[Grid]:
    """Return every basic grid that breaks a rule, the worst first."""
    return plan.grids.filter(kind=Grid.Kind.BASIC, in_range=False).select_related("division").order_by("-households")


def resolve_code(network: Network, code: str, *, on: date) -> Grid | list[Succession]:
    """Return the grid of a code on a day, or, for a code that has ended, what replaced it."""
    grid = Grid.objects.in_force(on=on).filter(plan__network=network, code=code).first()
    if grid is not None:
        return grid
    last = Succession.objects.filter(plan__network=network, from_code=code).order_by("-plan__in_force_from").first()
    if last is None:
        return []
    return list(Succession.objects.filter(plan=last.plan_id, from_code=code).order_by("-households"))


def search(text: str, *, on: date, limit: int = 12) -> list[dict[str, Any]]:
    """Return grids, divisions and places whose code or name begins with or holds ``text``."""
    text = text.strip()
    if not text:
        return []
    grids = Grid.objects.in_force(on=on).filter(Q(code__startswith=text) | Q(name__icontains=text))
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
    first, last = getattr(record, low), getattr(record, high)
    return None if first is None else (first + last) / 2
