"""Say that an engine is being compiled, which is a wait on a machine that did not do it before."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click


def computes(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Make a verb that calls an engine say so, once, when that has to be compiled first."""

    @wraps(verb)
    def told(*args: Any, **kwargs: Any) -> Any:
        from quanyu.engines.compiling import on_compilation

        words = "Compiling the engine, once per machine, may take a minute; `quanyu init` does it for all at once."
        on_compilation(lambda: click.echo(words, err=True))
        return verb(*args, **kwargs)

    return told
