"""R1.2, R1.4, R1.5, R1.7: columns form, march, meet mines and arrive."""

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, binomial, negative_binomial, poisson, uniform
from camphandover.core.now import Now, note
from camphandover.core.rules import MARCH, NOTED, presence, road, rule

ANY_NUMBER = 1_000_000
"""More men or vehicles than any column has: no limit."""


@compiled
def may_march(now: Now, unit: st.UnitRow, side: int, mission: int, target: int):
    """Whether a unit can join a column of this side and mission to a target now."""
    if unit.men <= 0 or unit.column >= 0 or st.bloc_of(unit.side) != st.bloc_of(side):
        return False
    if unit.side != side and now.sides[unit.side].commanded:
        return False
    if unit.slot == st.COUNTRY and st.bloc_of(side) == st.STATE:
        return False
    if mission == st.WITHDRAW:
        return unit.home == target
    if (
        mission == st.OFFENSIVE
        and st.bloc_of(side) == st.STATE
        and not presence.has_stock(now.params, unit)
    ):
        return False
    if mission == st.OFFENSIVE or mission == st.GATHER:
        return unit.kind != st.GARRISON and unit.kind != st.UN_COMPANY
    return True


@compiled
def free_column(now: Now):
    """Row of a free column, -1 when all are out."""
    for c, column in enumerate(now.columns):
        if column.status == st.FREE:
            return c
    return -1


@compiled
def take_slot(now: Now, c: int, slot: int):
    """Put all units of a column into a slot: on the road they are in the country."""
    for unit in now.units:
        if unit.column == c:
            unit.slot = slot


@compiled
def is_free(unit: st.UnitRow, place: int, bloc: int):
    """Whether a unit of a bloc, with men, is at a place and with no column."""
    return (
        unit.place == place and unit.men > 0 and unit.column < 0 and st.bloc_of(unit.side) == bloc
    )


@compiled
def first_free(now: Now, place: int, bloc: int):
    """First unit of a bloc that is free at a place, -1 when none is."""
    for u, unit in enumerate(now.units):
        if is_free(unit, place, bloc):
            return u
    return -1


@compiled
def station(now: Now, place: int, bloc: int, slot: int):
    """Units of a bloc at a place that are with no column take a slot there."""
    for unit in now.units:
        if unit.place == place and unit.column < 0 and st.bloc_of(unit.side) == bloc:
            unit.slot = slot


@compiled
def begin_leg(now: Now, c: int, start: int, hour: float, delay: float):
    """Send a column from `start` towards its target: the leg ends at the next hostile base.

    Args:
        delay: Days that it takes to form; 0 for a column that goes on.
    Source: RULES R1.4; an offensive must deal with each base on its road (R5.3).
    """
    column = now.columns[c]
    take_slot(now, c, st.COUNTRY)
    bloc = st.bloc_of(column.side)
    stop = column.target
    if column.mission == st.OFFENSIVE:
        stop = road.next_stop(now, start, column.target, bloc)
    km = now.routes[start, stop].km
    contested = road.road_contest(now, start, stop, bloc)
    day = int(hour // st.HOURS)
    mean_hits = 0.0
    if bloc == st.STATE or column.side == st.MINUSMA:
        cover = bloc == st.STATE and now.places[start].covered == 1 == now.places[stop].covered
        mean_hits = road.ied_mean(now.params, km, column.vehicles, contested, cover)
    speed = road.speed_of(now.params, column.side, contested, day)
    days, hits = road.travel_days(now, column.lead, int(hour), km, speed, mean_hits, delay)
    if start == stop:
        days, hits = 0.0, 0
    column.origin = start
    column.stop = stop
    column.status = st.MOVING
    column.depart = hour
    column.arrive = hour + days * st.HOURS
    column.act = st.NEVER
    column.km = km
    column.hits = hits
    column.struck = 0


@compiled
def form_column(
    now: Now,
    hour: float,
    side: int,
    mission: int,
    origin: int,
    target: int,
    cause: int,
    men: int = ANY_NUMBER,
    vehicles: int = ANY_NUMBER,
):
    """Form a column of free units, as many as fit in `men` and `vehicles`, and send it off.

    The first unit always fits. Mobile units come before garrisons, except in a transfer; lower
    rows come first. A unit takes no more stock than a column can carry.

    Returns:
        Row of the column, -1 when there is no unit or no free row.
    Source: RULES R1.2, R1.4.
    """
    c = free_column(now)
    if c < 0:
        return -1
    n_men = n_vehicles = 0
    lead = -1
    for preferred in range(2):
        for u, unit in enumerate(now.units):
            if unit.place != origin or not may_march(now, unit, side, mission, target):
                continue
            if (unit.kind == st.GARRISON) != (preferred == (0 if mission == st.TRANSFER else 1)):
                continue
            if lead >= 0 and (n_men + unit.men > men or n_vehicles + unit.vehicles > vehicles):
                continue
            if lead < 0:
                lead = u
            unit.column = c
            if unit.kind != st.GROUP:
                unit.supply = min(unit.supply, now.params.supply_max_column)
            n_men += unit.men
            n_vehicles += unit.vehicles
    if lead < 0:
        return -1
    column = now.columns[c]
    column.side = side
    column.mission = mission
    column.target = target
    column.lead = lead
    column.vehicles = n_vehicles
    column.days = 0
    column.surprise = 0
    column.cause = note(now, hour, log.DEPART, side, origin, cause, lead, n_men, mission=mission)
    begin_leg(now, c, origin, hour, now.params.depart_delay)
    return c


@compiled
def column_men(now: Now, c: int):
    """Fit men of a column."""
    men = 0
    for unit in now.units:
        if unit.column == c:
            men += unit.men
    return men


@compiled
def note_column(now: Now, hour: float, kind: int, c: int, cause: int, amount: float = 0.0):
    """Write what a column does at its stop; returns the row."""
    column = now.columns[c]
    side, place, lead = column.side, column.stop, column.lead
    return note(now, hour, kind, side, place, cause, lead, amount)


@compiled
def passed_place(now: Now, column: st.ColumnRow, hour: float, share: float = 1.0):
    """The last place that a marching column has passed by this hour.

    Args:
        share: Of the way to the next place from which that one counts: 0.5 gives the nearest.
    """
    span = column.arrive - column.depart
    done = column.km * min(1.0, max(0.0, (hour - column.depart) / span)) if span > 0 else column.km
    here = column.origin
    while here != column.stop:
        nxt = now.routes[here, column.stop].next
        km = now.routes[here, nxt].km
        if done < share * km:
            break
        done -= km
        here = nxt
    return here


@compiled
def whereabouts(now: Now, c: int, hour: float):
    """Place where a column is, or that it passed last, at an hour."""
    column = now.columns[c]
    return passed_place(now, column, hour) if column.status == st.MOVING else column.stop


@compiled
def hit_hour(now: Now, column: st.ColumnRow, i: int):
    """Hour of the i-th IED hit of a leg: order statistics of uniform positions on the road."""
    at = 0.0
    for j in range(i + 1):
        u = uniform(now.key, Decision.IED_PLACE, column.lead * 64 + j % 64, int(column.depart))
        at += (1.0 - at) * (1.0 - (1.0 - u) ** (1.0 / (column.hits - j)))
    return column.depart + at * (column.arrive - column.depart)


@compiled
def lose_men(now: Now, u: int, dead: int, wounded: int, captured: int, missing: int):
    """Take men out of a unit and book where they went (I1)."""
    unit = now.units[u]
    side = now.sides[unit.side]
    unit.men -= dead + wounded + captured + missing
    side.dead += dead
    side.wounded += wounded
    side.captured += captured
    side.missing += missing


@compiled
def note_dead(now: Now, hour: float, side: int, by: int, place: int, entity: int, cause: int):
    """Write the dead of a party, a row of losses for each of its sides that lost men (R9).

    Args:
        side: Side of the party's first unit, whose row comes first, even if it lost nobody.
        by: Side that killed them, -1 for mines and outsiders. entity: The first unit.
    """
    for turn in range(st.N_SIDES):
        other = (side + turn) % st.N_SIDES
        books = now.sides[other]
        dead = books.dead - books.noted_dead
        if st.bloc_of(other) == st.bloc_of(side) and (turn == 0 or dead > 0):
            books.noted_dead = books.dead
            note(now, hour, log.LOSSES, other, place, cause, entity=entity, amount=dead, about=by)


@compiled
def note_hurt(now: Now, hour: float, side: int, by: int, place: int, entity: int, cause: int):
    """Write the wounded, captured and missing of a party, side by side; args as `note_dead`."""
    for other in range(st.N_SIDES):
        if st.bloc_of(other) != st.bloc_of(side):
            continue
        books = now.sides[other]
        for kind, men in (
            (log.WOUNDED, books.wounded - books.noted_wounded),
            (log.CAPTURED, books.captured - books.noted_captured),
            (log.MISSING, books.missing - books.noted_missing),
        ):
            if men > 0:
                note(now, hour, kind, other, place, cause, entity=entity, amount=men, about=by)
        books.noted_wounded = books.wounded
        books.noted_captured = books.captured
        books.noted_missing = books.missing


@compiled
def note_lost(now: Now, hour: float, side: int, by: int, place: int, entity: int, cause: int):
    """Write all men whom a party has lost: see `note_dead` and `note_hurt`."""
    note_dead(now, hour, side, by, place, entity, cause)
    note_hurt(now, hour, side, by, place, entity, cause)


@compiled
def strike_ied(now: Now, c: int, hour: float):
    """One IED hits the unit of the column whose turn it is. Source: RULES R1.5."""
    column = now.columns[c]
    order = count = 0
    for unit in now.units:
        if unit.column == c and unit.men > 0:
            count += 1
    if count == 0:
        return
    turn = column.struck % count
    for u, unit in enumerate(now.units):
        if unit.column != c or unit.men <= 0:
            continue
        if order == turn:
            who = column.lead * 64 + column.struck % 64
            draw = uniform(now.key, Decision.IED_WOUNDED, who, int(column.depart))
            again = uniform(now.key, Decision.IED_DEAD, who, int(column.depart))
            if unit.side == st.MINUSMA:
                wounded = negative_binomial(
                    now.params.ied_wounded_armoured, now.params.ied_dispersion, draw
                )
                dead = poisson(now.params.ied_dead_armoured, again)
            else:
                wounded = poisson(now.params.ied_wounded_soft, draw)
                dead = poisson(now.params.ied_dead_soft, again)
                gone = min(unit.vehicles, round(now.params.ied_vehicles_soft))
                unit.vehicles -= gone
                now.sides[unit.side].vehicles_lost += gone
            dead = min(dead, unit.men)
            wounded = min(wounded, unit.men - dead)
            lose_men(now, u, dead, wounded, 0, 0)
            here = passed_place(now, column, hour)
            row = note(now, hour, log.IED, unit.side, here, column.cause, u, dead + wounded)
            if dead > 0:
                note_dead(now, hour, unit.side, -1, here, u, row)
            note_hurt(now, hour, unit.side, -1, here, u, row)
            return
        order += 1


@compiled
def break_down(now: Now, c: int):
    """Vehicles that break down on a leg. Source: RULES R1.7."""
    column = now.columns[c]
    chance = now.params.breakdown_rate * column.km / 100.0
    for u, unit in enumerate(now.units):
        if unit.column == c:
            lost = binomial(
                unit.vehicles, chance, uniform(now.key, Decision.BREAKDOWN, u, int(column.depart))
            )
            unit.vehicles -= lost
            now.sides[unit.side].vehicles_broken += lost


@compiled
def disband(now: Now, c: int):
    """Free a column's row; its units stay where they are."""
    for unit in now.units:
        if unit.column == c:
            unit.column = -1
    column = now.columns[c]
    column.status = st.FREE
    column.mission = 0
    column.hits = 0
    column.struck = 0
    column.act = st.NEVER


@rule(
    "R1.4", MARCH, NOTED, units="men vehicles", sides="dead wounded vehicles_lost vehicles_broken"
)
def advance_columns(now: Now):
    """Move every marching column through the day: IED hits, breakdowns, arrival.

    A column that arrives stands ENGAGED at its stop until fights and settlement take it on.
    Source: RULES R1.4, R1.5, R1.7.
    """
    for c, column in enumerate(now.columns):
        if column.status != st.MOVING:
            continue
        # a leg begun late yesterday, after the day's moves, is never booked into yesterday
        column.arrive = max(column.arrive, now.end - st.HOURS)
        while column.struck < column.hits:
            when = max(hit_hour(now, column, column.struck), now.end - st.HOURS)
            if when >= now.end:
                break
            strike_ied(now, c, when)
            column.struck += 1
        if column.struck > 0 and column_men(now, c) == 0:
            disband(now, c)
            continue
        if column.arrive < now.end:
            break_down(now, c)
            column.status = st.ENGAGED
            column.act = column.arrive
            for unit in now.units:
                if unit.column == c:
                    unit.place = column.stop
                    unit.since = now.day
            note_column(now, column.arrive, log.ARRIVE, c, column.cause, column_men(now, c))


@compiled
def at_rest(now: Now, unit: st.UnitRow):
    """Whether a unit stands at its place: free, holding or paused there."""
    if unit.column < 0:
        return True
    status = now.columns[unit.column].status
    return status == st.HOLDING or status == st.PAUSED


@compiled
def raiders_hold(now: Now, place: int):
    """Whether a column stands at a place that means to leave again. Source: RULES R2.5, R2.6."""
    for column in now.columns:
        if column.status == st.HOLDING and column.stop == place:
            return True
    return False
