"""``quanyu overlay``: the pieces and the crosswalk of several divisions, from files, without a database."""

from __future__ import annotations

import csv
import json
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quanyu.cli.compiling import computes
from quanyu.cli.options import finite
from quanyu.cli.output import named_file
from quanyu.cli.tables import METRES, Table
from quanyu.errors import InvalidInput

if TYPE_CHECKING:
    from quanyu.cli.layers import Layers
    from quanyu.engines.spatial.overlaying import Overlay

source = click.Path(exists=True, dir_okay=False, path_type=Path)
target = click.Path(dir_okay=False, writable=True, path_type=Path)


def _gpkg_or_csv(ctx: click.Context, param: click.Parameter, path: Path) -> Path:
    if path.suffix.lower() not in (".gpkg", ".csv"):
        raise click.BadParameter(f"{path} ends otherwise; name a .gpkg or a .csv file")
    return named_file(ctx, param, path)


def _optional_file(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    return None if path is None else named_file(ctx, param, path)


@click.command()
@click.argument("layers", nargs=-1, required=True, type=source)
@click.option("--out", type=target, required=True, callback=_gpkg_or_csv, help="The pieces, .gpkg or .csv.")
@click.option("--crosswalk", "table", type=target, callback=_optional_file, help="The crosswalk of each pair, .csv.")
@click.option("--points", type=source, help="CSV with x, y (metres) or lon, lat; also households, else 1 each.")
@click.option(
    "--tolerance", type=click.FloatRange(0, 1000), callback=finite, default=0.0, show_default=True,
    help="Metres: borders this near to those of an earlier layer are laid onto them.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@computes
def overlay(
    ctx: click.Context, layers: tuple[Path, ...], out: Path, table: Path | None, points: Path | None, tolerance: float,
    as_json: bool,
) -> None:  # fmt: skip
    """Cut a territory into the pieces that several divisions have in common, and tell how far they agree."""
    from quanyu.cli.layers import read_layers
    from quanyu.engines.spatial.overlaying import overlay as cut

    if len(layers) < 2:
        raise click.UsageError("Give two layers or more.")
    read = read_layers(layers)
    places, households = _places(points, read)
    try:
        made = cut([layer.shapes for layer in read.layers], tolerance_m=tolerance, places=places, households=households)
    except InvalidInput as error:
        raise _by_file(error, read) from error
    _write_pieces(out, made, read)
    if table is not None:
        _write_crosswalk(table, made, read)
    found = _figures(made, read)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _tell(found)
    ctx.exit(1 if found["doubled"] or any(gap["enclosed"] for gap in found["gaps"]) else 0)


def _places(points: Path | None, read: Layers) -> tuple[Any, Any]:
    if points is None:
        return None, None
    rows = Table(points)
    places = read.metres(rows.degrees()) if rows.has_degrees else rows.points(METRES)
    return places, rows.whole("households")


def _by_file(error: InvalidInput, read: Layers) -> InvalidInput:
    """Return an error that names the file and the feature, where it named a layer and its row."""
    names = [f"layers[{number}]" for number in range(len(read.layers))]
    params = dict(error.params)
    if params.get("name") not in names or "row" not in params:
        return error
    return type(error)(**params | {"name": read.layers[names.index(params["name"])].file, "row": params["row"] + 1})


def _called(made: Overlay, read: Layers) -> dict[str, list[str]]:
    """Return, for each layer, what the polygon of each piece is called; '' for none."""
    return {
        layer.name: ["" if row < 0 else layer.called[row] for row in column]
        for layer, column in zip(read.layers, made.pieces.labels.T.tolist(), strict=True)
    }


def _write_pieces(out: Path, made: Overlay, read: Layers) -> None:
    import numpy as np

    from quanyu.cli.layers import write_layer

    pieces = made.pieces
    columns: dict[str, Any] = {name: np.array(values, dtype=object) for name, values in _called(made, read).items()}
    columns["area_m2"] = pieces.area_m2
    if pieces.households is not None:
        columns["households"] = pieces.households
    if out.suffix.lower() == ".gpkg":
        write_layer(out, made.polygons(np.arange(len(pieces))), columns, read.system)
        return
    with out.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(values.tolist() for values in columns.values()), strict=True))


def _write_crosswalk(out: Path, made: Overlay, read: Layers) -> None:
    from quanyu.engines.spatial.overlaying import crosswalk

    head = ["from_layer", "from", "to_layer", "to", "area_m2", "share_of_from", "share_of_to"]
    counted = made.pieces.households is not None
    with out.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(
            [*head, *(["households", "household_share_of_from", "household_share_of_to"] if counted else [])]
        )
        for one, other in combinations(range(len(read.layers)), 2):
            walk = crosswalk(made.pieces, one, other)
            first, second = read.layers[one], read.layers[other]
            for row, (a, b) in enumerate(walk.pairs.tolist()):
                cells: list[Any] = [
                    first.name, "" if a < 0 else first.called[a], second.name, "" if b < 0 else second.called[b],
                    walk.area_m2[row], *walk.area_share[row].tolist(),
                ]  # fmt: skip
                if walk.households is not None and walk.household_share is not None:
                    cells += [walk.households[row], *walk.household_share[row].tolist()]
                writer.writerow(cells)


def _figures(made: Overlay, read: Layers) -> dict[str, Any]:
    from quanyu.engines.spatial.overlaying import agreement, drawn_twice

    names = [layer.name for layer in read.layers]
    by = "area" if made.pieces.households is None else "households"
    pairs = []
    for one, other in combinations(range(len(names)), 2):
        found = agreement(made.pieces, one, other, by=by)
        pairs.append(
            {"layers": [names[one], names[other]], "by": by, "matched": found.matched, "bits": found.variation_bits}
        )
    households = made.pieces.households
    return {
        "pieces": len(made.pieces), "area_m2": float(made.pieces.area_m2.sum()), "system": read.system,
        "households": None if households is None else int(households.sum()), "outside": made.outside,
        "drawn_twice": len(drawn_twice(made.pieces)),
        "snapped": {"vertices": made.snapping.vertices, "farthest_m": made.snapping.farthest_m},
        "gaps": [
            {"layer": names[gap.layer], "area_m2": gap.area_m2, "x": gap.x, "y": gap.y, "enclosed": gap.enclosed}
            for gap in made.gaps()
        ],
        "doubled": [
            {
                "layer": names[each.layer], "polygons": [read.layers[each.layer].called[row] for row in each.polygons],
                "area_m2": each.area_m2, "x": each.x, "y": each.y,
            }
            for each in made.doubled()
        ],
        "agreement": pairs,
    }  # fmt: skip


def _tell(found: dict[str, Any]) -> None:
    click.echo(f"pieces: {found['pieces']}, {found['area_m2'] / 1e6:.3f} km²")
    if found["households"] is not None:
        click.echo(f"households: {found['households']}; in no layer: {found['outside']}")
    click.echo(f"pieces that look like a border drawn twice: {found['drawn_twice']}")
    snapped = found["snapped"]
    click.echo(f"vertices laid onto other borders: {snapped['vertices']}, at most {snapped['farthest_m']:.3f} m")
    for each in found["agreement"]:
        click.echo(
            f"{each['layers'][0]} – {each['layers'][1]}: {100 * each['matched']:.1f} % of {each['by']} in matching "
            f"pairs, {each['bits']:.3f} bits apart"
        )
    for gap in found["gaps"]:
        kind = "between its polygons" if gap["enclosed"] else "beyond its border"
        click.echo(f"{gap['layer']} leaves out {gap['area_m2']:.1f} m² {kind} at {gap['x']:.1f} {gap['y']:.1f}")
    for each in found["doubled"]:
        claimed = ", ".join(each["polygons"])
        click.echo(f"{each['layer']}: {claimed} claim {each['area_m2']:.1f} m² at {each['x']:.1f} {each['y']:.1f}")
