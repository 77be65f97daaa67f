"""R9.1-R9.3: what each side says of losses and of control, and what observers confirm.

What happened stands in the rows of the ledger that other rules write. These rules read today's
rows and write claims beside them, each caused by the row that it is about; truth is not changed.
A claim's hour is the hour at which it is known, which may lie some days ahead.
"""

import math

from camphandover import ledger as log
from camphandover.compiled import compiled
from camphandover.draws import Decision, Key, normal, uniform
from camphandover.ledger import Ledger
from camphandover.parameters import Params
from camphandover.rules import rule
from camphandover.state import (
    ARMY,
    HOURS,
    N_BLOCS,
    N_SIDES,
    PARTNERS,
    UN_HOLDER,
    WAGNER,
    Clock,
    State,
    today,
)

CLAIMS = 1 << 30
"""Ids of claims of control, for the draws: above those of claims of losses."""


@compiled
def claimed(dead: float, bias: float, sd: float, u: float):
    """Dead as a side tells them: the truth times a log-normal factor, in whole men.

    Args:
        dead: The truth. bias: Logarithm of the median factor. sd: Of the logarithm.
    Source: RULES R9.1.
    """
    return math.floor(dead * math.exp(bias + sd * normal(u)) + 0.5)


@compiled
def window_end(clock: Clock):
    """Hour at which the window ends: what is known only later is not in the record."""
    return float((clock.last + 1) * HOURS)


@compiled
def hour_told(params: Params, clock: Clock, hour: float, u: float):
    """Hour at which a side tells what happened at an hour: soon, and within the window."""
    return max(hour, min(hour + u * params.control_claim_hours, window_end(clock) - 1.0))


@compiled
def speaker(side: int):
    """The side that speaks for one: the army for Wagner and the partners."""
    return ARMY if side == WAGNER or side == PARTNERS else side


@compiled
def camp_was_entered(ledger: Ledger, row: int):
    """Whether the side that lost these men broke in that fight: then its base was entered.

    The rows of a fight stand between the one of its beginning and those of its losses.

    Args:
        row: A row of losses.
    """
    losses = ledger.rows[row]
    for i in range(losses.cause + 1, row):
        outcome = ledger.rows[i]
        if (
            outcome.kind == log.BROKEN
            and outcome.cause == losses.cause
            and speaker(outcome.side) == speaker(losses.side)
        ):
            return True
    return False


@compiled
def p_silent(params: Params, side: int, entered: bool):
    """Chance that a side gives no toll of its own. Source: RULES R9.2."""
    if side == ARMY:
        return params.silent_army if entered else 0.0
    return params.silent_groups


@compiled
def revise(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    side: int,
    victim: int,
    place: int,
    who: int,
    hour: float,
    before: float,
    cause: int,
):
    """A claim of the enemy's dead is revised, mostly downwards, within days. Source: R9.2."""
    if state.switches[0].perfect or before <= 0.0:
        return
    u = uniform(key, Decision.REVISION, who, int(hour))
    if u >= params.revision:
        return
    days = 1 + int(u / params.revision * params.revision_days)
    if hour + days * HOURS >= window_end(clock):
        return
    u = uniform(key, Decision.REVISION_SIZE, who, int(hour))
    after = claimed(before, params.revision_median, params.revision_sd, u)
    row = log.note(
        ledger, hour + days * HOURS, log.REVISION, side, place, -1, after, params.revision, cause
    )
    log.with_about(ledger, row, victim)
    state.sides[side].charged += int(after) - int(before)


@compiled
def tell_losses(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, row: int):
    """Both sides tell the dead of one row of losses, or are silent; a claim may be revised.

    Source: RULES R9.1, R9.2.
    """
    truth = ledger.rows[row]
    hour, place, dead, victim = truth.hour, truth.place, truth.amount, speaker(truth.side)
    by = truth.about
    perfect = state.switches[0].perfect == 1
    who = ((int(truth.entity) + 1) * len(state.places) + int(place)) * N_SIDES * 2 + int(by) + 1
    when = int(hour)
    told = hour
    if not perfect:
        told = hour_told(params, clock, hour, uniform(key, Decision.CLAIM_HOUR, who, when))
    enemy = 0.0
    if by >= 0:
        enemy = dead
        if not perfect:
            u = uniform(key, Decision.CLAIM_ENEMY, who, when)
            enemy = claimed(dead, params.claim_enemy, params.claim_sd, u)
        side = speaker(by)
        claim = log.note(ledger, told, log.CLAIM_LOSSES, side, place, -1, enemy, math.nan, row)
        log.with_about(ledger, claim, victim)
        state.sides[side].charged += int(enemy)
        revise(state, params, clock, key, ledger, side, victim, place, who, told, enemy, claim)
    chance = 0.0 if perfect else p_silent(params, victim, camp_was_entered(ledger, row))
    if uniform(key, Decision.SILENCE, who, when) < chance:
        log.note(ledger, told, log.SILENCE, victim, place, -1, 0.0, chance, row)
        heard = int(params.rumour * enemy)
    else:
        own = dead
        if not perfect:
            u = uniform(key, Decision.CLAIM_OWN, who, when)
            own = claimed(dead, -params.claim_own, params.claim_sd, u)
        claim = log.note(ledger, told, log.CLAIM_LOSSES, victim, place, -1, own, math.nan, row)
        log.with_about(ledger, claim, victim)
        state.sides[victim].claimed += int(own)
        heard = int(own)
    state.sides[victim].heard += heard
    state.recent[today(clock.day), victim].heard += heard


@compiled
def p_observed(state: State, params: Params, place: int):
    """Chance that somebody who tells sees a change at a place on a day.

    It rises with the people at home and is 1 beside a UN camp. Source: Weidmann 2016; RULES R9.3.
    """
    if state.places[place].camp_holder == UN_HOLDER:
        return 1.0
    people = state.people[place].residents + state.people[place].hosted
    return max(params.observed_min, 1.0 - math.exp(-people / params.observers))


@compiled
def place_as_told(state: State, params: Params, key: Key, place: int, when: int):
    """Place that a report names: mostly the right one, sometimes its nearest neighbour.

    Source: Weidmann 2015; RULES R9.3 (error of at most 50 km in about 80 %).
    """
    if uniform(key, Decision.MISPLACED, place, when) >= params.misplaced:
        return place
    best = -1
    for p in range(len(state.places)):
        if p != place and (
            best < 0 or state.routes[place, p].air_km < state.routes[place, best].air_km
        ):
            best = p
    if best >= 0 and state.routes[place, best].air_km <= params.misplaced_km:
        return best
    return place


@compiled
def lag_days(mean: float, u: float):
    """Whole days until a change is confirmed: geometric with this mean. Source: RULES R9.3."""
    if mean <= 0.0:
        return 0
    return int(math.log1p(-u) / math.log(mean / (1.0 + mean)))


@compiled
def short_lived(ledger: Ledger, params: Params, row: int, last: int):
    """Whether a change of control was undone within hours. Source: RULES R9.3."""
    change = ledger.rows[row]
    for i in range(row + 1, last):
        later = ledger.rows[i]
        if later.kind == log.CONTROL and later.place == change.place and later.slot == change.slot:
            return later.hour - change.hour < params.never_hours
    return False


@compiled
def tell_control(
    state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, row: int, last: int
):
    """Who took a base says so, who lost it may deny it, and observers confirm it later or never.

    Source: RULES R9.3.
    """
    change = ledger.rows[row]
    hour, place, slot = change.hour, int(change.place), int(change.slot)
    before, after = int(change.before), int(change.after)
    perfect = state.switches[0].perfect == 1
    who = place * 2 + slot
    when = int(hour)
    side = after if after == 0 else after + 1
    u = uniform(key, Decision.CLAIM_HOUR, CLAIMS + who, when)
    told = hour if perfect else hour_told(params, clock, hour, u)
    log.write_row(
        ledger, told, log.CLAIM_CONTROL, side, place, slot, before, after, -1, 0.0, math.nan, row
    )
    if before < N_BLOCS - 1 and not perfect:
        if uniform(key, Decision.DENIAL, who, when) < params.denial:
            loser = before if before == 0 else before + 1
            log.write_row(
                ledger, told, log.DENIAL, loser, place, slot, before, after, -1, 0.0,
                params.denial, row,
            )  # fmt: skip
    if perfect:
        log.write_row(
            ledger, hour, log.CONFIRMED, -1, place, slot, before, after, -1, 0.0, 1.0, row
        )
        return
    seen = p_observed(state, params, place)
    never = params.never_confirmed if short_lived(ledger, params, row, last) else 0.0
    if uniform(key, Decision.NEVER_SEEN, who, when) < never:
        log.write_row(
            ledger, hour, log.UNCONFIRMED, -1, place, slot, before, after, -1, 0.0, never, row
        )
        return
    mean = params.confirm_days / seen
    days = lag_days(mean, uniform(key, Decision.CONFIRM, who, when))
    if hour + days * HOURS >= window_end(clock):
        return
    named = place_as_told(state, params, key, place, when)
    log.write_row(
        ledger, hour + days * HOURS, log.CONFIRMED, -1, named, slot, before, after, -1,
        float(days), seen, row,
    )  # fmt: skip


@compiled
def is_capture(ledger: Ledger, row: int):
    """Whether a change of control gives a camp or town to an armed bloc."""
    change = ledger.rows[row]
    return change.kind == log.CONTROL and change.after < N_BLOCS - 1


@rule(
    "R9.1",
    writes=("sides.claimed", "sides.charged", "sides.heard", "recent.heard", "conflict.read"),
)
def make_claims(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The sides and observers tell what happened today. Source: RULES R9.1-R9.3."""
    war = state.conflict[0]
    last = min(int(ledger.used[0]), len(ledger.rows))
    for row in range(war.read, last):
        kind = ledger.rows[row].kind
        if kind == log.LOSSES:
            tell_losses(state, params, clock, key, ledger, row)
        elif is_capture(ledger, row):
            tell_control(state, params, clock, key, ledger, row, last)
    war.read = int(ledger.used[0])
