"""The extent of a grid in words: what bounds it in the east, south, west and north, as notices say it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from django.db.models import Q
from django.utils.translation import gettext

from quanyu.apps.grids.models import Grid
from quanyu.apps.territory.models import Backdrop, Barrier, Division

# A named road or river this near the outline (in degrees, some 20 m) is what a resident would call the border.
NEAR_DEG = 0.0002
UNMISTAKABLE = (Barrier.Kind.WATERWAY, Barrier.Kind.RAILWAY, Barrier.Kind.MOTORWAY)
Found = defaultdict[tuple[str, str], float]
# The key of the length of a side itself.
OWN = ("own", "")
Box = tuple[float, float, float, float]
SIDES = ("east", "south", "west", "north")
NAMED = 3
# What runs along less than this share of a side does not bound it.
LEAST = 0.15


@dataclass(frozen=True)
class Side:
    """One side of a grid: streets, rivers and railways along it, the longest first, the codes of the grids beyond.

    ``is_outer`` tells that it is the edge of the territory.
    """

    side: str
    names: list[str]
    grids: list[str]
    is_outer: bool


def sides(grid: Grid) -> list[Side]:
    """Return what lies along each side of a grid, in the order of a notice: east, south, west, north."""
    shape = grid.geometry
    if shape is None or None in (grid.west, grid.south, grid.east, grid.north):
        return []
    outline, band = shape.boundary, shape.boundary.buffer(NEAR_DEG)
    box = (grid.west - NEAR_DEG, grid.south - NEAR_DEG, grid.east + NEAR_DEG, grid.north + NEAR_DEG)  # type: ignore[operator]
    lengths: dict[str, Found] = {side: defaultdict(float) for side in SIDES}
    _add(lengths, outline, box, OWN)
    home = grid.plan.network.territory
    for key, line in _landmarks(home, box):
        _add(lengths, shapely.intersection(line, band), box, key)
    for other in grid.plan.grids.in_box(*box).exclude(pk=grid.pk):
        if other.geometry is not None:
            _add(lengths, shapely.intersection(outline, other.geometry.buffer(1e-7)), box, ("grid", other.code))
    if home.geometry is not None:
        _add(lengths, shapely.intersection(home.geometry.boundary, band), box, ("edge", ""))
    return [
        Side(side, _longest(found, "name") or _longest(found, "kind"), _longest(found, "grid"), _is_outer(found))
        for side, found in lengths.items()
    ]


def _landmarks(home: Division, box: Box) -> Iterator[tuple[tuple[str, str], shapely.Geometry]]:
    """Give the lines a resident would name: roads; rivers, railways and banks, by their kind where nameless."""
    for barrier in Barrier.objects.filter(territory=home, kind__in=UNMISTAKABLE).in_box(*box):
        if barrier.geometry is not None:
            yield ("name" if barrier.name else "kind", str(barrier)), barrier.geometry
    drops = Backdrop.objects.filter(territory=home).in_box(*box)
    for drop in drops.filter(Q(layer=Backdrop.Layer.WATER) | Q(layer=Backdrop.Layer.ROADS) & ~Q(name="")):
        if drop.geometry is not None:
            is_water = drop.layer == Backdrop.Layer.WATER
            key = ("name", drop.name) if drop.name else ("kind", gettext("water"))
            yield key, drop.geometry.boundary if is_water else drop.geometry


def _is_outer(found: Found) -> bool:
    """Tell whether a side is mostly the edge of the territory, or nothing is known to lie beyond."""
    return found["edge", ""] > 0.5 * found[OWN] or not any(kind in ("name", "kind", "grid") for kind, _ in found)


def _add(lengths: dict[str, Found], line: shapely.Geometry, box: Box, key: tuple[str, str]) -> None:
    """Add the length of a line to the sides it runs along, each short piece to the side it is nearest to."""
    west, south, east, north = box
    parts = shapely.get_parts(line)
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    corners, of = shapely.get_coordinates(shapely.segmentize(parts, NEAR_DEG), return_index=True)
    on = np.flatnonzero(of[1:] == of[:-1])
    middle, step = (corners[on] + corners[on + 1]) / 2, corners[on + 1] - corners[on]
    # As if the box were a square: east is between its two diagonals on the right.
    across, up = 2 * ((middle - [west, south]) / [east - west, north - south]).T - 1
    quarter = np.where(np.abs(across) >= np.abs(up), np.where(across > 0, 0, 2), np.where(up > 0, 3, 1))
    length = np.hypot(step[:, 0] * math.cos(math.radians(south)), step[:, 1])
    for side, total in zip(SIDES, np.bincount(quarter, weights=length, minlength=4).tolist(), strict=True):
        if total > 0:
            lengths[side][key] += total


def _longest(found: Found, kind: str) -> list[str]:
    """Return the names that run along at least a share of a side, the longest first."""
    mine = {name: length for (of, name), length in found.items() if of == kind}
    return [name for name in sorted(mine, key=lambda name: -mine[name]) if mine[name] >= LEAST * found[OWN]][:NAMED]
