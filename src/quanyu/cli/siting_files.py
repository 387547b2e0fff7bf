"""The files of ``quanyu site``: places of sites and demands, streets, and graphs as the OR-Library writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from quanyu.cli.tables import METRES, Table, read_text
from quanyu.errors import BrokenFile, EmptyInput

if TYPE_CHECKING:
    from shapely import Geometry

    from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray

NODES = 20_000  # a graph of more would need distances that no memory holds


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
