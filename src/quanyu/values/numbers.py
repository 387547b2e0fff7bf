"""Numbers as clerks write them: full-width digits, thousands separators, spaces. Never a guess."""

from __future__ import annotations

import re

# Full-width signs stand 0xFEE0 above their plain forms; so does the wide space, by itself.
_WIDE = {0x3000: " ", **{code + 0xFEE0: chr(code) for code in range(0x21, 0x7F)}}
_PLAIN = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", re.ASCII)
_DIGITS = re.compile(r"\d[\d,]*(\.\d+)?", re.ASCII)


def read_number(text: str) -> float | None:
    """Return the number a text states, ``None`` for an empty one.

    Full-width signs are read as their plain forms, and commas may part thousands.

    Raises
    ------
    ValueError
        It holds anything else, such as 约 or a unit.

    Examples
    --------
    >>> read_number("１,２３４"), read_number(" 12.5 "), read_number("")
    (1234.0, 12.5, None)
    """
    plain = text.translate(_WIDE).strip()
    if not plain:
        return None
    if not _PLAIN.fullmatch(plain):
        raise ValueError(text)
    return float(plain.replace(",", ""))


def number_in(text: str) -> str:
    """Return the digits of the first number inside a text, '' where there is none: to show what may be meant.

    Examples
    --------
    >>> number_in("约３00户")
    '300'
    """
    found = _DIGITS.search(text.translate(_WIDE))
    return found.group().replace(",", "") if found else ""
