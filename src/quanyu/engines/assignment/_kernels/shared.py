"""What the kernels work on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from quanyu.engines.arrays import FloatArray, Int32Array, IntArray

WordArray = NDArray[np.uint64]


class Candidates(NamedTuple):
    """Who may take each task, task by task: the candidates of task t are ``indptr[t]`` to ``indptr[t + 1]``."""

    indptr: IntArray
    agent: Int32Array
    cost: IntArray
    load: IntArray


class ByAgent(NamedTuple):
    """The same candidates agent by agent; ``entry`` is where each stands among those by task."""

    indptr: IntArray
    entry: IntArray
    task: Int32Array
    cost: FloatArray
    load: IntArray


class Agents(NamedTuple):
    """Of each agent the capacity, what a unit of it is worth, and what a unit of overload costs at the least."""

    capacity: IntArray
    unit: FloatArray
    overload: FloatArray


class Plan(NamedTuple):
    """The candidate that each task has, and the load of each agent."""

    entry: IntArray
    used: IntArray


@njit(cache=True, nogil=True)
def uniform(state: Any) -> Any:
    """Return a float in [0, 1) and advance the state (xorshift64*)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0
