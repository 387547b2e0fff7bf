"""The inner loops, compiled by numba: the only door to it. ``kernel.py_func`` is the same loop in plain Python.

A cover in CSR form is two arrays: the sites of demand i are ``indices[indptr[i]:indptr[i + 1]]``, growing.
"""

from quanyu.engines.siting._kernels.capacity import price_capacities
from quanyu.engines.siting._kernels.cover import (
    collapse,
    count_near,
    dominated_columns,
    dominating_rows,
    drop_redundant,
    fill_near,
    greedy_cover,
    transpose,
)
from quanyu.engines.siting._kernels.maximal import benders_cuts, covered_by, greedy_most, price_groups, swap_most
from quanyu.engines.siting._kernels.median import ascend, assign_near, price_near, swap_median

__all__ = [
    "ascend",
    "assign_near",
    "benders_cuts",
    "collapse",
    "count_near",
    "covered_by",
    "dominated_columns",
    "dominating_rows",
    "drop_redundant",
    "fill_near",
    "greedy_cover",
    "greedy_most",
    "price_capacities",
    "price_groups",
    "price_near",
    "swap_median",
    "swap_most",
    "transpose",
]
