"""Who takes what: ours against HiGHS (scipy), CBC (PuLP) and CP-SAT (OR-Tools), the same instances, one thread each.

Places by number: all must reach one cost. Loads: published instances and made ones of the same kinds (Chu and Beasley's
c, d and e; the seed is in the file), each solver given as many seconds as ours computed. Every answer is
checked for capacities, and its cost is counted here. The gap is what each proves itself, from its own bound.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pulp
import scipy.sparse as sparse
from benchmarks.assigning_apart import cp_sat
from benchmarks.clock import timed
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from quanyu.engines.assignment import Assignment, assign, match, warm

DATA = Path(__file__).parents[1] / "tests" / "data" / "assignment"
PUBLISHED = {"c10200": 2806, "d10100": 6347, "e10200": 23307}
MADE = [("d", 20, 200), ("e", 20, 400)]
PLACES, SEED = [(1_000, 50), (2_000, 100)], 11
LARGE_TASKS, LARGE_AGENTS = 10_000, 500

Answer = tuple[np.ndarray | None, float]
Solver = Callable[[np.ndarray, np.ndarray, np.ndarray, float], Answer]


def published(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return costs and loads, tasks by agents, and capacities of an instance in the tests."""
    numbers = np.array((DATA / f"gap_{name}.txt").read_text().split(), dtype=np.int64)
    m, n = numbers[:2]
    costs, loads = numbers[2:-m].reshape(2, m, n)
    return costs.T, loads.T, numbers[-m:]


def made(kind: str, m: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an instance by the rules of Chu and Beasley (d) and of Yagiura, Ibaraki and Glover (e)."""
    numbers = np.random.default_rng(SEED)
    if kind == "d":
        loads = numbers.integers(1, 101, (n, m))
        costs = 111 - loads + numbers.integers(-10, 11, (n, m))
    else:
        loads = (1 - 10 * np.log(numbers.uniform(1e-6, 1, (n, m)))).astype(np.int64)
        costs = np.maximum(1, 1000 / loads - 10 * numbers.uniform(0, 1, (n, m))).astype(np.int64)
    return costs, loads, np.maximum(loads.sum(axis=0) * 8 // (10 * m), loads.max(axis=0))


def highs(costs: np.ndarray, loads: np.ndarray, room: np.ndarray, seconds: float) -> Answer:
    """Return the answer and the bound of HiGHS."""
    n, m = costs.shape
    once = sparse.kron(sparse.eye_array(n), np.ones((1, m)), format="csr")
    entry = (np.tile(np.arange(m), n), np.arange(n * m))
    fits = sparse.coo_array((loads.ravel(), entry), shape=(m, n * m), dtype=float).tocsr()
    found = milp(
        costs.ravel(), integrality=np.ones(n * m), bounds=Bounds(0, 1), options={"time_limit": seconds},
        constraints=[LinearConstraint(once, 1, 1), LinearConstraint(fits, -np.inf, room)],
    )  # fmt: skip
    answer = None if found.x is None else found.x.reshape(n, m).argmax(axis=1)
    return answer, found.mip_dual_bound or 0.0


def cbc(costs: np.ndarray, loads: np.ndarray, room: np.ndarray, seconds: float) -> Answer:
    """Return the answer of CBC; PuLP tells no bound."""
    n, m = costs.shape
    model = pulp.LpProblem("assignment", pulp.LpMinimize)
    x = [[pulp.LpVariable(f"x_{t}_{a}", cat="Binary") for a in range(m)] for t in range(n)]
    model += pulp.lpSum(int(costs[t, a]) * x[t][a] for t in range(n) for a in range(m))
    for row in x:
        model += pulp.lpSum(row) == 1
    for a in range(m):
        model += pulp.lpSum(int(loads[t, a]) * x[t][a] for t in range(n)) <= int(room[a])
    model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=seconds, threads=1))
    values = np.array([[each.varValue or 0.0 for each in row] for row in x])
    return (values.argmax(axis=1) if (values.sum(axis=1) > 0.5).all() else None), 0.0


SOLVERS: dict[str, Solver] = {"HiGHS": highs, "CBC": cbc, "CP-SAT": cp_sat}


def cost_of(case: tuple[np.ndarray, np.ndarray, np.ndarray], agent: np.ndarray | None) -> int | None:
    """Return what an answer costs, counted here; ``None`` where there is none, or it breaks a capacity."""
    costs, loads, room = case
    tasks = np.arange(len(costs))
    if agent is None or (agent < 0).any():
        return None
    if (np.bincount(agent, loads[tasks, agent], minlength=len(room)) > room).any():
        return None
    return int(costs[tasks, agent].sum())


def by_loads() -> list[str]:
    """Return the table of assignments by loads."""
    lines = [
        "### Loads", "", "| instance | best known | s | ours: cost, gap | HiGHS | CBC | CP-SAT |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    cases = [(name, published(name), str(best)) for name, best in PUBLISHED.items()]
    cases += [(f"{kind}{m}{n} (made)", made(kind, m, n), "–") for kind, m, n in MADE]
    for name, case, best in cases:
        found, seconds = timed(lambda case=case: assign(case[0], case[2], loads=case[1]))
        told = [_told(cost_of(case, found.agent), found.bound)]
        told += [_told(cost_of(case, answer), bound) for answer, bound in (s(*case, seconds) for s in SOLVERS.values())]
        lines.append(f"| {name} | {best} | {seconds:.1f} | {' | '.join(told)} |")
    return lines


def _told(cost: int | None, bound: float) -> str:
    if cost is None:
        return "no answer"
    return f"{cost:,}, {100 * (cost - bound) / cost:.2f} %" if bound > 0 else f"{cost:,}"


def near(tasks: int, agents: int) -> np.ndarray:
    """Return distances between places drawn at random in 10 km by 10 km, in whole metres."""
    numbers = np.random.default_rng(SEED)
    one, other = numbers.uniform(0, 10_000, (tasks, 2)), numbers.uniform(0, 10_000, (agents, 2))
    return np.hypot(*(one[:, None, k] - other[None, :, k] for k in (0, 1))).astype(np.int64)


def by_number() -> list[str]:
    """Return the table of assignments by number of places: HiGHS solves the linear program, which is whole here."""
    lines = [
        "### Places by number", "", "| tasks and agents | same cost | ours, s | HiGHS, s | times as fast |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for n, m in PLACES:
        costs, room = near(n, m), np.full(m, n // m)
        found, own = timed(lambda costs=costs, room=room: assign(costs, room))
        once = sparse.kron(sparse.eye_array(n), np.ones((1, m)), format="csr")
        fits = sparse.kron(np.ones((1, n)), sparse.eye_array(m), format="csr")
        rival, theirs = timed(
            lambda c=costs, o=once, f=fits, r=room: linprog(c.ravel(), f, r, o, np.ones(c.shape[0]), method="highs")
        )
        assert found.is_optimal
        assert round(rival.fun) == found.cost
        lines.append(f"| {n:,} and {m:,} | {found.cost:,} | {own:.2f} | {theirs:.2f} | {theirs / own:.0f}× |")
    return lines


def large() -> list[str]:
    """Return how long ours takes at the size of a large district, where the others do not answer in minutes."""
    n, m = LARGE_TASKS, LARGE_AGENTS
    costs, numbers = near(n, m), np.random.default_rng(SEED)
    loads = numbers.integers(1, 60, n)
    room = np.full(m, int(loads.sum() * 1.05 / m) + 1)
    count, counted = timed(lambda: assign(costs, np.full(m, n // m)))
    load, loaded = timed(lambda: assign(costs, room, loads=loads))
    wishes = sparse.csr_array(np.argsort(np.argsort(costs[:, :20], axis=1), axis=1) + 1)
    points = numbers.integers(0, 100, n * 20)
    pairs, matched = timed(lambda: match(wishes, points, np.full(20, n // 25)))
    return [
        f"### {n:,} tasks and {m:,} agents", "", "| | s | cost above the bound | left out |",
        "| --- | ---: | ---: | ---: |",
        f"| places by number | {counted:.1f} | {_above(count)} | {len(count.unassigned)} |",
        f"| loads, 5 % of room | {loaded:.1f} | {_above(load)} | {len(load.unassigned)} |",
        f"| stable matching, {20 * n:,} wishes | {matched:.2f} | – | {n - int((pairs.post >= 0).sum()):,} |",
    ]  # fmt: skip


def _above(found: Assignment) -> str:
    """Return how far the cost lies above the bound; the price of what is left out would hide it."""
    return f"{100 * (found.cost - found.bound) / found.cost:.2f} %"


def main() -> list[str]:
    """Run all three, and return the lines to print."""
    warm()
    return [*by_number(), "", *by_loads(), "", *large()]


if __name__ == "__main__":
    print("\n".join(main()))
