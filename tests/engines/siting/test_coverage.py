"""Who covers whom: the same as measuring every pair, in a straight line and along streets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from quanyu.engines.siting import (
    cover_all,
    cover_by_distance,
    cover_by_matrix,
    cover_by_network,
    network_distances,
    straight_distances,
    street_network,
)
from quanyu.errors import BadValue, EmptyInput, NotFinite, OutOfRange, WrongShape, WrongType

places = st.integers(1, 12).flatmap(lambda size: arrays(np.float64, (size, 2), elements=st.integers(-60, 60)))


@settings(max_examples=200, deadline=None)
@given(places, places, st.integers(1, 90))
def test_a_site_covers_what_lies_within_the_radius(demand: Any, sites: Any, radius: int) -> None:
    squares = ((demand[:, None] - sites[None]) ** 2).sum(axis=2)
    cover = cover_by_distance(demand, sites, radius)
    assert (cover.matrix.toarray().astype(bool) == (squares <= radius**2)).all()
    assert (cover.select(rows=np.array([0])).indices == np.flatnonzero(squares[0] <= radius**2)).all()


def test_far_sites_and_a_short_radius_take_no_grid_of_the_whole_country() -> None:
    cover = cover_by_distance([[0.0, 0.0], [4e6, 4e6]], [[0.5, 0.0], [4e6, 4e6]], 1.0)
    assert cover.indices.tolist() == [0, 1]


def test_each_side_of_a_cover_says_the_same() -> None:
    random = np.random.default_rng(2)
    cover = cover_by_distance(random.uniform(0, 9, (60, 2)), random.uniform(0, 9, (25, 2)), 2)
    start, rows = cover.by_site
    turned = sparse.csr_array((np.ones(len(rows)), rows, start), shape=(25, 60))
    assert (turned.toarray() == cover.matrix.toarray().T).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_walks_are_the_shortest_ways(seed: int, radius: int) -> None:
    random = np.random.default_rng(seed)
    dense = np.where(random.random((9, 9)) < 0.3, random.integers(1, 30, (9, 9)), 0)
    demand, sites = random.integers(0, 9, 6), random.integers(0, 9, 4)
    ways = shortest_path(sparse.csr_array(dense.astype(np.float64)))[sites][:, demand].T
    cover = cover_by_network(sparse.csr_array(dense), demand, sites, radius)
    assert (cover.matrix.toarray().astype(bool) == (ways <= radius)).all()
    if np.isfinite(ways).all():
        assert (network_distances(sparse.csr_array(dense), demand, sites) == ways).all()
    else:
        with pytest.raises(OutOfRange, match="endless; allowed is a way from every site"):
            network_distances(sparse.csr_array(dense), demand, sites)


def test_points_on_one_street_walk_along_it_and_not_past_its_end() -> None:
    street = shapely.LineString([(0, 0), (1000, 0)])
    network = street_network([street], [[100, 5], [400, 0]], [[300, -7], [400, 0]])
    assert network_distances(*network).tolist() == [[5 + 200 + 7, 5 + 300], [107, 0]]


def test_streets_meet_where_they_share_a_vertex_and_only_there() -> None:
    main, side = shapely.LineString([(0, 0), (50, 0), (100, 0)]), shapely.LineString([(50, 0), (50, 80)])
    bridge = shapely.LineString([(20, -30), (20, 30)])
    network = street_network([main, side, bridge], [[100, 0]], [[50, 80], [20, 30]])
    assert network_distances(network.graph, network.demand_nodes, network.site_nodes[:1]).tolist() == [[130]]
    assert cover_by_network(*network, 1000).matrix.toarray().tolist() == [[1, 0]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
@example(966)  # a foot at the very end of a segment
def test_a_walk_is_never_shorter_than_the_straight_line(seed: int) -> None:
    random = np.random.default_rng(seed)
    ring = shapely.LineString(random.uniform(0, 500, (12, 2)).round())
    demand, sites = random.uniform(0, 500, (7, 2)), random.uniform(0, 500, (5, 2))
    assert (network_distances(*street_network([ring], demand, sites)) + 1 >= straight_distances(demand, sites)).all()


@pytest.mark.parametrize(
    ("matrix", "error", "words"),
    [
        ([[0, 1], [2, 0]], OutOfRange, r"matrix\[1, 0\] is 2.0; allowed is 0 or 1"),
        ([[0.0, np.nan]], OutOfRange, r"matrix\[0, 1\] is nan"),
        ([0, 1], WrongShape, "matrix has shape"),
        ([["a"]], WrongType, "matrix holds text"),
        (np.empty((0, 3)), EmptyInput, "matrix is empty"),
    ],
)
def test_a_bad_matrix_is_refused(matrix: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        cover_by_matrix(matrix)


def test_existing_sites_are_indices_and_no_marks() -> None:
    with pytest.raises(WrongType, match="existing holds true/false, expected the indices of sites"):
        cover_all(cover_by_matrix(np.eye(3)), existing=[False, False, True])
    with pytest.raises(WrongShape, match="existing has shape"):
        cover_all(cover_by_matrix(np.eye(3)), existing=2)


def test_bad_points_and_networks_are_refused() -> None:
    with pytest.raises(NotFinite, match=r"demand_xy\[1, 0\] is inf"):
        cover_by_distance([[0, 0], [np.inf, 0]], [[0, 0]], 5)
    with pytest.raises(EmptyInput, match="sites_xy is empty"):
        cover_by_distance([[0, 0]], np.empty((0, 2)), 5)
    with pytest.raises(BadValue, match="radius is -5"):
        cover_by_distance([[0, 0]], [[0, 0]], -5)
    with pytest.raises(OutOfRange, match=r"site_nodes\[0\] is 2"):
        cover_by_network(np.zeros((2, 2)), [0], [2], 5)
    with pytest.raises(OutOfRange, match=r"graph.data\[0\] is -1"):
        cover_by_network([[0, -1], [0, 0]], [0], [1], 5)
    with pytest.raises(WrongType, match="graph holds objects"):
        cover_by_network(None, [0], [1], 5)
    with pytest.raises(BadValue, match="streets is"):
        street_network([shapely.Point(0, 0)], [[0, 0]], [[0, 0]])
