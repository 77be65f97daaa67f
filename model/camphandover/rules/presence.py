"""R4.1, R4.2, R2.2: who is where, how strong, and how far its influence reaches."""

import math

from camphandover.compiled import compiled
from camphandover.draws import Key
from camphandover.ledger import Ledger
from camphandover.parameters import Params
from camphandover.rules import rule
from camphandover.state import (
    COUNTRY,
    MANOEUVRE,
    MOVING,
    N_BLOCS,
    OCCUPY,
    WAGNER,
    WAGNER_TEAM,
    Clock,
    State,
    UnitRow,
    bloc_of,
)

NOBODY = 10**6
"""Days short of stock where no free unit stands."""


@compiled
def supply_effect(params: Params, stock: float):
    """Fighting value q of a stock of days, 0-1, never falling in it.

    Source: RULES R1.6, q = min(1, floor + slope x D / full).
    """
    return min(1.0, params.supply_floor + params.supply_slope * stock / params.supply_full)


@compiled
def unit_power(params: Params, unit: UnitRow):
    """Fighting power of a unit: men x quality (with loot) x supply effect. Source: RULES R2.2."""
    return unit.men * unit.quality * (1.0 + unit.loot) * supply_effect(params, unit.supply)


@compiled
def on_the_road(state: State, unit: UnitRow):
    """Whether a unit marches with a column just now."""
    return unit.column >= 0 and state.columns[unit.column].status == MOVING


@compiled
def has_stock(params: Params, unit: UnitRow):
    """Whether a unit has the stock with which an offensive sets out. Source: RULES R5.3 (D)."""
    return unit.supply >= min(params.column_supply, params.supply_max_column)


@compiled
def is_mobile(state: State, unit: UnitRow):
    """Whether an army or Wagner unit is free to join an offensive and takes the army's orders."""
    return (
        unit.men > 0
        and unit.column < 0
        and unit.slot != COUNTRY
        and bloc_of(unit.side) == 0
        and (unit.kind == MANOEUVRE or unit.kind == WAGNER_TEAM)
        and not (unit.side == WAGNER and state.sides[WAGNER].commanded)
    )


@rule("R1.2", writes=("presence",))
def count_presence(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Men, vehicles, power and stock of each bloc at each place; and men on their way to stay.

    Source: RULES R1.2, R2.2 (power); splitting a unit conserves it.
    """
    presence = state.presence
    n_places = len(state.places)
    for b in range(N_BLOCS):
        for p in range(n_places):
            cell = presence[b, p]
            cell.men = 0.0
            cell.inside = 0.0
            cell.free = 0.0
            cell.units = 0.0
            cell.vehicles = 0.0
            cell.power = 0.0
            cell.stock = 0.0
            cell.incoming = 0.0
            cell.low_days = NOBODY
            cell.latest = 0
            cell.mobile = 0.0
            cell.mobile_vehicles = 0.0
            cell.mobile_power = 0.0
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.men <= 0:
            continue
        bloc = bloc_of(unit.side)
        if unit.column >= 0:
            column = state.columns[unit.column]
            if column.status == MOVING:
                if column.mission >= OCCUPY:
                    presence[bloc, column.target].incoming += unit.men
                continue
        cell = presence[bloc, unit.place]
        cell.men += unit.men
        if unit.slot != COUNTRY:
            cell.inside += unit.men
        cell.units += 1.0
        cell.vehicles += unit.vehicles
        cell.power += unit_power(params, unit)
        cell.stock += unit.men * unit.supply
        if unit.column < 0:
            if bloc != 0 or unit.slot != COUNTRY:
                cell.free += unit.men
            cell.low_days = min(cell.low_days, unit.low_days)
            cell.latest = max(cell.latest, unit.since)
        if is_mobile(state, unit) and has_stock(params, unit):
            cell.mobile += unit.men
            cell.mobile_vehicles += unit.vehicles
            cell.mobile_power += unit.men * unit.quality * (1.0 + unit.loot)


@rule("R4.1", writes=("presence",))
def spread_influence(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Influence A of each armed bloc at each place and its share phi among them.

    A_k = sum over units of N e exp(-d / delta), with road distance d; the UN does not count.
    Source: Kalyvas 2006; RULES R4.1.
    """
    presence = state.presence
    routes = state.routes
    n_places = len(state.places)
    for b in range(N_BLOCS - 1):
        for p in range(n_places):
            presence[b, p].influence = 0.0
        for source in range(n_places):
            power = presence[b, source].power
            if power > 0.0:
                for p in range(n_places):
                    presence[b, p].influence += power * routes[source, p].near
    for p in range(n_places):
        total = 0.0
        for b in range(N_BLOCS - 1):
            total += presence[b, p].influence
        for b in range(N_BLOCS - 1):
            presence[b, p].phi = presence[b, p].influence / total if total > 0.0 else 0.0


@compiled
def support_for(state: State, place: int, bloc: int):
    """Share of the people of a place who support a bloc. Source: RULES R4.2 (s)."""
    spot = state.places[place]
    if bloc == 0:
        return spot.support_army
    if bloc == 1:
        return spot.support
    return spot.support_gsim if bloc == 2 else 0.0


@compiled
def information(state: State, place: int, bloc: int):
    """What a bloc learns from the people of a place, 0-1: support x influence.

    Fear is the population's (R4.2 with R4.3) and zero as long as no rule raises it.
    Source: Kalyvas 2006; Kress and Szechtman 2009; RULES R4.2.
    """
    return support_for(state, place, bloc) * state.presence[bloc, place].phi


@compiled
def hostile_phi(state: State, place: int, bloc: int):
    """Share of influence at a place of those who fight this bloc (the UN is attacked by both)."""
    presence = state.presence
    if bloc == 1 or bloc == 2:
        return presence[0, place].phi
    return presence[1, place].phi + presence[2, place].phi


@compiled
def estimate_win(params: Params, attack: float, defence: float, surprise: float):
    """A commander's estimate of the chance to take a position, from the powers on both sides.

    A logistic curve in the log of the force ratio, fitted to the outcomes of R2.2's attrition.

    Args:
        attack: Power of the attacker. defence: Power of the defender times its posture.
        surprise: 1.0 when the attack is expected to surprise, else 0.0.
    Source: RULES R2.2 *Check*, R5.1.
    """
    if defence <= 0.0:
        return 1.0
    if attack <= 0.0:
        return 0.0
    logit = params.win_slope * math.log(attack / defence) + params.win_surprise * surprise
    return 1.0 / (1.0 + math.exp(-logit))
