"""R5.5: separatists and GSIM - clash, avoid each other, or coordinate."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, binomial, erlang, poisson, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params, nearest_whole
from camphandover.core.rules import NOTED, rule
from camphandover.core.rules.combat import ambush_attrition
from camphandover.core.rules.movement import at_rest, lose_men, note_lost
from camphandover.core.rules.offensive import offensive_out
from camphandover.core.state import CLASH, COORDINATED, HOURS, TACIT, Clock, State, bloc_of


@compiled
def relation_hazards(params: Params, relation: int, in_the_centre: bool, army_attacks: bool):
    """Chances a day of the changes out of a state of relations.

    Returns:
        (chance of the first, its state, chance of the second, its state); a state of -1 is none.
    Source: RULES R5.5; the way back from coordination is judgement.
    """
    if relation == CLASH:
        return params.relate_tacit, TACIT, 0.0, -1
    if relation == TACIT:
        clash = params.relate_clash
        if in_the_centre:
            clash *= params.relate_clash_centre
        coordinate = params.relate_coordinated
        if army_attacks:
            coordinate *= params.relate_offensive
        return clash, CLASH, coordinate, COORDINATED
    return params.relate_apart, TACIT, 0.0, -1


@rule("R5.5", writes=("conflict.relation", "conflict.relation_cause"))
def change_relations(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Separatists and GSIM fall out, make up, or begin to coordinate. Source: RULES R5.5."""
    war = state.conflict[0]
    if state.switches[0].relation_fixed:
        return
    in_the_centre = clock.day - war.centre_day < params.relate_centre_days
    p_one, one, p_two, two = relation_hazards(
        params, war.relation, in_the_centre, offensive_out(state) >= 0
    )
    u = uniform(key, Decision.RELATION, war.relation, clock.day)
    new = -1
    chance = math.nan
    if u < p_one:
        new, chance = one, p_one
    elif u >= 1.0 - p_two:
        new, chance = two, p_two
    if new < 0:
        return
    hour = float(clock.day * HOURS)
    war.relation_cause = log.note(
        ledger, hour, log.RELATION, -1, -1, -1, float(new), chance, war.relation_cause
    )
    war.relation = new


@compiled
def first_unit(state: State, place: int, bloc: int):
    """First unit of a bloc that is at rest at a place, -1 when there is none."""
    for u in range(len(state.units)):
        unit = state.units[u]
        if (
            unit.place == place
            and unit.men > 0
            and bloc_of(unit.side) == bloc
            and at_rest(state, unit)
        ):
            return u
    return -1


@compiled
def ambush_unit(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    place: int,
    hunter: int,
    prey: int,
    hour: float,
    row: int,
):
    """One unit lies in wait for another one of the other group: an ambush of some hours.

    Source: Deitchman 1962; RULES R2.2, R5.5.
    """
    killer, victim = state.units[hunter], state.units[prey]
    left_h, left_p = killer.men, victim.men
    n_h, n_p = left_h, left_p
    shape = int(params.attrition_noise_shape)
    e_h = killer.quality * (1.0 + killer.loot) * state.sides[killer.side].morale
    e_p = victim.quality * (1.0 + victim.loot) * state.sides[victim.side].morale
    who = (3 << 24) + hunter
    for h in range(nearest_whole(params.ambush_hours)):
        t = int(hour) + h
        noise_p = erlang(shape, 1.0, uniform(key, Decision.NOISE_DEFENDER, who, t))
        noise_h = erlang(shape, 1.0, uniform(key, Decision.NOISE_ATTACKER, who, t))
        lam_p, lam_h = ambush_attrition(
            params, left_p, left_h, left_p * e_p, left_h * e_h, noise_p, noise_h
        )
        left_p -= min(left_p, poisson(lam_p, uniform(key, Decision.LOSS_DEFENDER, who, t)))
        left_h -= min(left_h, poisson(lam_h, uniform(key, Decision.LOSS_ATTACKER, who, t)))
    loss_p, loss_h = n_p - left_p, n_h - left_h
    dead_p = binomial(loss_p, params.killed_share, uniform(key, Decision.KILLED, who, int(hour)))
    again = uniform(key, Decision.KILLED, who + (1 << 24), int(hour))
    dead_h = binomial(loss_h, params.killed_share, again)
    lose_men(state, prey, dead_p, loss_p - dead_p, 0, 0)
    lose_men(state, hunter, dead_h, loss_h - dead_h, 0, 0)
    victim.fought = clock.day
    killer.fought = clock.day
    end = hour + params.ambush_hours
    note_lost(state, ledger, end, victim.side, killer.side, place, prey, row)
    note_lost(state, ledger, end, killer.side, victim.side, place, hunter, row)


@rule(
    "R5.5",
    writes=(
        "units.men",
        "units.fought",
        "sides.dead",
        *NOTED,
        "sides.wounded",
        "sides.captured",
        "sides.missing",
        "places.fights",
    ),
)
def skirmish(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """While they clash, a group lies in wait for the other where both stand. Source: R5.5."""
    war = state.conflict[0]
    if war.relation != CLASH:
        return
    hour = float(clock.day * HOURS) + params.ambush_hour
    for place in range(len(state.places)):
        if state.presence[1, place].men <= 0.0 or state.presence[2, place].men <= 0.0:
            continue
        u = uniform(key, Decision.SKIRMISH, place, clock.day)
        if u >= params.skirmish:
            continue
        hunter, prey = first_unit(state, place, 2), first_unit(state, place, 1)
        if u < 0.5 * params.skirmish:
            hunter, prey = prey, hunter
        if hunter < 0 or prey < 0:
            continue
        row = log.note(
            ledger, hour, log.SKIRMISH, state.units[hunter].side, place, hunter,
            float(state.units[hunter].men), params.skirmish, war.relation_cause,
        )  # fmt: skip
        state.places[place].fights |= 1
        ambush_unit(state, params, clock, key, ledger, place, hunter, prey, hour, row)
