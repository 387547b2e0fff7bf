"""The pages of the map, the desk, plans and grids: each works, validates, and refuses a stranger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from tests.factories import (
    AT,
    People,
    draw_plan,
    lonlat,
    make_network,
    make_people,
    make_riverside,
    make_riverside_in_force,
    run_plan,
)

from quanyu.apps.grids import actions, edits, queries, runs
from quanyu.apps.grids.models import CodeUse, Grid, Membership, Network, Plan, Run, Staffing
from quanyu.apps.grids.norms import Norms
from quanyu.apps.territory.models import Barrier
from quanyu.web import extent

FREE = Norms(exclusive_min_m2=1500.0, steps=300, seed=5)


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def client(client: Client) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def plan(people: People) -> Plan:
    """The plan of Riverside, in force."""
    return make_riverside_in_force(people)


@pytest.fixture
def draft(plan: Plan, people: People) -> Plan:
    """A draft drawn freely, with other grids than the plan in force."""
    return draw_plan(plan.network, FREE, actor=people.planner)


def text(answer: HttpResponse) -> str:
    """Return what a page says, its marks taken out."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def an_edit(draft: Plan) -> tuple[Membership, edits.MoveCheck]:
    """Return a place of a draft and a move that is allowed."""
    for member in Membership.objects.filter(grid__plan=draft, grid__kind="basic", parts=1).select_related("place"):
        for check in edits.possible_moves(draft, member.place):
            if not check.refusal:
                return member, check
    raise AssertionError("no place can move")


# The map


def test_the_map_lists_the_grids_in_force_with_their_totals(client: Client, plan: Plan) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert all(grid.code in text(page) for grid in plan.grids.all())
    total = sum(Membership.objects.filter(grid__plan=plan).values_list("households", flat=True))
    assert f"Total {total:,}" in text(page)


def test_made_up_data_are_said_to_be_so_on_every_page_of_the_territory(client: Client, plan: Plan) -> None:
    code = plan.grids.first().code
    addresses = ["/", f"/plans/{plan.pk}", f"/grids/riverside/{code}", "/my-grid"]
    assert all("Made-up data." in text(client.get(address)) for address in addresses)
    assert "虚构数据" in text(client.get(f"/grids/riverside/{code}/notice"))


def test_the_table_sorts_and_filters_by_the_query_string(client: Client, plan: Plan) -> None:
    page = client.get("/?kind=basic&sort=-households", headers={"HX-Request": "true", "HX-Target": "grid-table"})
    codes = re.findall(r'data-show="(\d+)"', page.content.decode())
    households = dict(plan.grids.values_list("code", "households"))
    assert sorted(codes) == sorted(plan.grids.filter(kind="basic").values_list("code", flat=True))
    assert [households[code] for code in codes] == sorted((households[code] for code in codes), reverse=True)


def test_a_territory_without_a_plan_says_how_to_get_one(client: Client, people: People) -> None:
    assert "No grids are in force yet" in text(client.get("/"))


def test_search_finds_a_grid_by_its_code_and_leads_to_it_on_the_map(client: Client, plan: Plan) -> None:
    grid = plan.grids.first()
    answer = client.get(f"/search?q={grid.code}", headers={"HX-Request": "true"}).content.decode()
    assert f"network=riverside#view=15.00/{grid.label_lat:.5f}/{grid.label_lon:.5f}" in answer
    assert "Nothing has the code or name “nowhere”" in text(client.get("/search?q=nowhere"))


def test_grids_are_sent_once_and_then_only_when_they_changed(client: Client, plan: Plan) -> None:
    first = client.get(f"/plans/{plan.pk}/grids.geojson")
    assert len(json.loads(first.content)["features"]) == plan.grids.count()
    again = client.get(f"/plans/{plan.pk}/grids.geojson", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


# Grids


def test_a_grid_page_says_who_serves_it_and_what_bounds_it(client: Client, plan: Plan) -> None:
    grid = plan.grids.filter(kind="basic").first()
    Staffing.objects.create(network=plan.network, code=grid.code, worker_name="Sun Li", duty_phone="0531-100")
    page = text(client.get(f"/grids/riverside/{grid.code}"))
    assert "Sun Li" in page
    assert "0531-100" in page
    assert "(estimate)" in page
    for side in ("East", "South", "West", "North"):
        assert side in page


def test_the_code_of_an_ended_grid_says_what_replaced_it(
    client: Client, plan: Plan, draft: Plan, people: People
) -> None:
    impact = queries.impact(draft, against=plan)
    actions.review(draft, actor=people.reviewer, at=AT)
    tomorrow = plan.in_force_from.replace(day=plan.in_force_from.day + 1)
    actions.enforce(draft, day=tomorrow, actor=None, at=AT)
    for code in impact.codes_ended:
        page = client.get(f"/grids/riverside/{code}")
        assert page.status_code == 410
        successors = {row.new for row in impact.rows if row.old == code and row.new}
        assert all(new in text(page) for new in successors)


def test_an_unknown_code_is_not_found(client: Client, plan: Plan) -> None:
    page = client.get("/grids/riverside/999999999999999")
    assert page.status_code == 404
    assert "Nothing is here" in text(page)


def test_the_notice_is_in_chinese_whatever_the_visitor_reads(client: Client, plan: Plan) -> None:
    page = text(client.get(f"/grids/riverside/{plan.grids.first().code}/notice"))
    assert "网格公示牌" in page
    assert "投诉电话" in page


def test_my_grid_finds_the_grid_of_a_typed_point(client: Client, plan: Plan) -> None:
    lon, lat = lonlat(90.0, 75.0)
    [grid] = queries.locate(lon, lat, on=plan.in_force_from)
    assert grid.code in text(client.get(f"/my-grid?lon={lon}&lat={lat}&system=WGS84"))
    assert "No grid holds this point" in text(client.get("/my-grid?lon=0&lat=0&system=WGS84"))


@pytest.mark.parametrize("query", ["lon=abc&lat=1&system=WGS84", "lon=1&lat=&system=WGS84", "lon=1&lat=1&system=mars"])
def test_my_grid_keeps_what_was_typed_and_says_what_is_wrong(client: Client, plan: Plan, query: str) -> None:
    page = client.get(f"/my-grid?{query}")
    assert page.status_code == 200
    assert "Put right:" in text(page)


def test_staff_is_set_by_a_planner_alone(client: Client, plan: Plan, people: People) -> None:
    code = plan.grids.first().code
    address, values = (
        f"/grids/riverside/{code}/staff",
        {"worker_name": "Sun Li", "duty_phone": "1", "complaint_phone": "2"},
    )
    assert client.post(address, values).headers["Location"].startswith("/sign-in")
    client.force_login(people.stranger)
    assert client.post(address, values).status_code == 403
    client.force_login(people.planner)
    assert client.post(address, values).status_code == 302
    assert Staffing.objects.get(code=code).worker_name == "Sun Li"


# The desk


@pytest.mark.parametrize("address", ["/desk", "/desk/riverside", "/runs/1"])
def test_the_desk_sends_visitors_to_the_sign_in_and_refuses_strangers(
    client: Client, plan: Plan, people: People, address: str
) -> None:
    assert client.get(address).headers["Location"].startswith("/sign-in")
    client.force_login(people.stranger)
    assert client.get(address).status_code == 403


def test_a_planner_opens_a_network_for_a_territory_with_buildings(client: Client, people: People) -> None:
    client.force_login(people.planner)
    assert "no city file is loaded" in text(client.get("/desk"))
    territory = make_riverside()
    values = {"territory": territory.pk, "code": "party", "name": "Party building"}
    assert client.post("/desk", values).headers["Location"] == "/desk/party"
    assert Network.objects.get().name == "Party building"
    assert "There is a network party already" in text(client.post("/desk", values))
    assert "cannot name a network" in text(client.post("/desk", values | {"code": "Party Building"}))
    assert Network.objects.count() == 1


def norms_form(**changes: Any) -> dict[str, Any]:
    values = {
        "lower": 300, "upper": 500, "stability": 0.5, "barriers": ["waterway"], "split_heavy": "on",
        "exclusive_kinds": ["office"], "exclusive_min_m2": 1500, "seed": 3,
    }  # fmt: skip
    return values | changes


def test_the_norms_form_asks_for_a_run_with_the_norms_typed(client: Client, plan: Plan, people: People) -> None:
    client.force_login(people.planner)
    answer = client.post("/desk/riverside", norms_form())
    run = Run.objects.latest("pk")
    assert answer.headers["Location"] == f"/runs/{run.pk}"
    assert (run.norms["upper"], run.norms["stability"], run.norms["barriers"]) == (500, 0.5, ["waterway"])
    assert "waiting" in text(client.get(f"/runs/{run.pk}"))
    client.post(f"/runs/{run.pk}/cancel")
    assert "Start again with the same norms" in text(client.get(f"/runs/{run.pk}"))


def test_a_wrong_norm_is_told_beside_its_field_and_nothing_typed_is_lost(
    client: Client, plan: Plan, people: People
) -> None:
    client.force_login(people.planner)
    page = client.post("/desk/riverside", norms_form(lower=900, seed=77))
    assert 'href="#id_upper"' in page.content.decode()
    assert "give at least the lower limit, 900" in text(page)
    assert 'value="77"' in page.content.decode()


def test_a_refusal_names_a_norm_by_its_label(client: Client, plan: Plan, people: People) -> None:
    client.force_login(people.planner)
    wrong = norms_form(lower=900)
    assert "Most households is 500: give at least the lower limit, 900." in text(client.post("/desk/riverside", wrong))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    page = text(client.post("/desk/riverside", wrong))
    assert "最多户数 为 500" in page
    assert "upper" not in page


# Plans


def test_a_draft_is_hidden_from_visitors_and_its_numbers_are_those_of_the_plan(
    client: Client, draft: Plan, people: People
) -> None:
    assert client.get(f"/plans/{draft.pk}").status_code == 404
    assert client.get(f"/plans/{draft.pk}/grids.geojson").status_code == 404
    client.force_login(people.planner)
    page = text(client.get(f"/plans/{draft.pk}"))
    basic = draft.grids.filter(kind="basic")
    kept = basic.filter(in_range=True).count()
    assert f"{kept} / {basic.count()} ({100 * kept / basic.count():.1f} %)" in page
    assert "drew the plan" in page


def test_every_grid_that_breaks_the_norm_stands_with_a_reason_and_a_mend(client: Client, plan: Plan) -> None:
    broken = plan.grids.filter(kind="basic", in_range=False)
    page = client.get(f"/plans/{plan.pk}").content.decode()
    for grid in broken:
        row = page.split(f'data-show="{grid.code}"')[1].split("</tr>")[0]
        assert 'class="soft"' in row, "no mend is named"


def test_a_plan_goes_from_draft_to_force_through_the_pages(client: Client, draft: Plan, people: People) -> None:
    address = f"/plans/{draft.pk}"
    client.force_login(people.planner)
    assert "another person" in text(client.post(f"{address}/review", follow=True)) or draft.reviewed_by is None
    client.force_login(people.reviewer)
    assert "is reviewed" in text(client.post(f"{address}/review", follow=True))
    client.force_login(people.planner)
    page = text(client.get(address))
    impact = queries.impact(draft, against=draft.based_on)
    assert f"{len(impact.codes_ended)} grids end, {impact.households_moved:,} households move" in page
    refused = text(client.post(f"{address}/enforce", {"day": "2020-01-01"}, follow=True))
    assert "is past" in refused
    assert Plan.objects.get(pk=draft.pk).in_force_from is None


def test_a_refusal_of_a_plan_has_no_code_names_in_chinese(client: Client, draft: Plan, people: People) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    address, day = f"/plans/{draft.pk}/enforce", {"day": "2100-01-01"}
    client.force_login(people.reviewer)
    page = text(client.post(address, day, follow=True))
    assert "只有以下角色可以使方案施行：规划员, 管理员。" in page
    client.force_login(people.planner)
    page = text(client.post(address, day, follow=True))
    assert "状态为 草案，不能变为 已定施行；现在可变为：已审核。" in page


def test_a_drawing_that_failed_says_so_in_the_readers_language(client: Client, plan: Plan, people: People) -> None:
    client.force_login(people.planner)
    run = actions.start_run(plan.network, FREE, actor=people.planner, at=AT)
    runs.next_run(at=AT)
    runs.fail_silent_runs(at=AT + timedelta(days=1))
    assert "The worker stopped." in text(client.get(f"/runs/{run.pk}"))
    page = text(client.get(f"/runs/{run.pk}", headers={"accept-language": "zh-hans"}))
    assert "The worker stopped." not in page
    assert "计算程序已停止。" in page


def test_a_drawing_without_codes_left_says_how_to_mend_it(client: Client, plan: Plan, people: People) -> None:
    CodeUse.objects.create(network=plan.network, code="990101001001999", first_plan=plan, last_plan=plan)
    smaller = Norms(lower=100, upper=250, exclusive_min_m2=1500.0, steps=300)
    run = run_plan(plan.network, smaller, actor=people.planner)
    client.force_login(people.planner)
    for language, words in (("en", "and the pattern of grid codes"), ("zh-hans", "网格编码格式")):
        page = text(client.get(f"/runs/{run.pk}", headers={"accept-language": language}))
        assert words in page
        assert "990101001001" in page
        assert "QUANYU_GRID_CODE_PATTERN" in page
    assert Plan.objects.get() == plan


def test_a_place_moves_by_hand_and_comes_back(client: Client, draft: Plan, people: People) -> None:
    member, check = an_edit(draft)
    address = f"/plans/{draft.pk}"
    assert client.get(f"{address}/moves?place={member.place.key}").headers["Location"].startswith("/sign-in")
    client.force_login(people.planner)
    page = text(client.get(f"{address}/moves?place={member.place.key}"))
    assert f"Move to {check.to_code[-3:]}" in page
    assert f"{check.target_households:,}" in page
    values = {"place": member.place_id, "part": 1, "to": check.to_code}
    answer = client.post(f"{address}/move", values, headers={"HX-Request": "true"})
    assert answer.headers["HX-Trigger"] == "plan-changed"
    assert Membership.objects.get(pk=member.pk).grid.code == check.to_code
    client.post(f"{address}/move", {"undo": "1"})
    assert Membership.objects.get(pk=member.pk).grid.code == check.from_code


def test_a_grid_is_called_by_its_whole_number(client: Client, people: People, settings: Settings) -> None:
    settings.QUANYU_GRID_CODE_PATTERN = "{division}{number:04d}"
    draft = draw_plan(make_network(make_riverside()), FREE, actor=people.planner)
    member, check = an_edit(draft)
    client.force_login(people.planner)
    page = text(client.get(f"/plans/{draft.pk}/moves?place={member.place.key}"))
    assert len(check.to_code) == 16
    assert f"Move to {check.to_code[-4:]} " in page


def test_a_refused_move_says_why_and_changes_nothing(client: Client, draft: Plan, people: People) -> None:
    member = Membership.objects.filter(grid__plan=draft, grid__kind="basic").first()
    far = Grid.objects.filter(plan=draft).exclude(division=member.grid.division).first()
    client.force_login(people.planner)
    values = {"place": member.place_id, "part": 1, "to": far.code}
    assert far.code in text(client.post(f"/plans/{draft.pk}/move", values, follow=True))
    assert Membership.objects.get(pk=member.pk).grid_id == member.grid_id


def test_moves_at_a_point_without_a_place_say_so(client: Client, draft: Plan, people: People) -> None:
    client.force_login(people.planner)
    assert "No place of this plan is there" in text(client.get(f"/plans/{draft.pk}/moves?lon=0&lat=0"))
    assert "No place of this plan is there" in text(client.get(f"/plans/{draft.pk}/moves?lon=x&lat=0"))


@pytest.mark.parametrize(
    "address", [lambda _: "/", lambda p: f"/plans/{p.pk}", lambda p: f"/grids/riverside/{p.grids.first().code}"]
)
def test_a_page_asks_the_database_as_often_for_many_grids_as_for_few(
    client: Client, people: People, address: Callable[[Plan], str], django_assert_max_num_queries: Any
) -> None:
    plan = make_riverside_in_force(people)
    with django_assert_max_num_queries(20):
        assert client.get(address(plan)).status_code == 200


def test_the_trail_is_for_administrators(client: Client, plan: Plan, people: People) -> None:
    client.force_login(people.planner)
    assert client.get("/audit").status_code == 403
    client.force_login(people.administrator)
    page = text(client.get("/audit"))
    assert "the chain is intact" in page
    assert "reviewed the plan" in page
    assert "norms.lower 300" in page


def test_every_page_names_the_hosts_it_may_load_from(client: Client, plan: Plan) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_the_interface_is_chinese_unless_the_browser_asks_for_english(client: Client, plan: Plan) -> None:
    assert "服务网格" in text(client.get("/", headers={"Accept-Language": "zh-CN"}))
    assert "Service grids of" in text(client.get("/", headers={"Accept-Language": "en"}))


def test_visitors_are_not_told_of_single_homes(client: Client, plan: Plan, people: People, settings: Settings) -> None:
    settings.QUANYU_PUBLIC_MINIMUM = 10_000
    grid = plan.grids.filter(kind="basic").earliest("code")
    addresses = ["/?kind=basic", f"/grids/riverside/{grid.code}", f"/grids/riverside/{grid.code}/notice"]
    addresses.append(f"/plans/{plan.pk}")
    for address in addresses:
        page = text(client.get(address))
        assert f">{grid.households}<" not in page
        assert "&lt; 10000" in page or address.startswith("/plans")
    features = client.get(f"/plans/{plan.pk}/grids.geojson").json()["features"]
    assert {each["properties"]["households"] for each in features} <= {None, 0}
    assert client.get(f"/plans/{plan.pk}/export/geojson").headers["Location"].startswith("/sign-in")
    client.force_login(people.planner)
    features = client.get(f"/plans/{plan.pk}/grids.geojson").json()["features"]
    assert sum(each["properties"]["households"] for each in features) == plan.metrics["households"]


def test_the_river_bounds_a_grid_by_its_kind_and_the_edge_is_told_apart(plan: Plan) -> None:
    Barrier.objects.update(name="")
    found = {}
    for grid in plan.grids.filter(kind="basic"):
        for side in extent.sides(grid):
            found[grid.code, side.side] = side
    assert any("river" in side.names and not side.is_outer for side in found.values())
    corner = plan.grids.filter(kind="basic").latest("north")
    assert found[corner.code, "north"].is_outer
    assert not found[corner.code, "south"].is_outer
    exclusive = plan.grids.filter(kind="exclusive").earliest("code")
    assert not any(side.is_outer for side in extent.sides(exclusive))
    assert all(side.grids for side in extent.sides(exclusive))


def test_my_grid_shows_the_map_of_the_territory_that_holds_the_point(client: Client, plan: Plan) -> None:
    grid = plan.grids.filter(kind="basic").earliest("code")
    empty = Network.objects.create(territory=plan.network.territory, code="another", name="Another")
    address = f"/my-grid?network={empty.code}&lon={grid.label_lon}&lat={grid.label_lat}&system=WGS84"
    page = client.get(address)
    assert page.context["network"] == plan.network
    assert page.context["map"]["select"] == grid.code


def test_a_reviewer_finds_the_draft_from_the_desk(client: Client, draft: Plan, people: People) -> None:
    client.force_login(people.reviewer)
    desk, network = client.get("/desk").text, client.get("/desk/riverside").text
    assert f"/plans/{draft.pk}" in desk
    assert f"/plans/{draft.pk}" in network
    assert "Open another network" not in desk
    assert ">Draw<" not in network
    assert client.post("/desk/riverside", norms_form()).status_code == 200
    assert not Run.objects.filter(made_by=people.reviewer).exists()


def test_a_reviewer_sends_a_draft_back_and_the_planner_reads_why(client: Client, draft: Plan, people: People) -> None:
    client.force_login(people.reviewer)
    page = client.get(f"/plans/{draft.pk}").text
    assert f'action="/plans/{draft.pk}/send-back"' in page
    client.post(f"/plans/{draft.pk}/send-back", {"remark": "Keep <b>the market</b> whole."})
    client.force_login(people.planner)
    page = client.get(f"/plans/{draft.pk}")
    assert page.text.count("Keep &lt;b&gt;the market&lt;/b&gt; whole.") == 2, "in the notice, and in the history"
    assert f"Sent back by {people.reviewer} on {timezone.localdate()}" in text(page)
    assert "send-back" not in page.text
    for address in ("/desk", "/desk/riverside"):
        assert "sent back" in text(client.get(address))
    client.post(f"/plans/{draft.pk}/ask-review")
    for address in ("/desk", "/desk/riverside"):
        assert "sent back" not in text(client.get(address))
    assert "Sent back by" not in text(client.get(f"/plans/{draft.pk}"))
    client.logout()
    assert client.get(f"/plans/{draft.pk}").status_code == 404
    assert client.post(f"/plans/{draft.pk}/send-back", {"remark": "x"}).status_code == 404


def test_a_reviewed_plan_is_sent_back_and_no_longer_put_in_force(client: Client, draft: Plan, people: People) -> None:
    client.force_login(people.reviewer)
    client.post(f"/plans/{draft.pk}/review")
    client.post(f"/plans/{draft.pk}/send-back", {"remark": "The census is not in it."})
    client.force_login(people.planner)
    assert "The census is not in it." in text(client.get(f"/plans/{draft.pk}"))
    client.post(f"/plans/{draft.pk}/enforce", {"day": "2100-01-01"})
    draft.refresh_from_db()
    assert (draft.status, draft.in_force_from) == ("draft", None)


def test_a_plan_is_not_sent_back_without_a_remark_nor_by_its_planner(
    client: Client, draft: Plan, people: People
) -> None:
    client.force_login(people.reviewer)
    page = client.post(f"/plans/{draft.pk}/send-back", {"remark": " "}, follow=True)
    assert "What is to be changed has 0 characters. Say it in 1 to 1000." in text(page)
    client.force_login(people.planner)
    page = client.post(f"/plans/{draft.pk}/send-back", {"remark": "mine"}, follow=True)
    assert "Only these roles may review a plan" in text(page)
    draft.refresh_from_db()
    assert draft.remark is None


def test_a_review_is_not_offered_to_whose_work_it_is(client: Client, draft: Plan, people: People) -> None:
    client.force_login(people.administrator)
    address = f"/plans/{draft.pk}"
    for act in ("review", "send-back"):
        assert f'action="{address}/{act}"' in client.get(address).text
    member, check = an_edit(draft)
    client.post(f"{address}/move", {"place": member.place_id, "part": 1, "to": check.to_code})
    for act in ("review", "send-back"):
        assert f'action="{address}/{act}"' not in client.get(address).text
    assert "A reviewer, who is not the one who drew it, reads it next." in text(client.get(address))
    client.post(f"{address}/move", {"undo": "1"})
    assert f'action="{address}/send-back"' in client.get(address).text


def test_no_column_of_the_histogram_holds_grids_on_both_sides_of_the_norm(plan: Plan) -> None:
    lower, upper = plan.norms["lower"], plan.norms["upper"]
    rows = queries.histogram(plan)
    assert sum(row["grids"] for row in rows) == plan.metrics["basic"]
    inside = sum(row["grids"] for row in rows if lower <= row["from"] and row["to"] <= upper + 1)
    assert inside == plan.metrics["basic_in_range"]
    marks = {row["from"] for row in rows}
    assert {lower, upper + 1} & set(range(min(marks), max(marks) + 1)) <= marks


@pytest.mark.parametrize("address", ["/search?q=%00", "/grids/riverside/%00", "/desk?page=%00", "/audit?subject=%00"])
def test_an_address_with_a_nul_is_no_address(client: Client, plan: Plan, people: People, address: str) -> None:
    client.force_login(people.administrator)
    assert client.get(address).status_code == 400


def test_forms_no_person_sent_change_nothing_and_break_nothing(client: Client, draft: Plan, people: People) -> None:
    client.force_login(people.planner)
    for form in ({"place": "x"}, {"place": 1, "part": "x"}, {"place": 10**30}, {}):
        assert client.post(f"/plans/{draft.pk}/move", form).status_code == 404
    client.force_login(people.administrator)
    for day in ("", "soon", "2027-02-30"):
        client.post(f"/plans/{draft.pk}/enforce", {"day": day})
    draft.refresh_from_db()
    assert draft.in_force_from is None


@pytest.mark.parametrize("tile", ["32/1/1", "0/1/0", "3/8/0", "99/0/0"])
def test_a_tile_that_no_map_has_is_not_found(client: Client, plan: Plan, tile: str) -> None:
    assert client.get(f"/tiles/{plan.network.territory.code}/base/{tile}").status_code == 404
