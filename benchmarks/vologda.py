"""Vologda, the sample city, as the product takes it in: footprints and barriers in metres, households, atoms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from benchmarks.cases import Case

from quanyu.engines.districting import split_heavy
from quanyu.engines.spatial import BARRIER_KINDS, Tessellation, metric_projection, project, split_atoms, tessellate

SAMPLE = Path(__file__).resolve().parent.parent / "src/quanyu/samples/vologda/vologda.gpkg"
RIVER_M2 = 100_000.0
HOUSEHOLD_SIZE = 2.5
LOWER, UPPER = 300, 500
WALLS = ("waterway", "railway", "motorway")


@dataclass(frozen=True)
class City:
    """The sample's layers in metres; ``households`` are people ÷ 2.5, rounded so that the sum is right."""

    footprints: np.ndarray
    households: np.ndarray
    barriers: np.ndarray
    kinds: np.ndarray
    rivers: np.ndarray
    territory: shapely.Geometry


def read() -> City:
    """Return the city."""
    layers, columns = {}, {}
    for name in ("buildings", "barriers", "water", "boundaries"):
        meta, _, stored, values = pyogrio.raw.read(SAMPLE, layer=name)
        layers[name] = shapely.make_valid(shapely.from_wkb(stored))
        columns[name] = dict(zip(meta["fields"], values, strict=True))
    projection = metric_projection(*shapely.total_bounds(layers["boundaries"]))
    layers = {name: project(shapes, projection) for name, shapes in layers.items()}
    return City(
        footprints=layers["buildings"],
        households=_households(columns["buildings"]["population"]),
        barriers=layers["barriers"],
        kinds=np.array([BARRIER_KINDS.index(kind) for kind in columns["barriers"]["kind"]]),
        rivers=layers["water"][shapely.area(layers["water"]) >= RIVER_M2],
        territory=shapely.union_all(layers["boundaries"]),
    )


def _households(people: np.ndarray) -> np.ndarray:
    shares = np.nan_to_num(people.astype(float)) / HOUSEHOLD_SIZE
    whole = np.floor(shares).astype(np.int64)
    upward = np.argsort(whole - shares, kind="stable")[: round(float(shares.sum())) - int(whole.sum())]
    whole[upward] += 1
    return whole


def tessellated(city: City) -> Tessellation:
    """Return the cells of the city's buildings."""
    return tessellate(
        city.footprints, territory=city.territory, barriers=city.barriers, barrier_kinds=city.kinds, water=city.rivers
    )


def atoms(city: City, made: Tessellation) -> tuple[Case, np.ndarray]:
    """Return the case to divide and the cells of its atoms; buildings above the range are divided by entrances."""
    households = city.households[made.kept]
    walls = np.isin(made.barrier, [BARRIER_KINDS.index(kind) for kind in WALLS])
    parts = split_heavy(households, UPPER)
    pieces = split_atoms(made.cells, city.footprints[made.kept], made.adjacency, parts, barrier=walls)
    origin = pieces.origin
    part = np.arange(len(origin)) - np.searchsorted(origin, origin, side="left")
    share, extra = np.divmod(households[origin], parts[origin])
    shared = np.asarray(pieces.adjacency.sum(axis=1)).ravel()
    case = Case(
        name="Vologda", weights=share + (part < extra), adjacency=pieces.adjacency, lower=LOWER, upper=UPPER,
        closed=pieces.barrier, area=shapely.area(pieces.cells),
        outer_length=np.maximum(shapely.length(pieces.cells) - shared, 0.0),
    )  # fmt: skip
    return case, pieces.cells
