"""A maximal covering that falls into parts, against every choice."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag
from tests.engines.siting.strategies import choices, covers, numbers

from quanyu.engines.arrays import IntArray
from quanyu.engines.siting import cover_by_distance, cover_by_matrix, cover_most
from quanyu.engines.siting.apart_search import ApartSearch, PartSearch
from quanyu.engines.siting.most_core import MostCore
from quanyu.engines.siting.most_parts import NEVER, ApartEvidence, Branch, fall_apart, proven_line, share_out
from quanyu.engines.siting.proof import FREE, Proof, Rule
from quanyu.engines.siting.remaining import SHARE
from quanyu.engines.siting.result import Watch

many = settings(max_examples=100, deadline=None)


def drawn(data: st.DataObject, blocks: int) -> MostCore:
    """A core of blocks that share no site, every row of which has a site and every site a row."""
    matrices = [data.draw(covers(demands=6, sites=4)) for _ in range(blocks)]
    for each in matrices:
        each[:, 0] = True
    matrix = block_diag(*matrices) > 0
    matrix = matrix[:, matrix.any(axis=0)]
    weight = data.draw(numbers(len(matrix), 9)) + 1
    return MostCore(cover_by_matrix(matrix), weight, Rule(count=data.draw(st.integers(0, matrix.shape[1]))))


def least_left(core: MostCore, count: int) -> int:
    """The least weight that so many sites leave uncovered."""
    matrix = core.cover.matrix.toarray() > 0
    fit = [each for each in choices(core.sites) if len(each) <= count]
    return min(int(core.weight[~matrix[:, each].any(axis=1)].sum()) for each in fit)


@many
@given(st.data())
def test_a_tree_never_proves_more_than_is_left_by_any_number_of_sites(data: st.DataObject) -> None:
    core = drawn(data, 1)

    def duals() -> tuple[IntArray, ...]:
        return tuple(data.draw(numbers(len(core.weight), SHARE)) for _ in range(data.draw(st.integers(1, 2))))

    branches, open_nodes = [Branch(-1, -1, False, duals())], {0: list(range(core.sites))}
    for _ in range(data.draw(st.integers(0, 4))):
        number = data.draw(st.sampled_from(sorted(open_nodes)))
        if open_nodes[number]:
            site, *rest = open_nodes.pop(number)
            for inside in (True, False):
                open_nodes[len(branches)] = rest
                branches.append(Branch(number, site, inside, duals()))
    line = proven_line(core, tuple(branches))
    assert all(line[count] <= least_left(core, count) for count in range(len(line)))


@many
@given(st.data())
def test_parts_go_on_until_the_best_sharing_out_is_proven(data: st.DataObject) -> None:
    core = drawn(data, 2)
    apart = fall_apart(core, np.full(core.sites, FREE))
    dual, nothing = np.full(len(core.weight), SHARE // 2), np.zeros(core.sites, dtype=bool)
    search = ApartSearch(
        apart, dual, np.zeros(core.sites), core.weight, nothing, np.random.default_rng(1), Watch(999, None, None)
    )
    best, value = least_left(core, core.rule.count or 0), int(core.weight.sum())
    for _ in range(500):
        assert search.bound <= best <= value
        matrix = core.cover.matrix
        value = int(core.weight[matrix @ search.best == 0].sum())
        assert search.best.sum() <= (core.rule.count or 0)
        if search.bound == value:
            break
        search.step(value)
    assert search.bound == value == best
    root = Proof(core, SHARE, np.full(core.sites, FREE), ())
    evidence = ApartEvidence((), total=0, core=core, root=root, target=value + 1, trees=search.trees)
    assert evidence.recompute() == -best


@many
@given(st.data())
def test_a_part_is_settled_for_every_number_of_sites(data: st.DataObject) -> None:
    core = drawn(data, 1)
    part = PartSearch(
        core, np.zeros(len(core.weight), dtype=np.int64), np.zeros(core.sites), np.zeros(core.sites, dtype=bool),
        np.random.default_rng(1),
    )  # fmt: skip
    for count in range(len(part.values)):
        for _ in range(100):
            if part.line[count] == part.values[count]:
                break
            part.go_on(count, int(part.values[count]), Watch(999, None, None))
        assert part.line[count] == part.values[count] == least_left(core, count)
    assert (proven_line(core, tuple(part.branches)) >= part.line).all()


@many
@given(st.data())
def test_the_best_sharing_out(data: st.DataObject) -> None:
    lines = [data.draw(numbers(data.draw(st.integers(1, 4)), 20)) for _ in range(data.draw(st.integers(1, 3)))]
    for line in lines:
        if data.draw(st.booleans()) and len(line) > 1:
            line[0] = NEVER
    spare = data.draw(st.integers(len(lines), 7))
    fit = [each for each in product(*[range(len(line)) for line in lines]) if sum(each) <= spare]
    least, places = share_out(lines, spare)
    assert least == min(sum(int(line[k]) for line, k in zip(lines, each, strict=True)) for each in fit)
    assert tuple(places) in fit
    assert least == sum(int(line[k]) for line, k in zip(lines, places, strict=True))


def test_a_country_of_far_towns_is_proven_town_by_town() -> None:
    random = np.random.default_rng(5)
    towns = np.stack(np.meshgrid(np.arange(3), np.arange(3)), axis=-1).reshape(-1, 2) * 9_000.0
    demand, sites = (towns[random.integers(0, 9, size)] + random.normal(0, 900, (size, 2)) for size in (6_000, 300))
    cover, weight = cover_by_distance(demand, sites, 600), random.integers(1, 90, 6_000)
    answer = cover_most(cover, weight, p=20)
    assert isinstance(answer.evidence, ApartEvidence)
    assert answer.value == answer.bound == answer.evidence.recompute()
    short = cover_most(cover, weight, p=20, steps=3)
    assert short.value <= answer.value <= short.bound == short.evidence.recompute()
