"""Run every benchmark and write ``RESULTS.md`` beside this file: ``make bench``."""

from __future__ import annotations

import importlib
import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import shapely

MODULES = ("tessellation", "districting", "overlaying", "locating", "siting", "assigning")
PACKAGES = (
    "quanyu", "numba", "numpy", "scipy", "shapely", "geopandas", "momepy", "kahip", "pymetis", "gerrychain",
    "highspy", "pyscipopt", "ortools", "pulp", "spopt", "kmedoids",
)  # fmt: skip
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Run the benchmarks one after the other, print their lines and write them down."""
    lines = ["# Results", "", *circumstances()]
    for name in MODULES:
        print(f"… {name}", flush=True)
        module = importlib.import_module(f"benchmarks.{name}")
        begun = time.perf_counter()
        told = [f"## {name.capitalize()}", "", *(module.__doc__ or "").strip().splitlines(), "", *module.main()]
        told += ["", f"(All of this took {time.perf_counter() - begun:.0f} s.)"]
        print("\n".join(told), flush=True)
        lines += ["", *told]
    RESULTS.write_text("\n".join(lines) + "\n")


def circumstances() -> list[str]:
    """Return when, where and with what the benchmarks run."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d} ({_processor()}, {cores} cores, load {load:.1f} at",
        f"the start; Python {platform.python_version()}). How to read this: [README](README.md).",
        "",
        f"Versions: {versions}, GEOS {shapely.geos_version_string}.",
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
    main()
