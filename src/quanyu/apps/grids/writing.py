"""Write a drawing down as a draft plan: grids with codes and shapes, memberships, figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.conf import settings
from django.db.models import Max

from quanyu.apps.audit import trail
from quanyu.apps.grids import codes
from quanyu.apps.grids.continuity import Today, holdings, kept_codes
from quanyu.apps.grids.drawing import Drawing
from quanyu.apps.grids.figures import grid_figures, plan_figures, set_figures
from quanyu.apps.grids.models import CodeUse, Grid, Membership, Network, Plan, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.queries import impact
from quanyu.apps.registers.models import located_fields
from quanyu.apps.territory.fabric import read_fabric
from quanyu.apps.territory.models import Division, Fabric
from quanyu.engines.arrays import GeometryArray, IntArray
from quanyu.engines.spatial import dissolve, unproject


def store(
    run: Run, fabric: Fabric, based_on: Plan | None, drawn: Drawing, norms: Norms, today: Today, *, at: datetime
) -> Plan:
    """Write a draft plan with its grids and memberships, in the caller's transaction."""
    network = Network.objects.select_for_update().get(pk=run.network_id)
    last = Plan.objects.filter(network=network).aggregate(last=Max("number"))["last"] or 0
    plan = Plan.objects.create(
        network=network, number=last + 1, norms=norms.as_dict(), fabric=fabric, based_on=based_on,
        made_by=run.made_by, made_at=at,
    )  # fmt: skip
    arrays = read_fabric(fabric)
    community = arrays.community[drawn.atoms.origin]
    grids = _grids(plan, drawn, norms, today, community)
    Grid.objects.bulk_create(grids, batch_size=500)
    _store_members(grids, drawn, arrays.place_ids, fabric.projection)
    plan.metrics = plan_figures(drawn.atoms, drawn.labels, community, grids, norms) | _search_figures(drawn, norms)
    plan.metrics |= derived_figures(plan, plan.metrics)
    plan.save(update_fields=["metrics"])
    trail.record(run.made_by, "plan.drawn", plan, at=at, after={"norms": plan.norms, "grids": len(grids)})
    return plan


def derived_figures(plan: Plan, metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that need the rest of the plan's figures, or the plan it replaces."""
    avoidable = max(0, metrics["range_violation"] - metrics["unavoidable_violation"])
    moved = impact(plan, against=plan.based_on).households_moved if plan.based_on else None
    return {"avoidable_violation": avoidable, "moved_households": moved}


def shapes_of(drawn_cells: GeometryArray, labels: IntArray, projection: str) -> GeometryArray:
    """Return the polygon of each grid, in degrees."""
    shapes = unproject(dissolve(drawn_cells, labels), projection)
    # What is a hair's breadth in metres may cross itself in degrees.
    crossed = ~shapely.is_valid(shapes)
    shapes[crossed] = shapely.make_valid(shapes[crossed], method="structure", keep_collapsed=False)
    return shapes


def set_shape(grid: Grid, shape: Any) -> None:
    """Write a grid's shape, its box and the place of its label."""
    for field, value in located_fields(shape).items():
        setattr(grid, field, value)
    label = shapely.point_on_surface(shape)
    grid.label_lon, grid.label_lat = label.x, label.y


def _grids(plan: Plan, drawn: Drawing, norms: Norms, today: Today, community: IntArray) -> list[Grid]:
    figures = grid_figures(drawn.atoms, drawn.labels)
    divisions = _divisions(drawn.labels, community)
    shapes = shapes_of(drawn.atoms.cells, drawn.labels, plan.fabric.projection)
    grid_codes = _codes(plan.network, drawn, figures, divisions, today)
    grids = []
    for i, shape in enumerate(shapes):
        kind = Grid.Kind.EXCLUSIVE if i in drawn.exclusive_kind else Grid.Kind.BASIC
        place_kind = drawn.exclusive_kind.get(i, "")
        grid = Grid(plan=plan, code=grid_codes[i], kind=kind, place_kind=place_kind, division=divisions[i])
        set_figures(grid, i, figures, norms)
        set_shape(grid, shape)
        if not grid.in_range:
            grid.reasons = [_by_code(reason, grid_codes) for reason in drawn.reasons.get(i, [])]
        grids.append(grid)
    return grids


def _by_code(reason: dict[str, Any], grid_codes: list[str]) -> dict[str, Any]:
    """Return a reason whose mends name grids by code."""
    mends = [
        [kind, [grid_codes[label] for label in value] if kind == "barrier_or_border" else value]
        for kind, value in reason["mends"]
    ]
    return {**reason, "mends": mends}


def _divisions(labels: IntArray, community: IntArray) -> list[Division]:
    """Return the division of each grid; all atoms of a grid lie in one."""
    _, first = np.unique(labels, return_index=True)
    ids = community[first].tolist()
    found = Division.objects.in_bulk(set(ids))
    return [found[pk] for pk in ids]


def _codes(
    network: Network, drawn: Drawing, figures: dict[str, Any], divisions: list[Division], today: Today
) -> list[str]:
    pattern = settings.QUANYU_GRID_CODE_PATTERN
    used = CodeUse.objects.filter(network=network).values_list("code", flat=True)
    atoms = drawn.atoms
    held, sizes = holdings(today, atoms.origin, atoms.part, atoms.parts, atoms.area)
    kept = {
        label: code
        for label, code in kept_codes(today.codes, held, sizes, drawn.labels).items()
        # A division that got another code numbers its grids anew.
        if (parsed := codes.parse(code, pattern)) is None or parsed[0] == divisions[label].code
    }
    wanted = [
        codes.Unnumbered(
            division.code, float(figures["x"][i]), float(figures["y"][i]), float(figures["area_m2"][i]), kept.get(i)
        )
        for i, division in enumerate(divisions)
    ]
    return codes.assign(wanted, used=codes.highest(used, pattern), pattern=pattern)


def _store_members(grids: list[Grid], drawn: Drawing, place_ids: IntArray, projection: str) -> None:
    atoms = drawn.atoms
    divided = np.flatnonzero(atoms.parts > 1)
    pieces = dict(zip(divided.tolist(), shapely.to_wkb(unproject(atoms.cells[divided], projection)), strict=True))
    rows = zip(
        drawn.labels.tolist(), place_ids[atoms.origin].tolist(), atoms.part.tolist(), atoms.parts.tolist(),
        atoms.households.tolist(), strict=True,
    )  # fmt: skip
    members = [
        Membership(grid=grids[label], place_id=place, part=part, parts=parts, households=households, cell=pieces.get(i))
        for i, (label, place, part, parts, households) in enumerate(rows)
    ]
    Membership.objects.bulk_create(members, batch_size=2000)


def _search_figures(drawn: Drawing, norms: Norms) -> dict[str, Any]:
    """Return what the engine tells of its search and proves; hand edits change none of it."""
    result: dict[str, Any] = {"seed": norms.seed, "inputs_hash": drawn.fingerprint, "unavoidable_violation": 0}
    if drawn.basic is not None:
        bound = drawn.basic.bound
        result |= {
            "unavoidable_violation": sum(int(unmet.by) for unmet in drawn.basic.unmet if unmet.proven),
            "districts_low": bound.districts_low, "districts_high": bound.districts_high,
            "steps": int(drawn.basic.steps), "stopped": drawn.basic.stopped,
        }  # fmt: skip
    return result
