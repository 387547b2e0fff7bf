"""Anneal a plan in slices of steps: by recombination, by moves of single atoms."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules, WordArray
from quanyu.engines.districting.cutting import Cutter

# A step is one recombination, or so many sweeps of single moves over two districts: about the same work.
SWEEPS_A_STEP = 10
# Work between two reports, in atoms looked at: a fifth of a second or so.
SLICE_ATOMS = 1_000_000
# From the first step to the second, as part of the third: of so many steps temperatures fall once.
Steps = tuple[int, int, int]


def pair_of(graph: Graph, plan: Plan) -> int:
    """Return how many atoms two districts have."""
    return max(2, 2 * len(graph.weight) // len(plan.size))


def slices(steps: int, atoms: int) -> Iterator[tuple[int, int]]:
    """Cut steps that look at so many atoms each into slices, by the work they are, never by the clock."""
    edges = itertools.chain(range(0, steps, max(1, SLICE_ATOMS // atoms)), [steps] if steps > 0 else [])
    return itertools.pairwise(edges)


def recombine(
    cutter: Cutter, plan: Plan, rules: Rules, heat: tuple[float, float], steps: Steps, random: WordArray
) -> None:
    """Recombine districts; ``heat`` is the temperature at the first and at the last step of all, in mean borders."""
    _kernels.recombine(cutter.graph, rules, plan, plan, np.empty(0), (*heat, 1.0), *steps, cutter.memory, random)


def move(graph: Graph, plan: Plan, rules: Rules, heat: tuple[float, float], steps: Steps, random: WordArray) -> None:
    """Move single atoms; ``heat`` is the temperature at the first and at the last step of all, in mean borders."""
    sweeps = SWEEPS_A_STEP * pair_of(graph, plan) / len(graph.weight)
    first, last, total = (round(sweeps * step) for step in steps)
    _kernels.anneal_moves(graph, rules, plan, *heat, first, last, max(total, 1), *marks_for(graph), random)


def polish(graph: Graph, plan: Plan, rules: Rules) -> None:
    """Move single atoms wherever that helps."""
    _kernels.polish(graph, rules, plan, 20, *marks_for(graph))


def marks_for(graph: Graph) -> tuple[IntArray, IntArray]:
    """Return a queue and marks for moves on a graph."""
    atoms = len(graph.weight)
    return np.empty(atoms, dtype=np.int64), np.zeros(atoms + 1, dtype=np.int64)
