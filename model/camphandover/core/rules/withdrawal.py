"""R6.1-R6.3, R6.5, R6.6: when the UN leaves a camp, how, and what becomes of its equipment."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, normal, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import HOLD, MARCH, rule
from camphandover.core.rules.control import ANY_NUMBER, meant_holder
from camphandover.core.rules.handover import WEEK, hand_over
from camphandover.core.rules.movement import form_column
from camphandover.core.state import (
    ARMY,
    CAMP,
    CONVOY,
    FREE,
    HOURS,
    MINUSMA,
    NEVER,
    OFFENSIVE,
    TO_SEPARATISTS,
    UN_HOLDER,
    Clock,
    State,
    bloc_of,
    days_with_fights,
)


@rule("R6.1", writes=("places.exit_day",))
def draw_exits(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """On the first day: the day on which each camp would be left if nothing hurried the UN.

    The plan and a normal error; never after the mandate's end, save where liquidation guards
    stay: there never before the plan.
    Source: RULES R6.1, R6.6. `spread` of a clause replaces the parameter.
    """
    if clock.day != clock.first:
        return
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.un_camp == 0:
            continue
        spread = params.exit_error_sd if math.isnan(spot.spread) else spot.spread
        error = spread * normal(uniform(key, Decision.EXIT_ERROR, p, 0))
        day = spot.plan_day + round(error)
        if spot.guards:
            day = max(day, spot.plan_day)
        else:
            day = min(day, state.conflict[0].mandate_end)
        spot.exit_day = max(day, clock.first)


@rule(
    "R6.6",
    writes=(
        "places.announced",
        "places.clause_cause",
        "sides.morale",
        "conflict",
    ),
)
def announce_handovers(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """A clause becomes known when its notice begins; giving a camp to the separatists has a price.

    The first such clause raises escalation at once, lowers the army's morale and brings its
    offensive forward. Source: RULES R6.6 (S3).
    """
    war = state.conflict[0]
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.un_camp == 0 or spot.announced:
            continue
        notice = max(spot.notice_army, spot.notice_separatists)
        if clock.day < min(spot.plan_day, spot.exit_day) - notice:
            continue
        spot.announced = 1
        hour = float(clock.day * HOURS)
        spot.clause_cause = log.write_row(
            ledger, hour, log.CLAUSE, MINUSMA, p, CAMP, UN_HOLDER, meant_holder(spot.receiver), -1,
            float(spot.plan_day - clock.day), math.nan, -1,
        )  # fmt: skip
        if spot.receiver == TO_SEPARATISTS and war.forward == 0:
            war.forward = int(params.concession_forward)
            war.forward_cause = spot.clause_cause
            most = int(params.ladder_top)
            war.rung = min(war.rung + int(params.concession_escalation), max(war.rung, most))
            war.rung_cause = log.note(
                ledger, hour, log.RUNG, -1, -1, -1, float(war.rung), math.nan, spot.clause_cause
            )
            for side in (ARMY, ARMY + 1):
                state.sides[side].morale -= params.concession_morale


LONG_BEFORE = 1 << 12
"""More days than a plan can lie ahead or behind: keeps `countdown` from being negative."""


@compiled
def countdown(plan_day: int, day: int):
    """The time for which draws about leaving a camp are made: days to its plan, as a count.

    A plan that is moved keeps its luck: the tenth day before it is as good or bad as it was.
    """
    return LONG_BEFORE + plan_day - day


@compiled
def column_marches_on(state: State, place: int):
    """Whether an army column marches on a place just now. Source: RULES R6.2."""
    for c in range(len(state.columns)):
        column = state.columns[c]
        if (
            column.status != FREE
            and column.mission == OFFENSIVE
            and column.target == place
            and bloc_of(column.side) == 0
        ):
            return True
    return False


@rule("R6.2", writes=("places.extracted", "places.refused", "places.flight_day"))
def clear_transport(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The state clears, or refuses, the UN's trucks and flights for camps that are about to close.

    Cleared trucks take equipment out; refused days pile up and hasten the exit (R6.3).
    Source: RULES R6.2.
    """
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.un_camp == 0 or spot.exit_hour < NEVER:
            continue
        if clock.day < spot.exit_day - params.early_window:
            continue
        chance = params.clear_state if spot.town_holder == 0 else params.clear_insurgent
        if uniform(key, Decision.CLEAR_TRUCKS, p, countdown(spot.plan_day, clock.day)) < chance:
            spot.extracted = min(1.0, spot.extracted + params.truck_capacity)
        else:
            spot.refused += 1
            if spot.refused % WEEK == 1:
                log.note(
                    ledger, float(clock.day * HOURS), log.REFUSAL, ARMY, p, -1,
                    float(spot.refused), 1.0 - chance, spot.clause_cause,
                )  # fmt: skip
        flight = params.clear_flight
        if column_marches_on(state, p):
            flight *= params.clear_column_factor
        if uniform(key, Decision.CLEAR_FLIGHT, p, countdown(spot.plan_day, clock.day)) < flight:
            spot.flight_day = clock.day


@compiled
def neighbour_closed(state: State, place: int):
    """Whether the nearest other UN camp by road has been left. Source: RULES R6.3."""
    best = -1
    for p in range(len(state.places)):
        if (
            p != place
            and state.places[p].un_camp
            and (best < 0 or state.routes[place, p].km < state.routes[place, best].km)
        ):
            best = p
    return best >= 0 and state.places[best].exit_hour < NEVER


@compiled
def fights_near(state: State, params: Params, place: int):
    """Days with a fight in the last week, summed over places near a camp. Source: RULES R6.3."""
    total = 0
    for p in range(len(state.places)):
        if state.routes[place, p].km <= params.early_fights_km:
            total += days_with_fights(state.places[p].fights >> 1, WEEK)  # up to yesterday
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
def dispose(
    state: State, params: Params, clock: Clock, ledger: Ledger, place: int, hour: float, cause: int
):
    """Destroy, take out or leave the equipment of a camp; returns the share left as salvage.

    An exit ahead of its plan is an accelerated one. Source: RULES R6.5.
    """
    spot = state.places[place]
    accelerated = spot.accelerated == 1 or clock.day < spot.plan_day - params.orderly_days
    destroyed, out, salvage = equipment_shares(params, spot.extracted, accelerated, spot.destroyed)
    spot.extracted = out
    log.note(ledger, hour, log.EQUIPMENT, MINUSMA, place, -1, destroyed, math.nan, cause)
    return salvage


@compiled
def repatriate(state: State, ledger: Ledger, place: int, hour: float, cause: int):
    """UN units that stay behind at a closing camp leave the country. Source: RULES R6.1."""
    men = 0
    books = state.sides[MINUSMA]
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.side == MINUSMA and unit.place == place and unit.column < 0 and unit.men > 0:
            men += unit.men
            books.departed += unit.men
            books.vehicles_departed += unit.vehicles
            unit.men = 0
            unit.vehicles = 0
    if men > 0:
        log.note(ledger, hour, log.REPATRIATED, MINUSMA, place, -1, float(men), math.nan, cause)


@compiled
def leave_camp(
    state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, place: int, chance: float
):
    """The UN leaves one camp: equipment, the road or the air, and the handover.

    Source: RULES R6.1, R6.2 (no flight means the road), R6.5, R6.4.
    """
    spot = state.places[place]
    hour = float(clock.day * HOURS) + params.exit_hour
    row = log.note(
        ledger, hour, log.EXIT, MINUSMA, place, -1,
        float(clock.day - spot.plan_day), chance, spot.clause_cause,
    )  # fmt: skip
    spot.exit_hour = hour
    spot.exit_day = clock.day
    for p in range(len(state.places)):
        if state.routes[place, p].km <= params.abuse_un_km:
            state.places[p].un_left = 1
    spot.salvage = dispose(state, params, clock, ledger, place, hour, row)
    by_air = spot.airstrip and spot.flight_day == clock.day
    hub = spot.convoy_to
    open_hub = hub >= 0 and state.places[hub].camp_holder == UN_HOLDER
    if open_hub and not by_air:
        form_column(
            state, params, key, ledger, hour, MINUSMA, CONVOY, place, hub,
            ANY_NUMBER, ANY_NUMBER, row,
        )  # fmt: skip
    repatriate(state, ledger, place, hour, row)
    hand_over(state, params, clock, key, ledger, place, hour, row)


@rule(
    "R6.1",
    writes=(
        *MARCH,
        *HOLD,
        "places.exit_hour",
        "places.un_left",
        "places.extracted",
        "places.salvage",
        "places.exit_day",
        "places.joint_cause",
        "units.men",
        "units.vehicles",
        "units.loot",
        "sides.departed",
        "sides.vehicles_departed",
    ),
)
def leave_camps(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The UN leaves each camp whose day has come, or that it gives up early.

    Source: RULES R6.1 (schedule), R6.3 (early exit), R6.6 (deadline).
    """
    for p in range(len(state.places)):
        spot = state.places[p]
        if spot.un_camp == 0 or spot.exit_hour < NEVER or state.sides[MINUSMA].commanded:
            continue
        chance = math.nan
        due = clock.day >= spot.exit_day
        if (
            not due
            and spot.early_exit
            and not spot.guards
            and clock.day >= spot.plan_day - params.early_window
        ):
            chance = early_hazard(
                params,
                float(fights_near(state, params, p)),
                float(spot.refused),
                1.0 if neighbour_closed(state, p) else 0.0,
            )
            due = uniform(key, Decision.EARLY_EXIT, p, countdown(spot.plan_day, clock.day)) < chance
        if due:
            leave_camp(state, params, clock, key, ledger, p, chance)


@rule("R6.6", writes=("units.men", "units.vehicles", "sides.departed", "sides.vehicles_departed"))
def close_mission(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """After the mandate's end only liquidation guards stay. Source: RULES R6.6."""
    if clock.day <= state.conflict[0].mandate_end or state.sides[MINUSMA].commanded:
        return
    hour = float(clock.day * HOURS)
    for p in range(len(state.places)):
        spot = state.places[p]
        if not (spot.un_camp and spot.camp_holder == UN_HOLDER):
            repatriate(state, ledger, p, hour, spot.clause_cause)
