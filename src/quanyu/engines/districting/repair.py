"""Bring districts into the range: cut them anew, exactly, together with some of those around them."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, WordArray, uniform
from quanyu.engines.districting.cutting import COARSE_BITS, Cutter
from quanyu.engines.districting.plans import (
    breach_of,
    breach_price,
    compact,
    copied,
    groups,
    least_breach_price,
    numbered,
    out_of_range,
    part,
    pieces,
)

# A region is cut exactly when it weighs about so many districts: a random tree of a large region nearly always has some
# corner that fits no range, one of a small region seldom.
REGION_DISTRICTS = 6
TREES_COARSE, TREES_FIRST, TREES_TWO, TREES = 20, 30, 30, 4
# Regions tried for a district out of range, by the number of districts in them.
TRIES = {2: 12, 3: 24, 4: 24, 5: 16, 6: 16, 8: 12}
# Districts around one out of range that are recombined, how often, and at what temperatures.
SHAKEN_DISTRICTS, SHAKING_STEPS, SHAKING_HEAT = 12, 1000, (1.0, 0.1, 1.0)
# First plans of k districts, of which the most even one is taken.
STARTS = 12


def first_plan(cutter: Cutter, k: int | None) -> Plan:
    """Return a plan cut from random trees: k districts, or as many as the range asks for."""
    graph, rules = cutter.graph, cutter.rules
    label = np.full(len(graph.weight), -1, dtype=np.int64)
    count = _kernels.grow_regions(graph, max(REGION_DISTRICTS * rules.target, 1), label)
    regions = list(groups(np.arange(len(label)), label).values())
    if k is not None:
        if k <= REGION_DISTRICTS or count >= k:
            regions = [np.arange(len(label))]
        shares = _shares(cutter, regions, k)
        tries = [_cut_into(cutter, regions, shares) for _ in range(STARTS)]
        return min(tries, key=lambda plan: int(np.abs(plan.size - plan.size.mean()).max()))
    used = 0
    for region in regions:
        found = cutter.exactly(region, TREES_COARSE, bits=COARSE_BITS)
        if found is None:
            found = cutter.exactly(region, TREES_FIRST)
        if found is None:
            found = cutter.into(region, min(_districts(cutter, region), len(region)))
        label[region] = found + used
        used += int(found.max()) + 1
    return numbered(graph, label)


def _cut_into(cutter: Cutter, regions: list[IntArray], shares: list[int]) -> Plan:
    label, used = np.empty(len(cutter.graph.weight), dtype=np.int64), 0
    for region, share in zip(regions, shares, strict=True):
        label[region] = cutter.into(region, share) + used
        used += share
    return numbered(cutter.graph, label)


def _shares(cutter: Cutter, regions: list[IntArray], k: int) -> list[int]:
    """Return how many of k districts each region is cut into: by weight (Sainte-Laguë), one at least."""
    weight = np.array([max(int(cutter.graph.weight[region].sum()), 1) for region in regions])
    shares, room = np.ones(len(regions), dtype=np.int64), np.array([len(region) for region in regions])
    for _ in range(k - len(regions)):
        shares[int(np.where(shares < room, weight / (2 * shares + 1), -1.0).argmax())] += 1
    return [int(share) for share in shares]


def _districts(cutter: Cutter, region: IntArray) -> int:
    """Return how many districts a region is cut into: such that they break the range least, then near the target."""
    rules, total = cutter.rules, int(cutter.graph.weight[region].sum())
    fewest, most = max(-(-total // rules.upper), 1), max(total // max(rules.lower, 1), 1)
    if fewest <= most:
        return min(max(round(total / rules.target), fewest), most)
    return fewest if fewest * rules.lower - total < total - most * rules.upper else most


def plan_from_previous(graph: Graph) -> Plan:
    """Return the first previous districts as they are, each piece by itself; atoms without one join a neighbour's."""
    label = graph.previous[:, 0].copy()
    rows = np.repeat(np.arange(len(label)), np.diff(graph.indptr))
    while (label < 0).any():
        entry = np.flatnonzero((label[rows] < 0) & (label[graph.indices] >= 0))
        if not len(entry):
            label[label < 0] = label.max() + 1
        label[rows[entry]] = label[graph.indices[entry]]
    return numbered(graph, pieces(graph, label))


def repair(cutter: Cutter, plan: Plan, *, keeps_count: bool = False) -> Plan:
    """Return a plan with no more districts out of range, and fewer where some cut of a few districts allows it."""
    broken = np.flatnonzero(out_of_range(plan.size, cutter.rules.lower, cutter.rules.upper))
    if not len(broken):
        return plan
    mosaic = _Mosaic(cutter.graph, plan.label)
    for atom in [int(mosaic.atoms[district][0]) for district in broken.tolist()]:
        _repair_one(cutter, mosaic, atom, keeps_count)
    return numbered(cutter.graph, mosaic.label)


def _repair_one(cutter: Cutter, mosaic: _Mosaic, atom: int, keeps_count: bool) -> None:
    rules = cutter.rules
    weight = int(cutter.graph.weight[mosaic.atoms[int(mosaic.label[atom])]].sum())
    if rules.lower <= weight <= rules.upper:
        return
    for districts in (2,) if keeps_count else (1, 2):
        chosen = mosaic.around(int(mosaic.label[atom]), districts, cutter.random)
        region = mosaic.region(chosen)
        size = np.array([cutter.graph.weight[mosaic.atoms[each]].sum() for each in chosen])
        if least_breach_price(int(size.sum()), rules) > 0:
            found = cutter.in_two(region, TREES_TWO, int(breach_price(size, rules).sum()))
            if found is not None:
                mosaic.replace(region, found)
                return
    seen = set()
    for districts, tries in TRIES.items():
        for _ in range(tries):
            chosen = mosaic.around(int(mosaic.label[atom]), districts, cutter.random)
            if chosen in seen:
                continue
            seen.add(chosen)
            region = mosaic.region(chosen)
            found = cutter.exactly(region, TREES, mosaic.label)
            if found is not None and (not keeps_count or found.max() + 1 == len(chosen)):
                mosaic.replace(region, found)
                return


def shaken(cutter: Cutter, plan: Plan) -> Plan:
    """Return a plan with a few districts around each one out of range recombined many times, where that mends it."""
    broken = np.flatnonzero(out_of_range(plan.size, cutter.rules.lower, cutter.rules.upper))
    mosaic = _Mosaic(cutter.graph, plan.label)
    for atom in [int(mosaic.atoms[district][0]) for district in broken.tolist()]:
        region = mosaic.region(mosaic.around(int(mosaic.label[atom]), SHAKEN_DISTRICTS, cutter.random))
        graph = part(cutter.graph, region)
        before = numbered(graph, compact(mosaic.label[region]))
        after, memory = copied(before), _kernels.scratch(graph)
        _kernels.recombine(
            graph, cutter.rules, after, after, np.empty(0), SHAKING_HEAT, 0, SHAKING_STEPS, SHAKING_STEPS, memory,
            cutter.random,
        )  # fmt: skip
        if breach_of(after, cutter.rules) < breach_of(before, cutter.rules):
            mosaic.replace(region, after.label)
    return numbered(cutter.graph, mosaic.label)


class _Mosaic:
    """A plan with the atoms and the neighbours of each district at hand."""

    def __init__(self, graph: Graph, label: IntArray) -> None:
        self.graph, self.label, self.next = graph, label.copy(), int(label.max()) + 1
        self.atoms = groups(np.arange(len(label)), label)
        self.neighbours: dict[int, list[int]] = {}

    def around(self, district: int, count: int, random: WordArray) -> frozenset[int]:
        """Return up to ``count`` districts that hang together, one of them given, the others by chance."""
        chosen, edge = [district], list(self._beside(district))
        while edge and len(chosen) < count:
            another = edge.pop(int(uniform(random) * len(edge)))
            if another not in chosen:
                chosen.append(another)
                edge += self._beside(another)
        return frozenset(chosen)

    def region(self, districts: frozenset[int]) -> IntArray:
        """Return the atoms of districts, in order."""
        return np.sort(np.concatenate([self.atoms[each] for each in districts]))

    def replace(self, region: IntArray, found: IntArray) -> None:
        """Put new districts in the place of those of a region."""
        for old in np.unique(self.label[region]).tolist():
            for other in self._beside(old):
                self.neighbours.pop(other, None)
            self.neighbours.pop(old, None)
            del self.atoms[old]
        self.label[region] = found + self.next
        for new in np.unique(found).tolist():
            self.atoms[new + self.next] = region[found == new]
        self.next += int(found.max()) + 1

    def _beside(self, district: int) -> list[int]:
        if district not in self.neighbours:
            indptr, indices = self.graph.indptr, self.graph.indices
            around = np.concatenate([indices[indptr[u] : indptr[u + 1]] for u in self.atoms[district].tolist()])
            self.neighbours[district] = sorted(set(self.label[around].tolist()) - {district})
        return self.neighbours[district]
