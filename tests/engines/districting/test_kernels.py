"""The kernels against plain sums: the compiled loop equals its Python, a tree is cut if and only if it can be."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from tests.engines.districting.strategies import planar

from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules
from quanyu.engines.districting.contraction import pendants


def graph_of(adjacency: Any, weight: Any) -> Graph:
    weight = np.asarray(weight, dtype=np.int64)
    previous = np.full(len(weight), -1, dtype=np.int64)
    pointers, indices = adjacency.indptr.astype(np.int64), adjacency.indices.astype(np.int64)
    return Graph(pointers, indices, adjacency.data / 10.0, weight, previous, weight.astype(np.float64))


def connected_planar(seed: int, atoms: int) -> Any:
    while connected_components(planar(seed, atoms), directed=False)[0] > 1:
        seed += 1
    return planar(seed, atoms)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), atoms=st.integers(2, 9), lower=st.integers(3, 8), span=st.integers(0, 5))
def test_a_tree_is_cut_exactly_when_brute_force_can_cut_it(seed: int, atoms: int, lower: int, span: int) -> None:
    generator = np.random.default_rng(seed)
    parent = np.array([-1] + [int(generator.integers(i)) for i in range(1, atoms)])
    weight = generator.integers(0, 6, atoms)
    upper = lower + span

    def parts(cuts: Any) -> Any:
        label = np.zeros(atoms, dtype=np.int64)
        for i in range(1, atoms):
            label[i] = i if cuts[i - 1] else label[parent[i]]
        size = np.bincount(label, weights=weight, minlength=atoms)[np.unique(label)]
        return (size >= lower).all() and (size <= upper).all()

    possible = any(parts(cuts) for cuts in itertools.product([False, True], repeat=atoms - 1))
    words = (upper >> 6) + 1
    label = np.zeros(atoms, dtype=np.int64)
    reach, before = np.zeros((2, atoms, words), dtype=np.uint64)
    found = _kernels.partition_tree(
        np.arange(atoms), parent, weight, lower, upper, (lower + upper) // 2, label, 0, reach, before
    )
    assert (found > 0) == possible
    if found > 0:
        size = np.bincount(label, weights=weight)
        assert len(size) == found
        assert size.min() >= lower
        assert size.max() <= upper


def run_all(kernel_of: Any) -> Any:
    graph = graph_of(connected_planar(1, 30), np.arange(30) % 4)
    label = np.repeat(np.arange(3), 10)
    plan = Plan(label, np.bincount(label, weights=graph.weight).astype(np.int64), np.full(3, -2, dtype=np.int64))
    random = np.array([12345], dtype=np.uint64)
    queue, seen = np.empty(30, dtype=np.int64), np.zeros(31, dtype=np.int64)
    rules = Rules(10, 20, 15, 0.4, 5.0, 0.0)
    memory, heat = _kernels.scratch(30, len(graph.indices)), (1.0, 0.1, 1.0)
    kernel_of(_kernels.recombine)(graph, rules, plan, plan, np.empty(0), heat, 0, 40, 40, memory, random)
    kernel_of(_kernels.anneal_moves)(graph, rules, plan, 0.5, 0.05, 0, 300, 300, queue, seen, random)
    kernel_of(_kernels.polish)(graph, rules, plan, 5, queue, seen)
    return plan.label.tolist(), int(random[0])


def test_the_compiled_loops_equal_their_plain_python() -> None:
    with np.errstate(over="ignore"):
        assert run_all(lambda kernel: kernel) == run_all(lambda kernel: kernel.py_func)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), atoms=st.integers(4, 14))
def test_pendant_pieces_are_those_that_a_removed_atom_leaves_too_light(seed: int, atoms: int) -> None:
    generator = np.random.default_rng(seed)
    adjacency = connected_planar(seed, atoms)
    weight = generator.integers(1, 6, atoms)
    group = pendants(graph_of(adjacency, weight), 5)
    for cut in range(atoms):
        rest = np.delete(np.arange(atoms), cut)
        count, piece = connected_components(adjacency[rest][:, rest], directed=False)
        for each in range(count):
            members = rest[piece == each]
            if weight[members].sum() < 5 and count > 1:
                assert (group[members] == group[cut]).all()
