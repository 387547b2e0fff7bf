"""Read what a district sets in the environment; a value that cannot be used stops every verb with a sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
SCHEMES = ("sqlite", "postgres", "postgresql")


def flag(name: str) -> bool:
    """Return whether a setting is on; off where it is not given."""
    value = os.environ.get(name, "").strip().lower()
    if value not in YES | NO:
        raise _unusable(name, value, "Give 1 or 0.")
    return value in YES


def words(name: str, default: str = "") -> list[str]:
    """Return the words of a setting, which commas part."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def whole_number(name: str, default: int, *, low: int) -> int:
    """Return a whole number of at least ``low``."""
    value = os.environ.get(name, "").strip() or str(default)
    if not value.isdecimal() or int(value) < low:
        raise _unusable(name, value, f"Give a whole number of at least {low}.")
    return int(value)


def one_of(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of the words allowed, in whichever case it was written."""
    value = os.environ.get(name, "").strip().upper() or default
    if value not in allowed:
        raise _unusable(name, value, f"Give one of {', '.join(allowed)}.")
    return value


def folder(name: str, default: str) -> Path:
    """Return a folder, made if it is not there."""
    path = Path(os.environ.get(name) or default).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(name, path, f"It must be a folder that can be written: {error.strerror}.") from error
    if not os.access(path, os.W_OK):
        raise _unusable(name, path, "It must be a folder that can be written.")
    return path


def database(name: str, default: Path) -> dict[str, Any]:
    """Return Django's settings of the database that a URL names; SQLite at ``default`` where none is given."""
    url = os.environ.get(name) or f"sqlite:///{default}"
    scheme, parted, _ = url.partition("://")
    mend = "Give postgres://user:password@host:port/name or sqlite:///path."
    if not parted or scheme not in SCHEMES:
        # Never the whole of it: a password may stand there.
        raise _unusable(name, f"{url[:6]}…", mend)
    try:
        found = dict(dj_database_url.parse(url, conn_max_age=60))
    except ValueError as error:
        raise _unusable(name, f"{scheme}://…", mend) from error
    if not found.get("NAME"):
        raise _unusable(name, f"{scheme}://…", f"It names no database. {mend}")
    return found


def _unusable(name: str, value: object, mend: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {value}, which cannot be used. {mend}")
