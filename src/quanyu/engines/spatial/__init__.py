"""Space: coordinate systems, tessellation and neighbours, division of heavy buildings, dissolving, locating.

``coordinates`` (systems and projections), ``rings`` (polygons as arrays), ``morton`` (what is near lies near),
``tessellating`` (a cell for every building), ``splitting`` (heavy buildings), ``dissolving`` (cells to grids),
``locating`` (which polygon holds a point), ``overlaying`` (several divisions of one ground).
"""

from quanyu.engines.spatial.coordinates import (
    metric_projection,
    project,
    project_areas,
    to_wgs84,
    transform_geometries,
    unproject,
)
from quanyu.engines.spatial.dissolving import dissolve
from quanyu.engines.spatial.locating import Locator
from quanyu.engines.spatial.splitting import Pieces, split_atoms
from quanyu.engines.spatial.tessellating import BARRIER_KINDS, Tessellation, tessellate

__all__ = [
    "BARRIER_KINDS",
    "Locator",
    "Pieces",
    "Tessellation",
    "dissolve",
    "metric_projection",
    "project",
    "project_areas",
    "split_atoms",
    "tessellate",
    "to_wgs84",
    "transform_geometries",
    "unproject",
]
