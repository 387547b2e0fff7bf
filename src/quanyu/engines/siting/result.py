"""What the engine answers, and how far it has come while it works."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from quanyu.engines.arrays import IntArray
from quanyu.engines.siting.proof import Evidence


@dataclass(frozen=True)
class Sentence:
    """A certificate for a reader: an English template with named placeholders, and what fills them."""

    template: str
    params: dict[str, Any]

    def __str__(self) -> str:
        return self.template % self.params


def counted(count: int, *, one: str, many: str) -> str:
    """Return the template for one or for another number."""
    return one if count == 1 else many


@dataclass(frozen=True)
class Siting:
    """Chosen sites with a proof of how good they are.

    ``sites`` grow; ``assignment`` (n,) is the site that serves each demand, −1 for none; ``uncovered`` are the demands
    that the chosen sites do not serve, ``unreachable`` those that no site could. ``value`` is counted anew from the
    choice, ``bound`` from the stored dual vectors in whole numbers: no choice is better than ``bound``.
    ``stopped`` is ``proven``, ``steps``, ``seconds`` or ``asked``.
    """

    problem: str
    sites: IntArray
    assignment: IntArray
    value: int
    bound: int
    uncovered: IntArray
    unreachable: IntArray
    certificate: Sentence
    evidence: Evidence = field(repr=False)
    steps: int
    seconds: float
    stopped: str

    @property
    def gap(self) -> float:
        """How far the value can be from the best one, as a share of the value."""
        return abs(self.value - self.bound) / max(abs(self.value), 1)

    @property
    def is_proven(self) -> bool:
        return self.stopped == "proven"


@dataclass(frozen=True)
class Progress:
    """The best value so far, what is proven, the steps and seconds used."""

    value: int
    bound: int
    steps: int
    seconds: float


class Watch:
    """One budget of steps and seconds, and one report of progress."""

    def __init__(
        self, steps: int, seconds: float | None, on_progress: Callable[[Progress], bool | None] | None
    ) -> None:
        self.begun = time.monotonic()
        self.limit, self.seconds, self.report = steps, seconds, on_progress
        self.steps, self.stopped = 0, ""

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.begun

    @property
    def left(self) -> float:
        """Seconds left, infinite without a limit."""
        return float("inf") if self.seconds is None else max(0.0, self.seconds - self.elapsed)

    def ended(self, *, is_proven: bool) -> str:
        """Return how the search ended."""
        return "proven" if is_proven else self.stopped or ("steps" if self.left > 0.0 else "seconds")

    def go_on(self, value: int, bound: int, *, steps: int = 1) -> bool:
        """Count steps, report, and tell whether to continue."""
        self.steps += steps
        if not self.stopped and self.report is not None:
            told = self.report(Progress(value, bound, self.steps, self.elapsed))
            self.stopped = "asked" if told is False else ""
        if not self.stopped and self.left <= 0.0:
            self.stopped = "seconds"
        if not self.stopped and self.steps >= self.limit:
            self.stopped = "steps"
        return not self.stopped
