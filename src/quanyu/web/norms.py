"""Norms on pages: the form in which they are set, and what a plan was drawn by."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from quanyu.apps.grids.models import Plan
from quanyu.apps.grids.norms import EXCLUSIVE_KINDS, InvalidNorm, Norms
from quanyu.apps.territory.models import Barrier, DepartmentNetwork, PlaceKind
from quanyu.web import words
from quanyu.web.templatetags.figures import grouped


class NormsForm(forms.Form):
    """The norms as a planner sets them; the defaults are those of GB/T 34300."""

    lower = forms.IntegerField(
        label=gettext_lazy("Fewest households"), initial=300, min_value=1,
        help_text=gettext_lazy("Of a basic grid. GB/T 34300: 300."),
    )  # fmt: skip
    upper = forms.IntegerField(
        label=gettext_lazy("Most households"), initial=500, min_value=1,
        help_text=gettext_lazy("Of a basic grid. GB/T 34300: 500."),
    )  # fmt: skip
    grids = forms.IntegerField(
        label=gettext_lazy("Number of basic grids"), required=False, min_value=1,
        help_text=gettext_lazy("Empty: as many as fit the norm best, in each piece of ground between barriers."),
    )  # fmt: skip
    stability = forms.FloatField(
        label=gettext_lazy("Closeness to today's grids"), initial=0, min_value=0, max_value=1,
        help_text=gettext_lazy("0 draws freely, 1 moves as few households as it can."),
    )  # fmt: skip
    objective = forms.ChoiceField(
        label=gettext_lazy("What makes a plan good"), required=False, widget=forms.RadioSelect,
        initial=Norms.objective, choices=list(words.OBJECTIVES.items()),
        help_text=gettext_lazy(
            "Of the plans that keep the norm, one is looked for that is good at this. The last two take some twenty "
            "times as long."
        ),
    )  # fmt: skip
    barriers = forms.MultipleChoiceField(
        label=gettext_lazy("Never cross"), choices=Barrier.Kind.choices, widget=forms.CheckboxSelectMultiple,
        initial=["waterway", "railway", "motorway"], required=False,
    )  # fmt: skip
    allow_crossings = forms.BooleanField(
        label=gettext_lazy("Bridges and level crossings join both sides"), required=False,
        help_text=gettext_lazy("Where a road open to people passes, a grid may reach over the barrier."),
    )  # fmt: skip
    split_heavy = forms.BooleanField(
        label=gettext_lazy("Divide buildings above the norm by entrances"), required=False, initial=True,
        help_text=gettext_lazy("Otherwise such a building is a grid alone, and marked."),
    )  # fmt: skip
    exclusive_kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Exclusive grids for"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[choice for choice in PlaceKind.choices if choice[0] in EXCLUSIVE_KINDS],
        initial=["office", "industrial", "market", "scenic"],
    )  # fmt: skip
    exclusive_min_m2 = forms.FloatField(
        label=gettext_lazy("Exclusive from a footprint of"), initial=5000, min_value=0,
        help_text=gettext_lazy("Smaller sites stay in the basic grid around them."),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"), initial=0, min_value=0,
        help_text=gettext_lazy("The same inputs and seed give the same grids."),
    )  # fmt: skip
    units = {
        "lower": pgettext_lazy("unit", "households"), "upper": pgettext_lazy("unit", "households"),
        "exclusive_min_m2": "m²",
        "stability": gettext_lazy("from 0 to 1"), "grids": pgettext_lazy("unit", "grids"),
    }  # fmt: skip

    def __init__(self, *args: Any, beyond: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """``beyond`` are norms that the form does not show; others take their default."""
        super().__init__(*args, **kwargs)
        self.beyond = beyond or {}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values["objective"] = values.get("objective") or Norms.objective
        if not self.errors:
            try:
                self.norms = Norms.from_dict({**self.beyond, **self.norm_values(values)})
            except InvalidNorm as error:
                field = error.params["field"]
                self.add_error(field, _(error.template) % {**error.params, "field": self.fields[field].label})
        return values

    def norm_values(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return those of the form's values that are norms."""
        return values


CLOSENESS = gettext_lazy("Closeness to the departments' grids")


def drawn_by(plan: Plan) -> list[tuple[str, str]]:
    """Return all that has to be set alike to draw a plan again, by label, and what shows that it was."""
    norms = plan.norms
    told = [(str(field.label), _value(name, field, norms.get(name))) for name, field in NormsForm.base_fields.items()]
    if norms.get("departments"):
        networks = DepartmentNetwork.objects.filter(
            territory=plan.network.territory_id, code__in=norms["departments"]
        ).order_by("pk")
        told.append((_("Departments"), _(", ").join(network.name for network in networks)))
        told.append((str(CLOSENESS), f"{norms['fusion']:g}"))
    told.append((_("Length of the search"), _("%(steps)s steps") % {"steps": grouped(plan.metrics.get("steps"))}))
    told.append((_("Fingerprint of the inputs"), plan.metrics.get("inputs_hash", "")[:16] or "—"))
    return told


def _value(name: str, field: forms.Field, value: Any) -> str:
    """Return a norm in the words of its field."""
    if isinstance(field, forms.BooleanField):
        return _("yes") if value else _("no")
    if isinstance(field, forms.ChoiceField):
        chosen = value if isinstance(value, list) else [value]
        labels: dict[Any, Any] = dict(field.choices)  # type: ignore[arg-type]  # none of ours is a group
        return _(", ").join(str(labels.get(each, each)) for each in chosen) or "—"
    if value is None:
        return "—"
    unit = NormsForm.units[name] if name in ("lower", "upper", "exclusive_min_m2") else ""
    return f"{value:,g} {unit}".strip() if isinstance(value, float) else f"{value:,} {unit}".strip()
