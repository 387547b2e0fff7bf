"""The queue of planning runs: taking one, and giving up those whose worker died."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from quanyu.apps.grids.models import Run

# A worker shows a sign of life twice a second; one not heard of for so long has died, and its run may start again.
SILENCE = timedelta(minutes=2)


def next_run(*, at: datetime) -> Run | None:
    """Return the oldest waiting run, taken for this worker, or ``None``."""
    for pk in Run.objects.filter(state=Run.State.QUEUED).order_by("id").values_list("pk", flat=True):
        taken = Run.objects.filter(pk=pk, state=Run.State.QUEUED)
        if taken.update(state=Run.State.RUNNING, started_at=at, seen_at=at):
            return Run.objects.get(pk=pk)
    return None


def fail_silent_runs(*, at: datetime) -> int:
    """Mark runs whose worker died as failed, so that they can be started again; return how many."""
    silent = Run.objects.filter(state=Run.State.RUNNING, seen_at__lt=at - SILENCE)
    error = {"code": "worker_lost", "message": gettext_noop("The worker stopped.")}
    return silent.update(state=Run.State.FAILED, ended_at=at, error=error)
