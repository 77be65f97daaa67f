"""R6.1-R6.6: schedule, clearance, early exit, the race for a camp, equipment, the scenarios."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from camphandover.agents.model import NorthernMali
from camphandover.core import state as st
from camphandover.core.draws import key_of
from camphandover.core.ledger import Kind
from camphandover.core.parameters import parameter_record
from camphandover.core.rules.handover import army_first, race
from camphandover.core.rules.strategy import protected
from camphandover.core.rules.withdrawal import early_hazard, equipment_shares
from worlds import (
    DAY,
    Clock,
    World,
    add_column,
    add_unit,
    call,
    compiled_only,
    runs,
    see,
    shares_of_outcomes,
    small_world,
)

ARMY, SEPARATISTS, MINUSMA = st.ARMY, st.SEPARATISTS, st.MINUSMA
PARAMS = parameter_record({})
CAMP, HUB, BASE = 0, 1, 2


def un_camp(replicate: int = 0, plan_in: int = 10, **values: float) -> World:
    """A UN camp in a separatist town, its hub 300 km off, and a separatist base 40 km off."""
    world = small_world(
        [1, 0, 1], [(CAMP, HUB, 300.0), (CAMP, BASE, 40.0)], replicate=replicate, **values
    )
    places = world.state.places
    for place in (CAMP, HUB):
        places[place].un_camp, places[place].camp_holder = 1, st.UN_HOLDER
        places[place].airstrip, places[place].early_exit = 1, 1
        places[place].notice_army = places[place].notice_separatists = 45
    places[CAMP].plan_day = places[CAMP].exit_day = DAY + plan_in
    places[HUB].plan_day = places[HUB].exit_day = DAY + 200
    places[CAMP].convoy_to = HUB
    add_unit(world, MINUSMA, CAMP, 300)
    add_unit(world, MINUSMA, HUB, 900)
    add_unit(world, SEPARATISTS, BASE, 120)
    return see(world)


# --- R6.1 schedule


def exits(spread: float = math.nan, guards: int = 0, n: int = 600) -> np.ndarray:
    """Drawn exit days, against the plan."""
    days = []
    world = un_camp(plan_in=40)._replace(clock=Clock(DAY, DAY, DAY + 100))
    world.state.conflict[0].mandate_end = DAY + 55
    world.state.places[CAMP].spread, world.state.places[CAMP].guards = spread, guards
    for i in range(n):
        drawn = world.at(key=key_of(8, i)).play("draw_exits")
        days.append(int(drawn.state.places[CAMP].exit_day) - DAY - 40)
    return np.array(days)


def test_r6_1_the_exit_is_the_plan_with_an_error_of_ten_days():
    days = exits()
    # normal with sd 10, cut off at +15: quartiles +-6.7, a standard error of 0.5 in each
    assert np.quantile(days, [0.25, 0.5, 0.75]) == pytest.approx([-6.7, 0, 6.7], abs=1.6)
    assert days.max() == 15
    assert days.min() < -20


def test_r6_1_the_clauses_spread_and_the_guards_hold_the_plan():
    assert exits(spread=0.0).tolist() == [0] * 600
    assert np.std(exits(spread=3.0)) == pytest.approx(3.0, rel=0.1)
    assert exits(guards=1).min() == 0


# --- R6.2 clearance


def test_r6_2_zero_clearance_of_flights_implies_an_exit_by_road():
    roads = []
    for i in range(50):
        world = un_camp(i, plan_in=0, clear_flight=0.0).play("clear_transport", "leave_camps")
        columns = world.state.columns
        out = (columns["mission"] == st.CONVOY) & (columns["status"] == st.MOVING)
        roads.append(int(out.sum()))
        assert world.state.sides[MINUSMA].departed == 0
    assert roads == [1] * 50
    world = un_camp(0, plan_in=0, clear_flight=1.0).play("clear_transport", "leave_camps")
    assert (world.state.columns["status"] == st.FREE).all()
    assert world.state.sides[MINUSMA].departed == 300


@compiled_only
def test_r6_2_without_flights_every_camp_with_a_hub_leaves_by_road():
    model = NorthernMali("on-schedule", seed=1)
    model.use_parameters({"clear_flight": 0.0})
    hubs = model.world.state.places["convoy_to"]
    held = [place for place in range(len(hubs)) if hubs[place] >= 0]
    assert len(held) >= 4
    n = 0
    for replicate in range(40):
        record = model.run(replicate)
        rows = record.events
        departed = rows["cause"][(rows["kind"] == Kind.DEPART) & (rows["side"] == MINUSMA)]
        for i in np.flatnonzero((rows["kind"] == Kind.EXIT) & np.isin(rows["place"], held)):
            day = int(rows["hour"][i] // 24) - model.world.first
            if record.control[hubs[rows["place"][i]], st.CAMP, day] == st.UN_HOLDER:
                assert i in departed
                n += 1
    assert n > 40


def test_r6_2_zero_clearance_of_trucks_takes_nothing_out_and_piles_up_refusals():
    world = un_camp(clear_insurgent=0.0)
    for day in range(20):
        world = world.at(day=DAY - 20 + day).play("clear_transport")
    assert world.state.places[CAMP].extracted == 0.0
    assert world.state.places[CAMP].refused == 20
    assert list(world.rows(Kind.REFUSAL)["amount"]) == [1, 8, 15], "the ledger tells it once a week"
    open_road = un_camp(clear_insurgent=1.0)
    for day in range(20):
        open_road = open_road.at(day=DAY - 20 + day).play("clear_transport")
    assert open_road.state.places[CAMP].refused == 0
    assert open_road.state.places[CAMP].extracted == 1.0


def test_r6_2_clearance_depends_on_who_holds_the_town_and_on_an_army_column():
    n = 600

    def cleared(holder: int, marching: bool) -> tuple[float, float]:
        world = un_camp()
        world.state.places[CAMP].town_holder = holder
        if marching:
            c = add_column(world, ARMY, st.OFFENSIVE, st.MOVING, HUB, 400)
            world.state.columns[c].target = CAMP
        trucks = flights = 0
        for i in range(n):
            day = world.at(key=key_of(6, i)).play("clear_transport").state.places[CAMP]
            trucks += day.refused == 0
            flights += day.flight_day == DAY
        return trucks / n, flights / n

    # binomial shares; three standard errors of 600 days
    error = 3 * 0.5 / math.sqrt(n)
    assert cleared(0, False) == pytest.approx((0.8, 0.3), abs=error)
    assert cleared(1, False) == pytest.approx((0.02, 0.3), abs=error)
    assert cleared(1, True) == pytest.approx((0.02, 0.15), abs=error)


# --- R6.3 early exit


@given(
    fights=some.floats(0, 20),
    refused=some.floats(0, 45),
    closed=some.sampled_from([0.0, 1.0]),
    more=some.floats(0.01, 5),
)
@settings(deadline=None)
def test_r6_3_the_hazard_rises_in_every_argument(
    fights: float, refused: float, closed: float, more: float
):
    def hazard(fights: float, refused: float, closed: float) -> float:
        return call(early_hazard)(PARAMS, fights, refused, closed)

    base = hazard(fights, refused, closed)
    assert 0 < base <= 1
    # from a hazard of 1 - 1e-12 on doubles can no longer rise
    strictly = base < 1 - 1e-12
    for raised in (hazard(fights + more, refused, closed), hazard(fights, refused + more, closed)):
        assert raised > base if strictly else raised >= base
    assert hazard(fights, refused, 0.0) <= hazard(fights, refused, 1.0)


def test_r6_3_the_hazard_is_that_of_the_formula():
    got = call(early_hazard)(PARAMS, 3.0, 20.0, 1.0)
    assert got == pytest.approx(1 - math.exp(-math.exp(-5 + 0.4 * 3 + 0.3 * 2 + 0.7)))


def leads(fights_a_week: int, n: int = 200) -> np.ndarray:
    """Days ahead of the plan at which the UN leaves, with so many fight-days a week from the 25th
    day before the plan on (as at Kidal in October 2023), nearly all trucks refused."""
    ahead = []
    for i in range(n):
        world = un_camp(i, plan_in=0)
        for day in range(-45, 1):
            world = world._replace(clock=Clock(DAY + day, DAY - 100, DAY + 100))
            world.state.places[CAMP].fights = (1 << fights_a_week) - 1 if day >= -25 else 0
            world.play("clear_transport", "leave_camps")
            if world.state.places[CAMP].exit_hour < np.inf:
                ahead.append(-day)
                break
    return np.array(ahead)


def test_r6_3_under_heavy_fighting_for_25_days_the_median_exit_is_5_to_20_days_early():
    quiet, heavy = leads(0), leads(4)
    assert len(quiet) == len(heavy) == 200
    assert 5 <= np.median(heavy) <= 20
    assert np.median(quiet) < np.median(heavy)


def test_r6_3_no_early_exit_before_45_days_or_where_it_is_forbidden():
    certain = {"early_base": 5.0}
    assert un_camp(plan_in=46, **certain).play("leave_camps").rows(Kind.EXIT).size == 0
    assert un_camp(plan_in=45, **certain).play("leave_camps").rows(Kind.EXIT).size == 1
    forbidden = un_camp(plan_in=45, **certain)
    forbidden.state.places[CAMP].early_exit = 0
    assert forbidden.play("leave_camps").rows(Kind.EXIT).size == 0


# --- R6.4 the race


@given(
    arrival=some.floats(0, 2000),
    exit_hour=some.floats(0, 2000),
    gap=some.floats(0, 100),
    later=some.floats(0, 500),
)
@settings(deadline=None)
def test_r6_4_a_later_exit_or_a_faster_column_never_lowers_army_first(
    arrival: float, exit_hour: float, gap: float, later: float
):
    first = call(army_first)
    if first(arrival, exit_hour, gap):
        assert first(arrival, exit_hour + later, gap)
        assert first(arrival - later, exit_hour, gap)
        assert first(arrival, exit_hour, gap + later)
    assert first(exit_hour + gap, exit_hour, gap)
    assert not first(exit_hour + gap + 1, exit_hour, gap)


def raced(arrive: float, exit_hour: float, receiver: int) -> tuple[int, float]:
    """(holder, hour of the armed group's entry) of a camp left while an army column comes."""
    world = un_camp()
    world.state.places[CAMP].receiver = receiver
    c = add_column(world, ARMY, st.OCCUPY, st.MOVING, HUB, 200)
    world.state.columns[c].stop = world.state.columns[c].target = CAMP
    world.state.columns[c].arrive = arrive
    call(race)(world.now, CAMP, exit_hour, -1
    )  # fmt: skip
    spot = world.state.places[CAMP]
    return int(spot.camp_holder), float(spot.enter_hour)


@pytest.mark.parametrize(
    ("receiver", "gap"), [(st.TO_ARMY, 12.0), (st.TO_THE_FIRST, 6.0)], ids=["army", "race"]
)
def test_r6_4_in_the_race_the_army_is_first_within_the_gap_and_never_later(
    receiver: int, gap: float
):
    start = DAY * 24.0
    for late in (0.5, gap - 0.1, gap + 0.1, 3 * gap):
        army_first_ = raced(start + late, start, receiver)[1] > start + late
        assert army_first_ == (late < gap)
        if army_first_:
            assert raced(start + late, start + 5, receiver)[1] > start + late
            assert raced(start + late - 5, start, receiver)[1] > start + late - 5


def test_r6_4_an_army_that_stands_in_the_place_has_the_camp_on_the_hour():
    world = un_camp(plan_in=0)
    add_unit(world, ARMY, CAMP, 60, slot=st.TOWN)
    see(world).play("leave_camps")
    spot = world.state.places[CAMP]
    assert spot.camp_holder == 0
    assert spot.camp_since == spot.exit_hour


@compiled_only
def test_r6_4_the_army_is_first_at_the_camps_of_its_own_towns():
    of = runs("on-schedule")
    for name in ("Timbuktu", "Ansongo"):
        place = of.places.index(name)
        got = n = 0
        for rows in of.changes(place, st.CAMP):
            left = rows[rows["before"] == st.UN_HOLDER]
            n += len(left)
            got += int((left["after"] == 0).sum())
        assert n >= 90
        assert got / n >= 0.9


# --- R6.5 equipment


@given(
    extracted=some.floats(0, 1),
    accelerated=some.sampled_from([0, 1]),
    fixed=some.one_of(some.just(math.nan), some.floats(0, 1)),
)
@settings(deadline=None)
def test_r6_5_shares_sum_to_one(extracted: float, accelerated: int, fixed: float):
    destroyed, out, salvage = call(equipment_shares)(PARAMS, extracted, accelerated, fixed)
    assert destroyed + out + salvage == pytest.approx(1.0)
    assert min(destroyed, out, salvage) >= -1e-15
    assert out <= extracted
    if math.isnan(fixed):
        assert destroyed == pytest.approx(0.6 if accelerated else 0.2)
    else:
        assert destroyed == fixed


def test_r6_5_an_exit_far_ahead_of_its_plan_is_an_accelerated_one():
    for plan_in, destroyed in ((14, 0.2), (15, 0.6)):
        world = un_camp(plan_in=plan_in, early_base=5.0).play("leave_camps")
        assert world.rows(Kind.EQUIPMENT)["amount"] == pytest.approx([destroyed])


def test_r6_5_salvage_raises_the_occupiers_quality_by_at_most_two_percent():
    world = un_camp(plan_in=0, salvage_quality=0.02)
    add_unit(world, ARMY, CAMP, 60, slot=st.TOWN)
    see(world).play("leave_camps")
    mine = world.state.units["side"] == ARMY
    gain = world.state.units["loot"][mine].max()
    assert gain == pytest.approx(0.02 * 0.8)


# --- R6.6 deadline and scenarios


@compiled_only
@pytest.mark.parametrize(
    ("name", "window", "deadline"),
    [
        ("on-schedule", "{start: 2023-08-01, end: 2024-01-20}", date(2023, 12, 31)),
        ("delayed", "{start: 2023-08-01, end: 2024-02-28}", date(2024, 2, 14)),
    ],
)
def test_r6_6_nobody_but_guards_after_the_deadline(name: str, window: str, deadline: date):
    of = runs(name, f"window: {window}", n=25)
    after = (deadline - date(1970, 1, 1)).days + 1 - of.model.world.first
    guarded = of.model.world.state.places["guards"] == 1
    assert guarded.sum() == 1
    for record, end in zip(of.records, of.ends, strict=True):
        camps = record.control[:, st.CAMP, after:]
        assert not (camps[~guarded] == st.UN_HOLDER).any()
        units = end.units[(end.units["side"] == MINUSMA) & (end.units["men"] > 0)]
        assert guarded[units["place"]].all()
        assert (units["column"] == -1).all()


@compiled_only
def test_r6_6_without_an_extended_mandate_every_camp_closes_by_the_deadline():
    last = (date(2023, 12, 31) - date(1970, 1, 1)).days
    for rows in runs("on-schedule").rows(Kind.EXIT):
        assert (rows["hour"] < (last + 1) * 24).all()
        assert len(set(rows["place"])) == len(rows)


def test_r6_6_s3_a_concession_has_its_price_once():
    world = un_camp(plan_in=45)
    world.state.places["receiver"][[CAMP, HUB]] = st.TO_SEPARATISTS
    world.state.places["plan_day"][HUB] = world.state.places["exit_day"][HUB] = DAY + 45
    world.play("announce_handovers", "announce_handovers")
    war, sides = world.state.conflict[0], world.state.sides
    assert war.rung == 4
    assert war.forward == 10
    assert sides["morale"][[ARMY, st.WAGNER, SEPARATISTS]] == pytest.approx([0.9, 0.9, 1.0])
    assert len(world.rows(Kind.RUNG)) == 1
    assert len(world.rows(Kind.CLAUSE)) == 2
    assert world.rows(Kind.RUNG)["cause"][0] in (0, 1)


@pytest.mark.parametrize("receiver", [st.TO_ARMY, st.TO_JOINT, st.TO_NOBODY, st.TO_THE_FIRST])
def test_r6_6_other_clauses_are_announced_without_a_price(receiver: int):
    world = un_camp(plan_in=45)
    world.state.places["receiver"][CAMP] = receiver
    world.play("announce_handovers")
    assert len(world.rows(Kind.CLAUSE)) == 1
    assert world.state.conflict[0].rung == 3
    assert world.state.conflict[0].forward == 0
    assert (world.state.sides["morale"] == 1.0).all()


def test_r6_6_a_clause_is_known_when_its_notice_begins():
    assert un_camp(plan_in=46).play("announce_handovers").rows(Kind.CLAUSE).size == 0
    assert un_camp(plan_in=45).play("announce_handovers").rows(Kind.CLAUSE).size == 1


def test_r6_6_s3_the_separatists_have_the_camp_that_is_given_to_them():
    world = un_camp(plan_in=0)
    world.state.places["receiver"][CAMP] = st.TO_SEPARATISTS
    away = world.at().play("leave_camps").state.places[CAMP]
    assert (away.camp_holder, away.claimant) == (st.NOBODY, 1)
    assert away.enter_hour == pytest.approx(away.exit_hour + 6)
    add_unit(world, SEPARATISTS, CAMP, 60, slot=st.TOWN)
    here = see(world).play("leave_camps").state.places[CAMP]
    assert here.camp_holder == 1


def joint_camp(war: bool, replicate: int, p_leave: float = math.nan) -> int:
    """Days until the joint unit of a camp came apart; 0 when it did not within ten days."""
    world = un_camp(replicate, plan_in=0)
    spot = world.state.places[CAMP]
    spot.receiver, spot.p_leave = st.TO_JOINT, p_leave
    world.play("leave_camps")
    assert spot.camp_holder == st.JOINT
    for day in range(10):
        world = world._replace(clock=Clock(DAY + day, DAY - 100, DAY + 100))
        world.state.places[BASE].fights = int(war)
        world.play("strain_joint_units")
        if world.state.places[CAMP].camp_holder != st.JOINT:
            return day + 1
    return 0


def test_r6_6_s4_a_joint_unit_comes_apart_within_ten_days_of_renewed_war():
    n = 400
    for p_leave, expected in ((math.nan, PARAMS.joint_leave), (0.2, 0.2)):
        ended = sum(joint_camp(True, i, p_leave) > 0 for i in range(n))
        share, error = shares_of_outcomes(ended, n)
        assert share == pytest.approx(expected, abs=3 * error)
    assert not any(joint_camp(False, i) for i in range(50))


def test_r6_6_s4_after_the_joint_unit_the_camp_is_open_to_a_race():
    replicate = next(i for i in range(100) if joint_camp(True, i))
    world = un_camp(replicate, plan_in=0)
    world.state.places["receiver"][CAMP] = st.TO_JOINT
    world.play("leave_camps")
    while world.state.places[CAMP].camp_holder == st.JOINT:
        world = world._replace(clock=Clock(world.clock.day + 1, DAY - 100, DAY + 100))
        world.state.places[BASE].fights = 1
        world.play("strain_joint_units")
    assert len(world.rows(Kind.JOINT_END)) == 1
    taken, emptied = world.rows(Kind.CONTROL)
    assert (taken["before"], taken["after"]) == (st.UN_HOLDER, st.JOINT)
    assert (emptied["before"], emptied["after"]) == (st.JOINT, st.NOBODY)
    assert emptied["side"] == -1  # the UN had left before
    assert world.state.places[CAMP].claimant == 1
    assert world.state.places[CAMP].enter_hour < np.inf


def test_r6_6_s5_without_notice_the_groups_need_a_day():
    for notice, hours in ((45, 6.0), (0, 24.0)):
        world = un_camp(plan_in=0)
        spot = world.state.places[CAMP]
        spot.receiver = st.TO_NOBODY
        spot.notice_separatists = notice
        world.play("leave_camps")
        assert spot.enter_hour - spot.exit_hour == pytest.approx(hours)


def test_r6_6_s6_a_perimeter_protects_while_the_truce_holds():
    world = small_world([0, 0, 0], [(0, 1, 20.0), (1, 2, 20.0)])
    world.state.places[0].perimeter = 25.0
    for truce, covered in ((1, [True, True, False]), (0, [False] * 3)):
        world.state.conflict[0].truce = truce
        assert [bool(call(protected)(world.now, p)) for p in range(3)] == covered


def test_r6_6_s6_the_truce_is_breached_with_its_daily_hazard():
    lasted = []
    for i in range(150):
        world = small_world([0], [], replicate=i, perimeter_breach=0.1)
        world.state.conflict[0].truce_day = DAY
        world.play("keep_truce")
        assert world.state.conflict[0].truce == 1
        day = DAY
        while world.state.conflict[0].truce:
            day += 1
            world = world._replace(clock=Clock(day, DAY - 100, DAY + 100))
            world.play("keep_truce")
        lasted.append(day - DAY)
    # geometric with a mean of ten days; three standard errors of 150 truces
    assert np.mean(lasted) == pytest.approx(10, abs=3 * 9.5 / math.sqrt(150))


@compiled_only
def test_r6_6_scenarios_reach_the_clauses_of_their_camps():
    holders = {}
    for name in ("to-separatists", "joint-unit", "abandoned"):
        model = NorthernMali(name, seed=1)
        holders[name] = set(model.state.places["receiver"][model.state.places["un_camp"] == 1])
    assert st.TO_SEPARATISTS in holders["to-separatists"]
    assert st.TO_JOINT in holders["joint-unit"]
    assert st.TO_NOBODY in holders["abandoned"]
