"""Read the ground of a territory, and the plan it is drawn against, from the database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import shapely
from django.utils.translation import gettext

from quanyu.apps.grids.continuity import Today
from quanyu.apps.grids.ground import Ground
from quanyu.apps.grids.models import Membership, Plan
from quanyu.apps.territory.fabric import current_fabric, read_fabric
from quanyu.apps.territory.models import DepartmentGrid, DepartmentNetwork, Division, Fabric, Place
from quanyu.engines.arrays import GeometryArray, IntArray
from quanyu.engines.spatial import Locator, project, project_areas
from quanyu.errors import NotFound


def read_ground(fabric: Fabric, based_on: Plan | None, departments: Sequence[str] = ()) -> Ground:
    """Return the arrays of a fabric with today's household counts, the plan a new one replaces, and departments' grids.

    Raises
    ------
    NotFound
        A department has no grids in the territory.
    """
    arrays = read_fabric(fabric)
    columns = ("pk", "kind", "households", "footprint_m2", "cell", "wkb")
    rows = {row[0]: row for row in Place.objects.filter(territory=fabric.territory_id).values_list(*columns)}
    ordered = [rows[pk] for pk in arrays.place_ids.tolist()]
    cells = project(shapely.from_wkb([bytes(row[4]) for row in ordered]), fabric.projection)
    footprints = project(shapely.from_wkb([bytes(row[5]) for row in ordered]), fabric.projection)
    return Ground(
        place_ids=arrays.place_ids,
        households=np.array([row[2] for row in ordered], dtype=np.int64),
        kinds=np.array([row[1] for row in ordered]),
        footprint_m2=np.array([row[3] for row in ordered], dtype=np.float64),
        community=arrays.community, adjacency=arrays.adjacency, barrier_kind=arrays.barrier_kind,
        crossings=arrays.crossings, area=arrays.area, outer_length=arrays.outer_length, xy=arrays.xy,
        cells=cells, footprints=footprints, today=read_today(based_on, arrays.place_ids),
        departments=read_departments(fabric, departments),
    )  # fmt: skip


def read_current(territory: Division, based_on: Plan | None, departments: Sequence[str] = ()) -> tuple[Fabric, Ground]:
    """Return a territory's fabric and its ground; when a load comes in between, the new ones."""
    fabric = current_fabric(territory)
    ground = read_ground(fabric, based_on, departments)
    while (newest := current_fabric(territory)) != fabric:
        fabric, ground = newest, read_ground(newest, based_on, departments)
    return fabric, ground


def ground_mark(territory: Division, based_on: Plan | None, departments: Sequence[str] = ()) -> str:
    """Return the SHA-256 of what a ground is read from, which takes a page a tenth of the time of reading it.

    Shapes, borders and barriers are those of the fabric, which never changes.
    """
    fabric = Fabric.objects.filter(territory=territory).values_list("pk", flat=True).first()
    digest = hashlib.sha256(f"{fabric} {based_on.pk if based_on else None}".encode())
    grids = DepartmentGrid.objects.filter(network__territory=territory, network__code__in=departments).order_by("pk")
    places = Place.objects.filter(territory=territory).order_by("pk")
    for rows in (grids.values_list("pk"), places.values_list("pk", "kind", "households", "footprint_m2")):
        digest.update(repr(list(rows)).encode())
    return digest.hexdigest()


def read_departments(fabric: Fabric, codes: Sequence[str]) -> IntArray:
    """Return the row of the grid, in each department's network, that holds each place; −1 outside."""
    xy = read_fabric(fabric).xy
    result = np.full((len(xy), len(codes)), -1, dtype=np.int64)
    for column, code in enumerate(codes):
        network = DepartmentNetwork.objects.filter(territory=fabric.territory_id, code=code).first()
        if network is None:
            mend = gettext("Load its grids first, or leave it out.")
            raise NotFound(what=gettext("department's grids"), key=code, mend=mend)
        result[:, column] = Locator(department_shapes(network, fabric.projection)).locate(xy[:, 0], xy[:, 1])
    return result


def department_shapes(network: DepartmentNetwork, projection: str) -> GeometryArray:
    """Return the grids of a department in metres of a projection, in the order of their rows."""
    stored = [bytes(wkb or b"") for wkb in network.grids.order_by("pk").values_list("wkb", flat=True)]
    return project_areas(shapely.from_wkb(np.array(stored, dtype=object)), projection)


def read_today(plan: Plan | None, place_ids: IntArray) -> Today:
    """Return the memberships of a plan as rows of the ground; places that are gone are left out."""
    if plan is None:
        return Today.none()
    grids = list(plan.grids.order_by("pk").values_list("pk", "code"))
    label = {pk: index for index, (pk, _) in enumerate(grids)}
    row_of = {place: row for row, place in enumerate(place_ids.tolist())}
    columns = ("place_id", "part", "parts", "grid_id", "households")
    members = Membership.objects.filter(grid__plan=plan).order_by("place_id", "part").values_list(*columns)
    rows = [
        (row_of[place], part, parts, label[grid], households)
        for place, part, parts, grid, households in members
        if place in row_of
    ]
    table = np.ascontiguousarray(np.array(rows, dtype=np.int64).reshape(-1, 5).T)
    row, part, parts, labels, households = table
    return Today(row, part, parts, labels, households, tuple(code for _, code in grids))
