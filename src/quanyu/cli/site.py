"""Open the site for a verb that needs the database."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")


class NotReady(click.ClickException):
    """The site cannot be opened: a setting or the database stands against it."""

    exit_code = 2


def with_site(verb: Callable[P, R]) -> Callable[P, R]:
    """Open the site with a database that fits it, before ``verb`` runs; the verb imports models inside itself."""
    return _opened(verb, _require_database)


def with_new_site(verb: Callable[P, R]) -> Callable[P, R]:
    """Open the site for a verb that makes or upgrades the database itself."""
    return _opened(verb, _require_answer)


def _opened(verb: Callable[P, R], require: Callable[[], None]) -> Callable[P, R]:
    @wraps(verb)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        import django
        from django.core.exceptions import ImproperlyConfigured

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanyu.site.settings")
        try:
            django.setup()
        except ImproperlyConfigured as error:
            raise NotReady(str(error)) from error
        from django.db import OperationalError
        from django.utils import translation

        try:
            require()
            # The shell speaks the language of its messages' source; an export names its own.
            with translation.override("en"):
                return verb(*args, **kwargs)
        except OperationalError as error:  # locked, full, read-only, gone
            raise NotReady(f"{_database()} does not go on: {_reason(error)}. Mend that and try again.") from error

    return wrapper


def _require_answer() -> None:
    from django.db import DatabaseError, connection

    try:
        connection.ensure_connection()
    except DatabaseError as error:
        raise NotReady(f"{_database()} does not answer: {_reason(error)}. Check QUANYU_DATABASE_URL.") from error


def _require_database() -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    _require_answer()
    executor = MigrationExecutor(connection)
    if not executor.loader.applied_migrations:
        raise NotReady(f"{_database()} is empty. Make it first: quanyu init")
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady(f"{_database()} is of an older version. Upgrade it: quanyu init")


def _reason(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _database() -> str:
    from django.db import connection

    name, host = connection.settings_dict["NAME"], connection.settings_dict["HOST"]
    return f"The database {name} at {host}" if host else f"The database {name}"
