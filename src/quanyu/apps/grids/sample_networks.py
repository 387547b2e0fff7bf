"""Four departments' networks for a sample territory, made up: drawn by different norms and seeds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from django.db import transaction

from quanyu.apps.grids import drawing
from quanyu.apps.grids.ground import Ground
from quanyu.apps.grids.norms import Norms
from quanyu.apps.grids.reading import read_ground
from quanyu.apps.territory.fabric import current_fabric
from quanyu.apps.territory.loading.departments import Grids, StatedNetwork, load_items, store_network
from quanyu.apps.territory.loading.reports import Origin
from quanyu.apps.territory.models import DepartmentNetwork, Division, Fabric
from quanyu.engines.spatial import dissolve, unproject
from quanyu.samples import FOLDER

MADE_UP = Origin("Departments' grids, made up", "虚构数据 · made up", "Apache-2.0", is_made_up=True)
ITEMS = FOLDER / "networks" / "service_items.csv"


@dataclass(frozen=True)
class Department:
    """A department and how it drew its grids; ``leaves_out`` grids are missing in its file."""

    code: str
    name: str
    norms: Norms
    leaves_out: int = 0


# Steps enough for grids that look drawn; each department thought of another size, and not all of the railway.
DEPARTMENTS = (
    Department("party", "党建网格", Norms(lower=250, upper=600, seed=11, steps=20_000)),
    Department("governance", "综治网格", Norms(lower=300, upper=500, seed=12, steps=20_000)),
    Department(
        "city", "城管网格", Norms(lower=500, upper=1200, seed=13, steps=20_000, barriers=("waterway",)), leaves_out=2
    ),
    Department("services", "公共服务网格", Norms(lower=400, upper=900, seed=14, steps=20_000, exclusive_kinds=())),
)  # fmt: skip


def make_networks(territory: Division, *, at: datetime) -> None:
    """Give a territory four departments' networks and a list of service items; a second call changes nothing."""
    fabric = current_fabric(territory)
    if DepartmentNetwork.objects.filter(territory=territory).exists():
        return
    ground = read_ground(fabric, None)
    with transaction.atomic():
        for department in DEPARTMENTS:
            _make(department, territory, fabric, ground, at)
        load_items(ITEMS, territory, origin=MADE_UP, actor=None, at=at)


def _make(department: Department, territory: Division, fabric: Fabric, ground: Ground, at: datetime) -> None:
    drawn = drawing.draw(ground, department.norms, lambda _stage, _fraction, _best: True)
    shapes = dissolve(drawn.atoms.cells, drawn.labels)
    kept = np.arange(len(shapes))[: len(shapes) - department.leaves_out]
    codes = [f"{department.code.upper()}-{row + 1:03d}" for row in kept.tolist()]
    found = Grids(unproject(shapes[kept], fabric.projection), codes, [""] * len(kept), [])
    stated = StatedNetwork(territory, department.code, department.name, "WGS84")
    path = Path(f"{department.code}-made-up")
    digest = hashlib.sha256(repr((department, territory.code)).encode()).hexdigest()
    store_network(stated, found, path, digest, origin=MADE_UP, actor=None, at=at)
