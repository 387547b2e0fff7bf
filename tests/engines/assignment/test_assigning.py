"""Assignments against brute force and published optima: bounds hold, answers keep to capacities, reasons are true."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from quanyu.engines.assignment import Assignment, Progress, assign
from quanyu.engines.assignment.certificates import bound_by_prices, bound_of_served, still_possible
from quanyu.engines.assignment.counting import bound_by_places
from quanyu.engines.assignment.errors import CostsTooLarge, RepeatedPair
from quanyu.engines.assignment.loading import with_nobody
from quanyu.engines.assignment.problem import check
from quanyu.errors import BadValue, EmptyInput, InvalidInput, NotFinite, OutOfRange, WrongShape, WrongType

DATA = Path(__file__).parents[2] / "data" / "assignment"


@st.composite
def small(draw: st.DrawFn, *, with_loads: bool) -> dict[str, Any]:
    """Return the arguments of a small assignment, which may be impossible."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    numbers = np.random.default_rng(draw(st.integers(0, 100_000)))
    arguments: dict[str, Any] = {
        "costs": numbers.integers(0, 12, (n, m)), "capacity": numbers.integers(0, 12 if with_loads else 4, m),
        "allowed": numbers.uniform(size=(n, m)) < 0.8, "price": draw(st.one_of(st.none(), st.integers(0, 30))),
        "previous": numbers.integers(-1, m, n), "change_cost": draw(st.integers(0, 5)),
    }  # fmt: skip
    if with_loads:
        arguments["loads"] = numbers.integers(0, 7, (n, m))
    return arguments


def brute(arguments: dict[str, Any]) -> tuple[int, int]:
    """Return the least number of tasks left out at the least objective, and that objective, by trying everything."""
    costs, capacity, allowed = arguments["costs"], arguments["capacity"], arguments["allowed"]
    loads = arguments.get("loads", np.ones_like(costs))
    before, change, n = arguments["previous"], arguments["change_cost"], len(costs)
    best = (10**9, 10**9)
    for choice in itertools.product(range(-1, costs.shape[1]), repeat=n):
        used, cost, out = np.zeros(len(capacity)), 0, 0
        for t, a in enumerate(choice):
            cost += change * (before[t] >= 0 and a != before[t])
            if a < 0:
                out += 1
            elif allowed[t, a]:
                used[a] += loads[t, a]
                cost += costs[t, a]
            else:
                break
        else:
            if (used <= capacity).all():
                price = arguments["price"]
                best = min(best, (out, cost) if price is None else (0, cost + price * out))
    return best


def check_valid(found: Assignment, arguments: dict[str, Any]) -> None:
    """Hold the answer against its own figures."""
    costs, loads = arguments["costs"], arguments.get("loads", np.ones_like(arguments["costs"]))
    held = np.flatnonzero(found.agent >= 0)
    used = np.bincount(found.agent[held], loads[held, found.agent[held]], minlength=costs.shape[1])
    assert used.tolist() == found.used.tolist()
    assert (used <= arguments["capacity"]).all()
    assert arguments["allowed"][held, found.agent[held]].all()
    assert costs[held, found.agent[held]].sum() == found.cost
    before = arguments["previous"]
    assert ((before >= 0) & (before != found.agent) & (found.agent >= 0)).sum() == found.changed
    assert [each.task for each in found.unassigned] == np.flatnonzero(found.agent < 0).tolist()
    lost = ((before >= 0) & (before != found.agent)).sum()
    price = check(**arguments).price
    assert found.objective == found.cost + lost * arguments["change_cost"] + len(found.unassigned) * price
    assert found.bound <= found.objective
    check_reasons(found, arguments)


def check_reasons(found: Assignment, arguments: dict[str, Any]) -> None:
    """Hold each reason against what it says, by the room that is left."""
    costs, capacity = arguments["costs"], np.array(arguments["capacity"])
    loads, before = arguments.get("loads", np.ones_like(costs)), arguments["previous"]
    room = capacity - found.used
    for each in found.unassigned:
        t = each.task
        mine = np.flatnonzero(arguments["allowed"][t])
        whole, now = loads[t, mine] > capacity[mine], loads[t, mine] > room[mine]
        price = costs[t, mine] + arguments["change_cost"] * ((before[t] >= 0) & (before[t] != mine))
        if each.reason == "no_candidate":
            assert not len(mine)
        elif each.reason == "too_heavy":
            assert whole.all()
        elif each.reason == "full":
            assert now.all()
        elif "loads" in arguments:
            # There is room; so this one was tried, and leaving it out is what its price asks for.
            assert each.reason == "too_dear"
            assert arguments["price"] is not None
            alone = arguments["price"] + arguments["change_cost"] * (before[t] >= 0)
            assert set(each.agents) == set(mine[~now].tolist())
            assert (price[~now] >= alone).all()


@settings(max_examples=80)
@given(small(with_loads=False))
def test_places_by_number_are_assigned_as_cheaply_as_brute_force_can(arguments: dict[str, Any]) -> None:
    found = assign(**arguments)
    check_valid(found, arguments)
    out, cost = brute(arguments)
    if arguments["price"] is None:
        assert (len(found.unassigned), found.objective - out * check(**arguments).price) == (out, cost)
        assert found.fewest_out == out
    else:
        assert found.objective == cost
    assert found.is_optimal
    assert found.gap == 0.0
    problem = check(**{name: value for name, value in arguments.items() if name != "seed"})
    assert bound_by_places(problem, found.prices) == found.bound == found.objective


@settings(max_examples=60, deadline=None)
@given(small(with_loads=True), st.sampled_from([{"steps": 4}, {"steps": 1}, {"seconds": 0.0}]))
@example(
    {
        "costs": np.array([[5], [6]]), "capacity": np.array([6]), "allowed": np.array([[True], [True]]), "price": 6,
        "previous": np.array([-1, -1]), "change_cost": 0, "loads": np.array([[6], [1]]),
    },
    {"seconds": 0.0},
)  # fmt: skip
def test_loads_are_assigned_within_a_bound_that_brute_force_confirms(
    arguments: dict[str, Any], limit: dict[str, Any]
) -> None:
    found = assign(**arguments, **limit)
    check_valid(found, arguments)
    out, cost = brute(arguments)
    problem, left = check(**arguments), len(found.unassigned)
    least = cost + out * problem.price if arguments["price"] is None else cost
    if arguments["price"] is None:
        assert found.fewest_out <= out <= left
        assert (found.gap is None) == (left > found.fewest_out and not found.is_optimal)
        if found.is_optimal:
            assert (left, found.objective - left * problem.price) == (out, cost)
    elif found.is_optimal:
        assert found.objective == cost
    assert found.bound <= least <= found.objective
    if found.gap is not None:
        beside = found.objective - (left * problem.price if arguments["price"] is None else 0)
        assert found.objective - least <= found.gap * max(beside, 1) + 1e-9
    whole, price = with_nobody(problem), problem.price
    if arguments["price"] is None:
        least_cost = bound_of_served(whole, found.prices, problem.alone - price, found.fewest_out)
        assert found.bound == price * found.fewest_out + min(least_cost, price)
    else:
        assert found.bound == bound_by_prices(whole, found.prices)


def test_that_no_more_can_be_served_is_proven_before_the_cost_is() -> None:
    # Loads of 4 and 3 in 10 units of room would hold three tasks; in two halves of 5 there is room for two.
    found = assign([[7, 9], [3, 8], [5, 5], [6, 6]], [5, 5], loads=[4, 3, 3, 4])
    assert (len(found.unassigned), found.cost, found.changed) == (2, 8, 0)
    assert (found.fewest_out, found.is_optimal, found.gap) == (2, True, 0.0)
    stopped = assign([[7, 9], [3, 8], [5, 5], [6, 6]], [5, 5], loads=[4, 3, 3, 4], seconds=0.0)
    assert (stopped.fewest_out, stopped.is_optimal, stopped.gap) == (1, False, None)
    assert [each.reason for each in stopped.unassigned] == ["full", "full"]


def test_a_task_left_out_is_no_change_of_agent() -> None:
    found = assign([[1, 5], [1, 5]], [1, 0], loads=[1, 1], previous=[0, 0], change_cost=3)
    assert (found.changed, found.cost, len(found.unassigned)) == (0, 1, 1)


@settings(max_examples=15, deadline=None)
@given(small(with_loads=True), st.integers(0, 1000))
def test_what_prices_rule_out_is_in_no_better_assignment(arguments: dict[str, Any], seed: int) -> None:
    arguments["price"] = 20
    whole = with_nobody(check(**arguments))
    prices = np.random.default_rng(seed).integers(0, 25, len(arguments["costs"])) * 2**20
    upper = brute(arguments)[1] + 1
    keep = still_possible(whole, prices, upper)
    arguments["allowed"] = arguments["allowed"].copy()
    rows, agent = whole.rows[~keep], whole.candidates.agent[~keep]
    real = agent < arguments["costs"].shape[1]
    arguments["allowed"][rows[real], agent[real]] = False
    assert brute(arguments)[1] == upper - 1


@pytest.mark.parametrize(("name", "optimum"), [("c10200", 2806), ("e10200", 23307)])
def test_published_optima_are_reached_within_a_thousandth_and_never_passed(name: str, optimum: int) -> None:
    numbers = np.array((DATA / f"gap_{name}.txt").read_text().split(), dtype=np.int64)
    m, n = numbers[:2]
    costs, loads = (numbers[2 + k * m * n :][: m * n].reshape(m, n).T for k in (0, 1))
    found = assign(costs, numbers[2 + 2 * m * n :], loads=loads, steps=3)
    assert not found.unassigned
    assert found.bound <= optimum <= found.objective <= optimum * 1.001
    assert optimum - found.bound <= optimum * 0.001


def test_one_to_one_costs_what_scipy_says() -> None:
    costs = np.random.default_rng(5).integers(0, 1000, (60, 60))
    assert assign(costs, np.ones(60)).cost == costs[linear_sum_assignment(costs)].sum()


def test_stored_entries_of_a_sparse_matrix_are_the_only_pairs() -> None:
    pairs = sparse.csr_array(([0, 4, 1], ([0, 0, 1], [1, 0, 1])), shape=(3, 2))
    found = assign(pairs, [1, 1])
    assert found.agent.tolist() == [0, 1, -1]
    assert found.unassigned[0].reason == "no_candidate"
    assert assign(pairs, [3, 3], loads=[3, 3, 1]).agent.tolist() == [0, 1, -1]


def test_who_is_known_is_kept_while_a_change_saves_less_than_it_costs() -> None:
    costs, before = [[10, 7], [10, 9]], [0, 0]
    assert assign(costs, [2, 2], previous=before, change_cost=2).agent.tolist() == [1, 0]
    found = assign(costs, [2, 2], previous=before, change_cost=3)
    assert (found.changed, found.objective) in ((0, 20), (1, 20))
    assert assign(costs, [2, 2], previous=before, change_cost=4).changed == 0


def test_reasons_name_the_agents_whose_capacity_would_help() -> None:
    # Tasks 0 and 1 can only go to agent 0; task 2 could go on to agent 1, which is full of task 3.
    allowed = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=bool)
    costs = np.zeros((4, 3), dtype=int)
    found = assign(costs, [2, 1, 5], allowed=allowed)
    (left,) = found.unassigned
    assert (left.reason, left.agents, left.missing, found.fewest_out) == ("full", (0, 1), 1, 1)
    heavy = assign([[1, 1]], [3, 5], loads=[7]).unassigned[0]
    assert (heavy.reason, heavy.agents, heavy.missing) == ("too_heavy", (1,), 2)
    dear = assign([[9, 4]], [1, 1], price=3).unassigned[0]
    assert (dear.reason, dear.agents, dear.missing) == ("too_dear", (0, 1), 0)
    full = assign([[0], [0]], [5], loads=[3, 4]).unassigned[0]
    assert (full.task, full.reason, full.agents, full.missing) == (0, "full", (0,), 2) or full.task == 1


def test_seed_and_steps_decide_and_progress_can_stop() -> None:
    numbers = np.random.default_rng(3)
    loads = numbers.integers(1, 100, (60, 5))
    costs, capacity = 111 - loads + numbers.integers(-10, 11, loads.shape), loads.sum(axis=0) * 8 // 50
    one, other = (assign(costs, capacity, loads=loads, steps=3, seed=7) for _ in range(2))
    assert one.agent.tolist() == other.agent.tolist()
    seen: list[Progress] = []
    stopped = assign(costs, capacity, loads=loads, on_progress=lambda now: seen.append(now) or False)
    assert (len(seen), stopped.stopped, stopped.steps) == (1, "asked", 1)
    assert assign(costs, capacity, loads=loads, seconds=0.0).stopped == "seconds"


def test_where_all_that_is_near_is_full_somebody_far_away_takes_a_task() -> None:
    generator = np.random.default_rng(0)
    tasks, agents = 600, 60
    # All tasks lie in one quarter of the town, whose agents hold a third of them.
    places, stands = generator.uniform(0, 500, (tasks, 2)), generator.uniform(0, 1000, (agents, 2))
    costs = np.hypot(*(places[:, None, axis] - stands[None, :, axis] for axis in (0, 1))).astype(np.int64)
    loads = generator.integers(1, 60, tasks)
    found = assign(costs, np.full(agents, int(1.05 * loads.sum() / agents) + 1), loads=loads, steps=1)
    assert found.unassigned == ()


def test_large_capacities_are_counted_coarsely_and_the_bound_still_holds() -> None:
    numbers = np.random.default_rng(8)
    loads = numbers.integers(1, 100_000, (6, 2)) * 10**6
    costs, capacity = numbers.integers(0, 50, (6, 2)), loads.sum(axis=0) // 2
    arguments = {
        "costs": costs, "capacity": capacity, "loads": loads, "price": 60, "allowed": np.ones_like(costs, dtype=bool),
        "previous": np.full(6, -1), "change_cost": 0,
    }  # fmt: skip
    found = assign(**arguments, steps=4)
    check_valid(found, arguments)
    assert found.bound <= brute(arguments)[1] <= found.objective


BAD: list[tuple[dict[str, Any], type[InvalidInput], str]] = [
    ({"costs": [[1.0, np.nan]]}, NotFinite, "costs[0, 1] is nan"),
    ({"costs": [[1, np.inf]]}, NotFinite, "costs[0, 1] is inf"),
    ({"costs": [[1, -2]]}, OutOfRange, "costs[0, 1] is -2"),
    ({"costs": [[1, 0.5]]}, OutOfRange, "whole numbers"),
    ({"costs": [["a", "b"]]}, WrongType, "text"),
    ({"costs": [1, 2]}, WrongShape, "costs"),
    ({"costs": np.empty((0, 2), dtype=int)}, EmptyInput, "costs is empty"),
    ({"costs": []}, EmptyInput, "costs is empty"),
    ({"costs": [[1, 2], [3]]}, WrongType, "costs holds rows of different lengths"),
    ({"costs": None}, WrongType, "costs holds objects"),
    ({"capacity": [1]}, WrongShape, "capacity"),
    ({"capacity": [1, -1]}, OutOfRange, "capacity[1] is -1"),
    ({"loads": [[1, 2, 3]]}, WrongShape, "loads"),
    ({"loads": [-1]}, OutOfRange, "loads[0] is -1"),
    ({"allowed": [[True]]}, WrongShape, "allowed"),
    ({"allowed": [[1, np.nan]]}, OutOfRange, "allowed[0, 1] is nan; allowed is true or false, or 1 or 0"),
    ({"allowed": [["no", "yes"]]}, WrongType, "allowed holds text"),
    ({"previous": [2]}, OutOfRange, "previous[0] is 2"),
    ({"price": -1}, BadValue, "price is -1"),
    ({"change_cost": float("nan")}, BadValue, "change_cost"),
    ({"steps": 0}, BadValue, "steps"),
    ({"price": 2**52, "change_cost": 1}, CostsTooLarge, "coarser unit"),
]


@pytest.mark.parametrize(("changes", "error", "words"), BAD)
def test_bad_input_is_refused_by_name(changes: dict[str, Any], error: type[InvalidInput], words: str) -> None:
    with pytest.raises(error) as caught:
        assign(**{"costs": [[1, 2]], "capacity": [1, 1], **changes})
    assert words in str(caught.value)


def test_a_pair_that_is_stored_twice_is_refused() -> None:
    twice = sparse.csr_array((np.array([1, 2]), np.array([1, 1]), np.array([0, 2])), shape=(1, 2))
    with pytest.raises(RepeatedPair, match="row 0 with column 1 twice"):
        assign(twice, [1, 1])
