"""The first day: a scenario and the facts become tables and one record of parameters.

Source: RULES R1.2 (order of battle), R1.3 (map), R6.1 (schedule).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

from camphandover.core import state as st
from camphandover.core.parameters import Params, parameter_record
from camphandover.facts import Theatre, UnitGroup
from camphandover.facts.checks import great_circle
from camphandover.facts.records import ORIGIN
from camphandover.scenario import Clause, Scenario
from camphandover.scenario.known import changes_known, exits_known
from camphandover.scenario.past import changed_clauses, past_of

RESERVED = {
    st.Side.ARMY: (8, st.Kind.GARRISON),
    st.Side.WAGNER: (4, st.Kind.WAGNER),
    st.Side.SEPARATISTS: (8, st.Kind.GROUP),
    st.Side.GSIM: (8, st.Kind.GROUP),
    st.Side.PARTNERS: (8, st.Kind.PARTNER),
}
"""Empty rows for units that are raised later (a row never moves), and the kind of these units."""

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


def _take(table: Any, sources: Iterable[Any], same: str, **others: str) -> None:
    """Fill columns with the sources' fields of the same name, and of another one."""
    names = {name: name for name in same.split()} | others
    for row, source in zip(table, sources, strict=True):
        for column, name in names.items():
            value = getattr(source, name)
            if value is not None:  # what is not set stays as it is declared
                row[column] = day_number(value) if isinstance(value, date) else value


def shortest_routes(
    n: int, roads: Iterable[tuple[int, int, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Shortest routes between `n` places over roads (place, place, km): km, and the next place."""
    km = np.full((n, n), np.inf)
    nxt = np.tile(np.arange(n), (n, 1))
    np.fill_diagonal(km, 0.0)
    for a, b, length in roads:
        km[a, b] = km[b, a] = min(km[a, b], length)
    for via in range(n):
        detour = km[:, via, None] + km[None, via, :]
        nxt = np.where(detour < km, nxt[:, via, None], nxt)
        km = np.minimum(km, detour)
    return km, nxt


def _set_facts(state: st.State, theatre: Theatre) -> None:
    """What is so in every scenario: the map, holders, people, partners, the calendar, depots."""
    index, places = theatre.index, theatre.places
    roads = [(index(r.a), index(r.b), r.km) for r in theatre.roads if r.kind != "river"]
    state.routes["km"], state.routes["next"] = shortest_routes(len(places), roads)
    state.routes["air_km"] = [[great_circle(a, b) for b in places] for a in places]
    same = "symbolic route_value support_gsim support_army airstrip corridor centre islamic_state"
    _take(state.places, places, same, support="support_separatists", core="separatist_core")
    for slot in ("camp_holder", "town_holder"):
        state.places[slot] = [st.Holder[getattr(place, slot).upper()] for place in places]
    _take(state.people, places, "residents", start="residents")
    state.people["capital"] = [place.legitimacy == "capital" for place in places]
    _take(state.partners, theatre.partners, "ecowas crisis_until", threat="own_threat")
    state.partners["arrives_at"] = [index(partner.arrives_at) for partner in theatre.partners]
    _take(state.calendar, theatre.calendar, "rung", day="date")
    for row, known in zip(state.calendar, theatre.calendar, strict=True):
        row.what = st.Known[known.what.upper()]
        row.side = -1 if known.side is None else st.Side[known.side.upper()]
        row.place = -1 if known.place is None else index(known.place)
    for depot in theatre.depots:
        bloc = st.BLOC_OF_SIDE[st.Side[depot.side.upper()]]
        state.shipments["depot"][bloc, index(depot.place)] = 1


def _set_scenario(state: st.State, scenario: Scenario, theatre: Theatre, first: int) -> None:
    """What the scenario says: clauses of the camps, switches, politics."""
    places, politics = state.places, scenario.politics
    places["camp_since"] = places["town_since"] = first * st.HOURS
    for camp in theatre.camps:
        to = camp.convoy_destination
        row = places[theatre.index(camp.place)]
        row.un_camp = 1
        row.guards = camp.liquidation
        row.convoy_to = -1 if to is None else theatre.index(to)
        _set_clause(places, theatre.index(camp.place), scenario.camps[camp.place])
    _set_switches(state, scenario)
    calendar, war = state.calendar, state.conflict[0]
    war.calendar_until = day_number(ORIGIN)
    _set_known(state, scenario, theatre)
    known = calendar[calendar["day"] <= min(first, war.calendar_until)]
    war.rung = max(known[known["what"] == st.Known.RUNG]["rung"], default=0)
    _take(state.conflict, [politics], "rung", truce_day="truce")
    war.relation = st.Relation[politics.relations.upper()]


def _set_clause(places: np.recarray, i: int, clause: Clause) -> None:
    """What happens to the camp of a place."""
    row = places[i]
    row.receiver = st.Receiver[clause.receiver.upper()]
    row.accelerated = clause.equipment == "accelerated"
    same = "notice_army notice_separatists early_exit buffer perimeter"
    _take(places[i : i + 1], [clause], same, plan_day="exit", exit_day="exit")
    for name in ("destroyed", "p_leave", "spread"):
        value = getattr(clause, name)
        row[name] = math.nan if value is None else value


def _set_known(state: st.State, scenario: Scenario, theatre: Theatre) -> None:
    """What is known from the record: until when, and when the UN left its camps. Source: R10.1."""
    until = scenario.known.until
    if until is not None:
        war = state.conflict[0]
        war.known_until = war.calendar_until = day_number(until)
        left, later = exits_known(scenario.known), until + timedelta(days=1)
        for row in changes_known(scenario.known):
            if row.object == "un_camp":
                day = day_number(left.get(row.place, later))
                state.places["exit_known"][theatre.index(row.place)] = day


def go_on(state: st.State, params: Params, scenario: Scenario, theatre: Theatre) -> None:
    """The state on the day after the past: from now on a scenario's own settings hold.

    What acts on the first day alone is in it, and no scenario can change it any more. A clause
    that differs becomes known anew, and its camp has another day of exit.
    Source: R10.1.
    """
    if scenario.known.own_past:
        return
    places, ended = state.places, int(state.conflict["mandate_end"][0])
    for place, clause in changed_clauses(scenario).items():
        row = places[theatre.index(place)]
        if row.exit_hour == st.NEVER:
            row.announced = 0
            _set_clause(places, theatre.index(place), clause)
            row.exit_day = 0  # drawn on this day
    _set_switches(state, scenario)
    ends = int(state.conflict["mandate_end"][0])
    cut = (places["exit_day"] >= min(ended, ends)) & (places["guards"] == 0)
    if ends != ended:  # an exit that the mandate cut may be later now, and one after it is cut
        places["exit_day"][cut] = ends if ends < ended else -ended
    _set_choices(state, scenario, params)
    _take(state.conflict, [scenario.politics], "", truce_day="truce")


def _set_switches(state: st.State, scenario: Scenario) -> None:
    """What the scenario switches, and the mandate's end."""
    politics, alliance = scenario.politics, scenario.alliance
    on = state.switches[0]
    on.wagner = scenario.foreign.wagner and scenario.forces.get("wagner", 1.0) > 0.0
    on.french = scenario.foreign.french
    on.record = politics.record and politics.rung is None
    on.relation_fixed = politics.relations_fixed or politics.relations == "merged"
    on.sieges = scenario.blockade.active
    on.aid = politics.victim_aid
    on.harm = {"positive": 1, "nil": 0, "negative": -1}[scenario.population.harm]
    on.loop = scenario.population.loop
    on.perfect = scenario.reporting.perfect
    _take(state.switches, [alliance], "charter reliable joint_force sanctions_end intervention")
    _take(state.switches, [scenario.structure], "hold_or_leave race")
    state.conflict["mandate_end"] = day_number(scenario.mandate_end)


def _set_choices(state: st.State, scenario: Scenario, params: Params) -> None:
    """The army's airpower, and whether symbolic value counts in the choice of targets."""
    sides = state.sides
    sides["air"][st.ARMY] = scenario.airpower.scale
    if scenario.foreign.french:
        sides["air"][st.ARMY] *= params.french_air
    if not scenario.structure.symbolic_utility:
        sides["w_symbolic"] = 0.0


Battle = Sequence[tuple[st.Side, UnitGroup | None, int]]
"""Side, group and number of unit rows; no group stands for units that are raised later."""


def _order_of_battle(theatre: Theatre, scenario: Scenario, times: int) -> Battle:
    """The units of all sides in the order of their rows."""
    there = [g for g in theatre.units if not g.when or getattr(scenario.foreign, g.when)]
    battle: list[tuple[st.Side, UnitGroup | None, int]] = []
    for side in st.Side:
        mine = (group for group in there if group.side == side.name.lower())
        battle += [(side, group, group.units * times) for group in mine]
        if side in RESERVED:
            battle.append((side, None, RESERVED[side][0] * times))
    return battle


def _set_units(
    units: np.recarray, battle: Battle, scenario: Scenario, theatre: Theatre, params: Params
) -> None:
    """Units, scaled to the theatre's strengths and the scenario's forces."""

    def size(what: str, group: UnitGroup) -> float:
        """Men or vehicles of this kind of unit against the best value of its template (R1.2)."""
        name = f"{what}_group_{group.side}" if group.kind == "group" else f"{what}_{group.kind}"
        return float(params[name]) / theatre.parameters[name].best

    totals = dict.fromkeys(st.Side, 0.0)
    for side, group, _ in battle:
        totals[side] += group.units * group.men * size("men", group) if group else 0.0
    begin = 0
    for side, group, n in battle:
        rows = units[begin : begin + n]
        begin += n
        kind = RESERVED[side][1] if group is None else st.Kind[group.kind.upper()]
        named = side if kind == st.Kind.GROUP else kind
        rows["side"], rows["kind"] = side, kind
        rows["quality"] = params[f"quality_{named.name.lower()}"]
        if group is None:
            continue
        scale = _scale(scenario, params, side, totals[side])
        rows["slot"] = st.Slot[group.slot.upper()]
        rows["home"] = rows["place"] = theatre.index(group.place)
        rows["men"] = men = round(group.men * size("men", group) * scale)
        vehicles = group.vehicles * size("vehicles", group) * scale
        rows["vehicles"] = round(vehicles) if men else 0
        rows["since"] = day_number(scenario.window.start) - int(params.fortified_after_days)
        rows["supply"] = params[f"supply_max_{'armed' if group.kind == 'group' else 'garrison'}"]


def _scale(scenario: Scenario, params: Params, side: st.Side, total: float) -> float:
    """Factor of each unit of a side: its strength over the order of battle's, and the scenario's.

    A side of which no total is known (partners who stay) has its order of battle.
    """
    if side == st.Side.WAGNER and not scenario.foreign.wagner:
        return 0.0
    name = "un" if side == st.Side.MINUSMA else side.name.lower()
    strength = 1.0 if side == st.Side.PARTNERS else params[f"strength_{name}"] / total
    return float(strength * scenario.forces.get(side.name.lower(), 1.0))


def set_parameters(state: st.State, params: Params) -> None:
    """What parameters decide in any state: the sides' morale and weights, the army's aircraft,
    reach of influence, legitimacy."""
    state.routes["near"] = np.exp(-state.routes["km"] / float(params.influence_decay_km))
    sides = state.sides
    sides["morale"] = params.morale_start
    for side in st.Side:
        weights = side if side in (st.Side.SEPARATISTS, st.Side.GSIM) else st.Side.ARMY
        for utility in UTILITIES:
            sides[f"w_{utility}"][side] = params[f"w_{utility}_{weights.name.lower()}"]
    sides["planes"][st.ARMY], sides["drones"][st.ARMY] = params.planes_army, params.drones_army
    state.conflict["legitimacy"] = params.legitimacy_north
    state.conflict["legitimacy_capital"] = params.legitimacy_capital


def _set_sides(state: st.State, scenario: Scenario, params: Params, first: int) -> None:
    """The sides: what the scenario changes of them, their books, when the next attack is due."""
    sides, units = state.sides, state.units
    _set_choices(state, scenario, params)
    for column, counted in (("mustered", "men"), ("vehicles_mustered", "vehicles")):
        sides[column] = [units[counted][units["side"] == side].sum() for side in st.Side]
    sides["next_attack"] = first * st.HOURS


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


def deploy(scenario: Scenario, theatre: Theatre, times: int = 1) -> World:
    """The state at 00:00 of the scenario's first day, and its parameters.

    Of a scenario that goes on from what was known on a day it is the state of its past.

    Args:
        times: How many times the order of battle stands in the field (for benchmarks; each
            unit keeps its size).
    """
    first, last = day_number(scenario.window.start), day_number(scenario.window.end)
    scenario = past_of(scenario)
    n_units = sum(n for _, _, n in _order_of_battle(theatre, scenario, times))
    state = st.empty_state(
        unit=n_units,
        column=COLUMNS * times,
        place=len(theatre.places),
        known=len(theatre.calendar),
        partner=len(theatre.partners),
        order=ORDERS,
    )
    _set_facts(state, theatre)
    _set_scenario(state, scenario, theatre, first)
    params = parameter_record(scenario.parameters)
    world = World(state, params, first, last, tuple(place.name for place in theatre.places))
    _set_by_parameters(world, scenario, theatre, times)
    return world


def redeploy(
    world: World, scenario: Scenario, theatre: Theatre, times: int, values: Mapping[str, float]
) -> World:
    """The same scenario with other parameters: as `deploy`, in a tenth of its time.

    Args:
        world: What `deploy` made of the scenario; it is not changed.
        values: Parameters that differ from the best value.
    """
    other = world._replace(state=st.copy_state(world.state), params=parameter_record(values))
    _set_by_parameters(other, past_of(scenario), theatre, times)
    return other


def _set_by_parameters(world: World, scenario: Scenario, theatre: Theatre, times: int) -> None:
    """What parameters decide: units, sides, reach of influence, legitimacy."""
    state, params = world.state, world.params
    battle = _order_of_battle(theatre, scenario, times)
    _set_units(state.units, battle, scenario, theatre, params)
    set_parameters(state, params)
    _set_sides(state, scenario, params, world.first)
