"""The definitions of the patterns P1-P14: what they are, and where they are read.

Source: RULES section 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("patterns.yaml")


@dataclass(frozen=True)
class Part:
    """A bound on one measured quantity.

    Attributes:
        pattern: Name of the pattern, `P1`.
        name: Of the part.
        value: Column of the values.
        low, high: Bounds, both allowed; infinite if there is none.
        dates: The bounds as dates, where the file gives them so.
        needed: Share of the runs that is to meet it; None if the pattern's counts.
        clause: What of a camp's clause may set it: `exit`, `receiver`, or None.
        camp: Of that clause, else None.
    """

    pattern: str
    name: str
    value: str
    low: float
    high: float
    dates: tuple[date, date] | None
    needed: float | None
    clause: str | None
    camp: str | None


@dataclass(frozen=True)
class Reading:
    """A pattern read in another way: shown beside it and counted nowhere.

    Attributes:
        name: What is different.
        bounds: Low and high by column of the values.
    """

    name: str
    bounds: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Pattern:
    """One of P1-P14.

    Attributes:
        name: `P1`.
        title: Short name for tables.
        history: What happened.
        source: Where it is told.
        known: Whether it was known at the forecast origin: `all`, `partly` or `none`.
        needed: Share of runs that is to meet it.
        is_modal: Whether what it measures is also to be the most frequent outcome.
        first, last: Dates that a scenario has to simulate.
        places: Positions in the theatre by what they are to the pattern.
        dates: Days since 1970 by what they are to the pattern.
        numbers: Other constants.
        parts: All of them are to be met.
        readings: Other ways to read it.
    """

    name: str
    title: str
    history: str
    source: str
    known: str
    needed: float
    is_modal: bool
    first: date
    last: date
    places: Mapping[str, tuple[int, ...]]
    dates: Mapping[str, int]
    numbers: Mapping[str, float]
    parts: tuple[Part, ...]
    readings: tuple[Reading, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """Columns of the values that it looks at, each once."""
        own = [part.value for part in self.parts]
        more = [value for reading in self.readings for value in reading.bounds]
        return tuple(dict.fromkeys([*own, *more]))

    def place(self, name: str) -> int:
        """The one place that has this name in the pattern."""
        (only,) = self.places[name]
        return only


def patterns(path: Path | None = None) -> tuple[Pattern, ...]:
    """P1 to P14, read and checked; those of the package are read once.

    Args:
        path: Another file of the same form.
    Errors:
        PatternError with all faults: of the form first, then of names and dates.
    """
    from camphandover.measure.patterns.form import read_patterns

    return _packaged() if path is None else read_patterns(path)


@cache
def _packaged() -> tuple[Pattern, ...]:
    from camphandover.measure.patterns.form import read_patterns

    return read_patterns(FILE)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days
