"""R2.4: a broken defender runs, and the victor takes and burns his vehicles."""

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, binomial, uniform
from camphandover.core.now import Now, note
from camphandover.core.rules import combat


@compiled
def give_loot(now: Now, c: int, vehicles: int):
    """Vehicles and arms for the unit of a column with the fewest vehicles. Source: RULES R2.4."""
    poorest = -1
    for u, unit in enumerate(now.units):
        if (
            unit.column == c
            and unit.men > 0
            and (poorest < 0 or unit.vehicles < now.units[poorest].vehicles)
        ):
            poorest = u
    if poorest < 0 or vehicles <= 0:
        return
    unit = now.units[poorest]
    unit.vehicles += vehicles
    now.sides[unit.side].vehicles_looted += vehicles
    gain = now.params.loot_quality * vehicles / now.params.loot_set_vehicles
    unit.loot = min(now.params.loot_quality_cap, unit.loot + gain)


@compiled
def move_vehicles(now: Now, place: int, loser: int, winner_c: int, taken: int, destroyed: int):
    """Take vehicles from the loser: some change sides, some burn.

    Source: RULES R2.4.
    """
    for u in range(len(now.units)):
        if not combat.in_party(now, u, -1, place, loser):
            continue
        unit = now.units[u]
        side = now.sides[unit.side]
        burnt = min(destroyed, unit.vehicles)
        unit.vehicles -= burnt
        side.vehicles_lost += burnt
        destroyed -= burnt
        won = min(taken, unit.vehicles)
        unit.vehicles -= won
        side.vehicles_lost += won
        taken -= won
        give_loot(now, winner_c, won)


@compiled
def rout(now: Now, place: int, loser: int, winner_c: int, hour: float, cause: int):
    """A broken defender loses men; the victor takes and destroys vehicles.

    A base looted within the last month yields less. Source: RULES R2.4.
    """
    party = combat.muster(now, -1, place, loser)
    men, vehicles, first = party.men, party.vehicles, party.first
    if men <= 0:
        return
    gone = binomial(men, now.params.rout_loss, uniform(now.key, Decision.ROUT, place, int(hour)))
    dead = round(gone * now.params.rout_dead)
    captured = round(gone * now.params.rout_captured)
    missing = gone - dead - captured
    side = now.units[first].side
    row = note(now, hour, log.ROUT, side, place, cause, entity=first, amount=gone)
    combat.share_losses(now, party, dead, 0, captured, missing, row)
    spot = now.places[place]
    fresh = min(1.0, (now.day - spot.looted_day) / now.params.loot_recovery_days)
    taken = round(vehicles * now.params.loot_taken * fresh)
    destroyed = round(vehicles * now.params.loot_destroyed * fresh)
    if taken + destroyed > 0:
        move_vehicles(now, place, loser, winner_c, taken, destroyed)
        note(now, hour, log.LOOT, now.columns[winner_c].side, place, row, first, taken)
    spot.looted_day = now.day
