"""R1.6, R1.7: stocks, shipments that pass or are lost, and men who come back or run away."""

import math

from camphandover.core import ledger as log
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, Key, binomial, uniform
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
from camphandover.core.rules import rule
from camphandover.core.rules.blockade import siege_passage
from camphandover.core.rules.presence import hostile_phi, support_for
from camphandover.core.rules.strikes import LANDING, land_under_fire
from camphandover.core.state import (
    ARMY,
    GROUP,
    HOURS,
    MOVING,
    N_BLOCS,
    Clock,
    State,
    UnitRow,
    air_scale,
    bloc_of,
)


@compiled
def stock_limit(state: State, params: Params, unit: UnitRow):
    """Most days of stock that a unit can have.

    Garrisons 30, columns 7, armed groups 12 and more where people support them.
    Source: RULES R1.6.
    """
    if unit.kind == GROUP:
        support = support_for(state, unit.place, bloc_of(unit.side))
        return params.supply_max_armed + params.supply_support_bonus * support
    if unit.column >= 0:
        return params.supply_max_column
    return params.supply_max_garrison


@rule("R1.6", writes=("units.supply", "units.low_days"))
def eat_stock(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """A day's use of stock, double in combat; days in a row with too little are counted.

    Source: RULES R1.6, R5.4.
    """
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.men <= 0:
            continue
        use = params.supply_use_combat if unit.fought == clock.day else params.supply_use
        unit.supply = max(0.0, unit.supply - use)
        if unit.supply < params.abandon_supply:
            unit.low_days = min(1000, unit.low_days + 1)
        else:
            unit.low_days = 0


@compiled
def depot_open(state: State, place: int, bloc: int):
    """Whether a bloc can draw on a depot: it holds the place, and no blockade closes its river
    and its air. Source: RULES R1.6, R5.6 (stage 2).
    """
    if bloc == N_BLOCS - 1:
        return True
    spot = state.places[place]
    if bloc == 0 and spot.siege_stage == 2:
        return False
    return spot.town_holder == bloc or spot.camp_holder == bloc or bloc == 2


@compiled
def nearest_depot(state: State, place: int, bloc: int):
    """Nearest open depot of a bloc by road, -1 when there is none."""
    best = -1
    for p in range(len(state.places)):
        if (
            state.shipments[bloc, p].depot
            and depot_open(state, p, bloc)
            and (best < 0 or state.routes[p, place].km < state.routes[best, place].km)
        ):
            best = p
    return best


@compiled
def p_passage(state: State, params: Params, here: int, nxt: int, bloc: int):
    """Chance that a shipment passes an edge: lost more often on long and contested roads.

    Separatists who have lost their core prey on the army's roads, and a blockade bars them.
    Source: Zhukov 2012 (roads); RULES R1.6 (passage probabilities drawn daily), R5.6, R5.8.
    """
    if bloc == N_BLOCS - 1:
        return 1.0
    contested = 0.5 * (hostile_phi(state, here, bloc) + hostile_phi(state, nxt, bloc))
    if bloc == 0 and state.conflict[0].guerrilla:
        rebels = 0.5 * (state.presence[1, here].phi + state.presence[1, nxt].phi)
        contested += (params.guerrilla_roads - 1.0) * rebels
    open_road = max(0.0, 1.0 - params.supply_edge_loss * contested)
    passage = open_road ** (state.routes[here, nxt].km / 100.0)
    return passage * siege_passage(state, params, here, nxt, bloc)


@compiled
def blocked_at(state: State, params: Params, key: Key, day: int, depot: int, place: int, bloc: int):
    """Where the day's road from a depot is closed, with the chance of that; -1 when it is open."""
    here = depot
    while here != place:
        nxt = state.routes[here, place].next
        p = p_passage(state, params, here, nxt, bloc)
        edge = here * len(state.places) + nxt
        if uniform(key, Decision.SHIPMENT_PASSAGE, edge * N_BLOCS + bloc, day) >= p:
            return nxt, 1.0 - p
        here = nxt
    return -1, math.nan


@compiled
def flies(state: State, params: Params, key: Key, day: int, place: int, bloc: int):
    """Whether a supply flight is free for a place today. Source: RULES R1.6 (free sortie)."""
    if bloc == 1 or bloc == 2 or not state.places[place].airstrip:
        return False
    if state.presence[bloc, place].inside <= 0.0:
        return False  # nobody of theirs stands by the strip
    if bloc == 0 and (air_scale(state) <= 0.0 or state.places[place].siege_stage == 2):
        return False
    return uniform(key, Decision.SORTIE, place * N_BLOCS + bloc, day) < params.supply_sorties


@rule("R1.6", writes=("shipments", "sides.shipped", "sides.lost", *LANDING))
def ship_supplies(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Ask for stock where a bloc's stock is low, and send it by road or, failing that, by air.

    A road shipment is lost where the day's draw closes an edge. Source: RULES R1.6.
    """
    for bloc in range(N_BLOCS):
        side = bloc if bloc == 0 else bloc + 1
        for place in range(len(state.places)):
            cell = state.presence[bloc, place]
            box = state.shipments[bloc, place]
            if cell.men <= 0.0 or box.amount > 0.0:
                continue
            full = params.supply_max_garrison if bloc == 0 or bloc == 3 else params.supply_max_armed
            want = full * cell.men - cell.stock
            if cell.stock > params.supply_reorder * full * cell.men:
                continue
            depot = nearest_depot(state, place, bloc)
            hour = float(clock.day * HOURS)
            if depot < 0:
                continue
            at, p = blocked_at(state, params, key, clock.day, depot, place, bloc)
            if at < 0:
                box.amount = want
                box.arrive = hour + HOURS * state.routes[depot, place].km / params.supply_speed
                state.sides[side].shipped += want
            elif flies(state, params, key, clock.day, place, bloc):
                box.amount = min(want, params.supply_sortie_load)
                box.arrive = hour
                if bloc == 0:
                    land_under_fire(state, params, key, ledger, place, hour + HOURS // 2, -1)
                state.sides[side].shipped += box.amount
            else:
                state.sides[side].shipped += want
                state.sides[side].lost += want
                log.note(ledger, hour, log.SHIPMENT_LOST, side, at, place, want, p, -1)


@rule("R1.6", writes=("units.supply", "shipments", "sides.received"))
def receive_supplies(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Shipments that arrive fill the stocks of the units at the place; depots take the rest.

    Source: RULES R1.6 (shipped = received + lost + in transit).
    """
    midnight = float((clock.day + 1) * HOURS)
    for bloc in range(N_BLOCS):
        side = bloc if bloc == 0 else bloc + 1
        for place in range(len(state.places)):
            box = state.shipments[bloc, place]
            if box.amount > 0.0 and box.arrive < midnight:
                state.sides[side].received += box.amount
                men = state.presence[bloc, place].men
                box.days = box.amount / men if men > 0.0 else 0.0
                box.amount = 0.0
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.men <= 0 or (unit.column >= 0 and state.columns[unit.column].status == MOVING):
            continue
        days = state.shipments[bloc_of(unit.side), unit.place].days
        if days > 0.0:
            unit.supply = min(stock_limit(state, params, unit), unit.supply + days)
    for bloc in range(N_BLOCS):
        for place in range(len(state.places)):
            state.shipments[bloc, place].days = 0.0


@compiled
def besieged(state: State, unit: UnitRow):
    """Whether hostile influence is the larger one where an army unit stands."""
    return hostile_phi(state, unit.place, 0) > 0.5


@rule(
    "R1.7",
    writes=(
        "units.men",
        "units.missing",
        "sides.deserted",
        "sides.missing",
        "sides.noted_missing",
    ),
)
def waste(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Desertion from the army, faster under siege; missing men who find their way back.

    Source: RULES R1.7, R2.4.
    """
    hour = float((clock.day + 1) * HOURS) - 1.0
    for u in range(len(state.units)):
        unit = state.units[u]
        if unit.missing > 0 and clock.day >= unit.return_day:
            unit.men += unit.missing
            side = state.sides[unit.side]
            side.missing -= unit.missing
            side.noted_missing -= unit.missing
            log.note(
                ledger, hour, log.RETURNED, unit.side, unit.place, u, float(unit.missing),
                math.nan, unit.missing_cause,
            )  # fmt: skip
            unit.missing = 0
        if unit.side != ARMY or unit.men <= 0:
            continue
        chance = params.desertion
        if unit.supply < params.desertion_siege_days and besieged(state, unit):
            chance *= params.desertion_siege_factor
        gone = binomial(unit.men, chance, uniform(key, Decision.DESERTION, u, clock.day))
        unit.men -= gone
        state.sides[ARMY].deserted += gone
