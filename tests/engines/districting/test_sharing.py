"""A number of districts is shared out among blocks next to what a free plan has there."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from tests.engines.districting.strategies import from_pairs

from quanyu.engines.districting import district
from quanyu.engines.districting.blocks import Block, least_breach_of
from quanyu.engines.districting.problem import check
from quanyu.engines.districting.sharing import shares_after


def test_as_many_districts_as_a_free_plan_are_no_worse_than_it_and_one_more_changes_one_block() -> None:
    # A lattice of 30 rows of 20, a block for each ten rows.
    side = [(i, i + 1) for i in range(600) if i % 20 < 19]
    ground = {
        "weights": np.random.default_rng(6).integers(5, 16, 600), "lower": 300, "upper": 500,
        "adjacency": from_pairs(side + [(i, i + 20) for i in range(580)], 600), "border": np.repeat([0, 1, 2], 200),
    }  # fmt: skip
    border = ground["border"]
    free = district(**ground)
    same = district(**ground, k=free.metrics.districts)
    assert (same.labels == free.labels).all()
    assert same.steps == free.steps
    more = district(**ground, k=free.metrics.districts + 1)
    assert more.metrics.districts == free.metrics.districts + 1
    assert more.steps > free.steps
    assert more.metrics.range_violation == 0
    changed = [
        block for block in range(3)
        if len(set(zip(free.labels[border == block].tolist(), more.labels[border == block].tolist(), strict=True)))
        > len(set(free.labels[border == block].tolist()))
    ]  # fmt: skip
    assert len(changed) == 1


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 4_000), min_size=2, max_size=6), st.integers(1, 60), st.data())
def test_k_districts_are_shared_out_at_the_least_cost(weights: list[int], k: int, data: st.DataObject) -> None:
    free = [data.draw(st.integers(1, 10)) for _ in weights]
    k = max(k, len(weights))
    problem = check([1, 1], sparse.csr_array([[0, 1], [1, 0]]), lower=300, upper=500)
    parts = [Block(np.arange(60), weight, 1, 1, "") for weight in weights]
    shares = shares_after(problem, k, parts, free)
    assert sum(shares) == k
    assert min(shares) >= 1
    step = 1 if k > sum(free) else -1
    assert all((share - own) * step >= 0 for share, own in zip(shares, free, strict=True))
    # No district is worth more in another block.
    breach = [least_breach_of(problem, weight, share) for weight, share in zip(weights, shares, strict=True)]
    for give, take in permutations(range(len(weights)), 2):
        moved = (shares[give] - 1 - free[give]) * step, (shares[take] + 1 - free[take]) * step
        if shares[give] > 1 and min(moved) >= 0:
            after = least_breach_of(problem, weights[give], shares[give] - 1)
            after += least_breach_of(problem, weights[take], shares[take] + 1)
            assert after >= breach[give] + breach[take]
