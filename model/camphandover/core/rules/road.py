"""R1.4, R1.5: how long a way takes, and what waits on it."""

import math

from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, erlang, lognormal, poisson, uniform
from camphandover.core.now import Now, target_slot
from camphandover.core.parameters import Params
from camphandover.core.rules import presence

RAIN_FROM, RAIN_TO = 7, 9
"""Months of rain, July to September (R1.4)."""


@compiled
def rainy(day: int):
    """Whether a day falls in the rains."""
    month = st.month_of(day)
    return RAIN_FROM <= month <= RAIN_TO


@compiled
def speed_of(params: Params, side: int, contested: float, day: int):
    """Free speed of a column, km per day, before its own luck.

    Convoys go between the open and the contested speed by how contested the road is.
    Source: RULES R1.4.
    """
    if side == st.SEPARATISTS:
        speed = params.speed_pickup
    elif side == st.GSIM:
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
    now: Now, lead: int, hour: int, km: float, speed: float, mean_hits: float, delay: float
):
    """Days on the road and IED hits of one leg: T and K of R1.4.

    Args:
        lead: Unit whose luck it is. hour: Hour of departure (both address the draws).
        km: Road distance. speed: km per day. mean_hits: Expected IED hits.
        delay: Days that it takes to form; none for a column that goes on.
    Source: RULES R1.4, R1.5.
    """
    clean = km / (
        speed
        * lognormal(1.0, now.params.speed_sd, uniform(now.key, Decision.TRAVEL_SPEED, lead, hour))
    )
    hits = poisson(mean_hits, uniform(now.key, Decision.TRAVEL_IEDS, lead, hour))
    days = delay + clean
    for i in range(hits):
        days += erlang(
            int(now.params.ied_delay_shape),
            now.params.ied_delay,
            uniform(now.key, Decision.TRAVEL_IED_DELAY, lead * 64 + i % 64, hour),
        )
    halts = poisson(
        now.params.halt_rate * max(now.params.halt_floor, clean),
        uniform(now.key, Decision.TRAVEL_HALTS, lead, hour),
    )
    return days + now.params.halt_days * halts, hits


@compiled
def contest_at(now: Now, place: int, bloc: int):
    """How contested the road is for a bloc at a place, 0-1. Source: RULES R1.4 (z)."""
    if now.places[place].corridor and not st.is_group(bloc):
        return 1.0
    return presence.hostile_phi(now, place, bloc)


@compiled
def road_contest(now: Now, origin: int, target: int, bloc: int):
    """How contested the shortest road is for a bloc, 0-1: hostile influence, averaged by km.

    Along the corridor, where insurgents mine the road whoever holds the places, it is 1 for the
    army and the UN. Source: RULES R1.4 (z), R4.1.
    """
    total = weight = 0.0
    here = origin
    while here != target:
        nxt = now.routes[here, target].next
        km = now.routes[here, nxt].km
        weight += km
        total += km * 0.5 * (contest_at(now, here, bloc) + contest_at(now, nxt, bloc))
        here = nxt
    return total / weight if weight > 0.0 else 0.0


@compiled
def expected_days(now: Now, origin: int, target: int, side: int, vehicles: float):
    """A planner's expected days on the road, all IEDs and halts at their means. Source: R1.4."""
    km = now.routes[origin, target].km
    bloc = st.bloc_of(side)
    contested = road_contest(now, origin, target, bloc)
    clean = km / speed_of(now.params, side, contested, now.day)
    days = now.params.depart_delay + clean
    days += now.params.halt_days * now.params.halt_rate * max(now.params.halt_floor, clean)
    if bloc == st.STATE or side == st.MINUSMA:
        days += now.params.ied_delay * ied_mean(now.params, km, vehicles, contested, False)
    return days


@compiled
def next_stop(now: Now, start: int, target: int, bloc: int):
    """The next hostile base on the way to a target, or the target itself. Source: RULES R5.3."""
    here = start
    while here != target:
        here = now.routes[here, target].next
        if target_slot(now, here, bloc) >= 0:
            break
    return here
