"""R2.4: a broken defender runs, and the victor takes and burns his vehicles."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, binomial, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules.combat import in_party, muster, share_losses
from camphandover.core.state import Clock, State


@compiled
def give_loot(state: State, params: Params, c: int, vehicles: int):
    """Vehicles and arms for the unit of a column with the fewest vehicles. Source: RULES R2.4."""
    poorest = -1
    for u in range(len(state.units)):
        unit = state.units[u]
        if (
            unit.column == c
            and unit.men > 0
            and (poorest < 0 or unit.vehicles < state.units[poorest].vehicles)
        ):
            poorest = u
    if poorest < 0 or vehicles <= 0:
        return
    unit = state.units[poorest]
    unit.vehicles += vehicles
    state.sides[unit.side].vehicles_looted += vehicles
    gain = params.loot_quality * vehicles / params.loot_set_vehicles
    unit.loot = min(params.loot_quality_cap, unit.loot + gain)


@compiled
def move_vehicles(
    state: State, params: Params, place: int, loser: int, winner_c: int, taken: int, destroyed: int
):
    """Take vehicles from the loser: some change sides, some burn.

    Source: RULES R2.4.
    """
    for u in range(len(state.units)):
        if not in_party(state, u, -1, place, loser):
            continue
        unit = state.units[u]
        side = state.sides[unit.side]
        burnt = min(destroyed, unit.vehicles)
        unit.vehicles -= burnt
        side.vehicles_lost += burnt
        destroyed -= burnt
        won = min(taken, unit.vehicles)
        unit.vehicles -= won
        side.vehicles_lost += won
        taken -= won
        give_loot(state, params, winner_c, won)


@compiled
def rout(
    state: State,
    params: Params,
    clock: Clock,
    key: Key,
    ledger: Ledger,
    place: int,
    loser: int,
    winner_c: int,
    hour: float,
    cause: int,
):
    """A broken defender loses men; the victor takes and destroys vehicles.

    A base looted within the last month yields less. Source: RULES R2.4.
    """
    men, _, vehicles, _, _, first = muster(state, params, -1, place, loser)
    if men <= 0:
        return
    gone = binomial(men, params.rout_loss, uniform(key, Decision.ROUT, place, int(hour)))
    dead = round(gone * params.rout_dead)
    captured = round(gone * params.rout_captured)
    missing = gone - dead - captured
    again = clock.day + int(params.rout_return_days)
    side = state.units[first].side
    row = log.note(ledger, hour, log.ROUT, side, place, first, gone, math.nan, cause)
    share_losses(
        state, -1, place, loser, men, dead, 0, captured, missing, params.rout_return, again, row
    )
    spot = state.places[place]
    fresh = min(1.0, (clock.day - spot.looted_day) / params.loot_recovery_days)
    taken = round(vehicles * params.loot_taken * fresh)
    destroyed = round(vehicles * params.loot_destroyed * fresh)
    if taken + destroyed > 0:
        move_vehicles(state, params, place, loser, winner_c, taken, destroyed)
        log.note(
            ledger, hour, log.LOOT, state.columns[winner_c].side, place, first, taken, math.nan, row
        )
    spot.looted_day = clock.day
