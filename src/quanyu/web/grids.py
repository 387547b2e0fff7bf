"""Public pages of a grid: its page, its notice, and "my grid"."""

from __future__ import annotations

import numpy as np
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from quanyu.apps.grids import actions, queries
from quanyu.apps.grids.models import Grid, Network, Staffing
from quanyu.apps.territory.models import PlaceKind
from quanyu.engines.spatial import to_wgs84
from quanyu.errors import QuanyuError
from quanyu.web import words
from quanyu.web.access import actor, needs
from quanyu.web.plans import map_settings


class StaffForm(forms.ModelForm[Staffing]):
    class Meta:
        model = Staffing
        fields = ["worker_name", "duty_phone", "complaint_phone"]


class PointForm(forms.Form):
    lon = forms.FloatField(label=gettext_lazy("Longitude"), widget=forms.NumberInput(attrs={"step": "any"}))
    lat = forms.FloatField(label=gettext_lazy("Latitude"), widget=forms.NumberInput(attrs={"step": "any"}))
    system = forms.ChoiceField(
        label=gettext_lazy("Coordinate system"),
        choices=[(name, name) for name in ("WGS84", "CGCS2000", "GCJ-02", "BD-09")],
    )


def _grid(network: Network, code: str) -> Grid | None:
    found = queries.resolve_code(network, code, on=timezone.localdate())
    return found if isinstance(found, Grid) else None


def grid(request: HttpRequest, network: str, code: str) -> HttpResponse:
    """Show a grid: extent, figures, who serves it; the address of an ended code says what replaced it."""
    home = get_object_or_404(Network.objects.select_related("territory"), code=network)
    found = queries.resolve_code(home, code, on=timezone.localdate())
    if not isinstance(found, Grid):
        if not found:
            raise Http404
        return render(request, "grids/ended.html", {"network": home, "code": code, "successors": found}, status=410)
    counts: dict[str, int] = {}
    for kind in found.memberships.values_list("place__kind", flat=True):
        counts[kind] = counts.get(kind, 0) + 1
    labels = dict(PlaceKind.choices)
    staffing = Staffing.objects.filter(network=home, code=code).first()
    context = {
        "network": home,
        "grid": found,
        "plan": found.plan,
        "kinds": [(labels[kind], count) for kind, count in sorted(counts.items(), key=lambda item: -item[1])],
        "staffing": staffing,
        "form": StaffForm(instance=staffing),
        "reasons": [{"why": words.rule(reason), "mends": words.mends(reason)} for reason in found.reasons],
        "map": map_settings(found.plan) | {"select": code, "bounds": [found.west, found.south, found.east, found.north]},
    }
    return render(request, "grids/grid.html", context)


@needs("grids.staff")
def staff(request: HttpRequest, network: str, code: str) -> HttpResponse:
    """Take in who serves a grid."""
    home = get_object_or_404(Network, code=network)
    form = StaffForm(request.POST)
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_staffing(home, code, **form.cleaned_data, actor=actor(request), at=timezone.now())
            messages.success(request, _("Saved."))
        except QuanyuError as error:
            messages.error(request, _(error.template) % error.params)
    return redirect("grid", network, code)


def notice(request: HttpRequest, network: str, code: str) -> HttpResponse:
    """Show the grid notice for printing on A3, in Chinese."""
    home = get_object_or_404(Network.objects.select_related("territory"), code=network)
    found = _grid(home, code)
    if found is None:
        raise Http404
    settings = map_settings(found.plan) | {
        "select": code, "bounds": [found.west, found.south, found.east, found.north],
    }  # fmt: skip
    staffing = Staffing.objects.filter(network=home, code=code).first()
    with override("zh-hans"):
        context = {"network": home, "grid": found, "staffing": staffing, "map": settings}
        return render(request, "grids/notice.html", context)


def my_grid(request: HttpRequest) -> HttpResponse:
    """Find the grid of a point: clicked, typed, or the phone's own position. Nothing is stored."""
    form = PointForm(request.GET if "lon" in request.GET else None, initial={"system": "WGS84"})
    context: dict[str, object] = {"form": form}
    network = Network.objects.filter(code=request.GET.get("network", "")).first() or Network.objects.first()
    plan = queries.plan_in_force(network, on=timezone.localdate()) if network else None
    if plan is not None:
        context["map"] = map_settings(plan) | {"locate": request.path}
    if form.is_bound and form.is_valid():
        point = np.array([[form.cleaned_data["lon"], form.cleaned_data["lat"]]])
        lon, lat = to_wgs84(point, form.cleaned_data["system"])[0].tolist()
        grids = queries.locate(lon, lat, on=timezone.localdate())
        staffing = {(row.network_id, row.code): row for row in Staffing.objects.filter(code__in=[g.code for g in grids])}
        context["found"] = [(each, staffing.get((each.plan.network_id, each.code))) for each in grids]
        context["point"] = [lon, lat]
        if plan is not None:
            context["map"] = map_settings(plan) | {"locate": request.path, "point": [lon, lat]}
    context["networks"], context["network"] = Network.objects.all(), network
    return render(request, "grids/my_grid.html", context)
