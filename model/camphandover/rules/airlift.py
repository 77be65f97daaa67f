"""R1.4, R5.3: men flown to a strip that hosts a sub-unit of the army, before the column comes."""

import math

from camphandover import ledger as log
from camphandover.compiled import compiled
from camphandover.draws import Decision, Key, poisson, uniform
from camphandover.ledger import Ledger
from camphandover.parameters import Params
from camphandover.rules import rule
from camphandover.rules.airpower import LANDING, land_under_fire
from camphandover.rules.strategy import garrison_need, spare_men
from camphandover.state import (
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
    """Move men from the nearest strip of the army to its unit at a place."""
    to = -1
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.place == place and unit.side == ARMY and unit.men > 0 and unit.column < 0:
            to = u
            break
    if to < 0:
        return
    donor = -1
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
            and spare_men(state, params, unit.place, 0) >= men
            and unit.slot != COUNTRY
            and (
                donor < 0
                or state.routes[unit.place, place].km
                < state.routes[state.units[donor].place, place].km
            )
        ):
            donor = u
    if donor < 0:
        return
    state.units[donor].men -= men
    state.units[to].men += men
    log.note(ledger, hour, log.AIRLIFT, ARMY, place, to, float(men), math.nan, cause)


@rule("R5.3", writes=("units.men", *LANDING))
def airlift(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Men flown to a strip that hosts a sub-unit of the army, before the column comes.

    Flights of the day are Poisson; each carries men from the nearest strip with men to spare.
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
        lacking = garrison_need(state, params, place) - state.presence[0, place].inside
        u = uniform(key, Decision.AIRLIFT, place, clock.day)
        flights = poisson(params.airlift_flights * state.sides[ARMY].air, u)
        men = int(min(lacking, flights * params.airlift_men))
        if men <= 0:
            continue
        for flight in range(flights):
            land_under_fire(state, params, key, ledger, place, hour + flight, spot.clause_cause)
        fly_in(state, params, ledger, place, men, hour, spot.clause_cause)
