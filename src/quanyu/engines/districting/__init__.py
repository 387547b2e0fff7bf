"""Draw districts: connected groups of atoms with weights in a range, inside borders, never across a barrier.

What goes in and out: ``problem`` (checks), ``result``, ``metrics``, ``curves`` (many plans). One plan, in order:
``blocks`` (independent pieces), ``sharing`` (k among them), ``work`` (all blocks on several threads), ``search`` (one
block; ``rounds`` where the range is tight), ``contraction``, ``cutting`` (trees), ``repair``, ``annealing``,
``settling`` (the last districts into range; ``rescue`` exactly), ``report`` (what is proven and what would mend it).
Shared: ``plans`` (districts and their value), ``rules`` (prices). Proofs: ``certificates`` (of the range),
``cut_bounds`` and ``cut_model`` (of the cut). Compiled loops: ``_kernels``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from quanyu.engines.arrays import IntArray, int_array, number, whole_number
from quanyu.engines.districting import report
from quanyu.engines.districting.blocks import Block, blocks
from quanyu.engines.districting.metrics import measure
from quanyu.engines.districting.problem import MOST, Problem, check
from quanyu.engines.districting.result import Bound, Districting, Metrics, Progress, Unmet
from quanyu.engines.districting.sharing import counts_of, learns_from_a_free_plan, shares_after
from quanyu.engines.districting.work import Work

# Of the time and of what is to be seen of it, what a free plan takes before k districts are shared out.
FREE_SHARE = 0.8

__all__ = ["Bound", "Districting", "Metrics", "Progress", "Unmet", "district", "split_heavy"]


def district(
    weights: Any,
    adjacency: Any,
    *,
    lower: int,
    upper: int,
    k: int | None = None,
    fewest: bool = False,
    border: Any = None,
    barrier_edges: Any = None,
    previous: Any = None,
    stability: Any = 0.0,
    objective: str = "cut_length",
    loads: Any = None,
    balance: float = 0.0,
    xy: Any = None,
    area: Any = None,
    outer_length: Any = None,
    target: int | None = None,
    seed: int = 0,
    steps: int | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Districting:
    """Return districts of connected atoms whose weights lie in [lower, upper] wherever that can be.

    Parameters
    ----------
    weights : (n,) int64, households of each atom, 0 or more, and at most 2⁴⁰ in all
    adjacency : (n, n) CSR, symmetric; the shared border in metres
    k : number of districts; free if ``None``. Pieces that do not hang together have as many as in a free plan, one less
        or more where it costs least; where there are more pieces than ``k``, each is a district, and ``unmet`` says so
    fewest : draw as few districts as plans in range are found for, not as many as lie near ``target``
    border : (n,) int64, no district crosses from one label to another
    barrier_edges : (nnz,) bool along ``adjacency.data``, edges no district uses
    previous, stability : (n,) int64 today's district (−1 none); 0 ignores it, 1 makes a household that moves dear. Or
        (n, p) for p divisions, with one stability or p; the search starts from the first
    objective : ``cut_length`` (metres), ``cut_edges`` (each edge counts 1), ``polsby_popper`` (the mean of
        4π · area / outline², needs ``area``) or ``moment_of_inertia`` (of households about the centre of their
        district, needs ``xy``)
    loads, balance : (n,) or (n, q) float64, 0 or more, further weights (cases a year, floor area) that districts are to
        share evenly; 0 ignores them, 1 makes it dear that a district differs from the mean
    xy : (n, 2) metres, area : (n,) square metres, outer_length : (n,) metres of outline on the territory's edge
    steps : recombinations of two districts, or as much work in moves of single atoms; the default grows with the number
        of districts, and more give a better plan
    seconds : stop when so much time has passed; the result tells the steps done
    workers : threads, as many as the machine has cores if ``None``; the answer does not depend on it
    on_progress : called several times a second; ``False`` stops, and the best plan so far is returned

    Returns
    -------
    Districting
        The same inputs, seed and steps give the same labels. What cannot be met is an answer, in ``unmet``.

    Raises
    ------
    InvalidInput
        One of its kinds, with the first bad index and what would mend it.

    References
    ----------
    .. [1] DeFord, D., Duchin, M. and Solomon, J. (2021). Recombination: a family of Markov chains for redistricting.
       Harvard Data Science Review 3(1).
    .. [2] Ito, T., Nishizeki, T., Schröder, M., Uno, T. and Zhou, X. (2012). Partitioning a weighted tree into subtrees
       with weights in a given range. Algorithmica 62, 823-841.
    .. [3] Garfinkel, R. S. and Nemhauser, G. L. (1970). Optimal political districting by implicit enumeration
       techniques. Management Science 16(8), B495-B508.
    """
    begun = time.monotonic()
    problem = check(
        weights, adjacency, lower=lower, upper=upper, k=k, fewest=fewest, border=border, barrier_edges=barrier_edges,
        previous=previous, stability=stability, objective=objective, target=target, loads=loads, balance=balance,
        xy=xy, area=area, outer_length=outer_length,
    )  # fmt: skip
    seed = whole_number("seed", seed, low=0)
    steps = None if steps is None else whole_number("steps", steps, low=0, high=MOST)
    seconds = None if seconds is None else number("seconds", seconds, low=0.0)
    workers = None if workers is None else whole_number("workers", workers, low=1)
    parts, work = _drawn(
        problem, target=target, seed=seed, steps=steps, seconds=seconds, workers=workers, report=on_progress,
        begun=begun,
    )  # fmt: skip
    labels = report.in_order(work.labels)
    unmet = report.unmet_rules(problem, parts, labels)
    return Districting(
        labels=labels,
        weights=np.bincount(labels, weights=problem.weights).astype(np.int64),
        metrics=measure(problem, labels, unmet, report.moved_weights(problem, labels)),
        bound=report.bound(problem, parts), unmet=unmet, steps=work.steps, seconds=time.monotonic() - begun,
        stopped=work.stopped,
    )  # fmt: skip


def _drawn(problem: Problem, *, target: int | None, seconds: float | None, **options: Any) -> tuple[list[Block], Work]:
    """Return the blocks and the work done on them; where k are shared out, after a free plan of the same ground."""
    parts = blocks(problem)
    if not learns_from_a_free_plan(problem, parts):
        work = Work(problem, parts, seconds=seconds, **options)
        work.draw()
        return parts, work
    # Not the mean of k districts, but what a free plan is drawn for: else it would have other counts than one.
    without = replace(problem, k=None, target=round((problem.lower + problem.upper) / 2) if target is None else target)
    limit = None if seconds is None else FREE_SHARE * seconds
    free = Work(without, blocks(without), seconds=limit, span=(0.0, FREE_SHARE), **options)
    free.draw()
    counts = counts_of(parts, free.labels)
    shares = shares_after(problem, problem.k or 0, parts, counts)
    parts = [replace(block, low=share, high=share) for block, share in zip(parts, shares, strict=True)]
    kept = {i: free.labels_of(i) for i, share in enumerate(shares) if share == counts[i]}
    work = Work(problem, parts, seconds=seconds, kept=kept, before=free.steps, span=(FREE_SHARE, 1.0), **options)
    if free.stopped == "asked":
        work.stopped = "asked"
    work.draw()
    if work.stopped == "steps":
        work.stopped = free.stopped
    return parts, work


def split_heavy(weights: Any, upper: int) -> IntArray:
    """Return into how many equal parts each atom must be divided so that no part is heavier than ``upper``.

    Examples
    --------
    >>> split_heavy([120, 500, 501, 1600], 500)
    array([1, 1, 2, 4])
    """
    array = int_array("weights", weights, shape=(-1,), low=0)
    return np.maximum(1, -(-array // whole_number("upper", upper, low=1)))
