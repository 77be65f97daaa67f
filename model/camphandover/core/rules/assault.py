"""R2.1-R2.3, R2.7: columns that have arrived - settle, attack, refuse battle, turn back."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params, nearest_whole
from camphandover.core.rules import HOLD, MARCH, NOTED, rule
from camphandover.core.rules.combat import (
    attack_hour,
    breakpoint,
    breakpoint_table,
    casualties,
    dawn,
    defender_of,
    duel,
    mark_contact,
    mark_fight,
    muster,
    p_surprise,
    perceived,
    posture_of,
)
from camphandover.core.rules.control import disband, evacuate, go_home, only_side, settle
from camphandover.core.rules.holding import REFIT, capture, pause
from camphandover.core.rules.movement import begin_leg, column_men, note_lost, raiders_hold
from camphandover.core.rules.presence import estimate_win, nerve
from camphandover.core.rules.rout import rout
from camphandover.core.state import (
    CONVOY,
    COUNTRY,
    ENGAGED,
    GARRISON,
    GSIM,
    HOURS,
    N_BLOCS,
    N_SIDES,
    OCCUPY,
    OFFENSIVE,
    RAID,
    TRANSFER,
    WITHDRAW,
    Clock,
    State,
    bloc_of,
    covered,
    target_slot,
)

FIGHT = (
    "units.men",
    "units.vehicles",
    "units.loot",
    "units.missing",
    "units.return_day",
    "units.missing_cause",
    "units.fought",
    "sides.dead",
    *NOTED,
    "sides.wounded",
    "sides.captured",
    "sides.missing",
    "sides.vehicles_lost",
    "sides.vehicles_looted",
    "places.fights",
    "places.contact",
    "places.contact_cause",
    "places.looted_day",
    "recent.attacks",
)
"""What a fight writes."""


@compiled
def next_act(state: State, before: float):
    """Column that waits to act, with the earliest hour before `before`; -1 when none does."""
    best = -1
    for c in range(len(state.columns)):
        column = state.columns[c]
        if (
            column.status == ENGAGED
            and column.act < before
            and (best < 0 or column.act < state.columns[best].act)
        ):
            best = c
    return best


@compiled
def hide(state: State, c: int):
    """A column that finds its refuge taken goes into the country around it."""
    for u in range(len(state.units)):
        if state.units[u].column == c:
            state.units[u].slot = COUNTRY
    disband(state, c)


@compiled
def approach(state: State, params: Params, key: Key, c: int, foe: int, hour: float):
    """How a raid comes upon the base.

    Returns:
        (hours of surprise, chance of what the draw said; nan when nothing was drawn).
    Source: RULES R2.1; the suicide vehicle acts as surprise for its hour.
    """
    column = state.columns[c]
    chance = math.nan
    if column.surprise:
        column.surprise = 0
        chance = p_surprise(state, params, column.stop, foe)
        if uniform(key, Decision.SURPRISE, column.lead, int(hour)) < chance:
            return int(params.surprise_hours), chance
        chance = 1.0 - chance
        if column.side == GSIM:
            u = uniform(key, Decision.VBIED, column.lead, int(hour))
            if u < params.vbied_surprise:
                return int(params.surprise_hours_vbied), params.vbied_surprise
    return 0, chance


@compiled
def holds(state: State, place: int, side: int):
    """Whether a side's bloc has the camp or the town of a place."""
    spot = state.places[place]
    bloc = bloc_of(side)
    return spot.camp_holder == bloc or spot.town_holder == bloc


@compiled
def fall_back(
    state: State,
    params: Params,
    key: Key,
    ledger: Ledger,
    c: int,
    place: int,
    hour: float,
    cause: int,
):
    """An offensive returns to its last base, and refits there before it looks further."""
    column = state.columns[c]
    here = column.stop
    column.target = place
    column.days = REFIT
    column.cause = log.note(
        ledger, hour, log.WITHDRAW, column.side, here, column.lead, 0.0, math.nan, cause
    )
    for u in range(len(state.units)):
        if state.units[u].column == c:
            state.units[u].slot = COUNTRY
    begin_leg(state, params, key, c, here, hour, params.depart_delay)


@compiled
def stand_back(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    c: int,
    hour: float,
    cause: int,
):
    """After a day without a decision: a raid goes home, a deliberate assault tries again tomorrow.

    A broken or exhausted assault goes home too; an offensive falls back on the base that it came
    from, if that is still its own. Source: RULES R2.2 (no break in 8 h fails), R2.7, R5.3.
    """
    column = state.columns[c]
    column.days += 1
    deliberate = column.mission == OFFENSIVE or column.mission == OCCUPY
    if deliberate and column.days < params.assault_days_max:
        column.act = dawn(params, clock.day + 1)
        return
    back = column.origin
    if column.mission == OFFENSIVE and back != column.stop and holds(state, back, column.side):
        fall_back(state, params, key, ledger, c, back, hour, cause)
        return
    go_home(state, params, key, ledger, c, hour, cause)


@compiled
def leave(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    c: int,
    foe: int,
    hour: float,
    p: float,
    cause: int,
):
    """The defender leaves the base to the column. Source: RULES R2.7."""
    place = state.columns[c].stop
    _, _, _, _, _, first = muster(state, params, -1, place, foe)
    row = log.note(ledger, hour, log.WITHDRAW, only_side(foe), place, first, 0.0, p, cause)
    evacuate(state, params, key, ledger, place, foe, hour, row)
    capture(state, params, clock, key, ledger, c, hour, row)


@compiled
def fight(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
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
    column = state.columns[c]
    place = column.stop
    n_a, power_a, _, _, kind_a, first_a = muster(state, params, c, place, bloc_of(column.side))
    n_d, power_d, _, _, kind_d, first_d = muster(state, params, -1, place, foe)
    side_d = state.units[first_d].side
    who = (place * N_BLOCS + foe) * 4096 + column.lead % 4096
    start = int(hour)
    yields = not math.isnan(p_leaves)
    longest = params.delay_hours if yields else params.fight_hours_max
    theta_a = breakpoint(
        params,
        breakpoint_table(kind_a, column.side, True, column.mission),
        state.sides[column.side].morale,
        uniform(key, Decision.BREAK_ATTACKER, who, start),
    )
    theta_d = breakpoint(
        params,
        breakpoint_table(kind_d, side_d, False, 0),
        state.sides[side_d].morale,
        uniform(key, Decision.BREAK_DEFENDER, who, start),
    )
    outcome, loss_a, loss_d, lasted, p_tie = duel(
        params, key, who, start, n_a, n_d, power_a / n_a, power_d / n_d, posture,
        params.surprise_factor, hours, theta_a, theta_d, nearest_whole(longest),
    )  # fmt: skip
    end = hour + lasted
    mark_contact(state, place, clock.day, bloc_of(column.side), foe, hour, battle)
    mark_fight(state, place, clock.day, c, foe)
    casualties(state, params, key, c, place, foe, n_a, loss_a, who * 2, start)
    casualties(state, params, key, -1, place, foe, n_d, loss_d, who * 2 + 1, start)
    note_lost(state, ledger, end, column.side, side_d, place, first_a, battle)
    row = battle
    if outcome == 1 and not yields:
        row = log.note(ledger, end, log.BROKEN, side_d, place, first_d, loss_d, p_tie, battle)
        rout(state, params, clock, key, ledger, place, foe, c, end, row)
    note_lost(state, ledger, end, side_d, column.side, place, first_d, battle)
    if yields and outcome != 0:
        leave(state, params, clock, key, ledger, c, foe, end, p_leaves, battle)
        return
    if outcome == 1:
        capture(state, params, clock, key, ledger, c, end, row)
        return
    row = log.note(ledger, end, log.REPULSE, column.side, place, first_a, loss_a, p_tie, battle)
    if outcome == 0:
        column.days = int(params.assault_days_max)
    stand_back(state, params, clock, key, ledger, c, end, row)


@compiled
def refuses(
    state: State,
    params: Params,
    key: Key,
    side: int,
    foe: int,
    power: float,
    power_foe: float,
    place: int,
    day: int,
):
    """Whether a defender under enemy air superiority will not stand a deliberate assault.

    Args:
        power, power_foe: Power of attacker and defender with their nerve, the defender's with
            its posture.
    Returns:
        (1 or 0, chance of what the draw said).
    Source: RULES R2.7.
    """
    if bloc_of(side) != 0 or not covered(state, place):
        return False, math.nan
    seen = perceived(params, key, Decision.PERCEPTION_REFUSE, only_side(foe), place, day, power)
    if 1.0 - estimate_win(params, seen, power_foe, 0.0) >= params.refuse_win_max:
        return False, math.nan
    leaves = uniform(key, Decision.REFUSE, place * N_SIDES + foe, day) < params.refuse_p
    return leaves, params.refuse_p if leaves else 1.0 - params.refuse_p


@compiled
def assault(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    c: int,
    foe: int,
    hour: float,
):
    """A raid or a deliberate assault on the base where the column stands. Source: R2.1, R2.7."""
    column = state.columns[c]
    place = column.stop
    bloc = bloc_of(column.side)
    n_a, power_a, _, _, kind_a, first = muster(state, params, c, place, bloc)
    _, power_d, _, since, _, _ = muster(state, params, -1, place, foe)
    power_a *= nerve(state, params, bloc, True, kind_a != GARRISON)
    power_d *= nerve(state, params, foe, False, False)
    raiders = raiders_hold(state, place)
    posture = posture_of(state, params, place, since, clock.day, raiders)
    p_yields = math.nan
    hours, chance = approach(state, params, key, c, foe, hour)
    if hours == 0:
        seen = perceived(
            params, key, Decision.PERCEPTION, column.side, place, clock.day, power_d * posture
        )
        if estimate_win(params, power_a, seen, 0.0) < params.assault_win_min:
            row = log.note(
                ledger, hour, log.ABORT, column.side, place, first, n_a, chance, column.cause
            )
            if column.mission == RAID:
                # the tempo is that of attacks made: one that was called off is made up for
                group = state.sides[column.side]
                group.next_attack = min(group.next_attack, hour + HOURS)
            stand_back(state, params, clock, key, ledger, c, hour, row)
            return
        leaves, p_leaves = refuses(
            state, params, key, column.side, foe, power_a, power_d * posture, place, clock.day
        )
        if leaves:
            u = uniform(key, Decision.DELAY, place * N_SIDES + foe, clock.day)
            if u >= params.delay_p:
                p_leaves *= 1.0 - params.delay_p
                leave(
                    state, params, clock, key, ledger, c, foe, hour, p_leaves, column.cause
                )  # fmt: skip
                return
            p_yields = p_leaves * params.delay_p
    battle = log.note(
        ledger, hour, log.BATTLE, column.side, place, first, n_a, chance, column.cause
    )
    fight(state, params, clock, key, ledger, c, foe, posture, hours, hour, p_yields, battle)


@compiled
def act(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, c: int):
    """One column's act at its stop: see `engage_columns`."""
    column = state.columns[c]
    place = column.stop
    bloc = bloc_of(column.side)
    hour = column.act
    if column_men(state, c) == 0:
        disband(state, c)
        return
    if column.mission == CONVOY:
        settle(state, params, ledger, c, hour, True)
        return
    foe = defender_of(state, place, bloc)
    held = target_slot(state, place, bloc) >= 0
    at_home = state.places[place].camp_holder == bloc
    if at_home and (column.mission == TRANSFER or column.mission == WITHDRAW):
        settle(state, params, ledger, c, hour, column.mission == TRANSFER)
    elif column.mission == WITHDRAW:
        if held or foe >= 0:
            hide(state, c)
        else:
            settle(state, params, ledger, c, hour, False)
    elif foe >= 0 and column.mission == TRANSFER:
        go_home(state, params, key, ledger, c, hour, column.cause)
    elif foe >= 0:
        when = attack_hour(params, key, column.lead, hour)
        if when > hour:
            column.act = when
        else:
            assault(state, params, clock, key, ledger, c, foe, hour)
    elif held:
        capture(state, params, clock, key, ledger, c, hour, column.cause)
    elif column.mission == OFFENSIVE:
        pause(state, params, key, ledger, c, hour, column.cause)
    elif column.mission == RAID:
        go_home(state, params, key, ledger, c, hour, column.cause)
    else:
        settle(state, params, ledger, c, hour, True)


@rule("R2.1", writes=(*MARCH, *HOLD, *FIGHT, "sides.next_attack"))
def engage_columns(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Every column that has arrived acts at its hour: it settles, attacks, or turns back.

    Source: RULES R1.1 (hours only where hostile units touch), R2.1-R2.7.
    """
    midnight = float((clock.day + 1) * HOURS)
    c = next_act(state, midnight)
    while c >= 0:
        act(state, params, clock, key, ledger, c)
        c = next_act(state, midnight)
