"""``quanyu district`` and ``quanyu curve``: districts from a file of arrays, without a database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from quanyu.cli.arrays import require_array, search_options, territory_of
from quanyu.cli.compiling import computes
from quanyu.cli.options import finite
from quanyu.cli.output import named_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from quanyu.engines.districting import Districting, Progress

CUTS = ("cut_edges", "cut_length")


@click.command()
@search_options
@click.option("--k", type=click.IntRange(min=1), help="Number of districts; default as many as the range asks for.")
@click.option("--fewest", is_flag=True, help="As few districts as can be found in range.")
@click.option(
    "--stability",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="How dear it is that a household leaves its district in the array previous; 0 ignores it.",
)
@click.option(
    "--balance",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="How evenly districts share the array loads; 0 ignores it.",
)
@click.option(
    "--bound",
    type=click.FloatRange(0, 1e6),
    callback=finite,
    help="Prove for so many seconds how much every plan in range cuts at least.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    callback=named_file,
    help="A .npy file.",
)
@click.pass_context
@computes
def district(
    ctx: click.Context, /, file: Path, out: Path, *, as_json: bool, bound: float | None, **options: Any
) -> None:
    """Draw districts of the atoms in FILE (.npz) and write the label of each atom to a .npy file."""
    from quanyu.engines.districting import district as draw

    options["objective"] = options["objective"] or ("cut_edges" if options["k"] else "cut_length")
    if bound is not None and options["objective"] not in CUTS:
        raise click.UsageError(f"--bound proves the cut: use it with --objective {' or '.join(CUTS)}.")
    if options["fewest"] and options["k"]:
        raise click.UsageError("Give either --k, or --fewest.")
    territory = territory_of(file)
    for option, array in (("stability", "previous"), ("balance", "loads")):
        if options[option]:
            require_array(file, territory, array, f"--{option}")
    with _bar("Drawing") as watch:
        result = draw(**territory, **options, on_progress=watch)
    with out.open("wb") as sink:  # np.save would append .npy to another name
        np.save(sink, result.labels)
    figures = _figures(result)
    if bound is not None:
        figures |= _proven(result, territory, options, bound)
    if as_json:
        click.echo(json.dumps(figures))
    else:
        for name, value in figures.items():
            if name != "unmet":
                click.echo(f"{name}: {value}")
    for each in result.unmet:
        proof = "proven" if each.proven else "not proven"
        mends = " or ".join(f"{name} {value}" for name, value in each.mends)
        click.echo(
            f"quanyu: {each.rule} ({proof}): districts {list(each.districts)}, weight {each.weight}, off by {each.by}; "
            f"would mend it: {mends or 'nothing known'}",
            err=True,
        )
    ctx.exit(1 if result.unmet else 0)


def _proven(result: Districting, territory: dict[str, Any], options: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return what every plan in range cuts at least, and the share of this plan's cut beyond it."""
    from quanyu.engines.districting.cut_bounds import cut_bound

    given = {name: territory[name] for name in ("weights", "adjacency", "border", "barrier_edges")}
    limits = {name: options[name] for name in ("lower", "upper", "k", "objective")}
    proven = cut_bound(**given, **limits, seconds=seconds)
    gap = proven.gap(result)
    return {"cut_bound": proven.value, "gap": None if gap is None else round(gap, 6)}


@click.command()
@search_options
@click.option("--counts", help="Numbers of districts, from the first to the last: 240-250.")
@click.option("--frontier", is_flag=True, help="From the array previous: five plans, from free to least moved.")
@computes
def curve(file: Path, *, counts: str | None, frontier: bool, as_json: bool, **options: Any) -> None:
    """Tell what another number of districts, or fewer moves, cost on a file."""
    from quanyu.engines.districting import curves

    if (counts is None) == (not frontier):
        raise click.UsageError("Give either --counts, or --frontier.")
    given, options["objective"] = territory_of(file), options["objective"] or "cut_length"
    if counts is not None:
        numbers = _numbers(counts)
        plans = curves.count_curve(**given, counts=numbers, **options)
    else:
        require_array(file, given, "previous", "--frontier")
        plans = curves.frontier(**given, **options)
    rows = [_point(plan) for plan in plans]
    if as_json:
        click.echo(json.dumps({"least_moved": plans[0].bound.moved, "curve": rows}))
        return
    for row in rows:
        click.echo("  ".join(f"{name} {value}" for name, value in row.items()))


def _numbers(counts: str) -> range:
    first, _, last = counts.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal() and 0 < int(first) <= int(last or first)):
        raise click.BadParameter(f"{counts!r} is no range of numbers such as 240-250", param_hint="--counts")
    return range(int(first), int(last or first) + 1)


def _point(plan: Districting) -> dict[str, Any]:
    metrics = plan.metrics
    return {
        "districts": metrics.districts, "in_range": metrics.in_range, "range_violation": metrics.range_violation,
        "cut_length": round(metrics.cut_length, 3), "cut_edges": metrics.cut_edges,
        "largest": int(plan.weights.max()), "moved": metrics.moved_weight,
    }  # fmt: skip


@contextmanager
def _bar(label: str) -> Iterator[Callable[[Progress], bool]]:
    with click.progressbar(length=1000, label=label, file=sys.stderr) as bar:

        def watch(best: Progress) -> bool:
            bar.update(max(0, int(1000 * best.fraction) - bar.pos))
            return True

        yield watch
        bar.update(max(0, 1000 - bar.pos))


def _figures(result: Districting) -> dict[str, Any]:
    metrics = result.metrics
    return {
        "districts": metrics.districts, "in_range": metrics.in_range, "range_violation": metrics.range_violation,
        "avoidable_violation": metrics.avoidable_violation, "max_deviation": round(metrics.max_deviation, 6),
        "cut_edges": metrics.cut_edges, "cut_length": metrics.cut_length,
        "mean_polsby_popper": metrics.mean_polsby_popper, "moment_of_inertia": metrics.moment_of_inertia,
        "load_deviation": list(metrics.load_deviation), "moved": metrics.moved_weight,
        "bound": {
            "districts_low": result.bound.districts_low, "districts_high": result.bound.districts_high,
            "moved": result.bound.moved,
        },
        "steps": result.steps, "seconds": round(result.seconds, 3),
        "stopped": result.stopped,
        "unmet": [
            {
                "rule": each.rule, "atoms": each.atoms.tolist(), "weight": each.weight, "by": each.by,
                "proven": each.proven, "districts": list(each.districts),
                "mends": [[name, list(value) if isinstance(value, tuple) else value] for name, value in each.mends],
            }
            for each in result.unmet
        ],
    }  # fmt: skip
