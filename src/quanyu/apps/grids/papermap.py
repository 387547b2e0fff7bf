"""A plan's map on paper (A3): PNG or PDF, drawn by matplotlib from the site's own data."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import shapely
from django.conf import settings
from django.utils.translation import gettext as _
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import findSystemFonts, fontManager
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline

from quanyu.apps.grids.models import Grid, Plan
from quanyu.apps.territory.models import Backdrop, Barrier
from quanyu.engines.arrays import GeometryArray

A3_INCHES = (16.54, 11.69)
# A single-hue ramp by households against the norm, light to dark.
EXCLUSIVE, UNINHABITED = "#d8cfe6", "#f1f0ec"
RAMP = ("#e6f4f1", "#b9dedb", "#86c5c4", "#4aa5ab", "#0b7285", "#094d5a")
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
)


def draw_map(plan: Plan, path: Path, form: str) -> None:
    """Write the map of ``plan`` to ``path``, in the form ``png`` or ``pdf``."""
    with mpl.rc_context({"font.family": [*_chinese_fonts(), "DejaVu Sans"], "pdf.fonttype": 42}):
        figure = Figure(figsize=A3_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes: Axes = figure.add_subplot()
        _paint(axes, plan)
        figure.savefig(path, dpi=150, format=form)


def _chinese_fonts() -> list[str]:
    """Return the installed fonts that have Chinese signs; one installed after matplotlib listed the fonts is added."""
    if not {font.name for font in fontManager.ttflist} & set(CHINESE_FONTS):
        for path in findSystemFonts():
            if any(part in Path(path).name.lower() for part in ("cjk", "wqy", "msyh", "simhei", "pingfang")):
                fontManager.addfont(path)
    known = {font.name for font in fontManager.ttflist}
    return [name for name in CHINESE_FONTS if name in known]


def _paint(axes: Axes, plan: Plan) -> None:
    territory = plan.network.territory
    grids = list(plan.grids.order_by("code"))
    breaks = class_breaks(plan.norms["lower"], plan.norms["upper"])
    _polygons(axes, _shapes(grids), [fill(grid, breaks) for grid in grids], "#355c63", 0.5)
    water = Backdrop.objects.filter(territory=territory, layer=Backdrop.Layer.WATER)
    _polygons(axes, _shapes(water), ["#a8cbe6"] * water.count(), "none", 0)
    roads = Backdrop.objects.filter(territory=territory, layer=Backdrop.Layer.ROADS)
    _lines(axes, _shapes(roads), "#ffffff", 0.6)
    _lines(axes, _shapes(Barrier.objects.filter(territory=territory, kind="railway")), "#555555", 0.8)
    if len(grids) <= 60:
        for grid in grids:
            axes.text(grid.label_lon, grid.label_lat, grid.code[12:], ha="center", va="center", fontsize=7)
    sides = {side: [getattr(grid, side) for grid in grids] for side in ("west", "south", "east", "north")}
    west, south, east, north = min(sides["west"]), min(sides["south"]), max(sides["east"]), max(sides["north"])
    margin = 0.02 * max(east - west, north - south)
    axes.set_xlim(west - margin, east + margin)
    axes.set_ylim(south - margin, north + margin)
    middle = sum(axes.get_ylim()) / 2
    axes.set_aspect(1 / math.cos(math.radians(middle)))
    axes.set_axis_off()
    _frame(axes, plan, breaks)


def _frame(axes: Axes, plan: Plan, breaks: list[int]) -> None:
    axes.set_title(_("Service grids: %(plan)s") % {"plan": plan}, fontsize=18)
    labels = [f"< {breaks[0]}", *(f"{low}–{high - 1}" for low, high in pairwise(breaks))]
    labels.append(f"≥ {breaks[-1]}")
    handles = [
        Patch(facecolor=colour, edgecolor="#355c63", label=label) for colour, label in zip(RAMP, labels, strict=True)
    ]
    kinds = dict(Grid.Kind.choices)
    handles.append(Patch(facecolor=EXCLUSIVE, edgecolor="#355c63", label=str(kinds[Grid.Kind.EXCLUSIVE])))
    handles.append(Patch(facecolor=UNINHABITED, edgecolor="#355c63", label=str(kinds[Grid.Kind.UNINHABITED])))
    axes.legend(handles=handles, title=_("Households"), loc="lower left", fontsize=9)
    axes.annotate("N ↑", xy=(0.98, 0.96), xycoords="axes fraction", ha="right", fontsize=16)
    source = plan.fabric.territory.backdrop.exclude(load__source=None).select_related("load__source").first()
    lines = [source.load.source.attribution] if source and source.load and source.load.source else []
    if plan.network.territory.places.filter(is_made_up=True).exists() or plan.network.territory.is_made_up:
        lines.append(_("The buildings and counts of this map are made up."))
    if settings.QUANYU_MAP_REVIEW_NUMBER:
        lines.append(_("Review number of the map: %(number)s") % {"number": settings.QUANYU_MAP_REVIEW_NUMBER})
    axes.annotate("\n".join(lines), xy=(1, 0), xycoords="axes fraction", ha="right", va="bottom", fontsize=8)


def class_breaks(lower: int, upper: int) -> list[int]:
    """Return five class limits around the norm: below it, three inside it, above it twice."""
    third = (upper + 1 - lower) // 3
    return [lower, lower + third, lower + 2 * third, upper + 1, 2 * upper]


def fill(grid: Grid, breaks: list[int]) -> str:
    """Return the colour of a grid: of its kind, or for a basic grid of its class."""
    if grid.kind != Grid.Kind.BASIC:
        return EXCLUSIVE if grid.kind == Grid.Kind.EXCLUSIVE else UNINHABITED
    return RAMP[int(np.searchsorted(breaks, grid.households, side="right"))]


def _shapes(records: Any) -> GeometryArray:
    stored = [bytes(record.wkb) for record in records if record.wkb is not None]
    shapes: GeometryArray = shapely.from_wkb(np.array(stored, dtype=object))
    return shapes


def _polygons(axes: Axes, shapes: GeometryArray, colours: list[str], edge: str, width: float) -> None:
    patches, faces = [], []
    for shape, colour in zip(shapes, colours, strict=True):
        for polygon in shapely.get_parts(shape):
            if polygon.geom_type == "Polygon":
                rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
                patches.append(PathPatch(Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))))
                faces.append(colour)
    axes.add_collection(PatchCollection(patches, facecolor=faces, edgecolor=edge, linewidth=width))


def _lines(axes: Axes, shapes: GeometryArray, colour: str, width: float) -> None:
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(shapes) if part.geom_type == "LineString"]
    axes.add_collection(LineCollection(parts, colors=colour, linewidths=width))
