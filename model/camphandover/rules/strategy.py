"""R5.1, R5.2: which base is worth an attack, to whom, and how often the groups attack."""

import math

from camphandover import ledger as log
from camphandover.compiled import compiled
from camphandover.draws import Decision, Key, erlang, gumbel, uniform
from camphandover.ledger import Ledger
from camphandover.parameters import Params
from camphandover.rules import rule
from camphandover.rules.combat import perceived, posture_of
from camphandover.rules.control import only_side
from camphandover.rules.movement import speed_of
from camphandover.rules.presence import estimate_win
from camphandover.state import (
    GSIM,
    HOURS,
    N_BLOCS,
    N_SIDES,
    RAID,
    SEPARATISTS,
    UN_HOLDER,
    Clock,
    SideRow,
    State,
    bloc_of,
    hostile,
    rung_now,
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
def spare_men(state: State, params: Params, place: int, bloc: int):
    """Men of a bloc at a place who can march beyond what the place needs; groups that hide in
    the country keep none back."""
    cell = state.presence[bloc, place]
    if cell.inside <= 0.0:
        return cell.free
    return min(cell.free, cell.men - garrison_need(state, params, place))


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
        if hostile(bloc, other):
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
    """Power of the hostile bloc inside a place, with posture, as a commander sees it."""
    bloc = bloc_of(side)
    power = 0.0
    for other in range(N_BLOCS - 1):
        if hostile(bloc, other) and state.presence[other, place].inside > 0.0:
            power += state.presence[other, place].power * state.sides[only_side(other)].morale
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
        win = estimate_win(params, power * weights.morale, defence, 1.0)
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
        (target, origin, men, probability of this choice); target -1 when nothing is feasible.
    Source: McKelvey and Palfrey 1995; RULES R5.1.
    """
    bloc = bloc_of(side)
    chosen = -1
    best = -math.inf
    origin = -1
    men = 0.0
    weight = 0.0
    total = 0.0
    for target in range(len(state.places)):
        if target_slot(state, target, bloc) < 0 or protected(state, target):
            continue
        u, start, n, _ = weigh_target(state, params, clock, key, side, target, vehicles_most, reach)
        if start < 0:
            continue
        total += math.exp(u)
        g = u + gumbel(uniform(key, Decision.CHOICE, target * N_SIDES + side, clock.day))
        if g > best:
            best = g
            chosen = target
            origin = start
            men = n
            weight = math.exp(u)
    p = weight / total if total > 0.0 else math.nan
    return chosen, origin, men, p


@compiled
def mean_interval(params: Params, side: int):
    """Mean days between the large attacks of a group. Source: RULES R5.2."""
    return params.raid_interval_separatists if side == SEPARATISTS else params.raid_interval_gsim


@compiled
def next_interval(params: Params, key: Key, side: int, hour: float):
    """Days until a group's next large attack: gamma around the tempo. Source: RULES R5.2."""
    mean = mean_interval(params, side)
    return erlang(int(params.raid_shape), mean, uniform(key, Decision.TEMPO, side, int(hour)))


@compiled
def near_buffer(state: State, params: Params, place: int):
    """Whether the UN stands as a buffer within its distance of a place. Source: R6.6 (S2)."""
    for p in range(len(state.places)):
        spot = state.places[p]
        if (
            spot.buffer
            and spot.camp_holder == UN_HOLDER
            and state.routes[p, place].km <= params.buffer_km
        ):
            return True
    return False


@compiled
def raid(
    state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, side: int, cause: int
):
    """Choose a target and order the raid; a truce or a buffer may hold it back."""
    hour = float(clock.day * HOURS)
    if side == SEPARATISTS and state.conflict[0].truce:
        u = uniform(key, Decision.TEMPO_THINNING, side, clock.day)
        if u >= params.truce_raid_factor:
            return
    target, origin, men, p = choose_target(
        state, params, clock, key, side, params.raid_vehicles_max, params.raid_days_max
    )
    if target < 0:
        return
    if near_buffer(state, params, target):
        u = uniform(key, Decision.BUFFER, target * N_SIDES + side, clock.day)
        if u >= params.buffer_factor:
            return
    row = log.note(ledger, hour, log.ORDER, side, target, -1, men, p, cause)
    log.with_mission(ledger, row, RAID)
    place_order(state, side, RAID, origin, target, int(men), int(params.raid_vehicles_max), 1, row)


@rule("R5.2", writes=("sides.next_attack", "orders", "queue"))
def order_raids(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Separatists and GSIM order their next large attack when it is due.

    The separatists attack once the rung of escalation allows it, and rarer under a truce; a UN
    buffer makes attacks around it rarer. Source: RULES R5.1, R5.2, R6.6 (S2), R7.2.
    """
    for side in (SEPARATISTS, GSIM):
        commander = state.sides[side]
        hour = float(clock.day * HOURS)
        if clock.day == clock.first:
            # the groups are somewhere between two attacks when the window opens
            u = uniform(key, Decision.TEMPO_START, side, 0)
            commander.next_attack = hour + u * HOURS * mean_interval(params, side)
        if commander.commanded:
            continue
        if side == SEPARATISTS and rung_now(state) < params.raid_escalation:
            commander.next_attack = max(commander.next_attack, hour)
            continue
        if commander.next_attack >= hour + HOURS:
            continue
        cause = state.conflict[0].rung_cause if side == SEPARATISTS else -1
        due = commander.next_attack
        raid(state, params, clock, key, ledger, side, cause)
        commander.next_attack = max(due, hour) + HOURS * next_interval(params, key, side, hour)
