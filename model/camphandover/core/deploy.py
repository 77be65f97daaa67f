"""The first day: a scenario and the facts become tables and one record of parameters.

Source: RULES R1.2 (order of battle), R1.3 (map), R6.1 (schedule).
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np

from camphandover.core import state as st
from camphandover.core.parameters import Params, parameter_record
from camphandover.facts import Theatre, UnitGroup
from camphandover.facts.checks import great_circle
from camphandover.scenario import Scenario

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


def copy_params(params: Params) -> Params:
    """An independent copy of a record, by its bytes: `copy()` goes field by field."""
    rows = np.frombuffer(bytearray(params.tobytes()), params.dtype).view(np.recarray)
    return Params(rows[0])


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def _routes(theatre: Theatre) -> np.recarray:
    """Shortest land routes between all places: km and next place; km in a straight line."""
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
    routes["air_km"] = [[great_circle(a, b) for b in theatre.places] for a in theatre.places]
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
        row.corridor = place.corridor
        row.centre = place.centre
        row.islamic_state = place.islamic_state
        row.siege = row.siege_cause = row.contact_cause = -1
        row.contact = st.NEVER
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
) -> np.ndarray:
    """Unit rows of all sides, scaled to the theatre's strengths and the scenario's forces."""
    template: list[tuple[str, UnitGroup | None, int]] = []
    there = [g for g in theatre.units if not g.when or getattr(scenario.foreign, g.when)]
    for side in st.Side:
        name = side.name.lower()
        template += [(name, group, group.units * times) for group in there if group.side == name]
        template.append((name, None, RESERVED[name] * times))
    units = np.zeros(sum(n for _, _, n in template), st.UNIT)
    units["column"] = -1
    units["fought"] = first - 10_000
    units["return_day"] = first
    totals = {
        name: sum(
            g.units * g.men * _size(theatre, params, "men", g) for g in there if g.side == name
        )
        for name in {g.side for g in there}
    }
    begin = 0
    for name, member, n in template:
        rows = units[begin : begin + n]
        begin += n
        rows["side"] = st.Side[name.upper()]
        kind = _KIND_OF_SIDE[name] if member is None else st.Kind[member.kind.upper()]
        rows["kind"] = kind
        rows["quality"] = params[f"quality_{_QUALITY[kind.name.lower(), name]}"]
        if member is None:
            continue
        rows["slot"] = st.Slot[member.slot.upper()]
        rows["home"] = rows["place"] = theatre.index(member.place)
        scale = _scale(scenario, params, name, totals[name])
        men = round(member.men * _size(theatre, params, "men", member) * scale)
        vehicles = member.vehicles * _size(theatre, params, "vehicles", member) * scale
        rows["men"] = men
        rows["vehicles"] = round(vehicles) if men else 0
        rows["since"] = first - int(params.fortified_after_days)
        limit = params.supply_max_armed if member.kind == "group" else params.supply_max_garrison
        rows["supply"] = limit
    return units


def _scale(scenario: Scenario, params: Params, side: str, total: float) -> float:
    """Factor of each unit of a side: its strength over the order of battle's, and the scenario's.

    A side of which no total is known (partners who stay) has its order of battle.
    """
    if side == "wagner" and not scenario.foreign.wagner:
        return 0.0
    strength = params[f"strength_{_STRENGTH[side]}"] / total if side in _STRENGTH else 1.0
    return float(strength * scenario.forces.get(side, 1.0))


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


def _sides(scenario: Scenario, params: Params, units: np.ndarray, first: int) -> np.recarray:
    """The sides' rows: weights, morale, books of men, and when each group's next attack is due."""
    sides = st.rows(st.SIDE, len(st.Side))
    for side, row in zip(st.Side, sides, strict=True):
        name = side.name.lower()
        row.morale = params.morale_start
        if name == "army":
            row.air = scenario.airpower.scale
            row.planes, row.drones = params.planes_army, params.drones_army
            if scenario.foreign.french:
                row.air *= params.french_air
        weights = "army" if name in ("wagner", "minusma", "partners") else name
        for utility in UTILITIES:
            row[f"w_{utility}"] = params[f"w_{utility}_{weights}"]
        if not scenario.structure.symbolic_utility:
            row.w_symbolic = 0.0
        mine = units["side"] == side
        row.mustered = units["men"][mine].sum()
        row.vehicles_mustered = units["vehicles"][mine].sum()
        row.next_attack = first * st.HOURS
    return sides


KEPT_WORLDS = 32
_WORLDS: dict[tuple[str, int], World] = {}


def deployed(scenario: Scenario, theatre: Theatre, times: int) -> World:
    """`deploy`, whose last results are kept: a batch of a user's model makes many of one scenario.

    Its tables are read-only and its parameters not to be changed: copy them.
    """
    key = scenario.digest(), times
    world = _WORLDS.get(key)
    if world is None:
        world = deploy(scenario, theatre, times)
        for table in world.state:
            table.flags.writeable = False
        while len(_WORLDS) >= KEPT_WORLDS:
            _WORLDS.pop(next(iter(_WORLDS)), None)
        _WORLDS[key] = world
    return world


def deploy(
    scenario: Scenario, theatre: Theatre, times: int = 1, values: Mapping[str, float] | None = None
) -> World:
    """The state at 00:00 of the scenario's first day, and its parameters.

    Args:
        times: How many times the order of battle stands in the field (for benchmarks; each
            unit keeps its size).
        values: Parameters that differ from the best value; the scenario's if not given.
    """
    params = parameter_record(scenario.parameters if values is None else values)
    first, last = day_number(scenario.window.start), day_number(scenario.window.end)
    units = _units(theatre, scenario, params, first, times)
    n = len(theatre.places)
    state = st.empty_state(
        len(units), COLUMNS * times, n, len(theatre.calendar), len(theatre.partners), ORDERS
    )
    state.places[...] = _places(theatre, scenario, first)
    state.people[...] = _people(theatre)
    state.partners[...] = _partners(theatre)
    state.switches[...] = _switches(scenario)
    state.routes[...] = _routes(theatre)
    state.calendar[...] = _calendar(theatre)
    state.columns["act"] = st.NEVER
    for depot in theatre.depots:
        bloc = int(st.BLOC_OF_SIDE[st.Side[depot.side.upper()]])
        state.shipments["depot"][bloc, theatre.index(depot.place)] = 1
    _set_by_parameters(state, scenario, params, units, first)
    return World(state, params, first, last, tuple(place.name for place in theatre.places))


def redeploy(
    world: World,
    scenario: Scenario,
    theatre: Theatre,
    times: int = 1,
    values: Mapping[str, float] | None = None,
) -> World:
    """The same scenario with other parameters: as `deploy`, in a tenth of its time.

    Args:
        world: What `deploy` made of the scenario; it is not changed.
    """
    params = parameter_record(scenario.parameters if values is None else values)
    state = st.copy_state(world.state)
    units = _units(theatre, scenario, params, world.first, times)
    _set_by_parameters(state, scenario, params, units, world.first)
    return world._replace(state=state, params=params)


def _set_by_parameters(
    state: st.State, scenario: Scenario, params: Params, units: np.ndarray, first: int
) -> None:
    """The tables that parameters decide: units, sides, reach of influence, the conflict."""
    state.units[...] = units
    state.sides[...] = _sides(scenario, params, units, first)
    state.routes["near"] = np.exp(-state.routes["km"] / float(params.influence_decay_km))
    state.conflict[...] = _conflict(scenario, params, state.calendar, first)


def _people(theatre: Theatre) -> np.recarray:
    """The population: everybody is at home."""
    people = st.rows(st.PEOPLE, len(theatre.places))
    for row, place in zip(people, theatre.places, strict=True):
        row.start = row.residents = place.residents
        row.siege = -1
        row.capital = place.legitimacy == "capital"
    return people


def _partners(theatre: Theatre) -> np.recarray:
    """The partners of the charter, nothing promised."""
    partners = st.rows(st.PARTNER_STATE, len(theatre.partners))
    for row, partner in zip(partners, theatre.partners, strict=True):
        row.threat = partner.own_threat
        row.ecowas = partner.ecowas
        row.crisis_until = -1 if partner.crisis_until is None else day_number(partner.crisis_until)
        row.arrives_at = theatre.index(partner.arrives_at)
        row.ground_hour = row.air_hour = st.NEVER
        row.cause = -1
    return partners


def _switches(scenario: Scenario) -> np.recarray:
    """The row of switches."""
    switches = st.rows(st.SWITCHES, 1)
    row = switches[0]
    row.wagner = scenario.foreign.wagner and scenario.forces.get("wagner", 1.0) > 0.0
    row.french = scenario.foreign.french
    row.record = scenario.politics.record and scenario.politics.rung is None
    row.relation_fixed = (
        scenario.politics.relations_fixed or scenario.politics.relations == "merged"
    )
    row.sieges = scenario.blockade.active
    row.aid = scenario.politics.victim_aid
    row.charter = scenario.alliance.charter
    row.reliable = scenario.alliance.reliable
    row.joint_force = scenario.alliance.joint_force
    row.sanctions_end = day_number(scenario.alliance.sanctions_end)
    row.intervention = scenario.alliance.intervention
    row.harm = _HARM[scenario.population.harm]
    row.loop = scenario.population.loop
    row.perfect = scenario.reporting.perfect
    row.hold_or_leave = scenario.structure.hold_or_leave
    row.race = scenario.structure.race
    return switches


_HARM = {"positive": 1, "nil": 0, "negative": -1}


def _calendar(theatre: Theatre) -> np.recarray:
    """What is known from outside."""
    calendar = st.rows(st.CALENDAR, len(theatre.calendar))
    for row, known in zip(calendar, theatre.calendar, strict=True):
        row.day = day_number(known.date)
        row.what = _KNOWN[known.what]
        row.place = -1 if known.place is None else theatre.index(known.place)
        row.rung = -1 if known.rung is None else known.rung
    return calendar


_KNOWN = {
    "rung": st.Known.RUNG,
    "blockade": st.Known.BLOCKADE,
    "victim_aid": st.Known.VICTIM_AID,
    "charter": st.Known.CHARTER,
}


def _conflict(scenario: Scenario, params: Params, calendar: np.recarray, first: int) -> np.recarray:
    """The one row of the conflict on the first day."""
    conflict = st.rows(st.CONFLICT, 1)
    war = conflict[0]
    past = calendar[(calendar["what"] == st.Known.RUNG) & (calendar["day"] <= first)]
    rung = scenario.politics.rung
    war.rung = max(past["rung"], default=0) if rung is None else rung
    war.rung_cause = war.forward_cause = war.truce_cause = war.talks_cause = -1
    war.relation_cause = war.guerrilla_cause = war.aid_cause = war.charter_cause = -1
    war.crisis_cause = war.asked_day = -1
    truce = scenario.politics.truce
    war.truce_day = -1 if truce is None else day_number(truce)
    war.mandate_end = day_number(scenario.mandate_end)
    war.relation = st.Relation[scenario.politics.relations.upper()]
    war.centre_day = first - 10_000
    war.siege_hour = st.NEVER
    war.legitimacy = params.legitimacy_north
    war.legitimacy_capital = params.legitimacy_capital
    return conflict
