"""Write and verify the audit trail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.audit.models import GENESIS, Entry, Head


@dataclass(frozen=True)
class Verdict:
    """What a check of the chain found: entries read, the first that does not fit (``None``: intact), the last hash."""

    entries: int
    broken_at: int | None
    reason: str
    head: str = ""

    @property
    def is_intact(self) -> bool:
        return self.broken_at is None and not self.reason


def record(
    actor: User | None,
    verb: str,
    subject: models.Model,
    *,
    at: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Entry:
    """Append one entry, in the caller's transaction; ``actor`` ``None`` is the operator at the shell."""
    with transaction.atomic():
        head = Head.objects.select_for_update().get(pk=1)
        entry = Entry(
            at=at,
            actor=actor,
            verb=verb,
            subject_type=subject._meta.label_lower,
            subject_id=str(subject.pk),
            before=_plain(before),
            after=_plain(after),
            previous_hash=head.hash,
        )
        entry.hash = entry.digest()
        entry.save(force_insert=True)
        head.hash, head.length = entry.hash, head.length + 1
        head.save(update_fields=["hash", "length"])
    return entry


def verify(*, since: str = "") -> Verdict:
    """Read the whole chain and compare each hash with its content and its predecessor.

    A chain that was written anew as a whole fits together; ``since``, the last hash of an earlier check that was noted
    elsewhere, shows that it was: it must still be one of the hashes.
    """
    previous, count, is_continued = GENESIS, 0, not since
    for entry in Entry.objects.order_by("id").iterator(chunk_size=2000):
        count += 1
        if entry.previous_hash != previous:
            return Verdict(count, entry.pk, "an entry before it is missing or was put in")
        if entry.hash != entry.digest():
            return Verdict(count, entry.pk, "its content was changed after it was written")
        previous = entry.hash
        is_continued = is_continued or entry.hash == since
    head = Head.objects.filter(pk=1).first()
    if head is None:
        return Verdict(count, None, "the record of its end is missing")
    if head.hash != previous or head.length != count:
        return Verdict(count, None, f"the last entries are missing: {head.length} were written, {count} are here")
    if not is_continued:
        return Verdict(count, None, "it does not go on from the hash that was noted")
    return Verdict(count, None, "", previous)


def snapshot(instance: models.Model, *fields: str) -> dict[str, Any]:
    """Return the named fields of a record as plain values, for ``before`` and ``after``."""
    columns = {column.name: column.attname for column in instance._meta.concrete_fields}
    return {field: getattr(instance, columns[field]) for field in fields}


def _plain(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return ``value`` as it will read back from the database, so that its hash can be checked later."""
    if value is None:
        return None
    result: dict[str, Any] = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    return result
