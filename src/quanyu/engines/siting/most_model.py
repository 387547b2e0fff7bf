"""Maximal covering as a model over sites and rows: its linear programme, and its best choice where it is small."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.linear import best_choice, interior


class Found(NamedTuple):
    """The share of each row's weight that its sites are paid, and how far each site is chosen."""

    share: FloatArray
    chosen: FloatArray


class Model(NamedTuple):
    """Maximal covering over sites and rows as HiGHS takes it; a row counts as far as it is covered."""

    cost: FloatArray
    matrix: Any
    low: FloatArray
    high: FloatArray


def whole_model(cover: Cover, weight: IntArray, cost: IntArray, money: int) -> Model:
    """Return the model; its last row is the money."""
    n, m = cover.demands, cover.sites
    spent = sparse.csr_array(np.append(cost.astype(np.float64), np.zeros(n))[None])
    rows = sparse.vstack([sparse.hstack([-cover.matrix, sparse.eye_array(n)]), spent], format="csr")
    high = np.append(np.zeros(n), float(money))
    return Model(np.append(np.zeros(m), -weight.astype(np.float64)), rows, np.full(n + 1, -np.inf), high)


def whole_programme(cover: Cover, weight: IntArray, cost: IntArray, money: int, seconds: float) -> Found | None:
    """Solve the programme over sites and rows from within: fast where the rows are hardly more than the sites."""
    solved = interior(*whole_model(cover, weight, cost, money), seconds)
    if solved is None or solved.values is None:
        return None
    share = np.clip(-solved.duals[: cover.demands] / weight, 0.0, 1.0)
    return Found(share, np.clip(solved.values[: cover.sites], 0.0, 1.0))


def best_of_few(
    cover: Cover, weight: IntArray, cost: IntArray, money: int, *, known: BoolArray, nodes: int, seconds: float
) -> BoolArray:
    """Return a choice no worse than ``known``, the best where HiGHS needs no more than ``nodes`` to see it."""
    start = np.append(known, cover.matrix @ known > 0).astype(np.float64)
    whole = np.arange(len(start)) < cover.sites
    model = whole_model(cover, weight, cost, money)
    answer = best_choice(*model, whole=whole, nodes=nodes, seconds=seconds, start=start)
    chosen: BoolArray = known if answer is None else answer[: cover.sites] > 0.5
    return chosen
