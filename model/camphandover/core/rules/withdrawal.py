"""R6.1-R6.3, R6.5, R6.6: when the UN leaves a camp, how, and what becomes of its equipment."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, normal, uniform
from camphandover.core.now import Now, is_nearer, is_past, is_rung_known, note, set_rung
from camphandover.core.parameters import Params
from camphandover.core.rules import ALL, HOLD, MARCH, control, handover, movement, rule


@compiled
def exit_error(spread: float, least: float, u: float):
    """Error of a planned exit, days: normal with this spread, given that it is at least `least`.

    Where nothing is left of the normal, or it has no spread, it is as near to the plan as it can.
    """
    if least == -math.inf:
        return spread * normal(u)
    above = 0.5 * math.erfc(least / spread / math.sqrt(2.0)) if spread > 0.0 else 0.0
    chance = above * (1.0 - u)  # that it is later: exact far out, too
    return max(least, -spread * normal(chance) if chance > 0.0 else 0.0)


@rule("R6.1", places="exit_day")
def draw_exits(now: Now):
    """On the first day: the day on which each camp would be left if nothing hurried the UN.

    The plan and a normal error; never after the mandate's end, save where liquidation guards
    stay: there never before the plan. On the day after the last one that is known from the record
    those camps draw again, of later days, that the UN would have left by then.
    Source: RULES R6.1, R6.6; R10.1. `spread` of a clause replaces the parameter.
    """
    goes_on = now.conflict.known_until >= 0 and now.day == now.conflict.known_until + 1
    if now.day != now.first and not goes_on:
        return
    for p, spot in enumerate(now.places):
        if spot.un_camp == 0 or spot.exit_hour < st.NEVER:
            continue
        spread = now.params.exit_error_sd if math.isnan(spot.spread) else spot.spread
        time, least = 0, -math.inf
        if goes_on:
            if spot.exit_day >= now.day:
                continue
            time, least = now.day, max(now.day, -spot.exit_day) - 0.5 - spot.plan_day
        u = uniform(now.key, Decision.EXIT_ERROR, p, time)
        day = spot.plan_day + round(exit_error(spread, least, u))
        if spot.guards:
            day = max(day, spot.plan_day)
        else:
            day = min(day, now.conflict.mandate_end)
        spot.exit_day = max(day, now.day)


@rule("R6.6", places="announced clause_cause", sides="morale", conflict=ALL)
def announce_handovers(now: Now):
    """A clause becomes known when its notice begins; giving a camp to the separatists has a price.

    The first such clause raises escalation at once, lowers the army's morale and brings its
    offensive forward. Source: RULES R6.6 (S3).
    """
    war = now.conflict
    for p, spot in enumerate(now.places):
        if spot.un_camp == 0 or spot.announced:
            continue
        notice = max(spot.notice_army, spot.notice_separatists)
        if now.day < min(spot.plan_day, spot.exit_day) - notice:
            continue
        spot.announced = 1
        hour = now.start
        ahead, meant = spot.plan_day - now.day, control.meant_holder(spot.receiver)
        un = st.UN_HOLDER
        spot.clause_cause = note(
            now, hour, log.CLAUSE, st.MINUSMA, p, amount=ahead, slot=st.CAMP, before=un, after=meant
        )
        if spot.receiver == st.TO_SEPARATISTS and war.forward == 0:
            war.forward = int(now.params.concession_forward)
            war.forward_cause = spot.clause_cause
            most = int(now.params.ladder_top)
            higher = war.rung + int(now.params.concession_escalation)
            if not is_rung_known(now):
                set_rung(now, min(higher, max(war.rung, most)), spot.clause_cause)
            for side in (st.ARMY, st.ARMY + 1):
                now.sides[side].morale -= now.params.concession_morale


LONG_BEFORE = 1 << 12
"""More days than a plan can lie ahead or behind: keeps `countdown` from being negative."""


@compiled
def countdown(plan_day: int, day: int):
    """The time for which draws about leaving a camp are made: days to its plan, as a count.

    A plan that is moved keeps its luck: the tenth day before it is as good or bad as it was.
    """
    return LONG_BEFORE + plan_day - day


@compiled
def column_marches_on(now: Now, place: int):
    """Whether an army column marches on a place just now. Source: RULES R6.2."""
    for column in now.columns:
        if (
            column.status != st.FREE
            and column.mission == st.OFFENSIVE
            and column.target == place
            and st.bloc_of(column.side) == st.STATE
        ):
            return True
    return False


@rule("R6.2", places="extracted refused flight_day")
def clear_transport(now: Now):
    """The state clears, or refuses, the UN's trucks and flights for camps that are about to close.

    Cleared trucks take equipment out; refused days pile up and hasten the exit (R6.3).
    Source: RULES R6.2.
    """
    for p, spot in enumerate(now.places):
        if spot.un_camp == 0 or spot.exit_hour < st.NEVER:
            continue
        if now.day < spot.exit_day - now.params.early_window:
            continue
        chance = (
            now.params.clear_state if spot.town_holder == st.STATE else now.params.clear_insurgent
        )
        if uniform(now.key, Decision.CLEAR_TRUCKS, p, countdown(spot.plan_day, now.day)) < chance:
            spot.extracted = min(1.0, spot.extracted + now.params.truck_capacity)
        else:
            spot.refused += 1
            if spot.refused % handover.WEEK == 1:
                cause, days = spot.clause_cause, spot.refused
                note(now, now.start, log.REFUSAL, st.ARMY, p, cause, log.NONE, days, 1.0 - chance)
        flight = now.params.clear_flight
        if column_marches_on(now, p):
            flight *= now.params.clear_column_factor
        if uniform(now.key, Decision.CLEAR_FLIGHT, p, countdown(spot.plan_day, now.day)) < flight:
            spot.flight_day = now.day


@compiled
def neighbour_closed(now: Now, place: int):
    """Whether the nearest other UN camp by road has been left. Source: RULES R6.3."""
    best = -1
    for p, spot in enumerate(now.places):
        if p != place and spot.un_camp and is_nearer(now, place, p, best):
            best = p
    return best >= 0 and now.places[best].exit_hour < st.NEVER


@compiled
def fights_near(now: Now, place: int):
    """Days with a fight in the last week, summed over places near a camp. Source: RULES R6.3."""
    total = 0
    for p, spot in enumerate(now.places):
        if now.routes[place, p].km <= now.params.early_fights_km:
            total += st.days_with_fights(spot.fights >> 1, handover.WEEK)  # up to yesterday
    return total


@compiled
def early_hazard(params: Params, fights: float, refused_days: float, closed: float):
    """Chance a day that the UN leaves a camp ahead of its plan.

    Args:
        fights: Fights within 50 km in a week. refused_days: Days on which trucks were refused.
        closed: 1.0 when the neighbouring camp is closed.
    Source: RULES R6.3; it rises in every argument.
    """
    z = (
        params.early_base
        + params.early_fights * fights
        + params.early_refusal * refused_days / params.early_refusal_days
        + params.early_neighbour * closed
    )
    return 1.0 - math.exp(-math.exp(z))


@compiled
def equipment_shares(params: Params, extracted: float, accelerated: int, destroyed_set: float):
    """Shares of a camp's equipment: destroyed, extracted, left as salvage; they sum to 1.

    Args:
        extracted: Share that the cleared trucks could carry.
        accelerated: Whether the exit is an accelerated one.
        destroyed_set: Share that the scenario sets, nan when the parameter holds.
    Source: RULES R6.5.
    """
    destroyed = params.destroyed_accelerated if accelerated else params.destroyed_orderly
    if not math.isnan(destroyed_set):
        destroyed = destroyed_set
    out = min(extracted, 1.0 - destroyed)
    return destroyed, out, 1.0 - destroyed - out


@compiled
def dispose(now: Now, place: int, hour: float, cause: int):
    """Destroy, take out or leave the equipment of a camp; returns the share left as salvage.

    An exit ahead of its plan is an accelerated one. Source: RULES R6.5.
    """
    spot = now.places[place]
    accelerated = spot.accelerated == 1 or now.day < spot.plan_day - now.params.orderly_days
    destroyed, out, salvage = equipment_shares(
        now.params, spot.extracted, accelerated, spot.destroyed
    )
    spot.extracted = out
    note(now, hour, log.EQUIPMENT, st.MINUSMA, place, cause, amount=destroyed)
    return salvage


@compiled
def repatriate(now: Now, place: int, hour: float, cause: int):
    """UN units that stay behind at a closing camp leave the country. Source: RULES R6.1."""
    men = 0
    books = now.sides[st.MINUSMA]
    for unit in now.units:
        if unit.side == st.MINUSMA and unit.place == place and unit.column < 0 and unit.men > 0:
            men += unit.men
            books.departed += unit.men
            books.vehicles_departed += unit.vehicles
            unit.men = 0
            unit.vehicles = 0
    if men > 0:
        note(now, hour, log.REPATRIATED, st.MINUSMA, place, cause, amount=men)


@compiled
def leave_camp(now: Now, place: int, chance: float):
    """The UN leaves one camp: equipment, the road or the air, and the handover.

    Source: RULES R6.1, R6.2 (no flight means the road), R6.5, R6.4.
    """
    spot = now.places[place]
    hour = now.start + now.params.exit_hour
    cause, late = spot.clause_cause, now.day - spot.plan_day
    row = note(now, hour, log.EXIT, st.MINUSMA, place, cause, amount=late, p=chance)
    spot.exit_hour = hour
    spot.exit_day = now.day
    for p in range(len(now.places)):
        if now.routes[place, p].km <= now.params.abuse_un_km:
            now.places[p].un_left = 1
    spot.salvage = dispose(now, place, hour, row)
    by_air = spot.airstrip and spot.flight_day == now.day
    hub = spot.convoy_to
    open_hub = hub >= 0 and now.places[hub].camp_holder == st.UN_HOLDER
    if open_hub and not by_air:
        movement.form_column(now, hour, st.MINUSMA, st.CONVOY, place, hub, row)
    repatriate(now, place, hour, row)
    handover.hand_over(now, place, hour, row)


@rule(
    "R6.1",
    MARCH,
    HOLD,
    places="exit_hour un_left extracted salvage exit_day joint_cause",
    units="men vehicles loot",
    sides="departed vehicles_departed",
)
def leave_camps(now: Now):
    """The UN leaves each camp whose day has come, or that it gives up early.

    On days that are known from the record it leaves those camps of which that tells as it did.
    Source: RULES R6.1 (schedule), R6.3 (early exit), R6.6 (deadline); R10.1.
    """
    for p, spot in enumerate(now.places):
        if spot.un_camp == 0 or spot.exit_hour < st.NEVER or now.sides[st.MINUSMA].commanded:
            continue
        chance = math.nan
        is_told = is_past(now) and spot.exit_known >= 0
        due = now.day >= (spot.exit_known if is_told else spot.exit_day)
        if (
            not due
            and not is_told
            and spot.early_exit
            and not spot.guards
            and now.day >= spot.plan_day - now.params.early_window
        ):
            chance = early_hazard(
                now.params,
                float(fights_near(now, p)),
                float(spot.refused),
                1.0 if neighbour_closed(now, p) else 0.0,
            )
            due = (
                uniform(now.key, Decision.EARLY_EXIT, p, countdown(spot.plan_day, now.day)) < chance
            )
        if due:
            leave_camp(now, p, chance)


@rule("R6.6", units="men vehicles", sides="departed vehicles_departed")
def close_mission(now: Now):
    """After the mandate's end only liquidation guards stay. Source: RULES R6.6."""
    if now.day <= now.conflict.mandate_end or now.sides[st.MINUSMA].commanded:
        return
    for p, spot in enumerate(now.places):
        if not (spot.un_camp and spot.camp_holder == st.UN_HOLDER):
            repatriate(now, p, now.start, spot.clause_cause)
