"""Carry out a run: read the ground, draw, write one draft plan or one comparison, all or nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from quanyu.apps.grids import comparing, drawing
from quanyu.apps.grids.models import Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.preparing import prepare
from quanyu.apps.grids.queries import last_plan
from quanyu.apps.grids.reading import ground_mark, read_current
from quanyu.apps.grids.refusals import as_stored
from quanyu.apps.grids.writing import store
from quanyu.errors import QuanyuError

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
# Told the stage, the fraction of it that is done and the best figures so far.
OnProgress = Callable[[str, float, dict[str, Any]], object]


def carry_out(run: Run, *, clock: Clock, on_progress: OnProgress | None = None) -> Run:
    """Draw a run's grids and store them as a draft plan, or compare; a fault leaves nothing of it, only the reason.

    A run that waits is taken first. The result and the end of the run are written together, and only while the run is
    still this worker's: one that was given up as lost, or cancelled, keeps that state and gets none.
    """
    Run.objects.filter(pk=run.pk, state=Run.State.QUEUED).update(
        state=Run.State.RUNNING, started_at=clock(), seen_at=clock()
    )
    work = _draw_and_store if run.kind == Run.Kind.PLAN else _compare_and_store
    try:
        work(run, _Watch(run, clock, on_progress), clock)
    except drawing.Cancelled:
        _end(run, clock, Run.State.CANCELLED)
    except QuanyuError as error:
        _end(run, clock, Run.State.FAILED, as_stored(error))
    except Exception:
        # The worker must outlive any fault of one run; the log has the trace.
        logger.exception("planning run %s failed", run.pk)
        message = gettext_noop("The drawing stopped on an internal error; see the worker's log.")
        _end(run, clock, Run.State.FAILED, {"code": "internal", "message": message})
    except BaseException:
        message = gettext_noop("The worker was stopped.")
        _end(run, clock, Run.State.FAILED, {"code": "worker_stopped", "message": message})
        raise
    return Run.objects.select_related("plan", "network").get(pk=run.pk)


def _end(run: Run, clock: Clock, state: Run.State, error: dict[str, Any] | None = None) -> None:
    """End a run that bore no plan, unless it was given up meanwhile."""
    mine = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING)
    mine.update(state=state, error=error, ended_at=clock())


def _draw_and_store(run: Run, watch: _Watch, clock: Clock) -> None:
    norms = Norms.from_dict(run.norms)
    begun = time.perf_counter()
    watch("reading", 0.0, {})
    based_on = last_plan(run.network)
    fabric, ground = read_current(run.network.territory, based_on, norms.departments)
    read = time.perf_counter()
    drawn = drawing.draw(ground, norms, watch)
    watch("writing", 0.0, {})
    writing = time.perf_counter()
    with transaction.atomic():
        mine = Run.objects.select_for_update().filter(pk=run.pk, state=Run.State.RUNNING, cancel_asked=False)
        if not mine.exists():
            raise drawing.Cancelled
        plan = store(run, fabric, based_on, drawn, norms, ground.today, at=clock())
        plan.metrics["stages"] = {
            "reading": round(read - begun, 3), **drawn.stages, "writing": round(time.perf_counter() - writing, 3),
        }  # fmt: skip
        plan.metrics["seconds"] = round(time.perf_counter() - begun, 3)
        plan.save(update_fields=["metrics"])
        mine.update(
            state=Run.State.DONE, plan=plan, progress=1.0, inputs_hash=drawn.fingerprint, ended_at=clock(), error=None
        )


def _compare_and_store(run: Run, watch: _Watch, clock: Clock) -> None:
    norms = Norms.from_dict(run.norms)
    watch("reading", 0.0, {})
    territory, based_on = run.network.territory, last_plan(run.network)
    # Before the ground is read: what is loaded meanwhile makes the comparison old, and never seem new.
    mark = ground_mark(territory, based_on, norms.departments)
    _, ground = read_current(territory, based_on, norms.departments)
    drawing.tell(watch, "exclusive", 0.0)
    prepared = prepare(ground, norms)
    if run.kind == Run.Kind.COUNTS:
        compared = comparing.compare_counts(prepared, norms, run.sides or 1, watch)
    else:
        compared = comparing.compare_moves(prepared, norms, watch)
    mine = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, cancel_asked=False)
    ended = mine.update(
        state=Run.State.DONE, comparison={"ground": mark, **compared._asdict()}, progress=1.0,
        inputs_hash=prepared.fingerprint, ended_at=clock(), error=None,
    )  # fmt: skip
    if not ended:
        raise drawing.Cancelled


class _Watch:
    """Writes progress at most twice a second and learns whether the run is to go on."""

    def __init__(self, run: Run, clock: Clock, on_progress: OnProgress | None) -> None:
        self.run, self.clock, self.on_progress, self.stage, self.written = run, clock, on_progress, "", 0.0

    def __call__(self, stage: str, fraction: float, best: dict[str, Any]) -> bool:
        now = time.monotonic()
        if stage == self.stage and now - self.written < 0.5:
            return True
        self.stage, self.written = stage, now
        if self.on_progress is not None:
            self.on_progress(stage, fraction, best)
        values: dict[str, Any] = {"stage": stage, "progress": fraction, "seen_at": self.clock()}
        if best:
            values["best"] = best
        # Nothing is written, and the drawing stops, when the run was cancelled or given up as lost.
        return bool(Run.objects.filter(pk=self.run.pk, state=Run.State.RUNNING, cancel_asked=False).update(**values))
