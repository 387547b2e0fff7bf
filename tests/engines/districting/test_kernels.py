"""The kernels against plain sums: the compiled loop equals its Python, a tree is cut if and only if it can be."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from tests.engines.districting.strategies import path, planar

from quanyu.engines.districting import _kernels
from quanyu.engines.districting._kernels import Graph, Plan, Rules
from quanyu.engines.districting.blocks import Layout, blocks
from quanyu.engines.districting.certificates import fewest_bins, pinned
from quanyu.engines.districting.contraction import pendants
from quanyu.engines.districting.plans import copied, cost, numbered, out_of_range, pieces
from quanyu.engines.districting.problem import check
from quanyu.engines.districting.rescue import neighbours
from quanyu.engines.districting.rules import rules_of


def graph_of(adjacency: Any, weight: Any) -> Graph:
    """Return the graph as a search sees it that aims at a short cut, with nothing further."""
    weight, none = np.asarray(weight, dtype=np.int64), np.zeros((len(weight), 0))
    return Graph(
        indptr=adjacency.indptr.astype(np.int32), indices=adjacency.indices.astype(np.int32),
        length=adjacency.data / 10.0, weight=weight, previous=none.astype(np.int64), keep=weight.astype(np.float64),
        around=np.asarray(adjacency.sum(axis=1)) / 10.0, extent=none, loads=none,
    )  # fmt: skip


def connected_planar(seed: int, atoms: int) -> Any:
    while connected_components(planar(seed, atoms), directed=False)[0] > 1:
        seed += 1
    return planar(seed, atoms)


@settings(max_examples=60)
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


AIMS = ("cut_length", "polsby_popper", "moment_of_inertia")


def started(aim: str) -> tuple[Graph, Rules, Plan]:
    """Return 30 atoms in three districts, with two previous divisions and a further load."""
    adjacency, count = connected_planar(1, 30), np.arange(30)
    problem = check(
        count % 4, adjacency, lower=10, upper=20, objective=aim, stability=[0.5, 0.2],
        previous=np.column_stack([count // 8, count // 11 - 1]), loads=count % 7, balance=0.3, area=1.0 + count % 5,
        xy=np.column_stack([count % 6, count // 6]), outer_length=5.0 * (count % 3 == 0),
    )  # fmt: skip
    parts = blocks(problem)
    layout = Layout(problem, parts)
    graph = layout.graph(0)
    label = pieces(graph, layout.atoms(0) // 10)
    return graph, rules_of(problem), numbered(graph, label)


def run_all(kernel_of: Any, aim: str) -> Any:
    graph, rules, plan = started(aim)
    random = np.array([12345], dtype=np.uint64)
    queue, seen = np.empty(30, dtype=np.int64), np.zeros(31, dtype=np.int64)
    regions = np.full(30, -1, dtype=np.int64)
    kernel_of(_kernels.grow_regions)(graph, 8, regions)
    memory, heat = _kernels.scratch(graph), (1.0, 0.1, 1.0)
    kernel_of(_kernels.recombine)(graph, rules, plan, plan, np.empty(0), heat, 0, 40, 40, memory, random)
    kernel_of(_kernels.anneal_moves)(graph, rules, plan, 0.5, 0.05, 0, 10, 10, queue, seen, random)
    kernel_of(_kernels.polish)(graph, rules, plan, 5, queue, seen)
    line, chosen = np.empty(30, dtype=np.int64), np.full(2, -1, dtype=np.int64)
    homes = kernel_of(_kernels.outward)(graph, line)
    kernel_of(_kernels.shed)(graph, plan.label, line[homes:], queue, seen)
    kernel_of(_kernels.reach)(graph, plan.label, int(line[0]), chosen, memory, random)
    near, home_of = np.zeros(homes, dtype=np.uint64), np.full(30, -1, dtype=np.int64)
    kernel_of(_kernels.claim)(graph, plan.label < 0, line[:homes], 20, 50, near, home_of, memory, random)
    found, weight, nowhere = np.full(homes, -1, dtype=np.int64), graph.weight[line[:homes]], np.full(homes, -1)
    looked = kernel_of(_kernels.cover)(near, weight, nowhere, 10, 12, 0, 1 << 40, 300, found)
    arrays = (regions, plan.label, line, chosen, near, home_of, found)
    return [each.tolist() for each in arrays], looked, int(random[0])


@pytest.mark.parametrize("aim", AIMS)
def test_the_compiled_loops_equal_their_plain_python(aim: str) -> None:
    with np.errstate(over="ignore"):
        assert run_all(lambda kernel: kernel, aim) == run_all(lambda kernel: kernel.py_func, aim)


@pytest.mark.parametrize("aim", AIMS)
def test_what_a_search_adds_up_is_what_its_plan_adds_up_to(aim: str) -> None:
    graph, rules, plan = started(aim)
    random, memory = np.array([7], dtype=np.uint64), _kernels.scratch(graph)
    queue, seen = np.empty(30, dtype=np.int64), np.zeros(31, dtype=np.int64)
    free = rules._replace(pull=0.0)  # the pull is no part of the score
    score = np.array([cost(graph, plan, free), 0.0, 1e300, 1e300])
    _kernels.recombine(graph, free, plan, copied(plan), score, (2.0, 1.0, 1.0), 0, 200, 200, memory, random)
    assert score[0] == pytest.approx(cost(graph, plan, free))
    _kernels.anneal_moves(graph, rules, plan, 5.0, 1.0, 0, 40, 40, queue, seen, random)
    anew = numbered(graph, plan.label)
    assert (plan.size == anew.size).all()
    for kept, counted in ((plan.extent, anew.extent), (plan.loads, anew.loads)):
        np.testing.assert_allclose(kept, counted, atol=1e-9)
    if aim != "cut_length":
        np.testing.assert_allclose(plan.around, anew.around, atol=1e-9)


@pytest.mark.parametrize("aim", AIMS)
def test_polishing_never_makes_a_plan_dearer(aim: str) -> None:
    graph, rules, plan = started(aim)
    before = cost(graph, plan, rules) + rules.wall * out_of_range(plan.size, rules.lower, rules.upper).sum()
    moves = _kernels.polish(graph, rules, plan, 20, np.empty(30, dtype=np.int64), np.zeros(31, dtype=np.int64))
    after = cost(graph, plan, rules) + rules.wall * out_of_range(plan.size, rules.lower, rules.upper).sum()
    assert moves > 0
    assert after < before


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), atoms=st.integers(4, 60), want=st.integers(1, 40))
def test_regions_hang_together_and_only_the_whole_is_light(seed: int, atoms: int, want: int) -> None:
    adjacency, weight = connected_planar(seed, atoms), np.random.default_rng(seed).integers(0, 9, atoms)
    label = np.full(atoms, -1, dtype=np.int64)
    count = _kernels.grow_regions(graph_of(adjacency, weight), want, label)
    assert sorted(set(label.tolist())) == list(range(count))
    for region in range(count):
        atoms_of = np.flatnonzero(label == region)
        assert connected_components(adjacency[atoms_of][:, atoms_of], directed=False)[0] == 1
        assert count == 1 or weight[atoms_of].sum() >= 0.5 * want


def ways_to_divide(adjacency: Any) -> Any:
    """Yield every division of a few atoms into connected districts, as lists of atoms."""
    beside = [
        set(adjacency.indices[adjacency.indptr[u] : adjacency.indptr[u + 1]].tolist())
        for u in range(adjacency.shape[0])
    ]

    def districts_of(first: int, left: frozenset[int]) -> Any:
        waiting, met = [frozenset([first])], {frozenset([first])}
        while waiting:
            yield (chosen := waiting.pop())
            for atom in set().union(*(beside[u] for u in chosen)) & left - chosen:
                if (grown := chosen | {atom}) not in met:
                    met.add(grown)
                    waiting.append(grown)

    def divide(left: frozenset[int]) -> Any:
        if not left:
            yield []
            return
        for chosen in districts_of(min(left), left):
            for others in divide(left - chosen):
                yield [sorted(chosen), *others]

    return divide(frozenset(range(adjacency.shape[0])))


def breach_of(districts: Any, weight: Any, lower: int, upper: int) -> tuple[int, int]:
    """Return the households and the districts out of range."""
    out = [max(lower - int(weight[each].sum()), int(weight[each].sum()) - upper, 0) for each in districts]
    return sum(out), sum(each > 0 for each in out)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000), atoms=st.integers(4, 8), lower=st.integers(0, 9), span=st.integers(1, 4),
    count=st.integers(0, 4),
)  # fmt: skip
def test_the_best_division_of_a_region_is_that_of_brute_force(
    seed: int, atoms: int, lower: int, span: int, count: int
) -> None:
    adjacency, weight = connected_planar(seed, atoms), np.random.default_rng(seed).integers(0, 9, atoms)
    upper, label = lower + span, np.full(atoms, -1, dtype=np.int64)
    near, nowhere = neighbours(graph_of(adjacency, weight), np.arange(atoms)), np.full(atoms, -1)
    cost, seen = _kernels.cover(near, weight, nowhere, lower, upper, count, 1 << 40, 10**6, label)
    assert seen < 10**6
    ways = [each for each in ways_to_divide(adjacency) if len(each) == count or count == 0]
    best = min(breach_of(each, weight, lower, upper) for each in ways)
    assert divmod(cost, _kernels.HOUSEHOLD) == best
    districts = [np.flatnonzero(label == each) for each in range(label.max() + 1)]
    assert breach_of(districts, weight, lower, upper) == best
    assert all(connected_components(adjacency[each][:, each], directed=False)[0] == 1 for each in districts)


def test_no_division_is_told_where_none_is_better_than_the_one_at_hand() -> None:
    adjacency, weight = path(3), np.array([80, 50, 80])
    near, label = neighbours(graph_of(adjacency, weight), np.arange(3)), np.full(3, 7)
    below = 10 * _kernels.HOUSEHOLD + 1
    assert _kernels.cover(near, weight, np.full(3, -1), 60, 100, 0, below, 1000, label)[0] == below
    assert label.tolist() == [7, 7, 7]


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), atoms=st.integers(5, 8), homes=st.permutations(range(5)))
def test_what_parts_of_a_block_lack_never_adds_up_to_more_than_brute_force_finds(
    seed: int, atoms: int, homes: list[int]
) -> None:
    adjacency, weight = connected_planar(seed, atoms), np.random.default_rng(seed).integers(0, 9, atoms)
    problem = check(weight, adjacency, lower=6, upper=8)
    heavy = max(weight) > 8
    proofs = [] if heavy else pinned(problem, [home for home in homes if weight[home] > 0], 100)
    parts = [atom for part, _ in proofs for atom in part.tolist()]
    assert len(parts) == len(set(parts))
    if proofs:
        least = min(breach_of(each, weight, 6, 8)[0] for each in ways_to_divide(adjacency))
        assert 0 < sum(by for _, by in proofs) <= least


def test_ground_kept_after_shedding_is_only_what_parts_of_a_district_need() -> None:
    # A row of nine: homes at 0 and 6, ground between them is needed, that beyond is not.
    graph = graph_of(path(9), [5, 0, 0, 0, 0, 0, 5, 0, 0])
    label, line = np.zeros(9, dtype=np.int64), np.empty(9, dtype=np.int64)
    homes = _kernels.outward(graph, line)
    assert line[:homes].tolist() == [0, 6]
    _kernels.shed(graph, label, line[homes:], np.empty(9, dtype=np.int64), np.zeros(10, dtype=np.int64))
    assert label.tolist() == [0] * 7 + [-1, -1]


@settings(max_examples=200)
@given(weights=st.lists(st.integers(1, 12), min_size=1, max_size=7), upper=st.integers(12, 20))
def test_the_bound_on_the_number_of_districts_never_exceeds_that_of_brute_force(weights: list[int], upper: int) -> None:
    def bins(left: list[int], room: list[int]) -> int:
        if not left:
            return len(room)
        first, *rest = left
        ways = [bins(rest, [*room, upper - first])]
        ways += [bins(rest, [*room[:i], room[i] - first, *room[i + 1 :]]) for i in range(len(room)) if room[i] >= first]
        return min(ways)

    assert fewest_bins(np.array(weights), upper) <= bins(weights, [])


@settings(max_examples=40)
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
