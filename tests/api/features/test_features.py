"""OGC API Features 1.0: core, GeoJSON and OpenAPI 3.0, requirement by requirement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import shapely
from django.test import Client
from tests.factories import TODAY, draw_plan, enforce_plan, lonlat, make_people, make_riverside_in_force

from quanyu.apps.grids.models import Plan
from quanyu.apps.grids.norms import Norms
from quanyu.apps.territory.models import Place

ROOT = "/api/features/"
COLLECTIONS = ["divisions", "grids", "places"]
DAY = {"datetime": f"{TODAY}"}


@pytest.fixture
def plan(db: None) -> Plan:
    return make_riverside_in_force(make_people())


def _json(client: Client, address: str, **query: Any) -> dict[str, Any]:
    response = client.get(address, query)
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    return body


def _links(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {link["rel"]: link for link in document["links"]}


def _path(link: dict[str, str]) -> str:
    parts = urlsplit(link["href"])
    assert (parts.scheme, parts.netloc) == ("http", "testserver")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_the_landing_page_leads_to_everything(plan: Plan, client: Client) -> None:
    links = _links(_json(client, ROOT))
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= set(links)
    for link in links.values():
        response = client.get(_path(link))
        assert response.status_code == 200
        assert response.headers["Content-Type"].split(";")[0] == link["type"].split(";")[0]


def test_the_conformance_classes_are_those_kept(db: None, client: Client) -> None:
    classes = [
        f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson", "oas30")
    ]
    assert _json(client, f"{ROOT}conformance") == {"conformsTo": classes}


def test_the_definition_is_openapi_3_0_and_names_every_address(db: None, client: Client) -> None:
    response = client.get(f"{ROOT}api")
    assert response.headers["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    body = response.json()
    assert body["openapi"].startswith("3.0.")
    assert set(body["paths"]) == {
        "/", "/api", "/conformance", "/collections", "/collections/{collectionId}",
        "/collections/{collectionId}/items", "/collections/{collectionId}/items/{featureId}",
    }  # fmt: skip
    # Every reference leads somewhere.
    text = response.content.decode()
    for kind in ("parameters", "schemas"):
        named = {part.split('"')[0] for part in text.split(f"#/components/{kind}/")[1:]}
        assert named <= set(body["components"][kind])


def test_each_collection_is_described_alike_in_both_places(plan: Plan, client: Client) -> None:
    listed = _json(client, f"{ROOT}collections")["collections"]
    assert [each["id"] for each in listed] == COLLECTIONS
    for each in listed:
        assert _json(client, _path(_links(each)["self"])) == each
        assert _links(each)["items"]["type"] == "application/geo+json"
        assert each["itemType"] == "feature"
    west, south, east, north = listed[0]["extent"]["spatial"]["bbox"][0]
    assert (west, south) == pytest.approx(lonlat(0, 0), abs=1e-4)
    assert (east, north) == pytest.approx(lonlat(720, 500), abs=1e-4)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_features_are_geojson_with_counts_and_links(plan: Plan, client: Client, name: str) -> None:
    response = client.get(f"{ROOT}collections/{name}/items", {**DAY, "limit": 10_000})
    assert response.headers["Content-Type"] == "application/geo+json"
    body = response.json()
    counts = {"divisions": 3, "grids": plan.grids.count(), "places": Place.objects.count()}
    assert body["type"] == "FeatureCollection"
    assert body["numberMatched"] == body["numberReturned"] == len(body["features"]) == counts[name]
    assert body["timeStamp"].endswith("Z")
    assert _links(body)["self"]["type"] == "application/geo+json"
    assert "next" not in _links(body)
    for feature in body["features"]:
        assert feature["type"] == "Feature"
        assert shapely.from_geojson(shapely.to_geojson(shapely.geometry.shape(feature["geometry"]))).is_valid


@pytest.mark.parametrize("name", COLLECTIONS)
def test_following_next_gives_every_feature_once(plan: Plan, client: Client, name: str) -> None:
    whole = _json(client, f"{ROOT}collections/{name}/items", **DAY, limit=10_000)
    address, seen = f"{ROOT}collections/{name}/items?datetime={TODAY}&limit=2", []
    if name == "places":
        address = address.replace("limit=2", "limit=50")
    while address:
        page = _json(client, address)
        seen += [feature["id"] for feature in page["features"]]
        links = _links(page)
        assert ("prev" in links) == (len(seen) > page["numberReturned"])
        address = _path(links["next"]) if "next" in links else ""
    assert seen == [feature["id"] for feature in whole["features"]]


def test_a_box_gives_what_meets_it_by_brute_force(plan: Plan, client: Client) -> None:
    south_west, north_east = lonlat(100, 100), lonlat(300, 260)
    box = shapely.box(*south_west, *north_east)
    expected = {
        place.pk for place in Place.objects.all() if shapely.intersects(shapely.box(*place.geometry.bounds), box)
    }
    for text in (f"{south_west[0]},{south_west[1]},{north_east[0]},{north_east[1]}",
                 f"{south_west[0]},{south_west[1]},0,{north_east[0]},{north_east[1]},99"):  # fmt: skip
        found = _json(client, f"{ROOT}collections/places/items", **DAY, bbox=text, limit=1000)
        assert {feature["id"] for feature in found["features"]} == expected
    assert 5 < len(expected) < 60


def test_one_feature_equals_itself_in_the_list(plan: Plan, client: Client) -> None:
    for name in COLLECTIONS:
        listed = _json(client, f"{ROOT}collections/{name}/items", **DAY, limit=1)["features"][0]
        response = client.get(f"{ROOT}collections/{name}/items/{listed['id']}", DAY)
        assert response.headers["Content-Type"] == "application/geo+json"
        alone = response.json()
        assert {key: alone[key] for key in listed} == listed
        assert {"self", "collection"} == set(_links(alone))


def test_a_past_day_and_a_period_are_answered(plan: Plan, client: Client) -> None:
    reviewer = Plan.objects.get(pk=plan.pk).reviewed_by
    norms = Norms(lower=350, upper=600, exclusive_min_m2=1500.0, steps=300, seed=5)
    later = TODAY + timedelta(days=10)
    new = enforce_plan(draw_plan(plan.network, norms), reviewer=reviewer, day=later)
    old_count, new_count = plan.grids.count(), new.grids.count()
    counts = {
        f"{TODAY - timedelta(days=1)}": 0, f"{TODAY}": old_count, f"{later}": new_count,
        f"{later - timedelta(days=1)}T23:00:00+08:00": old_count, f"{later - timedelta(days=1)}T17:00:00Z": new_count,
        f"{TODAY}/..": old_count + new_count, f"../{TODAY}": old_count, f"{later}/": new_count,
        f"{TODAY}/{later}": old_count + new_count, f"../{TODAY - timedelta(days=1)}": 0,
    }  # fmt: skip
    for moment, count in counts.items():
        found = _json(client, f"{ROOT}collections/grids/items", datetime=moment, limit=1)
        assert found["numberMatched"] == count, moment


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"), ({"limit": "-1"}, "limit"), ({"limit": "many"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"bbox": "1,2,3"}, "bbox"), ({"bbox": "a,b,c,d"}, "bbox"), ({"bbox": "3,2,1,4"}, "bbox"),
        ({"bbox": "1,nan,3,4"}, "bbox"), ({"datetime": "soon"}, "datetime"), ({"datetime": "2026-13-01"}, "datetime"),
        ({"datetime": "../.."}, "datetime"), ({"datetime": "2026-02-01/2026-01-01"}, "datetime"),
        ({"datetime": "2026-01-01T10:00:00"}, "datetime"), ({"colour": "red"}, "colour"),
        ({"datetime": "9999-12-31T23:59:59Z"}, "datetime"), ({"limit": "9" * 19}, "limit"),
    ],
)  # fmt: skip
def test_an_unknown_or_wrong_parameter_is_a_bad_request(
    db: None, client: Client, query: dict[str, str], field: str
) -> None:
    response = client.get(f"{ROOT}collections/places/items", query)
    assert response.status_code == 400
    body = response.json()
    assert (body["code"], body["where"]["field"]) == ("invalid_parameter", field)


@pytest.mark.parametrize("address", ["", "api", "conformance", "collections", "collections/grids"])
def test_other_addresses_know_no_parameters(db: None, client: Client, address: str) -> None:
    assert client.get(f"{ROOT}{address}", {"colour": "red"}).status_code == 400


def test_more_than_the_most_is_cut_down(plan: Plan, client: Client) -> None:
    assert _json(client, f"{ROOT}collections/places/items", limit=99_999)["numberReturned"] == Place.objects.count()


@pytest.mark.parametrize("address", ["collections/persons", "collections/persons/items", "collections/grids/items/0"])
def test_what_is_not_there_is_not_found(db: None, client: Client, address: str) -> None:
    response = client.get(f"{ROOT}{address}")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_only_public_columns_of_a_place_are_shown(plan: Plan, client: Client) -> None:
    Place.objects.filter(key="R0C0").update(households=2)
    shown = _json(client, f"{ROOT}collections/places/items", **DAY, limit=1000)["features"]
    columns = {
        "key", "name", "kind", "division", "households", "how_counted", "is_made_up", "valid_from", "valid_until",
    }  # fmt: skip
    assert {frozenset(feature["properties"]) for feature in shown} == {frozenset(columns)}
    by_key = {feature["properties"]["key"]: feature["properties"]["households"] for feature in shown}
    assert by_key["R0C0"] is None
    assert by_key["R2C10"] == 0
    assert by_key["R2C2"] == 1100


def test_drafts_and_coming_plans_are_not_features_of_today(plan: Plan, client: Client) -> None:
    draw_plan(plan.network)
    found = _json(client, f"{ROOT}collections/grids/items", datetime=f"../{TODAY}")
    assert found["numberMatched"] == plan.grids.count()


def test_nothing_can_be_changed_here(db: None, client: Client) -> None:
    for address in (ROOT, f"{ROOT}collections/places/items"):
        assert client.post(address).status_code == 405


def test_the_query_count_of_a_page_is_fixed(plan: Plan, client: Client, django_assert_num_queries: Any) -> None:
    for limit in (1, 100):
        with django_assert_num_queries(2):
            client.get(f"{ROOT}collections/places/items", {**DAY, "limit": limit})
