"""Run a benchmark in whatever process this is imported: a module of its own, so that a new process finds it."""

from __future__ import annotations

import importlib


def run(name: str) -> tuple[list[str], list[str]]:
    """Return what a benchmark asks, and what it found."""
    module = importlib.import_module(f"benchmarks.{name}")
    return (module.__doc__ or "").strip().splitlines(), module.main()
