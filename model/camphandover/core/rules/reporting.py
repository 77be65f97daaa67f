"""R9.1-R9.3: what each side says of losses and of control, and what observers confirm.

What happened stands in the rows of the ledger that other rules write. These rules read today's
rows and write claims beside them, each caused by the row that it is about; truth is not changed.
A claim is written, and counted in the books, on the day on which it is said: until its hour it
waits in `state.tellings`. So no rule needs to know when the window ends.
"""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, normal, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.state import (
    ARMY,
    HOURS,
    MINUSMA,
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
def hour_told(params: Params, hour: float, u: float):
    """Hour at which a side tells what happened at an hour."""
    return hour + u * params.control_claim_hours


@compiled
def tell(
    state: State,
    hour: float,
    kind: int,
    side: int,
    about: int,
    place: int,
    slot: int,
    before: int,
    after: int,
    amount: float,
    p: float,
    cause: int,
    was: float,
):
    """Keep what will be said until its hour. Past the room for it, it is only counted, and the
    run ends in an error.

    Args:
        was: Of a revision, what was claimed before; else 0. The others: of the ledger's row.
    """
    queue = state.queue[0]
    if queue.waiting < len(state.tellings):
        telling = state.tellings[queue.waiting]
        telling.hour = hour
        telling.kind = kind
        telling.side = side
        telling.about = about
        telling.place = place
        telling.slot = slot
        telling.before = before
        telling.after = after
        telling.amount = amount
        telling.p = p
        telling.cause = cause
        telling.was = was
    queue.waiting += 1


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
def toll_id(state: State, ledger: Ledger, row: int):
    """Id, for the draws, of what is said of a row of losses."""
    truth = ledger.rows[row]
    place = (int(truth.entity) + 1) * len(state.places) + int(truth.place)
    return place * N_SIDES * 2 + int(truth.about) + 1


@compiled
def revise(state: State, params: Params, key: Key, ledger: Ledger, i: int, row: int):
    """A claim of the enemy's dead is revised, mostly downwards, within days.

    Args:
        i: Row of the claim in `state.tellings`. row: In the ledger.
    Source: RULES R9.2.
    """
    claim = state.tellings[i]
    if state.switches[0].perfect or claim.amount <= 0.0:
        return
    who, when = toll_id(state, ledger, claim.cause), int(claim.hour)
    u = uniform(key, Decision.REVISION, who, when)
    if u >= params.revision:
        return
    days = 1 + int(u / params.revision * params.revision_days)
    u = uniform(key, Decision.REVISION_SIZE, who, when)
    after = claimed(claim.amount, params.revision_median, params.revision_sd, u)
    tell(
        state, claim.hour + days * HOURS, log.REVISION, claim.side, claim.about, claim.place,
        -1, -1, -1, after, params.revision, row, claim.amount,
    )  # fmt: skip


@compiled
def say(state: State, params: Params, key: Key, ledger: Ledger, i: int):
    """Write one telling, and book what it adds to a side's claims; it may be revised later."""
    said = state.tellings[i]
    row = log.write_row(
        ledger, said.hour, said.kind, said.side, said.place, said.slot, said.before, said.after,
        -1, said.amount, said.p, said.cause,
    )  # fmt: skip
    log.with_about(ledger, row, said.about)
    if said.kind != log.CLAIM_LOSSES and said.kind != log.REVISION:
        return
    books = state.sides[said.side]
    if said.side == said.about:
        books.claimed += int(said.amount - said.was)
        return
    books.charged += int(said.amount - said.was)
    if said.kind == log.CLAIM_LOSSES:
        revise(state, params, key, ledger, i, row)


@compiled
def say_what_is_due(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Say what is to be said by the day's end, in the order in which it was told; keep the rest."""
    midnight = float((clock.day + 1) * HOURS)
    queue = state.queue[0]
    kept = 0
    i = 0
    while i < queue.waiting <= len(state.tellings):  # a claim that is said may add a revision
        if state.tellings[i].hour < midnight:
            say(state, params, key, ledger, i)
        else:
            state.tellings[kept] = state.tellings[i]
            kept += 1
        i += 1
    if queue.waiting <= len(state.tellings):
        queue.waiting = kept


@compiled
def of_one_toll(ledger: Ledger, row: int, later: int):
    """Whether two rows of losses are of one event and of sides for which one speaks."""
    one, other = ledger.rows[row], ledger.rows[later]
    if one.kind != log.LOSSES or other.kind != log.LOSSES:
        return False
    return one.cause == other.cause >= 0 and speaker(one.side) == speaker(other.side)


@compiled
def tell_losses(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, row: int):
    """Both sides tell the toll of an event, or are silent.

    Nobody tells of the UN's dead.

    Args:
        row: First row of losses of the party; the rows of its other sides follow it.
    Source: RULES R9.1, R9.2.
    """
    truth = ledger.rows[row]
    hour, place, dead, victim = truth.hour, truth.place, truth.amount, speaker(truth.side)
    by = truth.about
    if victim == MINUSMA:
        return
    later = row + 1
    while later < min(int(ledger.used[0]), len(ledger.rows)) and of_one_toll(ledger, row, later):
        dead += ledger.rows[later].amount
        later += 1
    perfect = state.switches[0].perfect == 1
    who = toll_id(state, ledger, row)
    when = int(hour)
    told = hour
    if not perfect:
        told = hour_told(params, hour, uniform(key, Decision.CLAIM_HOUR, who, when))
    enemy = 0.0
    if by >= 0:
        enemy = dead
        if not perfect:
            u = uniform(key, Decision.CLAIM_ENEMY, who, when)
            enemy = claimed(dead, params.claim_enemy, params.claim_sd, u)
        tell(
            state, told, log.CLAIM_LOSSES, speaker(by), victim, place, -1, -1, -1, enemy,
            math.nan, row, 0.0,
        )  # fmt: skip
    chance = 0.0 if perfect else p_silent(params, victim, camp_was_entered(ledger, row))
    if uniform(key, Decision.SILENCE, who, when) < chance:
        tell(
            state, told, log.SILENCE, victim, -1, place, -1, -1, -1, 0.0, chance, row, 0.0
        )  # fmt: skip
        heard = int(params.rumour * enemy)
    else:
        own = dead
        if not perfect:
            u = uniform(key, Decision.CLAIM_OWN, who, when)
            own = claimed(dead, -params.claim_own, params.claim_sd, u)
        tell(
            state, told, log.CLAIM_LOSSES, victim, victim, place, -1, -1, -1, own,
            math.nan, row, 0.0,
        )  # fmt: skip
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
def tell_control(state: State, params: Params, key: Key, ledger: Ledger, row: int, last: int):
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
    told = hour if perfect else hour_told(params, hour, u)
    tell(
        state, told, log.CLAIM_CONTROL, side, -1, place, slot, before, after, 0.0, math.nan, row,
        0.0,
    )  # fmt: skip
    if before < N_BLOCS - 1 and not perfect:
        if uniform(key, Decision.DENIAL, who, when) < params.denial:
            loser = before if before == 0 else before + 1
            tell(
                state, told, log.DENIAL, loser, -1, place, slot, before, after, 0.0,
                params.denial, row, 0.0,
            )  # fmt: skip
    if perfect:
        tell(
            state, hour, log.CONFIRMED, -1, -1, place, slot, before, after, 0.0, 1.0, row, 0.0
        )  # fmt: skip
        return
    seen = p_observed(state, params, place)
    never = params.never_confirmed if short_lived(ledger, params, row, last) else 0.0
    if uniform(key, Decision.NEVER_SEEN, who, when) < never:
        tell(
            state, hour, log.UNCONFIRMED, -1, -1, place, slot, before, after, 0.0, never, row, 0.0
        )  # fmt: skip
        return
    mean = params.confirm_days / seen
    days = lag_days(mean, uniform(key, Decision.CONFIRM, who, when))
    named = place_as_told(state, params, key, place, when)
    tell(
        state, hour + days * HOURS, log.CONFIRMED, -1, -1, named, slot, before, after,
        float(days), seen, row, 0.0,
    )  # fmt: skip


@compiled
def is_capture(ledger: Ledger, row: int):
    """Whether a change of control gives a camp or town to an armed bloc."""
    change = ledger.rows[row]
    return change.kind == log.CONTROL and change.after < N_BLOCS - 1


@rule(
    "R9.1",
    writes=(
        "sides.claimed",
        "sides.charged",
        "sides.heard",
        "recent.heard",
        "conflict.read",
        "tellings",
        "queue.waiting",
    ),
)
def make_claims(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The sides and observers tell what happened today, and say what is due.

    Source: RULES R9.1-R9.3.
    """
    war = state.conflict[0]
    last = min(int(ledger.used[0]), len(ledger.rows))
    for row in range(war.read, last):
        kind = ledger.rows[row].kind
        if kind == log.LOSSES and not (row > 0 and of_one_toll(ledger, row - 1, row)):
            tell_losses(state, params, clock, key, ledger, row)
        elif is_capture(ledger, row):
            tell_control(state, params, key, ledger, row, last)
    say_what_is_due(state, params, clock, key, ledger)
    war.read = int(ledger.used[0])
