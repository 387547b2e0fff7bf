"""The index of a plan's grids is kept in a file; whoever finds it missing or broken builds it anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings
from tests.factories import TODAY, draw_plan, enforce_plan, make_network, make_people, make_riverside

from quanyu.apps.grids import queries
from quanyu.apps.grids.locators import locator_of
from quanyu.apps.grids.models import Grid, Plan


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    return tmp_path / "locators"


@pytest.fixture
def plan(db: None) -> Plan:
    return enforce_plan(draw_plan(make_network(make_riverside())), reviewer=make_people().reviewer)


def located(grid: Grid) -> list[Grid]:
    """Return what another process would answer for a point inside a grid."""
    locator_of.cache_clear()
    return queries.locate(grid.label_lon, grid.label_lat, on=TODAY)


def test_a_second_process_opens_what_the_first_one_built(plan: Plan, home: Path) -> None:
    grid = plan.grids.latest("households")
    assert located(grid) == [grid]
    (kept,) = home.iterdir()
    written = kept.stat().st_mtime_ns
    assert located(grid) == [grid]
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize("content", [b"", b"cut short"])
def test_a_broken_file_is_built_anew(plan: Plan, home: Path, content: bytes) -> None:
    grid = plan.grids.latest("households")
    located(grid)
    (kept,) = home.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(content)
    assert located(grid) == [grid]
    assert kept.read_bytes() == whole


def test_a_file_of_other_outlines_is_not_taken_and_goes(plan: Plan, home: Path) -> None:
    grid = plan.grids.latest("households")
    located(grid)
    (kept,) = home.iterdir()
    old = kept.rename(home / f"plan-{plan.pk}-{'0' * 32}.locator")
    assert located(grid) == [grid]
    assert list(home.iterdir()) == [kept]
    assert not old.exists()


def test_without_a_place_to_write_points_are_located_all_the_same(plan: Plan, home: Path) -> None:
    home.write_text("a file stands where the folder should")
    grid = plan.grids.latest("households")
    assert located(grid) == [grid]
