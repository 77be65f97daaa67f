"""The state of one run: tables of columns.

Each table is one NumPy structured array (a record array), so a state is a handful of arrays:
copying, hashing or forking it is a line. Rows never move. Inside a rule a cell is
`state.units[u].men`; outside a column is `state.units["men"]`. A column is one line of `State`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, NewType

import numpy as np

from camphandover.core.compiled import compiled, declare
from camphandover.facts.codes import (
    Holder,
    Kind,
    Known,
    Mission,
    Receiver,
    Relation,
    Side,
    Slot,
    Status,
)

# Plain numbers for the compiled rules: an enum member as an argument would compile them twice.
ARMY, WAGNER, SEPARATISTS, GSIM, MINUSMA, PARTNERS = (int(side) for side in Side)
# A bloc's number is the code of the holder that it makes of a slot: the state is the army with
# Wagner and partners, the rebels are the separatists, the jihadists are GSIM.
STATE, REBELS, JIHADISTS, UN_HOLDER, NOBODY, JOINT = (int(h) for h in Holder)
CAMP, TOWN, COUNTRY = (int(slot) for slot in Slot)
GARRISON, MANOEUVRE, WAGNER_TEAM, GROUP, UN_COMPANY, PARTNER = (int(kind) for kind in Kind)
RAID, OFFENSIVE, OCCUPY, RELIEF, TRANSFER, WITHDRAW, CONVOY, GATHER = range(1, len(Mission))
FREE, MOVING, ENGAGED, HOLDING, PAUSED = (int(status) for status in Status)
CLASH, TACIT, COORDINATED, MERGED = (int(relation) for relation in Relation)
KNOWN_RUNG, KNOWN_BLOCKADE, KNOWN_AID, KNOWN_CHARTER = (int(known) for known in Known)
TO_ARMY, TO_SEPARATISTS, TO_JOINT, TO_NOBODY, TO_THE_FIRST = (int(r) for r in Receiver)
N_SIDES = len(Side)
N_BLOCS = 4
"""Blocs that have units: the state, rebels, jihadists, the UN."""
N_ARMED = N_BLOCS - 1
"""Blocs that fight: the first ones; the UN does not."""
GROUPS = (REBELS, JIHADISTS)
"""Blocs of armed groups."""
NEVER = np.inf
HOURS = 24
MEMORY_DAYS = 32
"""Days that `recent` and the fights of a place look back."""
TELLINGS_A_PLACE = 16
"""Room for what waits to be said: so many for each place, ten times what runs have needed."""

BLOC_OF_SIDE = np.array([0, 0, 1, 2, 3, 0], dtype=np.int64)


def table(*by: str) -> Callable[[str], Any]:
    """Declare a table by its dimensions and a line for each column, aligned for speed.

    A line is `name type = default  # meaning`; without a default a column begins at 0.
    """

    def declared(text: str) -> tuple[tuple[str, ...], np.ndarray]:
        """The dimensions, and a row of defaults."""
        lines = [line.split("#")[0].split() for line in text.strip().splitlines()]
        row = np.zeros((), np.dtype([(name, kind) for name, kind, *_ in lines], align=True))
        for name, _, *default in lines:
            if default:
                row[name] = default[1]
        return by, row

    return declared


class State(NamedTuple):
    """The tables of one run; `copy_state` copies it, `zip(state._fields, state)` walks it."""

    units: np.recarray = table("unit")("""
        side i8
        kind i8
        slot i8
        home i8           # place it returns to
        place i8          # where it is; the last place passed while on the road
        column i8 = -1    # column it marches with, -1 none
        men i8            # fit men
        vehicles i8
        supply f8         # stock, days (R1.6)
        quality f8        # e of R1.2
        loot f8           # quality won by loot and salvage, a share (R2.4, R6.5)
        since i8          # day it came to this place
        fought i8         # last day in combat, 0 (long ago) none
        low_days i8       # days in a row with a stock below the abandon level (R5.4)
        missing i8        # men who will come back (R2.4)
        return_day i8
        missing_cause i8  # ledger row of the rout
    """)
    columns: np.recarray = table("column")("""
        side i8
        mission i8
        status i8
        surprise i8   # 1 while the approach may stay unseen (R2.1)
        origin i8
        target i8
        stop i8       # end of the present leg
        depart f8     # hours since 1970
        arrive f8
        act f8 = inf  # hour of its next act: attack, leave, resume
        km f8         # length of the leg
        hits i8       # IED hits of the leg, and those struck so far (R1.5)
        struck i8
        lead i8       # its first unit: the id that its draws are made for
        vehicles i8
        days i8       # days spent in the present assault
        seen i8       # 1 when the army's aircraft have seen it today (R3.3)
        cause i8      # ledger row
    """)
    places: np.recarray = table("place")("""
        symbolic f8
        route_value f8
        support f8             # share of people for the separatists, for GSIM, for the army
        support_gsim f8
        support_army f8
        airstrip i8
        core i8
        corridor i8            # convoys are contested here whoever holds it (R1.4)
        centre i8              # GSIM's own ground (R5.5)
        islamic_state i8       # the Islamic State raids it
        covered i8             # 1 when the army's aircraft reach it today (R3.1)
        stormed i8             # 1 while a column of the army stands before it (R3.1)
        contact f8 = inf       # hour of the army's first fight today with an armed group, inf none
        contact_cause i8 = -1
        siege i8 = -1          # bloc that blockades it, -1 none (R5.6)
        siege_day i8           # day of the declaration
        siege_strength f8
        siege_stage i8         # 1 roads, 2 river and air too
        siege_cause i8 = -1
        fuel f8                # logarithm of the price of fuel, 0 before the blockade
        un_camp i8
        camp_holder i8
        town_holder i8
        camp_since f8          # hour of the last change, save that from a joint unit to nobody
        town_since f8
        camp_cause i8 = -1     # ledger row of the last change
        town_cause i8 = -1
        garrisoned i8          # whether the camp's holder had units here
        fights i8              # bit i: a fight here i days ago
        looted_day i8          # 0 (long ago) not yet
        given_up i8            # 1 after the army gave up the camp (R5.4), until it is back
        lost_hour f8 = inf     # hour at which the army lost the camp, until it is back
        town_lost f8 = inf     # the same for the town
        reenter_hour f8 = inf  # hour of the army's re-entry (R2.6)
        claimant i8 = -1       # bloc that will enter an empty camp (R5.7), -1 none
        enter_hour f8 = inf
        open_cause i8 = -1     # ledger row that emptied the camp
        joint_cause i8 = -1    # ledger row of the exit that gave the camp to a joint unit
        joint_war i8 = -1      # day on which war was renewed around the joint unit, -1 not yet
        receiver i8
        announced i8
        plan_day i8 = -1       # planned day of the UN's exit
        exit_day i8 = -1       # drawn day: plan and error; 0 or less: to draw, not before -exit_day
        exit_known i8 = -1     # UN's exit by the record: later if it was there, -1 not told (R10.1)
        exit_hour f8 = inf     # hour of the exit, inf before
        un_left i8             # 1 near a camp that the UN has left (R4.5)
        notice_army i8
        notice_separatists i8
        early_exit i8
        accelerated i8
        guards i8              # liquidation guards stay after the deadline (R6.6)
        buffer i8
        perimeter f8
        spread f8 = nan        # sd of the exit day set by the scenario, nan: the parameter's
        destroyed f8 = nan     # share of equipment set by the scenario, nan: the parameter's
        p_leave f8 = nan       # joint unit: chance that the others have left
        clause_cause i8 = -1   # ledger row of the clause
        convoy_to i8 = -1      # hub of the road convoy, -1 none
        extracted f8           # share of the equipment taken out so far (R6.2, R6.5)
        refused i8             # days on which trucks were refused
        salvage f8             # share of the equipment left in the camp for who enters first (R6.5)
        flight_day i8 = -1     # last day with a flight cleared
    """)
    people: np.recarray = table("place")("""
        start f8             # people of the place on the first day
        residents f8         # of them those who are at home
        away f8              # of them those who are displaced, in Mali and abroad
        hosted f8            # displaced people of other places
        dead i8              # civilians killed here
        recruited i8         # men of the place who have joined armed groups
        harm_army f8         # civilians killed by each, half of it forgotten in a half-life (R4.3)
        harm_separatists f8
        harm_gsim f8
        harm_others f8
        active f8            # f: share of adults who would rebel
        calm f8              # f0: that share on the first day
        pool_separatists f8  # fractions of recruits
        pool_gsim f8
        told i8              # quarters of the people that are told to have left
        aided f8             # coverage by victim aid (R7.4)
        capital i8           # 1 where the legitimacy of the state is that of the capital
        siege i8 = -1        # place whose blockade reaches the people, -1 none (R4.6)
        threatened i8        # 1 on a day that drives people out
    """)
    # displaced people by home and host; the last host is abroad
    away: np.recarray = table("place", "host")("""
        people f8
    """)
    sides: np.recarray = table("side")("""
        commanded i8          # 1: orders come from Python, the doctrine is silent
        morale f8
        air f8                # scale of sorties, 1 = as in 2023
        planes f8             # manned aircraft at hand
        drones f8
        plane_sorties i8      # sorties left today (R3.1)
        drone_sorties i8
        pulled i8             # 1 when its next attack was brought forward by the other group
        gained f8             # symbolic value won and lost today (R7.3)
        given f8
        heard i8              # own dead reported today (R9.1)
        w_symbolic f8
        w_loot f8
        w_route f8
        w_threat f8
        w_days f8
        w_win f8
        w_core f8
        turn f8               # draw that orders the sides today (R1.1)
        next_attack f8        # hour since 1970 from which a large attack is due (R5.2)
        mustered i8           # men at the start, and where they went (I1)
        recruited i8
        dead i8
        wounded i8
        captured i8
        missing i8
        deserted i8
        departed i8
        vehicles_mustered i8
        vehicles_looted i8
        vehicles_lost i8
        vehicles_broken i8
        vehicles_departed i8
        shipped f8            # supply, man-days (R1.6)
        received f8
        lost f8
        strikes i8            # running totals: air strikes flown, aircraft and drones lost, damaged
        planes_lost i8
        drones_lost i8
        planes_hit i8
        civilians i8          # civilians killed
        fallen i8             # of the dead, those of the days before today
        noted_dead i8         # of them those whom rows of the ledger tell
        noted_wounded i8
        noted_captured i8
        noted_missing i8
        claimed i8            # own dead as the side tells, and its enemies' dead as it tells
        charged i8
    """)
    # what happened on each of the last days, a ring by day
    recent: np.recarray = table("day", "side")("""
        attacks i8   # attacks of the army and the separatists on each other
        dead i8
        heard i8     # own dead reported
        bases i8     # camps lost
        symbolic f8  # symbolic value lost
    """)
    partners: np.recarray = table("partner")("""
        threat f8
        ecowas i8
        crisis_until i8 = -1  # last day on which a crisis around it may flare (R8.2)
        arrives_at i8
        ground_hour f8 = inf  # hour at which its companies arrive, inf none promised
        air_hour f8 = inf     # hour at which its drones arrive
        companies i8
        drones i8
        cause i8 = -1
        in_mali i8            # companies that have arrived
    """)
    conflict: np.recarray = table("run")("""
        rung i8                  # escalation (R7.1)
        rung_cause i8 = -1
        truce_day i8 = -1        # first day of an imposed truce, -1 none
        truce i8                 # 1 an imposed truce holds, 2 a negotiated one
        truce_cause i8 = -1
        talks i8                 # 1 while mediated talks go on (R7.2)
        talks_cause i8 = -1
        shared i8                # 1 after the state offered to share camps
        mandate_end i8
        known_until i8 = -1      # last day that is known from the record, -1 none (R10.1)
        calendar_until i8        # last day of which the calendar is known
        forward i8               # days by which the offensive is brought forward (R6.6 S3)
        forward_cause i8 = -1
        relation i8              # of separatists and GSIM (R5.5)
        relation_cause i8 = -1
        centre_day i8            # last day on which the separatists attacked in the centre
        guerrilla i8             # 1 while the separatists have lost their core (R5.8)
        guerrilla_cause i8 = -1
        siege_hour f8 = inf      # hour at which they would declare a blockade
        legitimacy f8            # L of the state in the north, and in the capital (R7.3)
        legitimacy_capital f8
        rally f8                 # of them, what victories and losses have added and time takes away
        harmed f8                # share of people who live near recent harm by the army (R4.4)
        aid i8                   # 1 once victims are paid (R7.4)
        aid_cause i8 = -1
        charter i8               # 1 once the charter is signed (R8)
        charter_cause i8 = -1
        crisis i8                # 1 once the crisis around Niger has flared (R8.2)
        crisis_cause i8 = -1
        asked_day i8 = -1        # day of the last request for help, -1 none
        abroad f8                # displaced people abroad
        read i8                  # ledger rows that reports have dealt with (R9)
    """)
    # what the scenario switches; no rule writes it
    switches: np.recarray = table("run")("""
        wagner i8          # 1 Wagner is there (its men are in `units`)
        french i8          # 1 French support stayed
        record i8          # 1 the ladder follows the rungs known by the forecast origin
        relation_fixed i8
        sieges i8          # 1 there are blockades
        aid i8             # 1 victims are aided
        charter i8         # 1 the charter is signed on its day
        reliable i8        # 1 partners honour every request (V7)
        sanctions_end i8   # day on which ECOWAS ends its threat against Niger
        joint_force i8     # 1 the partners have a joint force
        intervention i8    # 1 ECOWAS intervenes in Niger
        harm i8            # sign of harm's effect on attacks: 1, 0, -1 (R4.4)
        loop i8            # 1 what people suffer feeds back (V6: 0)
        perfect i8         # 1 observers see everything at once (R9.3)
        hold_or_leave i8   # 1 captors weigh whether to stay (V1: 0)
        race i8            # 1 camps go to who is first (V4: 0, always to the army)
    """)
    # counted anew three times a day
    presence: np.recarray = table("bloc", "place")("""
        men f8              # fit men who are not on the road
        inside f8           # of them in camp or town
        free f8             # of them those who are not with a column and could march
        smallest f8         # men of the smallest unit among these: units do not split
        units f8
        vehicles f8
        power f8            # men x quality x supply
        stock f8            # man-days
        influence f8        # A of R4.1
        phi f8              # share of influence among armed blocs
        incoming f8         # men on the way to stay
        low_days i8         # days in a row that all free units here have been short of stock (R5.4)
        latest i8           # day on which the last of the free units came
        mobile f8           # of the men, those of mobile units with stock (R5.3); vehicles, power
        mobile_vehicles f8
        mobile_power f8     # without the supply effect
        seen i8             # 1 when the army's aircraft have seen the bloc here today (R3.3)
    """)
    # the one shipment on its way to each place, and the depots
    shipments: np.recarray = table("bloc", "place")("""
        amount f8  # man-days on the way, 0 none
        arrive f8
        days f8    # days of stock that arrived today
        depot i8   # 1: the bloc draws its supply here
    """)
    # shortest land routes, and straight lines
    routes: np.recarray = table("place", "place")("""
        km f8
        next i8    # next place on the shortest land route
        near f8    # exp(-km / influence_decay_km)
        air_km f8  # straight line
    """)
    # what is known from outside, by day
    calendar: np.recarray = table("known")("""
        day i8
        what i8
        side i8 = -1
        place i8 = -1
        rung i8 = -1
    """)
    orders: np.recarray = table("order")("""
        side i8
        mission i8
        origin i8
        target i8
        men i8       # most men to send
        vehicles i8  # most vehicles to send
        surprise i8
        cause i8
    """)
    # how many orders are written, and how many tellings wait
    queue: np.recarray = table("run")("""
        used i8
        waiting i8  # tellings that wait for their hour
    """)
    # what will be said of what has happened (R9), each until its hour
    tellings: np.recarray = table("telling")("""
        hour f8    # at which it will be said
        kind i8    # of the ledger's row that will tell it, and the columns of that row
        side i8
        about i8
        place i8
        slot i8
        before i8
        after i8
        amount f8
        p f8
        cause i8
        was f8     # of a revision, what was claimed before
    """)


def copy_state(state: State) -> State:
    """An independent copy: the fork of a run."""
    return State(*(table.copy() for table in state))


def tiled(state: State, n: int) -> State:
    """So many copies of a state, side by side: the first dimension of each table counts them."""
    tables = (np.empty((n, *table.shape), table.dtype).view(np.recarray) for table in state)
    copies = State(*tables)
    for many, table in zip(copies, state, strict=True):
        many[...] = table
    return copies


def restore(state: State, saved: State) -> None:
    """Write the saved tables into the tables of `state`, which stay the same arrays."""
    for table, kept in zip(state, saved, strict=True):
        table[...] = kept


States = NewType("States", State)
"""States side by side, as `tiled` makes them."""
UnitRow = NewType("UnitRow", np.record)
ColumnRow = NewType("ColumnRow", np.record)
SideRow = NewType("SideRow", np.record)
PlaceRow = NewType("PlaceRow", np.record)


def empty_state(**rows: int) -> State:
    """A state of tables as they are declared.

    Args:
        rows: How many rows there are by dimension (`unit`, `place`, ...); 1 if it is not named.
    """
    n_places = rows.get("place", 1)
    made = {"host": n_places + 1, "telling": TELLINGS_A_PLACE * n_places}
    sizes = {"side": N_SIDES, "bloc": N_BLOCS, "day": MEMORY_DAYS, **made, **rows}
    tables = (
        np.full([sizes.get(dimension, 1) for dimension in by], row).view(np.recarray)
        for by, row in State._field_defaults.values()
    )
    return State(*tables)


_example = empty_state()
declare(State, _example)
declare(States, tiled(_example, 1))
declare(UnitRow, _example.units[0])
declare(ColumnRow, _example.columns[0])
declare(SideRow, _example.sides[0])
declare(PlaceRow, _example.places[0])


@compiled
def bloc_of(side: int):
    """Bloc (and holder's code) of a side."""
    return BLOC_OF_SIDE[side]


@compiled
def held_by(spot: PlaceRow, bloc: int):
    """Whether a bloc holds the camp or the town of a place."""
    return spot.camp_holder == bloc or spot.town_holder == bloc


@compiled
def is_group(bloc: int):
    """Whether a bloc is one of the armed groups."""
    return bloc == REBELS or bloc == JIHADISTS


@compiled
def comes_to_stay(mission: int):
    """Whether men of a mission stay where it leads them: all but raids and offensives."""
    return mission >= OCCUPY


@compiled
def leader_of(bloc: int):
    """The side that leads a bloc."""
    return bloc if bloc == STATE else bloc + 1


@compiled
def other_group(bloc: int):
    """The other of the two blocs of armed groups."""
    return REBELS + JIHADISTS - bloc


@compiled
def today(day: int):
    """Row of a day in the ring `recent`."""
    return day % MEMORY_DAYS


@compiled
def month_of(day: int):
    """Month (1-12) of a day since 1970-01-01, by the civil calendar."""
    era_day = (day + 719468) % 146097
    year = (era_day - era_day // 1460 + era_day // 36524 - era_day // 146096) // 365
    day_of_year = era_day - (365 * year + year // 4 - year // 100)
    shifted = (5 * day_of_year + 2) // 153
    return shifted + 3 if shifted < 10 else shifted - 9


@compiled
def days_with_fights(bits: int, days: int):
    """How many of the last `days` days (today is the first) have their bit set."""
    count = 0
    for i in range(days):
        count += (bits >> i) & 1
    return count
