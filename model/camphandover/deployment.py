"""The first day: a scenario and the facts become tables and one record of parameters.

Source: RULES R1.2 (order of battle), R1.3 (map), R6.1 (schedule).
"""

from datetime import date
from typing import NamedTuple

import numpy as np

from camphandover import state as st
from camphandover.parameters import Params, parameter_record
from camphandover.scenario import Scenario
from camphandover.theatre import Theatre, UnitGroup

RESERVED = {"army": 8, "wagner": 4, "separatists": 8, "gsim": 8, "minusma": 0, "partners": 8}
"""Empty unit rows per side for units that are raised later (a row never moves)."""

COLUMNS = 96
"""Columns that can be out at once, per order of battle."""
ORDERS = 64
"""Orders that a day can hold."""

UTILITIES = ("symbolic", "loot", "route", "threat", "days", "win", "core")


class World(NamedTuple):
    """What one scenario starts from: the same for every replicate but for its draws."""

    state: st.State
    params: Params
    first: int
    last: int
    places: tuple[str, ...]


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def _routes(theatre: Theatre, decay_km: float) -> np.recarray:
    """Shortest land routes between all places: km, next place, and influence's decay."""
    n = len(theatre.places)
    km = np.full((n, n), np.inf)
    nxt = np.tile(np.arange(n), (n, 1))
    np.fill_diagonal(km, 0.0)
    for road in theatre.roads:
        if road.kind == "river":
            continue
        a, b = theatre.index(road.a), theatre.index(road.b)
        if road.km < km[a, b]:
            km[a, b] = km[b, a] = road.km
    for via in range(n):
        shorter = km[:, via, None] + km[None, via, :] < km
        km = np.where(shorter, km[:, via, None] + km[None, via, :], km)
        nxt = np.where(shorter, nxt[:, via, None], nxt)
    routes = st.rows(st.ROUTE, (n, n))
    routes["km"] = km
    routes["next"] = nxt
    routes["near"] = np.exp(-km / decay_km)
    return routes


def _places(theatre: Theatre, scenario: Scenario, first: int) -> np.recarray:
    """The places with their holders, values and the scenario's clauses."""
    places = st.rows(st.PLACE, len(theatre.places))
    camps = {camp.place: camp for camp in theatre.camps}
    for row, place in zip(places, theatre.places, strict=True):
        row.symbolic = place.symbolic
        row.route_value = place.route_value
        row.support = place.support_separatists
        row.support_gsim = place.support_gsim
        row.support_army = place.support_army
        row.airstrip = place.airstrip
        row.core = place.separatist_core
        row.camp_holder = st.Holder[place.camp_holder.upper()]
        row.town_holder = st.Holder[place.town_holder.upper()]
        row.camp_since = row.town_since = first * st.HOURS
        row.camp_cause = row.town_cause = row.open_cause = row.joint_cause = row.clause_cause = -1
        row.looted_day = first - 10_000
        row.lost_hour = row.town_lost = row.reenter_hour = row.enter_hour = row.exit_hour = st.NEVER
        row.claimant = row.convoy_to = row.joint_war = -1
        row.destroyed = row.p_leave = row.spread = np.nan
        row.plan_day = row.exit_day = row.flight_day = -1
        if place.name not in scenario.camps:
            continue
        clause = scenario.camps[place.name]
        camp = camps[place.name]
        row.un_camp = 1
        row.guards = camp.liquidation
        row.receiver = _RECEIVERS[clause.receiver]
        row.plan_day = row.exit_day = day_number(clause.exit)
        row.notice_army = clause.notice_army
        row.notice_separatists = clause.notice_separatists
        row.early_exit = clause.early_exit
        row.accelerated = clause.equipment == "accelerated"
        row.buffer = clause.buffer
        row.perimeter = clause.perimeter
        for name in ("destroyed", "p_leave", "spread"):
            value = getattr(clause, name)
            row[name] = np.nan if value is None else value
        if camp.convoy_destination is not None:
            row.convoy_to = theatre.index(camp.convoy_destination)
    return places


_RECEIVERS = {
    "army": st.Receiver.ARMY,
    "separatists": st.Receiver.SEPARATISTS,
    "joint": st.Receiver.JOINT,
    "empty": st.Receiver.EMPTY,
    "race": st.Receiver.RACE,
}


def _size(theatre: Theatre, params: Params, what: str, group: UnitGroup) -> float:
    """Men or vehicles of this kind of unit against the best value of its template (R1.2)."""
    kind = f"group_{group.side}" if group.kind == "group" else group.kind
    name = f"{what}_{kind}"
    return float(params[name]) / theatre.parameters[name].best


def _units(
    theatre: Theatre, scenario: Scenario, params: Params, first: int, times: int
) -> np.recarray:
    """Unit rows of all sides, scaled to the theatre's strengths and the scenario's forces."""
    template: list[tuple[str, UnitGroup | None]] = []
    for side in st.Side:
        name = side.name.lower()
        groups = [group for group in theatre.units if group.side == name]
        for group in groups:
            template.extend((name, group) for _ in range(group.units * times))
        template.extend((name, None) for _ in range(RESERVED[name] * times))
    units = st.rows(st.UNIT, len(template))
    totals = {
        name: sum(
            g.units * g.men * _size(theatre, params, "men", g)
            for g in theatre.units
            if g.side == name
        )
        for name in {g.side for g in theatre.units}
    }
    for row, (name, member) in zip(units, template, strict=True):
        row.side = st.Side[name.upper()]
        row.column = -1
        row.fought = first - 10_000
        row.return_day = first
        row.kind = _KIND_OF_SIDE[name]
        row.quality = params[f"quality_{_QUALITY[st.Kind(row.kind).name.lower(), name]}"]
        if member is None:
            continue
        row.kind = st.Kind[member.kind.upper()]
        row.slot = st.Slot[member.slot.upper()]
        row.home = row.place = theatre.index(member.place)
        scale = (
            params[f"strength_{_STRENGTH[name]}"] / totals[name] * scenario.forces.get(name, 1.0)
        )
        row.men = round(member.men * _size(theatre, params, "men", member) * scale)
        vehicles = member.vehicles * _size(theatre, params, "vehicles", member) * scale
        row.vehicles = round(vehicles) if row.men else 0
        row.quality = params[f"quality_{_QUALITY[member.kind, name]}"]
        row.since = first - int(params.fortified_after_days)
        limit = params.supply_max_armed if member.kind == "group" else params.supply_max_garrison
        row.supply = limit
    return units


_KIND_OF_SIDE = {
    "army": st.Kind.GARRISON,
    "wagner": st.Kind.WAGNER,
    "separatists": st.Kind.GROUP,
    "gsim": st.Kind.GROUP,
    "minusma": st.Kind.UN,
    "partners": st.Kind.PARTNER,
}
_QUALITY = {
    ("garrison", "army"): "garrison",
    ("manoeuvre", "army"): "manoeuvre",
    ("wagner", "wagner"): "wagner",
    ("group", "separatists"): "separatists",
    ("group", "gsim"): "gsim",
    ("un", "minusma"): "un",
    ("partner", "partners"): "partner",
}
_STRENGTH = {
    "army": "army",
    "wagner": "wagner",
    "separatists": "separatists",
    "gsim": "gsim",
    "minusma": "un",
}


def _sides(scenario: Scenario, params: Params, units: np.recarray, first: int) -> np.recarray:
    """The sides' rows: weights, morale, books of men, and when each group's next attack is due."""
    sides = st.rows(st.SIDE, len(st.Side))
    for side, row in zip(st.Side, sides, strict=True):
        name = side.name.lower()
        row.morale = params.morale_start
        row.air = scenario.airpower.scale if name == "army" else 0.0
        weights = "army" if name in ("wagner", "minusma", "partners") else name
        for utility in UTILITIES:
            row[f"w_{utility}"] = params[f"w_{utility}_{weights}"]
        mine = units["side"] == side
        row.mustered = units["men"][mine].sum()
        row.vehicles_mustered = units["vehicles"][mine].sum()
        row.next_attack = first * st.HOURS
    return sides


def deploy(scenario: Scenario, theatre: Theatre, times: int = 1) -> World:
    """The state at 00:00 of the scenario's first day, and its parameters.

    Args:
        times: How many times the order of battle stands in the field (for benchmarks; each
            unit keeps its size).
    """
    params = parameter_record(scenario.parameters)
    first, last = day_number(scenario.window.start), day_number(scenario.window.end)
    units = _units(theatre, scenario, params, first, times)
    n = len(theatre.places)
    state = st.empty_state(
        len(units), COLUMNS * times, n, len(theatre.roads), len(theatre.escalation), ORDERS
    )
    state.units[...] = units
    state.places[...] = _places(theatre, scenario, first)
    state.sides[...] = _sides(scenario, params, units, first)
    state.routes[...] = _routes(theatre, float(params.influence_decay_km))
    state.columns["act"] = st.NEVER
    for row, road in zip(state.edges, theatre.roads, strict=True):
        row.a, row.b = theatre.index(road.a), theatre.index(road.b)
        row.km = road.km
        row.land = road.kind != "river"
    for depot in theatre.depots:
        bloc = int(st.BLOC_OF_SIDE[st.Side[depot.side.upper()]])
        state.shipments["depot"][bloc, theatre.index(depot.place)] = 1
    for row, step in zip(state.calendar, theatre.escalation, strict=True):
        row.day, row.rung = day_number(step.date), step.rung
    war = state.conflict[0]
    past = [row.rung for row in state.calendar if row.day <= first]
    war.rung = max(past, default=0)
    war.rung_cause = war.forward_cause = -1
    truce = scenario.politics.truce
    war.truce_day = -1 if truce is None else day_number(truce)
    war.mandate_end = day_number(scenario.mandate_end)
    return World(state, params, first, last, tuple(place.name for place in theatre.places))
