"""Reading the facts: all files of this folder, checked one by one and against each other.

`load()` reads the CSV files and parameters.yaml of this folder, checks them one by one and
against each other, and returns one frozen `Theatre`. All faults are reported together, as a
`TheatreError`. Nothing else in the package reads these files.

Sources: the `source` columns of the files; RULES R1.2 (order of battle), R1.3 (map), R6.1
(schedule); model/decisions/0001-facts.md tells what was changed in the facts, and why.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from camphandover.errors import Fault, TheatreError, UnknownPlaceError, close_matches
from camphandover.facts import records as of
from camphandover.facts.checks import Facts, check_facts
from camphandover.facts.holders import initial_holders
from camphandover.facts.registry import Parameter

FOLDER = Path(__file__).parent
"""The package data; `map/` in it holds the borders and rivers to draw."""
DATA = (".csv", ".yaml", ".geojson")


@dataclass(frozen=True)
class Theatre:
    """All facts of the model, checked.

    Attributes:
        events: Rows of the event record as text, by column name.
        digest: SHA-256 of all package data, hexadecimal.
    """

    places: tuple[of.Place, ...]
    roads: tuple[of.Road, ...]
    camps: tuple[of.Camp, ...]
    units: tuple[of.UnitGroup, ...]
    depots: tuple[of.Depot, ...]
    calendar: tuple[of.Known, ...]
    partners: tuple[of.Partner, ...]
    history: tuple[of.Change, ...]
    events: tuple[dict[str, str], ...]
    parameters: dict[str, Parameter]
    digest: str

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {place.name: row for row, place in enumerate(self.places)}

    def index(self, name: str) -> int:
        """Row of a place.

        Errors:
            UnknownPlaceError (a TheatreError and a KeyError) with the closest names.
        """
        row = self._rows.get(name)
        if row is None:
            right = close_matches(name, self._rows)
            raise UnknownPlaceError([Fault("places.csv", "", f"no place is named {name!r}", right)])
        return row


def load(folder: str | Path | None = None) -> Theatre:
    """The facts, read and checked; those of the package are read once.

    Args:
        folder: Another folder with the same files.
    Errors:
        TheatreError with all faults: of single cells and rows first; how the files agree is
        checked once those are right.
    """
    return _packaged() if folder is None else _read(Path(folder))


@cache
def _packaged() -> Theatre:
    return _read(FOLDER)


def _read(folder: Path) -> Theatre:
    facts = Facts(folder)
    if not facts.faults:
        check_facts(facts)
    if facts.faults:
        raise TheatreError(facts.faults)
    tables: dict[str, Any] = {name: facts.all(model) for name, model in of.TABLES.items()}
    tables |= {
        "places": _places(facts),
        "events": tuple(row.cells for row, _ in facts.rows(of.Event)),
        "parameters": facts.parameters,
        "digest": _digest(folder),
    }
    return Theatre(**{field.name: tables[field.name] for field in fields(Theatre)})


def _places(facts: Facts) -> tuple[of.Place, ...]:
    """Places with their values and their initial holders, in the order of places.csv."""
    values = {value.name: dict(value) for value in facts.all(of.Value)}
    people = {row.name: dict(row) for row in facts.all(of.People)}
    holders = initial_holders(facts.all(of.Change))
    places = []
    for site in facts.all(of.Site):
        camp, town = holders[site.name]
        told = {**dict(site), **values[site.name], **people[site.name]}
        places.append(of.Place(**told, camp_holder=camp, town_holder=town))
    return tuple(places)


def _digest(folder: Path) -> str:
    """SHA-256 of the names and contents of all data files."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.suffix in DATA:
            content = path.read_bytes()
            head = f"{path.relative_to(folder).as_posix()} {len(content)}\n"
            total.update(head.encode() + content)
    return total.hexdigest()
