"""Merging departments' grids: all on one map, how far they agree, conflicts, a proposal, and its acceptance."""

from __future__ import annotations

import csv
import json
from typing import Any

import numpy as np
import shapely
from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from quanyu.apps.accounts.permissions import may
from quanyu.apps.grids import actions
from quanyu.apps.grids import fusion as merging
from quanyu.apps.grids.models import Network, Plan
from quanyu.apps.territory.models import DepartmentNetwork, Division
from quanyu.errors import QuanyuError
from quanyu.web.access import actor, needs
from quanyu.web.norms import CLOSENESS, NormsForm
from quanyu.web.plans import map_settings
from quanyu.web.sources import sources_of

# A colour for each network on the map, told apart by people who see few colours, too.
COLOURS = ("#d9480f", "#1864ab", "#5f3dc4", "#2b8a3e", "#a61e4d", "#0b7285", "#5c940d", "#343a40")
# So many places of gaps and overlaps are listed, none smaller than this: those are rounding of coordinates.
LISTED, LEAST_M2 = 50, 0.1
# Grids that share less, and nobody, only touch.
TOLD_M2 = 1.0
PAGE = 50


class ProposalForm(NormsForm):
    """How the proposal is to be drawn: the norms of the desk, for which network, how close to departments' grids."""

    # How many grids there are follows from the departments' grids and the range.
    grids = None  # type: ignore[assignment]  # so Django leaves a field out

    network = forms.ModelChoiceField(
        Network.objects.none(), label=gettext_lazy("Network"), empty_label=None, to_field_name="code",
        help_text=gettext_lazy("The merged grids become a version of this network."),
    )  # fmt: skip
    fusion = forms.FloatField(
        label=CLOSENESS, initial=0.5, min_value=0, max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.1"}),
        help_text=gettext_lazy("0 draws freely, 1 moves as few households as it can."),
    )  # fmt: skip
    units = {**NormsForm.units, "fusion": gettext_lazy("from 0 to 1")}
    field_order = ("network", "lower", "upper", "fusion")

    def __init__(self, home: Division, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["network"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101 declared so above
        choice.queryset = Network.objects.filter(territory=home)

    @property
    def first(self) -> list[forms.BoundField]:
        """The fields that a merger is about; the rest are norms as for any plan."""
        return [self[name] for name in self.field_order]

    @property
    def rest(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.field_order]

    def norm_values(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name != "network"}


def _home(code: str) -> Division:
    return get_object_or_404(Division.objects.with_fabric().filter(valid_to=None), code=code)


def _proposal(home: Division) -> Plan | None:
    """Return the newest plan that was drawn from departments' grids."""
    plans = Plan.objects.filter(network__territory=home).select_related("network__territory").order_by("-pk")
    return next((plan for plan in plans if plan.norms.get("departments")), None)


@needs("grids.draw", "grids.review")
def territories(request: HttpRequest) -> HttpResponse:
    """List the territories with the share of communities that have merged their grids."""
    today = timezone.localdate()
    rows = []
    for home in Division.objects.with_fabric().filter(valid_to=None).order_by("code"):
        networks = DepartmentNetwork.objects.filter(territory=home).count()
        rows.append((home, networks, merging.progress(home, on=today) if networks else None))
    return render(request, "fusion/territories.html", {"rows": rows})


@needs("grids.draw", "grids.review")
def territory(request: HttpRequest, territory: str) -> HttpResponse:
    """Show a territory's departments' grids on one map, beside the figures."""
    home = _home(territory)
    made, today = merging.fused(home), timezone.localdate()
    proposal = _proposal(home)
    twice, nobody = merging.conflicts(home)
    origin = sources_of(home)
    context: dict[str, Any] = {
        "home": home, "made_up": origin["is_made_up"], "proposal": proposal,
        "networks": _networks(made), "progress": merging.progress(home, on=today), "tolerance": merging.TOLERANCE_M,
        "claimed_twice": twice, "of_nobody": nobody, "items": home.service_items.count(),
        "communities": _communities(made, proposal, home), "form": ProposalForm(home, initial=_initial(home)),
        "map": _map(made, home, proposal, origin), "may_accept": may(actor(request), "grids.accept"),
    }  # fmt: skip
    if made.networks:
        context |= {
            "pieces": len(made.pieces), "drawn_twice": len(made.drawn_twice()), "snapping": made.cut.snapping,
            "faults": _faults(made), "agreements": made.agreements(),
            "moved": merging.households_moved(made, proposal) if proposal else [],
        }  # fmt: skip
    return render(request, "fusion/territory.html", context)


def _networks(made: merging.Fused) -> list[dict[str, Any]]:
    """Return each network with its colour on the map, its grids and how many households they hold."""
    pieces = made.pieces
    rows = []
    for layer, network in enumerate(made.networks):
        inside = pieces.labels[:, layer] >= 0
        held = 0 if pieces.households is None else int(pieces.households[inside].sum())
        rows.append(
            {
                "network": network, "colour": COLOURS[layer % len(COLOURS)], "grids": len(made.codes[layer]),
                "households": held, "area_km2": float(pieces.area_m2[inside].sum()) / 1e6,
            }
        )  # fmt: skip
    return rows


def _faults(made: merging.Fused) -> dict[str, Any]:
    """Return the gaps and overlaps of the networks, each with its place on the map: most households first, then area.

    ``more`` says how many are not listed.
    """
    rows: list[dict[str, Any]] = [
        {"networks": networks, "households": gap.households, "area_m2": gap.area_m2, "at": (gap.x, gap.y)}
        for networks, gap in made.left_out()
    ]
    rows += [
        {"networks": (network,), "codes": codes, "area_m2": each.area_m2, "at": (each.x, each.y)}
        for network, codes, each in made.doubled()
    ]
    rows = [row for row in rows if row["area_m2"] >= LEAST_M2 or row.get("households")]
    rows.sort(key=lambda row: (-(row.get("households") or 0), -row["area_m2"]))
    for row in rows[:LISTED]:
        row["lon"], row["lat"] = made.place(*row["at"])
    return {"rows": rows[:LISTED], "more": max(0, len(rows) - LISTED)}


def _communities(made: merging.Fused, proposal: Plan | None, home: Division) -> list[dict[str, Any]]:
    alike = made.shared()
    accepted = {} if proposal is None else {each.community_id: each for each in proposal.acceptances.all()}
    dates = merging.fusion_dates(home, on=timezone.localdate())
    return [
        {
            "community": each, "alike": alike.get(each.pk), "accepted": accepted.get(each.pk),
            "merged": dates.get(each.pk),
        }
        for each in made.communities
    ]  # fmt: skip


def _initial(home: Division) -> dict[str, Any]:
    """Return the norms of the territory's newest plan, to begin from."""
    last = Plan.objects.filter(network__territory=home).order_by("-pk").first()
    if last is None:
        return {}
    return {name: last.norms[name] for name in ProposalForm.base_fields if name in last.norms}


def _map(made: merging.Fused, home: Division, proposal: Plan | None, origin: dict[str, Any]) -> dict[str, Any]:
    """Return what the map needs: the networks over the proposal, or over nothing."""
    if proposal is not None:
        base = map_settings(proposal, origin)
    else:
        base = {
            "grids": "", "names": "", "lower": 300, "upper": 500, "least": 0, "kinds": {}, "grid_page": "",
            "attribution": origin["attribution"],
            "tiles": reverse("tile", args=[home.code, "ARCHIVE", 0, 0, 0]).removesuffix("/0/0/0"),
            "bounds": [home.west, home.south, home.east, home.north],
            "controls": {"NavigationControl.ZoomIn": _("Zoom in"), "NavigationControl.ZoomOut": _("Zoom out")},
        }  # fmt: skip
    networks = [
        {
            "code": network.code, "name": network.name, "colour": COLOURS[layer % len(COLOURS)],
            "outlines": reverse("fusion-outlines", args=[home.code, network.code]),
        }
        for layer, network in enumerate(made.networks)
    ]  # fmt: skip
    return base | {"networks": networks}


@needs("grids.draw", "grids.review")
def outlines(_request: HttpRequest, territory: str, network: str) -> HttpResponse:
    """Return a department's grids as GeoJSON."""
    home = get_object_or_404(DepartmentNetwork, territory=_home(territory), code=network)
    rows = home.grids.order_by("pk").values_list("code", "name", "wkb")
    features = [
        {
            "type": "Feature", "properties": {"code": code, "name": name},
            "geometry": json.loads(shapely.to_geojson(shapely.from_wkb(bytes(wkb)))),
        }
        for code, name, wkb in rows
        if wkb is not None
    ]  # fmt: skip
    body = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    return HttpResponse(body, content_type="application/geo+json")


@needs("grids.draw", "grids.review")
def crosswalk(request: HttpRequest, territory: str) -> HttpResponse:
    """Show how the grids of one department go over into another's; ``format=csv`` gives the whole table."""
    home = _home(territory)
    made = merging.fused(home)
    codes = [network.code for network in made.networks]
    chosen = [request.GET.get("one", codes[0] if codes else ""), request.GET.get("other", codes[-1] if codes else "")]
    if not set(chosen) <= set(codes):
        raise Http404
    one, other = (codes.index(code) for code in chosen)
    walk = made.crosswalk(one, other)
    households = np.zeros(len(walk.pairs), np.int64) if walk.households is None else walk.households
    shares = walk.area_share if walk.household_share is None else walk.household_share
    # What a department leaves out comes last.
    order = np.lexsort((-households, walk.pairs[:, 0], walk.pairs[:, 0] < 0))
    order = order[(walk.area_m2[order] >= TOLD_M2) | (households[order] > 0)]
    rows = [
        {
            "from": _code(made, one, walk.pairs[at, 0]), "to": _code(made, other, walk.pairs[at, 1]),
            "area_m2": float(walk.area_m2[at]), "households": int(households[at]),
            "share_of_from": float(shares[at, 0]), "share_of_to": float(shares[at, 1]),
        }
        for at in order.tolist()
    ]  # fmt: skip
    if request.GET.get("format") == "csv":
        return _as_csv(rows, f"{home.code}-{chosen[0]}-{chosen[1]}.csv")
    context = {
        "home": home, "networks": made.networks, "one": chosen[0], "other": chosen[1],
        "rows": Paginator(rows, PAGE).get_page(request.GET.get("page")), "total": len(rows),
        "touching": len(walk.pairs) - len(rows),
    }  # fmt: skip
    return render(request, "fusion/crosswalk.html", context)


def _code(made: merging.Fused, layer: int, row: int) -> str:
    return "" if row < 0 else made.codes[layer][row]


def _as_csv(rows: list[dict[str, Any]], name: str) -> HttpResponse:
    response = HttpResponse(
        "\ufeff",
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    writer = csv.DictWriter(response, list(rows[0]) if rows else ["from", "to"])
    writer.writeheader()
    writer.writerows(rows)
    return response


@needs("grids.draw")
@require_POST
def draw(request: HttpRequest, territory: str) -> HttpResponse:
    """Ask for a proposal: one network close to all departments' grids."""
    home = _home(territory)
    codes = list(DepartmentNetwork.objects.filter(territory=home).order_by("pk").values_list("code", flat=True))
    if not codes:
        messages.error(request, _("Load the departments' grids first."))
        return redirect("fusion-territory", home.code)
    form = ProposalForm(home, request.POST, beyond={"departments": codes})
    if not form.is_valid():
        for name, errors in form.errors.items():
            messages.error(request, f"{form.fields[name].label}: {' '.join(map(str, errors))}")
        return redirect("fusion-territory", home.code)
    try:
        run = actions.start_run(form.cleaned_data["network"], form.norms, actor=actor(request), at=timezone.now())
    except QuanyuError as error:
        messages.error(request, _(error.template) % error.params)
        return redirect("fusion-territory", home.code)
    return redirect("run", run.pk)


@needs("grids.accept")
@require_POST
def community(request: HttpRequest, territory: str, pk: int, verb: str) -> HttpResponse:
    """Note or take back a community's acceptance of the newest proposal."""
    home = _home(territory)
    unit, plan = get_object_or_404(Division, pk=pk), _proposal(home)
    verbs = {"accept": merging.accept, "withdraw": merging.withdraw}
    if verb not in verbs or plan is None:
        raise Http404
    try:
        verbs[verb](plan, unit, actor=actor(request), at=timezone.now())
    except QuanyuError as error:
        messages.error(request, _(error.template) % error.params)
    return redirect(reverse("fusion-territory", args=[home.code]) + "#communities")
