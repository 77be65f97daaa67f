"""R5.3: the army's column - gathering, leaving, pausing at prizes, going on."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, gumbel, uniform
from camphandover.core.now import (
    Now,
    is_nearer,
    is_rung_known,
    note,
    rung_now,
    set_rung,
    target_slot,
)
from camphandover.core.rules import MARCH, ORDERS, movement, presence, road, rule, strategy


@compiled
def assembly_base(now: Now):
    """Where the column gathers: the army's depot nearest to the hostile place of most symbolic
    value; -1 when there is no depot or no such place. Source: RULES R5.3, R1.6 (depots).
    """
    prize = -1
    for p, spot in enumerate(now.places):
        if target_slot(now, p, st.STATE) >= 0 and (
            prize < 0 or spot.symbolic > now.places[prize].symbolic
        ):
            prize = p
    best = -1
    for p in range(len(now.places)):
        if (
            prize >= 0
            and now.shipments[st.STATE, p].depot
            and now.places[p].town_holder == st.STATE
            and is_nearer(now, prize, p, best)
        ):
            best = p
    return best


@compiled
def offensive_out(now: Now):
    """Row of the army's offensive column that is under way or paused, -1 when there is none."""
    for c, column in enumerate(now.columns):
        if (
            column.status != st.FREE
            and column.mission == st.OFFENSIVE
            and st.bloc_of(column.side) == st.STATE
        ):
            return c
    return -1


@compiled
def must_wait(now: Now, place: int, target: int):
    """Whether a column waits before its next leg: the UN still has its camp where it ends, or its
    convoy from there is still on the road.

    The state deals with the UN alone and does not fight over its head. Source: RULES R5.3
    (timed to the next exit).
    """
    stop = road.next_stop(now, place, target, st.STATE)
    if now.places[stop].camp_holder == st.UN_HOLDER:
        return True
    for column in now.columns:
        if column.status == st.MOVING and column.mission == st.CONVOY and column.origin == stop:
            return True
    return False


@compiled
def next_exit(now: Now, day: int):
    """Days until the next UN exit, as the army expects it, from a camp in a town not its own.

    Zero when such a camp has been left and is not the army's. Source: RULES R5.3.
    """
    soonest = 10**6
    for spot in now.places:
        if spot.un_camp == 0 or spot.town_holder == st.STATE:
            continue
        if spot.camp_holder == st.UN_HOLDER:
            known = spot.plan_day
            if spot.announced and spot.exit_day - day <= spot.notice_army:
                known = spot.exit_day
            soonest = min(soonest, max(0, known - day))
        elif spot.camp_holder != st.STATE and spot.camp_holder != st.JOINT:
            soonest = 0
    return soonest


@compiled
def weigh_objective(now: Now, base: int, power: float, target: int):
    """Utility for the army's column of an objective, before any draw; -inf where it cannot go.

    The chance of a choice is in proportion to exp(utility).

    Args:
        base: Where the column is. power: Of the column, its stock apart.
    Source: RULES R5.1, R5.3.
    """
    spot = now.places[target]
    if target_slot(now, target, st.STATE) < 0 or target == base or spot.camp_holder == st.JOINT:
        return -math.inf
    if spot.camp_holder == st.UN_HOLDER and now.presence[st.STATE, target].inside > 0.0:
        return -math.inf  # its men wait in the camp for the handover
    weights = now.sides[st.ARMY]
    steady = weights.morale * presence.nerve(now, st.STATE, True, True)
    defence = strategy.defence_of(now, st.ARMY, target)
    win = presence.estimate_win(now.params, power * steady, defence, 0.0)
    loot = strategy.loot_of(now, target, st.STATE)
    threat = strategy.threat_of(now, target, st.STATE)
    days = road.expected_days(now, base, target, st.ARMY, now.params.column_vehicles)
    cap = now.params.win_cap
    return strategy.utility(weights, spot, loot, threat, days, min(cap, max(1.0 - cap, win)))


@compiled
def choose_objective(now: Now, base: int, power: float, when: int):
    """The army's objective: logit choice among hostile bases, however strong they are now.

    Whether the base is attacked when the column stands before it is decided there (R2.1); what
    it expects counts in the utility.

    Args:
        when: Addresses the draws: a column that waits keeps its mind as long as it is the same.

    Returns:
        (target, probability of the choice); target -1 when none is feasible.
    Source: RULES R5.1, R5.3.
    """
    chosen = -1
    best = -math.inf
    total = weight = 0.0
    for target in range(len(now.places)):
        u = weigh_objective(now, base, power, target)
        if u == -math.inf:
            continue
        total += math.exp(u)
        g = u + gumbel(uniform(now.key, Decision.CHOICE, target * st.N_SIDES + st.ARMY, when))
        if g > best:
            best = g
            chosen = target
            weight = math.exp(u)
    return chosen, weight / total if total > 0.0 else math.nan


@rule("R5.3", ORDERS)
def assemble_column(now: Now):
    """Bring mobile companies to the assembly base, or to the column that pauses at a prize,
    until the column is large enough.

    One order a day, from the place with the most mobile vehicles besides the base.
    Source: RULES R5.3 (readiness).
    """
    if now.sides[st.ARMY].commanded or rung_now(now) < now.params.column_escalation:
        return
    out = offensive_out(now)
    base = assembly_base(now) if out < 0 else now.columns[out].stop
    if base < 0 or (out >= 0 and now.columns[out].status != st.PAUSED):
        return
    vehicles = now.presence[st.STATE, base].mobile_vehicles
    coming = 0 if out < 0 else now.columns[out].vehicles
    for column in now.columns:
        if column.status == st.MOVING and column.mission == st.GATHER and column.target == base:
            coming += column.vehicles
    if vehicles + coming >= max(now.params.column_vehicles_full, now.params.column_vehicles):
        return
    best = -1
    most = 0.0
    for p in range(len(now.places)):
        cell = now.presence[st.STATE, p]
        left = cell.inside - cell.mobile
        if (
            p != base
            and cell.mobile_vehicles > most
            and left >= now.params.donor_margin * strategy.garrison_need(now, p)
        ):
            best = p
            most = cell.mobile_vehicles
    if best < 0:
        return
    cause = now.conflict.rung_cause
    row = note(now, now.start, log.ORDER, st.ARMY, base, cause, amount=most, mission=st.GATHER)
    strategy.place_order(now, st.ARMY, st.GATHER, best, base, 1, movement.ANY_NUMBER, 0, row)


@compiled
def note_order(now: Now, hour: float, target: int, cause: int, lead: int, amount: float, p: float):
    """Write that the army's column is to take an objective; returns the row."""
    kind, mission = log.ORDER, st.OFFENSIVE
    return note(now, hour, kind, st.ARMY, target, cause, lead, amount, p, mission=mission)


@rule("R5.3", ORDERS, conflict="rung rung_cause")
def launch_offensive(now: Now):
    """The column leaves when it has vehicles, stock, a war, and a UN exit ahead, and leaves no
    bare base behind.

    Source: RULES R5.3; the ladder's rung 4 is the army's offensive (R7.1); R10.1.
    """
    war = now.conflict
    if now.sides[st.ARMY].commanded or rung_now(now) < now.params.column_escalation:
        return
    if offensive_out(now) >= 0:
        return
    if next_exit(now, now.day) > now.params.column_exit_window + war.forward:
        return
    base = assembly_base(now)
    if base < 0:
        return
    force = now.presence[st.STATE, base]
    vehicles = force.mobile_vehicles
    if vehicles < now.params.column_vehicles:
        return
    stay = force.inside - force.mobile
    if stay < now.params.donor_margin * strategy.garrison_need(now, base):
        return  # the base itself would be left bare
    target, p = choose_objective(now, base, force.mobile_power, now.day)
    if target < 0:
        return
    cause = war.forward_cause if war.forward > 0 else war.rung_cause
    row = note_order(now, now.start, target, cause, log.NONE, vehicles, p)
    strategy.place_order(
        now, st.ARMY, st.OFFENSIVE, base, target, movement.ANY_NUMBER, movement.ANY_NUMBER, 0, row
    )
    if war.rung < now.params.offensive_rung and not is_rung_known(now):
        set_rung(now, int(now.params.offensive_rung), row, math.nan, st.ARMY)


@compiled
def lead_anew(now: Now, c: int):
    """Give a column its first remaining unit as lead, and count its vehicles."""
    column = now.columns[c]
    column.lead = -1
    column.vehicles = 0
    for u, unit in enumerate(now.units):
        if unit.column == c:
            if column.lead < 0:
                column.lead = u
            column.vehicles += unit.vehicles


@compiled
def leave_garrison(now: Now, c: int, place: int):
    """Detach units of a column, the weakest first, until the place has the men it needs."""
    if now.places[place].symbolic < now.params.prize_symbolic:
        return
    have = now.presence[st.STATE, place].inside - movement.column_men(now, c)
    need = strategy.garrison_need(now, place)
    while have < need:
        pick = -1
        for u, unit in enumerate(now.units):
            if unit.column == c and unit.men > 0:
                if pick < 0 or unit.quality < now.units[pick].quality:
                    pick = u
        if pick < 0:
            return
        unit = now.units[pick]
        unit.column = -1
        unit.home = place
        have += unit.men
        if unit.slot == st.COUNTRY:
            unit.slot = st.CAMP
    lead_anew(now, c)


@compiled
def column_stock(now: Now, c: int):
    """Mean days of stock of a column's men, 0 when it has none."""
    men = 0
    stock = 0.0
    for unit in now.units:
        if unit.column == c:
            men += unit.men
            stock += unit.men * unit.supply
    return stock / men if men > 0 else 0.0


@compiled
def go_on(now: Now, c: int, hour: float):
    """A column under orders from Python goes on to its target, and is free when it is there."""
    column = now.columns[c]
    place = column.stop
    if place == column.target:
        for unit in now.units:
            if unit.column == c:
                unit.home = place
        movement.disband(now, c)
        return
    movement.begin_leg(now, c, place, hour, now.params.depart_delay)


@compiled
def take_along(now: Now, c: int, place: int):
    """Mobile companies that have come to where the column pauses join it. Source: RULES R5.3."""
    for unit in now.units:
        if (
            unit.place == place
            and presence.is_mobile(now, unit)
            and presence.has_stock(now.params, unit)
        ):
            unit.column = c
    lead_anew(now, c)


@compiled
def regroup(now: Now, c: int):
    """A column that pauses takes along who has come to it and leaves a garrison behind.

    Returns:
        Its power on the next objective, its stock apart: men x quality.
    Source: RULES R5.3, R5.4.
    """
    place = now.columns[c].stop
    take_along(now, c, place)
    leave_garrison(now, c, place)
    power = 0.0
    for unit in now.units:
        if unit.column == c:
            power += unit.men * unit.quality * (1.0 + unit.loot)
    return power


@rule("R5.3", MARCH)
def resume_offensive(now: Now):
    """A paused column goes on when its pause is over, or looks for its next objective.

    It takes along the companies that have come to it and leaves a garrison behind. It waits for
    stock as a relief would (R2.6), and while the UN is on its way.
    Source: RULES R5.3, R5.4.
    """
    hour = now.start + now.params.dawn_hour
    for c, column in enumerate(now.columns):
        if column.status != st.PAUSED or column.act > hour:
            continue
        if now.sides[column.side].commanded or st.bloc_of(column.side) != st.STATE:
            go_on(now, c, hour)
            continue
        if rung_now(now) < now.params.column_escalation:
            continue
        place = column.stop
        if column_stock(now, c) < now.params.relief_supply_min:
            continue
        if place != column.target and must_wait(now, place, column.target):
            continue
        power = regroup(now, c)
        men = movement.column_men(now, c)
        if men <= 0:
            movement.disband(now, c)
            continue
        if place == column.target or target_slot(now, column.target, st.STATE) < 0:
            target, p = choose_objective(now, place, power, int(column.depart))
            if target < 0 or must_wait(now, place, target):
                column.act = hour + st.HOURS
                continue
            column.target = target
            column.cause = note_order(now, hour, target, column.cause, column.lead, men, p)
        column.mission = st.OFFENSIVE
        is_prize = now.places[place].symbolic >= now.params.prize_symbolic
        delay = now.params.depart_delay if is_prize else 0.0
        movement.begin_leg(now, c, place, hour, delay)
