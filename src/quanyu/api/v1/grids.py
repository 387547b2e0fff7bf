"""Grids in force: list, one by its code, and which grid holds a point."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import numpy as np
import shapely
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router, Schema
from pydantic import AfterValidator, model_validator

from quanyu.apps.grids import queries
from quanyu.apps.grids.models import Grid, Network, Staffing
from quanyu.apps.grids.publishing import public_count
from quanyu.errors import NotFound, QuanyuError

router = Router(tags=["grids"])
# The description of the API is English; the reference page says its sentences in the reader's language.
SYSTEM = _("WGS84, CGCS2000, GCJ-02, BD-09 or an EPSG code such as EPSG:4547")
DAY = _("The day asked about, today if left out")


def _printable(code: str) -> str:
    """Refuse what no code holds and no database takes: NUL, half a sign."""
    if not code.isprintable():
        raise ValueError("a code has letters, digits and hyphens")
    return code


Code = Annotated[str, AfterValidator(_printable)]


class GridEnded(QuanyuError):
    """The code was in force and has ended."""

    code = "grid_ended"
    template = "Grid %(value)s has ended. Its places are now in: %(replaced_by)s."
    where_keys = ("value", "replaced_by")


class GridOut(Schema):
    """A grid in force. ``households`` is null where so few live there that the count would tell of single homes."""

    network: str
    code: str
    name: str
    kind: str
    exclusive_for: str
    division: str
    division_name: str
    households: int | None
    places: int
    area_m2: float
    compactness: float
    in_range: bool
    broken_rules: list[str]
    lon: float
    lat: float
    in_force_from: date | None
    in_force_to: date | None
    is_made_up: bool

    @staticmethod
    def values(grid: Grid) -> dict[str, Any]:
        """Return the public columns of a grid."""
        return {
            "network": grid.plan.network.code, "code": grid.code, "name": grid.name, "kind": grid.kind,
            "exclusive_for": grid.place_kind, "division": grid.division.code, "division_name": grid.division.name,
            "households": public_count(grid.households), "places": grid.places, "area_m2": round(grid.area_m2, 1),
            "compactness": round(grid.compactness, 4), "in_range": grid.in_range,
            "broken_rules": sorted({reason["rule"] for reason in grid.reasons}),
            "lon": grid.label_lon, "lat": grid.label_lat, "in_force_from": grid.plan.in_force_from,
            "in_force_to": grid.plan.in_force_to, "is_made_up": grid.plan.network.territory.is_made_up,
        }  # fmt: skip


class Staff(Schema):
    """Who serves a grid, as on its public notice."""

    worker_name: str = ""
    duty_phone: str = ""
    complaint_phone: str = ""


class GridDetail(GridOut):
    """A grid with its outline (GeoJSON, WGS 84) and who serves it."""

    geometry: dict[str, Any]
    staff: Staff


class GridPage(Schema):
    total: int
    items: list[GridOut]


class GridFilter(Schema):
    network: Code | None = Field(None, description=_("Code of a network; all if left out"))
    on: date | None = Field(None, description=DAY)
    kind: Grid.Kind | None = Field(None, description=_("basic, exclusive or uninhabited"))
    division: Code | None = Field(None, description=_("Code of a village or community"))
    west: float | None = Field(None, ge=-180, le=180, description=_("With south, east, north: a box in degrees"))
    south: float | None = Field(None, ge=-90, le=90)
    east: float | None = Field(None, ge=-180, le=180)
    north: float | None = Field(None, ge=-90, le=90)
    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000_000)

    @model_validator(mode="after")
    def _whole_box(self) -> GridFilter:
        sides = [self.west, self.south, self.east, self.north]
        if self.box is None and any(side is not None for side in sides):
            raise ValueError("give west, south, east and north together, or none of them")
        if self.box is not None and (self.box[0] > self.box[2] or self.box[1] > self.box[3]):
            raise ValueError("west is east of east, or south is north of north")
        return self

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """The four sides, where all are given."""
        if self.west is None or self.south is None or self.east is None or self.north is None:
            return None
        return self.west, self.south, self.east, self.north


class Points(Schema):
    network: Code = Field(description=_("Code of a network"))
    system: str = Field("WGS84", description=SYSTEM)
    on: date | None = Field(None, description=DAY)
    points: list[tuple[float, float]] = Field(max_length=10_000, description=_("Longitude and latitude of each point"))


@router.get(
    "/grids", response=GridPage,
    description=_("List the grids in force on a day, those of a network, a kind, a division or a box if one is given."),
)  # fmt: skip
def grids(request: HttpRequest, filters: Query[GridFilter]) -> GridPage:
    found = _in_force(filters.on)
    if filters.network:
        found = found.filter(plan__network=_network(filters.network))
    if filters.kind:
        found = found.filter(kind=filters.kind)
    if filters.division:
        found = found.filter(division__code=filters.division)
    if filters.box is not None:
        found = found.in_box(*filters.box)
    page = found.order_by("plan__network__code", "code")[filters.offset : filters.offset + filters.limit]
    return GridPage(total=found.count(), items=[GridOut(**GridOut.values(grid)) for grid in page])


@router.get(
    "/grids/{code}", response=GridDetail,
    description=_("Return the grid in force with a code; of an ended code, the answer 410 names what replaced it."),
)  # fmt: skip
def grid(request: HttpRequest, code: Code, network: Code | None = None, on: date | None = None) -> GridDetail:
    found = _in_force(on).filter(code=code)
    homes = Network.objects.filter(pk=_network(network).pk) if network else Network.objects.order_by("code")
    one = found.filter(plan__network__in=homes).order_by("plan__network__code").first()
    if one is None:
        for home in homes:
            replaced = queries.resolve_code(home, code, on=on or timezone.localdate())
            if isinstance(replaced, list) and replaced:
                raise GridEnded(value=code, replaced_by=", ".join(each.to_code for each in replaced))
        raise NotFound(what="grid in force", key=code, mend="GET /api/v1/grids lists those there are.")
    staff = Staffing.objects.filter(network=one.plan.network, code=code).first()
    names = ("worker_name", "duty_phone", "complaint_phone")
    return GridDetail(
        **GridOut.values(one), geometry=shapely.geometry.mapping(shapely.set_precision(one.geometry, 1e-7)),
        staff=Staff(**{name: getattr(staff, name, "") for name in names}),
    )  # fmt: skip


@router.get(
    "/locate", response=list[GridOut],
    description=_("Return the grids that hold a point, one for each network; an empty list outside them all."),
)  # fmt: skip
def locate(
    request: HttpRequest, lon: float, lat: float, system: str = "WGS84", on: date | None = None
) -> list[GridOut]:
    lon, lat = queries.degrees(np.array([[lon, lat]]), system)[0].tolist()
    return [GridOut(**GridOut.values(each)) for each in queries.locate(lon, lat, on=on or timezone.localdate())]


@router.post(
    "/locate", response=list[str | None],
    description=_("Return the grid code of each point of a batch, null outside every grid."),
)  # fmt: skip
def locate_many(request: HttpRequest, body: Points) -> list[str | None]:
    home = _network(body.network)
    if not body.points:
        return []
    points = queries.degrees(np.array(body.points, dtype=np.float64), body.system)
    return queries.locate_many(home, points[:, 0], points[:, 1], on=body.on or timezone.localdate())


def _in_force(on: date | None) -> Any:
    found = Grid.objects.in_force(on=on or timezone.localdate())
    return found.select_related("plan__network__territory", "division")


def _network(code: str) -> Network:
    network = Network.objects.filter(code=code).first()
    if network is None:
        known = ", ".join(Network.objects.order_by("code").values_list("code", flat=True)) or "none yet"
        raise NotFound(what="network", key=code, mend=f"Known are: {known}.")
    return network
