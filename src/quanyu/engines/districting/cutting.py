"""Cut regions of a block by random spanning trees: in two, into k parts, or exactly into parts within the range."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Rules, WordArray
from quanyu.engines.districting.plans import breach_price

# Bits of the sets of weights by which a tree is cut; a wider range is counted in coarser units. Coarse ones are faster
# by far, and cut most trees that can be cut.
EXACT_BITS, COARSE_BITS = 1024, 128


class Cutter:
    """Draws trees on regions of one graph, with memory for them and a generator of its own."""

    def __init__(self, graph: Graph, rules: Rules, random: WordArray) -> None:
        self.graph, self.rules, self.random = graph, rules, random
        self.memory = _kernels.scratch(graph)
        self.blank = np.zeros(len(graph.weight), dtype=np.int64)
        self.mark = np.zeros(len(graph.weight), dtype=np.int64)

    def tree(self, region: IntArray, label: IntArray | None = None, bias: float = 0.0) -> tuple[IntArray, IntArray]:
        """Draw a random tree; return the atoms, parents first, and the position of each one's parent.

        With a ``bias`` above 0 edges inside one ``label`` come early, so that its borders are likely to be cut.
        A region that does not hang together gives only the part around one of its atoms.
        """
        memory = self.memory
        memory.atoms[: len(region)] = region
        memory.member[region] = True
        root = int(region[int(_kernels.uniform(self.random) * len(region))])
        reached = _kernels.random_tree(
            self.graph, self.blank if label is None else label, bias, root, len(region), memory, self.random
        )
        memory.member[region] = False
        return memory.order[:reached].copy(), memory.parent[:reached].copy()

    def into(self, region: IntArray, k: int) -> IntArray:
        """Return labels 0 … k−1 for a region: subtrees near the mean weight, taken off one after the other."""
        label, rest = self.mark, region
        label[region] = 0
        for district in range(1, k):
            ideal = self.graph.weight[rest].sum() / (k - district + 1)
            order, parent = self.tree(rest)
            below, atoms = self._sums(order, parent)
            # The remainder needs an atom for every district still to come.
            gap = np.where(atoms <= len(rest) - (k - district), np.abs(below - ideal), np.inf)
            gap[0] = np.inf
            inside = _subtree(parent, int(gap.argmin()))
            label[order[inside]] = district
            rest = np.sort(order[~inside])
        return label[region]

    def in_two(self, region: IntArray, trees: int, below: int) -> IntArray | None:
        """Return labels 0 and 1 for the parts of a region that break the range least, if by less than ``below``."""
        total = int(self.graph.weight[region].sum())
        label, found = self.mark, False
        for _ in range(trees if len(region) > 1 else 0):
            order, parent = self.tree(region)
            weight = self._sums(order, parent)[0][1:].astype(np.int64)
            prices = breach_price(weight, self.rules) + breach_price(total - weight, self.rules)
            if prices.min() < below:
                below, found = int(prices.min()), True
                label[order] = _subtree(parent, int(prices.argmin()) + 1)
        return label[region] if found else None

    def exactly(
        self, region: IntArray, trees: int, label: IntArray | None = None, bits: int = EXACT_BITS
    ) -> IntArray | None:
        """Return labels from 0 for a region, every part within the range, or ``None`` if no tree tried allows any."""
        lower, upper, target = self.rules.lower, self.rules.upper, self.rules.target
        total = int(self.graph.weight[region].sum())
        if -(-total // upper) > total // max(lower, 1):
            return None
        unit = -(-(upper + 1) // bits)
        # Rounded sums are off by less than a unit on either side.
        low, high = max(-(-lower // unit) + (unit > 1), 1), upper // unit - (unit > 1)
        reach = np.zeros((len(region), (high >> 6) + 1), dtype=np.uint64)
        before = np.zeros_like(reach)
        found = self.mark
        for attempt in range(trees):
            order, parent = self.tree(region, label, 0.5 * (attempt % 3))
            if len(order) < len(region):
                return None
            weight = self.graph.weight[order] if unit == 1 else _in_units(self.graph.weight[order], unit)
            parts = _kernels.partition_tree(order, parent, weight, low, high, target // unit, found, 0, reach, before)
            if parts > 0:
                size = np.bincount(found[region], weights=self.graph.weight[region], minlength=parts)
                if size.min() >= lower and size.max() <= upper:
                    return found[region]
        return None

    def _sums(self, order: IntArray, parent: IntArray) -> tuple[FloatArray, IntArray]:
        """Return the weight and the number of atoms of each subtree."""
        below, atoms = self.graph.weight[order].astype(np.float64), np.ones(len(order), dtype=np.int64)
        _kernels.sum_below(parent, below, atoms)
        return below, atoms


def _in_units(weight: IntArray, unit: int) -> IntArray:
    """Return weights in coarser units, rounded so that every running sum is right to half a unit."""
    sums = np.rint(np.cumsum(weight) / unit).astype(np.int64)
    result: IntArray = np.diff(sums, prepend=0)
    return result


def _subtree(parent: IntArray, top: int) -> BoolArray:
    """Return which nodes of a tree, listed parents first, lie at or below ``top``."""
    inside = np.zeros(len(parent), dtype=np.bool_)
    inside[top] = True
    _kernels.mark_below(parent, inside)
    return inside
