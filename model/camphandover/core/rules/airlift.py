"""R1.4, R5.3: men flown to a strip that hosts a sub-unit of the army, before the column comes."""

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, poisson, uniform
from camphandover.core.now import Now, air_scale, note, rung_now
from camphandover.core.rules import rule, strategy, strikes


@compiled
def fly_in(now: Now, place: int, men: int, hour: float, cause: int):
    """Move men to the army's unit at a place from its strip with most to spare; whether it did."""
    to = -1
    for u, unit in enumerate(now.units):
        if unit.place == place and unit.side == st.ARMY and unit.men > 0 and unit.column < 0:
            to = u
            break
    if to < 0:
        return False
    donor = -1
    most = 0.0
    for u, unit in enumerate(now.units):
        spot = now.places[unit.place]
        if (
            unit.side == st.ARMY
            and unit.kind == st.GARRISON
            and unit.column < 0
            and unit.place != place
            and spot.airstrip
            and spot.town_holder == st.STATE
            and unit.men > men
            and unit.slot != st.COUNTRY
        ):
            spare = strategy.spare_men(now, unit.place, st.STATE) - strategy.kept_back(
                now, unit.place
            )
            if spare >= men and spare > most:
                donor = u
                most = spare
    if donor < 0:
        return False
    now.units[donor].men -= men
    now.units[to].men += men
    note(now, hour, log.AIRLIFT, st.ARMY, place, cause, entity=to, amount=men)
    return True


@rule("R5.3", strikes.LANDING, units="men")
def airlift(now: Now):
    """Men flown to a strip that hosts a sub-unit of the army, before the column comes.

    Flights of the day are Poisson; each carries men from the strip that has most to spare.
    Source: RULES R1.4 (airlift), R5.3.
    """
    if now.sides[st.ARMY].commanded or air_scale(now) <= 0.0:
        return
    if rung_now(now) < now.params.column_escalation:
        return
    for place, spot in enumerate(now.places):
        if not spot.airstrip or spot.camp_holder != st.UN_HOLDER or spot.town_holder == st.STATE:
            continue
        if now.presence[st.STATE, place].inside <= 0.0:
            continue
        if spot.plan_day - now.day > now.params.column_exit_window:
            continue
        room = now.params.garrison_max - now.presence[st.STATE, place].inside
        u = uniform(now.key, Decision.AIRLIFT, place, now.day)
        for flight in range(poisson(now.params.airlift_flights * now.sides[st.ARMY].air, u)):
            men = int(min(room, now.params.airlift_men))
            when = now.start + flight
            if men > 0 and fly_in(now, place, men, when, spot.clause_cause):
                room -= men
                strikes.land_under_fire(now, place, when, spot.clause_cause)
