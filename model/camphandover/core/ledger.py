"""What happened, row by row, each row with the row that caused it.

A row's number is its place in the array. `cause` is -1 for a root: a clause of the scenario, a
chance draw, a commander's free choice.
"""

import math
from typing import NamedTuple

import numpy as np

from camphandover.core.compiled import compiled, declare
from camphandover.core.kinds import Kind as Kind

ROW = np.dtype(
    [
        ("hour", "f8"),  # hours since 1970-01-01
        ("amount", "f8"),  # men, days, share: what the kind counts
        ("p", "f8"),  # probability of what happened, nan when nothing was drawn
        ("cause", "i4"),
        ("entity", "i4"),  # unit row (of a column its first unit), -1 none
        ("kind", "i2"),
        ("place", "i2"),
        ("side", "i1"),
        ("about", "i1"),  # side whose losses are told, or that inflicted those of a row; -1 none
        ("slot", "i1"),
        ("before", "i1"),
        ("after", "i1"),
        ("mission", "i1"),  # of an order or a column, -1 none
    ],
    align=True,
)

NONE = -1


class Ledger(NamedTuple):
    """Rows and, in `used[0]`, how many are written; a full ledger drops rows and says so."""

    rows: np.recarray
    used: np.ndarray


def new_ledger(capacity: int) -> Ledger:
    """An empty ledger with room for `capacity` rows."""
    return Ledger(np.zeros(capacity, ROW).view(np.recarray), np.zeros(1, np.int64))


def overflowed(ledger: Ledger) -> bool:
    """Whether rows were dropped."""
    return int(ledger.used[0]) > len(ledger.rows)


declare(Ledger, new_ledger(1))


@compiled
def write_row(
    ledger: Ledger,
    hour: float,
    kind: int,
    side: int,
    place: int,
    slot: int,
    before: int,
    after: int,
    entity: int,
    amount: float,
    p: float,
    cause: int,
):
    """Write one row; returns its number. Past the capacity it is only counted."""
    n = ledger.used[0]
    ledger.used[0] = n + 1
    if n < len(ledger.rows):
        row = ledger.rows[n]
        row.hour = hour
        row.kind = kind
        row.side = side
        row.place = place
        row.slot = slot
        row.before = before
        row.after = after
        row.mission = NONE
        row.about = NONE
        row.entity = entity
        row.amount = amount
        row.p = p
        row.cause = cause
    return n


@compiled
def note(
    ledger: Ledger,
    hour: float,
    kind: int,
    side: int,
    place: int,
    entity: int,
    amount: float,
    p: float,
    cause: int,
):
    """Write a row that changes no holder; returns its number."""
    return write_row(ledger, hour, kind, side, place, NONE, NONE, NONE, entity, amount, p, cause)


@compiled
def with_mission(ledger: Ledger, row: int, mission: int):
    """Say which mission a row is about; returns the row's number."""
    if row < len(ledger.rows):
        ledger.rows[row].mission = mission
    return row


@compiled
def with_about(ledger: Ledger, row: int, side: int):
    """Say which other side a row is about; returns the row's number."""
    if row < len(ledger.rows):
        ledger.rows[row].about = side
    return row


def __getattr__(name: str) -> int:
    """The code of a kind by its name, as compiled rules take it: `ledger.BATTLE`."""
    try:
        return int(Kind[name])
    except KeyError:
        raise AttributeError(f"there is no kind of row, and nothing else, named {name}") from None


LOSSES_KIND = int(Kind.LOSSES)


@compiled
def note_losses(
    ledger: Ledger,
    hour: float,
    side: int,
    by: int,
    place: int,
    entity: int,
    dead: float,
    cause: int,
):
    """Write how many men of a side another one has killed: what reports are made of (R9)."""
    row = note(ledger, hour, LOSSES_KIND, side, place, entity, dead, math.nan, cause)
    return with_about(ledger, row, by)
