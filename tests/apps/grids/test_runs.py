"""Runs: waiting, running, done, failed or cancelled; a plan comes whole or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.factories import (
    AT,
    NORMS,
    People,
    draw_plan,
    enforce_plan,
    make_network,
    make_people,
    make_riverside,
    run_plan,
)

from quanyu.apps.grids import actions, drawing, planning, runs, writing
from quanyu.apps.grids.models import Grid, Network, Plan, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.refusals import NotRestartable, RunEnded, RunPending
from quanyu.apps.territory.models import Place
from quanyu.errors import NotFound, NotPermitted

LATER = AT + timedelta(minutes=3)


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def network(db: None) -> Network:
    return make_network(make_riverside())


def _during(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Do something while a worker is drawing."""
    draw = drawing.draw

    def drawing_while(*args: Any) -> drawing.Drawing:
        act()
        return draw(*args)

    monkeypatch.setattr(drawing, "draw", drawing_while)


def test_a_run_ends_with_its_plan(network: Network, people: People) -> None:
    run = run_plan(network, actor=people.planner)
    assert run.state == Run.State.DONE
    assert run.plan is not None
    assert run.plan.made_by == people.planner
    assert (run.progress, run.error, run.ended_at) == (1.0, None, AT)
    assert run.inputs_hash == run.plan.metrics["inputs_hash"]


def test_one_run_of_a_network_at_a_time(network: Network, people: People) -> None:
    actions.start_run(network, NORMS, actor=people.planner, at=AT)
    with pytest.raises(RunPending, match="Wait for it, or cancel it first"):
        actions.start_run(network, NORMS, actor=people.planner, at=AT)


def test_strangers_and_reviewers_draw_nothing(network: Network, people: People) -> None:
    for person in (people.reviewer, people.stranger):
        with pytest.raises(NotPermitted):
            actions.start_run(network, NORMS, actor=person, at=AT)


def test_a_waiting_run_is_taken_once(network: Network) -> None:
    run = actions.start_run(network, NORMS, actor=None, at=AT)
    taken = runs.next_run(at=AT)
    assert taken == run
    assert taken.state == Run.State.RUNNING
    assert runs.next_run(at=AT) is None


def test_a_waiting_run_is_cancelled_at_once(network: Network, people: People) -> None:
    run = actions.start_run(network, NORMS, actor=people.planner, at=AT)
    assert actions.cancel_run(run, actor=people.planner, at=AT).state == Run.State.CANCELLED
    with pytest.raises(RunEnded):
        actions.cancel_run(run, actor=people.planner, at=AT)


def test_a_running_run_stops_at_its_next_sign_of_life(
    network: Network, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = actions.start_run(network, NORMS, actor=people.planner, at=AT)
    _during(monkeypatch, lambda: actions.cancel_run(run, actor=people.planner, at=AT))
    ended = planning.carry_out(run, clock=lambda: AT)
    assert (ended.state, ended.plan) == (Run.State.CANCELLED, None)
    assert not Plan.objects.exists()


def test_a_run_whose_worker_died_fails_and_starts_again(network: Network, people: People) -> None:
    run = actions.start_run(network, NORMS, actor=people.planner, at=AT)
    runs.next_run(at=AT)
    assert runs.fail_silent_runs(at=AT + timedelta(minutes=1)) == 0
    assert runs.fail_silent_runs(at=LATER) == 1
    run.refresh_from_db()
    assert (run.state, run.error["code"]) == (Run.State.FAILED, "worker_lost")
    again = actions.restart_run(run, actor=people.planner, at=LATER)
    assert (again.state, again.norms) == (Run.State.QUEUED, run.norms)
    with pytest.raises(NotRestartable):
        actions.restart_run(again, actor=people.planner, at=LATER)


def test_asking_again_gives_up_a_run_whose_worker_died(network: Network, people: People) -> None:
    lost = actions.start_run(network, NORMS, actor=people.planner, at=AT)
    runs.next_run(at=AT)
    actions.start_run(network, NORMS, actor=people.planner, at=LATER)
    lost.refresh_from_db()
    assert lost.state == Run.State.FAILED


def test_a_worker_given_up_as_lost_stores_no_plan(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    run = actions.start_run(network, NORMS, actor=None, at=AT)
    _during(monkeypatch, lambda: runs.fail_silent_runs(at=LATER))
    ended = planning.carry_out(run, clock=lambda: AT)
    assert (ended.state, ended.plan) == (Run.State.FAILED, None)
    assert not Plan.objects.exists()


def test_a_fault_while_writing_leaves_no_half_plan(
    network: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(writing, "_store_members", fail)
    run = run_plan(network)
    assert (run.state, run.error["code"]) == (Run.State.FAILED, "internal")
    assert "disk full" in caplog.text
    assert not Plan.objects.exists()
    assert not Grid.objects.exists()


def test_a_worker_that_is_stopped_says_so(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise SystemExit(0)

    run = actions.start_run(network, NORMS, actor=None, at=AT)
    _during(monkeypatch, stop)
    with pytest.raises(SystemExit):
        planning.carry_out(run, clock=lambda: AT)
    run.refresh_from_db()
    assert (run.state, run.error["code"]) == (Run.State.FAILED, "worker_stopped")


def test_a_territory_without_buildings_is_refused_with_the_mend(db: None) -> None:
    territory = make_riverside()
    network = make_network(territory)
    territory.fabrics.all().delete()
    with pytest.raises(NotFound, match=r"Riverside has no buildings yet\. Load its city file first"):
        make_network(territory, code="second")
    run = run_plan(network)
    assert run.state == Run.State.FAILED
    assert run.error["code"] == "no_fabric"
    assert "Load its city file first" in run.error["message"]


# The inputs' hash


def test_the_same_inputs_give_the_same_hash_and_the_same_grids(network: Network) -> None:
    first, second = draw_plan(network), draw_plan(network)
    assert first.metrics["inputs_hash"] == second.metrics["inputs_hash"]
    shapes = [list(plan.grids.order_by("pk").values_list("code", "wkb")) for plan in (first, second)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    "change",
    [{"households": 61}, {"kind": "school"}, {"footprint_m2": 999.0}, {"cell": None, "wkb": None}],
    ids=["households", "kind", "footprint", "shape"],
)
def test_whatever_is_drawn_on_changes_the_hash(network: Network, change: dict[str, Any]) -> None:
    before = run_plan(network).inputs_hash
    place = Place.objects.get(key="R4C4")
    if "cell" in change:
        other = Place.objects.get(key="R4C5")
        change = {"wkb": other.wkb}
    Place.objects.filter(pk=place.pk).update(**change)
    assert run_plan(network).inputs_hash != before


def test_the_norms_and_the_plan_in_force_change_the_hash(network: Network, people: People) -> None:
    plan = draw_plan(network)
    other = draw_plan(network, Norms(exclusive_min_m2=1500.0, steps=300, seed=2))
    enforce_plan(plan, reviewer=people.reviewer)
    hashes = {plan.metrics["inputs_hash"], other.metrics["inputs_hash"], draw_plan(network).metrics["inputs_hash"]}
    assert len(hashes) == 3


def test_the_hash_is_of_what_was_drawn_not_of_what_was_queued(network: Network) -> None:
    asked = actions.start_run(network, NORMS, actor=None, at=AT)
    Place.objects.filter(key="R4C4").update(households=61)
    ended = planning.carry_out(asked, clock=lambda: AT)
    assert ended.inputs_hash == run_plan(network).inputs_hash
