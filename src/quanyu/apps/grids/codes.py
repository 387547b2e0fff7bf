"""Grid codes: 12 digits of the division and a number from west to east, north to south; never reused."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

from quanyu.errors import InvalidInput

# A short and a long number, which a pattern must write so that they are read back: one written with spaces, commas or
# letters would not count as used, and be given again.
PROBES = (1, 1_234_567)


class InvalidPattern(InvalidInput):
    """The pattern of grid codes cannot tell two grids apart."""

    code = "invalid_code_pattern"
    template = "The pattern of grid codes is %(value)s. Give {division} and {number} once each: {division}{number:03d}."


class LongCode(InvalidInput):
    """A code does not fit into its column."""

    code = "long_code"
    template = "The grid code %(value)s has more than %(limit)s signs. Choose a shorter pattern."


class CodesUsedUp(InvalidInput):
    """A division has had as many grid codes as the pattern has room for."""

    code = "codes_used_up"
    template = (
        "%(value)s needs grid number %(number)s, and the pattern of grid codes, %(pattern)s, ends at %(most)s. Load "
        "the divisions below it, so that grids are numbered in each, or have the operator widen "
        "QUANYU_GRID_CODE_PATTERN."
    )


@dataclass(frozen=True)
class Unnumbered:
    """A grid that needs a code: its division's code, its middle in metres, and the code it keeps, if any."""

    division: str
    x: float
    y: float
    area_m2: float
    keeps: str | None = None


def assign(grids: Sequence[Unnumbered], *, used: Mapping[str, int], pattern: str) -> list[str]:
    """Return a code for each grid.

    Parameters
    ----------
    grids
        In any order; a grid with ``keeps`` gets that code.
    used
        Highest number ever in force in each division: new numbers begin behind it, so that no code names two extents.
    pattern
        With ``{division}`` and ``{number}``, for example ``{division}{number:03d}``.

    Raises
    ------
    CodesUsedUp, LongCode, InvalidPattern
        A code of more digits than the others would pass for another kind of code wherever codes are read.

    Notes
    -----
    The standard's order "west to east, north to south" is read as one reads a page: rows as high as the division's
    middling grid is wide, the northern row first, each row from the west.
    """
    most = _most(pattern)
    codes: list[str | None] = [grid.keeps for grid in grids]
    by_division: defaultdict[str, list[int]] = defaultdict(list)
    for index, grid in enumerate(grids):
        if grid.keeps is None:
            by_division[grid.division].append(index)
    for division, members in by_division.items():
        areas = sorted(grids[i].area_m2 for i in members)
        height = math.sqrt(areas[len(areas) // 2]) or 1.0
        members.sort(key=lambda i: (-math.floor(grids[i].y / height), grids[i].x, i))
        for number, index in enumerate(members, start=used.get(division, 0) + 1):
            if most is not None and number > most:
                last = used.get(division, 0) + len(members)
                raise CodesUsedUp(value=division, number=last, pattern=pattern, most=most)
            codes[index] = pattern.format(division=division, number=number)
            if len(codes[index] or "") > 24:
                raise LongCode(value=codes[index], limit=24)
    return [code for code in codes if code is not None]


def parse(code: str, pattern: str) -> tuple[str, int] | None:
    """Return the division and the number in ``code`` as ``pattern`` writes them; ``None`` where it does not fit.

    Examples
    --------
    >>> parse("370114001001017", "{division}{number:03d}")
    ('370114001001', 17)
    """
    found = _shape(pattern).fullmatch(code)
    return (found["division"], int(found["number"])) if found else None


def highest(used: Iterable[str], pattern: str) -> dict[str, int]:
    """Return the highest number among codes in each division; codes of another pattern count nowhere."""
    result: dict[str, int] = {}
    for division, number in filter(None, (parse(code, pattern) for code in used)):
        result[division] = max(result.get(division, 0), number)
    return result


def _most(pattern: str) -> int | None:
    """Return the highest number of as many digits as ``pattern`` pads to; ``None`` where it pads to none."""
    _shape(pattern)
    spec = next(spec for _, name, spec, _ in Formatter().parse(pattern) if name == "number")
    digits = len(format(0, spec or ""))
    return 10**digits - 1 if digits > 1 else None


@lru_cache(maxsize=8)
def _shape(pattern: str) -> re.Pattern[str]:
    fields = {"division": "(?P<division>[0-9]{12})", "number": "(?P<number>[0-9]+)"}
    try:
        pieces = [(literal, name) for literal, name, _, _ in Formatter().parse(pattern)]
        names = sorted(name for _, name in pieces if name is not None)
        written = [pattern.format(division="0" * 12, number=number) for number in PROBES]
    except (AttributeError, LookupError, ValueError):
        names = []
    if names != ["division", "number"]:
        raise InvalidPattern(value=pattern)
    shape = re.compile("".join(re.escape(literal) + (fields[name] if name else "") for literal, name in pieces))
    read = [shape.fullmatch(code) for code in written]
    if tuple(int(found["number"]) for found in read if found) != PROBES:
        raise InvalidPattern(value=pattern)
    return shape
