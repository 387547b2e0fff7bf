"""The pages on merging grids: figures, crosswalk, outlines, a proposal, acceptance, and who may see them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories import (
    AT,
    NORMS,
    People,
    draw_plan,
    make_network,
    make_people,
    make_riverside,
    quarters,
    take_in,
)

from quanyu.apps.grids import planning
from quanyu.apps.grids.models import Acceptance, Run
from quanyu.apps.territory.loading.departments import load_items
from quanyu.apps.territory.models import Division

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def home(tmp_path: Path) -> Division:
    """Riverside with two departments' grids, one of which leaves a strip out, and a list of items."""
    made = make_riverside()
    take_in(made, tmp_path, "police", quarters(360, 200))
    take_in(made, tmp_path, "street", [*quarters(360, 300)[:3], (365, 300, 720, 500)])
    items = tmp_path / "items.csv"
    items.write_text("code,name,department\n1,lamps,street\n2,noise,police、street\n3,lifts,\n", encoding="utf-8")
    load_items(items, made, actor=None, at=AT)
    return made


@pytest.fixture
def page(client: Client, people: People, home: Division) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(people.planner)
    return client


def test_the_page_tells_networks_agreement_conflicts_and_communities(page: Client, home: Division) -> None:
    answer = page.get(reverse("fusion-territory", args=[home.code]))
    text = answer.content.decode()
    assert answer.status_code == 200
    for words in (
        "Police",
        "Street",
        "Of 3 service items, 1 are claimed by several",
        "2 noise",
        "3 lifts",
        "West Bank",
    ):
        assert words in text
    assert answer.context["progress"].communities == 2
    assert [each["network"].code for each in answer.context["networks"]] == ["police", "street"]
    assert answer.context["map"]["networks"][0]["outlines"].endswith("/police.geojson")
    listed = page.get(reverse("fusion")).content.decode()
    assert "0 / 2 (0.0" in listed


def test_a_crosswalk_is_shown_and_goes_out_as_csv(page: Client, home: Division) -> None:
    address = reverse("fusion-crosswalk", args=[home.code])
    shown = page.get(address, {"one": "police", "other": "street"}).content.decode()
    assert "left out" in shown
    answer = page.get(address, {"one": "police", "other": "street", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert ("G1", "G1", "1.0") in {(row["from"], row["to"], row["share_of_from"]) for row in rows}
    assert page.get(address, {"one": "fire"}).status_code == 404


def test_outlines_are_geojson_in_degrees(page: Client, home: Division) -> None:
    answer = page.get(reverse("fusion-outlines", args=[home.code, "police"]))
    features = answer.json()["features"]
    assert [each["properties"]["code"] for each in features] == ["G1", "G2", "G3", "G4"]
    assert 117 < features[0]["geometry"]["coordinates"][0][0][0] < 118
    assert page.get(reverse("fusion-outlines", args=[home.code, "fire"])).status_code == 404


def filled(page: Client, home: Division, **changes: Any) -> dict[str, Any]:
    """Return what the form on the page sends, with some fields changed."""
    form = page.get(reverse("fusion-territory", args=[home.code])).context["form"]
    values = {field.name: field.value() for field in form if field.value() is not None and field.value() is not False}
    return values | {"network": "riverside"} | changes


def test_a_proposal_is_asked_for_with_all_departments(page: Client, home: Division) -> None:
    make_network(home)
    wanted = filled(page, home, lower=300, upper=500, fusion=0.8)
    answer = page.post(reverse("fusion-draw", args=[home.code]), wanted)
    run = Run.objects.get()
    assert answer.headers["Location"] == reverse("run", args=[run.pk])
    assert (run.norms["departments"], run.norms["fusion"]) == (["police", "street"], 0.8)
    refused = page.post(reverse("fusion-draw", args=[home.code]), {**wanted, "fusion": 3}, follow=True)
    assert "Closeness to the departments" in refused.content.decode()
    assert Run.objects.count() == 1


def test_a_proposal_is_drawn_by_the_norms_on_the_form_and_its_page_tells_them(page: Client, home: Division) -> None:
    network = make_network(home)
    draw_plan(network, replace(NORMS, grids=11, barriers=("railway",), seed=7))
    form = filled(page, home, fusion=1)
    assert (form["barriers"], form["seed"]) == (["railway"], 7)
    page.post(reverse("fusion-draw", args=[home.code]), {**form, "seed": 9, "stability": 0.3})
    run = planning.carry_out(Run.objects.latest("pk"), clock=lambda: AT)
    asked = run.norms
    assert (asked["departments"], asked["grids"], asked["barriers"]) == (["police", "street"], None, ["railway"])
    assert (asked["seed"], asked["stability"]) == (9, 0.3)
    told = dict(page.get(reverse("plan", args=[run.plan_id])).context["drawn_by"])
    assert (told["Departments"], told["Never cross"], told["Seed"]) == ("Police, Street", "railway", "9")
    assert told["Closeness to the departments' grids"] == "1"


def test_ground_that_a_department_leaves_out_is_listed_once_with_its_households(page: Client, home: Division) -> None:
    listed = page.get(reverse("fusion-territory", args=[home.code])).context["faults"]["rows"]
    gaps = [([each.code for each in row["networks"]], row["households"]) for row in listed if "codes" not in row]
    assert gaps
    assert all(codes == ["street"] for codes, _ in gaps)
    assert [households for _, households in gaps] == sorted((each for _, each in gaps), reverse=True)


def test_a_community_accepts_and_takes_back(page: Client, home: Division, people: People) -> None:
    merged = replace(NORMS, departments=("police", "street"))
    plan = draw_plan(make_network(home), merged, actor=people.planner)
    west = Division.objects.get(name="West Bank")
    accept = reverse("fusion-community", args=[home.code, west.pk, "accept"])
    page.post(accept)
    assert Acceptance.objects.get().plan == plan
    shown = page.get(reverse("fusion-territory", args=[home.code])).content.decode()
    assert "accepted" in shown
    assert "Households that change" in shown
    page.post(reverse("fusion-community", args=[home.code, west.pk, "withdraw"]))
    assert not Acceptance.objects.exists()
    assert page.post(reverse("fusion-community", args=[home.code, west.pk, "burn"])).status_code == 404


def test_strangers_are_sent_away(client: Client, people: People, home: Division) -> None:
    address = reverse("fusion-territory", args=[home.code])
    assert client.get(address).status_code == 302
    client.force_login(people.stranger)
    assert client.get(address).status_code == 403
    client.force_login(people.reviewer)
    assert client.get(address).status_code == 200
    assert client.post(reverse("fusion-draw", args=[home.code])).status_code == 403


def test_a_territory_without_departments_says_what_to_do(client: Client, people: People) -> None:
    home = make_riverside()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(people.planner)
    shown = client.get(reverse("fusion-territory", args=[home.code])).content.decode()
    assert "None yet: load a department's file." in shown
    assert client.get(reverse("fusion-crosswalk", args=[home.code])).status_code == 404
    answer = client.post(reverse("fusion-draw", args=[home.code]), follow=True)
    assert "Load the departments&#x27; grids first." in answer.content.decode()
