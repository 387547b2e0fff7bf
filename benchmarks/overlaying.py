"""Overlay of three partitions: ours against GeoPandas and shapely, the same polygons and the same places.

The partitions are Voronoi cells of jittered lattices, their borders bent in some sixty places each, the same on both
sides. Answers agree when the pieces are the same triples, with areas that differ by less than a thousandth of a square
metre, and the households of every piece are the same. One thread each; our kernels are compiled before. Areas are not
asked of GeoPandas, which would take longer still.
"""

from __future__ import annotations

from functools import partial

import geopandas
import numpy as np
import shapely
from benchmarks.clock import timed, times_as_fast

from quanyu.engines.spatial.overlaying import Crosswalk, Overlay, crosswalk, overlay, warm

SIDE_M, BENDS, LAYERS, ROUNDS, PLACES = 20_000.0, 60, 3, 3, 1_000_000
SIZES = (1_000, 3_000)
SAME_M2 = 1e-3


def partition(polygons: int, seed: int) -> np.ndarray:
    """Return Voronoi cells of a jittered lattice with bent borders; bends that would cross are halved until they do
    not."""
    generator = np.random.default_rng(seed)
    whole, side = shapely.box(0, 0, SIDE_M, SIDE_M), int(np.ceil(polygons**0.5))
    places = np.stack(np.meshgrid(*[np.arange(side)] * 2), -1).reshape(-1, 2)[:polygons]
    points = (places + generator.uniform(0.1, 0.9, places.shape)) * SIDE_M / side
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=whole))
    cells = shapely.segmentize(shapely.intersection(cells, whole), 4 * SIDE_M / side / BENDS)
    corners, back = np.unique(np.round(shapely.get_coordinates(cells), 6), axis=0, return_inverse=True)
    owner, back = shapely.get_coordinates(cells, return_index=True)[1], back.reshape(-1)
    inside = ((corners > 0) & (corners < SIDE_M)).all(axis=1)
    bends = np.where(inside[:, None], generator.normal(0, SIDE_M / side / 400, corners.shape), 0.0)
    while True:
        bent = shapely.set_coordinates(cells.copy(), (corners + bends)[back])
        crossed = ~shapely.is_valid(bent)
        if not crossed.any():
            return bent
        bends[back[crossed[owner]]] /= 2


def by_geopandas(layers: list[np.ndarray]) -> geopandas.GeoDataFrame:
    """Return the pieces of the layers, overlaid one after the other."""
    frames = [geopandas.GeoDataFrame({f"l{at}": np.arange(len(each))}, geometry=each) for at, each in enumerate(layers)]
    found = frames[0]
    for frame in frames[1:]:
        found = geopandas.overlay(found, frame, keep_geom_type=True)
    return found


def by_shapely(layers: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels and shapes of the pieces: pairs that a tree finds, intersected all at once."""
    shapes, labels = layers[0], np.arange(len(layers[0]))[:, None]
    for layer in layers[1:]:
        one, other = shapely.STRtree(layer).query(shapes, predicate="intersects")
        shapes = shapely.intersection(shapes[one], layer[other])
        real = shapely.area(shapes) > 0
        shapes, labels = shapes[real], np.column_stack([labels[one], other])[real]
    return labels, shapes


def counted(pieces: geopandas.GeoDataFrame, places: geopandas.GeoDataFrame) -> np.ndarray:
    """Return the number of places in each piece."""
    found = geopandas.sjoin(places, pieces, predicate="within")
    return np.bincount(found["index_right"], minlength=len(pieces))


def same(ours: Overlay, labels: np.ndarray, area: np.ndarray, households: np.ndarray | None) -> bool:
    """Tell whether the pieces are the same as another program's."""
    order = np.lexsort(labels.T[::-1])
    pieces = ours.pieces
    agree = np.array_equal(pieces.labels, labels[order]) and bool((abs(pieces.area_m2 - area[order]) < SAME_M2).all())
    return agree and (households is None or np.array_equal(pieces.households, households[order]))


def redraw(made: Overlay, polygons: dict[int, object]) -> Crosswalk:
    """Return the crosswalk once some polygons of the first layer are others."""
    return crosswalk(made.redrawn(0, polygons).pieces, 0, 1)


def compare(polygons: int) -> list[str]:
    """Return one row of the table."""
    layers = [partition(polygons, seed) for seed in range(LAYERS)]
    xy = np.random.default_rng(LAYERS).uniform(0, SIDE_M, (PLACES, 2))
    places = geopandas.GeoDataFrame(geometry=shapely.points(xy))
    columns = [f"l{at}" for at in range(LAYERS)]
    own, with_homes, pandas, tree, joined, again = [], [], [], [], [], []
    for _ in range(ROUNDS):
        ours, seconds = timed(partial(overlay, layers))
        own.append(seconds)
        homes, seconds = timed(partial(overlay, layers, places=xy))
        with_homes.append(seconds)
        frame, seconds = timed(partial(by_geopandas, layers))
        pandas.append(seconds)
        count, more = timed(partial(counted, frame, places))
        joined.append(seconds + more)
        (labels, shapes), seconds = timed(partial(by_shapely, layers))
        tree.append(seconds)
        new = {polygons // 2: shapely.buffer(layers[0][polygons // 2], 30.0)}
        for _ in range(2):  # the first time, trees and an order of the places are made that stay
            _, seconds = timed(partial(redraw, homes, new))
        again.append(seconds)
    agree = same(homes, frame[columns].to_numpy(), shapely.area(frame.geometry), count)
    agree &= same(ours, labels, shapely.area(shapes), None)
    return [
        f"{LAYERS} × {polygons:,}", f"{len(ours.pieces):,}", "yes" if agree else "NO", f"{min(own):.2f} s",
        times_as_fast(own, pandas), times_as_fast(own, tree), times_as_fast(with_homes, joined),
        f"{1000 * min(again):.0f} ms",
    ]  # fmt: skip


def main() -> list[str]:
    """Return the report."""
    warm()
    rows = [compare(polygons) for polygons in SIZES]
    return [
        f"| polygons | pieces | same answers | ours | times as fast as GeoPandas | as shapely's tree | with {PLACES:,} "
        "places, as GeoPandas | one grid redrawn |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
        *(f"| {' | '.join(row)} |" for row in rows), "",
    ]  # fmt: skip
