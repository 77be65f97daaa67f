"""R6.4, R6.6, R5.7: who gets a camp when the UN leaves it."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, uniform
from camphandover.core.now import Now, note, rung_now
from camphandover.core.rules import (
    HOLD,
    ORDERS,
    control,
    garrisons,
    movement,
    presence,
    road,
    rule,
    strategy,
)

WEEK = 7


@compiled
def earliest_arrival(now: Now, place: int, bloc: int, hour: float):
    """Hour at which a bloc can stand in a place: now if it is there, else its first column.

    Columns out on a raid do not come to stay. Source: RULES R6.4 (min of T_col and T_air: who
    flew in is there).
    """
    for unit in now.units:
        if movement.is_free(unit, place, bloc) and unit.slot != st.COUNTRY:
            return hour
    first = st.NEVER
    for column in now.columns:
        if column.status == 0 or column.stop != place or st.bloc_of(column.side) != bloc:
            continue
        if column.mission == st.RAID:
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
def take_camp(now: Now, place: int, bloc: int, hour: float, cause: int):
    """A bloc that stands in the place takes the camp, with what was left in it.

    Source: RULES R6.5 (salvage raises quality), R5.7.
    """
    row = control.set_holder(now, place, st.CAMP, bloc, st.leader_of(bloc), hour, cause)
    movement.station(now, place, bloc, st.CAMP)
    control.pay_salvage(now, place, bloc)
    return row


@compiled
def send_guard(now: Now, place: int, hour: float, cause: int):
    """A garrison of the nearest army place that can spare it is flown into a camp.

    Only where the race for camps is switched off. Source: RULES section 10 (V4).
    """
    best = -1
    for u, unit in enumerate(now.units):
        if (
            unit.side == st.ARMY
            and unit.kind == st.GARRISON
            and unit.column < 0
            and unit.slot != st.COUNTRY
            and unit.place != place
            and unit.men >= now.params.garrison_min
            and strategy.spare_men(now, unit.place, st.STATE) >= unit.men
            and (
                best < 0
                or now.routes[unit.place, place].km < now.routes[now.units[best].place, place].km
            )
        ):
            best = u
    if best < 0:
        return
    unit = now.units[best]
    unit.place = place
    unit.home = place
    unit.slot = st.CAMP
    unit.since = now.day
    note(now, hour, log.AIRLIFT, st.ARMY, place, cause, entity=best, amount=unit.men)


@compiled
def race(now: Now, place: int, hour: float, cause: int):
    """The race for a camp: the army if it is there in time, else the strongest armed group.

    A formal handover to the army waits for a column within the gap; in an open race the column
    must also beat the armed group's hour. Without notice the group needs its longest delay.
    Source: RULES R6.4, R5.7, R6.6.
    """
    spot = now.places[place]
    t_army = earliest_arrival(now, place, st.STATE, hour)
    delay = now.params.vacated_enter_hours
    if spot.notice_separatists == 0:
        delay = now.params.vacated_unwarned_hours
    gap = now.params.race_gap * st.HOURS
    if spot.receiver != st.TO_ARMY:
        gap = min(gap, delay)
    if t_army <= hour:
        take_camp(now, place, st.STATE, hour, cause)
        return
    side = st.MINUSMA if spot.camp_holder == st.UN_HOLDER else -1
    row = control.empty_camp(now, place, side, hour, cause)
    if army_first(t_army, hour, gap):
        control.offer(now, place, t_army, delay, row)  # should the column turn back
    else:
        control.offer(now, place, hour, delay, row)


@compiled
def hand_over(now: Now, place: int, hour: float, cause: int):
    """The camp on the hour of the UN's exit: who receives it, or who is there first.

    Source: RULES R6.4, R6.6 (S0-S6), R5.7.
    """
    spot = now.places[place]
    if spot.receiver == st.TO_JOINT:
        control.set_holder(now, place, st.CAMP, st.JOINT, st.MINUSMA, hour, cause)
        spot.joint_cause = cause
        return
    if spot.receiver == st.TO_SEPARATISTS:
        if now.presence[st.STATE, place].inside > 0.0 and now.places[place].town_holder != st.STATE:
            control.evacuate(now, place, st.STATE, hour, cause)
        if earliest_arrival(now, place, st.REBELS, hour) <= hour:
            take_camp(now, place, st.REBELS, hour, cause)
            return
        row = control.empty_camp(now, place, st.MINUSMA, hour, cause)
        spot.claimant = 1
        spot.enter_hour = hour + now.params.vacated_enter_hours
        spot.open_cause = row
        return
    if not now.switches.race:
        if now.presence[st.STATE, place].inside <= 0.0:
            send_guard(now, place, hour, cause)
        take_camp(now, place, st.STATE, hour, cause)
        return
    race(now, place, hour, cause)


@rule("R6.6", HOLD, places="joint_war", units="slot loot")
def strain_joint_units(now: Now):
    """A joint unit comes apart when war is renewed in its region; then the camp is open to a race.

    The chance over the ten days from the renewal is the share of R6.6, spread evenly by day.
    Source: RULES R6.6 (S4).
    """
    hour = now.end - control.DUSK
    for p, spot in enumerate(now.places):
        if spot.camp_holder != st.JOINT:
            continue
        near = 0
        for q in range(len(now.places)):
            if now.routes[p, q].km <= now.params.joint_war_km:
                near += st.days_with_fights(now.places[q].fights, WEEK)
        if spot.joint_war < 0 and near > 0 and rung_now(now) >= now.params.raid_escalation:
            spot.joint_war = now.day
        if spot.joint_war < 0 or now.day - spot.joint_war >= now.params.joint_leave_days:
            continue
        share = now.params.joint_leave if math.isnan(spot.p_leave) else spot.p_leave
        chance = 1.0 - (1.0 - share) ** (1.0 / now.params.joint_leave_days)
        if uniform(now.key, Decision.JOINT_LEAVE, p, now.day) >= chance:
            continue
        row = note(now, hour, log.JOINT_END, place=p, cause=spot.joint_cause, p=chance)
        spot.lost_hour = hour
        since = spot.camp_since
        race(now, p, hour, row)
        if spot.camp_holder == st.NOBODY:
            spot.camp_since = since  # who hides around the camp need not wait anew


@compiled
def race_base(now: Now, place: int, exit_day: int):
    """Nearest army base that should send men to a camp now, and how many; -1 when none should."""
    params = now.params
    best = -1
    men_sent = 0.0
    defence = strategy.defence_of(now, st.ARMY, place)
    steady = now.sides[st.ARMY].morale * presence.nerve(now, st.STATE, True, False)
    for p in range(len(now.places)):
        km = now.routes[p, place].km
        if p == place or km > params.race_range_km or not garrisons.is_the_armys(now, p):
            continue
        if garrisons.ordered_from(now, p):
            continue
        men, power = strategy.force_at(now, p, st.STATE, float(movement.ANY_NUMBER))
        if men < params.men_garrison:
            continue
        if presence.estimate_win(params, power * steady, defence, 0.0) < params.assault_win_min:
            continue
        days = road.expected_days(now, p, place, st.ARMY, params.column_vehicles)
        if exit_day - now.day > days + params.race_lead_days:
            continue
        if best < 0 or km < now.routes[best, place].km:
            best = p
            send = men if defence > 0.0 else strategy.garrison_need(now, place)
            men_sent = min(men, send)
    return best, men_sent


@rule("R6.4", ORDERS)
def order_race(now: Now):
    """The army sends men ahead to a camp that the UN is about to leave and where it has none.

    It sets out so as to arrive some days before the exit that it expects, from the nearest base
    that could win against who stands there. Source: RULES R6.4, R6.6 (notice).
    """
    if now.sides[st.ARMY].commanded:
        return
    for p, spot in enumerate(now.places):
        if (
            not spot.un_camp
            or spot.camp_holder != st.UN_HOLDER
            or spot.receiver == st.TO_SEPARATISTS
        ):
            continue
        if spot.receiver == st.TO_JOINT:
            continue
        known = spot.plan_day
        if spot.announced and spot.exit_day - now.day <= spot.notice_army:
            known = spot.exit_day
        if known - now.day > spot.notice_army:
            continue
        cell = now.presence[st.STATE, p]
        if cell.men + cell.incoming > 0.0:
            continue
        origin, men = race_base(now, p, known)
        if origin < 0:
            continue
        strategy.order(now, st.ARMY, st.OCCUPY, origin, p, men, cause=spot.clause_cause)
