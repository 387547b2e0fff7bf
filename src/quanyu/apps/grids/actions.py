"""Verbs that change networks, runs, plans and staffing: each locks, checks, changes, records and returns."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.grids.models import CodeUse, Grid, Network, Plan, Run, Staffing, Succession
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.queries import Impact, impact
from quanyu.apps.territory.models import Division
from quanyu.errors import Conflict, IllegalTransition, NotPermitted, StalePlan


@transaction.atomic
def create_network(territory: Division, *, code: str, name: str, actor: User | None, at: datetime) -> Network:
    """Open a network of grids for a territory."""
    require(actor, "grids.draw")
    network = Network.objects.create(territory=territory, code=code, name=name)
    trail.record(actor, "network.created", network, at=at, after={"code": code, "name": name})
    return network


@transaction.atomic
def start_run(network: Network, norms: Norms, *, actor: User | None, at: datetime) -> Run:
    """Ask for grids: the run waits for a worker."""
    require(actor, "grids.draw")
    network = Network.objects.select_for_update().get(pk=network.pk)
    if Run.objects.filter(network=network, state__in=[Run.State.QUEUED, Run.State.RUNNING]).exists():
        raise Conflict(detail=f"A run of {network} is waiting or running. Wait for it, or cancel it first.")
    run = Run.objects.create(network=network, norms=norms.as_dict(), made_by=actor, made_at=at)
    trail.record(actor, "run.asked", run, at=at, after={"network": network.code, "norms": run.norms})
    return run


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
        raise Conflict(detail=f"{run} has ended: {run.get_state_display()}.")
    run.save(update_fields=["state", "ended_at", "cancel_asked"])
    trail.record(actor, "run.cancelled", run, at=at)
    return run


@transaction.atomic
def restart_run(run: Run, *, actor: User | None, at: datetime) -> Run:
    """Ask for the same grids again after a run failed or was cancelled."""
    require(actor, "grids.draw")
    if run.state not in (Run.State.FAILED, Run.State.CANCELLED):
        raise Conflict(detail=f"{run} is {run.get_state_display()}; only a failed or cancelled run starts again.")
    return start_run(run.network, Norms.from_dict(run.norms), actor=actor, at=at)


@transaction.atomic
def review(plan: Plan, *, actor: User, at: datetime) -> Plan:
    """Mark a draft as read by a second person."""
    require(actor, "grids.review")
    plan = _locked(plan)
    if plan.made_by_id == actor.pk:
        raise NotPermitted(permission="grids.review", roles="a person other than the one who drew the plan")
    _move(plan, Plan.Status.REVIEWED)
    plan.reviewed_by, plan.reviewed_at = actor, at
    plan.save(update_fields=["status", "reviewed_by", "reviewed_at"])
    trail.record(actor, "plan.reviewed", plan, at=at)
    return plan


@transaction.atomic
def enforce(plan: Plan, *, day: date, actor: User | None, at: datetime) -> Impact:
    """Put a reviewed plan in force from ``day``, with every consequence in one act.

    The plan in force ends that day, each old code learns what replaced it, new codes are taken for ever.

    Raises
    ------
    StalePlan
        Another plan has taken force since this one was drawn.
    Conflict
        ``day`` is in the past, or not after the day the present plan began.
    """
    require(actor, "grids.enforce")
    Network.objects.select_for_update().get(pk=plan.network_id)
    plan = _locked(plan)
    present = Plan.objects.filter(network=plan.network, status=Plan.Status.IN_FORCE).first()
    if present != plan.based_on:
        raise StalePlan(plan=str(plan), drawn_against=str(plan.based_on or "—"), in_force=str(present or "—"))
    if day < at.date():
        raise Conflict(detail=f"{day} is past. A plan takes force today ({at.date()}) or later.")
    if present is not None and present.in_force_from is not None and day <= present.in_force_from:
        raise Conflict(detail=f"{present} took force on {present.in_force_from}. Choose a later day.")
    consequences = impact(plan, against=present)
    if present is not None:
        _move(present, Plan.Status.SUPERSEDED)
        present.in_force_to = day
        present.save(update_fields=["status", "in_force_to"])
    _move(plan, Plan.Status.IN_FORCE)
    plan.in_force_from = day
    plan.save(update_fields=["status", "in_force_from"])
    Succession.objects.bulk_create(
        Succession(plan=plan, from_code=row.old, to_code=row.new, households=row.households, places=row.places)
        for row in consequences.rows
        if row.old and row.new
    )
    taken = CodeUse.objects.filter(network=plan.network, code__in=consequences.codes_kept)
    taken.update(last_plan=plan)
    CodeUse.objects.bulk_create(
        CodeUse(network=plan.network, code=code, first_plan=plan, last_plan=plan) for code in consequences.codes_new
    )
    trail.record(
        actor, "plan.enforced", plan, at=at,
        before={"plan": str(present) if present else None},
        after={"from": day, "households_moved": consequences.households_moved, "ended": consequences.codes_ended},
    )  # fmt: skip
    return consequences


@transaction.atomic
def discard_plan(plan: Plan, *, actor: User | None, at: datetime) -> None:
    """Throw a draft away; its run and the trail remain."""
    require(actor, "grids.edit")
    plan = _locked(plan)
    if plan.status != Plan.Status.DRAFT:
        raise Conflict(detail=f"{plan} is {plan.get_status_display()}; only a draft can be discarded.")
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
        raise Conflict(detail=f"{network} has no grid {code}.")
    staffing, _ = Staffing.objects.select_for_update().get_or_create(network=network, code=code)
    fields = ("worker_name", "duty_phone", "complaint_phone")
    before = trail.snapshot(staffing, *fields)
    staffing.worker_name, staffing.duty_phone, staffing.complaint_phone = worker_name, duty_phone, complaint_phone
    staffing.save(update_fields=fields)
    trail.record(actor, "grid.staffed", staffing, at=at, before=before, after=trail.snapshot(staffing, *fields))
    return staffing


def _locked(plan: Plan) -> Plan:
    return Plan.objects.select_for_update(of=("self",)).select_related("network", "based_on").get(pk=plan.pk)


def _move(plan: Plan, wanted: Plan.Status) -> None:
    possible = Plan.TRANSITIONS[plan.status]
    if wanted not in possible:
        raise IllegalTransition(
            subject=str(plan), state=plan.status, wanted=wanted.value, possible=", ".join(possible) or "nothing"
        )
    plan.status = wanted
