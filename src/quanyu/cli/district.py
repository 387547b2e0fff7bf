"""``quanyu district``: draw districts from a file of arrays, without a database."""

from __future__ import annotations

import json
import math
import sys
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from quanyu.cli.output import named_file
from quanyu.errors import InvalidInput

if TYPE_CHECKING:
    from quanyu.engines.districting import Districting, Progress

# Limits and weights up to here are taken.
MOST = 2**40
# Each array that must be there, and the kinds of number it may hold.
REQUIRED = {"weights": "iuf", "indptr": "iu", "indices": "iu", "edge_length": "iuf"}


class UnreadableArrays(InvalidInput):
    """A file of arrays that cannot be read, or lacks one."""

    code = "unreadable_arrays"
    template = "%(file)s: %(detail)s. Give a .npz file with weights, indptr, indices and edge_length."


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--k", type=click.IntRange(min=1), help="Number of districts; default as many as the range asks for.")
@click.option("--lower", type=click.IntRange(0, MOST), required=True, help="Least weight of a district.")
@click.option("--upper", type=click.IntRange(1, MOST), required=True, help="Greatest weight of a district.")
@click.option(
    "--objective", type=click.Choice(["cut_edges", "cut_length"]), help="Default cut_edges with --k, else cut_length."
)
@click.option("--seconds", type=click.FloatRange(0, 1e6, min_open=True), help="Stop the search after so long.")
@click.option("--steps", type=click.IntRange(0, MOST), help="Length of the search.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, writable=True, path_type=Path), required=True, callback=named_file,
    help="A .npy file.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def district(
    ctx: click.Context, file: Path, k: int | None, lower: int, upper: int, objective: str | None,
    seconds: float | None, steps: int | None, seed: int, out: Path, as_json: bool,
) -> None:  # fmt: skip
    """Draw districts of the atoms in FILE (.npz) and write the label of each atom to a .npy file."""
    from quanyu.engines.districting import district as draw

    if seconds is not None and math.isnan(seconds):  # a range lets it pass
        raise click.BadParameter("nan is no length of time", param_hint="--seconds")
    arrays = _arrays(file)
    with click.progressbar(length=1000, label="Drawing", file=sys.stderr) as bar:

        def watch(best: Progress) -> bool:
            bar.update(max(0, int(1000 * best.fraction) - bar.pos))
            return True

        result = draw(
            arrays["weights"], _matrix(file, arrays), lower=lower, upper=upper, k=k,
            objective=objective or ("cut_edges" if k else "cut_length"), xy=arrays.get("xy"), area=arrays.get("area"),
            outer_length=arrays.get("boundary_length"), seed=seed, steps=steps, seconds=seconds, on_progress=watch,
        )  # fmt: skip
        bar.update(max(0, 1000 - bar.pos))
    with out.open("wb") as sink:  # np.save would append .npy to another name
        np.save(sink, result.labels)
    figures = _figures(result)
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


def _arrays(file: Path) -> dict[str, Any]:
    """Return the arrays of a file; pickled objects are never loaded."""
    try:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise UnreadableArrays(file=file.name, detail="holds one array, not an archive of named ones")
        with archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, OSError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreadableArrays(file=file.name, detail=f"is no readable .npz archive ({error})") from error
    for name, kinds in REQUIRED.items():
        if name not in arrays:
            raise UnreadableArrays(file=file.name, detail=f"has no array {name}, only {', '.join(sorted(arrays))}")
        array = arrays[name]
        if array.ndim != 1 or array.dtype.kind not in kinds:
            found = f"{array.ndim} dimensions of {array.dtype}"
            wanted = "whole numbers" if kinds == "iu" else "numbers"
            detail = f"{name} has {found}, expected 1 dimension of {wanted}"
            raise UnreadableArrays(file=file.name, detail=detail)
    return arrays


def _matrix(file: Path, arrays: dict[str, Any]) -> Any:
    """Return the adjacency, or say which of its arrays has the wrong length or an entry that names no atom."""
    import scipy.sparse as sparse

    atoms, entries = len(arrays["weights"]), len(arrays["indices"])
    indptr, indices = arrays["indptr"], arrays["indices"]
    for name, wanted in (("indptr", atoms + 1), ("edge_length", entries)):
        if len(arrays[name]) != wanted:
            detail = f"{name} has {len(arrays[name])} entries, expected {wanted}"
            raise UnreadableArrays(file=file.name, detail=detail)
    if indptr[0] != 0 or indptr[-1] != entries or (np.diff(indptr) < 0).any():
        raise UnreadableArrays(file=file.name, detail=f"indptr must rise from 0 to {entries}, the number of entries")
    if entries and (indices.min() < 0 or indices.max() >= atoms):
        bad = int(np.flatnonzero((indices < 0) | (indices >= atoms))[0])
        raise UnreadableArrays(file=file.name, detail=f"indices[{bad}] is {indices[bad]}, but there are {atoms} atoms")
    return sparse.csr_array((arrays["edge_length"], indices, indptr), shape=(atoms, atoms))


def _figures(result: Districting) -> dict[str, Any]:
    metrics = result.metrics
    return {
        "districts": metrics.districts, "in_range": metrics.in_range, "range_violation": metrics.range_violation,
        "avoidable_violation": metrics.avoidable_violation, "max_deviation": round(metrics.max_deviation, 6),
        "cut_edges": metrics.cut_edges, "cut_length": metrics.cut_length,
        "mean_polsby_popper": metrics.mean_polsby_popper, "steps": result.steps, "seconds": round(result.seconds, 3),
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
