"""The compiled loops against plain Python and plain sums."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.siting.strategies import choices, covers, distances, numbers

from quanyu.engines.siting import _kernels, cover_by_matrix, straight_distances
from quanyu.engines.siting.distances import near_of_matrix
from quanyu.engines.siting.points import field_of

few = settings(max_examples=60, deadline=None)


def run_all(seed: int, turned: Any) -> list[Any]:
    """Return what every loop gives, called as ``turned`` says: compiled, or in plain Python."""
    random = np.random.default_rng(seed)
    matrix = random.random((14, 8)) < 0.4
    matrix[:, 0] = True
    cover = cover_by_matrix(matrix)
    ground = (cover.indptr, cover.indices, *cover.by_site)
    weight, cost = random.integers(1, 9, 14), random.integers(1, 5, 8)
    group, y, share, slope = random.integers(0, 3, 14), random.random(8) / 2, np.empty(14), np.empty((3, 8))
    chosen, state, mean = np.zeros(8, dtype=bool), random.integers(-1, 2, 8), np.zeros(8)
    near = near_of_matrix(random.integers(0, 30, (14, 8)), 3)
    cap, across = near.cap.astype(np.float64), np.ascontiguousarray(random.integers(0, 30, (8, 14)))
    sites, held = np.array([1, 4, 6]), np.array([False, True, False])
    first, second, dual, share_of = np.empty(14, np.int64), np.empty(14, np.int64), np.full(14, 9.0), np.zeros(8)
    taken = np.empty(len(cover.indices))
    start, rows = cover.by_site

    def call(name: str, *given: Any) -> Any:
        return turned(getattr(_kernels, name))(*given)

    results = [
        call("collapse", cover.indptr, cover.indices), call("transpose", cover.indptr, cover.indices, 8),
        call("sum_by_site", cover.indptr, cover.indices, weight, 8), call("covered_by", start, rows, state == 1, 14),
        call("first_chosen", cover.indptr, cover.indices, state == 1),
        call("dominating_rows", *ground), call("dominated_columns", start, rows, cover.indptr, cover.indices, cost),
        call("greedy_cover", *ground, cost, cost.astype(np.float64)),
        call("weigh_rows", *ground, cost, np.ones(8, dtype=bool), random.random(40)),
        call("greedy_most", *ground, weight, cost, np.ones(8), chosen, 6),
        call("swap_most", *ground, weight, cost, chosen, 2, 5), chosen,
        call("cut_at", cover.indptr, cover.indices, y, share), share,
        call("benders_cuts", cover.indptr, cover.indices, weight, group, share, slope), slope,
        call("descend_shares", cover.indptr, cover.indices, weight, cost, 9, 20.0, 30, mean), mean,
        call("price_near", near.site, near.cost, np.full(14, 40), 4, 8),
        call("ascend", near.site, near.cost, cap, dual, np.zeros(8, int), 3, 60.0, 40, 1.0, share_of),
        dual, share_of, call("assign_near", across, sites, first, second), first.copy(), second.copy(),
        call("swap_median", across, np.arange(8), sites, held, first, second, 3, 0, 99), sites,
        call("price_capacities", start, rows.astype(np.int64), np.arange(len(rows)), weight, cost * 3,
             np.full(14, 80), 2, taken), taken,
    ]  # fmt: skip
    field, _ = field_of(random.uniform(0, 30, (14, 2)), 9)
    ground, _ = field_of(random.uniform(0, 30, (8, 2)), 9)
    chosen_of, caches = np.array([1, 4, 6]), [np.empty(14, np.int64) for _ in range(4)]
    results += [
        call("price_points", field, weight, ground, 0.5, random.integers(0, 900, 14), 4),
        call("roughly_price_points", field, weight, ground, 0.5, random.uniform(0, 90, 14)),
        call("served_points", field, weight, ground, 0.5, random.uniform(0, 90, 14)),
        call("assign_points", field, weight, ground, 0.5, chosen_of, *caches), *[each.copy() for each in caches],
        call("swap_points", field, weight, ground, 0.5, np.arange(8), chosen_of, held, *caches, 3, 0, 99), chosen_of,
        *caches,
    ]  # fmt: skip
    for counting in (True, False):
        # Two rounds, as the engine makes them: count, then write.
        points, places = random.uniform(0, 9, (14, 2)), random.uniform(0, 9, (8, 2))
        frame = _kernels.Ground(places, np.zeros(2), 9.0, 1, 1, np.array([0, 8]), np.arange(8))
        pointers, indices = np.arange(15) * (0 if counting else 8), np.zeros(14 * 8, dtype=np.int32)
        call("near", points, frame, 4.0, pointers, indices, counting)
        results += [pointers, indices]
    return results


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_compiled_loops_are_the_python_ones(seed: int) -> None:
    with np.errstate(over="ignore"):  # hashes wrap around
        compiled, plain = run_all(seed, lambda kernel: kernel), run_all(seed, lambda kernel: kernel.py_func)
    for one, two in zip(compiled, plain, strict=True):
        for a, b in zip(*((each if isinstance(each, tuple) else (each,)) for each in (one, two)), strict=True):
            assert (a is None and b is None) or np.allclose(a, b)


@few
@given(covers())
def test_equal_rows_share_a_group_and_no_others_do(matrix: Any) -> None:
    cover = cover_by_matrix(matrix)
    group, first = _kernels.collapse(cover.indptr, cover.indices)
    assert ((group[:, None] == group) == (matrix[:, None] == matrix).all(axis=2)).all()
    assert (group[first] == np.arange(len(first))).all()


@few
@given(st.data())
def test_a_local_search_keeps_a_cover_and_never_raises_its_cost(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    matrix[:, 0] = True
    cost = data.draw(numbers(matrix.shape[1], 5)) + 1
    cover, chance = cover_by_matrix(matrix), np.random.default_rng(1).random(60)
    begun = np.ones(matrix.shape[1], dtype=bool)
    found = _kernels.weigh_rows(cover.indptr, cover.indices, *cover.by_site, cost, begun, chance)
    assert matrix[:, found].any(axis=1).all()
    best = min(int(cost[each].sum()) for each in choices(len(cost)) if matrix[:, each].any(axis=1).all())
    assert best <= cost[found].sum() <= cost.sum()


@few
@given(st.data())
def test_exchanges_count_what_they_gain(data: st.DataObject) -> None:
    matrix = data.draw(distances(sites=7))
    count = data.draw(st.integers(1, matrix.shape[1]))
    sites, across = np.arange(count), np.ascontiguousarray(matrix.T)
    first, second = np.empty(len(matrix), np.int64), np.empty(len(matrix), np.int64)
    before = _kernels.assign_near(across, sites, first, second)
    assert before == matrix[:, sites].min(axis=1).sum()
    held = np.zeros(count, dtype=bool)
    change, _, _ = _kernels.swap_median(across, np.arange(matrix.shape[1]), sites, held, first, second, 0, 0, 999)
    assert before + change == matrix[:, sites].min(axis=1).sum()
    assert len(set(sites.tolist())) == count


@few
@given(st.data())
def test_exchanges_cover_no_less_and_keep_the_budget(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    weight, cost = data.draw(numbers(matrix.shape[0], 9)), data.draw(numbers(matrix.shape[1], 4)) + 1
    cover = cover_by_matrix(matrix)
    ground = (cover.indptr, cover.indices, *cover.by_site, weight, cost)
    chosen = np.zeros(len(cost), dtype=bool)
    left = _kernels.greedy_most(*ground, np.ones(len(cost)), chosen, 6)
    before = weight[matrix[:, chosen].any(axis=1)].sum()
    left = _kernels.swap_most(*ground, chosen, left, 1)
    assert weight[matrix[:, chosen].any(axis=1)].sum() >= before
    assert left == 6 - cost[chosen].sum() >= 0


@few
@given(st.data())
def test_exchanges_between_points_count_what_they_gain(data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 999)))
    demand, sites = random.integers(0, 30, (20, 2)).astype(float), random.integers(0, 30, (9, 2)).astype(float)
    weight, count = random.integers(0, 5, 20), data.draw(st.integers(1, 9))
    field, order = field_of(demand, data.draw(st.integers(1, 40)))
    ground, site_order = field_of(sites, 5)
    cost = (straight_distances(demand, sites) * weight[:, None])[np.ix_(order, site_order)]
    chosen, caches = np.arange(count), [np.empty(20, np.int64) for _ in range(4)]
    before = _kernels.assign_points(field, weight[order], ground, 1.0, chosen, *caches)
    assert before == cost[:, chosen].min(axis=1).sum()
    held = np.arange(count) < data.draw(st.integers(0, 1))
    change, _, _ = _kernels.swap_points(
        field, weight[order], ground, 1.0, np.arange(9), chosen, held, *caches, 0, 0, 999
    )
    assert before + change == cost[:, chosen].min(axis=1).sum() == caches[2].sum()
    assert len(set(chosen.tolist())) == count
    assert not held[0] or chosen[0] == 0
    if count > 1:  # no exchange is left that helps
        others = np.setdiff1d(np.arange(9), chosen)
        for place, site in product(np.flatnonzero(~held), others):
            tried = chosen.copy()
            tried[place] = site
            assert cost[:, tried].min(axis=1).sum() >= before + change
