"""Cells of Vologda's 25,321 buildings: ours against momepy's enclosed tessellation, inside the same tracts.

Ours also yields neighbours, shared borders and barriers; momepy yields cells only, so its time is that of less work.
"""

from __future__ import annotations

import time

import geopandas
import momepy
import numpy as np
import shapely
from benchmarks import vologda

from quanyu.engines.spatial.voronoi import SPACING_M

PROBES, SEED = 20_000, 7


def main() -> list[str]:
    """Run both once, compare the cells, and return the lines to print."""
    city = vologda.read()
    begun = time.perf_counter()
    made = vologda.tessellated(city)
    own = time.perf_counter() - begun
    tracts = geopandas.GeoSeries(shapely.get_parts(shapely.union_all(made.cells)))
    edges = geopandas.GeoSeries([shapely.union_all([*city.barriers, *shapely.boundary(tracts)])])
    enclosed = momepy.enclosures(edges.to_frame("geometry").set_geometry("geometry").explode(ignore_index=True))
    buildings = geopandas.GeoSeries(city.footprints)
    begun = time.perf_counter()
    theirs = momepy.enclosed_tessellation(buildings, enclosed.geometry, segment=SPACING_M, simplify=False)
    rival = time.perf_counter() - begun
    probes = shapely.points(
        np.random.default_rng(SEED).uniform(*np.array(city.territory.bounds).reshape(2, 2), (PROBES, 2))
    )
    one = holders(made.cells, made.kept, probes)
    other = holders(theirs.geometry.values, theirs.index.to_numpy(), probes)
    both = (one >= 0) & (other >= 0)
    agree = float((one[both] == other[both]).mean())
    return [
        f"tessellate 25,321 buildings: {rival / own:.1f}x momepy {momepy.__version__} "
        f"({own:.1f} s against {rival:.1f} s, "
        f"one run each; {100 * agree:.1f} % of {int(both.sum()):,} random points lie in the same building's cell)"
    ]


def holders(cells: np.ndarray, owner: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the owner of the cell around each point, −1 for none."""
    result = np.full(len(points), -1)
    point, cell = shapely.STRtree(cells).query(points, predicate="within")
    result[point] = owner[cell]
    return result


if __name__ == "__main__":
    print("\n".join(main()))
