"""The verbs that keep house: init, user, check, worker, serve, demo."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.db import OperationalError, connection
from tests.factories import AT, NORMS, make_network, make_people, make_riverside, make_riverside_in_force, make_user

from quanyu.apps.accounts.models import Role, User
from quanyu.apps.accounts.permissions import may
from quanyu.apps.audit.models import GENESIS, Entry, Head
from quanyu.apps.grids import actions
from quanyu.apps.grids.models import Run
from quanyu.cli import main


def _run(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False, **options)


def _make(name: str, role: str, password: str = "grids-by-the-river") -> Result:  # noqa: S107 of the test
    return _run("user", name, "--role", role, "--password", password, "--display-name", "Zhou")


def test_an_account_is_made_with_its_role_and_recorded_without_its_password(db: None) -> None:
    assert _make("zhou", "planner").exit_code == 0
    account = User.objects.get(username="zhou")
    assert account.check_password("grids-by-the-river")
    assert may(account, "grids.draw")
    entry = Entry.objects.get(verb="user.created")
    assert entry.after == {"username": "zhou", "display_name": "Zhou", "roles": ["planner"]}
    assert "river" not in json.dumps(entry.after)


def test_an_account_gets_another_role_and_the_trail_has_both(db: None) -> None:
    _make("zhou", "planner")
    _make("zhou", "reviewer")
    entry = Entry.objects.get(verb="user.changed")
    assert (entry.before["roles"], entry.after["roles"]) == (["planner"], ["reviewer"])
    assert not may(User.objects.get(), "grids.draw")


@pytest.mark.parametrize("password", ["short", "1234567890", "password123", "zhou-zhou"])
def test_a_weak_password_makes_no_account(db: None, password: str) -> None:
    result = _make("zhou", "planner", password)
    assert result.exit_code == 2
    assert "The password cannot be taken." in result.stderr
    assert not User.objects.exists()


@pytest.mark.parametrize("options", [["", "Zhou"], ["zhou li", "Zhou"], ["z" * 151, "Zhou"], ["zhou", "Z" * 61]])
def test_a_name_that_no_account_can_have_makes_none(db: None, options: list[str]) -> None:
    name, shown = options
    arguments = ["user", name, "--role", "planner", "--password", "grids-by-the-river", "--display-name", shown]
    result = _run(*arguments)
    assert result.exit_code == 2
    assert "The account cannot be taken so." in result.stderr
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "options", [["--port", "0"], ["--port", "65536"], ["--workers", "0"], ["--host", "nowhere.invalid"]]
)
def test_where_nothing_can_be_served_is_said_at_once(db: None, options: list[str]) -> None:
    result = _run("serve", *options)
    assert result.exit_code == 2
    assert options[1] in result.stderr


def test_check_finds_a_whole_house_whole(db: None) -> None:
    make_riverside_in_force(make_people())
    result = _run("check", "--json")
    report = json.loads(result.stdout)
    assert (report["audit"]["intact"], report["plans"]) == (True, [])
    assert report["audit"]["entries"] == Entry.objects.count()
    assert result.exit_code == 0


def test_check_finds_a_trail_that_was_written_anew(db: None) -> None:
    make_riverside_in_force(make_people())
    noted = json.loads(_run("check", "--json").stdout)["audit"]["head"]
    assert _run("check", "--since", noted).exit_code == 0
    _drop("audit_entry")
    Entry.objects.all().delete()
    Head.objects.update(hash=GENESIS, length=0)
    assert "0 entries, intact" in _run("check").stdout
    result = _run("check", "--since", noted)
    assert (result.exit_code, "does not go on from the hash that was noted" in result.stdout) == (1, True)
    Head.objects.all().delete()
    assert "the record of its end is missing" in _run("check").stdout


def _drop(table: str) -> None:
    """Take a table's guards away, as somebody with the database's password could."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            return
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}")


@pytest.mark.parametrize(
    ("table", "sql", "fault"),
    [
        ("grids_grid", "UPDATE grids_grid SET households = households + 1 WHERE code LIKE '%%001'", "its places"),
        ("grids_membership", "DELETE FROM grids_membership WHERE part = 3", "lack a part"),
        ("grids_codeuse", "DELETE FROM grids_codeuse WHERE code LIKE '%%002001'", "is not on record as used"),
        ("grids_plan", "UPDATE grids_plan SET in_force_to = '2026-12-31'", "no plan follows"),
        ("audit_entry", "UPDATE audit_entry SET verb = 'nothing' WHERE verb = 'plan.reviewed'", "broken at entry"),
    ],
)
def test_check_finds_what_was_tampered_with(db: None, table: str, sql: str, fault: str) -> None:
    make_riverside_in_force(make_people())
    _drop(table)
    with connection.cursor() as cursor:
        cursor.execute(sql, [])
    result = _run("check")
    assert result.exit_code == 1
    assert fault in result.stdout
    if connection.vendor == "sqlite":
        assert f"does not protect {table}" in result.stdout


def test_the_worker_carries_out_what_waits(db: None) -> None:
    network = make_network(make_riverside())
    run = actions.start_run(network, NORMS, actor=None, at=AT)
    result = _run("worker", "--once")
    run.refresh_from_db()
    assert run.state == Run.State.DONE
    assert "done" in result.stderr


def test_the_demo_refuses_a_database_with_accounts_of_its_own(db: None) -> None:
    make_user("wang", Role.PLANNER)
    result = _run("demo", "--no-serve")
    assert result.exit_code == 1
    assert "the demo needs a database for itself" in result.stderr


@pytest.mark.parametrize("verb", ["serve", "demo"])
def test_a_port_that_is_taken_is_said_before_anything_starts(db: None, verb: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = _run(verb, "--port", str(port))
    assert result.exit_code == 2
    assert f"127.0.0.1:{port} cannot be used" in result.stderr
    assert "--port" in result.stderr


def _in_a_process(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("QUANYU_")} | settings
    command = [sys.executable, "-m", "quanyu.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", [["check"], ["plan", "riverside"], ["serve"]])
def test_a_verb_before_init_says_so(verb: list[str], tmp_path: Path) -> None:
    done = _in_a_process(*verb, QUANYU_HOME=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"Error: The database {tmp_path}/quanyu.sqlite3 is empty. Make it first: quanyu init"
    ]


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("QUANYU_HOME", __file__, "It must be a folder that can be written"),
        ("QUANYU_DATABASE_URL", "mysql://zhou:secret@db/quanyu", "Give postgres://user:password@host:port/name"),
        ("QUANYU_DATABASE_URL", "postgres://zhou:secret@db:port/quanyu", "Give postgres://user:password@host:port"),
        ("QUANYU_DATABASE_URL", "postgres://zhou:secret@127.0.0.1:1/quanyu", "quanyu at 127.0.0.1 does not answer"),
        ("QUANYU_DATABASE_URL", "postgres://zhou:secret@127.0.0.1", "It names no database"),
        ("QUANYU_DATABASE_URL", "zhou:secret", "QUANYU_DATABASE_URL is zhou:s…"),
        ("QUANYU_HTTPS", "perhaps", "QUANYU_HTTPS is perhaps, which cannot be used. Give 1 or 0."),
        ("QUANYU_UPLOAD_LIMIT_MB", "ten", "Give a whole number of at least 1"),
        ("QUANYU_LOG_LEVEL", "loud", "Give one of DEBUG, INFO, WARNING, ERROR"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(setting: str, value: str, words: str, tmp_path: Path) -> None:
    done = _in_a_process("check", **{"QUANYU_HOME": str(tmp_path), setting: value})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert words in line
    assert "secret" not in line


def test_a_database_that_fails_under_way_is_said_in_a_line(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(**_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("quanyu.apps.audit.trail.verify", locked)
    result = _run("check")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("does not go on: database is locked. Mend that and try again.\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_init_and_serve_on_a_fresh_folder(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "QUANYU_DATABASE_URL"} | {"QUANYU_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "quanyu.cli"]
    subprocess.run([*command, "init"], env=environment, check=True, capture_output=True)
    port = _free_port()
    server = subprocess.Popen([*command, "serve", "--port", str(port), "--workers", "1"], env=environment)
    try:
        address = f"http://127.0.0.1:{port}/api/v1/grids"
        body = _fetch(address, server)
        assert body == {"total": 0, "items": []}
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def _fetch(address: str, server: subprocess.Popen[bytes]) -> Any:
    for _ in range(240):
        assert server.poll() is None
        try:
            with urllib.request.urlopen(address, timeout=10) as response:  # noqa: S310 our own loopback address
                return json.load(response)
        except OSError:
            time.sleep(0.25)
    pytest.fail("the server did not answer")
