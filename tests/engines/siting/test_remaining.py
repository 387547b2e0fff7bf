"""What is left to settle of a maximal covering, against the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines.siting.strategies import covers, numbers

from quanyu.engines.siting import cover_by_matrix
from quanyu.engines.siting.most_core import MostCore
from quanyu.engines.siting.proof import FREE, INSIDE, Rule, relax
from quanyu.engines.siting.remaining import SHARE, remaining

many = settings(max_examples=150, deadline=None)


@many
@given(st.data())
def test_a_choice_covers_as_much_of_what_is_left_as_of_the_whole(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    sites = matrix.shape[1]
    weight, state = data.draw(numbers(len(matrix), 9)), data.draw(numbers(sites, 2)) - 1
    left = remaining(cover_by_matrix(matrix), weight, state)
    assert left.columns.tolist() == np.flatnonzero(state == FREE).tolist()
    chosen = data.draw(numbers(len(left.columns), 1)) == 1
    covered = (left.cover.matrix @ chosen > 0) @ left.weight + left.covered
    assert covered == weight[matrix[:, left.marks(chosen, sites) | (state == INSIDE)].any(axis=1)].sum()


@many
@given(st.data())
def test_shares_of_what_is_left_prove_as_much_of_the_whole(data: st.DataObject) -> None:
    matrix = data.draw(covers())
    weight, state = data.draw(numbers(len(matrix), 9)), data.draw(numbers(matrix.shape[1], 2)) - 1
    cover, rule = cover_by_matrix(matrix), Rule(count=matrix.shape[1])
    left = remaining(cover, weight, state)
    dual = data.draw(numbers(len(left.weight), SHARE))
    part = MostCore(left.cover, left.weight, rule).price(dual, SHARE)
    whole = MostCore(cover, weight, rule).price(left.lift(dual / SHARE), SHARE)
    lost = int(weight.sum() - left.weight.sum()) - left.covered
    free = np.full(len(left.columns), FREE)
    assert relax(*whole, state, rule).cost == relax(*part, free, rule).cost + lost * SHARE
    assert np.abs(left.project(left.lift(dual / SHARE), weight) * SHARE - dual).max(initial=0) < 1e-3
