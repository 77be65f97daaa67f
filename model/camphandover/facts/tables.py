"""CSV files read row by row into records: a bad row is a fault with its line, reading goes on."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from camphandover.errors import Fault, close_matches
from camphandover.facts.records import Record

type Rows[R: Record] = list[tuple[Row, R]]
"""Records, each with the row that it comes from."""


@dataclass(frozen=True)
class Row:
    """A row of a file: its number, the header's being 1, and the list that takes its faults."""

    file: str
    number: int
    cells: dict[str, str]
    faults: list[Fault]

    def fault(self, what: str, right: str) -> None:
        """Note a fault of this row."""
        self.faults.append(Fault(self.file, f"row {self.number}", what, right))


def read_table[R: Record](
    path: Path,
    model: type[R],
    faults: list[Fault],
    places: Collection[str] = (),
    text: str | None = None,
) -> Rows[R]:
    """Rows of a CSV file that has at least the columns of a model; none if it cannot be read.

    Args:
        path: The file.
        model: What a row holds.
        faults: Takes what is wrong with single cells, rows and the file.
        places: The names that a place may have; any if empty.
        text: Its text, if that is at hand.
    """
    rows: Rows[R] = []
    for row in _rows(path, model, faults, text):
        filled = {column: cell for column, cell in row.cells.items() if cell}
        try:
            rows.append((row, model.model_validate(filled, context=places, by_name=False)))
        except ValidationError as error:
            for detail in error.errors():
                row.fault(*told(model, dict(detail), "empty"))
    return rows


def told(model: type[BaseModel], detail: dict[str, Any], absent: str) -> tuple[str, str]:
    """What an error of pydantic says is wrong with one field, and what would be right.

    Args:
        model: What was read.
        detail: The error.
        absent: What a field is called that is not there.
    """
    if detail["type"] == "wrong":
        return detail["msg"], detail["ctx"]["right"]
    key, value = str(detail["loc"][0]), detail["input"]
    if detail["type"] == "extra_forbidden":
        return f"there is no key {key!r}", close_matches(key, model.model_fields)
    right = _wanted(model.model_json_schema()["properties"][key])
    if len(detail["loc"]) > 1:
        return f"{key} holds {value!r}", right
    if detail["type"] == "missing":
        return f"{key} is {absent}", right
    shown = "empty" if value == "" else repr(value) if isinstance(value, str) else value
    return f"{key} is {shown}", right


def _wanted(schema: dict[str, Any]) -> str:
    """What the JSON Schema of a field asks for, in words."""
    one = next((part for part in schema.get("anyOf", ()) if part != {"type": "null"}), schema)
    if "description" in schema:
        return str(schema["description"])
    if "enum" in one:
        return "one of " + ", ".join(str(word) or "nothing" for word in one["enum"])
    if one["type"] in ("number", "integer"):
        kind = "a whole number" if one["type"] == "integer" else "a number"
        if "maximum" in one:
            return f"{kind} from {one['minimum']:g} to {one['maximum']:.12g}"
        return f"one value, {kind} such as 0.35"
    known = {"boolean": "one of 0, 1", "date": "a date such as 2023-08-31"}
    return known.get(one.get("format", one["type"]), "every row has one")


def _rows(path: Path, model: type[Record], faults: list[Fault], text: str | None) -> Iterator[Row]:
    """The rows of a file whose header has the columns of the model, each with the same cells."""

    def fault(where: str, what: str, right: str) -> None:
        faults.append(Fault(path.name, where, what, right))

    try:
        text = path.read_text(encoding="utf-8") if text is None else text
    except OSError as error:
        return fault("", f"cannot be read: {error.strerror}", "it has to be there")
    except UnicodeDecodeError as error:
        return fault(f"byte {error.start}", "is not UTF-8 text", "save it as UTF-8")
    columns = [field.alias or name for name, field in model.model_fields.items()]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        missing = [name for name in columns if name not in header]
        for name in missing:
            right = "columns are " + ", ".join(columns)
            fault("row 1", f"there is no column {name!r}", right)
        twice = sorted({name for name in header if header.count(name) > 1})
        for name in twice:
            fault("row 1", f"column {name!r} stands twice", "one column, one name")
        for number, cells in enumerate([] if missing or twice else reader, start=2):
            if len(cells) == len(header):
                row = dict(zip(header, cells, strict=True))
                yield Row(path.name, number, row, faults)
            else:
                what = f"has {len(cells)} cells, the header has {len(header)}"
                fault(f"row {number}", what, "quote cells with commas")
    except csv.Error as error:
        fault(f"row {reader.line_num}", str(error), "quote cells with commas")
