"""Keep arrays in one file that processes share: a line of JSON, then each array at a multiple of 64 bytes."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quanyu.engines.spatial.locating.errors import NoLocator
from quanyu.errors import BadValue

FORM = "quanyu locator 3"
ALIGNMENT = 64


def write(path: Path, arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> None:
    """Write all at once: readers see the old file or the whole new one.

    Raises
    ------
    BadValue
        There is no such folder.
    """
    if not path.parent.is_dir():
        raise BadValue(name="path", value=str(path), allowed="a file in a folder that is there")
    at, table = 0, {}
    for name, array in arrays.items():
        table[name] = [array.dtype.str, list(array.shape), at]
        at += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    told = {"form": FORM, "bytes": at, "arrays": table, "facts": facts}
    head = json.dumps({**told, "sum": _sum(told)}).encode() + b"\n"
    head = head[:-1].ljust(-(-len(head) // ALIGNMENT) * ALIGNMENT - 1) + b"\n"
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(head)
            for array in arrays.values():
                file.write(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
                file.write(bytes(-array.nbytes % ALIGNMENT))
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays, which live in the file's pages, and the facts.

    Raises
    ------
    NoLocator
        No such file, another kind of file, another version, cut short, or with another beginning than it was given.
    """
    try:
        with path.open("rb") as file:
            head = file.readline(1 << 16)
            # Copy on write: pages are shared, and the arrays have the type that the kernels are compiled for.
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:
        raise NoLocator(file=str(path), reason=getattr(error, "strerror", None) or "it is empty") from error
    try:
        told = json.loads(head)
        form, total = told["form"], told.pop("sum", None)
    except (ValueError, TypeError, KeyError) as error:
        raise NoLocator(file=str(path), reason="it begins otherwise") from error
    if form != FORM:
        raise NoLocator(file=str(path), reason=f"it has the form “{form}”, expected “{FORM}”")
    if total != _sum(told):
        raise NoLocator(file=str(path), reason="its first line is not as it was written")
    if len(memory) != len(head) + told["bytes"]:
        raise NoLocator(file=str(path), reason=f"it has {len(memory)} bytes, expected {len(head) + told['bytes']}")
    arrays = {}
    for name, (kind, shape, at) in told["arrays"].items():
        dtype, count = np.dtype(kind), int(np.prod(shape))
        arrays[name] = np.frombuffer(memory, dtype, count, len(head) + at).reshape(shape)
    return arrays, told["facts"]


def _sum(told: dict[str, Any]) -> str:
    """Return the hash of what the first line tells: where arrays lie is believed only if nothing of it has changed."""
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()
