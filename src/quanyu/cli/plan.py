"""Verbs on plans in the database: plan, locate, export."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from quanyu.cli.site import with_site

if TYPE_CHECKING:
    from quanyu.apps.grids.models import Network


@click.command()
@click.argument("network")
@click.option("--lower", default=300, show_default=True, help="Fewest households of a basic grid.")
@click.option("--upper", default=500, show_default=True, help="Most households of a basic grid.")
@click.option("--stability", default=0.0, show_default=True, help="0 free … 1 close to the plan in force.")
@click.option("--allow-crossings", is_flag=True, help="A road open to people joins both sides of a barrier.")
@click.option("--seconds", type=float, help="Stop the search after so long.")
@click.option("--steps", type=int, help="Length of the search.")
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_site
def plan(
    ctx: click.Context, network: str, lower: int, upper: int, stability: float, allow_crossings: bool,
    seconds: float | None, steps: int | None, seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Draw the grids of NETWORK now and keep them as a draft plan."""
    from django.utils import timezone

    from quanyu.apps.grids import actions, planning
    from quanyu.apps.grids.norms import Norms

    norms = Norms(
        lower=lower, upper=upper, stability=stability, allow_crossings=allow_crossings, seconds=seconds, steps=steps,
        seed=seed,
    )  # fmt: skip
    run = actions.start_run(_network(network), norms, actor=None, at=timezone.now())
    run = planning.carry_out(run, clock=timezone.now)
    if run.plan is None:
        click.echo(f"quanyu: {run.error}", err=True)
        ctx.exit(1)
    figures = {"plan": run.plan.number, **run.plan.metrics}
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        for name, value in figures.items():
            click.echo(f"{name}: {value}")
    ctx.exit(0 if figures["basic_in_range"] == figures["basic"] else 1)


@click.command()
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option("--system", default="WGS84", show_default=True, help="WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:code.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="As of this day; default today.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_site
def locate(ctx: click.Context, lon: float, lat: float, system: str, day: date | None, as_json: bool) -> None:
    """Name the grids in force at LON LAT."""
    import numpy as np
    from django.utils import timezone

    from quanyu.apps.grids import queries
    from quanyu.engines.spatial import to_wgs84

    point = to_wgs84(np.array([[lon, lat]]), system)[0]
    grids = queries.locate(float(point[0]), float(point[1]), on=day or timezone.localdate())
    rows = [
        {"network": g.plan.network.code, "code": g.code, "kind": g.kind, "households": g.households} for g in grids
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{row['network']} {row['code']} {row['kind']} {row['households']}")
    ctx.exit(0 if rows else 1)


@click.command()
@click.argument("network")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
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

    home = _network(network)
    chosen = (
        Plan.objects.filter(network=home, number=number).first()
        if number
        else queries.plan_in_force(home, on=timezone.localdate())
    )
    if chosen is None:
        raise NotFound(what="plan", key=number or "in force", mend=f"Draw one: quanyu plan {network}")
    exports.write(chosen, kind or exports.format_of(file), file, language=language)
    click.echo(str(file), err=True)


def _network(code: str) -> Network:
    from quanyu.apps.grids.models import Network
    from quanyu.errors import NotFound

    network = Network.objects.filter(code=code).first()
    if network is None:
        known = ", ".join(Network.objects.values_list("code", flat=True)) or "none yet"
        raise NotFound(what="network", key=code, mend=f"Known are: {known}.")
    return network
