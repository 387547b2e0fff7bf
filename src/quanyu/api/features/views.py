"""OGC API Features, part 1: landing page, conformance, collections, features as GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import numpy as np
import shapely
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from quanyu.api.features.collections import COLLECTIONS, Collection
from quanyu.api.features.openapi import definition
from quanyu.api.features.parameters import ItemQuery, item_query, no_parameters, period
from quanyu.errors import InvalidInput, NotFound, QuanyuError

P = ParamSpec("P")
GEOJSON = "application/geo+json"
JSON = "application/json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CONFORMANCE = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
]


class UnknownItem(NotFound):
    """No such collection or feature."""

    code = "not_found"
    template = "There is no %(what)s %(value)s. %(mend)s"


def _answers(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Let errors of the tree answer in their one shape; anybody may read, from any site."""

    @wraps(view)
    def answering(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except QuanyuError as error:
            status = 404 if isinstance(error, NotFound) else 400 if isinstance(error, InvalidInput) else 409
            response = _json(error.as_dict(), status=status)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    return require_safe(answering)


@_answers
def landing(request: HttpRequest) -> HttpResponse:
    """Say what there is and where."""
    no_parameters(request)
    here = _root(request)
    links = [
        _link(here, "self", JSON, "This document"),
        _link(f"{here}api", "service-desc", OPENAPI, "The definition of this API"),
        _link(request.build_absolute_uri("/api/"), "service-doc", "text/html", "The reference of this API"),
        _link(f"{here}conformance", "conformance", JSON, "What this API conforms to"),
        _link(f"{here}collections", "data", JSON, "The collections"),
    ]
    title, description = "Quanyu: features", "Divisions, service grids and places of a district."
    return _json({"title": title, "description": description, "links": links})


@_answers
def api_definition(request: HttpRequest) -> HttpResponse:
    """Send the OpenAPI 3.0 definition."""
    no_parameters(request)
    return _json(definition(_root(request).rstrip("/")), content_type=OPENAPI)


@_answers
def conformance(request: HttpRequest) -> HttpResponse:
    """List the conformance classes."""
    no_parameters(request)
    return _json({"conformsTo": CONFORMANCE})


@_answers
def collections(request: HttpRequest) -> HttpResponse:
    """List the collections."""
    no_parameters(request)
    links = [_link(f"{_root(request)}collections", "self", JSON, "This document")]
    return _json({"links": links, "collections": [_described(request, each) for each in COLLECTIONS.values()]})


@_answers
def collection(request: HttpRequest, name: str) -> HttpResponse:
    """Describe one collection."""
    no_parameters(request)
    return _json(_described(request, _collection(name)))


@_answers
def items(request: HttpRequest, name: str) -> HttpResponse:
    """Send a page of features."""
    chosen, query = _collection(name), item_query(request)
    found = chosen.during(query.period)
    if query.box is not None:
        west, south, east, north = query.box
        found = found.filter(west__lte=east, east__gte=west, south__lte=north, north__gte=south)
    total = found.count()
    rows = list(found.order_by(*chosen.order).values_list("pk", "wkb", *chosen.columns)[_window(query)])
    head = {
        "type": "FeatureCollection", "numberMatched": total, "numberReturned": len(rows),
        "timeStamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": _page_links(request, chosen, query, total),
    }  # fmt: skip
    body = json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [' + ",".join(_features(chosen, rows)) + "]}"
    return HttpResponse(body, content_type=GEOJSON)


@_answers
def item(request: HttpRequest, name: str, key: int) -> HttpResponse:
    """Send one feature."""
    no_parameters(request, known=("datetime",))
    chosen = _collection(name)
    found = chosen.during(period(request.GET.get("datetime"))).filter(pk=key)
    rows = list(found.values_list("pk", "wkb", *chosen.columns))
    if not rows:
        mend = "It may have ended; ask for another day with datetime."
        raise UnknownItem(what=f"feature of {name}", value=key, mend=mend)
    home = f"{_root(request)}collections/{name}"
    links = [
        _link(request.build_absolute_uri(), "self", GEOJSON, "This feature"),
        _link(home, "collection", JSON, chosen.title),
    ]
    text = next(iter(_features(chosen, rows)))
    return HttpResponse(text[:-1] + f', "links": {json.dumps(links)}}}', content_type=GEOJSON)


def _features(chosen: Collection, rows: list[tuple[Any, ...]]) -> list[str]:
    """Return each row as the text of a GeoJSON feature; shapes are written in one go, to a centimetre."""
    shapes = shapely.from_wkb(np.array([bytes(wkb) for _, wkb, *_ in rows], dtype=object))
    texts = shapely.to_geojson(shapely.transform(shapes, lambda xy: np.round(xy, 7)))
    return [
        f'{{"type": "Feature", "id": {pk}, "geometry": {text}, '
        f'"properties": {json.dumps(chosen.show(tuple(columns)), ensure_ascii=False)}}}'
        for (pk, _, *columns), text in zip(rows, texts, strict=True)
    ]


def _window(query: ItemQuery) -> slice:
    return slice(query.offset, query.offset + query.limit)


def _page_links(request: HttpRequest, chosen: Collection, query: ItemQuery, total: int) -> list[dict[str, str]]:
    home = f"{_root(request)}collections/{chosen.name}"
    links = [
        _link(request.build_absolute_uri(), "self", GEOJSON, "This page"),
        _link(home, "collection", JSON, chosen.title),
    ]
    asked = request.GET.copy()
    steps = (("next", query.offset + query.limit), ("prev", max(0, query.offset - query.limit)))
    for relation, offset in steps:
        if (relation == "next" and offset < total) or (relation == "prev" and query.offset > 0):
            asked["limit"], asked["offset"] = str(query.limit), str(offset)
            links.append(_link(f"{home}/items?{asked.urlencode()}", relation, GEOJSON, f"The {relation} page"))
    return links


def _described(request: HttpRequest, chosen: Collection) -> dict[str, Any]:
    home = f"{_root(request)}collections/{chosen.name}"
    links = [_link(home, "self", JSON, chosen.title), _link(f"{home}/items", "items", GEOJSON, chosen.title)]
    return {
        "id": chosen.name, "title": chosen.title, "description": chosen.description, "itemType": "feature",
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"], "extent": chosen.extent(timezone.localdate()),
        "links": links,
    }  # fmt: skip


def _collection(name: str) -> Collection:
    if name not in COLLECTIONS:
        raise UnknownItem(what="collection", value=name, mend=f"There are: {', '.join(COLLECTIONS)}.")
    return COLLECTIONS[name]


def _root(request: HttpRequest) -> str:
    return request.build_absolute_uri("/api/features/")


def _link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind, "title": title}


def _json(content: dict[str, Any], *, status: int = 200, content_type: str = JSON) -> HttpResponse:
    return HttpResponse(json.dumps(content, ensure_ascii=False), status=status, content_type=content_type)
