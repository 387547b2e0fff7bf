"""Files handed in on a page: kept aside, looked at, and taken in when their sender confirms; swept away after a day."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.boundaries import check_boundaries, load_boundaries
from quanyu.apps.territory.loading.city import CityOptions, check_city, load_city, territory_of
from quanyu.apps.territory.loading.departments import (
    StatedNetwork,
    check_items,
    check_network,
    load_items,
    load_network,
)
from quanyu.apps.territory.loading.divisions import check_divisions, load_divisions
from quanyu.apps.territory.loading.files import limit_bytes
from quanyu.apps.territory.loading.households import check_households, load_households
from quanyu.apps.territory.loading.reports import Origin, Report
from quanyu.errors import NotFound

KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Stated:
    """What the sender states beside the file; a kind of load takes what it needs of it."""

    kind: str
    system: str = ""
    coordinates: str = ""
    territory: str = ""
    name: str = ""
    code: str = ""
    household_size: float | None = None
    leave_out: bool = False
    as_of: str = ""
    source: str = ""
    attribution: str = ""
    licence: str = ""
    mapping: dict[str, str] = field(default_factory=dict)

    @property
    def day(self) -> date | None:
        return date.fromisoformat(self.as_of) if self.as_of else None

    @property
    def origin(self) -> Origin | None:
        return Origin(self.source, self.attribution or self.source, self.licence) if self.source else None

    @property
    def network(self) -> StatedNetwork:
        return StatedNetwork(territory_of(self.territory), self.code, self.name, self.coordinates)

    @property
    def city(self) -> CityOptions:
        return CityOptions(self.coordinates, self.household_size, self.mapping, self.leave_out, self.day)


def look(path: Path, stated: Stated, *, at: datetime) -> Report:
    """Look at a file as its kind asks; nothing changes."""
    if stated.kind == "divisions":
        return check_divisions(path, system=stated.system, as_of=stated.day, at=at)
    if stated.kind == "boundaries":
        return check_boundaries(path, system=stated.system, coordinates=stated.coordinates)
    if stated.kind == "network":
        return check_network(path, stated.network)
    if stated.kind == "service_items":
        return check_items(path, territory_of(stated.territory))
    territory = territory_of(stated.territory, stated.name)
    if stated.kind == "city":
        return check_city(path, territory, stated.city)
    return check_households(path, territory, as_of=stated.day)


def take_in(path: Path, stated: Stated, *, actor: User | None, at: datetime) -> Load:
    """Load a file as its kind asks: the same verbs that the command line calls."""
    origin = stated.origin
    if stated.kind == "divisions":
        return load_divisions(path, system=stated.system, as_of=stated.day, origin=origin, actor=actor, at=at)
    if stated.kind == "boundaries":
        return load_boundaries(
            path, system=stated.system, coordinates=stated.coordinates, origin=origin, actor=actor, at=at
        )
    if stated.kind == "network":
        return load_network(path, stated.network, origin=origin, actor=actor, at=at)
    if stated.kind == "service_items":
        return load_items(path, territory_of(stated.territory), origin=origin, actor=actor, at=at)
    territory = territory_of(stated.territory, stated.name)
    if stated.kind == "city":
        if origin is None:
            raise faults.IncompleteOptions(field=_("Source"), mend=_("Say where the file comes from."))
        return load_city(path, territory, stated.city, origin=origin, actor=actor, at=at)
    return load_households(path, territory, as_of=stated.day, origin=origin, actor=actor, at=at)


def keep(name: str, size: int, chunks: Iterable[bytes], stated: Stated, *, actor: User, at: datetime) -> Load:
    """Keep a file aside, look at it, and return its record; a file at fault is not kept.

    A city file that only lacks a layer or column by the names known is kept, for its sender to map them.

    Raises
    ------
    FileTooLarge and whatever the look finds
    """
    require(actor, "territory.load")
    sweep(at=at)
    name = PurePath(name).name[-120:]
    if size > limit_bytes():
        limit = settings.QUANYU_UPLOAD_LIMIT_MB
        raise faults.FileTooLarge(file=name, megabytes=size // 2**20, limit=limit)
    with transaction.atomic():
        record = Load.objects.create(
            kind=stated.kind, file_name=name, sha256="", options=_options(stated), status=Load.Status.CHECKED,
            made_by=actor, made_at=at,
        )  # fmt: skip
        path = path_of(record)
        try:
            path.parent.mkdir(parents=True)
            with path.open("wb") as sink:
                for chunk in chunks:
                    sink.write(chunk)
            _note(record, look(path, stated, at=at))
        except (faults.MissingLayer, faults.MissingColumn):
            if stated.kind != "city":
                shutil.rmtree(path.parent, ignore_errors=True)
                raise
        except BaseException:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
    return record


def look_again(record: Load, mapping: dict[str, str], *, at: datetime) -> Report:
    """Look at a kept file with another mapping, which is kept even where it does not fit."""
    stated = stated_of(record)
    stated = Stated(**{**_options(stated), "mapping": mapping})
    record.options = _options(stated)
    record.save(update_fields=["options"])
    report = look(path_of(record), stated, at=at)
    _note(record, report)
    return report


@transaction.atomic
def confirm(record: Load, *, actor: User, at: datetime) -> Load:
    """Take a kept file in, and put nothing by but the load."""
    require(actor, "territory.load")
    record = _still_kept(record)
    made = take_in(path_of(record), stated_of(record), actor=actor, at=at)
    discard(record)
    return made


def _still_kept(record: Load) -> Load:
    """Lock a kept file's record; a second press finds that the first has taken it in."""
    locked = Load.objects.select_for_update().filter(pk=record.pk, status=Load.Status.CHECKED).first()
    if locked is None:
        mend = _("It has been taken in or thrown away already.")
        raise NotFound(what=_("file"), key=record.file_name, mend=mend)
    return locked


def discard(record: Load) -> None:
    """Throw a kept file away."""
    folder = path_of(record).parent
    record.delete()
    transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))


def sweep(*, at: datetime) -> int:
    """Throw away what was kept for more than a day; return how many."""
    old = list(Load.objects.filter(status=Load.Status.CHECKED, made_at__lt=at - KEPT))
    for record in old:
        discard(record)
    return len(old)


def path_of(record: Load) -> Path:
    """Return where a kept file lies."""
    return Path(settings.HOME) / "uploads" / str(record.pk) / record.file_name


def stated_of(record: Load) -> Stated:
    """Return what was stated with a kept file.

    Raises
    ------
    NotFound
        The file has been swept away.
    """
    if not path_of(record).exists():
        raise NotFound(what=_("file"), key=record.file_name, mend=_("It was kept for a day; hand it in again."))
    return Stated(**record.options)


def _options(stated: Stated) -> dict[str, Any]:
    return {name: getattr(stated, name) for name in Stated.__dataclass_fields__}


def _note(record: Load, report: Report) -> None:
    record.target, record.sha256 = report.target, report.sha256
    record.counts, record.findings = report.counts, report.findings
    record.save()
