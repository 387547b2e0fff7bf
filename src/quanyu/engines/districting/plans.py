"""Plans of one block: numbered, judged, matched with previous districts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules, WordArray

Value = tuple[int, float]


def compact(label: IntArray) -> IntArray:
    """Return labels numbered from 0, in their order; none is far above how many there are."""
    used = np.zeros(int(label.max()) + 1, dtype=bool)
    used[label] = True
    result: IntArray = (np.cumsum(used) - 1)[label]
    return result


def numbered(graph: Graph, label: IntArray) -> Plan:
    """Return a plan with districts numbered from 0, and matched with the previous ones."""
    label = compact(label)
    count = int(label.max()) + 1
    return Plan(
        label=label, size=np.bincount(label, weights=graph.weight, minlength=count).astype(np.int64),
        anchor=_anchors(graph, label, count), around=_outlines(graph, label, count),
        extent=added(graph.extent, label, count), loads=added(graph.loads, label, count),
    )  # fmt: skip


def copied(plan: Plan) -> Plan:
    """Return a copy."""
    return Plan(
        plan.label.copy(), plan.size.copy(), plan.anchor.copy(), plan.around.copy(), plan.extent.copy(),
        plan.loads.copy(),
    )  # fmt: skip


def added(values: FloatArray, label: IntArray, count: int) -> FloatArray:
    """Return the sums of columns over the atoms with each label."""
    sums = np.empty((count, values.shape[1]))
    for j in range(values.shape[1]):
        sums[:, j] = np.bincount(label, weights=values[:, j], minlength=count)
    return sums


def internal(graph: Graph, label: IntArray, count: int) -> FloatArray:
    """Return the borders between atoms of one label, counted from both sides."""
    rows = np.repeat(label, np.diff(graph.indptr))
    inside = rows == label[graph.indices]
    return np.bincount(rows[inside], weights=graph.length[inside], minlength=count).astype(np.float64)


def _outlines(graph: Graph, label: IntArray, count: int) -> FloatArray:
    if not graph.extent.shape[1]:
        return np.zeros(count)
    whole: FloatArray = np.bincount(label, weights=graph.around, minlength=count).astype(np.float64)
    return whole - internal(graph, label, count)


def part(graph: Graph, atoms: IntArray) -> Graph:
    """Return the graph of some atoms, without their edges to others."""
    place = np.full(len(graph.weight), -1, dtype=np.int32)
    place[atoms] = np.arange(len(atoms))
    entries = np.concatenate([np.arange(graph.indptr[u], graph.indptr[u + 1]) for u in atoms.tolist()])
    rows = np.repeat(np.arange(len(atoms)), graph.indptr[atoms + 1] - graph.indptr[atoms])
    columns = place[graph.indices[entries]]
    inside = columns >= 0
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[inside], minlength=len(atoms)))]).astype(np.int32)
    return Graph(
        indptr, columns[inside], graph.length[entries[inside]], graph.weight[atoms], graph.previous[atoms],
        graph.keep[atoms], graph.around[atoms], graph.extent[atoms], graph.loads[atoms],
    )  # fmt: skip


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
    anchor = np.full((count, graph.previous.shape[1]), -2, dtype=np.int64)
    for j in range(graph.previous.shape[1]):
        for district, before, _ in overlaps(label, graph.previous[:, j], graph.weight):
            anchor[district, j] = before
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


def breach_of(plan: Plan, rules: Rules) -> int:
    """Return the price of what is out of range in a plan."""
    return int(breach_price(plan.size, rules).sum())


def least_breach_price(total: int, rules: Rules) -> int:
    """Return the price of what is out of range at the least when so many households are divided in any way."""
    out = int(_kernels.breach(total, rules.lower, rules.upper))
    return out * _kernels.HOUSEHOLD + (out > 0)


def cost(graph: Graph, plan: Plan, rules: Rules) -> float:
    """Return what a plan costs beside what is out of range: shapes, loads, distance from the target, moves."""
    spread = rules.pull * float(((plan.size - rules.target) ** 2.0).sum())
    loads = rules.balance * float(((plan.loads / rules.mean_loads - 1.0) ** 2).sum())
    return _shapes(graph, plan, rules) + spread + loads + float(rules.stay @ moved(graph, plan))


def _shapes(graph: Graph, plan: Plan, rules: Rules) -> float:
    if rules.aim == _kernels.CUT:
        rows = np.repeat(plan.label, np.diff(graph.indptr))
        return float(graph.length[rows != plan.label[graph.indices]].sum()) / 2
    sums = np.zeros((len(plan.size), 5))
    sums[:, 0], sums[:, 1 : 1 + plan.extent.shape[1]] = plan.around, plan.extent
    return float(sum(_kernels.shape_price(rules, *each) for each in sums.tolist()))


def moved(graph: Graph, plan: Plan) -> FloatArray:
    """Return the households outside the district that follows their previous one, for each previous division.

    Ground without households counts a little.
    """
    away = (graph.previous >= 0) & (plan.anchor[plan.label] != graph.previous)
    result: FloatArray = graph.keep @ away
    return result


def value(graph: Graph, plan: Plan, rules: Rules) -> Value:
    """Return what makes one plan better than another: the price of what is out of range, then the cost."""
    return breach_of(plan, rules), cost(graph, plan, rules)
