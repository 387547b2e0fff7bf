"""A proof is sound whatever its dual vectors are: they may be weak, never wrong."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.siting.strategies import choices, covers, distances, numbers

from quanyu.engines.arrays import IntArray
from quanyu.engines.siting import cover_by_matrix
from quanyu.engines.siting.cover_search import CoverCore
from quanyu.engines.siting.distances import near_of_matrix
from quanyu.engines.siting.median_search import MedianCore
from quanyu.engines.siting.most_core import MostCore
from quanyu.engines.siting.proof import FREE, INSIDE, OUTSIDE, Core, Node, Proof, Rule, Tree, relax
from quanyu.engines.siting.remaining import SHARE

thorough = settings(max_examples=300, deadline=None)


def grown(data: st.DataObject, core: Core, demands: int, scale: int, high: int, target: int) -> Proof:
    """Return a tree of random dual vectors and random splits."""
    tree = Tree(core, scale, np.zeros(core.sites, dtype=np.int64))

    def dual() -> IntArray:
        return data.draw(numbers(demands, high))

    tree.refine(-1, dual(), target)
    for _ in range(data.draw(st.integers(0, 4))):
        if not tree.open:
            break
        node = data.draw(st.sampled_from(sorted(tree.open)))
        free = np.flatnonzero(tree.states[node] == FREE)
        if len(free):
            site = int(data.draw(st.sampled_from(free.tolist())))
            for inside in (True, False):
                tree.add(node, dual(), target, site=site, inside=inside)
            tree.close(node)
        else:
            tree.refine(node, dual(), target)
    assert tree.proof().recompute(target) >= tree.bound(target)
    return tree.proof()


@thorough
@given(st.data())
def test_no_cover_is_cheaper_than_a_proof_says(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    matrix[:, 0] = True
    cost = data.draw(numbers(matrix.shape[1], 5))
    best = min(int(cost[each].sum()) for each in choices(len(cost)) if matrix[:, each].any(axis=1).all())
    target = best + data.draw(st.integers(0, 2))
    proof = grown(data, CoverCore(cover_by_matrix(matrix), cost), len(matrix), 4, 12, target)
    assert proof.recompute(target) <= best
    assert proof.recompute(best) <= best


@thorough
@given(st.data())
def test_no_choice_covers_more_than_a_proof_says(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    weight, cost = data.draw(numbers(matrix.shape[0], 9)), data.draw(numbers(matrix.shape[1], 5))
    rule = data.draw(st.sampled_from([Rule(count=2), Rule(cost=cost, money=6)]))
    fit = [each for each in choices(len(cost)) if (len(each) <= 2 if rule.cost is None else cost[each].sum() <= 6)]
    best = min(int(weight[~matrix[:, each].any(axis=1)].sum()) for each in fit)
    target = best + data.draw(st.integers(0, 3))
    proof = grown(data, MostCore(cover_by_matrix(matrix), weight, rule), len(matrix), SHARE, SHARE, target)
    assert proof.recompute(target) <= best


@thorough
@given(st.data())
def test_no_sites_are_nearer_than_a_proof_says(data: st.DataObject) -> None:
    cost = data.draw(distances())
    count = data.draw(st.integers(1, cost.shape[1]))
    best = min(int(cost[:, each].min(axis=1).sum()) for each in choices(cost.shape[1]) if len(each) == count)
    target = best + data.draw(st.integers(0, 3))
    core = MedianCore(near_of_matrix(cost, count), count)
    proof = grown(data, core, len(cost), 4, 4 * int(cost.max()) + 4, target)
    assert proof.recompute(target) <= best


@thorough
@given(st.data())
def test_a_relaxed_choice_and_what_a_change_of_side_costs(data: st.DataObject) -> None:
    sites = data.draw(st.integers(1, 6))
    reduced = data.draw(numbers(sites, 20)) - 10
    state = data.draw(numbers(sites, 2)) - 1
    cost = data.draw(numbers(sites, 5))
    rule = data.draw(st.sampled_from([Rule(), Rule(count=3), Rule(cost=cost, money=8)]))

    def least(fixed: IntArray) -> float:
        inside, outside = set(np.flatnonzero(fixed == INSIDE)), set(np.flatnonzero(fixed == OUTSIDE))
        return min(
            (
                float(reduced[each].sum())
                for each in choices(sites)
                if inside <= set(each) and not outside & set(each)
                if (rule.count is None or len(each) <= rule.count)
                and (rule.cost is None or cost[each].sum() <= rule.money)
            ),
            default=np.inf,
        )

    best = relax(0, reduced, state, rule)
    assert best.cost <= least(state) or least(state) == np.inf
    for site in np.flatnonzero(state == FREE):
        changed = state.copy()
        changed[site] = OUTSIDE if best.taken[site] else INSIDE
        assert least(changed) >= best.cost + int(best.growth[site]) or least(changed) == np.inf


def test_a_parent_keeps_its_bound_where_one_side_is_missing() -> None:
    core = CoverCore(cover_by_matrix([[1, 1]]), np.array([1, 1]))
    nodes = (Node(-1, -1, False, np.array([0])), Node(0, 0, True, np.array([4])))
    proof = Proof(core, 4, np.zeros(2, dtype=np.int64), nodes)
    assert proof.recompute(9) == 0
