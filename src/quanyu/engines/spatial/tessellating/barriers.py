"""Lines that part the ground: their kinds, and which of them cells end at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from quanyu.engines.arrays import GeometryArray, IntArray

# Index 0 stands for "no barrier".
BARRIER_KINDS = ("", "waterway", "railway", "motorway", "main_road", "barrier", "brook")
# Cells end at lines of these kinds; the others only mark the neighbours that they part.
CUTTING = np.isin(BARRIER_KINDS, ["waterway", "railway", "motorway", "barrier"])


@dataclass(frozen=True)
class Barriers:
    """``lines`` (b,) in metres and ``kinds`` (b,) their index in :data:`BARRIER_KINDS`."""

    lines: GeometryArray
    kinds: IntArray

    def cutting(self) -> Barriers:
        """Return those that cells end at."""
        return self._where(CUTTING[self.kinds])

    def marking(self) -> Barriers:
        """Return those that cells lie across."""
        return self._where(~CUTTING[self.kinds])

    def segments(self) -> Barriers:
        """Return the same lines as straight segments, among which a search is fast."""
        parts, source = shapely.get_parts(self.lines, return_index=True)
        corners, part = shapely.get_coordinates(parts, return_index=True)
        begin = np.flatnonzero(part[1:] == part[:-1])
        ends = np.stack([corners[begin], corners[begin + 1]], axis=1)
        return Barriers(np.asarray(shapely.linestrings(ends), dtype=object), self.kinds[source[part[begin]]])

    def _where(self, chosen: np.ndarray) -> Barriers:
        return Barriers(self.lines[chosen], self.kinds[chosen])
