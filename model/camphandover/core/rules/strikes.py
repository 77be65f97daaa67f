"""R3.1, R3.2, R3.4: what aircraft choose to strike, what that does, and what they lose."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, gumbel, negative_binomial, poisson, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import NOTED, rule
from camphandover.core.rules.airpower import ON_A_PLACE, may_strike
from camphandover.core.rules.combat import attack_hour
from camphandover.core.rules.harm import is_populated, kill_civilians
from camphandover.core.rules.movement import at_rest, lose_men, note_dead, whereabouts
from camphandover.core.state import (
    ARMY,
    COUNTRY,
    ENGAGED,
    FREE,
    HOLDING,
    HOURS,
    MOVING,
    NEVER,
    Clock,
    State,
    bloc_of,
)

STRIKERS = 64
"""More sorties than a day can have: ids of sorties, for the draws."""


@compiled
def strike_utility(
    params: Params, contact: float, vehicles: float, dispersion: float, symbolic: float
):
    """Worth of a target for a sortie. Source: RULES R3.1 (logit allocation).

    Args:
        contact: 1.0 when own troops are in contact with it. vehicles: Of the target.
        dispersion: 1.0 for a column, less for men spread over a place.
        symbolic: Symbolic value of the place.
    """
    concentration = min(1.0, vehicles / params.raid_vehicles_max) * dispersion
    return (
        params.strike_contact * contact
        + params.strike_concentration * concentration
        + params.strike_symbolic * symbolic
    )


@compiled
def choose_strike(state: State, params: Params, clock: Clock, key: Key, hour: float, sortie: int):
    """Target of a sortie at an hour: a logit choice among what was seen.

    Returns:
        (column or -1, place, bloc, probability of the choice, chance that it strikes rather
        than keeps its bombs); place -1 when nothing was seen.
    Source: RULES R3.1.
    """
    who = sortie % STRIKERS
    best = -math.inf
    weight = 0.0
    total = 0.0
    column = -1
    place = -1
    bloc = -1
    for c in range(len(state.columns)):
        target = state.columns[c]
        foe = bloc_of(target.side)
        if target.status == FREE or not target.seen or not may_strike(state, params, foe):
            continue
        if target.status == ENGAGED:
            if attack_hour(params, key, target.lead, target.act) <= hour:
                continue
        p = whereabouts(state, c, hour)
        u = strike_utility(params, 0.0, float(target.vehicles), 1.0, state.places[p].symbolic)
        total += math.exp(u)
        g = u + gumbel(
            uniform(key, Decision.STRIKE_CHOICE, (1 + target.lead) * STRIKERS + who, clock.day)
        )
        if g > best:
            best, weight = g, math.exp(u)
            column, place, bloc = c, p, foe
    for foe in (1, 2):
        if not may_strike(state, params, foe):
            continue
        for p in range(len(state.places)):
            cell = state.presence[foe, p]
            if not cell.seen:
                continue
            spot = state.places[p]
            u = strike_utility(
                params, float(spot.stormed), cell.vehicles, params.strike_dispersed, spot.symbolic
            )
            total += math.exp(u)
            entity = (ON_A_PLACE + p * 4 + foe) * STRIKERS + who
            g = u + gumbel(uniform(key, Decision.STRIKE_CHOICE, entity, clock.day))
            if g > best:
                best, weight = g, math.exp(u)
                column, place, bloc = -1, p, foe
    if place < 0:
        return column, place, bloc, 0.0, 0.0
    return column, place, bloc, weight / total, total / (total + math.exp(params.strike_reserve))


@compiled
def in_the_open(state: State, u: int, c: int, place: int, bloc: int):
    """Whether a unit is among those struck: of column `c`, or (c = -1) of `bloc` at `place`."""
    unit = state.units[u]
    if unit.men <= 0:
        return False
    if c >= 0:
        return unit.column == c
    return unit.place == place and bloc_of(unit.side) == bloc and at_rest(state, unit)


@compiled
def struck_unit(state: State, c: int, place: int, bloc: int):
    """The unit that a strike hits: the one with most vehicles, -1 when there is none."""
    best = -1
    for u in range(len(state.units)):
        if in_the_open(state, u, c, place, bloc) and (
            best < 0 or state.units[u].vehicles > state.units[best].vehicles
        ):
            best = u
    return best


@compiled
def lose_aircraft(
    state: State,
    params: Params,
    key: Key,
    ledger: Ledger,
    drone: bool,
    place: int,
    who: int,
    hour: float,
    by: int,
    cause: int,
):
    """Whether a sortie's aircraft is lost: a drone, or a manned one low over armed pick-ups.

    Source: RULES R3.4.
    """
    army = state.sides[ARMY]
    chance = params.drone_loss if drone else params.plane_loss
    if uniform(key, Decision.AIRCRAFT_LOSS, who, int(hour)) >= chance:
        return
    if drone:
        army.drones = max(0.0, army.drones - 1.0)
        army.drones_lost += 1
    else:
        army.planes = max(0.0, army.planes - 1.0)
        army.planes_lost += 1
    row = log.note(
        ledger, hour, log.AIRCRAFT_LOST, ARMY, place, -1, 0.0 if drone else 1.0, chance, cause
    )
    log.with_about(ledger, row, by)


@compiled
def strike(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    drone: bool,
    c: int,
    place: int,
    bloc: int,
    sortie: int,
    hour: float,
    p: float,
    cause: int,
):
    """One sortie strikes one target; nothing happens where nobody is. Source: RULES R3.2, R3.4."""
    u = struck_unit(state, c, place, bloc)
    if u < 0:
        return
    unit = state.units[u]
    who = sortie
    standing = c < 0 or state.columns[c].status != MOVING
    scale = params.strike_dispersed if c < 0 else 1.0
    vehicles = min(
        unit.vehicles,
        poisson(
            params.strike_vehicles * scale, uniform(key, Decision.STRIKE_VEHICLES, who, clock.day)
        ),
    )
    dead = min(
        unit.men,
        negative_binomial(
            params.strike_fighters * scale,
            params.strike_dispersion,
            uniform(key, Decision.STRIKE_FIGHTERS, who, clock.day),
        ),
    )
    row = log.note(ledger, hour, log.STRIKE, ARMY, place, u, float(vehicles), p, cause)
    log.with_about(ledger, row, unit.side)
    armed = unit.vehicles > 0
    unit.vehicles -= vehicles
    state.sides[unit.side].vehicles_lost += vehicles
    lose_men(state, u, dead, 0, 0, 0)
    note_dead(state, ledger, hour, unit.side, ARMY, place, u, row)
    state.sides[ARMY].strikes += 1
    town = standing and unit.slot != COUNTRY and is_populated(state, params, place)
    mean = params.strike_civilians if town else params.strike_civilians_open
    civilians = poisson(mean, uniform(key, Decision.STRIKE_CIVILIANS, who, clock.day))
    kill_civilians(state, ledger, place, ARMY, civilians, hour, row)
    if town:
        state.places[place].fights |= 1
    if drone or armed:  # manned aircraft are shot at by armed pick-ups only
        lose_aircraft(state, params, key, ledger, drone, place, who, hour, unit.side, row)


@compiled
def take_sortie(state: State):
    """Take one of the sorties that are left today; returns whether it is a drone's.

    Drones and manned aircraft take turns as far as there are any.
    """
    army = state.sides[ARMY]
    if army.drone_sorties > army.plane_sorties:
        army.drone_sorties -= 1
        return True
    army.plane_sorties -= 1
    return False


AIR_WRITES = (
    "units.men",
    "units.vehicles",
    "sides.plane_sorties",
    "sides.drone_sorties",
    "sides.strikes",
    "sides.dead",
    *NOTED,
    "sides.wounded",
    "sides.captured",
    "sides.missing",
    "sides.vehicles_lost",
    "sides.planes",
    "sides.drones",
    "sides.planes_lost",
    "sides.drones_lost",
    "sides.civilians",
    "people.residents",
    "people.dead",
    "people.harm_army",
    "people.harm_separatists",
    "people.harm_gsim",
    "people.harm_others",
    "places.fights",
)
"""What air strikes write."""


@rule("R3.2", writes=AIR_WRITES)
def fly_strikes(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The day's sorties against what was seen: each strikes its choice, or does not.

    Drones that do not strike stay ready for calls; manned aircraft patrol low over what was
    seen, and may be shot down. Source: RULES R3.1, R3.2, R3.4.
    """
    army = state.sides[ARMY]
    drones = army.drone_sorties
    n = drones + army.plane_sorties
    for sortie in range(n):
        drone = sortie < drones
        hour = (
            float(clock.day * HOURS)
            + params.dawn_hour
            + params.air_response_hours * (1.0 + sortie / n)
        )
        c, place, bloc, p, chance = choose_strike(state, params, clock, key, hour, sortie)
        if place < 0:
            continue
        strikes = uniform(key, Decision.STRIKE, sortie, clock.day) < chance
        if drone and not strikes:
            continue
        if drone:
            army.drone_sorties -= 1
        else:
            army.plane_sorties -= 1
        cause = state.columns[c].cause if c >= 0 else state.conflict[0].rung_cause
        if strikes:
            strike(
                state, params, clock, key, ledger, drone, c, place, bloc, sortie, hour,
                p * chance, cause,
            )  # fmt: skip
        else:  # a patrol low over what was seen
            u = struck_unit(state, c, place, bloc)
            if u >= 0 and state.units[u].vehicles > 0:
                side = state.units[u].side
                lose_aircraft(state, params, key, ledger, False, place, sortie, hour, side, cause)


@compiled
def enemy_in_contact(state: State, place: int, hour: float):
    """Who the army has fought at a place and is still there, or just leaving, at an hour.

    Returns:
        (column or -1 for men who stand there, bloc or -1 when nobody is left).
    Source: RULES R3.1.
    """
    for c in range(len(state.columns)):
        column = state.columns[c]
        bloc = bloc_of(column.side)
        if column.status == FREE or (bloc != 1 and bloc != 2):
            continue
        if column.status == MOVING and column.origin == place and column.depart <= hour:
            if hour - column.depart < HOURS:
                return c, bloc
        elif column.status == HOLDING and column.stop == place and column.act > hour:
            return c, bloc
    best = -1
    for bloc in (1, 2):
        if state.presence[bloc, place].men > 0.0 and (
            best < 0 or state.presence[bloc, place].men > state.presence[best, place].men
        ):
            best = bloc
    return -1, best


@rule("R3.1", writes=AIR_WRITES)
def support_troops(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Sorties that are left fly to where the army is in contact, after the time that it takes.

    Source: RULES R3.1 (first effect after some hours), R3.2.
    """
    army = state.sides[ARMY]
    if army.drone_sorties + army.plane_sorties <= 0:
        return
    for place in range(len(state.places)):
        spot = state.places[place]
        if spot.contact == NEVER or not spot.covered:
            continue
        hour = spot.contact + params.air_response_hours
        c, bloc = enemy_in_contact(state, place, hour)
        if bloc < 0 or not may_strike(state, params, bloc):
            continue
        vehicles = float(state.columns[c].vehicles)
        dispersion = 1.0
        if c < 0:
            vehicles = state.presence[bloc, place].vehicles
            dispersion = params.strike_dispersed
        u = strike_utility(params, 1.0, vehicles, dispersion, spot.symbolic)
        chance = 1.0 / (1.0 + math.exp(params.strike_reserve - u))
        for sortie in range(army.drone_sorties + army.plane_sorties):
            who = (place + 1) * STRIKERS + sortie
            if uniform(key, Decision.STRIKE_CHOICE, who, int(hour)) >= chance:
                continue
            drone = take_sortie(state)
            strike(
                state, params, clock, key, ledger, drone, c, place, bloc, who,
                hour, chance, spot.contact_cause,
            )  # fmt: skip


LANDING = ("sides.planes", "sides.planes_lost", "sides.planes_hit")
"""What a landing writes."""


@compiled
def land_under_fire(
    state: State, params: Params, key: Key, ledger: Ledger, place: int, hour: float, cause: int
):
    """A flight of the army lands where an enemy has influence: it may be hit, or lost.

    The chance is that of a landing under fire times the enemy's share of influence.
    Source: RULES R3.4.
    """
    army = state.sides[ARMY]
    fire = state.presence[2, place].phi
    if may_strike(state, params, 1):
        fire += state.presence[1, place].phi
    u = uniform(key, Decision.LANDING, place, int(hour))
    if u < params.landing_lost * fire:
        army.planes = max(0.0, army.planes - 1.0)
        army.planes_lost += 1
        log.note(
            ledger, hour, log.AIRCRAFT_LOST, ARMY, place, -1, 1.0, params.landing_lost * fire, cause
        )
    elif u < params.landing_hit * fire:
        army.planes_hit += 1
        log.note(
            ledger, hour, log.AIRCRAFT_HIT, ARMY, place, -1, 1.0, params.landing_hit * fire, cause
        )
