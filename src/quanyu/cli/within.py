"""``quanyu within``: the area that holds each point, from files, without a database."""

from __future__ import annotations

import json
from pathlib import Path

import click

from quanyu.cli.output import writable_file
from quanyu.cli.tables import METRES, Table, write_table
from quanyu.errors import BrokenFile

AREA, DISTANCE = "area", "distance_m"
source = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("areas", type=source)
@click.argument("points", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--nearest", is_flag=True, help="Outside all areas name the nearest, and how far it is.")
@click.option(
    "--out", type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path), default="-",
    callback=writable_file, help="A CSV file of the answer; - is stdout.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print figures for programs; the table only with --out.")
@click.pass_context
def within(ctx: click.Context, areas: Path, points: Path, nearest: bool, out: Path, as_json: bool) -> None:
    """Name the area of AREAS that holds each point of POINTS.csv.

    AREAS is a GeoPackage, GeoJSON or shapefile of polygons; an area is called by its column code or id, else by its
    number. POINTS.csv has columns x, y (metres) or lon, lat (WGS 84). A point on a border belongs to the area below it,
    and then to the right.
    """
    from quanyu.cli.layers import read_layers
    from quanyu.engines.spatial import Locator

    table, read = Table(points), read_layers([areas])
    added = [AREA, *([DISTANCE] if nearest else [])]
    if taken := next((name for name in added if name in table.columns), None):
        raise BrokenFile(file=table.file, row=1, value=f"a column {taken}", expected="another name for it")
    places = read.metres(table.degrees()) if table.has_degrees else table.points(METRES)
    (layer,) = read.layers
    locator = Locator(layer.shapes)
    found = locator.locate(*places.T)
    outside = int((found < 0).sum())
    answers = [["" if row < 0 else layer.called[row]] for row in found.tolist()]
    if nearest:
        row_of, distance = locator.nearest(*places.T)
        answers = [[layer.called[row], f"{away:.3f}"] for row, away in zip(row_of, distance.tolist(), strict=True)]
    if not as_json or str(out) != "-":
        rows = ([*row.values(), *answer] for row, answer in zip(table.rows, answers, strict=True))
        write_table(out, [*table.columns, *added], rows)
    figures = {"areas": len(locator), "points": len(table), "outside": outside}
    if as_json:
        click.echo(json.dumps(figures))
    else:
        click.echo("  ".join(f"{name} {value}" for name, value in figures.items()), err=True)
    ctx.exit(1 if outside and not nearest else 0)
