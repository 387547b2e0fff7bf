"""Find the polygon that holds a point."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray, float_array, require_rows, whole_number
from quanyu.engines.spatial.locating import files
from quanyu.engines.spatial.locating._kernels import (
    Cold,
    Edges,
    Frame,
    Hot,
    Tree,
    build,
    distinct_edges,
    find,
    nearest_edge,
)  # fmt: skip
from quanyu.engines.spatial.locating.errors import OtherPolygons
from quanyu.engines.spatial.locating.reporting import Report, report
from quanyu.engines.spatial.morton import morton
from quanyu.engines.spatial.rings import rings_of

# Cells of the first raster: so many an edge, and at least so many a polygon; never more than MOST_CELLS, nor so many
# that edges are entered ENTRIES times on average.
CELLS_AN_EDGE, CELLS_A_POLYGON, MOST_CELLS, ENTRIES = 1, 25, 1 << 25, 24
# Edges entered in the rasters below it, for each distinct edge.
BUDGET = 12
# Points that are worth a thread.
SHARE = 100_000
FANOUT = 8


class Locator:
    """Answers which of a set of polygons holds a point; built once, never changed, shared between processes by a file.

    A point on a border has one polygon: the one that would hold it, were it moved down by next to nothing and to the
    right by far less. So a border belongs to the polygon below it, an upright one to the polygon on its right. Where
    that is outside all polygons, the point belongs to the polygon of lowest index whose border it lies on. Where
    polygons overlap, the lowest index answers.

    """

    def __init__(self, polygons: GeometryArray) -> None:
        """Build the index, in about the time that GEOS needs to locate ten points in each polygon.

        Raises
        ------
        EmptyInput, NotPolygon, NotFinite, CoordinateTooLarge
            Nothing was given, or a row is no polygon with usable coordinates; the message names the first.
        """
        shapes = np.atleast_1d(np.asarray(polygons, dtype=object))
        require_rows("polygons", shapes)
        self._count = len(shapes)
        self._edges = ends, sides = _edges(shapes)
        self._frame = _frame(self._edges, len(shapes))
        budget = BUDGET * len(ends) + 10_000
        codes, rasters, lines, *cold, clashes, places = build(self._frame, ends, sides, len(shapes), budget)
        self._hot = Hot(codes, rasters, lines.reshape(-1), lines.view(np.int32).reshape(-1))
        self._cold = Cold(*cold)
        self._clashes, first = np.unique(clashes, axis=0, return_index=True)
        self._places = places[first]
        self._tree = _tree(self._edges)

    def __len__(self) -> int:
        return self._count

    @cached_property
    def key(self) -> str:
        """The hash of the ground that each polygon covers."""
        return _hash(self._edges, self._count)

    def locate(self, lon: ArrayLike, lat: ArrayLike, *, threads: int | None = None) -> IntArray:
        """Return the index of the polygon of each point, −1 outside all.

        Parameters
        ----------
        lon, lat : (n,) float64, in the coordinates of the polygons
        threads : how many share the work; as many as the processor has cores if not given

        Raises
        ------
        NotFinite, WrongShape, WrongType, BadValue
            The message names the first bad row; or ``threads`` is no number of them.

        Examples
        --------
        >>> Locator(shapely.box([0, 1], [0, 0], [1, 2], [1, 1])).locate([0.5, 1.0, 7.0], [0.5, 0.5, 0.5])
        array([ 0,  1, -1])
        """
        x, y = _points(lon, lat)
        result = np.empty(len(x), dtype=np.int64)

        def work(part: slice) -> None:
            find(self._frame, self._edges, self._hot, self._cold, x[part], y[part], result[part])

        _share(work, len(x), threads)
        return result

    def nearest(self, lon: ArrayLike, lat: ArrayLike, *, threads: int | None = None) -> tuple[IntArray, FloatArray]:
        """Return the polygon of each point, or the nearest one, and how far it is (0 inside).

        Parameters
        ----------
        lon, lat : (n,) float64, in the coordinates of the polygons
        threads : as for :meth:`locate`

        Returns
        -------
        (n,) int64 and (n,) float64
            The distance is that of the plane, in the unit of the coordinates. Of polygons equally near, the lowest.

        Raises
        ------
        NotFinite, WrongShape, WrongType, BadValue
            The message names the first bad row; or ``threads`` is no number of them.
        """
        x, y = _points(lon, lat)
        polygon = self.locate(x, y, threads=threads)
        distance = np.zeros(len(x))

        def work(part: slice) -> None:
            nearest_edge(self._edges, self._tree, x[part], y[part], polygon[part], distance[part])

        _share(work, len(x), threads)
        return polygon, distance

    def report(self) -> Report:
        """Return how far the polygons are a partition: edges shared, overlaps and gaps with area and place."""
        return report(self._edges, self._clashes, self._places, self._count, self.locate)

    def save(self, path: Path | str) -> None:
        """Write the index to one file, in one step: who opens it meanwhile sees the old or the new one.

        Raises
        ------
        BadValue
            There is no such folder.
        """
        arrays: dict[str, NDArray[Any]] = {
            **self._edges._asdict(), **{k: v for k, v in self._hot._asdict().items() if k != "side"},
            **self._cold._asdict(), **{f"tree_{k}": v for k, v in self._tree._asdict().items()},
            "clashes": self._clashes, "places": self._places,
        }  # fmt: skip
        files.write(Path(path), arrays, {"key": self.key, "count": self._count, "frame": list(self._frame)})

    @classmethod
    def open(cls, path: Path | str, *, key: str | None = None) -> Self:
        """Open a saved index; its pages are read when needed, and shared by all processes that open it.

        Raises
        ------
        NoLocator
            No such file, or not a whole locator file of this version.
        OtherPolygons
            ``key`` is given and is not that of the file.
        """
        arrays, facts = files.read(Path(path))
        if key is not None and key != facts["key"]:
            raise OtherPolygons(file=str(path), value=facts["key"], expected=key)
        self = cls.__new__(cls)
        self.key, self._count = facts["key"], facts["count"]
        self._frame = Frame(*facts["frame"])
        self._edges = Edges(*(arrays[name] for name in Edges._fields))
        line = arrays["line"]
        self._hot = Hot(arrays["codes"], arrays["rasters"], line, line.view(np.int32))
        self._cold = Cold(*(arrays[name] for name in Cold._fields))
        self._tree = Tree(*(arrays[f"tree_{name}"] for name in Tree._fields))
        self._clashes, self._places = arrays["clashes"], arrays["places"]
        return self


def key_of(polygons: GeometryArray) -> str:
    """Return the key that a locator of these polygons has, without building it."""
    shapes = np.atleast_1d(np.asarray(polygons, dtype=object))
    return _hash(_edges(shapes), len(shapes))


def warm() -> None:
    """Compile what locating needs, so that nobody waits for it later."""
    locator = Locator(np.array([shapely.box(0, 0, 1, 1)], dtype=object))
    locator.nearest(np.array([0.5, 2.0]), np.array([0.5, 2.0]))


def _points(lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x = float_array("lon", lon, shape=(-1,))
    y = float_array("lat", lat, shape=(len(x),))
    return np.ascontiguousarray(x), np.ascontiguousarray(y)


def _share(work: Any, count: int, threads: int | None) -> None:
    """Do ``work`` on slices of ``count`` rows, side by side where it pays."""
    wanted = len(os.sched_getaffinity(0)) if threads is None else whole_number("threads", threads, low=1)
    parts = max(1, min(wanted, count // SHARE))
    if parts == 1:
        work(slice(0, count))
        return
    bounds = np.linspace(0, count, parts + 1).astype(int).tolist()
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(work, [slice(a, b) for a, b in pairwise(bounds)]))


def _edges(shapes: GeometryArray) -> Edges:
    xy, ring, owner, is_hole = rings_of("polygons", shapes)
    return Edges(*distinct_edges(xy, xy.view(np.uint64), ring, owner, is_hole))


def _hash(edges: Edges, count: int) -> str:
    digest = hashlib.blake2b(f"{files.FORM} {count}".encode(), digest_size=20)
    for array in edges:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _frame(edges: Edges, polygons: int) -> Frame:
    """Return a raster around the edges, with more cells across than along them."""
    ends = edges.ends
    if not len(ends):
        return Frame(0.0, 0.0, 1.0, 1.0, 1, 1)
    x0, x1 = float(ends[:, 0].min()), float(ends[:, 2].max())
    y0, y1 = float(ends[:, 1::2].min()), float(ends[:, 1::2].max())
    least = 1e-9 * max(x1 - x0, y1 - y0)
    width, height = max(x1 - x0, least), max(y1 - y0, least)
    along_x = float((ends[:, 2] - ends[:, 0]).sum()) / width
    along_y = float(np.abs(ends[:, 3] - ends[:, 1]).sum()) / height
    cells = min(max(CELLS_AN_EDGE * len(ends), CELLS_A_POLYGON * polygons, 64), MOST_CELLS)
    # Entries are about along_x · columns + along_y · rows, and least where both terms are equal.
    ratio = along_y / along_x if along_x > 0 and along_y > 0 else 1.0
    columns, rows = (cells * ratio) ** 0.5, (cells / ratio) ** 0.5
    room = ENTRIES * len(ends) / (along_x * columns + along_y * rows)
    columns, rows = (max(1, round(side * min(room, 1.0))) for side in (columns, rows))
    # Half a cell of nothing on every side.
    return Frame(
        x0 - 0.5 * width / columns, y0 - 0.5 * height / rows, width / columns, height / rows, columns + 1, rows + 1
    )


def _tree(edges: Edges) -> Tree:
    """Return a tree over the edges with one polygon, in the order of Morton's curve."""
    alone = np.flatnonzero((edges.sides < 0).any(axis=1))
    if not len(alone):
        return Tree(alone.astype(np.int32), np.empty((0, 4)), np.zeros(2, dtype=np.int64))
    alone = alone[np.argsort(morton(edges.ends[alone, :2] + edges.ends[alone, 2:]), kind="stable")]
    x1, y1, x2, y2 = edges.ends[alone].T
    boxes = np.stack([x1, np.minimum(y1, y2), x2, np.maximum(y1, y2)], axis=1)
    levels: list[FloatArray] = []
    while len(levels) == 0 or len(boxes) > 1:
        starts = np.arange(0, len(boxes), FANOUT)
        boxes = np.concatenate(
            [np.minimum.reduceat(boxes[:, :2], starts), np.maximum.reduceat(boxes[:, 2:], starts)], axis=1
        )
        levels.append(boxes)
    first = np.concatenate([[0], np.cumsum([len(level) for level in levels])])
    return Tree(alone.astype(np.int32), np.concatenate(levels), first.astype(np.int64))
