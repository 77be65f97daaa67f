"""R5.6, R5.8: roads closed around towns, and what the separatists do once their core is lost."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, erlang, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.state import (
    GSIM,
    HOURS,
    KNOWN_BLOCKADE,
    NEVER,
    SEPARATISTS,
    Clock,
    State,
    is_news,
)

SIEGE = (
    "places.siege",
    "places.siege_day",
    "places.siege_strength",
    "places.siege_stage",
    "places.siege_cause",
    "places.fuel",
)
"""What a blockade writes."""


@compiled
def declare_siege(
    state: State,
    params: Params,
    clock: Clock,
    ledger: Ledger,
    place: int,
    side: int,
    day: int,
    cause: int,
):
    """An armed group bars the roads to a town of the army, from `day` on. Source: RULES R5.6."""
    spot = state.places[place]
    if spot.siege >= 0 or spot.town_holder != 0:
        return
    spot.siege = side - 1
    spot.siege_day = day
    spot.siege_strength = params.siege_strength
    spot.siege_stage = 1
    spot.siege_cause = log.note(
        ledger, float(clock.day * HOURS), log.BLOCKADE, side, place, -1, params.siege_strength,
        math.nan, cause,
    )  # fmt: skip


@compiled
def core_prize(state: State):
    """Place of most symbolic value in the separatists' core, -1 when there is no core."""
    best = -1
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.core and (best < 0 or spot.symbolic > state.places[best].symbolic):
            best = p
    return best


@rule("R5.8", writes=("conflict.guerrilla", "conflict.guerrilla_cause", "conflict.siege_hour"))
def lose_core(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Separatists whose main place is the army's turn to smaller groups, roads and a blockade.

    They are themselves again once it is theirs. Source: RULES R5.8.
    """
    war = state.conflict[0]
    prize = core_prize(state)
    if prize < 0:
        return
    spot = state.places[prize]
    lost = spot.camp_holder == 0 and spot.town_holder == 0
    hour = float(clock.day * HOURS)
    if lost and not war.guerrilla:
        war.guerrilla = 1
        war.guerrilla_cause = log.note(
            ledger, hour, log.GUERRILLA, SEPARATISTS, prize, -1, 1.0, math.nan, spot.camp_cause
        )
        u = uniform(key, Decision.CORE_SIEGE, prize, clock.day)
        days = erlang(int(params.raid_shape), params.core_siege_days, u)
        war.siege_hour = hour + days * HOURS
    elif war.guerrilla and (spot.camp_holder == 1 or spot.town_holder == 1):
        war.guerrilla = 0
        war.siege_hour = NEVER
        war.guerrilla_cause = log.note(
            ledger, hour, log.GUERRILLA, SEPARATISTS, prize, -1, 0.0, math.nan, spot.camp_cause
        )


@rule("R5.6", writes=(*SIEGE, "conflict.siege_hour"))
def close_roads(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Blockades begin: GSIM's that are known from outside, the separatists' after their loss.

    Source: RULES R5.6 (declared 8 August), R5.8.
    """
    if not state.switches[0].sieges:
        return
    war = state.conflict[0]
    for i in range(len(state.calendar)):
        known = state.calendar[i]
        if known.what == KNOWN_BLOCKADE and is_news(clock, known.day):
            declare_siege(state, params, clock, ledger, known.place, GSIM, known.day, -1)
    if war.siege_hour < float((clock.day + 1) * HOURS):
        war.siege_hour = NEVER
        prize = core_prize(state)
        for p in range(len(state.places)):
            if (
                state.places[p].symbolic >= params.core_siege_symbolic
                and state.routes[prize, p].km <= params.core_siege_km
            ):
                declare_siege(
                    state, params, clock, ledger, p, SEPARATISTS, clock.day, war.guerrilla_cause
                )


@compiled
def end_siege(state: State, ledger: Ledger, place: int, hour: float, p: float, cause: int):
    """A blockade is over."""
    spot = state.places[place]
    side = spot.siege + 1
    log.note(ledger, hour, log.BLOCKADE_ENDED, side, place, -1, 0.0, p, cause)
    spot.siege = -1
    spot.siege_stage = 0
    spot.siege_strength = 0.0


@rule("R5.6", writes=SIEGE)
def press_sieges(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """A day of each blockade: prices, the second stage (river and air), easing through notables.

    The first easing leaves a part of the strength and reopens river and air, a second one ends
    it. A town that the army has lost is not blockaded any more. Source: RULES R5.6.
    """
    hour = float(clock.day * HOURS)
    cap = math.log(params.siege_price_cap)
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.siege < 0:
            spot.fuel = max(0.0, spot.fuel - params.siege_price)
            continue
        if spot.town_holder != 0:
            end_siege(state, ledger, p, hour, math.nan, spot.town_cause)
            continue
        age = clock.day - spot.siege_day
        eased = spot.siege_strength < params.siege_strength
        if eased:
            spot.fuel = max(0.0, spot.fuel - params.siege_price * (1.0 - spot.siege_strength))
        else:
            spot.fuel = min(cap, spot.fuel + params.siege_price * spot.siege_strength)
        if not eased and spot.siege_stage == 1 and age >= params.siege_stage_days:
            spot.siege_stage = 2
            spot.siege_cause = log.note(
                ledger, hour, log.BLOCKADE_TIGHTER, spot.siege + 1, p, -1, 2.0, math.nan,
                spot.siege_cause,
            )  # fmt: skip
        if age < params.siege_ease_days:
            continue
        if uniform(key, Decision.SIEGE_EASE, p, clock.day) >= params.siege_ease:
            continue
        if eased:
            end_siege(state, ledger, p, hour, params.siege_ease, spot.siege_cause)
            continue
        spot.siege_strength *= params.siege_eased
        spot.siege_stage = 1
        spot.siege_cause = log.note(
            ledger, hour, log.BLOCKADE_EASED, spot.siege + 1, p, -1, spot.siege_strength,
            params.siege_ease, spot.siege_cause,
        )  # fmt: skip


@compiled
def siege_passage(state: State, params: Params, here: int, nxt: int, bloc: int):
    """Chance that a military shipment passes the blockade of the places at an edge's ends.

    With an escort it passes as if there were none, without one with 1 - b. Those who blockade,
    and the UN, are not barred. Source: RULES R5.6 (military by escort only).
    """
    chance = 1.0
    if bloc != 0:
        return chance
    for end in range(2):
        spot = state.places[here if end == 0 else nxt]
        if spot.siege >= 0:
            barred = spot.siege_strength * (1.0 - params.siege_escort)
            chance *= 1.0 - barred
    return chance
