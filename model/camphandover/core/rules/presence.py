"""R4.1, R4.2, R2.2: who is where, how strong, and how far its influence reaches."""

import math

from camphandover.core.compiled import compiled
from camphandover.core.draws import Key
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.state import (
    COUNTRY,
    MANOEUVRE,
    MOVING,
    N_BLOCS,
    OCCUPY,
    PARTNER,
    WAGNER,
    WAGNER_TEAM,
    Clock,
    State,
    UnitRow,
    bloc_of,
    hostile,
)

NO_UNITS = 10**6
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
        and (unit.kind == MANOEUVRE or unit.kind == WAGNER_TEAM or unit.kind == PARTNER)
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
            cell.smallest = 0.0
            cell.units = 0.0
            cell.vehicles = 0.0
            cell.power = 0.0
            cell.stock = 0.0
            cell.incoming = 0.0
            cell.low_days = NO_UNITS
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
                if cell.smallest == 0.0 or unit.men < cell.smallest:
                    cell.smallest = unit.men
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
def fear(state: State, params: Params, place: int, bloc: int):
    """Share of those who would inform a bloc and are silent for fear of its enemies, 0-1.

    Deaths of civilians at the hands of others count, those remembered. Source: Kalyvas 2006;
    RULES R4.2.
    """
    if not state.switches[0].loop:
        return 0.0
    spot = state.people[place]
    deaths = spot.harm_others
    if bloc != 0:
        deaths += spot.harm_army
    if bloc != 1:
        deaths += spot.harm_separatists
    if bloc != 2:
        deaths += spot.harm_gsim
    return deaths / (deaths + params.fear_deaths)


@compiled
def information(state: State, params: Params, place: int, bloc: int):
    """What a bloc learns from the people of a place, 0-1: support x influence x (1 - fear).

    Source: Kalyvas 2006; Kress and Szechtman 2009; RULES R4.2.
    """
    heard = support_for(state, place, bloc) * state.presence[bloc, place].phi
    return heard * (1.0 - fear(state, params, place, bloc))


@compiled
def hostile_phi(state: State, place: int, bloc: int):
    """Share of influence at a place of those who fight this bloc (the UN is attacked by both)."""
    presence = state.presence
    if bloc == 1 or bloc == 2:
        phi = presence[0, place].phi
        return phi + presence[3 - bloc, place].phi if hostile(state, 1, 2) else phi
    return presence[1, place].phi + presence[2, place].phi


@compiled
def nerve(state: State, params: Params, bloc: int, attacking: bool, mobile: bool):
    """Mean share of casualties at which men of a bloc break, with their morale.

    Args:
        attacking: Whether they attack. mobile: Whether the army's are manoeuvre companies.
    Source: RULES R2.3.
    """
    if bloc == 0:
        share = params.break_manoeuvre if mobile else params.break_garrison
    elif bloc == 1:
        share = params.break_raider if attacking else params.break_separatists
    else:
        share = params.break_gsim
    morale = state.sides[bloc if bloc == 0 else bloc + 1].morale
    return share * (params.break_morale_base + params.break_morale_slope * morale)


@compiled
def estimate_win(params: Params, attack: float, defence: float, surprise: float):
    """A commander's estimate of the chance to take a position, from the powers on both sides.

    A logistic curve in the log of the force ratio, fitted to the outcomes of R2.2's attrition; a
    party that breaks later counts as so much stronger.

    Args:
        attack: Power of the attacker times its `nerve`.
        defence: Power of the defender times its posture and its `nerve`.
        surprise: 1.0 when the attack is expected to surprise, else 0.0.
    Source: RULES R2.2 *Check*, R2.3, R5.1.
    """
    if defence <= 0.0:
        return 1.0
    if attack <= 0.0:
        return 0.0
    logit = params.win_slope * math.log(attack / defence) + params.win_surprise * surprise
    return 1.0 / (1.0 + math.exp(-logit))
