"""Options that several verbs take, and what they refuse before any work."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from quanyu.cli.output import writable_file

Command = Callable[..., Any]

JSON = click.option("--json", "as_json", is_flag=True, help="Print figures for programs; the table only with --out.")


def out(words: str = "A CSV file of the answer; - is stdout.") -> Callable[[Command], Command]:
    """Return the option of a table that goes to standard output if no file is named."""
    kind = click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path)
    return click.option("--out", type=kind, default="-", callback=writable_file, help=words)


def finite(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    """Refuse what is no number: a range lets nan pass, and without an end infinity."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number to reckon with")
    return value
