"""The p sites with the least weighted distance from every demand to its nearest site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from quanyu.engines.arrays import BoolArray, IntArray
from quanyu.engines.siting.capacities import median_with_capacities
from quanyu.engines.siting.checks import MOST_SUM, require_count, require_sum, standing_sites, whole_numbers
from quanyu.engines.siting.distances import check_distances
from quanyu.engines.siting.median_search import MedianSearch
from quanyu.engines.siting.points import PointDistances
from quanyu.engines.siting.points_search import PointsSearch
from quanyu.engines.siting.proof import Evidence
from quanyu.engines.siting.result import Progress, Sentence, Siting, Watch, counted
from quanyu.errors import BadValue

STEPS = 3000
CERTIFICATE = (
    "%(sites)d sites are %(mean).2f away on average (%(value)d in all); no such choice is nearer than %(bound_mean).2f "
    "(%(bound)d in all)."
)
CERTIFICATE_ONE = (
    "%(sites)d site is %(mean).2f away on average (%(value)d in all); no such choice is nearer than %(bound_mean).2f "
    "(%(bound)d in all)."
)


def p_median(
    distances: Any,
    *,
    p: int,
    existing: Any = None,
    weights: Any = None,
    capacities: Any = None,
    seed: int = 0,
    steps: int = STEPS,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Siting:
    """Return the p sites with the least sum of weight times distance to the nearest of them.

    Parameters
    ----------
    distances : (n, m) int64, 0 or more, from each demand to each site, in a unit fine enough to be whole;
        or ``point_distances``, where the matrix would be too large: then without capacities, and with a gap that stays
    p : number of new sites, 1 to m, or 0 where some exist
    existing : indices of sites that stand and stay; they are not counted in ``p``
    weights : (n,) int64, 0 or more; 1 each if ``None``
    capacities : (m,) int64; every demand is then served by one site, and a site serves no more weight than this
    steps : nodes of the proof's tree; between points, rounds of the search
    seconds : stop when so much time has passed
    on_progress : called at each step; ``False`` stops, and the best choice so far is returned

    Returns
    -------
    Siting
        ``value`` is the sum; ``bound`` is what no choice of p sites is below.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    References
    ----------
    .. [1] Hakimi, S. L. (1964). Optimum locations of switching centers and the absolute centers and medians of a
       graph. Operations Research 12(3), 450-459.
    .. [2] Resende, M. G. C. and Werneck, R. F. (2004). A hybrid heuristic for the p-median problem. Journal of
       Heuristics 10, 59-88.
    .. [3] Beltran, C., Tadonki, C. and Vial, J.-P. (2006). Solving the p-median problem with a semi-Lagrangian
       relaxation. Computational Optimization and Applications 35, 239-260.

    Examples
    --------
    >>> answer = p_median([[0, 2, 9], [2, 0, 7], [9, 7, 0]], p=2)
    >>> answer.sites.tolist(), answer.value, answer.bound
    ([1, 2], 2, 2)
    """
    between_points = isinstance(distances, PointDistances)
    matrix = None if between_points else check_distances(distances)
    n, m = (len(distances.demand_xy), len(distances.sites_xy)) if matrix is None else matrix.shape
    stands = standing_sites(existing, m)
    weight = whole_numbers("weights", weights, n)
    count = require_count(p, stands)
    farthest = distances.farthest if matrix is None else matrix.max(axis=1)
    require_sum("weights times distances", float(weight @ farthest.astype(np.float64)), MOST_SUM)
    watch = Watch(steps, seconds, on_progress)
    if matrix is None:
        if capacities is not None:
            raise BadValue(name="capacities", value="given", allowed="none between points; give straight_distances")
        return _between_points(distances, weight, stands, count, seed, watch)
    if capacities is not None:
        return median_with_capacities(matrix, weight, stands, count, capacities, seed=seed, watch=watch)
    search = MedianSearch(matrix * weight[:, None], count, stands, seed=seed, watch=watch)
    sites, evidence = search.run()
    nearest = sites[np.argmin(matrix[:, sites], axis=1)]
    value = int((matrix[np.arange(len(matrix)), nearest] * weight).sum())
    return _answer(sites, nearest, value, int(weight.sum()), evidence, watch)


def _between_points(
    distances: PointDistances, weight: IntArray, stands: BoolArray, count: int, seed: int, watch: Watch
) -> Siting:
    search = PointsSearch(distances, weight, count, stands, seed=seed, watch=watch)
    sites, evidence = search.run()
    nearest, cost = search.nearest()
    return _answer(sites, nearest, int(cost.sum()), int(weight.sum()), evidence, watch)


def _answer(sites: IntArray, nearest: IntArray, value: int, total: int, evidence: Evidence, watch: Watch) -> Siting:
    bound = evidence.recompute()
    nobody = np.empty(0, dtype=np.int64)
    params = {
        "sites": len(sites), "mean": value / max(total, 1), "bound_mean": bound / max(total, 1), "value": value,
        "bound": bound,
    }  # fmt: skip
    text = counted(len(sites), one=CERTIFICATE_ONE, many=CERTIFICATE)
    return Siting(
        "p_median", np.sort(sites), nearest, value, bound, nobody, nobody, Sentence(text, params), evidence,
        watch.steps, watch.elapsed, watch.ended(is_proven=value == bound),
    )  # fmt: skip
