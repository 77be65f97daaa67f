"""A dated record of control as a file: of the form of control_history.csv, with any days."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path

from camphandover.errors import Fault, TheatreError
from camphandover.facts.checks import check_chain
from camphandover.facts.records import Change
from camphandover.facts.tables import read_table
from camphandover.facts.theatre import load

GIVEN = "record"
"""What a record is called of which only the text is at hand."""


def read_changes(path: Path) -> list[Change]:
    """The rows of a file of the form of control_history.csv, checked.

    Errors:
        TheatreError with all faults: of single cells first; how the rows agree once those are
        right.
    """
    return _checked(path, None)


@lru_cache(maxsize=32)
def changes_of(text: str | None) -> tuple[Change, ...]:
    """The rows of a record that is given as text; those of the package if it is None.

    Errors:
        TheatreError, as `read_changes`.
    """
    return load().history if text is None else tuple(_checked(Path(GIVEN), text))


def _checked(path: Path, text: str | None) -> list[Change]:
    faults: list[Fault] = []
    places = [place.name for place in load().places]
    rows = read_table(path, Change, faults, places, text)
    if not faults and not rows:
        faults.append(Fault(path.name, "", "has no rows", "an initial row for each place"))
    if not faults:
        check_chain(rows)
    if faults:
        raise TheatreError(faults)
    return [change for _, change in rows]


def as_text(changes: Iterable[Change]) -> str:
    """Rows as the text of a file with the columns that are read, and no other."""
    columns = {field.alias or name: name for name, field in Change.model_fields.items()}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for change in changes:
        values = (getattr(change, name) for name in columns.values())
        writer.writerow("" if value is None else _cell(value) for value in values)
    return out.getvalue()


def _cell(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def exits(changes: Iterable[Change], until: date) -> dict[str, date]:
    """The day on which the UN left each camp that it had left by a day, by place."""
    left = {
        change.place: change.date
        for change in changes
        if change.object == "un_camp" and change.before == "minusma" and change.date <= until
    }
    return left
