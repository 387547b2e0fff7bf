"""Verbs that keep house: init, demo, user, check."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import click

from quanyu.cli.serving import PORT, require_free, serve
from quanyu.cli.site import with_new_site, with_site

if TYPE_CHECKING:
    from quanyu.apps.grids.models import Network

# Shown to everybody who starts the demo; `quanyu demo` refuses to run where other accounts exist.
DEMO_USERS = {
    "planner": ("planner", "规划员 · Planner"),
    "reviewer": ("reviewer", "审核员 · Reviewer"),
    "admin": ("administrator", "管理员 · Administrator"),
}
DEMO_PASSWORD = "quanyu-demo"  # noqa: S105 the demo's sign-in is printed on the screen
DEMO_SAMPLES = ("vologda", "liechtenstein", "zhangqiu")
# The engines that pages call; the others compile when a command first calls them, or with `quanyu init`.
ON_PAGES = ("drawing", "tessellating", "locating", "overlaying")
# Where four departments had grids of their own, made up, before they are merged.
MERGED_SAMPLE = "vologda"
# Where villages lie on both banks of a river, a grid may use its bridges.
BRIDGED = ("liechtenstein",)


@click.command()
@with_new_site
def init() -> None:
    """Create or upgrade the database, and compile the engines once."""
    _migrate()
    _warm()
    click.echo("Ready.", err=True)


@click.command()
@click.argument("name")
@click.option("--role", type=click.Choice(["planner", "reviewer", "administrator"]), required=True)
@click.option("--display-name", default="", help="The name shown to colleagues.")
@click.password_option(help="At least ten signs; asked for if left out.")
@with_site
def user(name: str, role: str, display_name: str, password: str) -> None:
    """Create an account NAME with a role, or give it another role and password."""
    from django.utils import timezone

    from quanyu.apps.accounts.models import Role
    from quanyu.apps.audit.accounts import set_account

    now = timezone.now()
    set_account(name, role=Role(role), display_name=display_name, password=password, actor=None, at=now)
    click.echo(f"{name}: {role}", err=True)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8000, show_default=True)
@click.option("--no-serve", is_flag=True, help="Prepare the demo and stop.")
@click.option("--sample", "samples", multiple=True, type=click.Choice(DEMO_SAMPLES), help="Only these; default all.")
@click.pass_context
@with_new_site
def demo(ctx: click.Context, host: str, port: int, no_serve: bool, samples: tuple[str, ...]) -> None:
    """Load the sample territories, draw their grids and serve the site."""
    from quanyu.apps.territory import tiles

    begun = time.monotonic()
    if not no_serve:
        require_free(host, port)
    _migrate()
    _warm(ON_PAGES)
    _demo_users()
    for name in samples or DEMO_SAMPLES:
        _demo_sample(name)
    tiles.make_missing()
    click.echo(f"The demo is ready after {time.monotonic() - begun:.0f} s.", err=True)
    click.echo(f"Sign in as {', '.join(DEMO_USERS)}; the password is {DEMO_PASSWORD}", err=True)
    if not no_serve:
        ctx.invoke(serve, host=host, port=port, workers=2, with_worker=True)


@click.command()
@click.option("--since", default="", help="The hash that an earlier check printed: the trail must go on from it.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_site
def check(ctx: click.Context, since: str, as_json: bool) -> None:
    """Verify the audit trail and that every plan in force is whole."""
    from quanyu.apps.audit import trail
    from quanyu.apps.grids.integrity import faults

    verdict = trail.verify(since=since)
    found = faults()
    report: dict[str, Any] = {
        "audit": {
            "entries": verdict.entries,
            "intact": verdict.is_intact,
            "broken_at": verdict.broken_at,
            "head": verdict.head,
        },
        "plans": found,
    }
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        where = f" at entry {verdict.broken_at}" if verdict.broken_at is not None else ""
        state = f"intact, up to {verdict.head}" if verdict.is_intact else f"broken{where}: {verdict.reason}"
        click.echo(f"Audit trail: {verdict.entries} entries, {state}")
        click.echo("\n".join(found) or "Plans in force: whole")
    ctx.exit(0 if verdict.is_intact and not found else 1)


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _warm(wanted: Collection[str] | None = None) -> None:
    """Compile the engines on small cases, so that nobody waits for it later; the result stays in numba's cache."""
    from quanyu.engines import assignment, siting
    from quanyu.engines.spatial import locating, overlaying, tessellating

    for name, work in (
        ("drawing", _warm_drawing), ("tessellating", tessellating.warm), ("locating", locating.warm),
        ("overlaying", overlaying.warm), ("siting", siting.warm), ("assigning", assignment.warm),
    ):  # fmt: skip
        if wanted is not None and name not in wanted:
            continue
        click.echo(f"Compiling {name} (a minute or two, once per machine) … ", nl=False, err=True)
        begun = time.monotonic()
        work()
        click.echo(f"{time.monotonic() - begun:.0f} s", err=True)


def _warm_drawing() -> None:
    import numpy as np
    import scipy.sparse as sparse

    from quanyu.engines.districting import district

    side = 12
    index = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [
            np.stack([index[:, :-1], index[:, 1:]], -1).reshape(-1, 2),
            np.stack([index[:-1], index[1:]], -1).reshape(-1, 2),
        ]
    )
    both = np.concatenate([pairs, pairs[:, ::-1]])
    grid = sparse.csr_array((np.full(len(both), 10.0), (both[:, 0], both[:, 1])), shape=(side**2, side**2))
    district(np.full(side**2, 10), grid, lower=60, upper=100, seed=1, previous=np.arange(side**2) // 12, stability=0.1)


def _demo_users() -> None:
    from django.utils import timezone

    from quanyu.apps.accounts.models import Role, User
    from quanyu.apps.audit.accounts import set_account

    strangers = User.objects.exclude(username__in=DEMO_USERS)
    if strangers.exists():
        raise click.ClickException("This database has accounts of its own; the demo needs a database for itself.")
    for name, (role, display_name) in DEMO_USERS.items():
        if not User.objects.filter(username=name).exists():
            password, now = DEMO_PASSWORD, timezone.now()
            set_account(name, role=Role(role), display_name=display_name, password=password, actor=None, at=now)


def _demo_sample(name: str) -> None:
    from django.utils import timezone

    from quanyu.apps.grids import actions
    from quanyu.apps.grids.models import Network, Plan
    from quanyu.apps.grids.sample_networks import make_networks
    from quanyu.apps.territory.samples import load_sample

    begun = time.monotonic()
    territory = load_sample(name, at=timezone.now())
    network = Network.objects.filter(territory=territory, code=name).first()
    if network is None:
        network = actions.create_network(territory, code=name, name=f"{territory}", actor=None, at=timezone.now())
    if not Plan.objects.filter(network=network).exists():
        _demo_plan(network)
    if name == MERGED_SAMPLE:
        make_networks(territory, at=timezone.now())
    click.echo(f"{name}: {time.monotonic() - begun:.1f} s", err=True)


def _demo_plan(network: Network) -> None:
    """Draw a plan and put it in force, as a planner and a reviewer would."""
    from django.utils import timezone

    from quanyu.apps.accounts.models import User
    from quanyu.apps.grids import actions, planning
    from quanyu.apps.grids.norms import Norms

    people = {user.username: user for user in User.objects.filter(username__in=DEMO_USERS)}
    now = timezone.now()
    norms = Norms(seed=1, allow_crossings=network.code in BRIDGED)
    run = actions.start_run(network, norms, actor=people["planner"], at=now)
    run = planning.carry_out(run, clock=timezone.now)
    if run.plan is None:
        raise click.ClickException(f"{run}: {(run.error or {}).get('message', run.state)}")
    figures = run.plan.metrics
    actions.review(run.plan, actor=people["reviewer"], at=timezone.now())
    actions.enforce(run.plan, day=timezone.localdate(), actor=people["planner"], at=timezone.now())
    share = f"{figures['basic_in_range']} / {figures['basic']} basic grids in range"
    click.echo(f"{network.code}: {figures['grids']} grids, {share}, drawn in {figures['seconds']} s", err=True)
