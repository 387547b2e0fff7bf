"""A plan: its map beside its numbers, comparison, edits by hand, review, putting in force, exports."""

from __future__ import annotations

import json
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import shapely
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_POST

from quanyu.apps.accounts.permissions import may
from quanyu.apps.audit.models import Entry
from quanyu.apps.grids import actions, edits, exports, queries
from quanyu.apps.grids.models import REMARK_LENGTH, Grid, Membership, Plan
from quanyu.apps.territory.models import Place
from quanyu.errors import InvalidInput, QuanyuError
from quanyu.web import sources, words
from quanyu.web.access import actor, needs, visible_plan
from quanyu.web.norms import drawn_by


class NoDay(InvalidInput):
    """A form names no day of the calendar."""

    code = "no_day"
    template = "%(value)s is no day. Give it as year, month and day, such as 2027-01-01."


def map_settings(plan: Plan, origin: dict[str, Any]) -> dict[str, Any]:
    """Return what the map component needs to show a plan; ``origin`` is what ``sources_of`` says of its territory."""
    territory = plan.network.territory
    return {
        "grids": reverse("plan-features", args=[plan.pk]),
        "grid_page": reverse("grid", args=[plan.network.code, "CODE"]),
        "names": reverse("names", args=[plan.network.code]),
        "tiles": reverse("tile", args=[territory.code, "ARCHIVE", 0, 0, 0]).removesuffix("/0/0/0"),
        "bounds": [territory.west, territory.south, territory.east, territory.north],
        "lower": plan.norms["lower"],
        "upper": plan.norms["upper"],
        "least": settings.QUANYU_PUBLIC_MINIMUM,
        "attribution": origin["attribution"],
        "kinds": {value: str(label) for value, label in Grid.Kind.choices},
        "controls": {"NavigationControl.ZoomIn": _("Zoom in"), "NavigationControl.ZoomOut": _("Zoom out")},
    }


def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a plan beside its numbers, and what would change if it took force."""
    plan = visible_plan(request, pk)
    today = timezone.localdate()
    other = _other(plan)
    origin = sources.sources_of(plan.network.territory)
    on_map = map_settings(plan, origin)
    if other is not None:
        on_map |= {"moved": reverse("plan-moved", args=[plan.pk]), "other": reverse("plan-features", args=[other.pk])}
    if not plan.is_fixed:
        on_map["moves"] = reverse("plan-moves", args=[plan.pk])
    context = {
        "plan": plan,
        "standing": plan.standing(on=today),
        "other": other,
        "other_name": _("version %(number)s") % {"number": other.number} if other else "",
        "figures": plan.metrics,
        "drawn_by": drawn_by(plan),
        "chart": _chart(plan),
        "broken": [{"grid": grid, "reasons": words.why(grid, request.user)} for grid in queries.broken(plan)],
        "formats": list(exports.FORMATS),
        "made_up": origin["is_made_up"],
        "map": on_map,
        "first_day": _first_day(plan, today),
    }
    if other is not None:
        context |= _impact(request, plan, other)
    if request.user.is_authenticated:
        context |= {"acts": _acts(plan), "edits": edits.history(plan)[:20]}
        if not plan.is_fixed:
            context |= {"place": None, "moves": [], "remark_length": REMARK_LENGTH}
            context["may_judge"] = may(actor(request), "grids.review") and not plan.is_work_of(actor(request))
        if plan.remark:
            context["sent_back"] = _entries(plan).filter(verb="plan.sent_back").first()
    return render(request, "plans/plan.html", context)


def _first_day(plan: Plan, today: date) -> date:
    """Return the first day a plan may take force: a day after the last one began, and not before today."""
    last = queries.last_plan(plan.network)
    return today if last is None or last.in_force_from is None else max(today, last.in_force_from + timedelta(days=1))


def _other(plan: Plan) -> Plan | None:
    """Return the plan this one is compared with: the one it replaced, or the one in force."""
    other = plan.based_on if plan.is_fixed else queries.plan_in_force(plan.network, on=timezone.localdate())
    return None if other == plan else other


def _chart(plan: Plan) -> dict[str, Any]:
    lower, upper = plan.norms["lower"], plan.norms["upper"]
    return {
        "rows": queries.histogram(plan), "lower": lower, "upper": upper, "x": _("households"), "y": _("grids"),
        "title": _("Households per basic grid"),
        "norm": _("norm: %(lower)s to %(upper)s") % {"lower": lower, "upper": upper},
    }  # fmt: skip


def _impact(request: HttpRequest, plan: Plan, other: Plan) -> dict[str, Any]:
    impact = queries.impact(plan, against=other)
    moved = [row for row in impact.rows if row.old and row.new and row.old != row.new]
    rows = Paginator(sorted(moved, key=lambda row: -row.households), 20)
    return {"impact": impact, "moved_rows": rows.get_page(request.GET.get("moved"))}


def _acts(plan: Plan) -> list[dict[str, Any]]:
    """Return who did what to a plan, the last act first."""
    return [
        {"at": entry.at, "actor": entry.actor, "words": words.act(entry.verb, entry.before, entry.after)}
        for entry in _entries(plan)[:50]
    ]


def _entries(plan: Plan) -> QuerySet[Entry]:
    entries = Entry.objects.filter(subject_type="grids.plan", subject_id=str(plan.pk))
    return entries.select_related("actor").order_by("-id")


def _tag(request: HttpRequest, pk: int) -> str | None:
    """Return what changes whenever a plan's grids may have changed."""
    plan = Plan.objects.filter(pk=pk).first()
    if plan is None:
        return None
    last = plan.edits.order_by("-number").values_list("number", "undone_at").first()
    undone = plan.edits.filter(undone_at__isnull=False).count()
    return f'"{request.user.is_authenticated:d}-{plan.pk}-{plan.made_at.timestamp()}-{last[0] if last else 0}-{undone}"'


@condition(etag_func=_tag)
def features(request: HttpRequest, pk: int) -> HttpResponse:
    """Return a plan's grids as GeoJSON."""
    response = JsonResponse(
        queries.grid_features(visible_plan(request, pk), is_exact=request.user.is_authenticated),
        json_dumps_params={"separators": (",", ":")},
    )
    response.headers["Content-Type"] = "application/geo+json"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def moved(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the places that change grid as GeoJSON."""
    plan = visible_plan(request, pk)
    other = _other(plan)
    empty: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    return JsonResponse(queries.moved_places(plan, other) if other is not None else empty)


@needs("grids.export")
def export(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Send a plan as a file, with every count as it is."""
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


@needs("grids.edit")
def moves(request: HttpRequest, pk: int) -> HttpResponse:
    """Show where a place of a draft could go: the place at a point of the map, or of a key or name typed."""
    plan = visible_plan(request, pk)
    try:
        place = _asked_place(request, plan)
        return _moves(request, plan, place)
    except QuanyuError as error:
        return render(request, _moves_page(request), {"plan": plan, "refusal": _(error.template) % error.params})


def _asked_place(request: HttpRequest, plan: Plan) -> Place | None:
    if text := request.GET.get("place", "").strip():
        members = Membership.objects.filter(grid__plan=plan)
        by_key = members.filter(place__key=text).select_related("place").first()
        found = by_key or members.filter(place__name__iexact=text).select_related("place").first()
        return found.place if found else None
    try:
        return edits.place_at(plan, float(request.GET["lon"]), float(request.GET["lat"]))
    except (KeyError, ValueError):
        return None


def _moves(
    request: HttpRequest, plan: Plan, place: Place | None, *, notice: str = "", refusal: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {"plan": plan, "place": place, "asked": True, "notice": notice, "refusal": refusal}
    if place is not None:
        parts = Membership.objects.filter(grid__plan=plan, place=place).select_related("grid")
        shape = {
            "type": "Feature",
            "properties": {},
            "geometry": json.loads(shapely.to_geojson(place.geometry) or "null"),
        }
        context |= {"moves": edits.possible_moves(plan, place), "parts": list(parts), "shape": shape}
    return render(request, _moves_page(request), context)


def _moves_page(request: HttpRequest) -> str:
    return "plans/_moves.html" if request.headers.get("HX-Request") == "true" else "plans/moves.html"


@needs("grids.edit")
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a place, or one part of it, to a neighbouring grid, or take the last edit back."""
    plan = visible_plan(request, pk)
    now, notice, refusal, place = timezone.now(), "", "", None
    try:
        if "undo" in request.POST:
            edit = edits.undo(plan, actor=actor(request), at=now)
            notice = _("Taken back: %(place)s is in %(code)s again.") % {"place": edit.place, "code": edit.from_code}
        else:
            place = get_object_or_404(Place, pk=_number(request, "place"))
            part = _number(request, "part", "1")
            edit = edits.move_place(plan, place, to=request.POST.get("to", ""), actor=actor(request), at=now, part=part)
            words_ = {"place": edit.place, "old": edit.from_code, "new": edit.to_code}
            notice = _("%(place)s went from %(old)s to %(new)s.") % words_
        place = edit.place
    except QuanyuError as error:
        refusal = _(error.template) % error.params
    except Plan.DoesNotExist as gone:
        raise Http404 from gone
    if request.headers.get("HX-Request") == "true":
        response = _moves(request, plan, place, notice=notice, refusal=refusal)
        response.headers["HX-Trigger"] = "plan-changed"
        return response
    messages.add_message(request, messages.ERROR if refusal else messages.SUCCESS, refusal or notice)
    return redirect("plan", pk)


def _number(request: HttpRequest, name: str, default: str = "") -> int:
    """Return a number of a form that no person types; anything else is no such record."""
    text = request.POST.get(name, default)
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise Http404
    return int(text)


def _day(request: HttpRequest) -> date:
    """Return the day a form names.

    Raises
    ------
    NoDay
    """
    text = request.POST.get("day", "")
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise NoDay(value=text or "—")
    return day


@require_POST
def verb(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Review, send back, ask for a review again, put in force or discard a plan."""
    if not request.user.is_authenticated:
        raise Http404
    plan = visible_plan(request, pk)
    now = timezone.now()
    try:
        if verb == "review":
            actions.review(plan, actor=actor(request), at=now)
            messages.success(request, _("%(plan)s is reviewed.") % {"plan": plan})
        elif verb == "send-back":
            actions.send_back(plan, request.POST.get("remark", ""), actor=actor(request), at=now)
            messages.success(request, _("%(plan)s is sent back.") % {"plan": plan})
        elif verb == "ask-review":
            actions.ask_review(plan, actor=actor(request), at=now)
            messages.success(request, _("%(plan)s waits for a review again.") % {"plan": plan})
        elif verb == "enforce":
            day = _day(request)
            impact = actions.enforce(plan, day=day, actor=actor(request), at=now)
            text = _("%(plan)s is in force from %(day)s: %(moved)s households move, %(ended)s grids end.")
            values = {
                "plan": plan, "day": day, "moved": f"{impact.households_moved:,}", "ended": len(impact.codes_ended),
            }  # fmt: skip
            messages.success(request, text % values)
        elif verb == "discard":
            actions.discard_plan(plan, actor=actor(request), at=now)
            messages.success(request, _("%(plan)s is discarded.") % {"plan": plan})
            return redirect("desk-network", plan.network.code)
        else:
            raise Http404
    except QuanyuError as error:
        messages.error(request, _(error.template) % error.params)
    except Plan.DoesNotExist as gone:  # somebody discarded it meanwhile
        raise Http404 from gone
    return redirect("plan", pk)
