"""The p-median between points whose distances nobody wrote down: they are counted where they are needed.

Points are sorted by square cells, so that those of some cells in a row of cells are one stretch of an array.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quanyu.engines.siting._kernels.median import NONE, cheapest


class Field(NamedTuple):
    """Points sorted by square cells of ``width`` from (``left``, ``low``) on: cell c has ``start[c]:start[c + 1]``."""

    x: Any
    y: Any
    left: Any
    low: Any
    width: Any
    columns: Any
    rows: Any
    start: Any


@njit(cache=True, nogil=True)
def _first_row(field: Any, y: Any, radius: Any) -> Any:
    return max(0, int(np.floor((y - radius - field.low) / field.width)))


@njit(cache=True, nogil=True)
def _last_row(field: Any, y: Any, radius: Any) -> Any:
    return min(field.rows - 1, int(np.floor((y + radius - field.low) / field.width)))


@njit(cache=True, nogil=True)
def _stretch(field: Any, row: Any, x: Any, y: Any, radius: Any) -> Any:
    """Return the stretch of points in a row of cells that holds all those within ``radius`` of (x, y)."""
    below = field.low + row * field.width - y
    away = max(below, -below - field.width, 0.0)
    half = np.sqrt(max(radius * radius - away * away, 0.0))
    first = max(0, int(np.floor((x - half - field.left) / field.width)))
    last = min(field.columns - 1, int(np.floor((x + half - field.left) / field.width)))
    if first > last:
        return 0, 0
    return field.start[row * field.columns + first], field.start[row * field.columns + last + 1]


@njit(cache=True, nogil=True)
def away(x: Any, y: Any, other_x: Any, other_y: Any, unit: Any) -> Any:
    """Return the whole distance between two points in ``unit``."""
    return np.int64(np.rint(np.sqrt((x - other_x) * (x - other_x) + (y - other_y) * (y - other_y)) / unit))


@njit(cache=True, nogil=True)
def price_points(demand: Any, weight: Any, sites: Any, unit: Any, dual: Any, scale: Any) -> Any:
    """Return for each site the sum of ``min(0, scale · weight · distance − dual)`` over demands, in whole numbers."""
    reduced = np.zeros(len(sites.x), np.int64)
    for i in range(len(dual)):
        if dual[i] <= 0:
            continue
        x, y, each = demand.x[i], demand.y[i], scale * weight[i]
        radius = (dual[i] / each + 1.0) * unit  # a distance is rounded by half a unit at most
        for row in range(_first_row(sites, y, radius), _last_row(sites, y, radius) + 1):
            begin, end = _stretch(sites, row, x, y, radius)
            for j in range(begin, end):
                reduced[j] += min(each * away(x, y, sites.x[j], sites.y[j], unit) - dual[i], 0)
    return reduced


@njit(cache=True, nogil=True)
def roughly_price_points(demand: Any, weight: Any, sites: Any, unit: Any, dual: Any) -> Any:
    """Return the same in decimal numbers, fast."""
    reduced = np.zeros(len(sites.x))
    for i in range(len(dual)):
        if dual[i] <= 0.0:
            continue
        x, y, each, most, turned = demand.x[i], demand.y[i], weight[i], dual[i], 1.0 / unit
        radius = (most / each + 1.0) * unit
        for row in range(_first_row(sites, y, radius), _last_row(sites, y, radius) + 1):
            begin, end = _stretch(sites, row, x, y, radius)
            # Slices from 0 on are what the compiler makes vectors of.
            across, up, mine = sites.x[begin:end], sites.y[begin:end], reduced[begin:end]
            for j in range(len(mine)):
                dx, dy = across[j] - x, up[j] - y
                mine[j] += min(each * np.rint(np.sqrt(dx * dx + dy * dy) * turned) - most, 0.0)
    return reduced


@njit(cache=True, nogil=True)
def served_points(demand: Any, weight: Any, sites: Any, unit: Any, dual: Any) -> Any:
    """Return by how many of ``sites`` each demand is served for less than its dual."""
    times = np.zeros(len(dual), np.int64)
    for i in range(len(dual)):
        if dual[i] <= 0.0:
            continue
        x, y = demand.x[i], demand.y[i]
        radius = (dual[i] / weight[i] + 1.0) * unit
        for row in range(_first_row(sites, y, radius), _last_row(sites, y, radius) + 1):
            begin, end = _stretch(sites, row, x, y, radius)
            for j in range(begin, end):
                times[i] += weight[i] * away(x, y, sites.x[j], sites.y[j], unit) < dual[i]
    return times


@njit(cache=True, nogil=True)
def assign_points(
    demand: Any, weight: Any, sites: Any, unit: Any, chosen: Any, first: Any, second: Any, one: Any, two: Any
) -> Any:
    """Fill the positions in ``chosen`` of the nearest and second nearest of each demand, and what they cost; return the
    total cost. A second that is not there costs as much as the first."""
    total = np.int64(0)
    for i in range(len(weight)):
        _nearest(demand, weight, sites, unit, chosen, first, second, one, two, i)
        total += one[i]
    return total


@njit(cache=True, nogil=True)
def _nearest(
    demand: Any, weight: Any, sites: Any, unit: Any, chosen: Any, first: Any, second: Any, one: Any, two: Any, i: Any
) -> None:
    """Find the two nearest chosen sites of a demand: by squares, which are faster than distances."""
    a, b, least, next_least = NONE, NONE, np.inf, np.inf
    x, y = demand.x[i], demand.y[i]
    for t in range(len(chosen)):
        dx, dy = sites.x[chosen[t]] - x, sites.y[chosen[t]] - y
        square = dx * dx + dy * dy
        if square < least:
            a, b, least, next_least = t, a, square, least
        elif square < next_least:
            b, next_least = t, square
    first[i], second[i] = a, b
    one[i] = weight[i] * away(x, y, sites.x[chosen[a]], sites.y[chosen[a]], unit)
    two[i] = one[i] if b == NONE else weight[i] * away(x, y, sites.x[chosen[b]], sites.y[chosen[b]], unit)


@njit(cache=True, nogil=True)
def swap_points(
    demand: Any, weight: Any, sites: Any, unit: Any, candidates: Any, chosen: Any, held: Any, first: Any, second: Any,
    one: Any, two: Any, offset: Any, quiet: Any, tries: Any,
) -> Any:  # fmt: skip
    """Exchange sites eagerly while that lowers the total; return its change, where to go on, and ``quiet``.

    As ``swap_median``, but a candidate is compared only with demands of cells that it may come near enough to.
    """
    p = len(chosen)
    inside = np.zeros(len(sites.x), np.bool_)
    for t in range(p):
        inside[chosen[t]] = True
    loss, extra, reach = np.zeros(p, np.int64), np.empty(p, np.int64), np.zeros(demand.columns * demand.rows)
    _losses(first, one, two, loss)
    _reaches(demand, weight, unit, two, reach)
    change = np.int64(0)
    c = offset
    while quiet < len(candidates) and p > 1 and tries > 0:
        tries -= 1
        j = candidates[c]
        c = (c + 1) % len(candidates)
        quiet += 1
        if inside[j]:
            continue
        x, y = sites.x[j], sites.y[j]
        extra[:] = loss
        gain = np.int64(0)
        for cell in range(len(reach)):
            if not _comes_near(demand, cell, x, y, reach):
                continue
            for i in range(demand.start[cell], demand.start[cell + 1]):
                cost = weight[i] * away(x, y, demand.x[i], demand.y[i], unit)
                if cost < one[i]:
                    gain += cost - one[i]
                    extra[first[i]] += one[i] - two[i]
                elif cost < two[i]:
                    extra[first[i]] += cost - two[i]
        out = cheapest(extra, held)
        if out == NONE:
            break
        if gain + extra[out] < 0:
            change += gain + extra[out]
            inside[chosen[out]] = False
            inside[j] = True
            chosen[out] = j
            for cell in range(len(reach)):
                if not _comes_near(demand, cell, x, y, reach):
                    continue
                for i in range(demand.start[cell], demand.start[cell + 1]):
                    cost = weight[i] * away(x, y, demand.x[i], demand.y[i], unit)
                    if first[i] == out or second[i] == out:
                        continue
                    if cost < one[i]:
                        second[i], two[i] = first[i], one[i]
                        first[i], one[i] = out, cost
                    elif cost < two[i]:
                        second[i], two[i] = out, cost
            for i in range(len(weight)):
                # Also those that have it anew; that is as right and seldom.
                if first[i] == out or second[i] == out:
                    _nearest(demand, weight, sites, unit, chosen, first, second, one, two, i)
            _losses(first, one, two, loss)
            _reaches(demand, weight, unit, two, reach)
            quiet = 0
    return change, c, quiet


@njit(cache=True, nogil=True)
def _losses(first: Any, one: Any, two: Any, loss: Any) -> None:
    loss[:] = 0
    for i in range(len(first)):
        loss[first[i]] += two[i] - one[i]


@njit(cache=True, nogil=True)
def _reaches(demand: Any, weight: Any, unit: Any, two: Any, reach: Any) -> None:
    """Write how far off a site may be that is nearer to some demand of a cell than its second nearest."""
    for cell in range(len(reach)):
        most = -1.0
        for i in range(demand.start[cell], demand.start[cell + 1]):
            if weight[i] > 0:
                most = max(most, (two[i] / weight[i] + 1.0) * unit)
        reach[cell] = most


@njit(cache=True, nogil=True)
def _comes_near(demand: Any, cell: Any, x: Any, y: Any, reach: Any) -> Any:
    row, column = cell // demand.columns, cell % demand.columns
    dx = demand.left + column * demand.width - x
    dy = demand.low + row * demand.width - y
    dx, dy = max(dx, -dx - demand.width, 0.0), max(dy, -dy - demand.width, 0.0)
    return reach[cell] > 0.0 and dx * dx + dy * dy <= reach[cell] * reach[cell]
