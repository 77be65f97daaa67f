"""The Islamic State in the Sahel: raids from outside the contest (RULES, section 0)."""

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, lognormal, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import HOLD, NOTED, rule
from camphandover.core.rules.combat import (
    TABLE_GSIM,
    attack_hour,
    breakpoint,
    breakpoint_table,
    casualties,
    duel,
    mark_fight,
    muster,
    posture_of,
)
from camphandover.core.rules.control import set_holder, take_to_the_country
from camphandover.core.rules.movement import note_lost
from camphandover.core.state import ARMY, CAMP, GSIM, HOURS, NOBODY, TOWN, Clock, State

RAIDERS = 5 << 24
"""Ids of these raids, for the draws: apart from those of battles and ambushes."""


@compiled
def overrun(
    state: State, params: Params, key: Key, ledger: Ledger, place: int, hour: float, row: int
):
    """The garrison is driven out; the raiders leave after some hours and the army comes back.

    Source: RULES R2.5 (hours), R2.6 (re-entry), section 0 (the Islamic State counts as nobody).
    """
    spot = state.places[place]
    slot = CAMP if spot.camp_holder == 0 else TOWN
    change = set_holder(state, ledger, place, slot, NOBODY, -1, hour, row)
    take_to_the_country(state, place, 0)
    u = uniform(key, Decision.HOLD_HOURS, RAIDERS + place, int(hour))
    stay = lognormal(params.hold_hours_median, params.hold_hours_sd, u)
    spot.reenter_hour = hour + stay + params.reenter_hours
    spot.open_cause = change


@compiled
def raid_garrison(
    state: State, params: Params, clock: Clock, key: Key, ledger: Ledger, place: int, chance: float
):
    """One raid on the army's men at a place, fought hour by hour. Source: RULES R2.2, R2.3."""
    n_d, power_d, _, since, kind, first = muster(state, params, -1, place, 0)
    if n_d <= 0:
        return
    hour = attack_hour(params, key, RAIDERS + place, float(clock.day * HOURS))
    n_a = int(params.is_men)
    posture = posture_of(state, params, place, since, clock.day, False)
    start = int(hour)
    who = RAIDERS + place
    morale = state.sides[ARMY].morale
    theta_a = breakpoint(
        params,
        TABLE_GSIM,
        state.sides[GSIM].morale,
        uniform(key, Decision.BREAK_ATTACKER, who, start),
    )
    table = breakpoint_table(kind, state.units[first].side, False, 0)
    theta_d = breakpoint(params, table, morale, uniform(key, Decision.BREAK_DEFENDER, who, start))
    row = log.note(ledger, hour, log.RAID_FROM_OUTSIDE, -1, place, first, float(n_a), chance, -1)
    outcome, _, loss_d, lasted, p_tie = duel(
        params, key, who, start, n_a, n_d, params.quality_gsim * state.sides[GSIM].morale,
        power_d / n_d, posture, params.surprise_factor, int(params.surprise_hours),
        theta_a, theta_d, int(params.fight_hours_max),
    )  # fmt: skip
    end = hour + lasted
    state.places[place].fights |= 1
    mark_fight(state, place, clock.day, -1, 0)
    casualties(state, params, key, -1, place, 0, n_d, loss_d, who, start)
    side = state.units[first].side
    broken = row
    if outcome == 1:
        broken = log.note(ledger, end, log.BROKEN, side, place, first, float(loss_d), p_tie, row)
    note_lost(state, ledger, end, side, -1, place, first, row)
    if outcome == 1:
        overrun(state, params, key, ledger, place, end, broken)
    else:
        log.note(ledger, end, log.REPULSE, -1, place, first, 0.0, p_tie, row)


@rule(
    "R5.2",
    writes=(
        *HOLD,
        "units.men",
        "units.slot",
        "units.column",
        "units.fought",
        "columns",
        "sides.dead",
        *NOTED,
        "sides.wounded",
        "sides.captured",
        "sides.missing",
        "places.fights",
    ),
)
def raid_from_outside(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The Islamic State raids the army where it is at home, with a constant hazard.

    Source: RULES, section 0.
    """
    for place in range(len(state.places)):
        spot = state.places[place]
        if not spot.islamic_state or not (spot.camp_holder == 0 or spot.town_holder == 0):
            continue
        if state.presence[0, place].inside <= 0.0:
            continue
        if uniform(key, Decision.OUTSIDE_RAID, place, clock.day) < params.is_raid:
            raid_garrison(state, params, clock, key, ledger, place, params.is_raid)
