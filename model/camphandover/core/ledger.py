"""What happened, row by row, each row with the row that caused it.

A row's number is its place in the array. `cause` is -1 for a root: a clause of the scenario, a
chance draw, a commander's free choice.
"""

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from camphandover.core.compiled import declare


class Kind(IntEnum):
    """Kinds of ledger row; numbers never change meaning."""

    CLAUSE = 1
    RUNG = 2
    TRUCE = 3
    BREACH = 4
    ORDER = 5
    DEPART = 6
    ARRIVE = 7
    IED = 8
    AMBUSH = 9
    PAUSE = 10
    BATTLE = 11
    BROKEN = 12
    ROUT = 13
    LOOT = 14
    CONTROL = 15
    STAY = 16
    LEAVE = 17
    WITHDRAW = 18
    ABANDON = 19
    EXIT = 20
    REFUSAL = 21
    EQUIPMENT = 22
    SHIPMENT_LOST = 23
    AIRLIFT = 24
    JOINT_END = 25
    REPATRIATED = 26
    ENTER = 27
    ABORT = 28
    REPULSE = 29
    REINFORCED = 30
    LOSSES = 31
    SPOTTED = 32
    STRIKE = 33
    CIVILIANS = 34
    AIRCRAFT_LOST = 35
    AIRCRAFT_HIT = 36
    SORTIES_AWAY = 37
    ABUSE = 38
    RECRUITED = 39
    DISPLACED = 40
    RELATION = 41
    SKIRMISH = 42
    BLOCKADE = 43
    BLOCKADE_TIGHTER = 44
    BLOCKADE_EASED = 45
    BLOCKADE_ENDED = 46
    GUERRILLA = 47
    TALKS = 48
    OFFER = 49
    AID = 50
    CHARTER = 51
    REQUEST = 52
    PROMISE = 53
    REFUSED_HELP = 54
    HELP_ARRIVES = 55
    CRISIS = 56
    CLAIM_LOSSES = 57
    SILENCE = 58
    REVISION = 59
    CLAIM_CONTROL = 60
    DENIAL = 61
    CONFIRMED = 62
    UNCONFIRMED = 63
    RAID_FROM_OUTSIDE = 64
    ABUSE_SELECTIVE = 65
    WOUNDED = 66
    CAPTURED = 67
    MISSING = 68
    RETURNED = 69

    @property
    def label(self) -> str:
        """The name as users see it."""
        return self.name.lower()


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


def write(ledger: Ledger, hour: float, kind: int, **cells: float) -> int:
    """Write one row from Python; returns its number. Past the capacity it is only counted.

    Args:
        cells: What differs from nobody, nowhere, nothing, without a chance and without a cause.
    """
    n = int(ledger.used[0])
    ledger.used[0] = n + 1
    if n < len(ledger.rows):
        row = ledger.rows[n]
        for name in ROW.names or ():
            row[name] = NONE
        row["amount"], row["p"] = 0.0, math.nan
        for name, value in {"hour": hour, "kind": kind, **cells}.items():
            row[name] = value
    return n


CLAUSE, RUNG, TRUCE, BREACH, ORDER, DEPART, ARRIVE, IED, AMBUSH, PAUSE = range(1, 11)
BATTLE, BROKEN, ROUT, LOOT, CONTROL, STAY, LEAVE, WITHDRAW, ABANDON, EXIT = range(11, 21)
REFUSAL, EQUIPMENT, SHIPMENT_LOST, AIRLIFT, JOINT_END, REPATRIATED, ENTER = range(21, 28)
ABORT, REPULSE, REINFORCED, LOSSES, SPOTTED, STRIKE, CIVILIANS = range(28, 35)
AIRCRAFT_LOST, AIRCRAFT_HIT, SORTIES_AWAY, ABUSE, RECRUITED, DISPLACED = range(35, 41)
RELATION, SKIRMISH, BLOCKADE, BLOCKADE_TIGHTER, BLOCKADE_EASED, BLOCKADE_ENDED = range(41, 47)
GUERRILLA, TALKS, OFFER, AID, CHARTER, REQUEST, PROMISE, REFUSED_HELP = range(47, 55)
HELP_ARRIVES, CRISIS, CLAIM_LOSSES, SILENCE, REVISION, CLAIM_CONTROL = range(55, 61)
DENIAL, CONFIRMED, UNCONFIRMED, RAID_FROM_OUTSIDE, ABUSE_SELECTIVE = range(61, 66)
WOUNDED, CAPTURED, MISSING, RETURNED = range(66, 70)
