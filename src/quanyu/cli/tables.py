"""Tables that engine verbs read: CSV in UTF-8 or GB 18030, each row with its line, each fault with its cell."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from quanyu.errors import InvalidInput

# The encodings that spreadsheets write; those of Chinese offices the second.
ENCODINGS = ("utf-8-sig", "gb18030")


class UnreadableTable(InvalidInput):
    """A table that an engine verb cannot read, or that lacks a column."""

    code = "unreadable_table"
    template = "%(file)s cannot be used: it %(detail)s."


class BadCell(InvalidInput):
    """A cell does not hold what its column is for."""

    code = "bad_cell"
    template = "%(file)s, row %(row)s, column %(column)s: “%(value)s” cannot be used. %(mend)s"


@dataclass(frozen=True)
class Table:
    """A table: its file, the names of its columns, and its rows of cells, each with its line."""

    file: str
    header: list[str]
    rows: list[tuple[int, list[str]]]

    def column(self, name: str) -> list[str]:
        """Return the cells of a column."""
        if name not in self.header:
            raise UnreadableTable(file=self.file, detail=f"has no column {name}, only {', '.join(self.header)}")
        at = self.header.index(name)
        return [cells[at] for _, cells in self.rows]

    def names(self) -> list[str]:
        """Return the cells of the first column, which must be filled and all different."""
        names, seen = self.column(self.header[0]), set[str]()
        for i, name in enumerate(names):
            if not name or name in seen:
                mend = "Give every row a name." if not name else "It names another row already."
                raise self.fault(self.header[0], i, name, mend)
            seen.add(name)
        return names

    def numbers(self, name: str) -> list[float]:
        """Return a column of finite numbers."""
        values = [_number(text) for text in self.column(name)]
        for i, value in enumerate(values):
            if not math.isfinite(value):
                raise self.fault(name, i, self.column(name)[i], "Give a number.")
        return values

    def counts(self, name: str, *, low: int = 0) -> list[int]:
        """Return a column of whole numbers of ``low`` or more."""
        values = self.numbers(name)
        for i, value in enumerate(values):
            if value != int(value) or value < low:
                mend = f"Give a whole number of at least {low}, in a finer unit if need be."
                raise self.fault(name, i, self.column(name)[i], mend)
        return [int(value) for value in values]

    def places(self, name: str, known: Iterable[str], file: str, *, may_be_empty: bool = False) -> list[int]:
        """Return where the names in a column stand among those ``known`` from ``file``, −1 for an empty cell."""
        place = {key: i for i, key in enumerate(known)}
        if may_be_empty:
            place.setdefault("", -1)
        cells = self.column(name)
        for i, text in enumerate(cells):
            if text not in place:
                raise self.fault(name, i, text, f"There is no such row in {file}.")
        return [place[text] for text in cells]

    def fault(self, column: str, i: int, value: str, mend: str) -> BadCell:
        """Return what is wrong with a cell."""
        return BadCell(file=self.file, row=self.rows[i][0], column=column, value=value, mend=mend)


def read_table(file: Path) -> Table:
    """Return the table of a CSV file.

    Raises
    ------
    UnreadableTable
        It is empty or no text, a column stands twice, or a row has more or fewer cells than the header.
    """
    try:
        lines = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
        rows = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines if any(cells)]
    except csv.Error as error:
        raise UnreadableTable(file=file.name, detail=f"is no CSV file ({error})") from error
    if len(rows) < 2:
        raise UnreadableTable(file=file.name, detail="has no rows below a header")
    header = rows[0][1]
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise UnreadableTable(file=file.name, detail=f"has two columns {twice}; give one another name")
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            detail = f"has {len(cells)} cells in row {line}, and {len(header)} in its header; mend or quote them"
            raise UnreadableTable(file=file.name, detail=detail)
    return Table(file.name, header, rows[1:])


def write_table(out: Path, header: list[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file, or to standard output."""
    with click.open_file(str(out), "w", encoding="utf-8") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _text(file: Path) -> str:
    raw = file.read_bytes()
    for encoding in ENCODINGS if b"\0" not in raw else ():
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableTable(file=file.name, detail="is no text; save it as CSV, in UTF-8 or GB 18030")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
