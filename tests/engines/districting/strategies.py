"""Generators: planar graphs of a few dozen atoms with weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from quanyu.engines.arrays import IntArray


def planar(seed: int, atoms: int) -> sparse.csr_array:
    """Return the Delaunay graph of random points, a few edges left out, with border lengths from 1 to 30 m."""
    generator = np.random.default_rng(seed)
    triangles = Delaunay(generator.random((atoms, 2))).simplices
    pairs = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1), axis=0
    )
    pairs = pairs[generator.random(len(pairs)) < 0.9]
    return from_pairs(pairs, atoms, generator.uniform(1.0, 30.0, len(pairs)).round(2))


def from_pairs(pairs: Any, atoms: int, lengths: Any = None) -> sparse.csr_array:
    """Return the symmetric adjacency of pairs of atoms; every border 10 m long unless told."""
    pairs = np.asarray(pairs).reshape(-1, 2)
    length = np.full(len(pairs), 10.0) if lengths is None else np.asarray(lengths)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    matrix = sparse.csr_array((np.concatenate([length, length]), (both[:, 0], both[:, 1])), shape=(atoms, atoms))
    matrix.sort_indices()
    return matrix


def path(atoms: int) -> sparse.csr_array:
    """Return atoms in a row."""
    return from_pairs([(i, i + 1) for i in range(atoms - 1)], atoms)


@st.composite
def territories(draw: Any, *, low: int = 4, high: int = 60) -> tuple[IntArray, sparse.csr_array, IntArray, Any]:
    """Draw weights, adjacency, border labels and barrier flags."""
    atoms = draw(st.integers(low, high))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    adjacency = planar(int(generator.integers(1 << 30)), atoms)
    weights = generator.integers(0, 120, atoms) * (generator.random(atoms) < draw(st.sampled_from([0.3, 0.7, 1.0])))
    weights[generator.integers(atoms)] += draw(st.sampled_from([0, 0, 600]))
    border = (np.arange(atoms) >= atoms * draw(st.sampled_from([0.5, 1.0]))).astype(np.int64)
    rows = np.repeat(np.arange(atoms), np.diff(adjacency.indptr))
    pair = np.minimum(rows, adjacency.indices) * atoms + np.maximum(rows, adjacency.indices)
    barrier = pair % 11 == draw(st.integers(0, 11))
    return weights.astype(np.int64), adjacency, border, barrier
