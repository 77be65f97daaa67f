"""One day, in order. The whole model can be read from here.

`advance` lists the rules in the order of R1.1: orders, moves, air, fights, control, supply,
people, politics, reports. `run` loops over the days and records the state of each at 24:00.
"""

from camphandover.core.compiled import compiled, inlined
from camphandover.core.draws import Key
from camphandover.core.ledger import Ledger
from camphandover.core.parameters import Params
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
from camphandover.core.state import Clock, State


@inlined
def advance(state: State, params: Params, clock: Clock, key: Key, ledger: Ledger):
    """Play one day: every rule once, in the order of R1.1. Source: RULES R1.1."""
    # what the day brings
    open_day(state, params, clock, key, ledger)
    learn_events(state, params, clock, key, ledger)
    keep_truce(state, params, clock, key, ledger)
    draw_exits(state, params, clock, key, ledger)
    announce_handovers(state, params, clock, key, ledger)
    count_presence(state, params, clock, key, ledger)
    spread_influence(state, params, clock, key, ledger)
    ready_aircraft(state, params, clock, key, ledger)

    # orders: what each commander makes of what it sees
    lose_core(state, params, clock, key, ledger)
    close_roads(state, params, clock, key, ledger)
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
    receive_help(state, params, clock, key, ledger)
    leave_camps(state, params, clock, key, ledger)
    ambush_columns(state, params, clock, key, ledger)
    advance_columns(state, params, clock, key, ledger)

    # air
    watch_from_air(state, params, clock, key, ledger)
    fly_strikes(state, params, clock, key, ledger)

    # fights, by the hour where hostile units touch
    count_presence(state, params, clock, key, ledger)
    engage_columns(state, params, clock, key, ledger)
    raid_from_outside(state, params, clock, key, ledger)
    skirmish(state, params, clock, key, ledger)
    support_troops(state, params, clock, key, ledger)

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
    press_sieges(state, params, clock, key, ledger)
    waste(state, params, clock, key, ledger)
    close_mission(state, params, clock, key, ledger)

    # people
    abuse_people(state, params, clock, key, ledger)
    nurse_grievance(state, params, clock, key, ledger)
    displace(state, params, clock, key, ledger)

    # politics
    climb_ladder(state, params, clock, key, ledger)
    hold_talks(state, params, clock, key, ledger)
    change_relations(state, params, clock, key, ledger)
    move_morale(state, params, clock, key, ledger)
    aid_victims(state, params, clock, key, ledger)
    flare_crisis(state, params, clock, key, ledger)
    ask_for_help(state, params, clock, key, ledger)

    # reports
    make_claims(state, params, clock, key, ledger)
    close_day(state, params, clock, key, ledger)


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
        clock = Clock(day, first, last)
        advance(state, params, clock, key, ledger)
        record(state, clock, control, series, war, people)
