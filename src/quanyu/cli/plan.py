"""Verbs on plans in the database: plan, locate, export."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quanyu.cli.options import out as table_out
from quanyu.cli.output import named_file
from quanyu.cli.site import with_site
from quanyu.cli.tables import Table, write_table
from quanyu.errors import OutOfRange

if TYPE_CHECKING:
    from quanyu.apps.accounts.models import User
    from quanyu.apps.grids.models import Network


# The column of grid codes that an answer adds to a file of points.
ANSWER = "grid"


@click.command()
@click.argument("network")
@click.option("--territory", help="Open NETWORK for the division with this code, where there is no such network yet.")
@click.option("--lower", default=300, show_default=True, help="Fewest households of a basic grid.")
@click.option("--upper", default=500, show_default=True, help="Most households of a basic grid.")
@click.option("--stability", default=0.0, show_default=True, help="0 free … 1 close to the plan in force.")
@click.option("--allow-crossings", is_flag=True, help="A road open to people joins both sides of a barrier.")
@click.option("--seconds", type=float, help="Stop the search after so long.")
@click.option("--steps", type=int, help="Length of the search.")
@click.option("--seed", default=0, show_default=True)
@click.option("--by", "author", help="The account whose plan it is; default the operator at the shell, who is nobody.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_site
def plan(
    ctx: click.Context, network: str, territory: str | None, lower: int, upper: int, stability: float,
    allow_crossings: bool, seconds: float | None, steps: int | None, seed: int, author: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Draw the grids of NETWORK now and keep them as a draft plan."""
    from django.utils import timezone

    from quanyu.apps.grids import actions, planning
    from quanyu.apps.grids.norms import Norms

    norms = Norms(
        lower=lower, upper=upper, stability=stability, allow_crossings=allow_crossings, seconds=seconds, steps=steps,
        seed=seed,
    )  # fmt: skip
    actor = None if author is None else _account(author)
    run = actions.start_run(_network(network, territory, actor), norms, actor=actor, at=timezone.now())
    with click.progressbar(length=100, label="Drawing", file=sys.stderr, item_show_func=str) as bar:
        run = planning.carry_out(run, clock=timezone.now, on_progress=_shown_on(bar))
    if run.plan is None:
        raise click.ClickException((run.error or {}).get("message", run.state))
    figures = {"plan": run.plan.number, **run.plan.metrics}
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        for name, value in figures.items():
            click.echo(f"{name}: {value}")
    ctx.exit(0 if figures["basic_in_range"] == figures["basic"] else 1)


def _shown_on(bar: Any) -> Callable[[str, float, dict[str, Any]], None]:
    """Return what moves a progress bar: the search is nearly all of the work."""

    def show(stage: str, fraction: float, best: dict[str, Any]) -> None:
        done = {"drawing": 5 + 90 * fraction, "writing": 95}.get(stage, 2)
        in_range = f"{best['in_range']} / {best['grids']}" if best else ""
        bar.update(max(0, int(done) - bar.pos), f"{stage} {in_range}")

    return show


# A point may lie west or south of nought: −119 is no option.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("lon", type=float, required=False)
@click.argument("lat", type=float, required=False)
@click.option("--system", default="WGS84", show_default=True, help="WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:code.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="As of this day; default today.")
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="A CSV file of points; - is stdin.",
)  # fmt: skip
@click.option("--lon-column", default="lon", show_default=True)
@click.option("--lat-column", default="lat", show_default=True)
@click.option("--network", help="Whose grids; needed for a file where there are several networks.")
@table_out("For a file: where to write; - is stdout.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_site
def locate(
    ctx: click.Context, lon: float | None, lat: float | None, system: str, day: datetime | None, file: Path | None,
    lon_column: str, lat_column: str, network: str | None, out: Path, as_json: bool,
) -> None:  # fmt: skip
    """Name the grids in force at LON LAT, or at each point of a CSV file."""
    from django.utils import timezone

    on = day.date() if day else timezone.localdate()
    if (lon is None) == (file is None):
        raise click.UsageError("Give LON and LAT, or --file.")
    if file is not None:
        outside = _locate_file(file, out, (lon_column, lat_column), system, network, on)
        ctx.exit(1 if outside else 0)
    if lon is None or lat is None:
        raise click.UsageError("Give LAT, too.")
    rows = _locate_point(lon, lat, system, None if network is None else _network(network), on)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{row['network']} {row['code']} {row['kind']} {row['households']}")
    ctx.exit(0 if rows else 1)


def _locate_point(lon: float, lat: float, system: str, home: Network | None, on: date) -> list[dict[str, Any]]:
    import numpy as np

    from quanyu.apps.grids import queries

    point = queries.degrees(np.array([[lon, lat]]), system)[0]
    return [
        {"network": g.plan.network.code, "code": g.code, "kind": g.kind, "households": g.households}
        for g in queries.locate(float(point[0]), float(point[1]), on=on)
        if home is None or g.plan.network_id == home.pk
    ]


def _locate_file(file: Path, out: Path, columns: tuple[str, str], system: str, network: str | None, on: date) -> int:
    """Write the rows of a file with their grid codes in a column of their own; return how many lie in none."""
    from quanyu.apps.grids import queries
    from quanyu.apps.grids.models import Network

    known = list(Network.objects.order_by("code").values_list("code", flat=True))
    if network is None and len(known) != 1:
        raise click.UsageError(f"Say whose grids: --network, one of {', '.join(known) or 'none yet'}.")
    home = _network(network or known[0])
    table = Table(file)
    table.require_free(ANSWER)
    try:
        lonlat = queries.degrees(table.points(columns), system)
    except OutOfRange as error:
        axis = ("lon", "lat").index(error.params["name"])
        raise table.fault(error.params["row"], columns[axis], error.params["allowed"]) from error
    codes = queries.locate_many(home, lonlat[:, 0], lonlat[:, 1], on=on)
    rows = ([*row.values(), code or ""] for row, code in zip(table.rows, codes, strict=True))
    write_table(out, [*table.columns, ANSWER], rows)
    outside = codes.count(None)
    click.echo(f"{len(codes)} points, {outside} in no grid", err=True)
    return outside


@click.command()
@click.argument("network")
@click.argument(
    "file", type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path), callback=named_file
)
@click.option("--plan", "number", type=int, help="Version; default the plan in force.")
@click.option("--format", "kind", help="geojson, gpkg, shp, xlsx, png or pdf; default by the file's ending.")
@click.option("--language", type=click.Choice(["zh-hans", "en"]), default="zh-hans", show_default=True)
@with_site
def export(network: str, file: Path, number: int | None, kind: str | None, language: str) -> None:
    """Write a plan of NETWORK to FILE."""
    from django.utils import timezone

    from quanyu.apps.grids import exports, queries
    from quanyu.apps.grids.models import Plan
    from quanyu.errors import NotFound

    form = kind or exports.format_of(file)
    home = _network(network)
    chosen = (
        Plan.objects.filter(network=home, number=number).first()
        if number is not None
        else queries.plan_in_force(home, on=timezone.localdate())
    )
    if chosen is None:
        raise NotFound(
            what="plan", key="in force" if number is None else number, mend=f"Draw one: quanyu plan {network}"
        )
    exports.write(chosen, form, file, language=language)
    click.echo(str(file), err=True)


def _account(name: str) -> User:
    from quanyu.apps.accounts.models import User
    from quanyu.errors import NotFound

    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise NotFound(what="account", key=name, mend=f"Make it: quanyu user {name} --role planner")
    return user


def _network(code: str, territory: str | None = None, actor: User | None = None) -> Network:
    from django.utils import timezone

    from quanyu.apps.grids import actions
    from quanyu.apps.grids.models import Network
    from quanyu.apps.territory.loading.city import territory_of
    from quanyu.errors import NotFound

    network = Network.objects.filter(code=code).first()
    if network is None and territory is not None:
        home = territory_of(territory)
        return actions.create_network(home, code=code, name=home.name, actor=actor, at=timezone.now())
    if network is None:
        known = ", ".join(Network.objects.values_list("code", flat=True)) or "none yet"
        raise NotFound(what="network", key=code, mend=f"Known are: {known}.")
    return network
