"""Give buildings their kind by the table of kinds that the district keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.territory.models import Division, KindRule, Place, PlaceKind

# Columns of a city file that describe a building; they are kept with it, so that a changed table can be applied again.
TAG_COLUMNS = ("kind", "osm_building", "use", "landuse")


def kinds_by_rules(tags: Sequence[dict[str, str]], rules: Iterable[KindRule]) -> list[str]:
    """Return the kind of each building: the first line of the table that fits decides, none leaves it ``other``."""
    result = [PlaceKind.OTHER.value] * len(tags)
    undecided = list(range(len(tags)))
    for rule in rules:
        left = []
        for index in undecided:
            value = tags[index].get(rule.column, "")
            if value == rule.value or (rule.value == "*" and value):
                result[index] = rule.kind
            else:
                left.append(index)
        undecided = left
    return result


@dataclass(frozen=True)
class Line:
    """A line of the table as a user states it."""

    column: str
    value: str
    kind: str


@dataclass(frozen=True)
class KindChanges:
    """What the table would change in a territory: place ids with their new kind, and how many go from what to what."""

    kinds: dict[int, str]
    moves: list[tuple[str, str, int]]
    households: int


@transaction.atomic
def replace_rules(lines: Sequence[Line], *, actor: User | None, at: datetime) -> list[KindRule]:
    """Put a new table of kinds in the place of the old one; places keep their kinds until it is applied to them."""
    require(actor, "territory.load")
    before = [[rule.column, rule.value, rule.kind] for rule in KindRule.objects.select_for_update()]
    KindRule.objects.all().delete()
    rules = KindRule.objects.bulk_create(
        KindRule(rank=rank, column=line.column, value=line.value, kind=line.kind)
        for rank, line in enumerate(lines, start=1)
    )
    after = [[line.column, line.value, line.kind] for line in lines]
    if rules:
        trail.record(actor, "kinds.changed", rules[0], at=at, before={"lines": before}, after={"lines": after})
    return rules


def kind_changes(territory: Division) -> KindChanges:
    """Return what the table of today would change in the places of a territory."""
    rows = list(
        Place.objects.filter(territory=territory, valid_to=None)
        .order_by("pk")
        .values_list("pk", "kind", "tags", "households")
    )
    wanted = kinds_by_rules([tags for _, _, tags, _ in rows], KindRule.objects.all())
    changed = [
        (pk, old, new, households) for (pk, old, _, households), new in zip(rows, wanted, strict=True) if old != new
    ]
    moves = Counter((old, new) for _, old, new, _ in changed)
    return KindChanges(
        kinds={pk: new for pk, _, new, _ in changed},
        moves=[(old, new, count) for (old, new), count in sorted(moves.items())],
        households=sum(households for *_, households in changed),
    )


@transaction.atomic
def apply_rules(territory: Division, *, actor: User | None, at: datetime) -> KindChanges:
    """Give the places of a territory the kinds of today's table.

    Households stay where they are: spread the official totals again where homes came or went.
    """
    require(actor, "territory.load")
    territory = Division.objects.select_for_update().get(pk=territory.pk)
    changes = kind_changes(territory)
    by_kind: dict[str, list[int]] = {}
    for pk, kind in changes.kinds.items():
        by_kind.setdefault(kind, []).append(pk)
    for kind, ids in by_kind.items():
        for start in range(0, len(ids), 5000):
            Place.objects.filter(pk__in=ids[start : start + 5000]).update(kind=kind)
    after: dict[str, Any] = {"moves": [list(move) for move in changes.moves]}
    trail.record(actor, "kinds.applied", territory, at=at, after=after)
    return changes
