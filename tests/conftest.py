"""Fixtures every test may use."""

from __future__ import annotations

import os

# The site needs no built front end and writes nothing into the checkout while it is tested.
os.environ.setdefault("QUANYU_HOME", "var/test")
# pytest-django reads the tests' database from several threads when pages are driven by a browser.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

import pytest
from hypothesis import settings

# A first example may read compiled code from disk; how long one takes is no property.
settings.register_profile("quanyu", deadline=None)
settings.load_profile("quanyu")


@pytest.fixture(autouse=True)
def _forget_what_was_read() -> None:
    """Empty the caches kept by id: a rolled-back test gives its ids to the next."""
    from quanyu.apps.grids import board, fusion, locators
    from quanyu.apps.territory import fabric

    for cached in (board._board, fusion._fused, locators.locator_of, fabric._read):
        cached.cache_clear()
