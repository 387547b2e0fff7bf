"""Share a district's ground out among its villages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray
from quanyu.samples.made_up.places import Unit

CELL_M = 250.0
# A community lies this near to the seat of its town, as a share of the way to a village drawn in the same way.
COMMUNITY_SHARE = 0.35


def village_ground(
    border: Any, units: Sequence[Unit], seats: Mapping[str, FloatArray], random: np.random.Generator
) -> dict[str, Any]:
    """Return one polygon for each unit, by code; together they are the border's ground without gap or overlap."""
    points = _lattice(border, random)
    seeds = _seeds(points, units, seats, random)
    cells = _cells(points, border)
    owner = cKDTree(seeds)
    nearest = np.asarray(owner.query(points)[1], dtype=np.int64)
    # Every unit has at least the cell nearest to its seed.
    nearest[cKDTree(points).query(seeds)[1]] = np.arange(len(units))
    nearest = _joined(nearest, cells, len(units))
    return {unit.code: shapely.union_all(cells[nearest == index], grid_size=0.01) for index, unit in enumerate(units)}


def _lattice(border: Any, random: np.random.Generator) -> FloatArray:
    west, south, east, north = border.bounds
    x, y = np.meshgrid(np.arange(west, east + CELL_M, CELL_M), np.arange(south, north + CELL_M, CELL_M))
    xy = np.column_stack([x.ravel(), y.ravel()]) + random.uniform(-0.35, 0.35, (x.size, 2)) * CELL_M
    shapely.prepare(border)
    inside: FloatArray = xy[shapely.contains_xy(border, xy)]
    return inside


def _seeds(
    points: FloatArray, units: Sequence[Unit], seats: Mapping[str, FloatArray], random: np.random.Generator
) -> FloatArray:
    """Return a seed for each unit, spread evenly over the ground nearest to its town's seat; communities near it."""
    codes = list(seats)
    middle = np.array([seats[code] for code in codes])
    town_of = cKDTree(middle).query(points)[1]
    seeds = np.zeros((len(units), 2))
    for number, code in enumerate(codes):
        ground = points[town_of == number]
        members = [index for index, unit in enumerate(units) if unit.town == code]
        urban = [index for index in members if units[index].is_urban]
        order = np.argsort(np.hypot(*(ground - middle[number]).T), kind="stable")
        inner = ground[order[: max(int(len(ground) * COMMUNITY_SHARE * len(urban) / len(members)), len(urban) * 8)]]
        outer = ground[order[len(inner) :]] if urban else ground
        for group, area in ((urban, inner), ([i for i in members if i not in urban], outer)):
            if group:
                seeds[group] = _even(area, len(group), random)
    return seeds


def _even(ground: FloatArray, count: int, random: np.random.Generator) -> FloatArray:
    """Return ``count`` points spread evenly over a cloud: Lloyd's method, a few rounds."""
    centres = ground[random.choice(len(ground), count, replace=False)]
    for _ in range(6):
        nearest = cKDTree(centres).query(ground)[1]
        size = np.bincount(nearest, minlength=count)
        for axis in (0, 1):
            total = np.bincount(nearest, weights=ground[:, axis], minlength=count)
            centres[:, axis] = np.where(size > 0, total / np.maximum(size, 1), centres[:, axis])
    return centres


def _cells(points: FloatArray, border: Any) -> GeometryArray:
    """Return the Voronoi cell of each point, cut at the border."""
    diagram = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=border.envelope)
    loose = shapely.get_parts(diagram)
    cell, point = (
        shapely.STRtree(np.asarray(shapely.points(points))).query(loose, predicate="intersects").reshape(2, -1)
    )
    cells = np.empty(len(points), dtype=object)
    cells[point] = loose[cell]
    edge = ~shapely.contains_properly(border, cells)
    cells[edge] = shapely.intersection(cells[edge], border)
    return cells


def _joined(owner: IntArray, cells: GeometryArray, count: int) -> IntArray:
    """Give the cells of a unit that do not hang together with its largest part to a neighbour, until all do."""
    tree = shapely.STRtree(cells)
    left, right = tree.query(cells, predicate="intersects")
    pair = left < right
    left, right = left[pair], right[pair]
    wide = shapely.length(shapely.intersection(cells[left], cells[right])) > 1.0
    left, right = np.concatenate([left[wide], right[wide]]), np.concatenate([right[wide], left[wide]])
    order = np.argsort(left, kind="stable")
    left, right = left[order], right[order]
    start = np.searchsorted(left, np.arange(len(cells) + 1))
    for _ in range(20):
        stray = _strays(owner, right, start, count)
        if not len(stray):
            break
        for cell in stray:
            others = owner[right[start[cell] : start[cell + 1]]]
            others = others[others != owner[cell]]
            if len(others):
                owner[cell] = np.bincount(others).argmax()
    return owner


def _strays(owner: IntArray, right: IntArray, start: IntArray, count: int) -> IntArray:
    """Return the cells outside the largest connected part of their unit."""
    part = np.full(len(owner), -1, dtype=np.int64)
    sizes: list[int] = []
    for first in range(len(owner)):
        if part[first] >= 0:
            continue
        part[first], stack, size = len(sizes), [first], 0
        while stack:
            cell = stack.pop()
            size += 1
            for other in right[start[cell] : start[cell + 1]].tolist():
                if part[other] < 0 and owner[other] == owner[cell]:
                    part[other] = part[first]
                    stack.append(other)
        sizes.append(size)
    size_of = np.array(sizes)[part]
    largest = np.zeros(count, dtype=np.int64)
    np.maximum.at(largest, owner, size_of)
    return np.flatnonzero(size_of < largest[owner])
