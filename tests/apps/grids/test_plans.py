"""Plans: reviewed by another, in force from a day, fixed from then on, one for each network and day."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils.translation import override
from tests.factories import (
    AT,
    NORMS,
    TODAY,
    People,
    draw_plan,
    enforce_plan,
    make_network,
    make_people,
    make_riverside,
)

from quanyu.apps.audit.models import Entry
from quanyu.apps.grids import actions, edits, integrity, queries
from quanyu.apps.grids.models import REMARK_LENGTH, CodeUse, Grid, Membership, Network, Plan, Succession
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.refusals import DayTaken, Fixed, NoRemark, OldFabric, OwnWork, PastDay, StalePlan, UnknownCode
from quanyu.apps.territory.fabric import make_fabric
from quanyu.apps.territory.models import Place
from quanyu.errors import IllegalTransition, NotPermitted

TOMORROW = TODAY + timedelta(days=1)
OTHER_NORMS = Norms(lower=350, upper=600, exclusive_min_m2=1500.0, steps=300, seed=5)


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def network(db: None) -> Network:
    return make_network(make_riverside())


def _members(plan: Plan) -> dict[tuple[int, int], tuple[str, int]]:
    rows = Membership.objects.filter(grid__plan=plan).values_list("place_id", "part", "grid__code", "households")
    return {(place, part): (code, households) for place, part, code, households in rows}


# Lifecycle


def test_a_plan_is_sent_back_with_a_remark_and_passes_once_it_is_mended(network: Network, people: People) -> None:
    plan = draw_plan(network, actor=people.planner)
    sent = actions.send_back(plan, " Grid 3 lies on both sides of the market. ", actor=people.reviewer, at=AT)
    assert (sent.status, sent.remark) == (Plan.Status.DRAFT, "Grid 3 lies on both sides of the market.")
    entry = Entry.objects.get(verb="plan.sent_back", subject_id=str(plan.pk))
    assert (entry.actor, entry.after) == (people.reviewer, {"remark": "Grid 3 lies on both sides of the market."})
    asked = actions.ask_review(plan, actor=people.planner, at=AT)
    assert (asked.status, asked.remark) == (Plan.Status.DRAFT, None)
    assert actions.review(plan, actor=people.reviewer, at=AT).status == Plan.Status.REVIEWED
    verbs = Entry.objects.filter(subject_type="grids.plan", subject_id=str(plan.pk)).order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "plan.drawn", "plan.sent_back", "plan.review_asked", "plan.reviewed"
    ]  # fmt: skip


def test_a_review_that_passes_leaves_no_remark(network: Network, people: People) -> None:
    plan = draw_plan(network, actor=people.planner)
    actions.send_back(plan, "The market is cut.", actor=people.reviewer, at=AT)
    reviewed = actions.review(plan, actor=people.reviewer, at=AT)
    assert (reviewed.status, reviewed.remark) == (Plan.Status.REVIEWED, None)


def test_a_review_is_asked_for_again_by_a_planner_and_only_of_what_was_sent_back(
    network: Network, people: People
) -> None:
    plan = draw_plan(network, actor=people.planner)
    actions.ask_review(plan, actor=people.planner, at=AT)
    assert not Entry.objects.filter(verb="plan.review_asked").exists()
    actions.send_back(plan, "The market is cut.", actor=people.reviewer, at=AT)
    with pytest.raises(NotPermitted):
        actions.ask_review(plan, actor=people.reviewer, at=AT)


def test_a_remark_may_have_lines_as_browsers_send_them(network: Network, people: People) -> None:
    plan = draw_plan(network, actor=people.planner)
    lines = "\r\n".join(["x" * 99] * 10)
    assert len(lines) > REMARK_LENGTH >= len(lines) - 9
    sent = actions.send_back(plan, lines + "\0", actor=people.reviewer, at=AT)
    assert sent.remark == lines.replace("\r", "")


def test_sending_back_takes_a_review_back(network: Network, people: People) -> None:
    plan = draw_plan(network, actor=people.planner)
    actions.review(plan, actor=people.reviewer, at=AT)
    sent = actions.send_back(plan, "Wait for the census.", actor=people.reviewer, at=AT)
    assert (sent.status, sent.reviewed_by, sent.reviewed_at) == (Plan.Status.DRAFT, None, None)
    with pytest.raises(IllegalTransition):
        actions.enforce(plan, day=TODAY, actor=people.planner, at=AT)


def test_sending_back_is_refused_without_a_word_or_a_second_person_or_once_in_force(
    network: Network, people: People
) -> None:
    plan = draw_plan(network, actor=people.administrator)
    for remark in ("", "  ", "x" * (REMARK_LENGTH + 1)):
        with pytest.raises(NoRemark):
            actions.send_back(plan, remark, actor=people.reviewer, at=AT)
    with pytest.raises(OwnWork):
        actions.send_back(plan, "no", actor=people.administrator, at=AT)
    with pytest.raises(NotPermitted):
        actions.send_back(plan, "no", actor=people.planner, at=AT)
    enforce_plan(plan, reviewer=people.reviewer)
    with pytest.raises(IllegalTransition):
        actions.send_back(plan, "no", actor=people.reviewer, at=AT)
    assert not Entry.objects.filter(verb="plan.sent_back").exists()


def test_who_drew_a_plan_does_not_review_it(network: Network, people: People) -> None:
    plan = draw_plan(network, actor=people.administrator)
    with pytest.raises(OwnWork):
        actions.review(plan, actor=people.administrator, at=AT)
    assert actions.review(plan, actor=people.reviewer, at=AT).status == Plan.Status.REVIEWED


def test_who_edited_a_plan_does_not_review_it(network: Network, people: People) -> None:
    plan = draw_plan(network, actor=people.planner)
    place, move = next(
        (place, move)
        for place in Place.objects.order_by("pk")
        for move in edits.possible_moves(plan, place)
        if not move.refusal
    )
    edits.move_place(plan, place, to=move.to_code, part=move.part, actor=people.administrator, at=AT)
    with pytest.raises(OwnWork):
        actions.review(plan, actor=people.administrator, at=AT)
    edits.undo(plan, actor=people.planner, at=AT)
    actions.review(plan, actor=people.administrator, at=AT)


def test_a_draft_does_not_take_force_unread(network: Network, people: People) -> None:
    draft = draw_plan(network)
    with (
        override("en"),
        pytest.raises(IllegalTransition, match=r"is draft and cannot become put in force;.*: reviewed"),
    ):
        actions.enforce(draft, day=TODAY, actor=people.planner, at=AT)


@pytest.mark.parametrize("role", ["reviewer", "stranger"])
def test_only_planners_put_in_force(network: Network, people: People, role: str) -> None:
    plan = draw_plan(network, actor=people.planner)
    actions.review(plan, actor=people.reviewer, at=AT)
    with pytest.raises(NotPermitted):
        actions.enforce(plan, day=TODAY, actor=getattr(people, role), at=AT)


def test_a_plan_takes_force_today_or_later_by_the_local_calendar(network: Network, people: People) -> None:
    plan = draw_plan(network, actor=people.planner)
    actions.review(plan, actor=people.reviewer, at=AT)
    # 20:00 in London is 04:00 of the next day in Jinan.
    late = datetime(2026, 6, 1, 20, 0, tzinfo=UTC)
    with pytest.raises(PastDay, match=r"2026-06-01 is past\. A plan takes force today \(2026-06-02\)"):
        actions.enforce(plan, day=late.date(), actor=people.planner, at=late)


def test_a_plan_in_force_is_refused_every_verb(network: Network, people: People) -> None:
    plan = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    with pytest.raises(IllegalTransition):
        actions.review(plan, actor=people.reviewer, at=AT)
    with pytest.raises(Fixed):
        actions.discard_plan(plan, actor=people.planner, at=AT)


def test_a_discarded_draft_leaves_its_run_and_the_trail(network: Network, people: People) -> None:
    plan = draw_plan(network, actor=people.planner)
    run = plan.run
    actions.discard_plan(plan, actor=people.planner, at=AT)
    run.refresh_from_db()
    assert run.plan is None
    assert not Plan.objects.exists()
    assert Entry.objects.filter(verb="plan.discarded", actor=people.planner).count() == 1


# Days


def test_a_plan_from_tomorrow_leaves_today_to_the_present_one(network: Network, people: People) -> None:
    first = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    second = enforce_plan(draw_plan(network, OTHER_NORMS), reviewer=people.reviewer, day=TOMORROW)
    first.refresh_from_db()
    days = [TODAY - timedelta(days=1), TODAY, TOMORROW, TODAY + timedelta(days=400)]
    assert [queries.plan_in_force(network, on=day) for day in days] == [None, first, second, second]
    standing = Plan.Standing
    assert [first.standing(on=day) for day in days] == [
        standing.COMING, standing.IN_FORCE, standing.SUPERSEDED, standing.SUPERSEDED,
    ]  # fmt: skip
    assert [second.standing(on=day) for day in days[1:3]] == [standing.COMING, standing.IN_FORCE]


def test_points_and_codes_are_answered_for_the_day_asked(network: Network, people: People) -> None:
    first = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    second = enforce_plan(draw_plan(network, OTHER_NORMS), reviewer=people.reviewer, day=TOMORROW)
    grid = first.grids.filter(kind=Grid.Kind.BASIC).latest("households")
    point = (grid.label_lon, grid.label_lat)
    assert queries.locate(*point, on=TODAY) == [grid]
    assert [each.plan for each in queries.locate(*point, on=TOMORROW)] == [second]
    assert queries.locate(*point, on=TODAY - timedelta(days=1)) == []
    codes = queries.locate_many(network, [point[0]], [point[1]], on=TODAY)
    assert codes == [grid.code]


def test_the_next_plan_begins_after_the_present_one(network: Network, people: People) -> None:
    enforce_plan(draw_plan(network), reviewer=people.reviewer, day=TOMORROW)
    plan = draw_plan(network)
    actions.review(plan, actor=people.reviewer, at=AT)
    with pytest.raises(DayTaken, match=f"takes force on {TOMORROW}. Choose a later day"):
        actions.enforce(plan, day=TOMORROW, actor=people.planner, at=AT)


def test_a_plan_drawn_against_another_than_the_present_one_is_stale(network: Network, people: People) -> None:
    old, new = draw_plan(network), draw_plan(network)
    actions.review(old, actor=people.reviewer, at=AT)
    enforce_plan(new, reviewer=people.reviewer)
    with pytest.raises(StalePlan, match=r"was drawn against —, but Riverside.* is in force"):
        actions.enforce(old, day=TOMORROW, actor=people.planner, at=AT)


def test_a_plan_of_buildings_since_loaded_anew_is_refused(network: Network, people: People) -> None:
    plan = draw_plan(network)
    actions.review(plan, actor=people.reviewer, at=AT)
    network.territory.barriers.all().delete()
    make_fabric(network.territory, at=AT)
    with pytest.raises(OldFabric, match=r"loaded anew after Riverside.* was drawn"):
        actions.enforce(plan, day=TODAY, actor=people.planner, at=AT)
    with pytest.raises(OldFabric):
        edits.possible_moves(plan, Place.objects.earliest("pk"))


# What is fixed


def _attempts(plan: Plan) -> dict[str, Any]:
    grid = plan.grids.earliest("pk")
    member = grid.memberships.earliest("pk")
    other = plan.grids.latest("pk")
    return {
        "a grid's households": lambda: Grid.objects.filter(pk=grid.pk).update(households=1),
        "a grid": lambda: Grid.objects.filter(pk=grid.pk)._raw_delete("default"),
        "another grid": lambda: Grid.objects.create(
            plan=plan, code="X", kind="basic", division=grid.division, households=0, places=0, area_m2=1,
            perimeter_m=1, compactness=1, in_range=True, label_lon=0, label_lat=0,
        ),
        "a place's grid": lambda: Membership.objects.filter(pk=member.pk).update(grid=other),
        "a place": lambda: Membership.objects.filter(pk=member.pk).delete(),
        "another place": lambda: Membership.objects.create(
            grid=other, place=member.place, part=member.part, parts=member.parts, households=0
        ),
        "the norms": lambda: Plan.objects.filter(pk=plan.pk).update(norms={}),
        "the figures": lambda: Plan.objects.filter(pk=plan.pk).update(metrics={}),
        "the first day": lambda: Plan.objects.filter(pk=plan.pk).update(in_force_from=TOMORROW),
        "the state": lambda: Plan.objects.filter(pk=plan.pk).update(status="draft", in_force_from=None),
        "the plan": lambda: Plan.objects.filter(pk=plan.pk)._raw_delete("default"),
        "a code": lambda: CodeUse.objects.filter(code=grid.code)._raw_delete("default"),
        "a code's name": lambda: CodeUse.objects.filter(code=grid.code).update(code="X"),
    }  # fmt: skip


def test_the_database_keeps_what_is_in_force(network: Network, people: People) -> None:
    plan = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    let = []
    for what, attempt in _attempts(plan).items():
        try:
            with transaction.atomic():
                attempt()
        except DatabaseError as refusal:
            assert "cannot be changed" in str(refusal) or "never forgotten" in str(refusal)  # noqa: PT017 one of many
        else:
            let.append(what)
    assert let == []


def test_the_last_day_of_a_plan_is_written_once(network: Network, people: People) -> None:
    first = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    enforce_plan(draw_plan(network, OTHER_NORMS), reviewer=people.reviewer, day=TODAY + timedelta(days=5))
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        Plan.objects.filter(pk=first.pk).update(in_force_to=TOMORROW)


def test_the_database_refuses_two_plans_on_one_day(network: Network, people: People) -> None:
    first = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    enforce_plan(draw_plan(network, OTHER_NORMS), reviewer=people.reviewer, day=TOMORROW)
    first.refresh_from_db()
    clash = {"network": network, "fabric": first.fabric, "norms": {}, "made_at": AT, "status": "in_force"}
    for number, (begin, end) in enumerate([(-5, 1), (-5, None), (0, 1), (1, 2), (30, 31)], start=10):
        days = {"in_force_from": TODAY + timedelta(days=begin)}
        days |= {"in_force_to": TODAY + timedelta(days=end)} if end is not None else {}
        with pytest.raises(DatabaseError), transaction.atomic():
            Plan.objects.create(number=number, **clash, **days)
    Plan.objects.create(
        number=99, **clash, in_force_from=TODAY - timedelta(days=9), in_force_to=TODAY - timedelta(days=1)
    )


# Impact and codes


def test_the_preview_of_a_plan_equals_the_state_afterwards(network: Network, people: People) -> None:
    first = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    plan = draw_plan(network, OTHER_NORMS, actor=people.planner)
    preview = queries.impact(plan, against=queries.last_plan(network))
    enforce_plan(plan, reviewer=people.reviewer, day=TOMORROW)

    before, after = _members(first), _members(plan)
    moves: defaultdict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, set()])
    for (place, part), (code, households) in after.items():
        # The tower has three parts before and two after: it is counted by thirds below.
        if (place, part) in before and households == before[place, part][1]:
            moves[before[place, part][0], code][0] += households
            moves[before[place, part][0], code][1].add(place)
    tower = Place.objects.get(key="R2C2").pk
    old_tower = [before[tower, part][0] for part in (1, 2, 3)]
    new_tower = [after[tower, part][0] for part in (1, 2)]
    assert {households for (place, _), (_, households) in after.items() if place == tower} == {550}
    # A new half holds one old third and half of the middle one: 2/3 and 1/3 of 550, whole numbers in the old order.
    shares = [(old_tower[0], new_tower[0], 366), (old_tower[1], new_tower[0], 184)]
    shares += [(old_tower[1], new_tower[1], 183), (old_tower[2], new_tower[1], 367)]
    for old, new, households in shares:
        moves[old, new][0] += households
        moves[old, new][1].add(tower)
    expected = {codes: (households, len(places)) for codes, (households, places) in moves.items()}
    assert {(row.old, row.new): (row.households, row.places) for row in preview.rows} == expected
    stored = Succession.objects.filter(plan=plan).values_list("from_code", "to_code", "households", "places")
    assert {(old, new): (households, places) for old, new, households, places in stored} == expected

    old_codes, new_codes = ({code for code, _ in members.values()} for members in (before, after))
    assert preview.codes_kept == sorted(old_codes & new_codes)
    assert preview.codes_new == sorted(new_codes - old_codes)
    assert preview.codes_ended == sorted(old_codes - new_codes)
    assert preview.households_total == sum(households for _, households in after.values())
    assert preview.households_moved == sum(n for (old, new), (n, _) in expected.items() if old != new)
    assert plan.metrics["moved_households"] == preview.households_moved
    assert set(CodeUse.objects.values_list("code", flat=True)) == old_codes | new_codes


def test_the_same_drawing_keeps_every_code_and_moves_nobody(network: Network, people: People) -> None:
    enforce_plan(draw_plan(network), reviewer=people.reviewer)
    again = draw_plan(network)
    result = queries.impact(again, against=queries.last_plan(network))
    assert (result.households_moved, result.codes_new, result.codes_ended) == (0, [], [])


def test_a_code_that_ended_never_comes_back(network: Network, people: People) -> None:
    seen: set[str] = set()
    before: set[str] = set()
    for step, norms in enumerate([NORMS, OTHER_NORMS, NORMS, OTHER_NORMS]):
        plan = enforce_plan(draw_plan(network, norms), reviewer=people.reviewer, day=TODAY + timedelta(days=step))
        codes = set(plan.grids.values_list("code", flat=True))
        assert not (codes - before) & seen
        seen, before = seen | codes, codes
    assert integrity.faults() == []


def test_an_ended_code_leads_to_what_replaced_it_through_several_plans(network: Network, people: People) -> None:
    first = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    chain = [OTHER_NORMS, NORMS, Norms(lower=200, upper=320, exclusive_min_m2=1500.0, steps=300, seed=2)]
    for step, norms in enumerate(chain, start=1):
        last = enforce_plan(draw_plan(network, norms), reviewer=people.reviewer, day=TODAY + timedelta(days=step))
    now = TODAY + timedelta(days=len(chain))
    ended = set(first.grids.values_list("code", flat=True)) - set(last.grids.values_list("code", flat=True))
    places = _members(last)
    assert ended
    for code in ended:
        answer = queries.resolve_code(network, code, on=now)
        assert isinstance(answer, list)
        members = first.grids.get(code=code).memberships.filter(parts=1).values_list("place_id", flat=True)
        direct = {places[place, 1][0] for place in members}
        assert direct <= {each.to_code for each in answer}
        assert isinstance(queries.resolve_code(network, code, on=TODAY), Grid)
    assert queries.resolve_code(network, "990101001001999", on=now) == []


def test_who_serves_goes_with_the_code(network: Network, people: People) -> None:
    first = enforce_plan(draw_plan(network), reviewer=people.reviewer)
    code = first.grids.earliest("pk").code
    staff = {"worker_name": "Sun", "duty_phone": "0531-1", "complaint_phone": "0531-2"}
    actions.set_staffing(network, code, **staff, actor=people.planner, at=AT)
    entry = Entry.objects.get(verb="grid.staffed")
    assert (entry.before["duty_phone"], entry.after["duty_phone"]) == ("", "0531-1")
    with pytest.raises(UnknownCode):
        actions.set_staffing(network, "999", **staff, actor=people.planner, at=AT)
    with pytest.raises(NotPermitted):
        actions.set_staffing(network, code, **staff, actor=people.reviewer, at=AT)
