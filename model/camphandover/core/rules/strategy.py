"""R5.1: which base is worth an attack, and to whom."""

import math

from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, gumbel, uniform
from camphandover.core.parameters import Params
from camphandover.core.rules.airpower import drone_capacity
from camphandover.core.rules.combat import perceived, posture_of
from camphandover.core.rules.control import only_side
from camphandover.core.rules.presence import estimate_win, nerve
from camphandover.core.rules.road import speed_of
from camphandover.core.state import (
    N_BLOCS,
    N_SIDES,
    SEPARATISTS,
    Clock,
    SideRow,
    State,
    bloc_of,
    hostile,
    target_slot,
)


@compiled
def place_order(
    state: State,
    side: int,
    mission: int,
    origin: int,
    target: int,
    men: int,
    vehicles: int,
    surprise: int,
    cause: int,
):
    """Write an order; it is carried out when the columns move. Dropped when the book is full."""
    n = state.queue[0].used
    if n >= len(state.orders):
        return
    order = state.orders[n]
    order.side = side
    order.mission = mission
    order.origin = origin
    order.target = target
    order.men = men
    order.vehicles = vehicles
    order.surprise = surprise
    order.cause = cause
    state.queue[0].used = n + 1


@compiled
def garrison_need(state: State, params: Params, place: int):
    """Men to keep at a place: more where its symbolic value is high. Source: RULES R5.4."""
    want = max(
        params.garrison_floor,
        params.garrison_base * state.places[place].symbolic * params.garrison_factor,
    )
    return min(params.garrison_max, max(params.garrison_min, want))


@compiled
def kept_back(state: State, params: Params, place: int):
    """Men beyond its need that a place keeps for itself when another asks for men."""
    return (params.donor_margin - 1.0) * garrison_need(state, params, place)


@compiled
def spare_men(state: State, params: Params, place: int, bloc: int):
    """Men of a bloc at a place who can march beyond what the place needs; groups that hide in
    the country keep none back. Units do not split: fewer men than the army's smallest unit there
    are none to spare."""
    cell = state.presence[bloc, place]
    if cell.inside <= 0.0:
        return cell.free
    spare = min(cell.free, cell.men - garrison_need(state, params, place))
    return spare if bloc != 0 or spare >= cell.smallest else 0.0


@compiled
def threat_of(state: State, params: Params, place: int, bloc: int):
    """How near a hostile base stands to a bloc's places and men, 0-1. Source: RULES R5.1."""
    nearest = math.inf
    for p in range(len(state.places)):
        spot = state.places[p]
        here = state.presence[bloc, p].men > 0.0
        if here or spot.camp_holder == bloc or spot.town_holder == bloc:
            nearest = min(nearest, state.routes[place, p].km)
    return math.exp(-nearest / params.threat_km)


@compiled
def loot_of(state: State, params: Params, place: int, bloc: int, day: int):
    """Vehicles to be won at a base, 0-1, less when it was looted lately. Source: R5.1, R2.4."""
    vehicles = 0.0
    for other in range(N_BLOCS - 1):
        if hostile(state, bloc, other):
            vehicles += state.presence[other, place].vehicles
    fresh = min(1.0, (day - state.places[place].looted_day) / params.loot_recovery_days)
    return min(1.0, vehicles / params.loot_scale) * fresh


@compiled
def utility(
    weights: SideRow,
    symbolic: float,
    loot: float,
    route: float,
    threat: float,
    days: float,
    p_win: float,
    core: float,
):
    """Utility U of attacking a base. Source: McKelvey and Palfrey 1995; RULES R5.1.

    Args:
        weights: The side's row with the weights w.
        p_win: Estimated chance to win, strictly between 0 and 1.
    """
    return (
        weights.w_symbolic * symbolic
        + weights.w_loot * loot
        + weights.w_route * route
        + weights.w_threat * threat
        - weights.w_days * days
        + weights.w_win * math.log(p_win / (1.0 - p_win))
        + weights.w_core * core
    )


@compiled
def force_at(state: State, params: Params, place: int, bloc: int, vehicles_most: float):
    """Men and power that a bloc could send from a place within a vehicle limit."""
    cell = state.presence[bloc, place]
    spare = spare_men(state, params, place, bloc)
    if spare <= 0.0 or cell.men <= 0.0:
        return 0.0, 0.0
    share = min(1.0, spare / cell.men)
    if cell.vehicles > 0.0:
        share = min(share, vehicles_most / cell.vehicles)
    return share * cell.men, share * cell.power


@compiled
def vehicles_cap(state: State, params: Params, side: int):
    """Most vehicles of a raid: as many as keep its chance of being seen from the air down.

    More drones in the air mean smaller groups, none mean no cap; separatists who have lost
    their core send half. Source: RULES R3.3, R5.8.
    """
    watch = drone_capacity(state, params) / params.raid_vehicles_strikes
    cap = params.raid_vehicles_max / watch if watch > 0.0 else params.raid_vehicles_open
    cap = min(cap, params.raid_vehicles_open)
    if side == SEPARATISTS and state.conflict[0].guerrilla:
        cap *= params.guerrilla_size
    return cap


@compiled
def protected(state: State, place: int):
    """Whether a disarmed perimeter covers a place while the truce holds. Source: R6.6 (S6)."""
    if state.conflict[0].truce == 0:
        return False
    for p in range(len(state.places)):
        reach = state.places[p].perimeter
        if reach > 0.0 and state.routes[p, place].km <= reach:
            return True
    return False


@compiled
def defence_of(
    state: State, params: Params, clock: Clock, key: Key, side: int, place: int, day: int
):
    """Power of the hostile bloc inside a place, with posture and nerve, as a commander sees it."""
    bloc = bloc_of(side)
    power = 0.0
    for other in range(N_BLOCS - 1):
        if hostile(state, bloc, other) and state.presence[other, place].inside > 0.0:
            steady = state.sides[only_side(other)].morale * nerve(
                state, params, other, False, False
            )
            power += state.presence[other, place].power * steady
    posture = posture_of(state, params, place, 0, clock.day, False)
    return perceived(params, key, Decision.PERCEPTION, side, place, day, power) * posture


@compiled
def weigh_target(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    side: int,
    target: int,
    vehicles_most: float,
    reach: float,
):
    """Best way for a side to attack one base.

    Args:
        reach: Most days on the road.
    Returns:
        (utility, origin, men, estimated chance to win); origin -1 when it cannot.
    Source: RULES R5.1, R2.1 (a raid needs an estimated chance to win).
    """
    bloc = bloc_of(side)
    spot = state.places[target]
    weights = state.sides[side]
    defence = defence_of(state, params, clock, key, side, target, clock.day)
    loot = loot_of(state, params, target, bloc, clock.day)
    threat = threat_of(state, params, target, bloc)
    steady = weights.morale * nerve(state, params, bloc, True, False)
    best = -math.inf
    origin = -1
    best_men = 0.0
    best_win = 0.0
    for p in range(len(state.places)):
        if state.presence[bloc, p].units <= 0.0 or (p == target and bloc != 2):
            continue
        men, power = force_at(state, params, p, bloc, vehicles_most)
        stock = state.presence[bloc, p].stock
        if men <= 0.0 or stock < params.raid_supply_min * state.presence[bloc, p].men:
            continue
        days = state.routes[p, target].km / speed_of(params, side, 0.0, clock.day)
        if days > reach:
            continue
        win = estimate_win(params, power * steady, defence, 1.0)
        if win < params.raid_win_min:
            continue
        win = min(params.win_cap, win)
        u = utility(
            weights, spot.symbolic, loot, spot.route_value, threat, days, win, float(spot.core)
        )
        if u > best:
            best = u
            origin = p
            best_men = men
            best_win = win
    return best, origin, best_men, best_win


@compiled
def choose_target(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    side: int,
    vehicles_most: float,
    reach: float,
):
    """A side's choice of a base to attack: logit quantal response, by Gumbel draws per base.

    A base that becomes more attractive is never chosen less often, draw by draw.

    Returns:
        (target, origin, men, probability of this choice, whether it stands out among what is
        feasible); target -1 when nothing is feasible.
    Source: McKelvey and Palfrey 1995; RULES R5.1, R3.3.
    """
    bloc = bloc_of(side)
    chosen = -1
    best = -math.inf
    best_u = -math.inf
    origin = -1
    men = 0.0
    total = 0.0
    sum_u = 0.0
    n_feasible = 0
    for target in range(len(state.places)):
        if target_slot(state, target, bloc) < 0 or protected(state, target):
            continue
        u, start, n, _ = weigh_target(state, params, clock, key, side, target, vehicles_most, reach)
        if start < 0:
            continue
        total += math.exp(u)
        sum_u += u
        n_feasible += 1
        g = u + gumbel(uniform(key, Decision.CHOICE, target * N_SIDES + side, clock.day))
        if g > best:
            best = g
            best_u = u
            chosen = target
            origin = start
            men = n
    if chosen < 0:
        return chosen, origin, men, math.nan, False
    stands_out = best_u - sum_u / n_feasible > params.raid_vehicles_utility
    return chosen, origin, men, math.exp(best_u) / total, stands_out
