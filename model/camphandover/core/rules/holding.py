"""R2.5, R2.6, R5.7: after a capture - hold or leave, the return, who enters an empty camp."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, erlang, lognormal, uniform
from camphandover.core.now import Now, hostile, is_nearer, note, target_slot
from camphandover.core.rules import HOLD, MARCH, airpower, combat, control, movement, rule, strategy


@compiled
def expected_air_loss(now: Now, place: int, bloc: int):
    """Men a day that a captor expects to lose to the army's aircraft on a base it holds.

    All drone strikes of a day x fighters killed by one on a concentrated target, where aircraft
    reach. Source: RULES R2.5, R3.1, R3.2.
    """
    if bloc == st.STATE or not now.places[place].covered:
        return 0.0
    return airpower.drone_capacity(now) * now.params.strike_fighters


@compiled
def p_counterattack(now: Now, place: int, bloc: int, men: float):
    """A captor's estimate of the chance of a counter-attack within two days.

    The share of enemy men who could arrive in that time, with stock to march, in all men who
    could meet. Source: RULES R2.5, R2.6 (stock of a relief), R1.4 (contested speed).
    """
    foes = 0.0
    reach = now.params.speed_convoy_contested * now.params.counterattack_hours / st.HOURS
    for p in range(len(now.places)):
        if p == place or now.routes[place, p].km > reach:
            continue
        for other in range(st.N_ARMED):
            if hostile(now, bloc, other):
                cell = now.presence[other, p]
                if cell.men > 0.0 and cell.stock >= now.params.relief_supply_min * cell.men:
                    foes += cell.inside
    return foes / (foes + men) if foes + men > 0.0 else 0.0


@compiled
def hold_value(now: Now, place: int, bloc: int, men: int):
    """Worth of staying in a captured base; the captor stays when it is above zero.

    3 Sym - daily air loss / 20 - P(counter-attack in 48 h). Source: RULES R2.5.
    """
    return (
        now.params.hold_symbolic * now.places[place].symbolic
        - expected_air_loss(now, place, bloc) / now.params.hold_air_divisor
        - p_counterattack(now, place, bloc, men)
    )


REFIT = -1
"""Days of assault of a column that has fallen back: it is to refit, not to pause."""


@compiled
def pause(now: Now, c: int, hour: float, cause: int):
    """An offensive that has reached its stop stands there; at a prize it pauses for days.

    One that fell back refits for some days. Source: RULES R5.3 (gamma with the pause's mean).
    """
    column = now.columns[c]
    place = column.stop
    bloc = st.bloc_of(column.side)
    days = 0.0
    if column.days == REFIT:
        days = now.params.refit_days
    elif now.places[place].symbolic >= now.params.prize_symbolic:
        u = uniform(now.key, Decision.PAUSE, column.lead, int(hour))
        days = erlang(int(now.params.pause_shape), now.params.pause_mean, u)
        movement.note_column(now, hour, log.PAUSE, c, cause, days)
    column.status = st.PAUSED
    column.days = 0
    column.cause = cause
    column.act = hour + days * st.HOURS
    spot = now.places[place]
    if spot.camp_holder == st.NOBODY:
        control.set_holder(now, place, st.CAMP, bloc, column.side, hour, cause)
    slot = st.CAMP if spot.camp_holder == bloc else st.TOWN
    movement.take_slot(now, c, slot)


@compiled
def capture(now: Now, c: int, hour: float, cause: int):
    """A column takes the base where it stands, then holds it or means to leave.

    The army, sent to occupy or relieve a base, stays whatever it is worth. Source: RULES R2.5.
    """
    column = now.columns[c]
    place = column.stop
    bloc = st.bloc_of(column.side)
    slot = target_slot(now, place, bloc)
    foe = -1
    if slot >= 0:
        spot = now.places[place]
        foe = spot.camp_holder if slot == st.CAMP else spot.town_holder
        row = control.set_holder(now, place, slot, bloc, column.side, hour, cause)
        if foe == st.STATE:
            control.take_to_the_country(now, place, foe)
        else:
            control.evacuate(now, place, foe, hour, row)
    else:
        row = cause
        slot = st.TOWN
    movement.take_slot(now, c, slot)
    column.cause = row
    men = movement.column_men(now, c)
    value = hold_value(now, place, bloc, men)
    stays = value > 0.0 or not now.switches.hold_or_leave
    if stays or (bloc == st.STATE and column.mission != st.OFFENSIVE):
        stay = movement.note_column(now, hour, log.STAY, c, row, value)
        if column.mission == st.OFFENSIVE:
            pause(now, c, hour, stay)
        else:
            column.cause = stay
            control.settle(now, c, hour, True)
    elif column.mission == st.OFFENSIVE:
        pause(now, c, hour, row)
    else:
        u = uniform(now.key, Decision.HOLD_HOURS, column.lead, int(hour))
        column.status = st.HOLDING
        column.act = hour + lognormal(now.params.hold_hours_median, now.params.hold_hours_sd, u)


@rule("R2.5", MARCH, HOLD)
def leave_bases(now: Now):
    """Raiders whose hour has come leave; the army's re-entry is set.

    A base in which others of theirs have come to stand is not left. Source: RULES R2.5, R2.6.
    """
    for c, column in enumerate(now.columns):
        if column.status != st.HOLDING or column.act >= now.end:
            continue
        place = column.stop
        hour = max(column.act, now.end - st.HOURS)
        spot = now.places[place]
        bloc = st.bloc_of(column.side)
        since = spot.camp_since if spot.camp_holder == bloc else spot.town_since
        row = movement.note_column(now, hour, log.LEAVE, c, column.cause, hour - since)
        others = False
        for u, unit in enumerate(now.units):
            if unit.column != c and combat.in_party(now, u, -1, place, bloc):
                others = True
        if others:
            control.go_home(now, c, hour, row)
            continue
        if spot.camp_holder == bloc:
            control.empty_camp(now, place, column.side, hour, row)
        elif spot.town_holder == bloc:
            control.set_holder(now, place, st.TOWN, st.NOBODY, column.side, hour, row)
        u = uniform(now.key, Decision.REENTRY, place, int(hour))
        if u < now.params.reenter_p:
            spot.reenter_hour = hour + now.params.reenter_hours
            spot.open_cause = row
        elif spot.camp_holder == st.NOBODY:
            control.offer(now, place, hour, now.params.vacated_enter_hours, row)
        control.go_home(now, c, hour, row)


@rule("R2.6", HOLD, units="slot")
def reenter_bases(now: Now):
    """The army comes back into a base that its captor left, if some of its men are near.

    Source: RULES R2.6.
    """
    for place, spot in enumerate(now.places):
        if spot.reenter_hour >= now.end:
            continue
        hour = max(spot.reenter_hour, now.end - st.HOURS)
        spot.reenter_hour = st.NEVER
        if movement.first_free(now, place, st.STATE) < 0:
            if spot.camp_holder == st.NOBODY:
                control.offer(now, place, hour, now.params.vacated_enter_hours, spot.open_cause)
            continue
        slot = -1
        if spot.camp_holder == st.NOBODY:
            slot = st.CAMP
            hour = max(hour, spot.camp_since)
        elif spot.town_holder == st.NOBODY:
            slot = st.TOWN
            hour = max(hour, spot.town_since)
        if slot < 0:
            continue
        movement.station(now, place, st.STATE, slot)
        opened = spot.open_cause
        p = math.nan  # the re-entry was drawn when raiders left (R2.6), not after the Islamic State
        if opened >= 0 and now.ledger.rows[opened].kind == log.LEAVE:
            p = now.params.reenter_p
        row = note(now, hour, log.ENTER, st.ARMY, place, opened, p=p)
        control.set_holder(now, place, slot, st.STATE, st.ARMY, hour, row)


@compiled
def send_nearest(now: Now, place: int, bloc: int, hour: float):
    """The nearest units of a bloc within range set out to enter an empty camp. Source: R5.7."""
    best = -1
    for p in range(len(now.places)):
        if (
            p != place
            and now.routes[p, place].km <= now.params.vacated_range_km
            and strategy.spare_men(now, p, bloc) > 0.0
            and is_nearer(now, place, p, best)
        ):
            best = p
    side = st.leader_of(bloc)
    if best < 0 or now.sides[side].commanded:
        return
    men = int(min(now.params.garrison_max, strategy.spare_men(now, best, bloc)))
    cause = now.places[place].open_cause
    movement.form_column(now, hour, side, st.OCCUPY, best, place, cause, men)


@rule("R5.7", MARCH, HOLD, units="loot")
def enter_vacated(now: Now):
    """The armed group with the largest influence enters a camp that stands empty.

    A unit at the place walks in at the hour; else the other armed group has its turn if it
    stands there, else the nearest unit in range sets out. Tried daily until somebody has come.
    Source: RULES R5.7.
    """
    for place, spot in enumerate(now.places):
        if spot.enter_hour >= now.end or spot.claimant < 0:
            continue
        hour = max(spot.enter_hour, now.end - st.HOURS)
        bloc = spot.claimant
        spot.enter_hour = st.NEVER
        if spot.camp_holder != st.NOBODY:
            continue
        spot.enter_hour = hour + st.HOURS  # tried again tomorrow, as long as nobody has come
        walked_in = False
        for unit in now.units:
            if movement.is_free(unit, place, bloc):
                unit.slot = st.CAMP
                walked_in = True
        side = st.leader_of(bloc)
        if walked_in:
            row = note(now, hour, log.ENTER, side, place, spot.open_cause)
            control.set_holder(now, place, st.CAMP, bloc, side, hour, row)
            control.pay_salvage(now, place, bloc)
        elif now.presence[st.other_group(bloc), place].men > 0.0:
            spot.claimant = st.other_group(
                bloc
            )  # the other armed group stands there: it has its turn next
        elif now.presence[bloc, place].incoming <= 0.0:
            send_nearest(now, place, bloc, hour)
