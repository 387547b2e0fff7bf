"""Bring districts into the range: cut them anew, exactly, together with some of those around them."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting._kernels import Graph, Plan, WordArray, uniform
from quanyu.engines.districting.cutting import Cutter
from quanyu.engines.districting.plans import breach_price, groups, least_breach_price, numbered, out_of_range, pieces

# A region is cut exactly when it weighs no more than so many districts: a random tree of a large region nearly always
# has some corner that fits no range, one of a small region seldom.
PIECE_DISTRICTS = 8
TREES_FIRST, TREES_TWO, TREES = 60, 30, 4
# Regions tried for a district out of range, by the number of districts in them.
TRIES = {2: 12, 3: 24, 4: 24, 5: 16, 6: 16, 8: 12}


def first_plan(cutter: Cutter, k: int | None) -> Plan:
    """Return a plan cut from random trees: k districts, or as many as the range asks for."""
    everything = np.arange(len(cutter.graph.weight))
    if k is not None:
        tries = [numbered(cutter.graph, cutter.into(everything, k)) for _ in range(12)]
        return min(tries, key=lambda plan: int(np.abs(plan.size - plan.size.mean()).max()))
    label = np.zeros(len(everything), dtype=np.int64)
    for region in _regions(cutter, everything):
        found = cutter.exactly(region, TREES_FIRST)
        if found is None:
            found = cutter.into(region, min(_districts(cutter, region), len(region)))
        label[region] = found + label.max() + 1
    return numbered(cutter.graph, label)


def _districts(cutter: Cutter, region: IntArray) -> int:
    """Return how many districts a region is cut into: such that they break the range least, then near the target."""
    rules, total = cutter.rules, int(cutter.graph.weight[region].sum())
    fewest, most = max(-(-total // rules.upper), 1), max(total // max(rules.lower, 1), 1)
    if fewest <= most:
        return min(max(round(total / rules.target), fewest), most)
    return fewest if fewest * rules.lower - total < total - most * rules.upper else most


def plan_from_previous(graph: Graph) -> Plan:
    """Return the previous districts as they are, each piece by itself; atoms without one join a neighbour's."""
    label = graph.previous.copy()
    rows = np.repeat(np.arange(len(label)), np.diff(graph.indptr))
    while (label < 0).any():
        entry = np.flatnonzero((label[rows] < 0) & (label[graph.indices] >= 0))
        if not len(entry):
            label[label < 0] = label.max() + 1
        label[rows[entry]] = label[graph.indices[entry]]
    return numbered(graph, pieces(graph, label))


def repair(cutter: Cutter, plan: Plan) -> Plan:
    """Return a plan with no more districts out of range, and fewer where some cut of a few districts allows it."""
    broken = np.flatnonzero(out_of_range(plan.size, cutter.rules.lower, cutter.rules.upper))
    if not len(broken):
        return plan
    mosaic = _Mosaic(cutter.graph, plan.label)
    for district in broken.tolist():
        _repair_one(cutter, mosaic, int(np.flatnonzero(plan.label == district)[0]))
    return numbered(cutter.graph, mosaic.label)


def _repair_one(cutter: Cutter, mosaic: _Mosaic, atom: int) -> None:
    rules = cutter.rules
    weight = int(cutter.graph.weight[mosaic.atoms[int(mosaic.label[atom])]].sum())
    if rules.lower <= weight <= rules.upper:
        return
    for districts in (1, 2):
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
            if found is not None:
                mosaic.replace(region, found)
                return


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
        self.next = int(self.label.max()) + 1

    def _beside(self, district: int) -> list[int]:
        if district not in self.neighbours:
            indptr, indices = self.graph.indptr, self.graph.indices
            around = np.concatenate([indices[indptr[u] : indptr[u + 1]] for u in self.atoms[district].tolist()])
            self.neighbours[district] = sorted(set(self.label[around].tolist()) - {district})
        return self.neighbours[district]


def _regions(cutter: Cutter, region: IntArray) -> list[IntArray]:
    """Return connected pieces of a region, each of a few districts' weight."""
    done, waiting = [], [region]
    while waiting:
        piece = waiting.pop()
        districts = int(cutter.graph.weight[piece].sum()) / cutter.rules.target
        if districts <= PIECE_DISTRICTS or len(piece) < 2:
            done.append(piece)
        else:
            waiting += cutter.halve(piece, round(districts / 2) / districts)
    return done
