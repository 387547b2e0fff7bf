"""Fixtures every test may use."""

from __future__ import annotations

import os

# The site needs no built front end and writes nothing into the checkout while it is tested.
os.environ.setdefault("QUANYU_HOME", "var/test")
# pytest-django reads the tests' database from several threads when pages are driven by a browser.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
