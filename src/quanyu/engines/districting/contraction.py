"""Shrink a block: atoms that any plan keeps together become one, ground without households joins its neighbour."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph
from quanyu.engines.districting.plans import added, compact, internal


def pendants(graph: Graph, lower: int) -> IntArray:
    """Return for each atom the first one of those it shares a district with in every plan that keeps ``lower``.

    A piece that a cut vertex parts from the rest, and that is lighter than ``lower``, goes with the cut vertex. The
    rule is repeated on what it leaves, until nothing changes.
    """
    group = np.arange(len(graph.weight))
    while True:
        alone = np.arange(len(graph.weight))
        head = alone.copy()
        again = _kernels.join_pendants(graph.indptr, graph.indices, graph.weight, lower, 0, head)
        if again >= 0:
            _kernels.join_pendants(graph.indptr, graph.indices, graph.weight, lower, again, head)
        if (head == alone).all():
            first = np.full(len(alone), len(group))
            np.minimum.at(first, group, np.arange(len(group)))
            return first[group]
        head = compact(head)
        graph = merged(graph, head)
        group = head[group]


def contract(graph: Graph, lower: int, upper: int) -> IntArray:
    """Return the group of each atom, from 0: pendant pieces with their cut vertex, empty ground with a neighbour."""
    group = pendants(graph, lower)
    weight = np.bincount(group, weights=graph.weight, minlength=len(group))
    # A pendant group above the range proves that the block cannot keep it; its atoms stay free for the least breach.
    free = weight[group] > upper
    group = np.where(free, np.arange(len(group)), group)
    empty = np.bincount(group, weights=graph.weight, minlength=len(group))[group] == 0
    if empty.any() and not empty.all():
        group[empty] = -1
        _absorb(graph, graph.previous, group)
    return compact(group)


def contract_within(graph: Graph, label: IntArray) -> IntArray:
    """Return the group of each atom, from 0: empty ground with a neighbour in its district, none across districts."""
    group = np.where(graph.weight > 0, np.arange(len(label)), -1)
    # A district without anybody keeps its atoms apart.
    lonely = np.bincount(label, weights=graph.weight)[label] == 0
    group[lonely] = np.flatnonzero(lonely)
    _absorb(graph, label.reshape(-1, 1), group)
    return compact(group)


def _absorb(graph: Graph, owner: IntArray, group: IntArray) -> None:
    """Give ground without a group that of a neighbour, of the same owner where it has one."""
    follows = owner.shape[1] > 0 and bool((owner[:, 0] >= 0).any())
    first = owner[:, 0].copy() if follows else np.full(len(group), -1, dtype=np.int64)
    _kernels.absorb_empty(graph, first, follows, group)


def merged(graph: Graph, group: IntArray) -> Graph:
    """Return the graph of the groups; a group's previous district is that of most of its households."""
    count = int(group.max()) + 1
    if count == len(group):
        return graph
    rows = group[np.repeat(np.arange(len(group)), np.diff(graph.indptr))]
    columns = group[graph.indices]
    apart = rows != columns
    matrix = sparse.csr_array((graph.length[apart], (rows[apart], columns[apart])), shape=(count, count))
    order = np.lexsort((graph.keep, group))
    previous = np.empty((count, graph.previous.shape[1]), dtype=np.int64)
    previous[group[order]] = graph.previous[order]
    return Graph(
        indptr=matrix.indptr.astype(np.int32), indices=matrix.indices.astype(np.int32), length=matrix.data,
        weight=np.bincount(group, weights=graph.weight, minlength=count).astype(np.int64), previous=previous,
        keep=np.bincount(group, weights=graph.keep, minlength=count).astype(np.float64),
        around=np.bincount(group, weights=graph.around, minlength=count) - internal(graph, group, count),
        extent=added(graph.extent, group, count), loads=added(graph.loads, group, count),
    )  # fmt: skip
