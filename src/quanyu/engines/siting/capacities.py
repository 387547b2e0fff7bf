"""Sites that serve no more than they can hold: every demand is served by one site, wholly."""

from __future__ import annotations

from typing import Any

import numpy as np

from quanyu.engines.arrays import BoolArray, IntArray, int_array
from quanyu.engines.siting.capacity_search import CapacitySearch, Service, capacity_core
from quanyu.engines.siting.checks import MOST, whole_numbers
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.proof import FREE, INSIDE, Rule
from quanyu.engines.siting.result import Sentence, Siting, Watch, counted

COVERING = (
    "%(sites)d sites at a cost of %(value)d serve %(served)d of %(demands)d demands within their capacities; serving "
    "all that can be served costs no less than %(bound)d."
)
COVERING_ONE = (
    "%(sites)d site at a cost of %(value)d serves %(served)d of %(demands)d demands within its capacity; serving "
    "all that can be served costs no less than %(bound)d."
)
MEDIAN = (
    "%(sites)d sites serve %(served)d of %(demands)d demands within their capacities at %(value)d in all; serving all "
    "that can be served takes no less than %(bound)d."
)
MEDIAN_ONE = (
    "%(sites)d site serves %(served)d of %(demands)d demands within its capacity at %(value)d in all; serving all "
    "that can be served takes no less than %(bound)d."
)


def cover_with_capacities(
    cover: Cover, cost: IntArray, weights: Any, capacities: Any, *, seed: int, watch: Watch
) -> Siting:
    """Return the cheapest sites that serve every demand within their capacities; see ``cover_all``."""
    weight, capacity = whole_numbers("weights", weights, cover.demands), _capacities(capacities, cover.sites)
    start, row = cover.by_site
    site = np.repeat(np.arange(cover.sites), np.diff(start))
    core, reachable = capacity_core(site, row.astype(np.int64), np.zeros(len(row), np.int64), weight, capacity, cost)
    service = CapacitySearch(core, np.full(cover.sites, FREE), seed=seed, watch=watch).run()
    assignment = _all_demands(service, reachable)
    chosen = np.zeros(cover.sites, dtype=bool)
    chosen[assignment[assignment >= 0]] = True
    return _siting("cover_all", chosen, assignment, reachable, int(cost[chosen].sum()), service, watch)


def median_with_capacities(
    matrix: IntArray, weight: IntArray, stands: BoolArray, count: int, capacities: Any, *, seed: int, watch: Watch
) -> Siting:
    """Return the sites nearest to all demand that they can hold; see ``p_median``."""
    n, m = matrix.shape
    capacity = _capacities(capacities, m)
    site, row = np.divmod(np.arange(n * m), n)
    cost = (matrix * weight[:, None]).T.ravel()
    core, reachable = capacity_core(site, row, cost, weight, capacity, np.zeros(m, np.int64), Rule(count=count))
    service = CapacitySearch(core, np.where(stands, INSIDE, FREE), seed=seed, watch=watch).run()
    assignment = _all_demands(service, reachable)
    served = np.flatnonzero(assignment >= 0)
    chosen = stands.copy()
    chosen[assignment[served]] = True
    chosen[np.flatnonzero(~chosen)[: count - int(chosen.sum())]] = True
    value = int((matrix[served, assignment[served]] * weight[served]).sum())
    return _siting("p_median", chosen, assignment, reachable, value, service, watch)


def _capacities(capacities: Any, sites: int) -> IntArray:
    return int_array("capacities", capacities, shape=(sites,), low=0, high=MOST)


def _all_demands(service: Service, reachable: BoolArray) -> IntArray:
    assignment = np.full(len(reachable), -1, dtype=np.int64)
    assignment[reachable] = service.assignment
    return assignment


def _siting(
    problem: str, chosen: BoolArray, assignment: IntArray, reachable: BoolArray, value: int, service: Service,
    watch: Watch,
) -> Siting:  # fmt: skip
    bound, uncovered = service.evidence.recompute(), np.flatnonzero(assignment < 0)
    params = {
        "sites": int(chosen.sum()), "value": value, "bound": bound, "demands": len(assignment),
        "served": len(assignment) - len(uncovered),
    }  # fmt: skip
    one, many = (COVERING_ONE, COVERING) if problem == "cover_all" else (MEDIAN_ONE, MEDIAN)
    text = counted(params["sites"], one=one, many=many)
    is_proven = value == bound and len(uncovered) == int((~reachable).sum())
    return Siting(
        problem, np.flatnonzero(chosen), assignment, value, bound, uncovered, np.flatnonzero(~reachable),
        Sentence(text, params), service.evidence, watch.steps, watch.elapsed, watch.ended(is_proven=is_proven),
    )  # fmt: skip
