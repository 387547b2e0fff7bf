"""``quanyu assign`` and ``quanyu match``: who takes what, from files, without a database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from quanyu.cli.compiling import computes
from quanyu.cli.options import JSON, finite, out
from quanyu.cli.tables import METRES, Table, read_text, write_table
from quanyu.errors import BrokenFile, OutOfRange

if TYPE_CHECKING:
    from quanyu.engines.arrays import FloatArray, IntArray
    from quanyu.engines.assignment import Assignment, Matching

# The mean radius of the Earth, for distances between places in degrees.
EARTH_M = 6_371_008.8
MOST_SECONDS = 1e6

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SEED = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)


@click.command()
@click.argument("agents", type=FILE)
@click.argument("tasks", type=FILE, required=False)
@click.option("--format", "form", type=click.Choice(["csv", "orlib"]), default="csv", show_default=True)
@click.option("--capacity", default="capacity", show_default=True, help="Column of AGENTS: tasks, or load, each takes.")
@click.option("--load", help="Column of TASKS: what each takes of a capacity; 1 if not told.")
@click.option("--previous", help="Column of TASKS: the agent of today, or nothing.")
@click.option(
    "--change-cost", type=click.IntRange(min=0), default=0, show_default=True, help="What a change costs, in m."
)
@click.option("--organization", help="Column of both: no task goes to an agent of another organization.")
@click.option(
    "--radius", type=click.FloatRange(min=0), callback=finite, help="No agent is further away than this, in metres."
)
@click.option(
    "--price", type=click.IntRange(min=0), help="What a task left out costs, in m; more than any if not told."
)
@click.option(
    "--seconds", type=click.FloatRange(0, MOST_SECONDS, min_open=True), callback=finite,
    help="With loads: when to stop.",
)  # fmt: skip
@click.option("--steps", type=click.IntRange(min=1), help="With loads: length of the search.")
@SEED
@out()
@JSON
@click.pass_context
@computes
def assign(
    ctx: click.Context, /, agents: Path, tasks: Path | None, *, out: Path, as_json: bool, **options: Any
) -> None:
    """Give each row of TASKS.csv to a row of AGENTS.csv that is near and has room.

    The first column names a row. Columns x and y are metres, or lon and lat degrees. With --format orlib, AGENTS is a
    generalised assignment problem in the form of the OR-Library, and there are no TASKS.
    """
    from quanyu.engines import assignment

    is_orlib = options.pop("form") == "orlib"
    if is_orlib == (tasks is not None):
        raise click.UsageError("Give AGENTS and TASKS; with --format orlib a single file.")
    _refuse_idle(options, is_orlib=is_orlib)
    problem, names = _orlib(agents, options) if tasks is None else _problem(Table(agents), Table(tasks), options)
    found = assignment.assign(**problem, **options)
    if not as_json or str(out) != "-":
        title = "cost" if is_orlib else "metres"
        header = ["task", "agent", title, "reason", "would_help", "missing"]
        write_table(out, header, _assigned(found, problem["costs"], *names))
    figures = _figures(found)
    if as_json:
        click.echo(json.dumps(figures))
    else:
        click.echo("  ".join(f"{name} {value}" for name, value in figures.items()), err=True)
    ctx.exit(1 if found.unassigned else 0)


@click.command()
@click.argument("applications", type=FILE)
@click.argument("posts", type=FILE)
@click.option("--by-points", is_flag=True, help="Most points in all, instead of a stable matching.")
@SEED
@out()
@JSON
@click.pass_context
@computes
def match(
    ctx: click.Context, applications: Path, posts: Path, by_points: bool, seed: int, out: Path, as_json: bool
) -> None:
    """Match applicants to posts by the wishes of both sides.

    APPLICATIONS.csv has the columns applicant, post, rank (1 is wished for most) and points, a row for each wish;
    POSTS.csv has post and places. Lots between equals are drawn from --seed.
    """
    import scipy.sparse as sparse

    from quanyu.engines import assignment

    offers, wishes = Table(posts), Table(applications)
    names = [list(dict.fromkeys(wishes.column("applicant"))), offers.keys()]
    rows = wishes.places("applicant", names[0], str(applications))
    chosen = wishes.places("post", names[1], str(posts))
    pairs, first = np.unique(rows * len(names[1]) + chosen, return_index=True)
    if len(pairs) < len(rows):
        again = int(np.setdiff1d(np.arange(len(rows)), first)[0])
        raise wishes.fault(again, "post", "a post that the applicant has no row for yet")
    ranks, points = wishes.counts("rank", low=1), (wishes.counts if by_points else wishes.numbers)("points")
    table = sparse.csr_array((ranks[first], (rows[first], chosen[first])), shape=(len(names[0]), len(names[1])))
    places = offers.counts("places")
    if by_points:
        try:
            found = assignment.match_by_points(table, points[first], places)
        except OutOfRange as error:
            raise wishes.fault(int(first[error.params["row"]]), "points", error.params["allowed"]) from error
    else:
        found = assignment.match(table, points[first], places, seed=seed)
    if not as_json or str(out) != "-":
        write_table(out, ["applicant", "post", "rank", "reason", "nearest", "missing"], _matched(found, *names))
    figures = {
        "applicants": len(names[0]), "matched": int((found.post >= 0).sum()),
        "first_wishes": int((found.rank == 1).sum()), "points": found.points, "most_points": found.bound,
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(figures))
    else:
        click.echo("  ".join(f"{name} {value}" for name, value in figures.items() if value is not None), err=True)
    ctx.exit(1 if found.unmatched else 0)


def _refuse_idle(options: dict[str, Any], *, is_orlib: bool) -> None:
    """Refuse options that would do nothing without another."""
    given = {name for name, value in options.items() if value}
    if is_orlib and (idle := given & {"load", "previous", "change_cost", "organization", "radius"}):
        raise click.UsageError(f"{_option(min(idle))} is about tables; a problem of the OR-Library says all itself.")
    if "change_cost" in given and "previous" not in given:
        raise click.UsageError("--change-cost needs --previous, which tells today's agents.")
    if not is_orlib and "load" not in given and (idle := given & {"seconds", "steps"}):
        raise click.UsageError(f"{_option(min(idle))} is about loads; without --load the answer is exact.")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _problem(team: Table, work: Table, options: dict[str, Any]) -> tuple[dict[str, Any], tuple[list[str], list[str]]]:
    """Return the arguments of an assignment, and the names of tasks and agents; takes its own from the options."""
    radius, load, known, home = (options.pop(name) for name in ("radius", "load", "previous", "organization"))
    names = work.keys(), team.keys()
    distance = _distances(work, team)
    allowed = np.ones(distance.shape, dtype=bool) if radius is None else distance <= radius
    if home is not None:
        allowed &= np.array(work.column(home))[:, None] == np.array(team.column(home))[None, :]
    return {
        "costs": np.rint(distance).astype(np.int64), "capacity": team.counts(options.pop("capacity")),
        "allowed": allowed, "loads": None if load is None else work.counts(load),
        "previous": None if known is None else work.places(known, names[1], team.file, may_be_empty=True),
    }, names  # fmt: skip


def _distances(work: Table, team: Table) -> FloatArray:
    """Return metres from each task to each agent: in the plane, or along great circles."""
    is_plane = "x" in work.columns and "x" in team.columns
    (x1, y1), (x2, y2) = ((table.points(METRES) if is_plane else table.degrees()).T for table in (work, team))
    if is_plane:
        return np.asarray(np.hypot(x1[:, None] - x2, y1[:, None] - y2))
    lon1, lat1, lon2, lat2 = (np.radians(each) for each in (x1[:, None], y1[:, None], x2, y2))
    chord = np.sin((lat1 - lat2) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon1 - lon2) / 2) ** 2
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(np.minimum(1.0, chord))))


def _orlib(file: Path, options: dict[str, Any]) -> tuple[dict[str, Any], tuple[list[str], list[str]]]:
    """Return the arguments of a problem of the OR-Library: agents, tasks, costs and loads by agent, capacities."""
    for name in ("radius", "load", "previous", "organization", "capacity"):
        options.pop(name)
    try:
        numbers = np.array(read_text(str(file)).split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise BrokenFile(file=str(file), row=1, value=str(error), expected="whole numbers alone") from error
    agents, tasks = numbers[:2].tolist() if len(numbers) > 1 else (0, 0)
    wanted = 2 + 2 * agents * tasks + agents
    if min(agents, tasks) < 1 or len(numbers) != wanted:
        expected = f"{wanted} numbers, as {agents} agents and {tasks} tasks need"
        raise BrokenFile(file=str(file), row=1, value=f"{len(numbers)} numbers", expected=expected)
    costs, loads = numbers[2:-agents].reshape(2, agents, tasks)
    names = [str(t) for t in range(1, tasks + 1)], [str(a) for a in range(1, agents + 1)]
    return {"costs": costs.T, "capacity": numbers[-agents:], "loads": loads.T}, names


def _assigned(found: Assignment, costs: IntArray, tasks: list[str], agents: list[str]) -> Iterator[list[Any]]:
    left = {each.task: each for each in found.unassigned}
    for t, a in enumerate(found.agent.tolist()):
        if t in left:
            why = left[t]
            yield [tasks[t], "", "", why.reason, " ".join(agents[b] for b in why.agents), why.missing or ""]
        else:
            yield [tasks[t], agents[a], int(costs[t, a]), "", "", ""]


def _matched(found: Matching, applicants: list[str], posts: list[str]) -> Iterator[list[Any]]:
    left = {each.applicant: each for each in found.unmatched}
    for i, p in enumerate(found.post.tolist()):
        if i in left:
            why = left[i]
            yield [applicants[i], "", "", why.reason, posts[why.nearest] if why.nearest >= 0 else "", why.missing or ""]
        else:
            yield [applicants[i], posts[p], int(found.rank[i]), "", "", ""]


def _figures(found: Assignment) -> dict[str, Any]:
    return {
        "tasks": len(found.agent), "assigned": int((found.agent >= 0).sum()), "fewest_out": found.fewest_out,
        "cost": found.cost, "changed": found.changed, "objective": found.objective, "bound": found.bound,
        "gap": None if found.gap is None else round(found.gap, 6), "is_optimal": found.is_optimal, "steps": found.steps,
        "seconds": round(found.seconds, 3), "stopped": found.stopped,
    }  # fmt: skip
