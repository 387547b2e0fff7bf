"""The JSON API, version 1."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from quanyu.api.v1.grids import router
from quanyu.errors import InvalidInput, NotFound, QuanyuError

api = NinjaAPI(title="Quanyu", version="1", docs_url=None, urls_namespace="api-v1")
api.add_router("", router)


@api.exception_handler(QuanyuError)
def refuse(request: HttpRequest, error: QuanyuError) -> HttpResponse:
    """Send every error in one shape."""
    status = 404 if isinstance(error, NotFound) else 422 if isinstance(error, InvalidInput) else 409
    return api.create_response(request, error.as_dict(), status=status)
