"""The home page: the plans in force on a map, the same grids as a table, and search."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control

from quanyu.apps.grids.models import Grid, GridQuerySet, Network, Plan
from quanyu.apps.grids.queries import plan_in_force
from quanyu.apps.grids.queries import search as find
from quanyu.apps.territory.models import Division
from quanyu.web import sources
from quanyu.web.plans import map_settings
from quanyu.web.tables import Column, sorting

COLUMNS = [
    Column("code", _("Grid code")),
    Column("households", _("Households"), is_number=True),
    Column("places", _("Places"), is_number=True),
    Column("area_m2", _("Area"), is_number=True),
    Column("in_range", _("Norm")),
]
NORM = {"kept": True, "broken": False}


def home(request: HttpRequest) -> HttpResponse:
    """Show a network's grids in force, as a map and as a table."""
    networks = list(Network.objects.select_related("territory"))
    wanted = request.GET.get("network", "")
    network = next((each for each in networks if each.code == wanted), networks[0] if networks else None)
    plan = plan_in_force(network, on=timezone.localdate()) if network else None
    context: dict[str, Any] = {"networks": networks, "network": network, "plan": plan}
    if plan is not None:
        order, columns = sorting(request, COLUMNS, default="")
        grids = _filtered(request, plan.grids.all())
        origin = sources.sources_of(plan.network.territory)
        context |= {
            "page": Paginator(grids.order_by(order or "kind", "code"), 50).get_page(request.GET.get("page")),
            "columns": columns,
            "totals": grids.aggregate(households=Sum("households"), places=Sum("places"), area_m2=Sum("area_m2")),
            "kinds": Grid.Kind.choices,
            "figures": plan.metrics,
            "coming": Plan.objects.filter(network=network, in_force_from__gt=timezone.localdate()).first(),
            "made_up": origin["is_made_up"],
            "map": map_settings(plan, origin),
        }
    template = "map/_table.html" if request.headers.get("HX-Target") == "grid-table" else "map/home.html"
    return render(request, template, context)


def _filtered(request: HttpRequest, grids: GridQuerySet) -> GridQuerySet:
    if kind := request.GET.get("kind", ""):
        grids = grids.filter(kind=kind)
    if (norm := request.GET.get("norm", "")) in NORM:
        grids = grids.filter(kind=Grid.Kind.BASIC, in_range=NORM[norm])
    if text := request.GET.get("code", "").strip():
        grids = grids.filter(code__contains=text)
    return grids


def search(request: HttpRequest) -> HttpResponse:
    """Show what a text finds: as a list for the search box, as a page for a plain visit."""
    text = request.GET.get("q", "")
    networks = list(Network.objects.select_related("territory"))
    found = [{**each, "url": _address(each, networks)} for each in find(text, on=timezone.localdate())]
    template = "map/_found.html" if request.headers.get("HX-Request") == "true" else "map/search.html"
    return render(request, template, {"text": text, "found": found})


def _address(found: dict[str, Any], networks: list[Network]) -> str:
    """Return the address of the map at what was found; what has no place on the map leads nowhere."""
    lon, lat = found["lon"], found["lat"]
    if lon is None or lat is None:
        return ""
    if found["type"] == "grid":
        network, hash_ = found["args"][0], f"view=15.00/{lat:.5f}/{lon:.5f}&grid={found['label']}"
    else:
        holding = [each for each in networks if _holds(each.territory, lon, lat)]
        if not holding:
            return ""
        zoom = 16 if found["type"] == "place" else 13
        network, hash_ = holding[0].code, f"view={zoom}.00/{lat:.5f}/{lon:.5f}"
        if found["type"] == "place":
            hash_ += f"&mark={lat:.6f}/{lon:.6f}"
    return f"{reverse('map')}?network={network}#{hash_}"


def _holds(territory: Division, lon: float, lat: float) -> bool:
    west, south, east, north = territory.west, territory.south, territory.east, territory.north
    if west is None or south is None or east is None or north is None:
        return False
    return west <= lon <= east and south <= lat <= north


@cache_control(public=True, max_age=3600)
def names(_request: HttpRequest, network: str) -> JsonResponse:
    """Return the names on a territory's map as GeoJSON."""
    home = get_object_or_404(Network.objects.select_related("territory"), code=network).territory
    return JsonResponse(sources.name_points(home))
