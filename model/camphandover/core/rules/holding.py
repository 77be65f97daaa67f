"""R2.5, R2.6, R5.7: after a capture - hold or leave, the return, who enters an empty camp."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, erlang, lognormal, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import HOLD, MARCH, rule
from camphandover.core.rules.airpower import drone_capacity
from camphandover.core.rules.control import (
    ANY_NUMBER,
    empty_camp,
    evacuate,
    go_home,
    offer,
    only_side,
    pay_salvage,
    set_holder,
    settle,
    take_to_the_country,
)
from camphandover.core.rules.movement import at_rest, column_men, form_column
from camphandover.core.rules.strategy import spare_men
from camphandover.core.state import (
    ARMY,
    CAMP,
    COUNTRY,
    HOLDING,
    HOURS,
    NEVER,
    NOBODY,
    OCCUPY,
    OFFENSIVE,
    PAUSED,
    TOWN,
    Clock,
    State,
    bloc_of,
    covered,
    hostile,
    target_slot,
)


@compiled
def expected_air_loss(state: State, params: Params, place: int, bloc: int):
    """Men a day that a captor expects to lose to the army's aircraft on a base it holds.

    All drone strikes of a day x fighters killed by one on a concentrated target, where aircraft
    reach. Source: RULES R2.5, R3.1, R3.2.
    """
    if bloc == 0 or not covered(state, place):
        return 0.0
    return drone_capacity(state, params) * params.strike_fighters


@compiled
def p_counterattack(state: State, params: Params, place: int, bloc: int, men: float):
    """A captor's estimate of the chance of a counter-attack within two days.

    The share of enemy men who could arrive in that time, with stock to march, in all men who
    could meet. Source: RULES R2.5, R2.6 (stock of a relief), R1.4 (contested speed).
    """
    foes = 0.0
    reach = params.speed_convoy_contested * params.counterattack_hours / HOURS
    for p in range(len(state.places)):
        if p == place or state.routes[place, p].km > reach:
            continue
        for other in range(3):
            if hostile(state, bloc, other):
                cell = state.presence[other, p]
                if cell.men > 0.0 and cell.stock >= params.relief_supply_min * cell.men:
                    foes += cell.inside
    return foes / (foes + men) if foes + men > 0.0 else 0.0


@compiled
def hold_value(state: State, params: Params, place: int, bloc: int, men: int):
    """Worth of staying in a captured base; the captor stays when it is above zero.

    3 Sym - daily air loss / 20 - P(counter-attack in 48 h). Source: RULES R2.5.
    """
    return (
        params.hold_symbolic * state.places[place].symbolic
        - expected_air_loss(state, params, place, bloc) / params.hold_air_divisor
        - p_counterattack(state, params, place, bloc, men)
    )


REFIT = -1
"""Days of assault of a column that has fallen back: it is to refit, not to pause."""


@compiled
def pause(state: State, params: Params, key: Key, ledger: Ledger, c: int, hour: float, cause: int):
    """An offensive that has reached its stop stands there; at a prize it pauses for days.

    One that fell back refits for some days. Source: RULES R5.3 (gamma with the pause's mean).
    """
    column = state.columns[c]
    place = column.stop
    bloc = bloc_of(column.side)
    days = 0.0
    if column.days == REFIT:
        days = params.refit_days
    elif state.places[place].symbolic >= params.prize_symbolic:
        u = uniform(key, Decision.PAUSE, column.lead, int(hour))
        days = erlang(int(params.pause_shape), params.pause_mean, u)
        log.note(ledger, hour, log.PAUSE, column.side, place, column.lead, days, math.nan, cause)
    column.status = PAUSED
    column.days = 0
    column.cause = cause
    column.act = hour + days * HOURS
    spot = state.places[place]
    if spot.camp_holder == NOBODY:
        set_holder(state, ledger, place, CAMP, bloc, column.side, hour, cause)
    slot = CAMP if spot.camp_holder == bloc else TOWN
    for u in range(len(state.units)):
        if state.units[u].column == c:
            state.units[u].slot = slot


@compiled
def capture(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    c: int,
    hour: float,
    cause: int,
):
    """A column takes the base where it stands, then holds it or means to leave.

    The army, sent to occupy or relieve a base, stays whatever it is worth. Source: RULES R2.5.
    """
    column = state.columns[c]
    place = column.stop
    bloc = bloc_of(column.side)
    slot = target_slot(state, place, bloc)
    foe = -1
    if slot >= 0:
        spot = state.places[place]
        foe = spot.camp_holder if slot == CAMP else spot.town_holder
        row = set_holder(state, ledger, place, slot, bloc, column.side, hour, cause)
        if foe == 0:
            take_to_the_country(state, place, foe)
        else:
            evacuate(state, params, key, ledger, place, foe, hour, row)
    else:
        row = cause
        slot = TOWN
    for u in range(len(state.units)):
        if state.units[u].column == c:
            state.units[u].slot = slot
    column.cause = row
    men = column_men(state, c)
    value = hold_value(state, params, place, bloc, men)
    stays = value > 0.0 or not state.switches[0].hold_or_leave
    if stays or (bloc == 0 and column.mission != OFFENSIVE):
        stay = log.note(
            ledger, hour, log.STAY, column.side, place, column.lead, value, math.nan, row
        )
        if column.mission == OFFENSIVE:
            pause(state, params, key, ledger, c, hour, stay)
        else:
            column.cause = stay
            settle(state, params, ledger, c, hour, True)
    elif column.mission == OFFENSIVE:
        pause(state, params, key, ledger, c, hour, row)
    else:
        u = uniform(key, Decision.HOLD_HOURS, column.lead, int(hour))
        column.status = HOLDING
        column.act = hour + lognormal(params.hold_hours_median, params.hold_hours_sd, u)


@compiled
def others_stand(state: State, c: int, place: int, bloc: int):
    """Whether units of a bloc that are not of a column stand inside a place."""
    for u in range(len(state.units)):
        unit = state.units[u]
        if (
            unit.place == place
            and unit.men > 0
            and unit.slot != COUNTRY
            and unit.column != c
            and bloc_of(unit.side) == bloc
            and at_rest(state, unit)
        ):
            return True
    return False


@rule("R2.5", writes=(*MARCH, *HOLD))
def leave_bases(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Raiders whose hour has come leave; the army's re-entry is set.

    A base in which others of theirs have come to stand is not left. Source: RULES R2.5, R2.6.
    """
    midnight = float((clock.day + 1) * HOURS)
    for c in range(len(state.columns)):
        column = state.columns[c]
        if column.status != HOLDING or column.act >= midnight:
            continue
        place = column.stop
        hour = max(column.act, midnight - HOURS)
        spot = state.places[place]
        bloc = bloc_of(column.side)
        since = spot.camp_since if spot.camp_holder == bloc else spot.town_since
        row = log.note(
            ledger, hour, log.LEAVE, column.side, place, column.lead,
            hour - since, math.nan, column.cause,
        )  # fmt: skip
        if others_stand(state, c, place, bloc):
            go_home(state, params, key, ledger, c, hour, row)
            continue
        if spot.camp_holder == bloc:
            empty_camp(state, params, key, ledger, place, column.side, hour, row)
        elif spot.town_holder == bloc:
            set_holder(state, ledger, place, TOWN, NOBODY, column.side, hour, row)
        u = uniform(key, Decision.REENTRY, place, int(hour))
        if u < params.reenter_p:
            spot.reenter_hour = hour + params.reenter_hours
            spot.open_cause = row
        elif spot.camp_holder == NOBODY:
            offer(state, place, hour, params.vacated_enter_hours, row)
        go_home(state, params, key, ledger, c, hour, row)


@rule("R2.6", writes=(*HOLD, "units.slot"))
def reenter_bases(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The army comes back into a base that its captor left, if some of its men are near.

    Source: RULES R2.6.
    """
    midnight = float((clock.day + 1) * HOURS)
    for place in range(len(state.places)):
        spot = state.places[place]
        if spot.reenter_hour >= midnight:
            continue
        hour = max(spot.reenter_hour, midnight - HOURS)
        spot.reenter_hour = NEVER
        near = False
        for u in range(len(state.units)):
            unit = state.units[u]
            if unit.place == place and unit.men > 0 and unit.column < 0 and bloc_of(unit.side) == 0:
                near = True
        if not near:
            if spot.camp_holder == NOBODY:
                offer(state, place, hour, params.vacated_enter_hours, spot.open_cause)
            continue
        slot = -1
        if spot.camp_holder == NOBODY:
            slot = CAMP
            hour = max(hour, spot.camp_since)
        elif spot.town_holder == NOBODY:
            slot = TOWN
            hour = max(hour, spot.town_since)
        if slot < 0:
            continue
        for u in range(len(state.units)):
            unit = state.units[u]
            if unit.place == place and unit.column < 0 and bloc_of(unit.side) == 0:
                unit.slot = slot
        opened = spot.open_cause
        p = math.nan  # the re-entry was drawn when raiders left (R2.6), not after the Islamic State
        if opened >= 0 and ledger.rows[opened].kind == log.LEAVE:
            p = params.reenter_p
        row = log.note(ledger, hour, log.ENTER, ARMY, place, -1, 0.0, p, opened)
        set_holder(state, ledger, place, slot, 0, ARMY, hour, row)


@compiled
def send_nearest(
    state: State, params: Params, key: Key, ledger: Ledger, place: int, bloc: int, hour: float
):
    """The nearest units of a bloc within range set out to enter an empty camp. Source: R5.7."""
    best = -1
    for p in range(len(state.places)):
        km = state.routes[p, place].km
        if (
            p != place
            and km <= params.vacated_range_km
            and spare_men(state, params, p, bloc) > 0.0
            and (best < 0 or km < state.routes[best, place].km)
        ):
            best = p
    if best < 0 or state.sides[only_side(bloc)].commanded:
        return
    form_column(
        state, params, key, ledger, hour, only_side(bloc), OCCUPY, best, place,
        int(min(params.garrison_max, spare_men(state, params, best, bloc))), ANY_NUMBER,
        state.places[place].open_cause,
    )  # fmt: skip


@rule("R5.7", writes=(*MARCH, *HOLD, "units.loot"))
def enter_vacated(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The armed group with the largest influence enters a camp that stands empty.

    A unit at the place walks in at the hour; else the other armed group has its turn if it
    stands there, else the nearest unit in range sets out. Tried daily until somebody has come.
    Source: RULES R5.7.
    """
    midnight = float((clock.day + 1) * HOURS)
    for place in range(len(state.places)):
        spot = state.places[place]
        if spot.enter_hour >= midnight or spot.claimant < 0:
            continue
        hour = max(spot.enter_hour, midnight - HOURS)
        bloc = spot.claimant
        spot.enter_hour = NEVER
        if spot.camp_holder != NOBODY:
            continue
        spot.enter_hour = hour + HOURS  # tried again tomorrow, as long as nobody has come
        walked_in = False
        for u in range(len(state.units)):
            unit = state.units[u]
            if (
                unit.place == place
                and unit.men > 0
                and unit.column < 0
                and bloc_of(unit.side) == bloc
            ):
                unit.slot = CAMP
                walked_in = True
        side = only_side(bloc)
        if walked_in:
            row = log.note(ledger, hour, log.ENTER, side, place, -1, 0.0, math.nan, spot.open_cause)
            set_holder(state, ledger, place, CAMP, bloc, side, hour, row)
            pay_salvage(state, params, place, bloc)
        elif state.presence[3 - bloc, place].men > 0.0:
            spot.claimant = 3 - bloc  # the other armed group stands there: it has its turn next
        elif state.presence[bloc, place].incoming <= 0.0:
            send_nearest(state, params, key, ledger, place, bloc, hour)
