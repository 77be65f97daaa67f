"""One day, in order. The whole model can be read from here.

`advance` lists the rules in the order of R1.1: orders, moves, air, fights, control, supply,
people, politics, reports. `run` loops over the days and records the state of each at 24:00.
"""

from typing import NewType

import numpy as np

from camphandover.core.compiled import compiled, declare, inlined
from camphandover.core.draws import Key
from camphandover.core.ledger import Ledger
from camphandover.core.now import Now, at
from camphandover.core.parameters import Params, ParamsTable
from camphandover.core.rules.abuse import abuse_people
from camphandover.core.rules.airlift import airlift
from camphandover.core.rules.airpower import ready_aircraft, watch_from_air
from camphandover.core.rules.alliance import ask_for_help, flare_crisis, receive_help
from camphandover.core.rules.assault import engage_columns
from camphandover.core.rules.blockade import close_roads, lose_core, press_sieges
from camphandover.core.rules.books import Control, People, Series, War, close_day, open_day, record
from camphandover.core.rules.control import hold_towns
from camphandover.core.rules.garrisons import (
    abandon_posts,
    keep_garrisons,
    relieve_posts,
    send_home,
)
from camphandover.core.rules.handover import order_race, strain_joint_units
from camphandover.core.rules.holding import enter_vacated, leave_bases, reenter_bases
from camphandover.core.rules.movement import advance_columns
from camphandover.core.rules.offensive import assemble_column, launch_offensive, resume_offensive
from camphandover.core.rules.orders import ambush_columns, carry_out_orders
from camphandover.core.rules.outside import raid_from_outside
from camphandover.core.rules.people import displace, nurse_grievance
from camphandover.core.rules.politics import (
    aid_victims,
    climb_ladder,
    hold_talks,
    keep_truce,
    learn_events,
    move_morale,
)
from camphandover.core.rules.presence import count_presence, spread_influence
from camphandover.core.rules.raids import order_raids
from camphandover.core.rules.relations import change_relations, skirmish
from camphandover.core.rules.reporting import make_claims
from camphandover.core.rules.strikes import fly_strikes, support_troops
from camphandover.core.rules.supply import eat_stock, receive_supplies, ship_supplies, waste
from camphandover.core.rules.withdrawal import (
    announce_handovers,
    clear_transport,
    close_mission,
    draw_exits,
    leave_camps,
)
from camphandover.core.state import State, States

begin = inlined(at)
Lucks = NewType("Lucks", np.ndarray)
declare(Lucks, np.zeros((1, 3), np.int64))
Numbers = NewType("Numbers", np.ndarray)
declare(Numbers, np.zeros(1, np.int64))


@inlined
def prepare_attacks(now: Now):
    """What the day brings, and orders up to those of attacks."""
    # what the day brings
    open_day(now)
    learn_events(now)
    keep_truce(now)
    draw_exits(now)
    announce_handovers(now)
    count_presence(now)
    spread_influence(now)
    ready_aircraft(now)

    # orders: what each commander makes of what it sees
    lose_core(now)
    close_roads(now)
    clear_transport(now)
    order_race(now)
    keep_garrisons(now)
    relieve_posts(now)
    send_home(now)
    assemble_column(now)


@inlined
def order_attacks(now: Now):
    """The orders of attacks, and the columns that set out by all orders."""
    launch_offensive(now)
    order_raids(now)

    # moves
    carry_out_orders(now)


@inlined
def advance(now: Now):
    """Play one day: every rule once, in the order of R1.1. Source: RULES R1.1."""
    prepare_attacks(now)
    order_attacks(now)
    resume_offensive(now)
    airlift(now)
    receive_help(now)
    leave_camps(now)
    ambush_columns(now)
    advance_columns(now)

    # air
    watch_from_air(now)
    fly_strikes(now)

    # fights, by the hour where hostile units touch
    count_presence(now)
    engage_columns(now)
    raid_from_outside(now)
    skirmish(now)
    support_troops(now)

    # control
    leave_bases(now)
    reenter_bases(now)
    strain_joint_units(now)
    abandon_posts(now)
    enter_vacated(now)
    count_presence(now)
    hold_towns(now)

    # supply
    eat_stock(now)
    ship_supplies(now)
    receive_supplies(now)
    press_sieges(now)
    waste(now)
    close_mission(now)

    # people
    abuse_people(now)
    nurse_grievance(now)
    displace(now)

    # politics
    climb_ladder(now)
    hold_talks(now)
    change_relations(now)
    move_morale(now)
    aid_victims(now)
    flare_crisis(now)
    ask_for_help(now)

    # reports
    make_claims(now)
    close_day(now)


@compiled
def run(
    state: State,
    params: Params,
    first: int,
    last: int,
    start: int,
    stop: int,
    key: Key,
    ledger: Ledger,
    control: Control,
    series: Series,
    war: War,
    people: People,
):
    """Play the days `start` to `stop` and record each at 24:00.

    Args:
        state: Tables, changed in place. params: One parameter record.
        first, last: First and last day of the window, days since 1970-01-01.
        start, stop: First and last day of this call.
        key: Key of the run. ledger: Where the rows go.
        control: int8, shape (place, slot, day of the window): holder's codes.
        series: Record array, shape (day of the window, side).
        war: Record array, shape (day of the window,).
        people: Record array, shape (day of the window, place).
    """
    for day in range(start, stop + 1):
        now = begin(state, params, key, ledger, first, last, day)
        advance(now)
        record(now, control, series, war, people)


@compiled
def run_each(
    states: States,
    params: ParamsTable,
    record_of: Numbers,
    lucks: Lucks,
    used: Numbers,
    first: int,
    last: int,
    start: int,
    stop: int,
    ledger: Ledger,
    control: Control,
    series: Series,
    war: War,
    people: People,
):
    """Play the days `start` to `stop` of each of some states, one after the other.

    Args:
        states: Side by side, changed in place. params: Some records.
        record_of: Which record each state has. lucks: Key of each, shape (state, 3).
        used: How many rows each has written, counted on; rows themselves are not kept.
        ledger, control, series, war, people: Written over by each, as `run` does it.
    """
    for i in range(len(used)):
        ledger.used[0] = used[i]
        state = State(
            states.units[i],
            states.columns[i],
            states.places[i],
            states.people[i],
            states.away[i],
            states.sides[i],
            states.recent[i],
            states.partners[i],
            states.conflict[i],
            states.switches[i],
            states.presence[i],
            states.shipments[i],
            states.routes[i],
            states.calendar[i],
            states.orders[i],
            states.queue[i],
            states.tellings[i],
        )
        key = Key(lucks[i, 0], lucks[i, 1], lucks[i, 2])
        own = params[record_of[i]]
        run(state, own, first, last, start, stop, key, ledger, control, series, war, people)
        used[i] = ledger.used[0]
