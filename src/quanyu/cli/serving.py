"""Verbs that stay: serve, worker."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click

from quanyu import web
from quanyu.cli.site import with_site

PORT = click.IntRange(1, 65535)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Server processes.")
@click.option("--worker/--no-worker", "with_worker", default=True, show_default=True, help="Also start a worker.")
@with_site
def serve(host: str, port: int, workers: int, with_worker: bool) -> None:
    """Serve the site, and a worker beside it."""
    from django.db import connections

    # Looked at and let go: the processes below have their own.
    connections.close_all()
    require_free(host, port)
    require_front_end()
    server = [sys.executable, "-m", "gunicorn", "quanyu.site.wsgi", "--bind", f"{host}:{port}", "--threads", "4"]
    server += ["--workers", str(workers), "--timeout", "300", "--preload", "--log-level", "warning"]
    commands = [server, *([[sys.executable, "-m", "quanyu.cli", "worker"]] if with_worker else [])]
    running = [subprocess.Popen(command) for command in commands]  # noqa: S603 our own commands

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    code, answers = 0, False
    try:
        while (ended := running[0].poll()) is None:
            if not answers and (answers := _answers(host, port)):
                click.echo(f"http://{host}:{port}/", err=True)
            if len(running) > 1 and running[1].poll() is not None:
                click.echo("quanyu: the worker stopped; it is started again.", err=True)
                running[1] = subprocess.Popen(commands[1])  # noqa: S603 our own command
            time.sleep(1.0)
        code = 1 if ended else 0
    except KeyboardInterrupt:
        pass
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in running:
            process.wait()
    sys.exit(code)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def require_free(host: str, port: int) -> None:
    """Refuse a port that another program listens on, before anything is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"{host}:{port} cannot be used: {error.strerror}. Choose others with --host and --port."
            raise click.UsageError(message) from error


def require_front_end() -> None:
    """Refuse to serve pages without the libraries they need."""
    folder = Path(web.__file__).parent / "static/vendor"
    if not (folder / "maplibre-gl.js").exists():
        message = f"{folder} has no front-end libraries: in a checkout run make wheel, and install the wheel in dist/."
        raise click.ClickException(message)


@click.command()
@click.option("--once", is_flag=True, help="Carry out what waits, then stop.")
@with_site
def worker(once: bool) -> None:
    """Carry out planning runs and comparisons as they are asked for, and make the map's background after a load."""
    from django.core.management import call_command
    from django.utils import timezone

    from quanyu.apps.grids import planning, runs
    from quanyu.apps.territory import tiles

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    call_command("clearsessions")
    while True:
        runs.fail_silent_runs(at=timezone.now())
        run = runs.next_run(at=timezone.now())
        if run is not None:
            run = planning.carry_out(run, clock=timezone.now)
            click.echo(f"{run}: {run.state}", err=True)
            continue
        tiles.make_missing()
        if once:
            return
        time.sleep(0.5)
