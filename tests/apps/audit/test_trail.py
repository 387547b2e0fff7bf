"""The trail: each change hashes the one before, and tampering is found."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.audit import trail
from quanyu.apps.audit.models import Entry, Head

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def three_entries(db: None) -> list[Entry]:
    user = User.objects.create(username="zhou")
    return [trail.record(user, f"user.renamed{i}", user, at=AT, before={"n": i}, after={"n": i + 1}) for i in range(3)]


def test_an_untouched_trail_is_intact(three_entries: list[Entry]) -> None:
    verdict = trail.verify()
    assert verdict.is_intact
    assert verdict.entries == 3


def test_an_entry_hashes_its_predecessor(three_entries: list[Entry]) -> None:
    first, second, third = three_entries
    assert first.previous_hash == "0" * 64
    assert second.previous_hash == first.hash
    assert third.previous_hash == second.hash


def test_the_database_refuses_to_change_or_delete_an_entry(three_entries: list[Entry]) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Entry.objects.filter(pk=three_entries[0].pk).update(verb="nothing.happened")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry")


def _without_triggers(sql: str, *params: object) -> None:
    """Do what an intruder with the database's password could do."""
    table = " ON audit_entry" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER audit_entry_no_update{table}")
        cursor.execute(f"DROP TRIGGER audit_entry_no_delete{table}")
        cursor.execute(sql, params)


def test_a_changed_entry_is_found(three_entries: list[Entry]) -> None:
    _without_triggers("UPDATE audit_entry SET verb = 'nothing.happened' WHERE id = %s", three_entries[1].pk)
    verdict = trail.verify()
    assert verdict.broken_at == three_entries[1].pk
    assert "changed" in verdict.reason


def test_a_removed_entry_is_found(three_entries: list[Entry]) -> None:
    _without_triggers("DELETE FROM audit_entry WHERE id = %s", three_entries[1].pk)
    assert trail.verify().broken_at == three_entries[2].pk


def test_a_cut_end_is_found(three_entries: list[Entry]) -> None:
    _without_triggers("DELETE FROM audit_entry WHERE id = %s", three_entries[2].pk)
    verdict = trail.verify()
    assert not verdict.is_intact
    assert "3 were written, 2 are here" in verdict.reason


def test_the_chain_cannot_fork(three_entries: list[Entry]) -> None:
    Head.objects.update(hash=three_entries[0].hash)
    with pytest.raises(DatabaseError), transaction.atomic():
        trail.record(None, "forked", three_entries[0], at=AT)
