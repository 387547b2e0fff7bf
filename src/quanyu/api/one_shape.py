"""Every refusal under /api/ has the one shape, also where no view of the API answers."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

REFUSALS = {
    404: ("not_found", "Nothing stands at this address. See /api/."),
    405: ("method_not_allowed", "This address does not take %(method)s; it takes: %(allowed)s. See /api/."),
    500: ("internal", "An internal error; the server's log tells of it. Nothing was changed."),
}


class OneShapeMiddleware:
    """Puts ``{"code", "message", "where"}`` in the place of a page or an empty body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        # A developer sees the trace of an error of ours.
        is_shown = settings.DEBUG and response.status_code == 500
        if request.path.startswith("/api/") and is_page and response.status_code in REFUSALS and not is_shown:
            code, message = REFUSALS[response.status_code]
            allowed = response.headers.get("Allow", "")
            message %= {"method": request.method, "allowed": allowed}
            response = JsonResponse({"code": code, "message": message, "where": {}}, status=response.status_code)
            if allowed:
                response.headers["Allow"] = allowed
        return response
