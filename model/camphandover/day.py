"""One day, in order. The whole model can be read from here.

`advance` lists the rules in the order of R1.1: orders, moves, air, fights, control, supply,
people, politics, reports. Air, people and reports have no rules yet. `run` loops over the days
and records the state of each at 24:00.
"""

from camphandover.compiled import compiled, inlined
from camphandover.draws import Key
from camphandover.ledger import Ledger
from camphandover.parameters import Params
from camphandover.rules.assault import engage_columns
from camphandover.rules.books import Control, Series, age_fights, record
from camphandover.rules.control import hold_towns
from camphandover.rules.garrisons import abandon_posts, keep_garrisons, relieve_posts, send_home
from camphandover.rules.handover import order_race, strain_joint_units
from camphandover.rules.holding import enter_vacated, leave_bases, reenter_bases
from camphandover.rules.movement import advance_columns
from camphandover.rules.offensive import (
    airlift,
    assemble_column,
    launch_offensive,
    resume_offensive,
)
from camphandover.rules.orders import ambush_columns, carry_out_orders
from camphandover.rules.politics import follow_record, keep_truce
from camphandover.rules.presence import count_presence, spread_influence
from camphandover.rules.strategy import order_raids
from camphandover.rules.supply import eat_stock, receive_supplies, ship_supplies, waste
from camphandover.rules.withdrawal import (
    announce_handovers,
    clear_transport,
    close_mission,
    draw_exits,
    leave_camps,
)
from camphandover.state import Clock, State


@inlined
def advance(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Play one day: every rule once, in the order of R1.1. Source: RULES R1.1."""
    # what the day brings
    follow_record(state, params, clock, key, ledger)
    keep_truce(state, params, clock, key, ledger)
    draw_exits(state, params, clock, key, ledger)
    announce_handovers(state, params, clock, key, ledger)
    count_presence(state, params, clock, key, ledger)
    spread_influence(state, params, clock, key, ledger)

    # orders: what each commander makes of what it sees
    clear_transport(state, params, clock, key, ledger)
    order_race(state, params, clock, key, ledger)
    keep_garrisons(state, params, clock, key, ledger)
    relieve_posts(state, params, clock, key, ledger)
    send_home(state, params, clock, key, ledger)
    assemble_column(state, params, clock, key, ledger)
    launch_offensive(state, params, clock, key, ledger)
    order_raids(state, params, clock, key, ledger)

    # moves
    carry_out_orders(state, params, clock, key, ledger)
    resume_offensive(state, params, clock, key, ledger)
    airlift(state, params, clock, key, ledger)
    leave_camps(state, params, clock, key, ledger)
    ambush_columns(state, params, clock, key, ledger)
    advance_columns(state, params, clock, key, ledger)

    # fights, by the hour where hostile units touch
    count_presence(state, params, clock, key, ledger)
    engage_columns(state, params, clock, key, ledger)

    # control
    leave_bases(state, params, clock, key, ledger)
    reenter_bases(state, params, clock, key, ledger)
    strain_joint_units(state, params, clock, key, ledger)
    abandon_posts(state, params, clock, key, ledger)
    enter_vacated(state, params, clock, key, ledger)
    count_presence(state, params, clock, key, ledger)
    hold_towns(state, params, clock, key, ledger)

    # supply
    eat_stock(state, params, clock, key, ledger)
    ship_supplies(state, params, clock, key, ledger)
    receive_supplies(state, params, clock, key, ledger)
    waste(state, params, clock, key, ledger)
    close_mission(state, params, clock, key, ledger)
    age_fights(state, params, clock, key, ledger)


@compiled
def run(
    state: State,
    params: Params,
    first: int,
    start: int,
    last: int,
    key: Key,
    ledger: Ledger,
    control: Control,
    series: Series,
):
    """Play the days `start` to `last` and record each at 24:00.

    Args:
        state: Tables, changed in place. params: One parameter record.
        first, start, last: Days since 1970-01-01: of the window, and of this call.
        key: Key of the run. ledger: Where the rows go.
        control: int8, shape (place, slot, day of the window): holder's codes.
        series: Record array, shape (day of the window, side).
    """
    for day in range(start, last + 1):
        clock = Clock(day, first, last)
        advance(state, params, clock, key, ledger)
        record(state, clock, control, series)
