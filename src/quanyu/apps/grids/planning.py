"""Carry out a planning run: read the ground, draw, write one draft plan, all or nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import shapely
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from quanyu.apps.audit import trail
from quanyu.apps.grids import codes, drawing
from quanyu.apps.grids.models import CodeUse, Grid, Membership, Network, Plan, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.registers.models import located_fields
from quanyu.apps.territory.fabric import current_fabric, read_fabric
from quanyu.apps.territory.models import Division, Fabric, Place
from quanyu.engines.arrays import GeometryArray, IntArray
from quanyu.engines.spatial import dissolve, project, unproject
from quanyu.errors import QuanyuError

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
# A worker that has not been heard of for so long has died; its run may be started again.
SILENCE = timedelta(minutes=2)


def next_run() -> Run | None:
    """Return the oldest waiting run, taken for this worker, or ``None``."""
    for pk in Run.objects.filter(state=Run.State.QUEUED).order_by("id").values_list("pk", flat=True):
        if Run.objects.filter(pk=pk, state=Run.State.QUEUED).update(state=Run.State.RUNNING):
            return Run.objects.get(pk=pk)
    return None


def fail_silent_runs(*, at: datetime) -> int:
    """Mark runs whose worker died as failed, so that they can be started again; return how many."""
    silent = Run.objects.filter(state=Run.State.RUNNING, seen_at__lt=at - SILENCE)
    return silent.update(
        state=Run.State.FAILED, ended_at=at, error={"code": "worker_lost", "message": "The worker stopped."}
    )


def carry_out(run: Run, *, clock: Clock) -> Run:
    """Draw the run's grids and store them as a draft plan; a fault leaves no plan, only the reason."""
    run.state, run.started_at, run.seen_at = Run.State.RUNNING, clock(), clock()
    run.error, run.best, run.progress, run.cancel_asked = None, {}, 0.0, False
    run.save()
    try:
        _draw_and_store(run, clock)
        run.state, run.progress = Run.State.DONE, 1.0
    except drawing.Cancelled:
        run.state = Run.State.CANCELLED
    except QuanyuError as error:
        run.state, run.error = Run.State.FAILED, error.as_dict()
    except Exception:  # noqa: BLE001 the worker must outlive any fault of one run; the log has the trace
        logger.exception("planning run %s failed", run.pk)
        run.state = Run.State.FAILED
        run.error = {"code": "internal", "message": "The drawing stopped on an internal error; see the worker's log."}
    run.ended_at = clock()
    run.save(update_fields=["state", "error", "ended_at", "progress", "plan", "inputs_hash"])
    return run


def _draw_and_store(run: Run, clock: Clock) -> None:
    norms = Norms.from_dict(run.norms)
    watch = _Watch(run, clock)
    begun = time.perf_counter()
    watch("reading", 0.0, {})
    fabric = current_fabric(run.network.territory)
    based_on = Plan.objects.filter(network=run.network, status=Plan.Status.IN_FORCE).first()
    ground, previous_codes = read_ground(fabric, based_on)
    read = time.perf_counter()
    drawn = drawing.draw(ground, norms, watch)
    run.inputs_hash = drawn.fingerprint
    watch("writing", 0.0, {})
    writing = time.perf_counter()
    plan = store(run, fabric, based_on, drawn, norms, previous_codes, at=clock())
    plan.metrics["stages"] = {
        "reading": round(read - begun, 3), **drawn.stages, "writing": round(time.perf_counter() - writing, 3),
    }  # fmt: skip
    plan.metrics["seconds"] = round(time.perf_counter() - begun, 3)
    plan.save(update_fields=["metrics"])
    run.plan = plan


class _Watch:
    """Writes progress at most twice a second and learns whether the planner asked to stop."""

    def __init__(self, run: Run, clock: Clock) -> None:
        self.run, self.clock, self.stage, self.written = run, clock, "", 0.0

    def __call__(self, stage: str, fraction: float, best: dict[str, Any]) -> bool:
        now = time.monotonic()
        if stage == self.stage and now - self.written < 0.5:
            return True
        self.stage, self.written = stage, now
        values: dict[str, Any] = {"stage": stage, "progress": fraction, "seen_at": self.clock()}
        if best:
            values["best"] = best
        Run.objects.filter(pk=self.run.pk).update(**values)
        return not Run.objects.filter(pk=self.run.pk, cancel_asked=True).exists()


def read_ground(fabric: Fabric, based_on: Plan | None) -> tuple[drawing.Ground, dict[int, str]]:
    """Return the arrays of a fabric with today's household counts, and the codes behind ``previous``."""
    arrays = read_fabric(fabric)
    columns = ("pk", "kind", "households", "footprint_m2", "cell", "wkb")
    rows = {row[0]: row for row in Place.objects.filter(territory=fabric.territory_id).values_list(*columns)}
    ordered = [rows[pk] for pk in arrays.place_ids.tolist()]
    cells = project(shapely.from_wkb([bytes(row[4]) for row in ordered]), fabric.projection)
    footprints = project(shapely.from_wkb([bytes(row[5]) for row in ordered]), fabric.projection)
    previous, names = _previous(based_on, arrays.place_ids)
    ground = drawing.Ground(
        place_ids=arrays.place_ids,
        households=np.array([row[2] for row in ordered], dtype=np.int64),
        kinds=np.array([row[1] for row in ordered]),
        footprint_m2=np.array([row[3] for row in ordered], dtype=np.float64),
        community=arrays.community, adjacency=arrays.adjacency, barrier_kind=arrays.barrier_kind,
        crossings=arrays.crossings, area=arrays.area, outer_length=arrays.outer_length, xy=arrays.xy,
        cells=cells, footprints=footprints, previous=previous,
    )  # fmt: skip
    return ground, names


def _previous(plan: Plan | None, place_ids: IntArray) -> tuple[IntArray, dict[int, str]]:
    """Return the grid in force of each place (the first part decides for a divided building) and its code by label."""
    labels = np.full(len(place_ids), -1, dtype=np.int64)
    if plan is None:
        return labels, {}
    grids = dict(plan.grids.values_list("pk", "code"))
    number = {pk: index for index, pk in enumerate(sorted(grids))}
    members = Membership.objects.filter(grid__plan=plan, part=1).values_list("place_id", "grid_id")
    of_place = {place: number[grid] for place, grid in members}
    labels[:] = [of_place.get(place, -1) for place in place_ids.tolist()]
    return labels, {number[pk]: code for pk, code in grids.items()}


@transaction.atomic
def store(
    run: Run, fabric: Fabric, based_on: Plan | None, drawn: drawing.Drawing, norms: Norms,
    previous_codes: dict[int, str], *, at: datetime,
) -> Plan:  # fmt: skip
    """Write a draft plan with its grids and memberships."""
    network = Network.objects.select_for_update().get(pk=run.network_id)
    last = Plan.objects.filter(network=network).aggregate(last=Max("number"))["last"] or 0
    plan = Plan.objects.create(
        network=network, number=last + 1, norms=norms.as_dict(), fabric=fabric, based_on=based_on,
        made_by=run.made_by, made_at=at,
    )  # fmt: skip
    arrays = read_fabric(fabric)
    figures = drawing.grid_figures(drawn)
    divisions = _divisions(drawn, arrays.community)
    shapes = unproject(dissolve(drawn.atoms.cells, drawn.labels), fabric.projection)
    kept = _kept_codes(drawn, based_on, arrays.place_ids)
    grid_codes = _codes(network, drawn, figures, divisions, kept)
    grids = _grids(plan, drawn, norms, figures, divisions, shapes, grid_codes)
    Grid.objects.bulk_create(grids, batch_size=500)
    _store_members(grids, drawn, arrays.place_ids, fabric.projection)
    plan.metrics = _metrics(drawn, norms, figures, grids, arrays.community)
    plan.save(update_fields=["metrics"])
    trail.record(run.made_by, "plan.drawn", plan, at=at, after={"norms": plan.norms, "grids": len(grids)})
    return plan


def _divisions(drawn: drawing.Drawing, community: IntArray) -> list[Division]:
    """Return the division of each grid; all places of a grid lie in one."""
    _, first = np.unique(drawn.labels, return_index=True)
    ids = community[drawn.atoms.origin[first]].tolist()
    found = Division.objects.in_bulk(set(ids))
    return [found[pk] for pk in ids]


def _kept_codes(drawn: drawing.Drawing, based_on: Plan | None, place_ids: IntArray) -> dict[int, str]:
    if based_on is None:
        return {}
    shared: dict[tuple[str, int], int] = {}
    members = Membership.objects.filter(grid__plan=based_on).values_list("place_id", "part", "grid__code", "households")
    old: dict[int, list[tuple[str, int]]] = {}
    for place, _, code, households in members:
        old.setdefault(place, []).append((code, households))
    atoms = drawn.atoms
    for place, label, households in zip(
        place_ids[atoms.origin].tolist(), drawn.labels.tolist(), atoms.households.tolist(), strict=True
    ):
        parts = old.get(place, [])
        whole = sum(count for _, count in parts)
        for code, count in parts:
            portion = households * count // whole if whole else 0
            shared[code, label] = shared.get((code, label), 0) + portion
    sizes = dict(based_on.grids.values_list("code", "households"))
    return codes.keep_codes(sorted(sizes), shared, sizes)


def _codes(
    network: Network, drawn: drawing.Drawing, figures: dict[str, Any], divisions: list[Division], kept: dict[int, str]
) -> list[str]:
    pattern = settings.QUANYU_GRID_CODE_PATTERN
    used: dict[str, int] = {}
    for code in CodeUse.objects.filter(network=network).values_list("code", flat=True):
        for division in {each.code for each in divisions}:
            used[division] = max(used.get(division, 0), codes.number_of(code, division, pattern))
    weights = np.bincount(drawn.labels)
    x = np.bincount(drawn.labels, weights=drawn.atoms.xy[:, 0]) / weights
    y = np.bincount(drawn.labels, weights=drawn.atoms.xy[:, 1]) / weights
    wanted = [
        codes.Unnumbered(division.code, float(x[i]), float(y[i]), float(figures["area_m2"][i]), kept.get(i))
        for i, division in enumerate(divisions)
    ]
    return codes.assign(wanted, used=used, pattern=pattern)


def _grids(
    plan: Plan, drawn: drawing.Drawing, norms: Norms, figures: dict[str, Any], divisions: list[Division],
    shapes: GeometryArray, grid_codes: list[str],
) -> list[Grid]:  # fmt: skip
    labels = shapely.get_coordinates(shapely.point_on_surface(shapes))
    grids = []
    for i, shape in enumerate(shapes):
        households = int(figures["households"][i])
        kind = Grid.Kind.BASIC if households else Grid.Kind.UNINHABITED
        if i in drawn.exclusive_kind:
            kind = Grid.Kind.EXCLUSIVE
        in_range = kind != Grid.Kind.BASIC or norms.lower <= households <= norms.upper
        grids.append(
            Grid(
                plan=plan, code=grid_codes[i], kind=kind, place_kind=drawn.exclusive_kind.get(i, ""),
                division=divisions[i], households=households, places=int(figures["places"][i]),
                area_m2=float(figures["area_m2"][i]), perimeter_m=float(figures["perimeter_m"][i]),
                compactness=float(figures["compactness"][i]), in_range=in_range,
                reasons=drawn.reasons.get(i, []), label_lon=labels[i, 0], label_lat=labels[i, 1],
                **located_fields(shape),
            )  # fmt: skip
        )
    return grids


def _store_members(grids: list[Grid], drawn: drawing.Drawing, place_ids: IntArray, projection: str) -> None:
    atoms = drawn.atoms
    divided = np.flatnonzero(atoms.parts > 1)
    pieces = dict(zip(divided.tolist(), shapely.to_wkb(unproject(atoms.cells[divided], projection)), strict=True))
    members = [
        Membership(
            grid=grids[label], place_id=place, part=part, parts=parts, households=households, cell=pieces.get(i)
        )
        for i, (label, place, part, parts, households) in enumerate(
            zip(
                drawn.labels.tolist(), place_ids[atoms.origin].tolist(), atoms.part.tolist(), atoms.parts.tolist(),
                atoms.households.tolist(), strict=True,
            )  # fmt: skip
        )
    ]
    Membership.objects.bulk_create(members, batch_size=2000)


def _metrics(
    drawn: drawing.Drawing, norms: Norms, figures: dict[str, Any], grids: list[Grid], community: IntArray
) -> dict[str, Any]:
    basic = [grid for grid in grids if grid.kind == Grid.Kind.BASIC]
    atoms = drawn.atoms
    rows = np.repeat(np.arange(len(atoms.origin)), np.diff(atoms.adjacency.indptr))
    cut = drawn.labels[rows] != drawn.labels[atoms.adjacency.indices]
    result: dict[str, Any] = {
        "grids": len(grids), "basic": len(basic), "basic_in_range": sum(grid.in_range for grid in basic),
        "exclusive": sum(grid.kind == Grid.Kind.EXCLUSIVE for grid in grids),
        "uninhabited": sum(grid.kind == Grid.Kind.UNINHABITED for grid in grids),
        "households": int(figures["households"].sum()),
        "range_violation": sum(max(norms.lower - g.households, g.households - norms.upper, 0) for g in basic),
        "cut_length_m": round(float(atoms.adjacency.data[cut].sum()) / 2, 1),
        "mean_compactness": round(float(np.mean([g.compactness for g in basic])), 4) if basic else None,
        "split_buildings": int((atoms.parts[atoms.part == 1] > 1).sum()),
        "seed": norms.seed, "inputs_hash": drawn.fingerprint,
        **drawing.rules_kept(drawn, community),
    }  # fmt: skip
    if drawn.basic is not None:
        result |= {
            "avoidable_violation": int(drawn.basic.metrics.avoidable_violation),
            "max_deviation": float(drawn.basic.metrics.max_deviation),
            "districts_low": drawn.basic.bound.districts_low, "districts_high": drawn.basic.bound.districts_high,
            "steps": int(drawn.basic.steps), "stopped": drawn.basic.stopped,
            "moved_households": drawn.basic.metrics.moved_weight,
        }  # fmt: skip
    return result
