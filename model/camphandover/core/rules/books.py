"""The record of a day at 24:00, and the memory of the last days."""

import math
from typing import NewType

import numpy as np

from camphandover.core.compiled import compiled, declare
from camphandover.core.draws import Key
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.state import CAMP, N_SIDES, TOWN, Clock, State, today

SERIES = np.dtype(
    [
        ("men", "i4"),
        ("vehicles", "i4"),
        ("dead", "i4"),
        ("wounded", "i4"),
        ("captured", "i4"),
        ("missing", "i4"),
        ("deserted", "i4"),
        ("recruited", "i4"),
        ("claimed_dead", "i4"),
        ("charged_dead", "i4"),
        ("civilians_killed", "i4"),
        ("strikes", "i4"),
        ("aircraft_lost", "i4"),
        ("aircraft_hit", "i4"),
        ("morale", "f4"),
        ("supply", "f4"),
        ("places_held", "i2"),
    ],
    align=True,
)
"""Daily series of a side: fit men, vehicles, running totals of losses, what it says of its own
dead and of its enemies', mean days of stock, and the camps that its bloc holds."""

WAR = np.dtype(
    [
        ("rung", "i2"),
        ("truce", "i2"),
        ("relation", "i2"),
        ("guerrilla", "i2"),
        ("blockaded", "i2"),
        ("civilians_killed", "i4"),
        ("legitimacy", "f4"),
        ("displaced", "f4"),
        ("abroad", "f4"),
    ],
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


@rule("R1.1", writes=("recent",))
def open_day(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """A new day in the memory of the last days. Source: RULES R1.1."""
    for side in range(N_SIDES):
        row = state.recent[today(clock.day), side]
        row.attacks = 0
        row.dead = 0
        row.heard = 0
        row.bases = 0
        row.symbolic = 0.0


@rule("R6.3", writes=("places.fights", "recent.dead", "sides.fallen"))
def close_day(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Each place remembers its fights of the last 32 days, a bit a day; each side its dead.

    Source: RULES R6.3, R4.5 (own deaths of the last days).
    """
    for p in range(len(state.places)):
        state.places[p].fights = (state.places[p].fights << 1) & MEMORY
    for side in range(N_SIDES):
        books = state.sides[side]
        state.recent[today(clock.day), side].dead = books.dead - books.fallen
        books.fallen = books.dead


@compiled
def record_sides(state: State, series: Series, d: int):
    """Write the series of the sides for a day of the window."""
    for s in range(N_SIDES):
        row = series[d, s]
        books = state.sides[s]
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


@compiled
def record_war(state: State, war: War, d: int):
    """Write the series of the conflict for a day of the window."""
    row = war[d]
    now = state.conflict[0]
    row.rung = now.rung
    row.truce = 1 if now.truce else 0
    row.relation = now.relation
    row.guerrilla = now.guerrilla
    row.legitimacy = min(1.0, max(0.0, now.legitimacy + now.rally))
    row.abroad = now.abroad
    row.displaced = 0.0
    row.civilians_killed = 0
    row.blockaded = 0
    for p in range(len(state.places)):
        row.displaced += state.people[p].hosted
        row.civilians_killed += state.people[p].dead
        if state.places[p].siege >= 0:
            row.blockaded += 1


@compiled
def record(state: State, clock: Clock, control: Control, series: Series, war: War, people: People):
    """Write holders, series of the sides, of the conflict and of the places for the day."""
    d = clock.day - clock.first
    for p in range(len(state.places)):
        control[p, CAMP, d] = state.places[p].camp_holder
        control[p, TOWN, d] = state.places[p].town_holder
        people[d, p].residents = state.people[p].residents
        people[d, p].hosted = state.people[p].hosted
        people[d, p].fuel = math.exp(state.places[p].fuel)
    record_sides(state, series, d)
    record_war(state, war, d)
