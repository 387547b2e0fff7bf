"""Household counts: shares that add up exactly, and official totals spread over buildings."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from django.db import transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.territory.models import CountMethod, Division, HouseholdTotal, Place, PlaceKind
from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.errors import Conflict

# Storeys where a file does not say: a village house.
USUAL_LEVELS = 2


def largest_remainder(shares: FloatArray, total: int) -> IntArray:
    """Return whole numbers near ``shares`` that add up to ``total``: each is rounded down, the largest remainders up.

    Ties go to the earlier row, so that the same input gives the same numbers.

    Examples
    --------
    >>> largest_remainder(np.array([1.5, 1.5, 1.0]), 4)
    array([2, 1, 1])
    """
    base = np.floor(shares).astype(np.int64)
    missing = total - int(base.sum())
    order = np.argsort(-(shares - base), kind="stable")
    if missing >= 0:
        np.add.at(base, order[np.arange(missing) % len(order)], 1)
        return base
    for index in order[::-1]:
        taken = min(int(base[index]), -missing)
        base[index] -= taken
        missing += taken
        if missing == 0:
            break
    return base


@transaction.atomic
def spread(total: HouseholdTotal, *, actor: User | None, at: datetime) -> int:
    """Spread an official total over the residential buildings of its division; return how many got a share.

    By flats where every building's are known, otherwise by floor area (footprint × storeys). The estimates add up
    to the total exactly and are marked with their method.

    Raises
    ------
    Conflict
        The division has households but no residential building.
    """
    require(actor, "territory.load")
    division: Division = total.division
    codes = Division.objects.within(division)
    places = list(
        Place.objects.filter(division__in=codes, kind=PlaceKind.RESIDENTIAL).exclude(count_method=CountMethod.FILE).order_by("pk")
    )
    if not places:
        raise Conflict(
            detail=f"{division} has {total.households} households but no residential building. Check the kinds of its buildings."
        )
    if all(place.flats for place in places):
        weight, method = np.array([float(place.flats or 0) for place in places]), CountMethod.FLATS
    else:
        weight = np.array([place.footprint_m2 * (place.levels or USUAL_LEVELS) for place in places])
        method = CountMethod.FLOOR_AREA
    counts = largest_remainder(weight / weight.sum() * total.households, total.households)
    for place, households in zip(places, counts.tolist(), strict=True):
        place.households, place.count_method = households, method
    Place.objects.bulk_update(places, ["households", "count_method"], batch_size=1000)
    after = {"division": division.code, "households": total.households, "places": len(places), "method": method.value}
    trail.record(actor, "households.spread", total, at=at, after=after)
    return len(places)
