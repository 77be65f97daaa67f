"""Hands for the tests of the rules: core functions that Python can call, a small world, runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from camphandover import facts, scenario
from camphandover.agents.model import NorthernMali, Record
from camphandover.core import state as st
from camphandover.core.compiled import callable_from_python, interpreted, make_ready
from camphandover.core.deploy import set_parameters, shortest_routes
from camphandover.core.draws import Key, key_of
from camphandover.core.ledger import Kind, Ledger, new_ledger
from camphandover.core.now import Now, at
from camphandover.core.parameters import parameter_record
from camphandover.core.rules import REGISTRY

DAY = (date(2023, 10, 15) - date(1970, 1, 1)).days
"""A day outside the rains."""
LONG_AGO = 10_000
RUNS = 100

compiled_only = pytest.mark.skipif(interpreted(), reason="full runs need the compiled core")


@cache
def call(function: Callable[..., Any]) -> Callable[..., Any]:
    """A core function that Python can call; compiled once a session."""
    return callable_from_python(function)


def compiled_loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """A test's own loop over core functions, compiled when the core is."""
    import numba

    make_ready()
    return function if interpreted() else numba.njit(function)


class Clock(NamedTuple):
    """A day, and the window's first and last day, days since 1970-01-01."""

    day: int
    first: int
    last: int


class World(NamedTuple):
    """A few places, and all that a rule is called with."""

    state: st.State
    params: Any
    clock: Clock
    key: Key
    ledger: Ledger

    @property
    def now(self) -> Now:
        """What rules and their helpers take."""
        day, first, last = self.clock
        return at(self.state, self.params, self.key, self.ledger, first, last, day)

    def play(self, *names: str) -> World:
        """Let rules of the registry act, in this order; returns the world itself."""
        for name in names:
            call(REGISTRY[name].function)(self.now)
        return self

    def at(self, **changes: Any) -> World:
        """An independent copy; `day`, `key`, or any field can differ."""
        day = changes.pop("day", self.clock.day)
        rows = new_ledger(len(self.ledger.rows))
        rows.rows[...] = self.ledger.rows
        rows.used[...] = self.ledger.used
        return self._replace(
            state=st.copy_state(self.state), clock=Clock(day, *self.clock[1:]), ledger=rows
        )._replace(**changes)

    def men(self, side: int) -> int:
        """Fit men of a side."""
        units = self.state.units
        return int(units["men"][units["side"] == side].sum())

    def rows(self, kind: Kind) -> np.ndarray:
        """The ledger's rows of a kind."""
        rows = self.ledger.rows[: int(self.ledger.used[0])]
        return rows[rows["kind"] == kind]


def small_world(
    holders: Sequence[int],
    roads: Sequence[tuple[int, int, float]],
    *,
    day: int = DAY,
    replicate: int = 0,
    **values: float,
) -> World:
    """A world without units: place i has camp and town with `holders[i]`; km by road.

    Args:
        values: Parameters that differ from their best value.
    """
    params = _parameters(tuple(values.items())).copy()
    state = st.empty_state(unit=24, column=8, place=len(holders), partner=2, order=16)
    routes, places, war = state.routes, state.places, state.conflict[0]
    routes["km"], routes["next"] = shortest_routes(len(holders), roads)
    routes["air_km"] = routes["km"]
    set_parameters(state, params)
    places["camp_holder"] = places["town_holder"] = holders
    places["symbolic"] = 0.2
    places["covered"] = 1
    state.people["start"] = state.people["residents"] = 5000.0
    state.sides["morale"] = 1.0
    state.sides["air"][st.ARMY] = 1.0
    on = ("wagner", "record", "sieges", "aid", "charter", "loop", "hold_or_leave", "race", "harm")
    for name in on:
        state.switches[name] = 1
    war.rung = 3
    war.relation = st.TACIT
    war.mandate_end = war.calendar_until = day + 365
    clock = Clock(day, day - 100, day + 100)
    return World(state, params, clock, key_of(2023, replicate), new_ledger(256))


def add_unit(world: World, side: int, place: int, men: int, **cells: Any) -> int:
    """Put a unit into the first empty row; a garrison or a group with its side's quality.

    Returns:
        Its row.
    """
    state, params = world.state, world.params
    kinds = (st.GARRISON, st.WAGNER_TEAM, st.GROUP, st.GROUP, st.UN_COMPANY, st.PARTNER)
    qualities = ("garrison", "wagner", "separatists", "gsim", "un", "partner")
    row = int(np.flatnonzero(state.units["men"] == 0)[0])
    unit = state.units[row]
    unit.side, unit.kind, unit.men, unit.vehicles = side, kinds[side], men, max(1, men // 10)
    unit.place = unit.home = place
    unit.slot = cells.pop("slot", st.CAMP)
    unit.column = cells.pop("column", -1)
    unit.quality = params[f"quality_{qualities[side]}"]
    unit.supply = 12.0
    unit.since = world.clock.day - LONG_AGO
    for name, value in cells.items():
        unit[name] = value
    state.sides["mustered"][side] += men
    state.sides["vehicles_mustered"][side] += unit.vehicles
    return row


def add_column(world: World, side: int, mission: int, status: int, place: int, men: int) -> int:
    """Put a column of one unit at a place, its home there too; returns the column's row."""
    columns = world.state.columns
    c = int(np.flatnonzero(columns["status"] == st.FREE)[0])
    column = columns[c]
    column.side, column.mission, column.status = side, mission, status
    column.origin = column.target = column.stop = place
    column.cause = -1
    column.lead = add_unit(world, side, place, men, column=c, slot=st.COUNTRY)
    column.vehicles = world.state.units["vehicles"][column.lead]
    return c


def see(world: World) -> World:
    """Count presence and influence, as the day does before anybody decides."""
    return world.play("count_presence", "spread_influence")


@cache
def _parameters(values: tuple[tuple[str, float], ...]) -> Any:
    return parameter_record(dict(values))


class Runs(NamedTuple):
    """Full runs of one scenario, the state that each ended in, and its places."""

    model: NorthernMali
    records: list[Record]
    ends: list[st.State]
    places: list[str]

    def rows(self, kind: Kind) -> Iterator[np.ndarray]:
        """Ledger rows of a kind, run by run."""
        for record in self.records:
            yield record.events[record.events["kind"] == kind]

    def changes(self, place: int, slot: int) -> Iterator[np.ndarray]:
        """Changes of control of a slot, run by run."""
        for rows in self.rows(Kind.CONTROL):
            yield rows[(rows["place"] == place) & (rows["slot"] == slot)]


@cache
def runs(name: str, changes: str = "", n: int = RUNS) -> Runs:
    """Full runs of a scenario of the library, kept for the session.

    Args:
        changes: YAML that a scenario file would add to the library's.
    """
    head = f"extends: {name}\ntitle: A test\nquestion: Does the rule hold?\n"
    spec = scenario.load(yaml.safe_load(head + changes))
    model = NorthernMali(spec, seed=1)
    records, ends = [], []
    for replicate in range(n):
        records.append(model.run(replicate))
        ends.append(st.copy_state(model.state))
    return Runs(model, records, ends, [place.name for place in facts.load().places])


def shares_of_outcomes(hits: int, n: int) -> tuple[float, float]:
    """A share and its standard error."""
    p = hits / n
    return p, float(np.sqrt(max(p * (1 - p), 1 / n) / n))
