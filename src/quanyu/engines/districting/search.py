"""Search one block: start inside the range, anneal by recombination and by single atoms, settle what is left."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, WordArray
from quanyu.engines.districting.annealing import SWEEPS_A_STEP, move, pair_of, polish, recombine, slices
from quanyu.engines.districting.blocks import Block
from quanyu.engines.districting.certificates import fewest_bins
from quanyu.engines.districting.contraction import contract, merged
from quanyu.engines.districting.cutting import Cutter
from quanyu.engines.districting.plans import breach_of, copied, least_breach_price, numbered, value
from quanyu.engines.districting.problem import Problem
from quanyu.engines.districting.repair import first_plan, plan_from_previous, repair
from quanyu.engines.districting.rounds import Rounds
from quanyu.engines.districting.rules import rules_of
from quanyu.engines.districting.settling import Settler

# Share of the steps that are recombinations, the rest are single moves.
RECOMBINE_SHARE = 0.15
# Temperatures from hot to cold, in mean borders.
HEAT_RECOMBINE = (1.2, 0.06)
HEAT_MOVES = {_kernels.CUT: (1.2, 0.12), _kernels.ROUND: (2.0, 0.2), _kernels.INERTIA: (1.2, 0.12)}
# Where as few households as can be are to move: the price of one that does, and temperatures to match it.
FROZEN, HEAT_FROZEN = 10.0, (30.0, 1.0)
# A search that starts from a previous division is this much colder at first, or it would melt it.
FOLLOWING = 0.25
# Steps for each district by which a number of districts is tried.
TRIAL_STEPS = 40

# Told the steps done and the labels so far; ``False`` ends the search.
Report = Callable[[int, IntArray], bool]


class BlockSearch:
    """A block in two resolutions, its generator, and the steps of the search; ``plan`` is of the shrunk block."""

    def __init__(self, problem: Problem, block: Block, graph: Graph, seed: int) -> None:
        self.problem, self.block, self.fine = problem, block, graph
        self.k = None if problem.k is None else block.low
        self.group = contract(self.fine, problem.lower, problem.upper)
        if self.k is not None and self.group.max() + 1 < self.k:
            # So many districts that atoms which in range would never part have to.
            self.group = np.arange(len(block.atoms))
        self.coarse = merged(self.fine, self.group)
        self.random = _seed(seed, int(block.atoms[0]))
        self.rules = rules_of(problem)
        self.cutter = Cutter(self.coarse, self.rules, self.random)
        self.plan = self._previous_plan() if self._follows() else first_plan(self.cutter, self.k)
        self.settler = self._settler()
        if problem.fewest:
            self._find_fewest()

    def _follows(self) -> bool:
        """Whether the search starts from the first previous division."""
        return bool(self.rules.stay[:1].any() and (self.fine.previous[:, 0] >= 0).any())

    def _previous_plan(self) -> Plan:
        """Return the first previous division, brought into range; of k districts where k are asked for."""
        plan = plan_from_previous(self.coarse)
        if self.k is None:
            return repair(self.cutter, plan)
        return plan if len(plan.size) == self.k else first_plan(self.cutter, self.k)

    def _settler(self) -> Settler:
        floor = least_breach_price(self.block.weight, self.rules)
        return Settler(self.fine, self.rules, self.random, floor, keeps_count=self.k is not None)

    def _find_fewest(self) -> None:
        """Bisect for the least number of districts by which a plan in range is found; keep that plan and number."""
        self.plan = self._fitted(self.settler.settled(numbered(self.fine, self.expanded(self.plan))))
        low, most = max(self.block.low, fewest_bins(self.coarse.weight, self.rules.upper)), len(self.plan.size)
        while low < most:
            k = (low + most) // 2 if most - low > 2 else low
            plan = self._tried(k)
            if plan is None:
                low = k + 1
            else:
                self.plan, most = self._fitted(plan), k
        self._fix_count(most)

    def _tried(self, k: int) -> Plan | None:
        """Return a plan of k districts in range, ``None`` where none was found."""
        before = self.k, self.rules, self.settler
        self._fix_count(k)
        floor = self.settler.floor
        plan = first_plan(self.cutter, k)
        steps = TRIAL_STEPS * k
        recombine(self.cutter, plan, self.rules, HEAT_RECOMBINE, (0, steps, steps), self.random)
        move(self.coarse, plan, self.rules, HEAT_MOVES[_kernels.CUT], (0, steps, steps), self.random)
        plan = self.settler.settled(numbered(self.fine, self.expanded(plan)))
        if breach_of(plan, self.rules) > floor:
            self.k, self.rules, self.settler = before
            return None
        return plan

    def _fix_count(self, k: int) -> None:
        """Search for k districts from now on."""
        self.k, self.rules = k, self.rules._replace(target=max(1, round(self.block.weight / k)))
        self.cutter = Cutter(self.coarse, self.rules, self.random)
        self.settler = self._settler()

    def _fitted(self, plan: Plan) -> Plan:
        """Return a plan of the whole block as one of the shrunk block, which from now on is the whole if need be."""
        label = np.empty(len(self.coarse.weight), dtype=np.int64)
        label[self.group] = plan.label
        if (label[self.group] != plan.label).any():
            self.group, self.coarse = np.arange(len(self.group)), self.fine
            self.cutter, label = Cutter(self.coarse, self.rules, self.random), plan.label
        return numbered(self.coarse, label)

    def expanded(self, plan: Plan) -> IntArray:
        """Return the district of each atom of the block for a plan of the shrunk block."""
        result: IntArray = plan.label[self.group]
        return result

    def steps_per_second(self, seconds: float) -> float:
        """Return the speed of the search, measured on copies so that nothing changes, in a twentieth of the time."""
        random, steps = self.random.copy(), 10
        while True:
            begun = time.perf_counter()
            recombine(self.cutter, copied(self.plan), self.rules, HEAT_RECOMBINE, (0, steps, steps), random)
            move(self.coarse, copied(self.plan), self.rules, HEAT_MOVES[self.rules.aim], (0, steps, steps), random)
            taken = time.perf_counter() - begun
            # A first call may read the compiled code from disk, which is no part of the speed.
            if (steps > 10 and taken > 0.05 * seconds) or len(self.plan.size) < 2 or taken > seconds:
                return 2 * steps / max(taken, 1e-6)
            steps *= 2

    def run(self, steps: int, more: Report) -> IntArray:
        """Return the district of each atom after so many steps; ``more(done, labels)`` returning ``False`` ends it."""
        detailed = self.expanded(self.plan)
        if self._follows() and self.problem.stability[0] >= 1:
            kept = numbered(self.fine, plan_from_previous(self.fine).label)
            if self.settler.is_settled(kept) and self.k in (None, len(kept.size)):
                return kept.label
            if self.k is None:
                return self._least_moved(kept, steps)
        if steps < 1:
            return self._polished(detailed)
        if self.k is not None and self.problem.is_tight:
            return self._run_rounds(self.k, steps, more) if self.k > 1 else detailed
        if len(self.plan.size) < 2:
            return self._polished(self.settler.settled(numbered(self.fine, detailed)).label)
        return self._run_range(steps, more)

    def _least_moved(self, plan: Plan, steps: int) -> IntArray:
        """Return the previous division with as few households moved as bring it into range."""
        dear = self.rules._replace(stay=np.full_like(self.rules.stay, FROZEN), pull=0.0)
        move(self.fine, plan, dear, HEAT_FROZEN, (0, steps, steps), self.random)
        polish(self.fine, plan, dear)
        plan = self.settler.settled(plan)
        polish(self.fine, plan, dear)
        return plan.label

    def _run_rounds(self, k: int, steps: int, more: Report) -> IntArray:
        rounds = Rounds(self.cutter, self.rules, k, self.random, starts_anew=not self._follows())
        best = rounds.best(self.plan, steps, lambda done, plan: more(done, self.expanded(plan)))
        detailed = self.settler.settled(numbered(self.fine, self.expanded(best)))
        return self._better(self.fine, detailed, numbered(self.fine, self._polished(detailed.label))).label

    def _run_range(self, steps: int, more: Report) -> IntArray:
        """Recombine on the shrunk block, bring the last districts into range, then move single atoms of the whole."""
        recombinations, heat = int(RECOMBINE_SHARE * steps), self._cooled(HEAT_RECOMBINE)
        plan, going = copied(self.plan), True
        for first, last in slices(recombinations, pair_of(self.coarse, plan)):
            recombine(self.cutter, plan, self.rules, heat, (first, last, recombinations), self.random)
            if not (going := more(last, self.expanded(self.plan))):
                break
        self.plan = self._better(self.coarse, self.plan, plan)
        detailed = self.settler.settled(numbered(self.fine, self.expanded(self.plan)))
        moved = self._moved(detailed, recombinations, steps, more) if going else detailed
        return self._better(self.fine, detailed, numbered(self.fine, self._polished(moved.label))).label

    def _moved(self, plan: Plan, first: int, total: int, more: Report) -> Plan:
        """Return a plan with single atoms moved in the steps from ``first`` to ``total``."""
        plan, aims = copied(plan), [self.rules.aim]
        if self.rules.aim == _kernels.ROUND:
            # Roundness hardly tells ragged plans apart, so half of the moves make for a short cut first.
            aims.insert(0, _kernels.CUT)
        steps, done = (total - first) // len(aims), first
        for aim in aims:
            rules, plan = self.rules._replace(aim=aim), numbered(self.fine, plan.label)
            for begin, end in slices(steps, SWEEPS_A_STEP * pair_of(self.fine, plan)):
                move(self.fine, plan, rules, self._cooled(HEAT_MOVES[aim]), (begin, end, steps), self.random)
                if not more(done + end, plan.label.copy()):
                    return numbered(self.fine, plan.label)
            done += steps
        return plan

    def _cooled(self, heat: tuple[float, float]) -> tuple[float, float]:
        hot, cold = heat
        return (max(FOLLOWING * hot, cold), cold) if self._follows() else heat

    def _better(self, graph: Graph, plan: Plan, other: Plan) -> Plan:
        return other if value(graph, other, self.rules) < value(graph, plan, self.rules) else plan

    def _polished(self, label: IntArray) -> IntArray:
        """Return a plan of the whole block with single atoms moved wherever that helps."""
        plan = numbered(self.fine, label)
        polish(self.fine, plan, self.rules)
        return plan.label


def _seed(seed: int, first_atom: int) -> WordArray:
    """Return the generator of a block: independent of the order in which blocks are searched."""
    mixed = np.random.SeedSequence([seed, first_atom]).generate_state(1, np.uint64)
    return np.maximum(mixed, 1).astype(np.uint64)
