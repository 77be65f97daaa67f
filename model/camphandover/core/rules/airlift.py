"""R1.4, R5.3: men flown to a strip that hosts a sub-unit of the army, before the column comes."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, poisson, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.rules.strategy import kept_back, spare_men
from camphandover.core.rules.strikes import LANDING, land_under_fire
from camphandover.core.state import (
    ARMY,
    COUNTRY,
    GARRISON,
    HOURS,
    UN_HOLDER,
    Clock,
    State,
    air_scale,
    rung_now,
)


@compiled
def fly_in(
    state: State, params: Params, ledger: Ledger, place: int, men: int, hour: float, cause: int
):
    """Move men to the army's unit at a place from its strip with most to spare; whether it did."""
    to = -1
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.place == place and unit.side == ARMY and unit.men > 0 and unit.column < 0:
            to = u
            break
    if to < 0:
        return False
    donor = -1
    most = 0.0
    for u in range(len(state.units)):
        unit = state.units[u]
        spot = state.places[unit.place]
        if (
            unit.side == ARMY
            and unit.kind == GARRISON
            and unit.column < 0
            and unit.place != place
            and spot.airstrip
            and spot.town_holder == 0
            and unit.men > men
            and unit.slot != COUNTRY
        ):
            spare = spare_men(state, params, unit.place, 0) - kept_back(state, params, unit.place)
            if spare >= men and spare > most:
                donor = u
                most = spare
    if donor < 0:
        return False
    state.units[donor].men -= men
    state.units[to].men += men
    log.note(ledger, hour, log.AIRLIFT, ARMY, place, to, float(men), math.nan, cause)
    return True


@rule("R5.3", writes=("units.men", *LANDING))
def airlift(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Men flown to a strip that hosts a sub-unit of the army, before the column comes.

    Flights of the day are Poisson; each carries men from the strip that has most to spare.
    Source: RULES R1.4 (airlift), R5.3.
    """
    if state.sides[ARMY].commanded or air_scale(state) <= 0.0:
        return
    if rung_now(state) < params.column_escalation:
        return
    hour = float(clock.day * HOURS)
    for place in range(len(state.places)):
        spot = state.places[place]
        if not spot.airstrip or spot.camp_holder != UN_HOLDER or spot.town_holder == 0:
            continue
        if state.presence[0, place].inside <= 0.0:
            continue
        if spot.plan_day - clock.day > params.column_exit_window:
            continue
        room = params.garrison_max - state.presence[0, place].inside
        u = uniform(key, Decision.AIRLIFT, place, clock.day)
        for flight in range(poisson(params.airlift_flights * state.sides[ARMY].air, u)):
            men = int(min(room, params.airlift_men))
            when = hour + flight
            if men > 0 and fly_in(state, params, ledger, place, men, when, spot.clause_cause):
                room -= men
                land_under_fire(state, params, key, ledger, place, when, spot.clause_cause)
