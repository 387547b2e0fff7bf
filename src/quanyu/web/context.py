"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import may


def site(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    planner = isinstance(user, User)
    return {
        "may_draw": planner and may(user, "grids.draw"),
        "may_review": planner and may(user, "grids.review"),
        "may_audit": planner and may(user, "audit.read"),
        "basemap_url": settings.QUANYU_BASEMAP_URL,
        "basemap_attribution": settings.QUANYU_BASEMAP_ATTRIBUTION,
    }
