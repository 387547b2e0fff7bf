"""Read a list of divisions and tell every fault of every row."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.tables import Row, Table, read_table
from quanyu.apps.territory.models import NAME_LENGTH, CodeSystem, Division, Level
from quanyu.errors import QuanyuError
from quanyu.values.division_codes import LEVELS, DivisionCode, WrongDivisionCode

COLUMNS = {
    "code": ("区划代码", "统计用区划代码", "代码"),
    "name": ("名称", "区划名称"),
    "level": ("级别", "层级"),
    "parent_code": ("上级代码", "parent"),
    "urban_rural": ("城乡分类代码", "城乡分类"),
    "unit_type": ("类型",),
}
WORDS = {
    "省": "province", "市": "prefecture", "县": "county", "区": "county", "乡": "town", "镇": "town", "街道": "town",
    "乡镇": "town", "村": "village", "社区": "village", "村社区": "village",
}  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A row of a list of divisions that has passed every check; ``parent`` is a code, '' for a top row."""

    code: str
    name: str
    level: str
    parent: str
    urban_rural: str
    unit_type: str


def read_list(path: Path, system: str) -> list[Listed]:
    """Return the rows of a list of divisions.

    Raises
    ------
    FaultyFile
        All faults of all rows together.
    """
    table = read_table(path, COLUMNS, required=("code", "name", "level"))
    found: list[QuanyuError] = []
    rows: dict[str, tuple[Row, Listed]] = {}
    for row in table.rows:
        listed = _listed(table, row, found)
        if listed is None:
            continue
        if listed.code in rows:
            first = rows[listed.code][0].number
            found.append(faults.RepeatedCode(file=table.file, row=row.number, value=listed.code, first=first))
        else:
            rows[listed.code] = (row, listed)
    loaded = set(Division.objects.filter(system=system, valid_to=None).values_list("code", flat=True))
    for row, listed in rows.values():
        if listed.parent and listed.parent not in rows and listed.parent not in loaded:
            stated = bool(row["parent_code"])
            if stated or system != CodeSystem.LOCAL:
                found.append(
                    faults.MissingParent(file=table.file, row=row.number, code=listed.code, value=listed.parent)
                )
    found.sort(key=lambda fault: int(fault.params["row"]))
    faults.refuse(table.file, found)
    return [listed for _, listed in rows.values()]


def _listed(table: Table, row: Row, found: list[QuanyuError]) -> Listed | None:
    place = {"file": table.file, "row": row.number}
    code = _code(table, row, "code", found)
    level = unicodedata.normalize("NFKC", row["level"]).casefold()
    level = WORDS.get(level, level)
    name, stated = row["name"], table.names["level"]
    if level not in LEVELS:
        known = ", ".join([*LEVELS, *WORDS])
        found.append(faults.UnknownLevel(**place, column=stated, value=row["level"] or "''", known=known))
    if not name:
        found.append(faults.EmptyCell(**place, layer=table.sheet, column=table.names["name"]))
    if len(name) > NAME_LENGTH:
        found.append(
            faults.LongCell(
                **place, layer=table.sheet, column=table.names["name"], value=name[:20], length=len(name),
                most=NAME_LENGTH,
            )
        )  # fmt: skip
        return None
    if code is None or level not in LEVELS or not name:
        return None
    if code.level != level:
        expected = str(Level(code.level).label)
        found.append(
            faults.LevelDisagrees(**place, column=stated, code=code.text, value=row["level"], expected=expected)
        )
        return None
    derived = code.parent.text if code.parent else ""
    if row["parent_code"]:
        parent = _code(table, row, "parent_code", found)
        if parent is None:
            return None
        if parent.text != derived:
            found.append(
                faults.WrongParent(
                    **place, column=table.names["parent_code"], code=code.text, level=str(Level(level).label),
                    value=parent.text, parent_level=str(Level(parent.level).label), expected=derived or "—",
                )
            )  # fmt: skip
            return None
    return Listed(code.text, name, level, derived, row["urban_rural"][:3], row["unit_type"][:30])


def _code(table: Table, row: Row, column: str, found: list[QuanyuError]) -> DivisionCode | None:
    text = unicodedata.normalize("NFKC", row[column])
    place = {"file": table.file, "row": row.number, "column": table.names[column], "value": text or "''"}
    if len(text) != 12:
        found.append(faults.WrongCodeLength(**place, length=len(text)))
        return None
    try:
        return DivisionCode(text)
    except WrongDivisionCode:
        found.append(faults.NoDivisionCode(**place))
        return None
