"""Put homes, offices, markets, schools and parks on the ground of made-up villages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray

# Households of a village: most make one grid of the standard, some two, a few none that keeps it.
VILLAGE_SIZES = ((0.72, 310, 490), (0.18, 640, 960), (0.05, 180, 285), (0.05, 520, 585))
COMMUNITY_SIZES = ((0.85, 900, 1900), (0.15, 320, 480))
# Households of a compound in a community, and of a row of houses in a village.
COMPOUND, ROW = (50, 400), (8, 16)


@dataclass(frozen=True)
class Unit:
    """A village or community: its code, its name, its town's code, and whether it is a community of a town."""

    code: str
    name: str
    town: str
    is_urban: bool


@dataclass(frozen=True)
class Form:
    """How places of a kind stand: length and depth of a footprint, and the gap around it, in metres."""

    length: float
    depth: float
    gap: float


COMPOUND_FORM, ROW_FORM = Form(120.0, 80.0, 24.0), Form(58.0, 16.0, 14.0)
# Share of urban and of rural units that have one, its form and what it is called.
SITES = (
    ("public", 1.0, 1.0, Form(30.0, 18.0, 20.0), "服务中心"),
    ("school", 0.6, 0.12, Form(110.0, 70.0, 30.0), "学校"),
    ("hospital", 0.25, 0.02, Form(90.0, 60.0, 30.0), "医院"),
    ("market", 0.5, 0.05, Form(95.0, 65.0, 25.0), "市场"),
    ("office", 0.6, 0.0, Form(90.0, 60.0, 25.0), "办公楼"),
    ("industrial", 0.2, 0.06, Form(260.0, 160.0, 40.0), "产业园"),
    ("scenic", 0.03, 0.02, Form(320.0, 240.0, 40.0), "景区"),
)


@dataclass
class Places:
    """Places as they are made: shapes in metres, columns of a city file, and the ground of each settlement's homes."""

    shapes: GeometryArray
    columns: dict[str, np.ndarray[Any, Any]]
    settlements: list[Any]


@dataclass
class _Draft:
    shapes: list[Any] = field(default_factory=list)
    rows: list[tuple[str, str, str, int, float]] = field(default_factory=list)
    settlements: list[Any] = field(default_factory=list)


def make_places(ground: Mapping[str, Any], units: Sequence[Unit], closed: Any, random: np.random.Generator) -> Places:
    """Return the places of all units; none touches the border of its village or ``closed``."""
    draft = _Draft()
    shapely.prepare(closed)
    for unit in units:
        near = shapely.clip_by_rect(closed, *ground[unit.code].bounds)
        _settle(unit, shapely.difference(shapely.buffer(ground[unit.code], -15.0), near), draft, random)
    keys, names, kinds, levels, households = zip(*draft.rows, strict=True)
    columns = {
        "building_id": np.array(keys, dtype=object), "name": np.array(names, dtype=object),
        "kind": np.array(kinds, dtype=object), "levels": np.array(levels, dtype=np.float64),
        "households": np.array(households, dtype=np.float64),
    }  # fmt: skip
    return Places(np.array(draft.shapes, dtype=object), columns, draft.settlements)


def _settle(unit: Unit, free: Any, draft: _Draft, random: np.random.Generator) -> None:
    """Put a unit's homes around the middle of its free ground, and its other sites around them."""
    parts = shapely.get_parts(free)
    free = parts[np.argmax(shapely.area(parts))]
    middle = shapely.get_coordinates(shapely.maximum_inscribed_circle(free, tolerance=10.0))[0]
    angle = random.uniform(-0.4, 0.4)
    portions = _portions(unit, random)
    homes = _slots(free, middle, angle, COMPOUND_FORM if unit.is_urban else ROW_FORM, len(portions))
    portions = _fit(portions, len(homes))
    settlement = shapely.buffer(shapely.convex_hull(shapely.geometrycollections(homes)), 12.0)
    draft.settlements.append(settlement)
    free = shapely.difference(free, settlement)
    for number, (shape, households) in enumerate(zip(homes, portions.tolist(), strict=True), start=1):
        levels = int(random.integers(6, 19)) if unit.is_urban else int(random.integers(1, 3))
        name = f"{unit.name}{number}号小区" if unit.is_urban else f"{unit.name}{number}排"
        _add(draft, shape, (name, "residential", levels, households))
    for kind, urban_share, rural_share, form, word in SITES:
        if random.random() >= (urban_share if unit.is_urban else rural_share):
            continue
        for shape in _slots(free, middle, angle, form, 1):
            free = shapely.difference(free, shapely.buffer(shape, 12.0))
            levels = int(random.integers(8, 25)) if kind == "office" else int(random.integers(1, 6))
            _add(draft, shape, (f"{unit.name}{word}", kind, levels, np.nan))


def _add(draft: _Draft, shape: Any, row: tuple[str, str, int, float]) -> None:
    draft.shapes.append(shape)
    draft.rows.append((f"Z{len(draft.rows) + 1:05d}", *row))


def _portions(unit: Unit, random: np.random.Generator) -> IntArray:
    """Return the households of each home of a unit."""
    sizes = COMMUNITY_SIZES if unit.is_urban else VILLAGE_SIZES
    _, low, high = sizes[random.choice(len(sizes), p=[share for share, _, _ in sizes])]
    total = int(random.integers(low, high))
    least, most = COMPOUND if unit.is_urban else ROW
    portions: list[int] = []
    while (left := total - sum(portions)) > 0:
        portions.append(min(int(random.integers(least, most + 1)), left))
    return np.array(portions, dtype=np.int64)


def _fit(portions: IntArray, count: int) -> IntArray:
    """Return the same households in ``count`` homes: what finds no ground moves into the others."""
    kept = portions[:count].copy()
    over = int(portions[count:].sum())
    kept += over // count
    kept[: over % count] += 1
    return kept


def _slots(free: Any, middle: FloatArray, angle: float, form: Form, count: int) -> GeometryArray:
    """Return up to ``count`` footprints on a turned lattice inside ``free``, the nearest to the middle first."""
    reach = int(np.ceil(np.sqrt(count))) + 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * (form.length / 2, form.depth / 2)
    shapely.prepare(free)
    for wider in (1, 2, 4):
        step = np.arange(-reach * wider, reach * wider + 1)
        x, y = np.meshgrid(step * (form.length + form.gap), step * (form.depth + form.gap))
        spots = np.column_stack([x.ravel(), y.ravel()])
        spots = spots[np.argsort(np.hypot(*spots.T), kind="stable")]
        rings = (spots[:, None, :] + corners[None]) @ turn + middle
        shapes = shapely.polygons(rings)
        fitting: GeometryArray = shapes[shapely.contains_properly(free, shapes)][:count]
        if len(fitting) == count:
            break
    return fitting
