"""Read a table (CSV, CSV.gz or xlsx) as rows that know their number, with columns found by any of their names."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from quanyu.apps.territory.loading import faults
from quanyu.apps.territory.loading.files import check_archive, check_size, limit_bytes, swelling
from quanyu.errors import QuanyuError
from quanyu.values.columns import plain
from quanyu.values.numbers import number_in, read_number

FORMS = "CSV, CSV.gz, xlsx"
# No count or area of a building, or of a division, is larger.
MOST = 100_000_000
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Row:
    """A row of a table: its number as a spreadsheet shows it, and its cells as text by the names of our columns."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """A table: its file, the names its columns have there, and its rows."""

    file: str
    sheet: str
    names: dict[str, str]
    rows: list[Row]

    def count(self, row: Row, column: str, found: list[QuanyuError]) -> int | None:
        """Return a cell as a count, ``None`` where it is empty; a fault is added to ``found``."""
        place = {"file": self.file, "layer": self.sheet, "row": row.number, "column": self.names.get(column, column)}
        return whole_number(row[column], place, found)


def whole_number(text: str, place: Mapping[str, Any], found: list[QuanyuError]) -> int | None:
    """Return a text as a count, ``None`` where it is empty or at fault; a fault at ``place`` is added to ``found``."""
    number = _number(text, place, found, is_count=True)
    return None if number is None else int(number)


def measured(text: str, place: Mapping[str, Any], found: list[QuanyuError]) -> float | None:
    """Return a text as a measured number, as :func:`whole_number` does a count."""
    return _number(text, place, found, is_count=False)


def _number(text: str, place: Mapping[str, Any], found: list[QuanyuError], *, is_count: bool) -> float | None:
    try:
        number = read_number(text)
    except ValueError:
        kind, example = (faults.NotANumber, "300") if is_count else (faults.NotAMeasure, "120.5")
        found.append(kind(**place, value=text, suggestion=number_in(text) or example))
        return None
    fault = None if number is None else number_fault(number, place, text, is_count=is_count)
    if fault is not None:
        found.append(fault)
        return None
    return number


def number_fault(number: float, place: Mapping[str, Any], text: str, *, is_count: bool) -> QuanyuError | None:
    """Return what is wrong with a number that a cell holds as ``text``, ``None`` where nothing is."""
    if number < 0:
        return faults.NegativeNumber(**place, value=text)
    if number > MOST:
        return faults.NumberTooLarge(**place, value=text, most=f"{MOST:,}")
    if is_count and number != int(number):
        return faults.NotANumber(**place, value=text, suggestion=round(number))
    return None


def read_table(path: Path, columns: Mapping[str, Iterable[str]], *, required: Iterable[str]) -> Table:
    """Return a table with the columns of ``columns`` (ours → names it may have in a file).

    Raises
    ------
    UnreadableFile and its kinds, MissingColumn, NoRows
    """
    check_size(path)
    sheet, lines = _xlsx(path) if path.suffix.lower() == ".xlsx" else ("table", _csv(path))
    header = next(lines, (0, []))[1]
    known = {plain(name): index for index, name in reversed(list(enumerate(header))) if name.strip()}
    places: dict[str, int] = {}
    for column, aliases in columns.items():
        index = next((known[plain(alias)] for alias in (column, *aliases) if plain(alias) in known), None)
        if index is not None:
            places[column] = index
    for column in required:
        if column not in places:
            names = ", ".join(dict.fromkeys((column, *columns[column])))
            raise faults.MissingColumn(
                file=path.name, layer=sheet, column=column, known=", ".join(filter(None, header)) or "—",
                names=names,
            )  # fmt: skip
    rows = [
        Row(number, {column: _text(cells, index) for column, index in places.items()})
        for number, cells in lines
        if any(cell.strip() for cell in cells)
    ]
    if not rows:
        raise faults.NoRows(file=path.name, layer=sheet)
    return Table(path.name, sheet, {column: header[index] for column, index in places.items()}, rows)


def _text(cells: list[str], index: int) -> str:
    return cells[index].strip() if index < len(cells) else ""


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    raw = _unpacked(path) if path.suffix.lower() == ".gz" else path.read_bytes()
    text = decoded(raw, path.name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise faults.UnreadableFile(file=path.name, forms=FORMS) from error


def _unpacked(path: Path) -> bytes:
    """Return the content of a gzip file, no more of it than a plain file may have."""
    try:
        with gzip.open(path) as stream:
            raw = stream.read(limit_bytes() + 1)
    except (OSError, EOFError) as error:
        raise faults.UnreadableFile(file=path.name, forms=FORMS) from error
    if len(raw) > limit_bytes():
        raise swelling(path, path.stem, len(raw), path.stat().st_size)
    return raw


def decoded(raw: bytes, file: str) -> str:
    """Return the text of a file with this name.

    Raises
    ------
    UnreadableFile
        It is no text.
    """
    if b"\0" in raw[:4096]:
        raise faults.UnreadableFile(file=file, forms=FORMS)
    # Spreadsheets of Chinese offices write GB 18030; everything else UTF-8.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise faults.UnreadableFile(file=file, forms=FORMS)


def _xlsx(path: Path) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    if not zipfile.is_zipfile(path):
        raise faults.UnreadableFile(file=path.name, forms=FORMS)
    check_archive(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = list(sheet.iter_rows(values_only=True, max_row=MOST_ROWS))
        title = str(sheet.title)
        book.close()
    except (OSError, KeyError, ValueError, IndexError, zipfile.BadZipFile, SyntaxError) as error:
        raise faults.UnreadableFile(file=path.name, forms=FORMS) from error
    return title, ((number, [_cell(value) for value in row]) for number, row in enumerate(rows, start=1))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
