"""The reference page of the API, written from its OpenAPI description; no script, no other host."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from quanyu.api.v1 import api


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Show every operation with its parameters, body and answer."""
    schema = api.get_openapi_schema()
    schemas = schema["components"]["schemas"]
    operations = [
        _operation(method, path, operation, schemas)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "api/reference.html", {"operations": operations})


def _operation(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {
            "name": each["name"], "type": _type(each["schema"]), "required": each.get("required", False),
            "meaning": _meaning(each["schema"]), "default": each["schema"].get("default"),
        }
        for each in operation.get("parameters", [])
    ]  # fmt: skip
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answer = operation["responses"][200]["content"]["application/json"]["schema"]
    return {
        "method": method.upper(), "path": path, "meaning": _meaning(operation), "parameters": parameters,
        "body": _fields(body, schemas) if body else [], "answer": _type(answer), "fields": _fields(answer, schemas),
    }  # fmt: skip


def _meaning(described: dict[str, Any]) -> str:
    """Return a description in the reader's language."""
    return _(described["description"]) if described.get("description") else ""


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of an object, or of the objects in a list."""
    schema = schema.get("items", schema)
    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    required = named.get("required", [])
    return [
        {
            "name": name, "type": _type(each), "required": name in required, "meaning": _meaning(each),
            "default": each.get("default"),
        }
        for name, each in named.get("properties", {}).items()
    ]  # fmt: skip


def _type(schema: dict[str, Any]) -> str:
    """Return a schema in a word or two: ``number``, ``list of GridOut``, ``string | null``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        inner = schema.get("items")
        if inner is None:
            return _("list of %(count)s numbers") % {"count": len(schema.get("prefixItems", []))}
        return _("list of %(kind)s") % {"kind": _type(inner)}
    return str(schema.get("format") or schema.get("type") or "value")
