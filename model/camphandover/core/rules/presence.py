"""R4.1, R4.2, R2.2: who is where, how strong, and how far its influence reaches."""

import math

from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.now import Now, hostile
from camphandover.core.parameters import Params
from camphandover.core.rules import ALL, rule

NO_UNITS = 10**6
"""Days short of stock where no free unit stands."""


@compiled
def supply_effect(params: Params, stock: float):
    """Fighting value q of a stock of days, 0-1, never falling in it.

    Source: RULES R1.6, q = min(1, floor + slope x D / full).
    """
    return min(1.0, params.supply_floor + params.supply_slope * stock / params.supply_full)


@compiled
def unit_power(params: Params, unit: st.UnitRow):
    """Fighting power of a unit: men x quality (with loot) x supply effect. Source: RULES R2.2."""
    return unit.men * unit.quality * (1.0 + unit.loot) * supply_effect(params, unit.supply)


@compiled
def has_stock(params: Params, unit: st.UnitRow):
    """Whether a unit has the stock with which an offensive sets out. Source: RULES R5.3 (D)."""
    return unit.supply >= min(params.column_supply, params.supply_max_column)


@compiled
def is_mobile(now: Now, unit: st.UnitRow):
    """Whether an army or Wagner unit is free to join an offensive and takes the army's orders."""
    return (
        unit.men > 0
        and unit.column < 0
        and unit.slot != st.COUNTRY
        and st.bloc_of(unit.side) == st.STATE
        and (unit.kind == st.MANOEUVRE or unit.kind == st.WAGNER_TEAM or unit.kind == st.PARTNER)
        and not (unit.side == st.WAGNER and now.sides[st.WAGNER].commanded)
    )


@rule("R1.2", presence=ALL)
def count_presence(now: Now):
    """Men, vehicles, power and stock of each bloc at each place; and men on their way to stay.

    Source: RULES R1.2, R2.2 (power); splitting a unit conserves it.
    """
    n_places = len(now.places)
    for b in range(st.N_BLOCS):
        for p in range(n_places):
            cell = now.presence[b, p]
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
    for unit in now.units:
        if unit.men <= 0:
            continue
        bloc = st.bloc_of(unit.side)
        if unit.column >= 0:
            column = now.columns[unit.column]
            if column.status == st.MOVING:
                if st.comes_to_stay(column.mission):
                    now.presence[bloc, column.target].incoming += unit.men
                continue
        cell = now.presence[bloc, unit.place]
        cell.men += unit.men
        if unit.slot != st.COUNTRY:
            cell.inside += unit.men
        cell.units += 1.0
        cell.vehicles += unit.vehicles
        cell.power += unit_power(now.params, unit)
        cell.stock += unit.men * unit.supply
        if unit.column < 0:
            if bloc != st.STATE or unit.slot != st.COUNTRY:
                cell.free += unit.men
                if cell.smallest == 0.0 or unit.men < cell.smallest:
                    cell.smallest = unit.men
            cell.low_days = min(cell.low_days, unit.low_days)
            cell.latest = max(cell.latest, unit.since)
        if is_mobile(now, unit) and has_stock(now.params, unit):
            cell.mobile += unit.men
            cell.mobile_vehicles += unit.vehicles
            cell.mobile_power += unit.men * unit.quality * (1.0 + unit.loot)


@rule("R4.1", presence=ALL)
def spread_influence(now: Now):
    """Influence A of each armed bloc at each place and its share phi among them.

    A_k = sum over units of N e exp(-d / delta), with road distance d; the UN does not count.
    Source: Kalyvas 2006; RULES R4.1.
    """
    n_places = len(now.places)
    for b in range(st.N_ARMED):
        for p in range(n_places):
            now.presence[b, p].influence = 0.0
        for source in range(n_places):
            power = now.presence[b, source].power
            if power > 0.0:
                for p in range(n_places):
                    now.presence[b, p].influence += power * now.routes[source, p].near
    for p in range(n_places):
        total = 0.0
        for b in range(st.N_ARMED):
            total += now.presence[b, p].influence
        for b in range(st.N_ARMED):
            now.presence[b, p].phi = now.presence[b, p].influence / total if total > 0.0 else 0.0


@compiled
def support_for(now: Now, place: int, bloc: int):
    """Share of the people of a place who support a bloc. Source: RULES R4.2 (s)."""
    spot = now.places[place]
    if bloc == st.STATE:
        return spot.support_army
    if bloc == st.REBELS:
        return spot.support
    return spot.support_gsim if bloc == st.JIHADISTS else 0.0


@compiled
def fear(now: Now, place: int, bloc: int):
    """Share of those who would inform a bloc and are silent for fear of its enemies, 0-1.

    Deaths of civilians at the hands of others count, those remembered. Source: Kalyvas 2006;
    RULES R4.2.
    """
    if not now.switches.loop:
        return 0.0
    spot = now.people[place]
    deaths = spot.harm_others
    if bloc != st.STATE:
        deaths += spot.harm_army
    if bloc != st.REBELS:
        deaths += spot.harm_separatists
    if bloc != st.JIHADISTS:
        deaths += spot.harm_gsim
    return deaths / (deaths + now.params.fear_deaths)


@compiled
def information(now: Now, place: int, bloc: int):
    """What a bloc learns from the people of a place, 0-1: support x influence x (1 - fear).

    Source: Kalyvas 2006; Kress and Szechtman 2009; RULES R4.2.
    """
    heard = support_for(now, place, bloc) * now.presence[bloc, place].phi
    return heard * (1.0 - fear(now, place, bloc))


@compiled
def hostile_phi(now: Now, place: int, bloc: int):
    """Share of influence at a place of those who fight this bloc (the UN is attacked by both)."""
    if st.is_group(bloc):
        phi = now.presence[st.STATE, place].phi
        return (
            phi + now.presence[st.other_group(bloc), place].phi
            if hostile(now, st.REBELS, st.JIHADISTS)
            else phi
        )
    return now.presence[st.REBELS, place].phi + now.presence[st.JIHADISTS, place].phi


@compiled
def nerve(now: Now, bloc: int, attacking: bool, mobile: bool):
    """Mean share of casualties at which men of a bloc break, with their morale.

    Args:
        attacking: Whether they attack. mobile: Whether the army's are manoeuvre companies.
    Source: RULES R2.3.
    """
    if bloc == st.STATE:
        share = now.params.break_manoeuvre if mobile else now.params.break_garrison
    elif bloc == st.REBELS:
        share = now.params.break_raider if attacking else now.params.break_separatists
    else:
        share = now.params.break_gsim
    morale = now.sides[st.leader_of(bloc)].morale
    return share * (now.params.break_morale_base + now.params.break_morale_slope * morale)


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
