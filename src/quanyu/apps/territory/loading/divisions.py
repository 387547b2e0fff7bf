"""Load a list of divisions: the official codes, names, levels and parents, as an edition of a day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.files import sha256
from quanyu.apps.territory.loading.listing import Listed, read_list
from quanyu.apps.territory.loading.reports import Origin, Report, named, open_load, same_load, wait_turn
from quanyu.apps.territory.models import Division
from quanyu.values.division_codes import LEVELS, DivisionCode

FIELDS = ("name", "urban_rural", "unit_type")


@dataclass(frozen=True)
class Edition:
    """What a list changes: rows to add, changed ones with their new row, divisions that end, and who replaces them."""

    added: list[Listed]
    changed: list[tuple[Division, Listed]]
    ended: list[Division]
    replaced: dict[str, str]
    unchanged: int
    scope: DivisionCode | None
    scope_name: str
    levels: tuple[str, ...]
    known_levels: frozenset[str]


def compare(rows: list[Listed], system: str) -> Edition:
    """Return what a list changes in the divisions of today.

    A list speaks for the smallest division that holds all its rows but the chain above it, and for the levels it has:
    a list of towns ends no village, and a list of one city ends nothing in another.
    """
    by_code = {row.code: row for row in rows}
    scope = _scope(rows)
    levels = tuple(level for level in LEVELS if any(row.level == level for row in rows))
    today = {each.code: each for each in Division.objects.filter(system=system, valid_to=None).select_related("parent")}
    covered = [each for each in today.values() if scope is None or each.code.startswith(scope.prefix)]
    gone = {each.code for each in covered if each.level in levels and each.code not in by_code}
    ended = [
        each
        for each in covered
        if each.code in gone or (each.code not in by_code and any(above in gone for above in _above(each.code)))
    ]
    known = [(today[row.code], row) for row in rows if row.code in today]
    changed = [(old, row) for old, row in known if any(getattr(old, name) != getattr(row, name) for name in FIELDS)]
    added = [row for row in rows if row.code not in today]
    return Edition(
        added=added, changed=changed, ended=ended, replaced=_replaced(ended, added),
        unchanged=len(known) - len(changed), scope=scope, scope_name=_name_of(scope, by_code, today), levels=levels,
        known_levels=frozenset(each.level for each in covered),
    )  # fmt: skip


def _scope(rows: list[Listed]) -> DivisionCode | None:
    """Return the deepest division above all rows but its own chain, ``None`` for several provinces."""
    codes = {row.code for row in rows}
    children: defaultdict[str, list[Listed]] = defaultdict(list)
    for row in rows:
        children[row.parent if row.parent in codes else ""].append(row)
    tops = children[""]
    if len(tops) > 1:
        common = DivisionCode(tops[0].parent) if tops[0].parent else None
        while common is not None and not all(DivisionCode(row.code).within(common) for row in tops):
            common = common.parent
        return common
    scope, below = tops[0], children[tops[0].code]
    while len(below) == 1 and children[below[0].code]:
        scope, below = below[0], children[below[0].code]
    return DivisionCode(scope.code)


def _name_of(scope: DivisionCode | None, listed: dict[str, Listed], today: dict[str, Division]) -> str:
    if scope is None:
        return ""
    found = listed.get(scope.text) or today.get(scope.text)
    return found.name if found else scope.text


def _above(code: str) -> list[str]:
    here, codes = DivisionCode(code).parent, []
    while here is not None:
        codes.append(here.text)
        here = here.parent
    return codes


def _replaced(ended: list[Division], added: list[Listed]) -> dict[str, str]:
    """Pair each ended code with the new one of the same name and level, where both are the only ones of that name."""
    old: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    new: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for division in ended:
        old[division.name, division.level].append(division.code)
    for row in added:
        new[row.name, row.level].append(row.code)
    return {codes[0]: new[key][0] for key, codes in old.items() if len(codes) == 1 and len(new[key]) == 1}


def check_divisions(path: Path, *, system: str, as_of: date | None = None, at: datetime) -> Report:
    """Look at a list of divisions and say what loading it would change; nothing changes."""
    digest = sha256(path)
    edition = compare(read_list(path, system), system)
    _refuse_early(path, edition, as_of or timezone.localdate(at))
    return Report(
        kind="divisions", target=system, file=path.name, sha256=digest, counts=_counts(edition),
        findings=_findings(edition), is_repeat=not (edition.added or edition.changed or edition.ended),
    )  # fmt: skip


@transaction.atomic
def load_divisions(
    path: Path,
    *,
    system: str,
    as_of: date | None = None,
    origin: Origin | None = None,
    actor: User | None,
    at: datetime,
) -> Load:
    """Take a list of divisions in as the edition of a day (``as_of``, today where it is not stated).

    New codes begin, vanished ones end, names follow the list; a list that changes nothing is loaded once.

    Raises
    ------
    FaultyFile, EditionTooEarly
    """
    require(actor, "territory.load")
    digest = sha256(path)
    options = {"system": system, "as_of": as_of.isoformat() if as_of else None}
    wait_turn("divisions", system)
    if (last := same_load("divisions", system, digest, options)) is not None:
        return last
    day = as_of or timezone.localdate(at)
    edition = compare(read_list(path, system), system)
    _refuse_early(path, edition, day)
    load = open_load("divisions", system, path, digest, options, origin=origin, actor=actor, at=at)
    made = _add(edition, system, load, day, as_of)
    for division, row in edition.changed:
        for name in FIELDS:
            setattr(division, name, getattr(row, name))
    Division.objects.bulk_update([division for division, _ in edition.changed], FIELDS, batch_size=500)
    _end(edition, made, day)
    load.counts, load.findings = _counts(edition), _findings(edition)
    load.save(update_fields=["counts", "findings"])
    after: dict[str, Any] = {"file": path.name, "sha256": digest, "as_of": day, **load.counts}
    trail.record(actor, "divisions.loaded", load, at=at, after=after)
    return load


def _add(edition: Edition, system: str, load: Load, day: date, as_of: date | None) -> dict[str, Division]:
    """Store the new rows, level by level so that each finds its parent."""
    parents = {row.parent for row in edition.added if row.parent}
    ids = dict(Division.objects.filter(system=system, valid_to=None, code__in=parents).values_list("code", "pk"))
    made: dict[str, Division] = {}
    for level in edition.levels:
        # A level that is listed for the first time has been there all along, as far as anybody knows.
        begins = day if level in edition.known_levels else as_of
        batch = [
            Division(
                system=system,
                code=row.code,
                name=row.name,
                level=level,
                parent_id=ids.get(row.parent),
                unit_type=row.unit_type,
                urban_rural=row.urban_rural,
                load=load,
                valid_from=begins,
            )
            for row in edition.added
            if row.level == level
        ]
        for division in Division.objects.bulk_create(batch, batch_size=2000):
            ids[division.code], made[division.code] = division.pk, division
    return made


def _refuse_early(path: Path, edition: Edition, day: date) -> None:
    for division in edition.ended:
        if division.valid_from is not None and division.valid_from >= day:
            raise faults.EditionTooEarly(
                file=path.name, day=day, value=f"{division.code} {division.name}", began=division.valid_from
            )


def _end(edition: Edition, made: dict[str, Division], day: date) -> None:
    for division in edition.ended:
        division.valid_to = day
        division.replaced_by = made.get(edition.replaced.get(division.code, ""))
    Division.objects.bulk_update(edition.ended, ["valid_to", "replaced_by"], batch_size=500)


def _counts(edition: Edition) -> dict[str, int]:
    return {
        "added": len(edition.added), "changed": len(edition.changed), "ended": len(edition.ended),
        "unchanged": edition.unchanged,
    }  # fmt: skip


def _findings(edition: Edition) -> list[dict[str, Any]]:
    levels = ", ".join(edition.levels)
    scope = edition.scope
    findings: list[dict[str, Any]] = [
        {"kind": "scope", "name": edition.scope_name, "code": scope.text, "levels": levels}
        if scope
        else {"kind": "scope_country", "levels": levels}
    ]
    if edition.ended:
        names = named([f"{each.code} {each.name}" for each in edition.ended])
        findings.append({"kind": "ended", "count": len(edition.ended), "names": names})
    if edition.changed:
        names = named([f"{old.code} {old.name} → {row.name}" for old, row in edition.changed])
        findings.append({"kind": "renamed", "count": len(edition.changed), "names": names})
    if edition.replaced:
        names = named([f"{old} → {new}" for old, new in edition.replaced.items()])
        findings.append({"kind": "replaced", "count": len(edition.replaced), "names": names})
    return findings
