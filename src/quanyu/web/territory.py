"""Pages for taking files in: hand in, read the report, confirm; and the table of kinds."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from quanyu.apps.registers.models import Load
from quanyu.apps.territory.kinds import Line, apply_rules, kind_changes, replace_rules
from quanyu.apps.territory.loading import mapping, uploads
from quanyu.apps.territory.loading.faults import FaultyFile
from quanyu.apps.territory.loading.files import opened
from quanyu.apps.territory.loading.reports import COUNTS, sentence
from quanyu.apps.territory.models import CodeSystem, Division, KindRule, Place, PlaceKind
from quanyu.errors import QuanyuError
from quanyu.web.access import actor, needs

# Buildings taken in and given their cells in a second, on two cores.
PLACES_PER_SECOND = 1000
TITLES = {
    "divisions": gettext_lazy("Load a list of divisions"),
    "boundaries": gettext_lazy("Load boundaries of divisions"),
    "city": gettext_lazy("Load a city file"),
    "households": gettext_lazy("Load counts of households"),
    "network": gettext_lazy("Load a department's grids"),
    "service_items": gettext_lazy("Load a list of service items"),
}
FIELDS = {
    "divisions": ("file", "system", "as_of", "source", "attribution", "licence"),
    "boundaries": ("file", "system", "coordinates", "source", "attribution", "licence"),
    "city": (
        "file", "territory", "name", "coordinates", "household_size", "leave_out", "as_of", "source", "attribution",
        "licence",
    ),
    "households": ("file", "territory", "as_of", "source", "attribution", "licence"),
    "network": ("file", "territory", "code", "name", "coordinates", "source", "attribution", "licence"),
    "service_items": ("file", "territory", "source", "attribution", "licence"),
}  # fmt: skip
# Proposed where a coordinate system is asked for; any EPSG code may be typed.
COORDINATE_SYSTEMS = ("WGS84", "CGCS2000", "GCJ-02", "BD-09", "EPSG:4326", "EPSG:4490")
NEEDED = {"file", "system", "coordinates", "territory"}


class LoadForm(forms.Form):
    """What the sender states beside a file; each kind of load shows its own fields."""

    file = forms.FileField(label=gettext_lazy("File"))
    territory = forms.CharField(
        label=gettext_lazy("Territory"), max_length=12, widget=forms.TextInput(attrs={"list": "territories"}),
        help_text=gettext_lazy("12-digit code of the division the file is for."),
    )  # fmt: skip
    code = forms.SlugField(
        label=gettext_lazy("Short code"), max_length=30,
        help_text=gettext_lazy("Whose grids: lower-case letters, digits and hyphens. The same code replaces them."),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Name of the territory"), max_length=100,
        help_text=gettext_lazy("Only for a territory of your own, whose code is in no list."),
    )  # fmt: skip
    system = forms.ChoiceField(
        label=gettext_lazy("Code system"), choices=CodeSystem.choices,
        help_text=gettext_lazy("The two official systems disagree for some towns."),
    )  # fmt: skip
    coordinates = forms.CharField(
        label=gettext_lazy("Coordinate system"), max_length=20, widget=forms.TextInput(attrs={"list": "systems"}),
        help_text=gettext_lazy("WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:code. It is never guessed."),
    )  # fmt: skip
    household_size = forms.FloatField(
        label=gettext_lazy("People per household"), min_value=0.5, max_value=20,
        help_text=gettext_lazy("Turns people per building into households, where the file has people."),
    )  # fmt: skip
    leave_out = forms.BooleanField(label=gettext_lazy("Leave out buildings outside every division"))
    as_of = forms.DateField(
        label=gettext_lazy("As of"), widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The day of this edition or count; today where it is empty."),
    )  # fmt: skip
    source = forms.CharField(label=gettext_lazy("Source"), max_length=200)
    attribution = forms.CharField(label=gettext_lazy("Line to show"), max_length=300)
    licence = forms.CharField(label=gettext_lazy("Licence"), max_length=100)

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields = {name: self.fields[name] for name in FIELDS[kind]}
        for name, shown in self.fields.items():
            shown.required = name in NEEDED or (kind == "city" and name == "source")
        if kind == "network":
            self.fields["code"].required = self.fields["name"].required = True
            self.fields["name"].label, self.fields["name"].help_text = _("Name of the department's grids"), ""

    def stated(self) -> uploads.Stated:
        values = {
            name: value for name, value in self.cleaned_data.items() if name != "file" and value not in (None, "")
        }
        if day := values.pop("as_of", None):
            values["as_of"] = day.isoformat()
        return uploads.Stated(kind=self.kind, **values)


class RuleForm(forms.Form):
    """A line of the table of kinds."""

    rank = forms.IntegerField(label=gettext_lazy("Order"), min_value=1)
    column = forms.CharField(label=gettext_lazy("Column"), max_length=60)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=100)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=PlaceKind.choices)


RuleTable = forms.formset_factory(RuleForm, extra=3, can_delete=True)


@needs("territory.load")
def territory(request: HttpRequest) -> HttpResponse:
    """List the territories with buildings, the ways to load, and the last loads."""
    counts = {
        row["territory"]: row
        for row in Place.objects.filter(valid_to=None)
        .values("territory")
        .annotate(places=Count("pk"), households=Sum("households"))
    }
    homes = [(each, counts[each.pk]) for each in Division.objects.filter(pk__in=counts)]
    made_up = set(Place.objects.filter(is_made_up=True).values_list("territory", flat=True).distinct())
    loads = Load.objects.exclude(status=Load.Status.CHECKED).select_related("source", "made_by")[:20]
    waiting = Load.objects.filter(status=Load.Status.CHECKED, made_by=actor(request))
    context = {
        "homes": homes, "made_up": made_up, "loads": [(each, _told(each.counts)) for each in loads],
        "waiting": waiting, "titles": TITLES, "divisions": Division.objects.filter(valid_to=None).count(),
    }  # fmt: skip
    return render(request, "territory/territory.html", context)


@needs("territory.load")
def load(request: HttpRequest, kind: str) -> HttpResponse:
    """Hand a file in; it is looked at, and nothing changes before it is confirmed."""
    if kind not in TITLES:
        raise Http404
    form = LoadForm(kind, request.POST or None, request.FILES or None, initial=request.GET.dict())
    found: list[str] = []
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            record = uploads.keep(
                file.name, file.size, file.chunks(), form.stated(), actor=actor(request), at=timezone.now()
            )
            return redirect("territory-check", record.pk)
        except QuanyuError as error:
            found = _explained(error)
    status = 422 if found or form.errors else 200
    context = {
        "form": form, "kind": kind, "title": TITLES[kind], "found": found, "systems": COORDINATE_SYSTEMS,
        "territories": Division.objects.with_fabric().filter(valid_to=None),
    }  # fmt: skip
    return render(request, "territory/load.html", context, status=status)


@needs("territory.load")
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a kept file holds; a post confirms it, looks again with another mapping, or throws it away."""
    record = get_object_or_404(Load, pk=pk, status=Load.Status.CHECKED, made_by=actor(request))
    found: list[str] = []
    try:
        if request.method == "POST" and (answer := _act(request, record)) is not None:
            return answer
        report = uploads.look(uploads.path_of(record), uploads.stated_of(record), at=timezone.now())
    except QuanyuError as error:
        found, report = _explained(error), None
    context = {
        "record": record, "report": report, "found": found, "title": TITLES[record.kind],
        "counts": _told(report.counts) if report else [],
        "findings": [sentence(each) for each in report.findings] if report else [],
        "mapping": _choices(record) if record.kind == "city" else [],
        "seconds": max(2, report.counts.get("places", 0) // PLACES_PER_SECOND) if report else 0,
    }  # fmt: skip
    return render(request, "territory/check.html", context, status=422 if found else 200)


def _act(request: HttpRequest, record: Load) -> HttpResponse | None:
    verb = request.POST.get("verb")
    if verb == "discard":
        uploads.discard(record)
        messages.success(request, _("%(file)s is thrown away; nothing was changed.") % {"file": record.file_name})
        return redirect("territory")
    if verb == "confirm":
        made = uploads.confirm(record, actor=actor(request), at=timezone.now())
        if made.is_repeat:
            messages.success(request, _("%(file)s is loaded already; nothing is changed.") % {"file": made.file_name})
            return redirect("territory")
        figures = ", ".join(f"{value} {label}" for label, value in _told(made.counts))
        messages.success(request, _("%(file)s is loaded: %(figures)s.") % {"file": made.file_name, "figures": figures})
        return redirect("territory")
    named = {key.removeprefix("map:"): value for key, value in request.POST.items() if key.startswith("map:")}
    uploads.look_again(record, {key: str(value) for key, value in named.items()}, at=timezone.now())
    return redirect("territory-check", record.pk)


def _choices(record: Load) -> list[dict[str, Any]]:
    """Return each layer and column of the form with what the file offers for it, and what is chosen or proposed."""
    if not uploads.path_of(record).exists():
        return []
    with opened(uploads.path_of(record)) as paths:
        layers = mapping.catalogue(record.file_name, paths)
    chosen = mapping.complete(record.file_name, layers, record.options["mapping"])
    columns = {layer.name: layer.columns for layer in layers}
    rows = []
    for ours, wanted in mapping.FORM.items():
        rows.append({"key": ours, "is_layer": True, "chosen": chosen.get(ours, ""), "choices": list(columns)})
        if ours in chosen:
            offered = columns[chosen[ours]]
            rows += [
                {"key": f"{ours}.{column}", "chosen": chosen.get(f"{ours}.{column}", ""), "choices": offered}
                for column in wanted
            ]
    return rows


@needs("territory.load")
def kinds(request: HttpRequest) -> HttpResponse:
    """Show the table of kinds; a post puts a new one in its place."""
    lines = [
        {"rank": rule.rank, "column": rule.column, "value": rule.value, "kind": rule.kind}
        for rule in KindRule.objects.all()
    ]
    table = RuleTable(request.POST or None, initial=lines)
    if request.method == "POST" and table.is_valid():
        rows = [row for row in table.cleaned_data if row and not row["DELETE"]]
        keys = [(row["column"], row["value"]) for row in rows]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            table.non_form_errors().append(
                _("%(column)s = %(value)s stands in two lines. Keep one.") % {"column": twice[0], "value": twice[1]}
            )
        else:
            rows.sort(key=lambda row: row["rank"])
            new = [Line(row["column"], row["value"], row["kind"]) for row in rows]
            replace_rules(new, actor=actor(request), at=timezone.now())
            messages.success(request, _("The table of kinds is changed. Apply it to a territory to change its places."))
            return redirect("territory-kinds")
    homes = Division.objects.filter(pk__in=Place.objects.values("territory").distinct())
    return render(request, "territory/kinds.html", {"table": table, "homes": homes})


@needs("territory.load")
def apply_kinds(request: HttpRequest, code: str) -> HttpResponse:
    """Show what the table of kinds would change in a territory; a post applies it."""
    home = get_object_or_404(Division, code=code, valid_to=None, pk__in=Place.objects.values("territory"))
    if request.method == "POST":
        changes = apply_rules(home, actor=actor(request), at=timezone.now())
        text = _("%(count)s places of %(territory)s have another kind.")
        messages.success(request, text % {"count": len(changes.kinds), "territory": home.name})
        return redirect("territory-kinds")
    changes = kind_changes(home)
    words = dict(PlaceKind.choices)
    moves = [(words[old], words[new], count) for old, new, count in changes.moves]
    return render(request, "territory/apply_kinds.html", {"home": home, "total": len(changes.kinds), "moves": moves})


def _told(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(_(COUNTS[name]), value) for name, value in counts.items() if name in COUNTS]


def _explained(error: QuanyuError) -> list[str]:
    """Return an error in the reader's language: a file's faults one by one."""
    if isinstance(error, FaultyFile):
        head = _("%(file)s has %(count)s faults, so nothing was loaded; the first %(shown)s:") % error.params
        return [head, *(_(fault.template) % fault.params for fault in error.faults)]
    return [_(error.template) % error.params]
