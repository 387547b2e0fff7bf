"""What the engine answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quanyu.engines.arrays import IntArray


@dataclass(frozen=True)
class Metrics:
    """Figures of a plan; ``cut_length`` in the unit of the adjacency, weights in households.

    ``moment_of_inertia`` is the sum of squared distances of households from the centre of their district, in square
    units of the coordinates; ``load_deviation`` the greatest share by which a district differs from the mean, for each
    further load; ``moved_weights`` the households outside the district that follows their previous one, for each
    previous division, and ``moved_weight`` the first of them. A district follows one previous one at most: pairs are
    taken by the households they share, the largest first.
    """

    districts: int
    in_range: int
    range_violation: int
    avoidable_violation: int
    max_deviation: float
    cut_length: float
    cut_edges: int
    mean_polsby_popper: float | None
    moment_of_inertia: float | None
    load_deviation: tuple[float, ...]
    moved_weight: int | None
    moved_weights: tuple[int, ...]


@dataclass(frozen=True)
class Bound:
    """What is proven: no plan in range has fewer than ``districts_low`` or more than ``districts_high`` districts.

    ``moved`` is how many households every plan in range takes out of their first previous district, at the least;
    ``None`` where none is given.
    """

    districts_low: int
    districts_high: int | None
    moved: int | None


# What an `Unmet` may say, as its text explains.
RULES = ("heavy", "light", "gap", "empty", "pieces", "pinned", "not_found")


@dataclass(frozen=True)
class Unmet:
    """Atoms that no feasible district holds, or none was found for: the rule, by how much, and what would mend it.

    ``rule``: ``heavy`` (an atom above the range), ``light`` (a component below it), ``gap`` (its weight fits no number
    of districts), ``empty`` (a component without households), ``pieces`` (more components than districts), ``pinned``
    (atoms that every plan leaves in districts out of the range), ``not_found`` (not proven, but no plan was found).
    """

    atoms: IntArray
    rule: str
    weight: int
    by: int
    proven: bool
    districts: tuple[int, ...]
    mends: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Districting:
    """A plan: ``labels`` (n,) from 0, ``weights`` (d,), its figures, what is proven, and every rule not kept."""

    labels: IntArray
    weights: IntArray
    metrics: Metrics
    bound: Bound
    unmet: tuple[Unmet, ...]
    steps: int
    seconds: float
    stopped: str


@dataclass(frozen=True)
class Progress:
    """The best plan so far; ``labels()`` copies it."""

    fraction: float
    steps: int
    districts: int
    in_range: int
    violation: int
    cut_length: float
    labels: Callable[[], IntArray]
