"""Whoever waits for a compilation is told so, once, and only when there is one."""

from __future__ import annotations

from numba import njit

from quanyu.engines.compiling import on_compilation


def test_the_first_compilation_is_told_and_no_other() -> None:
    told = []
    plain, other = njit(lambda x: x + 1), njit(lambda x: x - 1)
    plain(1)
    on_compilation(lambda: told.append("compiling"))
    plain(2)
    assert told == []
    other(1)
    plain(1.5)
    assert told == ["compiling"]
