"""Verbs that change networks, runs, plans and staffing: each locks, checks, changes, records and returns."""

from __future__ import annotations

import re
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.grids.models import MOST_SIDES, REMARK_LENGTH, CodeUse, Grid, Network, Plan, Run, Staffing, Succession
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.queries import Impact, impact, last_plan
from quanyu.apps.grids.refusals import (
    BadNetworkCode,
    BadSides,
    DayTaken,
    Fixed,
    NetworkTaken,
    NoRemark,
    NothingToMove,
    NotRestartable,
    OldFabric,
    OwnWork,
    PastDay,
    RunEnded,
    RunPending,
    StalePlan,
    UnknownCode,
)
from quanyu.apps.grids.runs import fail_silent_runs
from quanyu.apps.grids.seals import Seal
from quanyu.apps.territory.fabric import current_fabric
from quanyu.apps.territory.models import Division, Fabric
from quanyu.errors import IllegalTransition

# As it stands in addresses.
NETWORK_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")


@transaction.atomic
def create_network(territory: Division, *, code: str, name: str, actor: User | None, at: datetime) -> Network:
    """Open a network of grids for a territory.

    Raises
    ------
    BadNetworkCode, NetworkTaken
    NotFound
        The territory has no buildings to draw grids of.
    """
    require(actor, "grids.draw")
    if not NETWORK_CODE.fullmatch(code):
        raise BadNetworkCode(value=code)
    if Network.objects.filter(code=code).exists():
        raise NetworkTaken(value=code)
    current_fabric(territory)
    network = Network.objects.create(territory=territory, code=code, name=name)
    trail.record(actor, "network.created", network, at=at, after={"code": code, "name": name})
    return network


@transaction.atomic
def start_run(network: Network, norms: Norms, *, actor: User | None, at: datetime) -> Run:
    """Ask for grids: the run waits for a worker."""
    require(actor, "grids.draw")
    return _ask(network, norms, Run.Kind.PLAN, None, actor, at)


@transaction.atomic
def start_comparison(
    network: Network, norms: Norms, kind: Run.Kind, *, actor: User | None, at: datetime, sides: int | None = None
) -> Run:
    """Ask what other norms would give: figures alone, and no plan.

    ``sides`` is how many grids less and more are compared, for :attr:`Run.Kind.COUNTS` alone.

    Raises
    ------
    BadSides
    NothingToMove
        Fewer moves are asked for, and no plan is in force that households could move from.
    """
    require(actor, "grids.draw")
    if kind == Run.Kind.COUNTS and not (sides is not None and 1 <= sides <= MOST_SIDES):
        raise BadSides(value=sides, most=MOST_SIDES)
    if kind == Run.Kind.MOVES and last_plan(network) is None:
        raise NothingToMove
    return _ask(network, norms, kind, sides, actor, at)


def _ask(network: Network, norms: Norms, kind: Run.Kind, sides: int | None, actor: User | None, at: datetime) -> Run:
    network = Network.objects.select_for_update().get(pk=network.pk)
    fail_silent_runs(at=at)
    if Run.objects.filter(network=network, state__in=[Run.State.QUEUED, Run.State.RUNNING]).exists():
        raise RunPending(network=str(network))
    run = Run.objects.create(network=network, kind=kind, sides=sides, norms=norms.as_dict(), made_by=actor, made_at=at)
    compared = {} if kind == Run.Kind.PLAN else {"kind": kind, "sides": sides}
    trail.record(
        actor, _verb(run, "asked"), run, at=at, after={"network": network.code, **compared, "norms": run.norms}
    )
    return run


def _verb(run: Run, done: str) -> str:
    """Return how the trail calls what was done to a run."""
    return f"run.{done}" if run.kind == Run.Kind.PLAN else f"comparison.{done}"


@transaction.atomic
def cancel_run(run: Run, *, actor: User | None, at: datetime) -> Run:
    """Stop a run: at once when it waits, at its next sign of life when it runs."""
    require(actor, "grids.draw")
    run = Run.objects.select_for_update().get(pk=run.pk)
    if run.state == Run.State.QUEUED:
        run.state, run.ended_at = Run.State.CANCELLED, at
    elif run.state == Run.State.RUNNING:
        run.cancel_asked = True
    else:
        raise RunEnded(run=str(run))
    run.save(update_fields=["state", "ended_at", "cancel_asked"])
    trail.record(actor, _verb(run, "cancelled"), run, at=at)
    return run


@transaction.atomic
def restart_run(run: Run, *, actor: User | None, at: datetime) -> Run:
    """Ask for the same again after a run failed or was cancelled."""
    require(actor, "grids.draw")
    fail_silent_runs(at=at)
    run = Run.objects.select_related("network").get(pk=run.pk)
    if run.state not in (Run.State.FAILED, Run.State.CANCELLED):
        raise NotRestartable(run=str(run))
    return _ask(run.network, Norms.from_dict(run.norms), Run.Kind(run.kind), run.sides, actor, at)


@transaction.atomic
def review(plan: Plan, *, actor: User, at: datetime) -> Plan:
    """Mark a draft as read by a second person: neither who drew it nor who made an edit that stands."""
    plan = _read_by_another(plan, actor)
    _move(plan, Plan.Status.REVIEWED)
    plan.reviewed_by, plan.reviewed_at, plan.remark = actor, at, None
    plan.save(update_fields=["status", "reviewed_by", "reviewed_at", "remark"])
    trail.record(actor, "plan.reviewed", plan, at=at)
    return plan


@transaction.atomic
def send_back(plan: Plan, remark: str, *, actor: User, at: datetime) -> Plan:
    """Return a plan to its planners with what a second person asks to be changed; a review is taken back.

    Raises
    ------
    NoRemark
    """
    plan = _read_by_another(plan, actor)
    # A browser counts the end of a line as one character and sends two; PostgreSQL takes no NUL.
    remark = remark.replace("\r\n", "\n").replace("\0", "").strip()
    if not 0 < len(remark) <= REMARK_LENGTH:
        raise NoRemark(length=len(remark), most=REMARK_LENGTH)
    if plan.status != Plan.Status.DRAFT:
        _move(plan, Plan.Status.DRAFT)
    plan.reviewed_by, plan.reviewed_at, plan.remark = None, None, remark
    plan.save(update_fields=["status", "reviewed_by", "reviewed_at", "remark"])
    trail.record(actor, "plan.sent_back", plan, at=at, after={"remark": remark})
    return plan


@transaction.atomic
def ask_review(plan: Plan, *, actor: User, at: datetime) -> Plan:
    """Tell the reviewers that a plan that was sent back is to be read again; any other waits for them anyway."""
    require(actor, "grids.edit")
    plan = _locked(plan)
    if plan.remark is not None:
        plan.remark = None
        plan.save(update_fields=["remark"])
        trail.record(actor, "plan.review_asked", plan, at=at)
    return plan


@transaction.atomic
def enforce(plan: Plan, *, day: date, actor: User | None, at: datetime) -> Impact:
    """Put a reviewed plan in force from ``day``, with every consequence in one act.

    The plan in force rules until the day before, each old code learns what replaced it, new codes are taken for ever.

    Raises
    ------
    StalePlan
        Another plan was put in force since this one was drawn.
    OldFabric
        The buildings were loaded anew since this one was drawn.
    PastDay, DayTaken
        ``day`` is in the past, or not after the day the present plan begins.
    """
    require(actor, "grids.enforce")
    Network.objects.select_for_update().get(pk=plan.network_id)
    plan = _locked(plan)
    present = last_plan(plan.network)
    _require_current(plan, present)
    today = timezone.localdate(at)
    if day < today:
        raise PastDay(day=day, today=today)
    if present is not None and present.in_force_from is not None and day <= present.in_force_from:
        raise DayTaken(**{"plan": str(present), "from": present.in_force_from})
    _move(plan, Plan.Status.IN_FORCE)
    consequences = impact(plan, against=present)
    if present is not None:
        present.in_force_to = day
        present.save(update_fields=["in_force_to"])
    # Before the plan is fixed: from then on the database takes no more of them.
    Succession.objects.bulk_create(
        Succession(plan=plan, from_code=row.old, to_code=row.new, households=row.households, places=row.places)
        for row in consequences.rows
        if row.old and row.new
    )
    plan.in_force_from = day
    plan.save(update_fields=["status", "in_force_from"])
    taken = CodeUse.objects.filter(network=plan.network, code__in=consequences.codes_kept)
    taken.update(last_plan=plan)
    CodeUse.objects.bulk_create(
        CodeUse(network=plan.network, code=code, first_plan=plan, last_plan=plan) for code in consequences.codes_new
    )
    trail.record(
        actor, "plan.enforced", plan, at=at,
        before={"plan": str(present) if present else None},
        after={
            "from": day, "households_moved": consequences.households_moved, "ended": consequences.codes_ended,
            "seal": Seal.of(plan).as_dict(),
        },
    )  # fmt: skip
    return consequences


@transaction.atomic
def discard_plan(plan: Plan, *, actor: User | None, at: datetime) -> None:
    """Throw a plan away that never was in force; its run and the trail remain."""
    require(actor, "grids.edit")
    plan = _locked(plan)
    if plan.is_fixed:
        raise Fixed(plan=str(plan))
    trail.record(actor, "plan.discarded", plan, at=at, before={"number": plan.number, "metrics": plan.metrics})
    plan.delete()


@transaction.atomic
def set_staffing(
    network: Network, code: str, *, worker_name: str, duty_phone: str, complaint_phone: str,
    actor: User | None, at: datetime,
) -> Staffing:  # fmt: skip
    """Say who serves a grid: the fields of its public notice."""
    require(actor, "grids.staff")
    if not Grid.objects.filter(plan__network=network, code=code).exists():
        raise UnknownCode(network=str(network), value=code)
    staffing, _ = Staffing.objects.select_for_update().get_or_create(network=network, code=code)
    fields = ("worker_name", "duty_phone", "complaint_phone")
    before = trail.snapshot(staffing, *fields)
    staffing.worker_name, staffing.duty_phone, staffing.complaint_phone = worker_name, duty_phone, complaint_phone
    staffing.save(update_fields=fields)
    trail.record(actor, "grid.staffed", staffing, at=at, before=before, after=trail.snapshot(staffing, *fields))
    return staffing


def _read_by_another(plan: Plan, actor: User) -> Plan:
    require(actor, "grids.review")
    plan = _locked(plan)
    if plan.is_work_of(actor):
        raise OwnWork(plan=str(plan))
    return plan


def _locked(plan: Plan) -> Plan:
    return Plan.objects.select_for_update(of=("self",)).select_related("network", "based_on").get(pk=plan.pk)


def _require_current(plan: Plan, present: Plan | None) -> None:
    """Refuse a plan whose codes and impact were counted against other grids or buildings than today's."""
    if present != plan.based_on:
        raise StalePlan(plan=str(plan), drawn_against=str(plan.based_on or "—"), in_force=str(present or "—"))
    if Fabric.objects.filter(territory=plan.network.territory_id).first() != plan.fabric:
        raise OldFabric(territory=str(plan.network.territory), plan=str(plan))


def _move(plan: Plan, wanted: Plan.Status) -> None:
    possible = Plan.TRANSITIONS[plan.status]
    if wanted not in possible:
        raise IllegalTransition(
            subject=str(plan), state=plan.get_status_display(), wanted=str(wanted.label),
            possible=", ".join(str(Plan.Status(each).label) for each in possible) or "—",
        )  # fmt: skip
    plan.status = wanted
