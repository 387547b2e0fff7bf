"""Plans of one block: numbered, judged, matched with previous districts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules, WordArray

Value = tuple[int, float]


def numbered(graph: Graph, label: IntArray) -> Plan:
    """Return a plan with districts numbered from 0, and matched with the previous ones."""
    compact = np.unique(label, return_inverse=True)[1].astype(np.int64)
    count = int(compact.max()) + 1
    size = np.bincount(compact, weights=graph.weight, minlength=count).astype(np.int64)
    return Plan(compact, size, _anchors(graph, compact, count))


def copied(plan: Plan) -> Plan:
    """Return a copy."""
    return Plan(plan.label.copy(), plan.size.copy(), plan.anchor.copy())


def pieces(graph: Graph, label: IntArray) -> IntArray:
    """Return labels by which each connected piece of a district is a district of its own."""
    rows = np.repeat(np.arange(len(label)), np.diff(graph.indptr))
    same = label[rows] == label[graph.indices]
    matrix = sparse.csr_array((np.ones(same.sum()), (rows[same], graph.indices[same])), shape=(len(label),) * 2)
    result: IntArray = connected_components(matrix, directed=False)[1].astype(np.int64)
    return result


def groups(atoms: IntArray, label: IntArray) -> dict[int, IntArray]:
    """Return those of the atoms that have each label."""
    order = atoms[np.argsort(label[atoms], kind="stable")]
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    return {int(label[group[0]]): group for group in np.split(order, starts[1:])}


def as_bits(atoms: IntArray, beside: Iterable[Iterable[int]]) -> WordArray:
    """Return for each of up to 64 atoms those of them that are among what lies beside it, as bits."""
    place = {atom: i for i, atom in enumerate(atoms.tolist())}
    return np.array([sum(1 << place[v] for v in row if v in place) for row in beside], dtype=np.uint64)


def overlaps(label: IntArray, previous: IntArray, weight: IntArray) -> list[tuple[int, int, int]]:
    """Match districts with previous ones, each at most once, by what they share, largest first.

    Returns (district, previous district, shared weight) of each match.
    """
    known = previous >= 0
    pairs, inverse = np.unique(np.column_stack([label[known], previous[known]]), axis=0, return_inverse=True)
    shared = np.bincount(inverse.ravel(), weights=weight[known], minlength=len(pairs))
    new, old, matched = set(), set(), []
    for index in np.lexsort((pairs[:, 1], pairs[:, 0], -shared)).tolist():
        district, before = int(pairs[index, 0]), int(pairs[index, 1])
        if district not in new and before not in old:
            new.add(district)
            old.add(before)
            matched.append((district, before, int(shared[index])))
    return matched


def _anchors(graph: Graph, label: IntArray, count: int) -> IntArray:
    anchor = np.full(count, -2, dtype=np.int64)
    if (graph.previous >= 0).any():
        for district, before, _ in overlaps(label, graph.previous, graph.weight):
            anchor[district] = before
    return anchor


def out_of_range(size: IntArray, lower: int, upper: int) -> IntArray:
    """Return how many households districts of these weights lie outside [lower, upper]."""
    result: IntArray = np.maximum(lower - size, 0) + np.maximum(size - upper, 0)
    return result


def breach_price(size: IntArray, rules: Rules) -> IntArray:
    """Return what is out of range in districts of these weights: households first, then 1 for each district."""
    out = out_of_range(size, rules.lower, rules.upper)
    result: IntArray = out * _kernels.HOUSEHOLD + (out > 0)
    return result


def least_breach_price(total: int, rules: Rules) -> int:
    """Return the price of what is out of range at the least when so many households are divided in any way."""
    out = int(_kernels.breach(total, rules.lower, rules.upper))
    return out * _kernels.HOUSEHOLD + (out > 0)


def cost(graph: Graph, plan: Plan, rules: Rules) -> float:
    """Return the cut, in mean borders, with what moved households and distance from the target cost."""
    rows = np.repeat(np.arange(len(plan.label)), np.diff(graph.indptr))
    cut = float(graph.length[plan.label[rows] != plan.label[graph.indices]].sum()) / 2
    span = max(1, rules.upper - rules.lower)
    spread = rules.pull * float((((plan.size - rules.target) / span) ** 2).sum())
    return cut + spread + rules.stay * moved(graph, plan)


def moved(graph: Graph, plan: Plan) -> float:
    """Return the households outside the district that follows their previous one, with a little for empty ground."""
    return float(graph.keep[(graph.previous >= 0) & (plan.anchor[plan.label] != graph.previous)].sum())


def value(graph: Graph, plan: Plan, rules: Rules) -> Value:
    """Return what makes one plan better than another: the price of what is out of range, then the cost."""
    return int(breach_price(plan.size, rules).sum()), cost(graph, plan, rules)
