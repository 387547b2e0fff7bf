"""Vector files that verbs without a database read and write, in metres of one system."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from quanyu.engines.arrays import FloatArray, GeometryArray
from quanyu.engines.spatial import metric_projection, project, project_areas, to_wgs84
from quanyu.engines.spatial.rings import NotPolygon
from quanyu.errors import BrokenFile, EmptyInput, InvalidInput
from quanyu.values.columns import GRID_CODE, column_of


class MixedSystems(InvalidInput):
    """Of several files only some say in which coordinate system they are."""

    code = "mixed_systems"
    template = "%(file)s says no coordinate system, other files do. Give it the one that it is in."


@dataclass(frozen=True)
class Layer:
    """The areas of a file, in metres, and what each is called."""

    file: str
    name: str
    shapes: GeometryArray
    called: list[str]


@dataclass(frozen=True)
class Layers:
    """Files of one territory; ``system`` is that of the metres, None where no file says one."""

    layers: list[Layer]
    system: str | None

    def metres(self, lonlat: FloatArray) -> FloatArray:
        """Return WGS 84 degrees in metres of these layers."""
        points: GeometryArray = np.asarray(shapely.points(lonlat), dtype=object)
        return shapely.get_coordinates(project(points, self.system or _around(points)))


def read_layers(files: Sequence[Path]) -> Layers:
    """Return the areas of vector files; files in degrees, or in several systems, are brought to metres of one.

    Raises
    ------
    BrokenFile, EmptyInput, MixedSystems, NotPolygon
    """
    read = [_read(file) for file in files]
    systems = [system for _, system in read]
    layers = [layer for layer, _ in read]
    if all(system is None for system in systems):
        return Layers(_named(layers), None)
    if None in systems:
        raise MixedSystems(file=layers[systems.index(None)].file)
    known = [system for system in systems if system is not None]
    if known[0].is_projected and all(system == known[0] for system in known):
        return Layers(_named(layers), known[0].to_string())
    degrees = [_in_degrees(layer, system) for layer, system in zip(layers, known, strict=True)]
    target = _around(np.concatenate(degrees))
    moved = [project_areas(shapes, target) for shapes in degrees]
    return Layers(
        _named([Layer(each.file, each.name, shapes, each.called) for each, shapes in zip(layers, moved, strict=True)]),
        target,
    )


def write_layer(file: Path, shapes: GeometryArray, columns: dict[str, np.ndarray], system: str | None) -> None:
    """Write areas with their columns as a GeoPackage."""
    names, values = list(columns), list(columns.values())
    with warnings.catch_warnings():
        # Where no file says a system, neither does what is made of them.
        warnings.filterwarnings("ignore", message="'crs' was not provided", category=UserWarning)
        pyogrio.raw.write(
            file, shapely.to_wkb(shapes), values, names, geometry_type="Unknown", crs=system, driver="GPKG",
            layer=file.stem,
        )  # fmt: skip


def _read(file: Path) -> tuple[Layer, CRS | None]:
    try:
        meta, _, stored, values = pyogrio.raw.read(file)
        shapes = shapely.force_2d(shapely.from_wkb(stored))
        system = CRS.from_user_input(meta["crs"]) if meta["crs"] else None
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.errors.GEOSException) as error:
        raise BrokenFile(file=str(file), row=1, value="this cannot be read", expected="a layer of areas") from error
    except CRSError as error:
        raise BrokenFile(file=str(file), row=1, value=str(error), expected="a known coordinate system") from error
    if not len(shapes):
        raise EmptyInput(name=str(file))
    missing = shapely.is_missing(shapes)
    if missing.any():
        raise NotPolygon(name=str(file), row=int(np.argmax(missing)) + 1, got="missing")
    columns = dict(zip(meta["fields"].tolist(), values, strict=True))
    # A feature without a code is known by its number.
    codes = columns.get(column_of(columns, GRID_CODE), np.full(len(shapes), None)).tolist()
    called = [str(number) if code in (None, "") else str(code) for number, code in enumerate(codes, start=1)]
    return Layer(str(file), file.stem, shapes, called), system


def _in_degrees(layer: Layer, system: CRS) -> GeometryArray:
    authority = system.to_authority(min_confidence=70)
    if authority is None:
        raise BrokenFile(
            file=layer.file, row=1, value=f"{system.name} has no EPSG code", expected="a system with an EPSG code"
        )
    moved: GeometryArray = shapely.transform(layer.shapes, lambda xy: to_wgs84(xy, ":".join(authority)))
    return moved


def _around(shapes: GeometryArray) -> str:
    return metric_projection(*shapely.total_bounds(shapes).tolist())


def _named(layers: list[Layer]) -> list[Layer]:
    """Return the layers under names that differ."""
    result: list[Layer] = []
    for layer in layers:
        taken = {each.name for each in result}
        name = next(
            name
            for name in (layer.name, *(f"{layer.name}_{number}" for number in range(2, len(layers) + 1)))
            if name not in taken
        )
        result.append(Layer(layer.file, name, layer.shapes, layer.called))
    return result
