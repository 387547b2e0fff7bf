"""Names of columns, as files of many hands write them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

# What a file of grids may call their codes.
GRID_CODE = ("code", "网格编码", "网格编号", "编码", "编号", "id")


def column_of(columns: Iterable[str], names: Iterable[str]) -> str:
    """Return the first of some names that is among columns, as it is written there; '' for none.

    Examples
    --------
    >>> column_of(["Name", "CODE "], GRID_CODE)
    'CODE '
    """
    theirs = {plain(each): each for each in columns}
    return next((theirs[plain(name)] for name in names if plain(name) in theirs), "")


def plain(name: Any) -> str:
    """Return a name without what writers differ in: capitals, blanks around it, signs of full width."""
    return unicodedata.normalize("NFKC", str(name)).strip().casefold().replace(" ", "_")
