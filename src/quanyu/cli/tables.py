"""Tables that engine verbs read: CSV in UTF-8 or GB 18030, each row with its line, each fault with its cell."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quanyu.errors import BrokenFile, EmptyInput, MissingColumn, UnreadableCell

if TYPE_CHECKING:
    from quanyu.engines.arrays import FloatArray, IntArray

METRES, DEGREES = ("x", "y"), ("lon", "lat")
MOST = 2**40
# The encodings that spreadsheets write; those of Chinese offices the second.
ENCODINGS = ("utf-8-sig", "gb18030")


class Table:
    """A CSV file with named columns; a row is known by its line.

    Attributes
    ----------
    file : as the caller names it, ``-`` being standard input
    columns : their names, as the first row has them
    rows : the cells of each row below it, by column, without blanks around them
    lines : the line of the file that each row ends on
    """

    def __init__(self, file: str | Path) -> None:
        """Read a file.

        Raises
        ------
        BrokenFile
            It is no text, a column stands twice, or a row has more or fewer cells than the first.
        EmptyInput
            It has no row below the first.
        """
        self.file = str(file)
        reader = csv.reader(io.StringIO(read_text(self.file), newline=""), strict=True)
        try:
            rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
        except csv.Error as error:
            raise BrokenFile(file=self.file, row=reader.line_num, value=str(error), expected="rows of cells") from error
        if len(rows) < 2:
            raise EmptyInput(name=self.file)
        self.columns = rows[0][1]
        if twice := next((name for name in self.columns if self.columns.count(name) > 1), None):
            raise BrokenFile(file=self.file, row=1, value=f"two columns {twice}", expected="a name for each column")
        for line, cells in rows[1:]:
            if len(cells) != len(self.columns):
                expected = f"{len(self.columns)} cells, as many as the first row has"
                raise BrokenFile(file=self.file, row=line, value=f"{len(cells)} cells", expected=expected)
        self.lines = [line for line, _ in rows[1:]]
        self.rows = [dict(zip(self.columns, cells, strict=True)) for _, cells in rows[1:]]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def has_degrees(self) -> bool:
        """Whether places are given as lon, lat and not in metres."""
        return set(DEGREES) <= set(self.columns) and not set(METRES) <= set(self.columns)

    def column(self, name: str) -> list[str]:
        """Return the cells of a column."""
        if name not in self.columns:
            raise MissingColumn(file=self.file, column=name, value=", ".join(self.columns))
        return [row[name] for row in self.rows]

    def require_free(self, *names: str) -> None:
        """Refuse a table that has a column of the name of one to be added."""
        if taken := next((name for name in names if name in self.columns), None):
            raise BrokenFile(file=self.file, row=1, value=f"a column {taken}", expected="another name for it")

    def keys(self) -> list[str]:
        """Return the cells of the first column, which must be filled and all different."""
        column, seen = self.columns[0], set[str]()
        cells = self.column(column)
        for row, key in enumerate(cells):
            if not key or key in seen:
                raise self.fault(row, column, "a name that no other row has")
            seen.add(key)
        return cells

    def name(self, row: int) -> str | int:
        """Return the ``id`` of a row; its number, from 1 on, where there is none."""
        return self.rows[row]["id"] if "id" in self.columns else row + 1

    def numbers(self, column: str) -> FloatArray:
        """Return a column of finite numbers."""
        import numpy as np

        values = self._values(column)
        if (bad := ~np.isfinite(values)).any():
            raise self.fault(int(np.argmax(bad)), column, "a number")
        return values

    def counts(self, column: str, *, low: int = 0) -> IntArray:
        """Return a column of whole numbers of ``low`` or more."""
        import numpy as np

        values = self._values(column)
        bad = ~((values == np.floor(values)) & (values >= low) & (values <= MOST))
        if bad.any():
            raise self.fault(int(np.argmax(bad)), column, f"a whole number from {low} to {MOST}")
        return values.astype(np.int64)

    def _values(self, column: str) -> FloatArray:
        """Return the numbers of a column, NaN for what is none."""
        import numpy as np

        return np.array([_number(text) for text in self.column(column)])

    def whole(self, column: str) -> IntArray | None:
        """Return a column of whole numbers of 0 or more; nothing where the file has no such column."""
        return self.counts(column) if column in self.columns else None

    def marked(self, column: str) -> IntArray:
        """Return the rows whose number in a column is not 0; none where the file has no such column."""
        import numpy as np

        values = self.whole(column)
        return np.empty(0, dtype=np.int64) if values is None else np.flatnonzero(values)

    def places(self, column: str, known: Iterable[str], file: str, *, may_be_empty: bool = False) -> IntArray:
        """Return where the names in a column stand among those ``known`` from ``file``, −1 for an empty cell."""
        import numpy as np

        place = {key: i for i, key in enumerate(known)}
        if may_be_empty:
            place.setdefault("", -1)
        cells = self.column(column)
        for row, text in enumerate(cells):
            if text not in place:
                raise self.fault(row, column, f"a name in the first column of {file}")
        return np.array([place[text] for text in cells], dtype=np.int64)

    def points(self, columns: tuple[str, str]) -> FloatArray:
        """Return two columns of numbers, a row each."""
        import numpy as np

        return np.column_stack([self.numbers(name) for name in columns])

    def degrees(self, columns: tuple[str, str] = DEGREES) -> FloatArray:
        """Return longitudes and latitudes; one beyond the globe is refused."""
        import numpy as np

        values = self.points(columns)
        bad = np.argwhere(np.abs(values) > (180.0, 90.0))
        if len(bad):
            row, axis = bad[0].tolist()
            limit = (180, 90)[axis]
            raise self.fault(row, columns[axis], f"degrees from -{limit} to {limit}")
        return values

    def fault(self, row: int, column: str, expected: str) -> UnreadableCell:
        """Return what is wrong with a cell."""
        value = self.rows[row][column]
        return UnreadableCell(file=self.file, row=self.lines[row], column=column, value=value, expected=expected)


def read_text(file: str) -> str:
    """Return the text of a file, ``-`` being standard input: UTF-8, or else as Chinese spreadsheets write it."""
    with click.open_file(file, "rb") as stream:
        raw: bytes = stream.read()
    for encoding in ENCODINGS if b"\0" not in raw else ():
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BrokenFile(file=file, row=1, value="no text in UTF-8 or GB 18030", expected="a text file")


def write_table(out: Path, header: list[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file, or to standard output."""
    with click.open_file(str(out), "w", encoding="utf-8") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
