"""R5.2, R5.5, R5.8: how often the armed groups attack, alone or together."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, erlang, uniform
from camphandover.core.now import Now, note
from camphandover.core.rules import ORDERS, rule, strategy


@compiled
def mean_interval(now: Now, side: int):
    """Mean days between the large attacks of a group.

    Harm by the army and Wagner makes attacks more frequent, less, or neither.
    Source: RULES R5.2 (tempo), R4.4 (structural switch).
    """
    params = now.params
    mean = params.raid_interval_separatists if side == st.SEPARATISTS else params.raid_interval_gsim
    if not now.switches.loop:
        return mean
    return mean / (1.0 + now.switches.harm * params.harm_attacks * now.conflict.harmed)


@compiled
def next_interval(now: Now, side: int, hour: float):
    """Days until a group's next large attack: gamma around the tempo. Source: RULES R5.2."""
    mean = mean_interval(now, side)
    return erlang(
        int(now.params.raid_shape), mean, uniform(now.key, Decision.TEMPO, side, int(hour))
    )


@compiled
def near_buffer(now: Now, place: int):
    """Whether the UN stands as a buffer within its distance of a place. Source: R6.6 (S2)."""
    for p, spot in enumerate(now.places):
        if (
            spot.buffer
            and spot.camp_holder == st.UN_HOLDER
            and now.routes[p, place].km <= now.params.buffer_km
        ):
            return True
    return False


@compiled
def held_back(now: Now, side: int):
    """Whether a due attack is not made: a truce, or separatists who turned to the roads.

    Source: RULES R7.2 (raids x .3), R5.8.
    """
    if side != st.SEPARATISTS:
        return False
    u = uniform(now.key, Decision.TEMPO_THINNING, side, now.day)
    if now.conflict.truce and u >= now.params.truce_raid_factor:
        return True
    u = uniform(now.key, Decision.GUERRILLA_THINNING, side, now.day)
    return now.conflict.guerrilla == 1 and u >= now.params.guerrilla_raids


@compiled
def send_raid(
    now: Now, side: int, origin: int, target: int, men: float, vehicles: float, p: float, cause: int
):
    """Write the order of a raid; returns its ledger row."""
    row = note(now, now.start, log.ORDER, side, target, cause, amount=men, p=p, mission=st.RAID)
    strategy.place_order(
        now, side, st.RAID, origin, target, max(1, int(men)), int(vehicles), 1, row
    )
    if side == st.SEPARATISTS and now.places[target].centre:
        now.conflict.centre_day = now.day
    return row


@compiled
def act_together(now: Now, side: int, target: int, cause: int):
    """The other group joins an attack, or makes its own within days, while they coordinate.

    Source: RULES R5.5 (separate attacks within 3 days; weight of a joint assault), V5.
    """
    relation = now.conflict.relation
    if relation < st.COORDINATED:
        return
    other = st.SEPARATISTS + st.GSIM - side
    partner = now.sides[other]
    if partner.commanded or held_back(now, other):
        return
    if other == st.SEPARATISTS and now.conflict.rung < now.params.raid_escalation:
        return
    u = uniform(now.key, Decision.JOINT_ASSAULT, other, now.day)
    if relation == st.MERGED or u < now.params.joint_assault:
        cap = strategy.vehicles_cap(now, other)
        _, origin, men = strategy.weigh_raid(now, other, target, cap)
        if origin >= 0:
            p = math.nan if relation == st.MERGED else now.params.joint_assault
            send_raid(now, other, origin, target, men, cap, p, cause)
            interval = next_interval(now, other, now.start)
            partner.next_attack = max(partner.next_attack, now.start + st.HOURS * interval)
            return
    u = uniform(now.key, Decision.COORDINATED_DAY, other, now.day)
    soon = now.start + u * now.params.coordinated_days * st.HOURS
    if soon < partner.next_attack:
        partner.next_attack = soon
        partner.pulled = 1


@compiled
def raid(now: Now, side: int, cause: int):
    """Choose a target and order the raid; a truce or a buffer may hold it back.

    Returns:
        Whether the group is done with this attack; it is not while it finds no target.
    """
    if held_back(now, side):
        return True
    cap = strategy.vehicles_cap(now, side)
    target, origin, men, p, stands_out = strategy.choose_target(now, side)
    if target < 0:
        return False
    if near_buffer(now, target):
        u = uniform(now.key, Decision.BUFFER, target * st.N_SIDES + side, now.day)
        if u >= now.params.buffer_factor:
            return True
    if stands_out and not (side == st.SEPARATISTS and now.conflict.guerrilla):
        cap = max(cap, now.params.raid_vehicles_open)
        _, origin, men = strategy.weigh_raid(now, side, target, cap)
    row = send_raid(now, side, origin, target, men, cap, p, cause)
    if not now.sides[side].pulled:
        act_together(now, side, target, row)
    return True


@rule("R5.2", ORDERS, sides="next_attack pulled", conflict="centre_day")
def order_raids(now: Now):
    """Separatists and GSIM order their next large attack when it is due.

    The separatists attack once the rung of escalation allows it, and rarer under a truce; a UN
    buffer makes attacks around it rarer. Source: RULES R5.1, R5.2, R6.6 (S2), R7.2.
    """
    for side in (st.SEPARATISTS, st.GSIM):
        commander = now.sides[side]
        if now.day == now.first:
            # the groups are somewhere between two attacks when the window opens
            u = uniform(now.key, Decision.TEMPO_START, side, 0)
            commander.next_attack = now.start + u * st.HOURS * mean_interval(now, side)
        if commander.commanded:
            continue
        if side == st.SEPARATISTS and now.conflict.rung < now.params.raid_escalation:
            commander.next_attack = max(commander.next_attack, now.start)
            continue
        if commander.next_attack >= now.start + st.HOURS:
            continue
        cause = now.conflict.rung_cause if side == st.SEPARATISTS else -1
        if now.conflict.relation >= st.COORDINATED and commander.pulled:
            cause = now.conflict.relation_cause
        due = commander.next_attack
        if not raid(now, side, cause):
            continue  # no target today: it looks again tomorrow
        commander.pulled = 0
        commander.next_attack = max(due, now.start) + st.HOURS * next_interval(now, side, now.start)
