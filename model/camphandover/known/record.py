"""The dated record of control as the model tells it: who held each slot at the end of each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np

from camphandover import facts, inputs
from camphandover.facts import Change
from camphandover.facts.checks import RECORD
from camphandover.facts.codes import HOLDERS, SLOTS
from camphandover.facts.history import read_changes
from camphandover.facts.holders import coded, slot_objects
from camphandover.libraries import pd, xr
from camphandover.scenario import Scenario
from camphandover.scenario.known import changes_known

WEIGHTS = {"high": 1.0, "medium": 0.7, "low": 0.4}
"""What a day counts by the confidence of the row of the record that tells who held the slot.
Judgement: a row of low confidence (one source, or inferred) still tells more than nothing."""
UNKNOWN = -1
"""Code of a day before a place's initial row."""
SHIPPED = "the record of the package"


@dataclass(frozen=True)
class Record:
    """Who held each slot at the end of each day.

    Attributes:
        source: Which record it is, in words.
        places: Names, in the order of the theatre.
        first: First day.
        last: Day until which it is known.
        holders: Codes of `HOLDERS`, int8, shape (place, slot, day), slots in the order of
            `SLOTS`; `UNKNOWN` before a place's initial row, and at a place without rows.
        weights: Weight of each of them by the confidence of its row; same shape.
    """

    source: str
    places: tuple[str, ...]
    first: date
    last: date
    holders: np.ndarray
    weights: np.ndarray

    @property
    def n_days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    def index(self, day: date) -> int:
        """Position of a day along the last dimension."""
        return (day - self.first).days

    @cached_property
    def control(self) -> xr.DataArray:
        """The holders in the shape of a batch's control of one scenario: one replicate, which can
        be measured as runs are; `weight` is a coordinate of its slots and days."""

        dims = ("replicate", "place", "slot", "date")
        days = pd.date_range(self.first, self.last)
        values = ([0], list(self.places), list(SLOTS), days)
        coords = dict(zip(dims, values, strict=True)) | {"weight": (dims[1:], self.weights)}
        return xr.DataArray(self.holders[None], coords, dims)


def read_record(path: str | Path | None = None, until: date | None = None) -> Record:
    """Read a record, check it, and code it into slots.

    Args:
        path: A file of the form of control_history.csv, with any days; the record of the package,
            which runs to 31 December 2023, if not given. Places may be left out.
        until: Day until which the file is known to be complete; that of its last row if not
            given. Nothing changes for the record of the package.
    Errors:
        TheatreError with all faults, each with its row, what is wrong and what would be right.
    Source: NOTES of the data, "Coding the record into slots".
    """
    shipped = facts.load().history
    if path is None:
        return as_record(shipped, RECORD[1], SHIPPED)
    changes = read_changes(inputs.path("history", path))
    if tuple(changes) == shipped:
        return as_record(shipped, RECORD[1], f"{SHIPPED} ({path})")
    return as_record(changes, max(changes[-1].date, until or date.min), str(path))


def record_of(scenario: Scenario) -> Record | None:
    """What is known of the past of a scenario; None if nothing is."""
    known = scenario.known
    changes = changes_known(known)
    if known.until is None or not changes:
        return None
    source = SHIPPED if known.record is None else f"the record of {scenario.name}"
    return as_record(changes, known.until, source)


def as_record(changes: Sequence[Change], last: date, source: str) -> Record:
    """Rows of a record, coded into slots.

    Args:
        changes: In order of their dates; the last one of a day tells who holds at its end.
        last: Day until which they are complete.
        source: Which record it is, in words.
    """
    places = tuple(place.name for place in facts.load().places)
    first = changes[0].date
    shape = (len(places), len(SLOTS), (last - first).days + 1)
    holders = np.full(shape, UNKNOWN, np.int8)
    weights = np.zeros(shape)
    objects = slot_objects(changes)
    for change in changes:
        since = (change.date - first).days
        for slot, told_by in enumerate(objects[change.place]):
            if told_by == change.object:
                where = (places.index(change.place), slot, slice(since, None))
                holders[where] = HOLDERS.index(coded(change.after))
                weights[where] = WEIGHTS[change.confidence]
    return Record(source, places, first, last, holders, weights)
