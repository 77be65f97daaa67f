"""R3.1, R3.3: what the army's aircraft reach and see, and how many sorties a day has."""

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, binomial, uniform
from camphandover.core.now import Now, air_scale, note
from camphandover.core.rules import ALL, movement, road, rule

ON_A_PLACE = 4096
"""Ids of targets that are places, above those of columns."""


@compiled
def drone_capacity(now: Now):
    """Drone strikes a day that the army can fly in good weather, partners' drones included.

    Source: RULES R3.1, R8.1.
    """
    army = now.sides[st.ARMY]
    return army.air * now.params.drone_strikes * army.drones / now.params.drones_army


@compiled
def plane_capacity(now: Now):
    """Manned sorties a day, fewer without Wagner's crews. Source: RULES R3.1."""
    army = now.sides[st.ARMY]
    capacity = army.air * now.params.plane_sorties * army.planes / now.params.planes_army
    return capacity if now.switches.wagner else capacity * now.params.wagner_air


@compiled
def whole_sorties(now: Now, kind: int, day: int, capacity: float):
    """A day's whole sorties out of a capacity: the fraction is a chance of one more."""
    whole = int(capacity)
    return whole + int(uniform(now.key, Decision.SORTIES, kind, day) < capacity - whole)


@rule("R3.1", places="covered contact contact_cause", sides="plane_sorties drone_sorties")
def ready_aircraft(now: Now):
    """In the morning: which places aircraft reach, and how many sorties the day has.

    A place is reached within a straight line from an airfield in the army's hands. While the
    crisis around Niger lasts a share of the manned sorties goes to Niamey.
    Source: RULES R3.1, R8.2.
    """
    army = now.sides[st.ARMY]
    flying = air_scale(now) > 0.0
    for p, spot in enumerate(now.places):
        spot.contact = st.NEVER
        spot.contact_cause = -1
        spot.covered = 0
        if not flying:
            continue
        for field, base in enumerate(now.places):
            near = now.routes[field, p].air_km <= now.params.air_range_km
            if near and base.airstrip and st.held_by(base, st.STATE):
                spot.covered = 1
                break
    drones = drone_capacity(now)
    if road.rainy(now.day):
        drones *= now.params.drone_rain
    army.drone_sorties = whole_sorties(now, 0, now.day, drones)
    planes = whole_sorties(now, 1, now.day, plane_capacity(now))
    away, drain, cause = 0, now.params.crisis_drain, now.conflict.crisis_cause
    if now.conflict.crisis:
        u = uniform(now.key, Decision.SORTIES_AWAY, 0, now.day)
        away = binomial(planes, drain, u)
    if away > 0:
        note(now, now.start, log.SORTIES_AWAY, st.ARMY, cause=cause, amount=away, p=drain)
    army.plane_sorties = planes - away


@compiled
def p_detect(now: Now, vehicles: float):
    """Chance that aircraft see a group of vehicles on a day.

    It rises with the vehicles and with the drones in the air, relative to the capacity for
    which the rate holds. Source: RULES R3.3.
    """
    watch = drone_capacity(now) / now.params.raid_vehicles_strikes
    exponent = vehicles / now.params.detect_vehicles * watch
    return 1.0 - (1.0 - now.params.detect_rate) ** exponent


@compiled
def may_strike(now: Now, bloc: int):
    """Whether the state strikes a bloc now: GSIM always, the separatists from clashes on."""
    war = now.conflict
    return bloc == st.JIHADISTS or (
        bloc == st.REBELS and war.rung >= now.params.strike_escalation and war.truce == 0
    )


@rule("R3.3", columns="seen surprise", places="stormed", presence=ALL)
def watch_from_air(now: Now):
    """Aircraft see columns and groups by their vehicles; a raid that is seen surprises nobody.

    A column of the army that stands before a base calls them there. Source: RULES R3.3, R2.1.
    """
    noon = float(now.day * st.HOURS + st.HOURS // 2)
    for spot in now.places:
        spot.stormed = 0
    for c, column in enumerate(now.columns):
        column.seen = 0
        bloc = st.bloc_of(column.side)
        if column.status == st.ENGAGED and bloc == st.STATE:
            now.places[column.stop].stormed = 1
        if column.status == st.FREE or not st.is_group(bloc):
            continue
        place = movement.whereabouts(now, c, noon)
        if not now.places[place].covered:
            continue
        chance = p_detect(now, float(column.vehicles))
        if uniform(now.key, Decision.DETECT, column.lead, now.day) >= chance:
            continue
        column.seen = 1
        if column.surprise:
            column.surprise = 0
            cause, lead = column.cause, column.lead
            note(now, noon, log.SPOTTED, st.ARMY, place, cause, lead, column.vehicles, chance)
    for bloc in st.GROUPS:
        for p in range(len(now.places)):
            cell = now.presence[bloc, p]
            cell.seen = 0
            if cell.men <= 0.0 or not now.places[p].covered:
                continue
            chance = p_detect(now, cell.vehicles)
            who = ON_A_PLACE + p * 4 + bloc
            cell.seen = int(uniform(now.key, Decision.DETECT, who, now.day) < chance)
