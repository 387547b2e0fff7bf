"""The norms a plan is drawn by; the defaults are those of GB/T 34300."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from django.utils.translation import gettext as _

from quanyu.errors import InvalidInput

BARRIER_KINDS = ("waterway", "railway", "motorway", "main_road", "barrier", "brook")
# No grid of any use has more households.
MOST = 1_000_000
# What the engine can draw by.
OBJECTIVES = ("cut_length", "cut_edges", "polsby_popper", "moment_of_inertia")
_LISTS = ("barriers", "exclusive_kinds", "departments")
EXCLUSIVE_KINDS = ("office", "industrial", "market", "scenic", "school", "hospital", "public")


class InvalidNorm(InvalidInput):
    """A norm that no plan can be drawn by."""

    code = "invalid_norm"
    template = "%(field)s is %(value)s: %(mend)s"


@dataclass(frozen=True)
class Norms:
    """What every grid must keep, and what a plan is to be good at.

    ``lower`` and ``upper`` are households of a basic grid; ``grids`` is the number of basic grids, as many as the range
    asks for if ``None``; ``stability`` weighs households that stay with their grid
    (0 free, 1 strong), and ``fusion`` those that stay with the grid of each of ``departments``, short codes;
    ``barriers`` are the kinds of line no grid crosses; with ``allow_crossings`` a road open to people joins both sides
    of a barrier; with ``split_heavy`` a building above ``upper`` is divided by entrances.
    """

    lower: int = 300
    upper: int = 500
    target: int | None = None
    grids: int | None = None
    stability: float = 0.0
    departments: tuple[str, ...] = ()
    fusion: float = 0.5
    barriers: tuple[str, ...] = ("waterway", "railway", "motorway")
    allow_crossings: bool = False
    split_heavy: bool = True
    exclusive_kinds: tuple[str, ...] = ("office", "industrial", "market", "scenic")
    exclusive_min_m2: float = 5000.0
    objective: str = "cut_length"
    steps: int | None = None
    seconds: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for field, value, holds, mend in self._rules():
            if not holds:
                raise InvalidNorm(field=field, value=value, mend=mend)

    def _rules(self) -> list[tuple[str, Any, bool, str]]:
        inside = self.target is None or self.lower <= self.target <= self.upper
        barriers, kinds = set(self.barriers) <= set(BARRIER_KINDS), set(self.exclusive_kinds) <= set(EXCLUSIVE_KINDS)
        least = _("give at least the lower limit, %(lower)s.") % {"lower": self.lower}
        between = _("give a number from %(lower)s to %(upper)s, or leave it empty.")
        known, zero = _("known are: %(known)s."), _("give 0 or more, or leave it empty.")
        number = _("give a number of grids from 1 to %(most)s, or leave it empty.")
        above = _("give more than 0, or leave it empty.")
        return [
            ("lower", self.lower, self.lower >= 1, _("give at least 1 household.")),
            ("upper", self.upper, self.upper >= self.lower, least),
            ("upper", self.upper, self.upper <= MOST, _("give at most %(most)s households.") % {"most": f"{MOST:,}"}),
            ("target", self.target, inside, between % {"lower": self.lower, "upper": self.upper}),
            ("grids", self.grids, self.grids is None or 1 <= self.grids <= MOST, number % {"most": f"{MOST:,}"}),
            ("stability", self.stability, 0 <= self.stability <= 1, _("give a number from 0 (free) to 1 (strong).")),
            ("fusion", self.fusion, 0 <= self.fusion <= 1, _("give a number from 0 (free) to 1 (strong).")),
            ("barriers", self.barriers, barriers, known % {"known": ", ".join(BARRIER_KINDS)}),
            ("exclusive_kinds", self.exclusive_kinds, kinds, known % {"known": ", ".join(EXCLUSIVE_KINDS)}),
            ("exclusive_min_m2", self.exclusive_min_m2, self.exclusive_min_m2 >= 0, _("give 0 or more square metres.")),
            ("objective", self.objective, self.objective in OBJECTIVES, known % {"known": ", ".join(OBJECTIVES)}),
            ("steps", self.steps, self.steps is None or self.steps >= 0, zero),
            ("seconds", self.seconds, self.seconds is None or self.seconds > 0, above),
            ("seed", self.seed, self.seed >= 0, _("give 0 or more.")),
        ]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return norms from stored or typed values; missing ones take the default.

        Raises
        ------
        InvalidNorm
            An unknown field, or a value no plan can be drawn by.
        """
        known = {field.name for field in fields(cls)}
        for name in values.keys() - known:
            mend = _("known are: %(known)s.") % {"known": ", ".join(sorted(known))}
            raise InvalidNorm(field=name, value=values[name], mend=mend)
        tuples: dict[str, Any] = {name: tuple(values[name]) for name in _LISTS if name in values}
        return cls(**{**values, **tuples})

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as stored with a plan."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
