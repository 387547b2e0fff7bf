"""The loops of locating, compiled by numba: the only door to it. ``kernel.py_func`` is the same loop in plain Python.

Only :mod:`exact` decides; the rest is a cache of its decisions. A raster cell, or a region of one, is given a label
once, by asking ``exact.holder`` about one point inside; a query answers from that label where it stands clear of every
border by a hundred times the error of its arithmetic, and asks ``exact.holder`` itself where it does not.
"""

from quanyu.engines.spatial.locating._kernels.building import build
from quanyu.engines.spatial.locating._kernels.edges import distinct_edges
from quanyu.engines.spatial.locating._kernels.finding import find
from quanyu.engines.spatial.locating._kernels.nearest import nearest_edge
from quanyu.engines.spatial.locating._kernels.shared import Cold, Edges, Frame, Hot, Tree

__all__ = ["Cold", "Edges", "Frame", "Hot", "Tree", "build", "distinct_edges", "find", "nearest_edge"]
