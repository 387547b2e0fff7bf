"""Overlaying: the pieces that several divisions of one territory cut it into, and how far the divisions agree.

``overlay`` is the whole; in order: ``noding`` (borders to segments that meet at their ends), ``faces`` (ground between
them, and whose it is), ``pieces`` (areas and households), ``places`` (gaps and overlaps), ``outlines`` (polygons, when
shown), ``crosswalks`` (shares and agreement). Compiled loops: ``_kernels``.
"""

from quanyu.engines.spatial.overlaying.crosswalks import (
    Agreement,
    Crosswalk,
    agreement,
    crosswalk,
    drawn_twice,
    shared_borders,
)
from quanyu.engines.spatial.overlaying.noding import Snapping
from quanyu.engines.spatial.overlaying.overlay import NoPolygon, Overlay, overlay, warm
from quanyu.engines.spatial.overlaying.pieces import Pieces
from quanyu.engines.spatial.overlaying.places import Doubled, Gap, LeftOut

__all__ = [
    "Agreement",
    "Crosswalk",
    "Doubled",
    "Gap",
    "LeftOut",
    "NoPolygon",
    "Overlay",
    "Pieces",
    "Snapping",
    "agreement",
    "crosswalk",
    "drawn_twice",
    "overlay",
    "shared_borders",
    "warm",
]
