"""R7.1-R7.4: the ladder of escalation, talks and truces, morale and legitimacy, victims' aid."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, uniform
from camphandover.core.now import Now, is_news, is_rung_known, note, set_rung
from camphandover.core.parameters import Params
from camphandover.core.rules import abuse, offensive, rule

MONTH = 30.0
WEEK = 7.0
IMPOSED, NEGOTIATED = 1, 2
"""Kinds of truce."""
QUIET_RUNG = 2
"""From this rung on, clashes, there is something to talk about."""


@compiled
def per_day(chance: float, days: float):
    """Chance a day that makes `chance` over so many days."""
    return 1.0 - (1.0 - chance) ** (1.0 / days)


@rule("R7.1", conflict="rung rung_cause aid aid_cause charter charter_cause")
def learn_events(now: Now):
    """What is known from outside for today: a rung of the ladder, victims' aid, the charter.

    Source: RULES R7.1, R7.4 (decided 13 September), R8 (16 September).
    """
    war = now.conflict
    for known in now.calendar:
        if not is_news(now, known.day):
            continue
        if known.what == st.KNOWN_RUNG and now.switches.record and known.rung > war.rung:
            set_rung(now, known.rung, log.NONE)
        elif known.what == st.KNOWN_AID and now.switches.aid:
            war.aid = 1
            war.aid_cause = note(now, now.start, log.AID, st.ARMY, amount=now.params.aid_budget)
        elif known.what == st.KNOWN_CHARTER and now.switches.charter:
            war.charter = 1
            war.charter_cause = note(now, now.start, log.CHARTER, st.ARMY)


@compiled
def up_hazard(params: Params, attacks: float, symbolic_lost: float):
    """Chance a day that the conflict climbs a rung. Source: RULES R7.1.

    Args:
        attacks: Attacks of army and separatists on each other in the days that count.
        symbolic_lost: Symbolic value that either has lost in those days.
    """
    z = params.ladder_attacks * attacks + params.ladder_symbolic * symbolic_lost
    return min(1.0, params.ladder_up * math.exp(z))


@rule("R7.1", conflict="rung rung_cause")
def climb_ladder(now: Now):
    """The conflict climbs a rung, more likely after attacks and losses, or rarely steps down.

    While a truce holds it does not climb; on days that are known from the record it stands where
    that has it. Source: RULES R7.1, R7.2; R10.1.
    """
    war = now.conflict
    if is_rung_known(now):
        return
    attacks = lost = 0.0
    for back in range(int(now.params.ladder_days)):
        day = now.recent[st.today(now.day - back), st.SEPARATISTS]
        attacks += day.attacks
        lost += day.symbolic + now.recent[st.today(now.day - back), st.ARMY].symbolic
    up = up_hazard(now.params, attacks, lost)
    if war.rung >= now.params.ladder_top or war.truce:
        up = 0.0
    u = uniform(now.key, Decision.LADDER, 0, now.day)
    step = 0
    chance = math.nan
    if u < up:
        step, chance = 1, up
    elif u >= 1.0 - now.params.ladder_down and war.rung > 0:
        step, chance = -1, now.params.ladder_down
    if step == 0:
        return
    set_rung(now, war.rung + step, war.rung_cause, chance)


@rule("R6.6", conflict="truce truce_cause")
def keep_truce(now: Now):
    """An imposed truce begins on its day; truces are breached with a daily hazard.

    Source: RULES R6.6 (S6, breach hazard), R7.2 (a negotiated one).
    """
    if now.conflict.truce_day == now.day:
        now.conflict.truce = IMPOSED
        now.conflict.truce_cause = note(now, now.start, log.TRUCE, amount=1.0)
    elif now.conflict.truce:
        chance = now.params.perimeter_breach
        if now.conflict.truce == NEGOTIATED:
            chance = per_day(now.params.truce_breach, WEEK)
        if uniform(now.key, Decision.TRUCE_BREACH, 0, now.day) < chance:
            now.conflict.truce = 0
            note(now, now.start, log.BREACH, cause=now.conflict.truce_cause, p=chance)


@compiled
def offer_to_share(now: Now, hour: float):
    """The state may offer to share the camps that the UN has not left: joint units take them.

    It does not while its column advances, and more readily when the army's morale is low.
    Source: RULES R7.2 (no concession).
    """
    c = offensive.offensive_out(now)
    if now.conflict.shared or (c >= 0 and now.columns[c].status == st.MOVING):
        return
    month = now.params.share_offer
    if now.sides[st.ARMY].morale < now.params.share_morale:
        month *= now.params.share_factor
    chance = per_day(min(1.0, month), MONTH)
    if uniform(now.key, Decision.SHARE_OFFER, 0, now.day) >= chance:
        return
    now.conflict.shared = 1
    row = note(now, hour, log.OFFER, st.ARMY, cause=now.conflict.rung_cause, amount=1.0, p=chance)
    for spot in now.places:
        if spot.un_camp and spot.camp_holder == st.UN_HOLDER and spot.town_holder == st.REBELS:
            spot.receiver = st.TO_JOINT
            spot.clause_cause = row


@rule("R7.2", conflict="talks talks_cause truce truce_cause shared", places="receiver clause_cause")
def hold_talks(now: Now):
    """Mediated talks begin, bring a truce or not; the state may offer to share camps.

    Source: RULES R7.2.
    """
    war = now.conflict
    hour = now.start
    if war.rung < QUIET_RUNG:
        return
    offer_to_share(now, hour)
    if not war.talks:
        chance = per_day(now.params.talks_start, MONTH)
        if uniform(now.key, Decision.TALKS, 0, now.day) < chance:
            war.talks = 1
            war.talks_cause = note(now, hour, log.TALKS, cause=war.rung_cause, amount=1.0, p=chance)
    elif not war.truce:
        chance = per_day(now.params.truce_start, MONTH)
        if uniform(now.key, Decision.TRUCE_MADE, 0, now.day) < chance:
            war.truce = NEGOTIATED
            war.truce_cause = note(
                now, hour, log.TRUCE, cause=war.talks_cause, amount=1.0, p=chance
            )


@compiled
def next_morale(params: Params, morale: float, gained: float, lost: float, dead: float):
    """Morale a day later, 0 to 1. Source: RULES R7.3.

    Args:
        gained, lost: Symbolic value of the day. dead: Own dead as reported that day.
    """
    m = morale + params.morale_gained * gained - params.morale_lost * lost
    m += params.morale_return * (params.morale_start - morale) - params.morale_dead * dead
    return min(1.0, max(0.0, m))


@rule("R7.3", sides="morale gained given heard", conflict="rally")
def move_morale(now: Now):
    """Morale and legitimacy follow what was won and lost, and the dead that were *reported*.

    Wagner and the partners share the army's morale. Source: RULES R7.3.
    """
    params = now.params
    now.conflict.rally *= 0.5 ** (1.0 / params.rally_half_life)
    army = now.sides[st.ARMY]
    now.conflict.rally += params.rally * (army.gained - army.given) - params.rally_dead * army.heard
    for side, own in enumerate(now.sides):
        if side != st.WAGNER and side != st.PARTNERS:
            own.morale = next_morale(params, own.morale, own.gained, own.given, float(own.heard))
        own.gained = 0.0
        own.given = 0.0
        own.heard = 0
    # the army's allies fight in its camps: what it feels, they feel
    now.sides[st.WAGNER].morale = army.morale
    now.sides[st.PARTNERS].morale = army.morale


@compiled
def aid_coverage(params: Params, households: float, reach: float):
    """Share of victims' households that aid reaches; it saturates in the budget.

    Source: RULES R7.4.
    """
    if households <= 0.0:
        return reach
    return min(1.0, params.aid_budget / (params.aid_household * households)) * reach


@rule("R7.4", people="aided", conflict="legitimacy legitimacy_capital")
def aid_victims(now: Now):
    """The money of the cancelled celebrations: who is covered, and what it does for the state.

    Coverage is only where the army's control is zone 1 or 2. Source: RULES R7.4.
    """
    if not now.conflict.aid:
        return
    displaced = 0.0
    for home in now.people:
        displaced += home.away
    coverage = aid_coverage(now.params, displaced / now.params.household, now.params.aid_reach)
    covered = total = 0.0
    for p, spot in enumerate(now.people):
        near = abuse.zone_of(now.params, now.presence[st.STATE, p].phi) <= 2
        spot.aided = coverage if near else 0.0
        if not spot.capital:
            covered += spot.aided * spot.residents
            total += spot.residents
    more = now.params.aid_legitimacy * covered / total if total > 0.0 else 0.0
    now.conflict.legitimacy = now.params.legitimacy_north + more
    now.conflict.legitimacy_capital = now.params.legitimacy_capital + more
