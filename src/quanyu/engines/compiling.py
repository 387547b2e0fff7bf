"""When numba compiles: the first time on a machine, and after a new version; then its cache has the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import event


class _First(event.Listener):
    def __init__(self, tell: Callable[[], None]) -> None:
        self.tell: Callable[[], None] | None = tell

    def on_start(self, _event: Any) -> None:
        tell, self.tell = self.tell, None
        if tell is not None:
            tell()

    def on_end(self, _event: Any) -> None:
        """Nothing is told of how it went."""


def on_compilation(tell: Callable[[], None]) -> None:
    """Call ``tell`` once, when the next loop has to be compiled, before that."""
    event.register("numba:compile", _First(tell))  # type: ignore[no-untyped-call]  # numba says no types
