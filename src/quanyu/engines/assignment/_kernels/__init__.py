"""The loops of assigning, compiled by numba: the only door to it. ``kernel.py_func`` is the same loop in Python."""

from quanyu.engines.assignment._kernels.chains import search
from quanyu.engines.assignment._kernels.dual import climb, level
from quanyu.engines.assignment._kernels.flow import FAR, Flow, Reach, assign_places
from quanyu.engines.assignment._kernels.knapsack import MOST_CELLS, knapsack
from quanyu.engines.assignment._kernels.proposals import propose
from quanyu.engines.assignment._kernels.shared import Agents, ByAgent, Candidates, Plan, WordArray

__all__ = [
    "FAR",
    "MOST_CELLS",
    "Agents",
    "ByAgent",
    "Candidates",
    "Flow",
    "Plan",
    "Reach",
    "WordArray",
    "assign_places",
    "climb",
    "knapsack",
    "level",
    "propose",
    "search",
]
