"""Headers that keep a page from loading anything from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest


class NoNulMiddleware:
    """Refuses a page's address with a NUL: no record holds one, and PostgreSQL cannot be asked for it.

    The API refuses it in its own shape.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.path + request.META.get("QUERY_STRING", "")
        if ("\0" in asked or "%00" in asked) and not request.path.startswith("/api/"):
            return HttpResponseBadRequest("The address holds a NUL.", content_type="text/plain")
        return self.get_response(request)


class ContentPolicyMiddleware:
    """Sends a Content-Security-Policy that allows this site alone, and the host of the base map if one is set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        parts = urlsplit(settings.QUANYU_BASEMAP_URL)
        host = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
        self.policy = (
            f"default-src 'self'; img-src 'self' data: blob:{host}; connect-src 'self'{host}; worker-src blob:; "
            "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; "
            "form-action 'self'"
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", "geolocation=(self)")
        return response
