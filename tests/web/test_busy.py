"""While one writer holds the database, others are told so, and signing in needs no write."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from tests.factories import make_people

from quanyu.web.busy import BusyMiddleware


@pytest.mark.parametrize(("path", "kind"), [("/plans/1/move", "text/html"), ("/api/v1/grids", "application/json")])
def test_a_locked_database_is_told_as_such(db: None, path: str, kind: str) -> None:
    request = RequestFactory().post(path)
    request.user = make_people().planner
    answer = BusyMiddleware(lambda _request: None).process_exception(request, OperationalError("database is locked"))  # type: ignore[arg-type,return-value]
    assert answer is not None
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.headers["Retry-After"] == "30"
    other = OperationalError("no such table: grids_plan")
    assert BusyMiddleware(lambda _request: None).process_exception(request, other) is None  # type: ignore[arg-type,return-value]


def test_signing_in_writes_nothing_into_the_database(client: Client, db: None, tmp_path: Path) -> None:
    people = make_people()
    people.planner.set_password("riverside-2026")
    people.planner.save()
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite lets one writer work at a time")
    changes = connection.connection.total_changes
    assert isinstance(connection.connection, sqlite3.Connection)
    answer = client.post("/sign-in", {"username": people.planner.username, "password": "riverside-2026"})
    assert answer.status_code == 302
    assert connection.connection.total_changes == changes
