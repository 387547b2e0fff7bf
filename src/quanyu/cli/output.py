"""Where a verb writes: asked before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

import click


def writable_file(_ctx: click.Context, _param: click.Parameter, path: Path) -> Path:
    """Refuse a file that lies in no folder, or in one that cannot be written; ``-`` is for verbs that take it."""
    if str(path) != "-":
        folder = path.absolute().parent
        if not folder.is_dir():
            raise click.BadParameter(f"there is no folder {folder}")
        if not os.access(folder, os.W_OK):
            raise click.BadParameter(f"the folder {folder} cannot be written")
    return path


def named_file(ctx: click.Context, param: click.Parameter, path: Path) -> Path:
    """Refuse standard output, too, and what is no file: a file that is whole takes the place of what is there."""
    if str(path) == "-":
        raise click.BadParameter("this cannot be written to standard output; name a file")
    if path.exists() and not path.is_file():
        raise click.BadParameter(f"{path} is there and is no ordinary file; name another")
    return writable_file(ctx, param, path)
