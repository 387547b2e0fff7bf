"""Pages for taking files in: nothing changes before confirm, faults are told, strangers are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from tests.apps.territory.making import town, write
from tests.factories import People, make_people, make_riverside

from quanyu.apps.registers.models import Load
from quanyu.apps.territory.loading import uploads
from quanyu.apps.territory.models import Division, KindRule, Place

LIST = "code,name,level\n370000000000,山东省,province\n370100000000,济南市,prefecture\n"


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def planner(client: Client, people: People, settings: Settings, tmp_path: Path) -> Client:
    settings.HOME = tmp_path / "home"
    settings.LANGUAGE_CODE = "en"
    client.force_login(people.planner)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def upload(client: Client, kind: str, content: bytes, file_name: str, **stated: str) -> HttpResponse:
    answer: HttpResponse = client.post(
        f"/territory/load/{kind}", {"file": SimpleUploadedFile(file_name, content), **stated}
    )
    return answer


def divisions(client: Client, text: str = LIST) -> Load:
    answer = client.post(
        "/territory/load/divisions", {"file": SimpleUploadedFile("list.csv", text.encode()), "system": "nbs"}
    )
    assert answer.status_code == 302
    return Load.objects.get(status=Load.Status.CHECKED)


@pytest.mark.parametrize(
    "address", ["/territory", "/territory/load/city", "/territory/checks/1", "/territory/kinds", "/territory/kinds/1"]
)
def test_a_visitor_is_sent_to_sign_in_and_a_reviewer_is_refused(client: Client, people: People, address: str) -> None:
    assert client.get(address).headers["Location"].startswith("/sign-in")
    client.force_login(people.reviewer)
    assert client.get(address).status_code == 403


def test_a_list_is_looked_at_then_confirmed(planner: Client, people: People) -> None:
    record = divisions(planner)
    assert not Division.objects.exists()
    page = planner.get(f"/territory/checks/{record.pk}")
    assert "What list.csv holds" in page.text
    assert "The list is taken as complete for 山东省 (370000000000)" in page.text
    kept = uploads.path_of(record)
    assert kept.exists()
    answer = planner.post(f"/territory/checks/{record.pk}", {"verb": "confirm"}, follow=True)
    assert "list.csv is loaded: 2 new" in answer.text
    assert set(Division.objects.values_list("name", flat=True)) == {"山东省", "济南市"}
    assert Load.objects.get().made_by == people.planner


def test_a_file_can_be_thrown_away(planner: Client) -> None:
    record = divisions(planner)
    planner.post(f"/territory/checks/{record.pk}", {"verb": "discard"})
    assert not Load.objects.exists()
    assert not Division.objects.exists()


def test_a_colleague_does_not_see_a_file_that_waits(planner: Client, people: People) -> None:
    record = divisions(planner)
    planner.force_login(people.administrator)
    assert planner.get(f"/territory/checks/{record.pk}").status_code == 404


def test_faults_are_told_one_by_one_and_the_file_is_not_kept(planner: Client) -> None:
    bad = LIST + "3701,A,town\n370102000000,B,city\n"
    answer = upload(planner, "divisions", bad.encode(), "bad.csv", system="nbs")
    assert answer.status_code == 422
    text = answer.text
    assert "bad.csv has 2 faults" in text
    assert "row 4, column code: 3701 has 4 signs" in text
    assert "row 5, column level: city is none of" in text
    assert not Load.objects.exists()


def test_a_form_without_its_coordinate_system_is_not_taken(planner: Client, tmp_path: Path) -> None:
    content = write(tmp_path / "town.gpkg", town()).read_bytes()
    answer = upload(planner, "city", content, "town.gpkg", territory="990101000000", source="x")
    assert answer.status_code == 422
    assert not Load.objects.exists()


def test_a_city_file_is_loaded_through_its_mapping(planner: Client, tmp_path: Path) -> None:
    layers = town()
    layers["buildings"][1]["storeys_seen"] = layers["buildings"][1].pop("levels")
    content = write(tmp_path / "town.gpkg", layers).read_bytes()
    stated = {
        "territory": "990101000000", "name": "Smallville", "coordinates": "WGS84", "household_size": "2.5",
        "source": "S",
    }  # fmt: skip
    assert upload(planner, "city", content, "town.gpkg", **stated).status_code == 302
    record = Load.objects.get()
    page = planner.get(f"/territory/checks/{record.pk}")
    assert 'name="map:buildings.levels"' in page.text
    mapping = {
        "map:buildings": "buildings", "map:buildings.key": "building_id", "map:buildings.kind": "kind",
        "map:buildings.people": "population", "map:buildings.levels": "storeys_seen", "verb": "look",
    }  # fmt: skip
    assert planner.post(f"/territory/checks/{record.pk}", mapping).status_code == 302
    assert not Place.objects.exists()
    planner.post(f"/territory/checks/{record.pk}", {"verb": "confirm"})
    assert set(Place.objects.values_list("levels", flat=True)) == {6}
    assert "Smallville" in planner.get("/territory").text


def test_households_are_loaded_by_their_page(planner: Client) -> None:
    territory = make_riverside()
    content = b"name,households\nWest Bank,2001\n"
    upload(planner, "households", content, "h.csv", territory=territory.code)
    record = Load.objects.get(status=Load.Status.CHECKED)
    planner.post(f"/territory/checks/{record.pk}", {"verb": "confirm"})
    west = Place.objects.filter(division__name="West Bank").values_list("households", flat=True)
    assert sum(west) == 2001


def test_a_file_above_the_limit_is_refused(planner: Client, settings: Settings) -> None:
    settings.QUANYU_UPLOAD_LIMIT_MB = 1
    answer = upload(planner, "divisions", b"x" * 2_200_000, "large.csv", system="nbs")
    assert "large.csv has 2 MB, more than the 1 MB taken here" in answer.text


def test_a_file_is_kept_for_a_day(planner: Client, django_capture_on_commit_callbacks: Any) -> None:
    record = divisions(planner)
    folder = uploads.path_of(record).parent
    now = datetime.now(UTC)
    with django_capture_on_commit_callbacks(execute=True):
        assert uploads.sweep(at=now) == 0
        assert folder.exists()
        assert uploads.sweep(at=now + timedelta(hours=25)) == 1
    assert not Load.objects.exists()
    assert not folder.exists()


def test_the_table_of_kinds_is_changed_and_applied_on_request(planner: Client) -> None:
    territory = make_riverside()
    Place.objects.filter(territory=territory).update(tags={"kind": "block"}, kind="residential")
    form = {
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-rank": "1", "form-0-column": "kind",
        "form-0-value": "block", "form-0-kind": "public",
    }  # fmt: skip
    assert planner.post("/territory/kinds", form).status_code == 302
    assert [str(rule) for rule in KindRule.objects.all()] == ["kind = block → public"]
    assert not Place.objects.filter(territory=territory, kind="public").exists()
    page = planner.get(f"/territory/kinds/{territory.code}")
    count = Place.objects.filter(territory=territory).count()
    assert f"{count} places would change their kind" in page.text
    planner.post(f"/territory/kinds/{territory.code}")
    assert Place.objects.filter(territory=territory, kind="public").count() == count


def test_a_line_of_the_table_stands_once(planner: Client) -> None:
    before = KindRule.objects.count()
    form = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0"}
    for row in ("0", "1"):
        form |= {f"form-{row}-rank": "1", f"form-{row}-column": "kind", f"form-{row}-value": "a"}
        form |= {f"form-{row}-kind": "office"}
    assert "kind = a stands in two lines" in planner.post("/territory/kinds", form).text
    assert KindRule.objects.count() == before


def test_the_overview_asks_a_fixed_number_of_questions(planner: Client, django_assert_max_num_queries: object) -> None:
    make_riverside()
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        assert "Riverside" in planner.get("/territory").text


def test_a_file_confirmed_a_second_time_is_said_to_change_nothing(planner: Client) -> None:
    for said in ("list.csv is loaded: 2 new", "list.csv is loaded already; nothing is changed."):
        answer = planner.post(f"/territory/checks/{divisions(planner).pk}", {"verb": "confirm"}, follow=True)
        assert said in answer.text
    assert Load.objects.count() == 1


def test_a_layer_that_no_name_gives_away_is_mapped_on_the_page(planner: Client, tmp_path: Path) -> None:
    layers = town()
    layers["gebaeude"] = layers.pop("buildings")
    path = write(tmp_path / "town.gpkg", layers)
    values = {"territory": "990101000000", "name": "Smallville", "coordinates": "WGS84", "source": "A survey"}
    answer = upload(planner, "city", path.read_bytes(), "town.gpkg", household_size="2.5", **values)
    record = Load.objects.get(status=Load.Status.CHECKED)
    assert answer.headers["Location"] == f"/territory/checks/{record.pk}"
    page = planner.get(f"/territory/checks/{record.pk}")
    assert page.status_code == 422
    assert "has no layer buildings" in page.text
    assert '<option value="gebaeude">' in page.text
    assert "Confirm and load" not in page.text
    planner.post(f"/territory/checks/{record.pk}", {"verb": "look", "map:buildings": "gebaeude"})
    assert "Confirm and load" in planner.get(f"/territory/checks/{record.pk}").text
    for _press in range(2):
        assert planner.post(f"/territory/checks/{record.pk}", {"verb": "confirm"}).status_code in (302, 404)
    assert Place.objects.count() == 12
    assert Load.objects.filter(status=Load.Status.APPLIED, kind="city").count() == 1
