"""What changes when a plan takes force: households and places by old and new grid."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from quanyu.apps.grids.models import Membership, Plan
from quanyu.apps.territory.models import Place


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


# The parts of a place: part, of how many, grid code, households.
Parts = list[tuple[int, int, str, int]]


def impact(plan: Plan, *, against: Plan | None) -> Impact:
    """Count what moves from ``against`` to ``plan``: by place, and by part for divided buildings.

    Households are those of ``plan``; places that left the territory since are rows with an empty ``new`` and their
    old households.
    """
    new = members_of(plan)
    old = members_of(against) if against else {}
    moves: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for place in new.keys() | old.keys():
        for codes, households in moves_of(old.get(place, []), new.get(place, [])).items():
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


def members_of(plan: Plan, **only: Any) -> dict[int, Parts]:
    """Return the parts of each place of a plan."""
    result: defaultdict[int, Parts] = defaultdict(list)
    members = Membership.objects.filter(grid__plan=plan, **only).order_by("place_id", "part")
    columns = ("place_id", "part", "parts", "grid__code", "households")
    for place, part, parts, code, households in members.values_list(*columns).iterator(chunk_size=5000):
        result[place].append((part, parts, code, households))
    return result


def moves_of(old: Parts, new: Parts) -> dict[tuple[str, str], int]:
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


def moved_places(plan: Plan, against: Plan) -> dict[str, Any]:
    """Return the places that change grid as GeoJSON points with ``from`` and ``to``."""
    new, old = members_of(plan), members_of(against)
    moves = {
        place: moved
        for place, parts in new.items()
        if (moved := {c: n for c, n in moves_of(old.get(place, []), parts).items() if c[0] and c[0] != c[1]})
    }
    rows = Place.objects.filter(territory=plan.fabric.territory_id).order_by("pk")
    features = []
    for pk, key, west, south, east, north in rows.values_list("pk", "key", "west", "south", "east", "north"):
        for before, after in moves.get(pk, {}):
            middle = [round(((west or 0.0) + (east or 0.0)) / 2, 6), round(((south or 0.0) + (north or 0.0)) / 2, 6)]
            point = {"type": "Point", "coordinates": middle}
            properties = {"place": key, "from": before, "to": after}
            features.append({"type": "Feature", "geometry": point, "properties": properties})
    return {"type": "FeatureCollection", "features": features}
