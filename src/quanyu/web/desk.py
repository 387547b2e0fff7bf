"""The drawing desk: set the norm, compare, draw, watch."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from quanyu.apps.grids import actions
from quanyu.apps.grids.models import MOST_SIDES, Network, Plan, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.queries import last_plan, plan_in_force
from quanyu.apps.grids.refusals import NothingToMove
from quanyu.apps.territory.models import Division
from quanyu.errors import QuanyuError
from quanyu.web import comparisons, words
from quanyu.web.access import actor, needs
from quanyu.web.norms import NormsForm
from quanyu.web.sources import sources_of


class SidesForm(forms.Form):
    """How many grids less and more are compared."""

    sides = forms.IntegerField(
        label=gettext_lazy("Grids less and more"), initial=2, min_value=1, max_value=MOST_SIDES,
        help_text=gettext_lazy("A plan is drawn for each: the more, the longer it takes."),
    )  # fmt: skip
    units = {"sides": gettext_lazy("from 1 to 5")}


class NetworkForm(forms.Form):
    """A network to open: whose grids, in which territory."""

    territory = forms.ModelChoiceField(
        Division.objects.with_fabric().order_by("pk"),
        label=gettext_lazy("Territory"),
        help_text=gettext_lazy("A territory whose city file is loaded."),
    )  # fmt: skip
    code = forms.CharField(
        label=gettext_lazy("Short code"), max_length=30,
        help_text=gettext_lazy("For addresses and commands: lower-case letters, digits and hyphens."),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


@needs("grids.draw", "grids.review")
def desk(request: HttpRequest) -> HttpResponse:
    """List the networks, with the plan that rules each and those that wait; a post opens another network."""
    form = NetworkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            opened = actions.create_network(**values, actor=actor(request), at=timezone.now())
            return redirect("desk-network", opened.code)
        except QuanyuError as error:
            form.add_error("code", _(error.template) % error.params)
    today = timezone.localdate()
    waiting: dict[int, list[Plan]] = {}
    for plan in Plan.objects.filter(in_force_from=None).order_by("number"):
        waiting.setdefault(plan.network_id, []).append(plan)
    networks = Network.objects.select_related("territory")
    rows = [(each, plan_in_force(each, on=today), waiting.get(each.pk, [])) for each in networks]
    return render(request, "desk/desk.html", {"rows": rows, "form": form})


@needs("grids.draw", "grids.review")
def network(request: HttpRequest, network: str) -> HttpResponse:
    """Show a network's norms form, runs and plans; a post asks for a drawing, or for a comparison.

    ``?comparison=…&point=…`` fills in the norms of a point of a comparison.
    """
    home = get_object_or_404(Network.objects.select_related("territory"), code=network)
    plans = list(home.plans.select_related("made_by")[:20])
    chosen = _chosen_norms(request, home)
    form = NormsForm(request.POST or None, initial=chosen or _last_norms(plans), beyond=chosen)
    asked = request.POST.get("compare", "")
    sides = SidesForm(request.POST if asked == Run.Kind.COUNTS else None)
    if request.method == "POST" and form.is_valid() and (not sides.is_bound or sides.is_valid()):
        try:
            run = _ask(request, home, form.norms, asked, sides)
            return redirect("run", run.pk)
        except QuanyuError as error:
            form.add_error(None, _(error.template) % error.params)
    today = timezone.localdate()
    context = {
        "network": home,
        "form": form,
        "sides": sides,
        "chosen": chosen is not None,
        "no_moves": "" if last_plan(home) else _(NothingToMove.template),
        "runs": home.runs.select_related("plan", "made_by")[:10],
        "plans": [(plan, plan.standing(on=today)) for plan in plans],
        "made_up": sources_of(home.territory)["is_made_up"],
    }
    return render(request, "desk/network.html", context)


def _ask(request: HttpRequest, home: Network, norms: Norms, asked: str, sides: SidesForm) -> Run:
    """Ask for what the button pressed says: a drawing, or a kind of comparison."""
    by, now = actor(request), timezone.now()
    if not asked:
        return actions.start_run(home, norms, actor=by, at=now)
    if asked not in (Run.Kind.COUNTS, Run.Kind.MOVES):
        raise Http404
    number = sides.cleaned_data["sides"] if sides.is_bound else None
    return actions.start_comparison(home, norms, Run.Kind(asked), sides=number, actor=by, at=now)


def _chosen_norms(request: HttpRequest, home: Network) -> dict[str, Any] | None:
    """Return the norms of the point of a comparison that the address names."""
    if "comparison" not in request.GET:
        return None
    try:
        pk, index = int(request.GET["comparison"]), int(request.GET["point"])
    except (KeyError, ValueError) as error:
        raise Http404 from error
    comparison = get_object_or_404(home.runs, pk=pk)
    points = (comparison.comparison or {}).get("points", [])
    if not 0 <= index < len(points):
        raise Http404
    return {**comparison.norms, **points[index]["norms"]}


def _last_norms(plans: list[Plan]) -> dict[str, Any]:
    """Return the norms of the network's last plan, to begin from."""
    return {name: plans[0].norms[name] for name in NormsForm.base_fields if name in plans[0].norms} if plans else {}


@needs("grids.draw", "grids.review")
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a run's progress; the fragment swaps itself every second while it lasts."""
    record = get_object_or_404(Run.objects.select_related("network__territory", "plan", "made_by"), pk=pk)
    lasting = record.state in (Run.State.QUEUED, Run.State.RUNNING)
    end = record.ended_at or timezone.now()
    context = {
        "run": record,
        "lasting": lasting,
        "percent": round(record.progress * 100),
        "stage": words.stage(record.stage),
        "failure": words.failure(record.error),
        "seconds": round((end - record.started_at).total_seconds()) if record.started_at else None,
        "made_up": sources_of(record.network.territory)["is_made_up"],
        "is_comparison": record.kind != Run.Kind.PLAN,
    }
    if record.comparison is not None:
        context |= comparisons.shown(record)
    fragment = request.headers.get("HX-Request") == "true"
    response = render(request, "desk/_progress.html" if fragment else "desk/run.html", context)
    if fragment and record.state == Run.State.DONE:
        # A comparison stands on this page, whole.
        end_page = reverse("plan", args=[record.plan_id]) if record.plan_id else reverse("run", args=[record.pk])
        response.headers["HX-Redirect"] = end_page
    return response


@needs("grids.draw")
@require_POST
def run_verb(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Cancel a run or start it again."""
    record = get_object_or_404(Run.objects.select_related("network"), pk=pk)
    verbs = {"cancel": actions.cancel_run, "restart": actions.restart_run}
    if verb not in verbs:
        raise Http404
    try:
        record = verbs[verb](record, actor=actor(request), at=timezone.now())
    except QuanyuError as error:
        messages.error(request, _(error.template) % error.params)
    return redirect("run", record.pk)
