"""The OpenAPI 3.0 definition of the features API."""

from __future__ import annotations

from typing import Any

from quanyu.api.features.collections import COLLECTIONS
from quanyu.api.features.parameters import LIMIT, LIMIT_MOST


def definition(root: str) -> dict[str, Any]:
    """Return the definition of the API served at ``root``."""
    name = {"$ref": "#/components/parameters/collection"}
    items = [name, *({"$ref": f"#/components/parameters/{each}"} for each in ("bbox", "datetime", "limit", "offset"))]
    one = [name, {"$ref": "#/components/parameters/id"}, {"$ref": "#/components/parameters/datetime"}]
    return {
        "openapi": "3.0.3",
        "info": {"title": "Quanyu: features", "version": "1.0", "license": {"name": "Apache-2.0"}},
        "servers": [{"url": root}],
        "paths": {
            "/": _get("landing", "What there is and where", "Landing"),
            "/api": _get("definition", "This definition", "Object"),
            "/conformance": _get("conformance", "The conformance classes", "Object"),
            "/collections": _get("collections", "The collections", "Object"),
            "/collections/{collectionId}": _get("collection", "One collection", "Object", [name]),
            "/collections/{collectionId}/items": _get("items", "A page of features", "Features", items),
            "/collections/{collectionId}/items/{featureId}": _get("item", "One feature", "Feature", one),
        },
        "components": {"parameters": _parameters(), "schemas": _schemas()},
    }


def _get(operation: str, summary: str, schema: str, parameters: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    kind = "application/geo+json" if schema.startswith("Feature") else "application/json"
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses = {
        "200": {"description": summary, "content": {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}},
        "400": {"description": "An unknown or wrong parameter", "content": error},
        "404": {"description": "No such collection or feature", "content": error},
    }
    return {
        "get": {"operationId": operation, "summary": summary, "parameters": parameters or [], "responses": responses}
    }


def _parameters() -> dict[str, Any]:
    box = {"type": "array", "items": {"type": "number"}, "oneOf": [{"minItems": n, "maxItems": n} for n in (4, 6)]}
    whole = {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT}
    return {
        "collection": {
            "name": "collectionId", "in": "path", "required": True,
            "schema": {"type": "string", "enum": list(COLLECTIONS)},
        },
        "id": {"name": "featureId", "in": "path", "required": True, "schema": {"type": "integer"}},
        "bbox": {"name": "bbox", "in": "query", "style": "form", "explode": False, "schema": box},
        "datetime": {"name": "datetime", "in": "query", "style": "form", "schema": {"type": "string"}},
        "limit": {"name": "limit", "in": "query", "style": "form", "schema": whole},
        "offset": {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}},
    }  # fmt: skip


def _schemas() -> dict[str, Any]:
    feature = {"type": "object", "required": ["type", "geometry", "properties"]}
    features = {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}}
    return {
        "Object": {"type": "object"},
        "Landing": {"type": "object", "required": ["links"]},
        "Feature": feature,
        "Features": {"type": "object", "required": ["type", "features"], "properties": {"features": features}},
        "Error": {"type": "object", "required": ["code", "message", "where"]},
    }
