"""Figures of grids and plans, from atoms and labels; planning and hand edits count by these same functions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.apps.grids.ground import Atoms, pairs
from quanyu.apps.grids.models import Grid
from quanyu.apps.grids.norms import Norms
from quanyu.engines.arrays import IntArray


def grid_figures(atoms: Atoms, labels: IntArray) -> dict[str, Any]:
    """Return per grid: households, places, area, outline, compactness and middle, as arrays."""
    count = int(labels.max(initial=-1)) + 1
    rows, columns = pairs(atoms.adjacency)
    cut = labels[rows] != labels[columns]
    area = np.bincount(labels, weights=atoms.area, minlength=count)
    outline = np.bincount(labels, weights=atoms.outer_length, minlength=count)
    outline += np.bincount(labels[rows[cut]], weights=atoms.adjacency.data[cut], minlength=count)
    # A divided building counts once in each grid that has a part of it.
    once = np.unique(labels * (atoms.origin.max(initial=0) + 1) + atoms.origin) // (atoms.origin.max(initial=0) + 1)
    members = np.maximum(np.bincount(labels, minlength=count), 1)
    return {
        "households": np.bincount(labels, weights=atoms.households, minlength=count).astype(np.int64),
        "places": np.bincount(once, minlength=count),
        "area_m2": area,
        "perimeter_m": outline,
        "compactness": np.divide(
            4 * math.pi * area, outline**2, out=np.zeros(count), where=outline > 0
        ).clip(0.0, 1.0),
        "x": np.bincount(labels, weights=atoms.xy[:, 0], minlength=count) / members,
        "y": np.bincount(labels, weights=atoms.xy[:, 1], minlength=count) / members,
    }  # fmt: skip


def set_figures(grid: Grid, index: int, figures: dict[str, Any], norms: Norms) -> None:
    """Write the figures of a grid into its row; an exclusive grid stays one, the others are basic or uninhabited."""
    grid.households = int(figures["households"][index])
    grid.places = int(figures["places"][index])
    grid.area_m2 = float(figures["area_m2"][index])
    grid.perimeter_m = float(figures["perimeter_m"][index])
    grid.compactness = float(figures["compactness"][index])
    if grid.kind != Grid.Kind.EXCLUSIVE:
        grid.kind = Grid.Kind.BASIC if grid.households else Grid.Kind.UNINHABITED
    grid.in_range = grid.kind != Grid.Kind.BASIC or norms.lower <= grid.households <= norms.upper


def plan_figures(
    atoms: Atoms, labels: IntArray, community: IntArray, grids: Sequence[Grid], norms: Norms
) -> dict[str, Any]:
    """Return the figures of a plan that follow from its labels; ``community`` is one per atom."""
    basic = [grid for grid in grids if grid.kind == Grid.Kind.BASIC]
    rows, columns = pairs(atoms.adjacency)
    cut = labels[rows] != labels[columns]
    mean = sum(grid.households for grid in basic) / len(basic) if basic else 0.0
    broken = Counter(rule for grid in basic if not grid.in_range for rule in {r["rule"] for r in grid.reasons})
    return {
        "grids": len(grids), "basic": len(basic), "basic_in_range": sum(grid.in_range for grid in basic),
        "exclusive": sum(grid.kind == Grid.Kind.EXCLUSIVE for grid in grids),
        "uninhabited": sum(grid.kind == Grid.Kind.UNINHABITED for grid in grids),
        "households": sum(grid.households for grid in grids),
        "range_violation": sum(max(norms.lower - g.households, g.households - norms.upper, 0) for g in basic),
        "max_deviation": round(max((abs(g.households / mean - 1) for g in basic), default=0.0), 4),
        "cut_length_m": round(float(atoms.adjacency.data[cut].sum()) / 2, 1),
        "mean_compactness": round(float(np.mean([g.compactness for g in basic])), 4) if basic else None,
        "split_buildings": int((atoms.parts[atoms.part == 1] > 1).sum()),
        "rules_broken": dict(sorted(broken.items())),
        **rules_kept(atoms, labels, community),
    }  # fmt: skip


def rules_kept(atoms: Atoms, labels: IntArray, community: IntArray) -> dict[str, bool]:
    """Tell whether each grid lies in one community, and hangs together without crossing a barrier."""
    grids = int(labels.max(initial=-1)) + 1
    borders = len(np.unique(np.column_stack([labels, community]), axis=0)) == grids
    rows, columns = pairs(atoms.adjacency)
    inside = (labels[rows] == labels[columns]) & ~atoms.barrier
    graph = sparse.csr_array((np.ones(inside.sum()), (rows[inside], columns[inside])), shape=atoms.adjacency.shape)
    pieces = connected_components(graph, directed=False)[0]
    return {"borders_kept": borders, "barriers_kept": pieces == grids}


def pieces_of(atoms: Atoms, members: IntArray) -> int:
    """Return in how many pieces some atoms lie, no passage leading over a barrier."""
    open_ = sparse.csr_array(
        (np.where(atoms.barrier, 0.0, 1.0), atoms.adjacency.indices, atoms.adjacency.indptr),
        shape=atoms.adjacency.shape,
    )[members][:, members]
    open_.eliminate_zeros()
    return int(connected_components(open_, directed=False)[0])
