"""Grids in force: list, one by its code, and which grid holds a point."""

from __future__ import annotations

from datetime import date

import numpy as np
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from quanyu.apps.grids import queries
from quanyu.apps.grids.models import Grid, Network
from quanyu.engines.spatial import to_wgs84
from quanyu.errors import NotFound

router = Router(tags=["grids"])


class GridOut(Schema):
    network: str
    code: str
    kind: str
    division: str
    households: int
    places: int
    area_m2: float
    in_range: bool
    lon: float
    lat: float

    @staticmethod
    def of(grid: Grid) -> GridOut:
        return GridOut(
            network=grid.plan.network.code, code=grid.code, kind=grid.kind, division=grid.division.code,
            households=grid.households, places=grid.places, area_m2=grid.area_m2, in_range=grid.in_range,
            lon=grid.label_lon, lat=grid.label_lat,
        )  # fmt: skip


class GridPage(Schema):
    total: int
    items: list[GridOut]


class GridFilter(Schema):
    network: str | None = None
    on: date | None = None
    west: float | None = None
    south: float | None = None
    east: float | None = None
    north: float | None = None
    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0)


class Points(Schema):
    network: str
    system: str = "WGS84"
    on: date | None = None
    points: list[tuple[float, float]] = Field(max_length=10_000)


def _network(code: str) -> Network:
    network = Network.objects.filter(code=code).first()
    if network is None:
        raise NotFound(what="network", key=code, mend="GET /api/v1/grids shows the networks there are.")
    return network


@router.get("/grids", response=GridPage)
def grids(request: HttpRequest, filters: Query[GridFilter]) -> GridPage:
    """List the grids in force on a day, today by default, inside a box of degrees if one is given."""
    found = Grid.objects.in_force(on=filters.on or timezone.localdate()).select_related("plan__network", "division")
    if filters.network:
        found = found.filter(plan__network=_network(filters.network))
    box = (filters.west, filters.south, filters.east, filters.north)
    if None not in box:
        found = found.in_box(*(float(side) for side in box if side is not None))
    page = found.order_by("code")[filters.offset : filters.offset + filters.limit]
    return GridPage(total=found.count(), items=[GridOut.of(grid) for grid in page])


@router.get("/grids/{code}", response=GridOut)
def grid(request: HttpRequest, code: str, on: date | None = None) -> GridOut:
    """Return the grid in force with a code."""
    found = Grid.objects.in_force(on=on or timezone.localdate()).select_related("plan__network", "division")
    one = found.filter(code=code).first()
    if one is None:
        raise NotFound(what="grid in force", key=code, mend="An ended code's page says what replaced it.")
    return GridOut.of(one)


@router.get("/locate", response=list[GridOut])
def locate(
    request: HttpRequest, lon: float, lat: float, system: str = "WGS84", on: date | None = None
) -> list[GridOut]:
    """Return the grids that hold a point, one for each network."""
    point = to_wgs84(np.array([[lon, lat]]), system)[0].tolist()
    return [GridOut.of(each) for each in queries.locate(*point, on=on or timezone.localdate())]


@router.post("/locate", response=list[str | None])
def locate_many(request: HttpRequest, body: Points) -> list[str | None]:
    """Return the grid code of each point of a batch, null outside every grid."""
    if not body.points:
        return []
    points = to_wgs84(np.array(body.points, dtype=np.float64), body.system)
    day = body.on or timezone.localdate()
    return queries.locate_many(_network(body.network), points[:, 0], points[:, 1], on=day)
