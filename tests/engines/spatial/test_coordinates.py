"""Coordinate systems: what a user states becomes WGS 84, to better than a metre."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from quanyu.engines.spatial import metric_projection, to_wgs84
from quanyu.engines.spatial.coordinates import bd09_from_wgs84, gcj02_from_wgs84
from quanyu.errors import NotFinite, UnknownCoordinateSystem, WrongShape

# Published pairs of the public-domain project eviltransform's own tests: WGS 84 and GCJ-02, (lat, lon).
REFERENCE_GCJ = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),  # Shanghai
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),  # Shenzhen
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),  # Beijing
]
# Published pair of GCJ-02 and BD-09, (lat, lon), from the tests of the project wandergis/coordtransform.
REFERENCE_BD = ((39.915, 116.404), (39.92133699351021, 116.41036949371029))
GEOD = Geod(ellps="WGS84")


def metres(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.max(GEOD.inv(one[:, 0], one[:, 1], other[:, 0], other[:, 1])[2]))


def lonlat(pair: tuple[float, float]) -> np.ndarray:
    return np.array([[pair[1], pair[0]]])


@pytest.mark.parametrize(("wgs", "gcj"), REFERENCE_GCJ)
def test_gcj02_agrees_with_published_points_to_a_centimetre(wgs: tuple[float, float], gcj: tuple[float, float]) -> None:
    assert metres(gcj02_from_wgs84(lonlat(wgs)), lonlat(gcj)) < 0.01
    assert metres(to_wgs84(lonlat(gcj), "GCJ-02"), lonlat(wgs)) < 0.01


def test_bd09_agrees_with_a_published_point_to_a_centimetre() -> None:
    gcj, bd = REFERENCE_BD
    wgs = to_wgs84(lonlat(gcj), "GCJ-02")
    assert metres(bd09_from_wgs84(wgs), lonlat(bd)) < 0.01
    assert metres(to_wgs84(lonlat(bd), "BD-09"), wgs) < 0.01


@given(st.floats(74, 134), st.floats(19, 53), st.sampled_from(["GCJ-02", "BD-09"]))
def test_a_shifted_point_comes_back_to_a_centimetre(lon: float, lat: float, system: str) -> None:
    point = np.array([[lon, lat]])
    shifted = gcj02_from_wgs84(point) if system == "GCJ-02" else bd09_from_wgs84(point)
    assert metres(shifted, point) > 20.0
    assert metres(to_wgs84(shifted, system), point) < 0.01


def test_outside_china_nothing_is_shifted() -> None:
    vaduz = np.array([[9.52, 47.14]])
    assert (gcj02_from_wgs84(vaduz) == vaduz).all()


def test_cgcs2000_is_taken_as_wgs84() -> None:
    point = np.array([[117.5, 36.7]])
    assert (to_wgs84(point, "CGCS2000") == point).all()
    assert (to_wgs84(point, "EPSG:4490") == point).all()


def test_a_gauss_krueger_easting_is_read_on_the_axes_of_a_map() -> None:
    # On the central meridian of zone 117° E the easting is the false easting; the northing is the meridian arc.
    moved = to_wgs84(np.array([[500000.0, 4065000.0]]), "EPSG:4548")
    _, _, arc = GEOD.inv(117.0, 0.0, 117.0, moved[0, 1])
    assert moved[0, 0] == pytest.approx(117.0, abs=1e-9)
    assert arc == pytest.approx(4065000.0, abs=1.0)


def test_a_system_nobody_knows_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownCoordinateSystem, match=r"MARS-01 is no known coordinate system.*GCJ-02.*EPSG"):
        to_wgs84(np.array([[0.0, 0.0]]), "MARS-01")


@pytest.mark.parametrize("system", ["Beijing 1954", "EPSG:4978", "EPSG:5773", "WGS84\0", ""])
def test_a_name_of_several_meanings_or_of_heights_is_refused(system: str) -> None:
    with pytest.raises(UnknownCoordinateSystem):
        to_wgs84(np.array([[117.0, 36.0]]), system)


def test_bad_points_are_refused_by_row() -> None:
    with pytest.raises(NotFinite, match=r"xy\[1, 0\] is nan"):
        to_wgs84(np.array([[1.0, 2.0], [np.nan, 2.0]]), "WGS84")
    with pytest.raises(WrongShape, match="xy has shape"):
        to_wgs84(np.array([1.0, 2.0]), "WGS84")


@pytest.mark.parametrize(
    ("box", "projection"),
    [
        ((117.2, 36.3, 117.7, 37.1), "EPSG:4548"),  # Zhangqiu: 3-degree zone of 117° E
        ((116.2, 39.7, 116.6, 40.1), "EPSG:4548"),
        ((9.47, 47.04, 9.64, 47.27), "EPSG:32632"),
        ((39.7, 59.1, 40.0, 59.3), "EPSG:32637"),
        ((-58.5, -34.7, -58.3, -34.5), "EPSG:32721"),
    ],
)
def test_the_projection_fits_the_place(box: tuple[float, float, float, float], projection: str) -> None:
    assert metric_projection(*box) == projection
