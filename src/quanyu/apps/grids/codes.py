"""Grid codes: 12 digits of the division and a number from west to east, north to south; never reused."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quanyu.errors import Conflict


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

    Notes
    -----
    The standard's order "west to east, north to south" is read as one reads a page: rows as high as the division's
    middling grid is wide, the northern row first, each row from the west.
    """
    codes: list[str | None] = [grid.keeps for grid in grids]
    by_division: defaultdict[str, list[int]] = defaultdict(list)
    for index, grid in enumerate(grids):
        if grid.keeps is None:
            by_division[grid.division].append(index)
    for division, members in by_division.items():
        areas = sorted(grids[i].area_m2 for i in members)
        height = math.sqrt(areas[len(areas) // 2]) or 1.0
        members.sort(key=lambda i: (-math.floor(grids[i].y / height), grids[i].x, i))  # noqa: B023
        for number, index in enumerate(members, start=used.get(division, 0) + 1):
            codes[index] = pattern.format(division=division, number=number)
            if len(codes[index] or "") > 24:
                raise Conflict(detail=f"The code {codes[index]} has more than 24 signs. Choose a shorter pattern.")
    return [code for code in codes if code is not None]


def number_of(code: str, division: str, pattern: str) -> int:
    """Return the number in ``code`` as ``pattern`` writes it for ``division``; 0 where it does not fit."""
    before, _, after = pattern.partition("{number")
    head = before.format(division=division)
    tail = after.partition("}")[2].format(division=division)
    digits = code.removeprefix(head).removesuffix(tail) if tail else code.removeprefix(head)
    return int(digits) if code.startswith(head) and digits.isdecimal() else 0


def keep_codes(old: Sequence[str], overlap: Mapping[tuple[str, int], int], sizes: Mapping[str, int]) -> dict[int, str]:
    """Return which new grid keeps which old code: the one that holds most (over half) of the old grid's households.

    ``overlap`` gives households shared by (old code, new grid index), ``sizes`` the households of each old grid.
    A new grid that qualifies for several codes keeps that of the largest share.
    """
    best: dict[int, tuple[int, str]] = {}
    for code in old:
        candidates = [(count, -index) for (from_code, index), count in overlap.items() if from_code == code]
        if not candidates:
            continue
        count, negative = max(candidates)
        if 2 * count > sizes[code] and (-negative not in best or (count, code) > best[-negative]):
            best[-negative] = (count, code)
    return {index: code for index, (_, code) in best.items()}
