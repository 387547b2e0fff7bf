"""The map's background as vector tiles: two PMTiles archives per territory, made by GDAL from our own records."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyogrio
from django.conf import settings
from pmtiles.reader import MmapSource, Reader

from quanyu.apps.territory.models import Backdrop, Barrier, Division, Fabric, Place

# Archive → zooms. Buildings come at close zoom only, in an archive of their own.
ARCHIVES = {"base": (8, 14), "buildings": (13, 15)}


def archive_path(fabric: Fabric, name: str) -> Path:
    """Return where an archive lies: its name changes with what it was made from."""
    return Path(settings.HOME) / "tiles" / f"{fabric.territory.code}-{fabric.inputs_hash[:12]}-{name}.pmtiles"


def build(fabric: Fabric) -> None:
    """Make the archives of a territory that are not there yet."""
    for name in ARCHIVES:
        path = archive_path(fabric, name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                made = Path(folder) / path.name
                _write(fabric.territory, name, made)
                made.rename(path)


def _write(territory: Division, name: str, path: Path) -> None:
    rows = _buildings(territory) if name == "buildings" else _base(territory)
    low, high = ARCHIVES[name]
    shapes, layers, kinds, names = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    pyogrio.raw.write(
        path, shapes, [layers, kinds, names], ["layer", "kind", "name"], driver="PMTiles", layer=name,
        geometry_type="Unknown", crs="EPSG:4326", MINZOOM=str(low), MAXZOOM=str(high), MAX_SIZE="2000000",
        MAX_FEATURES="400000",
    )  # fmt: skip


def _buildings(territory: Division) -> list[tuple[bytes, str, str, str]]:
    places = Place.objects.filter(territory=territory, valid_to=None).values_list("wkb", "kind", "name")
    return [(bytes(wkb or b""), "building", kind, name) for wkb, kind, name in places]


def _base(territory: Division) -> list[tuple[bytes, str, str, str]]:
    rows = [
        (bytes(wkb or b""), layer, kind, name)
        for wkb, layer, kind, name in Backdrop.objects.filter(territory=territory)
        .exclude(layer=Backdrop.Layer.POIS)
        .values_list("wkb", "layer", "kind", "name")
    ]
    barriers = Barrier.objects.filter(territory=territory).values_list("wkb", "kind", "name")
    rows += [(bytes(wkb or b""), "barrier", kind, name) for wkb, kind, name in barriers]
    divisions = (
        Division.objects.within(territory).filter(wkb__isnull=False, valid_to=None).values_list("wkb", "level", "name")
    )
    return rows + [(bytes(wkb or b""), "division", level, name) for wkb, level, name in divisions]


def tile(fabric: Fabric, name: str, zoom: int, x: int, y: int) -> bytes | None:
    """Return a tile as stored (gzip), ``None`` where the archive has none."""
    data = _reader(str(archive_path(fabric, name))).get(zoom, x, y)  # type: ignore[no-untyped-call]
    return None if data is None else bytes(data)


@lru_cache(maxsize=16)
def _reader(path: str) -> Reader:
    return Reader(MmapSource(Path(path).open("rb")))  # type: ignore[no-untyped-call]
