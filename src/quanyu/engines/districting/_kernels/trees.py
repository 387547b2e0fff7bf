"""Random spanning trees of a region."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quanyu.engines.arrays import BoolArray, FloatArray, Int32Array, IntArray
from quanyu.engines.districting._kernels.heaps import first, pop, push
from quanyu.engines.districting._kernels.shared import NONE, Graph, WordArray, uniform


class Scratch(NamedTuple):
    """Memory for one tree: atoms of the region, their place in the tree, parents, the side
    of a cut, sums below each node.

    ``source`` is the row of each CSR entry.
    The sums: weight (``below``), what the households that stay with either district are worth, the cut above the node,
    the outline towards other districts, and what the graph adds up (``extent``, ``loads``).
    """

    atoms: IntArray
    member: BoolArray
    local: IntArray
    order: IntArray
    parent: IntArray
    side: IntArray
    below: IntArray
    stay_a: FloatArray
    stay_b: FloatArray
    cut: FloatArray
    outside: FloatArray
    extent: FloatArray
    loads: FloatArray
    nearest: FloatArray
    heap: WordArray
    source: Int32Array


def scratch(graph: Graph) -> Scratch:
    """Return memory for trees on a graph."""
    atoms, entries = len(graph.weight), len(graph.indices)

    def whole() -> IntArray:
        return np.zeros(atoms, dtype=np.int64)

    return Scratch(
        atoms=whole(), member=np.zeros(atoms, dtype=np.bool_), local=whole(), order=whole(), parent=whole(),
        side=whole(), below=whole(), stay_a=np.zeros(atoms), stay_b=np.zeros(atoms), cut=np.zeros(atoms),
        outside=np.zeros(atoms), extent=np.zeros_like(graph.extent), loads=np.zeros_like(graph.loads),
        nearest=np.zeros(atoms), heap=np.empty(entries + 1, dtype=np.uint64),
        source=np.repeat(np.arange(atoms, dtype=np.int32), np.diff(graph.indptr)),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def random_tree(graph: Any, label: Any, bias: Any, root: Any, count: Any, memory: Any, state: Any) -> Any:
    """Grow a random-key Prim tree over the ``count`` atoms in ``memory.atoms``; return how many it reached.

    ``memory.order`` gets the atoms in the order reached, ``memory.parent`` the position there of each one's parent,
    ``memory.local`` the position of each atom. Edges with small keys come early: ``bias`` (−½ to 2) is added where the
    ends have different labels.
    """
    local, order, parent, member, heap = memory.local, memory.order, memory.parent, memory.member, memory.heap
    nearest = memory.nearest
    for i in range(count):
        local[memory.atoms[i]] = NONE
        nearest[memory.atoms[i]] = np.inf
    size, reached = 0, 1
    order[0], parent[0], local[root] = root, NONE, 0
    at = root
    while reached < count:
        for e in range(graph.indptr[at], graph.indptr[at + 1]):
            other = graph.indices[e]
            if member[other] and local[other] == NONE:
                key = uniform(state) + 0.5 + (bias if label[other] != label[at] else 0.0)
                # Only the least key by which an atom can be reached is of use.
                if key < nearest[other]:
                    nearest[other] = key
                    size = push(heap, size, key, e)
        found = NONE
        while size > 0 and found == NONE:
            e = first(heap)
            size = pop(heap, size)
            if local[graph.indices[e]] == NONE:
                found = graph.indices[e]
                parent[reached] = local[memory.source[e]]
        if found == NONE:
            return reached
        order[reached], local[found] = found, reached
        reached += 1
        at = found
    return reached


@njit(cache=True, nogil=True)
def sum_below(parent: Any, weight: Any, atoms: Any) -> None:
    """Add to each node of a tree, listed parents first, the weights and numbers of all below it."""
    for i in range(len(parent) - 1, 0, -1):
        weight[parent[i]] += weight[i]
        atoms[parent[i]] += atoms[i]


@njit(cache=True, nogil=True)
def mark_below(parent: Any, inside: Any) -> None:
    """Mark all nodes of a tree, listed parents first, that lie below a marked one."""
    for i in range(1, len(parent)):
        inside[i] = inside[i] or inside[parent[i]]
