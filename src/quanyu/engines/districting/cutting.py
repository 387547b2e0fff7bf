"""Cut regions of a block by random spanning trees: in two, into k parts, or exactly into parts within the range."""

from __future__ import annotations

import numpy as np

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Rules, WordArray
from quanyu.engines.districting.plans import breach_price

# Bits of the sets of weights by which a tree is cut exactly; a wider range is counted in coarser units.
EXACT_BITS = 1024


class Cutter:
    """Draws trees on regions of one graph, with memory for them and a generator of its own."""

    def __init__(self, graph: Graph, rules: Rules, random: WordArray) -> None:
        self.graph, self.rules, self.random = graph, rules, random
        self.memory = _kernels.scratch(len(graph.weight), len(graph.indices))
        self.blank = np.zeros(len(graph.weight), dtype=np.int64)

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

    def halve(self, region: IntArray, share: float) -> tuple[IntArray, IntArray]:
        """Return two connected parts of a region, the first with about ``share`` of its weight."""
        order, parent = self.tree(region)
        below, _ = self._sums(order, parent)
        gap = np.abs(below - share * below[0])
        gap[0] = np.inf
        inside = _subtree(parent, int(gap.argmin()))
        return np.sort(order[inside]), np.sort(order[~inside])

    def into(self, region: IntArray, k: int) -> IntArray:
        """Return labels 0 … k−1 for a region: subtrees near the mean weight, taken off one after the other."""
        label = np.zeros(len(self.graph.weight), dtype=np.int64)
        rest = region
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
        result: IntArray = label[region]
        return result

    def in_two(self, region: IntArray, trees: int, below: int) -> IntArray | None:
        """Return labels 0 and 1 for the parts of a region that break the range least, if by less than ``below``."""
        total = int(self.graph.weight[region].sum())
        label = np.zeros(len(self.graph.weight), dtype=np.int64)
        found = False
        for _ in range(trees if len(region) > 1 else 0):
            order, parent = self.tree(region)
            weight = self._sums(order, parent)[0][1:].astype(np.int64)
            prices = breach_price(weight, self.rules) + breach_price(total - weight, self.rules)
            if prices.min() < below:
                below, found = int(prices.min()), True
                label[order] = _subtree(parent, int(prices.argmin()) + 1)
        result: IntArray = label[region]
        return result if found else None

    def exactly(self, region: IntArray, trees: int, label: IntArray | None = None) -> IntArray | None:
        """Return labels from 0 for a region, every part within the range, or ``None`` if no tree tried allows any."""
        lower, upper, target = self.rules.lower, self.rules.upper, self.rules.target
        total = int(self.graph.weight[region].sum())
        if -(-total // upper) > total // max(lower, 1):
            return None
        unit = -(-(upper + 1) // EXACT_BITS)
        words = (upper // unit >> 6) + 1
        reach = np.zeros((len(region), words), dtype=np.uint64)
        before = np.zeros((len(region), words), dtype=np.uint64)
        found = np.zeros(len(self.graph.weight), dtype=np.int64)
        for attempt in range(trees):
            order, parent = self.tree(region, label, 0.5 * (attempt % 3))
            if len(order) < len(region):
                return None
            parts = _kernels.partition_tree(
                order, parent, _in_units(self.graph.weight[order], unit), max(-(-lower // unit), 1), upper // unit,
                target // unit, found, 0, reach, before,
            )  # fmt: skip
            if parts > 0:
                size = np.bincount(found[region], weights=self.graph.weight[region], minlength=parts)
                if size.min() >= lower and size.max() <= upper:
                    result: IntArray = found[region]
                    return result
        return None

    def _sums(self, order: IntArray, parent: IntArray) -> tuple[FloatArray, IntArray]:
        """Return the weight and the number of atoms of each subtree."""
        below, atoms = self.graph.weight[order].tolist(), [1] * len(order)
        above = parent.tolist()
        for i in range(len(order) - 1, 0, -1):
            below[above[i]] += below[i]
            atoms[above[i]] += atoms[i]
        return np.array(below, dtype=np.float64), np.array(atoms)


def _in_units(weight: IntArray, unit: int) -> IntArray:
    """Return weights in coarser units, rounded so that every running sum is right to half a unit."""
    sums = np.rint(np.cumsum(weight) / unit).astype(np.int64)
    result: IntArray = np.diff(sums, prepend=0)
    return result


def _subtree(parent: IntArray, top: int) -> BoolArray:
    """Return which nodes of a tree, listed parents first, lie at or below ``top``."""
    inside = [False] * len(parent)
    inside[top] = True
    above = parent.tolist()
    for i in range(top + 1, len(parent)):
        inside[i] = inside[above[i]]
    return np.array(inside)
