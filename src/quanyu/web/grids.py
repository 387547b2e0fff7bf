"""Public pages of a grid: its page, its notice, and "my grid"."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from quanyu.apps.grids import actions, queries
from quanyu.apps.grids.models import Grid, Network, Staffing, Succession
from quanyu.apps.territory.models import CountMethod, PlaceKind
from quanyu.engines.spatial import to_wgs84
from quanyu.errors import QuanyuError
from quanyu.web import extent, sources, words
from quanyu.web.access import actor, needs
from quanyu.web.plans import map_settings

SIDES = {
    "east": gettext_lazy("East"),
    "south": gettext_lazy("South"),
    "west": gettext_lazy("West"),
    "north": gettext_lazy("North"),
}


class StaffForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    class Meta:
        model = Staffing
        fields = ["worker_name", "duty_phone", "complaint_phone"]


class PointForm(forms.Form):
    """A point as a resident types it, with the system its numbers are in."""

    lon = forms.FloatField(
        label=gettext_lazy("Longitude"), min_value=-180, max_value=180, widget=forms.NumberInput(attrs={"step": "any"})
    )
    lat = forms.FloatField(
        label=gettext_lazy("Latitude"), min_value=-90, max_value=90, widget=forms.NumberInput(attrs={"step": "any"})
    )
    system = forms.ChoiceField(
        label=gettext_lazy("Coordinate system"),
        choices=[("WGS84", "WGS 84 (GPS)"), ("CGCS2000", "CGCS2000"), ("GCJ-02", "GCJ-02"), ("BD-09", "BD-09")],
        help_text=gettext_lazy("Phones and GPS give WGS 84; Chinese street maps give GCJ-02, Baidu's gives BD-09."),
    )
    units = {"lon": "°", "lat": "°"}


def grid(request: HttpRequest, network: str, code: str) -> HttpResponse:
    """Show a grid: extent, figures, who serves it; the address of an ended code says what replaced it."""
    home = get_object_or_404(Network.objects.select_related("territory"), code=network)
    staffing = Staffing.objects.filter(network=home, code=code).values(*StaffForm.base_fields).first()
    return _grid_page(request, home, code, StaffForm(initial=staffing))


def _grid_page(request: HttpRequest, home: Network, code: str, form: StaffForm) -> HttpResponse:
    found = queries.resolve_code(home, code, on=timezone.localdate())
    if not isinstance(found, Grid):
        if not found:
            raise Http404
        return render(request, "grids/ended.html", {"network": home, "code": code, "successors": found}, status=410)
    context = _facts(home, found) | {
        "form": form,
        "reasons": words.why(found, request.user),
        "replaced": Succession.objects.filter(plan=found.plan, to_code=code).exclude(from_code=code),
        "versions": Grid.objects.filter(plan__network=home, code=code, plan__in_force_from__isnull=False)
        .select_related("plan")
        .order_by("-plan__in_force_from"),
    }
    return render(request, "grids/grid.html", context)


def _facts(home: Network, found: Grid) -> dict[str, Any]:
    """Return what both the page and the notice of a grid say."""
    rows = found.memberships.values_list("place_id", "place__kind", "place__count_method")
    labels = dict(PlaceKind.choices)
    kinds = Counter(kind for _, kind, _ in set(rows))
    methods = found.memberships.filter(households__gt=0).values("place__count_method").annotate(n=Sum("households"))
    how = dict(CountMethod.choices)
    found.plan.network = home
    origin = sources.sources_of(home.territory)
    return {
        "network": home,
        "grid": found,
        "plan": found.plan,
        "kinds": [(labels[kind], count) for kind, count in kinds.most_common()],
        "methods": [(how[row["place__count_method"]], row["n"]) for row in methods.order_by("-n")],
        "is_estimate": any(row["place__count_method"] not in (CountMethod.NONE, CountMethod.FILE) for row in methods),
        "sides": [{"label": SIDES[side.side], "side": side} for side in extent.sides(found)],
        "staffing": Staffing.objects.filter(network=home, code=found.code).first(),
        "made_up": origin["is_made_up"],
        "map": map_settings(found.plan, origin)
        | {"select": found.code, "bounds": [found.west, found.south, found.east, found.north]},
    }


@needs("grids.staff")
def staff(request: HttpRequest, network: str, code: str) -> HttpResponse:
    """Take in who serves a grid."""
    home = get_object_or_404(Network.objects.select_related("territory"), code=network)
    form = StaffForm(request.POST or None)
    if form.is_valid():
        try:
            actions.set_staffing(home, code, **form.cleaned_data, actor=actor(request), at=timezone.now())
            messages.success(request, _("Saved: who serves grid %(code)s.") % {"code": code})
        except QuanyuError as error:
            messages.error(request, _(error.template) % error.params)
        return redirect("grid", network, code)
    return _grid_page(request, home, code, form)


def notice(request: HttpRequest, network: str, code: str) -> HttpResponse:
    """Show the grid notice for printing on A3, in Chinese."""
    home = get_object_or_404(Network.objects.select_related("territory"), code=network)
    found = queries.resolve_code(home, code, on=timezone.localdate())
    if not isinstance(found, Grid):
        raise Http404
    with override("zh-hans"):
        review = settings.QUANYU_MAP_REVIEW_NUMBER
        context = _facts(home, found) | {"today": timezone.localdate(), "review_number": review}
        context["map"] = context["map"] | {"by": "identity"}
        return render(request, "grids/notice.html", context)


def my_grid(request: HttpRequest) -> HttpResponse:
    """Find the grid of a point: clicked, typed, or the phone's own position. Nothing is stored."""
    form = PointForm(request.GET if "lon" in request.GET else None, initial={"system": "WGS84"})
    networks = list(Network.objects.select_related("territory"))
    wanted = request.GET.get("network", "")
    network = next((each for each in networks if each.code == wanted), networks[0] if networks else None)
    grids, point = _asked(form)
    # A point in another territory is shown there.
    if grids and network not in [grid.plan.network for grid in grids]:
        network = grids[0].plan.network
    plan = queries.plan_in_force(network, on=timezone.localdate()) if network else None
    context: dict[str, Any] = {"form": form, "networks": networks, "network": network, "point": point}
    if plan is not None and network is not None:
        plan.network = network
        origin = sources.sources_of(network.territory)
        context["made_up"] = origin["is_made_up"]
        context["map"] = map_settings(plan, origin) | {"locate": f"{request.path}?network={network.code}"}
    staffing = {(row.network_id, row.code): row for row in Staffing.objects.filter(code__in=[g.code for g in grids])}
    context["found"] = [(each, staffing.get((each.plan.network_id, each.code))) for each in grids]
    if point and "map" in context:
        context["map"] |= _around(grids, plan.pk if plan else 0, *point)
    return render(request, "grids/my_grid.html", context)


def _asked(form: PointForm) -> tuple[list[Grid], list[float]]:
    """Return the grids at the point a form asks for, and the point in WGS 84; nothing where it asks for none."""
    if not form.is_bound or not form.is_valid():
        return [], []
    typed = np.array([[form.cleaned_data["lon"], form.cleaned_data["lat"]]])
    lon, lat = to_wgs84(typed, form.cleaned_data["system"])[0].tolist()
    return queries.locate(lon, lat, on=timezone.localdate()), [lon, lat]


def _around(grids: list[Grid], plan: int, lon: float, lat: float) -> dict[str, Any]:
    """Return the point, its grid and the view of the map that shows both."""
    mine = next((grid for grid in grids if grid.plan_id == plan), None)
    bounds = (
        [mine.west, mine.south, mine.east, mine.north] if mine else [lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01]
    )
    return {"point": [lon, lat], "bounds": bounds} | ({"select": mine.code} if mine else {})
