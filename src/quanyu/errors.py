"""The error tree: a stable code, a template with named placeholders, and its parameters.

A message says what was asked, where (row, sheet cell, field) and with which value, why that cannot be,
and what would work. Templates are English source text; faces translate ``template`` and fill it with ``params``.
Messages never carry personal data.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar


def plain(value: Any) -> Any:
    """Return a value that JSON can write: a number that it has no way to write becomes text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


class QuanyuError(Exception):
    """Base of every error Quanyu raises on purpose.

    ``where`` names the place of the fault for programs: any of ``file``, ``layer``, ``row``, ``column``, ``field``.
    """

    code: ClassVar[str] = "error"
    template: ClassVar[str] = "%(detail)s"
    where_keys: ClassVar[tuple[str, ...]] = ("file", "layer", "row", "column", "field", "value")

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.template % params)

    @property
    def where(self) -> dict[str, Any]:
        """The parameters that locate the fault."""
        return {key: self.params[key] for key in self.where_keys if key in self.params}

    def as_dict(self) -> dict[str, Any]:
        """Return the one shape the API sends."""
        where = {key: plain(value) for key, value in self.where.items()}
        return {"code": self.code, "message": str(self), "where": where}


class InvalidInput(QuanyuError):
    """What was given cannot be used; the message says what would work."""

    code = "invalid_input"


class NotFinite(InvalidInput):
    """A number is NaN or infinite."""

    code = "not_finite"
    template = "%(name)s[%(row)s] is %(value)s. Give a finite number, or leave the row out."


class WrongShape(InvalidInput):
    """An array has another shape than its neighbours ask for."""

    code = "wrong_shape"
    template = "%(name)s has shape %(got)s, expected %(expected)s. Check that every array describes the same rows."


class WrongType(InvalidInput):
    """An array or value has another type than expected."""

    code = "wrong_type"
    template = "%(name)s holds %(got)s, expected %(expected)s."


class OutOfRange(InvalidInput):
    """A value lies outside what is allowed."""

    code = "out_of_range"
    template = "%(name)s[%(row)s] is %(value)s; allowed is %(allowed)s."


class BadValue(InvalidInput):
    """A single value that cannot be used."""

    code = "bad_value"
    template = "%(name)s is %(value)s; allowed is %(allowed)s."


class MissingArray(InvalidInput):
    """An array is missing that something asked for needs."""

    code = "missing_array"
    template = "%(wanted)s needs %(name)s. Give it, or ask for something else."


class EmptyInput(InvalidInput):
    """Nothing was given where something is needed."""

    code = "empty_input"
    template = "%(name)s is empty. Give at least one row."


# Accounts and lifecycles


class NotPermitted(QuanyuError):
    """The person's roles do not allow the act."""

    code = "not_permitted"
    template = "Only these roles may %(act)s: %(roles)s. Ask an administrator for one of them."


class IllegalTransition(QuanyuError):
    """The lifecycle has no such edge."""

    code = "illegal_transition"
    template = "%(subject)s is %(state)s and cannot become %(wanted)s; from here it can become: %(possible)s."


class Conflict(QuanyuError):
    """The record stands against the act: another state, another owner, a date already taken."""

    code = "conflict"
    template = "%(detail)s"


class NotFound(QuanyuError):
    """No such record."""

    code = "not_found"
    template = "No %(what)s %(key)s. %(mend)s"


# Plans


class BrokenRule(Conflict):
    """A hand edit would break a rule of the norms."""

    code = "broken_rule"
    template = "%(detail)s"


# Space


class UnknownCoordinateSystem(InvalidInput):
    """The stated coordinate system is none we know."""

    code = "unknown_coordinate_system"
    template = (
        "%(value)s is no known coordinate system. State one of: WGS84, CGCS2000, GCJ-02, BD-09, or an EPSG code "
        "such as EPSG:4547."
    )


# Districting


class EmptyRange(InvalidInput):
    """The range holds no number."""

    code = "empty_range"
    template = "The range is %(lower)s to %(upper)s. Give a lower limit of 0 or more that is not above the upper one."


class AsymmetricAdjacency(InvalidInput):
    """A border has two lengths, or is known from one side only."""

    code = "asymmetric_adjacency"
    template = (
        "adjacency[%(row)s, %(column)s] differs from adjacency[%(column)s, %(row)s]. Store each shared border twice "
        "with one length."
    )


# Siting


class NoLimit(InvalidInput):
    """Neither a number of sites nor a budget was given, or both were."""

    code = "no_limit"
    template = (
        "Nothing says how many sites are wanted, or two things do. Give either p (a number of sites) or a budget."
    )


class UnreadableCell(InvalidInput):
    """A cell of a file holds something else than its column asks for."""

    code = "unreadable_cell"
    template = "%(file)s, row %(row)s, column %(column)s holds %(value)r, expected %(expected)s. Correct the cell."


class MissingColumn(InvalidInput):
    """A file lacks a column that is needed."""

    code = "missing_column"
    template = "%(file)s has no column %(column)s; it has: %(value)s. Name the columns in the first row."


class BrokenFile(InvalidInput):
    """A file does not have the form that was stated."""

    code = "broken_file"
    template = "%(file)s, row %(row)s: %(value)s. Expected is %(expected)s."
