"""A comparison: its points as a table and as a chart, and whether it still holds."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from quanyu.apps.grids.models import Grid, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.queries import is_outdated, plan_in_force
from quanyu.web import words
from quanyu.web.templatetags.figures import grouped

# The figure that each objective makes good.
QUALITY = {
    "cut_length": "cut_length_m",
    "cut_edges": "cut_edges",
    "polsby_popper": "mean_compactness",
    "moment_of_inertia": "distance_m",
}


def shown(comparison: Run) -> dict[str, Any]:
    """Return what the page of a finished comparison shows."""
    result = comparison.comparison or {}
    objective = Norms.from_dict(comparison.norms).objective
    rows = [_row(comparison, number, point) for number, point in enumerate(result["points"])]
    drawn = [row["point"] for row in rows if not row["why"]]
    # What must move does not depend on how dear a move is: every point says the same.
    least_moved = drawn[0]["least_moved"] if drawn and comparison.kind == Run.Kind.MOVES else None
    return {
        "rows": rows,
        "quality": QUALITY[objective],
        "objective": words.OBJECTIVES[objective],
        "has_moves": any(point["moved"] is not None for point in drawn),
        "is_free": comparison.kind == Run.Kind.COUNTS and comparison.norms["grids"] is None,
        "least_moved": least_moved,
        "is_outdated": is_outdated(comparison),
        "chance": _chance(rows, result.get("again", []), QUALITY[objective]),
        "in_force": _in_force(comparison),
        "chart": _chart(comparison, rows, QUALITY[objective], least_moved) if drawn else None,
    }


def _row(comparison: Run, number: int, point: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "point": point,
        "asked": point["norms"][comparison.compared],
        "is_current": all(comparison.norms[name] == value for name, value in point["norms"].items()),
        "why": words.failure(point.get("error")),
    }


def _in_force(comparison: Run) -> dict[str, Any] | None:
    """Return the figures of the plan in force today, as its page has them."""
    plan = plan_in_force(comparison.network, on=timezone.localdate())
    if plan is None:
        return None
    largest = plan.grids.filter(kind=Grid.Kind.BASIC).aggregate(most=Max("households"))["most"]
    return {"plan": plan, "figures": plan.metrics, "largest": largest}


def _chance(rows: list[dict[str, Any]], again: list[dict[str, Any]], quality: str) -> dict[str, str] | None:
    """Return how far apart plans by the norms themselves lie when other seeds draw them."""
    same = [row["point"] for row in rows if row["is_current"] and not row["why"]]
    if not same or not again or any("error" in point for point in again):
        return None
    figures = [_drawn_value(point, quality) or 0.0 for point in same + again]
    grids = [point["basic"] for point in same + again]
    digits = {"cut_length_m": 1, "mean_compactness": 3}.get(quality, 0)
    return {
        "seeds": grouped(len(figures)), "what": _names()[quality],
        "figures": _span(grouped(min(figures), digits), grouped(max(figures), digits)),
        "grids": _span(grouped(min(grids)), grouped(max(grids))),
    }  # fmt: skip


def _span(least: str, most: str) -> str:
    return least if least == most else f"{least}–{most}"


def _names() -> dict[str, str]:
    """Return what each figure is called beside a chart."""
    return {
        "cut_length_m": _("border between grids (km)"),
        "cut_edges": _("neighbours parted"),
        "mean_compactness": _("mean compactness (1 is round)"),
        "distance_m": _("distance from the middle of the grid (m)"),
        "range_violation": _("households outside the norm"),
        "moved": _("households moved"),
    }


def _chart(comparison: Run, rows: list[dict[str, Any]], quality: str, least_moved: int | None) -> dict[str, Any]:
    """Return what the chart draws: numbers of grids side by side, or quality over households moved."""
    told = ["range_violation", "moved"] if comparison.kind == Run.Kind.COUNTS else ["moved"]
    points = [
        {name: _drawn_value(row["point"], name) for name in (quality, *told)}
        | {"asked": row["asked"], "basic": row["point"].get("basic"), "is_current": row["is_current"]}
        for row in rows
    ]
    return {
        "kind": comparison.kind, "title": comparison.get_kind_display(), "points": points, "quality": quality,
        "panels": [name for name in (quality, *told) if any(point[name] is not None for point in points)],
        "names": _names(), "grids": _("basic grids"), "closeness": _("closeness to today's grids"),
        "current": _("these norms"), "least_moved": least_moved,
        "least": _("at least so many move: proven"),
    }  # fmt: skip


def _drawn_value(point: dict[str, Any], name: str) -> float | None:
    value = point.get(name)
    return value / 1000 if value is not None and name == "cut_length_m" else value
