"""The kernels against plain sums: a knapsack against its table; the compiled loop equals its Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyu.engines.assignment import _kernels
from quanyu.engines.assignment._kernels import MOST_CELLS
from quanyu.engines.assignment.certificates import bound_by_prices, whole_prices
from quanyu.engines.assignment.diving import relieved
from quanyu.engines.assignment.loading import first_prices, with_nobody
from quanyu.engines.assignment.parts import climbed
from quanyu.engines.assignment.problem import check


def packed(gain: Any, load: Any, capacity: int, kernel: Any = _kernels.knapsack) -> tuple[float, Any]:
    """Return the profit of the kernel's choice, and the choice."""
    taken = np.zeros(len(gain), dtype=bool)
    room = np.zeros((len(gain), min(capacity, MOST_CELLS) + 1), dtype=bool)
    value, _ = kernel(gain, load, len(gain), capacity, taken, room)
    return value, taken


@settings(max_examples=200)
@given(st.integers(0, 100_000), st.integers(1, 25), st.integers(0, 60))
def test_a_knapsack_is_worth_what_a_full_table_says(seed: int, size: int, capacity: int) -> None:
    numbers = np.random.default_rng(seed)
    gain, load = numbers.integers(1, 9, size).astype(float), numbers.integers(0, capacity + 1, size)
    best = np.zeros(capacity + 1)
    for value, weight in zip(gain, load, strict=True):
        best = np.maximum(best, np.concatenate([np.full(weight, -1.0), best[: capacity + 1 - weight] + value]))
    for kernel in (_kernels.knapsack, _kernels.knapsack.py_func):
        found, taken = packed(gain, load, capacity, kernel)
        assert found == pytest.approx(best[-1]) == gain[taken].sum()
        assert load[taken].sum() <= capacity


def test_coarse_counting_never_makes_a_knapsack_worth_less() -> None:
    numbers = np.random.default_rng(1)
    gain, load = numbers.uniform(1, 9, 12), numbers.integers(1, 50, 12)
    exact, _ = packed(gain, load, 150)
    coarse, _ = packed(gain, load * 7919, 150 * 7919 + 7918)
    assert coarse >= exact - 1e-9


def whole() -> Any:
    numbers = np.random.default_rng(4)
    loads = numbers.integers(1, 20, (12, 3))
    return with_nobody(check(numbers.integers(0, 30, (12, 3)), loads.sum(axis=0) // 4, loads=loads, price=90))


def test_prices_rise_to_a_bound_that_whole_numbers_confirm() -> None:
    part = whole()
    dual = climbed(part, first_prices(part), upper=900.0, rounds=200, pace=0.5)
    assert bound_by_prices(part, whole_prices(part, dual.price)) == np.ceil(dual.bound - 1e-3)


def test_compiled_loops_equal_their_python() -> None:
    part = whole()
    answers = []
    for form in (lambda kernel: kernel, lambda kernel: kernel.py_func):
        price = form(_kernels.level)(part.candidates, part.room, 2.0, 30)
        bound, unit, share = form(_kernels.climb)(part.by_agent, part.room, price, 500.0, 20, 0.5)
        entry = part.candidates.indptr[:-1].copy()
        used = np.bincount(part.candidates.agent[entry], part.candidates.load[entry], minlength=4).astype(np.int64)
        best, state = relieved(part, entry), np.array([99], dtype=np.uint64)
        agents = _kernels.Agents(part.room, unit, unit + 1.0)
        cost = form(_kernels.search)(
            part.candidates, part.by_agent, agents, _kernels.Plan(entry, used), best, 10**9, 2.0, 0.5, 1.1, 20, state
        )
        answers.append([price.tolist(), bound, unit.tolist(), share.tolist(), best.tolist(), cost])
    assert answers[0] == answers[1]


def test_compiled_proposals_and_places_equal_their_python() -> None:
    numbers = np.random.default_rng(6)
    indptr, post = np.arange(0, 41, 2), np.concatenate([numbers.permutation(4)[:2] for _ in range(20)])
    given = (indptr, post, numbers.permutation(40), np.array([3, 0, 5, 2]))
    assert _kernels.propose(*given).tolist() == _kernels.propose.py_func(*given).tolist()
    part, answers = whole(), []
    order = np.lexsort((part.candidates.cost, part.rows))
    ascending = _kernels.Candidates(part.candidates.indptr, *(column[order] for column in part.candidates[1:]))
    for kernel in (_kernels.assign_places, _kernels.assign_places.py_func):
        tasks, agents = np.full((3, 12), -1), np.full((3, 4), -1)
        flow = _kernels.Flow(tasks[0], np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.int64), agents[0], *tasks[1:])
        reach = _kernels.Reach(np.full(4, _kernels.FAR), agents[1], agents[2], np.full(4, -1))
        kernel(ascending, np.array([2, 3, 2, 1]), np.full(12, 50), flow, reach)
        answers.append([flow.entry.tolist(), flow.price.tolist(), flow.used.tolist()])
    assert answers[0] == answers[1]
