"""The rings of polygons as arrays of vertices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from quanyu.engines.arrays import BoolArray, FloatArray, GeometryArray, Int32Array, IntArray
from quanyu.errors import InvalidInput, NotFinite

# Beyond, products of two coordinates overflow.
LARGEST = 1e100


class NotPolygon(InvalidInput):
    """A row of the polygons is something else."""

    code = "not_polygon"
    template = "%(name)s[%(row)s] is %(got)s. Give a polygon or multipolygon, or leave the row out."


class CoordinateTooLarge(InvalidInput):
    """A coordinate is so large that products of it overflow."""

    code = "coordinate_too_large"
    template = "%(name)s[%(row)s] has the coordinate %(value)s; allowed is up to %(most)s. Check the coordinate system."


class InvalidPolygon(InvalidInput):
    """A polygon crosses itself, or its rings do not fit each other."""

    code = "invalid_polygon"
    template = (
        "%(name)s[%(row)s] is no valid polygon: %(reason)s. Mend its border there, for example with “fix geometries”."
    )


class Rings(NamedTuple):
    """The rings of n polygons, holes after their shell, polygon after polygon.

    Attributes
    ----------
    xy : (v, 2) vertices; a ring ends on its first
    first : (r + 1,) first vertex of each ring, and v
    owner : (r,) polygon of each ring
    is_hole : (r,)
    """

    xy: FloatArray
    first: IntArray
    owner: Int32Array
    is_hole: BoolArray


def rings_of(name: str, shapes: GeometryArray) -> Rings:
    """Return the rings of polygons and multipolygons.

    Raises
    ------
    NotPolygon, NotFinite, CoordinateTooLarge
        A row is no polygon with usable coordinates; the message names the first.
    """
    strange = ~(shapely.is_geometry(shapes) | shapely.is_missing(shapes))
    if strange.any():
        row = int(np.argmax(strange))
        raise NotPolygon(name=name, row=row, got=f"a {type(shapes[row]).__name__}")
    kind = shapely.get_type_id(shapes)
    bad = ~np.isin(kind, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    if bad.any():
        row = int(np.argmax(bad))
        got = "missing" if shapes[row] is None else f"a {shapes[row].geom_type}"
        raise NotPolygon(name=name, row=row, got=got)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    whole = ~shapely.is_empty(parts)
    parts, owner = parts[whole], owner[whole]
    if not len(parts):
        return Rings(np.empty((0, 2)), np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.bool_))
    _, xy, (ring, first) = shapely.to_ragged_array(parts, include_z=False)
    is_hole = np.ones(len(ring) - 1, dtype=np.bool_)
    is_hole[first[:-1]] = False
    of_ring = np.repeat(owner, np.diff(first)).astype(np.int32)
    xy = np.ascontiguousarray(xy)
    # Adding 0 makes −0 a 0, which is equal but has other bits.
    xy += 0.0
    if not -LARGEST <= xy.min() <= xy.max() <= LARGEST:
        row, column = (int(i) for i in np.argwhere(~(np.abs(xy) <= LARGEST))[0])
        polygon = int(of_ring[np.searchsorted(ring, row, side="right") - 1])
        value = float(xy[row, column])
        if np.isfinite(value):
            raise CoordinateTooLarge(name=name, row=polygon, value=value, most=LARGEST)
        raise NotFinite(name=name, row=polygon, value=value)
    return Rings(xy, ring.astype(np.int64), of_ring, is_hole)


def valid_rings_of(name: str, shapes: GeometryArray) -> Rings:
    """Return the rings as :func:`rings_of` does, of polygons that do not cross themselves.

    Raises
    ------
    InvalidPolygon
        Besides those of :func:`rings_of`.
    """
    rings = rings_of(name, shapes)
    valid = shapely.is_valid(shapes)
    if not valid.all():
        row = int(np.argmin(valid))
        raise InvalidPolygon(name=name, row=row, reason=shapely.is_valid_reason(shapes[row]))
    return rings
