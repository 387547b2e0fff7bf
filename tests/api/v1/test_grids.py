"""The JSON API of grids: what it answers, what it refuses, and how."""

from __future__ import annotations

import html
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from django.test import Client
from tests.factories import AT, TODAY, draw_plan, enforce_plan, make_people, make_riverside_in_force

from quanyu.apps.grids import actions
from quanyu.apps.grids.models import Grid, Network, Plan
from quanyu.apps.grids.norms import Norms
from quanyu.engines.spatial.coordinates import bd09_from_wgs84, gcj02_from_wgs84


@pytest.fixture
def plan(db: None) -> Plan:
    return make_riverside_in_force(make_people())


def _error(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status
    body: dict[str, Any] = response.json()
    assert set(body) == {"code", "message", "where"}
    return body


def _basic(plan: Plan) -> Grid:
    grid = plan.grids.filter(kind=Grid.Kind.BASIC).order_by("code").first()
    assert grid is not None
    return grid


def test_the_list_holds_every_grid_in_force(plan: Plan, client: Client) -> None:
    body = client.get("/api/v1/grids", {"on": TODAY}).json()
    assert body["total"] == plan.grids.count()
    assert [item["code"] for item in body["items"]] == sorted(plan.grids.values_list("code", flat=True))
    first = next(item for item in body["items"] if item["code"] == _basic(plan).code)
    grid = _basic(plan)
    assert (first["households"], first["places"], first["kind"]) == (grid.households, grid.places, "basic")
    assert first["division_name"] == "West Bank"
    assert first["is_made_up"] is True


def test_pages_of_the_list_make_up_the_whole(plan: Plan, client: Client) -> None:
    pages = [client.get("/api/v1/grids", {"on": TODAY, "limit": 5, "offset": n}).json() for n in range(0, 20, 5)]
    codes = [item["code"] for page in pages for item in page["items"]]
    assert codes == sorted(plan.grids.values_list("code", flat=True))


def test_the_list_is_narrowed_by_kind_division_and_box(plan: Plan, client: Client) -> None:
    exclusive = client.get("/api/v1/grids", {"on": TODAY, "kind": "exclusive"}).json()
    assert {item["exclusive_for"] for item in exclusive["items"]} == {"market", "office"}
    east = client.get("/api/v1/grids", {"on": TODAY, "division": "990101001002"}).json()
    assert east["total"] == plan.grids.filter(division__code="990101001002").count()
    grid = _basic(plan)
    box = dict(zip(("west", "south", "east", "north"), (grid.label_lon, grid.label_lat) * 2, strict=True))
    codes = {item["code"] for item in client.get("/api/v1/grids", {"on": TODAY, **box}).json()["items"]}
    assert grid.code in codes
    assert len(codes) < plan.grids.count()


def test_the_query_count_of_the_list_is_fixed(plan: Plan, client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        client.get("/api/v1/grids", {"on": TODAY, "limit": 3})
    with django_assert_num_queries(2):
        client.get("/api/v1/grids", {"on": TODAY, "limit": 100})


def test_a_grid_has_its_outline_and_who_serves_it(plan: Plan, client: Client) -> None:
    grid = _basic(plan)
    staff = {"worker_name": "Sun", "duty_phone": "0531-12345", "complaint_phone": "0531-12346"}
    actions.set_staffing(plan.network, grid.code, **staff, actor=None, at=AT)
    body = client.get(f"/api/v1/grids/{grid.code}", {"on": TODAY}).json()
    assert body["staff"] == staff
    shape = shapely.from_geojson(json.dumps(body["geometry"]))
    assert shapely.symmetric_difference(shape, grid.geometry).area < 1e-4 * shape.area


def test_an_unknown_code_is_not_found(plan: Plan, client: Client) -> None:
    assert _error(client.get("/api/v1/grids/999", {"on": TODAY}), 404)["code"] == "not_found"
    known = _error(client.get("/api/v1/grids", {"network": "nowhere"}), 404)
    assert "Known are: riverside." in known["message"]


def test_a_code_that_ended_names_what_replaced_it(plan: Plan, client: Client) -> None:
    norms = Norms(lower=350, upper=600, exclusive_min_m2=1500.0, steps=300, seed=5)
    reviewer = Plan.objects.get(pk=plan.pk).reviewed_by
    tomorrow = TODAY + timedelta(days=1)
    new = enforce_plan(draw_plan(plan.network, norms), reviewer=reviewer, day=tomorrow)
    ended = min(set(plan.grids.values_list("code", flat=True)) - set(new.grids.values_list("code", flat=True)))
    gone = _error(client.get(f"/api/v1/grids/{ended}", {"on": tomorrow}), 410)
    assert gone["code"] == "grid_ended"
    assert set(gone["where"]["replaced_by"].split(", ")) <= set(new.grids.values_list("code", flat=True))
    assert client.get(f"/api/v1/grids/{ended}", {"on": TODAY}).json()["in_force_to"] == str(tomorrow)


def test_a_day_before_the_first_plan_has_no_grids(plan: Plan, client: Client) -> None:
    before = TODAY - timedelta(days=1)
    assert client.get("/api/v1/grids", {"on": before}).json() == {"total": 0, "items": []}
    assert client.get("/api/v1/locate", {"lon": 117.523, "lat": 36.712, "on": before}).json() == []


@pytest.mark.parametrize(
    ("system", "shift"),
    [("WGS84", None), ("CGCS2000", None), ("GCJ-02", gcj02_from_wgs84), ("BD-09", bd09_from_wgs84)],
)
def test_a_point_is_located_in_each_system(plan: Plan, client: Client, system: str, shift: Any) -> None:
    for grid in plan.grids.all():
        point = np.array([[grid.label_lon, grid.label_lat]])
        lon, lat = (point if shift is None else shift(point))[0]
        found = client.get("/api/v1/locate", {"lon": lon, "lat": lat, "system": system, "on": TODAY}).json()
        assert [each["code"] for each in found] == [grid.code]


def test_a_batch_equals_the_points_one_by_one(plan: Plan, client: Client) -> None:
    random = np.random.default_rng(3)
    box = [plan.network.territory.west, plan.network.territory.south, 0.0, 0.0]
    points = (np.array(box[:2]) + random.uniform(-0.001, 0.009, (40, 2))).tolist()
    body = {"network": "riverside", "points": points, "on": str(TODAY)}
    codes = client.post("/api/v1/locate", body, content_type="application/json").json()
    single = [client.get("/api/v1/locate", {"lon": x, "lat": y, "on": TODAY}).json() for x, y in points]
    assert codes == [found[0]["code"] if found else None for found in single]
    assert None in codes
    assert len(set(codes)) > 3


@pytest.mark.parametrize(
    ("path", "query", "status", "field"),
    [
        ("grids", {"limit": 0}, 422, "limit"), ("grids", {"limit": 1001}, 422, "limit"),
        ("grids", {"offset": -1}, 422, "offset"), ("grids", {"offset": 10**30}, 422, "offset"),
        ("grids", {"west": "nan", "south": 1, "east": 2, "north": 3}, 422, "west"),
        ("grids", {"west": 3, "south": 1, "east": 2, "north": 3}, 422, ""), ("grids", {"on": "yesterday"}, 422, "on"),
        ("grids", {"kind": "round"}, 422, "kind"), ("grids", {"west": 1}, 422, ""),
        ("locate", {"lat": 36}, 422, "lon"), ("locate", {"lon": "east", "lat": 36}, 422, "lon"),
    ],
)  # fmt: skip
def test_a_parameter_that_does_not_fit_is_named(
    plan: Plan, client: Client, path: str, query: dict[str, Any], status: int, field: str
) -> None:
    error = _error(client.get(f"/api/v1/{path}", query), status)
    assert error["code"] == "invalid_parameter"
    assert error["where"]["field"] == field


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"lon": "nan", "lat": 36}, "not_finite"), ({"lon": 36.7, "lat": 117.5}, "out_of_range"),
        ({"lon": 117, "lat": 36, "system": "Mars-1"}, "unknown_coordinate_system"),
        ({"lon": 117, "lat": 36, "system": "EPSG:4978"}, "unknown_coordinate_system"),
    ],
)  # fmt: skip
def test_a_point_that_is_nowhere_is_refused(plan: Plan, client: Client, query: dict[str, Any], code: str) -> None:
    response = client.get("/api/v1/locate", query)
    assert _error(response, 422)["code"] == code
    assert b"NaN" not in response.content


def test_a_batch_that_does_not_fit_is_refused(plan: Plan, client: Client) -> None:
    def post(body: Any) -> Any:
        return client.post("/api/v1/locate", body, content_type="application/json")

    assert _error(post("{no json"), 400)["code"] == "invalid_request"
    assert _error(post({"network": "riverside"}), 422)["where"]["field"].endswith("points")
    assert _error(post({"network": "nowhere", "points": []}), 404)["code"] == "not_found"
    far = _error(post({"network": "riverside", "points": [[117.52, 36.71], [36.71, 117.52]]}), 422)
    assert far["where"] == {"row": 1, "value": "36.71, 117.52"}
    assert _error(post({"network": "riverside", "points": [[0, 0]] * 10_001}), 422)["code"] == "invalid_parameter"
    assert _error(post({"network": "riverside", "points": [[0, 0]] * 2_000_000}), 413)["code"] == "too_large"
    assert post({"network": "riverside", "points": []}).json() == []


@pytest.mark.parametrize("code", ["\0", "\ud800"])
def test_what_no_database_takes_is_refused(plan: Plan, client: Client, code: str) -> None:
    body = json.dumps({"network": code, "points": [[117, 36]]})
    refused = _error(client.post("/api/v1/locate", body, content_type="application/json"), 422)
    assert refused["message"].startswith("network: a code has letters, digits and hyphens.")
    assert _error(client.get("/api/v1/grids", {"division": "\0"}), 422)["where"]["field"] == "division"
    assert _error(client.get("/api/v1/grids/%00"), 422)["where"]["field"] == "code"


def test_a_refusal_without_a_field_says_what_it_is_about(plan: Plan, client: Client) -> None:
    box = _error(client.get("/api/v1/grids", {"west": 1}), 422)
    assert box["message"].startswith("The query: give west, south, east and north together")
    empty = _error(client.post("/api/v1/locate", "", content_type="application/json"), 422)
    assert empty["message"].startswith("The body: Field required")


def test_addresses_and_methods_that_are_not_there_are_refused_in_the_one_shape(db: None, client: Client) -> None:
    for address in ("/api/nothing", "/api/v1/", "/api/v1/grids/a/b", "/api/features/nothing"):
        assert _error(client.get(address), 404)["code"] == "not_found"
    for address in ("/api/", "/api/v1/grids", "/api/features/", "/api/features/collections/grids/items"):
        answer = client.delete(address)
        refused = _error(answer, 405)
        assert refused["code"] == "method_not_allowed"
        assert f"it takes: {answer.headers['Allow']}." in refused["message"]
    assert client.get("/nothing").headers["Content-Type"].startswith("text/html")


def test_a_fault_of_ours_is_told_in_the_one_shape(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("quanyu.apps.grids.queries.locate", fail)
    client.raise_request_exception = False
    assert _error(client.get("/api/v1/locate", {"lon": 117, "lat": 36}), 500)["code"] == "internal"
    assert "a fault of ours" in caplog.text


def test_small_counts_are_not_shown(plan: Plan, client: Client, settings: Any) -> None:
    settings.QUANYU_PUBLIC_MINIMUM = 10_000
    items = client.get("/api/v1/grids", {"on": TODAY}).json()["items"]
    assert {item["households"] for item in items} == {None, 0}


def test_drafts_are_not_shown(plan: Plan, client: Client) -> None:
    draw_plan(Network.objects.get())
    assert client.get("/api/v1/grids", {"on": TODAY}).json()["total"] == plan.grids.count()


def test_the_reference_page_describes_every_operation_without_another_host(db: None, client: Client) -> None:
    page = client.get("/api/").content.decode()
    schema = client.get("/api/v1/openapi.json").json()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in page
            for parameter in operation.get("parameters", []):
                assert f"<code>{parameter['name']}</code>" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_the_reference_page_speaks_the_readers_language(db: None, client: Client) -> None:
    def shown(language: str) -> str:
        return client.get("/api/", headers={"accept-language": language}).content.decode()

    def meanings(described: Any) -> set[str]:
        """Return every description of an operation, a parameter or a field of a body."""
        if not isinstance(described, dict):
            return set().union(*map(meanings, described)) if isinstance(described, list) else set()
        own = {described["description"]} if "description" in described else set()
        return own.union(*(meanings(each) for key, each in described.items() if key != "responses"))

    schema = client.get("/api/v1/openapi.json").json()
    said = meanings(schema["paths"]) | meanings(schema["components"]["schemas"]["Points"]["properties"])
    assert len(said) >= 10
    english, chinese = html.unescape(shown("en")), shown("zh-hans")
    assert [each for each in said if each not in english] == []
    assert [each for each in said if each in chinese] == []
    assert client.get("/api/v1/openapi.json", headers={"accept-language": "zh-hans"}).json() == schema
