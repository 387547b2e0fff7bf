"""Sentences about what the engine found and what people did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from quanyu.apps.grids.models import Grid
from quanyu.apps.grids.publishing import public_count

RULES = {
    "heavy": gettext_lazy("One building alone is above the norm, by %(by)s households."),
    "light": gettext_lazy("Borders and barriers cut off a piece that is %(by)s households short of the norm."),
    "gap": gettext_lazy("The households between these borders and barriers fit no whole number of grids (%(by)s off)."),
    "pinned": gettext_lazy(
        "It is proven that here, as the buildings and their borders lie, no division keeps the norm (at least %(by)s "
        "households off)."
    ),
    "empty": gettext_lazy("Nobody lives between these borders and barriers."),
    "pieces": gettext_lazy("The ground falls into %(by)s more pieces than there were to be grids."),
    "not_found": gettext_lazy(
        "No better division was found (%(by)s households off); that there is none is not proven."
    ),
    "by_hand": gettext_lazy("An edit by hand left it %(by)s households outside the norm."),
}
TOO_FEW = gettext_lazy("Borders and barriers cut off a piece with too few households for the norm.")
MENDS = {
    "upper": gettext_lazy("Raise the upper limit to %(value)s."),
    "lower": gettext_lazy("Lower the lower limit to %(value)s."),
    "split": gettext_lazy("Divide the building by entrances into %(value)s parts."),
    "undo": gettext_lazy("Take edit %(value)s back, or move another place."),
    "barrier_or_border": gettext_lazy("Allow a passage over the barrier or border to a neighbouring grid."),
}
# What each objective of the norms is for.
OBJECTIVES = {
    "cut_length": gettext_lazy(
        "Short borders: as few metres of border between grids as can be. For grids easy to walk and to tell apart."
    ),
    "cut_edges": gettext_lazy(
        "Few neighbours parted: as few buildings side by side in two grids as can be, however long their border. For "
        "ground where dense blocks lie beside wide plots."
    ),
    "polsby_popper": gettext_lazy(
        "Round grids: the highest mean compactness (Polsby–Popper, 1 is a circle). For grids without arms and bays."
    ),
    "moment_of_inertia": gettext_lazy(
        "Short ways: households lie as near to the middle of their grid as can be (moment of inertia). For grids "
        "that are served from one place."
    ),
}
STAGES = {
    "reading": gettext_lazy("reading buildings and borders"),
    "exclusive": gettext_lazy("cutting out exclusive grids"),
    "drawing": gettext_lazy("drawing and improving basic grids"),
    "comparing": gettext_lazy("drawing one plan after the other for the comparison"),
    "writing": gettext_lazy("writing the plan"),
}
ACTS = {
    "run.asked": gettext_lazy("asked for a drawing"),
    "run.cancelled": gettext_lazy("cancelled the drawing"),
    "comparison.asked": gettext_lazy("asked for a comparison"),
    "comparison.cancelled": gettext_lazy("cancelled the comparison"),
    "plan.drawn": gettext_lazy("drew the plan"),
    "plan.edited": gettext_lazy("moved %(place)s from %(from)s to %(to)s"),
    "plan.edit_undone": gettext_lazy("took back: %(place)s is in %(to)s again"),
    "plan.reviewed": gettext_lazy("reviewed the plan"),
    "plan.sent_back": gettext_lazy("sent the plan back: %(remark)s"),
    "plan.review_asked": gettext_lazy("asked for a review again"),
    "plan.enforced": gettext_lazy("put the plan in force from %(day)s: %(households)s households move"),
    "plan.discarded": gettext_lazy("discarded the plan"),
    "grid.staffed": gettext_lazy("changed who serves the grid"),
    "network.created": gettext_lazy("opened the network"),
    "aliases.loaded": gettext_lazy("loaded codes of another system"),
    "boundaries.loaded": gettext_lazy("loaded boundaries"),
    "city.loaded": gettext_lazy("loaded a city file"),
    "division.made": gettext_lazy("made a division"),
    "divisions.loaded": gettext_lazy("loaded a list of divisions"),
    "households.loaded": gettext_lazy("loaded counts of households"),
    "kinds.applied": gettext_lazy("applied the table of kinds"),
    "kinds.changed": gettext_lazy("changed the table of kinds"),
}


def rule(reason: dict[str, Any]) -> str:
    """Return why a rule is broken, in a sentence."""
    return str(RULES[reason["rule"]]) % {"by": f"{reason['by']:,}"}


def mends(reason: dict[str, Any]) -> list[str]:
    """Return what would mend it, a sentence each."""
    return [str(MENDS[kind]) % {"value": value} for kind, value in reason["mends"]]


def why(grid: Grid, viewer: Any) -> list[dict[str, Any]]:
    """Return each broken rule of a grid with what would mend it, as sentences.

    Where the public may not read the count of households, a visitor is not told how many are missing either.
    """
    if grid.reasons and not viewer.is_authenticated and public_count(grid.households) is None:
        return [{"why": str(TOO_FEW), "mends": [str(MENDS["barrier_or_border"])]}]
    return [{"why": rule(reason), "mends": mends(reason)} for reason in grid.reasons]


def stage(name: str) -> str:
    """Return what a run is doing."""
    return str(STAGES[name]) if name in STAGES else ""


def failure(error: dict[str, Any] | None) -> str:
    """Return why a run failed."""
    if error is None:
        return ""
    return gettext(error["template"]) % error["params"] if "template" in error else gettext(error["message"])


def act(verb: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    """Return what an entry of the trail says somebody did; an act without words of its own is shown by its name."""
    if verb not in ACTS:
        return verb
    old, new = before or {}, after or {}
    values = {
        "place": new.get("place", ""), "from": old.get("grid", ""), "to": new.get("grid", ""),
        "day": new.get("from", ""), "households": new.get("households_moved", ""), "remark": new.get("remark", ""),
    }  # fmt: skip
    return str(ACTS[verb]) % values


# The digests of a plan's rows are there for ``quanyu check``, a thousand of them, and say nothing to a reader.
SEAL = "seal."


def changes(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    """Return what an entry of the trail changed: name, value before and after, nested names joined by a dot.

    Examples
    --------
    >>> changes({"norms": {"lower": 300}}, {"norms": {"lower": 200}, "kinds": ["a", "b"]})
    [('norms.lower', '300', '200'), ('kinds', '', 'a, b')]
    """
    old, new = dict(_flat(before or {})), dict(_flat(after or {}))
    return [(name, old.get(name, ""), new.get(name, "")) for name in {**old, **new} if not name.startswith(SEAL)]


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, ", ".join(str(each) for each in value)
        else:
            yield prefix + name, "" if value is None else str(value)
