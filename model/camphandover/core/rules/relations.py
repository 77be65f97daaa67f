"""R5.5: separatists and GSIM - clash, avoid each other, or coordinate."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, uniform
from camphandover.core.now import Now, note
from camphandover.core.parameters import Params
from camphandover.core.rules import LOSSES, combat, movement, offensive, rule

LURKERS = 3 << 24
"""Ids of these ambushes, for the draws: apart from those of battles and the army's columns."""


@compiled
def relation_hazards(params: Params, relation: int, in_the_centre: bool, army_attacks: bool):
    """Chances a day of the changes out of a state of relations.

    Returns:
        (chance of the first, its state, chance of the second, its state); a state of -1 is none.
    Source: RULES R5.5; the way back from coordination is judgement.
    """
    if relation == st.CLASH:
        return params.relate_tacit, st.TACIT, 0.0, -1
    if relation == st.TACIT:
        clash = params.relate_clash
        if in_the_centre:
            clash *= params.relate_clash_centre
        coordinate = params.relate_coordinated
        if army_attacks:
            coordinate *= params.relate_offensive
        return clash, st.CLASH, coordinate, st.COORDINATED
    return params.relate_apart, st.TACIT, 0.0, -1


@rule("R5.5", conflict="relation relation_cause")
def change_relations(now: Now):
    """Separatists and GSIM fall out, make up, or begin to coordinate. Source: RULES R5.5."""
    if now.switches.relation_fixed:
        return
    in_the_centre = now.day - now.conflict.centre_day < now.params.relate_centre_days
    p_one, one, p_two, two = relation_hazards(
        now.params, now.conflict.relation, in_the_centre, offensive.offensive_out(now) >= 0
    )
    u = uniform(now.key, Decision.RELATION, now.conflict.relation, now.day)
    new = -1
    chance = math.nan
    if u < p_one:
        new, chance = one, p_one
    elif u >= 1.0 - p_two:
        new, chance = two, p_two
    if new < 0:
        return
    now.conflict.relation_cause = note(
        now, now.start, log.RELATION, cause=now.conflict.relation_cause, amount=new, p=chance
    )
    now.conflict.relation = new


@compiled
def ambush_unit(now: Now, place: int, hunter: int, prey: int, hour: float, row: int):
    """One unit lies in wait for another one of the other group: an ambush of some hours.

    Source: Deitchman 1962; RULES R2.2, R5.5.
    """
    killer, victim = now.units[hunter], now.units[prey]
    who = LURKERS + hunter
    start = int(hour)
    loss_p, loss_h, _ = combat.ambush(
        now,
        combat.force_of_unit(now, prey, math.inf),
        combat.force_of_unit(now, hunter, math.inf),
        who,
        start,
    )
    combat.lose_in_unit(now, prey, loss_p, who, start)
    combat.lose_in_unit(now, hunter, loss_h, who + (1 << 24), start)
    end = hour + now.params.ambush_hours
    movement.note_lost(now, end, victim.side, killer.side, place, prey, row)
    movement.note_lost(now, end, killer.side, victim.side, place, hunter, row)


@rule("R5.5", LOSSES, units="fought", places="fights")
def skirmish(now: Now):
    """While they clash, a group lies in wait for the other where both stand. Source: R5.5."""
    if now.conflict.relation != st.CLASH:
        return
    hour = now.start + now.params.ambush_hour
    for place, spot in enumerate(now.places):
        if (
            now.presence[st.REBELS, place].men <= 0.0
            or now.presence[st.JIHADISTS, place].men <= 0.0
        ):
            continue
        u = uniform(now.key, Decision.SKIRMISH, place, now.day)
        if u >= now.params.skirmish:
            continue
        hunter = combat.first_in(now, place, st.JIHADISTS)
        prey = combat.first_in(now, place, st.REBELS)
        if u < 0.5 * now.params.skirmish:
            hunter, prey = prey, hunter
        if hunter < 0 or prey < 0:
            continue
        unit, cause, chance = now.units[hunter], now.conflict.relation_cause, now.params.skirmish
        row = note(now, hour, log.SKIRMISH, unit.side, place, cause, hunter, unit.men, chance)
        spot.fights |= 1
        ambush_unit(now, place, hunter, prey, hour, row)
