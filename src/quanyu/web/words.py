"""Sentences about what the engine found."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

RULES = {
    "heavy": lambda: _("One building is heavier than the norm by itself."),
    "light": lambda: _("Borders and barriers cut off fewer households than the norm asks for."),
    "gap": lambda: _("The households inside these borders and barriers fit no whole number of grids."),
    "empty": lambda: _("Nobody lives inside these borders and barriers."),
    "not_found": lambda: _("No better division was found; it is not proven that there is none."),
}


def rule(reason: dict[str, Any]) -> str:
    """Return why a rule is broken, in a sentence."""
    return RULES[reason["rule"]]()


def mends(reason: dict[str, Any]) -> list[str]:
    """Return what would mend it, a sentence each."""
    sentences = []
    for kind, value in reason["mends"]:
        if kind == "upper":
            sentences.append(_("Raise the upper limit to %(value)s.") % {"value": value})
        elif kind == "lower":
            sentences.append(_("Lower the lower limit to %(value)s.") % {"value": value})
        elif kind == "split":
            sentences.append(_("Divide the building by entrances into %(value)s parts.") % {"value": value})
        else:
            sentences.append(_("Allow a passage over the barrier or border to a neighbouring grid."))
    return sentences
