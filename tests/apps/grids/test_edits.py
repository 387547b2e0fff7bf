"""Hand edits: a move keeps every rule but the range, and taking moves back restores the plan to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import shapely
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories import (
    AT,
    STEP_X,
    STEP_Y,
    People,
    draw_plan,
    enforce_plan,
    lonlat,
    make_network,
    make_people,
    make_riverside,
)

from quanyu.apps.audit.models import Entry
from quanyu.apps.grids import actions, edits
from quanyu.apps.grids.models import Grid, Membership, Plan
from quanyu.apps.territory.models import Place
from quanyu.errors import Conflict, NotFound, NotPermitted


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def plan(people: People) -> Plan:
    return draw_plan(make_network(make_riverside()), actor=people.planner)


def _state(plan: Plan) -> dict[str, Any]:
    """Everything a plan consists of."""
    skip = {"id", "plan_id"}
    grids = [{k: _plain(v) for k, v in row.items() if k not in skip} for row in plan.grids.order_by("pk").values()]
    members = list(
        Membership.objects.filter(grid__plan=plan)
        .order_by("place_id", "part")
        .values_list("place_id", "part", "parts", "households", "grid__code")
    )
    return {"grids": grids, "members": members, "metrics": Plan.objects.get(pk=plan.pk).metrics}


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _allowed(plan: Plan, start: int = 0) -> Iterator[tuple[Place, edits.MoveCheck]]:
    """Give the moves that are not refused, beginning with those of the place at ``start``."""
    places = list(Place.objects.order_by("pk"))
    for index in range(len(places)):
        place = places[(start + index) % len(places)]
        yield from ((place, move) for move in edits.possible_moves(plan, place) if not move.refusal)


def _place(key: str) -> Place:
    return Place.objects.get(key=key)


def _code_of(plan: Plan, key: str, part: int = 1) -> str:
    return Membership.objects.get(grid__plan=plan, place__key=key, part=part).grid.code


def _recount(plan: Plan) -> None:
    """Count every grid anew, from the places themselves and from its polygon."""
    for grid in plan.grids.all():
        members = list(grid.memberships.select_related("place"))
        assert grid.households == sum(member.households for member in members)
        assert grid.places == len({member.place_id for member in members})
        assert len({member.place.division_id for member in members}) == 1
        cells = [shapely.from_wkb(bytes(m.cell if m.cell is not None else m.place.cell)) for m in members]
        assert grid.geometry is not None
        assert shapely.symmetric_difference(grid.geometry, shapely.union_all(cells)).area < 1e-12
        if grid.kind == Grid.Kind.BASIC:
            assert grid.in_range == (300 <= grid.households <= 500)
            assert bool(grid.reasons) != grid.in_range
    basic = plan.grids.filter(kind=Grid.Kind.BASIC)
    metrics = Plan.objects.get(pk=plan.pk).metrics
    assert metrics["basic_in_range"] == basic.filter(in_range=True).count()
    assert metrics["borders_kept"]
    assert metrics["barriers_kept"]


def test_a_place_is_found_by_a_point_in_its_cell(plan: Plan) -> None:
    # A step east of the middle of row 4, column 3, still inside its cell.
    place = edits.place_at(plan, *lonlat(3.5 * STEP_X + 25, 4.5 * STEP_Y + 20))
    assert place is not None
    assert place.key == "R4C3"


def test_a_point_beyond_the_territory_is_in_no_place(plan: Plan) -> None:
    assert edits.place_at(plan, *lonlat(-50, 100)) is None


def test_a_move_changes_both_grids_and_is_recorded(plan: Plan, people: People) -> None:
    place, move = next((p, m) for p, m in _allowed(plan) if m.source_in_range and m.target_in_range and m.households)
    edit = edits.move_place(plan, place, to=move.to_code, actor=people.planner, at=AT)
    assert _code_of(plan, place.key) == move.to_code
    assert plan.grids.get(code=move.from_code).households == move.source_households
    assert plan.grids.get(code=move.to_code).households == move.target_households
    entry = Entry.objects.get(verb="plan.edited")
    assert entry.actor == people.planner
    assert (entry.before["grid"], entry.after["grid"]) == (move.from_code, move.to_code)
    assert (edit.number, edit.undone_at) == (1, None)
    _recount(plan)


def test_a_range_broken_by_hand_is_allowed_and_marked(plan: Plan, people: People) -> None:
    place, move = next((p, m) for p, m in _allowed(plan) if not m.target_in_range)
    edit = edits.move_place(plan, place, to=move.to_code, actor=people.planner, at=AT)
    grid = plan.grids.get(code=move.to_code)
    assert not grid.in_range
    by = move.target_households - 500
    assert grid.reasons == [{"rule": "by_hand", "by": by, "proven": False, "mends": [["undo", edit.number]]}]
    assert Plan.objects.get(pk=plan.pk).metrics["rules_broken"]["by_hand"] == 1


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_any_moves_taken_back_restore_the_plan_to_the_bit(plan: Plan, people: People, choices: list[int]) -> None:
    before = _state(plan)
    for choice in choices:
        place, move = next(_allowed(plan, choice))
        edits.move_place(plan, place, to=move.to_code, part=move.part, actor=people.planner, at=AT)
        _recount(plan)
    for _ in choices:
        edits.undo(plan, actor=people.planner, at=AT)
    assert _state(plan) == before


def test_undo_takes_back_the_last_edit_that_stands(plan: Plan, people: People) -> None:
    for _ in range(2):
        place, move = next(_allowed(plan))
        edits.move_place(plan, place, to=move.to_code, part=move.part, actor=people.planner, at=AT)
    assert [edits.undo(plan, actor=people.planner, at=AT).number for _ in range(2)] == [2, 1]
    with pytest.raises(Conflict, match="no edit to take back"):
        edits.undo(plan, actor=people.planner, at=AT)
    assert [edit.undone_by for edit in edits.history(plan)] == [people.planner, people.planner]


def test_a_place_cannot_go_to_a_grid_it_does_not_touch(plan: Plan, people: People) -> None:
    far = _code_of(plan, "R9C5")
    with pytest.raises(edits.NotBeside, match=f"does not touch grid {far}"):
        edits.move_place(plan, _place("R0C0"), to=far, actor=people.planner, at=AT)


def test_a_place_cannot_cross_the_border_of_a_community(plan: Plan, people: People) -> None:
    with pytest.raises(edits.OverBorder):
        edits.move_place(plan, _place("R0C5"), to=_code_of(plan, "R0C6"), actor=people.planner, at=AT)


def test_a_place_cannot_cross_the_river(plan: Plan, people: People) -> None:
    with pytest.raises(edits.OverBarrier):
        edits.move_place(plan, _place("R6C0"), to=_code_of(plan, "R7C0"), actor=people.planner, at=AT)


def _shrink(plan: Plan, people: People, until: str) -> tuple[Place, edits.MoveCheck]:
    """Move places out of one grid after another until a move is refused for a reason; return that move."""
    for grid in plan.grids.filter(kind=Grid.Kind.BASIC, places__gte=6).order_by("code"):
        for _ in range(grid.places):
            moves = [
                (member.place, move)
                for member in grid.memberships.select_related("place").order_by("place_id")
                for move in edits.possible_moves(plan, member.place)
                if move.from_code == grid.code
            ]
            refused = next(((place, move) for place, move in moves if until in move.refusal), None)
            if refused is not None:
                return refused
            free = next(((place, move) for place, move in moves if not move.refusal), None)
            if free is None:
                break
            edits.move_place(plan, free[0], to=free[1].to_code, part=free[1].part, actor=people.planner, at=AT)
    pytest.fail(f"no move was refused because: {until}")


def test_a_move_that_parts_a_grid_is_refused(plan: Plan, people: People) -> None:
    place, move = _shrink(plan, people, "fall into pieces")
    rest = plan.grids.get(code=move.from_code).memberships.exclude(place=place).select_related("place")
    cells = [shapely.from_wkb(bytes(m.cell if m.cell is not None else m.place.cell)) for m in rest]
    assert shapely.buffer(shapely.union_all(cells), -1e-7).geom_type == "MultiPolygon"
    with pytest.raises(edits.PartsGrid):
        edits.move_place(plan, place, to=move.to_code, part=move.part, actor=people.planner, at=AT)


def test_a_grid_is_never_emptied(plan: Plan, people: People) -> None:
    alone = plan.grids.filter(places=1, kind=Grid.Kind.BASIC).first()
    assert alone is not None
    member = alone.memberships.select_related("place").get()
    move = next(m for m in edits.possible_moves(plan, member.place) if m.part == member.part)
    with pytest.raises(edits.EmptiesGrid):
        edits.move_place(plan, member.place, part=member.part, to=move.to_code, actor=people.planner, at=AT)


def test_an_exclusive_grid_takes_only_its_kind_and_keeps_its_size(plan: Plan, people: People) -> None:
    market = _code_of(plan, "R2C10")
    with pytest.raises(edits.NotExclusive):
        edits.move_place(plan, _place("R2C9"), to=market, actor=people.planner, at=AT)
    with pytest.raises(edits.BelowSite, match="1500 m²"):
        edits.move_place(plan, _place("R2C10"), to=_code_of(plan, "R2C9"), actor=people.planner, at=AT)


def test_the_parts_of_a_divided_building_are_checked_one_by_one(plan: Plan) -> None:
    moves = edits.possible_moves(plan, _place("R2C2"))
    assert {move.part for move in moves} == {1, 2, 3}
    assert {move.households for move in moves} == {366, 367}
    assert all(_code_of(plan, "R2C2", move.part) == move.from_code for move in moves)


def test_a_grid_cannot_lose_most_of_the_extent_its_code_stands_for(plan: Plan, people: People) -> None:
    enforce_plan(plan, reviewer=people.reviewer)
    redrawn = draw_plan(plan.network, actor=people.planner)
    kept = set(plan.grids.values_list("code", flat=True))
    assert set(redrawn.grids.values_list("code", flat=True)) == kept
    place, move = _shrink(redrawn, people, "no more than half")
    assert move.source_households <= plan.grids.get(code=move.from_code).households / 2
    with pytest.raises(edits.LosesCode):
        edits.move_place(redrawn, place, to=move.to_code, part=move.part, actor=people.planner, at=AT)


def test_an_edit_takes_the_review_back(plan: Plan, people: People) -> None:
    actions.review(plan, actor=people.reviewer, at=AT)
    place, move = next(_allowed(plan))
    edits.move_place(plan, place, to=move.to_code, part=move.part, actor=people.planner, at=AT)
    plan.refresh_from_db()
    assert (plan.status, plan.reviewed_by) == (Plan.Status.DRAFT, None)


def test_a_plan_in_force_cannot_be_edited(plan: Plan, people: People) -> None:
    place, move = next(_allowed(plan))
    enforce_plan(plan, reviewer=people.reviewer)
    with pytest.raises(edits.Fixed):
        edits.move_place(plan, place, to=move.to_code, actor=people.planner, at=AT)
    with pytest.raises(edits.Fixed):
        edits.undo(plan, actor=people.planner, at=AT)


def test_only_planners_edit(plan: Plan, people: People) -> None:
    place, move = next(_allowed(plan))
    for person in (people.reviewer, people.stranger):
        with pytest.raises(NotPermitted):
            edits.move_place(plan, place, to=move.to_code, actor=person, at=AT)


def test_an_unknown_grid_or_part_is_not_found(plan: Plan, people: People) -> None:
    with pytest.raises(NotFound):
        edits.move_place(plan, _place("R0C0"), to="999", actor=people.planner, at=AT)
    with pytest.raises(NotFound):
        edits.move_place(plan, _place("R0C0"), part=2, to=_code_of(plan, "R9C0"), actor=people.planner, at=AT)
