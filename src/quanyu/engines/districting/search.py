"""Search one block: start inside the range, anneal by recombination on the shrunk block, then move single atoms."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import numpy as np

from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Plan, Rules, WordArray
from quanyu.engines.districting.contraction import block_graph, contract, contract_within, merged
from quanyu.engines.districting.cutting import Cutter
from quanyu.engines.districting.plans import copied, cost, least_breach_price, numbered, out_of_range, value
from quanyu.engines.districting.problem import Block, Problem
from quanyu.engines.districting.repair import first_plan, plan_from_previous, repair
from quanyu.engines.districting.rescue import rescue

# A step is one recombination, or so many single moves tried: about the same work where districts are small.
MOVES_A_STEP = 20
# Share of the steps that are recombinations, the rest are single moves.
RECOMBINE_SHARE = 0.6
# Share of the recombinations on the block as first shrunk; the rest on one shrunk along the districts found.
FIRST_LEVEL_SHARE = 0.7
RESTARTS_K = 6
SETTLING_ROUNDS = 3
SETTLING_STEPS = 8000
# Work between two reports, in atoms looked at: a fifth of a second or so.
SLICE_ATOMS = 1_000_000
# Price of one household outside the range, in mean borders: high enough that no border is worth it.
WALL_RANGE = 50.0
# With k given: twenty borders for one per cent of the ideal weight, and how much dearer it gets.
WALL_K, WALL_K_RISE = 2000.0, 30.0
PULL_TARGET = 0.4
HEAT_RANGE = (1.2, 0.06)
HEAT_MOVES = (0.4, 0.02)
HEAT_K = (3.0, 0.2)
# Price of moving a grid's worth of households, in mean borders, at full stability.
STAY = 100.0

Report = Callable[[int, Plan], bool]


class BlockSearch:
    """A block in two resolutions, its generator, and the steps of the search; plans are of the shrunk block."""

    def __init__(self, problem: Problem, block: Block, seed: int) -> None:
        self.problem, self.block = problem, block
        self.k = None if problem.k is None else block.low
        self.fine = block_graph(problem, block.atoms)
        self.group = contract(self.fine, problem.lower, problem.upper)
        if self.k is not None and self.group.max() + 1 < self.k:
            # So many districts that atoms which in range would never part have to.
            self.group = np.arange(len(block.atoms))
        self.coarse = merged(self.fine, self.group)
        self.random = _seed(seed, int(block.atoms[0]))
        self.rules = _rules(problem)
        self.cutter = Cutter(self.coarse, self.rules, self.random)
        # What is proven that no plan breaks the range less by.
        self.floor = least_breach_price(block.weight, self.rules)
        self.plan = self._first_plan()

    def _first_plan(self) -> Plan:
        if self.k is None and self.problem.stability > 0 and (self.fine.previous >= 0).any():
            return repair(self.cutter, plan_from_previous(self.coarse))
        return first_plan(self.cutter, self.k)

    def expanded(self, plan: Plan) -> IntArray:
        """Return the district of each atom of the block for a plan of the shrunk block."""
        result: IntArray = plan.label[self.group]
        return result

    def steps_per_second(self) -> float:
        """Return the speed of recombination, measured on copies so that nothing changes."""
        trial = Cutter(self.coarse, self.rules, self.random.copy())
        # The first call may read the compiled code from disk, which is no part of the speed.
        self._recombine(trial, copied(self.plan), 0, 1, 1)
        count, begun = 20, time.perf_counter()
        while True:
            self._recombine(trial, copied(self.plan), 0, count, count)
            taken = time.perf_counter() - begun
            if taken > 0.1 or len(self.plan.size) < 2:
                return count / max(taken, 1e-6)
            count, begun = count * 2, time.perf_counter()

    def run(self, steps: int, more: Report) -> IntArray:
        """Return the district of each atom after so many steps; ``more(done, plan)`` returning ``False`` ends it."""
        if self.k is not None:
            return self._run_k(steps, more) if steps > 0 and self.k > 1 else self.polished(self.expanded(self.plan))
        if self.problem.stability >= 1 and (self.fine.previous >= 0).any():
            return self._settled(numbered(self.fine, self.expanded(self.plan))).label
        if steps < 1:
            return self.polished(self.expanded(self.plan))
        if len(self.plan.size) < 2:
            return self.polished(self._settled(numbered(self.fine, self.expanded(self.plan))).label)
        return self._run_range(steps, more)

    def _run_range(self, steps: int, more: Report) -> IntArray:
        """Recombine, bring the last districts into range, recombine on a block shrunk along them, move atoms."""
        recombinations = int(RECOMBINE_SHARE * steps)
        first_part = int(FIRST_LEVEL_SHARE * recombinations)
        plan = copied(self.plan)
        going = self._cool(self.cutter, plan, 0, first_part, recombinations, lambda done: more(done, plan))
        if value(self.coarse, plan, self.rules) <= value(self.coarse, self.plan, self.rules):
            self.plan = plan
        detailed = self._settled(numbered(self.fine, self.expanded(self.plan)))
        if going:
            level, group, plan = self._shrunk_along(detailed.label)
            going = self._cool(
                level, plan, first_part, recombinations, recombinations, lambda done: more(done, self.plan)
            )
            candidate = self._settled(numbered(self.fine, plan.label[group]))
            detailed = self._better(detailed, candidate)
        moved = copied(detailed)
        if going:
            self._move(moved, steps - recombinations, lambda done: more(recombinations + done, self.plan))
        return self._better(detailed, numbered(self.fine, self.polished(moved.label))).label

    def _better(self, plan: Plan, other: Plan) -> Plan:
        return other if value(self.fine, other, self.rules) < value(self.fine, plan, self.rules) else plan

    def _cool(self, level: Cutter, plan: Plan, first: int, last: int, total: int, more: Callable[[int], bool]) -> bool:
        """Recombine from step ``first`` to ``last`` of ``total``; return whether to go on."""
        for at, upto in self._slices(first, last, len(level.graph.weight)):
            self._recombine(level, plan, at, upto, total)
            if not more(upto):
                return False
        return True

    def _run_k(self, steps: int, more: Report) -> IntArray:
        run = max(1, steps // RESTARTS_K)
        for restart in range(RESTARTS_K):
            plan = copied(self.plan) if restart == 0 else first_plan(self.cutter, self.k)
            best, going = copied(plan), True
            price = cost(self.coarse, plan, self.rules)
            out = float(out_of_range(plan.size, self.rules.lower, self.rules.upper).sum())
            score = np.array([price, out, price, out])
            for first, last in self._slices(0, run, len(self.coarse.weight)):
                self._recombine(self.cutter, plan, first, last, run, best, score)
                if not (going := more(restart * run + last, self.plan)):
                    break
            _kernels.polish(self.coarse, self.rules, best, 20, *self._marks(len(self.coarse.weight)))
            self.plan = min(self.plan, best, key=self._value_k)
            if not going:
                break
        return self.polished(self.expanded(self.plan))

    def _value_k(self, plan: Plan) -> tuple[int, int, float]:
        """Return districts out of range, households out of range, cost: the first counts where an atom is too heavy."""
        out = out_of_range(plan.size, self.rules.lower, self.rules.upper)
        return int((out > 0).sum()), int(out.sum()), cost(self.coarse, plan, self.rules)

    def polished(self, label: IntArray) -> IntArray:
        """Return a plan of the whole block with single atoms moved wherever that helps."""
        plan = numbered(self.fine, label)
        _kernels.polish(self.fine, self.rules, plan, 20, *self._marks(len(label)))
        return plan.label

    def _settled(self, plan: Plan) -> Plan:
        """Bring the last districts into range: by trees, by exact divisions, after a shaking anew, in turns."""
        for _ in range(SETTLING_ROUNDS):
            if self._breach(plan) <= self.floor:
                break
            level, group, shrunk = self._shrunk_along(plan.label)
            plan = self._less_breached(plan, repair(level, shrunk).label[group])
            if self._breach(plan) > self.floor:
                plan, proven = rescue(self.fine, plan, self.rules, self.random)
                if proven:
                    self.floor = self._breach(plan)
            if self._breach(plan) > self.floor:
                level, group, shrunk = self._shrunk_along(plan.label)
                self._recombine(level, shrunk, SETTLING_STEPS // 2, SETTLING_STEPS, SETTLING_STEPS)
                plan = self._less_breached(plan, shrunk.label[group])
        return plan

    def _breach(self, plan: Plan) -> int:
        return value(self.fine, plan, self.rules)[0]

    def _less_breached(self, plan: Plan, label: IntArray) -> Plan:
        """Return the plan with these labels unless it breaks the range more; else the plan given."""
        changed = numbered(self.fine, label)
        return changed if self._breach(changed) <= self._breach(plan) else plan

    def _shrunk_along(self, label: IntArray) -> tuple[Cutter, IntArray, Plan]:
        """Return the block shrunk so that a plan of the whole block is one of the shrunk block, with its groups."""
        group = contract_within(self.fine, label)
        level = Cutter(merged(self.fine, group), self.rules, self.random)
        label_of_group = np.empty(len(level.graph.weight), dtype=np.int64)
        label_of_group[group] = label
        return level, group, numbered(level.graph, label_of_group)

    def _recombine(
        self, level: Cutter, plan: Plan, first: int, last: int, total: int, best: Plan | None = None,
        score: FloatArray | None = None,
    ) -> None:  # fmt: skip
        heat = (*HEAT_RANGE, 1.0) if self.k is None else (*HEAT_K, WALL_K_RISE)
        _kernels.recombine(
            level.graph, self.rules, plan, best or plan, np.empty(0) if score is None else score, heat, first, last,
            total, level.memory, level.random,
        )  # fmt: skip

    def _move(self, plan: Plan, steps: int, more: Callable[[int], bool]) -> None:
        marks = self._marks(len(self.fine.weight))
        for first, last in self._slices(0, steps, MOVES_A_STEP):
            _kernels.anneal_moves(
                self.fine, self.rules, plan, *HEAT_MOVES, first * MOVES_A_STEP, last * MOVES_A_STEP,
                steps * MOVES_A_STEP, *marks, self.random,
            )  # fmt: skip
            if not more(last):
                break

    def _slices(self, first: int, last: int, atoms: int) -> Iterator[tuple[int, int]]:
        """Cut steps into slices by the work they are, never by the clock."""
        pair = max(2, 2 * atoms // len(self.plan.size))
        edges = itertools.chain(range(first, last, max(1, SLICE_ATOMS // pair)), [last])
        return itertools.pairwise(edges)

    def _marks(self, atoms: int) -> tuple[IntArray, IntArray]:
        return np.empty(atoms, dtype=np.int64), np.zeros(atoms + 1, dtype=np.int64)


def _rules(problem: Problem) -> Rules:
    target = max(problem.target, 1)
    stay = problem.stability * STAY / target
    if problem.k is None:
        return Rules(problem.lower, problem.upper, target, PULL_TARGET, WALL_RANGE, stay)
    return Rules(problem.lower, problem.upper, target, 0.0, WALL_K / target, stay)


def _seed(seed: int, first_atom: int) -> WordArray:
    """Return the generator of a block: independent of the order in which blocks are searched."""
    mixed = np.random.SeedSequence([seed, first_atom]).generate_state(1, np.uint64)
    return np.maximum(mixed, 1).astype(np.uint64)
