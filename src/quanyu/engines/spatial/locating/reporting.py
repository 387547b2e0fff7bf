"""Say how far a set of polygons is a partition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.engines.spatial.locating._kernels import Edges

# How far from an edge its other side is looked at, as a share of its length.
ASIDE = 1e-6


@dataclass(frozen=True)
class Overlap:
    """Ground that two polygons both claim; ``x`` and ``y`` lie in it."""

    one: int
    other: int
    area: float
    x: float
    y: float


@dataclass(frozen=True)
class Gap:
    """Ground between polygons that none claims; ``x`` and ``y`` lie in it."""

    area: float
    x: float
    y: float


@dataclass(frozen=True)
class Report:
    """How far the polygons are a partition; areas in squared units of the coordinates, largest first.

    ``shared`` edges have a polygon on either side; ``outer`` ones have nothing on the other side; ``unshared`` ones
    have a polygon there whose border has other vertices, and ``unshared_at`` is the middle of the first such edge.
    ``crossed`` are the rows of polygons whose border crosses itself, so that its inside is not what was meant.
    """

    polygons: int
    edges: int
    shared: int
    outer: int
    unshared: int
    unshared_at: tuple[float, float] | None
    overlaps: tuple[Overlap, ...]
    gaps: tuple[Gap, ...]
    crossed: tuple[int, ...]

    @property
    def is_partition(self) -> bool:
        """Whether no ground is claimed twice or, between polygons, not at all, and no border crosses itself."""
        return not self.overlaps and not self.gaps and not self.crossed


def report(
    edges: Edges, clashes: Any, places: FloatArray, polygons: int, locate: Callable[[FloatArray, FloatArray], IntArray]
) -> Report:
    """Return the report on the edges of an index, and on pairs of polygons found to hold one place."""
    alone = np.flatnonzero((edges.sides < 0).any(axis=1))
    x1, y1, x2, y2 = edges.ends[alone].T
    x, y, dx, dy = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
    towards = np.where(edges.sides[alone, 0] < 0, ASIDE, -ASIDE)
    beyond = locate(x - towards * dy, y + towards * dx) if len(alone) else np.empty(0, dtype=np.int64)
    unshared = np.flatnonzero(beyond >= 0)
    return Report(
        polygons=polygons, edges=len(edges.ends), shared=len(edges.ends) - len(alone), outer=len(alone) - len(unshared),
        unshared=len(unshared),
        unshared_at=(float(x[unshared[0]]), float(y[unshared[0]])) if len(unshared) else None,
        overlaps=_overlaps(edges, clashes, places), gaps=_gaps(edges, alone, locate),
        crossed=_crossed(edges),
    )  # fmt: skip


def _segments(edges: Edges, chosen: IntArray) -> Any:
    return shapely.linestrings(edges.ends[chosen].reshape(-1, 2, 2))


def _crossed(edges: Edges) -> tuple[int, ...]:
    """Return the polygons two of whose edges have more in common than an end of one of them."""
    segments = _segments(edges, np.arange(len(edges.ends)))
    one, other = shapely.STRtree(segments).query(segments, predicate="intersects")
    one, other = one[one < other], other[one < other]
    # Of the four pairs of sides, those that name one polygon; −1 is nobody's side.
    left, right = edges.sides[one, :, None], edges.sides[other, None, :]
    owner = np.where(left == right, left, -1).reshape(len(one), 4)
    same = np.flatnonzero((owner >= 0).any(axis=1))
    meet = shapely.relate_pattern(segments[one[same]], segments[other[same]], "T********")
    found = owner[same[meet]]
    return tuple(np.unique(found[found >= 0]).tolist())


def _overlaps(edges: Edges, clashes: Any, places: FloatArray) -> tuple[Overlap, ...]:
    found = []
    area_of: dict[int, Any] = {}
    for (one, other), (x, y) in zip(clashes.tolist(), places.tolist(), strict=True):
        for polygon in (one, other):
            if polygon not in area_of:
                own = np.flatnonzero((edges.sides == polygon).any(axis=1))
                area_of[polygon] = shapely.build_area(shapely.unary_union(_segments(edges, own)))
        both = shapely.intersection(area_of[one], area_of[other])
        found.append(Overlap(one=one, other=other, area=float(both.area), x=x, y=y))
    return tuple(sorted(found, key=lambda each: (-each.area, each.one, each.other)))


def _gaps(edges: Edges, alone: IntArray, locate: Callable[[FloatArray, FloatArray], IntArray]) -> tuple[Gap, ...]:
    """Return the faces that edges with one polygon enclose and nobody claims."""
    faces = shapely.get_parts(shapely.polygonize([shapely.unary_union(_segments(edges, alone))]))
    if not len(faces):
        return ()
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    empty = np.flatnonzero(locate(inner[:, 0], inner[:, 1]) < 0)
    area = shapely.area(faces[empty])
    order = empty[np.argsort(-area, kind="stable")]
    return tuple(Gap(area=float(faces[i].area), x=float(inner[i, 0]), y=float(inner[i, 1])) for i in order.tolist())
