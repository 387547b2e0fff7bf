"""Seals: the digests of a plan's content that the audit trail keeps from the day it is put in force.

The trail's own chain vouches for the seal, the seal for the rows: whoever changes a row in the database behind the
triggers would have to write the trail anew as well. Columns are named here one by one, since a seal is kept for ever: a
column added later is not in the seals written before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Self

from quanyu.apps.audit.models import Entry
from quanyu.apps.grids.models import Membership, Plan

RECORD = (
    "network_id", "number", "fabric_id", "based_on_id", "made_by_id", "made_at", "reviewed_by_id", "reviewed_at",
    "in_force_from",
)  # fmt: skip
GRID = (
    "code", "kind", "place_kind", "division_id", "name", "households", "people", "places", "area_m2", "perimeter_m",
    "compactness", "in_range", "reasons", "label_lon", "label_lat", "west", "south", "east", "north", "wkb",
)  # fmt: skip
MEMBER = ("place_id", "part", "parts", "households", "cell")
SUCCESSION = ("from_code", "to_code", "households", "places")


@dataclass(frozen=True)
class Seal:
    """SHA-256 of each part of a plan: its norms, figures, days and people, successions, and each grid by its code."""

    norms: str
    figures: str
    record: str
    successions: str
    grids: dict[str, str]

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Return the seal of a plan as it stands in the database."""
        norms, figures, *record = Plan.objects.filter(pk=plan.pk).values_list("norms", "metrics", *RECORD).get()
        # Sorted here: databases differ, and may change, in how they order text.
        successions = sorted(plan.successions.values_list(*SUCCESSION))
        return cls(_digest([norms]), _digest([figures]), _digest([record]), _digest(successions), dict(_grids(plan)))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the trail keeps them."""
        return asdict(self)


def broken(plan: Plan) -> Iterator[str]:
    """Give what of a fixed plan is not what was put in force, one sentence for each part and grid."""
    sealed = _sealed(plan)
    if sealed is None:
        yield "the trail holds no seal from the day it was put in force: whether it was changed since cannot be told"
        return
    found = Seal.of(plan)
    for part, words in (
        ("norms", "its norms were"), ("figures", "its figures were"),
        ("record", "who made and reviewed it, or its first day, was"),
        ("successions", "what the record says of the grids that replaced old ones was"),
    ):  # fmt: skip
        if getattr(found, part) != getattr(sealed, part):
            yield f"{words} changed after it was put in force"
    for code in sorted(sealed.grids.keys() | found.grids.keys()):
        if code not in found.grids:
            yield f"grid {code} was taken out after it was put in force"
        elif code not in sealed.grids:
            yield f"grid {code} was put in after it was put in force"
        elif found.grids[code] != sealed.grids[code]:
            yield f"grid {code}, its shape, figures or places, was changed after it was put in force"


def _sealed(plan: Plan) -> Seal | None:
    """Return the seal of the day the plan was put in force: the first entry, if it is as written."""
    entries = Entry.objects.filter(verb="plan.enforced", subject_type=Plan._meta.label_lower, subject_id=str(plan.pk))
    first = entries.order_by("id").first()
    # Of an entry that was changed nothing is believed, nor that it can be read.
    kept = (first.after or {}).get("seal") if first and first.hash == first.digest() else None
    return Seal(**kept) if kept else None


def _grids(plan: Plan) -> Iterator[tuple[str, str]]:
    """Give each grid's code and the digest of its row and its places."""
    members = Membership.objects.filter(grid__plan=plan).order_by("grid_id", "place_id", "part")
    rows = members.values_list("grid_id", *MEMBER).iterator(chunk_size=5000)
    places = {grid: _digest(each[1:] for each in group) for grid, group in groupby(rows, key=itemgetter(0))}
    for pk, *row in plan.grids.values_list("pk", *GRID):
        yield row[0], _digest([row, [places.get(pk, "")]])


def _digest(rows: Iterable[Any]) -> str:
    """Return the SHA-256 of rows, each written as one line of JSON."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, separators=(",", ":"), default=_plain).encode() + b"\n")
    return digest.hexdigest()


def _plain(value: bytes | memoryview | date) -> str:
    """Return what JSON has no form for: geometry as hexadecimal digits, moments in UTC."""
    if isinstance(value, date):
        return (value.astimezone(UTC) if isinstance(value, datetime) else value).isoformat()
    return bytes(value).hex()
