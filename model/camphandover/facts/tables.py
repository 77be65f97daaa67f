"""CSV files read cell by cell: a bad cell is a fault with its row, and reading goes on."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from camphandover.errors import Fault


class Row:
    """One row of a table; the methods convert a cell, and note a fault if it cannot be done.

    What a method returns after a fault has the right type and no meaning: the table's faults
    are raised before anybody uses it.
    """

    def __init__(self, file: str, line: int, cells: dict[str, str], faults: list[Fault]) -> None:
        """A row of a file, its line in it, and the list that takes its faults."""
        self.file = file
        self.line = line
        self.cells = cells
        self._faults = faults

    def fault(self, what: str, right: str) -> None:
        """Note a fault of this row."""
        self._faults.append(Fault(self.file, f"row {self.line}", what, right))

    def text(self, column: str) -> str:
        """A cell that may not be empty."""
        value = self.cells[column]
        if not value:
            self.fault(f"{column} is empty", "every row has one")
        return value

    def choice(self, column: str, options: Sequence[str]) -> str:
        """One of some words."""
        value = self.cells[column]
        if value not in options:
            self.fault(f"{column} is {value!r}", "one of " + ", ".join(options))
        return value

    def number(self, column: str, low: float, high: float) -> float:
        """A number between two bounds, both allowed."""
        try:
            value = float(self.cells[column])
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            wanted = f"a number from {low:g} to {high:g}"
            self.fault(f"{column} is {self.cells[column]!r}", wanted)
            return low
        return value

    def integer(self, column: str, low: int, high: int) -> int:
        """A whole number between two bounds, both allowed."""
        value = self.cells[column]
        if not value.isdecimal() or not low <= int(value) <= high:
            self.fault(f"{column} is {value!r}", f"a whole number from {low} to {high}")
            return low
        return int(value)

    def flag(self, column: str) -> bool:
        """0 or 1."""
        return self.choice(column, ("0", "1")) == "1"

    def day(self, column: str) -> date:
        """An ISO date."""
        value = self.cells[column]
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fault(f"{column} is {value!r}", "a date such as 2023-08-31")
            return date.min

    def known(self, column: str) -> bool:
        """Whether the cell says anything (an empty cell means unknown)."""
        return self.cells[column] != ""


def read_table(
    folder: Path, file: str, columns: Sequence[str], faults: list[Fault]
) -> Iterator[Row]:
    """Rows of a CSV file that has at least these columns; nothing if it cannot be read.

    Args:
        folder: The theatre's folder.
        file: Name of the file.
        columns: Columns that it must have; it may have more.
        faults: Takes what is wrong.
    """
    try:
        text = (folder / file).read_text(encoding="utf-8")
    except OSError as error:
        faults.append(Fault(file, "", f"cannot be read: {error.strerror}", "it has to be there"))
        return
    except UnicodeDecodeError as error:
        faults.append(Fault(file, f"byte {error.start}", "is not UTF-8 text", "save it as UTF-8"))
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from _rows(reader, file, columns, faults)
    except csv.Error as error:
        faults.append(Fault(file, f"row {reader.line_num}", str(error), "quote cells with commas"))


def _rows(
    reader: Iterator[list[str]], file: str, columns: Sequence[str], faults: list[Fault]
) -> Iterator[Row]:
    header = next(reader, [])
    missing = [name for name in columns if name not in header]
    twice = sorted({name for name in header if header.count(name) > 1})
    for name in missing:
        faults.append(
            Fault(
                file, "row 1", f"there is no column {name!r}", "columns are " + ", ".join(columns)
            )
        )
    for name in twice:
        faults.append(Fault(file, "row 1", f"column {name!r} stands twice", "one column, one name"))
    if missing or twice:
        return
    for line, cells in enumerate(reader, start=2):
        if len(cells) != len(header):
            what = f"has {len(cells)} cells, the header has {len(header)}"
            faults.append(Fault(file, f"row {line}", what, "quote cells with commas"))
            continue
        yield Row(file, line, dict(zip(header, cells, strict=True)), faults)
