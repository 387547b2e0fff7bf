"""Guards for pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import may
from quanyu.apps.grids.models import Plan

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def needs(*permissions: str) -> Callable[[View[P]], View[P]]:
    """Send strangers to the sign-in, and refuse people without any of the permissions."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not any(may(actor(request), permission) for permission in permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return cast("View[P]", guarded)

    return decorate


def actor(request: HttpRequest) -> User:
    """Return the signed-in person."""
    return cast(User, request.user)


def visible_plan(request: HttpRequest, pk: int) -> Plan:
    """Return a plan this visitor may see: what is or was in force is public, drafts are for those who sign in."""
    plan = Plan.objects.select_related("network__territory", "based_on", "made_by", "reviewed_by").filter(pk=pk).first()
    today = timezone.localdate()
    public = plan is not None and plan.in_force_from is not None and plan.in_force_from <= today
    if plan is None or not (public or request.user.is_authenticated):
        raise Http404
    return plan
