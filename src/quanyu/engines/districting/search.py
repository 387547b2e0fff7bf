"""Search one block: start inside the range, anneal by recombination and by single atoms, settle what is left."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules, WordArray
from quanyu.engines.districting.blocks import Block
from quanyu.engines.districting.contraction import contract, contract_within, merged
from quanyu.engines.districting.cutting import Cutter
from quanyu.engines.districting.plans import breach_of, breach_price, copied, cost, least_breach_price, numbered, value
from quanyu.engines.districting.problem import Problem
from quanyu.engines.districting.repair import first_plan, plan_from_previous, repair, shaken
from quanyu.engines.districting.rescue import rescue
from quanyu.engines.districting.rules import rules_of

# A step is one recombination, or so many sweeps of single moves over two districts: about the same work.
SWEEPS_A_STEP = 10
# Share of the steps that are recombinations, the rest are single moves.
RECOMBINE_SHARE = 0.15
SETTLING_ROUNDS = 3
# Work between two reports, in atoms looked at: a fifth of a second or so.
SLICE_ATOMS = 1_000_000
# Temperatures from hot to cold, in mean borders.
HEAT_RANGE = (1.2, 0.06)
HEAT_MOVES = (1.2, 0.12)

# A search for a given number of districts in a range that leaves no room for an atom goes in rounds: recombine hot to
# find a layout, move single atoms while the range is soft, recombine cold inside the range.
ROUND_HOT, ROUND_SWEEPS, ROUND_COLD = 100, 20_000, 250  # a district, an atom, a district
HEAT_HOT, HEAT_SOFT, HEAT_COLD = (3.0, 1.0, 1.0), (2.0, 0.25), (0.5, 0.2, 10.0)
# The first rounds start anew; then every other one starts from the best plan, after so many hot recombinations.
FRESH_ROUNDS, KICKS = 4, 30
# Price of a district an atom's mean weight off the target, while the range is soft.
SOFT_PULL = 0.3
# What the price of a household out of range is by the end.
WALL_RISE = 30.0

# Told the steps done and the labels so far; ``False`` ends the search.
Report = Callable[[int, IntArray], bool]


class BlockSearch:
    """A block in two resolutions, its generator, and the steps of the search; ``plan`` is of the shrunk block."""

    def __init__(self, problem: Problem, block: Block, graph: Graph, seed: int) -> None:
        self.problem, self.fine = problem, graph
        self.k = None if problem.k is None else block.low
        self.group = contract(self.fine, problem.lower, problem.upper)
        if self.k is not None and self.group.max() + 1 < self.k:
            # So many districts that atoms which in range would never part have to.
            self.group = np.arange(len(block.atoms))
        self.coarse = merged(self.fine, self.group)
        self.random = _seed(seed, int(block.atoms[0]))
        self.rules = rules_of(problem)
        self.cutter = Cutter(self.coarse, self.rules, self.random)
        # What is proven that no plan breaks the range less by.
        self.floor = least_breach_price(block.weight, self.rules)
        if self._follows():
            self.plan = repair(self.cutter, plan_from_previous(self.coarse))
        else:
            self.plan = first_plan(self.cutter, self.k)

    def _follows(self) -> bool:
        """Whether the search starts from the first previous division."""
        return self.k is None and bool(self.rules.stay[:1].any() and (self.fine.previous[:, 0] >= 0).any())

    def expanded(self, plan: Plan) -> IntArray:
        """Return the district of each atom of the block for a plan of the shrunk block."""
        result: IntArray = plan.label[self.group]
        return result

    def steps_per_second(self, seconds: float) -> float:
        """Return the speed of the search, measured on copies so that nothing changes, in a twentieth of the time."""
        random, steps = self.random.copy(), 10
        while True:
            begun = time.perf_counter()
            self._recombine(self.cutter, copied(self.plan), HEAT_RANGE, (0, steps, steps), random)
            self._move(self.coarse, copied(self.plan), HEAT_MOVES, (0, steps, steps), random)
            taken = time.perf_counter() - begun
            # A first call may read the compiled code from disk, which is no part of the speed.
            if (steps > 10 and taken > 0.05 * seconds) or len(self.plan.size) < 2 or taken > seconds:
                return 2 * steps / max(taken, 1e-6)
            steps *= 2

    def run(self, steps: int, more: Report) -> IntArray:
        """Return the district of each atom after so many steps; ``more(done, labels)`` returning ``False`` ends it."""
        detailed = self.expanded(self.plan)
        if self._follows() and self.problem.stability[0] >= 1:
            return self._settled(numbered(self.fine, detailed)).label
        if self.problem.is_tight:
            return self.polished(self._run_rounds(steps, more) if steps > 0 and len(self.plan.size) > 1 else detailed)
        if steps < 1:
            return self.polished(detailed)
        if len(self.plan.size) < 2:
            return self.polished(self._settled(numbered(self.fine, detailed)).label)
        return self._run_range(steps, more)

    def _run_range(self, steps: int, more: Report) -> IntArray:
        """Recombine on the shrunk block, bring the last districts into range, then move single atoms of the whole."""
        recombinations = int(RECOMBINE_SHARE * steps)
        plan, going = copied(self.plan), True
        for first, last in _slices(recombinations, self._pair(self.coarse, plan)):
            self._recombine(self.cutter, plan, HEAT_RANGE, (first, last, recombinations), self.random)
            if not (going := more(last, self.expanded(self.plan))):
                break
        self.plan = self._better(self.coarse, self.plan, plan)
        detailed = self._settled(numbered(self.fine, self.expanded(self.plan)))
        moved = copied(detailed)
        moves = steps - recombinations if going else 0
        for first, last in _slices(moves, SWEEPS_A_STEP * self._pair(self.fine, moved)):
            self._move(self.fine, moved, HEAT_MOVES, (first, last, moves), self.random)
            if not more(recombinations + last, moved.label.copy()):
                break
        return self._better(self.fine, detailed, numbered(self.fine, self.polished(moved.label))).label

    def _better(self, graph: Graph, plan: Plan, other: Plan) -> Plan:
        return other if value(graph, other, self.rules) < value(graph, plan, self.rules) else plan

    def _run_rounds(self, steps: int, more: Report) -> IntArray:
        """Return the best plan of as many rounds as there are steps for; a single one is cut to their number."""
        graph, count = self.coarse, len(self.plan.size)
        hot, cold = ROUND_HOT * count, ROUND_COLD * count
        soft = max(1, ROUND_SWEEPS * len(graph.weight) // (SWEEPS_A_STEP * self._pair(graph, self.plan)))
        rounds, share = max(1, steps // (hot + soft + cold)), min(1.0, steps / (hot + soft + cold))
        hot, soft, cold = int(share * hot), int(share * soft), int(share * cold)
        gentle = self.rules._replace(wall=0.0, pull=SOFT_PULL / max(float(graph.weight.mean()), 1e-9) ** 2)
        best = self.plan
        for each in range(rounds):
            is_fresh = each < FRESH_ROUNDS or each % 2 == 0
            plan = first_plan(self.cutter, self.k) if is_fresh and each else copied(best)
            turns = hot if is_fresh else KICKS
            self._recombine(self.cutter, plan, HEAT_HOT, (0, turns, turns), self.random, gentle)
            done, going = each * (hot + soft + cold) + hot, True
            for first, last in _slices(soft, SWEEPS_A_STEP * self._pair(graph, plan)):
                self._move(graph, plan, HEAT_SOFT, (first, last, soft), self.random, gentle)
                if not (going := more(done + last, self.expanded(best))):
                    break
            best = min(best, self._hardened(plan, cold), key=self._value_k)
            if not going or not more(done + soft + cold, self.expanded(best)):
                break
        return self.expanded(best)

    def _hardened(self, plan: Plan, steps: int) -> Plan:
        """Return the best plan of a cold recombination inside the range, polished."""
        best, out = copied(plan), float(self._value_k(plan)[1])
        score = np.array([cost(self.coarse, plan, self.rules), out] * 2)
        _kernels.recombine(
            self.coarse, self.rules, plan, best, score, HEAT_COLD, 0, steps, steps, self.cutter.memory, self.random
        )
        wall = self.rules._replace(wall=self.rules.wall * WALL_RISE)
        _kernels.polish(self.coarse, wall, best, 20, *marks_for(self.coarse))
        return best

    def _value_k(self, plan: Plan) -> tuple[int, int, float]:
        """Return districts out of range, households out of range, cost: the first counts where an atom is too heavy."""
        breach = breach_price(plan.size, self.rules)
        out = int(breach.sum()) // _kernels.HOUSEHOLD
        return int((breach > 0).sum()), out, cost(self.coarse, plan, self.rules)

    def polished(self, label: IntArray) -> IntArray:
        """Return a plan of the whole block with single atoms moved wherever that helps."""
        plan = numbered(self.fine, label)
        _kernels.polish(self.fine, self.rules, plan, 20, *marks_for(self.fine))
        return plan.label

    def _settled(self, plan: Plan) -> Plan:
        """Bring the last districts into range: by trees, by exact divisions, after a shaking around them, in turns."""
        for _ in range(SETTLING_ROUNDS):
            if breach_of(plan, self.rules) <= self.floor:
                break
            for mend in (partial(repair, keeps_count=self.k is not None), shaken):
                if breach_of(plan, self.rules) > self.floor:
                    level, group, shrunk = self._shrunk_along(plan.label)
                    plan = self._less_breached(plan, mend(level, shrunk).label[group])
            if self.k is None and breach_of(plan, self.rules) > self.floor:
                plan, proven = rescue(self.fine, plan, self.rules, self.random)
                if proven:
                    self.floor = breach_of(plan, self.rules)
        return plan

    def _less_breached(self, plan: Plan, label: IntArray) -> Plan:
        """Return the plan with these labels unless it breaks the range more; else the plan given."""
        changed = numbered(self.fine, label)
        return changed if breach_of(changed, self.rules) <= breach_of(plan, self.rules) else plan

    def _shrunk_along(self, label: IntArray) -> tuple[Cutter, IntArray, Plan]:
        """Return the block shrunk so that a plan of the whole block is one of the shrunk block, with its groups."""
        group = contract_within(self.fine, label)
        level = Cutter(merged(self.fine, group), self.rules, self.random)
        label_of_group = np.empty(len(level.graph.weight), dtype=np.int64)
        label_of_group[group] = label
        return level, group, numbered(level.graph, label_of_group)

    def _recombine(
        self, cutter: Cutter, plan: Plan, heat: tuple[float, ...], steps: tuple[int, int, int], random: WordArray,
        rules: Rules | None = None,
    ) -> None:  # fmt: skip
        """Recombine from the first of ``steps`` to the second, as part of the third."""
        hot, cold, rise = (*heat, 1.0)[:3]
        _kernels.recombine(
            cutter.graph, rules or self.rules, plan, plan, np.empty(0), (hot, cold, rise), *steps, cutter.memory, random
        )

    def _move(
        self, graph: Graph, plan: Plan, heat: tuple[float, float], steps: tuple[int, int, int], random: WordArray,
        rules: Rules | None = None,
    ) -> None:  # fmt: skip
        """Move single atoms from the first of ``steps`` to the second, as part of the third."""
        sweeps = SWEEPS_A_STEP * self._pair(graph, plan) / len(graph.weight)
        first, last, total = (round(sweeps * step) for step in steps)
        _kernels.anneal_moves(
            graph, rules or self.rules, plan, *heat, first, last, max(total, 1), *marks_for(graph), random
        )

    def _pair(self, graph: Graph, plan: Plan) -> int:
        """Return how many atoms two districts have."""
        return max(2, 2 * len(graph.weight) // len(plan.size))


def _slices(steps: int, atoms: int) -> Iterator[tuple[int, int]]:
    """Cut steps that look at so many atoms each into slices, by the work they are, never by the clock."""
    edges = itertools.chain(range(0, steps, max(1, SLICE_ATOMS // atoms)), [steps] if steps > 0 else [])
    return itertools.pairwise(edges)


def marks_for(graph: Graph) -> tuple[IntArray, IntArray]:
    """Return a queue and marks for moves on a graph."""
    atoms = len(graph.weight)
    return np.empty(atoms, dtype=np.int64), np.zeros(atoms + 1, dtype=np.int64)


def _seed(seed: int, first_atom: int) -> WordArray:
    """Return the generator of a block: independent of the order in which blocks are searched."""
    mixed = np.random.SeedSequence([seed, first_atom]).generate_state(1, np.uint64)
    return np.maximum(mixed, 1).astype(np.uint64)
