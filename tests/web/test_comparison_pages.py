"""The pages of comparisons: asked for on a network's page, shown as a table and a chart, drawn with."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from tests.factories import (
    NORMS,
    People,
    draw_plan,
    make_network,
    make_people,
    make_riverside,
    make_riverside_in_force,
)

from quanyu.apps.grids import actions, norms, planning
from quanyu.apps.grids.models import Network, Plan, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.territory.models import Place
from quanyu.engines.districting.problem import OBJECTIVES
from quanyu.web import comparisons, words

DESK = "/desk/riverside"


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def client(client: Client, people: People) -> Client:
    """A planner's browser, in English."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(people.planner)
    return client


@pytest.fixture
def network(people: People) -> Network:
    return make_riverside_in_force(people).network


def text(answer: HttpResponse) -> str:
    """Return what a page says, its marks taken out."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def form(**changes: Any) -> dict[str, Any]:
    values = {
        "lower": 300, "upper": 500, "stability": 0, "barriers": ["waterway"], "split_heavy": "on", "seed": 3,
        "exclusive_kinds": ["office", "market"], "exclusive_min_m2": 1500, "objective": "cut_length", "sides": 2,
    }  # fmt: skip
    return values | changes


def compare(network: Network, kind: Run.Kind = Run.Kind.COUNTS, **changes: object) -> Run:
    asked = Norms.from_dict(NORMS.as_dict() | changes)
    sides = 1 if kind == Run.Kind.COUNTS else None
    run = actions.start_comparison(network, asked, kind, sides=sides, actor=None, at=timezone.now())
    return planning.carry_out(run, clock=timezone.now)


def points(run: Run) -> list[dict[str, Any]]:
    assert run.comparison is not None, run.error
    found: list[dict[str, Any]] = run.comparison["points"]
    return found


def rows(answer: HttpResponse) -> list[str]:
    """Return the rows of the table of points, as HTML."""
    return answer.content.decode().split("<tbody>")[1].split("</tbody>")[0].split("<tr")[1:]


def chart(answer: HttpResponse) -> dict[str, Any]:
    found = re.search(r'<script id="comparison" type="application/json">(.*?)</script>', answer.content.decode())
    assert found
    values: dict[str, Any] = json.loads(found[1])
    return values


def test_a_comparison_is_asked_for_with_the_norms_typed_and_watched_as_a_run(client: Client, network: Network) -> None:
    answer = client.post(DESK, form(compare="counts", upper=450, sides=3))
    run = Run.objects.latest("pk")
    assert answer.headers["Location"] == f"/runs/{run.pk}"
    assert (run.kind, run.sides, run.norms["upper"], run.state) == ("counts", 3, 450, "queued")
    page = text(client.get(f"/runs/{run.pk}"))
    assert "One grid less or more in Riverside" in page
    assert "Cancel the comparison" in page
    assert "comparison: one grid less or more" in text(client.get(DESK))
    client.post(f"/runs/{run.pk}/cancel")
    client.post(f"/runs/{run.pk}/restart")
    again = Run.objects.latest("pk")
    assert (again.pk != run.pk, again.kind, again.sides, again.norms) == (True, "counts", 3, run.norms)


def test_moves_are_compared_by_the_other_button_which_asks_for_no_number(client: Client, network: Network) -> None:
    client.post(DESK, form(compare="moves", sides=""))
    assert Run.objects.latest("pk").kind == "moves"
    assert "Fewer households moved in Riverside" in text(client.get(f"/runs/{Run.objects.latest('pk').pk}"))


@pytest.mark.parametrize("sides", ["", "0", "6", "two"])
def test_a_wrong_number_of_grids_less_and_more_is_told_beside_its_field(
    client: Client, network: Network, sides: str
) -> None:
    before = Run.objects.count()
    page = client.post(DESK, form(compare="counts", sides=sides, seed=77))
    assert 'href="#id_sides"' in page.content.decode()
    assert 'value="77"' in page.content.decode(), "what was typed is lost"
    assert Run.objects.count() == before
    assert client.post(DESK, form(sides=sides)).status_code == 302, "a drawing needs no such number"


def test_a_number_of_grids_beyond_all_is_told_beside_its_field(client: Client, network: Network) -> None:
    page = client.post(DESK, form(grids=2_000_000))
    assert 'href="#id_grids"' in page.content.decode()
    assert "Number of basic grids is 2000000: give a number of grids from 1 to 1,000,000" in text(page)


def test_without_a_plan_in_force_moves_are_not_offered_and_the_reason_is_told(client: Client) -> None:
    network = make_network(make_riverside())
    page = client.get(DESK)
    assert 'value="counts"' in page.content.decode()
    assert 'value="moves"' not in page.content.decode()
    assert "No plan is in force, so no household can move." in text(page)
    assert "so no household can move" in text(client.post(DESK, form(compare="moves")))
    assert not Run.objects.exists()
    assert "Households moved" not in text(client.get(f"/runs/{compare(network).pk}"))


def test_a_kind_of_comparison_that_nobody_offers_is_not_found(client: Client, network: Network) -> None:
    assert client.post(DESK, form(compare="beauty")).status_code == 404


def test_reviewers_read_a_comparison_and_strangers_nothing(client: Client, network: Network, people: People) -> None:
    run = compare(network)
    assert "Draw with this" in text(client.get(f"/runs/{run.pk}"))
    client.force_login(people.reviewer)
    page = client.get(f"/runs/{run.pk}")
    assert page.status_code == 200
    assert "Draw with this" not in text(page)
    before = Run.objects.count()
    client.post(DESK, form(compare="counts"))
    assert Run.objects.count() == before
    client.force_login(people.stranger)
    assert client.get(f"/runs/{run.pk}").status_code == 403


@pytest.mark.parametrize("kind", [Run.Kind.COUNTS, Run.Kind.MOVES])
def test_the_table_and_the_chart_have_the_same_numbers(client: Client, network: Network, kind: Run.Kind) -> None:
    run = compare(network, kind, upper=550)
    page = client.get(f"/runs/{run.pk}")
    for row, point, drawn in zip(rows(page), points(run), chart(page)["points"], strict=True):
        for figure in ("range_violation", "largest", "moved"):
            assert f">{point[figure]:,}</td>" in row
        assert f"{point['basic_in_range']} / {point['basic']} (" in row
        assert drawn["moved"] == point["moved"]
        assert drawn["cut_length_m"] == point["cut_length_m"] / 1000


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Run.Kind.COUNTS, {}),
        (Run.Kind.COUNTS, {"grids": 12}),
        (Run.Kind.MOVES, {}),
        (Run.Kind.MOVES, {"stability": 0.7}),
    ],
    ids=str,
)
def test_the_row_of_the_present_norms_is_marked(
    client: Client, network: Network, kind: Run.Kind, changes: dict[str, Any]
) -> None:
    run = compare(network, kind, **changes)
    page = client.get(f"/runs/{run.pk}")
    marked = ["these norms" in row for row in rows(page)]
    assert marked == [point["norms"].items() <= run.norms.items() for point in points(run)]
    assert marked == [point["is_current"] for point in chart(page)["points"]]
    assert sum(marked) == 1


def test_who_draws_with_a_row_gets_a_form_filled_in_and_the_plan_of_that_row(client: Client, network: Network) -> None:
    run = compare(network, Run.Kind.COUNTS, seed=5)
    page = client.get(f"/runs/{run.pk}").content.decode()
    address = f"{DESK}?comparison={run.pk}&point=3"
    assert address.replace("&", "&amp;") in page
    filled = client.get(address)
    most = points(run)[3]["norms"]["grids"]
    assert re.search(rf'name="grids" value="{most}"', filled.content.decode())
    assert "The norms are those of the comparison" in text(filled)
    initial = filled.context["form"]
    # An empty field and an open box send nothing.
    shown = {name: initial[name].value() for name in initial.fields}
    sent = {name: value for name, value in shown.items() if value is not None and value is not False}
    assert client.post(address, sent).status_code == 302
    asked = Run.objects.latest("pk")
    # What the form does not show, the length of the search, is the comparison's too.
    assert asked.norms == run.norms | {"grids": most}
    plan = planning.carry_out(asked, clock=timezone.now).plan
    assert plan is not None
    for figure in ("basic", "range_violation", "cut_length_m"):
        assert plan.metrics[figure] == points(run)[3][figure]


@pytest.mark.parametrize(
    "query", ["comparison=x&point=0", "comparison=1", "comparison={pk}&point=99", "comparison=1&point=0"]
)
def test_a_point_that_is_not_there_is_not_found(client: Client, network: Network, query: str) -> None:
    run = compare(network)
    assert client.get(f"{DESK}?{query.format(pk=run.pk)}").status_code == 404


def test_a_number_that_cannot_be_is_a_row_with_its_reason_and_the_page_stands(client: Client, network: Network) -> None:
    run = compare(network, grids=4)
    page = client.get(f"/runs/{run.pk}")
    few, fits, _ = rows(page)
    assert "cannot be" in few
    assert "3 basic grids cannot be: borders and barriers part the inhabited ground into 4 pieces" in few
    assert "Draw with this" not in few
    assert "Draw with this" in fits
    chinese = text(client.get(f"/runs/{run.pk}", headers={"accept-language": "zh-hans"}))
    assert "无法划成 3 个基础网格" in chinese


def test_no_number_that_can_be_leaves_a_table_without_a_chart(client: Client, network: Network) -> None:
    page = client.get(f"/runs/{compare(network, grids=1).pk}")
    assert page.status_code == 200
    assert 'id="comparison"' not in page.content.decode()
    assert all("cannot be" in row for row in rows(page))


def test_what_is_proven_to_move_is_told(client: Client, network: Network) -> None:
    run = compare(network, Run.Kind.MOVES, lower=250, upper=400)
    least = points(run)[0]["least_moved"]
    assert least > 0
    page = client.get(f"/runs/{run.pk}")
    assert f"moves at least {least:,} households" in text(page)
    assert chart(page)["least_moved"] == least
    nothing = client.get(f"/runs/{compare(network, Run.Kind.MOVES).pk}")
    assert "It is not proven that any household has to move." in text(nothing)


def test_a_comparison_that_no_longer_holds_says_so(client: Client, network: Network, people: People) -> None:
    run = compare(network)
    draw_plan(network, Norms.from_dict(NORMS.as_dict() | {"upper": 450}), actor=people.planner)
    assert "Out of date" not in text(client.get(f"/runs/{run.pk}"))
    Place.objects.filter(key="R4C4").update(households=61)
    assert "buildings, households, departments' grids or the plan in force have changed" in text(
        client.get(f"/runs/{run.pk}")
    )


@pytest.mark.parametrize("kind", [Run.Kind.COUNTS, Run.Kind.MOVES])
def test_chance_and_the_plan_in_force_stand_beside_the_rows(client: Client, network: Network, kind: Run.Kind) -> None:
    run = compare(network, kind)
    page = text(client.get(f"/runs/{run.pk}"))
    assert run.comparison is not None
    (same,) = (point for point in points(run) if point["norms"].items() <= run.norms.items())
    grids = sorted(point["basic"] for point in [same, *run.comparison["again"]])
    told = f"{grids[0]}–{grids[-1]}" if grids[0] < grids[-1] else f"{grids[0]}"
    assert "Drawn by 3 seeds, these norms gave border between grids (km): " in page
    assert f"basic grids: {told}. Rows that differ by no more may do so by chance." in page
    metrics = Plan.objects.exclude(in_force_from=None).get().metrics
    assert f"{metrics['basic_in_range']} / {metrics['basic']} (" in page.split("in force", 1)[1]


def test_a_comparison_that_failed_says_so_in_the_readers_language(client: Client, network: Network) -> None:
    run = compare(network, Run.Kind.MOVES, departments=["police"])
    assert (run.state, run.error["code"]) == (Run.State.FAILED, "not_found")
    assert "Start again with the same norms" in text(client.get(f"/runs/{run.pk}"))
    assert "police" in text(client.get(f"/runs/{run.pk}"))
    assert "没有" in text(client.get(f"/runs/{run.pk}", headers={"accept-language": "zh-hans"}))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_plan_is_good_at_what_the_planner_chooses(client: Client, network: Network, objective: str) -> None:
    page = client.get(DESK)
    assert f'value="{objective}"' in page.content.decode()
    assert str(words.OBJECTIVES[objective]) in text(page).replace("&#x27;", "'")
    client.post(DESK, form(objective=objective))
    run = Run.objects.latest("pk")
    assert run.norms["objective"] == objective
    run.delete()
    made = compare(network, objective=objective)
    page = client.get(f"/runs/{made.pk}")
    quality = chart(page)["quality"]
    assert [point[quality] for point in chart(page)["points"]][1:] != [None] * 3
    assert chart(page)["names"][quality]


def test_every_objective_of_the_engine_has_words_and_a_figure() -> None:
    assert tuple(words.OBJECTIVES) == norms.OBJECTIVES == OBJECTIVES == tuple(comparisons.QUALITY)


def test_the_page_of_a_comparison_asks_the_database_as_often_for_many_points_as_for_few(
    client: Client, network: Network, django_assert_max_num_queries: Any
) -> None:
    run = compare(network)
    with django_assert_max_num_queries(20) as few:
        client.get(f"/runs/{run.pk}")
    Run.objects.filter(pk=run.pk).update(comparison=run.comparison | {"points": points(run) * 3})
    with django_assert_max_num_queries(len(few)):
        client.get(f"/runs/{run.pk}")
