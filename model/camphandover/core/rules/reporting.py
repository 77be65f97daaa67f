"""R9.1-R9.3: what each side says of losses and of control, and what observers confirm.

What happened stands in the rows of the ledger that other rules write. These rules read today's
rows and write claims beside them, each caused by the row that it is about; truth is not changed.
A claim is written, and counted in the books, on the day on which it is said: until its hour it
waits in `state.tellings`. So no rule needs to know when the window ends.
"""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, normal, uniform
from camphandover.core.now import Now, note
from camphandover.core.parameters import Params
from camphandover.core.rules import ALL, rule

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
def tell(
    now: Now,
    hour: float,
    kind: int,
    side: int,
    place: int,
    cause: int,
    about: int = log.NONE,
    amount: float = 0.0,
    p: float = math.nan,
    was: float = 0.0,
    slot: int = log.NONE,
    before: int = log.NONE,
    after: int = log.NONE,
):
    """Keep what will be said until its hour. Past the room for it, it is only counted, and the
    run ends in an error.

    Args:
        was: Of a revision, what was claimed before; else 0. The others: of the ledger's row.
    """
    if now.queue.waiting < len(now.tellings):
        telling = now.tellings[now.queue.waiting]
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
    now.queue.waiting += 1


@compiled
def tell_change(
    now: Now,
    hour: float,
    kind: int,
    side: int,
    place: int,
    row: int,
    amount: float = 0.0,
    p: float = math.nan,
):
    """Keep what will be said of a change of control, the ledger's `row`, until its hour."""
    change = now.ledger.rows[row]
    slot, before, after = change.slot, change.before, change.after
    tell(now, hour, kind, side, place, row, log.NONE, amount, p, 0.0, slot, before, after)


@compiled
def speaker(side: int):
    """The side that speaks for one: the army for Wagner and the partners."""
    return st.ARMY if side == st.WAGNER or side == st.PARTNERS else side


@compiled
def camp_was_entered(now: Now, row: int):
    """Whether the side that lost these men broke in that fight: then its base was entered.

    The rows of a fight stand between the one of its beginning and those of its losses.

    Args:
        row: A row of losses.
    """
    losses = now.ledger.rows[row]
    for i in range(losses.cause + 1, row):
        outcome = now.ledger.rows[i]
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
    if side == st.ARMY:
        return params.silent_army if entered else 0.0
    return params.silent_groups


@compiled
def toll_id(now: Now, row: int):
    """Id, for the draws, of what is said of a row of losses."""
    truth = now.ledger.rows[row]
    place = (int(truth.entity) + 1) * len(now.places) + int(truth.place)
    return place * st.N_SIDES * 2 + int(truth.about) + 1


@compiled
def revise(now: Now, i: int, row: int):
    """A claim of the enemy's dead is revised, mostly downwards, within days.

    Args:
        i: Row of the claim in `state.tellings`. row: In the ledger.
    Source: RULES R9.2.
    """
    claim = now.tellings[i]
    if now.switches.perfect or claim.amount <= 0.0:
        return
    who, when = toll_id(now, claim.cause), int(claim.hour)
    u = uniform(now.key, Decision.REVISION, who, when)
    if u >= now.params.revision:
        return
    days = 1 + int(u / now.params.revision * now.params.revision_days)
    u = uniform(now.key, Decision.REVISION_SIZE, who, when)
    after = claimed(claim.amount, now.params.revision_median, now.params.revision_sd, u)
    hour = claim.hour + days * st.HOURS
    side, about, p = claim.side, claim.about, now.params.revision
    tell(now, hour, log.REVISION, side, claim.place, row, about, after, p, claim.amount)


@compiled
def say(now: Now, i: int):
    """Write one telling, and book what it adds to a side's claims; it may be revised later."""
    said = now.tellings[i]
    row = note(
        now,
        said.hour,
        said.kind,
        said.side,
        said.place,
        said.cause,
        log.NONE,
        said.amount,
        said.p,
        said.about,
        log.NONE,
        said.slot,
        said.before,
        said.after,
    )
    if said.kind != log.CLAIM_LOSSES and said.kind != log.REVISION:
        return
    books = now.sides[said.side]
    if said.side == said.about:
        books.claimed += int(said.amount - said.was)
        return
    books.charged += int(said.amount - said.was)
    if said.kind == log.CLAIM_LOSSES:
        revise(now, i, row)


@compiled
def say_what_is_due(now: Now):
    """Say what is to be said by the day's end, in the order in which it was told; keep the rest."""
    kept = i = 0
    while i < now.queue.waiting <= len(now.tellings):  # a claim that is said may add a revision
        if now.tellings[i].hour < now.end:
            say(now, i)
        else:
            now.tellings[kept] = now.tellings[i]
            kept += 1
        i += 1
    if now.queue.waiting <= len(now.tellings):
        now.queue.waiting = kept


@compiled
def of_one_toll(now: Now, row: int, later: int):
    """Whether two rows of losses are of one event and of sides for which one speaks."""
    one, other = now.ledger.rows[row], now.ledger.rows[later]
    if one.kind != log.LOSSES or other.kind != log.LOSSES:
        return False
    return one.cause == other.cause >= 0 and speaker(one.side) == speaker(other.side)


@compiled
def tell_losses(now: Now, row: int):
    """Both sides tell the toll of an event, or are silent.

    Nobody tells of the UN's dead.

    Args:
        row: First row of losses of the party; the rows of its other sides follow it.
    Source: RULES R9.1, R9.2.
    """
    truth = now.ledger.rows[row]
    hour, place, dead, victim = truth.hour, truth.place, truth.amount, speaker(truth.side)
    by = truth.about
    if victim == st.MINUSMA:
        return
    later = row + 1
    while later < min(int(now.ledger.used[0]), len(now.ledger.rows)) and of_one_toll(
        now, row, later
    ):
        dead += now.ledger.rows[later].amount
        later += 1
    perfect = now.switches.perfect == 1
    who = toll_id(now, row)
    when = int(hour)
    told = hour
    if not perfect:
        u = uniform(now.key, Decision.CLAIM_HOUR, who, when)
        told += u * now.params.control_claim_hours
    enemy = 0.0
    if by >= 0:
        enemy = dead
        if not perfect:
            u = uniform(now.key, Decision.CLAIM_ENEMY, who, when)
            enemy = claimed(dead, now.params.claim_enemy, now.params.claim_sd, u)
        tell(now, told, log.CLAIM_LOSSES, speaker(by), place, row, victim, enemy)
    chance = 0.0 if perfect else p_silent(now.params, victim, camp_was_entered(now, row))
    if uniform(now.key, Decision.SILENCE, who, when) < chance:
        tell(now, told, log.SILENCE, victim, place, row, p=chance)
        heard = int(now.params.rumour * enemy)
    else:
        own = dead
        if not perfect:
            u = uniform(now.key, Decision.CLAIM_OWN, who, when)
            own = claimed(dead, -now.params.claim_own, now.params.claim_sd, u)
        tell(now, told, log.CLAIM_LOSSES, victim, place, row, victim, own)
        heard = int(own)
    now.sides[victim].heard += heard
    now.recent[st.today(now.day), victim].heard += heard


@compiled
def p_observed(now: Now, place: int):
    """Chance that somebody who tells sees a change at a place on a day.

    It rises with the people at home and is 1 beside a UN camp. Source: Weidmann 2016; RULES R9.3.
    """
    if now.places[place].camp_holder == st.UN_HOLDER:
        return 1.0
    people = now.people[place].residents + now.people[place].hosted
    return max(now.params.observed_min, 1.0 - math.exp(-people / now.params.observers))


@compiled
def place_as_told(now: Now, place: int, when: int):
    """Place that a report names: mostly the right one, sometimes its nearest neighbour.

    Source: Weidmann 2015; RULES R9.3 (error of at most 50 km in about 80 %).
    """
    if uniform(now.key, Decision.MISPLACED, place, when) >= now.params.misplaced:
        return place
    best = -1
    for p in range(len(now.places)):
        if p != place and (
            best < 0 or now.routes[place, p].air_km < now.routes[place, best].air_km
        ):
            best = p
    if best >= 0 and now.routes[place, best].air_km <= now.params.misplaced_km:
        return best
    return place


@compiled
def lag_days(mean: float, u: float):
    """Whole days until a change is confirmed: geometric with this mean. Source: RULES R9.3."""
    if mean <= 0.0:
        return 0
    return int(math.log1p(-u) / math.log(mean / (1.0 + mean)))


@compiled
def short_lived(now: Now, row: int, last: int):
    """Whether a change of control was undone within hours. Source: RULES R9.3."""
    change = now.ledger.rows[row]
    for i in range(row + 1, last):
        later = now.ledger.rows[i]
        if later.kind == log.CONTROL and later.place == change.place and later.slot == change.slot:
            return later.hour - change.hour < now.params.never_hours
    return False


@compiled
def tell_control(now: Now, row: int, last: int):
    """Who took a base says so, who lost it may deny it, and observers confirm it later or never.

    Source: RULES R9.3.
    """
    change = now.ledger.rows[row]
    hour, place, slot = change.hour, int(change.place), int(change.slot)
    before, after = int(change.before), int(change.after)
    perfect = now.switches.perfect == 1
    who = place * 2 + slot
    when = int(hour)
    side = st.leader_of(after)
    u = uniform(now.key, Decision.CLAIM_HOUR, CLAIMS + who, when)
    told = hour if perfect else hour + u * now.params.control_claim_hours
    tell_change(now, told, log.CLAIM_CONTROL, side, place, row)
    if before < st.N_ARMED and not perfect:
        if uniform(now.key, Decision.DENIAL, who, when) < now.params.denial:
            loser = st.leader_of(before)
            tell_change(now, told, log.DENIAL, loser, place, row, p=now.params.denial)
    if perfect:
        tell_change(now, hour, log.CONFIRMED, log.NONE, place, row, p=1.0)
        return
    seen = p_observed(now, place)
    never = now.params.never_confirmed if short_lived(now, row, last) else 0.0
    if uniform(now.key, Decision.NEVER_SEEN, who, when) < never:
        tell_change(now, hour, log.UNCONFIRMED, log.NONE, place, row, p=never)
        return
    mean = now.params.confirm_days / seen
    days = lag_days(mean, uniform(now.key, Decision.CONFIRM, who, when))
    named = place_as_told(now, place, when)
    hour += days * st.HOURS
    tell_change(now, hour, log.CONFIRMED, log.NONE, named, row, days, seen)


@rule(
    "R9.1",
    sides="claimed charged heard",
    recent="heard",
    conflict="read",
    tellings=ALL,
    queue="waiting",
)
def make_claims(now: Now):
    """The sides and observers tell what happened today, and say what is due.

    Source: RULES R9.1-R9.3.
    """
    last = min(int(now.ledger.used[0]), len(now.ledger.rows))
    for row in range(now.conflict.read, last):
        told = now.ledger.rows[row]
        if told.kind == log.LOSSES and not (row > 0 and of_one_toll(now, row - 1, row)):
            tell_losses(now, row)
        elif told.kind == log.CONTROL and told.after < st.N_ARMED:
            tell_control(now, row, last)
    say_what_is_due(now)
    now.conflict.read = int(now.ledger.used[0])
