"""R5.2, R5.5, R5.8: how often the armed groups attack, alone or together."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, erlang, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.rules.strategy import choose_target, place_order, vehicles_cap, weigh_target
from camphandover.core.state import (
    COORDINATED,
    GSIM,
    HOURS,
    MERGED,
    N_SIDES,
    RAID,
    SEPARATISTS,
    UN_HOLDER,
    Clock,
    State,
)


@compiled
def mean_interval(state: State, params: Params, side: int):
    """Mean days between the large attacks of a group.

    Harm by the army and Wagner makes attacks more frequent, less, or neither.
    Source: RULES R5.2 (tempo), R4.4 (structural switch).
    """
    mean = params.raid_interval_separatists if side == SEPARATISTS else params.raid_interval_gsim
    switches = state.switches[0]
    if not switches.loop:
        return mean
    return mean / (1.0 + switches.harm * params.harm_attacks * state.conflict[0].harmed)


@compiled
def next_interval(state: State, params: Params, key: Key, side: int, hour: float):
    """Days until a group's next large attack: gamma around the tempo. Source: RULES R5.2."""
    mean = mean_interval(state, params, side)
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
def held_back(state: State, params: Params, clock: Clock, key: Key, side: int):
    """Whether a due attack is not made: a truce, or separatists who turned to the roads.

    Source: RULES R7.2 (raids x .3), R5.8.
    """
    if side != SEPARATISTS:
        return False
    u = uniform(key, Decision.TEMPO_THINNING, side, clock.day)
    if state.conflict[0].truce and u >= params.truce_raid_factor:
        return True
    u = uniform(key, Decision.GUERRILLA_THINNING, side, clock.day)
    return state.conflict[0].guerrilla == 1 and u >= params.guerrilla_raids


@compiled
def send_raid(
    state: State,
    params: Params,
    clock: Clock,
    ledger: Ledger,
    side: int,
    origin: int,
    target: int,
    men: float,
    vehicles: float,
    p: float,
    cause: int,
):
    """Write the order of a raid; returns its ledger row."""
    hour = float(clock.day * HOURS)
    row = log.note(ledger, hour, log.ORDER, side, target, -1, men, p, cause)
    log.with_mission(ledger, row, RAID)
    place_order(state, side, RAID, origin, target, max(1, int(men)), int(vehicles), 1, row)
    if side == SEPARATISTS and state.places[target].centre:
        state.conflict[0].centre_day = clock.day
    return row


@compiled
def act_together(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    side: int,
    target: int,
    cause: int,
):
    """The other group joins an attack, or makes its own within days, while they coordinate.

    Source: RULES R5.5 (separate attacks within 3 days; weight of a joint assault), V5.
    """
    relation = state.conflict[0].relation
    if relation < COORDINATED:
        return
    other = SEPARATISTS + GSIM - side
    partner = state.sides[other]
    if partner.commanded or held_back(state, params, clock, key, other):
        return
    if other == SEPARATISTS and state.conflict[0].rung < params.raid_escalation:
        return
    hour = float(clock.day * HOURS)
    u = uniform(key, Decision.JOINT_ASSAULT, other, clock.day)
    if relation == MERGED or u < params.joint_assault:
        cap = vehicles_cap(state, params, other)
        _, origin, men, _ = weigh_target(
            state, params, clock, key, other, target, cap, params.raid_days_max
        )
        if origin >= 0:
            p = math.nan if relation == MERGED else params.joint_assault
            send_raid(state, params, clock, ledger, other, origin, target, men, cap, p, cause)
            interval = next_interval(state, params, key, other, hour)
            partner.next_attack = max(partner.next_attack, hour + HOURS * interval)
            return
    u = uniform(key, Decision.COORDINATED_DAY, other, clock.day)
    soon = hour + u * params.coordinated_days * HOURS
    if soon < partner.next_attack:
        partner.next_attack = soon
        partner.pulled = 1


@compiled
def raid(
    state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, side: int, cause: int
):
    """Choose a target and order the raid; a truce or a buffer may hold it back.

    Returns:
        Whether the group is done with this attack; it is not while it finds no target.
    """
    if held_back(state, params, clock, key, side):
        return True
    cap = vehicles_cap(state, params, side)
    target, origin, men, p, stands_out = choose_target(
        state, params, clock, key, side, cap, params.raid_days_max
    )
    if target < 0:
        return False
    if near_buffer(state, params, target):
        u = uniform(key, Decision.BUFFER, target * N_SIDES + side, clock.day)
        if u >= params.buffer_factor:
            return True
    if stands_out and not (side == SEPARATISTS and state.conflict[0].guerrilla):
        cap = max(cap, params.raid_vehicles_open)
        _, origin, men, _ = weigh_target(
            state, params, clock, key, side, target, cap, params.raid_days_max
        )
    row = send_raid(state, params, clock, ledger, side, origin, target, men, cap, p, cause)
    if not state.sides[side].pulled:
        act_together(state, params, clock, key, ledger, side, target, row)
    return True


@rule(
    "R5.2",
    writes=("sides.next_attack", "sides.pulled", "conflict.centre_day", "orders", "queue"),
)
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
            commander.next_attack = hour + u * HOURS * mean_interval(state, params, side)
        if commander.commanded:
            continue
        if side == SEPARATISTS and state.conflict[0].rung < params.raid_escalation:
            commander.next_attack = max(commander.next_attack, hour)
            continue
        if commander.next_attack >= hour + HOURS:
            continue
        cause = state.conflict[0].rung_cause if side == SEPARATISTS else -1
        if state.conflict[0].relation >= COORDINATED and commander.pulled:
            cause = state.conflict[0].relation_cause
        due = commander.next_attack
        if not raid(state, params, clock, key, ledger, side, cause):
            continue  # no target today: it looks again tomorrow
        commander.pulled = 0
        commander.next_attack = max(due, hour) + HOURS * next_interval(
            state, params, key, side, hour
        )
