"""``quanyu site``: choose sites from files, without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from quanyu.cli.compiling import computes
from quanyu.cli.options import finite
from quanyu.cli.siting_files import metres, read_orlib, read_streets
from quanyu.cli.tables import Table

if TYPE_CHECKING:
    from quanyu.engines.arrays import IntArray
    from quanyu.engines.siting import Cover, PointDistances, Siting

Command = Callable[..., None]
Option = Callable[[Command], Command]
in_file = click.Path(exists=True, dir_okay=False, allow_dash=True)
sites_help = "CSV with x, y (metres) or lon, lat; also id, cost, capacity, existing."
demand_help = "CSV with x, y (metres) or lon, lat; also id, weight."
streets_help = "GeoJSON of lines that meet at their vertices, in the coordinates of the tables: ways lead along them."


@click.group()
def site() -> None:
    """Choose sites from files, with a proof of how good they are."""


def _options(*options: Option) -> Option:
    """Add options, in their order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


SEARCH: tuple[Option, ...] = (
    click.option(
        "--seconds", type=click.FloatRange(0, 1e6, min_open=True), callback=finite,
        help="Stop the search after so long.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
    click.option("--json", "as_json", is_flag=True, help="For programs."),
    click.pass_context,
)  # fmt: skip
COVER: tuple[Option, ...] = (
    click.option("--sites", type=in_file, required=True, help=sites_help),
    click.option("--demand", type=in_file, required=True, help=demand_help),
    click.option("--radius", type=float, required=True, help="Metres in a straight line, or along --streets."),
    click.option("--streets", type=in_file, help=streets_help),
)
NEAR: tuple[Option, ...] = (
    click.argument("file", type=in_file, required=False),
    click.option("--format", "kind", type=click.Choice(["orlib"]), default="orlib", show_default=True),
    click.option("--sites", type=in_file, help=sites_help),
    click.option("--demand", type=in_file, help=demand_help),
    click.option("--streets", type=in_file, help=streets_help),
    click.option("--p", type=click.IntRange(min=0), help="Number of new sites; default that of FILE."),
)


@site.command("cover-all")
@_options(*COVER, *SEARCH)
@computes
def all_covered(
    ctx: click.Context, sites: str, demand: str, radius: float, streets: str | None, seconds: float | None, seed: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Find the fewest sites (the cheapest, with a column cost) that cover every demand."""
    from quanyu.engines.siting import cover_all

    places, needs = Table(sites), Table(demand)
    answer = cover_all(
        _cover(needs, places, radius, streets), costs=places.whole("cost"), weights=needs.whole("weight"),
        capacities=places.whole("capacity"), existing=places.marked("existing"), seconds=seconds, seed=seed,
    )  # fmt: skip
    _report(ctx, answer, as_json, places, needs)


@site.command("cover-most")
@_options(
    *COVER,
    click.option("--p", type=click.IntRange(min=0), help="Number of new sites."),
    click.option("--budget", type=click.IntRange(min=0), help="What the new sites may cost together."),
    *SEARCH,
)
@computes
def most_covered(
    ctx: click.Context, sites: str, demand: str, radius: float, streets: str | None, p: int | None,
    budget: int | None, seconds: float | None, seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Find the sites that cover the most weight, by number or by budget."""
    from quanyu.engines.siting import cover_most

    places, needs = Table(sites), Table(demand)
    answer = cover_most(
        _cover(needs, places, radius, streets), needs.whole("weight"), p=p, budget=budget,
        costs=places.whole("cost"), existing=places.marked("existing"), seconds=seconds, seed=seed,
    )  # fmt: skip
    _report(ctx, answer, as_json, places, needs)


@site.command("p-median")
@_options(*NEAR, *SEARCH)
@computes
def median(
    ctx: click.Context, file: str | None, kind: str, sites: str | None, demand: str | None, streets: str | None,
    p: int | None, seconds: float | None, seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Find the p sites nearest to all demand on average, on the graph in FILE or between --sites and --demand."""
    from quanyu.engines.siting import p_median

    distances, count, places, needs = _distances(file, kind, sites, demand, streets, p, may_be_large=True)
    answer = p_median(
        distances, p=count, existing=None if places is None else places.marked("existing"),
        weights=None if needs is None else needs.whole("weight"),
        capacities=None if places is None else places.whole("capacity"), seconds=seconds, seed=seed,
    )  # fmt: skip
    _report(ctx, answer, as_json, places, needs)


@site.command("p-center")
@_options(*NEAR, *SEARCH)
@computes
def center(
    ctx: click.Context, file: str | None, kind: str, sites: str | None, demand: str | None, streets: str | None,
    p: int | None, seconds: float | None, seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Find the p sites that keep the farthest demand nearest, on the graph in FILE or between --sites and --demand."""
    from quanyu.engines.siting import p_center

    distances, count, places, needs = _distances(file, kind, sites, demand, streets, p)
    existing = None if places is None else places.marked("existing")
    answer = p_center(distances, p=count, existing=existing, seconds=seconds, seed=seed)
    _report(ctx, answer, as_json, places, needs)


def _cover(needs: Table, places: Table, radius: float, streets: str | None) -> Cover:
    """Return which demands lie within the radius of which sites, in a straight line or along streets."""
    from quanyu.engines.siting import cover_by_distance, cover_by_network, street_network

    demand_xy, sites_xy, lines = metres(needs, places, read_streets(streets))
    if lines is None:
        return cover_by_distance(demand_xy, sites_xy, radius)
    return cover_by_network(*street_network(lines, demand_xy, sites_xy), radius)


def _distances(
    file: str | None, kind: str, sites: str | None, demand: str | None, streets: str | None, p: int | None, *,
    may_be_large: bool = False,
) -> tuple[IntArray | PointDistances, int, Table | None, Table | None]:  # fmt: skip
    """Return the distances, how many new sites are wanted, and the tables they came from, if they did.

    Straight distances that are too many to be written out are left as points where they ``may_be_large``.
    """
    from quanyu.engines.siting import network_distances, point_distances, straight_distances, street_network
    from quanyu.engines.siting.checks import MOST_PAIRS

    if file is not None and sites is None and demand is None and streets is None:
        graph, count = READERS[kind](file)
        return graph, count if p is None else p, None, None
    if file is not None or sites is None or demand is None:
        raise click.UsageError("Give either FILE, or both --sites and --demand.")
    if p is None:
        raise click.UsageError("Say how many sites are wanted: --p.")
    places, needs = Table(sites), Table(demand)
    demand_xy, sites_xy, lines = metres(needs, places, read_streets(streets))
    if lines is None and may_be_large and len(demand_xy) * len(sites_xy) > MOST_PAIRS:
        return point_distances(demand_xy, sites_xy), p, places, needs
    if lines is None:
        return straight_distances(demand_xy, sites_xy), p, places, needs
    return network_distances(*street_network(lines, demand_xy, sites_xy)), p, places, needs


READERS: dict[str, Callable[[str], tuple[IntArray, int]]] = {"orlib": read_orlib}


def _report(ctx: click.Context, answer: Siting, as_json: bool, places: Table | None, needs: Table | None) -> None:
    """Write an answer; exit with 1 where it leaves out what it was to serve."""

    def named(table: Table | None, rows: IntArray) -> list[str | int]:
        return (rows + 1).tolist() if table is None else [table.name(row) for row in rows.tolist()]

    sites, unreachable = named(places, answer.sites), named(needs, answer.unreachable)
    if as_json:
        served = iter(named(places, answer.assignment[answer.assignment >= 0]))
        figures = {
            "problem": answer.problem, "value": answer.value, "bound": answer.bound, "gap": answer.gap,
            "proven": answer.is_proven, "stopped": answer.stopped, "sites": sites,
            "assignment": [next(served) if site >= 0 else None for site in answer.assignment.tolist()],
            "uncovered": named(needs, answer.uncovered), "unreachable": unreachable,
            "certificate": str(answer.certificate), "steps": answer.steps, "seconds": round(answer.seconds, 3),
        }  # fmt: skip
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        click.echo(f"{answer.certificate}\nSites: {' '.join(map(str, sites))}")
        if unreachable:
            demands = "1 demand" if len(unreachable) == 1 else f"{len(unreachable)} demands"
            click.echo(f"No site reaches {demands}: {' '.join(map(str, unreachable))}", err=True)
    left_out = answer.problem != "cover_most" and len(answer.uncovered)
    ctx.exit(1 if left_out else 0)
