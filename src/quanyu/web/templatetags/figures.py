"""How figures are written: thousands apart, shares with both numbers, unknown as a dash."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField

from quanyu.apps.grids.publishing import public_count
from quanyu.apps.grids.queries import SHORT_CODE

register = template.Library()
UNKNOWN = "—"


@register.filter
def grouped(value: float | str | None, digits: int = 0) -> str:
    """Write a number with its thousands apart: 12,345; a dash where it is unknown (templates give '' for a gap)."""
    return UNKNOWN if value is None or value == "" else f"{float(value):,.{digits}f}"


@register.filter
def counted(households: int, viewer: Any) -> str:
    """Write a count of households as the viewer may read it: visitors see "< 3" for fewer."""
    if viewer.is_authenticated or public_count(households) is not None:
        return grouped(households)
    return f"< {settings.QUANYU_PUBLIC_MINIMUM}"


@register.filter
def share(part: int | None, whole: int | None) -> str:
    """Write a share with both numbers: 412 / 594 (69.4 %)."""
    if part is None or not whole:
        return UNKNOWN if part is None or whole is None else f"{part:,} / {whole:,}"
    return f"{part:,} / {whole:,} ({100 * part / whole:.1f}\u00a0%)"


@register.filter
def percent(share: float | None, digits: int = 0) -> str:
    """Return a share of 1 in per cent."""
    return "—" if share is None else f"{100 * share:.{digits}f} %"


@register.filter
def area(m2: float | None) -> str:
    """Write an area in square metres, from a tenth of a square kilometre on in those."""
    if m2 is None:
        return UNKNOWN
    return f"{m2 / 1e6:,.2f} km²" if m2 >= 1e5 else f"{m2:,.0f} m²"


@register.filter
def distance(m: float | None) -> str:
    """Write a length in metres, from ten kilometres on in those."""
    if m is None:
        return UNKNOWN
    return f"{m / 1000:,.1f} km" if m >= 1e4 else f"{m:,.0f} m"


@register.filter
def beside(code: str, own: str) -> str:
    """Write the code of a neighbouring grid: its last digits, or all where it lies in another division."""
    return code[-SHORT_CODE:] if code[:-SHORT_CODE] == own[:-SHORT_CODE] else code


@register.filter
def unit(field: BoundField) -> Any:
    """Return the unit a form states for a field."""
    return getattr(field.form, "units", {}).get(field.name, "")
