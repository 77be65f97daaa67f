"""The record of a day at 24:00, and the fights remembered by place."""

from typing import NewType

import numpy as np

from camphandover.compiled import compiled, declare
from camphandover.draws import Key
from camphandover.ledger import Ledger
from camphandover.parameters import Params
from camphandover.rules import rule
from camphandover.state import CAMP, N_SIDES, TOWN, Clock, State

SERIES = np.dtype(
    [
        ("men", "i4"),
        ("vehicles", "i4"),
        ("dead", "i4"),
        ("wounded", "i4"),
        ("captured", "i4"),
        ("missing", "i4"),
        ("deserted", "i4"),
        ("supply", "f4"),
        ("places_held", "i2"),
    ],
    align=True,
)
"""Daily series of a side: fit men, vehicles, running totals of losses, mean days of stock, and
the camps that its bloc holds."""

Control = NewType("Control", np.ndarray)
"""Holder codes, int8, shape (place, slot, day)."""
Series = NewType("Series", np.recarray)
"""Daily series, shape (day, side)."""

declare(Control, np.zeros((1, 2, 1), np.int8))
declare(Series, np.zeros((1, 1), SERIES).view(np.recarray))

MEMORY = 2**32 - 1
"""Bits of the fights that a place remembers: 32 days."""


@rule("R6.3", writes=("places.fights",))
def age_fights(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Each place remembers its fights of the last 32 days, a bit a day. Source: RULES R6.3."""
    for p in range(len(state.places)):
        state.places[p].fights = (state.places[p].fights << 1) & MEMORY


@compiled
def record(state: State, clock: Clock, control: Control, series: Series):
    """Write holders and series of the day."""
    d = clock.day - clock.first
    for p in range(len(state.places)):
        control[p, CAMP, d] = state.places[p].camp_holder
        control[p, TOWN, d] = state.places[p].town_holder
    for s in range(N_SIDES):
        row = series[d, s]
        books = state.sides[s]
        row.dead = books.dead
        row.wounded = books.wounded
        row.captured = books.captured
        row.missing = books.missing
        row.deserted = books.deserted
        row.men = 0
        row.vehicles = 0
        row.supply = 0.0
        row.places_held = 0
        holder = 0 if s < 2 or s == N_SIDES - 1 else s - 1
        for p in range(len(state.places)):
            if state.places[p].camp_holder == holder:
                row.places_held += 1
    for u in range(len(state.units)):
        unit = state.units[u]
        row = series[d, unit.side]
        row.men += unit.men
        row.vehicles += unit.vehicles
        row.supply += unit.men * unit.supply
    for s in range(N_SIDES):
        row = series[d, s]
        if row.men > 0:
            row.supply /= row.men
