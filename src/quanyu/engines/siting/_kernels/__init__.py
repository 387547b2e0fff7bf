"""The inner loops, compiled by numba: the only door to it. ``kernel.py_func`` is the same loop in plain Python.

A cover in CSR form is two arrays: the sites of demand i are ``indices[indptr[i]:indptr[i + 1]]``, growing.
"""

from quanyu.engines.siting._kernels.capacity import price_capacities
from quanyu.engines.siting._kernels.cover import (
    collapse,
    covered_by,
    dominated_columns,
    dominating_rows,
    first_chosen,
    greedy_cover,
    sum_by_site,
    transpose,
)
from quanyu.engines.siting._kernels.maximal import benders_cuts, cut_at, descend_shares, greedy_most, swap_most
from quanyu.engines.siting._kernels.median import ascend, assign_near, price_near, swap_median
from quanyu.engines.siting._kernels.near import Ground, near
from quanyu.engines.siting._kernels.points import (
    Field,
    assign_points,
    price_points,
    roughly_price_points,
    served_points,
    swap_points,
)
from quanyu.engines.siting._kernels.weighing import weigh_rows

__all__ = [
    "Field",
    "Ground",
    "ascend",
    "assign_near",
    "assign_points",
    "benders_cuts",
    "collapse",
    "covered_by",
    "cut_at",
    "descend_shares",
    "dominated_columns",
    "dominating_rows",
    "first_chosen",
    "greedy_cover",
    "greedy_most",
    "near",
    "price_capacities",
    "price_near",
    "price_points",
    "roughly_price_points",
    "served_points",
    "sum_by_site",
    "swap_median",
    "swap_most",
    "swap_points",
    "transpose",
    "weigh_rows",
]
