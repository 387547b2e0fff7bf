"""A comparison: its points as a table and as a chart, and whether it still holds."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from quanyu.apps.grids.models import Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.queries import changed_since
from quanyu.web import words

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
        "changed": changed_since(comparison),
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


def _chart(comparison: Run, rows: list[dict[str, Any]], quality: str, least_moved: int | None) -> dict[str, Any]:
    """Return what the chart draws: numbers of grids side by side, or quality over households moved."""
    names = {
        "cut_length_m": _("border between grids (km)"),
        "cut_edges": _("neighbours parted"),
        "mean_compactness": _("mean compactness (1 is round)"),
        "distance_m": _("distance from the middle of the grid (m)"),
        "range_violation": _("households outside the norm"),
        "moved": _("households moved"),
    }
    told = ["range_violation", "moved"] if comparison.kind == Run.Kind.COUNTS else ["moved"]
    points = [
        {name: _drawn_value(row["point"], name) for name in (quality, *told)}
        | {"asked": row["asked"], "basic": row["point"].get("basic"), "is_current": row["is_current"]}
        for row in rows
    ]
    return {
        "kind": comparison.kind, "title": comparison.get_kind_display(), "points": points, "quality": quality,
        "panels": [name for name in (quality, *told) if any(point[name] is not None for point in points)],
        "names": names, "grids": _("basic grids"), "closeness": _("closeness to today's grids"),
        "current": _("the present norms"), "least_moved": least_moved,
        "least": _("at least so many move: proven"),
    }  # fmt: skip


def _drawn_value(point: dict[str, Any], name: str) -> float | None:
    value = point.get(name)
    return value / 1000 if value is not None and name == "cut_length_m" else value
