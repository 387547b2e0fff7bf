"""Time programs by the processor time they take, so that other work on the machine counts little."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what ``work`` returns, and the seconds that this process computed meanwhile."""
    begun = time.process_time()
    result = work()
    return result, time.process_time() - begun


def times_as_fast(own: list[float], theirs: list[float]) -> str:
    """Return how many times as long the others take, round by round: the median, the least and the greatest."""
    ratios = sorted(b / a for a, b in zip(own, theirs, strict=True))
    chosen = ratios[0], statistics.median(ratios), ratios[-1]
    low, middle, high = (f"{ratio:.{0 if ratio >= 10 else 1}f}" for ratio in chosen)
    return f"{middle}× (median of {len(ratios)}, {low} to {high})"
