"""R5.3: the army's column - gathering, leaving, pausing at prizes, going on."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, gumbel, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import MARCH, rule
from camphandover.core.rules.control import ANY_NUMBER, disband
from camphandover.core.rules.movement import begin_leg, column_men
from camphandover.core.rules.presence import estimate_win, has_stock, is_mobile, nerve
from camphandover.core.rules.road import expected_days, next_stop
from camphandover.core.rules.strategy import (
    defence_of,
    garrison_need,
    loot_of,
    place_order,
    threat_of,
    utility,
)
from camphandover.core.state import (
    ARMY,
    CAMP,
    CONVOY,
    COUNTRY,
    FREE,
    GATHER,
    HOURS,
    JOINT,
    MOVING,
    N_SIDES,
    OFFENSIVE,
    PAUSED,
    UN_HOLDER,
    Clock,
    State,
    bloc_of,
    rung_now,
    target_slot,
)


@compiled
def assembly_base(state: State):
    """Where the column gathers: the army's depot nearest to the hostile place of most symbolic
    value; -1 when there is no depot or no such place. Source: RULES R5.3, R1.6 (depots).
    """
    prize = -1
    for p in range(len(state.places)):
        if target_slot(state, p, 0) >= 0 and (
            prize < 0 or state.places[p].symbolic > state.places[prize].symbolic
        ):
            prize = p
    best = -1
    for p in range(len(state.places)):
        if (
            prize >= 0
            and state.shipments[0, p].depot
            and state.places[p].town_holder == 0
            and (best < 0 or state.routes[p, prize].km < state.routes[best, prize].km)
        ):
            best = p
    return best


@compiled
def offensive_out(state: State):
    """Row of the army's offensive column that is under way or paused, -1 when there is none."""
    for c in range(len(state.columns)):
        column = state.columns[c]
        if column.status != FREE and column.mission == OFFENSIVE and bloc_of(column.side) == 0:
            return c
    return -1


@compiled
def must_wait(state: State, place: int, target: int):
    """Whether a column waits before its next leg: the UN still has its camp where it ends, or its
    convoy from there is still on the road.

    The state deals with the UN alone and does not fight over its head. Source: RULES R5.3
    (timed to the next exit).
    """
    stop = next_stop(state, place, target, 0)
    if state.places[stop].camp_holder == UN_HOLDER:
        return True
    for c in range(len(state.columns)):
        column = state.columns[c]
        if column.status == MOVING and column.mission == CONVOY and column.origin == stop:
            return True
    return False


@compiled
def next_exit(state: State, day: int):
    """Days until the next UN exit, as the army expects it, from a camp in a town not its own.

    Zero when such a camp has been left and is not the army's. Source: RULES R5.3.
    """
    soonest = 10**6
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.un_camp == 0 or spot.town_holder == 0:
            continue
        if spot.camp_holder == UN_HOLDER:
            known = spot.plan_day
            if spot.announced and spot.exit_day - day <= spot.notice_army:
                known = spot.exit_day
            soonest = min(soonest, max(0, known - day))
        elif spot.camp_holder != 0 and spot.camp_holder != JOINT:
            soonest = 0
    return soonest


@compiled
def choose_objective(
    state: State, params: Params, clock: Clock, key: Key, base: int, power: float, when: int
):
    """The army's objective: logit choice among hostile bases, however strong they are now.

    Whether the base is attacked when the column stands before it is decided there (R2.1); what
    it expects counts in the utility.

    Args:
        when: Addresses the draws: a column that waits keeps its mind as long as it is the same.

    Returns:
        (target, probability of the choice); target -1 when none is feasible.
    Source: RULES R5.1, R5.3.
    """
    weights = state.sides[ARMY]
    steady = weights.morale * nerve(state, params, 0, True, True)
    chosen = -1
    best = -math.inf
    total = 0.0
    weight = 0.0
    for target in range(len(state.places)):
        spot = state.places[target]
        if target_slot(state, target, 0) < 0 or target == base or spot.camp_holder == JOINT:
            continue
        if spot.camp_holder == UN_HOLDER and state.presence[0, target].inside > 0.0:
            continue  # its men wait in the camp for the handover
        defence = defence_of(state, params, clock, key, ARMY, target, clock.day)
        win = estimate_win(params, power * steady, defence, 0.0)
        days = expected_days(state, params, base, target, ARMY, params.column_vehicles, clock.day)
        u = utility(
            weights,
            spot.symbolic,
            loot_of(state, params, target, 0, clock.day),
            spot.route_value,
            threat_of(state, params, target, 0),
            days,
            min(params.win_cap, max(1.0 - params.win_cap, win)),
            float(spot.core),
        )
        total += math.exp(u)
        g = u + gumbel(uniform(key, Decision.CHOICE, target * N_SIDES + ARMY, when))
        if g > best:
            best = g
            chosen = target
            weight = math.exp(u)
    return chosen, weight / total if total > 0.0 else math.nan


@rule("R5.3", writes=("orders", "queue"))
def assemble_column(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Bring mobile companies to the assembly base, or to the column that pauses at a prize,
    until the column is large enough.

    One order a day, from the place with the most mobile vehicles besides the base.
    Source: RULES R5.3 (readiness).
    """
    if state.sides[ARMY].commanded or rung_now(state) < params.column_escalation:
        return
    out = offensive_out(state)
    base = assembly_base(state) if out < 0 else state.columns[out].stop
    if base < 0 or (out >= 0 and state.columns[out].status != PAUSED):
        return
    vehicles = state.presence[0, base].mobile_vehicles
    coming = 0 if out < 0 else state.columns[out].vehicles
    for c in range(len(state.columns)):
        column = state.columns[c]
        if column.status == MOVING and column.mission == GATHER and column.target == base:
            coming += column.vehicles
    if vehicles + coming >= max(params.column_vehicles_full, params.column_vehicles):
        return
    best = -1
    most = 0.0
    for p in range(len(state.places)):
        cell = state.presence[0, p]
        left = cell.inside - cell.mobile
        if (
            p != base
            and cell.mobile_vehicles > most
            and left >= params.donor_margin * garrison_need(state, params, p)
        ):
            best = p
            most = cell.mobile_vehicles
    if best < 0:
        return
    hour = float(clock.day * HOURS)
    row = log.note(
        ledger, hour, log.ORDER, ARMY, base, -1, most, math.nan, state.conflict[0].rung_cause
    )
    log.with_mission(ledger, row, GATHER)
    place_order(state, ARMY, GATHER, best, base, 1, ANY_NUMBER, 0, row)


@rule(
    "R5.3",
    writes=("orders", "queue", "conflict.rung", "conflict.rung_cause"),
)
def launch_offensive(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The column leaves when it has vehicles, stock, a war, and a UN exit ahead, and leaves no
    bare base behind.

    Source: RULES R5.3; the ladder's rung 4 is the army's offensive (R7.1).
    """
    war = state.conflict[0]
    if state.sides[ARMY].commanded or rung_now(state) < params.column_escalation:
        return
    if offensive_out(state) >= 0:
        return
    if next_exit(state, clock.day) > params.column_exit_window + war.forward:
        return
    base = assembly_base(state)
    if base < 0:
        return
    force = state.presence[0, base]
    vehicles = force.mobile_vehicles
    if vehicles < params.column_vehicles:
        return
    stay = force.inside - force.mobile
    if stay < params.donor_margin * garrison_need(state, params, base):
        return  # the base itself would be left bare
    target, p = choose_objective(state, params, clock, key, base, force.mobile_power, clock.day)
    if target < 0:
        return
    hour = float(clock.day * HOURS)
    cause = war.forward_cause if war.forward > 0 else war.rung_cause
    row = log.note(ledger, hour, log.ORDER, ARMY, target, -1, vehicles, p, cause)
    log.with_mission(ledger, row, OFFENSIVE)
    place_order(state, ARMY, OFFENSIVE, base, target, ANY_NUMBER, ANY_NUMBER, 0, row)
    if war.rung < params.offensive_rung:
        war.rung = int(params.offensive_rung)
        war.rung_cause = log.note(
            ledger, hour, log.RUNG, ARMY, -1, -1, float(war.rung), math.nan, row
        )


@compiled
def lead_anew(state: State, c: int):
    """Give a column its first remaining unit as lead, and count its vehicles."""
    column = state.columns[c]
    column.lead = -1
    column.vehicles = 0
    for u in range(len(state.units)):
        if state.units[u].column == c:
            if column.lead < 0:
                column.lead = u
            column.vehicles += state.units[u].vehicles


@compiled
def leave_garrison(state: State, params: Params, c: int, place: int):
    """Detach units of a column, the weakest first, until the place has the men it needs."""
    if state.places[place].symbolic < params.prize_symbolic:
        return
    have = state.presence[0, place].inside - column_men(state, c)
    need = garrison_need(state, params, place)
    while have < need:
        pick = -1
        for u in range(len(state.units)):
            unit = state.units[u]
            if unit.column == c and unit.men > 0:
                if pick < 0 or unit.quality < state.units[pick].quality:
                    pick = u
        if pick < 0:
            return
        unit = state.units[pick]
        unit.column = -1
        unit.home = place
        have += unit.men
        if unit.slot == COUNTRY:
            unit.slot = CAMP
    lead_anew(state, c)


@compiled
def column_stock(state: State, c: int):
    """Mean days of stock of a column's men, 0 when it has none."""
    men = 0
    stock = 0.0
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.column == c:
            men += unit.men
            stock += unit.men * unit.supply
    return stock / men if men > 0 else 0.0


@compiled
def go_on(state: State, params: Params, key: Key, c: int, hour: float):
    """A column under orders from Python goes on to its target, and is free when it is there."""
    column = state.columns[c]
    place = column.stop
    if place == column.target:
        for u in range(len(state.units)):
            if state.units[u].column == c:
                state.units[u].home = place
        disband(state, c)
        return
    for u in range(len(state.units)):
        if state.units[u].column == c:
            state.units[u].slot = COUNTRY
    begin_leg(state, params, key, c, place, hour, params.depart_delay)


@compiled
def take_along(state: State, params: Params, c: int, place: int):
    """Mobile companies that have come to where the column pauses join it. Source: RULES R5.3."""
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.place == place and is_mobile(state, unit) and has_stock(params, unit):
            unit.column = c
    lead_anew(state, c)


@rule("R5.3", writes=MARCH)
def resume_offensive(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """A paused column goes on when its pause is over, or looks for its next objective.

    It takes along the companies that have come to it and leaves a garrison behind. It waits for
    stock as a relief would (R2.6), and while the UN is on its way.
    Source: RULES R5.3, R5.4.
    """
    hour = float(clock.day * HOURS) + params.dawn_hour
    for c in range(len(state.columns)):
        column = state.columns[c]
        if column.status != PAUSED or column.act > hour:
            continue
        if state.sides[column.side].commanded or bloc_of(column.side) != 0:
            go_on(state, params, key, c, hour)
            continue
        if rung_now(state) < params.column_escalation:
            continue
        place = column.stop
        if column_stock(state, c) < params.relief_supply_min:
            continue
        if place != column.target and must_wait(state, place, column.target):
            continue
        take_along(state, params, c, place)
        leave_garrison(state, params, c, place)
        men = column_men(state, c)
        if men <= 0:
            disband(state, c)
            continue
        if place == column.target or target_slot(state, column.target, 0) < 0:
            power = 0.0
            for u in range(len(state.units)):
                unit = state.units[u]
                if unit.column == c:
                    power += unit.men * unit.quality * (1.0 + unit.loot)
            when = int(column.depart)
            target, p = choose_objective(state, params, clock, key, place, power, when)
            if target < 0 or must_wait(state, place, target):
                column.act = hour + HOURS
                continue
            row = log.note(
                ledger, hour, log.ORDER, ARMY, target, column.lead, float(men), p, column.cause
            )
            log.with_mission(ledger, row, OFFENSIVE)
            column.target = target
            column.cause = row
        column.mission = OFFENSIVE
        for u in range(len(state.units)):
            if state.units[u].column == c:
                state.units[u].slot = COUNTRY
        is_prize = state.places[place].symbolic >= params.prize_symbolic
        delay = params.depart_delay if is_prize else 0.0
        begin_leg(state, params, key, c, place, hour, delay)
