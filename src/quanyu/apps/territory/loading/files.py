"""Open a file of layers safely, and say what is wrong with it in words a clerk can act on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyproj import CRS

from quanyu.engines.arrays import GeometryArray
from quanyu.engines.spatial import transform_geometries
from quanyu.errors import InvalidInput

MOST_BYTES = 500 * 1024 * 1024


class UnreadableFile(InvalidInput):
    """The file is missing, empty, too large or no file of layers."""

    code = "unreadable_file"
    template = "%(file)s: %(reason)s %(mend)s"


class MissingLayer(InvalidInput):
    """A layer or a column that the form asks for is not there."""

    code = "missing_layer"
    template = "%(file)s has no %(what)s %(name)s. It has: %(known)s. %(mend)s"


class StatedSystemDiffers(InvalidInput):
    """The file declares one coordinate system, the user states another."""

    code = "stated_system_differs"
    template = (
        "%(file)s, layer %(layer)s declares %(declared)s, but %(value)s was stated. State %(declared)s, or mend the file."
    )


class BadCoordinates(InvalidInput):
    """A geometry is missing, or has coordinates that are no place on earth."""

    code = "bad_coordinates"
    template = "%(file)s, layer %(layer)s, row %(row)s: %(reason)s (%(count)s such rows). %(mend)s"


@dataclass(frozen=True)
class Layer:
    """A layer as columns: shapes in WGS 84, values by column, and how many shapes had to be repaired."""

    shapes: GeometryArray
    columns: dict[str, np.ndarray[Any, Any]]
    repaired: int

    def __len__(self) -> int:
        return len(self.shapes)

    def texts(self, name: str) -> list[str]:
        """Return a column as text, '' where it is empty or missing."""
        if name not in self.columns:
            return [""] * len(self)
        return ["" if value is None or value != value else str(value) for value in self.columns[name].tolist()]

    def numbers(self, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return a column as numbers, NaN where it is empty or missing."""
        if name not in self.columns:
            return np.full(len(self), np.nan)
        return self.columns[name].astype(np.float64)


def sha256(path: Path) -> str:
    """Return the hash of a file that can be read.

    Raises
    ------
    UnreadableFile
        Missing, empty, or larger than the site takes.
    """
    if not path.is_file():
        raise UnreadableFile(file=path.name, reason="there is no such file.", mend="Check the path.")
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile(file=path.name, reason="the file is empty (0 bytes).", mend="Export it again.")
    if size > MOST_BYTES:
        raise UnreadableFile(
            file=path.name, reason=f"the file has {size // 2**20} MB, more than {MOST_BYTES // 2**20}.",
            mend="Cut it to one district.",
        )  # fmt: skip
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def layer_names(path: Path) -> list[str]:
    """Return the layers of a file, or say why it cannot be read."""
    try:
        return [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except pyogrio.errors.DataSourceError as error:
        raise UnreadableFile(
            file=path.name, reason="it is no GeoPackage, GeoJSON or Shapefile, or it was cut off on the way.",
            mend="Export or copy it again.",
        ) from error  # fmt: skip


def read_layer(path: Path, name: str, system: str, *, columns: tuple[str, ...] = ()) -> Layer:
    """Return a layer with its shapes in WGS 84, self-crossing polygons repaired.

    Raises
    ------
    MissingLayer, StatedSystemDiffers, BadCoordinates, UnreadableFile
    """
    known = layer_names(path)
    if name not in known:
        raise MissingLayer(
            file=path.name, layer=name, what="layer", name=name, known=", ".join(known), mend="See the form of a city file."
        )
    try:
        meta, _, stored, values = pyogrio.raw.read(path, layer=name)
    except pyogrio.errors.DataSourceError as error:
        raise UnreadableFile(file=path.name, reason=f"layer {name} breaks off.", mend="Copy it again.") from error
    fields = dict(zip(meta["fields"].tolist(), values, strict=True))
    for column in columns:
        if column not in fields:
            raise MissingLayer(
                file=path.name, layer=name, column=column, what=f"column in layer {name}", name=column,
                known=", ".join(fields), mend="Name the column that holds it.",
            )  # fmt: skip
    _compare(path, name, meta["crs"], system)
    shapes = shapely.from_wkb(stored)
    _refuse(path, name, shapely.is_missing(shapes) | shapely.is_empty(shapes), "no geometry", "Draw it or drop the row.")
    finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    _refuse(path, name, ~finite, "a coordinate is not a number", "Correct it or drop the row.")
    shapes = transform_geometries(shapes, system)
    west, south, east, north = shapely.bounds(shapes).T
    off = (west < -180) | (east > 180) | (south < -90) | (north > 90) | ~np.isfinite(west + north)
    _refuse(path, name, off, f"{system} places it off the earth", "State the coordinate system it was made in.")
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return Layer(shapes, fields, int(broken.sum()))


def _compare(path: Path, layer: str, declared: str | None, stated: str) -> None:
    if declared is None or stated.upper().startswith(("GCJ", "BD")):
        return
    same = {"WGS84": "EPSG:4326", "WGS 84": "EPSG:4326", "CGCS2000": "EPSG:4490"}
    wanted = same.get(stated.upper(), stated)
    if CRS.from_user_input(declared) != CRS.from_user_input(wanted) and {declared, wanted} != {"EPSG:4326", "EPSG:4490"}:
        raise StatedSystemDiffers(file=path.name, layer=layer, declared=declared, value=stated)


def _refuse(path: Path, layer: str, bad: Any, reason: str, mend: str) -> None:
    if bad.any():
        rows = np.flatnonzero(bad)
        raise BadCoordinates(
            file=path.name, layer=layer, row=int(rows[0]) + 1, reason=reason, count=len(rows), mend=mend
        )
