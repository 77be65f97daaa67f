"""R2.1-R2.3, R2.7: columns that have arrived - settle, attack, refuse battle, turn back."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, uniform
from camphandover.core.now import Now, note, target_slot
from camphandover.core.parameters import nearest_whole
from camphandover.core.rules import (
    HOLD,
    LOSSES,
    MARCH,
    columns,
    combat,
    control,
    holding,
    movement,
    presence,
    rout,
    rule,
)

FIGHT = columns(
    LOSSES,
    units="vehicles loot missing return_day missing_cause fought",
    sides="vehicles_lost vehicles_looted",
    places="fights contact contact_cause looted_day",
    recent="attacks",
)
"""What a fight writes."""


LEADS = 4096
"""More units than there are: keeps the ids of fights apart, for the draws."""


@compiled
def next_act(now: Now, before: float):
    """Column that waits to act, with the earliest hour before `before`; -1 when none does."""
    best = -1
    for c, column in enumerate(now.columns):
        if (
            column.status == st.ENGAGED
            and column.act < before
            and (best < 0 or column.act < now.columns[best].act)
        ):
            best = c
    return best


@compiled
def hide(now: Now, c: int):
    """A column that finds its refuge taken goes into the country around it."""
    movement.take_slot(now, c, st.COUNTRY)
    movement.disband(now, c)


@compiled
def approach(now: Now, c: int, foe: int, hour: float):
    """How a raid comes upon the base.

    Returns:
        (hours of surprise, chance of what the draw said; nan when nothing was drawn).
    Source: RULES R2.1; the suicide vehicle acts as surprise for its hour.
    """
    column = now.columns[c]
    chance = math.nan
    if column.surprise:
        column.surprise = 0
        chance = combat.p_surprise(now, column.stop, foe)
        if uniform(now.key, Decision.SURPRISE, column.lead, int(hour)) < chance:
            return int(now.params.surprise_hours), chance
        chance = 1.0 - chance
        if column.side == st.GSIM:
            u = uniform(now.key, Decision.VBIED, column.lead, int(hour))
            if u < now.params.vbied_surprise:
                return int(now.params.surprise_hours_vbied), now.params.vbied_surprise
    return 0, chance


@compiled
def holds(now: Now, place: int, side: int):
    """Whether a side's bloc has the camp or the town of a place."""
    spot = now.places[place]
    bloc = st.bloc_of(side)
    return st.held_by(spot, bloc)


@compiled
def fall_back(now: Now, c: int, place: int, hour: float, cause: int):
    """An offensive returns to its last base, and refits there before it looks further."""
    column = now.columns[c]
    here = column.stop
    column.target = place
    column.days = holding.REFIT
    column.cause = movement.note_column(now, hour, log.WITHDRAW, c, cause)
    movement.begin_leg(now, c, here, hour, now.params.depart_delay)


@compiled
def stand_back(now: Now, c: int, hour: float, cause: int):
    """After a day without a decision: a raid goes home, a deliberate assault tries again tomorrow.

    A broken or exhausted assault goes home too; an offensive falls back on the base that it came
    from, if that is still its own. Source: RULES R2.2 (no break in 8 h fails), R2.7, R5.3.
    """
    column = now.columns[c]
    column.days += 1
    deliberate = column.mission == st.OFFENSIVE or column.mission == st.OCCUPY
    if deliberate and column.days < now.params.assault_days_max:
        column.act = combat.dawn(now.params, now.day + 1)
        return
    back = column.origin
    if column.mission == st.OFFENSIVE and back != column.stop and holds(now, back, column.side):
        fall_back(now, c, back, hour, cause)
        return
    control.go_home(now, c, hour, cause)


@compiled
def leave(now: Now, c: int, foe: int, hour: float, p: float, cause: int):
    """The defender leaves the base to the column. Source: RULES R2.7."""
    place = now.columns[c].stop
    first = combat.muster(now, -1, place, foe).first
    row = note(now, hour, log.WITHDRAW, st.leader_of(foe), place, cause, entity=first, p=p)
    control.evacuate(now, place, foe, hour, row)
    holding.capture(now, c, hour, row)


@compiled
def fight(
    now: Now,
    c: int,
    foe: int,
    posture: float,
    hours: int,
    hour: float,
    p_leaves: float,
    battle: int,
):
    """A battle from its first hour to its last, and what follows from who breaks.

    Args:
        p_leaves: Chance with which the defender chose to fight for time only: it leaves in good
            order when the time is over or it has lost what others break at; nan if it stands.
    Source: RULES R2.2-R2.4, R2.7.
    """
    column = now.columns[c]
    place = column.stop
    side = column.side
    attacker = combat.muster(now, c, place, st.bloc_of(side))
    defender = combat.muster(now, -1, place, foe)
    side_d = now.units[defender.first].side
    who = (place * st.N_BLOCS + foe) * LEADS + column.lead % LEADS
    start = int(hour)
    yields = not math.isnan(p_leaves)
    longest = now.params.delay_hours if yields else now.params.fight_hours_max
    outcome, loss_a, loss_d, lasted, p_tie = combat.duel(
        now,
        combat.force_of(now, attacker, side, True, Decision.BREAK_ATTACKER, who, start),
        combat.force_of(now, defender, side_d, False, Decision.BREAK_DEFENDER, who, start),
        posture,
        hours,
        nearest_whole(longest),
        who,
        start,
    )
    end = hour + lasted
    combat.mark_contact(now, place, st.bloc_of(side), foe, hour, battle)
    combat.mark_fight(now, place, c, foe)
    combat.casualties(now, attacker, loss_a, who * 2, start)
    combat.casualties(now, defender, loss_d, who * 2 + 1, start)
    movement.note_lost(now, end, side, side_d, place, attacker.first, battle)
    row = battle
    if outcome == 1 and not yields:
        row = combat.note_broken(now, end, defender, loss_d, p_tie, battle)
        rout.rout(now, place, foe, c, end, row)
    movement.note_lost(now, end, side_d, side, place, defender.first, battle)
    if yields and outcome != 0:
        leave(now, c, foe, end, p_leaves, battle)
        return
    if outcome == 1:
        holding.capture(now, c, end, row)
        return
    first = attacker.first
    row = note(now, end, log.REPULSE, side, place, battle, entity=first, amount=loss_a, p=p_tie)
    if outcome == 0:
        column.days = int(now.params.assault_days_max)
    stand_back(now, c, end, row)


@compiled
def refuses(now: Now, side: int, foe: int, power: float, power_foe: float, place: int):
    """Whether a defender under enemy air superiority will not stand a deliberate assault.

    Args:
        power, power_foe: Power of attacker and defender with their nerve, the defender's with
            its posture.
    Returns:
        (1 or 0, chance of what the draw said).
    Source: RULES R2.7.
    """
    params = now.params
    if st.bloc_of(side) != st.STATE or not now.places[place].covered:
        return False, math.nan
    seen = combat.perceived(now, Decision.PERCEPTION_REFUSE, st.leader_of(foe), place, power)
    if 1.0 - presence.estimate_win(params, seen, power_foe, 0.0) >= params.refuse_win_max:
        return False, math.nan
    leaves = uniform(now.key, Decision.REFUSE, place * st.N_SIDES + foe, now.day) < params.refuse_p
    return leaves, params.refuse_p if leaves else 1.0 - params.refuse_p


@compiled
def assault(now: Now, c: int, foe: int, hour: float):
    """A raid or a deliberate assault on the base where the column stands. Source: R2.1, R2.7."""
    column = now.columns[c]
    place = column.stop
    bloc = st.bloc_of(column.side)
    attacker = combat.muster(now, c, place, bloc)
    defender = combat.muster(now, -1, place, foe)
    n_a, first = attacker.men, attacker.first
    power_a = attacker.power * presence.nerve(now, bloc, True, attacker.kind != st.GARRISON)
    power_d = defender.power * presence.nerve(now, foe, False, False)
    raiders = movement.raiders_hold(now, place)
    posture = combat.posture_of(now, place, defender.since, raiders)
    p_yields = math.nan
    hours, chance = approach(now, c, foe, hour)
    if hours == 0:
        seen = combat.perceived(now, Decision.PERCEPTION, column.side, place, power_d * posture)
        if presence.estimate_win(now.params, power_a, seen, 0.0) < now.params.assault_win_min:
            row = note(now, hour, log.ABORT, column.side, place, column.cause, first, n_a, chance)
            if column.mission == st.RAID:
                # the tempo is that of attacks made: one that was called off is made up for
                group = now.sides[column.side]
                group.next_attack = min(group.next_attack, hour + st.HOURS)
            stand_back(now, c, hour, row)
            return
        leaves, p_leaves = refuses(now, column.side, foe, power_a, power_d * posture, place)
        if leaves:
            u = uniform(now.key, Decision.DELAY, place * st.N_SIDES + foe, now.day)
            if u >= now.params.delay_p:
                p_leaves *= 1.0 - now.params.delay_p
                leave(now, c, foe, hour, p_leaves, column.cause)
                return
            p_yields = p_leaves * now.params.delay_p
    battle = note(now, hour, log.BATTLE, column.side, place, column.cause, first, n_a, chance)
    fight(now, c, foe, posture, hours, hour, p_yields, battle)


@compiled
def act(now: Now, c: int):
    """One column's act at its stop: see `engage_columns`."""
    column = now.columns[c]
    place = column.stop
    bloc = st.bloc_of(column.side)
    hour = column.act
    if movement.column_men(now, c) == 0:
        movement.disband(now, c)
        return
    if column.mission == st.CONVOY:
        control.settle(now, c, hour, True)
        return
    foe = combat.defender_of(now, place, bloc)
    held = target_slot(now, place, bloc) >= 0
    at_home = now.places[place].camp_holder == bloc
    if at_home and (column.mission == st.TRANSFER or column.mission == st.WITHDRAW):
        control.settle(now, c, hour, column.mission == st.TRANSFER)
    elif column.mission == st.WITHDRAW:
        if held or foe >= 0:
            hide(now, c)
        else:
            control.settle(now, c, hour, False)
    elif foe >= 0 and column.mission == st.TRANSFER:
        control.go_home(now, c, hour, column.cause)
    elif foe >= 0:
        when = combat.attack_hour(now, column.lead, hour)
        if when > hour:
            column.act = when
        else:
            assault(now, c, foe, hour)
    elif held:
        holding.capture(now, c, hour, column.cause)
    elif column.mission == st.OFFENSIVE:
        holding.pause(now, c, hour, column.cause)
    elif column.mission == st.RAID:
        control.go_home(now, c, hour, column.cause)
    else:
        control.settle(now, c, hour, True)


@rule("R2.1", MARCH, HOLD, FIGHT, sides="next_attack")
def engage_columns(now: Now):
    """Every column that has arrived acts at its hour: it settles, attacks, or turns back.

    Source: RULES R1.1 (hours only where hostile units touch), R2.1-R2.7.
    """
    c = next_act(now, now.end)
    while c >= 0:
        act(now, c)
        c = next_act(now, now.end)
