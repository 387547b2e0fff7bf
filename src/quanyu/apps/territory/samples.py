"""The sample territories of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from quanyu.apps.accounts.models import User
from quanyu.apps.registers.models import Source
from quanyu.apps.territory.loading.city import load_city
from quanyu.apps.territory.models import CodeSystem, Division, Level

FOLDER = Path(__file__).resolve().parents[2] / "samples"


@dataclass(frozen=True)
class Sample:
    """A territory that comes with the product: its file, its code, and what must be said of it."""

    name: str
    code: str
    file: str
    household_size: float | None
    source: str
    attribution: str
    licence: str


SAMPLES = {
    "vologda": Sample(
        name="沃洛格达 Vologda",
        code="900101000000",
        file="vologda/vologda.gpkg",
        # A usual size of households there; the people per building are modelled by the source.
        household_size=2.5,
        source="Vologda, blocksnet sample",
        attribution="© OpenStreetMap contributors; © 2023 iduprojects",
        licence="ODbL 1.0; BSD-3-Clause",
    ),
}


def load_sample(name: str, *, at: datetime, actor: User | None = None) -> Division:
    """Load a sample territory and return its division; a second call changes nothing."""
    sample = SAMPLES[name]
    territory, _ = Division.objects.get_or_create(
        system=CodeSystem.LOCAL, code=sample.code, valid_to=None, defaults={"name": sample.name, "level": Level.COUNTY}
    )
    source, _ = Source.objects.get_or_create(
        name=sample.source, defaults={"attribution": sample.attribution, "licence": sample.licence}
    )
    load_city(
        FOLDER / sample.file, territory, system="EPSG:4326", household_size=sample.household_size, source=source,
        actor=actor, at=at,
    )  # fmt: skip
    return territory
