"""Where stations stand: ours against programs that take the problem as a model, and against heuristics.

Seeded clustered cases (sites and demands drawn about 40 centres, 1,000 m within 30 km) and published graphs. One thread
each, seconds of the processor; ours counts from coordinates or distances on, a rival's from the matrix on, writing its
model included. A rival is stopped after 20 s, ours after 20 s or less. Values that both prove are equal, else the
script stops. spopt writes its model from a dense matrix and is given a tenth of the demands. To cover most of
1,000,000, HiGHS gave no answer in 120 s and kept no limit while it presolved: it is not asked. A model of the
p-median of 10,000 points would have 100,000,000 variables: no rival is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks import siting_apart
from benchmarks import siting_rivals as rivals
from benchmarks.clock import timed
from scipy import sparse
from scipy.spatial.distance import cdist

from quanyu.cli.siting_files import read_orlib
from quanyu.engines.siting import (
    Siting,
    cover_all,
    cover_by_distance,
    cover_most,
    p_center,
    p_median,
    point_distances,
    warm,
)

DATA = Path(__file__).parents[1] / "tests" / "data" / "siting"
SITES, RADIUS, P, SEED, SIDE, CENTRES = 1_000, 1_000.0, 50, 1, 30_000, 40
Rival = tuple[str, Callable[[], tuple[rivals.Claim, float]]]  # a name, and what gives its claim and its seconds
HEAD = ("case", "program", "value", "bound", "gap", "seconds", "ours is so many times as fast")


def clustered(demands: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return demands, sites (metres) and the demands' weights."""
    random = np.random.default_rng(SEED)
    centres, spread = random.uniform(0, SIDE, (CENTRES, 2)), random.uniform(300, 1_500, CENTRES)
    share = random.dirichlet(np.full(CENTRES, 2.0))

    def points(size: int) -> np.ndarray:
        of = random.choice(CENTRES, size, p=share)
        return centres[of] + random.normal(0, 1, (size, 2)) * spread[of, None]

    sites, places = points(SITES), points(demands)
    return places, sites, np.ceil(random.lognormal(3.2, 0.8, demands)).astype(np.int64)


def rounded_down(name: str) -> np.ndarray:
    """Return the distances of a TSPLIB file as the p-median takes them."""
    lines = (DATA / name).read_text().partition("NODE_COORD_SECTION")[2].splitlines()
    xy = np.array([[float(word) for word in line.split()[1:]] for line in lines if len(line.split()) == 3])
    return np.floor(cdist(xy, xy)).astype(np.int64)


def compare(
    case: str, ours: Callable[[], Siting], *others: tuple[str, Callable[[], rivals.Claim]], most: bool
) -> list[str]:
    """Return a line for ours and for each of the others."""
    answer, own = timed(ours)
    assert answer.evidence.recompute() == answer.bound
    lines = [line(case, "**quanyu**", answer.value, answer.bound, own, "")]
    for name, ask in others:
        (value, bound), seconds = ask()
        sign = -1 if most else 1
        value, bound = (None if each is None else sign * each for each in (value, bound))
        if answer.is_proven and value is not None:
            assert sign * (value - answer.value) > -0.5, f"{name} claims {value} where {answer.value} is proven best"
            if bound is not None and abs(value - bound) < 0.5:
                assert abs(value - answer.value) < 0.5
        lines.append(line(case, name, value, bound, seconds, f"{seconds / own:.1f}"))
    return lines


def line(case: str, name: str, value: float | None, bound: float | None, seconds: float, ratio: str) -> str:
    """Return a line of the table."""
    told = ["–" if each is None else f"{each:,.0f}" for each in (value, bound)]
    gap = "–" if value is None or bound is None else f"{100 * abs(value - bound) / max(abs(value), 1):.2f} %"
    return f"| {case} | {name} | {told[0]} | {told[1]} | {gap} | {seconds:.2f} | {ratio} |"


def covering(demands: int, *solvers: Callable[[tuple], Rival]) -> list[str]:
    """Compare the fewest sites that cover every demand that has one."""
    places, sites, _ = clustered(demands)
    matrix = cover_by_distance(places, sites, RADIUS).matrix
    model = rivals.model_all(sparse.csr_array(matrix[np.diff(matrix.indptr) > 0]))
    others = [solver(model) for solver in solvers]
    case = f"cover all of {demands:,} from {SITES:,}"
    return compare(case, lambda: cover_all(cover_by_distance(places, sites, RADIUS), seconds=10), *others, most=False)


def covering_of_spopt(demands: int) -> list[str]:
    """Compare with spopt, which takes a dense matrix and no demand out of reach."""
    places, sites, _ = clustered(demands)
    away = cdist(places, sites)
    near = away.min(axis=1) <= RADIUS
    places, away = places[near], away[near]
    return compare(
        f"cover all of {len(places):,} from {SITES:,}",
        lambda: cover_all(cover_by_distance(places, sites, RADIUS), seconds=10),
        ("spopt, HiGHS", lambda: timed(lambda: rivals.spopt_all(away, RADIUS))), most=False,
    )  # fmt: skip


def maximal(demands: int, *solvers: Callable[[tuple], Rival]) -> list[str]:
    """Compare the most weight that 50 sites cover."""
    places, sites, weight = clustered(demands)
    others = list[Rival]()
    if solvers:
        model = rivals.model_most(cover_by_distance(places, sites, RADIUS).matrix, weight, P)
        others = [solver(model) for solver in solvers]
    return compare(
        f"cover most of {demands:,} by {P} of {SITES:,}",
        lambda: cover_most(cover_by_distance(places, sites, RADIUS), weight, p=P, seconds=10), *others, most=True,
    )  # fmt: skip


def near() -> list[str]:
    """Compare p-median and p-center on published graphs and points."""
    graph, p = read_orlib(str(DATA / "pmed6.txt"))
    points = rounded_down("rl1304.tsp")
    median, centre = rivals.model_near(graph, p, centre=False), rivals.model_near(graph, p, centre=True)
    return [
        *compare("p-median, pmed6", lambda: p_median(graph, p=p), highs(median), most=False),
        *compare("p-center, pmed6", lambda: p_center(graph, p=p), highs(centre), most=False),
        *compare(
            "p-median, rl1304, p = 100", lambda: p_median(points, p=100, seconds=3),
            ("kmedoids, best of 250", lambda: timed(lambda: rivals.fasterpam(points, 100, 250))), most=False,
        ),
    ]  # fmt: skip


def between_points() -> list[str]:
    """Show a p-median whose model has 100 million variables: no rival writes it."""
    places, _, weight = clustered(10_000)
    return compare(
        "p-median of 10,000 points, p = 100",
        lambda: p_median(point_distances(places, places), p=100, weights=weight, seconds=20), most=False,
    )  # fmt: skip


def highs(model: tuple) -> Rival:
    return "HiGHS", lambda: timed(lambda: rivals.highs(*model))


def scip(model: tuple) -> Rival:
    return "SCIP", lambda: timed(lambda: rivals.scip(*model))


def cp_sat(model: tuple) -> Rival:
    return "CP-SAT", lambda: siting_apart.cp_sat(*model[:-1])


def main() -> list[str]:
    """Run every case, and return the lines to print."""
    warm()
    return [
        f"| {' | '.join(HEAD)} |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
        *covering(10_000, highs, scip, cp_sat),
        *covering(100_000, highs),
        *covering_of_spopt(1_000),
        *maximal(10_000, highs, scip, cp_sat),
        *maximal(100_000, highs),
        *maximal(1_000_000),
        *near(),
        *between_points(),
    ]


if __name__ == "__main__":
    print("\n".join(main()))
