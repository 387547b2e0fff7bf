"""Locating: which of a set of polygons holds a point, exactly and fast."""

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
