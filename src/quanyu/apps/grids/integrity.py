"""Whether the plans in force are whole: what must hold between rows and no constraint can say."""

from __future__ import annotations

from django.db.models import Count, F, Sum

from quanyu.apps.grids.models import Grid, Membership, Plan


def faults() -> list[str]:
    """Return a sentence for each fault of a plan that is or was in force."""
    found: list[str] = []
    for plan in Plan.objects.filter(in_force_from__isnull=False).select_related("network"):
        sums = Grid.objects.filter(plan=plan).annotate(counted=Sum("memberships__households"))
        for grid in sums.exclude(households=F("counted")):
            found.append(f"{plan}: grid {grid.code} says {grid.households} households, its places {grid.counted}")
        members = Membership.objects.filter(grid__plan=plan)
        twice = members.values("place", "part").annotate(times=Count("pk")).filter(times__gt=1)
        if count := twice.count():
            found.append(f"{plan}: {count} places stand in more than one grid")
        missing = members.values("place").annotate(there=Count("pk")).exclude(there=F("parts"))
        if count := missing.count():
            found.append(f"{plan}: {count} divided buildings lack a part")
    return found
