"""R1.4, R1.5: how long a way takes, and what waits on it."""

import math

from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, erlang, lognormal, poisson, uniform
from camphandover.core.parameters import Params
from camphandover.core.rules.presence import hostile_phi
from camphandover.core.state import (
    GSIM,
    MINUSMA,
    SEPARATISTS,
    State,
    bloc_of,
    month_of,
    target_slot,
)

RAIN_FROM, RAIN_TO = 7, 9
"""Months of rain, July to September (R1.4)."""


@compiled
def rainy(day: int):
    """Whether a day falls in the rains."""
    month = month_of(day)
    return RAIN_FROM <= month <= RAIN_TO


@compiled
def speed_of(params: Params, side: int, contested: float, day: int):
    """Free speed of a column, km per day, before its own luck.

    Convoys go between the open and the contested speed by how contested the road is.
    Source: RULES R1.4.
    """
    if side == SEPARATISTS:
        speed = params.speed_pickup
    elif side == GSIM:
        speed = params.speed_moto
    else:
        share = min(1.0, max(0.0, contested))
        speed = params.speed_convoy_open ** (1.0 - share) * params.speed_convoy_contested**share
    return speed * params.rain_factor if rainy(day) else speed


@compiled
def ied_mean(params: Params, km: float, vehicles: float, contested: float, covered: bool):
    """Expected IED hits of a column on a road. Source: RULES R1.4 (K), R1.5 (air cover)."""
    mean = params.ied_rate * km / 100.0 * math.sqrt(vehicles / 100.0) * contested
    return mean * params.ied_air_cover if covered else mean


@compiled
def travel_days(
    params: Params,
    key: Key,
    lead: int,
    hour: int,
    km: float,
    speed: float,
    mean_hits: float,
    delay: float,
):
    """Days on the road and IED hits of one leg: T and K of R1.4.

    Args:
        lead: Unit whose luck it is. hour: Hour of departure (both address the draws).
        km: Road distance. speed: km per day. mean_hits: Expected IED hits.
        delay: Days that it takes to form; none for a column that goes on.
    Source: RULES R1.4, R1.5.
    """
    clean = km / (
        speed * lognormal(1.0, params.speed_sd, uniform(key, Decision.TRAVEL_SPEED, lead, hour))
    )
    hits = poisson(mean_hits, uniform(key, Decision.TRAVEL_IEDS, lead, hour))
    days = delay + clean
    for i in range(hits):
        days += erlang(
            int(params.ied_delay_shape),
            params.ied_delay,
            uniform(key, Decision.TRAVEL_IED_DELAY, lead * 64 + i % 64, hour),
        )
    halts = poisson(
        params.halt_rate * max(params.halt_floor, clean),
        uniform(key, Decision.TRAVEL_HALTS, lead, hour),
    )
    return days + params.halt_days * halts, hits


@compiled
def contest_at(state: State, place: int, bloc: int):
    """How contested the road is for a bloc at a place, 0-1. Source: RULES R1.4 (z)."""
    if state.places[place].corridor and bloc != 1 and bloc != 2:
        return 1.0
    return hostile_phi(state, place, bloc)


@compiled
def road_contest(state: State, origin: int, target: int, bloc: int):
    """How contested the shortest road is for a bloc, 0-1: hostile influence, averaged by km.

    Along the corridor, where insurgents mine the road whoever holds the places, it is 1 for the
    army and the UN. Source: RULES R1.4 (z), R4.1.
    """
    total = 0.0
    weight = 0.0
    here = origin
    while here != target:
        nxt = state.routes[here, target].next
        km = state.routes[here, nxt].km
        weight += km
        total += km * 0.5 * (contest_at(state, here, bloc) + contest_at(state, nxt, bloc))
        here = nxt
    return total / weight if weight > 0.0 else 0.0


@compiled
def expected_days(
    state: State, params: Params, origin: int, target: int, side: int, vehicles: float, day: int
):
    """A planner's expected days on the road, all IEDs and halts at their means. Source: R1.4."""
    km = state.routes[origin, target].km
    bloc = bloc_of(side)
    contested = road_contest(state, origin, target, bloc)
    clean = km / speed_of(params, side, contested, day)
    days = params.depart_delay + clean
    days += params.halt_days * params.halt_rate * max(params.halt_floor, clean)
    if bloc == 0 or side == MINUSMA:
        days += params.ied_delay * ied_mean(params, km, vehicles, contested, False)
    return days


@compiled
def next_stop(state: State, start: int, target: int, bloc: int):
    """The next hostile base on the way to a target, or the target itself. Source: RULES R5.3."""
    here = start
    while here != target:
        here = state.routes[here, target].next
        if target_slot(state, here, bloc) >= 0:
            break
    return here
