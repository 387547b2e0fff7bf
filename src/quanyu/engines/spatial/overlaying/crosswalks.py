"""Crosswalks: how the polygons of two layers go over into each other, and how far the layers agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray, number
from quanyu.engines.spatial.overlaying.pieces import Pieces, number_rows, sums
from quanyu.errors import BadValue

SLIVER_M2, SLIVER_SHARE = 50.0, 0.005
# A piece with so much of a polygon is what the polygon is, however small.
MAIN_SHARE = 0.5


@dataclass(frozen=True)
class Crosswalk:
    """The common ground of the polygons of two layers, one row for each pair that has some.

    Attributes
    ----------
    pairs : (r, 2) polygon of the one layer and of the other; −1 for ground that the layer leaves out
    area_m2 : (r,)
    households : (r,) or None without places
    area_share : (r, 2) share of the one polygon, and of the other
    household_share : (r, 2) the same by households, 0 where the polygon has none; None without places
    """

    pairs: IntArray
    area_m2: FloatArray
    households: IntArray | None
    area_share: FloatArray
    household_share: FloatArray | None


@dataclass(frozen=True)
class Agreement:
    """How far two divisions are the same.

    Attributes
    ----------
    pairs : (q, 2) the pairing, polygon to polygon, with the most households (or area) in common
    matched : share of the households (or area) of both layers that lie in these pairs
    variation_bits : variation of information; 0 where the divisions are the same
    """

    pairs: IntArray
    matched: float
    variation_bits: float


def crosswalk(pieces: Pieces, one: int, other: int) -> Crosswalk:
    """Return how the polygons of two layers go over into each other, both ways.

    Parameters
    ----------
    one, other : layers

    Raises
    ------
    BadValue
        There is no such layer.
    """
    labels = pieces.labels[:, [_layer(pieces, "one", one), _layer(pieces, "other", other)]]
    held = np.flatnonzero((labels >= 0).any(axis=1))
    labels = labels[held]
    first, kind = number_rows(labels)
    pairs = labels[first]
    area = sums(kind, pieces.area_m2[held], len(first))
    if pieces.households is None:
        return Crosswalk(pairs, area, None, _shares(pairs, area), None)
    households = sums(kind, pieces.households[held], len(first))
    return Crosswalk(pairs, area, households.astype(np.int64), _shares(pairs, area), _shares(pairs, households))


def agreement(pieces: Pieces, one: int, other: int, *, by: str = "households") -> Agreement:
    """Return how far two layers agree, on the ground that both hold.

    Parameters
    ----------
    one, other : layers
    by : "households" or "area"

    Raises
    ------
    BadValue
        There is no such layer, ``by`` is something else, or no households were given.

    References
    ----------
    Meilă, "Comparing clusterings—an information based distance", J. Multivariate Analysis 98 (2007). The pairing is a
    maximum-weight matching, as for the "maximum match measure" there.
    """
    if by not in ("households", "area") or (by == "households" and pieces.households is None):
        allowed = "households or area" if pieces.households is not None else "area, since no places were given"
        raise BadValue(name="by", value=by, allowed=allowed)
    table = crosswalk(pieces, one, other)
    weight = np.asarray(table.area_m2 if by == "area" else table.households, dtype=np.float64)
    both = (table.pairs >= 0).all(axis=1) & (weight > 0)
    pairs, weight = table.pairs[both], weight[both]
    whole = float(weight.sum())
    if whole == 0:
        return Agreement(np.empty((0, 2), dtype=np.int64), 0.0, 0.0)
    chosen = _matching(pairs, weight)
    share = weight / whole
    inside = [np.bincount(pairs[:, side], weights=share)[pairs[:, side]] for side in (0, 1)]
    # H(one | other) + H(other | one), each −Σ p log p(one | other).
    variation = -float((share * (np.log2(share / inside[0]) + np.log2(share / inside[1]))).sum())
    return Agreement(pairs[chosen], float(weight[chosen].sum()) / whole, max(variation, 0.0))


def drawn_twice(pieces: Pieces, *, area_m2: float = SLIVER_M2, share: float = SLIVER_SHARE) -> IntArray:
    """Return the rows of pieces that look like a border drawn twice.

    Those are pieces below ``area_m2``, or below ``share`` of each of their polygons; but for pieces that are the main
    part of one of their polygons, and those without ground, which only hold places on a border.
    """
    number("area_m2", area_m2, low=0.0)
    number("share", share, low=0.0, high=MAIN_SHARE)
    shares = np.zeros(pieces.labels.shape)
    for layer, column in enumerate(pieces.labels.T):
        held = column >= 0
        whole = np.bincount(column[held], weights=pieces.area_m2[held])
        shares[held, layer] = pieces.area_m2[held] / np.maximum(whole[column[held]], np.finfo(float).tiny)
    largest = shares.max(axis=1)
    small = (pieces.area_m2 < area_m2) | (largest < share)
    return np.flatnonzero(small & (largest < MAIN_SHARE) & (pieces.area_m2 > 0))


def shared_borders(pieces: Pieces, layers: list[int], within: int) -> BoolArray:
    """Return whether the polygons of some layers are the same inside each polygon of another layer.

    Pieces that look like a border drawn twice do not count against it; ground that one layer leaves out does.

    Parameters
    ----------
    layers : those compared, such as four departments' grids
    within : the layer of the territory's own units, such as communities

    Returns
    -------
    (p,) true or false for each polygon of ``within`` up to the last one that has ground

    Raises
    ------
    BadValue
        There is no such layer.
    """
    unit = pieces.labels[:, _layer(pieces, "within", within)]
    compared = pieces.labels[:, [_layer(pieces, "layers", layer) for layer in layers]]
    real = np.setdiff1d(np.flatnonzero((unit >= 0) & (pieces.area_m2 > 0)), drawn_twice(pieces))
    unit, compared = unit[real], compared[real]
    count = int(pieces.labels[:, within].max(initial=-1)) + 1
    together = _kinds_in(unit, compared, count)
    same = np.ones(count, dtype=np.bool_)
    for column in range(compared.shape[1]):
        same &= _kinds_in(unit, compared[:, [column]], count) == together
    return same


def _layer(pieces: Pieces, name: str, layer: int) -> int:
    layers = pieces.labels.shape[1]
    if not 0 <= layer < layers:
        raise BadValue(name=name, value=layer, allowed=f"a layer from 0 to {layers - 1}")
    return layer


def _shares(pairs: IntArray, weight: FloatArray) -> FloatArray:
    result = np.zeros((len(pairs), 2))
    for side in (0, 1):
        whole = np.bincount(pairs[:, side] + 1, weights=weight)[pairs[:, side] + 1]
        np.divide(weight, whole, out=result[:, side], where=whole > 0)
    return result


def _matching(pairs: IntArray, weight: FloatArray) -> IntArray:
    """Return the rows of the pairs in a matching of the largest weight."""
    rows, columns = (np.unique(pairs[:, side], return_inverse=True) for side in (0, 1))
    count, others = len(rows[0]), len(columns[0])
    # Everybody may also stay alone, with a partner of his own: then all can be matched, and all have the same bonus.
    alone = np.arange(count)
    bonus = weight.max()
    table = sparse.csr_array(
        (
            np.concatenate([weight + bonus, np.full(count, bonus)]),
            (np.concatenate([rows[1], alone]), np.concatenate([columns[1], others + alone])),
        ),
        shape=(count, others + count),
    )
    row, column = min_weight_full_bipartite_matching(table, maximize=True)
    row_of = sparse.coo_array((np.arange(1, len(pairs) + 1), (rows[1], columns[1])), shape=(count, others)).tocsr()
    matched = column < others
    return np.sort(np.asarray(row_of[row[matched], column[matched]]).ravel() - 1)


def _kinds_in(unit: IntArray, labels: IntArray, count: int) -> IntArray:
    """Return how many kinds of rows there are in each unit."""
    first, _ = number_rows(np.column_stack([unit, labels]))
    return np.bincount(unit[first], minlength=count)
