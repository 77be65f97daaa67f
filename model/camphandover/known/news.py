"""What the record says of a state: looks at it, on days with news and once a week. Source: R10.1.

A look tells of slots who held them at the end of its day, of captures that lasted hours that there
was one, and of the claims since the last weekly look what their sums were. How likely a look is in
a run, `log_likelihood`, depends on the state of the run and on the errors of the record alone;
the truth of events is not looked at, only what the sides of the run have said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from camphandover import facts
from camphandover.facts import Change
from camphandover.facts.codes import HOLDERS, SLOTS, Side
from camphandover.facts.holders import coded, slot_objects

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
KINDS = ("control", "captures", "claims")
"""Kinds of news: who holds a slot, captures that lasted hours, the dead that a side told."""
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Told:
    """What the record says of a slot at the end of a day.

    Attributes:
        place, slot, holder: Codes.
        since: Day of its row.
        confidence: Of its row.
        capture: Whether it says that there was a capture that lasted hours, and not who holds.
    """

    place: int
    slot: int
    holder: int
    since: date
    confidence: str
    capture: bool = False

    def __str__(self) -> str:
        """`Kidal camp: separatists since 2023-10-31 (high)`."""
        name = facts.load().places[self.place].name
        what = "taken for hours by " if self.capture else ""
        day = f"on {self.since}" if self.capture else f"since {self.since}"
        return f"{name} {SLOTS[self.slot]}: {what}{HOLDERS[self.holder]} {day} ({self.confidence})"


@dataclass(frozen=True)
class Claim:
    """What a side said of the dead in the days since the last weekly look: side, whose, sum."""

    side: int
    whose: str
    dead: int

    def __str__(self) -> str:
        """`army tells 17 own dead`."""
        whose = "own" if self.whose == "own" else "enemy"
        return f"{Side(self.side).name.lower()} tells {self.dead} {whose} dead"


@dataclass(frozen=True)
class Look:
    """What the record says on a day.

    Attributes:
        day: The day; states are those at its end.
        told: Of slots.
        claims: Of the days since the last weekly look.
        is_weekly: Whether it looks at all slots.
    """

    day: date
    told: tuple[Told, ...]
    claims: tuple[Claim, ...] = ()
    is_weekly: bool = False

    @property
    def number(self) -> int:
        """Days since 1970-01-01."""
        return (self.day - EPOCH).days

    @property
    def kinds(self) -> np.ndarray:
        """Kind of each thing told, then of each claim: positions in `KINDS`."""
        return np.array([int(one.capture) for one in self.told] + [2] * len(self.claims), int)


@dataclass(frozen=True, eq=False)
class Seen:
    """What a look finds in some runs at the end of its day.

    Attributes:
        holders: Codes, int8, shape (run, place, slot).
        changed: Hours since 1970-01-01 of the last change of each slot, same shape.
        told: Dead told since the last weekly look, shape (run, side, 2), in the order of `WHOSE`.
        parameters: Values of the parameters of R10.1 by name, shape (run,).
    """

    holders: np.ndarray
    changed: np.ndarray
    told: np.ndarray
    parameters: Mapping[str, np.ndarray] = field(repr=False)


def looks(
    changes: Sequence[Change],
    first: date,
    origins: Sequence[date],
    every: int,
    with_claims: bool,
) -> Iterator[Look]:
    """The looks from a first day until the last of some days, which all have one at all slots.

    Args:
        changes: The rows of the record until then.
        first: First day of the runs.
        origins: Days from which runs will go on, ascending.
        every: Days from one look at all slots to the next, counted from the first of `origins`.
        with_claims: Whether the claims of the package's record of events count.
    """
    units, known = list(_units(changes)), dict[tuple[int, int], Told]()
    events = facts.load().events if with_claims else ()
    rows, last = list(changes), first - timedelta(days=1)
    n_days = (origins[-1] - first).days + 1
    for day in (first + timedelta(days=n) for n in range(n_days)):
        new, captures = dict[tuple[int, int], Told](), list[Told]()
        while rows and rows[0].date <= day:
            row = rows.pop(0)
            for place, slot, told_by in units:
                if (facts.load().places[place].name, row.object) == (row.place, told_by):
                    if (place, slot) in new:
                        captures.append(_captured(new[place, slot]))
                    holder = HOLDERS.index(coded(row.after))
                    new[place, slot] = Told(place, slot, holder, row.date, row.confidence)
        known |= new
        if (day - origins[0]).days % every == 0 or day in origins:
            yield Look(day, (*known.values(), *captures), _claims(events, last, day), True)
            last = day
        elif captures or (new and day > first):
            yield Look(day, (*new.values(), *captures))


def _captured(told: Told) -> Told:
    """What a row says that another one of its day undoes: there was a capture."""
    return Told(told.place, told.slot, told.holder, told.since, told.confidence, capture=True)


def _units(changes: Sequence[Change]) -> Iterator[tuple[int, int, str]]:
    """Place, slot and object of each thing that the record tells, each once: the town of a place
    without rows of its own is that of the camp, and so is no second sight of it."""
    index = facts.load().index
    for place, objects in slot_objects(changes).items():
        for slot, told_by in enumerate(dict.fromkeys(objects)):
            yield index(place), slot, told_by


def _claims(events: Sequence[Mapping[str, str]], last: date, day: date) -> tuple[Claim, ...]:
    """Sums of what each side said of events after one day and until another, where it did."""
    found = []
    for (side, whose), columns in CLAIMED.items():
        cells = [
            int(row[column])
            for row in events
            for column in columns
            if last < date.fromisoformat(row["date"]) <= day and row[column]
        ]
        if cells:
            found.append(Claim(int(Side[side.upper()]), whose, sum(cells)))
    return tuple(found)


def log_likelihood(look: Look, seen: Seen) -> np.ndarray:
    """How likely what a look tells is in each run, the logarithm.

    Returns:
        Shape (told and claims, run).
    """
    rows = [_of_told(one, look, seen) for one in look.told]
    return np.array([*rows, *(_of_claim(one, seen) for one in look.claims)])


def agrees(told: Told, look: Look, seen: Seen) -> np.ndarray:
    """Which runs are as the record says, shape (run,)."""
    if told.capture:
        days = seen.parameters["record_capture_days"]
        return np.asarray(seen.changed[:, told.place, told.slot] >= 24.0 * (look.number + 1 - days))
    return np.asarray(seen.holders[:, told.place, told.slot] == told.holder)


def _of_told(told: Told, look: Look, seen: Seen) -> np.ndarray:
    right = agrees(told, look, seen)
    if told.capture:
        missed = seen.parameters["record_capture_missed"]
        return np.log(np.where(right, 1.0 - missed, missed))
    error = seen.parameters[ERRORS[told.confidence]]
    return np.log(np.where(right, 1.0 - error, error / (len(HOLDERS) - 1)))


def _of_claim(claim: Claim, seen: Seen) -> np.ndarray:
    """Density of ln(1 + dead) as told in the record around that of the run: normal."""
    sd = seen.parameters["record_claim_sd"]
    there = np.log1p(np.maximum(seen.told[:, claim.side, WHOSE.index(claim.whose)], 0))
    z = (math.log1p(claim.dead) - there) / sd
    return np.asarray(-0.5 * z * z - np.log(sd * math.sqrt(2.0 * math.pi)))
