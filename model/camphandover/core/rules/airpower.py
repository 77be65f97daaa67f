"""R3.1, R3.3: what the army's aircraft reach and see, and how many sorties a day has."""

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, binomial, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.rules.movement import whereabouts
from camphandover.core.rules.road import rainy
from camphandover.core.state import (
    ARMY,
    ENGAGED,
    FREE,
    HOURS,
    NEVER,
    Clock,
    State,
    air_scale,
    bloc_of,
)

ON_A_PLACE = 4096
"""Ids of targets that are places, above those of columns."""


@compiled
def is_airfield(state: State, place: int):
    """Whether the army's aircraft can fly from a place: a strip in a place that it holds."""
    spot = state.places[place]
    return spot.airstrip == 1 and (spot.town_holder == 0 or spot.camp_holder == 0)


@compiled
def drone_capacity(state: State, params: Params):
    """Drone strikes a day that the army can fly in good weather, partners' drones included.

    Source: RULES R3.1, R8.1.
    """
    army = state.sides[ARMY]
    return army.air * params.drone_strikes * army.drones / params.drones_army


@compiled
def plane_capacity(state: State, params: Params):
    """Manned sorties a day, fewer without Wagner's crews. Source: RULES R3.1."""
    army = state.sides[ARMY]
    capacity = army.air * params.plane_sorties * army.planes / params.planes_army
    return capacity if state.switches[0].wagner else capacity * params.wagner_air


@compiled
def whole_sorties(key: Key, kind: int, day: int, capacity: float):
    """A day's whole sorties out of a capacity: the fraction is a chance of one more."""
    whole = int(capacity)
    return whole + int(uniform(key, Decision.SORTIES, kind, day) < capacity - whole)


@rule(
    "R3.1",
    writes=(
        "places.covered",
        "places.contact",
        "places.contact_cause",
        "sides.plane_sorties",
        "sides.drone_sorties",
    ),
)
def ready_aircraft(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """In the morning: which places aircraft reach, and how many sorties the day has.

    A place is reached within a straight line from an airfield in the army's hands. While the
    crisis around Niger lasts a share of the manned sorties goes to Niamey.
    Source: RULES R3.1, R8.2.
    """
    army = state.sides[ARMY]
    flying = air_scale(state) > 0.0
    for p in range(len(state.places)):
        spot = state.places[p]
        spot.contact = NEVER
        spot.contact_cause = -1
        spot.covered = 0
        if not flying:
            continue
        for field in range(len(state.places)):
            if state.routes[field, p].air_km <= params.air_range_km and is_airfield(state, field):
                spot.covered = 1
                break
    drones = drone_capacity(state, params)
    if rainy(clock.day):
        drones *= params.drone_rain
    army.drone_sorties = whole_sorties(key, 0, clock.day, drones)
    planes = whole_sorties(key, 1, clock.day, plane_capacity(state, params))
    away = 0
    if state.conflict[0].crisis:
        u = uniform(key, Decision.SORTIES_AWAY, 0, clock.day)
        away = binomial(planes, params.crisis_drain, u)
    if away > 0:
        log.note(
            ledger, float(clock.day * HOURS), log.SORTIES_AWAY, ARMY, -1, -1, float(away),
            params.crisis_drain, state.conflict[0].crisis_cause,
        )  # fmt: skip
    army.plane_sorties = planes - away


@compiled
def p_detect(state: State, params: Params, vehicles: float):
    """Chance that aircraft see a group of vehicles on a day.

    It rises with the vehicles and with the drones in the air, relative to the capacity for
    which the rate holds. Source: RULES R3.3.
    """
    watch = drone_capacity(state, params) / params.raid_vehicles_strikes
    exponent = vehicles / params.detect_vehicles * watch
    return 1.0 - (1.0 - params.detect_rate) ** exponent


@compiled
def may_strike(state: State, params: Params, bloc: int):
    """Whether the state strikes a bloc now: GSIM always, the separatists from clashes on."""
    war = state.conflict[0]
    return bloc == 2 or (bloc == 1 and war.rung >= params.strike_escalation and war.truce == 0)


@rule("R3.3", writes=("columns.seen", "columns.surprise", "places.stormed", "presence"))
def watch_from_air(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Aircraft see columns and groups by their vehicles; a raid that is seen surprises nobody.

    A column of the army that stands before a base calls them there. Source: RULES R3.3, R2.1.
    """
    noon = float(clock.day * HOURS + HOURS // 2)
    for p in range(len(state.places)):
        state.places[p].stormed = 0
    for c in range(len(state.columns)):
        column = state.columns[c]
        column.seen = 0
        bloc = bloc_of(column.side)
        if column.status == ENGAGED and bloc == 0:
            state.places[column.stop].stormed = 1
        if column.status == FREE or (bloc != 1 and bloc != 2):
            continue
        place = whereabouts(state, c, noon)
        if not state.places[place].covered:
            continue
        chance = p_detect(state, params, float(column.vehicles))
        if uniform(key, Decision.DETECT, column.lead, clock.day) >= chance:
            continue
        column.seen = 1
        if column.surprise:
            column.surprise = 0
            log.note(
                ledger, noon, log.SPOTTED, ARMY, place, column.lead, float(column.vehicles),
                chance, column.cause,
            )  # fmt: skip
    for bloc in (1, 2):
        for p in range(len(state.places)):
            cell = state.presence[bloc, p]
            cell.seen = 0
            if cell.men <= 0.0 or not state.places[p].covered:
                continue
            chance = p_detect(state, params, cell.vehicles)
            who = ON_A_PLACE + p * 4 + bloc
            cell.seen = int(uniform(key, Decision.DETECT, who, clock.day) < chance)
