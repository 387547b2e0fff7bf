"""Bring districts into the range: cut them anew, exactly, with ever more of their surroundings."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting._kernels import Graph, Plan
from quanyu.engines.districting.cutting import Cutter
from quanyu.engines.districting.plans import numbered, out_of_range, pieces

# A region is cut exactly when it weighs no more than so many districts: a random tree of a large region nearly always
# has some corner that fits no range, one of a small region seldom.
PIECE_DISTRICTS = 8
RINGS = (0, 1, 2, 3)
TREES = 60


def first_plan(cutter: Cutter, k: int | None) -> Plan:
    """Return a plan cut from random trees: k districts, or as many as the range asks for."""
    everything = np.arange(len(cutter.graph.weight))
    if k is None:
        return repair(cutter, numbered(cutter.graph, np.zeros(len(everything), dtype=np.int64)))
    tries = [numbered(cutter.graph, cutter.into(everything, k)) for _ in range(12)]
    return min(tries, key=lambda plan: int(np.abs(plan.size - plan.size.mean()).max()))


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
    """Return a plan with fewer districts out of range, or the same plan."""
    label = plan.label.copy()
    for rings in RINGS:
        broken = np.flatnonzero(out_of_range(plan, cutter.rules))
        if not len(broken):
            break
        for district in broken.tolist():
            atoms = np.flatnonzero(plan.label == district)
            if (label[atoms] != label[atoms[0]]).any() or (label == label[atoms[0]]).sum() != len(atoms):
                # A repair beside it has already changed it.
                continue
            for region in _regions(cutter, _ring(cutter.graph, label, int(atoms[0]), rings)):
                _cut_anew(cutter, label, region, rings)
        plan = numbered(cutter.graph, label)
        label = plan.label.copy()
    return plan


def _cut_anew(cutter: Cutter, label: IntArray, region: IntArray, rings: int) -> None:
    """Write new labels for a region: exact ones; for a heavy district alone, else some of about the right weight."""
    found = cutter.exactly(region, TREES, label)
    if found is None and rings == 0:
        wanted = round(int(cutter.graph.weight[region].sum()) / max(cutter.rules.target, 1))
        found = cutter.into(region, min(max(wanted, 1), len(region)))
    if found is not None:
        label[region] = found + label.max() + 1


def _regions(cutter: Cutter, region: IntArray) -> list[IntArray]:
    """Return connected pieces of a region, each of a few districts' weight."""
    done, waiting = [], [region]
    while waiting:
        piece = waiting.pop()
        districts = int(cutter.graph.weight[piece].sum()) / max(cutter.rules.target, 1)
        if districts <= PIECE_DISTRICTS or len(piece) < 2:
            done.append(piece)
        else:
            waiting += cutter.halve(piece, round(districts / 2) / districts)
    return done


def _ring(graph: Graph, label: IntArray, atom: int, rings: int) -> IntArray:
    """Return the atoms of an atom's district and of those around it, so many rings far."""
    inside = label == label[atom]
    rows = np.repeat(np.arange(len(label)), np.diff(graph.indptr))
    for _ in range(rings):
        inside = np.isin(label, label[graph.indices[inside[rows]]]) | inside
    return np.flatnonzero(inside)
