"""Bring the last districts of a block into range: by trees, by shaking what lies around, by exact divisions."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules, WordArray
from quanyu.engines.districting.contraction import contract_within, merged
from quanyu.engines.districting.cutting import Cutter
from quanyu.engines.districting.plans import breach_of, numbered
from quanyu.engines.districting.repair import repair, shaken
from quanyu.engines.districting.rescue import divided_whole, rescue

ROUNDS = 3


class Settler:
    """Settles plans of one block; ``floor`` is what is proven that no plan breaks the range less by."""

    def __init__(self, graph: Graph, rules: Rules, random: WordArray, floor: int, *, keeps_count: bool) -> None:
        self.graph, self.rules, self.random = graph, rules, random
        self.floor, self.keeps_count = floor, keeps_count

    def is_settled(self, plan: Plan) -> bool:
        """Whether no plan breaks the range less."""
        return breach_of(plan, self.rules) <= self.floor

    def settled(self, plan: Plan) -> Plan:
        """Return a plan with no more out of range, and less where some way was found."""
        for _ in range(ROUNDS):
            if self.is_settled(plan):
                break
            cutter, group, shrunk = self._shrunk_along(plan.label)
            plan = self._less_breached(plan, repair(cutter, shrunk, keeps_count=self.keeps_count).label[group])
            if not self.is_settled(plan):
                cutter, group, shrunk = self._shrunk_along(plan.label)
                plan = self._less_breached(plan, shaken(cutter, shrunk).label[group])
            if not self.is_settled(plan):
                plan, proven = self._exactly(plan)
                if proven:
                    self.floor = breach_of(plan, self.rules)
        return plan

    def _exactly(self, plan: Plan) -> tuple[Plan, bool]:
        """Return the best division of the block, or of some districts at a time, and whether no plan is better."""
        if not self.keeps_count:
            return rescue(self.graph, plan, self.rules, self.random)
        if len(plan.label) <= _kernels.COVER_ATOMS:
            return divided_whole(self.graph, plan, self.rules, keeps_count=True)
        return plan, False

    def _less_breached(self, plan: Plan, label: IntArray) -> Plan:
        """Return the plan with these labels unless it breaks the range more; else the plan given."""
        changed = numbered(self.graph, label)
        return changed if breach_of(changed, self.rules) <= breach_of(plan, self.rules) else plan

    def _shrunk_along(self, label: IntArray) -> tuple[Cutter, IntArray, Plan]:
        """Return the block shrunk so that a plan of the whole block is one of the shrunk block, with its groups."""
        group = contract_within(self.graph, label)
        cutter = Cutter(merged(self.graph, group), self.rules, self.random)
        label_of_group = np.empty(len(cutter.graph.weight), dtype=np.int64)
        label_of_group[group] = label
        return cutter, group, numbered(cutter.graph, label_of_group)
