"""Give each piece of a cell that is cut off from its footprint to the cell beside it.

Ground goes to the nearest footprint of its tract. Where a tract bends around water, or a railway ends in it, that may
be one on the other side: the piece lies apart from the rest of its cell, and a grid with such a cell would lie in two
places or cross the railway.
"""

from __future__ import annotations

import numpy as np
import shapely

from quanyu.engines.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from quanyu.engines.spatial.tessellating.outlines import Outlines


def strays_of(faces: GeometryArray, owner: IntArray, outlines: Outlines) -> BoolArray:
    """Return which faces are not the one of their owner with most of its outline points."""
    result = np.zeros(len(faces), dtype=bool)
    repeated = np.flatnonzero(np.bincount(owner)[owner] > 1)
    held = outlines.held_by(faces[repeated], owner[repeated])
    order = np.lexsort((shapely.area(faces[repeated]), held, owner[repeated]))
    by_owner = owner[repeated][order]
    result[repeated[order[:-1][by_owner[1:] == by_owner[:-1]]]] = True
    return result


def settled(owner: IntArray, strays: BoolArray, left: IntArray, right: IntArray, length: FloatArray) -> IntArray:
    """Return the owner of each face after each stray has gone to the owner that it borders on longest.

    Parameters
    ----------
    owner, strays : (f,) footprint of each face, and which are strays
    left, right, length : (s,) faces on both sides of each border that can be walked over, and its length in metres
    """
    owner, waiting = owner.copy(), strays.copy()
    face, beside, metres = np.concatenate([left, right]), np.concatenate([right, left]), np.tile(length, 2)
    while True:
        near = waiting[face] & ~waiting[beside]
        if not near.any():
            return owner
        found = longest_of(face[near], owner[beside[near]], metres[near], np.full(len(owner), -1))
        owner = np.where(found >= 0, found, owner)
        waiting &= found < 0


def longest_of(face: IntArray, owner: IntArray, metres: FloatArray, otherwise: IntArray) -> IntArray:
    """Return ``otherwise``, with the owner of the most metres for each face that is named with owners and metres."""
    result = otherwise.copy()
    if len(face):
        count = int(owner.max()) + 1
        pair, number = np.unique(face * count + owner, return_inverse=True)
        order = np.lexsort((np.bincount(number, weights=metres), pair // count))
        # The last of each face is the longest.
        result[pair[order] // count] = pair[order] % count
    return result
