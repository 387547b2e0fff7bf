"""Loops of the overlay that numba compiles; each is the same loop in plain Python, as ``kernel.py_func``."""

from quanyu.engines.spatial.overlaying._kernels.nodes import number_points
from quanyu.engines.spatial.overlaying._kernels.regions import areas_of_walks, halves_to_the_left, name_faces
from quanyu.engines.spatial.overlaying._kernels.segments import Segments, group, segments_of_rings
from quanyu.engines.spatial.overlaying._kernels.snapping import snap_rings
from quanyu.engines.spatial.overlaying._kernels.splits import Cells, Splits, enter, find_crossings, find_splits, split

__all__ = [
    "Cells",
    "Segments",
    "Splits",
    "areas_of_walks",
    "enter",
    "find_crossings",
    "find_splits",
    "group",
    "halves_to_the_left",
    "name_faces",
    "number_points",
    "segments_of_rings",
    "snap_rings",
    "split",
]
