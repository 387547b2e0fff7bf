"""The home page: the plans in force on a map, and search."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from quanyu.apps.grids.models import Network
from quanyu.apps.grids.queries import plan_in_force
from quanyu.apps.grids.queries import search as find
from quanyu.web.plans import map_settings

SORTS = {"code", "-code", "households", "-households", "compactness", "-compactness", "area_m2", "-area_m2"}


def home(request: HttpRequest) -> HttpResponse:
    """Show a network's grids in force, as a map and as a table."""
    networks = list(Network.objects.select_related("territory"))
    wanted = request.GET.get("network", "")
    network = next((each for each in networks if each.code == wanted), networks[0] if networks else None)
    plan = plan_in_force(network, on=timezone.localdate()) if network else None
    context: dict[str, object] = {"networks": networks, "network": network, "plan": plan}
    if plan is not None:
        sort = request.GET.get("sort", "code")
        grids = plan.grids.select_related("division").order_by(sort if sort in SORTS else "code")
        kind = request.GET.get("kind", "")
        if kind:
            grids = grids.filter(kind=kind)
        page = Paginator(grids, 50).get_page(request.GET.get("page"))
        context |= {"page": page, "sort": sort, "kind": kind, "map": map_settings(plan)}
    template = "map/_table.html" if request.headers.get("HX-Target") == "grid-table" else "map/home.html"
    return render(request, template, context)


def search(request: HttpRequest) -> HttpResponse:
    """Return what a text finds, for the search box."""
    text = request.GET.get("q", "")
    return render(request, "map/_found.html", {"text": text, "found": find(text, on=timezone.localdate())})
