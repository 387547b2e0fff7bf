"""Make a district up inside a real border: town and village ground, river, railway, roads, buildings with households.

The same units and seed give the same district. Nothing here says anything about real places: whoever shows it, says
that it is made up.

Method: seats of towns are scattered by hand or by chance, seeds of villages around them; the border is cut into small
cells of a jittered lattice, each cell goes to the nearest seed, and the union of a seed's cells is its village. River
and railway run along borders of villages, so that they part villages and not homes. A village's homes stand in rows on
a turned lattice around its middle; its households are drawn from sizes that a district has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from quanyu.engines.arrays import GeometryArray
from quanyu.engines.spatial import metric_projection, project, unproject
from quanyu.samples.made_up.ground import village_ground
from quanyu.samples.made_up.lines import border_path, roads_between
from quanyu.samples.made_up.places import Unit, make_places

RIVER_WIDTH_M = 60.0
# Homes keep this far from rails and water.
CLEAR_M = 70.0


@dataclass(frozen=True)
class Features:
    """Features of a layer: shapes in WGS 84 and columns of texts and numbers."""

    shapes: GeometryArray
    columns: dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class District:
    """A made-up district: ground of each unit by code, of each town by code, and the layers of a city file."""

    villages: dict[str, Any]
    towns: dict[str, Any]
    layers: dict[str, Features]


def make_district(
    border: Any, units: Sequence[Unit], *, seats: Mapping[str, tuple[float, float]], seed: int
) -> District:
    """Return a district inside ``border`` (WGS 84) with a village for each unit.

    Parameters
    ----------
    border : polygon, WGS 84
    units
        Villages and communities with the code of their town.
    seats
        Longitude and latitude of the seat of each town, by code.
    """
    random = np.random.default_rng(seed)
    projection = metric_projection(*border.bounds)
    flat = project(np.array([border], dtype=object), projection)[0]
    codes = sorted(seats)
    middle = shapely.get_coordinates(project(shapely.points([seats[code] for code in codes]), projection))
    ground = village_ground(flat, units, dict(zip(codes, middle, strict=True)), random)
    towns = {code: shapely.union_all([ground[u.code] for u in units if u.town == code]) for code in codes}
    west, south, east, north = flat.bounds
    river = border_path(ground, (0.62 * east + 0.38 * west, south), (0.7 * west + 0.3 * east, north), random)
    railway = border_path(ground, (west, 0.52 * south + 0.48 * north), (east, 0.55 * south + 0.45 * north), random)
    water = shapely.intersection(shapely.buffer(shapely.union_all(river), RIVER_WIDTH_M / 2), flat)
    centres = {code: shapely.point_on_surface(shape) for code, shape in ground.items()}
    roads, classes = roads_between(middle, centres, units, codes)
    roads = shapely.intersection(roads, flat)
    kept = ~shapely.is_empty(roads)
    closed = shapely.union_all(shapely.buffer(np.concatenate([river, railway]), CLEAR_M))
    places = make_places(ground, units, closed, random)

    def layer(shapes: Any, **columns: Any) -> Features:
        moved = unproject(np.array(shapes, dtype=object), projection)
        return Features(moved, {name: np.array(values, dtype=object) for name, values in columns.items()})

    return District(
        villages=dict(zip(ground, unproject(np.array(list(ground.values()), dtype=object), projection), strict=True)),
        towns=dict(zip(towns, unproject(np.array(list(towns.values()), dtype=object), projection), strict=True)),
        layers={
            "buildings": Features(unproject(places.shapes, projection), places.columns),
            "barriers": layer(
                [*river, *railway], kind=["waterway"] * len(river) + ["railway"] * len(railway),
                name=["虚构河"] * len(river) + ["虚构铁路"] * len(railway),
            ),
            "roads": layer(list(roads[kept]), kind=classes[kept].tolist(), name=[""] * int(kept.sum())),
            "water": layer([water], kind=["river"], name=["虚构河"]),
            "landuse": layer(
                places.settlements, kind=["residential"] * len(places.settlements), name=[""] * len(places.settlements)
            ),
        },
    )  # fmt: skip


__all__ = ["District", "Features", "Unit", "make_district"]
