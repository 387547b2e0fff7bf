"""Say what is proven, which rules could not be kept and why, and what would mend it."""

from __future__ import annotations

from typing import Any

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting.plans import overlaps
from quanyu.engines.districting.problem import Block, Problem
from quanyu.engines.districting.result import Bound, Unmet


def in_order(labels: IntArray) -> IntArray:
    """Number districts by their first atom, so that labels say nothing of the way they were found."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    result: IntArray = rank[inverse]
    return result


def bound(problem: Problem, parts: list[Block]) -> Bound:
    if problem.k is not None:
        return Bound(problem.k, problem.k, None)
    low = sum(max(1, block.low) if not block.rule or block.rule == "gap" else 1 for block in parts)
    high = None if any(block.rule for block in parts) else sum(block.high for block in parts)
    return Bound(low, high, None)


def unmet_rules(problem: Problem, parts: list[Block], labels: IntArray) -> tuple[Unmet, ...]:
    """Return every rule that the plan does not keep: first what is proven, then what was not found."""
    proven = tuple(_proven(problem, block, labels) for block in parts if block.rule)
    return proven + _not_found(problem, parts, labels)


def _proven(problem: Problem, block: Block, labels: IntArray) -> Unmet:
    """Say why no plan keeps the range in a block, by how much at least, and what would mend it."""
    lower, upper, weight = problem.lower, problem.upper, block.weight
    districts = tuple(int(label) for label in np.unique(labels[block.atoms]))
    around = tuple(int(label) for label in _across(problem, block, labels))
    mends: list[tuple[str, Any]] = []
    by = 0
    if block.rule == "heavy":
        by = weight - upper
        mends = [("split", int(-(-weight // upper))), ("upper", weight)]
    elif block.rule == "light":
        by = lower - weight
        mends = [("lower", weight)]
    elif block.rule == "gap":
        fewer, more = weight // lower, -(-weight // upper)
        # Fewer districts are too heavy together, more are too light: the smaller sum is the least that must break.
        by = min(weight - fewer * upper if fewer else weight, more * lower - weight)
        mends = [("lower", weight // more), ("upper", -(-weight // max(fewer, 1)))]
    if around and block.rule in ("light", "empty", "gap"):
        mends.append(("barrier_or_border", around))
    return Unmet(block.atoms, block.rule, weight, int(by), True, districts, tuple(mends))


def _across(problem: Problem, block: Block, labels: IntArray) -> IntArray:
    """Return the districts on the other side of the barriers and borders around a block."""
    inside = np.zeros(len(labels), dtype=bool)
    inside[block.atoms] = True
    rows = np.repeat(np.arange(len(labels)), np.diff(problem.adjacency.indptr))
    over = inside[rows] & ~inside[problem.adjacency.indices]
    result: IntArray = np.unique(labels[problem.adjacency.indices[over]])
    return result


def _not_found(problem: Problem, parts: list[Block], labels: IntArray) -> tuple[Unmet, ...]:
    """Report districts out of range in blocks where nothing proves that they must be."""
    found = []
    size = np.bincount(labels, weights=problem.weights).astype(np.int64)
    for block in parts:
        if block.rule:
            continue
        for label in np.unique(labels[block.atoms]):
            by = int(max(problem.lower - size[label], size[label] - problem.upper, 0))
            if by:
                atoms = np.flatnonzero(labels == label)
                mend = ("upper", int(size[label])) if size[label] > problem.upper else ("lower", int(size[label]))
                found.append(Unmet(atoms, "not_found", int(size[label]), by, False, (int(label),), (mend,)))
    return tuple(found)


def moved_weight(problem: Problem, labels: IntArray) -> int:
    """Return the households outside the district that keeps most of their previous one."""
    matched = overlaps(labels, problem.previous, problem.weights)
    return int(problem.weights[problem.previous >= 0].sum()) - sum(shared for _, _, shared in matched)
