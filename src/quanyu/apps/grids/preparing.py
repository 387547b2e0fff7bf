"""Prepare a ground for the engine: cut out exclusive grids, divide heavy buildings, gather the arrays of the rest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components

from quanyu.apps.grids.continuity import Today, previous_labels
from quanyu.apps.grids.ground import Atoms, Ground, divide, pairs, walled
from quanyu.apps.grids.norms import Norms
from quanyu.engines.arrays import BoolArray, IntArray
from quanyu.engines.districting import split_heavy

# What exclusive grids cut off is a remnant below this share of the fewest households of a basic grid.
REMNANT = 0.1


@dataclass(frozen=True)
class Prepared:
    """A ground ready for the engine: whatever does not depend on how many grids there are to be, nor on how close.

    Attributes
    ----------
    exclusive : (atoms,) the exclusive grid of each atom, −1 for those of which basic grids are drawn
    exclusive_kind : the kind of place that each exclusive grid is for
    arrays : what the engine is told of the atoms of basic grids
    previous : (atoms of basic grids, 1 + departments) today's grid and those of the departments, −1 for none
    pieces, uninhabited : pieces of the ground that no passage joins, with households and without
    homes : atoms of basic grids with households
    fingerprint : of the ground and the norms
    """

    atoms: Atoms
    exclusive: IntArray
    exclusive_kind: dict[int, str]
    arrays: dict[str, Any]
    previous: IntArray
    today: Today
    pieces: int
    uninhabited: int
    homes: int
    fingerprint: str
    seconds: float

    @property
    def rest(self) -> IntArray:
        """The atoms of which basic grids are drawn."""
        return np.flatnonzero(self.exclusive < 0)

    @property
    def has_today(self) -> bool:
        """Whether a plan is in force here, so that households can be told to move."""
        return bool((self.previous[:, :1] >= 0).any())


def prepare(ground: Ground, norms: Norms) -> Prepared:
    """Return a ground ready to draw by norms."""
    started = time.perf_counter()
    fingerprint = ground.fingerprint(norms)
    ground, walls = walled(ground, norms)
    sites = exclusive_labels(ground, norms, walls)
    owner = with_remnants(sites, ground, norms, walls)
    kinds = {label: str(ground.kinds[np.flatnonzero(sites == label)[0]]) for label in range(owner.max(initial=-1) + 1)}
    weights = np.where(owner < 0, ground.households, 0)
    parts = split_heavy(weights, norms.upper) if norms.split_heavy else np.ones(len(weights), dtype=np.int64)
    atoms = divide(ground, parts, walls)
    exclusive = owner[atoms.origin]
    rest = np.flatnonzero(exclusive < 0)
    arrays = _arrays(atoms, rest, ground)
    today = previous_labels(ground.today, atoms.origin, atoms.part, atoms.parts)
    piece = _pieces(arrays)
    inhabited = np.unique(piece[arrays["weights"] > 0])
    return Prepared(
        atoms=atoms, exclusive=exclusive, exclusive_kind=kinds, arrays=arrays,
        previous=np.column_stack([today, ground.departments[atoms.origin]])[rest], today=ground.today,
        pieces=len(inhabited), uninhabited=int(piece.max(initial=-1)) + 1 - len(inhabited),
        homes=int((arrays["weights"] > 0).sum()), fingerprint=fingerprint, seconds=time.perf_counter() - started,
    )  # fmt: skip


def exclusive_labels(ground: Ground, norms: Norms, walls: BoolArray) -> IntArray:
    """Return, for each place, the exclusive grid it belongs to (−1: none).

    Neighbouring places of one kind, not parted by a barrier, are one site; a site is large enough when its footprints
    add up to ``norms.exclusive_min_m2``. A site in several communities is cut at their border, a grid in each.
    """
    rows, columns = pairs(ground.adjacency)
    wanted = np.isin(ground.kinds, norms.exclusive_kinds)
    same = (ground.kinds[rows] == ground.kinds[columns]) & wanted[rows] & ~walls
    site = _components(len(ground.kinds), rows[same], columns[same])
    footprint = np.bincount(site, weights=np.where(wanted, ground.footprint_m2, 0.0))
    large = (footprint >= norms.exclusive_min_m2)[site] & wanted
    same &= ground.community[rows] == ground.community[columns]
    site = _components(len(ground.kinds), rows[same], columns[same])
    result = np.full(len(site), -1, dtype=np.int64)
    # Numbered by the first place, so that the same ground gives the same labels.
    _, first, member = np.unique(site[large], return_index=True, return_inverse=True)
    result[large] = np.argsort(np.argsort(first))[member]
    return result


def with_remnants(labels: IntArray, ground: Ground, norms: Norms, walls: BoolArray) -> IntArray:
    """Return exclusive labels with each remnant beside a site given to the one it shares the longest border with."""
    rows, columns = pairs(ground.adjacency)
    open_ = ~walls & (ground.community[rows] == ground.community[columns])
    inside = open_ & (labels[rows] < 0) & (labels[columns] < 0)
    piece = _components(len(labels), rows[inside], columns[inside])
    small = np.bincount(piece, weights=ground.households) < REMNANT * norms.lower
    beside = open_ & (labels[rows] < 0) & (labels[columns] >= 0) & small[piece[rows]]
    sites = int(labels.max(initial=-1)) + 1
    pair, number = np.unique(piece[rows[beside]] * sites + labels[columns[beside]], return_inverse=True)
    border = np.bincount(number, weights=ground.adjacency.data[beside], minlength=len(pair))
    # The longest border last, so that it is the one that stays.
    order = np.argsort(border, kind="stable")
    owner = np.full(len(small), -1, dtype=np.int64)
    owner[pair[order] // max(sites, 1)] = pair[order] % max(sites, 1)
    return np.where(labels < 0, owner[piece], labels)


def _arrays(atoms: Atoms, rest: IntArray, ground: Ground) -> dict[str, Any]:
    """Return the atoms of basic grids as the engine takes them."""
    barrier = sparse.csr_array(
        (atoms.barrier.astype(np.float64) + 1.0, atoms.adjacency.indices, atoms.adjacency.indptr),
        shape=atoms.adjacency.shape,
    )[rest][:, rest]
    return {
        "weights": atoms.households[rest], "adjacency": atoms.adjacency[rest][:, rest].tocsr(),
        "border": ground.community[atoms.origin[rest]], "barrier_edges": barrier.tocsr().data > 1.5,
        "xy": atoms.xy[rest], "area": atoms.area[rest], "outer_length": atoms.outer_length[rest],
    }  # fmt: skip


def _pieces(arrays: dict[str, Any]) -> IntArray:
    """Return the piece of the ground that each atom of a basic grid lies in: no border or barrier is passed."""
    rows, columns = pairs(arrays["adjacency"])
    passed = ~arrays["barrier_edges"] & (arrays["border"][rows] == arrays["border"][columns])
    return _components(len(arrays["weights"]), rows[passed], columns[passed])


def _components(size: int, rows: IntArray, columns: IntArray) -> IntArray:
    graph = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)
