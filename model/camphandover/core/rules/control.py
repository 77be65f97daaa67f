"""I2, R2.5, R5.7: who holds a slot, hour by hour, and how units settle at a place."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Key
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import HOLD, rule
from camphandover.core.rules.movement import begin_leg, disband, form_column, raiders_hold
from camphandover.core.state import (
    CAMP,
    COUNTRY,
    GATHER,
    GSIM,
    HOLDING,
    HOURS,
    JOINT,
    N_BLOCS,
    NEVER,
    NOBODY,
    PAUSED,
    TO_ARMY,
    TO_JOINT,
    TO_SEPARATISTS,
    TO_THE_FIRST,
    TOWN,
    TRANSFER,
    UN_HOLDER,
    WITHDRAW,
    Clock,
    State,
    UnitRow,
    bloc_of,
    hostile,
    today,
)

DUSK = 2e-3
"""Hours before midnight at which the day is closed: posts given up, joint units dissolved."""
ANY_NUMBER = 1_000_000
"""More men or vehicles than any column has: no limit."""


@compiled
def only_side(bloc: int):
    """The side that leads a bloc."""
    return bloc if bloc == 0 else bloc + 1


@compiled
def meant_holder(receiver: int):
    """Holder that a clause means a camp to have, -1 when it leaves it to a race."""
    if receiver == TO_ARMY:
        return 0
    if receiver == TO_SEPARATISTS:
        return 1
    if receiver == TO_JOINT:
        return JOINT
    return -1 if receiver == TO_THE_FIRST else NOBODY


@compiled
def count_change(state: State, place: int, before: int, after: int, day: int):
    """What a camp's change of hands means to who lost it and who has it now.

    Morale, legitimacy, escalation and requests for help look at it. A camp that the UN hands, as
    agreed, to who has the town anyway is no victory. Source: RULES R7.1, R7.3, R8.1.
    """
    symbolic = state.places[place].symbolic
    if before < N_BLOCS - 1:
        loser = only_side(before)
        state.sides[loser].given += symbolic
        state.recent[today(day), loser].bases += 1
        state.recent[today(day), loser].symbolic += symbolic
    formal = before == UN_HOLDER and state.places[place].town_holder == after
    if after < N_BLOCS - 1 and not (formal and meant_holder(state.places[place].receiver) == after):
        state.sides[only_side(after)].gained += symbolic


@compiled
def set_holder(
    state: State,
    ledger: Ledger,
    place: int,
    slot: int,
    holder: int,
    side: int,
    hour: float,
    cause: int,
):
    """Change who holds a slot, with a ledger row; nothing when nothing changes.

    Returns:
        Row of the change, or the row of the last change.
    """
    spot = state.places[place]
    before = spot.camp_holder if slot == CAMP else spot.town_holder
    if before == holder:
        return spot.camp_cause if slot == CAMP else spot.town_cause
    row = log.write_row(
        ledger, hour, log.CONTROL, side, place, slot, before, holder, -1, 0.0, math.nan, cause
    )
    if slot == CAMP:
        count_change(state, place, before, holder, int(hour // HOURS))
        spot.camp_holder = holder
        spot.camp_since = hour
        spot.camp_cause = row
        spot.garrisoned = 0
        if before == 0:
            spot.lost_hour = hour
        if holder == 0:
            spot.given_up = 0
            spot.lost_hour = NEVER
            spot.reenter_hour = NEVER
        if holder != NOBODY:
            spot.claimant = -1
            spot.enter_hour = NEVER
    else:
        spot.town_holder = holder
        spot.town_since = hour
        if before == 0:
            spot.town_lost = hour
        if holder == 0:
            spot.town_lost = NEVER
        spot.town_cause = row
    return row


@compiled
def pay_salvage(state: State, params: Params, place: int, bloc: int):
    """What the UN left in a camp goes to the first who enter it: a gain in quality, once.

    Source: RULES R6.5.
    """
    spot = state.places[place]
    if spot.salvage <= 0.0:
        return
    for u in range(len(state.units)):
        unit = state.units[u]
        if (
            unit.place == place
            and unit.men > 0
            and unit.column < 0
            and unit.slot == CAMP
            and bloc_of(unit.side) == bloc
        ):
            gain = params.salvage_quality * spot.salvage
            unit.loot = min(params.loot_quality_cap, unit.loot + gain)
    spot.salvage = 0.0


@compiled
def settle(state: State, params: Params, ledger: Ledger, c: int, hour: float, stay: bool):
    """End a column's march: its units stand at its stop, and take an empty camp there.

    Args:
        stay: Whether it comes to stay. The place becomes the home of armed groups and of army
            men who were transferred; others of the army have been sent for a while.
    """
    column = state.columns[c]
    place = column.stop
    spot = state.places[place]
    bloc = bloc_of(column.side)
    if spot.camp_holder == NOBODY and stay and bloc < N_BLOCS - 1:
        set_holder(state, ledger, place, CAMP, bloc, column.side, hour, column.cause)
    slot = CAMP if spot.camp_holder == bloc else TOWN
    if column.side == GSIM and spot.camp_holder != bloc and spot.town_holder != bloc:
        slot = COUNTRY
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.column == c:
            unit.slot = slot
            if stay and (bloc != 0 or column.mission == TRANSFER or column.mission == GATHER):
                unit.home = place
    disband(state, c)
    if slot == CAMP:
        pay_salvage(state, params, place, bloc)


@compiled
def refuge(state: State, place: int, bloc: int):
    """Nearest other place whose camp or town a bloc holds, -1 when it has none."""
    best = -1
    for p in range(len(state.places)):
        if p == place:
            continue
        spot = state.places[p]
        if (spot.camp_holder == bloc or spot.town_holder == bloc) and (
            best < 0 or state.routes[place, p].km < state.routes[place, best].km
        ):
            best = p
    return best


@compiled
def home_of(state: State, c: int):
    """Where a column goes when its work is done: its first unit's home if that is still safe."""
    column = state.columns[c]
    bloc = bloc_of(column.side)
    home = state.units[column.lead].home
    spot = state.places[home]
    if column.side == GSIM:
        return home
    if not hostile(state, bloc, spot.camp_holder) and not hostile(state, bloc, spot.town_holder):
        return home
    safe = refuge(state, home, bloc)
    return safe if safe >= 0 else home


@compiled
def go_home(
    state: State, params: Params, key: Key, ledger: Ledger, c: int, hour: float, cause: int
):
    """Turn a column round: it marches to its home, or to the nearest place of its bloc."""
    column = state.columns[c]
    here = column.stop
    column.mission = WITHDRAW
    column.target = home_of(state, c)
    column.surprise = 0
    column.cause = log.note(
        ledger, hour, log.WITHDRAW, column.side, here, column.lead, 0.0, math.nan, cause
    )
    for u in range(len(state.units)):
        if state.units[u].column == c:
            state.units[u].slot = COUNTRY
    begin_leg(state, params, key, c, here, hour, params.depart_delay)


@compiled
def stands_there(state: State, unit: UnitRow):
    """Whether a unit is with a column that holds a base or pauses in it."""
    if unit.column < 0:
        return False
    status = state.columns[unit.column].status
    return status == HOLDING or status == PAUSED


@compiled
def take_to_the_country(state: State, place: int, bloc: int):
    """Units of a bloc leave camp and town and hide around the place; their columns break up."""
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.place == place and unit.slot != COUNTRY and bloc_of(unit.side) == bloc:
            if stands_there(state, unit):
                disband(state, unit.column)
            if unit.column < 0:
                unit.slot = COUNTRY


@compiled
def evacuate(
    state: State,
    params: Params,
    key: Key,
    ledger: Ledger,
    place: int,
    bloc: int,
    hour: float,
    cause: int,
):
    """Units of a bloc at a place march to the nearest other place of theirs, else hide here."""
    safe = refuge(state, place, bloc)
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.place == place and bloc_of(unit.side) == bloc and stands_there(state, unit):
            disband(state, unit.column)
    if bloc != 2 and safe >= 0:
        lead = -1
        for u in range(len(state.units)):
            unit = state.units[u]
            if (
                unit.place == place
                and unit.men > 0
                and unit.column < 0
                and bloc_of(unit.side) == bloc
            ):
                if bloc == 0:
                    unit.slot = CAMP
                unit.home = safe
                lead = u
        if lead >= 0:
            side = state.units[lead].side
            c = form_column(
                state, params, key, ledger, hour, side, WITHDRAW, place, safe,
                ANY_NUMBER, ANY_NUMBER, cause,
            )  # fmt: skip
            if c >= 0:
                return
    take_to_the_country(state, place, bloc)


@compiled
def empty_camp(
    state: State,
    params: Params,
    key: Key,
    ledger: Ledger,
    place: int,
    side: int,
    hour: float,
    cause: int,
):
    """A camp is left by its holder: nobody's, until somebody enters. Returns the ledger row."""
    row = set_holder(state, ledger, place, CAMP, NOBODY, side, hour, cause)
    state.places[place].open_cause = row
    return row


@compiled
def offer(state: State, place: int, hour: float, delay: float, cause: int):
    """An empty camp is open to the armed group with the largest influence there, after a delay.

    Source: RULES R5.7.
    """
    spot = state.places[place]
    best = -1
    most = 0.0
    for bloc in (1, 2):
        phi = state.presence[bloc, place].phi
        if phi > most:
            best = bloc
            most = phi
    spot.claimant = best
    spot.enter_hour = hour + delay if best >= 0 else NEVER
    spot.open_cause = cause


@rule("I2", writes=HOLD)
def hold_towns(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """The town follows the only armed bloc that stands in the place to stay; and camps whose
    holder is gone fall to that bloc, or stay with the holder while its influence is the largest.

    Source: RULES 0 (slots), R5.4, R5.7.
    """
    hour = float((clock.day + 1) * HOURS) - 1e-3
    for place in range(len(state.places)):
        spot = state.places[place]
        only = -1
        n_blocs = 0
        for bloc in range(N_BLOCS - 1):
            if state.presence[bloc, place].inside > 0.0:
                only = bloc
                n_blocs += 1
        settled = spot.town_holder == only and (
            spot.camp_holder == only or spot.camp_holder == UN_HOLDER
        )
        if (
            n_blocs == 1
            and not settled
            and spot.reenter_hour == NEVER
            and not raiders_hold(state, place)
        ):
            cause = spot.camp_cause
            if spot.town_holder != only:
                side = only_side(only)
                cause = set_holder(state, ledger, place, TOWN, only, side, hour, cause)
            held = spot.camp_holder
            if held != only and held != UN_HOLDER and held != JOINT:
                set_holder(state, ledger, place, CAMP, only, only_side(only), hour, cause)
        holder = spot.camp_holder
        if holder >= N_BLOCS - 1:
            continue
        if state.presence[holder, place].inside > 0.0:
            spot.garrisoned = 1
        elif spot.garrisoned and n_blocs == 0:
            largest = True
            for bloc in range(N_BLOCS - 1):
                if state.presence[bloc, place].phi > state.presence[holder, place].phi:
                    largest = False
            if not largest:
                row = empty_camp(
                    state, params, key, ledger, place, only_side(holder), hour, spot.camp_cause
                )
                offer(state, place, hour, params.vacated_enter_hours, row)
