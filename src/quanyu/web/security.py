"""Headers that keep a page from loading anything from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse


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
