"""Give every building a cell, bounded by borders and barriers, and say which cells are neighbours.

Method: the territory is cut into tracts by its borders and barriers; inside a tract, a Voronoi diagram of points along
the outlines of the footprints is drawn, and the ridges between points of different footprints are the cells' borders.
The same ridges give the neighbours and the length of what they share, so nothing is measured twice.

References
----------
.. [1] Fleischmann, M. et al. (2020). Morphological tessellation as a way of partitioning space. Computers, Environment
   and Urban Systems, 80, 101441.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
import shapely

from quanyu.engines.arrays import FloatArray, GeometryArray, IntArray, require_rows
from quanyu.engines.spatial.tessellating.barriers import Barriers
from quanyu.engines.spatial.tessellating.neighbours import crossings, neighbours
from quanyu.engines.spatial.tessellating.outlines import outline_points
from quanyu.engines.spatial.tessellating.tracts import cut_tracts, holders
from quanyu.engines.spatial.tessellating.voronoi import draw_cells


@dataclass(frozen=True)
class Tessellation:
    """Cells and neighbours; n is the number of footprints that lie in the territory.

    ``kept`` names these footprints by their index in the input; every other array follows its order. ``adjacency``
    holds shared borders in metres, also across communities and barriers; ``barrier`` gives the index in
    :data:`BARRIER_KINDS` for each stored entry. ``crossings`` are pairs that a road joins over a barrier. ``empty``
    are tracts without a footprint, ``outside`` footprints outside the territory, ``parted`` cells in several pieces.
    """

    kept: IntArray
    cells: GeometryArray
    area: FloatArray
    xy: FloatArray
    outer_length: FloatArray
    community: IntArray
    tract: IntArray
    adjacency: sparse.csr_array
    barrier: IntArray
    crossings: IntArray
    empty: GeometryArray
    outside: IntArray
    parted: IntArray


def tessellate(
    footprints: GeometryArray,
    *,
    territory: Any,
    communities: GeometryArray | None = None,
    barriers: GeometryArray | None = None,
    barrier_kinds: IntArray | None = None,
    water: GeometryArray | None = None,
    roads: GeometryArray | None = None,
) -> Tessellation:
    """Return the cells of ``footprints`` and their neighbours, all in metres.

    Parameters
    ----------
    footprints : (n,) polygons
    territory : polygon
    communities : (m,) polygons no cell crosses; a footprint belongs to the one that holds its inner point
    barriers : (b,) lines, and ``barrier_kinds`` (b,) their index in :data:`BARRIER_KINDS`
    water : polygons that belong to no cell (rivers)
    roads : lines open to people, which may join two cells over a barrier

    Raises
    ------
    EmptyInput
        There is no footprint.
    """
    footprints = np.asarray(footprints, dtype=object)
    require_rows("footprints", footprints)
    lines = Barriers(
        np.array([] if barriers is None else barriers, dtype=object),
        np.array([] if barrier_kinds is None else barrier_kinds, dtype=np.int64),
    )
    in_communities = communities is not None and len(communities) > 0
    regions = np.array(communities if in_communities else [territory], dtype=object)
    tracts = cut_tracts(regions, lines.cutting().lines, water)
    inner = shapely.point_on_surface(footprints)
    tract = holders(inner, tracts.grounds)
    kept = np.flatnonzero(tract >= 0)
    tract = tract[kept]
    outlines = outline_points(footprints[kept])
    cells, parted, borders = draw_cells(outlines, tract, tracts.grounds, tracts.fences)
    adjacency, barrier = neighbours(borders, outlines, tract, tracts.grounds, lines)
    shared = np.asarray(adjacency.sum(axis=1)).ravel()
    used = np.isin(np.arange(len(tracts.grounds)), tract)
    return Tessellation(
        kept=kept, cells=cells, area=shapely.area(cells), xy=shapely.get_coordinates(inner[kept]),
        outer_length=np.maximum(shapely.length(cells) - shared, 0.0),
        community=tracts.region[tract] if in_communities else np.full(len(kept), -1),
        tract=tract, adjacency=adjacency, barrier=barrier,
        crossings=crossings(roads, lines, outlines, tract, adjacency, barrier), empty=tracts.grounds[~used],
        outside=np.setdiff1d(np.arange(len(footprints)), kept), parted=parted,
    )  # fmt: skip


def warm() -> None:
    """Compile the walk around faces on a small case; the result stays in numba's cache."""
    houses = np.array([shapely.box(0, 0, 5, 5), shapely.box(10, 0, 15, 5)], dtype=object)
    tessellate(houses, territory=shapely.box(0, 0, 20, 10))
