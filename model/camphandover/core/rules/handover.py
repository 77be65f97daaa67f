"""R6.4, R6.6, R5.7: who gets a camp when the UN leaves it."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import HOLD, rule
from camphandover.core.rules.control import (
    ANY_NUMBER,
    DUSK,
    empty_camp,
    evacuate,
    offer,
    only_side,
    pay_salvage,
    set_holder,
)
from camphandover.core.rules.garrisons import is_the_armys, ordered_from
from camphandover.core.rules.presence import estimate_win, nerve
from camphandover.core.rules.road import expected_days
from camphandover.core.rules.strategy import (
    defence_of,
    force_at,
    garrison_need,
    place_order,
    spare_men,
)
from camphandover.core.state import (
    ARMY,
    CAMP,
    COUNTRY,
    GARRISON,
    HOURS,
    JOINT,
    MINUSMA,
    NEVER,
    NOBODY,
    OCCUPY,
    RAID,
    TO_ARMY,
    TO_JOINT,
    TO_SEPARATISTS,
    UN_HOLDER,
    Clock,
    State,
    bloc_of,
    days_with_fights,
    rung_now,
)

WEEK = 7


@compiled
def earliest_arrival(state: State, place: int, bloc: int, hour: float):
    """Hour at which a bloc can stand in a place: now if it is there, else its first column.

    Columns out on a raid do not come to stay. Source: RULES R6.4 (min of T_col and T_air: who
    flew in is there).
    """
    for u in range(len(state.units)):
        unit = state.units[u]
        if (
            unit.place == place
            and unit.men > 0
            and unit.column < 0
            and unit.slot != COUNTRY
            and bloc_of(unit.side) == bloc
        ):
            return hour
    first = NEVER
    for c in range(len(state.columns)):
        column = state.columns[c]
        if column.status == 0 or column.stop != place or bloc_of(column.side) != bloc:
            continue
        if column.mission == RAID:
            continue
        first = min(first, max(hour, column.arrive))
    return first


@compiled
def army_first(t_army: float, t_exit: float, gap: float):
    """Whether the army wins the race for a camp: it is there within the gap after the exit.

    Args:
        t_army, t_exit: Hours. gap: Hours that the camp stands open.
    Source: RULES R6.4; a later exit or a faster column never makes it false.
    """
    return t_army <= t_exit + gap


@compiled
def take_camp(
    state: State,
    params: Params,
    ledger: Ledger,
    place: int,
    bloc: int,
    hour: float,
    cause: int,
):
    """A bloc that stands in the place takes the camp, with what was left in it.

    Source: RULES R6.5 (salvage raises quality), R5.7.
    """
    row = set_holder(state, ledger, place, CAMP, bloc, only_side(bloc), hour, cause)
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.place == place and unit.column < 0 and bloc_of(unit.side) == bloc:
            unit.slot = CAMP
    pay_salvage(state, params, place, bloc)
    return row


@compiled
def send_guard(
    state: State, params: Params, clock: Clock, ledger: Ledger, place: int, hour: float, cause: int
):
    """A garrison of the nearest army place that can spare it is flown into a camp.

    Only where the race for camps is switched off. Source: RULES section 10 (V4).
    """
    best = -1
    for u in range(len(state.units)):
        unit = state.units[u]
        if (
            unit.side == ARMY
            and unit.kind == GARRISON
            and unit.column < 0
            and unit.slot != COUNTRY
            and unit.place != place
            and unit.men >= params.garrison_min
            and spare_men(state, params, unit.place, 0) >= unit.men
            and (
                best < 0
                or state.routes[unit.place, place].km
                < state.routes[state.units[best].place, place].km
            )
        ):
            best = u
    if best < 0:
        return
    unit = state.units[best]
    unit.place = place
    unit.home = place
    unit.slot = CAMP
    unit.since = clock.day
    log.note(ledger, hour, log.AIRLIFT, ARMY, place, best, float(unit.men), math.nan, cause)


@compiled
def race(
    state: State,
    params: Params,
    ledger: Ledger,
    key: Key,
    place: int,
    hour: float,
    cause: int,
):
    """The race for a camp: the army if it is there in time, else the strongest armed group.

    A formal handover to the army waits for a column within the gap; in an open race the column
    must also beat the armed group's hour. Without notice the group needs its longest delay.
    Source: RULES R6.4, R5.7, R6.6.
    """
    spot = state.places[place]
    t_army = earliest_arrival(state, place, 0, hour)
    delay = params.vacated_enter_hours
    if spot.notice_separatists == 0:
        delay = params.vacated_unwarned_hours
    gap = params.race_gap * HOURS
    if spot.receiver != TO_ARMY:
        gap = min(gap, delay)
    if t_army <= hour:
        take_camp(state, params, ledger, place, 0, hour, cause)
        return
    side = MINUSMA if spot.camp_holder == UN_HOLDER else -1
    row = empty_camp(state, params, key, ledger, place, side, hour, cause)
    if army_first(t_army, hour, gap):
        offer(state, place, t_army, delay, row)  # should the column turn back
    else:
        offer(state, place, hour, delay, row)


@compiled
def hand_over(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    place: int,
    hour: float,
    cause: int,
):
    """The camp on the hour of the UN's exit: who receives it, or who is there first.

    Source: RULES R6.4, R6.6 (S0-S6), R5.7.
    """
    spot = state.places[place]
    if spot.receiver == TO_JOINT:
        set_holder(state, ledger, place, CAMP, JOINT, MINUSMA, hour, cause)
        spot.joint_cause = cause
        return
    if spot.receiver == TO_SEPARATISTS:
        if state.presence[0, place].inside > 0.0 and state.places[place].town_holder != 0:
            evacuate(state, params, key, ledger, place, 0, hour, cause)
        if earliest_arrival(state, place, 1, hour) <= hour:
            take_camp(state, params, ledger, place, 1, hour, cause)
            return
        row = empty_camp(state, params, key, ledger, place, MINUSMA, hour, cause)
        spot.claimant = 1
        spot.enter_hour = hour + params.vacated_enter_hours
        spot.open_cause = row
        return
    if not state.switches[0].race:
        if state.presence[0, place].inside <= 0.0:
            send_guard(state, params, clock, ledger, place, hour, cause)
        take_camp(state, params, ledger, place, 0, hour, cause)
        return
    race(state, params, ledger, key, place, hour, cause)


@rule("R6.6", writes=(*HOLD, "places.joint_war", "units.slot", "units.loot"))
def strain_joint_units(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """A joint unit comes apart when war is renewed in its region; then the camp is open to a race.

    The chance over the ten days from the renewal is the share of R6.6, spread evenly by day.
    Source: RULES R6.6 (S4).
    """
    hour = float((clock.day + 1) * HOURS) - DUSK
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.camp_holder != JOINT:
            continue
        near = 0
        for q in range(len(state.places)):
            if state.routes[p, q].km <= params.joint_war_km:
                near += days_with_fights(state.places[q].fights, WEEK)
        if spot.joint_war < 0 and near > 0 and rung_now(state) >= params.raid_escalation:
            spot.joint_war = clock.day
        if spot.joint_war < 0 or clock.day - spot.joint_war >= params.joint_leave_days:
            continue
        share = params.joint_leave if math.isnan(spot.p_leave) else spot.p_leave
        chance = 1.0 - (1.0 - share) ** (1.0 / params.joint_leave_days)
        if uniform(key, Decision.JOINT_LEAVE, p, clock.day) >= chance:
            continue
        row = log.note(ledger, hour, log.JOINT_END, -1, p, -1, 0.0, chance, spot.joint_cause)
        spot.lost_hour = hour
        since = spot.camp_since
        race(state, params, ledger, key, p, hour, row)
        if spot.camp_holder == NOBODY:
            spot.camp_since = since  # who hides around the camp need not wait anew


@compiled
def race_base(state: State, params: Params, clock: Clock, key: Key, place: int, exit_day: int):
    """Nearest army base that should send men to a camp now, and how many; -1 when none should."""
    best = -1
    men_sent = 0.0
    defence = defence_of(state, params, clock, key, ARMY, place, clock.day)
    steady = state.sides[ARMY].morale * nerve(state, params, 0, True, False)
    for p in range(len(state.places)):
        km = state.routes[p, place].km
        if p == place or km > params.race_range_km or not is_the_armys(state, p):
            continue
        if ordered_from(state, p):
            continue
        men, power = force_at(state, params, p, 0, float(ANY_NUMBER))
        if men < params.men_garrison:
            continue
        if estimate_win(params, power * steady, defence, 0.0) < params.assault_win_min:
            continue
        days = expected_days(state, params, p, place, ARMY, params.column_vehicles, clock.day)
        if exit_day - clock.day > days + params.race_lead_days:
            continue
        if best < 0 or km < state.routes[best, place].km:
            best = p
            send = men if defence > 0.0 else garrison_need(state, params, place)
            men_sent = min(men, send)
    return best, men_sent


@rule("R6.4", writes=("orders", "queue"))
def order_race(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The army sends men ahead to a camp that the UN is about to leave and where it has none.

    It sets out so as to arrive some days before the exit that it expects, from the nearest base
    that could win against who stands there. Source: RULES R6.4, R6.6 (notice).
    """
    if state.sides[ARMY].commanded:
        return
    hour = float(clock.day * HOURS)
    for p in range(len(state.places)):
        spot = state.places[p]
        if not spot.un_camp or spot.camp_holder != UN_HOLDER or spot.receiver == TO_SEPARATISTS:
            continue
        if spot.receiver == TO_JOINT:
            continue
        known = spot.plan_day
        if spot.announced and spot.exit_day - clock.day <= spot.notice_army:
            known = spot.exit_day
        if known - clock.day > spot.notice_army:
            continue
        cell = state.presence[0, p]
        if cell.men + cell.incoming > 0.0:
            continue
        origin, men = race_base(state, params, clock, key, p, known)
        if origin < 0:
            continue
        row = log.note(ledger, hour, log.ORDER, ARMY, p, -1, men, math.nan, spot.clause_cause)
        log.with_mission(ledger, row, OCCUPY)
        place_order(state, ARMY, OCCUPY, origin, p, int(men), ANY_NUMBER, 0, row)
