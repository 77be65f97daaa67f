"""R5.4, R2.6: what the army keeps where, what it gives up, and how it relieves a lost post."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision
from camphandover.core.now import Now, is_nearer, note, rung_now, target_slot
from camphandover.core.rules import (
    HOLD,
    MARCH,
    ORDERS,
    combat,
    control,
    movement,
    presence,
    rule,
    strategy,
)


@compiled
def is_the_armys(now: Now, place: int):
    """Whether the army holds the camp or the town of a place."""
    return st.held_by(now.places[place], st.STATE)


@compiled
def ordered_from(now: Now, place: int):
    """Whether the army has ordered men away from a place today."""
    for i in range(now.queue.used):
        if now.orders[i].side == st.ARMY and now.orders[i].origin == place:
            return True
    return False


@compiled
def nearest_spare(now: Now, place: int, men: float, range_km: float):
    """Nearest army place that can spare these men and keep its margin, -1 if there is none."""
    best = -1
    for p in range(len(now.places)):
        if (
            p != place
            and is_the_armys(now, p)
            and not ordered_from(now, p)
            and now.routes[p, place].km <= range_km
            and strategy.spare_men(now, p, st.STATE) >= men + strategy.kept_back(now, p)
            and is_nearer(now, place, p, best)
        ):
            best = p
    return best


@rule("R5.4", ORDERS)
def keep_garrisons(now: Now):
    """The army moves companies to its places that have too few men, and into camps left empty.

    Source: RULES R5.4; a camp whose captor has left is taken back (R2.6).
    """
    params = now.params
    if now.sides[st.ARMY].commanded:
        return
    for place, spot in enumerate(now.places):
        left = (
            spot.exit_hour < st.NEVER and spot.receiver != st.TO_SEPARATISTS and not spot.given_up
        )
        abandoned = spot.camp_holder == st.NOBODY and (spot.lost_hour < st.NEVER or left)
        if not abandoned and not is_the_armys(now, place):
            continue
        cell = now.presence[st.STATE, place]
        lacking = strategy.garrison_need(now, place) - cell.inside - cell.incoming
        if lacking < params.garrison_min and not (abandoned and cell.inside + cell.incoming <= 0.0):
            continue
        donor = nearest_spare(now, place, params.men_garrison, params.transfer_range_km)
        if donor < 0:
            continue
        mission = st.OCCUPY if abandoned else st.TRANSFER
        strategy.order(now, st.ARMY, mission, donor, place, lacking, cause=spot.camp_cause)


@compiled
def posts_near(now: Now, place: int):
    """The army's camps within reach of the groups around a place, itself one of them."""
    n = 0
    for p, spot in enumerate(now.places):
        if spot.camp_holder == st.STATE and now.routes[p, place].km <= now.params.abandon_range_km:
            n += 1
    return max(1, n)


@compiled
def p_hold(now: Now, place: int):
    """The army's estimate of the chance to hold a post for a week.

    Each group within reach attacks one of the posts around at its tempo, and wins with its
    estimated chance. Source: RULES R5.4 (P_hold), R5.2 (tempo).
    """
    cell = now.presence[st.STATE, place]
    n_posts = posts_near(now, place)
    hold = 1.0
    for bloc in st.GROUPS:
        side = st.leader_of(bloc)
        if side == st.SEPARATISTS and rung_now(now) < now.params.raid_escalation:
            continue
        power = 0.0
        cap = strategy.vehicles_cap(now, side)
        for p in range(len(now.places)):
            near = now.routes[p, place].km <= now.params.abandon_range_km
            if near and now.presence[bloc, p].men > 0.0:
                power += strategy.force_at(now, p, bloc, cap)[1]
        if power <= 0.0:
            continue
        seen = combat.perceived(
            now, Decision.PERCEPTION_HOLD, st.ARMY, place * st.N_BLOCS + bloc, power
        )
        own = cell.power * now.params.posture_prepared * now.sides[st.ARMY].morale
        own *= presence.nerve(now, st.STATE, False, False)
        seen *= now.sides[side].morale * presence.nerve(now, bloc, True, False)
        win = presence.estimate_win(now.params, seen, own, 1.0)
        tempo = (
            now.params.raid_interval_separatists
            if side == st.SEPARATISTS
            else now.params.raid_interval_gsim
        )
        attacked = 1.0 - math.exp(-now.params.abandon_hold_days / tempo / n_posts)
        hold *= 1.0 - attacked * win
    return hold


@rule("R5.4", MARCH, HOLD)
def abandon_posts(now: Now):
    """The army gives up a post of little worth that starves or cannot be held.

    Source: RULES R5.4; places of higher symbolic value are never given up.
    """
    if now.sides[st.ARMY].commanded:
        return
    hour = now.end - control.DUSK
    for place, spot in enumerate(now.places):
        if (
            spot.camp_holder != st.STATE
            or spot.symbolic >= now.params.abandon_symbolic
            or now.presence[st.STATE, place].inside <= 0.0
        ):
            continue
        short = now.presence[st.STATE, place].low_days
        starved = now.params.abandon_days <= short < presence.NO_UNITS
        fresh = now.day - now.presence[st.STATE, place].latest < now.params.abandon_days
        p = 1.0 if starved or fresh else p_hold(now, place)
        if starved or p < now.params.abandon_hold_p:
            cause = spot.camp_cause
            row = note(now, hour, log.ABANDON, st.ARMY, place, cause, amount=starved)
            control.evacuate(now, place, st.STATE, hour, row)
            row = control.empty_camp(now, place, st.ARMY, hour, row)
            spot.lost_hour = st.NEVER
            spot.given_up = 1
            if spot.town_holder == st.STATE:
                control.set_holder(now, place, st.TOWN, st.NOBODY, st.ARMY, hour, row)
            control.offer(now, place, hour, now.params.vacated_enter_hours, row)


@compiled
def relief_men(now: Now, place: int):
    """Men that an army place can send away to relieve another. Source: RULES R2.6."""
    return strategy.spare_men(now, place, st.STATE) - strategy.kept_back(now, place)


@compiled
def relief_base(now: Now, place: int, defence: float):
    """Nearest army place from which a relief could win, -1 when there is none. Source: R2.6."""
    best = -1
    seen = combat.perceived(now, Decision.PERCEPTION, st.ARMY, place, defence)
    for p in range(len(now.places)):
        cell = now.presence[st.STATE, p]
        if (
            p == place
            or now.routes[p, place].km > now.params.relief_range_km
            or cell.men <= 0.0
            or cell.stock < now.params.relief_supply_min * cell.men
            or ordered_from(now, p)
        ):
            continue
        men = relief_men(now, p)
        if men < now.params.garrison_min:
            continue
        n, power = strategy.force_at(now, p, st.STATE, float(movement.ANY_NUMBER))
        power *= men / n
        power *= now.sides[st.ARMY].morale * presence.nerve(now, st.STATE, True, False)
        if presence.estimate_win(now.params, power, seen, 0.0) < now.params.assault_win_min:
            continue
        if is_nearer(now, place, p, best):
            best = p
    return best


@compiled
def gather(now: Now, place: int, hour: float, cause: int):
    """Scattered army men go back into a base that is the army's or nobody's, else march away."""
    spot = now.places[place]
    slot = -1
    if spot.camp_holder == st.STATE or spot.camp_holder == st.NOBODY:
        slot = st.CAMP
    elif spot.town_holder == st.STATE or spot.town_holder == st.NOBODY:
        slot = st.TOWN
    if slot < 0:
        if now.presence[st.STATE, place].inside <= 0.0:
            control.evacuate(now, place, st.STATE, hour, cause)
        return
    control.set_holder(now, place, slot, st.STATE, st.ARMY, hour, cause)
    movement.station(now, place, st.STATE, slot)


@rule("R2.6", MARCH, HOLD, ORDERS)
def relieve_posts(now: Now):
    """The army sends relief to a base that was taken from it, and calls its scattered men back.

    A relief needs men within range with stock, and an estimated chance to win.
    Source: RULES R2.6.
    """
    if now.sides[st.ARMY].commanded:
        return
    hour = now.start
    for place, spot in enumerate(now.places):
        cell = now.presence[st.STATE, place]
        hidden = cell.men - cell.inside
        if hidden > 0.0 and hour - max(spot.camp_since, spot.town_since) > now.params.scatter_hours:
            gather(now, place, hour, spot.camp_cause)
        slot = target_slot(now, place, st.STATE)
        if slot < 0 or cell.incoming > 0.0:
            continue
        lost = spot.lost_hour if slot == st.CAMP else spot.town_lost
        if lost == st.NEVER or hour - lost > now.params.relief_days * st.HOURS:
            continue
        foe = combat.defender_of(now, place, st.STATE)
        if foe < 0:
            continue
        defence = now.presence[foe, place].power * now.params.posture_raider
        defence *= now.sides[st.leader_of(foe)].morale * presence.nerve(now, foe, False, False)
        origin = relief_base(now, place, defence)
        if origin < 0:
            continue
        men = relief_men(now, origin)
        strategy.order(now, st.ARMY, st.RELIEF, origin, place, men, cause=spot.camp_cause)


@rule("R5.4", ORDERS)
def send_home(now: Now):
    """Men who were sent to win a place, and are more than it needs, go back to their base.

    One order a day for each place. Source: RULES R5.4 (garrisons).
    """
    if now.sides[st.ARMY].commanded:
        return
    for u, unit in enumerate(now.units):
        place = unit.place
        if (
            unit.home == place
            or unit.column >= 0
            or unit.men <= 0
            or st.bloc_of(unit.side) != st.STATE
            or now.day - unit.since < now.params.settle_days
            or not (is_the_armys(now, place) and is_the_armys(now, unit.home))
        ):
            continue
        spare = strategy.spare_men(now, place, st.STATE)
        if spare < unit.men or ordered_from(now, place):
            continue
        cause = now.places[place].camp_cause
        strategy.order(now, st.ARMY, st.WITHDRAW, place, unit.home, spare, cause=cause, entity=u)
