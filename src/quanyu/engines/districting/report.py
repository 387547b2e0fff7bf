"""Say what is proven, which rules could not be kept and why, and what would mend it."""

from __future__ import annotations

from typing import Any

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting.blocks import Block, least_breach_of
from quanyu.engines.districting.certificates import fewest_bins, least_breach, pinned
from quanyu.engines.districting.plans import compact, out_of_range, overlaps
from quanyu.engines.districting.problem import Problem
from quanyu.engines.districting.result import Bound, Unmet


def in_order(labels: IntArray) -> IntArray:
    """Number districts by their first atom, so that labels say nothing of the way they were found."""
    number = compact(labels)
    first = np.full(int(number.max()) + 1, len(number))
    np.minimum.at(first, number, np.arange(len(number)))
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    result: IntArray = rank[number]
    return result


def bound(problem: Problem, parts: list[Block]) -> Bound:
    """Return what is proven of every plan in range."""
    moved = sum(_least_moved(problem, block) for block in parts if not block.rule) if problem.previous.size else None
    if problem.k is not None:
        districts = max(problem.k, len(parts))
        return Bound(districts, districts, moved)
    low = sum(_fewest(problem, block) if not block.rule or block.rule == "gap" else 1 for block in parts)
    high = None if any(block.rule for block in parts) else sum(block.high for block in parts)
    return Bound(low, high, moved)


def _fewest(problem: Problem, block: Block) -> int:
    return max(1, block.low, fewest_bins(problem.weights[block.atoms], problem.upper))


def _least_moved(problem: Problem, block: Block) -> int:
    """Return how many households of a block move at least when all its districts come into range.

    Of a district too heavy the excess must leave. A district too light is filled, by as much as it lacks, or given up,
    with all it has; one household that moves can serve two such districts, no more, and one that was in no district
    serves one without a move.
    """
    before = problem.previous[block.atoms, 0]
    known = before >= 0
    if not known.any():
        return 0
    size = np.bincount(compact(before[known]), weights=problem.weights[block.atoms[known]]).astype(np.int64)
    size = size[size > 0]
    light = size[size < problem.lower]
    leave = int(np.maximum(size - problem.upper, 0).sum())
    unserved = int(np.minimum(problem.lower - light, light).sum()) - int(problem.weights[block.atoms[~known]].sum())
    return max(leave, -(-unserved // 2), 0)


def unmet_rules(problem: Problem, parts: list[Block], labels: IntArray) -> tuple[Unmet, ...]:
    """Return every rule that the plan does not keep: first what is proven, then what was not found."""
    size = np.bincount(labels, weights=problem.weights).astype(np.int64)
    out = out_of_range(size, problem.lower, problem.upper)
    proven = [_proven(problem, block, labels, out) for block in parts if block.rule]
    if problem.k is not None:
        proven += _proven_of_k(problem, problem.k, parts, labels, size, out)
    else:
        proven += [each for block in parts if not block.rule for each in _pinned(problem, block, labels, size, out)]
    told = {label for each in proven for label in each.districts}
    missed = []
    for label in np.flatnonzero(out).tolist():
        if label not in told:
            atoms, weight = np.flatnonzero(labels == label), int(size[label])
            mends = _norms(problem, size[[label]])
            missed.append(Unmet(atoms, "not_found", weight, int(out[label]), False, (label,), mends))
    return (*proven, *missed)


def _pinned(problem: Problem, block: Block, labels: IntArray, size: IntArray, out: IntArray) -> list[Unmet]:
    """Return what is proven of a block with districts out of range: that some must be, in all of it or in parts."""
    broken = [label for label in np.unique(labels[block.atoms]).tolist() if out[label] > 0]
    if not broken:
        return []
    total = int(out[broken].sum())
    if least := least_breach(problem, block, total):
        mends = _norms(problem, size[broken])
        return [Unmet(block.atoms, "pinned", block.weight, least, True, tuple(broken), mends)]
    atoms = [np.flatnonzero(labels == label) for label in broken]
    homes = [int(each[problem.weights[each].argmax()]) for each in atoms]
    proofs = pinned(problem, homes, total)
    concerned = [[label for label in broken if (labels[part] == label).any()] for part, _ in proofs]
    if sum(least for _, least in proofs) >= total:
        # Together the parts lack as much as is out of range, wherever the districts that do not touch them lie.
        concerned[-1] += [label for label in broken if not any(label in each for each in concerned)]
    return [
        Unmet(
            part, "pinned", int(problem.weights[part].sum()), least, True, tuple(each), _norms(problem, size[each])
        )
        for (part, least), each in zip(proofs, concerned, strict=True)
    ]  # fmt: skip


def _norms(problem: Problem, size: IntArray) -> tuple[tuple[str, Any], ...]:
    """Return the norms by which districts of these weights would be in range."""
    low, high = int(size.min()), int(size.max())
    lower = (("lower", low),) if low < problem.lower else ()
    upper = (("upper", high),) if high > problem.upper else ()
    return (*lower, *upper)


def _proven_of_k(
    problem: Problem, k: int, parts: list[Block], labels: IntArray, size: IntArray, out: IntArray
) -> list[Unmet]:
    """Return more pieces than k, atoms heavier than the range, and pieces that their share of k cannot keep in it."""
    upper, found = problem.upper, []
    if (by := len(parts) - k) > 0:
        everything, total = np.arange(len(labels)), int(problem.weights.sum())
        found.append(Unmet(everything, "pieces", total, by, True, tuple(range(len(parts))), (("k", len(parts)),)))
    for atom in np.flatnonzero(problem.weights > upper):
        weight = int(problem.weights[atom])
        mends = (("split", -(-weight // upper)), ("upper", weight))
        found.append(Unmet(np.array([atom]), "heavy", weight, weight - upper, True, (int(labels[atom]),), mends))
    return found + [each for block in parts if (each := _proven_of_share(problem, block, labels, size, out))]


def _proven_of_share(problem: Problem, block: Block, labels: IntArray, size: IntArray, out: IntArray) -> Unmet | None:
    """Return by how much a block with its share of the districts is out of range, beyond what its heavy atoms are."""
    here = np.unique(labels[block.atoms])
    broken = here[out[here] > 0]
    heavy = int(np.maximum(problem.weights[block.atoms] - problem.upper, 0).sum())
    by_weight, total = least_breach_of(problem, block.weight, block.low), int(out[broken].sum())
    least = max(by_weight, least_breach(problem, block, total) if total > by_weight else 0)
    if least <= heavy:
        return None
    if least > by_weight:
        mends = _norms(problem, size[broken])
        return Unmet(block.atoms, "pinned", block.weight, least - heavy, True, tuple(broken.tolist()), mends)
    light = block.weight < block.low * problem.lower
    mend = ("lower", block.weight // block.low) if light else ("upper", -(-block.weight // block.low))
    return Unmet(block.atoms, "gap", block.weight, least - heavy, True, tuple(here.tolist()), (mend,))


def _proven(problem: Problem, block: Block, labels: IntArray, out: IntArray) -> Unmet:
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
        if (total := int(out[list(districts)].sum())) > by:
            by = max(by, least_breach(problem, block, total))
        mends = [("lower", weight // more), ("upper", -(-weight // max(fewer, 1)))]
    if around and block.rule in ("light", "empty", "gap"):
        mends.append(("barrier_or_border", around))
    return Unmet(block.atoms, block.rule, weight, int(by), True, districts, tuple(mends))


def _across(problem: Problem, block: Block, labels: IntArray) -> IntArray:
    """Return the districts on the other side of the barriers and borders around a block."""
    matrix, inside = problem.adjacency, np.zeros(len(labels), dtype=bool)
    inside[block.atoms] = True
    beside = np.concatenate([matrix.indices[matrix.indptr[u] : matrix.indptr[u + 1]] for u in block.atoms.tolist()])
    result: IntArray = np.unique(labels[beside[~inside[beside]]])
    return result


def moved_weights(problem: Problem, labels: IntArray) -> tuple[int, ...]:
    """Return the households outside the district that keeps most of their previous one, for each previous division."""
    moved = []
    for previous in problem.previous.T:
        known = int(problem.weights[previous >= 0].sum())
        moved.append(known - sum(shared for _, _, shared in overlaps(labels, previous, problem.weights)))
    return tuple(moved)
