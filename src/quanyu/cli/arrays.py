"""Files of arrays that a territory is described by, and the options of every search on one."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from quanyu.cli.options import finite
from quanyu.errors import InvalidInput

# Limits and weights up to here are taken.
MOST = 2**40
# Each array that must be there, and the kinds of number it may hold.
REQUIRED = {"weights": "iuf", "indptr": "iu", "indices": "iu", "edge_length": "iuf"}


class UnreadableArrays(InvalidInput):
    """A file of arrays that cannot be read, or lacks one."""

    code = "unreadable_arrays"
    template = "%(file)s: %(detail)s. Give a .npz file with weights, indptr, indices and edge_length."


def search_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the file and the options that each search takes."""
    objectives = click.Choice(["cut_edges", "cut_length", "polsby_popper", "moment_of_inertia"])
    options = [
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option("--lower", type=click.IntRange(0, MOST), required=True, help="Least weight of a district."),
        click.option("--upper", type=click.IntRange(1, MOST), required=True, help="Greatest weight of a district."),
        click.option(
            "--objective", type=objectives,
            help="cut_edges with --k if not told, else cut_length; polsby_popper needs the array area, the last xy.",
        ),
        click.option(
            "--seconds", type=click.FloatRange(0, 1e6, min_open=True), callback=finite,
            help="Stop the search after so long.",
        ),
        click.option("--steps", type=click.IntRange(0, MOST), help="Length of the search."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
        click.option("--workers", type=click.IntRange(1, 1024), help="Threads; default one for each core."),
        click.option("--json", "as_json", is_flag=True),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def territory_of(file: Path) -> dict[str, Any]:
    """Return the arrays of a file as arguments of a search."""
    arrays = _arrays(file)
    return {
        "weights": arrays["weights"], "adjacency": _matrix(file, arrays), "xy": arrays.get("xy"),
        "area": arrays.get("area"), "outer_length": arrays.get("boundary_length"), "border": arrays.get("border"),
        "barrier_edges": arrays.get("barrier_edges"), "previous": arrays.get("previous"), "loads": arrays.get("loads"),
    }  # fmt: skip


def require_array(file: Path, territory: dict[str, Any], name: str, option: str) -> None:
    """Refuse an option that would do nothing, because the file lacks the array that it is about."""
    if territory[name] is None:
        raise UnreadableArrays(file=file.name, detail=f"has no array {name}, which {option} needs")


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
