"""Load official counts of households: per division, to be spread over its buildings, or per building."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.households import (
    Buildings,
    Spreading,
    Total,
    known_totals,
    read_buildings,
    respread,
    spread,
    store_counts,
)
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.files import sha256
from quanyu.apps.territory.loading.reports import Origin, Report, last_load, named, open_load
from quanyu.apps.territory.loading.tables import Row, Table, read_table
from quanyu.apps.territory.models import CountMethod, Division, HouseholdTotal, Place
from quanyu.errors import QuanyuError

COLUMNS = {
    "key": ("building_id", "osm_id", "楼栋编号", "建筑编号"),
    "code": ("division_code", "区划代码", "代码"),
    "name": ("division", "commune", "名称", "区划名称", "社区", "村社区", "村居", "街镇"),
    "households": ("户数", "总户数", "住户数"),
    "people": ("population", "人口", "人口数", "人数"),
    "is_assumed": ("assumed", "推算"),
    "note": ("备注",),
}
YES = {"1", "true", "yes", "y", "是"}


@dataclass(frozen=True)
class Counted:
    """A row: the division or place it counts (an id), and the counts."""

    subject: int
    total: Total
    is_assumed: bool
    note: str


@dataclass(frozen=True)
class Counts:
    """A file of counts as read; ``by_building`` tells which of the two forms it has."""

    by_building: bool
    rows: list[Counted]


def read_counts(path: Path, territory: Division) -> Counts:
    """Return the counts of a file for a territory.

    Raises
    ------
    FaultyFile
        All faults of all rows together.
    """
    table = read_table(path, COLUMNS, required=("households",))
    by_building = "key" in table.names
    if not by_building and not {"code", "name"} & set(table.names):
        raise faults.MissingColumn(
            file=table.file, layer=table.sheet, column="code", known=", ".join(table.names.values()),
            names="code, name, key, 区划代码, 名称, 楼栋编号",
        )  # fmt: skip
    found: list[QuanyuError] = []
    subjects = _Places(table, territory) if by_building else _Divisions(table, territory)
    rows: list[Counted] = []
    first: dict[int, int] = {}
    for row in table.rows:
        subject = subjects.find(row, found)
        households = table.count(row, "households", found)
        people = table.count(row, "people", found)
        place = {"file": table.file, "layer": table.sheet, "row": row.number}
        if not row["households"]:
            found.append(faults.EmptyCell(**place, column=table.names["households"]))
        if subject is None or households is None:
            continue
        pk, code, name = subject
        if first.setdefault(pk, row.number) != row.number:
            found.append(faults.RepeatedKey(**place, column=subjects.column, value=code, first=first[pk]))
        total = Total(code, name, households, people)
        rows.append(Counted(pk, total, row["is_assumed"].casefold() in YES, row["note"][:300]))
    faults.refuse(table.file, sorted(found, key=lambda fault: int(fault.params["row"])))
    return Counts(by_building, rows)


class _Places:
    """Finds the building of a row by its key."""

    def __init__(self, table: Table, territory: Division) -> None:
        self.table, self.territory, self.column = table, territory, table.names["key"]
        places = Place.objects.filter(territory=territory, valid_to=None)
        self.known = {key: (pk, key, key) for pk, key in places.values_list("pk", "key")}

    def find(self, row: Row, found: list[QuanyuError]) -> tuple[int, str, str] | None:
        key = row["key"]
        if key in self.known:
            return self.known[key]
        found.append(
            faults.UnknownPlace(
                file=self.table.file,
                layer=self.table.sheet,
                row=row.number,
                column=self.column,
                value=key or "''",
                territory=self.territory.name,
            )
        )
        return None


class _Divisions:
    """Finds the division of a row by its code, or by its name where no other has it."""

    def __init__(self, table: Table, territory: Division) -> None:
        self.table, self.territory = table, territory
        self.by = "code" if "code" in table.names else "name"
        self.column = table.names[self.by]
        self.known: defaultdict[str, list[tuple[int, str, str, str]]] = defaultdict(list)
        divisions = Division.objects.within(territory).filter(valid_to=None).select_related("parent")
        for each in divisions:
            above = each.parent.name if each.parent else ""
            self.known[getattr(each, self.by)].append((each.pk, each.code, each.name, above))

    def find(self, row: Row, found: list[QuanyuError]) -> tuple[int, str, str] | None:
        value = row[self.by]
        matching = self.known.get(value, [])
        place = {
            "file": self.table.file, "layer": self.table.sheet, "row": row.number, "column": self.column,
            "value": value or "''",
        }  # fmt: skip
        if len(matching) == 1:
            return matching[0][:3]
        if matching:
            known = ", ".join(f"{code} ({above})" for _, code, _, above in matching)
            found.append(faults.AmbiguousName(**place, count=len(matching), known=known))
        else:
            found.append(faults.UnknownDivision(**place, territory=self.territory.name))
        return None


def check_households(path: Path, territory: Division, *, as_of: date | None = None) -> Report:
    """Look at a file of counts and say what it holds and what spreading it finds; nothing changes."""
    digest = sha256(path)
    counts = read_counts(path, territory)
    buildings, totals = read_buildings(territory), known_totals(territory)
    older = _older(counts, territory, as_of)
    if counts.by_building:
        buildings = _with_counts(buildings, counts)
    else:
        totals |= {row.total.code: row.total for row in counts.rows if row.total.code not in older}
    made = spread(buildings, list(totals.values()))
    faults.refuse(path.name, made.faults)
    last = last_load("households", territory.code)
    return Report(
        kind="households", target=territory.code, file=path.name, sha256=digest, counts=_summary(counts, made, older),
        findings=[*_told(older), *made.findings], is_repeat=last is not None and last.sha256 == digest,
    )  # fmt: skip


def _with_counts(buildings: Buildings, counts: Counts) -> Buildings:
    row_of = {pk: row for row, pk in enumerate(buildings.ids.tolist())}
    counted, households = buildings.counted.copy(), buildings.households.copy()
    for each in counts.rows:
        counted[row_of[each.subject]] = True
        households[row_of[each.subject]] = each.total.households
    return replace(buildings, counted=counted, households=households)


def _older(counts: Counts, territory: Division, day: date | None) -> dict[str, str]:
    """Return code and name of the divisions whose total in the file is older than one that is known."""
    if counts.by_building or day is None:
        return {}
    newer = HouseholdTotal.objects.filter(division__in=Division.objects.within(territory), as_of__gt=day)
    codes = set(newer.values_list("division__code", flat=True))
    return {row.total.code: row.total.name for row in counts.rows if row.total.code in codes}


def _told(older: dict[str, str]) -> list[dict[str, Any]]:
    return [{"kind": "older_totals", "count": len(older), "names": named(list(older.values()))}] if older else []


def _summary(counts: Counts, made: Spreading | None, older: Collection[str]) -> dict[str, int]:
    result = {
        "counted" if counts.by_building else "totals": len(counts.rows),
        "households": sum(row.total.households for row in counts.rows),
    }
    people = [row.total.people for row in counts.rows if row.total.people is not None]
    if people:
        result["people"] = sum(people)
    if made is None:
        return result
    codes = made.shares if counts.by_building else {row.total.code for row in counts.rows} - set(older)
    told = made.counts(codes)
    return result | told | {"not_applied": told["not_applied"] + len(older)}


@transaction.atomic
def load_households(
    path: Path, territory: Division, *, as_of: date | None = None, origin: Origin | None = None, actor: User | None,
    at: datetime,
) -> Load:  # fmt: skip
    """Take official counts in: totals are spread over the homes of their divisions, counts by building stay.

    The same file as of the same day changes nothing.

    Raises
    ------
    FaultyFile and its parts, NoHomes
    """
    require(actor, "territory.load")
    digest = sha256(path)
    day = as_of or timezone.localdate(at)
    territory = Division.objects.select_for_update().get(pk=territory.pk)
    last = last_load("households", territory.code)
    if last is not None and last.sha256 == digest and (as_of is None or last.options["as_of"] == day.isoformat()):
        last.is_repeat = True
        return last
    counts = read_counts(path, territory)
    options = {"as_of": day.isoformat(), "by_building": counts.by_building}
    load = open_load("households", territory.code, path, digest, options, origin=origin, actor=actor, at=at)
    if counts.by_building:
        _store_counts(counts)
    else:
        _store_totals(counts, day, load)
    older = _older(counts, territory, day)
    made = respread(territory)
    load.counts = _summary(counts, made, older)
    load.findings = _told(older) + (made.findings if made else [])
    load.save(update_fields=["counts", "findings"])
    after: dict[str, Any] = {"file": path.name, "sha256": digest, **options, **load.counts}
    trail.record(actor, "households.loaded", load, at=at, after=after)
    return load


def _store_totals(counts: Counts, day: date, load: Load) -> None:
    HouseholdTotal.objects.bulk_create(
        [
            HouseholdTotal(
                division_id=row.subject,
                as_of=day,
                households=row.total.households,
                people=row.total.people,
                is_assumed=row.is_assumed,
                note=row.note,
                load=load,
            )
            for row in counts.rows
        ],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["division", "as_of"],
        update_fields=["households", "people", "is_assumed", "note", "load"],
    )


def _store_counts(counts: Counts) -> None:
    method = CountMethod.FILE.value
    store_counts([(row.total.households, row.total.people, method, row.subject) for row in counts.rows])
