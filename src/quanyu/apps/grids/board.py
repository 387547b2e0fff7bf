"""The board hand edits are made on: a plan's atoms with all that no move changes, kept in memory while it is edited."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sparse
import shapely

from quanyu.apps.grids.continuity import holdings
from quanyu.apps.grids.ground import Atoms, divide, walled
from quanyu.apps.grids.models import Grid, Membership, Plan
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.reading import read_ground
from quanyu.apps.grids.refusals import OldFabric
from quanyu.apps.territory.models import Fabric
from quanyu.engines.arrays import FloatArray, IntArray
from quanyu.engines.spatial import project


@dataclass(frozen=True)
class Board:
    """Atoms and, one row per atom: the place, its community, kind and footprint.

    ``held`` and ``sizes`` tell how much of each grid of the plan in force an atom holds, as
    :func:`quanyu.apps.grids.continuity.holdings` counts it; ``old_codes`` are their codes.
    """

    atoms: Atoms
    place_ids: IntArray
    community: IntArray
    kinds: np.ndarray[Any, Any]
    footprint_m2: FloatArray
    projection: str
    old_codes: dict[str, int]
    held: sparse.csr_array
    sizes: FloatArray
    index: dict[tuple[int, int], int]
    tree: shapely.STRtree

    def atom_at(self, lon: float, lat: float) -> int | None:
        """Return the atom whose cell holds a point; on a common border the first one."""
        point = project(np.array([shapely.Point(lon, lat)], dtype=object), self.projection)[0]
        found = self.tree.query(point, predicate="intersects")
        return int(found.min()) if len(found) else None

    def neighbours(self, atom: int) -> tuple[IntArray, np.ndarray[Any, Any]]:
        """Return the atoms beside an atom, and for each whether a barrier lies between."""
        row = slice(*self.atoms.adjacency.indptr[atom : atom + 2].tolist())
        return self.atoms.adjacency.indices[row].astype(np.int64), self.atoms.barrier[row]


def board(plan: Plan) -> Board:
    """Return the board of a plan.

    Raises
    ------
    OldFabric
        The territory's cells are no longer those the plan was drawn on.
    """
    newest = Fabric.objects.filter(territory=plan.fabric.territory_id).values_list("pk", flat=True).first()
    if newest != plan.fabric_id:
        raise OldFabric(territory=str(plan.fabric.territory), plan=str(plan))
    return _board(plan.pk, plan.made_at)


@lru_cache(maxsize=2)
def _board(pk: int, made_at: datetime) -> Board:  # noqa: ARG001 ids of a database put back from a backup may return
    plan = Plan.objects.select_related("fabric", "based_on").get(pk=pk)
    norms = Norms.from_dict(plan.norms)
    ground = read_ground(plan.fabric, plan.based_on)
    row_of = {place: row for row, place in enumerate(ground.place_ids.tolist())}
    parts = np.ones(len(row_of), dtype=np.int64)
    households = np.zeros(len(row_of), dtype=np.int64)
    members = Membership.objects.filter(grid__plan=plan).values_list("place_id", "parts", "households")
    for place, count, share in members:
        parts[row_of[place]] = count
        households[row_of[place]] += share
    # The plan's own counts, not those loaded since.
    ground, walls = walled(replace(ground, households=households), norms)
    atoms = divide(ground, parts, walls)
    held, sizes = holdings(ground.today, atoms.origin, atoms.part, atoms.parts, atoms.area)
    place_ids = ground.place_ids[atoms.origin]
    return Board(
        atoms=atoms, place_ids=place_ids, community=ground.community[atoms.origin], kinds=ground.kinds[atoms.origin],
        footprint_m2=ground.footprint_m2[atoms.origin] / atoms.parts, projection=plan.fabric.projection,
        old_codes={code: row for row, code in enumerate(ground.today.codes)}, held=held, sizes=sizes,
        index={key: atom for atom, key in enumerate(zip(place_ids.tolist(), atoms.part.tolist(), strict=True))},
        tree=shapely.STRtree(atoms.cells),
    )  # fmt: skip


def labels_of(plan: Plan, board: Board) -> tuple[IntArray, list[Grid]]:
    """Return the grid of each atom as an index into the plan's grids, in the order they were drawn."""
    grids = list(plan.grids.select_related("division").order_by("pk"))
    label = {grid.pk: index for index, grid in enumerate(grids)}
    labels = np.full(len(board.place_ids), -1, dtype=np.int64)
    for place, part, grid in Membership.objects.filter(grid__plan=plan).values_list("place_id", "part", "grid_id"):
        labels[board.index[place, part]] = label[grid]
    return labels, grids
