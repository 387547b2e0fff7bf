"""The JSON API, version 1: every answer that is not 2xx has the one shape ``{"code", "message", "where"}``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from quanyu.api.v1.grids import GridEnded, router
from quanyu.errors import InvalidInput, NotFound, QuanyuError, plain

api = NinjaAPI(title="Quanyu", version="1", docs_url=None, urls_namespace="api-v1")
api.add_router("", router)


@api.exception_handler(QuanyuError)
def refuse(request: HttpRequest, error: QuanyuError) -> HttpResponse:
    """Send an error of the tree."""
    statuses = ((GridEnded, 410), (NotFound, 404), (InvalidInput, 422))
    status = next((status for kind, status in statuses if isinstance(error, kind)), 409)
    return api.create_response(request, error.as_dict(), status=status)


@api.exception_handler(ValidationError)
def refuse_parameter(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Send the first parameter that does not fit its description, and where it stands."""
    first: dict[str, Any] = error.errors[0]
    # The first step says query or body, and for a body the second is its name in the code.
    steps = [str(step) for step in first["loc"] if step not in ("query", "path", "body", "filters")]
    where: dict[str, Any] = {"field": ".".join(steps)}
    if isinstance(given := first.get("input"), (str, int, float)):
        where["value"] = plain(given)
    place = where["field"] or f"The {first['loc'][0]}"
    reason = first["msg"].removeprefix("Value error, ")
    message = f"{place}: {reason}. The description of the API is /api/v1/openapi.json."
    return api.create_response(request, {"code": "invalid_parameter", "message": message, "where": where}, status=422)


@api.exception_handler(HttpError)
def refuse_request(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Send what is wrong with the request as a whole, such as a body that is no JSON."""
    message = f"{str(error).rstrip('.')}. The description of the API is /api/v1/openapi.json."
    body = {"code": "invalid_request", "message": message, "where": {}}
    return api.create_response(request, body, status=error.status_code)


@api.exception_handler(RequestDataTooBig)
def refuse_size(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """Send that the body is larger than the site reads."""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
    message = f"The body is larger than {most} MB. Send fewer points at a time, at most 10,000."
    return api.create_response(request, {"code": "too_large", "message": message, "where": {}}, status=413)


@api.exception_handler(Http404)
def refuse_address(request: HttpRequest, error: Http404) -> HttpResponse:
    """Send that nothing stands at an address."""
    body = {"code": "not_found", "message": "Nothing stands at this address. See /api/.", "where": {}}
    return api.create_response(request, body, status=404)
