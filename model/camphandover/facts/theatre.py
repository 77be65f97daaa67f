"""Reading the facts: all files of this folder, checked one by one and against each other.

`load()` reads the CSV files and parameters.yaml of this folder, checks them one by one and
against each other, and returns one frozen `Theatre`. All faults are reported together, as a
`TheatreError`. Nothing else in the package reads these files.

Sources: the `source` columns of the files; RULES R1.2 (order of battle), R1.3 (map), R6.1
(schedule); model/decisions/0001-facts.md tells what was changed in the facts, and why.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from camphandover.errors import Fault, TheatreError
from camphandover.facts.checks import check_facts
from camphandover.facts.holders import initial_holders
from camphandover.facts.read import Facts, read_facts
from camphandover.facts.records import (
    Place,
    Theatre,
)

FOLDER = Path(__file__).parent
"""The package data; `map/` in it holds the borders and rivers to draw."""
DATA = (".csv", ".yaml", ".geojson")


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
    faults: list[Fault] = []
    facts = read_facts(folder, faults)
    if not faults:
        check_facts(facts, faults)
    if faults:
        raise TheatreError(faults)
    return Theatre(
        places=_places(facts),
        roads=tuple(road for _, road in facts.roads),
        camps=tuple(camp for _, camp in facts.camps),
        units=tuple(group for _, group in facts.units),
        depots=tuple(depot for _, depot in facts.depots),
        calendar=tuple(known for _, known in facts.calendar),
        partners=tuple(partner for _, partner in facts.partners),
        history=tuple(change for _, change in facts.history),
        events=tuple(row.cells for row, _ in facts.events),
        parameters=facts.parameters,
        digest=_digest(folder),
    )


def _places(facts: Facts) -> tuple[Place, ...]:
    """Places with their values and their initial holders, in the order of places.csv."""
    values = {value.place: value for _, value in facts.values}
    people = {row.place: row for _, row in facts.people}
    holders = initial_holders(change for _, change in facts.history)
    places = []
    for _, site in facts.sites:
        own = {key: item for key, item in vars(values[site.name]).items() if key != "place"}
        camp, town = holders[site.name]
        own |= {key: item for key, item in vars(people[site.name]).items() if key != "place"}
        places.append(Place(**vars(site), **own, camp_holder=camp, town_holder=town))
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
