"""Which grid holds a point: ours against GeoPandas and shapely's tree, the same million points in the same polygons.

The polygons are the grids of Vologda as our engine draws them, uneven as a city is, and ten thousand Voronoi cells with
borders bent in some sixty places. One thread each. GeoPandas joins points to polygons (`sjoin`, within), which builds
a tree of the points each time, and looks at every polygon once. Shapely is asked for the points of a tree of polygons,
built before. Answers agree when ours is one of the polygons that shapely says meet the point, or there is none.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import geopandas
import numpy as np
import shapely
from benchmarks import vologda
from benchmarks.clock import timed, times_as_fast
from benchmarks.districting import draw
from benchmarks.overlaying import partition

from quanyu.engines.spatial import Locator, dissolve
from quanyu.engines.spatial.locating import warm

POINTS, CELLS, ROUNDS, SEED = 1_000_000, 10_000, 3, 7
ROWS = (
    "polygons",
    "vertices",
    f"same answer, of {POINTS:,} points",
    "times as fast as GeoPandas' join, ours built before",
    "times as fast as GeoPandas' join, ours built anew",
    "times as fast as shapely's tree, both built before",
    "two threads, times as fast as one (by the clock)",
    "a point: ours",
    "a point: GeoPandas' join",
    "a point: shapely's tree",
    "ours: build, file, open",
)


def grids() -> np.ndarray:
    """Return the grids of Vologda, in metres."""
    city = vologda.read()
    case, cells = vologda.atoms(city, vologda.tessellated(city))
    return dissolve(cells, draw(case)[0].labels)


def compare(polygons: np.ndarray) -> list[str]:
    """Return the column of one set of polygons: all answer in turns, after one round that is not counted."""
    west, south, east, north = shapely.total_bounds(polygons)
    x, y = np.random.default_rng(SEED).uniform([west, south], [east, north], (POINTS, 2)).T.copy()
    points, tree = shapely.points(x, y), shapely.STRtree(polygons)
    frame, areas = geopandas.GeoDataFrame(geometry=points), geopandas.GeoDataFrame(geometry=polygons)
    built, own, joined, straight, doubled = [], [], [], [], []
    for _ in range(ROUNDS + 1):
        locator, seconds = timed(lambda: Locator(polygons))
        built.append(seconds)
        begun = time.perf_counter()
        found, seconds = timed(partial(locator.locate, x, y, threads=1))
        alone = time.perf_counter() - begun
        own.append(seconds)
        begun = time.perf_counter()
        locator.locate(x, y, threads=2)
        doubled.append((time.perf_counter() - begun, alone))
        _, seconds = timed(lambda: geopandas.sjoin(frame, areas, predicate="within"))
        joined.append(seconds)
        pairs, seconds = timed(lambda: tree.query(points, predicate="intersects"))
        straight.append(seconds)
    anew = [one + other for one, other in zip(built, own, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grids.locator"
        locator.save(path)
        size = path.stat().st_size
        _, opening = timed(lambda: Locator.open(path))
    per_point = [f"{statistics.median(times[1:]) * 1e9 / POINTS:,.0f} ns" for times in (own, joined, straight)]
    return [
        f"{len(polygons):,}", f"{shapely.get_num_coordinates(polygons).sum():,}", f"{agreeing(found, pairs):,}",
        times_as_fast(own[1:], joined[1:]), times_as_fast(anew[1:], joined[1:]), times_as_fast(own[1:], straight[1:]),
        times_as_fast(*zip(*doubled[1:], strict=True)), *per_point,
        f"{statistics.median(built[1:]):.2f} s, {size / 1e6:.1f} MB, {opening * 1000:.1f} ms",
    ]  # fmt: skip


def agreeing(found: np.ndarray, pairs: np.ndarray) -> int:
    """Return how many points got a polygon that the tree found too, or none where it found none."""
    held = np.zeros(len(found), dtype=bool)
    held[pairs[0]] = True
    agrees = ~held & (found < 0)
    agrees[pairs[0][found[pairs[0]] == pairs[1]]] = True
    return int(agrees.sum())


def main() -> list[str]:
    """Run both sets, and return the lines to print."""
    warm()
    columns = [compare(grids()), compare(partition(CELLS, SEED))]
    return [
        "| | grids of Vologda | Voronoi cells |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {one} | {other} |" for name, one, other in zip(ROWS, *columns, strict=True)),
    ]


if __name__ == "__main__":
    print("\n".join(main()))
