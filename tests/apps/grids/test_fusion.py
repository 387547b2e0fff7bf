"""Departments' grids are taken in, compared, merged by a proposal, and counted community by community."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.factories import (
    AT,
    NORMS,
    STEP_X,
    STEP_Y,
    TODAY,
    People,
    department_file,
    draw_plan,
    make_network,
    make_people,
    make_riverside,
    quarters,
    take_in,
)

from quanyu.apps.audit.models import Entry
from quanyu.apps.grids import actions, fusion
from quanyu.apps.grids.models import Acceptance, Plan
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.refusals import NoCommunity, NotFused
from quanyu.apps.territory.departments import DepartmentGrid, DepartmentNetwork, ServiceItem
from quanyu.apps.territory.loading import faults, uploads
from quanyu.apps.territory.loading.departments import (
    StatedNetwork,
    check_items,
    check_network,
    load_items,
    load_network,
)
from quanyu.apps.territory.models import Division
from quanyu.errors import NotPermitted

pytestmark = pytest.mark.django_db
WIDTH, HEIGHT = 12 * STEP_X, 10 * STEP_Y


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def riverside() -> Division:
    return make_riverside()


@pytest.fixture
def two(riverside: Division, tmp_path: Path) -> Division:
    """Riverside with the grids of two departments that split it at different heights."""
    take_in(riverside, tmp_path, "police", quarters(WIDTH / 2, 200))
    take_in(riverside, tmp_path, "street", quarters(WIDTH / 2, 300))
    return riverside


def test_a_departments_grids_are_kept_with_their_codes(riverside: Division, tmp_path: Path) -> None:
    load = take_in(riverside, tmp_path, "police", quarters(360, 200))
    assert (load.counts, load.findings) == ({"grids": 4}, [])
    network = DepartmentNetwork.objects.get(territory=riverside, code="police")
    assert list(network.grids.values_list("code", flat=True)) == ["G1", "G2", "G3", "G4"]
    assert Entry.objects.filter(verb="department_network.loaded").count() == 1
    again = take_in(riverside, tmp_path, "police", quarters(360, 200))
    assert again.is_repeat
    take_in(riverside, tmp_path, "police", quarters(360, 250)[:2])
    assert network.grids.count() == 2


def test_looking_at_a_file_changes_nothing_and_tells_overlaps_and_gaps(riverside: Division, tmp_path: Path) -> None:
    boxes = [(0, 0, 110, 200), (100, 0, 200, 90), (100, 110, 200, 200), (190, 0, 300, 200)]
    report = check_network(department_file(tmp_path / "a.geojson", boxes), StatedNetwork(riverside, "a", "A", "WGS84"))
    kinds = {each["kind"]: each for each in report.findings}
    assert kinds["grids_overlap"]["area_m2"] == pytest.approx(10 * 180 * 2, rel=1e-3)
    assert kinds["grids_gap"]["area_m2"] == pytest.approx(20 * 80, rel=1e-3)
    assert not DepartmentGrid.objects.exists()


def test_every_bad_code_of_a_file_is_told(riverside: Division, tmp_path: Path) -> None:
    path = department_file(tmp_path / "a.geojson", quarters(100, 100), ["G1", "", "G1", "x" * 70])
    with pytest.raises(faults.FaultyFile) as refused:
        check_network(path, StatedNetwork(riverside, "a", "A", "WGS84"))
    assert [error.code for error in refused.value.faults] == ["empty_cell", "repeated_key", "long_cell"]
    with pytest.raises(faults.IncompleteOptions):
        check_network(path, StatedNetwork(riverside, "A b", "A", "WGS84"))


def test_a_page_takes_a_departments_file_in_when_it_is_confirmed(
    riverside: Division, people: People, tmp_path: Path, settings: Settings
) -> None:
    settings.HOME = tmp_path / "home"
    path = department_file(tmp_path / "police.geojson", quarters(360, 200))
    stated = uploads.Stated(kind="network", territory=riverside.code, code="police", name="Police", coordinates="WGS84")
    raw = path.read_bytes()
    record = uploads.keep(path.name, len(raw), [raw], stated, actor=people.planner, at=AT)
    assert not DepartmentNetwork.objects.exists()
    uploads.confirm(record, actor=people.planner, at=AT)
    assert DepartmentNetwork.objects.get().name == "Police"
    with pytest.raises(NotPermitted):
        load_network(path, StatedNetwork(riverside, "x", "X", "WGS84"), actor=people.stranger, at=AT)


def test_items_claimed_twice_and_by_nobody_are_conflicts(riverside: Division, tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text(
        "事项编码,事项名称,部门\n1,lamps,street\n2,noise,police、street\n3,lifts,\n4,fires,police\n4,fires,street\n",
        encoding="gb18030",
    )
    assert check_items(path, riverside).counts == {"items": 4, "items_claimed_twice": 2, "items_of_nobody": 1}
    assert not ServiceItem.objects.exists()
    load_items(path, riverside, actor=None, at=AT)
    twice, nobody = fusion.conflicts(riverside)
    assert [(item.code, item.departments) for item in twice] == [
        ("2", ["police", "street"]),
        ("4", ["police", "street"]),
    ]
    assert [item.name for item in nobody] == ["lifts"]
    assert load_items(path, riverside, actor=None, at=AT).is_repeat
    path.write_text("code,name,department\n,lamps,street\n", encoding="utf-8")
    with pytest.raises(faults.EmptyCell, match="row 2: column code is empty"):
        load_items(path, riverside, actor=None, at=AT)


def test_the_overlay_counts_households_of_every_piece(two: Division) -> None:
    made = fusion.fused(two)
    assert [network.code for network in made.networks] == ["police", "street"]
    assert [each.name for each in made.communities] == ["West Bank", "East Bank"]
    households = made.pieces.households
    assert households is not None
    assert households.sum() == sum(two.places.values_list("households", flat=True))
    [(_, _, agreement)] = made.agreements()
    walk = made.crosswalk(0, 1)
    assert {(made.codes[0][a], made.codes[1][b]) for a, b in walk.pairs.tolist() if min(a, b) >= 0} == {
        ("G1", "G1"), ("G2", "G2"), ("G3", "G1"), ("G4", "G2"), ("G3", "G3"), ("G4", "G4"),
    }  # fmt: skip
    assert 0.5 < agreement.matched < 1.0
    assert made.shared() == {each.pk: False for each in made.communities}


def test_communities_that_departments_part_alike_share_one_border(riverside: Division, tmp_path: Path) -> None:
    west, east = (0, 0, WIDTH / 2, HEIGHT), (WIDTH / 2, 0, WIDTH, HEIGHT)
    halves = [(WIDTH / 2, 0, WIDTH, 100), (WIDTH / 2, 100, WIDTH, HEIGHT)]
    take_in(riverside, tmp_path, "police", [west, east])
    # The same border, digitized again 20 cm aside.
    take_in(riverside, tmp_path, "street", [(0, 0, WIDTH / 2 - 0.2, HEIGHT), (WIDTH / 2 - 0.2, 0, WIDTH, HEIGHT)])
    progress = fusion.progress(riverside, on=TODAY)
    assert (progress.fused, progress.communities) == (2, 2)
    take_in(riverside, tmp_path, "fire", [west, *halves])
    progress = fusion.progress(riverside, on=TODAY)
    assert (progress.fused, progress.communities) == (1, 2)


def proposal(home: Division, people: People, **norms: object) -> Plan:
    network = make_network(home)
    wanted = Norms.from_dict({**NORMS.as_dict(), "departments": ["police", "street"], **norms})
    return draw_plan(network, wanted, actor=people.planner)


def test_a_proposal_keeps_close_to_what_departments_have(two: Division, people: People, tmp_path: Path) -> None:
    free = proposal(two, people, departments=[])
    wanted = Norms.from_dict({**NORMS.as_dict(), "departments": ["police", "street"], "fusion": 1.0})
    close = draw_plan(free.network, wanted, actor=people.planner)
    made = fusion.fused(two)
    moved = [sum(count for _, count, _ in fusion.households_moved(made, plan)) for plan in (free, close)]
    assert close.metrics["basic_in_range"] >= free.metrics["basic_in_range"] - 1
    assert moved[1] <= moved[0]
    assert close.norms["departments"] == ["police", "street"]


def test_a_proposal_from_a_department_without_grids_is_refused(two: Division, people: People) -> None:
    network = make_network(two)
    wanted = Norms.from_dict({**NORMS.as_dict(), "departments": ["fire"]})
    with pytest.raises(AssertionError, match="fire"):
        draw_plan(network, wanted, actor=people.planner)


def test_communities_accept_and_count_from_the_day_the_plan_rules(two: Division, people: People) -> None:
    plan = proposal(two, people)
    west, east = fusion.fused(two).communities
    fusion.accept(plan, west, actor=people.reviewer, at=AT)
    fusion.accept(plan, west, actor=people.reviewer, at=AT)
    assert Acceptance.objects.count() == 1
    assert fusion.progress(two, on=TODAY).fused == 0
    actions.review(plan, actor=people.reviewer, at=AT)
    day = TODAY + timedelta(days=2)
    actions.enforce(plan, day=day, actor=people.planner, at=AT)
    assert fusion.progress(two, on=TODAY).fused == 0
    assert fusion.progress(two, on=day) == fusion.Progress(1, 2)
    assert fusion.fusion_dates(two, on=day) == {west.pk: day}
    fusion.accept(plan, east, actor=people.reviewer, at=AT)
    fusion.withdraw(plan, west, actor=people.reviewer, at=AT)
    assert fusion.fusion_dates(two, on=day) == {east.pk: day}
    verbs = list(Entry.objects.filter(verb__startswith="plan.accept").order_by("pk").values_list("verb", flat=True))
    assert verbs == ["plan.accepted", "plan.accepted", "plan.acceptance_withdrawn"]


def test_only_merged_plans_are_accepted_and_only_where_they_are(two: Division, people: People) -> None:
    merged = proposal(two, people)
    town = Division.objects.get(name="Old Town")
    with pytest.raises(NoCommunity, match="Old Town"):
        fusion.accept(merged, town, actor=people.planner, at=AT)
    with pytest.raises(NotPermitted):
        fusion.accept(merged, fusion.fused(two).communities[0], actor=people.stranger, at=AT)
    plain = draw_plan(merged.network, NORMS, actor=people.planner)
    with pytest.raises(NotFused):
        fusion.accept(plain, fusion.fused(two).communities[0], actor=people.planner, at=AT)
