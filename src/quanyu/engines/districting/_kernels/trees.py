"""Random spanning trees of a region."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quanyu.engines.arrays import BoolArray, FloatArray, IntArray
from quanyu.engines.districting._kernels.shared import NONE, uniform


class Scratch(NamedTuple):
    """Memory for one tree: atoms of the region, their place in the tree, parents, depths, sums below each node."""

    atoms: IntArray
    member: BoolArray
    local: IntArray
    order: IntArray
    parent: IntArray
    depth: IntArray
    below: IntArray
    stay_a: FloatArray
    stay_b: FloatArray
    cut: FloatArray
    heap_key: FloatArray
    heap_edge: IntArray


def scratch(atoms: int, entries: int) -> Scratch:
    """Return memory for trees on a graph with so many atoms and CSR entries."""

    def whole() -> IntArray:
        return np.zeros(atoms, dtype=np.int64)

    return Scratch(
        atoms=whole(), member=np.zeros(atoms, dtype=np.bool_), local=whole(), order=whole(), parent=whole(),
        depth=whole(), below=whole(), stay_a=np.zeros(atoms), stay_b=np.zeros(atoms), cut=np.zeros(atoms),
        heap_key=np.empty(entries + 1), heap_edge=np.empty((entries + 1, 2), dtype=np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def random_tree(graph: Any, label: Any, bias: Any, root: Any, count: Any, memory: Any, state: Any) -> Any:
    """Grow a random-key Prim tree over the ``count`` atoms in ``memory.atoms``; return how many it reached.

    ``memory.order`` gets the atoms in the order reached, ``memory.parent`` the position there of each one's parent,
    ``memory.local`` the position of each atom. Edges with small keys come early: ``bias`` is added where the ends have
    different labels.
    """
    local, order, parent, member = memory.local, memory.order, memory.parent, memory.member
    key_of, edge_of = memory.heap_key, memory.heap_edge
    for i in range(count):
        local[memory.atoms[i]] = NONE
    size, reached = 0, 1
    order[0], parent[0], local[root] = root, NONE, 0
    at = root
    while reached < count:
        for e in range(graph.indptr[at], graph.indptr[at + 1]):
            other = graph.indices[e]
            if member[other] and local[other] == NONE:
                key = uniform(state) + (bias if label[other] != label[at] else 0.0)
                size = push(key_of, edge_of, size, key, other, local[at])
        found = NONE
        while size > 0 and found == NONE:
            if local[edge_of[0, 0]] == NONE:
                found = edge_of[0, 0]
                parent[reached] = edge_of[0, 1]
            size = pop(key_of, edge_of, size)
        if found == NONE:
            return reached
        order[reached], local[found] = found, reached
        reached += 1
        at = found
    return reached


@njit(cache=True, nogil=True)
def push(key_of: Any, edge_of: Any, size: Any, key: Any, atom: Any, above: Any) -> Any:
    """Add an entry to the heap; return its new size."""
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if key_of[up] <= key:
            break
        key_of[i], edge_of[i, 0], edge_of[i, 1] = key_of[up], edge_of[up, 0], edge_of[up, 1]
        i = up
    key_of[i], edge_of[i, 0], edge_of[i, 1] = key, atom, above
    return size + 1


@njit(cache=True, nogil=True)
def pop(key_of: Any, edge_of: Any, size: Any) -> Any:
    """Take the first entry off the heap; return its new size."""
    size -= 1
    key, atom, above = key_of[size], edge_of[size, 0], edge_of[size, 1]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and key_of[child + 1] < key_of[child]:
            child += 1
        if key_of[child] >= key:
            break
        key_of[i], edge_of[i, 0], edge_of[i, 1] = key_of[child], edge_of[child, 0], edge_of[child, 1]
        i = child
    key_of[i], edge_of[i, 0], edge_of[i, 1] = key, atom, above
    return size
