"""R2.1-R2.7: surprise, attrition, breakpoints, rout and loot, hold or leave, re-entry, refusal."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

from camphandover.core import state as st
from camphandover.core.draws import Decision, Key, key_of, uniform
from camphandover.core.ledger import Kind
from camphandover.core.parameters import BREAKPOINTS, parameter_record
from camphandover.core.rules.assault import refuses
from camphandover.core.rules.combat import (
    TABLE_GARRISON,
    TABLE_RAIDER,
    Force,
    attrition,
    breakpoint,
    defender_of,
    duel,
    p_surprise,
)
from camphandover.core.rules.holding import capture, hold_value
from camphandover.core.rules.rout import rout
from worlds import (
    DAY,
    LONG_AGO,
    Runs,
    World,
    add_column,
    add_unit,
    call,
    compiled_only,
    runs,
    see,
    small_world,
)

ARMY, SEPARATISTS, GSIM = st.ARMY, st.SEPARATISTS, st.GSIM
N_FIGHTS = 8000
BREAK_A, BREAK_D = int(Decision.BREAK_ATTACKER), int(Decision.BREAK_DEFENDER)


# --- R2.1 type of an attack


def test_r2_1_surprise_is_rarer_where_people_tell_the_defender():
    world = small_world([0, 1], [(0, 1, 60.0)])
    add_unit(world, ARMY, 0, 120)
    add_unit(world, SEPARATISTS, 1, 120)
    see(world)
    chances = []
    for support in (0.0, 0.3, 0.9):
        world.state.places[0].support_army = support
        chances.append(call(p_surprise)(world.now, 0, 0))
    assert chances[0] == 1.0
    assert chances[0] > chances[1] > chances[2] > 0.6
    phi = world.state.presence[0, 0].phi
    assert chances[2] == pytest.approx(math.exp(-0.5 * 0.9 * phi))


def test_r2_1_those_who_defend_are_the_strongest_enemies_inside():
    world, defender = small_world([0, 1], [(0, 1, 60.0)]), call(defender_of)
    add_unit(world, SEPARATISTS, 0, 900)  # elsewhere
    assert [defender(world.now, 1, bloc) for bloc in range(st.N_ARMED)] == [-1, -1, -1]
    add_unit(world, ARMY, 1, 100)
    add_unit(world, SEPARATISTS, 1, 60)
    add_unit(world, SEPARATISTS, 1, 70, slot=st.TOWN)
    add_unit(world, GSIM, 1, 120)
    add_unit(world, GSIM, 1, 500, slot=st.COUNTRY)
    enemies = [st.REBELS, st.STATE, st.STATE]
    assert [defender(world.now, 1, bloc) for bloc in range(st.N_ARMED)] == enemies
    world.state.conflict[0].relation = st.CLASH
    enemies = [st.REBELS, st.JIHADISTS, st.REBELS]
    assert [defender(world.now, 1, bloc) for bloc in range(st.N_ARMED)] == enemies


# --- R2.2 attrition


def battles(ratio: float, surprised: bool, n: int = N_FIGHTS, **changes: float) -> np.ndarray:
    """Outcome, losses of both, hours of `n` fights of R2.2's check: raiders against a garrison."""
    setting = {"n_defend": 150, "attack": 1.0, "defend": 0.85, "posture": 1.5, "table": 1}
    values = {name: value for name, value in changes.items() if name not in setting}
    at = SimpleNamespace(**setting | changes)
    tables = (int(at.table), TABLE_GARRISON)
    world = small_world([0], [], **values)
    params, men = world.params, (round(ratio * at.n_defend), at.n_defend)
    hours = int(params.surprise_hours) if surprised else 0
    outcomes = np.zeros((n, 4))
    for i in range(n):
        now = world._replace(key=Key(77, 5, i)).now
        luck = [call(uniform)(now.key, decision, 9, 100) for decision in (BREAK_A, BREAK_D)]
        forces = [
            Force(*side, call(breakpoint)(params, table, 1.0, u))
            for *side, table, u in zip(men, (at.attack, at.defend), tables, luck, strict=True)
        ]
        longest = int(params.fight_hours_max)
        outcomes[i] = call(duel)(now, *forces, at.posture, hours, longest, 9, 100)[:4]
    return outcomes


def p_capture(ratio: float, surprised: bool, **changes: float) -> float:
    """Share of the fights that the attacker wins."""
    return float((battles(ratio, surprised, **changes)[:, 0] == 1).mean())


TABLE = {0.5: (0.29, 0.22), 1: (0.50, 0.41), 1.5: (0.64, 0.54), 2: (0.73, 0.65),
         3: (0.83, 0.76), 4: (0.89, 0.83)}  # fmt: skip
"""Ratio of men: P(capture) with and without surprise."""


@pytest.mark.parametrize("surprised", [True, False], ids=["surprise", "open"])
@pytest.mark.parametrize("ratio", TABLE)
def test_r2_2_capture_table(ratio: float, surprised: bool):
    # the rule book's own tolerance; 8,000 fights have a standard error of 0.0056
    assert p_capture(ratio, surprised) == pytest.approx(TABLE[ratio][not surprised], abs=0.03)


def test_r2_2_equal_sides_have_equal_chances():
    p = p_capture(1.0, False, defend=1.0, posture=1.0, table=TABLE_GARRISON)
    # an undecided fight is not a capture: at most one in a hundred; three standard errors
    assert p == pytest.approx(0.50, abs=0.01 + 3 * 0.0056)


def test_r2_2_a_raid_at_two_to_one_takes_two_hours_and_22_casualties_a_side():
    outcomes = battles(2.0, True)
    assert np.median(outcomes[:, 3]) == 2
    # "about": a quarter either way
    assert outcomes[:, 1:3].mean() == pytest.approx(22, rel=0.25)


@pytest.mark.parametrize("surprised", [True, False], ids=["surprise", "open"])
def test_r2_2_there_is_no_cliff_at_three_to_one(surprised: bool):
    chances = [p_capture(ratio, surprised) for ratio in np.arange(2.0, 4.01, 0.25)]
    steps = np.diff(chances)
    # falling by three standard errors of a paired difference, or a jump, would be a cliff
    assert steps.min() > -0.02
    assert steps.max() < 0.06


def test_r2_2_at_three_to_one_the_exponent_moves_the_chance_from_72_to_96_percent():
    assert p_capture(3.0, True, attrition_exponent=0.3) == pytest.approx(0.72, abs=0.03)
    assert p_capture(3.0, True, attrition_exponent=1.0) == pytest.approx(0.96, abs=0.03)


def test_r2_2_attrition_is_the_formula():
    params = parameter_record({"attrition_exponent": 0.3, "attrition_rate": 0.06})
    lam = call(attrition)(params, 300.0, 150.0, 700.0, 200.0, 1.5, 1.2, 0.8)
    assert lam[0] == pytest.approx(0.06 * 300**0.7 * 200**0.3 * 1.2)
    assert lam[1] == pytest.approx(0.06 * 150**0.7 * 700**0.3 * 1.5**-0.3 * 0.8)


def test_r2_2_without_a_break_in_eight_hours_the_assault_has_failed():
    now = small_world([0], [])._replace(key=key_of(1, 1)).now
    outcome = call(duel)(now, Force(300, 1.0, 0.9999), Force(150, 0.85, 0.9999), 1.5, 0, 8, 9, 100)
    assert outcome[0] == -1
    assert outcome[3] == 8


# --- R2.3 breakpoints


@pytest.mark.parametrize("kind", BREAKPOINTS)
def test_r2_3_few_parties_fight_beyond_40_percent(kind: str):
    params = parameter_record({})
    luck = (np.arange(20_000) + 0.5) / 20_000
    shares = np.array([call(breakpoint)(params, BREAKPOINTS.index(kind), 1.0, u) for u in luck])
    assert (shares > 0.4).mean() < 0.03
    mean = float(params[f"break_{kind}"])
    assert shares.mean() == pytest.approx(mean, rel=0.01)
    concentration = float(params[f"break_{kind}_conc"])
    tail = stats.beta.sf(0.4, mean * concentration, (1 - mean) * concentration)
    assert (shares > 0.4).mean() == pytest.approx(tail, abs=5e-4)


def test_r2_3_morale_scales_breakpoints():
    params = parameter_record({})
    at = [call(breakpoint)(params, TABLE_RAIDER, morale, 0.5) for morale in (0.0, 0.6, 1.0)]
    assert at[0] == pytest.approx(0.7 * at[2])
    assert at[1] == pytest.approx(0.88 * at[2])


@given(
    replicate=some.integers(0, 2**20),
    theta=some.floats(0.01, 0.5),
    more=some.floats(0, 0.4),
    other=some.floats(0.01, 0.5),
    men=some.integers(20, 400),
)
@settings(deadline=None, max_examples=300)
def test_r2_3_a_higher_breakpoint_never_lowers_the_own_chance(
    replicate: int, theta: float, more: float, other: float, men: int
):
    now = a_world()._replace(key=key_of(3, replicate)).now

    def outcome(theta_a: float, theta_d: float) -> int:
        forces = Force(men, 1.0, theta_a), Force(150, 0.85, theta_d)
        return call(duel)(now, *forces, 1.5, 2, 8, 9, 100)[0]

    if outcome(theta, other) == 1:
        assert outcome(theta + more, other) == 1
    if outcome(other, theta) != 1:
        assert outcome(other, theta + more) != 1


@cache
def a_world() -> World:
    """A place, and the best values."""
    return small_world([0], [])


# --- R2.4 rout and loot


def beaten_post(looted_days_ago: int = LONG_AGO, replicate: int = 0) -> World:
    """200 men with 60 vehicles whose post is about to fall to a column of 300."""
    world = small_world([0, 1], [(0, 1, 60.0)], replicate=replicate)
    add_unit(world, ARMY, 0, 120, vehicles=40)
    add_unit(world, ARMY, 0, 80, vehicles=20)
    c = add_column(world, SEPARATISTS, st.RAID, st.ENGAGED, 0, 300)
    assert c == 0
    world.state.places[0].looted_day = DAY - looted_days_ago
    return world


def routed(world: World) -> World:
    call(rout)(world.now, 0, 0, 0, DAY * 24.0 + 8, -1)
    return world


@pytest.mark.parametrize("replicate", range(10))
def test_r2_4_i1_men_and_vehicles_are_conserved_by_a_rout(replicate: int):
    world = routed(beaten_post(replicate=replicate))
    books, units = world.state.sides, world.state.units
    for side in (ARMY, SEPARATISTS):
        mine = units["side"] == side
        row = books[side]
        gone = row.dead + row.wounded + row.captured + row.missing
        assert units["men"][mine].sum() + gone == row.mustered
        assert (
            units["vehicles"][mine].sum() + row.vehicles_lost
            == row.vehicles_mustered + row.vehicles_looted
        )
    lost = books[ARMY]
    assert lost.vehicles_lost == pytest.approx(60 * 0.55, abs=1)
    assert books[SEPARATISTS].vehicles_looted == pytest.approx(60 * 0.3, abs=1)
    assert lost.dead == pytest.approx(2 * lost.captured, abs=1)
    assert world.rows(Kind.ROUT)["amount"] == [lost.dead + lost.captured + lost.missing]


def test_r2_4_fifteen_percent_of_the_survivors_are_lost():
    lost = [
        float(routed(beaten_post(replicate=i)).rows(Kind.ROUT)["amount"][0]) for i in range(200)
    ]
    # binomial of 200 men; three standard errors of 200 routs
    assert np.mean(lost) == pytest.approx(30, abs=3 * math.sqrt(200 * 0.15 * 0.85 / 200))


def test_r2_4_half_of_the_missing_are_back_after_a_week():
    world = routed(beaten_post())
    missing = int(world.state.sides[ARMY].missing)
    men = world.men(ARMY)
    assert missing > 2
    early = world.at(day=DAY + 6).play("waste")
    back = world.at(day=DAY + 7, params=parameter_record({"desertion": 0.0})).play("waste")
    assert early.state.sides[ARMY].missing == missing
    assert back.state.sides[ARMY].missing == missing - round(missing / 2)
    assert back.men(ARMY) == men + round(missing / 2)


def test_r2_4_a_second_raid_within_thirty_days_yields_less():
    loot = {
        days: int(routed(beaten_post(days)).state.sides["vehicles_looted"][SEPARATISTS])
        for days in (1, 10, 20, 29, 30, 60)
    }
    assert loot[1] < loot[10] < loot[20] <= loot[29] <= loot[30] == loot[60]
    assert loot[30] == 18
    world = routed(beaten_post())
    first = int(world.state.sides["vehicles_looted"][SEPARATISTS])
    world.state.units["vehicles"][:2] = 40, 20
    again = routed(world.at(day=DAY + 10)).state.sides["vehicles_looted"][SEPARATISTS] - first
    assert 0 < again < first


def test_r2_4_loot_raises_quality_up_to_a_cap():
    world = routed(beaten_post())
    gain = float(world.state.units["loot"].max())
    assert gain == pytest.approx(0.02 * 18 / 12)
    for _ in range(20):
        world.state.places[0].looted_day = DAY - LONG_AGO
        world.state.units["vehicles"][:2] = 40, 20
        routed(world)
    assert world.state.units["loot"].max() == pytest.approx(0.15)


# --- R2.5 hold or leave

RAIDED = ("Bourem", "Lere", "Dioura", "Bamba", "Taoussa", "Acharane", "Niafunke", "Goundam",
          "Gourma-Rharous", "Hombori", "Gossi", "Labbezanga")  # fmt: skip
"""Posts on the river and in the west, as the seven bases that were entered in 2023 are."""


def hours_held(of: Runs, only: tuple[str, ...] = ()) -> np.ndarray:
    """Hours for which an armed group held each camp that it took from the army."""
    hours = []
    for record in of.records:
        rows = record.events[record.events["kind"] == Kind.CONTROL]
        rows = rows[rows["slot"] == st.CAMP]
        end = (of.model.world.last + 1) * st.HOURS
        for place in np.unique(rows["place"]):
            if only and of.places[place] not in only:
                continue
            mine = rows[rows["place"] == place]
            taken = (mine["before"] == 0) & np.isin(mine["after"], (1, 2))
            hours.extend((np.append(mine["hour"][1:], end) - mine["hour"])[taken].tolist())
    return np.array(hours)


@compiled_only
@pytest.mark.parametrize("only", [(), RAIDED], ids=["all camps", "river and west"])
def test_r2_5_few_captured_camps_are_held_for_72_hours(only: tuple[str, ...]):
    hours = hours_held(runs("on-schedule"), only)
    assert len(hours) > 300
    assert (hours > 72).mean() <= 0.1


@compiled_only
@pytest.mark.parametrize(
    ("only", "least"), [((), 0.3), (RAIDED, 0.2)], ids=["all camps", "river and west"]
)
def test_r2_5_without_airpower_captured_camps_are_held(only: tuple[str, ...], least: float):
    hours = hours_held(runs("on-schedule", "airpower: {scale: 0.0}"), only)
    assert len(hours) > 300
    # the rule book's share is for all camps; the small posts are worth less and held less
    assert (hours > 72).mean() >= least


def test_r2_5_hours_of_a_raid_are_lognormal_around_five():
    hours = []
    for i in range(300):
        world = raid_on_bourem(i)
        call(capture)(world.now, 0, DAY * 24.0 + 11, -1)
        hours.append(world.state.columns[0].act - (DAY * 24.0 + 11))
    # log-normal of sd 0.6 around ln 5 h: Kolmogorov-Smirnov bound exceeded once in 1,000 seeds
    assert stats.kstest(hours, stats.lognorm(0.6, scale=5.0).cdf).pvalue > 1e-3


def test_r2_5_a_base_is_worth_more_with_its_symbol_and_less_under_aircraft_and_relief():
    world = raid_on_bourem(0)

    def value(**changes: float) -> float:
        twin = world.at()
        twin.state.places[1].symbolic = changes.get("symbolic", 0.4)
        twin.state.sides[ARMY].air = changes.get("air", 1.0)
        twin.state.presence[0, 0].inside *= changes.get("relief", 1.0)
        return call(hold_value)(twin.now, 1, 1, 180)

    base = value()
    assert base == pytest.approx(3 * 0.4 - 3 * 5 / 20 - 900 / (900 + 180))
    assert value(symbolic=0.6) > base
    assert value(air=0.5) > base
    assert value(relief=0.5) > base > value(relief=2.0)
    assert base < 0 < value(air=0.0)


# --- R2.6 re-entry and relief


def raid_on_bourem(replicate: int) -> World:
    """Bourem, 95 km from 900 men at Gao, where 180 raiders have just broken the garrison."""
    world = small_world([0, 0], [(0, 1, 95.0)], replicate=replicate)
    world.state.places["symbolic"] = 0.8, 0.4
    add_unit(world, ARMY, 0, 900)
    add_unit(world, ARMY, 1, 240)
    c = add_column(world, SEPARATISTS, st.RAID, st.ENGAGED, 1, 180)
    world.state.columns[c].target = 0
    see(world)
    return world


def test_r2_6_bourem_like_cases_are_recovered_on_the_same_day():
    n, recovered = 400, 0
    for i in range(n):
        world = raid_on_bourem(i)
        call(capture)(world.now, 0, DAY * 24.0 + 11 + 1 / 3, -1)
        assert world.state.places[1].camp_holder == 1
        world.play("leave_bases", "reenter_bases")
        recovered += world.state.places[1].camp_holder == 0
        assert (world.rows(Kind.ENTER)["p"] == world.params.reenter_p).all()
    assert 0.5 <= recovered / n <= 0.9


@compiled_only
def test_r2_6_bourem_is_mostly_recovered_within_a_day():
    of = runs("on-schedule")
    hours = []
    for rows in of.changes(of.places.index("Bourem"), st.CAMP):
        for i in np.flatnonzero((rows["before"] == 0) & (rows["after"] == 1)):
            back = rows["hour"][i:][rows["after"][i:] == 0]
            hours.append(back[0] - rows["hour"][i] if len(back) else np.inf)
    assert len(hours) > 50
    assert 0.5 <= (np.array(hours) <= 24).mean() <= 1.0


def test_r2_6_nobody_re_enters_where_no_men_are():
    world = small_world([4], [])
    world.state.places[0].reenter_hour = DAY * 24.0 + 5
    assert world.at().play("reenter_bases").state.places[0].camp_holder == 4
    add_unit(world, ARMY, 0, 50, slot=st.COUNTRY)
    assert world.play("reenter_bases").state.places[0].camp_holder == 0


@pytest.mark.parametrize(
    ("km", "stock", "sent"), [(95.0, 12.0, True), (160.0, 12.0, False), (95.0, 2.0, False)]
)
def test_r2_6_relief_needs_men_within_150_km_with_three_days_of_stock(
    km: float, stock: float, sent: bool
):
    world = small_world([0, 1], [(0, 1, km)])
    for _ in range(6):
        add_unit(world, ARMY, 0, 150, supply=stock)
    add_unit(world, SEPARATISTS, 1, 120)
    world.state.places[1].lost_hour = DAY * 24.0 - 12
    see(world).play("relieve_posts")
    ordered = world.state.orders[: world.state.queue[0].used]
    assert [(row.mission, row.target) for row in ordered] == ([(st.RELIEF, 1)] if sent else [])


# --- R2.7 refusing battle


def refusals(power: float, power_foe: float, air: float = 1.0, side: int = ARMY) -> float:
    """Share of 400 mornings on which separatists leave before an assault."""
    world = small_world([1], [], perceive_sd=0.0)
    world.state.places["covered"] = air > 0
    foe = 1 if side == ARMY else 0
    left = [
        call(refuses)(world._replace(key=key_of(4, i)).now, side, foe, power, power_foe, 0)[0]
        for i in range(400)
    ]
    return float(np.mean(left))


def test_r2_7_the_weaker_defender_leaves_under_enemy_aircraft():
    # a chance of 0.8; three standard errors of 400 mornings
    assert refusals(600.0, 200.0) == pytest.approx(0.8, abs=0.06)
    assert refusals(200.0, 200.0) == 0.0
    assert refusals(600.0, 200.0, air=0.0) == 0.0
    assert refusals(600.0, 200.0, side=SEPARATISTS) == 0.0


@compiled_only
def test_r2_7_most_who_will_not_stand_fight_for_time_first():
    delayed = []
    for record in runs("historical").records:
        rows = record.events
        for row in rows[(rows["kind"] == Kind.WITHDRAW) & ~np.isnan(rows["p"])]:
            cause = rows[row["cause"]]
            delayed.append(cause["kind"] == Kind.BATTLE)
            taken = rows[(rows["kind"] == Kind.CONTROL) & (rows["hour"] == row["hour"])]
            assert row["place"] in taken["place"]
            if delayed[-1]:
                assert row["hour"] - cause["hour"] in (1, 2)  # delay_hours at most
                assert 0.1 < row["p"] < 0.8 * 0.75 + 1e-9  # refuse_p x delay_p
            else:
                assert row["p"] == pytest.approx(0.8 * 0.25)
    # a chance of 0.75; three standard errors
    assert len(delayed) > 50
    assert np.mean(delayed) == pytest.approx(0.75, abs=3 * math.sqrt(0.1875 / len(delayed)))


def kidal_falls(of: Runs) -> dict[str, list[float]]:
    """For each time that the army takes Kidal from the separatists: what share of their men in
    and around it the separatists keep, and what share of all their men."""
    kidal, shares = of.places.index("Kidal"), defaultdict(list)
    for replicate, rows in enumerate(of.changes(kidal, st.CAMP)):
        falls = rows[(rows["before"] == 1) & (rows["after"] == 0)]
        if not len(falls):
            continue
        day = int(falls["hour"][0] // st.HOURS)
        of.model.reset(replicate)
        while of.model.day < day - 3:
            of.model.step()
        units = of.model.state.units
        mine = (units["side"] == SEPARATISTS) & (units["men"] > 0)
        there = units["men"][mine & (units["place"] == kidal)].sum()
        series = of.records[replicate].series[:, SEPARATISTS]
        first = of.model.world.first
        gone = sum(
            int(series[name][day - first]) - int(series[name][day - 4 - first])
            for name in ("dead", "wounded", "captured", "missing")
        )
        shares["in Kidal"].append(1 - gone / max(1, there))
        shares["of all"].append(1 - gone / units["men"][mine].sum())
    return shares


@compiled_only
def test_r2_7_separatists_keep_70_percent_of_their_strength_in_most_kidal_falls():
    shares: dict[str, list[float]] = {}
    for name in ("on-schedule", "early", "abandoned"):
        for kind, values in kidal_falls(runs(name)).items():
            shares.setdefault(kind, []).extend(values)
    assert len(shares["of all"]) >= 10
    assert np.mean(np.array(shares["of all"]) >= 0.7) > 0.5
    assert np.mean(np.array(shares["in Kidal"]) >= 0.7) > 0.5
