"""Query parameters of OGC API Features: unknown or wrong ones are refused (``/req/core/query-param-*``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from quanyu.api.features.collections import Period
from quanyu.errors import InvalidInput

LIMIT, LIMIT_MOST = 100, 10_000


class InvalidParameter(InvalidInput):
    """A query parameter that is unknown or does not fit its description."""

    code = "invalid_parameter"
    template = "%(field)s is %(value)s. %(mend)s"


@dataclass(frozen=True)
class ItemQuery:
    """Which features are asked for."""

    box: tuple[float, float, float, float] | None
    period: Period
    limit: int
    offset: int


def no_parameters(request: HttpRequest, *, known: tuple[str, ...] = ()) -> None:
    """Refuse any parameter but the known ones."""
    for name in request.GET:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise InvalidParameter(field=name, value=request.GET[name], mend=f"Known parameters are: {allowed}.")


def item_query(request: HttpRequest) -> ItemQuery:
    """Return what the query string asks for.

    Raises
    ------
    InvalidParameter
        Names the parameter, its value and what would work.
    """
    no_parameters(request, known=("bbox", "datetime", "limit", "offset"))
    return ItemQuery(
        box=_box(request.GET["bbox"]) if "bbox" in request.GET else None,
        period=period(request.GET.get("datetime")),
        # More than the most is cut down to it, as the standard has it.
        limit=min(_whole(request, "limit", LIMIT, least=1), LIMIT_MOST),
        offset=_whole(request, "offset", 0, least=0),
    )


def period(text: str | None) -> Period:
    """Return the days an RFC 3339 instant or interval stands for; today where nothing is asked."""
    if text is None:
        return timezone.localdate(), timezone.localdate()
    sides = text.split("/")
    if len(sides) == 1 and sides[0] not in ("", ".."):
        day = _day(text, text)
        return day, day
    if len(sides) == 2 and not all(side in ("", "..") for side in sides):
        first, last = (None if side in ("", "..") else _day(side, text) for side in sides)
        if first is None or last is None or first <= last:
            return first, last
    raise _wrong_time(text)


def _day(side: str, text: str) -> date:
    try:
        moment = parse_datetime(side) if "T" in side.upper() else None
        day = timezone.localdate(moment) if moment is not None and moment.tzinfo is not None else parse_date(side)
    except (ValueError, OverflowError):  # here it may be another day, beyond the calendar's first or last
        day = None
    if day is None:
        raise _wrong_time(text)
    return day


def _wrong_time(text: str) -> InvalidParameter:
    mend = "Give a day, a moment with its time zone, or an interval: 2026-07-01, 2026-07-01/.., ../2026-07-01."
    return InvalidParameter(field="datetime", value=text, mend=mend)


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:  # with heights, which play no part
        numbers = [*numbers[:2], *numbers[3:5]]
    fits = len(numbers) == 4 and all(map(math.isfinite, numbers))
    if not fits or numbers[1] > numbers[3] or numbers[0] > numbers[2]:
        mend = "Give west,south,east,north in degrees; a box over the date line is not known here."
        raise InvalidParameter(field="bbox", value=text, mend=mend)
    west, south, east, north = numbers
    return west, south, east, north


def _whole(request: HttpRequest, name: str, default: int, *, least: int) -> int:
    text = request.GET.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or len(text) > 18 or int(text) < least:
        raise InvalidParameter(
            field=name, value=text, mend=f"Give a whole number of at least {least}, in up to 18 digits."
        )
    return int(text)
