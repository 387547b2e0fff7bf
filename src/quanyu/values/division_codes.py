"""The 12-digit code of an administrative division: two digits each for province, prefecture and county, three each
for town and village.

References
----------
.. [1] GB/T 10114, rules for the codes of divisions below county level; National Bureau of Statistics of China,
   统计用区划代码和城乡划分代码编制规则.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from quanyu.errors import InvalidInput

# Level → digits that carry meaning; the rest of a code are zeros.
SIGNIFICANT_DIGITS = {"province": 2, "prefecture": 4, "county": 6, "town": 9, "village": 12}
LEVELS = tuple(SIGNIFICANT_DIGITS)


class WrongDivisionCode(InvalidInput):
    """A text is no division code."""

    code = "wrong_division_code"
    template = "%(value)s is no division code. Give 12 digits; a shorter official code is filled up with zeros."


@dataclass(frozen=True, order=True)
class DivisionCode:
    """A division's code.

    Raises
    ------
    WrongDivisionCode
        Not 12 digits, or zeros for the province.

    Examples
    --------
    >>> code = DivisionCode("370114001002")
    >>> code.level, code.parent.text, code.prefix
    ('village', '370114001000', '370114001002')
    >>> code.parent.within(DivisionCode("370100000000"))
    True
    """

    text: str
    _form: ClassVar[re.Pattern[str]] = re.compile(r"[0-9]{12}", re.ASCII)

    def __post_init__(self) -> None:
        if not self._form.fullmatch(self.text) or self.text.startswith("00"):
            raise WrongDivisionCode(value=self.text)

    def __str__(self) -> str:
        return self.text

    @property
    def level(self) -> str:
        """The level that the zeros at its end tell: the highest that keeps every other digit."""
        meant = len(self.text.rstrip("0"))
        return next(level for level, digits in SIGNIFICANT_DIGITS.items() if meant <= digits)

    @property
    def prefix(self) -> str:
        """The digits shared by every code below this one."""
        return self.text[: SIGNIFICANT_DIGITS[self.level]]

    @property
    def parent(self) -> DivisionCode | None:
        """The code one level up, ``None`` for a province."""
        index = LEVELS.index(self.level)
        return None if index == 0 else self.at(LEVELS[index - 1])

    def at(self, level: str) -> DivisionCode:
        """Return the code of the division of ``level`` that holds this one."""
        return DivisionCode(self.text[: SIGNIFICANT_DIGITS[level]].ljust(12, "0"))

    def within(self, other: DivisionCode) -> bool:
        """Tell whether this is ``other`` or lies below it."""
        return self.text.startswith(other.prefix)
