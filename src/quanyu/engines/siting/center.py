"""The p sites that keep the farthest demand nearest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from quanyu.engines.arrays import BoolArray, IntArray
from quanyu.engines.siting.coverage import cover_by_matrix
from quanyu.engines.siting.covering import STEPS, CoverCore, CoverSearch
from quanyu.engines.siting.distances import check_distances
from quanyu.engines.siting.proof import Evidence, Proof
from quanyu.engines.siting.reductions import group_rows, reduce_cover
from quanyu.engines.siting.result import Progress, Sentence, Siting, Watch
from quanyu.errors import OutOfRange


def p_center(
    distances: Any,
    *,
    p: int,
    seed: int = 0,
    steps: int = STEPS,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Siting:
    """Return p sites whose greatest distance to any demand is least.

    Parameters
    ----------
    distances : (n, m) int64, 0 or more, from each demand to each site
    p : number of sites, 1 to m
    steps : nodes of the proof's trees together
    seconds : stop when so much time has passed
    on_progress : called at each step; ``False`` stops, and the best choice so far is returned

    Returns
    -------
    Siting
        ``value`` is the greatest distance; ``bound`` the least that p sites can reach. The proof shows that more than p sites
        are needed to cover everything within the next smaller distance.

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
    if not 1 <= p <= matrix.shape[1]:
        raise OutOfRange(name="p", row="-", value=p, allowed=f"1 to the {matrix.shape[1]} sites")
    watch = Watch(steps, seconds, on_progress)
    radii = np.unique(matrix)
    sites = _farthest_first(matrix, p)
    # No p sites reach within a radius below index ``low``; some do at ``high``; ``top`` ends what is still probed.
    low = int(np.searchsorted(radii, matrix.min(axis=1).max()))
    high = top = int(np.searchsorted(radii, _reach(matrix, sites)))
    first = low
    evidence = CentreEvidence((), floor=int(radii[low]))
    while first < top and watch.go_on(int(radii[high]), int(radii[low])):
        middle = (first + top) // 2
        probe = _Probe(matrix <= radii[middle], p, seed, watch)
        if probe.sites is not None:
            sites = probe.sites
            high = top = min(top - 1, int(np.searchsorted(radii, _reach(matrix, sites))))
        else:
            first = middle + 1
            if probe.is_refuted:
                low = first
                evidence = CentreEvidence(probe.parts, probe.offset, floor=int(radii[low]), p=p)
    return _answer(matrix, sites, p, evidence, watch)


@dataclass(frozen=True)
class CentreEvidence(Evidence):
    """That more than ``p`` sites are needed for every radius below ``floor``; without parts, ``floor`` is the nearest
    site of the demand that is farthest from all."""

    floor: int = 0
    p: int = 0

    def recompute(self) -> int:
        return self.floor if (not self.parts and not self.p) or super().recompute() > self.p else 0


class _Probe:
    """Whether p sites cover everything: a choice, a proof that none does, or neither."""

    def __init__(self, within: BoolArray, p: int, seed: int, watch: Watch) -> None:
        cost = np.ones(within.shape[1], dtype=np.int64)
        _, cover = group_rows(cover_by_matrix(sparse.csr_array(within, dtype=np.float64)))
        reduced = reduce_cover(cover, cost)
        self.offset, self.sites = len(reduced.forced), None
        searches = [
            CoverSearch(CoverCore(cover.select(rows, columns), cost[columns]), seed=seed, watch=watch)
            for rows, columns in reduced.parts
        ]
        for search in searches:
            others = sum(s.tree.bound(s.value) if s.tree.parent else 1 for s in searches if s is not search)
            search.ceiling = p - self.offset - others
            search.run()
        self.parts: tuple[tuple[Proof, int], ...] = tuple((s.tree.proof(), s.target) for s in searches)
        if self.offset + sum(s.value for s in searches) <= p:
            picked = [columns[s.best] for s, (_, columns) in zip(searches, reduced.parts, strict=True)]
            self.sites = _filled(np.concatenate([reduced.forced, *picked]), p, within.shape[1])
        self.is_refuted = self.sites is None and Evidence(self.parts, self.offset).recompute() > p


def _filled(sites: IntArray, p: int, count: int) -> IntArray:
    """Return exactly p sites: those given, and the first ones not among them."""
    spare = np.setdiff1d(np.arange(count), sites)
    return np.sort(np.concatenate([sites, spare[: p - len(sites)]])).astype(np.int64)


def _farthest_first(matrix: IntArray, p: int) -> IntArray:
    """Return p sites, each the nearest to the demand that is farthest from those before."""
    sites = [int(np.argmin(matrix.max(axis=0)))]
    nearest = matrix[:, sites[0]].copy()
    while len(sites) < p:
        site = int(np.argmin(matrix[int(np.argmax(nearest))]))
        if site in sites:
            break
        sites.append(site)
        np.minimum(nearest, matrix[:, site], out=nearest)
    return _filled(np.array(sites, dtype=np.int64), p, matrix.shape[1])


def _reach(matrix: IntArray, sites: IntArray) -> int:
    return int(matrix[:, sites].min(axis=1).max())


def _answer(matrix: IntArray, sites: IntArray, p: int, evidence: CentreEvidence, watch: Watch) -> Siting:
    value, bound = _reach(matrix, sites), evidence.recompute()
    nearest = sites[np.argmin(matrix[:, sites], axis=1)]
    nobody = np.empty(0, dtype=np.int64)
    params = {"sites": p, "demands": len(matrix), "value": value, "bound": bound}
    text = "%(sites)d sites have all %(demands)d demands within %(value)d; no %(sites)d sites have them within less than %(bound)d."
    return Siting(
        "p_center", np.sort(sites), nearest, value, bound, nobody, nobody, Sentence(text, params), evidence,
        watch.steps, watch.elapsed, "proven" if value == bound else watch.stopped or "steps",
    )  # fmt: skip
