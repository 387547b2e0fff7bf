"""The p sites that keep the farthest demand nearest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from quanyu.engines.arrays import BoolArray, IntArray
from quanyu.engines.siting.checks import require_count, standing_sites
from quanyu.engines.siting.cover_search import CoverCore, CoverSearch
from quanyu.engines.siting.coverage import from_csr
from quanyu.engines.siting.distances import check_distances
from quanyu.engines.siting.proof import Evidence, Proof
from quanyu.engines.siting.reductions import group_rows, reduce_cover
from quanyu.engines.siting.result import Progress, Sentence, Siting, Watch, counted

STEPS = 4000
CERTIFICATE = (
    "%(sites)d sites have all %(demands)d demands within %(value)d; no such choice has them within less than %(bound)d."
)
CERTIFICATE_ONE = (
    "%(sites)d site has all %(demands)d demands within %(value)d; no such choice has them within less than %(bound)d."
)


def p_center(
    distances: Any,
    *,
    p: int,
    existing: Any = None,
    seed: int = 0,
    steps: int = STEPS,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Siting:
    """Return p sites whose greatest distance to any demand is least.

    Parameters
    ----------
    distances : (n, m) int64, 0 or more, from each demand to each site
    p : number of new sites, 1 to m, or 0 where some exist
    existing : indices of sites that stand and stay; they are not counted in ``p``
    steps : nodes of the proof's trees together
    seconds : stop when so much time has passed
    on_progress : called at each step; ``False`` stops, and the best choice so far is returned

    Returns
    -------
    Siting
        ``value`` is the greatest distance; ``bound`` is below what no such choice gets. The proof
        shows that more sites are needed to cover everything within less.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    References
    ----------
    .. [1] Minieka, E. (1970). The m-center problem. SIAM Review 12(1), 138-139.

    Examples
    --------
    >>> answer = p_center([[0, 2, 9], [2, 0, 7], [9, 7, 0]], p=2)
    >>> answer.value, answer.bound
    (2, 2)
    """
    matrix = check_distances(distances)
    stands = standing_sites(existing, matrix.shape[1])
    count = require_count(p, stands)
    watch = Watch(steps, seconds, on_progress)
    radii = np.unique(matrix)
    sites = _farthest_first(matrix, np.flatnonzero(stands), count)
    # No choice reaches all within a radius below index ``low``; one does at ``high``; from ``first`` on is unknown.
    first = low = int(np.searchsorted(radii, matrix.min(axis=1).max()))
    high = top = int(np.searchsorted(radii, _reach(matrix, sites)))
    evidence = CentreEvidence((), floor=int(radii[low]))
    while first < top and watch.go_on(int(radii[high]), int(radii[low])):
        middle = (first + top) // 2
        probe = _probe(matrix <= radii[middle], stands, count, seed, watch)
        if probe.sites is not None:
            sites = probe.sites
            high = int(np.searchsorted(radii, _reach(matrix, sites)))
            top = min(high, middle)
        else:
            first = middle + 1
            if probe.evidence.recompute() > p:
                low = first
                evidence = CentreEvidence(probe.evidence.parts, probe.evidence.offset, floor=int(radii[low]), most=p)
    return _answer(matrix, sites, evidence, watch)


@dataclass(frozen=True)
class CentreEvidence(Evidence):
    """That more than ``most`` new sites are needed for every radius below ``floor``; without ``most``, ``floor`` is how
    far the demand that is farthest from all sites is from the nearest."""

    floor: int = 0
    most: int | None = None

    def recompute(self) -> int:
        return self.floor if self.most is None or super().recompute() > self.most else 0


@dataclass(frozen=True)
class _Probe:
    """Whether so many sites cover everything: a choice of them if one was found, and how many are needed at least."""

    sites: IntArray | None
    evidence: Evidence


def _probe(within: BoolArray, stands: BoolArray, count: int, seed: int, watch: Watch) -> _Probe:
    cost = np.where(stands, 0, 1)
    _, cover = group_rows(from_csr(sparse.csr_array(within, dtype=np.float64)))
    reduced = reduce_cover(cover, cost)
    offset = int(cost[reduced.forced].sum())
    left = count - int(stands.sum()) - offset
    chosen, proofs = [np.flatnonzero(stands), reduced.forced], list[tuple[Proof, int]]()
    parts = sorted(reduced.parts, key=lambda part: part[0].demands)
    for part, columns in parts:
        # The largest part comes last and need not do better than what the others leave it.
        ceiling = max(left, 0) if part is parts[-1][0] else None
        found = CoverSearch(CoverCore(part, cost[columns]), seed=seed, watch=watch, ceiling=ceiling).run()
        proofs.append((found.proof, found.target))
        chosen.append(columns[found.chosen])
        left -= found.value
    sites = _filled(np.unique(np.concatenate(chosen)), count, len(stands)) if left >= 0 else None
    return _Probe(sites, Evidence(tuple(proofs), offset))


def _filled(sites: IntArray, count: int, all_sites: int) -> IntArray:
    """Return exactly so many sites: those given, and the first ones not among them."""
    spare = np.setdiff1d(np.arange(all_sites), sites)
    return np.sort(np.concatenate([sites, spare[: count - len(sites)]]))


def _farthest_first(matrix: IntArray, standing: IntArray, count: int) -> IntArray:
    """Return sites, each the nearest to the demand that is farthest from those before."""
    sites = standing.tolist() or [int(np.argmin(matrix.max(axis=0)))]
    nearest = matrix[:, sites].min(axis=1)
    while len(sites) < count:
        site = int(np.argmin(matrix[int(np.argmax(nearest))]))
        if site in sites:
            break
        sites.append(site)
        np.minimum(nearest, matrix[:, site], out=nearest)
    return _filled(np.array(sites, dtype=np.int64), count, matrix.shape[1])


def _reach(matrix: IntArray, sites: IntArray) -> int:
    return int(matrix[:, sites].min(axis=1).max())


def _answer(matrix: IntArray, sites: IntArray, evidence: CentreEvidence, watch: Watch) -> Siting:
    value, bound = _reach(matrix, sites), evidence.recompute()
    nearest = sites[np.argmin(matrix[:, sites], axis=1)]
    nobody = np.empty(0, dtype=np.int64)
    params = {"sites": len(sites), "demands": len(matrix), "value": value, "bound": bound}
    text = counted(len(sites), one=CERTIFICATE_ONE, many=CERTIFICATE)
    return Siting(
        "p_center", sites, nearest, value, bound, nobody, nobody, Sentence(text, params), evidence, watch.steps,
        watch.elapsed, watch.ended(is_proven=value == bound),
    )  # fmt: skip
