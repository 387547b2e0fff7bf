"""Coordinate systems: what a user states becomes WGS 84 degrees, and degrees become metres of a fitting projection.

CGCS2000 (EPSG:4490) agrees with WGS 84 to within decimetres and is taken as equal. GCJ-02 and BD-09 are the shifted
systems of Chinese web maps; their inverse is found by iteration.

References
----------
.. [1] The published transformation of GCJ-02 and BD-09, as restated in the public domain project eviltransform.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from quanyu.engines.arrays import FloatArray, GeometryArray, float_array
from quanyu.errors import UnknownCoordinateSystem

# Krasovsky 1940, the ellipsoid of the shift.
_AXIS = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BD_ANGLE = math.pi * 3000.0 / 180.0
_CODE = re.compile(r"EPSG:[0-9]{3,6}", re.ASCII)
_SAME_AS_WGS84 = {"WGS84", "WGS 84", "CGCS2000", "EPSG:4326", "EPSG:4490"}


def to_wgs84(xy: FloatArray, system: str) -> FloatArray:
    """Return WGS 84 longitude and latitude of points given in ``system``.

    Parameters
    ----------
    xy : (n, 2) float64
        Longitude and latitude in degrees, or easting and northing in the unit of a projected system.
    system
        ``WGS84``, ``CGCS2000``, ``GCJ-02``, ``BD-09`` or ``EPSG:code``.

    Returns
    -------
    (n, 2) float64, degrees
        GCJ-02 and BD-09 are inverted to better than 1 cm.

    Raises
    ------
    UnknownCoordinateSystem
        The name is none of these.
    """
    points = float_array("xy", xy, shape=(-1, 2))
    name = system.strip().upper()
    if name in _SAME_AS_WGS84:
        return points.copy()
    if name in ("GCJ-02", "GCJ02"):
        return _invert(points, gcj02_from_wgs84)
    if name in ("BD-09", "BD09"):
        return _invert(points, bd09_from_wgs84)
    x, y = _transformer(name).transform(points[:, 0], points[:, 1])
    return np.column_stack([x, y])


def transform_geometries(shapes: GeometryArray, system: str) -> GeometryArray:
    """Return the geometries of a stated system in WGS 84 degrees."""
    moved: GeometryArray = shapely.transform(shapes, lambda xy: to_wgs84(xy, system))
    return moved


def gcj02_from_wgs84(lonlat: FloatArray) -> FloatArray:
    """Return the GCJ-02 position shown for each WGS 84 position; outside China nothing is shifted."""
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    x, y = lon - 105.0, lat - 35.0
    root, pi = np.sqrt(np.abs(x)), np.pi
    wave = (20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    radians = np.radians(lat)
    curve = 1.0 - _ECCENTRICITY2 * np.sin(radians) ** 2
    dlat = np.degrees(north / (_AXIS * (1.0 - _ECCENTRICITY2) / (curve * np.sqrt(curve))))
    dlon = np.degrees(east / (_AXIS / np.sqrt(curve) * np.cos(radians)))
    inside = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    shifted: FloatArray = lonlat + np.where(inside[:, None], np.column_stack([dlon, dlat]), 0.0)
    return shifted


def bd09_from_wgs84(lonlat: FloatArray) -> FloatArray:
    """Return the BD-09 position shown for each WGS 84 position."""
    gcj = gcj02_from_wgs84(lonlat)
    lon, lat = gcj[:, 0], gcj[:, 1]
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_ANGLE)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def _invert(points: FloatArray, forward: Callable[[FloatArray], FloatArray]) -> FloatArray:
    guess = points.copy()
    # Each round shrinks the error a hundredfold: eight reach the limit of double precision.
    for _ in range(8):
        guess -= forward(guess) - points
    return guess


def metric_projection(west: float, south: float, east: float, north: float) -> str:
    """Return a projection in metres for a box of degrees, as an authority code.

    In China the 3-degree Gauss–Krüger zone of CGCS2000 (EPSG:4534 to 4554), elsewhere the UTM zone.
    """
    lon, lat = (west + east) / 2, (south + north) / 2
    if 73.5 <= lon <= 135.1 and 18.0 <= lat <= 53.6:
        return f"EPSG:{4534 + round((lon - 75.0) / 3.0)}"
    return f"EPSG:{(32600 if lat >= 0 else 32700) + int((lon + 180.0) // 6.0) + 1}"


def project(shapes: GeometryArray, projection: str) -> GeometryArray:
    """Return WGS 84 geometries in metres of ``projection``."""
    return _moved(shapes, _between("EPSG:4326", projection))


def project_areas(shapes: GeometryArray, projection: str) -> GeometryArray:
    """Return valid WGS 84 polygons in metres of ``projection``, valid again.

    Rounding may make a ring touch itself in another system; of what mending gives, the areas are kept.
    """
    flat = project(shapes, projection)
    for row in np.flatnonzero(~shapely.is_valid(flat)).tolist():
        parts = shapely.get_parts(shapely.make_valid(flat[row]))
        areas = parts[
            np.isin(shapely.get_type_id(parts), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
        ]
        flat[row] = shapely.union_all(areas)
    return flat


def unproject(shapes: GeometryArray, projection: str) -> GeometryArray:
    """Return geometries in metres of ``projection`` as WGS 84."""
    return _moved(shapes, _between(projection, "EPSG:4326"))


def _moved(shapes: GeometryArray, transformer: Transformer) -> GeometryArray:
    moved: GeometryArray = shapely.transform(
        np.asarray(shapes, dtype=object), lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
    )
    return moved


@lru_cache(maxsize=32)
def _transformer(name: str) -> Transformer:
    # A name such as "Beijing 1954" has several meanings; a code has one.
    if not _CODE.fullmatch(name):
        raise UnknownCoordinateSystem(value=name or "''")
    try:
        system = CRS.from_user_input(name)
    except CRSError as error:
        raise UnknownCoordinateSystem(value=name) from error
    if not (system.is_geographic or system.is_projected) or len(system.axis_info) != 2:
        raise UnknownCoordinateSystem(value=f"{name} ({system.type_name})")
    return Transformer.from_crs(system, "EPSG:4326", always_xy=True)


@lru_cache(maxsize=32)
def _between(source: str, target: str) -> Transformer:
    """Return the transformer of two systems, kept: making one costs more than moving ten thousand points."""
    return Transformer.from_crs(source, target, always_xy=True)
