"""R3.1, R3.2, R3.4: what aircraft choose to strike, what that does, and what they lose."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, gumbel, negative_binomial, poisson, uniform
from camphandover.core.now import Now, note
from camphandover.core.parameters import Params
from camphandover.core.rules import KILLS, LOSSES, airpower, columns, combat, harm, movement, rule

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
def choose_strike(now: Now, hour: float, sortie: int):
    """Target of a sortie at an hour: a logit choice among what was seen.

    Returns:
        (column or -1, place, bloc, probability of the choice, chance that it strikes rather
        than keeps its bombs); place -1 when nothing was seen.
    Source: RULES R3.1.
    """
    who = sortie % STRIKERS
    best = -math.inf
    weight = total = 0.0
    column = place = bloc = -1
    for c, target in enumerate(now.columns):
        foe = st.bloc_of(target.side)
        if target.status == st.FREE or not target.seen or not airpower.may_strike(now, foe):
            continue
        if target.status == st.ENGAGED:
            if combat.attack_hour(now, target.lead, target.act) <= hour:
                continue
        p = movement.whereabouts(now, c, hour)
        u = strike_utility(now.params, 0.0, float(target.vehicles), 1.0, now.places[p].symbolic)
        total += math.exp(u)
        g = u + gumbel(
            uniform(now.key, Decision.STRIKE_CHOICE, (1 + target.lead) * STRIKERS + who, now.day)
        )
        if g > best:
            best, weight = g, math.exp(u)
            column, place, bloc = c, p, foe
    for foe in st.GROUPS:
        if not airpower.may_strike(now, foe):
            continue
        for p in range(len(now.places)):
            cell = now.presence[foe, p]
            if not cell.seen:
                continue
            spot = now.places[p]
            u = strike_utility(
                now.params,
                float(spot.stormed),
                cell.vehicles,
                now.params.strike_dispersed,
                spot.symbolic,
            )
            total += math.exp(u)
            entity = (airpower.ON_A_PLACE + p * 4 + foe) * STRIKERS + who
            g = u + gumbel(uniform(now.key, Decision.STRIKE_CHOICE, entity, now.day))
            if g > best:
                best, weight = g, math.exp(u)
                column, place, bloc = -1, p, foe
    if place < 0:
        return column, place, bloc, 0.0, 0.0
    return (
        column,
        place,
        bloc,
        weight / total,
        total / (total + math.exp(now.params.strike_reserve)),
    )


@compiled
def struck_unit(now: Now, c: int, place: int, bloc: int):
    """The unit that a strike hits: the one with most vehicles, -1 when there is none."""
    best = -1
    for u, unit in enumerate(now.units):
        if combat.in_party(now, u, c, place, bloc, True) and (
            best < 0 or unit.vehicles > now.units[best].vehicles
        ):
            best = u
    return best


@compiled
def lose_aircraft(
    now: Now, drone: bool, place: int, hour: float, p: float, cause: int, by: int = log.NONE
):
    """Book an aircraft that is lost to a side: a drone or a manned one."""
    army = now.sides[st.ARMY]
    if drone:
        army.drones = max(0.0, army.drones - 1.0)
        army.drones_lost += 1
    else:
        army.planes = max(0.0, army.planes - 1.0)
        army.planes_lost += 1
    manned = 0.0 if drone else 1.0
    note(now, hour, log.AIRCRAFT_LOST, st.ARMY, place, cause, log.NONE, manned, p, by)


@compiled
def risk_aircraft(now: Now, drone: bool, place: int, who: int, hour: float, by: int, cause: int):
    """A sortie's aircraft may be lost: a drone, or a manned one low over armed pick-ups.

    Source: RULES R3.4.
    """
    chance = now.params.drone_loss if drone else now.params.plane_loss
    if uniform(now.key, Decision.AIRCRAFT_LOSS, who, int(hour)) < chance:
        lose_aircraft(now, drone, place, hour, chance, cause, by)


@compiled
def strike(
    now: Now,
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
    u = struck_unit(now, c, place, bloc)
    if u < 0:
        return
    unit = now.units[u]
    who = sortie
    standing = c < 0 or now.columns[c].status != st.MOVING
    scale = now.params.strike_dispersed if c < 0 else 1.0
    vehicles = min(
        unit.vehicles,
        poisson(
            now.params.strike_vehicles * scale,
            uniform(now.key, Decision.STRIKE_VEHICLES, who, now.day),
        ),
    )
    dead = min(
        unit.men,
        negative_binomial(
            now.params.strike_fighters * scale,
            now.params.strike_dispersion,
            uniform(now.key, Decision.STRIKE_FIGHTERS, who, now.day),
        ),
    )
    row = note(now, hour, log.STRIKE, st.ARMY, place, cause, u, vehicles, p, about=unit.side)
    armed = unit.vehicles > 0
    unit.vehicles -= vehicles
    now.sides[unit.side].vehicles_lost += vehicles
    movement.lose_men(now, u, dead, 0, 0, 0)
    movement.note_dead(now, hour, unit.side, st.ARMY, place, u, row)
    now.sides[st.ARMY].strikes += 1
    town = standing and unit.slot != st.COUNTRY and harm.is_populated(now, place)
    mean = now.params.strike_civilians if town else now.params.strike_civilians_open
    civilians = poisson(mean, uniform(now.key, Decision.STRIKE_CIVILIANS, who, now.day))
    harm.kill_civilians(now, place, st.ARMY, civilians, hour, row)
    if town:
        now.places[place].fights |= 1
    if drone or armed:  # manned aircraft are shot at by armed pick-ups only
        risk_aircraft(now, drone, place, who, hour, unit.side, row)


@compiled
def take_sortie(now: Now):
    """Take one of the sorties that are left today; returns whether it is a drone's.

    Drones and manned aircraft take turns as far as there are any.
    """
    army = now.sides[st.ARMY]
    if army.drone_sorties > army.plane_sorties:
        army.drone_sorties -= 1
        return True
    army.plane_sorties -= 1
    return False


AIR_WRITES = columns(
    LOSSES,
    KILLS,
    units="vehicles",
    sides="plane_sorties drone_sorties strikes vehicles_lost planes drones planes_lost drones_lost",
    places="fights",
)
"""What air strikes write."""


@rule("R3.2", AIR_WRITES)
def fly_strikes(now: Now):
    """The day's sorties against what was seen: each strikes its choice, or does not.

    Drones that do not strike stay ready for calls; manned aircraft patrol low over what was
    seen, and may be shot down. Source: RULES R3.1, R3.2, R3.4.
    """
    army = now.sides[st.ARMY]
    drones = army.drone_sorties
    n = drones + army.plane_sorties
    for sortie in range(n):
        drone = sortie < drones
        hour = now.start + now.params.dawn_hour + now.params.air_response_hours * (1.0 + sortie / n)
        c, place, bloc, p, chance = choose_strike(now, hour, sortie)
        if place < 0:
            continue
        strikes = uniform(now.key, Decision.STRIKE, sortie, now.day) < chance
        if drone and not strikes:
            continue
        if drone:
            army.drone_sorties -= 1
        else:
            army.plane_sorties -= 1
        cause = now.columns[c].cause if c >= 0 else now.conflict.rung_cause
        if strikes:
            strike(now, drone, c, place, bloc, sortie, hour, p * chance, cause)
        else:  # a patrol low over what was seen
            u = struck_unit(now, c, place, bloc)
            if u >= 0 and now.units[u].vehicles > 0:
                side = now.units[u].side
                risk_aircraft(now, False, place, sortie, hour, side, cause)


@compiled
def enemy_in_contact(now: Now, place: int, hour: float):
    """Who the army has fought at a place and is still there, or just leaving, at an hour.

    Returns:
        (column or -1 for men who stand there, bloc or -1 when nobody is left).
    Source: RULES R3.1.
    """
    for c, column in enumerate(now.columns):
        bloc = st.bloc_of(column.side)
        if column.status == st.FREE or not st.is_group(bloc):
            continue
        if column.status == st.MOVING and column.origin == place and column.depart <= hour:
            if hour - column.depart < st.HOURS:
                return c, bloc
        elif column.status == st.HOLDING and column.stop == place and column.act > hour:
            return c, bloc
    best = -1
    for bloc in st.GROUPS:
        if now.presence[bloc, place].men > 0.0 and (
            best < 0 or now.presence[bloc, place].men > now.presence[best, place].men
        ):
            best = bloc
    return -1, best


@rule("R3.1", AIR_WRITES)
def support_troops(now: Now):
    """Sorties that are left fly to where the army is in contact, after the time that it takes.

    Source: RULES R3.1 (first effect after some hours), R3.2.
    """
    army = now.sides[st.ARMY]
    if army.drone_sorties + army.plane_sorties <= 0:
        return
    for place, spot in enumerate(now.places):
        if spot.contact == st.NEVER or not spot.covered:
            continue
        hour = spot.contact + now.params.air_response_hours
        c, bloc = enemy_in_contact(now, place, hour)
        if bloc < 0 or not airpower.may_strike(now, bloc):
            continue
        vehicles = float(now.columns[c].vehicles)
        dispersion = 1.0
        if c < 0:
            vehicles = now.presence[bloc, place].vehicles
            dispersion = now.params.strike_dispersed
        u = strike_utility(now.params, 1.0, vehicles, dispersion, spot.symbolic)
        chance = 1.0 / (1.0 + math.exp(now.params.strike_reserve - u))
        for sortie in range(army.drone_sorties + army.plane_sorties):
            who = (place + 1) * STRIKERS + sortie
            if uniform(now.key, Decision.STRIKE_CHOICE, who, int(hour)) >= chance:
                continue
            drone = take_sortie(now)
            strike(now, drone, c, place, bloc, who, hour, chance, spot.contact_cause)


LANDING = columns(sides="planes planes_lost planes_hit")
"""What a landing writes."""


@compiled
def land_under_fire(now: Now, place: int, hour: float, cause: int):
    """A flight of the army lands where an enemy has influence: it may be hit, or lost.

    The chance is that of a landing under fire times the enemy's share of influence.
    Source: RULES R3.4.
    """
    fire = now.presence[st.JIHADISTS, place].phi
    if airpower.may_strike(now, st.REBELS):
        fire += now.presence[st.REBELS, place].phi
    lost, hit = now.params.landing_lost * fire, now.params.landing_hit * fire
    u = uniform(now.key, Decision.LANDING, place, int(hour))
    if u < lost:
        lose_aircraft(now, False, place, hour, lost, cause)
    elif u < hit:
        now.sides[st.ARMY].planes_hit += 1
        note(now, hour, log.AIRCRAFT_HIT, st.ARMY, place, cause, amount=1.0, p=hit)
