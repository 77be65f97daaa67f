"""R1.6, R1.7: stocks, shipments that pass or are lost, and men who come back or run away."""

import math

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.compiled import compiled
from camphandover.core.draws import Decision, binomial, uniform
from camphandover.core.now import Now, air_scale, is_nearer, note
from camphandover.core.rules import ALL, blockade, presence, rule, strikes


@compiled
def stock_limit(now: Now, unit: st.UnitRow):
    """Most days of stock that a unit can have.

    Garrisons 30, columns 7, armed groups 12 and more where people support them.
    Source: RULES R1.6.
    """
    if unit.kind == st.GROUP:
        support = presence.support_for(now, unit.place, st.bloc_of(unit.side))
        return now.params.supply_max_armed + now.params.supply_support_bonus * support
    if unit.column >= 0:
        return now.params.supply_max_column
    return now.params.supply_max_garrison


@rule("R1.6", units="supply low_days")
def eat_stock(now: Now):
    """A day's use of stock, double in combat; days in a row with too little are counted.

    Source: RULES R1.6, R5.4.
    """
    for unit in now.units:
        if unit.men <= 0:
            continue
        use = now.params.supply_use_combat if unit.fought == now.day else now.params.supply_use
        unit.supply = max(0.0, unit.supply - use)
        if unit.supply < now.params.abandon_supply:
            unit.low_days = min(1000, unit.low_days + 1)
        else:
            unit.low_days = 0


@compiled
def depot_open(now: Now, place: int, bloc: int):
    """Whether a bloc can draw on a depot: it holds the place, and no blockade closes its river
    and its air. Source: RULES R1.6, R5.6 (stage 2).
    """
    if bloc == st.UN_HOLDER:
        return True
    spot = now.places[place]
    if bloc == st.STATE and spot.siege_stage == 2:
        return False
    return st.held_by(spot, bloc) or bloc == st.JIHADISTS


@compiled
def nearest_depot(now: Now, place: int, bloc: int):
    """Nearest open depot of a bloc by road, -1 when there is none."""
    best = -1
    for p in range(len(now.places)):
        if (
            now.shipments[bloc, p].depot
            and depot_open(now, p, bloc)
            and is_nearer(now, place, p, best)
        ):
            best = p
    return best


@compiled
def p_passage(now: Now, here: int, nxt: int, bloc: int):
    """Chance that a shipment passes an edge: lost more often on long and contested roads.

    Separatists who have lost their core prey on the army's roads, and a blockade bars them.
    Source: Zhukov 2012 (roads); RULES R1.6 (passage probabilities drawn daily), R5.6, R5.8.
    """
    if bloc == st.UN_HOLDER:
        return 1.0
    contested = 0.5 * (presence.hostile_phi(now, here, bloc) + presence.hostile_phi(now, nxt, bloc))
    if bloc == st.STATE and now.conflict.guerrilla:
        rebels = 0.5 * (now.presence[st.REBELS, here].phi + now.presence[st.REBELS, nxt].phi)
        contested += (now.params.guerrilla_roads - 1.0) * rebels
    open_road = max(0.0, 1.0 - now.params.supply_edge_loss * contested)
    passage = open_road ** (now.routes[here, nxt].km / 100.0)
    return passage * blockade.siege_passage(now, here, nxt, bloc)


@compiled
def blocked_at(now: Now, day: int, depot: int, place: int, bloc: int):
    """Where the day's road from a depot is closed, with the chance of that; -1 when it is open."""
    here = depot
    while here != place:
        nxt = now.routes[here, place].next
        p = p_passage(now, here, nxt, bloc)
        edge = here * len(now.places) + nxt
        if uniform(now.key, Decision.SHIPMENT_PASSAGE, edge * st.N_BLOCS + bloc, day) >= p:
            return nxt, 1.0 - p
        here = nxt
    return -1, math.nan


@compiled
def flies(now: Now, day: int, place: int, bloc: int):
    """Whether a supply flight is free for a place today. Source: RULES R1.6 (free sortie)."""
    if st.is_group(bloc) or not now.places[place].airstrip:
        return False
    if now.presence[bloc, place].inside <= 0.0:
        return False  # nobody of theirs stands by the strip
    if bloc == st.STATE and (air_scale(now) <= 0.0 or now.places[place].siege_stage == 2):
        return False
    return (
        uniform(now.key, Decision.SORTIE, place * st.N_BLOCS + bloc, day)
        < now.params.supply_sorties
    )


@rule("R1.6", strikes.LANDING, shipments=ALL, sides="shipped lost")
def ship_supplies(now: Now):
    """Ask for stock where a bloc's stock is low, and send it by road or, failing that, by air.

    A road shipment is lost where the day's draw closes an edge. Source: RULES R1.6.
    """
    params = now.params
    for bloc in range(st.N_BLOCS):
        side = st.leader_of(bloc)
        for place in range(len(now.places)):
            cell = now.presence[bloc, place]
            box = now.shipments[bloc, place]
            if cell.men <= 0.0 or box.amount > 0.0:
                continue
            full = (
                params.supply_max_garrison
                if bloc == st.STATE or bloc == 3
                else params.supply_max_armed
            )
            want = full * cell.men - cell.stock
            if cell.stock > params.supply_reorder * full * cell.men:
                continue
            depot = nearest_depot(now, place, bloc)
            hour = now.start
            if depot < 0:
                continue
            at, p = blocked_at(now, now.day, depot, place, bloc)
            if at < 0:
                box.amount = want
                box.arrive = hour + st.HOURS * now.routes[depot, place].km / params.supply_speed
                now.sides[side].shipped += want
            elif flies(now, now.day, place, bloc):
                box.amount = min(want, params.supply_sortie_load)
                box.arrive = hour
                if bloc == st.STATE:
                    strikes.land_under_fire(now, place, hour + st.HOURS // 2, -1)
                now.sides[side].shipped += box.amount
            else:
                now.sides[side].shipped += want
                now.sides[side].lost += want
                note(now, hour, log.SHIPMENT_LOST, side, at, entity=place, amount=want, p=p)


@rule("R1.6", units="supply", shipments=ALL, sides="received")
def receive_supplies(now: Now):
    """Shipments that arrive fill the stocks of the units at the place; depots take the rest.

    Source: RULES R1.6 (shipped = received + lost + in transit).
    """
    for bloc in range(st.N_BLOCS):
        side = st.leader_of(bloc)
        for place in range(len(now.places)):
            box = now.shipments[bloc, place]
            if box.amount > 0.0 and box.arrive < now.end:
                now.sides[side].received += box.amount
                men = now.presence[bloc, place].men
                box.days = box.amount / men if men > 0.0 else 0.0
                box.amount = 0.0
    for unit in now.units:
        if unit.men <= 0 or (unit.column >= 0 and now.columns[unit.column].status == st.MOVING):
            continue
        days = now.shipments[st.bloc_of(unit.side), unit.place].days
        if days > 0.0:
            unit.supply = min(stock_limit(now, unit), unit.supply + days)
    for bloc in range(st.N_BLOCS):
        for place in range(len(now.places)):
            now.shipments[bloc, place].days = 0.0


@rule("R1.7", units="men missing", sides="deserted missing noted_missing")
def waste(now: Now):
    """Desertion from the army, faster under siege; missing men who find their way back.

    Source: RULES R1.7, R2.4.
    """
    hour = now.end - 1.0
    for u, unit in enumerate(now.units):
        if unit.missing > 0 and now.day >= unit.return_day:
            unit.men += unit.missing
            side = now.sides[unit.side]
            side.missing -= unit.missing
            side.noted_missing -= unit.missing
            note(
                now, hour, log.RETURNED, unit.side, unit.place, unit.missing_cause, u, unit.missing
            )
            unit.missing = 0
        if unit.side != st.ARMY or unit.men <= 0:
            continue
        chance = now.params.desertion
        hungry = unit.supply < now.params.desertion_siege_days
        if hungry and presence.hostile_phi(now, unit.place, st.STATE) > 0.5:
            chance *= now.params.desertion_siege_factor
        gone = binomial(unit.men, chance, uniform(now.key, Decision.DESERTION, u, now.day))
        unit.men -= gone
        now.sides[st.ARMY].deserted += gone
