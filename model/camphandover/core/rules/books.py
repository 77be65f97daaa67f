"""The record of a day at 24:00, and the memory of the last days."""

import math
from typing import NewType

import numpy as np

from camphandover.core import state as st
from camphandover.core.compiled import compiled, declare
from camphandover.core.now import Now
from camphandover.core.rules import ALL, rule

COUNTS = (
    "men vehicles dead wounded captured missing deserted recruited claimed_dead charged_dead "
    "civilians_killed strikes aircraft_lost aircraft_hit"
)
SERIES = np.dtype(
    [(name, "i4") for name in COUNTS.split()]
    + [("morale", "f4"), ("supply", "f4"), ("places_held", "i2")],
    align=True,
)
"""Daily series of a side: fit men, vehicles, running totals of losses, what it says of its own
dead and of its enemies', mean days of stock, and the camps that its bloc holds."""

WAR = np.dtype(
    [(name, "i2") for name in ("rung", "truce", "relation", "guerrilla", "blockaded")]
    + [("civilians_killed", "i4")]
    + [(name, "f4") for name in ("legitimacy", "displaced", "abroad")],
    align=True,
)
"""Daily series of the conflict: rung of escalation, truce, relation of separatists and GSIM,
towns under blockade, civilians killed so far, legitimacy of the state in the north, displaced
people in Mali and abroad."""

PLACES = np.dtype([("residents", "f4"), ("hosted", "f4"), ("fuel", "f4")], align=True)
"""Daily series of a place: people at home, displaced people of elsewhere, price of fuel (1 before
a blockade)."""

Control = NewType("Control", np.ndarray)
"""Holder codes, int8, shape (place, slot, day)."""
Series = NewType("Series", np.recarray)
"""Daily series of the sides, shape (day, side)."""
War = NewType("War", np.recarray)
"""Daily series of the conflict, shape (day,)."""
People = NewType("People", np.recarray)
"""Daily series of the places, shape (day, place)."""

declare(Control, np.zeros((1, 2, 1), np.int8))
declare(Series, np.zeros((1, 1), SERIES).view(np.recarray))
declare(War, np.zeros(1, WAR).view(np.recarray))
declare(People, np.zeros((1, 1), PLACES).view(np.recarray))

MEMORY = 2**32 - 1
"""Bits of the fights that a place remembers: 32 days."""


@rule("R1.1", recent=ALL)
def open_day(now: Now):
    """A new day in the memory of the last days. Source: RULES R1.1."""
    for side in range(st.N_SIDES):
        row = now.recent[st.today(now.day), side]
        row.attacks = 0
        row.dead = 0
        row.heard = 0
        row.bases = 0
        row.symbolic = 0.0


@rule("R6.3", places="fights", recent="dead", sides="fallen")
def close_day(now: Now):
    """Each place remembers its fights of the last 32 days, a bit a day; each side its dead.

    Source: RULES R6.3, R4.5 (own deaths of the last days).
    """
    for spot in now.places:
        spot.fights = (spot.fights << 1) & MEMORY
    for side, books in enumerate(now.sides):
        now.recent[st.today(now.day), side].dead = books.dead - books.fallen
        books.fallen = books.dead


@compiled
def record_sides(now: Now, series: Series, d: int):
    """Write the series of the sides for a day of the window."""
    for s in range(st.N_SIDES):
        row = series[d, s]
        books = now.sides[s]
        row.dead = books.dead
        row.wounded = books.wounded
        row.captured = books.captured
        row.missing = books.missing
        row.deserted = books.deserted
        row.recruited = books.recruited
        row.morale = books.morale
        row.claimed_dead = books.claimed
        row.charged_dead = books.charged
        row.civilians_killed = books.civilians
        row.strikes = books.strikes
        row.aircraft_lost = books.planes_lost + books.drones_lost
        row.aircraft_hit = books.planes_hit
        row.men = 0
        row.vehicles = 0
        row.supply = 0.0
        row.places_held = 0
        holder = st.bloc_of(s)
        for spot in now.places:
            if spot.camp_holder == holder:
                row.places_held += 1
    for unit in now.units:
        row = series[d, unit.side]
        row.men += unit.men
        row.vehicles += unit.vehicles
        row.supply += unit.men * unit.supply
    for s in range(st.N_SIDES):
        row = series[d, s]
        if row.men > 0:
            row.supply /= row.men


@compiled
def record_war(now: Now, war: War, d: int):
    """Write the series of the conflict for a day of the window."""
    row = war[d]
    conflict = now.conflict
    row.rung = conflict.rung
    row.truce = 1 if conflict.truce else 0
    row.relation = conflict.relation
    row.guerrilla = conflict.guerrilla
    row.legitimacy = min(1.0, max(0.0, conflict.legitimacy + conflict.rally))
    row.abroad = conflict.abroad
    row.displaced = 0.0
    row.civilians_killed = 0
    row.blockaded = 0
    for p, spot in enumerate(now.places):
        row.displaced += now.people[p].hosted
        row.civilians_killed += now.people[p].dead
        if spot.siege >= 0:
            row.blockaded += 1


@compiled
def record(now: Now, control: Control, series: Series, war: War, people: People):
    """Write holders, series of the sides, of the conflict and of the places for the day."""
    d = now.day - now.first
    for p, spot in enumerate(now.places):
        control[p, st.CAMP, d] = spot.camp_holder
        control[p, st.TOWN, d] = spot.town_holder
        people[d, p].residents = now.people[p].residents
        people[d, p].hosted = now.people[p].hosted
        people[d, p].fuel = math.exp(spot.fuel)
    record_sides(now, series, d)
    record_war(now, war, d)
