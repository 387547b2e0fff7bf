"""Which grid holds a point: ours against shapely's STRtree, the same million points in the same polygons.

The polygons are the grids of Vologda as our engine draws them, and Voronoi cells of jittered points. One thread each.
Shapely is asked in two ways: the points of a tree of polygons; and the polygons, which it prepares then, of a tree of
points, whose building counts, since other points need another. Answers agree when ours is one of the polygons that
shapely says meet the point, or there is none.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import numpy as np
import shapely
from benchmarks import vologda
from benchmarks.clock import timed, times_as_fast
from benchmarks.districting import draw

from quanyu.engines.spatial import Locator, dissolve
from quanyu.engines.spatial.locating import warm

POINTS, CELLS, ROUNDS, SEED = 1_000_000, 1_500, 5, 7
ROWS = (
    "polygons",
    "vertices",
    f"same answer, of {POINTS:,} points",
    "times as fast as the tree of polygons",
    "times as fast as the tree of points",
    "a point: ours",
    "a point: tree of polygons",
    "a point: tree of points",
    "ours: build, file, open",
    "tree of polygons: build",
)


def grids() -> np.ndarray:
    """Return the grids of Vologda, in metres."""
    city = vologda.read()
    case, cells = vologda.atoms(city, vologda.tessellated(city))
    return dissolve(cells, draw(case)[0].labels)


def jittered() -> np.ndarray:
    """Return Voronoi cells of points near those of a lattice of 20 km, clipped to a rectangle."""
    generator = np.random.default_rng(SEED)
    side = int(np.ceil(CELLS**0.5))
    places = np.stack(np.meshgrid(*[np.arange(side)] * 2), -1).reshape(-1, 2)[:CELLS]
    points = (places + generator.uniform(0.1, 0.9, places.shape)) * 20_000 / side
    square = shapely.box(*points.min(axis=0) - 300, *points.max(axis=0) + 300)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=square))
    return shapely.intersection(cells, square)


def compare(polygons: np.ndarray) -> list[str]:
    """Return the column of one set of polygons: all answer in turns, after one round that is not counted."""
    west, south, east, north = shapely.total_bounds(polygons)
    x, y = np.random.default_rng(SEED).uniform([west, south], [east, north], (POINTS, 2)).T.copy()
    points = shapely.points(x, y)
    locator, build = timed(lambda: Locator(polygons))
    tree, planted = timed(lambda: shapely.STRtree(polygons))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grids.locator"
        locator.save(path)
        size = path.stat().st_size
        _, opening = timed(lambda: Locator.open(path))
    own, straight, turned = [], [], []
    for _ in range(ROUNDS + 1):
        found, seconds = timed(lambda: locator.locate(x, y, threads=1))
        own.append(seconds)
        pairs, seconds = timed(lambda: tree.query(points, predicate="intersects"))
        straight.append(seconds)
        _, seconds = timed(lambda: shapely.STRtree(points).query(polygons, predicate="intersects"))
        turned.append(seconds)
    per_point = [f"{statistics.median(times[1:]) * 1e9 / POINTS:,.0f} ns" for times in (own, straight, turned)]
    return [
        f"{len(polygons):,}", f"{shapely.get_num_coordinates(polygons).sum():,}", f"{agreeing(found, pairs):,}",
        times_as_fast(own[1:], straight[1:]), times_as_fast(own[1:], turned[1:]), *per_point,
        f"{build:.2f} s, {size / 1e6:.1f} MB, {opening * 1000:.1f} ms", f"{planted * 1000:.1f} ms",
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
    columns = [compare(grids()), compare(jittered())]
    return [
        "| | grids of Vologda | jittered Voronoi cells |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {one} | {other} |" for name, one, other in zip(ROWS, *columns, strict=True)),
    ]


if __name__ == "__main__":
    print("\n".join(main()))
