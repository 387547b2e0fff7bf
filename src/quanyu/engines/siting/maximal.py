"""The most weight that a number of sites, or a budget, can cover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from quanyu.engines.arrays import BoolArray, IntArray, whole_number
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.checks import standing_sites, whole_numbers
from quanyu.engines.siting.coverage import Cover, serving
from quanyu.engines.siting.most_core import MostCore
from quanyu.engines.siting.most_search import MostSearch
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, Evidence, Rule
from quanyu.engines.siting.remaining import Remaining, remaining
from quanyu.engines.siting.result import Progress, Sentence, Siting, Watch, counted
from quanyu.errors import NoLimit

STEPS = 400
CERTIFICATE = (
    "%(sites)d sites, of which %(standing)d stand already, cover %(value)d of %(total)d (%(share).2f %%); no such "
    "choice covers more than %(bound)d (%(bound_share).2f %%)."
)
CERTIFICATE_ONE = (
    "%(sites)d site, of which %(standing)d stands already, covers %(value)d of %(total)d (%(share).2f %%); no such "
    "choice covers more than %(bound)d (%(bound_share).2f %%)."
)


def cover_most(
    cover: Cover,
    weights: Any,
    *,
    p: int | None = None,
    budget: int | None = None,
    costs: Any = None,
    existing: Any = None,
    seed: int = 0,
    steps: int = STEPS,
    seconds: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Siting:
    """Return the sites that cover the most weight.

    Parameters
    ----------
    cover : which sites cover which demands
    weights : (n,) int64, 0 or more, what covering each demand is worth (households)
    p : how many new sites; or
    budget, costs : what the new sites may cost together, and (m,) int64 the cost of each
    existing : indices of sites that stand and stay; they are free and not counted in ``p``
    steps : nodes of the proof's tree
    seconds : stop when so much time has passed
    on_progress : called at each step; ``False`` stops, and the best choice so far is returned

    Returns
    -------
    Siting
        ``value`` is the weight covered, by standing and new sites; ``bound`` is what no choice exceeds.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad row.

    References
    ----------
    .. [1] Church, R. and ReVelle, C. (1974). The maximal covering location problem. Papers of the Regional Science
       Association 32, 101-118.
    .. [2] Cordeau, J.-F., Furini, F. and Ljubić, I. (2019). Benders decomposition for very large scale partial set
       covering and maximal covering location problems. European Journal of Operational Research 275(3), 882-896.

    Examples
    --------
    >>> from quanyu.engines.siting import cover_by_matrix
    >>> answer = cover_most(cover_by_matrix([[1, 0], [1, 0], [0, 1]]), [3, 4, 5], p=1)
    >>> answer.sites.tolist(), answer.value, answer.bound
    ([0], 7, 7)
    """
    weight = whole_numbers("weights", weights, cover.demands)
    stands = standing_sites(existing, cover.sites)
    rule = _rule(stands, p, budget, costs)
    watch = Watch(steps, seconds, on_progress)
    given = stands if rule.cost is None else stands | (rule.cost == 0)  # what costs nothing is taken as if it stood
    left = remaining(cover, weight, np.where(given, INSIDE, FREE))
    cost = np.ones(len(left.columns), np.int64) if rule.cost is None else rule.cost[left.columns]
    less = _without_dominated(left, cost)
    columns = left.columns[less.columns]
    chosen, evidence = given.copy(), Evidence((), total=left.covered)
    if len(less.weight):
        rule = rule if rule.cost is None else Rule(cost=rule.cost[columns], money=rule.money)
        search = MostSearch(MostCore(less.cover, less.weight, rule), seed=seed, watch=watch)
        found, evidence = search.run()
        chosen[columns[found]] = True
        evidence = replace(evidence, total=left.covered + search.total)
    return _answer(cover, weight, chosen, stands, evidence, watch)


def _without_dominated(left: Remaining, cost: IntArray) -> Remaining:
    """Leave out sites that cover nothing which another, of no more cost, does not cover too."""
    dominated = _kernels.dominated_columns(*left.cover.by_site, left.cover.indptr, left.cover.indices, cost)
    return remaining(left.cover, left.weight, np.where(dominated, OUTSIDE, FREE))


def _rule(stands: BoolArray, p: int | None, budget: int | None, costs: Any) -> Rule:
    """Return the rule of the new sites."""
    if (p is None) == (budget is None):
        raise NoLimit()
    if p is not None:
        return Rule(count=whole_number("p", p, low=0, high=int((~stands).sum())))
    cost = whole_numbers("costs", costs, len(stands))
    return Rule(cost=np.where(stands, 0, cost), money=whole_number("budget", budget, low=0))


def _answer(
    cover: Cover, weight: IntArray, chosen: BoolArray, stands: BoolArray, evidence: Evidence, watch: Watch
) -> Siting:
    assignment = serving(cover, chosen)
    value, bound, total = int(weight[assignment >= 0].sum()), evidence.recompute(), int(weight.sum())
    params = {
        "sites": int(chosen.sum()), "standing": int(stands.sum()), "value": value, "bound": bound, "total": total,
        "share": 100.0 * value / max(total, 1), "bound_share": 100.0 * bound / max(total, 1),
    }  # fmt: skip
    text = counted(int(chosen.sum()), one=CERTIFICATE_ONE, many=CERTIFICATE)
    return Siting(
        "cover_most", np.flatnonzero(chosen), assignment, value, bound, np.flatnonzero(assignment < 0),
        np.flatnonzero(np.diff(cover.indptr) == 0), Sentence(text, params), evidence, watch.steps,
        watch.elapsed, watch.ended(is_proven=value == bound),
    )  # fmt: skip
