"""``quanyu within``: the area that holds each point, from files, without a database."""

from __future__ import annotations

import json
from pathlib import Path

import click

from quanyu.cli.compiling import computes
from quanyu.cli.options import JSON, out
from quanyu.cli.tables import METRES, Table, write_table

AREA, DISTANCE = "area", "distance_m"
source = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("areas", type=source)
@click.argument("points", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--nearest", is_flag=True, help="Outside all areas name the nearest, and how far it is.")
@out()
@JSON
@click.pass_context
@computes
def within(ctx: click.Context, areas: Path, points: Path, nearest: bool, out: Path, as_json: bool) -> None:
    """Name the area of AREAS that holds each point of POINTS.csv.

    AREAS is a GeoPackage, GeoJSON or shapefile of polygons; an area is called by its column code, 网格编码 or id, else
    by its number. POINTS.csv has columns x, y (metres) or lon, lat (WGS 84). A point on a border belongs to the area
    below it, and then to the right.
    """
    from quanyu.cli.layers import read_layers
    from quanyu.engines.spatial import Locator

    table, read = Table(points), read_layers([areas])
    added = [AREA, *([DISTANCE] if nearest else [])]
    table.require_free(*added)
    places = read.metres(table.degrees()) if table.has_degrees else table.points(METRES)
    (layer,) = read.layers
    locator = Locator(layer.shapes)
    if nearest:
        found, distance = locator.nearest(*places.T)
        outside = int((distance > 0).sum())
        answers = [[layer.called[row], f"{away:.3f}"] for row, away in zip(found, distance.tolist(), strict=True)]
    else:
        found = locator.locate(*places.T)
        outside = int((found < 0).sum())
        answers = [["" if row < 0 else layer.called[row]] for row in found.tolist()]
    if not as_json or str(out) != "-":
        rows = ([*row.values(), *answer] for row, answer in zip(table.rows, answers, strict=True))
        write_table(out, [*table.columns, *added], rows)
    figures = {"areas": len(locator), "points": len(table), "outside": outside}
    if as_json:
        click.echo(json.dumps(figures))
    else:
        click.echo("  ".join(f"{name} {value}" for name, value in figures.items()), err=True)
    ctx.exit(1 if outside and not nearest else 0)
