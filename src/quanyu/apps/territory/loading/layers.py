"""Read a layer: shapes in WGS 84, repaired where they cross themselves, and columns by the form's names."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyogrio
import shapely
from django.utils.translation import gettext_lazy
from pyproj import CRS

from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.mapping import SourceLayer
from quanyu.apps.territory.loading.tables import MOST, measured, number_fault, whole_number
from quanyu.engines.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial import to_wgs84, transform_geometries
from quanyu.errors import QuanyuError

# Kinds of shape a layer may hold, as GEOS numbers them: points 0 and 4, lines 1, 2 and 5, areas 3 and 6.
SHAPES = {"point": (0, 4), "line": (1, 2, 5), "polygon": (3, 6), "any": (0, 1, 2, 3, 4, 5, 6)}
SHAPE_WORDS = {
    "point": gettext_lazy("point"), "line": gettext_lazy("line"), "polygon": gettext_lazy("polygon"),
    "any": gettext_lazy("point, line or polygon"),
}  # fmt: skip
MOST_FAULTS = 10_000
# How a shape as stored writes a coordinate that is not a number.
NAN = struct.pack("<d", math.nan)


@dataclass(frozen=True)
class Layer:
    """A layer as columns; ``names`` gives the file's name of each of our columns, ``repaired`` the rows mended."""

    file: str
    name: str
    shapes: GeometryArray
    columns: dict[str, np.ndarray[Any, Any]]
    names: dict[str, str]
    repaired: IntArray

    def __len__(self) -> int:
        return len(self.shapes)

    def has(self, column: str) -> bool:
        return self.names.get(column, column) in self.columns

    def texts(self, column: str) -> list[str]:
        """Return a column as text, '' where it is empty or missing."""
        values = self.columns.get(self.names.get(column, column))
        if values is None:
            return [""] * len(self)
        return [_text(value) for value in values.tolist()]

    def counts(self, column: str, found: list[QuanyuError]) -> FloatArray:
        """Return a column of counts, NaN where it is empty or missing; every fault is added to ``found``."""
        return self._numbers(column, found, is_count=True)

    def measures(self, column: str, found: list[QuanyuError]) -> FloatArray:
        """Return a column of measured numbers, as :meth:`counts` does counts."""
        return self._numbers(column, found, is_count=False)

    def _numbers(self, column: str, found: list[QuanyuError], *, is_count: bool) -> FloatArray:
        theirs = self.names.get(column, column)
        values = self.columns.get(theirs)
        result = np.full(len(self), np.nan)
        if values is None:
            return result
        place = {"file": self.file, "layer": self.name, "column": theirs}
        if values.dtype.kind in "iuf":
            result = values.astype(np.float64)
            whole = (result == np.floor(result)) | np.isnan(result)
            for row in np.flatnonzero((result < 0) | (result > MOST) | (is_count & ~whole))[:MOST_FAULTS].tolist():
                at, text = place | {"row": row + 1}, f"{result[row]:.15g}"
                fault = number_fault(float(result[row]), at, text, is_count=is_count)
                found += [] if fault is None else [fault]
            return result
        read = whole_number if is_count else measured
        for row, text in enumerate(self.texts(column)):
            number = read(text, {**place, "row": row + 1}, found)
            if number is not None:
                result[row] = number
        return result


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def check_system(system: str) -> None:
    """Refuse a coordinate system that is not known.

    Raises
    ------
    UnknownCoordinateSystem
    """
    to_wgs84(np.zeros((1, 2)), system)


def read_layer(file: str, source: SourceLayer, system: str, names: Mapping[str, str], *, shape: str) -> Layer:
    """Return a layer; ``names`` maps our columns to the file's, ``shape`` is a key of :data:`SHAPES`.

    Raises
    ------
    BrokenLayer, NoRows, StatedSystemDiffers, NoGeometry, BadCoordinates, OffTheEarth, WrongGeometry
    """
    layer = source.name if source.path.suffix.lower() == ".gpkg" else None
    try:
        meta, _, stored, values = pyogrio.raw.read(source.path, layer=layer)
        # A coordinate that is not a number is told of below, with its row.
        with np.errstate(invalid="ignore"):
            shapes = shapely.force_2d(shapely.from_wkb(stored, on_invalid="ignore"))
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
        raise faults.BrokenLayer(file=file, layer=source.name) from error
    if not len(shapes):
        raise faults.NoRows(file=file, layer=source.name)
    _compare(file, source.name, meta["crs"], system)
    place = {"file": file, "layer": source.name}
    # A ring that begins at no number cannot be closed, and so is no shape at all.
    unread = shapely.is_missing(shapes) & np.array([each is not None for each in stored], dtype=bool)
    _refuse(faults.BadCoordinates, place, unread & np.array([NAN in (each or b"") for each in stored], dtype=bool))
    if unread.any():
        raise faults.BrokenLayer(**place)
    _refuse(faults.NoGeometry, place, shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kinds = shapely.get_type_id(shapes)
    wrong = ~np.isin(kinds, SHAPES[shape])
    if wrong.any():
        value = shapes[int(np.flatnonzero(wrong)[0])].geom_type
        _refuse(faults.WrongGeometry, place | {"value": value, "expected": str(SHAPE_WORDS[shape])}, wrong)
    _refuse(faults.BadCoordinates, place, _without_number(shapes))
    shapes = transform_geometries(shapes, system)
    west, south, east, north = shapely.bounds(shapes).T
    off = ~((west >= -180) & (east <= 180) & (south >= -90) & (north <= 90))
    _refuse(faults.OffTheEarth, place | {"value": system}, off)
    shapes, repaired = _repaired(shapes, shape)
    _refuse(faults.NoGeometry, place, shapely.is_empty(shapes))
    return Layer(
        file=file, name=source.name, shapes=shapes, names=dict(names), repaired=repaired,
        columns=dict(zip(meta["fields"].tolist(), values, strict=True)),
    )  # fmt: skip


def _without_number(shapes: GeometryArray) -> BoolArray:
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    result = np.zeros(len(shapes), dtype=bool)
    result[owner[~np.isfinite(xy).all(axis=1)]] = True
    return result


def _repaired(shapes: GeometryArray, shape: str) -> tuple[GeometryArray, IntArray]:
    """Return the shapes made valid and the rows that were not; of a mended area only its areas are kept."""
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    if shape == "polygon":
        for row in broken:
            parts = shapely.get_parts(shapely.make_valid(shapes[row]))
            shapes[row] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), SHAPES["polygon"])])
    else:
        shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes, broken


def _compare(file: str, layer: str, declared: str | None, stated: str) -> None:
    name = stated.strip().upper()
    if declared is None or name.startswith(("GCJ", "BD")):
        return
    same = {"WGS84": "EPSG:4326", "WGS 84": "EPSG:4326", "CGCS2000": "EPSG:4490"}
    wanted = same.get(name, stated)
    if {declared, wanted} != {"EPSG:4326", "EPSG:4490"} and CRS.from_user_input(declared) != CRS.from_user_input(
        wanted
    ):
        raise faults.StatedSystemDiffers(file=file, layer=layer, declared=declared, value=stated)


def _refuse(fault: type[QuanyuError], place: Mapping[str, Any], bad: BoolArray) -> None:
    if bad.any():
        rows = np.flatnonzero(bad)
        raise fault(**place, row=int(rows[0]) + 1, count=len(rows))
