"""What the record says of a state: weekly looks at all places. Source: R10.1.

A look tells who held each slot at the end of its day. Only what is new weighs, and once: a row of
the record, or a change of holder in the run. Where the two have come to differ one of them is
wrong, and stays wrong: to see it again next week tells nothing. News weighs when it is a look old,
as hardly any run has a change on its very day, and a late one is not wrong; only for runs that go
on from a day what is newer weighs, too.

If a scenario asks for it (`known.claims`), a look also tells of the captures since the look before
that were undone by the end of their day, and of what the sides have said of the dead: claims are
held against what the sides of the run have said, and its truth is not looked at.

How likely a look is in a run depends on the state of the run and on the errors of the record alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from camphandover import facts
from camphandover.facts import Change
from camphandover.facts.codes import HOLDERS, SLOTS, Side
from camphandover.facts.holders import coded, slot_objects
from camphandover.scenario import Scenario
from camphandover.scenario.known import changes_known

ERRORS = {
    "high": "record_error_high",
    "medium": "record_error_medium",
    "low": "record_error_low",
}
"""Parameter that says how often a row of a confidence is wrong."""
CLAIMED = {
    ("army", "own"): ("army_killed_per_army",),
    ("army", "enemy"): (
        "separatists_killed_per_army",
        "gsim_killed_per_army",
        "unspecified_opponents_killed_per_army",
    ),
    ("separatists", "own"): ("separatists_killed_per_separatists",),
    ("separatists", "enemy"): ("army_killed_per_separatists", "wagner_killed_per_separatists"),
    ("gsim", "own"): ("gsim_killed_per_gsim",),
    ("gsim", "enemy"): ("army_killed_per_gsim", "wagner_killed_per_gsim"),
}
"""Who tells whose dead, and the columns of the record of events that have it."""
WHOSE = ("own", "enemy")
KINDS = ("rows", "changes", "captures", "claims")
"""Kinds of news: new rows of the record, changes in runs of which it says nothing, captures that
lasted hours, and claims."""
EPOCH = date(1970, 1, 1)
LOOK_DAYS = int(facts.load().parameters["record_look_days"].best)
"""From one look to the next."""


@dataclass(frozen=True)
class Told:
    """What the record says of a slot at the end of a day.

    Attributes:
        place, slot, holder: Codes.
        since: Day of its row.
        confidence: Of its row.
        is_capture: Whether it says that the holder took the slot and lost it on that day, and not
            who has it now.
    """

    place: int
    slot: int
    holder: int
    since: date
    confidence: str
    is_capture: bool = False

    def __str__(self) -> str:
        """`Kidal camp: separatists since 2023-10-31 (high)`."""
        name = facts.load().places[self.place].name
        what = HOLDERS[self.holder]
        when = f"for hours on {self.since}" if self.is_capture else f"since {self.since}"
        return f"{name} {SLOTS[self.slot]}: {what} {when} ({self.confidence})"


@dataclass(frozen=True)
class Claim:
    """What a side has said of the dead since the look before.

    Attributes:
        side: Code of who tells.
        whose: Of `WHOSE`: its own dead, or its enemies'.
        dead: The sum.
    """

    side: int
    whose: str
    dead: int

    def __str__(self) -> str:
        """`army tells 17 own dead`."""
        return f"{Side(self.side).name.lower()} tells {self.dead} {self.whose} dead"


@dataclass(frozen=True)
class Look:
    """What the record says on a day.

    Attributes:
        day: The day; states are those at its end.
        days: Since the look before; on the first one, since the day before the first.
        late: Age of news at which it weighs, days.
        told: Of all slots, and of captures.
        claims: What the sides have said.
    """

    day: date
    days: int
    late: int
    told: tuple[Told, ...]
    claims: tuple[Claim, ...] = ()

    @property
    def number(self) -> int:
        """Days since 1970-01-01."""
        return (self.day - EPOCH).days

    @property
    def kinds(self) -> np.ndarray:
        """Kind of each thing told and claimed, a position in `KINDS`."""
        of_told = [2 if one.is_capture else int(not self._is_row(one)) for one in self.told]
        return np.array([*of_told, *(3 for _ in self.claims)], int)

    def _is_row(self, told: Told) -> bool:
        """Whether the row of what is told weighs now."""
        return self.late <= (self.day - told.since).days < self.late + self.days


@dataclass(frozen=True, eq=False)
class Seen:
    """What a look finds in some runs at the end of its day.

    Attributes:
        holders: Codes, int8, shape (run, place, slot).
        changed: Hours since 1970-01-01 of the last change of each slot, same shape.
        said: Dead of whom each side has told on the days played last, since the look before;
            shape (run, side, 2), in the order of `WHOSE`.
        parameters: Values of the parameters of R10.1 by name, shape (run,).
    """

    holders: np.ndarray
    changed: np.ndarray
    said: np.ndarray
    parameters: Mapping[str, np.ndarray] = field(repr=False)


def looks(
    changes: Sequence[Change],
    first: date,
    origins: Sequence[date],
    every: int,
    with_claims: bool = False,
) -> Iterator[Look]:
    """The looks from a first day until the last of some days, which all have one.

    Args:
        changes: The rows of the record until then.
        first: First day of the runs.
        origins: Days from which runs will go on, ascending.
        every: Days from one look to the next, counted from the first of `origins`; and the age at
            which news weighs.
        with_claims: Whether captures of hours and claims are told, too; claims are those of the
            package's record of events.
    """
    units, known = list(_units(changes)), dict[tuple[int, int], Told]()
    rows, last = list(changes), first - timedelta(days=1)
    n_days = (origins[-1] - first).days + 1
    for day in (first + timedelta(days=n) for n in range(n_days)):
        if (day - origins[0]).days % every and day not in origins:
            continue
        captures = list[Told]()
        while rows and rows[0].date <= day:
            row = rows.pop(0)
            for place, slot, told_by in units:
                if (facts.load().places[place].name, row.object) == (row.place, told_by):
                    before = known.get((place, slot))
                    if before and before.since == row.date > last and row.date > first:
                        captures.append(replace(before, is_capture=True))
                    holder = HOLDERS.index(coded(row.after))
                    known[place, slot] = Told(place, slot, holder, row.date, row.confidence)
        told = tuple(known.values())
        if with_claims:
            yield Look(day, (day - last).days, every, (*told, *captures), tuple(_claims(last, day)))
        else:
            yield Look(day, (day - last).days, every, told)
        last = day


def looks_of(scenario: Scenario, *stops: date) -> list[Look]:
    """The looks at the record by which the past of a scenario is weighed.

    Args:
        scenario: With `known.until`, on which there is a look.
        stops: Days before it on which all slots are looked at, too, ascending; weeks are counted
            from the first of them.
    """
    known = scenario.known
    if known.until is None:
        raise ValueError(f"{scenario.name} is known until no day")
    days = [*(day for day in stops if day < known.until), known.until]
    rows = changes_known(known)
    return list(looks(rows, scenario.window.start, days, LOOK_DAYS, known.claims))


def _claims(last: date, day: date) -> Iterator[Claim]:
    """Sums of what each side said of events after one day and until another, where it did."""
    for (side, whose), columns in CLAIMED.items():
        cells = [
            int(row[column])
            for row in facts.load().events
            for column in columns
            if last < date.fromisoformat(row["date"]) <= day and row[column]
        ]
        if cells:
            yield Claim(int(Side[side.upper()]), whose, sum(cells))


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
        Shape (told and claims, run); 0 of what is no such news, neither in the record nor in the
        run.
    """
    rows = [_of_told(one, look, seen, look.late, look.days) for one in look.told]
    return np.array([*rows, *(_of_claim(one, seen) for one in look.claims)])


def log_likelihood_of_fresh(look: Look, seen: Seen) -> np.ndarray:
    """The same of the news of slots that is too fresh for it yet, shape (told, run)."""
    slots = [one for one in look.told if not one.is_capture]
    return np.array([_of_told(one, look, seen, 0, look.late) for one in slots])


def agrees(told: Told, look: Look, seen: Seen) -> np.ndarray:
    """Which runs are as the record says, shape (run,); of a capture, those in which the slot
    changed hands since the look before."""
    if told.is_capture:
        return _changed_before(told, look, seen) < look.days
    return np.asarray(seen.holders[:, told.place, told.slot] == told.holder)


def _changed_before(told: Told, look: Look, seen: Seen) -> np.ndarray:
    """Days since the slot changed hands in each run."""
    return np.asarray(look.number - seen.changed[:, told.place, told.slot] // 24.0)


def _of_told(told: Told, look: Look, seen: Seen, age: int, days: int) -> np.ndarray:
    """Of news that is so many days old, or up to so many days more."""
    is_so = agrees(told, look, seen)
    if told.is_capture:
        missed = seen.parameters["record_capture_missed"]
        return np.log(np.where(is_so, 1.0 - missed, missed))
    error = seen.parameters[ERRORS[told.confidence]]
    logs = np.log(np.where(is_so, 1.0 - error, error / (len(HOLDERS) - 1)))
    row, change = (look.day - told.since).days, _changed_before(told, look, seen)
    is_news = (age <= row < age + days) | ((age <= change) & (change < age + days))
    return np.where(is_news, logs, 0.0)


def _of_claim(claim: Claim, seen: Seen) -> np.ndarray:
    """Density of ln(1 + dead) as told in the record around that of the run: normal."""
    sd = seen.parameters["record_claim_sd"]
    there = np.log1p(np.maximum(seen.said[:, claim.side, WHOSE.index(claim.whose)], 0))
    z = (math.log1p(claim.dead) - there) / sd
    return np.asarray(-0.5 * z * z - np.log(sd * math.sqrt(2.0 * math.pi)))
