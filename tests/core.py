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
from camphandover.core.compiled import callable_from_python, interpreted
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


def shortest(n: int, roads: Sequence[tuple[int, int, float]], decay_km: float) -> np.ndarray:
    """Routes between `n` places: km, next place, near."""
    routes = st.rows(st.ROUTE, (n, n))
    km = np.full((n, n), np.inf)
    np.fill_diagonal(km, 0.0)
    nxt = np.tile(np.arange(n), (n, 1))
    for a, b, length in roads:
        km[a, b] = km[b, a] = length
    for via in range(n):
        for a in range(n):
            for b in range(n):
                if km[a, via] + km[via, b] < km[a, b]:
                    km[a, b] = km[a, via] + km[via, b]
                    nxt[a, b] = nxt[a, via]
    routes["km"], routes["next"], routes["near"] = km, nxt, np.exp(-km / decay_km)
    routes["air_km"] = km
    return routes


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
    state = st.empty_state(24, 8, len(holders), 1, 2, 16)
    state.routes[...] = shortest(len(holders), roads, float(params.influence_decay_km))
    state.units["column"] = -1
    state.units["fought"] = day - LONG_AGO
    state.columns["act"] = st.NEVER
    places = state.places
    places["camp_holder"] = places["town_holder"] = holders
    places["symbolic"] = 0.2
    places["camp_since"] = places["town_since"] = (day - LONG_AGO) * st.HOURS
    for name in ("camp_cause", "town_cause", "open_cause", "joint_cause", "clause_cause"):
        places[name] = -1
    for name in ("claimant", "convoy_to", "plan_day", "exit_day", "flight_day", "joint_war"):
        places[name] = -1
    for name in ("siege", "siege_cause", "contact_cause"):
        places[name] = -1
    for name in ("lost_hour", "town_lost", "reenter_hour", "enter_hour", "exit_hour", "contact"):
        places[name] = st.NEVER
    state.people["start"] = state.people["residents"] = 5000.0
    state.people["siege"] = -1
    state.partners["ground_hour"] = state.partners["air_hour"] = st.NEVER
    state.partners["cause"] = -1
    for name in ("destroyed", "p_leave", "spread"):
        places[name] = np.nan
    places["looted_day"] = day - LONG_AGO
    state.sides["morale"] = 1.0
    state.sides["air"][st.ARMY] = 1.0
    state.sides["planes"][st.ARMY] = params.planes_army
    state.sides["drones"][st.ARMY] = params.drones_army
    places["covered"] = 1
    for name in ("wagner", "record", "sieges", "aid", "charter", "loop", "hold_or_leave", "race"):
        state.switches[name] = 1
    state.switches["harm"] = 1
    for side, name in ((0, "army"), (1, "army"), (2, "separatists"), (3, "gsim")):
        for weight in ("symbolic", "loot", "route", "threat", "days", "win", "core"):
            state.sides[f"w_{weight}"][side] = params[f"w_{weight}_{name}"]
    war = state.conflict[0]
    war.rung = 3
    for name in st.CONFLICT.names:
        if name.endswith("_cause") or name in ("truce_day", "asked_day"):
            war[name] = -1
    war.relation = st.TACIT
    war.centre_day = day - LONG_AGO
    war.siege_hour = st.NEVER
    war.legitimacy = params.legitimacy_north
    war.legitimacy_capital = params.legitimacy_capital
    war.mandate_end = day + 365
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
