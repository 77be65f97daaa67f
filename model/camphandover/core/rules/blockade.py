"""R5.6, R5.8: roads closed around towns, and what the separatists do once their core is lost."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, erlang, uniform
from camphandover.core.now import Now, is_news, note
from camphandover.core.rules import columns, rule

TRIES, APART = 64, 1 << 16
"""How often a day is drawn that is not to be known, and how far apart the draws are in time."""
SIEGE = columns(places="siege siege_day siege_strength siege_stage siege_cause fuel")
"""What a blockade writes."""


@compiled
def declare_siege(now: Now, place: int, side: int, day: int, cause: int):
    """An armed group bars the roads to a town of the army, from `day` on. Source: RULES R5.6."""
    spot = now.places[place]
    if spot.siege >= 0 or spot.town_holder != st.STATE:
        return
    spot.siege = st.bloc_of(side)
    spot.siege_day = day
    spot.siege_strength = now.params.siege_strength
    spot.siege_stage = 1
    spot.siege_cause = note(
        now, now.start, log.BLOCKADE, side, place, cause, amount=now.params.siege_strength
    )


@compiled
def core_prize(now: Now):
    """Place of most symbolic value in the separatists' core, -1 when there is no core."""
    best = -1
    for p, spot in enumerate(now.places):
        if spot.core and (best < 0 or spot.symbolic > now.places[best].symbolic):
            best = p
    return best


@compiled
def core_siege_hour(now: Now, prize: int):
    """When separatists who have lost their main place bar roads: not while all is known.

    Until then the blockades are those of the record. Source: RULES R5.8; R10.1.
    """
    least = float((now.conflict.known_until + 1) * st.HOURS)
    for i in range(TRIES):
        u = uniform(now.key, Decision.CORE_SIEGE, prize, now.day + i * APART)
        days = erlang(int(now.params.raid_shape), now.params.core_siege_days, u)
        if now.start + days * st.HOURS >= least:
            return now.start + days * st.HOURS
    return least


@rule("R5.8", conflict="guerrilla guerrilla_cause siege_hour")
def lose_core(now: Now):
    """Separatists whose main place is the army's turn to smaller groups, roads and a blockade.

    They are themselves again once it is theirs. Source: RULES R5.8.
    """
    war = now.conflict
    prize = core_prize(now)
    if prize < 0:
        return
    spot = now.places[prize]
    lost = spot.camp_holder == st.STATE and spot.town_holder == st.STATE
    hour = now.start
    if lost and not war.guerrilla:
        war.guerrilla = 1
        war.guerrilla_cause = note(
            now, hour, log.GUERRILLA, st.SEPARATISTS, prize, spot.camp_cause, amount=1.0
        )
        war.siege_hour = core_siege_hour(now, prize)
    elif war.guerrilla and st.held_by(spot, st.REBELS):
        war.guerrilla = 0
        war.siege_hour = st.NEVER
        war.guerrilla_cause = note(now, hour, log.GUERRILLA, st.SEPARATISTS, prize, spot.camp_cause)


@rule("R5.6", SIEGE, conflict="siege_hour")
def close_roads(now: Now):
    """Blockades begin: those that are known from outside, the separatists' after their loss.

    Source: RULES R5.6 (declared 8 August), R5.8; R10.1.
    """
    if not now.switches.sieges:
        return
    for known in now.calendar:
        if known.what == st.KNOWN_BLOCKADE and is_news(now, known.day):
            declare_siege(now, known.place, known.side, known.day, -1)
            if known.side == st.SEPARATISTS:
                now.conflict.siege_hour = st.NEVER
    if now.conflict.siege_hour < now.end:
        now.conflict.siege_hour = st.NEVER
        prize = core_prize(now)
        for p, spot in enumerate(now.places):
            if (
                spot.symbolic >= now.params.core_siege_symbolic
                and now.routes[prize, p].km <= now.params.core_siege_km
            ):
                declare_siege(now, p, st.SEPARATISTS, now.day, now.conflict.guerrilla_cause)


@compiled
def end_siege(now: Now, place: int, hour: float, p: float, cause: int):
    """A blockade is over."""
    spot = now.places[place]
    side = st.leader_of(spot.siege)
    note(now, hour, log.BLOCKADE_ENDED, side, place, cause, p=p)
    spot.siege = -1
    spot.siege_stage = 0
    spot.siege_strength = 0.0


@rule("R5.6", SIEGE)
def press_sieges(now: Now):
    """A day of each blockade: prices, the second stage (river and air), easing through notables.

    The first easing leaves a part of the strength and reopens river and air, a second one ends
    it. A town that the army has lost is not blockaded any more. Source: RULES R5.6.
    """
    cap = math.log(now.params.siege_price_cap)
    for p, spot in enumerate(now.places):
        if spot.siege < 0:
            spot.fuel = max(0.0, spot.fuel - now.params.siege_price)
            continue
        if spot.town_holder != st.STATE:
            end_siege(now, p, now.start, math.nan, spot.town_cause)
            continue
        age = now.day - spot.siege_day
        side = st.leader_of(spot.siege)
        eased = spot.siege_strength < now.params.siege_strength
        if eased:
            spot.fuel = max(0.0, spot.fuel - now.params.siege_price * (1.0 - spot.siege_strength))
        else:
            spot.fuel = min(cap, spot.fuel + now.params.siege_price * spot.siege_strength)
        if not eased and spot.siege_stage == 1 and age >= now.params.siege_stage_days:
            spot.siege_stage = 2
            spot.siege_cause = note(
                now, now.start, log.BLOCKADE_TIGHTER, side, p, spot.siege_cause, amount=2.0
            )
        if age < now.params.siege_ease_days:
            continue
        if uniform(now.key, Decision.SIEGE_EASE, p, now.day) >= now.params.siege_ease:
            continue
        if eased:
            end_siege(now, p, now.start, now.params.siege_ease, spot.siege_cause)
            continue
        spot.siege_strength *= now.params.siege_eased
        spot.siege_stage = 1
        kind, strength, eases = log.BLOCKADE_EASED, spot.siege_strength, now.params.siege_ease
        spot.siege_cause = note(
            now, now.start, kind, side, p, spot.siege_cause, log.NONE, strength, eases
        )


@compiled
def siege_passage(now: Now, here: int, nxt: int, bloc: int):
    """Chance that a military shipment passes the blockade of the places at an edge's ends.

    With an escort it passes as if there were none, without one with 1 - b. Those who blockade,
    and the UN, are not barred. Source: RULES R5.6 (military by escort only).
    """
    chance = 1.0
    if bloc != st.STATE:
        return chance
    for end in range(2):
        spot = now.places[here if end == 0 else nxt]
        if spot.siege >= 0:
            barred = spot.siege_strength * (1.0 - now.params.siege_escort)
            chance *= 1.0 - barred
    return chance
