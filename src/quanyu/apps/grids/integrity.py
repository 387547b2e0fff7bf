"""Whether the plans that are or were in force are whole: what must hold between rows and no constraint can say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from django.db import connection
from django.db.models import Count, F, Q, Sum

from quanyu.apps.audit.models import Entry
from quanyu.apps.grids import seals
from quanyu.apps.grids.impact import impact
from quanyu.apps.grids.models import CodeUse, Grid, Membership, Network, Plan

# Tables whose fixed rows the database itself keeps, and how many triggers do so.
KEPT = {
    "grids_plan": 4, "grids_grid": 3, "grids_membership": 3, "grids_succession": 3, "grids_codeuse": 2,
    "audit_entry": 2,
}  # fmt: skip


def faults() -> list[str]:
    """Return a sentence for each fault."""
    found = [*_missing_triggers(), *_missing_plans()]
    for network in Network.objects.order_by("code"):
        fixed = Plan.objects.filter(network=network, in_force_from__isnull=False)
        plans = list(fixed.select_related("network", "fabric").order_by("in_force_from"))
        for plan in plans:
            found += (f"{plan}: {each}" for each in seals.broken(plan))
            found += _members(plan)
        found += _days(plans)
        found += _codes(network, plans)
    return found


def _missing_plans() -> Iterator[str]:
    """What the trail says was put in force is there, and fixed."""
    enforced = Entry.objects.filter(verb="plan.enforced", subject_type=Plan._meta.label_lower)
    there = {str(pk) for pk in Plan.objects.filter(in_force_from__isnull=False).values_list("pk", flat=True)}
    for pk in sorted(set(enforced.values_list("subject_id", flat=True)) - there):
        yield f"plan {pk} was put in force and is no longer"


def _members(plan: Plan) -> Iterator[str]:
    """Every place of the ground stands in exactly one grid, with all its parts, and grids add up."""
    members = Membership.objects.filter(grid__plan=plan)
    sums = Grid.objects.filter(plan=plan).annotate(counted=Sum("memberships__households"))
    wrong = sums.filter(Q(counted__isnull=True) | ~Q(households=F("counted"))).order_by("code")
    for code, stated, counted in wrong.values_list("code", "households", "counted"):
        yield f"{plan}: grid {code} says {stated} households, its places {counted or 0}"
    if count := members.values("place", "part").annotate(times=Count("pk")).filter(times__gt=1).count():
        yield f"{plan}: {count} places stand in more than one grid"
    if count := members.values("place").annotate(there=Count("pk")).exclude(there=F("parts")).count():
        yield f"{plan}: {count} divided buildings lack a part"
    there = members.values("place").distinct().count()
    if there != plan.fabric.places:
        yield f"{plan}: {there} places stand in grids, the ground has {plan.fabric.places}"


def _days(plans: list[Plan]) -> Iterator[str]:
    """Each plan ends on the day the next begins; the last one has no end."""
    for before, after in pairwise(plans):
        if before.in_force_to != after.in_force_from:
            yield f"{before} ends on {before.in_force_to}, {after} begins on {after.in_force_from}"
    if plans and plans[-1].in_force_to is not None:
        yield f"{plans[-1]} ends on {plans[-1].in_force_to} and no plan follows"


def _codes(network: Network, plans: list[Plan]) -> Iterator[str]:
    """A code names one extent: it never returns, and stays only with most of what it named."""
    known = set(CodeUse.objects.filter(network=network).values_list("code", flat=True))
    ended: set[str] = set()
    before: set[str] = set()
    for number, plan in enumerate(plans):
        codes = set(plan.grids.values_list("code", flat=True))
        ended |= before - codes
        yield from (f"{plan}: code {code} had ended and came back" for code in sorted(codes & ended))
        yield from (f"{plan}: code {code} is not on record as used" for code in sorted(codes - known))
        if number:
            yield from _given_away(plans[number - 1], plan, codes & before)
        before = codes


def _given_away(before: Plan, after: Plan, kept: set[str]) -> Iterator[str]:
    """Kept codes whose grid holds none of the places it held: the code was given to another extent."""
    stayed = {row.new for row in impact(after, against=before).rows if row.old == row.new}
    yield from (f"{after}: code {code} names another extent than in {before}" for code in sorted(kept - stayed))


def _missing_triggers() -> Iterator[str]:
    """The database's own guards: on SQLite they are lost when a table is made anew."""
    if connection.vendor == "postgresql":
        # A trigger that is switched off, by itself or for the whole database as on a replica, guards nothing.
        sql = (
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal AND "
            "tgenabled IN ('A', CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R' ELSE 'O' END)"
        )
    else:
        sql = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        there = [table for (table,) in cursor.fetchall()]
    for table, wanted in KEPT.items():
        if there.count(table) < wanted:
            yield f"the database does not protect {table}: {there.count(table)} of {wanted} triggers are in place"
