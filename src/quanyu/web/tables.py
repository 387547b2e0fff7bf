"""Columns of tables that a query string sorts."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True)
class Column:
    """A column: the field it sorts by and its heading; ``ask`` is what a click on it asks for."""

    key: str
    label: str | Promise
    is_number: bool = False
    ask: str = ""
    sorted: str = "none"


def sorting(request: HttpRequest, columns: list[Column], *, default: str) -> tuple[str, list[Column]]:
    """Return the order a request asks for, or ``default``; and the columns with what a click on each asks for next."""
    wanted = request.GET.get("sort", default)
    if wanted.removeprefix("-") not in {column.key for column in columns}:
        wanted = default
    shown = []
    for column in columns:
        ask, state = column.key, "none"
        if wanted == column.key:
            ask, state = f"-{column.key}", "ascending"
        elif wanted == f"-{column.key}":
            state = "descending"
        shown.append(Column(column.key, column.label, column.is_number, ask, state))
    return wanted, shown
