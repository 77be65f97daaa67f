"""R10.1 in a run: until a day exits, rungs and the calendar are those of the record."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy import stats

from camphandover import facts
from camphandover.agents.model import NorthernMali
from camphandover.core import state as st
from camphandover.core.deploy import World as Deployed
from camphandover.core.deploy import deploy, go_on
from camphandover.core.draws import Decision, Turn, key_of, uniform
from camphandover.core.ledger import Kind
from camphandover.core.rules.withdrawal import exit_error
from camphandover.scenario import Scenario, load
from worlds import DAY, Clock, World, call, compiled_only, small_world

PLACES = [place.name for place in facts.load().places]
INDEX = facts.load().index
TEXTS = {"title": "A test", "question": "What was known?"}
OPEN, LEFT, UNTOLD = 0, 1, 2
SLOW = 30.0


def number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def scenario(until: str | None = "2023-10-20", **more: Any) -> Scenario:
    """A scenario that goes on from a day, and what else it says."""
    known = more.pop("known", {})
    return load({**TEXTS, "known": {"until": until, **known}, **more})


# --- the drawn exit


@pytest.mark.parametrize("sd", [0.5, 10.0])
@pytest.mark.parametrize("far", [-40.0, -1.0, 0.0, 1.0, 6.0, 9.0, 20.0])
def test_the_error_is_the_rest_of_a_normal(sd: float, far: float):
    us = np.linspace(0.02, 0.98, 13)
    found = [call(exit_error)(sd, far * sd, float(u)) for u in us]
    expected = stats.truncnorm(far, np.inf, scale=sd).ppf(us)
    assert found == pytest.approx(expected, abs=1e-4 * sd)
    assert np.diff(found).min() > 0, "a better chance is never an earlier day"


def test_the_error_at_its_limits():
    error = call(exit_error)
    assert error(0.0, -5.0, 0.3) == 0.0
    assert error(0.0, 5.0, 0.3) == 5.0
    assert error(10.0, 500.0, 0.7) == 500.0  # nothing is left of the normal
    assert error(10.0, -math.inf, 0.5) == pytest.approx(0.0, abs=1e-6)


def camps(plan_in: int = 0, drawn_in: int = -3, **war: int) -> World:
    """Three UN camps, on the day after the last that is known: one that the record has open, one
    that it has left two days ago, and one of which it does not tell."""
    world = small_world([st.UN_HOLDER] * 3, [(0, 1, 200.0), (1, 2, 200.0)], exit_error_sd=SLOW)
    state = world.state
    state.places["un_camp"] = 1
    state.places["plan_day"], state.places["exit_day"] = DAY + plan_in, DAY + drawn_in
    state.places["exit_known"] = DAY, DAY - 2, -1
    state.conflict["known_until"] = DAY - 1
    for name, value in war.items():
        state.conflict[name] = value
    return world


def redrawn(n: int = 800, day: int = DAY, **how: int) -> np.ndarray:
    """Days by which exits of the open camp, as they are drawn, come after the day."""
    world = camps(**how)._replace(clock=Clock(day, DAY - 100, DAY + 200))
    one = [world.at(key=key_of(3, i)).play("draw_exits") for i in range(n)]
    return np.array([int(w.state.places[OPEN].exit_day) - DAY for w in one])


@pytest.mark.parametrize("plan_in", [-50, 0, 20])
def test_an_exit_that_did_not_come_is_drawn_from_what_is_left(plan_in: int):
    days = redrawn(plan_in=plan_in)
    assert days.min() >= 0
    least = (-0.5 - plan_in) / SLOW
    left = stats.truncnorm(least, np.inf, loc=plan_in, scale=SLOW)
    for day in (2, 10, 30):
        share = float((days <= day).mean())
        expected = float(left.cdf(day + 0.5))
        assert share == pytest.approx(expected, abs=3 * math.sqrt(expected / len(days)))


def test_an_exit_that_may_still_come_keeps_its_day():
    assert set(redrawn(20, drawn_in=0)) == {0}
    assert set(redrawn(20, drawn_in=9)) == {9}


def test_exits_are_drawn_again_on_that_day_alone_and_where_the_UN_still_is():
    assert set(redrawn(20, day=DAY + 1)) == {-3}
    assert set(redrawn(20, day=DAY - 1)) == {-3}
    world = camps()
    world.state.places["exit_hour"][OPEN] = (DAY - 5) * 24.0
    assert world.play("draw_exits").state.places[OPEN].exit_day == DAY - 3


def test_the_luck_of_an_exit_is_that_of_its_day():
    world = camps()
    u = uniform if not hasattr(uniform, "py_func") else call(uniform)
    chance = u(world.key, int(Decision.EXIT_ERROR), OPEN, DAY)
    expected = round(call(exit_error)(SLOW, -0.5, chance))
    assert world.play("draw_exits").state.places[OPEN].exit_day - DAY == expected


def test_the_mandate_and_the_guards_hold():
    assert redrawn(200, mandate_end=DAY + 4).max() == 4
    assert set(redrawn(20, mandate_end=DAY - 4)) == {0}
    world = camps(plan_in=15, mandate_end=DAY + 4)
    world.state.places["guards"] = 1
    days = [
        int(world.at(key=key_of(3, i)).play("draw_exits").state.places[OPEN].exit_day)
        for i in range(50)
    ]
    assert min(days) == DAY + 15


# --- leaving


def left(world: World, day: int) -> list[bool]:
    """Which camps are left on a day."""
    places = world.at(day=day).play("leave_camps").state.places
    return [bool(hour < st.NEVER) for hour in places["exit_hour"]]


def test_camps_are_left_on_the_days_of_the_record_and_by_the_rules_where_it_does_not_tell():
    world = camps()
    assert left(world, DAY - 3) == [False, False, True]
    assert left(world, DAY - 2) == [False, True, True]
    world.state.places["exit_day"] = DAY + 50
    assert left(world, DAY - 3) == [False, False, False]
    assert left(world, DAY - 1) == [False, True, False]  # left before the runs began
    world.state.places["exit_day"] = DAY
    assert left(world, DAY) == [True, True, True]


def test_no_camp_of_the_record_is_given_up_early_while_all_is_known():
    world = camps(plan_in=3, drawn_in=50)
    world.state.places["early_exit"] = 1
    world.state.places["exit_known"][LEFT] = DAY
    world.params.early_base = 50.0
    assert left(world, DAY - 1) == [False, False, True]
    assert left(world, DAY) == [True, True, True]


# --- the ladder and the calendar


def ladder(day: int, **switches: int) -> int:
    """The rung after a day on which a war at rung 3 surely climbs."""
    world = camps()
    world.params.ladder_up = 1.0
    for name, value in switches.items():
        world.state.switches[name] = value
    return int(world.at(day=day).play("climb_ladder").state.conflict[0].rung)


def test_the_rung_is_that_of_the_record_until_the_day():
    assert [ladder(DAY - 40), ladder(DAY - 1), ladder(DAY)] == [3, 3, 4]
    assert ladder(DAY - 1, record=0) == 4


def learnt(known_until: int, calendar_until: int, first: int) -> tuple[int, int]:
    """Rungs after the day before a row's day, and after it."""
    world = camps(known_until=known_until, calendar_until=calendar_until)
    row = world.state.calendar[0]
    row.day, row.what, row.rung = DAY, st.KNOWN_RUNG, 5
    world = world._replace(clock=Clock(DAY, first, DAY + 50))
    before = world.at(day=DAY - 1).play("learn_events").state.conflict[0].rung
    return int(before), int(world.play("learn_events").state.conflict[0].rung)


def test_rows_of_the_calendar_are_learnt_on_their_day_and_later_ones_never():
    assert learnt(DAY, DAY, DAY - 9) == (3, 5)
    assert learnt(DAY - 1, DAY - 1, DAY - 9) == (3, 3)
    assert learnt(-1, DAY - 1, DAY) == (3, 3)
    assert learnt(-1, DAY, DAY) == (3, 5)


# --- what holds from the day after


def arrived(**more: Any) -> tuple[Deployed, Deployed]:
    """The first day of the past, and the same on the day after with the scenario's settings."""
    spec = scenario(**more)
    before, after = (deploy(spec, facts.load()) for _ in range(2))
    go_on(after.state, after.params, spec, facts.load())
    return before, after


def differing(before: Deployed, after: Deployed) -> set[str]:
    """Names of the columns that differ."""
    return {
        f"{table}.{column}"
        for table, one, other in zip(st.State._fields, before.state, after.state, strict=True)
        for column in one.dtype.names
        if not np.array_equal(one[column], other[column], equal_nan=True)
    }


SETTINGS = {
    "airpower": ({"scale": 0.5}, {"sides.air"}),
    "politics": ({"truce": "2023-11-05"}, {"conflict.truce_day"}),
    "politics ": ({"relations_fixed": True}, {"switches.relation_fixed"}),
    "blockade": ({"active": False}, {"switches.sieges"}),
    "population": ({"harm": "nil"}, {"switches.harm"}),
    "population ": ({"loop": False}, {"switches.loop"}),
    "reporting": ({"perfect": True}, {"switches.perfect"}),
    "alliance": ({"reliable": True}, {"switches.reliable"}),
    "alliance ": ({"joint_force": True}, {"switches.joint_force"}),
    "alliance  ": ({"sanctions_end": "2023-12-01"}, {"switches.sanctions_end"}),
    "alliance   ": ({"intervention": True}, {"switches.intervention"}),
    "structure": ({"hold_or_leave": False}, {"switches.hold_or_leave"}),
    "structure ": ({"race": False}, {"switches.race"}),
    "structure  ": ({"symbolic_utility": False}, {"sides.w_symbolic"}),
    "handover": ({"mandate_end": "2023-11-30"}, {"conflict.mandate_end"}),
}


@pytest.mark.parametrize("group", SETTINGS)
def test_each_setting_holds_from_the_day_after_and_not_before(group: str):
    content, columns = SETTINGS[group]
    before, after = arrived(**{group.strip(): content})
    assert differing(before, arrived()[0]) == set()
    assert differing(before, after) - {"places.exit_day"} == columns


def test_a_scenario_that_sets_nothing_goes_on_as_it_is():
    assert differing(*arrived()) == set()
    before, after = arrived(known={"own_past": True}, airpower={"scale": 0.5})
    assert differing(before, after) == set()
    assert before.state.sides["air"][st.ARMY] == 0.5


def test_a_clause_that_changes_is_announced_again_and_others_are_not():
    spec = scenario(handover={"camps": {"Kidal": {"receiver": "joint"}}})
    world = deploy(spec, facts.load())
    places = world.state.places
    places["announced"] = 1
    go_on(world.state, world.params, spec, facts.load())
    kidal = INDEX("Kidal")
    assert [PLACES[p] for p in np.flatnonzero(places["announced"] == 0)] == ["Kidal"]
    assert places[kidal].receiver == st.TO_JOINT
    assert places[kidal].exit_day == 0


def test_a_clause_does_not_reach_a_camp_that_a_run_has_left():
    spec = scenario(handover={"camps": {"Kidal": {"receiver": "joint"}}})
    world = deploy(spec, facts.load())
    row = world.state.places[INDEX("Kidal")]
    row.announced, row.exit_hour = 1, 0.0
    go_on(world.state, world.params, spec, facts.load())
    assert (row.announced, row.receiver) == (1, st.TO_ARMY)


def test_another_mandate_moves_only_the_exits_that_one_of_both_cuts():
    kidal, gao, bamako = INDEX("Kidal"), INDEX("Gao"), INDEX("Bamako")
    for end, expected in (("2023-12-10", "2023-12-10"), ("2024-02-10", None)):
        spec = scenario(handover={"mandate_end": end}, window={"end": "2024-03-01"})
        world = deploy(spec, facts.load())
        places, last = world.state.places, number(date(2023, 12, 31))
        for p, day in ((kidal, last), (gao, number(date(2023, 11, 9))), (bamako, last)):
            places["exit_day"][p] = day
        places["guards"][[kidal, gao, bamako]] = 0, 0, 1
        go_on(world.state, world.params, spec, facts.load())
        cut = -last if expected is None else number(date.fromisoformat(expected))
        found = places["exit_day"][[kidal, gao, bamako]].tolist()
        assert found == [cut, number(date(2023, 11, 9)), last]


def test_an_exit_that_a_longer_mandate_frees_is_not_before_the_old_one():
    days = redrawn(400, drawn_in=-2 * DAY - 20)  # exit_day -(DAY + 20): not before DAY + 20
    assert days.min() >= 20
    left_over = stats.truncnorm(19.5 / SLOW, np.inf, scale=SLOW)
    share = float((days <= 30).mean())
    assert share == pytest.approx(float(left_over.cdf(30.5)), abs=0.08)


# --- whole runs


@compiled_only
@pytest.mark.parametrize("until", ["2023-08-03", "2023-08-20", "2023-10-22", "2023-11-20"])
def test_runs_follow_the_exits_and_rungs_of_the_record_until_the_day(until: str):
    spec, last = scenario(until), number(date.fromisoformat(until))
    theatre = facts.load()
    exits = facts.exits(theatre.history, date.fromisoformat(until))
    rungs = [row for row in theatre.calendar if row.what == "rung" and number(row.date) <= last]
    model = NorthernMali(spec, seed=4)
    for replicate in range(4):
        record = model.run(replicate, [Turn(model.world.first, replicate, 0)])
        rows = record.events
        told = rows[(rows["kind"] == Kind.EXIT) & (rows["hour"] < (last + 1) * 24)]
        found = {PLACES[row["place"]]: int(row["hour"] // 24) for row in told}
        assert found == {place: number(day) for place, day in exits.items()}
        days = np.arange(model.world.first, last + 1)
        known = [[row.rung or 0 for row in rungs if number(row.date) <= day] for day in days]
        assert record.war["rung"][: len(days)].tolist() == [max(rung) for rung in known]
        later = rows[(rows["kind"] == Kind.EXIT) & (rows["hour"] >= (last + 1) * 24)]
        assert len(later) + len(told) >= 8


@compiled_only
def test_blockades_of_december_are_known_when_the_day_is_after_them_and_never_else():
    def barred(spec: Scenario) -> set[str]:
        model = NorthernMali(spec, seed=4)
        rows = model.run(0, [Turn(model.world.first, 0, 0)]).events
        day = number(date(2023, 12, 20))
        found = rows[(rows["kind"] == Kind.BLOCKADE) & (rows["hour"] // 24 == day)]
        return {PLACES[row["place"]] for row in found if row["side"] == st.SEPARATISTS}

    ends = {"window": {"end": "2024-01-10"}}
    # Kidal's roads are barred only where the state holds it by then
    assert {"Gao", "Menaka"} <= barred(scenario("2023-12-20", **ends)) <= {"Gao", "Menaka", "Kidal"}
    assert not barred(scenario("2023-12-19", **ends))
    assert not barred(load({**TEXTS, **ends}))


def siege_days(known_until: int, n: int = 60) -> np.ndarray:
    """Days after a loss of the core at which the separatists would bar roads."""
    world = small_world([st.STATE], [])
    world.state.places["core"] = 1
    world.state.conflict["known_until"] = known_until
    lost = (world.at(key=key_of(6, i)).play("lose_core") for i in range(n))
    return np.array([one.state.conflict["siege_hour"][0] / 24 - DAY for one in lost])


def test_separatists_who_lost_their_core_bar_no_roads_while_all_is_known():
    free, bound = siege_days(-1), siege_days(DAY + 30)
    assert free.min() < 31 <= bound.min()
    later = free >= 31
    assert (bound[later] == free[later]).all(), "a day that is not known keeps its luck"
    assert len(set(bound)) > 30
    assert siege_days(DAY + 5000, 1).tolist() == [5001]
