"""A plan: its map beside its numbers, comparison, review, putting in force, exports."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from quanyu.apps.grids import actions, exports, queries
from quanyu.apps.grids.models import Plan
from quanyu.apps.territory.models import Division
from quanyu.errors import QuanyuError
from quanyu.web import words
from quanyu.web.access import actor, visible_plan


def map_settings(plan: Plan) -> dict[str, Any]:
    """Return what the map component needs to show a plan."""
    territory = plan.network.territory
    source = plan.fabric.territory.places.exclude(load__source=None).select_related("load__source").first()
    return {
        "grids": reverse("plan-features", args=[plan.pk]),
        "grid_page": reverse("grid", args=[plan.network.code, "CODE"]),
        "tiles": reverse("tile", args=[territory.code, "ARCHIVE", 0, 0, 0]).removesuffix("/0/0/0"),
        "bounds": _bounds(territory),
        "lower": plan.norms["lower"],
        "upper": plan.norms["upper"],
        "attribution": source.load.source.attribution if source and source.load and source.load.source else "",
    }


def _bounds(territory: Division) -> list[float | None]:
    return [territory.west, territory.south, territory.east, territory.north]


def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a plan beside its numbers, and what would change if it took force."""
    plan = visible_plan(request, pk)
    present = queries.plan_in_force(plan.network, on=timezone.localdate())
    other = plan.based_on if plan.is_fixed else present
    broken = [
        {"grid": grid, "reasons": [{"why": words.rule(r), "mends": words.mends(r)} for r in grid.reasons]}
        for grid in queries.broken(plan)
    ]
    context = {
        "plan": plan,
        "other": other,
        "figures": plan.metrics,
        "histogram": queries.histogram(plan),
        "broken": broken,
        "impact": queries.impact(plan, against=other) if other is not None and other != plan else None,
        "formats": list(exports.FORMATS),
        "map": map_settings(plan) | ({"moved": reverse("plan-moved", args=[plan.pk])} if other else {}),
        "today": timezone.localdate(),
    }
    return render(request, "plans/plan.html", context)


def features(request: HttpRequest, pk: int) -> HttpResponse:
    """Return a plan's grids as GeoJSON."""
    response = JsonResponse(queries.grid_features(visible_plan(request, pk)))
    response.headers["Content-Type"] = "application/geo+json"
    return response


def moved(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the places that change grid as GeoJSON."""
    plan = visible_plan(request, pk)
    other = plan.based_on if plan.is_fixed else queries.plan_in_force(plan.network, on=timezone.localdate())
    empty: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    return JsonResponse(queries.moved_places(plan, other) if other is not None else empty)


def export(request: HttpRequest, pk: int, kind: str) -> HttpResponse | FileResponse:
    """Send a plan as a file."""
    plan = visible_plan(request, pk)
    if kind not in exports.FORMATS:
        raise Http404
    ending = "zip" if kind == "shp" else kind
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{plan.network.code}-v{plan.number}.{ending}"
        exports.write(plan, kind, path, language=get_language() or "zh-hans")
        content = path.read_bytes()
    response = HttpResponse(content, content_type=exports.FORMATS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{path.name}"'
    return response


@require_POST
def verb(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Review, put in force or discard a plan."""
    if not request.user.is_authenticated:
        raise Http404
    plan = visible_plan(request, pk)
    now = timezone.now()
    try:
        if verb == "review":
            actions.review(plan, actor=actor(request), at=now)
            messages.success(request, _("%(plan)s is reviewed.") % {"plan": plan})
        elif verb == "enforce":
            day = parse_date(request.POST.get("day", "")) or timezone.localdate()
            impact = actions.enforce(plan, day=day, actor=actor(request), at=now)
            text = _("%(plan)s is in force from %(day)s: %(moved)s households move, %(ended)s grids end.")
            ended = len(impact.codes_ended)
            values = {"plan": plan, "day": day, "moved": impact.households_moved, "ended": ended}
            messages.success(request, text % values)
        elif verb == "discard":
            actions.discard_plan(plan, actor=actor(request), at=now)
            messages.success(request, _("%(plan)s is discarded.") % {"plan": plan})
            return redirect("desk-network", plan.network.code)
        else:
            raise Http404
    except QuanyuError as error:
        messages.error(request, _(error.template) % error.params)
    return redirect("plan", pk)

