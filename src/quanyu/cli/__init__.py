"""The ``quanyu`` command. Engine verbs work on files and need no database; the others open the site first.

Exit codes: 0 done, 1 a finding, 2 misuse. Results go to standard output, messages and progress to standard error.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

from quanyu import __version__
from quanyu.errors import QuanyuError

# Where each verb lives; a verb's module is imported when it is called, so that engine verbs never start Django.
VERBS = {
    "init": "quanyu.cli.house",
    "demo": "quanyu.cli.house",
    "serve": "quanyu.cli.house",
    "worker": "quanyu.cli.house",
    "check": "quanyu.cli.house",
    "user": "quanyu.cli.house",
    "load": "quanyu.cli.load",
    "plan": "quanyu.cli.plan",
    "locate": "quanyu.cli.plan",
    "export": "quanyu.cli.plan",
    "district": "quanyu.cli.district",
}


class Verbs(click.Group):
    """The group of all verbs; an error of the error tree becomes one line and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(VERBS[cmd_name]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except QuanyuError as error:
            click.echo(f"quanyu: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Verbs)
@click.version_option(__version__)
def main() -> None:
    """Quanyu: service grids, requests, policies, registers and programmes of a district."""
