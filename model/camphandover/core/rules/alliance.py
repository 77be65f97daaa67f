"""R8.1, R8.2: requests for help under the charter, answers, what arrives, and Niger's crisis."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, erlang, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params, nearest_whole
from camphandover.core.rules import rule
from camphandover.core.rules.politics import MONTH, per_day
from camphandover.core.state import ARMY, CAMP, HOURS, NEVER, PARTNERS, TOWN, Clock, State, today

GROUND, AIR = 0, 1
"""Kinds of help."""


@compiled
def p_help(params: Params, intercept: float, threat: float, ecowas: bool, joint: bool):
    """Chance that a partner grants a kind of help. Source: RULES R8.1; Leeds 2003.

    Args:
        threat: Its own threat, 0 to 1: more of it makes help rarer.
        ecowas: Whether ECOWAS threatens it. joint: Whether there is a joint force.
    """
    z = intercept - params.help_threat * threat
    if ecowas:
        z -= params.help_ecowas
    if joint:
        z += params.help_joint
    return 1.0 / (1.0 + math.exp(-z))


@compiled
def is_pressed(state: State, partner: int, day: int):
    """Whether ECOWAS threatens a partner on a day. Source: RULES R8.1."""
    switches = state.switches[0]
    ends = day >= switches.sanctions_end and not switches.intervention
    return state.partners[partner].ecowas == 1 and not ends


@compiled
def answer(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    i: int,
    kind: int,
    row: int,
):
    """One partner's answer to one request for one kind of help. Source: RULES R8.1."""
    switches = state.switches[0]
    partner = state.partners[i]
    hour = float(clock.day * HOURS)
    threat = partner.threat
    pressed = is_pressed(state, i, clock.day)
    if pressed and switches.intervention:
        threat = 1.0
    intercept = params.help_ground if kind == GROUND else params.help_air
    chance = p_help(params, intercept, threat, pressed, switches.joint_force == 1)
    if switches.reliable:
        chance = 1.0
    who = i * 2 + kind
    if uniform(key, Decision.HELP, who, clock.day) >= chance:
        log.note(ledger, hour, log.REFUSED_HELP, PARTNERS, -1, i, float(kind), 1.0 - chance, row)
        return
    delay = params.ground_delay if kind == GROUND else params.air_delay
    u = uniform(key, Decision.HELP_DELAY, who, clock.day)
    arrive = hour + HOURS * erlang(int(params.delay_shape), delay, u)
    most = params.help_companies if kind == GROUND else params.help_drones
    n = 1 + int(uniform(key, Decision.HELP_SIZE, who, clock.day) * nearest_whole(most))
    partner.cause = log.note(
        ledger, hour, log.PROMISE, PARTNERS, partner.arrives_at, i, float(n), chance, row
    )
    if kind == GROUND:
        partner.companies = n
        partner.ground_hour = arrive
    else:
        partner.drones = n
        partner.air_hour = arrive


@rule(
    "R8.1",
    writes=(
        "conflict.asked_day",
        "partners.cause",
        "partners.companies",
        "partners.drones",
        "partners.ground_hour",
        "partners.air_hour",
    ),
)
def ask_for_help(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """After lost bases or many *reported* dead Mali asks its partners; each answers or refuses.

    What is promised and has not come is not asked for again. Source: RULES R8.1.
    """
    war = state.conflict[0]
    days = int(params.help_days)
    if not war.charter or (war.asked_day >= 0 and clock.day - war.asked_day < days):
        return
    bases = 0
    dead = 0
    for back in range(days):
        row = state.recent[today(clock.day - back), ARMY]
        bases += row.bases
        dead += row.heard
    if bases < params.help_bases and dead < params.help_dead:
        return
    war.asked_day = clock.day
    row = log.note(
        ledger, float(clock.day * HOURS), log.REQUEST, ARMY, -1, -1, float(dead), math.nan,
        war.charter_cause,
    )  # fmt: skip
    for i in range(len(state.partners)):
        partner = state.partners[i]
        if partner.ground_hour == NEVER and partner.in_mali == 0:
            answer(state, params, clock, key, ledger, i, GROUND, row)
        if partner.air_hour == NEVER and partner.drones == 0:
            answer(state, params, clock, key, ledger, i, AIR, row)


@compiled
def raise_company(state: State, params: Params, place: int, day: int):
    """A partner's company takes a free row and stands in a place of the army; -1 if none is free.

    Source: RULES R8.1, R1.2 (as a manoeuvre company).
    """
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.side != PARTNERS or unit.men > 0:
            continue
        unit.men = int(params.men_partner)
        unit.vehicles = int(params.vehicles_partner)
        unit.supply = params.supply_max_garrison
        unit.place = place
        unit.home = place
        unit.slot = CAMP if state.places[place].camp_holder == 0 else TOWN
        unit.since = day
        books = state.sides[PARTNERS]
        books.mustered += unit.men
        books.vehicles_mustered += unit.vehicles
        return u
    return -1


@compiled
def entry_of(state: State, place: int):
    """Nearest place to a partner's border that the army holds, -1 when there is none."""
    best = -1
    for p in range(len(state.places)):
        spot = state.places[p]
        if (spot.camp_holder == 0 or spot.town_holder == 0) and (
            best < 0 or state.routes[place, p].km < state.routes[place, best].km
        ):
            best = p
    return best


@rule(
    "R8.1",
    writes=(
        "partners.ground_hour",
        "partners.air_hour",
        "partners.in_mali",
        "units.men",
        "units.vehicles",
        "units.supply",
        "units.place",
        "units.home",
        "units.slot",
        "units.since",
        "sides.mustered",
        "sides.vehicles_mustered",
        "sides.drones",
    ),
)
def receive_help(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Companies and drones that were promised arrive. Source: RULES R8.1 (delays, size)."""
    midnight = float((clock.day + 1) * HOURS)
    for i in range(len(state.partners)):
        partner = state.partners[i]
        if partner.ground_hour < midnight:
            hour = max(partner.ground_hour, midnight - HOURS)
            partner.ground_hour = NEVER
            place = entry_of(state, partner.arrives_at)
            for _ in range(partner.companies):
                u = raise_company(state, params, place, clock.day) if place >= 0 else -1
                if u >= 0:
                    partner.in_mali += 1
                    log.note(
                        ledger, hour, log.HELP_ARRIVES, PARTNERS, place, u,
                        float(state.units[u].men), math.nan, partner.cause,
                    )  # fmt: skip
        if partner.air_hour < midnight:
            hour = max(partner.air_hour, midnight - HOURS)
            partner.air_hour = NEVER
            state.sides[ARMY].drones += partner.drones
            log.note(
                ledger, hour, log.HELP_ARRIVES, PARTNERS, partner.arrives_at, -1,
                float(partner.drones), math.nan, partner.cause,
            )  # fmt: skip


@rule("R8.2", writes=("conflict.crisis", "conflict.crisis_cause"))
def flare_crisis(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The crisis around Niger flares while ECOWAS threatens it, at once if ECOWAS intervenes.

    It may flare as long as the facts expect it. From then on a share of the army's manned
    sorties goes to Niamey, until the threat is over.
    Source: RULES R8.2.
    """
    war = state.conflict[0]
    pressed = False
    tense = state.switches[0].intervention == 1
    for i in range(len(state.partners)):
        if is_pressed(state, i, clock.day):
            pressed = True
            tense = tense or clock.day <= state.partners[i].crisis_until
    hour = float(clock.day * HOURS)
    if war.crisis and not pressed:
        war.crisis = 0
        war.crisis_cause = log.note(
            ledger, hour, log.CRISIS, -1, -1, -1, 0.0, math.nan, war.crisis_cause
        )
    if war.crisis or not (pressed and tense):
        return
    chance = 1.0 if state.switches[0].intervention else per_day(params.crisis, MONTH)
    if uniform(key, Decision.CRISIS, 0, clock.day) < chance:
        war.crisis = 1
        war.crisis_cause = log.note(ledger, hour, log.CRISIS, -1, -1, -1, 1.0, chance, -1)
