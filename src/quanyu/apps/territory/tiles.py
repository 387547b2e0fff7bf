"""The map's background as vector tiles: two PMTiles archives per territory, made by GDAL from our own records."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyogrio
from django.conf import settings
from django.db.models import Max
from pmtiles.reader import MmapSource, Reader
from pyogrio.errors import DataLayerError, DataSourceError

from quanyu.apps.audit.models import Entry
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.models import Backdrop, Barrier, Division, Fabric, Place

# Archive → zooms. Buildings come at close zoom only, in an archive of their own. The deepest tiles show half a metre,
# and the map enlarges them beyond.
ARCHIVES = {"base": (8, 14), "buildings": (13, 14)}
# Held by the worker that makes one.
LOCK = "making.lock"

logger = logging.getLogger(__name__)
_failed: set[str] = set()


@dataclass(frozen=True)
class Background:
    """The archives of a territory; ``stamp`` changes with whatever they are made from."""

    territory: Division
    stamp: str

    def path(self, name: str) -> Path:
        """Return where an archive lies, made or not."""
        return _folder() / f"{self.territory.code}-{self.stamp}-{name}.pmtiles"

    @property
    def is_made(self) -> bool:
        return all(self.path(name).exists() for name in ARCHIVES)

    def make(self) -> None:
        """Make what is missing, and take older archives of the territory away; two workers never make the same."""
        _folder().mkdir(parents=True, exist_ok=True)
        with (_folder() / LOCK).open("w") as turn:
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for name in ARCHIVES:
                if not self.path(name).exists():
                    self._make(name)

    def _make(self, name: str) -> None:
        path = self.path(name)
        with tempfile.TemporaryDirectory(dir=_folder()) as folder:
            made = Path(folder) / path.name
            _write(self.territory, name, made)
            made.rename(path)
        for old in _folder().glob(f"{self.territory.code}-*-{name}.pmtiles"):
            if old != path:
                old.unlink(missing_ok=True)

    def tile(self, name: str, zoom: int, x: int, y: int) -> bytes | None:
        """Return a tile as stored (gzip), ``None`` where the archive has none or is not made yet."""
        path = self.path(name)
        if not path.exists() or path.stat().st_size == 0:
            return None
        data = _reader(str(path)).get(zoom, x, y)  # type: ignore[no-untyped-call]
        return None if data is None else bytes(data)


def background(code: str) -> Background | None:
    """Return the background of the territory with this code; ``None`` before its first city file is loaded."""
    fabric = Fabric.objects.filter(territory__code=code).defer("arrays", "findings").select_related("territory").first()
    if fabric is None:
        return None
    territory = fabric.territory
    loads = Load.objects.filter(target__in=[code, territory.system], status=Load.Status.APPLIED)
    changes = Entry.objects.filter(subject_type=territory._meta.label_lower, subject_id=str(territory.pk))
    parts = [
        fabric.inputs_hash,
        loads.exclude(kind="households").aggregate(last=Max("pk"))["last"],
        changes.aggregate(last=Max("pk"))["last"],
    ]
    return Background(territory, hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12])


def make_missing() -> None:
    """Make the backgrounds that are not there: a worker does so when no run waits.

    The map works without. One that cannot be written is logged, and not tried again before the worker starts anew.
    """
    for code in Division.objects.filter(fabrics__isnull=False).distinct().values_list("code", flat=True):
        found = background(code)
        if found is not None and not found.is_made and found.stamp not in _failed:
            try:
                found.make()
            except (OSError, DataSourceError, DataLayerError):
                _failed.add(found.stamp)
                logger.exception("the background of %s could not be made", code)


def _folder() -> Path:
    return Path(settings.HOME) / "tiles"


def _write(territory: Division, name: str, path: Path) -> None:
    rows = _buildings(territory) if name == "buildings" else _base(territory)
    low, high = ARCHIVES[name]
    if not rows:
        # GDAL makes no archive of nothing.
        path.touch()
        return
    shapes, layers, kinds, names = np.array(rows, dtype=object).T
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


@lru_cache(maxsize=16)
def _reader(path: str) -> Reader:
    # The map of the file outlives the file handle.
    with Path(path).open("rb") as file:
        return Reader(MmapSource(file))  # type: ignore[no-untyped-call]
