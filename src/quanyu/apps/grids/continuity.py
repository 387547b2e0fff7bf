"""How today's grids live on in new ones: what each old grid holds of the new atoms, part by part. No database.

A building divided by entrances has parts of equal length along its axis: part ``i`` of ``p`` covers the stretch from
``(i − 1) / p`` to ``i / p``. When it is divided anew, old and new parts are compared by the stretch they share, so that
an undivided building, the same division and another division need no cases of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse

from quanyu.engines.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Today:
    """The plan in force as rows, one per place or part: row of the place in the ground, and the label of its grid."""

    row: IntArray
    part: IntArray
    parts: IntArray
    label: IntArray
    households: IntArray
    codes: tuple[str, ...] = ()

    @classmethod
    def none(cls) -> Today:
        """Return the rows of no plan."""
        empty = np.empty(0, dtype=np.int64)
        return cls(empty, empty, empty, empty, empty)


def stretch(part: IntArray, parts: IntArray, other_part: IntArray, other_parts: IntArray) -> FloatArray:
    """Return the length of the building's axis (0 to 1) that each pair of parts shares.

    Examples
    --------
    >>> stretch(np.array([1]), np.array([2]), np.array([1, 2]), np.array([4, 4]))  # the first half, the first quarters
    array([0.25, 0.25])
    """
    low = np.maximum((part - 1) / parts, (other_part - 1) / other_parts)
    high = np.minimum(part / parts, other_part / other_parts)
    shared: FloatArray = np.maximum(high - low, 0.0)
    # What two parts share is a multiple of 1 / (p q): less is rounding.
    shared[shared < 0.5 / (parts * other_parts)] = 0.0
    return shared


def _pairs(today: Today, origin: IntArray, part: IntArray, parts: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return each row of today with each atom of the same place that shares a stretch with it, and that stretch."""
    first = np.searchsorted(origin, today.row, side="left")
    count = np.searchsorted(origin, today.row, side="right") - first
    old = np.repeat(np.arange(len(today.row)), count)
    atom = first[old] + np.arange(len(old)) - np.repeat(np.cumsum(count) - count, count)
    shared = stretch(today.part[old], today.parts[old], part[atom], parts[atom])
    keep = shared > 0
    return old[keep], atom[keep], shared[keep]


def previous_labels(today: Today, origin: IntArray, part: IntArray, parts: IntArray) -> IntArray:
    """Return today's grid of each atom, the one with the longest stretch (ties: the lowest label); −1 for none."""
    old, atom, shared = _pairs(today, origin, part, parts)
    order = np.lexsort((today.label[old], -shared, atom))
    first = np.unique(atom[order], return_index=True)[1]
    result = np.full(len(origin), -1, dtype=np.int64)
    result[atom[order][first]] = today.label[old][order][first]
    return result


def holdings(
    today: Today, origin: IntArray, part: IntArray, parts: IntArray, area: FloatArray
) -> tuple[sparse.csr_array, FloatArray]:
    """Return how much of each old grid each atom holds, (grids, atoms), and how much each old grid has, (grids,).

    A grid is measured by its households as they were counted for it; one without households by its ground.
    """
    count = len(today.codes)
    households = np.bincount(today.label, weights=today.households, minlength=count)
    old, atom, shared = _pairs(today, origin, part, parts)
    label = today.label[old]
    by_households = today.households[old] * shared * today.parts[old]
    by_ground = area[atom] * shared * parts[atom]
    value = np.where(households[label] > 0, by_households, by_ground)
    held = sparse.csr_array((value, (label, atom)), shape=(count, len(origin)))
    ground = np.bincount(label, weights=by_ground, minlength=count)
    return held, np.where(households > 0, households, ground)


def kept_codes(codes: tuple[str, ...], held: sparse.csr_array, sizes: FloatArray, labels: IntArray) -> dict[int, str]:
    """Return which new grid keeps which old code: the one that holds most (over half) of what the old grid had.

    A new grid that qualifies for several codes keeps that of the largest share.
    """
    atoms = np.arange(len(labels))
    grids = int(labels.max(initial=-1)) + 1
    member = sparse.csr_array((np.ones(len(labels)), (atoms, labels)), shape=(len(labels), grids))
    shared = sparse.coo_array(held @ member)
    most = 2 * shared.data > sizes[shared.coords[0]] * (1 + 1e-9)
    best: dict[int, tuple[float, str]] = {}
    olds, news = (axis[most].tolist() for axis in shared.coords)
    for old, new, size in zip(olds, news, shared.data[most].tolist(), strict=True):
        best[new] = max(best.get(new, (0.0, "")), (size, codes[old]))
    return {new: code for new, (_, code) in best.items()}


def households_moved(
    today: Today, origin: IntArray, part: IntArray, parts: IntArray, area: FloatArray, households: IntArray,
    labels: IntArray,
) -> int:  # fmt: skip
    """Return how many households come to a grid that does not keep the code of the grid they were in."""
    kept = kept_codes(today.codes, *holdings(today, origin, part, parts, area), labels)
    row_of = {code: row for row, code in enumerate(today.codes)}
    heir = np.full(int(labels.max(initial=-1)) + 1, -1, dtype=np.int64)
    heir[list(kept)] = [row_of[code] for code in kept.values()]
    old, atom, shared = _pairs(today, origin, part, parts)
    moves = heir[labels[atom]] != today.label[old]
    return round(float((households[atom] * shared * parts[atom])[moves].sum()))
