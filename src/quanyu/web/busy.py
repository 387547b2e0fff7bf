"""What a visitor is told while a file is taken in on SQLite, which lets one writer work at a time."""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

RETRY_AFTER_S = 30


class BusyMiddleware:
    """Answers 503 where the database stayed locked: nothing was changed, and a while later it will be free."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the answer for a locked database; any other error goes on."""
        if not isinstance(error, OperationalError) or "locked" not in str(error):
            return None
        message = _("A large file is being taken in. Nothing was changed; try again in a minute.")
        if request.path.startswith("/api/"):
            response: HttpResponse = JsonResponse({"code": "busy", "message": message, "where": {}}, status=503)
        else:
            response = render(request, "503.html", {"message": message}, status=503)
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response
