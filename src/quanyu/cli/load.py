"""Verbs that take files in: load divisions, boundaries, city, households. ``--check`` only looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from quanyu.cli.site import with_site
from quanyu.errors import QuanyuError

if TYPE_CHECKING:
    from quanyu.apps.registers.models import Load
    from quanyu.apps.territory.loading.reports import Origin, Report

SYSTEMS = ("nbs", "mca", "local")
Verb = TypeVar("Verb", bound=Callable[..., Any])


def _shared(verb: Verb) -> Verb:
    """Give a verb the options that every load has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the report for programs."),
        click.option("--check", "only_check", is_flag=True, help="Look at the file and report; change nothing."),
        click.option("--licence", default="", help="The licence of the source."),
        click.option("--attribution", default="", help="The line to show for the source; default its name."),
    ):
        verb = option(verb)
    return verb


@click.group()
def load() -> None:
    """Take a file in as a whole: divisions, boundaries, a city, households, departments' grids and items."""


@load.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--system", type=click.Choice(SYSTEMS), required=True, help="Whose codes they are: they disagree.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day of this edition; default today.")
@click.option("--source", default="", help="Where the list comes from.")
@_shared
@click.pass_context
@with_site
def divisions(
    ctx: click.Context, file: Path, system: str, as_of: datetime | None, source: str, attribution: str, licence: str,
    only_check: bool, as_json: bool,
) -> None:  # fmt: skip
    """Load a list of divisions (CSV, CSV.gz or xlsx) as an edition of a day."""
    from django.utils import timezone

    from quanyu.apps.territory.loading.divisions import check_divisions, load_divisions

    day = as_of.date() if as_of else None
    now = timezone.now()
    _run(
        ctx, only_check, as_json,
        check=lambda: check_divisions(file, system=system, as_of=day, at=now),
        apply=lambda: load_divisions(
            file, system=system, as_of=day, origin=_origin(source, attribution, licence), actor=None, at=now
        ),
    )  # fmt: skip


@load.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--system", type=click.Choice(SYSTEMS), required=True, help="Whose codes the file has.")
@click.option("--coordinates", required=True, help="WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:code; never guessed.")
@click.option("--source", default="", help="Where the borders come from.")
@_shared
@click.pass_context
@with_site
def boundaries(
    ctx: click.Context, file: Path, system: str, coordinates: str, source: str, attribution: str, licence: str,
    only_check: bool, as_json: bool,
) -> None:  # fmt: skip
    """Give loaded divisions their boundaries, joined by code."""
    from django.utils import timezone

    from quanyu.apps.territory.loading.boundaries import check_boundaries, load_boundaries

    _run(
        ctx, only_check, as_json,
        check=lambda: check_boundaries(file, system=system, coordinates=coordinates),
        apply=lambda: load_boundaries(
            file, system=system, coordinates=coordinates, origin=_origin(source, attribution, licence), actor=None,
            at=timezone.now(),
        ),
    )  # fmt: skip


@load.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--territory", required=True, help="12-digit code of the division the file is for.")
@click.option("--name", default="", help="Name of a territory of your own, where the code is not loaded.")
@click.option("--coordinates", required=True, help="WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:code; never guessed.")
@click.option("--household-size", type=click.FloatRange(min=0.5, max=20), help="People per household.")
@click.option("--map", "pairs", multiple=True, help="Another layer or column: buildings.levels=floors.")
@click.option("--leave-out", is_flag=True, help="Leave out buildings that lie outside every division.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day of this edition; default today.")
@click.option("--source", required=True, help="Where the file comes from.")
@_shared
@click.pass_context
@with_site
def city(
    ctx: click.Context, file: Path, territory: str, name: str, coordinates: str, household_size: float | None,
    pairs: tuple[str, ...], leave_out: bool, as_of: datetime | None, source: str, attribution: str, licence: str,
    only_check: bool, as_json: bool,
) -> None:  # fmt: skip
    """Load a city file (GeoPackage, GeoJSON, Shapefile; also a folder or zip of them) for a territory."""
    from django.utils import timezone

    from quanyu.apps.territory.loading import mapping
    from quanyu.apps.territory.loading.city import CityOptions, check_city, load_city, territory_of

    options = CityOptions(
        system=coordinates, household_size=household_size, mapping=mapping.parse(file.name, pairs),
        leave_out=leave_out, as_of=as_of.date() if as_of else None,
    )  # fmt: skip
    home = territory_of(territory, name)
    origin = _origin(source, attribution, licence)
    assert origin is not None  # noqa: S101 --source is required
    _run(
        ctx, only_check, as_json,
        check=lambda: check_city(file, home, options),
        apply=lambda: load_city(file, home, options, origin=origin, actor=None, at=timezone.now()),
    )  # fmt: skip


@load.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--territory", required=True, help="12-digit code of the territory whose buildings hold them.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day they were counted; default today.")
@click.option("--source", default="", help="Who counted.")
@_shared
@click.pass_context
@with_site
def households(
    ctx: click.Context, file: Path, territory: str, as_of: datetime | None, source: str, attribution: str,
    licence: str, only_check: bool, as_json: bool,
) -> None:  # fmt: skip
    """Load official counts of households: per division, to be spread over its homes, or per building."""
    from django.utils import timezone

    from quanyu.apps.territory.loading.city import territory_of
    from quanyu.apps.territory.loading.households import check_households, load_households

    home = territory_of(territory)
    day: date | None = as_of.date() if as_of else None
    _run(
        ctx, only_check, as_json,
        check=lambda: check_households(file, home, as_of=day),
        apply=lambda: load_households(
            file, home, as_of=day, origin=_origin(source, attribution, licence), actor=None, at=timezone.now()
        ),
    )  # fmt: skip


@load.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--territory", required=True, help="12-digit code of the territory whose grids they are.")
@click.option("--code", required=True, help="Short code of the department; the same code replaces its grids.")
@click.option("--name", required=True, help="What the department's grids are called.")
@click.option("--coordinates", required=True, help="WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:code; never guessed.")
@click.option("--source", default="", help="Where the file comes from.")
@_shared
@click.pass_context
@with_site
def network(
    ctx: click.Context, file: Path, territory: str, code: str, name: str, coordinates: str, source: str,
    attribution: str, licence: str, only_check: bool, as_json: bool,
) -> None:  # fmt: skip
    """Load a department's own grids (GeoPackage, GeoJSON, Shapefile), to be merged with those of others."""
    from django.utils import timezone

    from quanyu.apps.territory.loading.city import territory_of
    from quanyu.apps.territory.loading.departments import StatedNetwork, check_network, load_network

    stated = StatedNetwork(territory_of(territory), code, name, coordinates)
    origin = _origin(source, attribution, licence)
    _run(
        ctx, only_check, as_json,
        check=lambda: check_network(file, stated),
        apply=lambda: load_network(file, stated, origin=origin, actor=None, at=timezone.now()),
    )  # fmt: skip


@load.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--territory", required=True, help="12-digit code of the territory.")
@click.option("--source", default="", help="Where the list comes from.")
@_shared
@click.pass_context
@with_site
def items(
    ctx: click.Context, file: Path, territory: str, source: str, attribution: str, licence: str, only_check: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Load the list of items that grids serve, with the departments that claim each (CSV, xlsx)."""
    from django.utils import timezone

    from quanyu.apps.territory.loading.city import territory_of
    from quanyu.apps.territory.loading.departments import check_items, load_items

    home, origin = territory_of(territory), _origin(source, attribution, licence)
    _run(
        ctx, only_check, as_json,
        check=lambda: check_items(file, home),
        apply=lambda: load_items(file, home, origin=origin, actor=None, at=timezone.now()),
    )  # fmt: skip


def _origin(source: str, attribution: str, licence: str) -> Origin | None:
    from quanyu.apps.territory.loading.reports import Origin

    return Origin(source, attribution or source, licence) if source else None


def _run(
    ctx: click.Context, only_check: bool, as_json: bool, *, check: Callable[[], Report], apply: Callable[[], Load]
) -> None:
    """Look at a file or load it, and print what was found; a fault is told as a whole, with exit code 2."""
    from quanyu.apps.territory.loading.faults import FaultyFile
    from quanyu.apps.territory.loading.reports import sentence

    try:
        if only_check:
            report = check().as_dict()
            click.echo("Looked at only; nothing is changed.", err=True)
        else:
            record = apply()
            report = {
                "kind": record.kind, "target": record.target, "file": record.file_name, "sha256": record.sha256,
                "counts": record.counts, "findings": record.findings, "load": record.pk,
                "already_loaded": record.is_repeat,
            }  # fmt: skip
    except QuanyuError as error:
        if as_json:
            click.echo(json.dumps(error.as_dict(), ensure_ascii=False, default=str))
            ctx.exit(2)
        if isinstance(error, FaultyFile):
            click.echo(f"quanyu: {error}", err=True)
            ctx.exit(2)
        raise
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, default=str))
        return
    if report.get("already_loaded"):
        click.echo(f"{report['file']} is loaded already (load {report['load']}); nothing is changed.")
        return
    for key, name in report.get("mapping", {}).items():
        click.echo(f"{key} ← {name}")
    for key, value in report["counts"].items():
        click.echo(f"{key}: {value}")
    for finding in report["findings"]:
        click.echo(sentence(finding))
    if report.get("is_repeat"):
        click.echo("Nothing would change.")
