"""R1.1, R1.4, R2.2: orders become columns, side by side in random order; columns are ambushed."""

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, uniform
from camphandover.core.now import Now, note, rung_now
from camphandover.core.rules import ALL, MARCH, NOTED, combat, control, movement, rule

AMBUSH = 2**24
AMBUSHER = 2**25
"""Ids of an ambush and of its ambusher, for the draws: apart from those of battles."""


@compiled
def actor_order(now: Now, rank: int):
    """The side that moves as number `rank` today, by the turns that were drawn. Source: R1.1."""
    for side, books in enumerate(now.sides):
        before = 0
        for other in range(st.N_SIDES):
            if now.sides[other].turn < books.turn:
                before += 1
        if before == rank:
            return side
    return rank


@rule("R1.1", MARCH, queue=ALL, sides="turn")
def carry_out_orders(now: Now):
    """Form a column for each order of the day, the sides in random order, offensives first.

    The order is drawn anew each day. Source: RULES R1.1.
    """
    n = now.queue.used
    if n == 0:
        return
    for side, books in enumerate(now.sides):
        books.turn = uniform(now.key, Decision.ACTOR_ORDER, side, now.day)
    for turn in range(2 * st.N_SIDES):
        side = actor_order(now, turn // 2)
        for i in range(n):
            order = now.orders[i]
            if order.side != side or (order.mission == st.OFFENSIVE) != (turn % 2 == 0):
                continue
            c = movement.form_column(
                now,
                now.start,
                side,
                order.mission,
                order.origin,
                order.target,
                order.cause,
                order.men,
                order.vehicles,
            )
            if c >= 0:
                now.columns[c].surprise = order.surprise
    now.queue.used = 0


@compiled
def ambusher_at(now: Now, place: int, target: int):
    """Armed bloc that would ambush the army at a place: the one with more men, -1 when none.

    The separatists lie in wait in open war, and before that for a column that comes for a
    place of theirs. Source: RULES R2.2 (ambush), R7.1.
    """
    attacked = st.held_by(now.places[target], st.REBELS)
    best = -1
    most = 0.0
    for bloc in st.GROUPS:
        peace = rung_now(now) < now.params.raid_escalation
        if bloc == st.REBELS and peace and not attacked:
            continue
        if now.presence[bloc, place].men > most:
            best = bloc
            most = now.presence[bloc, place].men
    return best


@compiled
def turn_back(now: Now, c: int, place: int, hour: float, cause: int):
    """A column broken on the road goes home from where it is."""
    now.columns[c].stop = place
    for unit in now.units:
        if unit.column == c:
            unit.place = place
    control.go_home(now, c, hour, cause)


@compiled
def spring(now: Now, c: int, place: int, bloc: int, hour: float, chance: float):
    """One ambush, hour by hour, until one side breaks or its hours are over. Source: R2.2, R2.3."""
    column = now.columns[c]
    u = movement.first_free(now, place, bloc)
    if u < 0:
        return
    group = now.units[u]
    party = combat.muster(now, c, place, st.STATE)
    if party.men <= 0:
        return
    row = note(now, hour, log.AMBUSH, group.side, place, column.cause, u, group.men, chance)
    who = AMBUSH + column.lead
    start = int(hour)
    breaks = combat.breaks_at(
        now, group.kind, group.side, True, Decision.BREAK_ATTACKER, who, start
    )
    loss_c, loss_a, broken = combat.ambush(
        now,
        combat.force_of(now, party, column.side, True, Decision.BREAK_DEFENDER, who, start),
        combat.force_of_unit(now, u, breaks),
        who,
        start,
    )
    combat.casualties(now, party, loss_c, who, start)
    combat.lose_in_unit(now, u, loss_a, AMBUSHER + who, start)
    combat.mark_contact(now, place, st.bloc_of(column.side), bloc, hour, row)
    for unit in now.units:
        if unit.column == c:
            unit.fought = now.day
    end = hour + 1.0
    movement.note_lost(now, end, column.side, group.side, place, column.lead, row)
    movement.note_lost(now, end, group.side, column.side, place, u, row)
    if broken:
        turn_back(now, c, place, hour + now.params.ambush_hours, row)


@rule(
    "R2.2",
    MARCH,
    NOTED,
    units="men fought",
    sides="dead wounded",
    places="fights contact contact_cause",
    recent="attacks",
)
def ambush_columns(now: Now):
    """Army columns on the road are ambushed where an armed group is strong.

    The column fires blind, the ambusher aimed; a column that breaks turns back. Separatists who
    have lost their core do it more often. Source: Deitchman 1962; RULES R2.2, R5.8.
    """
    midday = now.start + now.params.ambush_hour
    for c, column in enumerate(now.columns):
        if column.status != st.MOVING or st.bloc_of(column.side) != st.STATE:
            continue
        hour = max(now.start, min(midday, column.arrive))
        if column.depart > hour:
            continue
        place = movement.passed_place(now, column, hour, 0.5)
        bloc = ambusher_at(now, place, column.target)
        if bloc < 0 or place == column.origin:
            continue
        chance = now.params.ambush_p * now.presence[bloc, place].phi
        if bloc == st.REBELS and now.conflict.guerrilla:
            chance = min(1.0, chance * now.params.guerrilla_roads)
        if uniform(now.key, Decision.AMBUSH, column.lead, now.day) < chance:
            spring(now, c, place, bloc, hour, chance)
