"""R5.1: which base is worth an attack, and to whom."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, gumbel, uniform
from camphandover.core.now import Now, hostile, note, target_slot
from camphandover.core.rules import airpower, combat, movement, presence, road


@compiled
def place_order(
    now: Now,
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
    n = now.queue.used
    if n >= len(now.orders):
        return
    order = now.orders[n]
    order.side = side
    order.mission = mission
    order.origin = origin
    order.target = target
    order.men = men
    order.vehicles = vehicles
    order.surprise = surprise
    order.cause = cause
    now.queue.used = n + 1


@compiled
def order(
    now: Now,
    side: int,
    mission: int,
    origin: int,
    target: int,
    men: float,
    cause: int = log.NONE,
    entity: int = log.NONE,
):
    """Write an order for all vehicles that these men have, and its row in the ledger."""
    row = note(now, now.start, log.ORDER, side, target, cause, entity, men, mission=mission)
    place_order(now, side, mission, origin, target, int(men), movement.ANY_NUMBER, 0, row)


@compiled
def garrison_need(now: Now, place: int):
    """Men to keep at a place: more where its symbolic value is high. Source: RULES R5.4."""
    want = max(
        now.params.garrison_floor,
        now.params.garrison_base * now.places[place].symbolic * now.params.garrison_factor,
    )
    return min(now.params.garrison_max, max(now.params.garrison_min, want))


@compiled
def kept_back(now: Now, place: int):
    """Men beyond its need that a place keeps for itself when another asks for men."""
    return (now.params.donor_margin - 1.0) * garrison_need(now, place)


@compiled
def spare_men(now: Now, place: int, bloc: int):
    """Men of a bloc at a place who can march beyond what the place needs; groups that hide in
    the country keep none back. Units do not split: fewer men than the army's smallest unit there
    are none to spare."""
    cell = now.presence[bloc, place]
    if cell.inside <= 0.0:
        return cell.free
    spare = min(cell.free, cell.men - garrison_need(now, place))
    return spare if bloc != st.STATE or spare >= cell.smallest else 0.0


@compiled
def threat_of(now: Now, place: int, bloc: int):
    """How near a hostile base stands to a bloc's places and men, 0-1. Source: RULES R5.1."""
    nearest = math.inf
    for p, spot in enumerate(now.places):
        here = now.presence[bloc, p].men > 0.0
        if here or st.held_by(spot, bloc):
            nearest = min(nearest, now.routes[place, p].km)
    return math.exp(-nearest / now.params.threat_km)


@compiled
def loot_of(now: Now, place: int, bloc: int):
    """Vehicles to be won at a base, 0-1, less when it was looted lately. Source: R5.1, R2.4."""
    vehicles = 0.0
    for other in range(st.N_ARMED):
        if hostile(now, bloc, other):
            vehicles += now.presence[other, place].vehicles
    fresh = min(1.0, (now.day - now.places[place].looted_day) / now.params.loot_recovery_days)
    return min(1.0, vehicles / now.params.loot_scale) * fresh


@compiled
def utility(
    weights: st.SideRow, spot: st.PlaceRow, loot: float, threat: float, days: float, p_win: float
):
    """Utility U of attacking a base. Source: McKelvey and Palfrey 1995; RULES R5.1.

    Args:
        weights: The side's row with the weights w.
        p_win: Estimated chance to win, strictly between 0 and 1.
    """
    return (
        weights.w_symbolic * spot.symbolic
        + weights.w_loot * loot
        + weights.w_route * spot.route_value
        + weights.w_threat * threat
        - weights.w_days * days
        + weights.w_win * math.log(p_win / (1.0 - p_win))
        + weights.w_core * spot.core
    )


@compiled
def force_at(now: Now, place: int, bloc: int, vehicles_most: float):
    """Men and power that a bloc could send from a place within a vehicle limit."""
    cell = now.presence[bloc, place]
    spare = spare_men(now, place, bloc)
    if spare <= 0.0 or cell.men <= 0.0:
        return 0.0, 0.0
    share = min(1.0, spare / cell.men)
    if cell.vehicles > 0.0:
        share = min(share, vehicles_most / cell.vehicles)
    return share * cell.men, share * cell.power


@compiled
def vehicles_cap(now: Now, side: int):
    """Most vehicles of a raid: as many as keep its chance of being seen from the air down.

    More drones in the air mean smaller groups, none mean no cap; separatists who have lost
    their core send half. Source: RULES R3.3, R5.8.
    """
    watch = airpower.drone_capacity(now) / now.params.raid_vehicles_strikes
    cap = now.params.raid_vehicles_max / watch if watch > 0.0 else now.params.raid_vehicles_open
    cap = min(cap, now.params.raid_vehicles_open)
    if side == st.SEPARATISTS and now.conflict.guerrilla:
        cap *= now.params.guerrilla_size
    return cap


@compiled
def protected(now: Now, place: int):
    """Whether a disarmed perimeter covers a place while the truce holds. Source: R6.6 (S6)."""
    if now.conflict.truce == 0:
        return False
    for p, spot in enumerate(now.places):
        reach = spot.perimeter
        if reach > 0.0 and now.routes[p, place].km <= reach:
            return True
    return False


@compiled
def defence_of(now: Now, side: int, place: int):
    """Power of the hostile bloc inside a place, with posture and nerve, as a commander sees it."""
    bloc = st.bloc_of(side)
    power = 0.0
    for other in range(st.N_ARMED):
        if hostile(now, bloc, other) and now.presence[other, place].inside > 0.0:
            steady = now.sides[st.leader_of(other)].morale * presence.nerve(
                now, other, False, False
            )
            power += now.presence[other, place].power * steady
    posture = combat.posture_of(now, place, 0, False)
    return combat.perceived(now, Decision.PERCEPTION, side, place, power) * posture


@compiled
def weigh_raid(now: Now, side: int, target: int, vehicles_most: float):
    """Best way for a side to raid one place, hostile or not.

    Returns:
        (utility, -inf when it cannot; origin, -1 when it cannot; men).
    Source: RULES R5.1, R2.1 (a raid needs an estimated chance to win).
    """
    bloc = st.bloc_of(side)
    spot = now.places[target]
    weights = now.sides[side]
    defence = defence_of(now, side, target)
    loot = loot_of(now, target, bloc)
    threat = threat_of(now, target, bloc)
    steady = weights.morale * presence.nerve(now, bloc, True, False)
    best = -math.inf
    origin = -1
    best_men = 0.0
    for p in range(len(now.places)):
        if now.presence[bloc, p].units <= 0.0 or (p == target and bloc != st.JIHADISTS):
            continue
        men, power = force_at(now, p, bloc, vehicles_most)
        stock = now.presence[bloc, p].stock
        if men <= 0.0 or stock < now.params.raid_supply_min * now.presence[bloc, p].men:
            continue
        days = now.routes[p, target].km / road.speed_of(now.params, side, 0.0, now.day)
        if days > now.params.raid_days_max:
            continue
        win = presence.estimate_win(now.params, power * steady, defence, 1.0)
        if win < now.params.raid_win_min:
            continue
        win = min(now.params.win_cap, win)
        u = utility(weights, spot, loot, threat, days, win)
        if u > best:
            best = u
            origin = p
            best_men = men
    return best, origin, best_men


@compiled
def weigh_target(now: Now, side: int, target: int):
    """What `choose_target` makes of one place as a target of a side's raid, before any draw.

    The chance of a choice is in proportion to exp(utility).

    Returns:
        (utility, -inf where a raid cannot go; origin, -1 where it cannot go; men).
    Source: RULES R5.1, R6.6 (S6).
    """
    if target_slot(now, target, st.bloc_of(side)) < 0 or protected(now, target):
        return -math.inf, -1, 0.0
    return weigh_raid(now, side, target, vehicles_cap(now, side))


@compiled
def choose_target(now: Now, side: int):
    """A side's choice of a base to attack: logit quantal response, by Gumbel draws per base.

    A base that becomes more attractive is never chosen less often, draw by draw.

    Returns:
        (target, origin, men, probability of this choice, whether it stands out among what is
        feasible); target -1 when nothing is feasible.
    Source: McKelvey and Palfrey 1995; RULES R5.1, R3.3.
    """
    chosen = origin = -1
    best = best_u = -math.inf
    men = total = sum_u = 0.0
    n_feasible = 0
    for target in range(len(now.places)):
        u, start, n = weigh_target(now, side, target)
        if start < 0:
            continue
        total += math.exp(u)
        sum_u += u
        n_feasible += 1
        g = u + gumbel(uniform(now.key, Decision.CHOICE, target * st.N_SIDES + side, now.day))
        if g > best:
            best = g
            best_u = u
            chosen = target
            origin = start
            men = n
    if chosen < 0:
        return chosen, origin, men, math.nan, False
    stands_out = best_u - sum_u / n_feasible > now.params.raid_vehicles_utility
    return chosen, origin, men, math.exp(best_u) / total, stands_out
