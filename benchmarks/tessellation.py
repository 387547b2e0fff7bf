"""Cells of Vologda's 25,321 buildings: ours against momepy's enclosed tessellation, inside the same tracts.

Ours also yields neighbours, shared borders and barriers; momepy yields cells only, so its time is that of less work.
Cells of momepy lie on both sides of a railway that ends in its tract; points that differ lie beyond such a line, or
across water that a tract bends around. One process each.
"""

from __future__ import annotations

import statistics

import geopandas
import momepy
import numpy as np
import shapely
from benchmarks import vologda
from benchmarks.clock import timed, times_as_fast

from quanyu.engines.spatial.tessellating.outlines import SPACING_M

PROBES, ROUNDS, SEED = 20_000, 3, 7


def main() -> list[str]:
    """Run both in turns, compare the cells, and return the lines to print."""
    city = vologda.read()
    made = vologda.tessellated(city)
    tracts = geopandas.GeoSeries(shapely.get_parts(shapely.union_all(made.cells)))
    edges = geopandas.GeoSeries([shapely.union_all([*city.barriers, *shapely.boundary(tracts)])])
    enclosed = momepy.enclosures(edges.to_frame("geometry").set_geometry("geometry").explode(ignore_index=True))
    buildings = geopandas.GeoSeries(city.footprints)
    own, rival = [], []
    for _ in range(ROUNDS):
        own.append(timed(lambda: vologda.tessellated(city))[1])
        theirs, seconds = timed(
            lambda: momepy.enclosed_tessellation(
                buildings, enclosed.geometry, segment=SPACING_M, simplify=False, n_jobs=1
            )
        )
        rival.append(seconds)
    probes = shapely.points(
        np.random.default_rng(SEED).uniform(*np.array(city.territory.bounds).reshape(2, 2), (PROBES, 2))
    )
    one = holders(made.cells, made.kept, probes)
    other = holders(theirs.geometry.values, theirs.index.to_numpy(), probes)
    both = (one >= 0) & (other >= 0)
    agree = float((one[both] == other[both]).mean())
    return [
        f"Tessellate 25,321 buildings: {times_as_fast(own, rival)} as fast as momepy {momepy.__version__}, "
        f"{statistics.median(own):.1f} s against {statistics.median(rival):.1f} s. "
        f"{100 * agree:.1f} % of {int(both.sum()):,} random points lie in the same building's cell."
    ]


def holders(cells: np.ndarray, owner: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the owner of the cell around each point, −1 for none."""
    result = np.full(len(points), -1)
    point, cell = shapely.STRtree(cells).query(points, predicate="within")
    result[point] = owner[cell]
    return result


if __name__ == "__main__":
    print("\n".join(main()))
