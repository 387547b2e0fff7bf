"""Open the site for a verb that needs the database."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def with_site(verb: Callable[P, R]) -> Callable[P, R]:
    """Set Django up before ``verb`` runs; the verb imports models inside itself."""

    @wraps(verb)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quanyu.site.settings")
        django.setup()
        from django.utils import translation

        # The shell speaks the language of its messages' source; an export names its own.
        with translation.override("en"):
            return verb(*args, **kwargs)

    return wrapper
