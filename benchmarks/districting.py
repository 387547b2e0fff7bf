"""Districts: ours against METIS, KaHIP and GerryChain, on the same graphs, in one run.

`ours / theirs` below 1 means a shorter cut. METIS keeps no lower limit, so many of its plans are out of range (✗), and
a plan that need not keep the range can cut less. METIS gets 20 seeds at each of up to four tolerances, in both of its
ways (k parts at once, recursive bisection), KaHIP three in its strong mode, both as many districts as ours in every
connected block; GerryChain gets short bursts of ReCom for six seconds, after a first plan within ten. Ours runs
once, with its default steps, and once more with twenty times as many where the table says so. In cities of 100,000 and
1,000,000 atoms everybody runs once, as wide as the range allows, and is left as it is: there a second seed changes
little, and METIS's districts in several pieces count as such.

`households outside, avoidable` counts those out of range beyond what is proven of every plan; `in pieces` the districts
that METIS left in several pieces.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from benchmarks import vologda
from benchmarks.cases import DATA, Case, Worth, instances, random_city, worth
from benchmarks.clock import timed
from benchmarks.rivals import Rival, gerrychain_bursts, kahip_once, kahip_plan, metis_once, metis_plans
from scipy.optimize import linear_sum_assignment

from quanyu.engines.districting import Districting, district
from quanyu.engines.districting.curves import STABILITIES

SEED = 0
COLUMNS = (
    "| plan | grids | in range | households outside, avoidable | in pieces | cut, km | ours / theirs | Polsby-Popper "
    "| seconds |"
)
ALIGNED = "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
START_LIMIT, BURST_SECONDS = 10.0, 6.0
ATOMS, COMMUNITIES = 10_000, 35
# Atoms, communities, and who else draws.
LARGE = ((100_000, 1, (metis_once, kahip_once)), (100_000, 350, (metis_once,)), (1_000_000, 1, (metis_once,)))


def draw(
    case: Case, previous: np.ndarray | None = None, steps: int | None = None, stability: float = 1.0
) -> tuple[Districting, float]:
    """Return our plan of a case and its seconds, after a short run that compiles what is needed.

    With ``previous``, at full stability, as few households move as bring its districts into range.
    """

    def run(steps: int | None) -> Districting:
        return district(
            case.weights, case.adjacency, lower=case.lower, upper=case.upper, k=case.k, barrier_edges=case.closed,
            objective="cut_edges" if case.k else "cut_length", area=case.area, outer_length=case.outer_length,
            previous=previous, stability=0.0 if previous is None else stability, seed=SEED, steps=steps,
        )  # fmt: skip

    run(1)
    return timed(lambda: run(steps))


def of_k() -> list[str]:
    """Return the table of the census graphs: k districts, cut edges."""
    lines = [
        f"### Cut edges of {len(instances())} census graphs, k given, ±0.5 %",
        "",
        "| graph | atoms | k | optimum | quanyu | METIS | GerryChain | ours / METIS | ours / GerryChain |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [_row(case) for case in instances()]
    return [*lines, "", "✗ out of range. † An atom is heavier than the range, so no plan is in range."]


def _row(case: Case) -> str:
    made, seconds = draw(case)
    ours = worth(case, made.labels)
    rivals = metis_plans(case)[1:3]
    metis = min((worth(case, rival.labels) for rival in rivals), key=lambda value: (value.outside, value.cut))
    chain = gerrychain_bursts(case, start_limit=START_LIMIT, seconds=BURST_SECONDS, seed=SEED)
    told, ratio = f"no first plan in {chain.start_seconds:.0f} s", "–"
    if chain.plan is not None:
        theirs = worth(case, chain.plan)
        told = f"{_edges(theirs)} ({chain.start_seconds + BURST_SECONDS:.1f} s, {chain.steps:,} steps)"
        ratio = f"{ours.cut / theirs.cut:.2f}"
    cells = [
        f"{case.name}{' †' if case.weights.max() > case.upper else ''}",
        f"{len(case.weights):,}",
        f"{case.k}",
        "–" if case.optimum is None else f"{case.optimum}, {'' if ours.cut == case.optimum else 'not '}reached",
        f"{_edges(ours)} ({seconds:.1f} s)",
        f"{_edges(metis)} ({sum(rival.seconds for rival in rivals):.1f} s)",
        told,
        f"{ours.cut / metis.cut:.2f}",
        ratio,
    ]
    return f"| {' | '.join(cells)} |"


def _edges(value: Worth) -> str:
    return f"{value.cut:.0f}{'' if value.is_valid else ' ✗'}"


def of_vologda() -> list[str]:
    """Return the table of Vologda: 300 to 500 households, the number of grids free, cut in kilometres."""
    city = vologda.read()
    made, cells = timed(lambda: vologda.tessellated(city))
    case, _ = vologda.atoms(city, made)
    # The first whole run compiles what mends grids, which a short one does not come to.
    draw(case)
    title = f"### Vologda: {len(case.weights):,} atoms, {int(case.weights.sum()):,} households, 300–500 each"
    return [title, "", *of_range(case, repaired=True), "", f"The cells took {cells:.1f} s before that."]


def of_random_cities() -> list[str]:
    """Return the tables of two made-up cities of 10,000 atoms: open ground, and cut into communities."""
    lines = []
    for name, communities in (("open ground", 1), (f"{COMMUNITIES} communities", COMMUNITIES)):
        case = random_city(name, atoms=ATOMS, communities=communities, seed=SEED)
        lines += [f"### Random cells: {ATOMS:,} atoms, {name}, 300–500 each", "", *of_range(case, repaired=False), ""]
    return lines[:-1]


def of_large_cities() -> list[str]:
    """Return a table of cities of up to a million atoms, drawn once by each program."""
    lines = [
        "### Random cells: cities of 100,000 and 1,000,000 atoms, 300–500 each, one run",
        "",
        f"| atoms | communities {COLUMNS}",
        f"| ---: | ---: {ALIGNED}",
    ]
    for atoms, communities, others in LARGE:
        case = random_city(f"{atoms:,} atoms", atoms=atoms, communities=communities, seed=SEED)
        made, seconds = draw(case)
        proven = made.metrics.range_violation - made.metrics.avoidable_violation
        ours = worth(case, made.labels)
        rows = [("quanyu", ours, seconds)]
        for other in others:
            rival = other(case, made.labels)
            rows.append((rival.name, worth(case, rival.labels), rival.seconds))
        city = f"| {atoms:,} | {communities} "
        lines += [city + compared(name, value, ours, proven, value.broken, taken) for name, value, taken in rows]
    return lines


def of_changes() -> list[str]:
    """Return the table of redrawing: a city in which every twentieth grid doubles, then one with other buildings."""
    case = random_city("open ground", atoms=ATOMS, communities=1, seed=SEED)
    today, _ = draw(case)
    generator = np.random.default_rng(SEED)
    doubled = generator.choice(len(today.weights), len(today.weights) // 20, replace=False)
    weights = case.weights * np.where(np.isin(today.labels, doubled), 2, 1)
    chosen = generator.choice(ATOMS, ATOMS // 50, replace=False)
    changed = case.weights.copy()
    changed[chosen] = (changed[chosen] * generator.uniform(0, 3, len(chosen))).round()
    lines = [
        f"### Redrawing: {len(today.weights):,} grids of {ATOMS:,} atoms",
        "",
        "| what changed | grids out of range | from scratch | moved, stability 1 | proven least | moved / least | s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, households in (("5 % of grids double", weights), ("2 % of buildings, by 0 to 3 times", changed)):
        after = replace(case, weights=households)
        out = worth(after, today.labels)
        free, _ = draw(after)
        close, seconds = draw(after, previous=today.labels)
        scratch = moved_from(today.labels, free.labels, households)
        moved = moved_from(today.labels, close.labels, households)
        lines.append(
            f"| {name} | {out.districts - out.in_range} | {100 * scratch / households.sum():.1f} % "
            f"| {100 * moved / households.sum():.2f} % | {100 * (close.bound.moved or 0) / households.sum():.2f} % "
            f"| {moved / max(close.bound.moved or 1, 1):.2f} | {seconds:.2f} |"
        )
    return lines


def of_an_existing_plan() -> list[str]:
    """Return the table of Oklahoma's congressional districts of 2013: cut edges against people moved."""
    (case,) = (each for each in instances() if each.name == "OK_vtd")
    today = np.load(DATA / "OK_vtd.npz")["previous"].astype(np.int64)
    lines = [
        f"### Close to an existing plan: OK_vtd, whose districts of 2013 cut {worth(case, today).cut:.0f} edges",
        "",
        "| stability | cut edges | people moved | s |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for stability in STABILITIES:
        made, seconds = draw(case, previous=today, stability=stability)
        moved = moved_from(today, made.labels, case.weights)
        lines.append(
            f"| {stability} | {worth(case, made.labels).cut:.0f} | {100 * moved / case.weights.sum():.1f} % "
            f"| {seconds:.1f} |"
        )
    return lines


def moved_from(before: np.ndarray, after: np.ndarray, households: np.ndarray) -> int:
    """Return the households outside the district matched with their old one, by the best matching there is."""
    table = np.zeros((before.max() + 1, after.max() + 1))
    np.add.at(table, (before, after), households)
    return int(households.sum() - table[linear_sum_assignment(-table)].sum())


def of_range(case: Case, *, repaired: bool) -> list[str]:
    """Return a table of ours and METIS's plans of a case with as many districts in every connected block.

    With ``repaired`` there is one more row: METIS's plan with the districts out of range drawn anew by our repair.
    """
    made, seconds = draw(case)
    proven = made.metrics.range_violation - made.metrics.avoidable_violation
    ours = worth(case, made.labels)
    longer, longer_seconds = draw(case, steps=20 * made.steps)
    better = worth(case, longer.labels)
    rivals = [*metis_plans(case, made.labels), kahip_plan(case, made.labels)]
    if repaired:
        best = min(rivals, key=lambda rival: worth(case, rival.labels).outside)
        mended, more = draw(case, previous=best.labels)
        rivals.append(Rival(f"{best.name}, then our repair", mended.labels, 0, best.seconds + more))
    rows = [("quanyu", ours, 0, seconds), ("quanyu, 20 times the steps", better, 0, longer_seconds)]
    rows += [(rival.name, worth(case, rival.labels), rival.in_pieces, rival.seconds) for rival in rivals]
    lines = [COLUMNS, ALIGNED]
    lines += [compared(name, value, ours, proven, pieces, taken) for name, value, pieces, taken in rows]
    rules = Counter(each.rule for each in made.unmet if each.proven)
    if rules:
        told = ", ".join(f"{count} {rule}" for rule, count in rules.most_common())
        lines += ["", f"Proven that no plan avoids: {proven:,} households outside the range ({told})."]
    return lines


def compared(name: str, value: Worth, ours: Worth, proven: int, pieces: int, taken: float) -> str:
    """Return the row of a plan beside ours, of which so many households are proven to be out of range in any plan."""
    ratio = "–" if value is ours else f"{ours.cut / value.cut:.2f}"
    return (
        f"| {name} | {value.districts:,} | {100 * value.in_range / value.districts:.1f} % "
        f"| {max(0, value.outside - proven):,} | {pieces} | {value.cut / 1000:,.1f} | {ratio} "
        f"| {value.compactness:.3f} | {taken:.1f} |"
    )


def main() -> list[str]:
    """Run all, and return the lines to print."""
    tables = (of_k, of_vologda, of_random_cities, of_large_cities, of_changes, of_an_existing_plan)
    return [line for table in tables for line in (*table(), "")][:-1]


if __name__ == "__main__":
    print("\n".join(main()))
