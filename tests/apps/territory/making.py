"""Small files of layers for tests: a lattice of houses near 117.5° E, 36.7° N."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

LON, LAT, STEP, SIZE = 117.5, 36.7, 0.001, 0.0004
AREA = shapely.box(LON - 0.002, LAT - 0.002, LON + 0.012, LAT + 0.012)
Columns = dict[str, list[Any]]
Layers = dict[str, tuple[list[Any], Columns]]


def house(i: int, j: int, *, size: float = SIZE) -> Any:
    """Return the footprint of a house in column ``i`` and row ``j``."""
    return shapely.box(LON + i * STEP, LAT + j * STEP, LON + i * STEP + size, LAT + j * STEP + size)


def town(columns: int = 4, rows: int = 3, **changes: list[Any]) -> Layers:
    """Return the layers of a small city file: homes with people, one office, a river, a border."""
    shapes = [house(i, j) for j in range(rows) for i in range(columns)]
    count = len(shapes)
    values: Columns = {
        "building_id": [f"B{n:03d}" for n in range(1, count + 1)],
        "kind": ["residential"] * (count - 1) + ["office"],
        "levels": [6.0] * count,
        "population": [25.0] * (count - 1) + [0.0],
    }
    values |= changes
    river = shapely.LineString([(LON + 1.7 * STEP, LAT - 0.002), (LON + 1.7 * STEP, LAT + 0.012)])
    return {
        "buildings": (shapes, values),
        "barriers": ([river], {"kind": ["waterway"], "name": ["Clear River"]}),
        "boundaries": ([AREA], {"name": ["Smallville"], "admin_level": ["6"]}),
    }


def write(path: Path, layers: Layers, *, crs: str | None = "EPSG:4326", driver: str | None = None) -> Path:
    """Write layers into a GeoPackage, or one layer into a file of another form, and return its path."""
    for name, (shapes, columns) in layers.items():
        kinds = {shape.geom_type for shape in shapes if shape is not None}
        with warnings.catch_warnings():
            # A file without a system, and the ten signs of a Shapefile's column names, are what some tests are about.
            warnings.simplefilter("ignore")
            pyogrio.raw.write(
                path, np.array([None if s is None else shapely.to_wkb(s) for s in shapes], dtype=object),
                [np.array(values, dtype=None if _plain(values) else object) for values in columns.values()],
                list(columns), layer=name, append=path.exists() and driver is None, crs=crs,
                geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown", driver=driver or "GPKG",
            )  # fmt: skip
    return path


def _plain(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, (int, float)) for value in values)
