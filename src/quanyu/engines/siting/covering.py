"""The cheapest sites that cover every demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from quanyu.engines.arrays import BoolArray, IntArray
from quanyu.engines.siting.capacities import cover_with_capacities
from quanyu.engines.siting.checks import standing_sites, whole_numbers
from quanyu.engines.siting.cover_search import CoverCore, CoverSearch
from quanyu.engines.siting.coverage import Cover, serving
from quanyu.engines.siting.proof import Evidence, Proof
from quanyu.engines.siting.reductions import group_rows, reduce_cover
from quanyu.engines.siting.result import Progress, Sentence, Siting, Watch, counted

STEPS = 4000
BESIDES = "Besides %(standing)d that stand: "
BESIDES_ONE = "Besides %(standing)d that stands: "
FEWEST = "%(sites)d sites cover all %(demands)d demands that can be covered; %(fewer)d cannot."
FEWEST_ONE = "%(sites)d site covers all %(demands)d demands that can be covered; %(fewer)d cannot."
PRICED = (
    "%(sites)d sites at a cost of %(value)d cover all %(demands)d demands that can be covered; no choice costs less "
    "than %(bound)d."
)
PRICED_ONE = (
    "%(sites)d site at a cost of %(value)d covers all %(demands)d demands that can be covered; no choice costs less "
    "than %(bound)d."
)


def cover_all(
    cover: Cover,
    *,
    costs: Any = None,
    existing: Any = None,
    weights: Any = None,
    capacities: Any = None,
    seed: int = 0,
    steps: int = STEPS,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Siting:
    """Return the cheapest sites that cover every demand that can be covered.

    Parameters
    ----------
    cover : which sites cover which demands
    costs : (m,) int64, 0 or more; 1 each if ``None``, so that the fewest sites are sought
    existing : indices of sites that stand and stay; they cost nothing
    weights, capacities : (n,) and (m,) int64; with capacities every demand is served by one site, and a site serves no
        more weight than its capacity
    steps : nodes of the proof's tree
    seconds : stop when so much time has passed
    on_progress : called at each step; ``False`` stops, and the best choice so far is returned

    Returns
    -------
    Siting
        ``value`` is the cost. Demands that no site reaches are in ``unreachable``; the others are all covered, unless
        capacities leave some ``uncovered``. The same input and seed give the same answer where no time limit cut it.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    References
    ----------
    .. [1] Toregas, C., Swain, R., ReVelle, C. and Bergman, L. (1971). The location of emergency service facilities.
       Operations Research 19(6), 1363-1373.
    .. [2] Caprara, A., Toth, P. and Fischetti, M. (2000). Algorithms for the set covering problem. Annals of Operations
       Research 98, 353-371.

    Examples
    --------
    >>> from quanyu.engines.siting import cover_by_matrix
    >>> answer = cover_all(cover_by_matrix([[1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1]]))
    >>> answer.sites.tolist(), answer.value, answer.bound
    ([0, 2], 2, 2)
    """
    stands = standing_sites(existing, cover.sites)
    cost = np.where(stands, 0, whole_numbers("costs", costs, cover.sites))
    watch = Watch(steps, seconds, on_progress)
    if capacities is not None:
        return cover_with_capacities(cover, cost, weights, capacities, seed=seed, watch=watch)
    _, patterns = group_rows(cover)
    reachable = np.flatnonzero(np.diff(patterns.indptr) > 0)
    reduced = reduce_cover(patterns.select(rows=reachable), cost)
    chosen = stands.copy()
    chosen[reduced.forced] = True
    proofs: list[tuple[Proof, int]] = []
    for part, columns in reduced.parts:
        found = CoverSearch(CoverCore(part, cost[columns]), seed=seed, watch=watch).run()
        chosen[columns] = found.chosen
        proofs.append((found.proof, found.target))
    evidence = Evidence(tuple(proofs), int(cost[reduced.forced].sum()))
    return _answer(cover, cost, chosen, stands, costs is not None, evidence, watch)


def _answer(
    cover: Cover, cost: IntArray, chosen: BoolArray, stands: BoolArray, priced: bool, evidence: Evidence, watch: Watch
) -> Siting:
    unreachable = np.flatnonzero(np.diff(cover.indptr) == 0)
    value, bound = int(cost[chosen].sum()), evidence.recompute()
    params = {
        "sites": int((chosen & ~stands).sum()), "standing": int(stands.sum()), "value": value, "bound": bound,
        "demands": cover.demands - len(unreachable), "fewer": max(0, bound - 1),
    }  # fmt: skip
    one, many = (PRICED_ONE, PRICED) if priced else (FEWEST_ONE, FEWEST)
    text = counted(params["sites"], one=one, many=many)
    if stands.any():
        text = counted(params["standing"], one=BESIDES_ONE, many=BESIDES) + text
    return Siting(
        "cover_all", np.flatnonzero(chosen), serving(cover, chosen), value, bound, unreachable, unreachable,
        Sentence(text, params), evidence, watch.steps, watch.elapsed,
        watch.ended(is_proven=value == bound),
    )  # fmt: skip
