"""Household counts: shares that add up exactly, and official totals spread over buildings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from quanyu.apps.territory.loading.faults import NoHomes, refuse
from quanyu.apps.territory.loading.reports import named
from quanyu.apps.territory.models import CountMethod, Division, HouseholdTotal, Place, PlaceKind
from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.errors import QuanyuError
from quanyu.values.division_codes import SIGNIFICANT_DIGITS

# Storeys where a file does not say: a village house.
USUAL_LEVELS = 2
# A residential footprint below this is a shed or garage that its mapper called by its house, unless it has flats.
LEAST_HOME_M2 = 30.0
_PREFIXES = sorted(SIGNIFICANT_DIGITS.values(), reverse=True)


def largest_remainder(shares: FloatArray, total: int) -> IntArray:
    """Return whole numbers near ``shares`` that add up to ``total``: each is rounded down, the largest remainders up.

    Ties go to the earlier row, so that the same input gives the same numbers.

    Examples
    --------
    >>> largest_remainder(np.array([1.5, 1.5, 1.0]), 4)
    array([2, 1, 1])
    """
    base = np.floor(shares).astype(np.int64)
    missing = total - int(base.sum())
    order = np.argsort(-(shares - base), kind="stable")
    if missing >= 0:
        np.add.at(base, order[np.arange(missing) % len(order)], 1)
        return base
    for index in order[::-1]:
        taken = min(int(base[index]), -missing)
        base[index] -= taken
        missing += taken
        if missing == 0:
            break
    return base


@dataclass(frozen=True)
class Total:
    """An official count of a division."""

    code: str
    name: str
    households: int
    people: int | None = None

    @property
    def prefix(self) -> str:
        """The digits of every code that the total covers."""
        return self.code[: next(digits for digits in sorted(_PREFIXES) if not self.code[digits:].strip("0"))]


@dataclass(frozen=True)
class Buildings:
    """Places as arrays, one row each; ``counted`` are those whose households come from a file building by building."""

    ids: IntArray
    division: list[str]
    is_home: BoolArray
    counted: BoolArray
    flats: FloatArray
    floor_area_m2: FloatArray
    households: IntArray
    people: FloatArray


@dataclass(frozen=True)
class Spreading:
    """New counts of some buildings: rows of :class:`Buildings`, their households, people (−1: as before), method.

    ``shares`` are the households that each total gave to homes, by its code; ``unmet`` the codes of totals that their
    divisions do not add up to, each told of in the findings.
    """

    rows: IntArray
    households: IntArray
    people: IntArray
    method: list[CountMethod]
    findings: list[dict[str, Any]]
    faults: list[QuanyuError]
    shares: dict[str, int]
    unmet: set[str]

    def counts(self, codes: Iterable[str]) -> dict[str, int]:
        """Return for the totals of some divisions the households that were spread and how many totals were not met."""
        known = set(codes)
        return {
            "spread": sum(share for code, share in self.shares.items() if code in known),
            "not_applied": len(self.unmet & known),
        }


@dataclass(frozen=True)
class _Piece:
    """What one total gives: see :class:`Spreading`; ``counted`` is what its buildings have of their own."""

    rows: IntArray
    households: IntArray
    people: IntArray
    method: list[CountMethod]
    is_met: bool = True
    counted: int | None = None


def spread(buildings: Buildings, totals: Sequence[Total]) -> Spreading:
    """Spread official totals over the homes of their divisions.

    Where totals are known at several levels the lowest decides; what a higher total has left beyond its parts goes to
    the homes that no part covers. A home's weight is its flats; where they are unknown, its floor area in flats of the
    division's mean size. The estimates of a division and its buildings counted one by one add up to its total.
    """
    by_prefix = {total.prefix: total for total in totals}
    governing = [next((code[:d] for d in _PREFIXES if code[:d] in by_prefix), "") for code in buildings.division]
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for row, prefix in enumerate(governing):
        rows_of[prefix].append(row)
    parts: defaultdict[str, list[Total]] = defaultdict(list)
    for prefix, total in by_prefix.items():
        above = next((prefix[:d] for d in _PREFIXES if d < len(prefix) and prefix[:d] in by_prefix), None)
        if above is not None:
            parts[above].append(total)
    findings: list[dict[str, Any]] = []
    found: list[QuanyuError] = []
    ordered = [total for _, total in sorted(by_prefix.items())]
    pieces = [
        _spread_one(
            buildings, np.array(rows_of[each.prefix], dtype=np.int64), each, parts[each.prefix], findings, found
        )
        for each in ordered
    ]
    _note_counted(ordered, pieces, findings)
    _note_rest(buildings, rows_of, findings)
    none = np.empty(0, dtype=np.int64)
    return Spreading(
        rows=np.concatenate([piece.rows for piece in pieces] or [none]),
        households=np.concatenate([piece.households for piece in pieces] or [none]),
        people=np.concatenate([piece.people for piece in pieces] or [none]),
        method=[each for piece in pieces for each in piece.method], findings=findings, faults=found,
        shares={total.code: int(piece.households.sum()) for total, piece in zip(ordered, pieces, strict=True)},
        unmet={total.code for total, piece in zip(ordered, pieces, strict=True) if not piece.is_met},
    )  # fmt: skip


def _spread_one(
    buildings: Buildings, rows: IntArray, total: Total, parts: list[Total], findings: list[dict[str, Any]],
    found: list[QuanyuError],
) -> _Piece:  # fmt: skip
    counted = rows[buildings.counted[rows]]
    open_rows = rows[~buildings.counted[rows]]
    known = sum(part.households for part in parts) + int(buildings.households[counted].sum())
    rest = total.households - known
    homes = open_rows[buildings.is_home[open_rows]]
    is_met = rest == 0 or (rest > 0 and len(homes) > 0)
    if not is_met:
        if not parts and not len(counted):
            found.append(NoHomes(division=f"{total.name} ({total.code})", households=total.households))
        elif parts:
            kind = "total_below_parts" if rest < 0 else "total_above_parts"
            findings.append({"kind": kind, "name": total.name, "total": total.households, "parts": known})
        rest = 0
    households = np.zeros(len(open_rows), dtype=np.int64)
    people = np.full(len(open_rows), -1, dtype=np.int64)
    method = np.full(len(open_rows), CountMethod.NONE, dtype=object)
    if len(homes):
        weight, by_flats = _weights(buildings, homes)
        at = np.flatnonzero(buildings.is_home[open_rows])
        households[at] = largest_remainder(weight / weight.sum() * rest, rest)
        method[at] = np.where(by_flats, CountMethod.FLATS, CountMethod.FLOOR_AREA)
        if total.people is not None:
            others = sum(part.people or 0 for part in parts) + int(np.nansum(buildings.people[counted]))
            left = max(total.people - others, 0)
            people[:] = 0
            people[at] = largest_remainder(weight / weight.sum() * left, left)
    own = known if len(counted) and not parts else None
    return _Piece(open_rows, households, people, [CountMethod(each) for each in method.tolist()], is_met, own)


def _weights(buildings: Buildings, homes: IntArray) -> tuple[FloatArray, BoolArray]:
    """Return what each home weighs, in flats where any are known, and whether its own flats are."""
    flats, floor = buildings.flats[homes], buildings.floor_area_m2[homes]
    known = flats > 0
    if not known.any():
        return floor, known
    per_flat = floor[known].sum() / flats[known].sum()
    return np.where(known, flats, floor / per_flat), known


def _note_counted(totals: list[Total], pieces: list[_Piece], findings: list[dict[str, Any]]) -> None:
    """Tell of totals that buildings with counts of their own do not add up to."""
    unmet = [
        f"{total.name} ({total.households} ≠ {piece.counted})"
        for total, piece in zip(totals, pieces, strict=True)
        if not piece.is_met and piece.counted is not None
    ]
    if unmet:
        findings.append({"kind": "own_counts", "count": len(unmet), "names": named(unmet)})


def _note_rest(buildings: Buildings, rows_of: Mapping[str, list[int]], findings: list[dict[str, Any]]) -> None:
    without = [row for row in rows_of.get("", []) if buildings.is_home[row]]
    if without and len(rows_of) > 1:
        findings.append({"kind": "no_total", "count": len(without)})


def read_buildings(territory: Division) -> Buildings:
    """Return the places of a territory that are there today."""
    columns = (
        "pk", "division__code", "kind", "count_method", "flats", "floor_area_m2", "footprint_m2", "levels",
        "households", "people",
    )  # fmt: skip
    rows = list(Place.objects.filter(territory=territory, valid_to=None).order_by("pk").values_list(*columns))
    pk, division, kind, method, flats, floor, footprint, levels, households, people = (
        zip(*rows, strict=True) if rows else [[] for _ in columns]
    )
    flat_count, ground = _floats(flats), _floats(footprint)
    storeys = np.maximum(np.nan_to_num(_floats(levels), nan=USUAL_LEVELS), 1)
    area = np.where(np.nan_to_num(_floats(floor)) > 0, _floats(floor), ground * storeys)
    is_home = np.array([each == PlaceKind.RESIDENTIAL for each in kind], dtype=bool)
    return Buildings(
        ids=np.array(pk, dtype=np.int64), division=list(division),
        is_home=is_home & ((ground >= LEAST_HOME_M2) | (flat_count > 0)),
        counted=np.array([each == CountMethod.FILE for each in method], dtype=bool), flats=np.nan_to_num(flat_count),
        floor_area_m2=area, households=np.array(households, dtype=np.int64), people=_floats(people),
    )  # fmt: skip


def _floats(values: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def known_totals(territory: Division) -> dict[str, Total]:
    """Return the newest official total of each division in a territory, by code."""
    totals = HouseholdTotal.objects.filter(division__in=Division.objects.within(territory).filter(valid_to=None))
    rows = totals.order_by("as_of").values_list("division__code", "division__name", "households", "people")
    return {code: Total(code, name, households, people) for code, name, households, people in rows}


def respread(territory: Division) -> Spreading | None:
    """Work the estimates of a territory out anew from its official totals, inside the caller's verb.

    ``None`` where no totals are known.

    Raises
    ------
    NoHomes, FaultyFile
        A division has households but no building for them.
    """
    totals = known_totals(territory)
    if not totals:
        return None
    buildings = read_buildings(territory)
    made = spread(buildings, list(totals.values()))
    refuse(territory.name, made.faults)
    people = [None if each < 0 else each for each in made.people.tolist()]
    methods = [each.value for each in made.method]
    store_counts(zip(made.households.tolist(), people, methods, buildings.ids[made.rows].tolist(), strict=True))
    return made


def store_counts(rows: Iterable[tuple[int, int | None, str, int]]) -> None:
    """Store households, people (``None``: as before) and method by place id, with one prepared statement."""
    table = connection.ops.quote_name(Place._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET households = %s, people = COALESCE(%s, people), count_method = %s WHERE id = %s",  # noqa: S608 the table's name is ours
            list(rows),
        )
