"""I2, R2.5, R5.7: who holds a slot, hour by hour, and how units settle at a place."""

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.now import Now, hostile, is_nearer, note
from camphandover.core.rules import HOLD, movement, rule

DUSK = 2e-3
"""Hours before midnight at which the day is closed: posts given up, joint units dissolved."""


@compiled
def meant_holder(receiver: int):
    """Holder that a clause means a camp to have, -1 when it leaves it to a race."""
    if receiver == st.TO_ARMY:
        return 0
    if receiver == st.TO_SEPARATISTS:
        return 1
    if receiver == st.TO_JOINT:
        return st.JOINT
    return -1 if receiver == st.TO_THE_FIRST else st.NOBODY


@compiled
def count_change(now: Now, place: int, before: int, after: int, day: int):
    """What a camp's change of hands means to who lost it and who has it now.

    Morale, legitimacy, escalation and requests for help look at it. A camp that the UN hands, as
    agreed, to who has the town anyway is no victory. Source: RULES R7.1, R7.3, R8.1.
    """
    symbolic = now.places[place].symbolic
    if before < st.N_ARMED:
        loser = st.leader_of(before)
        now.sides[loser].given += symbolic
        now.recent[st.today(day), loser].bases += 1
        now.recent[st.today(day), loser].symbolic += symbolic
    formal = before == st.UN_HOLDER and now.places[place].town_holder == after
    if after < st.N_ARMED and not (formal and meant_holder(now.places[place].receiver) == after):
        now.sides[st.leader_of(after)].gained += symbolic


@compiled
def set_holder(now: Now, place: int, slot: int, holder: int, side: int, hour: float, cause: int):
    """Change who holds a slot, with a ledger row; nothing when nothing changes.

    Returns:
        Row of the change, or the row of the last change.
    """
    spot = now.places[place]
    before = spot.camp_holder if slot == st.CAMP else spot.town_holder
    if before == holder:
        return spot.camp_cause if slot == st.CAMP else spot.town_cause
    row = note(now, hour, log.CONTROL, side, place, cause, slot=slot, before=before, after=holder)
    if slot == st.CAMP:
        count_change(now, place, before, holder, int(hour // st.HOURS))
        spot.camp_holder = holder
        spot.camp_since = hour
        spot.camp_cause = row
        spot.garrisoned = 0
        if before == st.STATE:
            spot.lost_hour = hour
        if holder == st.STATE:
            spot.given_up = 0
            spot.lost_hour = st.NEVER
            spot.reenter_hour = st.NEVER
        if holder != st.NOBODY:
            spot.claimant = -1
            spot.enter_hour = st.NEVER
    else:
        spot.town_holder = holder
        spot.town_since = hour
        if before == st.STATE:
            spot.town_lost = hour
        if holder == st.STATE:
            spot.town_lost = st.NEVER
        spot.town_cause = row
    return row


@compiled
def pay_salvage(now: Now, place: int, bloc: int):
    """What the UN left in a camp goes to the first who enter it: a gain in quality, once.

    Source: RULES R6.5.
    """
    spot = now.places[place]
    if spot.salvage <= 0.0:
        return
    for unit in now.units:
        if movement.is_free(unit, place, bloc) and unit.slot == st.CAMP:
            gain = now.params.salvage_quality * spot.salvage
            unit.loot = min(now.params.loot_quality_cap, unit.loot + gain)
    spot.salvage = 0.0


@compiled
def settle(now: Now, c: int, hour: float, stay: bool):
    """End a column's march: its units stand at its stop, and take an empty camp there.

    Args:
        stay: Whether it comes to stay. The place becomes the home of armed groups and of army
            men who were transferred; others of the army have been sent for a while.
    """
    column = now.columns[c]
    place = column.stop
    spot = now.places[place]
    bloc = st.bloc_of(column.side)
    if spot.camp_holder == st.NOBODY and stay and bloc < st.N_ARMED:
        set_holder(now, place, st.CAMP, bloc, column.side, hour, column.cause)
    slot = st.CAMP if spot.camp_holder == bloc else st.TOWN
    if column.side == st.GSIM and spot.camp_holder != bloc and spot.town_holder != bloc:
        slot = st.COUNTRY
    for unit in now.units:
        if unit.column == c:
            unit.slot = slot
            if stay and (
                bloc != st.STATE or column.mission == st.TRANSFER or column.mission == st.GATHER
            ):
                unit.home = place
    movement.disband(now, c)
    if slot == st.CAMP:
        pay_salvage(now, place, bloc)


@compiled
def refuge(now: Now, place: int, bloc: int):
    """Nearest other place whose camp or town a bloc holds, -1 when it has none."""
    best = -1
    for p in range(len(now.places)):
        if p == place:
            continue
        spot = now.places[p]
        if st.held_by(spot, bloc) and is_nearer(now, place, p, best):
            best = p
    return best


@compiled
def home_of(now: Now, c: int):
    """Where a column goes when its work is done: its first unit's home if that is still safe."""
    column = now.columns[c]
    bloc = st.bloc_of(column.side)
    home = now.units[column.lead].home
    spot = now.places[home]
    if column.side == st.GSIM:
        return home
    if not hostile(now, bloc, spot.camp_holder) and not hostile(now, bloc, spot.town_holder):
        return home
    safe = refuge(now, home, bloc)
    return safe if safe >= 0 else home


@compiled
def go_home(now: Now, c: int, hour: float, cause: int):
    """Turn a column round: it marches to its home, or to the nearest place of its bloc."""
    column = now.columns[c]
    here = column.stop
    column.mission = st.WITHDRAW
    column.target = home_of(now, c)
    column.surprise = 0
    column.cause = movement.note_column(now, hour, log.WITHDRAW, c, cause)
    movement.begin_leg(now, c, here, hour, now.params.depart_delay)


@compiled
def take_to_the_country(now: Now, place: int, bloc: int):
    """Units of a bloc leave camp and town and hide around the place; their columns break up."""
    for unit in now.units:
        if unit.place == place and unit.slot != st.COUNTRY and st.bloc_of(unit.side) == bloc:
            if unit.column >= 0 and movement.at_rest(now, unit):
                movement.disband(now, unit.column)
            if unit.column < 0:
                unit.slot = st.COUNTRY


@compiled
def evacuate(now: Now, place: int, bloc: int, hour: float, cause: int):
    """Units of a bloc at a place march to the nearest other place of theirs, else hide here."""
    safe = refuge(now, place, bloc)
    for unit in now.units:
        here = unit.place == place and st.bloc_of(unit.side) == bloc
        if here and unit.column >= 0 and movement.at_rest(now, unit):
            movement.disband(now, unit.column)
    if bloc != st.JIHADISTS and safe >= 0:
        lead = -1
        for u, unit in enumerate(now.units):
            if movement.is_free(unit, place, bloc):
                if bloc == st.STATE:
                    unit.slot = st.CAMP
                unit.home = safe
                lead = u
        if lead >= 0:
            side = now.units[lead].side
            if movement.form_column(now, hour, side, st.WITHDRAW, place, safe, cause) >= 0:
                return
    take_to_the_country(now, place, bloc)


@compiled
def empty_camp(now: Now, place: int, side: int, hour: float, cause: int):
    """A camp is left by its holder: nobody's, until somebody enters. Returns the ledger row."""
    row = set_holder(now, place, st.CAMP, st.NOBODY, side, hour, cause)
    now.places[place].open_cause = row
    return row


@compiled
def offer(now: Now, place: int, hour: float, delay: float, cause: int):
    """An empty camp is open to the armed group with the largest influence there, after a delay.

    Source: RULES R5.7.
    """
    spot = now.places[place]
    best = -1
    most = 0.0
    for bloc in st.GROUPS:
        phi = now.presence[bloc, place].phi
        if phi > most:
            best = bloc
            most = phi
    spot.claimant = best
    spot.enter_hour = hour + delay if best >= 0 else st.NEVER
    spot.open_cause = cause


@rule("I2", HOLD)
def hold_towns(now: Now):
    """The town follows the only armed bloc that stands in the place to stay; and camps whose
    holder is gone fall to that bloc, or stay with the holder while its influence is the largest.

    Source: RULES 0 (slots), R5.4, R5.7.
    """
    hour = now.end - 1e-3
    for place, spot in enumerate(now.places):
        only = -1
        n_blocs = 0
        for bloc in range(st.N_ARMED):
            if now.presence[bloc, place].inside > 0.0:
                only = bloc
                n_blocs += 1
        settled = spot.town_holder == only and (
            spot.camp_holder == only or spot.camp_holder == st.UN_HOLDER
        )
        if (
            n_blocs == 1
            and not settled
            and spot.reenter_hour == st.NEVER
            and not movement.raiders_hold(now, place)
        ):
            cause = spot.camp_cause
            if spot.town_holder != only:
                side = st.leader_of(only)
                cause = set_holder(now, place, st.TOWN, only, side, hour, cause)
            held = spot.camp_holder
            if held != only and held != st.UN_HOLDER and held != st.JOINT:
                set_holder(now, place, st.CAMP, only, st.leader_of(only), hour, cause)
        holder = spot.camp_holder
        if holder >= st.N_ARMED:
            continue
        if now.presence[holder, place].inside > 0.0:
            spot.garrisoned = 1
        elif spot.garrisoned and n_blocs == 0:
            largest = True
            for bloc in range(st.N_ARMED):
                if now.presence[bloc, place].phi > now.presence[holder, place].phi:
                    largest = False
            if not largest:
                row = empty_camp(now, place, st.leader_of(holder), hour, spot.camp_cause)
                offer(now, place, hour, now.params.vacated_enter_hours, row)
