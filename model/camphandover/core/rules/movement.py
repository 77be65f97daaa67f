"""R1.2, R1.4, R1.5, R1.7: columns form, march, meet mines and arrive."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, binomial, negative_binomial, poisson, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import MARCH, NOTED, rule
from camphandover.core.rules.presence import has_stock
from camphandover.core.rules.road import ied_mean, next_stop, road_contest, speed_of, travel_days
from camphandover.core.state import (
    COUNTRY,
    ENGAGED,
    FREE,
    GARRISON,
    GATHER,
    GROUP,
    HOLDING,
    HOURS,
    MINUSMA,
    MOVING,
    N_SIDES,
    NEVER,
    OFFENSIVE,
    PAUSED,
    TRANSFER,
    UN_COMPANY,
    WITHDRAW,
    Clock,
    ColumnRow,
    State,
    UnitRow,
    bloc_of,
    covered,
)


@compiled
def may_march(state: State, params: Params, unit: UnitRow, side: int, mission: int, target: int):
    """Whether a unit can join a column of this side and mission to a target now."""
    if unit.men <= 0 or unit.column >= 0 or bloc_of(unit.side) != bloc_of(side):
        return False
    if unit.side != side and state.sides[unit.side].commanded:
        return False
    if unit.slot == COUNTRY and bloc_of(side) == 0:
        return False
    if mission == WITHDRAW:
        return unit.home == target
    if mission == OFFENSIVE and bloc_of(side) == 0 and not has_stock(params, unit):
        return False
    if mission == OFFENSIVE or mission == GATHER:
        return unit.kind != GARRISON and unit.kind != UN_COMPANY
    return True


@compiled
def free_column(state: State):
    """Row of a free column, -1 when all are out."""
    for c in range(len(state.columns)):
        if state.columns[c].status == FREE:
            return c
    return -1


@compiled
def begin_leg(
    state: State, params: Params, key: Key, c: int, start: int, hour: float, delay: float
):
    """Send a column from `start` towards its target: the leg ends at the next hostile base.

    Args:
        delay: Days that it takes to form; 0 for a column that goes on.
    Source: RULES R1.4; an offensive must deal with each base on its road (R5.3).
    """
    column = state.columns[c]
    bloc = bloc_of(column.side)
    stop = column.target
    if column.mission == OFFENSIVE:
        stop = next_stop(state, start, column.target, bloc)
    km = state.routes[start, stop].km
    contested = road_contest(state, start, stop, bloc)
    day = int(hour // HOURS)
    mean_hits = 0.0
    if bloc == 0 or column.side == MINUSMA:
        cover = bloc == 0 and covered(state, start) and covered(state, stop)
        mean_hits = ied_mean(params, km, column.vehicles, contested, cover)
    speed = speed_of(params, column.side, contested, day)
    days, hits = travel_days(params, key, column.lead, int(hour), km, speed, mean_hits, delay)
    if start == stop:
        days, hits = 0.0, 0
    column.origin = start
    column.stop = stop
    column.status = MOVING
    column.depart = hour
    column.arrive = hour + days * HOURS
    column.act = NEVER
    column.km = km
    column.hits = hits
    column.struck = 0


@compiled
def form_column(
    state: State,
    params: Params,
    key: Key,
    ledger: Ledger,
    hour: float,
    side: int,
    mission: int,
    origin: int,
    target: int,
    men: int,
    vehicles: int,
    cause: int,
):
    """Form a column of free units, as many as fit in `men` and `vehicles`, and send it off.

    The first unit always fits. Mobile units come before garrisons, except in a transfer; lower
    rows come first. A unit takes no more stock than a column can carry.

    Returns:
        Row of the column, -1 when there is no unit or no free row.
    Source: RULES R1.2, R1.4.
    """
    c = free_column(state)
    if c < 0:
        return -1
    n_men = 0
    n_vehicles = 0
    lead = -1
    for preferred in range(2):
        for u in range(len(state.units)):
            unit = state.units[u]
            if unit.place != origin or not may_march(state, params, unit, side, mission, target):
                continue
            if (unit.kind == GARRISON) != (preferred == (0 if mission == TRANSFER else 1)):
                continue
            if lead >= 0 and (n_men + unit.men > men or n_vehicles + unit.vehicles > vehicles):
                continue
            if lead < 0:
                lead = u
            unit.column = c
            unit.slot = COUNTRY
            if unit.kind != GROUP:
                unit.supply = min(unit.supply, params.supply_max_column)
            n_men += unit.men
            n_vehicles += unit.vehicles
    if lead < 0:
        return -1
    column = state.columns[c]
    column.side = side
    column.mission = mission
    column.target = target
    column.lead = lead
    column.vehicles = n_vehicles
    column.days = 0
    column.surprise = 0
    column.cause = log.note(ledger, hour, log.DEPART, side, origin, lead, n_men, math.nan, cause)
    log.with_mission(ledger, column.cause, mission)
    begin_leg(state, params, key, c, origin, hour, params.depart_delay)
    return c


@compiled
def column_men(state: State, c: int):
    """Fit men of a column."""
    men = 0
    for u in range(len(state.units)):
        if state.units[u].column == c:
            men += state.units[u].men
    return men


@compiled
def passed_place(state: State, column: ColumnRow, hour: float):
    """The last place that a marching column has passed by this hour."""
    span = column.arrive - column.depart
    done = column.km * min(1.0, max(0.0, (hour - column.depart) / span)) if span > 0 else column.km
    here = column.origin
    while here != column.stop:
        nxt = state.routes[here, column.stop].next
        done -= state.routes[here, nxt].km
        if done < 0.0:
            break
        here = nxt
    return here


@compiled
def whereabouts(state: State, c: int, hour: float):
    """Place where a column is, or that it passed last, at an hour."""
    column = state.columns[c]
    return passed_place(state, column, hour) if column.status == MOVING else column.stop


@compiled
def nearest_place(state: State, column: ColumnRow, hour: float):
    """The place nearest on its road to a marching column at an hour: behind it, or ahead."""
    span = column.arrive - column.depart
    done = column.km * min(1.0, max(0.0, (hour - column.depart) / span)) if span > 0 else column.km
    here = column.origin
    while here != column.stop:
        nxt = state.routes[here, column.stop].next
        km = state.routes[here, nxt].km
        if done < 0.5 * km:
            break
        done -= km
        here = nxt
    return here


@compiled
def hit_hour(key: Key, column: ColumnRow, i: int):
    """Hour of the i-th IED hit of a leg: order statistics of uniform positions on the road."""
    at = 0.0
    for j in range(i + 1):
        u = uniform(key, Decision.IED_PLACE, column.lead * 64 + j % 64, int(column.depart))
        at += (1.0 - at) * (1.0 - (1.0 - u) ** (1.0 / (column.hits - j)))
    return column.depart + at * (column.arrive - column.depart)


@compiled
def lose_men(state: State, u: int, dead: int, wounded: int, captured: int, missing: int):
    """Take men out of a unit and book where they went (I1)."""
    unit = state.units[u]
    side = state.sides[unit.side]
    unit.men -= dead + wounded + captured + missing
    side.dead += dead
    side.wounded += wounded
    side.captured += captured
    side.missing += missing


@compiled
def note_dead(
    state: State,
    ledger: Ledger,
    hour: float,
    side: int,
    by: int,
    place: int,
    entity: int,
    cause: int,
):
    """Write the dead of a party, a row of losses for each of its sides that lost men (R9).

    Args:
        side: Side of the party's first unit, whose row comes first, even if it lost nobody.
        by: Side that killed them, -1 for mines and outsiders. entity: The first unit.
    """
    for turn in range(N_SIDES):
        other = (side + turn) % N_SIDES
        books = state.sides[other]
        dead = books.dead - books.noted_dead
        if bloc_of(other) == bloc_of(side) and (turn == 0 or dead > 0):
            books.noted_dead = books.dead
            log.note_losses(ledger, hour, other, by, place, entity, float(dead), cause)


@compiled
def note_hurt(
    state: State,
    ledger: Ledger,
    hour: float,
    side: int,
    by: int,
    place: int,
    entity: int,
    cause: int,
):
    """Write the wounded, captured and missing of a party, side by side; args as `note_dead`."""
    for other in range(N_SIDES):
        if bloc_of(other) != bloc_of(side):
            continue
        books = state.sides[other]
        for kind, men in (
            (log.WOUNDED, books.wounded - books.noted_wounded),
            (log.CAPTURED, books.captured - books.noted_captured),
            (log.MISSING, books.missing - books.noted_missing),
        ):
            if men > 0:
                row = log.note(
                    ledger, hour, kind, other, place, entity, float(men), math.nan, cause
                )
                log.with_about(ledger, row, by)
        books.noted_wounded = books.wounded
        books.noted_captured = books.captured
        books.noted_missing = books.missing


@compiled
def note_lost(
    state: State,
    ledger: Ledger,
    hour: float,
    side: int,
    by: int,
    place: int,
    entity: int,
    cause: int,
):
    """Write all men whom a party has lost: see `note_dead` and `note_hurt`."""
    note_dead(state, ledger, hour, side, by, place, entity, cause)
    note_hurt(state, ledger, hour, side, by, place, entity, cause)


@compiled
def strike_ied(state: State, params: Params, key: Key, ledger: Ledger, c: int, hour: float):
    """One IED hits the unit of the column whose turn it is. Source: RULES R1.5."""
    column = state.columns[c]
    order = 0
    count = 0
    for u in range(len(state.units)):
        if state.units[u].column == c and state.units[u].men > 0:
            count += 1
    if count == 0:
        return
    turn = column.struck % count
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.column != c or unit.men <= 0:
            continue
        if order == turn:
            who = column.lead * 64 + column.struck % 64
            draw = uniform(key, Decision.IED_WOUNDED, who, int(column.depart))
            again = uniform(key, Decision.IED_DEAD, who, int(column.depart))
            if unit.side == MINUSMA:
                wounded = negative_binomial(
                    params.ied_wounded_armoured, params.ied_dispersion, draw
                )
                dead = poisson(params.ied_dead_armoured, again)
            else:
                wounded = poisson(params.ied_wounded_soft, draw)
                dead = poisson(params.ied_dead_soft, again)
                gone = min(unit.vehicles, round(params.ied_vehicles_soft))
                unit.vehicles -= gone
                state.sides[unit.side].vehicles_lost += gone
            dead = min(dead, unit.men)
            wounded = min(wounded, unit.men - dead)
            lose_men(state, u, dead, wounded, 0, 0)
            here = passed_place(state, column, hour)
            row = log.note(
                ledger, hour, log.IED, unit.side, here, u, dead + wounded, math.nan, column.cause
            )
            if dead > 0:
                note_dead(state, ledger, hour, unit.side, -1, here, u, row)
            note_hurt(state, ledger, hour, unit.side, -1, here, u, row)
            return
        order += 1


@compiled
def break_down(state: State, params: Params, key: Key, c: int):
    """Vehicles that break down on a leg. Source: RULES R1.7."""
    column = state.columns[c]
    chance = params.breakdown_rate * column.km / 100.0
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.column == c:
            lost = binomial(
                unit.vehicles, chance, uniform(key, Decision.BREAKDOWN, u, int(column.depart))
            )
            unit.vehicles -= lost
            state.sides[unit.side].vehicles_broken += lost


@compiled
def disband(state: State, c: int):
    """Free a column's row; its units stay where they are."""
    for u in range(len(state.units)):
        if state.units[u].column == c:
            state.units[u].column = -1
    column = state.columns[c]
    column.status = FREE
    column.mission = 0
    column.hits = 0
    column.struck = 0
    column.act = NEVER


@rule(
    "R1.4",
    writes=(
        *MARCH,
        "units.men",
        "units.vehicles",
        "sides.dead",
        *NOTED,
        "sides.wounded",
        "sides.vehicles_lost",
        "sides.vehicles_broken",
    ),
)
def advance_columns(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Move every marching column through the day: IED hits, breakdowns, arrival.

    A column that arrives stands ENGAGED at its stop until fights and settlement take it on.
    Source: RULES R1.4, R1.5, R1.7.
    """
    midnight = float((clock.day + 1) * HOURS)
    for c in range(len(state.columns)):
        column = state.columns[c]
        if column.status != MOVING:
            continue
        # a leg begun late yesterday, after the day's moves, is never booked into yesterday
        column.arrive = max(column.arrive, midnight - HOURS)
        while column.struck < column.hits:
            when = max(hit_hour(key, column, column.struck), midnight - HOURS)
            if when >= midnight:
                break
            strike_ied(state, params, key, ledger, c, when)
            column.struck += 1
        if column.struck > 0 and column_men(state, c) == 0:
            disband(state, c)
            continue
        if column.arrive < midnight:
            break_down(state, params, key, c)
            column.status = ENGAGED
            column.act = column.arrive
            for u in range(len(state.units)):
                if state.units[u].column == c:
                    state.units[u].place = column.stop
                    state.units[u].since = clock.day
            log.note(
                ledger,
                column.arrive,
                log.ARRIVE,
                column.side,
                column.stop,
                column.lead,
                column_men(state, c),
                math.nan,
                column.cause,
            )


@compiled
def at_rest(state: State, unit: UnitRow):
    """Whether a unit stands at its place: free, holding or paused there."""
    if unit.column < 0:
        return True
    status = state.columns[unit.column].status
    return status == HOLDING or status == PAUSED


@compiled
def raiders_hold(state: State, place: int):
    """Whether a column stands at a place that means to leave again. Source: RULES R2.5, R2.6."""
    for c in range(len(state.columns)):
        if state.columns[c].status == HOLDING and state.columns[c].stop == place:
            return True
    return False
