"""The inner loops, compiled by numba: the only door to it. ``kernel.py_func`` is the same loop in plain Python.

All work on one connected block, a ``Graph`` in CSR form, and on a ``Plan`` that they change in place. Randomness is a
64-bit xorshift state in an array, so that the same seed gives the same plan wherever it runs.
"""

from quanyu.engines.districting._kernels.contract import absorb_empty, join_pendants
from quanyu.engines.districting._kernels.cover import COVER_ATOMS, breach, cover
from quanyu.engines.districting._kernels.ground import claim, outward, reach, shed
from quanyu.engines.districting._kernels.growth import grow_regions
from quanyu.engines.districting._kernels.moves import anneal_moves, polish
from quanyu.engines.districting._kernels.partition import partition_tree
from quanyu.engines.districting._kernels.recombine import recombine
from quanyu.engines.districting._kernels.shared import (
    CUT,
    HOUSEHOLD,
    INERTIA,
    ROUND,
    Graph,
    Plan,
    Rules,
    WordArray,
    shape_price,
    uniform,
)
from quanyu.engines.districting._kernels.trees import Scratch, mark_below, random_tree, scratch, sum_below

__all__ = [
    "COVER_ATOMS",
    "CUT",
    "HOUSEHOLD",
    "INERTIA",
    "ROUND",
    "Graph",
    "Plan",
    "Rules",
    "Scratch",
    "WordArray",
    "absorb_empty",
    "anneal_moves",
    "breach",
    "claim",
    "cover",
    "grow_regions",
    "join_pendants",
    "mark_below",
    "outward",
    "partition_tree",
    "polish",
    "random_tree",
    "reach",
    "recombine",
    "scratch",
    "shape_price",
    "shed",
    "sum_below",
    "uniform",
]
