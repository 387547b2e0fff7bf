"""The ``quanyu`` command. Engine verbs work on files and need no database; the others open the site first.

Exit codes: 0 done, 1 a finding, 2 misuse. Results go to standard output, messages and progress to standard error.
"""

from __future__ import annotations

import errno
import importlib
from typing import Any

import click

from quanyu import __version__
from quanyu.errors import QuanyuError

# Where each verb lives and what it does. A verb's module is imported when it is called, so that the list of verbs is
# there at once and engine verbs never start Django.
VERBS = {
    "init": ("quanyu.cli.house", "Create or upgrade the database, and compile the engines once."),
    "demo": ("quanyu.cli.house", "Load the sample territories, draw their grids and serve the site."),
    "user": ("quanyu.cli.house", "Create an account NAME with a role, or give it another role and password."),
    "load": (
        "quanyu.cli.load",
        "Take a file in as a whole: divisions, boundaries, a city, households, departments' grids and items.",
    ),
    "plan": ("quanyu.cli.plan", "Draw the grids of NETWORK now and keep them as a draft plan."),
    "locate": ("quanyu.cli.plan", "Name the grids in force at LON LAT, or at each point of a CSV file."),
    "export": ("quanyu.cli.plan", "Write a plan of NETWORK to FILE."),
    "serve": ("quanyu.cli.serving", "Serve the site, and a worker beside it."),
    "worker": (
        "quanyu.cli.serving",
        "Carry out planning runs and comparisons as they are asked for, and make the map's background after a load.",
    ),
    "check": ("quanyu.cli.house", "Verify the audit trail and that every plan in force is whole."),
    "district": ("quanyu.cli.district", "Draw districts on a file, without a database."),
    "curve": ("quanyu.cli.district", "Tell what another number of districts, or fewer moves, cost on a file."),
    "overlay": (
        "quanyu.cli.overlaying",
        "Cut a territory into the pieces that several divisions have in common, and tell how far they agree.",
    ),
    "within": ("quanyu.cli.within", "Name the area of AREAS that holds each point of POINTS.csv."),
    "site": ("quanyu.cli.siting", "Choose sites from files, with a proof of how good they are."),
    "assign": ("quanyu.cli.assign", "Give each row of TASKS.csv to a row of AGENTS.csv that is near and has room."),
    "match": ("quanyu.cli.assign", "Match applicants to posts by the wishes of both sides."),
}


class Verbs(click.Group):
    """The group of all verbs; an error of the error tree, or of a file, becomes one line and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(VERBS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, sentence) for verb, (_, sentence) in VERBS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except QuanyuError as error:
            click.echo(f"quanyu: {error}", err=True)
            ctx.exit(2)
        except OSError as error:
            # A reader may stop early (EPIPE), which click knows of; what names no file is a fault of ours.
            if error.errno != errno.ENOSPC and error.filename is None:
                raise
            click.echo(f"quanyu: {error.filename or 'The file was not written'}: {error.strerror}.", err=True)
            ctx.exit(2)


@click.group(cls=Verbs)
@click.version_option(__version__)
def main() -> None:
    """Quanyu: service grids, requests, policies, registers and programmes of a district."""
