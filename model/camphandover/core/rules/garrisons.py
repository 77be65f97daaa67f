"""R5.4, R2.6: what the army keeps where, what it gives up, and how it relieves a lost post."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import HOLD, MARCH, rule
from camphandover.core.rules.combat import defender_of, perceived
from camphandover.core.rules.control import (
    ANY_NUMBER,
    DUSK,
    empty_camp,
    evacuate,
    offer,
    only_side,
    set_holder,
)
from camphandover.core.rules.presence import NO_UNITS, estimate_win, nerve
from camphandover.core.rules.strategy import (
    force_at,
    garrison_need,
    kept_back,
    place_order,
    spare_men,
    vehicles_cap,
)
from camphandover.core.state import (
    ARMY,
    CAMP,
    HOURS,
    N_BLOCS,
    NEVER,
    NOBODY,
    OCCUPY,
    RELIEF,
    SEPARATISTS,
    TO_SEPARATISTS,
    TOWN,
    TRANSFER,
    WITHDRAW,
    Clock,
    State,
    bloc_of,
    rung_now,
    target_slot,
)


@compiled
def is_the_armys(state: State, place: int):
    """Whether the army holds the camp or the town of a place."""
    return state.places[place].camp_holder == 0 or state.places[place].town_holder == 0


@compiled
def ordered_from(state: State, place: int):
    """Whether the army has ordered men away from a place today."""
    for i in range(state.queue[0].used):
        if state.orders[i].side == ARMY and state.orders[i].origin == place:
            return True
    return False


@compiled
def nearest_spare(state: State, params: Params, place: int, men: float, range_km: float):
    """Nearest army place that can spare these men and keep its margin, -1 if there is none."""
    best = -1
    for p in range(len(state.places)):
        if (
            p != place
            and is_the_armys(state, p)
            and not ordered_from(state, p)
            and state.routes[p, place].km <= range_km
            and spare_men(state, params, p, 0) >= men + kept_back(state, params, p)
            and (best < 0 or state.routes[p, place].km < state.routes[best, place].km)
        ):
            best = p
    return best


@rule("R5.4", writes=("orders", "queue"))
def keep_garrisons(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The army moves companies to its places that have too few men, and into camps left empty.

    Source: RULES R5.4; a camp whose captor has left is taken back (R2.6).
    """
    if state.sides[ARMY].commanded:
        return
    hour = float(clock.day * HOURS)
    for place in range(len(state.places)):
        spot = state.places[place]
        left = spot.exit_hour < NEVER and spot.receiver != TO_SEPARATISTS and not spot.given_up
        abandoned = spot.camp_holder == NOBODY and (spot.lost_hour < NEVER or left)
        if not abandoned and not is_the_armys(state, place):
            continue
        cell = state.presence[0, place]
        lacking = garrison_need(state, params, place) - cell.inside - cell.incoming
        if lacking < params.garrison_min and not (abandoned and cell.inside + cell.incoming <= 0.0):
            continue
        donor = nearest_spare(state, params, place, params.men_garrison, params.transfer_range_km)
        if donor < 0:
            continue
        mission = OCCUPY if abandoned else TRANSFER
        row = log.note(ledger, hour, log.ORDER, ARMY, place, -1, lacking, math.nan, spot.camp_cause)
        log.with_mission(ledger, row, mission)
        place_order(state, ARMY, mission, donor, place, int(lacking), ANY_NUMBER, 0, row)


@compiled
def posts_near(state: State, params: Params, place: int):
    """The army's camps within reach of the groups around a place, itself one of them."""
    n = 0
    for p in range(len(state.places)):
        if (
            state.places[p].camp_holder == 0
            and state.routes[p, place].km <= params.abandon_range_km
        ):
            n += 1
    return max(1, n)


@compiled
def p_hold(state: State, params: Params, place: int, clock: Clock, key: Key):
    """The army's estimate of the chance to hold a post for a week.

    Each group within reach attacks one of the posts around at its tempo, and wins with its
    estimated chance. Source: RULES R5.4 (P_hold), R5.2 (tempo).
    """
    cell = state.presence[0, place]
    n_posts = posts_near(state, params, place)
    hold = 1.0
    for bloc in (1, 2):
        side = bloc + 1
        if side == SEPARATISTS and rung_now(state) < params.raid_escalation:
            continue
        power = 0.0
        cap = vehicles_cap(state, params, side)
        for p in range(len(state.places)):
            near = state.routes[p, place].km <= params.abandon_range_km
            if near and state.presence[bloc, p].men > 0.0:
                power += force_at(state, params, p, bloc, cap)[1]
        if power <= 0.0:
            continue
        seen = perceived(
            params, key, Decision.PERCEPTION_HOLD, ARMY, place * N_BLOCS + bloc, clock.day, power
        )
        own = cell.power * params.posture_prepared * state.sides[ARMY].morale
        own *= nerve(state, params, 0, False, False)
        seen *= state.sides[side].morale * nerve(state, params, bloc, True, False)
        win = estimate_win(params, seen, own, 1.0)
        tempo = (
            params.raid_interval_separatists if side == SEPARATISTS else params.raid_interval_gsim
        )
        attacked = 1.0 - math.exp(-params.abandon_hold_days / tempo / n_posts)
        hold *= 1.0 - attacked * win
    return hold


@rule("R5.4", writes=(*MARCH, *HOLD))
def abandon_posts(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The army gives up a post of little worth that starves or cannot be held.

    Source: RULES R5.4; places of higher symbolic value are never given up.
    """
    if state.sides[ARMY].commanded:
        return
    hour = float((clock.day + 1) * HOURS) - DUSK
    for place in range(len(state.places)):
        spot = state.places[place]
        if (
            spot.camp_holder != 0
            or spot.symbolic >= params.abandon_symbolic
            or state.presence[0, place].inside <= 0.0
        ):
            continue
        short = state.presence[0, place].low_days
        starved = params.abandon_days <= short < NO_UNITS
        fresh = clock.day - state.presence[0, place].latest < params.abandon_days
        p = 1.0 if starved or fresh else p_hold(state, params, place, clock, key)
        if starved or p < params.abandon_hold_p:
            row = log.note(
                ledger,
                hour,
                log.ABANDON,
                ARMY,
                place,
                -1,
                1.0 if starved else 0.0,
                math.nan,
                spot.camp_cause,
            )
            evacuate(state, params, key, ledger, place, 0, hour, row)
            row = empty_camp(state, params, key, ledger, place, ARMY, hour, row)
            spot.lost_hour = NEVER
            spot.given_up = 1
            if spot.town_holder == 0:
                set_holder(state, ledger, place, TOWN, NOBODY, ARMY, hour, row)
            offer(state, place, hour, params.vacated_enter_hours, row)


@compiled
def relief_men(state: State, params: Params, place: int):
    """Men that an army place can send away to relieve another. Source: RULES R2.6."""
    return spare_men(state, params, place, 0) - kept_back(state, params, place)


@compiled
def relief_base(state: State, params: Params, key: Key, clock: Clock, place: int, defence: float):
    """Nearest army place from which a relief could win, -1 when there is none. Source: R2.6."""
    best = -1
    seen = perceived(params, key, Decision.PERCEPTION, ARMY, place, clock.day, defence)
    for p in range(len(state.places)):
        cell = state.presence[0, p]
        if (
            p == place
            or state.routes[p, place].km > params.relief_range_km
            or cell.men <= 0.0
            or cell.stock < params.relief_supply_min * cell.men
            or ordered_from(state, p)
        ):
            continue
        men = relief_men(state, params, p)
        if men < params.garrison_min:
            continue
        n, power = force_at(state, params, p, 0, float(ANY_NUMBER))
        power *= men / n
        power *= state.sides[ARMY].morale * nerve(state, params, 0, True, False)
        if estimate_win(params, power, seen, 0.0) < params.assault_win_min:
            continue
        if best < 0 or state.routes[p, place].km < state.routes[best, place].km:
            best = p
    return best


@compiled
def gather(
    state: State, params: Params, key: Key, ledger: Ledger, place: int, hour: float, cause: int
):
    """Scattered army men go back into a base that is the army's or nobody's, else march away."""
    spot = state.places[place]
    slot = -1
    if spot.camp_holder == 0 or spot.camp_holder == NOBODY:
        slot = CAMP
    elif spot.town_holder == 0 or spot.town_holder == NOBODY:
        slot = TOWN
    if slot < 0:
        if state.presence[0, place].inside <= 0.0:
            evacuate(state, params, key, ledger, place, 0, hour, cause)
        return
    set_holder(state, ledger, place, slot, 0, ARMY, hour, cause)
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.place == place and unit.column < 0 and bloc_of(unit.side) == 0:
            unit.slot = slot


@rule("R2.6", writes=("orders", "queue", *MARCH, *HOLD))
def relieve_posts(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The army sends relief to a base that was taken from it, and calls its scattered men back.

    A relief needs men within range with stock, and an estimated chance to win.
    Source: RULES R2.6.
    """
    if state.sides[ARMY].commanded:
        return
    hour = float(clock.day * HOURS)
    for place in range(len(state.places)):
        spot = state.places[place]
        cell = state.presence[0, place]
        hidden = cell.men - cell.inside
        if hidden > 0.0 and hour - max(spot.camp_since, spot.town_since) > params.scatter_hours:
            gather(state, params, key, ledger, place, hour, spot.camp_cause)
        slot = target_slot(state, place, 0)
        if slot < 0 or cell.incoming > 0.0:
            continue
        lost = spot.lost_hour if slot == CAMP else spot.town_lost
        if lost == NEVER or hour - lost > params.relief_days * HOURS:
            continue
        foe = defender_of(state, place, 0)
        if foe < 0:
            continue
        defence = state.presence[foe, place].power * params.posture_raider
        defence *= state.sides[only_side(foe)].morale * nerve(state, params, foe, False, False)
        origin = relief_base(state, params, key, clock, place, defence)
        if origin < 0:
            continue
        men = relief_men(state, params, origin)
        row = log.note(ledger, hour, log.ORDER, ARMY, place, -1, men, math.nan, spot.camp_cause)
        log.with_mission(ledger, row, RELIEF)
        place_order(state, ARMY, RELIEF, origin, place, int(men), ANY_NUMBER, 0, row)


@rule("R5.4", writes=("orders", "queue"))
def send_home(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Men who were sent to win a place, and are more than it needs, go back to their base.

    One order a day for each place. Source: RULES R5.4 (garrisons).
    """
    if state.sides[ARMY].commanded:
        return
    hour = float(clock.day * HOURS)
    for u in range(len(state.units)):
        unit = state.units[u]
        place = unit.place
        if (
            unit.home == place
            or unit.column >= 0
            or unit.men <= 0
            or bloc_of(unit.side) != 0
            or clock.day - unit.since < params.settle_days
            or not (is_the_armys(state, place) and is_the_armys(state, unit.home))
        ):
            continue
        spare = spare_men(state, params, place, 0)
        if spare < unit.men or ordered_from(state, place):
            continue
        cause = state.places[place].camp_cause
        row = log.note(ledger, hour, log.ORDER, ARMY, unit.home, u, spare, math.nan, cause)
        log.with_mission(ledger, row, WITHDRAW)
        place_order(state, ARMY, WITHDRAW, place, unit.home, int(spare), ANY_NUMBER, 0, row)
