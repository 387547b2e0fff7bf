"""Graphs to divide into districts, and what a plan of one is worth, counted without the engine's help."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi, cKDTree

MARGIN = 1_000.0
DATA = Path(__file__).resolve().parent.parent / "tests/data/districting"


@dataclass(frozen=True)
class Case:
    """Atoms with households and neighbours; ``closed`` marks the stored neighbours that no district may join.

    With ``k`` the number of districts is given and cut edges are counted, else it is free and the cut is in metres.
    """

    name: str
    weights: np.ndarray
    adjacency: sparse.csr_array
    lower: int
    upper: int
    k: int | None = None
    optimum: int | None = None
    closed: np.ndarray | None = None
    area: np.ndarray | None = None
    outer_length: np.ndarray | None = None

    def open_edges(self) -> sparse.csr_array:
        """Return the adjacency without what no district may join."""
        matrix = self.adjacency.copy()
        if self.closed is not None:
            matrix.data[self.closed] = 0.0
            matrix.eliminate_zeros()
        return matrix


@dataclass(frozen=True)
class Worth:
    """Figures of a plan.

    ``outside`` is how many households lie outside the range, ``broken`` how many districts are in several pieces,
    ``cut`` the borders between districts, ``compactness`` their mean Polsby-Popper where areas are known.
    """

    districts: int
    in_range: int
    outside: int
    broken: int
    cut: float
    compactness: float | None

    @property
    def is_valid(self) -> bool:
        """Whether every district is in one piece and in range."""
        return self.in_range == self.districts and self.broken == 0


def worth(case: Case, labels: np.ndarray) -> Worth:
    """Return the figures of a plan of a case; the cut counts pairs that a district could join."""
    count = max(int(labels.max()) + 1, case.k or 0)
    size = np.bincount(labels, weights=case.weights, minlength=count)
    out = np.maximum(case.lower - size, 0) + np.maximum(size - case.upper, 0)
    matrix = case.open_edges().tocoo()
    cut = labels[matrix.row] != labels[matrix.col]
    inside = sparse.csr_array((np.ones((~cut).sum()), (matrix.row[~cut], matrix.col[~cut])), shape=matrix.shape)
    piece = connected_components(inside, directed=False)[1]
    pieces = np.bincount(np.unique(np.column_stack([labels, piece]), axis=0)[:, 0], minlength=count)
    return Worth(
        districts=count, in_range=int((out == 0).sum()), outside=int(out.sum()), broken=int((pieces > 1).sum()),
        cut=float((cut if case.k else matrix.data * cut).sum()) / 2, compactness=_compactness(case, labels, count),
    )  # fmt: skip


def _compactness(case: Case, labels: np.ndarray, count: int) -> float | None:
    """Return the mean of 4π · area / perimeter² (Polsby-Popper), at most 1 each."""
    if case.area is None or case.outer_length is None:
        return None
    matrix = case.adjacency.tocoo()
    cut = labels[matrix.row] != labels[matrix.col]
    perimeter = np.bincount(labels[matrix.row[cut]], weights=matrix.data[cut], minlength=count)
    perimeter += np.bincount(labels, weights=case.outer_length, minlength=count)
    ground = np.bincount(labels, weights=case.area, minlength=count)
    return float(np.minimum(4 * np.pi * ground / np.maximum(perimeter, 1e-9) ** 2, 1.0).mean())


def instances() -> list[Case]:
    """Return the census graphs of the tests, with k, the range and the published optimum."""
    return [_instance(facts) for facts in json.loads((DATA / "index.json").read_text())]


def _instance(facts: dict[str, Any]) -> Case:
    arrays = np.load(DATA / f"{facts['name']}.npz")
    shape = (facts["n"], facts["n"])
    return Case(
        name=facts["name"], weights=arrays["weights"], k=facts["k"], lower=facts["lower"], upper=facts["upper"],
        adjacency=sparse.csr_array((arrays["edge_length"], arrays["indices"], arrays["indptr"]), shape=shape),
        optimum=facts["optimum_cut_edges"],
    )  # fmt: skip


def random_city(name: str, *, atoms: int, communities: int, seed: int) -> Case:
    """Return the Voronoi cells of random points in a square, 50 m apart on average, with lognormal households.

    An atom has ten households on average, 1 to 500.

    With more than one community each atom belongs to the nearest of as many random centres, and no district joins two.
    """
    generator = np.random.default_rng(seed)
    side = 50.0 * atoms**0.5
    points = generator.uniform(0.0, side, (atoms, 2))
    # Mirrored points on all four sides bound the cells by the square; no cell reaches as far as MARGIN.
    mirrored = [points * [-1, 1], points * [1, -1], [2 * side, 0] + points * [-1, 1], [0, 2 * side] + points * [1, -1]]
    beside = np.concatenate(mirrored)
    beside = beside[((beside > -MARGIN) & (beside < side + MARGIN)).all(axis=1)]
    diagram = Voronoi(np.concatenate([points, beside]))
    ends = diagram.vertices[np.array(diagram.ridge_vertices)]
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    one, other = np.sort(diagram.ridge_points, axis=1).T
    outside = (one < atoms) & (other >= atoms)
    outer_length = np.bincount(one[outside], weights=length[outside], minlength=atoms)
    inner = (other < atoms) & (length > 0)
    i, j, length = one[inner], other[inner], length[inner]
    adjacency = sparse.csr_array(
        (np.tile(length, 2), (np.concatenate([i, j]), np.concatenate([j, i]))), shape=(atoms, atoms)
    )
    adjacency.sort_indices()
    community = cKDTree(generator.uniform(0.0, side, (communities, 2))).query(points)[1]
    rows = np.repeat(np.arange(atoms), np.diff(adjacency.indptr))
    return Case(
        name=name,
        weights=np.clip(generator.lognormal(1.9, 0.9, atoms), 1.0, 500.0).round().astype(np.int64),
        adjacency=adjacency, lower=300, upper=500, closed=community[rows] != community[adjacency.indices],
        area=_areas(diagram, atoms), outer_length=outer_length,
    )  # fmt: skip


def _areas(diagram: Voronoi, atoms: int) -> np.ndarray:
    """Return the areas of the first cells: triangles from the point to each of its ridges."""
    ends = diagram.vertices[np.array(diagram.ridge_vertices)]
    area = np.zeros(len(diagram.points))
    for column in (0, 1):
        owner = diagram.ridge_points[:, column]
        (ax, ay), (bx, by) = (ends[:, 0] - diagram.points[owner]).T, (ends[:, 1] - diagram.points[owner]).T
        np.add.at(area, owner, np.abs(ax * by - ay * bx) / 2)
    return area[:atoms]
