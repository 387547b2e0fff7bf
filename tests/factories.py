"""Small records for tests: named people, and Riverside, a made-up town of two communities on both banks of a river.

Riverside lies on a lattice of 60 m by 50 m, west to east and south to north. The border of its two communities runs
from north to south through the middle; the river from west to east, two thirds up; one road crosses it in the west.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import shapely
from django.contrib.auth.models import Group
from django.utils import timezone

from quanyu.apps.accounts.models import Role, User
from quanyu.apps.grids import actions, planning
from quanyu.apps.grids.models import Network, Plan, Run
from quanyu.apps.grids.norms import Norms
from quanyu.apps.registers.models import Load, Source, located_fields
from quanyu.apps.territory.fabric import make_fabric
from quanyu.apps.territory.loading.departments import StatedNetwork, load_network
from quanyu.apps.territory.models import Backdrop, Barrier, CountMethod, Division, Level, Place, PlaceKind
from quanyu.engines.spatial import metric_projection, project, unproject

AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
TODAY = timezone.localdate(AT)
LON, LAT = 117.52, 36.71
PROJECTION = metric_projection(LON, LAT, LON + 0.02, LAT + 0.02)
CORNER = shapely.get_coordinates(project(np.array([shapely.Point(LON, LAT)], dtype=object), PROJECTION))[0]
STEP_X, STEP_Y = 60.0, 50.0
# 300 to 500 households as in the standard; sites small enough for a small town, a search short enough for a test.
NORMS = Norms(exclusive_min_m2=1500.0, steps=300, seed=1)


@dataclass(frozen=True)
class People:
    """One person for each role, and one without any."""

    planner: User
    reviewer: User
    administrator: User
    stranger: User


def make_user(name: str, role: Role | None = None, *, password: str | None = None) -> User:
    """Make an account; without a password nobody can sign in to it (tests use ``force_login``)."""
    user = User(username=name, display_name=name.title())
    user.set_password(password)
    user.save()
    if role is not None:
        user.groups.add(Group.objects.get(name=role.value))
    return user


def make_people(*, password: str | None = None) -> People:
    """Make Zhou who plans, Liu who reviews, Chen who administers, and Wang who may do nothing."""
    return People(
        planner=make_user("zhou", Role.PLANNER, password=password),
        reviewer=make_user("liu", Role.REVIEWER, password=password),
        administrator=make_user("chen", Role.ADMINISTRATOR, password=password),
        stranger=make_user("wang", password=password),
    )


def make_riverside(*, columns: int = 12, rows: int = 10, seed: int = 7, at: datetime = AT) -> Division:
    """Make Riverside with its communities, buildings, river, road and fabric; return it.

    ``columns * rows`` buildings: three offices side by side in the north-east, a market in the south-east, a tower of
    1,100 households in the south-west, a school; the rest are houses of 25 to 55 households.
    """
    width, height = columns * STEP_X, rows * STEP_Y
    territory = _division("990101000000", "Riverside", Level.COUNTY, None, shapely.box(0, 0, width, height))
    town = _division("990101001000", "Old Town", Level.TOWN, territory, None)
    middle = columns // 2 * STEP_X
    west = _division("990101001001", "West Bank", Level.VILLAGE, town, shapely.box(0, 0, middle, height))
    east = _division("990101001002", "East Bank", Level.VILLAGE, town, shapely.box(middle, 0, width, height))
    source = Source.objects.create(name="Riverside", attribution="© Riverside, made up", is_made_up=True)
    load = Load.objects.create(
        kind="city", target=territory.code, file_name="riverside.gpkg", sha256="0" * 64, status=Load.Status.APPLIED,
        source=source, made_at=at,
    )  # fmt: skip
    river_y = round(rows * 2 / 3) * STEP_Y
    river = shapely.LineString([(-100, river_y), (width / 3, river_y + 8), (width + 100, river_y)])
    Barrier.objects.create(territory=territory, kind=Barrier.Kind.WATERWAY, name="Clear River", load=load, **_at(river))
    bridge = shapely.LineString([(2 * STEP_X, -50), (2 * STEP_X, height + 50)])
    Backdrop.objects.create(
        territory=territory, layer=Backdrop.Layer.ROADS, kind="secondary", name="Bridge Road", load=load, **_at(bridge)
    )
    water = shapely.buffer(river, 4)
    Backdrop.objects.create(territory=territory, layer=Backdrop.Layer.WATER, kind="river", load=load, **_at(water))
    Place.objects.bulk_create(_places(territory, west, east, columns, rows, seed, load))
    make_fabric(territory, at=at)
    return territory


def _places(
    territory: Division, west: Division, east: Division, columns: int, rows: int, seed: int, load: Load
) -> list[Place]:
    random = np.random.default_rng(seed)
    counts = random.integers(25, 56, size=(rows, columns))
    special = {
        (rows - 2, columns - 2): (PlaceKind.OFFICE, 0), (rows - 2, columns - 3): (PlaceKind.OFFICE, 0),
        (rows - 2, columns - 4): (PlaceKind.OFFICE, 0), (2, columns - 2): (PlaceKind.MARKET, 0),
        (2, 2): (PlaceKind.RESIDENTIAL, 1100), (1, columns // 2 + 1): (PlaceKind.SCHOOL, 0),
    }  # fmt: skip
    places = []
    for row in range(rows):
        for column in range(columns):
            kind, households = special.get((row, column), (PlaceKind.RESIDENTIAL, int(counts[row, column])))
            wide, deep = {PlaceKind.OFFICE: (40, 20), PlaceKind.MARKET: (48, 40)}.get(kind, (28, 14))
            x, y = (column + 0.5) * STEP_X, (row + 0.5) * STEP_Y
            shape = shapely.box(x - wide / 2, y - deep / 2, x + wide / 2, y + deep / 2)
            places.append(
                Place(
                    territory=territory,
                    division=west if column < columns // 2 else east,
                    key=f"R{row}C{column}",
                    name=f"{kind.value.title()} {row}-{column}",
                    kind=kind,
                    levels=6,
                    is_made_up=True,
                    footprint_m2=wide * deep,
                    households=households,
                    people=round(households * 2.5),
                    load=load,
                    count_method=CountMethod.PEOPLE if households else CountMethod.NONE,
                    **_at(shape),
                )
            )
    return places


def make_network(territory: Division, *, code: str = "riverside", at: datetime = AT) -> Network:
    """Open a network for a territory."""
    return actions.create_network(territory, code=code, name=territory.name, actor=None, at=at)


def run_plan(network: Network, norms: Norms = NORMS, *, actor: User | None = None, at: datetime = AT) -> Run:
    """Draw a network's grids as a worker would; return the ended run."""
    run = actions.start_run(network, norms, actor=actor, at=at)
    return planning.carry_out(run, clock=lambda: at)


def draw_plan(network: Network, norms: Norms = NORMS, *, actor: User | None = None, at: datetime = AT) -> Plan:
    """Draw a draft plan; a run that fails fails the test."""
    run = run_plan(network, norms, actor=actor, at=at)
    assert run.plan is not None, run.error
    return run.plan


def enforce_plan(plan: Plan, *, reviewer: User, day: date = TODAY, at: datetime = AT) -> Plan:
    """Review a draft and put it in force."""
    actions.review(plan, actor=reviewer, at=at)
    actions.enforce(plan, day=day, actor=None, at=at)
    plan.refresh_from_db()
    return plan


def make_riverside_in_force(people: People, **changes: int) -> Plan:
    """Make Riverside, draw it as Zhou, review it as Liu, put it in force on ``TODAY``; return the plan."""
    network = make_network(make_riverside(**changes))
    return enforce_plan(draw_plan(network, actor=people.planner), reviewer=people.reviewer)


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Return the longitude and latitude of a point given in metres east and north of Riverside's corner."""
    point = _degrees(shapely.Point(x, y))
    return point.x, point.y


Box = tuple[float, float, float, float]


def quarters(split_x: float, split_y: float) -> list[Box]:
    """Return four boxes of Riverside as a department may draw them, in metres from its corner."""
    width, height = 12 * STEP_X, 10 * STEP_Y
    return [
        (0, 0, split_x, split_y), (split_x, 0, width, split_y), (0, split_y, split_x, height),
        (split_x, split_y, width, height),
    ]  # fmt: skip


def department_file(path: Path, boxes: list[Box], codes: list[str] | None = None) -> Path:
    """Write a department's grids as GeoJSON, with codes G1, G2 … if none are given."""
    features = [
        {
            "type": "Feature", "properties": {"网格编码": code},
            "geometry": json.loads(shapely.to_geojson(_degrees(shapely.box(*box)))),
        }
        for code, box in zip(codes or [f"G{row}" for row in range(1, len(boxes) + 1)], boxes, strict=True)
    ]  # fmt: skip
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), encoding="utf-8"
    )
    return path


def take_in(home: Division, folder: Path, code: str, boxes: list[Box], *, at: datetime = AT) -> Load:
    """Load a department's grids of a territory."""
    stated = StatedNetwork(home, code, code.title(), "WGS84")
    return load_network(department_file(folder / f"{code}.geojson", boxes), stated, actor=None, at=at)


def _division(code: str, name: str, level: Level, parent: Division | None, shape: shapely.Geometry | None) -> Division:
    fields = _at(shape) if shape is not None else {}
    return Division.objects.create(
        system="local", code=code, name=name, level=level, parent=parent, is_made_up=True, **fields
    )


def _at(shape: shapely.Geometry) -> dict[str, object]:
    return located_fields(_degrees(shape))


def _degrees(shape: shapely.Geometry) -> shapely.Geometry:
    moved = shapely.transform(shape, lambda xy: xy + CORNER)
    return unproject(np.array([moved], dtype=object), PROJECTION)[0]
