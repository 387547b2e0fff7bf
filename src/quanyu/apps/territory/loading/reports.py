"""What a look at a file found, the record of a load, and the sentences for both."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from quanyu.apps.accounts.models import User
from quanyu.apps.registers.models import Load, Source
from quanyu.apps.territory.loading.faults import LongStatement

# How many rows a finding names.
NAMED = 100

COUNTS = {
    "added": gettext_noop("new"),
    "changed": gettext_noop("changed"),
    "ended": gettext_noop("ended"),
    "unchanged": gettext_noop("unchanged"),
    "places": gettext_noop("places"),
    "divisions": gettext_noop("divisions"),
    "boundaries": gettext_noop("boundaries"),
    "barriers": gettext_noop("barriers"),
    "roads": gettext_noop("roads"),
    "water": gettext_noop("waters"),
    "landuse": gettext_noop("land use areas"),
    "pois": gettext_noop("points of interest"),
    "households": gettext_noop("households"),
    "people": gettext_noop("people"),
    "totals": gettext_noop("divisions with a total"),
    "counted": gettext_noop("buildings counted one by one"),
    "spread": gettext_noop("households spread over buildings"),
    "not_applied": gettext_noop("totals that are not applied"),
    "aliases": gettext_noop("codes of other systems"),
    "grids": gettext_noop("grids"),
    "items": gettext_noop("items"),
    "items_claimed_twice": gettext_noop("items that several departments claim"),
    "items_of_nobody": gettext_noop("items of nobody"),
}
FINDINGS = {
    "scope": gettext_noop("The list is taken as complete for %(name)s (%(code)s); levels: %(levels)s."),
    "scope_country": gettext_noop("The list is taken as complete for the whole country; levels: %(levels)s."),
    "ended": gettext_noop("%(count)s divisions that the list no longer has end: %(names)s."),
    "renamed": gettext_noop("%(count)s divisions have another name or type: %(names)s."),
    "replaced": gettext_noop("%(count)s ended divisions go on under another code: %(names)s."),
    "repaired": gettext_noop("Layer %(layer)s: %(count)s self-crossing shapes were repaired, rows %(rows)s."),
    "near_border": gettext_noop(
        "%(count)s buildings stand up to %(metres)s m outside every division and go to the nearest: rows %(rows)s."
    ),
    "left_out": gettext_noop("%(count)s buildings outside every division are left out: rows %(rows)s."),
    "no_key": gettext_noop("%(count)s buildings have no key and are numbered by their row: rows %(rows)s."),
    "no_people": gettext_noop("The file has no people per building: load the official counts of households next."),
    "no_household_size": gettext_noop(
        "%(count)s buildings have people, but no household size is stated, so their households stay unknown."
    ),
    "no_border": gettext_noop("No border is known: the ground is taken as %(metres)s m around the buildings."),
    "no_rows": gettext_noop("Layers without rows, taken as not in the file: %(names)s."),
    "unmapped": gettext_noop("Layers that are not used: %(names)s."),
    "unknown_code": gettext_noop("%(count)s boundaries have a code that is not loaded and are left out: %(names)s."),
    "not_nested": gettext_noop("%(count)s boundaries reach beyond their parent's by more than a tenth: %(names)s."),
    "parted_divisions": gettext_noop("%(count)s divisions have several parts (exclaves): %(names)s."),
    "outside": gettext_noop("%(count)s places lie outside the ground and belong to no cell."),
    "parted": gettext_noop("%(count)s cells have several pieces."),
    "empty_ground": gettext_noop(
        "%(count)s pieces of ground (%(area_m2)s m²) between borders and barriers have no building."
    ),
    "total_below_parts": gettext_noop(
        "The total of %(name)s (%(total)s) is below what its parts add up to (%(parts)s): the parts are kept."
    ),
    "total_above_parts": gettext_noop(
        "The total of %(name)s is %(total)s, its parts add up to %(parts)s and leave no building for the rest: "
        "the parts are kept."
    ),
    "own_counts": gettext_noop(
        "%(count)s totals are not applied, because their buildings have counts of their own, which stay: %(names)s."
    ),
    "older_totals": gettext_noop("%(count)s totals are not applied, because newer ones are known: %(names)s."),
    "grids_overlap": gettext_noop(
        "%(count)s pieces of ground (%(area_m2)s m²) are claimed by several grids of the file: rows %(rows)s."
    ),
    "grids_gap": gettext_noop("%(count)s gaps (%(area_m2)s m²) lie between grids of the file."),
    "no_total": gettext_noop("%(count)s homes stand in divisions without a total and keep their count."),
}  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What a file holds and what loading it would change; nothing has changed yet."""

    kind: str
    target: str
    file: str
    sha256: str
    counts: dict[str, int]
    findings: list[dict[str, Any]]
    mapping: dict[str, str] = field(default_factory=dict)
    is_repeat: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "target": self.target, "file": self.file, "sha256": self.sha256,
            "counts": self.counts, "findings": self.findings, "mapping": self.mapping, "is_repeat": self.is_repeat,
        }  # fmt: skip


def refuse_long(field: str, text: str, most: int) -> None:
    """Refuse a statement longer than its column: PostgreSQL would break off, SQLite would not notice.

    Raises
    ------
    LongStatement
    """
    if len(text) > most:
        raise LongStatement(field=field, length=len(text), most=most)


@dataclass(frozen=True)
class Origin:
    """Where a file comes from, as its user states it."""

    name: str
    attribution: str
    licence: str = ""
    is_made_up: bool = False

    def __post_init__(self) -> None:
        columns = {column.name: column for column in Source._meta.concrete_fields}
        for name in ("name", "attribution", "licence"):
            refuse_long(str(columns[name].verbose_name), getattr(self, name), columns[name].max_length or 0)

    def record(self) -> Source:
        """Return the stored source of that name, made where it is new."""
        words = {"attribution": self.attribution, "licence": self.licence, "is_made_up": self.is_made_up}
        source, _ = Source.objects.get_or_create(name=self.name, defaults=words)
        return source


def last_load(kind: str, target: str) -> Load | None:
    """Return the newest load of a kind that was applied to a target."""
    return Load.objects.filter(kind=kind, target=target, status=Load.Status.APPLIED).first()


def same_load(kind: str, target: str, sha256: str, options: dict[str, Any]) -> Load | None:
    """Return the newest load of a target if it was this very file with these options: then there is nothing to do."""
    last = last_load(kind, target)
    if last is None or last.sha256 != sha256 or last.options != options:
        return None
    last.is_repeat = True
    return last


def wait_turn(kind: str, target: str) -> None:
    """Wait for another load of the same kind and target to end; the turn lasts until the caller's transaction does.

    What was loaded before is asked afterwards: of two loads of one file at the same time the second changes nothing.
    """
    # SQLite has one writer at a time, from the beginning of its transaction.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(f"{kind} {target}".encode())])


def open_load(
    kind: str, target: str, path: Path, sha256: str, options: dict[str, Any], *, origin: Origin | None,
    actor: User | None, at: datetime,
) -> Load:  # fmt: skip
    """Record a load that is being applied; its counts and findings follow."""
    return Load.objects.create(
        kind=kind, target=target, file_name=path.name, sha256=sha256, options=options, status=Load.Status.APPLIED,
        source=origin.record() if origin else None, made_by=actor, made_at=at,
    )  # fmt: skip


def named(values: Sequence[object]) -> str:
    """Return the first of some names or numbers as text, with an ellipsis for the rest."""
    text = ", ".join(str(value) for value in values[:NAMED])
    return f"{text} …" if len(values) > NAMED else text


def sentence(finding: dict[str, Any]) -> str:
    """Return a finding in words, in the language of the one who reads."""
    return _(FINDINGS[finding["kind"]]) % finding
