"""What the public may read of a count."""

from __future__ import annotations

from django.conf import settings


def public_count(count: int) -> int | None:
    """Return a count of households, or ``None`` where it is so small that it would tell of single homes.

    ``QUANYU_PUBLIC_MINIMUM`` is the smallest count that is shown; nobody at all (0) is shown too.
    """
    return count if count == 0 or count >= settings.QUANYU_PUBLIC_MINIMUM else None
