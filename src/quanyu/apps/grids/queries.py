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


def impact(plan: Plan, *, against: Plan | None) -> Impact:
    """Count what moves from ``against`` to ``plan``: by place, and by part for divided buildings."""
    new = _shares(plan)
    old = _shares(against) if against else {}
    moves: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for place, shares in new.items():
        for before, after, households in _match(old.get(place, {}), shares):
            moves[before, after][0] += households
            moves[before, after][1] += 1
    new_codes = set(plan.grids.values_list("code", flat=True))
    old_codes = set(against.grids.values_list("code", flat=True)) if against else set()
    rows = [Move(*codes, *counts) for codes, counts in sorted(moves.items())]
    moved = [row for row in rows if row.old and row.old != row.new]
    return Impact(
        households_total=sum(row.households for row in rows),
        households_moved=sum(row.households for row in moved),
        places_moved=sum(row.places for row in moved),
        codes_kept=sorted(new_codes & old_codes),
        codes_new=sorted(new_codes - old_codes),
        codes_ended=sorted(old_codes - new_codes),
        rows=rows,
    )


def _shares(plan: Plan) -> dict[int, dict[str, int]]:
    """Return, for each place, its households by grid code."""
    result: defaultdict[int, dict[str, int]] = defaultdict(dict)
    members = Membership.objects.filter(grid__plan=plan).values_list("place_id", "grid__code", "households")
    for place, code, households in members.iterator(chunk_size=5000):
        result[place][code] = result[place].get(code, 0) + households
    return result


def _match(old: dict[str, int], new: dict[str, int]) -> list[tuple[str, str, int]]:
    """Pair a place's old and new shares: what can stay stays, the rest is paired in order of code."""
    if not old:
        return [("", code, households) for code, households in new.items()]
    if sum(old.values()) == 0:
        before = next(iter(old))
        return [(before, before if before in new else next(iter(new)), sum(new.values()))]
    left, wanted = dict(old), dict(new)
    pairs = []
    for code in sorted(old.keys() & new.keys()):
        stay = min(left[code], wanted[code])
        pairs.append((code, code, stay))
        left[code] -= stay
        wanted[code] -= stay
    for before in sorted(left):
        for after in sorted(wanted):
            if portion := min(left[before], wanted[after]):
                pairs.append((before, after, portion))
                left[before] -= portion
                wanted[after] -= portion
    # Households that came since the old plan was drawn have no old grid.
    pairs.extend(("", after, count) for after, count in sorted(wanted.items()) if count)
    return pairs


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
                    "code": grid.code, "kind": grid.kind, "households": grid.households, "places": grid.places,
                    "area_m2": round(grid.area_m2), "compactness": round(grid.compactness, 3),
                    "in_range": grid.in_range, "fullness": round(grid.households / upper, 3), "colour": colour,
                    "reasons": [reason["rule"] for reason in grid.reasons],
                    "label_lon": grid.label_lon, "label_lat": grid.label_lat,
                },  # fmt: skip
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
    new, old = _shares(plan), _shares(against)
    moves = {
        place: moved
        for place, shares in new.items()
        if (moved := [each for each in _match(old.get(place, {}), shares) if each[0] and each[0] != each[1]])
    }
    rows = Place.objects.filter(pk__in=moves).values_list("pk", "west", "south", "east", "north", "key")
    features = []
    for pk, west, south, east, north, key in rows:
        for before, after, households in moves[pk]:
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
