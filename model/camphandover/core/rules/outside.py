"""The Islamic State in the Sahel: raids from outside the contest (RULES, section 0)."""

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, lognormal, uniform
from camphandover.core.now import Now, note
from camphandover.core.rules import ALL, HOLD, LOSSES, combat, control, movement, rule

RAIDERS = 5 << 24
"""Ids of these raids, for the draws: apart from those of battles and ambushes."""


@compiled
def overrun(now: Now, place: int, hour: float, row: int):
    """The garrison is driven out; the raiders leave after some hours and the army comes back.

    Source: RULES R2.5 (hours), R2.6 (re-entry), section 0 (the Islamic State counts as nobody).
    """
    spot = now.places[place]
    slot = st.CAMP if spot.camp_holder == st.STATE else st.TOWN
    change = control.set_holder(now, place, slot, st.NOBODY, -1, hour, row)
    control.take_to_the_country(now, place, st.STATE)
    u = uniform(now.key, Decision.HOLD_HOURS, RAIDERS + place, int(hour))
    stay = lognormal(now.params.hold_hours_median, now.params.hold_hours_sd, u)
    spot.reenter_hour = hour + stay + now.params.reenter_hours
    spot.open_cause = change


@compiled
def raid_garrison(now: Now, place: int, chance: float):
    """One raid on the army's men at a place, fought hour by hour. Source: RULES R2.2, R2.3."""
    defender = combat.muster(now, -1, place, st.STATE)
    if defender.men <= 0:
        return
    first = defender.first
    hour = combat.attack_hour(now, RAIDERS + place, now.start)
    posture = combat.posture_of(now, place, defender.since, False)
    start = int(hour)
    who = RAIDERS + place
    breaks = combat.breaks_at(now, st.GROUP, st.GSIM, True, Decision.BREAK_ATTACKER, who, start)
    worth = now.params.quality_gsim * now.sides[st.GSIM].morale
    raiders = combat.Force(int(now.params.is_men), worth, breaks)
    row = note(
        now, hour, log.RAID_FROM_OUTSIDE, place=place, entity=first, amount=raiders.men, p=chance
    )
    outcome, _, loss_d, lasted, p_tie = combat.duel(
        now,
        raiders,
        combat.force_of(now, defender, st.ARMY, False, Decision.BREAK_DEFENDER, who, start),
        posture,
        int(now.params.surprise_hours),
        int(now.params.fight_hours_max),
        who,
        start,
    )
    end = hour + lasted
    now.places[place].fights |= 1
    combat.mark_fight(now, place, -1, st.STATE)
    combat.casualties(now, defender, loss_d, who, start)
    side = now.units[first].side
    broken = row
    if outcome == 1:
        broken = combat.note_broken(now, end, defender, loss_d, p_tie, row)
    movement.note_lost(now, end, side, -1, place, first, row)
    if outcome == 1:
        overrun(now, place, end, broken)
    else:
        note(now, end, log.REPULSE, place=place, cause=row, entity=first, p=p_tie)


@rule("R5.2", HOLD, LOSSES, units="slot column fought", columns=ALL, places="fights")
def raid_from_outside(now: Now):
    """The Islamic State raids the army where it is at home, with a constant hazard.

    Source: RULES, section 0.
    """
    for place, spot in enumerate(now.places):
        if not spot.islamic_state or not st.held_by(spot, st.STATE):
            continue
        if now.presence[st.STATE, place].inside <= 0.0:
            continue
        if uniform(now.key, Decision.OUTSIDE_RAID, place, now.day) < now.params.is_raid:
            raid_garrison(now, place, now.params.is_raid)
