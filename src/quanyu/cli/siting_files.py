"""The files of ``quanyu site``: tables of sites and demands, and graphs as the OR-Library writes them."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from quanyu.errors import BrokenFile, EmptyInput, MissingColumn, UnreadableCell

if TYPE_CHECKING:
    from shapely import Geometry

    from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray

METRES, DEGREES = ("x", "y"), ("lon", "lat")
MOST = 2**40
NODES = 20_000  # a graph of more would need distances that no memory holds


class Table:
    """A CSV file with named columns; a row is known by its line."""

    def __init__(self, file: str) -> None:
        self.file = file
        reader = csv.DictReader(io.StringIO(read_text(file), newline=""), strict=True)
        try:
            lines = [(reader.line_num, row) for row in reader]
        except csv.Error as error:
            raise BrokenFile(file=file, row=reader.line_num, value=str(error), expected="rows of cells") from error
        self.lines, self.rows = [line for line, _ in lines], [row for _, row in lines]
        self.columns = [name.strip() for name in reader.fieldnames or []]
        names = dict(zip(reader.fieldnames or [], self.columns, strict=True))
        if not self.rows:
            raise EmptyInput(name=file)
        if twice := next((name for name in self.columns if self.columns.count(name) > 1), None):
            raise BrokenFile(file=file, row=1, value=f"two columns {twice}", expected="a name for each column")
        for line, row in lines:
            if None in row or None in row.values():
                cells = f"{len(names)} cells, as many as the first row has"
                raise BrokenFile(file=file, row=line, value="more or fewer cells", expected=cells)
        self.rows = [{names[name]: value for name, value in row.items()} for row in self.rows]

    @property
    def has_degrees(self) -> bool:
        """Whether places are given as lon, lat and not in metres."""
        return set(DEGREES) <= set(self.columns) and not set(METRES) <= set(self.columns)

    def whole(self, column: str) -> IntArray | None:
        """Return a column of whole numbers of 0 or more; nothing where the file has no such column."""
        import numpy as np

        if column not in self.columns:
            return None
        every = range(len(self.rows))
        return np.array([self._number(row, column, whole=True) for row in every]).astype(np.int64)

    def marked(self, column: str) -> IntArray:
        """Return the rows whose number in a column is not 0; none where the file has no such column."""
        import numpy as np

        values = self.whole(column)
        return np.empty(0, dtype=np.int64) if values is None else np.flatnonzero(values)

    def points(self, columns: tuple[str, str]) -> FloatArray:
        """Return two columns of numbers."""
        import numpy as np

        return np.array([[self._number(row, name) for name in columns] for row in range(len(self.rows))])

    def degrees(self) -> FloatArray:
        """Return longitudes and latitudes; one beyond the globe is refused."""
        import numpy as np

        values = self.points(DEGREES)
        bad = np.argwhere(np.abs(values) > (180.0, 90.0))
        if len(bad):
            row, column = bad[0].tolist()
            expected = f"degrees from -{(180, 90)[column]} to {(180, 90)[column]}"
            name, value = DEGREES[column], self.rows[row][DEGREES[column]]
            raise UnreadableCell(file=self.file, row=self.lines[row], column=name, value=value, expected=expected)
        return values

    def name(self, row: int) -> str | int:
        """Return the ``id`` of a row; its number, from 1 on, where there is none."""
        return self.rows[row]["id"] if "id" in self.columns else row + 1

    def _number(self, row: int, column: str, *, whole: bool = False) -> float:
        if column not in self.columns:
            raise MissingColumn(file=self.file, column=column, value=", ".join(self.columns))
        text = self.rows[row][column].strip()
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or (whole and (value != math.floor(value) or not 0 <= value <= MOST)):
            expected = f"a whole number from 0 to {MOST}" if whole else "a number"
            raise UnreadableCell(file=self.file, row=self.lines[row], column=column, value=text, expected=expected)
        return value


def read_text(file: str) -> str:
    """Return the text of a file, ``-`` being standard input: UTF-8, or else as Chinese spreadsheets write it."""
    with click.open_file(file, "rb") as stream:
        raw: bytes = stream.read()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BrokenFile(file=file, row=1, value="no text in UTF-8 or GB 18030", expected="a text file")


def metres(
    needs: Table, places: Table, streets: GeometryArray | None = None
) -> tuple[FloatArray, FloatArray, GeometryArray | None]:
    """Return the places of demands and sites, and the streets, in metres; degrees are projected, all alike."""
    if not (needs.has_degrees and places.has_degrees):
        return needs.points(METRES), places.points(METRES), streets
    import numpy as np
    import shapely

    from quanyu.engines.spatial import metric_projection, project

    both = np.concatenate([needs.degrees(), places.degrees()])
    projection = metric_projection(*both.min(axis=0), *both.max(axis=0))
    points: GeometryArray = np.asarray(shapely.points(both), dtype=object)
    flat = shapely.get_coordinates(project(points, projection))
    ways = None if streets is None else project(streets, projection)
    return flat[: len(needs.rows)], flat[len(needs.rows) :], ways


def read_streets(file: str | None) -> GeometryArray | None:
    """Return the lines of a GeoJSON file, in the coordinates of the tables; nothing where no file is given."""
    if file is None:
        return None
    import numpy as np
    import shapely

    shapes: GeometryArray = np.array(list(_geometries(file)), dtype=object)
    parts: GeometryArray = shapely.get_parts(shapes)
    lines: GeometryArray = parts[~shapely.is_empty(parts)]
    if not len(lines) or (shapely.get_type_id(lines) != shapely.GeometryType.LINESTRING).any():
        raise BrokenFile(file=file, row=1, value="no line, or another shape", expected="GeoJSON of lines only")
    return lines


def _geometries(file: str) -> Iterator[Geometry]:
    """Yield the geometries of a GeoJSON file; features without one are passed over."""
    import shapely

    broken = partial(BrokenFile, file=file, expected="GeoJSON of lines only")
    try:
        told = json.loads(read_text(file))
    except ValueError as error:
        raise broken(row=getattr(error, "lineno", 1), value=str(error)) from error
    features = told.get("features") if isinstance(told, dict) and "features" in told else [told]
    for number, feature in enumerate(features if isinstance(features, list) else [features], 1):
        geometry = feature.get("geometry", feature) if isinstance(feature, dict) else feature
        if geometry is None:
            continue
        try:
            yield shapely.from_geojson(json.dumps(geometry))
        except shapely.GEOSException as error:
            raise broken(row=1, value=f"feature {number} holds {json.dumps(geometry)[:60]}") from error


def read_orlib(file: str) -> tuple[IntArray, int]:
    """Return the shortest ways between all nodes of an OR-Library p-median file, and its p.

    The first line is ``nodes edges p``, then ``node node cost`` for each edge; a repeated edge takes its last cost.
    """
    import numpy as np
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    from quanyu.engines.siting import network_distances

    lines = [(number, line.split()) for number, line in enumerate(read_text(file).splitlines(), 1) if line.strip()]
    if not lines:
        raise EmptyInput(name=file)
    size, edges, p = _numbers(file, *lines[0], "three whole numbers: nodes, edges, p")
    broken = partial(BrokenFile, file=file)
    if not 1 <= size <= NODES:
        raise broken(row=lines[0][0], value=f"{size} nodes", expected=f"1 to {NODES} nodes")
    if len(lines) - 1 != edges:
        raise broken(row=lines[0][0], value=f"{edges} edges are stated, {len(lines) - 1} follow", expected="as many")
    cost: dict[tuple[int, int], int] = {}
    for number, words in lines[1:]:
        one, other, length = _numbers(file, number, words, "three whole numbers: node, node, cost")
        if not (1 <= one <= size and 1 <= other <= size):
            raise broken(row=number, value=" ".join(words), expected=f"nodes from 1 to {size}")
        cost[min(one, other) - 1, max(one, other) - 1] = length
    pairs = np.array(list(cost), dtype=np.int64).reshape(-1, 2)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    lengths = np.tile(np.array(list(cost.values()), dtype=np.float64), 2)
    # An edge of length 0 is stored as such, which a sparse matrix keeps and the shortest ways know.
    graph = sparse.csr_array((lengths, (both[:, 0], both[:, 1])), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    if (apart := np.flatnonzero(part != part[0])).size:
        raise broken(row=lines[0][0], value=f"no way leads from node 1 to node {apart[0] + 1}", expected="one network")
    every = np.arange(size)
    return network_distances(graph, every, every), p


def _numbers(file: str, row: int, words: list[str], expected: str) -> tuple[int, int, int]:
    if len(words) != 3 or not all(word.isdecimal() and len(word) < 16 for word in words):
        raise BrokenFile(file=file, row=row, value=" ".join(words)[:60], expected=expected)
    one, two, three = (int(word) for word in words)
    return one, two, three
