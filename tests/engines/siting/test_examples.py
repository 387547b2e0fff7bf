"""The examples in the docstrings hold."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from quanyu.engines.siting import center, coverage, covering, distances, maximal, median, network


@pytest.mark.parametrize("module", [center, coverage, covering, distances, maximal, median, network])
def test_examples(module: ModuleType) -> None:
    told = doctest.testmod(module)
    assert told.attempted > 0
    assert told.failed == 0
