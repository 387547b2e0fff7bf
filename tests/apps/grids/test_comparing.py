"""Comparisons: what other norms would give, as figures; no plan is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.factories import (
    AT,
    NORMS,
    People,
    draw_plan,
    enforce_plan,
    make_network,
    make_people,
    make_riverside,
    make_riverside_in_force,
    run_plan,
)

from quanyu.apps.audit.models import Entry
from quanyu.apps.grids import actions, comparing, planning, queries, runs
from quanyu.apps.grids.models import Grid, Network, Plan, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.refusals import BadSides, NothingToMove, RunPending
from quanyu.apps.territory.models import Place
from quanyu.errors import NotPermitted

COUNTS, MOVES = Run.Kind.COUNTS, Run.Kind.MOVES
# The border of the communities and the river part Riverside into so many pieces.
PIECES = 4


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def network(people: People) -> Network:
    """Riverside's network, with a plan in force that was drawn with another seed."""
    return make_riverside_in_force(people).network


def norms(**changes: object) -> Norms:
    return Norms.from_dict(NORMS.as_dict() | {"seed": 5, **changes})


def compare(network: Network, kind: Run.Kind, asked: Norms | None = None, *, sides: int | None = None) -> Run:
    """Compare as a worker would; return the ended run."""
    sides = 1 if kind == COUNTS and sides is None else sides
    run = actions.start_comparison(network, asked or norms(), kind, sides=sides, actor=None, at=AT)
    return planning.carry_out(run, clock=lambda: AT)


def points(run: Run) -> list[dict[str, Any]]:
    assert run.comparison is not None, run.error
    found: list[dict[str, Any]] = run.comparison["points"]
    return found


def test_one_grid_less_and_more_are_counted_around_what_the_norms_give(network: Network) -> None:
    free, *fixed = points(compare(network, COUNTS, sides=2))
    assert free["norms"] == {"grids": None}
    assert [each["norms"]["grids"] for each in fixed] == [free["basic"] + step for step in (-2, -1, 0, 1, 2)]
    assert [each["basic"] for each in fixed] == [each["norms"]["grids"] for each in fixed]


def test_where_the_norms_name_a_number_it_is_the_middle(network: Network) -> None:
    found = points(compare(network, COUNTS, norms(grids=11)))
    assert [each["norms"]["grids"] for each in found] == [10, 11, 12]


@pytest.mark.parametrize("kind", [COUNTS, MOVES])
@pytest.mark.parametrize("objective", ["cut_length", "polsby_popper"])
def test_who_draws_with_a_point_gets_its_very_figures(network: Network, kind: Run.Kind, objective: str) -> None:
    for point in points(compare(network, kind, norms(objective=objective)))[:3]:
        plan = draw_plan(network, norms(objective=objective, **point["norms"]))
        metrics = plan.metrics
        for name in ("basic", "basic_in_range", "range_violation", "cut_length_m", "mean_compactness"):
            assert point[name] == metrics[name], name
        assert point["moved"] == metrics["moved_households"]
        largest = plan.grids.filter(kind=Grid.Kind.BASIC).order_by("-households").values_list("households", flat=True)
        assert point["largest"] == largest[0]


def test_from_free_to_close_fewer_households_move_and_never_fewer_than_proven(network: Network) -> None:
    found = points(compare(network, MOVES, norms(lower=350, upper=600)))
    assert [each["norms"]["stability"] for each in found] == [0.0, 0.02, 0.1, 0.4, 1.0]
    assert 0 < found[-1]["moved"] < found[0]["moved"]
    assert any(each["basic_in_range"] == each["basic"] for each in found)
    for each in found:
        if each["basic_in_range"] == each["basic"]:
            assert each["moved"] >= each["least_moved"]


def test_nothing_is_proven_to_move_where_the_norms_name_a_number(network: Network) -> None:
    """A number leaves pieces in which no plan keeps the range: that such plans would move many proves nothing."""
    found = points(compare(network, MOVES, norms(lower=250, upper=400, grids=14)))
    assert all(each["least_moved"] is None for each in found)


def test_the_norms_are_drawn_again_by_other_seeds_to_tell_what_is_chance(network: Network) -> None:
    run = compare(network, COUNTS)
    assert run.comparison is not None
    again = run.comparison["again"]
    assert [each["norms"] for each in again] == [{"seed": 6}, {"seed": 7}]
    for each in again:
        metrics = draw_plan(network, norms(**each["norms"])).metrics
        assert (each["basic"], each["cut_length_m"]) == (metrics["basic"], metrics["cut_length_m"])


def test_the_norms_own_closeness_is_among_the_points(network: Network) -> None:
    found = points(compare(network, MOVES, norms(stability=0.7)))
    assert [each["norms"]["stability"] for each in found] == [0.0, 0.02, 0.1, 0.4, 0.7, 1.0]


def test_a_comparison_makes_no_plan_and_stands_in_the_trail(network: Network, people: People) -> None:
    before = Plan.objects.count()
    run = actions.start_comparison(network, norms(), COUNTS, sides=1, actor=people.planner, at=AT)
    run = planning.carry_out(run, clock=lambda: AT)
    assert (run.state, run.plan, run.progress, run.error) == (Run.State.DONE, None, 1.0, None)
    assert Plan.objects.count() == before
    entry = Entry.objects.latest("pk")
    assert (entry.verb, entry.actor) == ("comparison.asked", people.planner)
    assert (entry.after["kind"], entry.after["sides"], entry.after["norms"]) == ("counts", 1, norms().as_dict())


def test_the_inputs_of_a_comparison_have_the_hash_of_a_plan_drawn_from_them(network: Network) -> None:
    assert compare(network, COUNTS).inputs_hash == run_plan(network, norms()).inputs_hash


def test_a_number_of_grids_that_cannot_be_says_why_and_the_others_are_drawn(network: Network) -> None:
    few, fits, more = points(compare(network, COUNTS, norms(grids=PIECES)))
    assert few["error"]["code"] == "impossible_count"
    assert few["error"]["params"]["least"] == str(PIECES)
    assert "basic" not in few
    assert (fits["basic"], more["basic"]) == (PIECES, PIECES + 1)


def test_no_fewer_than_one_grid_is_asked_for(network: Network) -> None:
    found = points(compare(network, COUNTS, norms(grids=1), sides=5))
    assert [each["norms"]["grids"] for each in found] == [1, 2, 3, 4, 5, 6]


def test_without_a_plan_in_force_there_is_no_price_of_a_move(people: People) -> None:
    network = make_network(make_riverside())
    with pytest.raises(NothingToMove, match="compare numbers of grids"):
        actions.start_comparison(network, NORMS, MOVES, actor=people.planner, at=AT)
    assert all(each["moved"] is None for each in points(compare(network, COUNTS)))


def test_households_are_moved_from_todays_grids_and_not_from_the_departments(people: People, tmp_path: Any) -> None:
    from tests.factories import quarters, take_in

    territory = make_riverside()
    take_in(territory, tmp_path, "police", quarters(360.0, 200.0))
    network = make_network(territory)
    merged = norms(departments=["police"])
    assert all(each["moved"] is None for each in points(compare(network, COUNTS, merged)))
    enforce_plan(draw_plan(network, merged), reviewer=people.reviewer)
    found = points(compare(network, MOVES, merged))
    assert (
        found[-1]["moved"] == draw_plan(network, norms(departments=["police"], stability=1)).metrics["moved_households"]
    )


def test_strangers_and_reviewers_compare_nothing(network: Network, people: People) -> None:
    for person in (people.reviewer, people.stranger):
        with pytest.raises(NotPermitted):
            actions.start_comparison(network, NORMS, COUNTS, sides=2, actor=person, at=AT)


@pytest.mark.parametrize("sides", [None, 0, 6])
def test_as_many_drawings_as_nobody_waits_for_are_refused(network: Network, sides: int | None) -> None:
    with pytest.raises(BadSides, match="from 1 to 5"):
        actions.start_comparison(network, NORMS, COUNTS, sides=sides, actor=None, at=AT)


def test_a_comparison_and_a_drawing_wait_for_each_other(network: Network) -> None:
    actions.start_comparison(network, NORMS, MOVES, actor=None, at=AT)
    with pytest.raises(RunPending):
        actions.start_run(network, NORMS, actor=None, at=AT)
    taken = runs.next_run(at=AT)
    assert taken is not None
    assert taken.kind == MOVES


def _after_the_first_point(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    draw_on, drawn = comparing.draw_on, []

    def drawing(*args: Any) -> Any:
        if drawn:
            act()
        drawn.append(draw_on(*args))
        return drawn[-1]

    monkeypatch.setattr(comparing, "draw_on", drawing)


def test_a_comparison_is_cancelled_between_its_points_and_starts_again(
    network: Network, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = actions.start_comparison(network, norms(), COUNTS, sides=2, actor=people.planner, at=AT)
    with monkeypatch.context() as patch:
        _after_the_first_point(patch, lambda: Run.objects.filter(pk=run.pk).update(cancel_asked=True))
        ended = planning.carry_out(run, clock=lambda: AT)
    assert (ended.state, ended.comparison) == (Run.State.CANCELLED, None)
    again = actions.restart_run(ended, actor=people.planner, at=AT)
    assert (again.kind, again.sides, again.norms) == (COUNTS, 2, run.norms)


def test_a_comparison_given_up_as_lost_keeps_that_state(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    run = actions.start_comparison(network, norms(), COUNTS, sides=1, actor=None, at=AT)
    _after_the_first_point(monkeypatch, lambda: Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED))
    ended = planning.carry_out(run, clock=lambda: AT)
    assert (ended.state, ended.comparison) == (Run.State.FAILED, None)


def test_a_cancelled_comparison_is_told_as_one(network: Network, people: People) -> None:
    run = actions.start_comparison(network, norms(), MOVES, actor=people.planner, at=AT)
    actions.cancel_run(run, actor=people.planner, at=AT)
    assert Entry.objects.latest("pk").verb == "comparison.cancelled"


def test_its_progress_goes_over_all_points(network: Network) -> None:
    told: list[tuple[str, float]] = []
    run = actions.start_comparison(network, norms(), COUNTS, sides=1, actor=None, at=AT)
    planning.carry_out(run, clock=lambda: AT, on_progress=lambda stage, fraction, _: told.append((stage, fraction)))
    fractions = [fraction for stage, fraction in told if stage == "comparing"]
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


# Whether it still holds


@pytest.mark.parametrize("kind", [COUNTS, MOVES])
def test_a_comparison_holds_until_something_changes(network: Network, kind: Run.Kind) -> None:
    run = compare(network, kind)
    assert not queries.is_outdated(run)
    draw_plan(network, norms(**points(run)[1]["norms"]))
    draw_plan(network, norms(grids=11, upper=450))
    assert not queries.is_outdated(run), "a draft changes nothing that was compared"


@pytest.mark.parametrize("change", [{"households": 61}, {"kind": "school"}, {"footprint_m2": 999.0}], ids=str)
def test_other_ground_makes_it_old(network: Network, change: dict[str, Any]) -> None:
    run = compare(network, COUNTS)
    Place.objects.filter(key="R4C4").update(**change)
    assert queries.is_outdated(run)


def test_another_plan_in_force_makes_it_old(network: Network, people: People) -> None:
    run = compare(network, MOVES)
    later = AT.replace(day=2)
    plan = draw_plan(network, norms(), at=later)
    enforce_plan(plan, reviewer=people.reviewer, day=later.date(), at=later)
    assert queries.is_outdated(run)


def test_the_database_takes_no_comparison_with_a_plan(network: Network) -> None:
    run = compare(network, COUNTS)
    plan = Plan.objects.latest("pk")
    for change in ({"plan": plan}, {"sides": 6}, {"sides": None}, {"kind": Run.Kind.PLAN, "sides": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Run.objects.filter(pk=run.pk).update(**change)


# The number of grids as a norm


def test_a_plan_has_as_many_basic_grids_as_its_norms_name(network: Network) -> None:
    free = draw_plan(network, norms()).metrics["basic"]
    for count in (free - 1, free + 1):
        plan = draw_plan(network, norms(grids=count))
        assert plan.metrics["basic"] == plan.grids.filter(kind=Grid.Kind.BASIC).count() == count


def test_uninhabited_ground_is_not_among_the_number(network: Network) -> None:
    Place.objects.filter(division__name="West Bank", key__regex="R[789]C").update(households=0)
    plan = draw_plan(network, norms(grids=11))
    assert plan.metrics["basic"] == 11
    assert plan.metrics["uninhabited"] == 1


@pytest.mark.parametrize("count", [PIECES - 1, 10_000])
def test_a_number_of_grids_that_cannot_be_fails_the_run_with_the_numbers_that_can(network: Network, count: int) -> None:
    run = run_plan(network, norms(grids=count))
    assert (run.state, run.plan) == (Run.State.FAILED, None)
    assert run.error["code"] == "impossible_count"
    assert f"Ask for {PIECES} to " in run.error["message"]
