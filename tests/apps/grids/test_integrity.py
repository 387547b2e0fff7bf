"""A plan that is or was in force cannot be changed, and who changes it behind the database's guards is found out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from tests.factories import (
    NORMS,
    TODAY,
    People,
    draw_plan,
    enforce_plan,
    make_network,
    make_people,
    make_riverside,
)

from quanyu.apps.audit import trail
from quanyu.apps.audit.models import Entry
from quanyu.apps.grids import integrity
from quanyu.apps.grids.models import Grid, Membership, Plan, Succession
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.seals import Seal

OTHER_NORMS = Norms(lower=350, upper=600, exclusive_min_m2=1500.0, steps=300, seed=5)


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def plan(people: People) -> Plan:
    """The second plan of a network, so that it replaced codes."""
    network = make_network(make_riverside())
    enforce_plan(draw_plan(network, NORMS), reviewer=people.reviewer)
    return enforce_plan(draw_plan(network, OTHER_NORMS), reviewer=people.reviewer, day=TODAY.replace(day=TODAY.day + 1))


def behind_the_guards(change: Callable[[], object]) -> None:
    """Make a change as somebody would who owns the database: triggers off, then on again."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A table whose foreign keys wait to be checked cannot be altered.
            for table in integrity.KEPT:
                connection.check_constraints()
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            change()
            connection.check_constraints()
            for table in integrity.KEPT:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            change()
            for _, sql in triggers:
                cursor.execute(sql)


def a_grid(plan: Plan) -> Grid:
    return plan.grids.filter(kind="basic").order_by("code")[0]


def switch_places(plan: Plan) -> None:
    """Let two places of equal households change grids: every sum stays."""
    one, other = a_grid(plan), plan.grids.filter(kind="basic").order_by("-code")[0]
    households = set(one.memberships.values_list("households", flat=True))
    there = other.memberships.filter(households__in=households).order_by("pk")[0]
    here = one.memberships.filter(households=there.households).order_by("pk")[0]
    Membership.objects.filter(pk=here.pk).update(grid=other)
    Membership.objects.filter(pk=there.pk).update(grid=one)


CHANGES: dict[str, tuple[Callable[[Plan], object], str]] = {
    "norms": (lambda plan: Plan.objects.filter(pk=plan.pk).update(norms={**plan.norms, "upper": 900}), "its norms"),
    "figures": (lambda plan: Plan.objects.filter(pk=plan.pk).update(metrics={"grids": 1}), "its figures"),
    "reviewer": (lambda plan: Plan.objects.filter(pk=plan.pk).update(reviewed_by=None), "who made and reviewed it"),
    "shape": (
        lambda plan: Grid.objects.filter(pk=a_grid(plan).pk).update(wkb=plan.grids.order_by("-code")[0].wkb),
        "grid {code}",
    ),
    "area": (lambda plan: Grid.objects.filter(pk=a_grid(plan).pk).update(area_m2=F("area_m2") + 1), "grid {code}"),
    "places": (switch_places, "grid {code}"),
    "successions": (
        lambda plan: Succession.objects.filter(plan=plan).update(households=F("households") + 1), "replaced old ones",
    ),
    "succession lost": (lambda plan: Succession.objects.filter(plan=plan).delete(), "replaced old ones"),
}  # fmt: skip


def test_a_plan_nobody_touched_has_no_fault(plan: Plan) -> None:
    assert plan.successions.exists()
    assert integrity.faults() == []


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_behind_the_guards_is_named(plan: Plan, change: str) -> None:
    make, words = CHANGES[change]
    code = a_grid(plan).code
    behind_the_guards(lambda: make(plan))
    found = [fault for fault in integrity.faults() if words.format(code=code) in fault]
    assert found
    assert f"{plan}:" in found[0]
    assert "after it was put in force" in found[0]


def test_a_plan_that_nobody_put_in_force_is_named(plan: Plan) -> None:
    past = {"network": plan.network, "fabric": plan.fabric, "norms": plan.norms, "made_at": plan.made_at}
    days = {"in_force_from": TODAY.replace(year=2020), "in_force_to": TODAY.replace(year=2021)}
    written = Plan.objects.create(**past, **days, number=9, status=Plan.Status.IN_FORCE)
    assert any(f"{written}: the trail holds no seal" in fault for fault in integrity.faults())


def test_a_plan_taken_out_of_force_behind_the_guards_is_missed(plan: Plan) -> None:
    behind_the_guards(lambda: Plan.objects.filter(pk=plan.pk).update(in_force_from=None, status="draft"))
    assert f"plan {plan.pk} was put in force and is no longer" in integrity.faults()


def test_a_seal_written_later_does_not_count(plan: Plan) -> None:
    def change_and_seal() -> None:
        Plan.objects.filter(pk=plan.pk).update(norms={**plan.norms, "upper": 900})
        sealed = Entry.objects.get(verb="plan.enforced", subject_id=str(plan.pk))
        trail.record(None, "plan.enforced", plan, at=sealed.at, after=sealed.after)

    behind_the_guards(change_and_seal)
    assert any("its norms were changed" in fault for fault in integrity.faults())


def test_a_seal_is_the_same_whatever_database_it_is_read_from(plan: Plan) -> None:
    norms = {"b": 0.1, "a": [1e-07, 1 / 3, 5.0, 30000, "章丘", None, True]}
    past = {"network": plan.network, "fabric": plan.fabric, "made_at": plan.made_at}
    draft = Plan.objects.create(**past, number=9, norms=norms)
    line = b'{"a":[1e-07,0.3333333333333333,5.0,30000,"\\u7ae0\\u4e18",null,true],"b":0.1}\n'
    assert Seal.of(draft).norms == hashlib.sha256(line).hexdigest()


@pytest.mark.parametrize("change", [{"after": {"seal": {"norms": ""}}}, {"after": None}, {"subject_id": "x"}])
def test_a_seal_changed_in_the_trail_does_not_count(plan: Plan, change: dict[str, Any]) -> None:
    sealed = Entry.objects.filter(verb="plan.enforced", subject_id=str(plan.pk))
    behind_the_guards(lambda: sealed.update(**change))
    assert any(f"{plan}: the trail holds no seal" in fault for fault in integrity.faults())
    assert not trail.verify().is_intact


@pytest.mark.parametrize("table", integrity.KEPT)
def test_a_guard_that_is_off_is_a_fault(plan: Plan, table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            connection.check_constraints()
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
            cursor.execute(f"DROP TRIGGER {cursor.fetchall()[0][0]}")
    assert any(f"does not protect {table}" in fault for fault in integrity.faults())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such switch")
def test_guards_that_are_off_for_the_whole_database_are_a_fault(plan: Plan) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        found = integrity.faults()
    assert [fault for fault in found if "0 of" in fault] == found
    assert len(found) == len(integrity.KEPT)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(to_code="990101001001999"),
        lambda rows: rows.delete(),
        lambda rows: Succession.objects.bulk_create(
            [Succession(plan=rows[0].plan, from_code="a", to_code="b", households=1, places=1)]
        ),
    ],
    ids=["update", "delete", "insert"],
)
def test_the_database_itself_refuses_to_change_what_replaced_a_grid(
    plan: Plan, change: Callable[[object], object]
) -> None:
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        change(Succession.objects.filter(plan=plan))
