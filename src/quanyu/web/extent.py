"""The extent of a grid in words: what bounds it in the east, south, west and north, as notices say it."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import shapely
from django.db.models import Q

from quanyu.apps.grids.models import Grid
from quanyu.apps.territory.models import Backdrop, Barrier
from quanyu.engines.arrays import FloatArray

# A named road or river this near the outline (in degrees, some 20 m) is what a resident would call the border.
NEAR_DEG = 0.0002
SIDES = ("east", "south", "west", "north")
NAMED = 3


@dataclass(frozen=True)
class Side:
    """One side of a grid: streets and rivers along it, the longest first, and the codes of the grids beyond."""

    side: str
    names: list[str]
    grids: list[str]

    @property
    def is_outer(self) -> bool:
        """Whether nothing known lies beyond: the side is the edge of the territory."""
        return not self.names and not self.grids


def sides(grid: Grid) -> list[Side]:
    """Return what lies along each side of a grid, in the order of a notice: east, south, west, north."""
    shape = grid.geometry
    if shape is None or None in (grid.west, grid.south, grid.east, grid.north):
        return []
    middle = shapely.get_coordinates(shape.envelope.centroid)[0]
    outline, band = shape.boundary, shape.boundary.buffer(NEAR_DEG)
    box = (grid.west - NEAR_DEG, grid.south - NEAR_DEG, grid.east + NEAR_DEG, grid.north + NEAR_DEG)  # type: ignore[operator]
    lengths: dict[str, defaultdict[tuple[str, str], float]] = {side: defaultdict(float) for side in SIDES}
    lines = [*Barrier.objects.filter(territory=grid.plan.network.territory).in_box(*box).exclude(name="")]
    roads = Backdrop.objects.filter(Q(layer=Backdrop.Layer.ROADS), territory=grid.plan.network.territory)
    for line in [*lines, *roads.in_box(*box).exclude(name="")]:
        along = None if line.geometry is None else line.geometry.intersection(band)
        if along is not None and not along.is_empty:
            _add(lengths, along, middle, ("name", line.name))
    for other in grid.plan.grids.in_box(*box).exclude(pk=grid.pk):
        common = None if other.geometry is None else outline.intersection(other.geometry.buffer(1e-7))
        if common is not None and not common.is_empty:
            _add(lengths, common, middle, ("grid", other.code))
    return [Side(side, _longest(lengths[side], "name"), _longest(lengths[side], "grid")) for side in SIDES]


def _add(
    lengths: dict[str, defaultdict[tuple[str, str], float]],
    line: shapely.Geometry,
    middle: FloatArray,
    key: tuple[str, str],
) -> None:
    for part in shapely.get_parts(line).tolist():
        if part.length > 0:
            x, y = part.interpolate(0.5, normalized=True).coords[0]
            east = (x - middle[0]) * math.cos(math.radians(middle[1]))
            quarter = round(-math.atan2(y - middle[1], east) / (math.pi / 2)) % 4
            lengths[SIDES[quarter]][key] += part.length


def _longest(found: dict[tuple[str, str], float], kind: str) -> list[str]:
    """Return the names that run along at least a tenth of what is known of a side, the longest first."""
    mine = {name: length for (of, name), length in found.items() if of == kind}
    least = 0.1 * sum(mine.values())
    return [name for name in sorted(mine, key=lambda name: -mine[name]) if mine[name] >= least][:NAMED]
