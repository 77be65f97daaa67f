"""R7.1-R7.4: the ladder of escalation, talks and truces, morale and legitimacy, victims' aid."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.rules.abuse import zone_of
from camphandover.core.rules.offensive import offensive_out
from camphandover.core.state import (
    ARMY,
    HOURS,
    KNOWN_AID,
    KNOWN_CHARTER,
    KNOWN_RUNG,
    MOVING,
    N_SIDES,
    PARTNERS,
    SEPARATISTS,
    TO_JOINT,
    UN_HOLDER,
    WAGNER,
    Clock,
    State,
    is_news,
    today,
)

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


@rule(
    "R7.1",
    writes=(
        "conflict.rung",
        "conflict.rung_cause",
        "conflict.aid",
        "conflict.aid_cause",
        "conflict.charter",
        "conflict.charter_cause",
    ),
)
def learn_events(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """What is known from outside for today: a rung of the ladder, victims' aid, the charter.

    Source: RULES R7.1, R7.4 (decided 13 September), R8 (16 September).
    """
    war = state.conflict[0]
    switches = state.switches[0]
    hour = float(clock.day * HOURS)
    for i in range(len(state.calendar)):
        known = state.calendar[i]
        if not is_news(clock, known.day):
            continue
        if known.what == KNOWN_RUNG and switches.record and known.rung > war.rung:
            war.rung = known.rung
            war.rung_cause = log.note(
                ledger, hour, log.RUNG, -1, -1, -1, float(known.rung), math.nan, -1
            )
        elif known.what == KNOWN_AID and switches.aid:
            war.aid = 1
            war.aid_cause = log.note(
                ledger, hour, log.AID, ARMY, -1, -1, params.aid_budget, math.nan, -1
            )
        elif known.what == KNOWN_CHARTER and switches.charter:
            war.charter = 1
            war.charter_cause = log.note(ledger, hour, log.CHARTER, ARMY, -1, -1, 0.0, math.nan, -1)


@compiled
def up_hazard(params: Params, attacks: float, symbolic_lost: float):
    """Chance a day that the conflict climbs a rung. Source: RULES R7.1.

    Args:
        attacks: Attacks of army and separatists on each other in the days that count.
        symbolic_lost: Symbolic value that either has lost in those days.
    """
    z = params.ladder_attacks * attacks + params.ladder_symbolic * symbolic_lost
    return min(1.0, params.ladder_up * math.exp(z))


@rule("R7.1", writes=("conflict.rung", "conflict.rung_cause"))
def climb_ladder(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The conflict climbs a rung, more likely after attacks and losses, or rarely steps down.

    While a truce holds it does not climb. Source: RULES R7.1, R7.2.
    """
    war = state.conflict[0]
    attacks = 0.0
    lost = 0.0
    for back in range(int(params.ladder_days)):
        day = state.recent[today(clock.day - back), SEPARATISTS]
        attacks += day.attacks
        lost += day.symbolic + state.recent[today(clock.day - back), ARMY].symbolic
    up = up_hazard(params, attacks, lost)
    if war.rung >= params.ladder_top or war.truce:
        up = 0.0
    u = uniform(key, Decision.LADDER, 0, clock.day)
    step = 0
    chance = math.nan
    if u < up:
        step, chance = 1, up
    elif u >= 1.0 - params.ladder_down and war.rung > 0:
        step, chance = -1, params.ladder_down
    if step == 0:
        return
    war.rung += step
    war.rung_cause = log.note(
        ledger, float(clock.day * HOURS), log.RUNG, -1, -1, -1, float(war.rung), chance,
        war.rung_cause,
    )  # fmt: skip


@rule("R6.6", writes=("conflict.truce", "conflict.truce_cause"))
def keep_truce(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """An imposed truce begins on its day; truces are breached with a daily hazard.

    Source: RULES R6.6 (S6, breach hazard), R7.2 (a negotiated one).
    """
    war = state.conflict[0]
    hour = float(clock.day * HOURS)
    if war.truce_day == clock.day:
        war.truce = IMPOSED
        war.truce_cause = log.note(ledger, hour, log.TRUCE, -1, -1, -1, 1.0, math.nan, -1)
    elif war.truce:
        chance = params.perimeter_breach
        if war.truce == NEGOTIATED:
            chance = per_day(params.truce_breach, WEEK)
        if uniform(key, Decision.TRUCE_BREACH, 0, clock.day) < chance:
            war.truce = 0
            log.note(ledger, hour, log.BREACH, -1, -1, -1, 0.0, chance, war.truce_cause)


@compiled
def offer_to_share(
    state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, hour: float
):
    """The state may offer to share the camps that the UN has not left: joint units take them.

    It does not while its column advances, and more readily when the army's morale is low.
    Source: RULES R7.2 (no concession).
    """
    war = state.conflict[0]
    c = offensive_out(state)
    if war.shared or (c >= 0 and state.columns[c].status == MOVING):
        return
    month = params.share_offer
    if state.sides[ARMY].morale < params.share_morale:
        month *= params.share_factor
    chance = per_day(min(1.0, month), MONTH)
    if uniform(key, Decision.SHARE_OFFER, 0, clock.day) >= chance:
        return
    war.shared = 1
    row = log.note(ledger, hour, log.OFFER, ARMY, -1, -1, 1.0, chance, war.rung_cause)
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.un_camp and spot.camp_holder == UN_HOLDER and spot.town_holder == 1:
            spot.receiver = TO_JOINT
            spot.clause_cause = row


@rule(
    "R7.2",
    writes=(
        "conflict.talks",
        "conflict.talks_cause",
        "conflict.truce",
        "conflict.truce_cause",
        "conflict.shared",
        "places.receiver",
        "places.clause_cause",
    ),
)
def hold_talks(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Mediated talks begin, bring a truce or not; the state may offer to share camps.

    Source: RULES R7.2.
    """
    war = state.conflict[0]
    hour = float(clock.day * HOURS)
    if war.rung < QUIET_RUNG:
        return
    offer_to_share(state, params, clock, key, ledger, hour)
    if not war.talks:
        chance = per_day(params.talks_start, MONTH)
        if uniform(key, Decision.TALKS, 0, clock.day) < chance:
            war.talks = 1
            war.talks_cause = log.note(
                ledger, hour, log.TALKS, -1, -1, -1, 1.0, chance, war.rung_cause
            )
    elif not war.truce:
        chance = per_day(params.truce_start, MONTH)
        if uniform(key, Decision.TRUCE_MADE, 0, clock.day) < chance:
            war.truce = NEGOTIATED
            war.truce_cause = log.note(
                ledger, hour, log.TRUCE, -1, -1, -1, 1.0, chance, war.talks_cause
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


@rule(
    "R7.3", writes=("sides.morale", "sides.gained", "sides.given", "sides.heard", "conflict.rally")
)
def move_morale(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Morale and legitimacy follow what was won and lost, and the dead that were *reported*.

    Wagner and the partners share the army's morale. Source: RULES R7.3.
    """
    war = state.conflict[0]
    war.rally *= 0.5 ** (1.0 / params.rally_half_life)
    army = state.sides[ARMY]
    war.rally += params.rally * (army.gained - army.given) - params.rally_dead * army.heard
    for side in range(N_SIDES):
        own = state.sides[side]
        if side != WAGNER and side != PARTNERS:
            own.morale = next_morale(params, own.morale, own.gained, own.given, float(own.heard))
        own.gained = 0.0
        own.given = 0.0
        own.heard = 0
    # the army's allies fight in its camps: what it feels, they feel
    state.sides[WAGNER].morale = army.morale
    state.sides[PARTNERS].morale = army.morale


@compiled
def aid_coverage(params: Params, households: float, reach: float):
    """Share of victims' households that aid reaches; it saturates in the budget.

    Source: RULES R7.4.
    """
    if households <= 0.0:
        return reach
    return min(1.0, params.aid_budget / (params.aid_household * households)) * reach


@rule("R7.4", writes=("people.aided", "conflict.legitimacy", "conflict.legitimacy_capital"))
def aid_victims(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The money of the cancelled celebrations: who is covered, and what it does for the state.

    Coverage is only where the army's control is zone 1 or 2. Source: RULES R7.4.
    """
    war = state.conflict[0]
    if not war.aid:
        return
    displaced = 0.0
    for p in range(len(state.places)):
        displaced += state.people[p].away
    coverage = aid_coverage(params, displaced / params.household, params.aid_reach)
    covered = 0.0
    total = 0.0
    for p in range(len(state.places)):
        spot = state.people[p]
        near = zone_of(params, state.presence[0, p].phi) <= 2
        spot.aided = coverage if near else 0.0
        if not spot.capital:
            covered += spot.aided * spot.residents
            total += spot.residents
    more = params.aid_legitimacy * covered / total if total > 0.0 else 0.0
    war.legitimacy = params.legitimacy_north + more
    war.legitimacy_capital = params.legitimacy_capital + more
