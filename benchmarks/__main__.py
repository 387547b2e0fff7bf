"""Run every benchmark and write ``RESULTS.md`` beside this file: ``make bench``.

``python -m benchmarks NAME …`` runs some and puts their sections in place of the old ones.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import shapely
from benchmarks.apart import run

MODULES = ("tessellation", "districting", "overlaying", "locating", "siting", "assigning")
PACKAGES = (
    "quanyu", "numba", "numpy", "scipy", "shapely", "geopandas", "momepy", "kahip", "pymetis", "gerrychain",
    "highspy", "pyscipopt", "ortools", "pulp", "spopt", "kmedoids",
)  # fmt: skip
RESULTS = Path(__file__).with_name("RESULTS.md")


def main(names: list[str]) -> None:
    """Run benchmarks one after the other, all if none is named, print their lines and write them down."""
    sections = _written() if names else {}
    for name in names or MODULES:
        print(f"… {name}", flush=True)
        begun, around = time.perf_counter(), circumstances()
        # Each in a process of its own: some rivals bring libraries that cannot be loaded together.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            question, answer = process.submit(run, name).result()
        told = [f"## {name.capitalize()}", "", *question, "", *around, "", *answer]
        told += ["", f"(All of this took {time.perf_counter() - begun:.0f} s.)"]
        print("\n".join(told), flush=True)
        sections[name] = "\n".join(told)
    head = "# Results\n\nWritten by `make bench`. How to read this: [README](README.md).\n"
    RESULTS.write_text("\n".join([head, *(f"{sections[name]}\n" for name in MODULES if name in sections)]))


def _written() -> dict[str, str]:
    """Return the sections of the file as it is, by the names of their modules."""
    parts = RESULTS.read_text().split("\n## ")[1:]
    return {part.partition("\n")[0].lower(): f"## {part.rstrip()}" for part in parts}


def circumstances() -> list[str]:
    """Return when, where and with what the benchmarks run."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"Run on {datetime.now(UTC):%Y-%m-%d} ({_processor()}, {cores} cores, load {load:.1f} at the start; Python "
        f"{platform.python_version()}; {versions}, GEOS {shapely.geos_version_string}).",
    ]


def _processor() -> str:
    """Return what Linux calls the processor, else the architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


if __name__ == "__main__":
    main(sys.argv[1:])
