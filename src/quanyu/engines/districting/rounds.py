"""Search for a given number of districts in a range that leaves hardly room for an atom, in rounds.

A round recombines hot to find a layout, moves single atoms while the range is soft, and recombines cold inside the
range. Where single atoms only move at the price of the range, a soft range is what lets a border straighten.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules, WordArray
from quanyu.engines.districting.annealing import SWEEPS_A_STEP, move, pair_of, polish, recombine, slices
from quanyu.engines.districting.cutting import Cutter
from quanyu.engines.districting.plans import breach_price, copied, cost, numbered
from quanyu.engines.districting.repair import first_plan

# Hot and cold recombinations of a round for each district, sweeps of single moves.
HOT, COLD, SWEEPS = 100, 250, 20_000
# Temperatures from hot to cold, in mean borders. Shapes differ less in price than cuts do.
HEAT_HOT, HEAT_COLD = (3.0, 1.0), (0.5, 0.2)
HEAT_SOFT = {_kernels.CUT: (2.0, 0.25), _kernels.ROUND: (1.0, 0.12), _kernels.INERTIA: (2.0, 0.25)}
# The first rounds start anew; then every other one starts from the best plan, after so many hot recombinations.
FRESH_ROUNDS, KICKS = 4, 30
# Price of a district an atom's mean weight off the target, while the range is soft.
SOFT_PULL = 0.3
# What the price of a household out of range rises by in a cold recombination, and is by the end.
COLD_RISE, LAST_RISE = 10.0, 30.0


class Rounds:
    """The rounds of one block of k districts; all from the best plan so far unless some start anew."""

    def __init__(self, cutter: Cutter, rules: Rules, k: int, random: WordArray, *, starts_anew: bool) -> None:
        self.cutter, self.rules, self.k, self.random, self.starts_anew = cutter, rules, k, random, starts_anew
        self.graph: Graph = cutter.graph
        self.soft = rules._replace(wall=0.0, pull=SOFT_PULL / max(float(self.graph.weight.mean()), 1e-9) ** 2)
        # Roundness hardly tells one ragged plan from another, so a layout is found by its cut.
        self.by_cut = self.soft._replace(aim=_kernels.CUT) if rules.aim == _kernels.ROUND else self.soft

    def best(self, plan: Plan, steps: int, more: Callable[[int, Plan], bool]) -> Plan:
        """Return the best plan of as many rounds as there are steps for; a single one is cut to their number.

        ``more(done, best)`` returning ``False`` ends the search.
        """
        hot, cold = HOT * self.k, COLD * self.k
        moves = max(1, SWEEPS * len(self.graph.weight) // (SWEEPS_A_STEP * pair_of(self.graph, plan)))
        whole = hot + moves + cold
        share = min(1.0, steps / whole)
        hot, moves, cold = int(share * hot), int(share * moves), int(share * cold)
        best = plan
        for number in range(max(1, steps // whole)):
            is_fresh = self.starts_anew and (number < FRESH_ROUNDS or number % 2 == 0)
            plan = first_plan(self.cutter, self.k) if is_fresh and number else copied(best)
            plan = self._laid_out(plan, hot if is_fresh else KICKS, moves)
            done = number * (hot + moves + cold) + hot
            for first, last in slices(moves, SWEEPS_A_STEP * pair_of(self.graph, plan)):
                move(self.graph, plan, self.soft, HEAT_SOFT[self.soft.aim], (first, last, moves), self.random)
                if not more(done + last, best):
                    return min(best, self._hardened(plan, cold), key=self._value)
            best = min(best, self._hardened(plan, cold), key=self._value)
            if not more(done + moves + cold, best):
                break
        return best

    def _laid_out(self, plan: Plan, hot: int, moves: int) -> Plan:
        recombine(self.cutter, plan, self.by_cut, HEAT_HOT, (0, hot, hot), self.random)
        if self.by_cut.aim == self.soft.aim:
            return plan
        move(self.graph, plan, self.by_cut, HEAT_SOFT[self.by_cut.aim], (0, moves, moves), self.random)
        return numbered(self.graph, plan.label)

    def _hardened(self, plan: Plan, steps: int) -> Plan:
        """Return the best plan of a cold recombination inside the range, polished."""
        best, out = copied(plan), float(self._value(plan)[1])
        score = np.array([cost(self.graph, plan, self.rules), out] * 2)
        heat = (*HEAT_COLD, COLD_RISE)
        memory = self.cutter.memory
        _kernels.recombine(self.graph, self.rules, plan, best, score, heat, 0, steps, steps, memory, self.random)
        polish(self.graph, best, self.rules._replace(wall=self.rules.wall * LAST_RISE))
        return best

    def _value(self, plan: Plan) -> tuple[int, int, float]:
        """Return districts out of range, households out of range, cost: the first counts where an atom is too heavy."""
        breach = breach_price(plan.size, self.rules)
        out = int(breach.sum()) // _kernels.HOUSEHOLD
        return int((breach > 0).sum()), out, cost(self.graph, plan, self.rules)
