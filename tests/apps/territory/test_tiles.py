"""The map's background is made by the worker from what was loaded, not while a visitor waits, and follows changes."""

from __future__ import annotations

import fcntl
import gzip
import shutil
from math import asinh, pi, radians, tan
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from tests.factories import AT, LAT, LON, make_riverside

from quanyu.apps.territory import tiles
from quanyu.apps.territory.kinds import Line, apply_rules, replace_rules
from quanyu.apps.territory.models import Backdrop, Barrier, Division, Place

pytestmark = pytest.mark.django_db
ZOOM = 14


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    return tmp_path / "tiles"


@pytest.fixture
def territory() -> Division:
    return make_riverside()


def address(territory: Division, archive: str = "buildings") -> str:
    x = int((LON + 180) / 360 * 2**ZOOM)
    y = int((1 - asinh(tan(radians(LAT + 0.001))) / pi) / 2 * 2**ZOOM)
    return f"/tiles/{territory.code}/{archive}/{ZOOM}/{x}/{y}"


def test_a_visitor_does_not_wait_for_the_background(client: Client, territory: Division, folder: Path) -> None:
    answer = client.get(address(territory))
    assert (answer.status_code, answer["Cache-Control"]) == (204, "no-store")
    assert not folder.exists()


@pytest.mark.parametrize(("archive", "holds"), [("buildings", b"residential"), ("base", b"waterway")])
def test_the_worker_makes_it_once(
    client: Client, territory: Division, folder: Path, archive: str, holds: bytes
) -> None:
    tiles.make_missing()
    made = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    tiles.make_missing()
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == made
    answer = client.get(address(territory, archive))
    assert (answer.status_code, answer["Content-Encoding"]) == (200, "gzip")
    assert holds in gzip.decompress(answer.content)
    assert client.get(address(territory, archive), headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_it_is_made_anew_when_places_get_other_kinds(client: Client, territory: Division, folder: Path) -> None:
    tiles.make_missing()
    before = client.get(address(territory))
    Place.objects.filter(territory=territory).update(tags={"kind": "tower"})
    replace_rules([Line("kind", "tower", "office")], actor=None, at=AT)
    apply_rules(territory, actor=None, at=AT)
    assert client.get(address(territory), headers={"If-None-Match": before["ETag"]}).status_code == 204
    tiles.make_missing()
    after = gzip.decompress(client.get(address(territory)).content)
    assert b"office" in after
    assert b"residential" not in after
    assert len(list(folder.glob("*.pmtiles"))) == len(tiles.ARCHIVES), "older archives are taken away"


def test_what_another_worker_is_making_is_left_to_it(client: Client, territory: Division, folder: Path) -> None:
    folder.mkdir()
    with (folder / tiles.LOCK).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        tiles.make_missing()
        assert not list(folder.glob("*.pmtiles"))
    tiles.make_missing()
    assert client.get(address(territory)).status_code == 200


def test_a_folder_that_was_emptied_is_filled_again(client: Client, territory: Division, folder: Path) -> None:
    tiles.make_missing()
    whole = client.get(address(territory)).content
    shutil.rmtree(folder)
    assert client.get(address(territory)).status_code == 204
    tiles.make_missing()
    assert client.get(address(territory)).content == whole


def test_a_territory_without_border_or_lines_has_a_background(client: Client, territory: Division) -> None:
    Backdrop.objects.all().delete()
    Barrier.objects.all().delete()
    Division.objects.update(wkb=None)
    tiles.make_missing()
    assert client.get(address(territory)).status_code == 200
    assert client.get(address(territory, "base")).status_code == 204


def test_a_folder_that_cannot_be_written_stops_nobody(client: Client, territory: Division, folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    tiles.make_missing()
    assert client.get(address(territory)).status_code == 204
