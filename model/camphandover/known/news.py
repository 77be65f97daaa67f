"""What the record says of a state: weekly looks at all places. Source: R10.1.

A look tells who held each slot at the end of its day. Only what is new weighs, and once: a row of
the record, or a change of holder in the run. Where the two have come to differ one of them is
wrong, and stays wrong: to see it again next week tells nothing. News weighs when it is a look old,
as hardly any run has a change on its very day, and a late one is not wrong; only for runs that go
on from a day what is newer weighs, too. How likely a look is in a run depends on the state of the
run and on the errors of the record alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from camphandover import facts
from camphandover.facts import Change
from camphandover.facts.codes import HOLDERS, SLOTS
from camphandover.facts.holders import coded, slot_objects

ERRORS = {
    "high": "record_error_high",
    "medium": "record_error_medium",
    "low": "record_error_low",
}
"""Parameter that says how often a row of a confidence is wrong."""
KINDS = ("rows", "changes")
"""Kinds of news: what new rows of the record say, and changes in runs of which it says nothing."""
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Told:
    """What the record says of a slot at the end of a day.

    Attributes:
        place, slot, holder: Codes.
        since: Day of its row.
        confidence: Of its row.
    """

    place: int
    slot: int
    holder: int
    since: date
    confidence: str

    def __str__(self) -> str:
        """`Kidal camp: separatists since 2023-10-31 (high)`."""
        name = facts.load().places[self.place].name
        holder = HOLDERS[self.holder]
        return f"{name} {SLOTS[self.slot]}: {holder} since {self.since} ({self.confidence})"


@dataclass(frozen=True)
class Look:
    """What the record says on a day.

    Attributes:
        day: The day; states are those at its end.
        days: Since the look before; on the first one, since the day before the first.
        late: Age of news at which it weighs, days.
        told: Of all slots.
    """

    day: date
    days: int
    late: int
    told: tuple[Told, ...]

    @property
    def number(self) -> int:
        """Days since 1970-01-01."""
        return (self.day - EPOCH).days

    @property
    def kinds(self) -> np.ndarray:
        """Kind of each thing told, a position in `KINDS`."""
        return np.array([int(not self.has_row(one)) for one in self.told], int)

    def has_row(self, told: Told) -> bool:
        """Whether what is told of a slot is a row that has come of age since the look before."""
        return self.late <= (self.day - told.since).days < self.late + self.days


@dataclass(frozen=True, eq=False)
class Seen:
    """What a look finds in some runs at the end of its day.

    Attributes:
        holders: Codes, int8, shape (run, place, slot).
        changed: Hours since 1970-01-01 of the last change of each slot, same shape.
        parameters: Values of the parameters of R10.1 by name, shape (run,).
    """

    holders: np.ndarray
    changed: np.ndarray
    parameters: Mapping[str, np.ndarray] = field(repr=False)


def looks(
    changes: Sequence[Change], first: date, origins: Sequence[date], every: int
) -> Iterator[Look]:
    """The looks from a first day until the last of some days, which all have one.

    Args:
        changes: The rows of the record until then.
        first: First day of the runs.
        origins: Days from which runs will go on, ascending.
        every: Days from one look to the next, counted from the first of `origins`; and the age at
            which news weighs.
    """
    units, known = list(_units(changes)), dict[tuple[int, int], Told]()
    rows, last = list(changes), first - timedelta(days=1)
    n_days = (origins[-1] - first).days + 1
    for day in (first + timedelta(days=n) for n in range(n_days)):
        if (day - origins[0]).days % every and day not in origins:
            continue
        while rows and rows[0].date <= day:
            row = rows.pop(0)
            for place, slot, told_by in units:
                if (facts.load().places[place].name, row.object) == (row.place, told_by):
                    holder = HOLDERS.index(coded(row.after))
                    known[place, slot] = Told(place, slot, holder, row.date, row.confidence)
        yield Look(day, (day - last).days, every, tuple(known.values()))
        last = day


def _units(changes: Sequence[Change]) -> Iterator[tuple[int, int, str]]:
    """Place, slot and object of each thing that the record tells, each once: the town of a place
    without rows of its own is that of the camp, and so is no second sight of it."""
    index = facts.load().index
    for place, objects in slot_objects(changes).items():
        for slot, told_by in enumerate(dict.fromkeys(objects)):
            yield index(place), slot, told_by


def log_likelihood(look: Look, seen: Seen) -> np.ndarray:
    """How likely the news that has come of age at a look is in each run, the logarithm.

    Returns:
        Shape (told, run); 0 of what is no such news, neither in the record nor in the run.
    """
    return np.array([_of_told(one, look, seen, look.late, look.days) for one in look.told])


def log_likelihood_of_fresh(look: Look, seen: Seen) -> np.ndarray:
    """The same of the news that is too fresh for it yet."""
    return np.array([_of_told(one, look, seen, 0, look.late) for one in look.told])


def agrees(told: Told, seen: Seen) -> np.ndarray:
    """Which runs are as the record says, shape (run,)."""
    return np.asarray(seen.holders[:, told.place, told.slot] == told.holder)


def _of_told(told: Told, look: Look, seen: Seen, age: int, days: int) -> np.ndarray:
    """Of news that is so many days old, or up to so many days more."""
    error = seen.parameters[ERRORS[told.confidence]]
    logs = np.log(np.where(agrees(told, seen), 1.0 - error, error / (len(HOLDERS) - 1)))
    row = (look.day - told.since).days
    change = look.number - seen.changed[:, told.place, told.slot] // 24.0
    is_news = (age <= row < age + days) | ((age <= change) & (change < age + days))
    return np.where(is_news, logs, 0.0)
