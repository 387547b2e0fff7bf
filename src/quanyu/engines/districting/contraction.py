"""Shrink a block: atoms that any plan keeps together become one, ground without households joins its neighbour."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse

from quanyu.engines.arrays import IntArray
from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph
from quanyu.engines.districting.problem import Problem

# What it costs to move ground without households, as a share of the mean atom's.
KEEP_EMPTY = 0.1


def block_graph(problem: Problem, atoms: IntArray) -> Graph:
    """Return the graph of a block, with lengths in units of the mean border."""
    matrix = problem.open_edges[atoms][:, atoms].tocsr()
    matrix.sort_indices()
    weight = problem.weights[atoms]
    return Graph(
        indptr=matrix.indptr.astype(np.int64), indices=matrix.indices.astype(np.int64),
        length=matrix.data / problem.length_unit, weight=weight, previous=problem.previous[atoms],
        keep=np.maximum(weight.astype(np.float64), KEEP_EMPTY * weight.mean()),
    )  # fmt: skip


def pendants(graph: Graph, lower: int) -> IntArray:
    """Return for each atom the first one of those it shares a district with in every plan that keeps ``lower``.

    A piece that a cut vertex parts from the rest, and that is lighter than ``lower``, goes with the cut vertex. The
    rule is repeated on what it leaves, until nothing changes.
    """
    group = np.arange(len(graph.weight))
    while True:
        head = np.arange(len(graph.weight))
        again = _kernels.join_pendants(graph.indptr, graph.indices, graph.weight, lower, 0, head)
        if again >= 0:
            _kernels.join_pendants(graph.indptr, graph.indices, graph.weight, lower, again, head)
        if (head == np.arange(len(head))).all():
            _, first, compact = np.unique(group, return_index=True, return_inverse=True)
            result: IntArray = first[compact]
            return result
        compact = np.unique(head, return_inverse=True)[1].astype(np.int64)
        graph = merged(graph, compact)
        group = compact[group]


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
        _kernels.absorb_empty(graph, bool((graph.previous >= 0).any()), group)
    result: IntArray = np.unique(group, return_inverse=True)[1].astype(np.int64)
    return result


def contract_within(graph: Graph, label: IntArray) -> IntArray:
    """Return the group of each atom, from 0: empty ground with a neighbour in its district, none across districts."""
    group = np.where(graph.weight > 0, np.arange(len(label)), -1)
    # A district without anybody keeps its atoms apart.
    lonely = np.bincount(label, weights=graph.weight)[label] == 0
    group[lonely] = np.flatnonzero(lonely)
    _kernels.absorb_empty(graph._replace(previous=label), True, group)
    result: IntArray = np.unique(group, return_inverse=True)[1].astype(np.int64)
    return result


def merged(graph: Graph, group: IntArray) -> Graph:
    """Return the graph of the groups; a group's previous district is that of most of its households."""
    count = int(group.max()) + 1
    rows = group[np.repeat(np.arange(len(group)), np.diff(graph.indptr))]
    columns = group[graph.indices]
    apart = rows != columns
    matrix = sparse.csr_array((graph.length[apart], (rows[apart], columns[apart])), shape=(count, count))
    matrix.sort_indices()
    order = np.lexsort((graph.keep, group))
    previous = np.empty(count, dtype=np.int64)
    previous[group[order]] = graph.previous[order]
    return Graph(
        indptr=matrix.indptr.astype(np.int64), indices=matrix.indices.astype(np.int64), length=matrix.data,
        weight=np.bincount(group, weights=graph.weight, minlength=count).astype(np.int64), previous=previous,
        keep=np.bincount(group, weights=graph.keep, minlength=count).astype(np.float64),
    )  # fmt: skip
