"""R8.1, R8.2: requests for help under the charter, answers, what arrives, and Niger's crisis."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, erlang, uniform
from camphandover.core.now import Now, is_nearer, note
from camphandover.core.parameters import Params, nearest_whole
from camphandover.core.rules import politics, rule

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
def is_pressed(now: Now, partner: int, day: int):
    """Whether ECOWAS threatens a partner on a day. Source: RULES R8.1."""
    ends = day >= now.switches.sanctions_end and not now.switches.intervention
    return now.partners[partner].ecowas == 1 and not ends


@compiled
def answer(now: Now, i: int, kind: int, row: int):
    """One partner's answer to one request for one kind of help. Source: RULES R8.1."""
    partner = now.partners[i]
    hour = now.start
    threat = partner.threat
    pressed = is_pressed(now, i, now.day)
    if pressed and now.switches.intervention:
        threat = 1.0
    intercept = now.params.help_ground if kind == GROUND else now.params.help_air
    chance = p_help(now.params, intercept, threat, pressed, now.switches.joint_force == 1)
    if now.switches.reliable:
        chance = 1.0
    who = i * 2 + kind
    by = st.PARTNERS
    if uniform(now.key, Decision.HELP, who, now.day) >= chance:
        note(now, hour, log.REFUSED_HELP, by, cause=row, entity=i, amount=kind, p=1.0 - chance)
        return
    delay = now.params.ground_delay if kind == GROUND else now.params.air_delay
    u = uniform(now.key, Decision.HELP_DELAY, who, now.day)
    arrive = hour + st.HOURS * erlang(int(now.params.delay_shape), delay, u)
    most = now.params.help_companies if kind == GROUND else now.params.help_drones
    n = 1 + int(uniform(now.key, Decision.HELP_SIZE, who, now.day) * nearest_whole(most))
    partner.cause = note(now, hour, log.PROMISE, st.PARTNERS, partner.arrives_at, row, i, n, chance)
    if kind == GROUND:
        partner.companies = n
        partner.ground_hour = arrive
    else:
        partner.drones = n
        partner.air_hour = arrive


@rule("R8.1", conflict="asked_day", partners="cause companies drones ground_hour air_hour")
def ask_for_help(now: Now):
    """After lost bases or many *reported* dead Mali asks its partners; each answers or refuses.

    What is promised and has not come is not asked for again. Source: RULES R8.1.
    """
    war = now.conflict
    days = int(now.params.help_days)
    if not war.charter or (war.asked_day >= 0 and now.day - war.asked_day < days):
        return
    bases = dead = 0
    for back in range(days):
        row = now.recent[st.today(now.day - back), st.ARMY]
        bases += row.bases
        dead += row.heard
    if bases < now.params.help_bases and dead < now.params.help_dead:
        return
    war.asked_day = now.day
    row = note(now, now.start, log.REQUEST, st.ARMY, cause=war.charter_cause, amount=dead)
    for i, partner in enumerate(now.partners):
        if partner.ground_hour == st.NEVER and partner.in_mali == 0:
            answer(now, i, GROUND, row)
        if partner.air_hour == st.NEVER and partner.drones == 0:
            answer(now, i, AIR, row)


@compiled
def raise_company(now: Now, place: int, day: int):
    """A partner's company takes a free row and stands in a place of the army; -1 if none is free.

    Source: RULES R8.1, R1.2 (as a manoeuvre company).
    """
    for u, unit in enumerate(now.units):
        if unit.side != st.PARTNERS or unit.men > 0:
            continue
        unit.men = int(now.params.men_partner)
        unit.vehicles = int(now.params.vehicles_partner)
        unit.supply = now.params.supply_max_garrison
        unit.place = place
        unit.home = place
        unit.slot = st.CAMP if now.places[place].camp_holder == st.STATE else st.TOWN
        unit.since = day
        books = now.sides[st.PARTNERS]
        books.mustered += unit.men
        books.vehicles_mustered += unit.vehicles
        return u
    return -1


@compiled
def entry_of(now: Now, place: int):
    """Nearest place to a partner's border that the army holds, -1 when there is none."""
    best = -1
    for p, spot in enumerate(now.places):
        if st.held_by(spot, st.STATE) and is_nearer(now, place, p, best):
            best = p
    return best


@rule(
    "R8.1",
    partners="ground_hour air_hour in_mali",
    units="men vehicles supply place home slot since",
    sides="mustered vehicles_mustered drones",
)
def receive_help(now: Now):
    """Companies and drones that were promised arrive. Source: RULES R8.1 (delays, size)."""
    kind, by = log.HELP_ARRIVES, st.PARTNERS
    for partner in now.partners:
        if partner.ground_hour < now.end:
            hour = max(partner.ground_hour, now.end - st.HOURS)
            partner.ground_hour = st.NEVER
            place = entry_of(now, partner.arrives_at)
            for _ in range(partner.companies):
                u = raise_company(now, place, now.day) if place >= 0 else -1
                if u >= 0:
                    partner.in_mali += 1
                    note(now, hour, kind, by, place, partner.cause, u, now.units[u].men)
        if partner.air_hour < now.end:
            hour = max(partner.air_hour, now.end - st.HOURS)
            partner.air_hour = st.NEVER
            now.sides[st.ARMY].drones += partner.drones
            place = partner.arrives_at
            note(now, hour, kind, by, place, partner.cause, amount=partner.drones)


@rule("R8.2", conflict="crisis crisis_cause")
def flare_crisis(now: Now):
    """The crisis around Niger flares while ECOWAS threatens it, at once if ECOWAS intervenes.

    It may flare as long as the facts expect it. From then on a share of the army's manned
    sorties goes to Niamey, until the threat is over.
    Source: RULES R8.2.
    """
    war = now.conflict
    pressed = False
    tense = now.switches.intervention == 1
    for i, partner in enumerate(now.partners):
        if is_pressed(now, i, now.day):
            pressed = True
            tense = tense or now.day <= partner.crisis_until
    if war.crisis and not pressed:
        war.crisis = 0
        war.crisis_cause = note(now, now.start, log.CRISIS, cause=war.crisis_cause)
    if war.crisis or not (pressed and tense):
        return
    chance = (
        1.0 if now.switches.intervention else politics.per_day(now.params.crisis, politics.MONTH)
    )
    if uniform(now.key, Decision.CRISIS, 0, now.day) < chance:
        war.crisis = 1
        war.crisis_cause = note(now, now.start, log.CRISIS, amount=1.0, p=chance)
