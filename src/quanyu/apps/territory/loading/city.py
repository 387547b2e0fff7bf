"""Load a city file: buildings become places, lines barriers, the rest the map's backdrop; then the fabric is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.fabric import make_fabric
from quanyu.apps.territory.households import respread
from quanyu.apps.territory.loading import faults, mapping
from quanyu.apps.territory.loading.files import opened, sha256
from quanyu.apps.territory.loading.layers import Layer, check_system, read_layer
from quanyu.apps.territory.loading.reports import Origin, Report, named, open_load, refuse_long, same_load, wait_turn
from quanyu.apps.territory.loading.storing import store_divisions, store_lines, store_places
from quanyu.apps.territory.loading.survey import Survey, survey
from quanyu.apps.territory.models import NAME_LENGTH, CodeSystem, Division, Level
from quanyu.errors import NotFound
from quanyu.values.division_codes import DivisionCode

SHAPE = {
    "buildings": "polygon", "barriers": "line", "roads": "line", "water": "polygon", "landuse": "polygon",
    "pois": "any", "boundaries": "polygon",
}  # fmt: skip


@dataclass(frozen=True)
class CityOptions:
    """What a user states about a city file.

    ``system`` is the coordinate system, never guessed; ``household_size`` turns people per building into households
    (``None``: they stay unknown); ``mapping`` changes the proposed layers and columns; ``leave_out`` drops buildings
    outside every division; ``as_of`` is the day of a later edition.
    """

    system: str
    household_size: float | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    leave_out: bool = False
    as_of: date | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"mapping": dict(self.mapping), "as_of": self.as_of.isoformat() if self.as_of else None}


@dataclass(frozen=True)
class CityFile:
    """A city file as read: its hash, its layers by our names, and the mapping they were read with.

    ``bare`` are layers without rows: the file is taken as not to have them.
    """

    path: Path
    sha256: str
    layers: dict[str, Layer]
    mapping: dict[str, str]
    unused: list[str]
    bare: list[str] = field(default_factory=list)


def territory_of(code: str, name: str = "") -> Division:
    """Return the division of today that a city file is for; a new local one, not yet stored, where a name is given.

    Raises
    ------
    WrongDivisionCode, NotFound, LongStatement
    """
    level = DivisionCode(code).level
    known = Division.objects.filter(code=code, valid_to=None).order_by("system").first()
    if known is not None:
        return known
    if not name:
        mend = _("Load the list of divisions first, or give a name for a territory of your own.")
        raise NotFound(what=_("division"), key=code, mend=mend)
    refuse_long(str(_("Name of the territory")), name, NAME_LENGTH)
    return Division(system=CodeSystem.LOCAL, code=code, name=name, level=Level(level))


def read_city(path: Path, options: CityOptions) -> CityFile:
    """Return the layers of a city file.

    Raises
    ------
    UnreadableFile and its kinds, BadMapping, MissingLayer, UnknownCoordinateSystem, and those of :func:`read_layer`
    """
    digest = sha256(path)
    check_system(options.system)
    with opened(path) as paths:
        sources = mapping.catalogue(path.name, paths)
        names = mapping.complete(path.name, sources, options.mapping)
        by_name = {source.name: source for source in sources}
        if "buildings" not in names:
            raise faults.MissingLayer(file=path.name, layer="buildings", known=", ".join(by_name))
        layers: dict[str, Layer] = {}
        bare: list[str] = []
        for ours in mapping.FORM:
            if ours not in names:
                continue
            columns = {key.partition(".")[2]: name for key, name in names.items() if key.startswith(f"{ours}.")}
            source = by_name[names[ours]]
            try:
                layers[ours] = read_layer(path.name, source, options.system, columns, shape=SHAPE[ours])
            except faults.NoRows:
                if ours == "buildings":
                    raise
                bare.append(source.name)
    used = {names[ours] for ours in layers}
    unused = [name for name in by_name if name not in used and name not in bare]
    return CityFile(path, digest, layers, names, unused, bare)


def look(city: CityFile, territory: Division, options: CityOptions) -> Survey:
    """Return what a city file means for a territory."""
    found = survey(
        city.layers, territory, system=options.system, household_size=options.household_size,
        leave_out=options.leave_out,
    )  # fmt: skip
    if city.bare:
        found.findings.append({"kind": "no_rows", "names": named(city.bare)})
    if city.unused:
        found.findings.append({"kind": "unmapped", "names": named(city.unused)})
    return found


def check_city(path: Path, territory: Division, options: CityOptions) -> Report:
    """Look at a city file and say what it holds; nothing changes."""
    city = read_city(path, options)
    found = look(city, territory, options)
    counts = {"places": len(found.keys), "divisions": len(found.made)}
    counts["households"] = sum(int(each) for each in found.households if each == each)
    counts |= {name: len(layer) for name, layer in city.layers.items() if name not in ("buildings", "boundaries")}
    repeat = same_load("city", territory.code, city.sha256, options.as_dict())
    return Report(
        kind="city", target=territory.code, file=path.name, sha256=city.sha256, counts=counts,
        findings=found.findings, mapping=city.mapping, is_repeat=repeat is not None,
    )  # fmt: skip


def load_city(
    path: Path, territory: Division, options: CityOptions, *, origin: Origin, actor: User | None, at: datetime
) -> Load:
    """Take a city file in for a territory, in one transaction; the same file a second time changes nothing.

    Another file is a new edition: see :func:`store_places`.

    Raises
    ------
    InvalidInput
        One of its kinds, naming file, layer, row and the mend; nothing is loaded then.
    """
    require(actor, "territory.load")
    if (last := same_load("city", territory.code, sha256(path), options.as_dict())) is not None:
        return last
    return store_city(read_city(path, options), territory, options, origin=origin, actor=actor, at=at)


@transaction.atomic
def store_city(
    city: CityFile, territory: Division, options: CityOptions, *, origin: Origin, actor: User | None, at: datetime
) -> Load:
    """Store what was read from a city file, make the fabric, and spread the known official totals again.

    What was stored meanwhile, while the file was read, is not stored twice.
    """
    require(actor, "territory.load")
    wait_turn("city", territory.code)
    if (last := same_load("city", territory.code, city.sha256, options.as_dict())) is not None:
        return last
    if territory._state.adding:
        territory = territory_of(territory.code, territory.name)
    if territory._state.adding:
        territory.save()
        trail.record(
            actor, "division.made", territory, at=at, after=trail.snapshot(territory, "system", "code", "name")
        )
    territory = Division.objects.select_for_update().get(pk=territory.pk)
    found = look(city, territory, options)
    load = open_load(
        "city", territory.code, city.path, city.sha256, options.as_dict(), origin=origin, actor=actor, at=at
    )
    store_divisions(found, territory, load, is_made_up=origin.is_made_up)
    day = options.as_of or timezone.localdate(at)
    places = store_places(found, territory, load, day=day, begins=options.as_of, is_made_up=origin.is_made_up)
    load.counts = {"places": len(found.keys), **places, "divisions": len(found.made)}
    load.counts |= store_lines(city.layers, territory, load)
    fabric = make_fabric(territory, at=at)
    load.findings = [*found.findings, *fabric.findings]
    if (made := respread(territory)) is not None:
        load.counts |= made.counts(made.shares)
        load.findings += made.findings
    load.save(update_fields=["counts", "findings"])
    after = {"file": city.path.name, "sha256": city.sha256, **load.counts}
    trail.record(actor, "city.loaded", load, at=at, after=after)
    return load
