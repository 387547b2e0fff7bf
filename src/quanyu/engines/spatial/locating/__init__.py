"""Locating: which of a set of polygons holds a point, exactly and fast.

``locator`` builds the index and asks it, ``files`` keeps it in a file that processes share, ``reporting`` says how
far the polygons are a partition. Compiled loops: ``_kernels``.
"""

from quanyu.engines.spatial.locating.errors import NoLocator, OtherPolygons
from quanyu.engines.spatial.locating.locator import Locator, key_of, warm
from quanyu.engines.spatial.locating.reporting import Report

__all__ = [
    "Locator",
    "NoLocator",
    "OtherPolygons",
    "Report",
    "key_of",
    "warm",
]
