"""R1.1, R1.4, R2.2: orders become columns, side by side in random order; columns are ambushed."""

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, binomial, erlang, poisson, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params, nearest_whole
from camphandover.core.rules import MARCH, NOTED, rule
from camphandover.core.rules.combat import (
    ambush_attrition,
    breakpoint,
    breakpoint_table,
    casualties,
    mark_contact,
    muster,
)
from camphandover.core.rules.control import go_home
from camphandover.core.rules.movement import form_column, lose_men, nearest_place, note_lost
from camphandover.core.state import (
    HOURS,
    MOVING,
    N_SIDES,
    OFFENSIVE,
    SEPARATISTS,
    Clock,
    State,
    bloc_of,
    rung_now,
)

AMBUSH = 2**24
AMBUSHER = 2**25
"""Ids of an ambush and of its ambusher, for the draws: apart from those of battles."""


@compiled
def actor_order(state: State, rank: int):
    """The side that moves as number `rank` today, by the turns that were drawn. Source: R1.1."""
    for side in range(N_SIDES):
        before = 0
        for other in range(N_SIDES):
            if state.sides[other].turn < state.sides[side].turn:
                before += 1
        if before == rank:
            return side
    return rank


@rule("R1.1", writes=(*MARCH, "queue", "sides.turn"))
def carry_out_orders(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Form a column for each order of the day, the sides in random order, offensives first.

    The order is drawn anew each day. Source: RULES R1.1.
    """
    n = state.queue[0].used
    if n == 0:
        return
    hour = float(clock.day * HOURS)
    for side in range(N_SIDES):
        state.sides[side].turn = uniform(key, Decision.ACTOR_ORDER, side, clock.day)
    for turn in range(2 * N_SIDES):
        side = actor_order(state, turn // 2)
        for i in range(n):
            order = state.orders[i]
            if order.side != side or (order.mission == OFFENSIVE) != (turn % 2 == 0):
                continue
            c = form_column(
                state, params, key, ledger, hour, order.side, order.mission, order.origin,
                order.target, order.men, order.vehicles, order.cause,
            )  # fmt: skip
            if c >= 0:
                state.columns[c].surprise = order.surprise
    state.queue[0].used = 0


@compiled
def ambusher_at(state: State, params: Params, place: int, target: int):
    """Armed bloc that would ambush the army at a place: the one with more men, -1 when none.

    The separatists lie in wait in open war, and before that for a column that comes for a
    place of theirs. Source: RULES R2.2 (ambush), R7.1.
    """
    attacked = state.places[target].town_holder == 1 or state.places[target].camp_holder == 1
    best = -1
    most = 0.0
    for bloc in (1, 2):
        peace = rung_now(state) < params.raid_escalation
        if bloc + 1 == SEPARATISTS and peace and not attacked:
            continue
        if state.presence[bloc, place].men > most:
            best = bloc
            most = state.presence[bloc, place].men
    return best


@compiled
def wait_in_ambush(state: State, place: int, bloc: int):
    """The ambush party: first unit of the bloc at the place that is free, -1 when none is."""
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.place == place and unit.men > 0 and unit.column < 0 and bloc_of(unit.side) == bloc:
            return u
    return -1


@compiled
def lose_in_unit(state: State, params: Params, key: Key, u: int, loss: int, who: int, hour: int):
    """Book one unit's casualties, killed and wounded."""
    dead = binomial(loss, params.killed_share, uniform(key, Decision.KILLED, who, hour))
    lose_men(state, u, dead, loss - dead, 0, 0)


@compiled
def turn_back(
    state: State,
    params: Params,
    key: Key,
    ledger: Ledger,
    c: int,
    place: int,
    hour: float,
    cause: int,
):
    """A column broken on the road goes home from where it is."""
    state.columns[c].stop = place
    for u in range(len(state.units)):
        if state.units[u].column == c:
            state.units[u].place = place
    go_home(state, params, key, ledger, c, hour, cause)


@compiled
def spring(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    c: int,
    place: int,
    bloc: int,
    hour: float,
    chance: float,
):
    """One ambush, hour by hour, until one side breaks or its hours are over. Source: R2.2, R2.3."""
    column = state.columns[c]
    u = wait_in_ambush(state, place, bloc)
    if u < 0:
        return
    group = state.units[u]
    n_c, power_c, _, _, kind_c, _ = muster(state, params, c, place, 0)
    n_a = group.men
    if n_c <= 0:
        return
    row = log.note(ledger, hour, log.AMBUSH, group.side, place, u, float(n_a), chance, column.cause)
    morale = state.sides[column.side].morale
    e_a = group.quality * (1.0 + group.loot) * state.sides[group.side].morale
    who = AMBUSH + column.lead
    start = int(hour)
    theta_c = breakpoint(
        params,
        breakpoint_table(kind_c, column.side, True, column.mission),
        morale,
        uniform(key, Decision.BREAK_DEFENDER, who, start),
    )
    theta_a = breakpoint(
        params,
        breakpoint_table(group.kind, group.side, True, 0),
        state.sides[group.side].morale,
        uniform(key, Decision.BREAK_ATTACKER, who, start),
    )
    left_c, left_a = n_c, n_a
    broken = False
    for h in range(nearest_whole(params.ambush_hours)):
        t = start + h
        noise_c = erlang(
            int(params.attrition_noise_shape), 1.0, uniform(key, Decision.NOISE_DEFENDER, who, t)
        )
        noise_a = erlang(
            int(params.attrition_noise_shape), 1.0, uniform(key, Decision.NOISE_ATTACKER, who, t)
        )
        lam_c, lam_a = ambush_attrition(
            params, left_c, left_a, left_c * power_c / n_c, left_a * e_a, noise_c, noise_a
        )
        left_c -= min(left_c, poisson(lam_c, uniform(key, Decision.LOSS_DEFENDER, who, t)))
        left_a -= min(left_a, poisson(lam_a, uniform(key, Decision.LOSS_ATTACKER, who, t)))
        if n_c - left_c >= theta_c * n_c:
            broken = True
        if broken or n_a - left_a >= theta_a * n_a:
            break
    casualties(state, params, key, c, place, 0, n_c, n_c - left_c, who, start)
    lose_in_unit(state, params, key, u, n_a - left_a, AMBUSHER + who, start)
    bloc_c = bloc_of(column.side)
    mark_contact(state, place, clock.day, bloc_c, bloc, hour, row)
    group.fought = clock.day
    for k in range(len(state.units)):
        if state.units[k].column == c:
            state.units[k].fought = clock.day
    end = hour + 1.0
    note_lost(state, ledger, end, column.side, group.side, place, column.lead, row)
    note_lost(state, ledger, end, group.side, column.side, place, u, row)
    if broken:
        turn_back(state, params, key, ledger, c, place, hour + params.ambush_hours, row)


@rule(
    "R2.2",
    writes=(
        *MARCH,
        "units.men",
        "units.fought",
        "sides.dead",
        *NOTED,
        "sides.wounded",
        "places.fights",
        "places.contact",
        "places.contact_cause",
        "recent.attacks",
    ),
)
def ambush_columns(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Army columns on the road are ambushed where an armed group is strong.

    The column fires blind, the ambusher aimed; a column that breaks turns back. Separatists who
    have lost their core do it more often. Source: Deitchman 1962; RULES R2.2, R5.8.
    """
    midday = float(clock.day * HOURS) + params.ambush_hour
    for c in range(len(state.columns)):
        column = state.columns[c]
        if column.status != MOVING or bloc_of(column.side) != 0:
            continue
        hour = max(float(clock.day * HOURS), min(midday, column.arrive))
        if column.depart > hour:
            continue
        place = nearest_place(state, column, hour)
        bloc = ambusher_at(state, params, place, column.target)
        if bloc < 0 or place == column.origin:
            continue
        chance = params.ambush_p * state.presence[bloc, place].phi
        if bloc + 1 == SEPARATISTS and state.conflict[0].guerrilla:
            chance = min(1.0, chance * params.guerrilla_roads)
        if uniform(key, Decision.AMBUSH, column.lead, clock.day) < chance:
            spring(state, params, clock, key, ledger, c, place, bloc, hour, chance)
