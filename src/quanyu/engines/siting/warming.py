"""Every loop compiled once, on a small case."""

from __future__ import annotations

import numpy as np

from quanyu.engines.siting.coverage import cover_by_distance, cover_by_matrix
from quanyu.engines.siting.covering import cover_all
from quanyu.engines.siting.distances import straight_distances
from quanyu.engines.siting.maximal import cover_most
from quanyu.engines.siting.median import p_median
from quanyu.engines.siting.points import point_distances


def warm() -> None:
    """Compile the loops, so that nobody waits for it later; the result stays in numba's cache."""
    random = np.random.default_rng(1)
    demand, sites = random.uniform(0, 1000, (120, 2)), random.uniform(0, 1000, (40, 2))
    cover = cover_by_distance(demand, sites, 200)
    cover_all(cover, steps=3)
    cover_all(cover, capacities=np.full(40, 9), steps=3)
    cover_most(cover, np.full(120, 7), p=5, steps=3)
    # What follows no geometry leaves more to the searches.
    tangled = cover_by_matrix(random.random((300, 100)) < 0.05)
    cover_all(tangled, steps=3)
    cover_most(tangled, random.integers(1, 99, 300), p=12, steps=3)
    p_median(straight_distances(demand, sites), p=5, steps=3)
    p_median(point_distances(demand, sites), p=5, steps=1)
