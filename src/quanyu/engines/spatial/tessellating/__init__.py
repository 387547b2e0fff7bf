"""Tessellating: a cell for every building, bounded by borders and barriers, and which cells are neighbours.

``tessellation`` is the whole; in order: ``barriers`` (their kinds), ``subdivision`` and ``tracts`` (faces between
lines), ``outlines`` and ``voronoi`` (cells), ``strays`` (cut-off pieces), ``neighbours``.
"""

from quanyu.engines.spatial.tessellating.barriers import BARRIER_KINDS
from quanyu.engines.spatial.tessellating.tessellation import Tessellation, tessellate, warm

__all__ = ["BARRIER_KINDS", "Tessellation", "tessellate", "warm"]
