"""What happened, row by row, each row with the row that caused it.

A row's number is its place in the array. `cause` is -1 for a root: a clause of the scenario, a
chance draw, a commander's free choice.
"""

import math
from typing import NamedTuple

import numpy as np

from camphandover.core.compiled import declare
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


def __getattr__(name: str) -> int:
    """The code of a kind by its name, as compiled rules take it: `ledger.BATTLE`."""
    try:
        return int(Kind[name])
    except KeyError:
        raise AttributeError(f"there is no kind of row, and nothing else, named {name}") from None
