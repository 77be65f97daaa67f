"""R4.1, R4.2, R5.1-R5.4, R5.7: influence, choice of targets, tempo, offensive, garrisons."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from camphandover.agents.model import NorthernMali
from camphandover.core import state as st
from camphandover.core.draws import key_of
from camphandover.core.ledger import Kind
from camphandover.core.rules.offensive import choose_objective
from camphandover.core.rules.presence import estimate_win, information
from camphandover.core.rules.raids import near_buffer
from camphandover.core.rules.strategy import choose_target, garrison_need, spare_men, utility
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
    small_world,
)

ARMY, WAGNER, SEPARATISTS, GSIM = st.ARMY, st.WAGNER, st.SEPARATISTS, st.GSIM
CAPITALS = ("Kidal", "Gao", "Timbuktu", "Menaka", "Mopti-Sevare", "Bamako")


# --- R4.1 influence


def test_r4_1_influence_is_power_that_decays_with_distance():
    world = small_world([0, 1, 0], [(0, 1, 60.0), (1, 2, 30.0)])
    add_unit(world, ARMY, 0, 120)
    add_unit(world, SEPARATISTS, 1, 80)
    see(world)
    cells = world.state.presence
    assert cells["influence"][0] == pytest.approx(102 * np.exp([-0.0, -60 / 30, -90 / 30]))
    assert cells["influence"][1] == pytest.approx(80 * np.exp([-60 / 30, -0.0, -30 / 30]))
    assert cells["phi"][:3].sum(axis=0) == pytest.approx(np.ones(3))


@pytest.mark.parametrize("removed", range(0, 30, 3))
def test_r4_1_removing_a_garrison_never_raises_its_blocs_influence(removed: int):
    model = NorthernMali("on-schedule")
    units = model.state.units
    garrisons = np.flatnonzero((units["side"] == ARMY) & (units["men"] > 0))
    clock = Clock(DAY, DAY, DAY)
    world = World(model.state, model.params, clock, key_of(0, 0), model.ledger)
    before = see(world).state.presence["phi"].copy()
    units["men"][garrisons[removed]] = 0
    after = see(world).state.presence["phi"]
    assert (after[0] <= before[0] + 1e-12).all()
    assert after[0].sum() < before[0].sum()
    assert (after[1:3] >= before[1:3] - 1e-12).all()
    assert after[:3].sum(axis=0) == pytest.approx(np.ones(len(model.state.places)))


def test_r4_1_the_un_and_columns_on_the_road_have_no_influence():
    world = small_world([0, 0], [(0, 1, 60.0)])
    add_unit(world, ARMY, 0, 120)
    before = see(world).state.presence["influence"].copy()
    add_unit(world, st.MINUSMA, 0, 500)
    add_column(world, SEPARATISTS, st.RAID, st.MOVING, 1, 300)
    see(world)
    assert (world.state.presence["influence"] == before).all()


# --- R4.2 information


@given(support=some.floats(0, 1), more=some.floats(0, 1), men=some.integers(0, 500))
@settings(deadline=None, max_examples=50)
def test_r4_2_information_rises_with_support_and_influence(support: float, more: float, men: int):
    def known(share: float, army: int) -> float:
        world = small_world([0, 1], [(0, 1, 20.0)])
        add_unit(world, SEPARATISTS, 1, 120)
        add_unit(world, ARMY, 0, 50 + army)
        world.state.places[0].support_army = share
        see(world)
        return call(information)(world.now, 0, 0)

    low, high = sorted((support, more))
    assert 0.0 <= known(low, men) <= known(high, men) <= 1.0
    assert known(low, 0) <= known(low, men)


# --- R5.1 targets


def raiders_among_posts(replicate: int = 0) -> World:
    """Separatists at place 0 and army posts of much the same worth at places 1 to 4."""
    roads = [(0, 1, 90.0), (0, 2, 100.0), (0, 3, 110.0), (0, 4, 120.0)]
    world = small_world([1, 0, 0, 0, 0], roads, replicate=replicate)
    world.state.places["symbolic"] = 0.3, 0.2, 0.3, 0.1, 0.4
    for _ in range(5):
        add_unit(world, SEPARATISTS, 0, 60, vehicles=7)
    for place, men in ((1, 100), (2, 110), (3, 90), (4, 120)):
        add_unit(world, ARMY, place, men, vehicles=8)
    return see(world)


def raise_symbol(world: World, target: int) -> None:
    world.state.places[target].symbolic += 0.15


def raise_loot(world: World, target: int) -> None:
    world.state.units["vehicles"][world.state.units["place"] == target] += 6
    see(world)


def raise_chance(world: World, target: int) -> None:
    mine = (world.state.units["place"] == target) & (world.state.units["side"] == ARMY)
    world.state.units["quality"][mine] *= 0.8
    see(world)


CHANGES = [raise_symbol, raise_loot, raise_chance]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_r5_1_raising_symbol_loot_or_chance_never_lowers_the_choice_probability(change):
    n, target = 300, 2
    chosen = np.zeros((2, n), bool)
    for i in range(n):
        world = raiders_among_posts(i)
        raised = world.at()
        change(raised, target)
        picks = [call(choose_target)(w.now, SEPARATISTS) for w in (world, raised)]
        chosen[:, i] = [pick[0] == target for pick in picks]
        if picks[0][0] == target:
            # the same luck, a better prize: still chosen, and no less probable
            assert picks[1][0] == target
            assert picks[1][3] >= picks[0][3] - 1e-12
        elif picks[1][0] == picks[0][0]:
            assert picks[1][3] <= picks[0][3] + 1e-12
    assert 20 < chosen[0].sum() < chosen[1].sum() < n


def column_before_bases(replicate: int = 0) -> World:
    """An army column at place 0 and separatist bases at places 1 to 3."""
    roads = [(0, 1, 90.0), (0, 2, 100.0), (0, 3, 110.0)]
    world = small_world([0, 1, 1, 1], roads, replicate=replicate)
    world.state.places["symbolic"] = 0.8, 0.3, 0.4, 0.3
    for _ in range(7):
        add_unit(world, ARMY, 0, 130, kind=st.MANOEUVRE, vehicles=20)
    for place in (1, 2, 3):
        add_unit(world, SEPARATISTS, place, 180, vehicles=20)
    return see(world)


@pytest.mark.parametrize("change", [raise_symbol, raise_chance], ids=lambda c: c.__name__)
def test_r5_1_the_armys_objective_is_chosen_no_less_often_when_it_is_worth_more(change):
    n, target = 300, 2
    chosen = np.zeros((2, n), bool)
    for i in range(n):
        world = column_before_bases(i)
        raised = world.at()
        raised.state.places[target].symbolic += 0.15 if change is raise_symbol else 0.0
        if change is raise_chance:
            raised.state.units["quality"][raised.state.units["place"] == target] *= 0.8
            see(raised)
        picks = [call(choose_objective)(w.now, 0, 900.0, w.clock.day) for w in (world, raised)]
        chosen[:, i] = [pick[0] == target for pick in picks]
        if picks[0][0] == target:
            assert picks[1][0] == target
            assert picks[1][1] >= picks[0][1] - 1e-12
    assert 20 < chosen[0].sum() < chosen[1].sum() < n


def test_r5_1_the_utility_is_that_of_the_table():
    state = small_world([0], []).state
    weights, place = state.sides, state.places[0]
    place.symbolic, place.route_value, place.core = 0.4, 0.8, 1
    loot, threat, days, win = 0.5, 0.6, 2.0, 0.7
    logit = math.log(0.7 / 0.3)
    expected = {
        ARMY: 6 * 0.4 + 0 + 1.5 * 0.8 + 0.6 - 0.3 * 2 + logit,
        SEPARATISTS: 2 * 0.4 + 2 * 0.5 + 0.5 * 0.8 + 1.5 * 0.6 - 0.4 * 2 + logit + 1,
        GSIM: 0.4 + 1.5 * 0.5 + 1.5 * 0.8 + 0.6 - 0.2 * 2 + 1.5 * logit + 0.5,
    }
    for side, value in expected.items():
        assert call(utility)(weights[side], place, loot, threat, days, win) == pytest.approx(value)


def test_r5_1_choices_are_a_logit_of_their_utilities():
    n = 1500
    counts, reported = np.zeros(5), np.zeros(5)
    for i in range(n):
        world = raiders_among_posts(i)
        world.params.perceive_sd = 0.0
        target, _, _, p, _ = call(choose_target)(world.now, SEPARATISTS)
        counts[target] += 1
        assert reported[target] in (0.0, p)
        reported[target] = p
    assert (counts[1:] > 0).all()
    assert reported.sum() == pytest.approx(1.0)
    # each count is binomial; three and a half standard errors of 1,500 choices
    error = 3.5 * np.sqrt(reported * (1 - reported) / n)
    assert (np.abs(counts / n - reported) <= error).all()


@given(
    a=some.floats(1, 2000),
    b=some.floats(1, 2000),
    d=some.floats(1, 2000),
    s=some.sampled_from([0, 1]),
)
@settings(deadline=None)
def test_r5_1_the_estimate_rises_with_the_attackers_power_and_surprise(
    a: float, b: float, d: float, s: int
):
    params = small_world_params()
    low, high = sorted((a, b))
    win = call(estimate_win)
    assert 0 < win(params, low, d, float(s)) <= win(params, high, d, float(s)) < 1
    assert win(params, a, d, 0.0) < win(params, a, d, 1.0)
    assert win(params, d, high, float(s)) <= win(params, d, low, float(s))


def small_world_params():
    """The best values."""
    return small_world([0], []).params


# --- R5.2 tempo


def attacks_made(events: np.ndarray, side: int) -> np.ndarray:
    """Rows of a side's orders to raid that were not called off before the base."""
    raids = (events["kind"] == Kind.ORDER) & (events["mission"] == st.RAID)
    orders = np.flatnonzero(raids & (events["side"] == side))
    aborted = events["cause"][events["kind"] == Kind.ABORT]  # departures of these
    return np.setdiff1d(orders, events["cause"][aborted])


@compiled_only
@pytest.mark.parametrize(("side", "mean"), [(SEPARATISTS, 5.5), (GSIM, 25.0)])
def test_r5_2_large_attacks_come_no_faster_than_the_tempo(side: int, mean: float):
    of = runs("on-schedule", "politics: {relations_fixed: true}\nblockade: {active: false}")
    gaps = []
    for record in of.records:
        events = record.events
        made = attacks_made(events, side)
        gaps.extend(np.diff(events["hour"][made]) / 24)
        if side == SEPARATISTS and len(made):
            war = events[(events["kind"] == Kind.RUNG) & (events["amount"] >= 3)]
            assert events["hour"][made[0]] >= war["hour"][0]
    # gamma of shape 4, a coefficient of variation of one half; orders fall on midnights, and a
    # day without a feasible target lengthens a gap; the window's end cuts off the longest gaps,
    # a tenth of the mean at most: the mean is at least nine tenths of the tempo's
    gaps = np.array(gaps)
    assert len(gaps) > 300
    assert gaps.mean() >= 0.9 * mean
    assert gaps.mean() <= 1.5 * mean


def test_r5_2_s2_a_buffer_halves_attacks_within_20_km():
    n, ordered = 400, np.zeros(2)
    for i in range(n):
        for buffer in (0, 1):
            world = raiders_among_posts(i)
            world.params["raid_win_min"] = 0.5
            world.state.places["camp_holder"][4] = st.UN_HOLDER
            world.state.places["symbolic"][4] = 3.0
            world.state.places["buffer"][4] = buffer
            assert call(near_buffer)(world.now, 4) == bool(buffer)
            world.play("order_raids")
            rows = world.state.orders[: world.state.queue[0].used]
            ordered[buffer] += ((rows.target == 4) & (rows.side == SEPARATISTS)).sum()
    assert ordered[0] > 0.8 * n
    # binomial with one half; three standard errors
    assert ordered[1] / ordered[0] == pytest.approx(0.5, abs=1.5 / math.sqrt(ordered[0]))


# --- R5.3 the army's offensive


def ready_column(
    supply: float = 12.0,
    companies: int = 5,
    exit_in: int = 10,
    rung: int = 3,
    garrison: int = 400,
) -> World:
    """Manoeuvre companies of 20 vehicles at place 0; a UN camp in the enemy's town at place 1."""
    world = small_world([0, 1, 1], [(0, 1, 100.0), (1, 2, 100.0)])
    world.state.places["symbolic"] = 0.8, 0.6, 0.3
    for _ in range(companies):
        add_unit(world, ARMY, 0, 130, kind=st.MANOEUVRE, vehicles=20, supply=supply)
    add_unit(world, ARMY, 0, garrison)
    add_unit(world, SEPARATISTS, 1, 120, slot=st.TOWN)
    world.state.shipments[0, 0].depot = 1
    spot = world.state.places[1]
    spot.un_camp, spot.camp_holder = 1, st.UN_HOLDER
    spot.plan_day = spot.exit_day = DAY + exit_in
    world.state.conflict[0].rung = rung
    return see(world)


@pytest.mark.parametrize(
    ("changes", "leaves"),
    [
        ({}, True),
        ({"supply": 6.9}, False),
        ({"supply": 0.0}, False),
        ({"companies": 4}, False),
        ({"exit_in": 21}, False),
        ({"exit_in": 20}, True),
        ({"garrison": 100}, False),
        ({"rung": 2}, False),
    ],
    ids=[
        "ready",
        "short of stock",
        "no stock",
        "80 vehicles",
        "exit far",
        "exit near",
        "bare base",
        "no war",
    ],
)
def test_r5_3_the_column_leaves_with_vehicles_stock_war_and_an_exit_ahead(changes, leaves):
    world = ready_column(**changes).play("launch_offensive")
    orders = world.state.orders[: world.state.queue[0].used]
    assert (orders.mission == st.OFFENSIVE).tolist() == ([True] if leaves else [])
    assert world.state.conflict[0].rung == (4 if leaves else changes.get("rung", 3))


def stock_of(state: st.State, c: int) -> float:
    """Mean days of stock of a column's men."""
    mine = (state.units["column"] == c) & (state.units["men"] > 0)
    return float(np.average(state.units["supply"][mine], weights=state.units["men"][mine]))


@compiled_only
@pytest.mark.parametrize(
    ("resumed", "least"), [(False, 7.0), (True, 3.0)], ids=["launch", "resume"]
)
def test_r5_3_no_offensive_departs_without_stock(resumed: bool, least: float):
    """A launch needs seven days of stock; after a pause no less than a relief does (R2.6)."""
    model = NorthernMali("on-schedule", seed=1)
    stocks = []
    for replicate in range(30):
        model.reset(replicate)
        while not model.finished:
            midnight = model.day * 24.0
            columns = model.state.columns
            before = columns["status"].copy()
            model.step()
            out = (columns["mission"] == st.OFFENSIVE) & (columns["status"] == st.MOVING)
            out &= (columns["depart"] >= midnight) & (columns["depart"] < midnight + 12)
            out &= before == (st.PAUSED if resumed else st.FREE)
            stocks += [stock_of(model.state, c) for c in np.flatnonzero(out)]
    assert len(stocks) > 10
    # the day's meal, double in a fight, has been taken since
    assert min(stocks) >= least - 2.0


def test_r5_3_a_prize_is_a_pause_and_the_column_goes_on_after_it():
    world = small_world([0, 1], [(0, 1, 100.0)], perceive_sd=0.0)
    world.state.places["symbolic"] = 0.3, 0.6
    c = add_column(world, ARMY, st.OFFENSIVE, st.PAUSED, 0, 400)
    unit = world.state.units[world.state.columns[c].lead]
    unit.slot, unit.kind = st.CAMP, st.MANOEUVRE
    add_unit(world, ARMY, 0, 150)
    add_unit(world, SEPARATISTS, 1, 60)
    world.state.columns[c].act = (DAY + 3) * 24.0
    early = see(world).at().play("resume_offensive")
    assert early.state.columns[c].status == st.PAUSED
    later = world.at(day=DAY + 3).play("resume_offensive")
    assert later.state.columns[c].status == st.MOVING
    assert later.state.columns[c].target == 1


# --- R5.4 garrisons


@pytest.mark.parametrize(
    ("symbolic", "men"), [(0.0, 60), (0.2, 60), (0.4, 96), (0.8, 192), (1.0, 240), (2.0, 300)]
)
def test_r5_4_a_garrison_follows_the_symbolic_value_within_its_bounds(symbolic: float, men: float):
    world = small_world([0], [])
    world.state.places[0].symbolic = symbolic
    assert call(garrison_need)(world.now, 0) == pytest.approx(men)


@pytest.mark.parametrize(
    ("side", "units", "spare"),
    [(ARMY, [300], 0.0), (ARMY, [150, 150], 156.0), (SEPARATISTS, [300], 156.0)],
)
def test_r5_4_a_garrison_of_one_unit_has_no_men_to_spare(side: int, units: list[int], spare: float):
    """Units do not split: of 300 men 144 are needed, and the rest is half of one unit."""
    world = small_world([0 if side == ARMY else 1, 1], [(0, 1, 100.0)])
    world.state.places["symbolic"] = 0.6
    for men in units:
        add_unit(world, side, 0, men)
    see(world)
    bloc = 0 if side == ARMY else 1
    assert call(spare_men)(world.now, 0, bloc) == pytest.approx(spare)


def weak_post(symbolic: float, low_days: int, foes: int, days_here: int = 100) -> World:
    """A post of 60 men near a separatist base, and Gao 300 km off."""
    world = small_world([0, 1, 0], [(0, 1, 40.0), (0, 2, 300.0)], perceive_sd=0.0)
    world.state.places["symbolic"] = symbolic, 0.3, 0.8
    add_unit(
        world, ARMY, 0, 60, low_days=low_days, supply=1.0 if low_days else 20.0,
        since=DAY - days_here,
    )  # fmt: skip
    for _ in range(foes):
        add_unit(world, SEPARATISTS, 1, 300, vehicles=10)
    add_unit(world, ARMY, 2, 900)
    return see(world)


@pytest.mark.parametrize(
    ("symbolic", "low_days", "foes", "given_up"),
    [
        (0.2, 3, 0, True),
        (0.2, 2, 0, False),
        (0.29, 5, 0, True),
        (0.3, 5, 0, False),
        (0.8, 30, 3, False),
        (0.2, 0, 0, False),
    ],
)
def test_r5_4_a_starving_post_of_little_worth_is_abandoned_and_a_capital_never(
    symbolic: float, low_days: int, foes: int, given_up: bool
):
    world = weak_post(symbolic, low_days, foes).play("abandon_posts")
    assert len(world.rows(Kind.ABANDON)) == given_up
    assert (world.state.places[0].camp_holder == 0) != given_up


def test_r5_4_a_post_that_cannot_be_held_is_abandoned():
    quick = {"raid_interval_separatists": 1.0}
    world = weak_post(0.2, 0, 3)
    world.params.raid_interval_separatists = quick["raid_interval_separatists"]
    assert len(world.play("abandon_posts").rows(Kind.ABANDON)) == 1
    strong = weak_post(0.2, 0, 3)
    strong.params.raid_interval_separatists = 1.0
    strong.state.units["men"][0] = 2000
    assert len(see(strong).play("abandon_posts").rows(Kind.ABANDON)) == 0


@compiled_only
@pytest.mark.parametrize("name", ["on-schedule", "abandoned"])
def test_r5_4_capitals_are_never_abandoned_voluntarily(name: str):
    of = runs(name)
    left = [of.places[p] for rows in of.rows(Kind.ABANDON) for p in rows["place"]]
    assert left
    assert not set(left) & set(CAPITALS)
    for rows in of.rows(Kind.ABANDON):
        assert (of.ends[0].places["symbolic"][rows["place"]] < 0.3).all()


# --- R5.7 vacated camps


def vacated(group_km: float, men: int = 120) -> World:
    """A camp at place 0 that the separatists may enter at noon; a group of theirs stands off."""
    world = small_world([4, 1], [(0, 1, group_km)])
    add_unit(world, SEPARATISTS, 1, men)
    see(world)
    spot = world.state.places[0]
    spot.claimant, spot.enter_hour = 1, DAY * 24.0 + 12
    return world


def test_r5_7_a_group_at_the_place_walks_in_at_its_hour():
    world = vacated(40.0)
    add_unit(world, SEPARATISTS, 0, 60, slot=st.TOWN)
    world.play("enter_vacated")
    assert world.state.places[0].camp_holder == 1
    assert world.rows(Kind.CONTROL)["hour"].tolist() == [DAY * 24.0 + 12]


def test_r5_7_the_nearest_group_in_range_sets_out_and_a_far_one_does_not():
    near, far = vacated(140.0).play("enter_vacated"), vacated(160.0).play("enter_vacated")
    assert (near.state.columns["status"] == st.MOVING).sum() == 1
    assert (far.state.columns["status"] == st.MOVING).sum() == 0
    assert near.state.places[0].camp_holder == 4


def test_r5_7_the_group_with_the_largest_influence_is_the_claimant():
    world = small_world([st.UN_HOLDER, 1, 2], [(0, 1, 30.0), (0, 2, 30.0)])
    world.state.places[0].un_camp = 1
    world.state.places[0].exit_day = world.state.places[0].plan_day = DAY
    add_unit(world, SEPARATISTS, 1, 100)
    add_unit(world, GSIM, 2, 160, slot=st.COUNTRY)
    see(world).play("leave_camps")
    assert world.state.places[0].camp_holder == 4
    assert world.state.places[0].claimant == 2
    hours = world.state.places[0].enter_hour - world.state.places[0].exit_hour
    assert hours == pytest.approx(24.0)  # without notice


@compiled_only
@pytest.mark.parametrize("name", ["on-schedule", "abandoned", "to-separatists"])
def test_r5_7_no_camp_stays_empty_for_more_than_three_days_near_armed_groups(name: str):
    model = NorthernMali(name, seed=1)
    emptied = 0
    worst: list[tuple[int, str, int]] = []
    for replicate in range(25):
        model.reset(replicate)
        empty = np.zeros(len(model.state.places), int)
        held = model.state.places["camp_holder"] != st.NOBODY
        while not model.finished:
            model.step()
            places, units = model.state.places, model.state.units
            groups = np.isin(units["side"], (SEPARATISTS, GSIM)) & (units["men"] > 0)
            near = np.zeros(len(places), bool)
            near[np.unique(units["place"][groups & (units["column"] < 0)])] = True
            held |= places["camp_holder"] != st.NOBODY
            open_camp = held & (places["camp_holder"] == st.NOBODY)
            emptied += int((open_camp & (empty == 0)).sum())
            empty = np.where(open_camp & near, empty + 1, 0)
            worst += [
                (replicate, model.world.places[p], model.day) for p in np.flatnonzero(empty == 4)
            ]
    assert emptied > 10
    assert worst == []
