"""A part of an assignment by loads: some tasks, the candidates they may still use, the room that agents have left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.assignment._kernels import ByAgent, Candidates, climb
from quanyu.engines.assignment.problem import pointers, rows_of


@dataclass(frozen=True)
class Part:
    """Candidates with tasks numbered anew; ``origin`` is where each stands in the whole. The last agent is nobody."""

    candidates: Candidates
    rows: IntArray
    by_agent: ByAgent
    origin: IntArray
    room: IntArray

    def without(self, keep: BoolArray, room: IntArray) -> Part:
        """Return the part with the candidates kept; tasks without any are gone."""
        here = self.candidates
        rows = np.unique(self.rows[keep], return_inverse=True)[1]
        kept = Candidates(
            pointers(rows, int(rows[-1]) + 1 if len(rows) else 0), here.agent[keep], here.cost[keep], here.load[keep]
        )
        return part_of(kept, self.origin[keep], room)


def part_of(candidates: Candidates, origin: IntArray, room: IntArray) -> Part:
    """Return a part, with its candidates by agent, too."""
    rows = rows_of(candidates.indptr)
    order = np.argsort(candidates.agent, kind="stable")
    by_agent = ByAgent(
        indptr=pointers(candidates.agent.astype(np.int64), len(room)), entry=order, task=rows[order].astype(np.int32),
        cost=candidates.cost[order].astype(np.float64), load=candidates.load[order],
    )  # fmt: skip
    return Part(candidates, rows, by_agent, origin, room)


@dataclass(frozen=True)
class Dual:
    """Prices of the tasks and the bound they give; what a unit of each capacity is worth; the share of each candidate.

    A share is how often the candidate is taken, on average, as the prices settle.
    """

    bound: float
    price: FloatArray
    unit: FloatArray
    share: FloatArray

    def reduced(self, part: Part) -> FloatArray:
        """Return what each candidate costs beyond the price of its task, with the capacity it uses."""
        here = part.candidates
        return here.cost + self.unit[here.agent] * here.load - self.price[part.rows]


def climbed(part: Part, price: FloatArray, *, upper: float, rounds: int, pace: float) -> Dual:
    """Return better prices than these."""
    best = price.copy()
    bound, unit, by_agent = climb(part.by_agent, part.room, best, upper, rounds, pace)
    share = np.empty(len(by_agent))
    share[part.by_agent.entry] = by_agent
    return Dual(bound, best, unit, share)


def rank_in_row(part: Part, value: FloatArray) -> IntArray:
    """Return the rank of each candidate among those of its task, 0 for the least value."""
    order = np.lexsort((value, part.rows))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - part.candidates.indptr[part.rows]
    return rank
