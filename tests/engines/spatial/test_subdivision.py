"""The faces that segments enclose, against GEOS's polygonizer and the plain Python of the same kernel."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyu.engines.spatial import _walking
from quanyu.engines.spatial.tessellating import subdivision
from quanyu.engines.spatial.tessellating.subdivision import subdivide


def segments(*lines: list[tuple[float, float]]) -> np.ndarray:
    return np.array([[a, b] for line in lines for a, b in pairwise(line)], dtype=float)


def ring(west: float, south: float, east: float, north: float) -> list[tuple[float, float]]:
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


@st.composite
def lattices(draw: st.DrawFn) -> np.ndarray:
    """Some of the sides and one diagonal of the squares of a lattice: dangles, bridges, holes and touching corners."""
    side = draw(st.integers(2, 6))
    seed, share = draw(st.integers(0, 2**32 - 1)), draw(st.floats(0.3, 1.0))
    rng = np.random.default_rng(seed)
    steps = [(x, y, x + dx, y + dy) for x in range(side) for y in range(side) for dx, dy in ((1, 0), (0, 1), (1, 1))]
    chosen = [step for step in steps if rng.random() < share]
    found = np.array(chosen, dtype=float).reshape(-1, 2, 2)
    backwards = rng.random(len(found)) < 0.5
    found[backwards] = found[backwards][:, ::-1]
    # Far from the origin, as coordinates in metres are.
    return found * 7.3 + (547_000.0, 6_560_000.0)


@settings(max_examples=60)
@given(lattices())
def test_the_faces_are_those_of_the_polygonizer(lines: np.ndarray) -> None:
    made = subdivide(lines)
    expected = shapely.get_parts(shapely.polygonize(shapely.linestrings(lines))) if len(lines) else []
    assert shapely.is_valid(made.faces).all()
    assert sorted(shapely.normalize(face).wkb for face in made.faces) == sorted(
        shapely.normalize(face).wkb for face in expected
    )


@settings(max_examples=60)
@given(lattices())
def test_each_segment_knows_the_face_on_either_side(lines: np.ndarray) -> None:
    made = subdivide(lines)
    tree = shapely.STRtree(made.faces)
    along = lines[:, 1] - lines[:, 0]
    across = np.column_stack([-along[:, 1], along[:, 0]]) * 0.01
    for side, beside in ((made.left, 1), (made.right, -1)):
        seen = np.full(len(lines), -1)
        spot, face = tree.query(shapely.points(lines.mean(axis=1) + beside * across), predicate="within")
        seen[spot] = face
        bounding = made.left != made.right
        assert side[bounding].tolist() == seen[bounding].tolist()
        # A segment with one face on both sides parts nothing and is named by neither.
        assert (side[~bounding] == -1).all()


@settings(max_examples=30)
@given(lattices())
def test_plain_python_walks_the_same_rings(lines: np.ndarray) -> None:
    made = subdivide(lines)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_drop_dangles", "_next_on_the_left", "_walks", "_split_where_it_meets_itself"):
            patch.setattr(_walking, name, getattr(_walking, name).py_func)
        patch.setattr(subdivision, "walk_rings", _walking.walk_rings.py_func)
        slow = subdivide(lines)
    assert shapely.to_wkb(made.faces).tolist() == shapely.to_wkb(slow.faces).tolist()
    assert made.left.tolist() == slow.left.tolist()


def test_a_ring_inside_another_is_a_hole_and_a_face_of_its_own() -> None:
    made = subdivide(segments(ring(0, 0, 10, 10), ring(2, 2, 4, 4), ring(6, 6, 8, 8)))
    assert sorted(shapely.area(made.faces)) == [4, 4, 92]


def test_a_hole_that_touches_the_outline_at_a_corner() -> None:
    made = subdivide(segments(ring(0, 0, 10, 10), [(0, 0), (2, 1), (1, 2), (0, 0)]))
    assert sorted(shapely.area(made.faces)) == [1.5, 98.5]
    assert shapely.is_valid(made.faces).all()


def test_what_ends_nowhere_bounds_nothing() -> None:
    made = subdivide(segments(ring(0, 0, 10, 10), [(10, 5), (7, 5), (7, 7)]))
    assert shapely.area(made.faces).tolist() == [100]
    assert made.left[4:].tolist() == made.right[4:].tolist() == [-1, -1]


def test_lines_that_enclose_nothing() -> None:
    made = subdivide(segments([(0, 0), (1, 1), (2, 0)]))
    assert len(made.faces) == 0
    assert made.left.tolist() == [-1, -1]
