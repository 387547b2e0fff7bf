"""Load the codes that another official system gives to divisions: two systems disagree for some towns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.db import transaction

from quanyu.apps.accounts.models import User
from quanyu.apps.accounts.permissions import require
from quanyu.apps.audit import trail
from quanyu.apps.registers.models import Load
from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.files import sha256
from quanyu.apps.territory.loading.reports import Origin, open_load, same_load, wait_turn
from quanyu.apps.territory.loading.tables import read_table
from quanyu.apps.territory.models import CodeAlias, Division
from quanyu.errors import QuanyuError
from quanyu.values.division_codes import DivisionCode


@transaction.atomic
def load_aliases(
    path: Path, *, system: str, other: str, origin: Origin | None = None, actor: User | None, at: datetime
) -> Load:
    """Take a table of two codes per division in: ``code`` in ``system``, ``other_code`` in ``other``.

    Raises
    ------
    FaultyFile and its parts
    """
    require(actor, "territory.load")
    digest = sha256(path)
    options = {"system": system, "other": other}
    wait_turn("aliases", system)
    if (last := same_load("aliases", system, digest, options)) is not None:
        return last
    columns = {"code": (f"code_{system}", f"code_{system}_2023"), "other_code": (f"code_{other}",)}
    table = read_table(path, columns, required=("code", "other_code"))
    known = dict(Division.objects.filter(system=system, valid_to=None).values_list("code", "pk"))
    found: list[QuanyuError] = []
    rows: dict[int, str] = {}
    for row in table.rows:
        place = {"file": table.file, "layer": table.sheet, "row": row.number, "column": table.names["code"]}
        if row["code"] not in known:
            found.append(faults.UnknownDivision(**place, value=row["code"] or "''", territory=system))
            continue
        rows[known[row["code"]]] = DivisionCode(row["other_code"]).text
    faults.refuse(path.name, found)
    load = open_load("aliases", system, path, digest, options, origin=origin, actor=actor, at=at)
    CodeAlias.objects.filter(division__in=rows, system=other).delete()
    CodeAlias.objects.bulk_create(
        CodeAlias(division_id=pk, system=other, code=code, load=load) for pk, code in rows.items()
    )
    load.counts = {"aliases": len(rows)}
    load.save(update_fields=["counts"])
    trail.record(actor, "aliases.loaded", load, at=at, after={"file": path.name, "sha256": digest, **load.counts})
    return load
