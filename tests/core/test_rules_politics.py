"""R7.1-R7.4: the ladder of escalation, talks and truces, morale and legitimacy, victims' aid."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from camphandover.core import ledger as log
from camphandover.core import state as st
from camphandover.core.draws import key_of
from camphandover.core.ledger import Kind
from camphandover.core.parameters import parameter_record
from camphandover.core.rules.combat import mark_contact
from camphandover.core.rules.control import set_holder
from camphandover.core.rules.people import legitimacy_at
from camphandover.core.rules.politics import aid_coverage, next_morale, up_hazard
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
IMPOSED, NEGOTIATED = 1, 2
PARAMS = parameter_record({})
FIRST = (date(2023, 8, 1) - date(1970, 1, 1)).days
WAR, AID, TRUCE = 41, 43, 47
"""Days of the window: 11 September, the record's rung 3; 13 September; 17 September."""
SHARE, NUMBER, MONEY = some.floats(0, 1), some.floats(0, 2), some.floats(1, 5000)


def at_war(replicate=0, rung=3, truce=0, morale=1.0, **values: float) -> World:
    """The army's place and the separatists', in declared war."""
    world = small_world([0, 1], [(0, 1, 60.0)], replicate=replicate, **values)
    world.state.conflict[0].rung, world.state.conflict[0].truce = rung, truce
    world.state.sides["morale"] = morale
    return world


def on(world: World, day: int) -> World:
    """The same world on another day."""
    return world._replace(clock=Clock(day, world.clock.first, world.clock.last))


def share_within(days: int, rule: str, kind: Kind, **cells: float) -> float:
    """Share of 300 worlds in which a rule, played daily, writes a row of a kind in some days."""
    worlds = (at_war(i, **cells) for i in range(300))
    played = ((on(world, DAY + d).play(rule) for d in range(days)) for world in worlds)
    return np.mean([any(len(day.rows(kind)) for day in run) for run in played])


def bound(p: float, n: int = 300) -> float:
    """Three standard errors of a share."""
    return 3 * math.sqrt(p * (1 - p) / n)


# --- R7.1 the ladder


@given(attacks=some.floats(0, 30), lost=some.floats(0, 3), more=some.floats(0.01, 5))
@settings(deadline=None)
def test_r7_1_the_hazard_rises_with_attacks_and_symbolic_loss(attacks, lost, more):
    up = call(up_hazard)
    assert up(PARAMS, 7.0, 0.5) == pytest.approx(0.01 * math.exp(0.7 + 0.3))
    base = up(PARAMS, attacks, lost)
    assert 0.01 <= base <= 1
    for raised in (up(PARAMS, attacks + more, lost), up(PARAMS, attacks, lost + more)):
        assert base < raised <= 1 if base < 1 else raised == 1


def test_r7_1_without_incidents_half_of_all_wars_stay_on_their_rung_for_more_than_45_days():
    climbed = share_within(45, "climb_ladder", Kind.RUNG, ladder_down=0.0)
    assert climbed == pytest.approx(1 - 0.99**45, abs=bound(1 - 0.99**45))
    assert climbed < 0.5


def hazard_found(world: World) -> float:
    """The chance with which the conflict climbs today, as the ledger has it."""
    days = (world.at(key=key_of(7, i)).play("climb_ladder") for i in range(500))
    rows = (day.rows(Kind.RUNG) for day in days)
    return next(float(row["p"][0]) for row in rows if row["amount"].tolist() == [4])


@pytest.mark.parametrize(("ago", "counts"), [(0, True), (13, True), (14, False)])
def test_r7_1_attacks_and_losses_of_either_side_count_for_14_days(ago: int, counts: bool):
    world = at_war(ladder_up=0.2)
    day = world.state.recent[(DAY - ago) % st.MEMORY_DAYS]
    day[SEPARATISTS].attacks, day[SEPARATISTS].symbolic, day[ARMY].symbolic = 5, 0.4, 0.6
    expected = 0.2 * math.exp(0.1 * 5 + 0.6 * 1.0) if counts else 0.2
    assert hazard_found(world) == pytest.approx(expected)


@pytest.mark.parametrize(("one", "other", "n"), [(1, 0, 1), (0, 1, 1), (2, 0, 0), (1, 2, 0)])
def test_r7_1_attacks_are_those_of_army_and_separatists_on_each_other(one, other, n):
    world = at_war()
    call(mark_contact)(world.now, 0, one, other, DAY * 24.0, -1)
    assert world.state.recent["attacks"].sum() == n


@pytest.mark.parametrize(("cells", "after"), [
    ({"ladder_up": 1.0}, 4),
    ({"ladder_up": 1.0, "rung": 4}, 5),
    ({"ladder_up": 1.0, "rung": 5}, 5),
    ({"ladder_up": 1.0, "truce": NEGOTIATED}, 3),
    ({"ladder_up": 0.0, "ladder_down": 1.0}, 2),
    ({"ladder_up": 0.0, "ladder_down": 1.0, "rung": 0}, 0),
])  # fmt: skip
def test_r7_1_the_ladder_moves_by_one_between_0_and_5(cells: dict, after: int):
    assert at_war(**cells).play("climb_ladder").state.conflict[0].rung == after


def unforced(rows: np.ndarray) -> np.ndarray:
    """Rows of the ladder that the record made: neither a draw nor a side's deed."""
    return rows[(rows["kind"] == Kind.RUNG) & np.isnan(rows["p"]) & (rows["side"] < 0)]


@compiled_only
def test_r7_1_the_record_brings_the_war_on_its_day_unless_it_came_before():
    for record in runs("on-schedule").records:
        told = unforced(record.events)
        assert told["amount"].tolist() == ([3] if record.war["rung"][WAR - 1] < 3 else [])
        assert (told["hour"] == (FIRST + WAR) * 24).all()


@compiled_only
@pytest.mark.parametrize(("politics", "start"), [("record: false", 2), ("rung: 0", 0)])
def test_r7_1_without_the_record_only_hazards_and_the_column_move_the_ladder(politics, start):
    of = runs("on-schedule", f"politics: {{{politics}}}")
    assert sum(len(unforced(record.events)) for record in of.records) == 0
    assert of.model.world.state.conflict[0].rung == start
    climbed = np.array([record.war["rung"][WAR] for record in of.records]) - start
    # a hundredth climb on each of 42 days, Poisson with .42: three standard errors; incidents
    # add to it, of which there are hardly any while the accord works
    error = 3 * math.sqrt(0.42 / 100)
    assert 0.42 - error <= climbed.mean() <= (0.42 + error if start == 0 else 0.99)


# --- R7.2 talks, truces, no concession


def test_r7_2_talks_come_first_and_then_a_truce_and_neither_in_peace():
    world = at_war(rung=1, talks_start=1.0, truce_start=1.0, share_offer=0.0).play("hold_talks")
    war, steps = world.state.conflict[0], []
    war.rung = 2
    for _ in range(3):
        steps.append((int(war.talks), int(war.truce)))
        world.play("hold_talks")
    assert steps == [(0, 0), (1, 0), (1, NEGOTIATED)]
    assert world.rows(Kind.TRUCE)["cause"].tolist() == [0]  # the row of the talks


@compiled_only
def test_r7_2_s6_a_truce_is_rare_by_the_end_of_2023_unless_it_is_imposed():
    # talks at .01 and then a truce at .15 a month make .016 in five months; that more than 15
    # of 300 runs have one has a chance under 1e-4 (binomial)
    truces = [rows for rows in runs("on-schedule", n=300).rows(Kind.TRUCE) if len(rows)]
    assert all(np.isfinite(rows["p"]).all() for rows in truces)
    assert len(truces) <= 15
    # at the highest rates, .05 and .35 a month, it is one in seven: three standard errors
    much = "parameters: {talks_start: 0.05, truce_start: 0.35}"
    often = [len(rows) > 0 for rows in runs("on-schedule", much).rows(Kind.TRUCE)]
    assert np.mean(often) == pytest.approx(0.14, abs=bound(0.14, 100))
    for rows in runs("negotiated", n=25).rows(Kind.TRUCE):
        assert (rows["hour"][0], rows["amount"][0]) == ((FIRST + TRUCE) * 24, IMPOSED)


@pytest.mark.parametrize(("truce", "daily", "weekly"), [(IMPOSED, 0.05, 0), (NEGOTIATED, 0, 0.3)])
def test_r7_2_a_truce_is_breached_with_the_hazard_of_its_kind(truce, daily, weekly):
    values = {"truce": truce, "perimeter_breach": daily, "truce_breach": weekly}
    breached = share_within(7, "keep_truce", Kind.BREACH, **values)
    expected = weekly or 1 - (1 - daily) ** 7
    assert breached == pytest.approx(expected, abs=bound(expected))


def raids_ordered(truce: int) -> np.ndarray:
    """Orders to raid by side, in 500 worlds where separatists and GSIM have one due."""
    ordered = np.zeros(st.N_SIDES, int)
    for i in range(500):
        world = small_world([1, 0, 0], [(0, 1, 60.0), (0, 2, 80.0)], replicate=i)
        for side in (SEPARATISTS, GSIM) * 5:
            add_unit(world, side, 0, 60, vehicles=7)
        for post in (1, 2):
            add_unit(world, ARMY, post, 60, vehicles=6)
        world.state.conflict[0].truce = truce
        see(world).play("order_raids")
        np.add.at(ordered, world.state.orders["side"][: world.state.queue[0].used], 1)
    return ordered


def test_r7_2_under_a_truce_three_in_ten_raids_of_the_separatists_are_made():
    war, truce = raids_ordered(0), raids_ordered(NEGOTIATED)
    assert min(war[SEPARATISTS], war[GSIM]) > 400
    error = bound(0.3, war[SEPARATISTS])
    assert truce[SEPARATISTS] / war[SEPARATISTS] == pytest.approx(0.3, abs=error)
    assert truce[GSIM] == war[GSIM]


@pytest.mark.parametrize(("rung", "truce", "n"), [(3, 0, 1), (3, 1, 0), (3, 2, 0), (4, 2, 1)])
def test_r7_2_a_truce_lowers_the_rung_in_effect_by_one(rung: int, truce: int, n: int):
    world = small_world([0, 1], [(0, 1, 100.0)])
    for _ in range(5):
        add_unit(world, ARMY, 0, 130, kind=st.MANOEUVRE, vehicles=20)
    add_unit(world, ARMY, 0, 400)
    add_unit(world, SEPARATISTS, 1, 120, slot=st.TOWN)
    world.state.shipments[0, 0].depot = 1
    world.state.places["symbolic"] = 0.8, 0.6
    spot = world.state.places[1]
    spot.un_camp, spot.camp_holder, spot.plan_day = 1, st.UN_HOLDER, DAY + 10
    world.state.conflict[0].rung, world.state.conflict[0].truce = rung, truce
    see(world).play("launch_offensive")  # needs declared war, rung 3
    assert world.state.queue[0].used == n


@pytest.mark.parametrize(("morale", "monthly"), [(0.36, 0.25), (0.34, 0.75)])
def test_r7_2_the_state_offers_to_share_three_times_as_often_when_morale_is_low(morale, monthly):
    values = {"morale": morale, "share_offer": 0.25, "talks_start": 0.0}
    offered = share_within(30, "hold_talks", Kind.OFFER, **values)
    assert offered == pytest.approx(monthly, abs=bound(monthly))


@pytest.mark.parametrize(("mission", "status", "offered"), [
    (st.OFFENSIVE, st.MOVING, 0), (st.OFFENSIVE, st.PAUSED, 1), (st.RELIEF, st.MOVING, 1)
])  # fmt: skip
def test_r7_2_the_state_offers_nothing_while_its_column_advances(mission, status, offered):
    world = at_war(share_offer=1.0)
    add_column(world, ARMY, mission, status, 0, 400)
    world.play("hold_talks")
    assert len(world.rows(Kind.OFFER)) == world.state.conflict[0].shared == offered


def test_r7_2_the_offer_makes_camps_joint_that_the_un_leaves_later_in_towns_not_the_states():
    world = small_world([1, 0, 1], [(0, 1, 60.0), (1, 2, 60.0)], share_offer=1.0)
    places = world.state.places
    places["un_camp"] = 1
    places["camp_holder"] = st.UN_HOLDER, st.UN_HOLDER, 1  # the last was left before
    places["plan_day"] = places["exit_day"] = DAY, DAY + 50, DAY - 50
    add_unit(world, st.MINUSMA, 0, 300)
    world.play("hold_talks", "hold_talks")
    assert len(world.rows(Kind.OFFER)) == 1
    assert places["receiver"].tolist() == [st.TO_JOINT, st.TO_ARMY, st.TO_ARMY]
    assert places["clause_cause"].tolist() == [0, -1, -1]
    see(world).play("leave_camps")
    assert (places["camp_holder"] == st.JOINT).tolist() == [True, False, False]


# --- R7.3 morale and legitimacy


@given(morale=SHARE, gained=NUMBER, lost=NUMBER, dead=some.floats(0, 500), more=SHARE)
@settings(deadline=None)
def test_r7_3_morale_follows_the_formula(morale, gained, lost, dead, more):
    after = call(next_morale)
    by_hand = 0.5 + 0.15 * 0.4 - 0.2 * 0.2 - 0.001 * 30 + 0.02 * (0.6 - 0.5)
    assert after(PARAMS, 0.5, 0.4, 0.2, 30.0) == pytest.approx(by_hand)
    base = after(PARAMS, morale, gained, lost, dead)
    better = after(PARAMS, morale, gained + more, lost, dead)
    poorer = after(PARAMS, morale, gained, lost + more, dead)
    bloody = after(PARAMS, morale, gained, lost, dead + 100 * more)
    assert 0 <= max(poorer, bloody) <= base <= better <= 1
    if 0 < base < 1 and more > 0.01:
        assert max(poorer, bloody) < base < better


def test_r7_3_morale_returns_to_its_start():
    world = at_war()
    world.state.sides["morale"] = 0.2, 0.2, 0.2, 1.0, 0.6, 0.2
    for day in range(DAY, DAY + 365):
        on(world, day).play("move_morale")
    # a fiftieth of the gap a day: a gap of .4 is under .001 after 297 days
    assert world.state.sides["morale"] == pytest.approx([0.6] * st.N_SIDES, abs=0.001)


def after_losses(side: int, dead: int = 100, perfect: int = 0, **values: float) -> World:
    """A side of middling morale after it had dead; no claim is wrong by chance."""
    exact = {"silent_groups": 0.0, "claim_own": 0.0, "claim_enemy": 0.0, "claim_sd": 0.0}
    world = at_war(morale=0.6, **{**exact, **values})
    world.state.sides[side].dead = 100
    world.state.switches[0].perfect = perfect
    if dead:
        by = ARMY if side == SEPARATISTS else SEPARATISTS
        log.write(world.ledger, DAY * 24.0, Kind.LOSSES, side=side, about=by, place=0, amount=dead)
    return world.play("make_claims", "move_morale")


@pytest.mark.parametrize(("values", "morale"), [
    ({}, 0.5),
    ({"claim_own": math.log(2)}, 0.55),
    ({"claim_own": math.log(2), "perfect": 1}, 0.5),
    ({"silent_groups": 1.0, "rumour": 0.0}, 0.6),
    ({"silent_groups": 1.0, "rumour": 0.3}, 0.57),
    ({"silent_groups": 1.0, "rumour": 0.3, "claim_enemy": math.log(2)}, 0.54),
    ({"dead": 0}, 0.6),
])  # fmt: skip
def test_r7_3_morale_uses_reported_losses(values: dict, morale: float):
    world = after_losses(SEPARATISTS, **values)
    mine = world.state.sides["morale"]
    assert mine[[SEPARATISTS, ARMY, GSIM]] == pytest.approx([morale, 0.6, 0.6])
    world.play("make_claims", "move_morale")  # the next day: what was told is told once
    assert mine[SEPARATISTS] == pytest.approx(0.6 + 0.98 * (morale - 0.6))


@pytest.mark.parametrize("side", [ARMY, WAGNER])
def test_r7_3_wagner_and_the_partners_share_the_armys_morale(side: int):
    world = after_losses(side, claim_own=math.log(2))
    assert world.state.sides["morale"] == pytest.approx([0.55, 0.55, 0.6, 0.6, 0.6, 0.55])


@pytest.mark.parametrize(("before", "town", "after", "winner", "loser"), [
    (0, 0, 1, SEPARATISTS, ARMY),
    (1, 1, 0, ARMY, SEPARATISTS),
    (2, 2, 0, ARMY, GSIM),
    (0, 0, st.NOBODY, -1, ARMY),
    (st.NOBODY, 1, 0, ARMY, -1),
    (st.UN_HOLDER, 1, 0, ARMY, -1),
    (st.UN_HOLDER, 0, 0, -1, -1),
])  # fmt: skip
def test_r7_3_a_camp_counts_for_who_wins_and_who_loses_it(before, town, after, winner, loser):
    """By holder of the camp before, of the town, and of the camp after."""
    world = small_world([town], [])
    spot = world.state.places[0]
    spot.camp_holder, spot.symbolic, spot.receiver = before, 0.5, st.TO_ARMY
    call(set_holder)(world.now, 0, st.CAMP, after, ARMY, DAY * 24.0 + 9, -1)
    sides, recent = world.state.sides, world.state.recent[DAY % st.MEMORY_DAYS]
    wins, losses = (np.arange(st.N_SIDES) == side for side in (winner, loser))
    assert (sides["gained"] == 0.5 * wins).all()
    assert (sides["given"] == 0.5 * losses).all()
    assert (recent["symbolic"] == 0.5 * losses).all()
    assert (recent["bases"] == losses).all()
    sides["morale"] = 0.6
    world.play("move_morale", "move_morale")  # the second day has no news
    change = 0.98 * (0.15 * 0.5 * wins - 0.2 * 0.5 * losses)
    for side in (ARMY, SEPARATISTS, GSIM):
        assert sides["morale"][side] == pytest.approx(0.6 + change[side])


@pytest.mark.parametrize(("gained", "lost", "heard", "change"), [
    (0.4, 0.0, 0, 0.04), (0.0, 0.4, 0, -0.04), (0.0, 0.0, 100, -0.03)
])  # fmt: skip
def test_r7_3_legitimacy_follows_victories_and_the_dead(gained, lost, heard, change):
    world = at_war()
    world.state.people[1].capital = 1
    sides = world.state.sides
    sides["gained"], sides["given"], sides["heard"] = 1.0, 2.0, 9  # those of others do nothing
    sides[ARMY].gained, sides[ARMY].given, sides[ARMY].heard = gained, lost, heard
    for day in range(46):
        on(world, DAY + day).play("move_morale")
        left = change * 0.5 ** (day / 45)  # half of it in 45 days
        got = [call(legitimacy_at)(world.now, place) for place in (0, 1)]
        assert got == pytest.approx([0.35 + left, 0.6 + left])


# --- R7.4 victims' aid


@given(budget=MONEY, more=MONEY, households=some.floats(0, 20_000), reach=SHARE)
@settings(deadline=None)
def test_r7_4_coverage_saturates_in_the_budget(budget, more, households, reach):
    def coverage(money: float) -> float:
        params = PARAMS.copy()
        params.aid_budget = money
        return call(aid_coverage)(params, households, reach)

    low, high = coverage(budget), coverage(budget + more)
    assert 0 <= low <= high <= reach
    enough = 0.5 * households
    assert low == pytest.approx(reach * min(1.0, budget / enough) if enough else reach)


@pytest.mark.parametrize(("away", "reach", "covered"), [
    (0.0, 0.4, 0.4), (12_000.0, 0.4, 0.4), (24_000.0, 0.4, 0.2), (0.0, 0.0, 0.0)
])  # fmt: skip
def test_r7_4_aid_reaches_zones_1_and_2_and_raises_legitimacy_by_its_mean(away, reach, covered):
    """Half a million for each of 2,000 households of six is all that there is."""
    world = small_world([0] * 5, [(i, i + 1, 60.0) for i in range(4)], aid_reach=reach)
    world.state.presence["phi"][0] = 0.85, 0.7, 0.5, 0.3, 0.1  # the army's zones 1 to 5
    world.state.people["away"][4] = away
    world.state.conflict[0].aid = 1
    world.play("aid_victims")
    assert world.state.people["aided"] == pytest.approx([covered, covered, 0, 0, 0])
    assert world.state.conflict[0].legitimacy == pytest.approx(0.35 + 0.03 * 2 * covered / 5)


def test_r7_4_where_victims_are_covered_fewer_join():
    world = small_world([0, 0], [(0, 1, 60.0)], recruit_band=1e9, aid_recruits=0.2)
    world.state.places["support"], world.state.places["support_gsim"] = 0.3, 0.2
    world.state.people["aided"] = 0.0, 0.5
    people = world.play("nurse_grievance").state.people
    for pool in ("pool_separatists", "pool_gsim"):
        assert people[pool][0] > 0
        assert people[pool][1] / people[pool][0] == pytest.approx(1 - 0.2 * 0.5)


@compiled_only
def test_r7_4_aid_is_paid_from_its_day_on_unless_the_scenario_has_none():
    of, none = runs("on-schedule"), runs("on-schedule", "politics: {victim_aid: false}", n=25)
    assert all(rows["hour"].tolist() == [(FIRST + AID) * 24] for rows in of.rows(Kind.AID))
    assert all(end.people["aided"].max() > 0 for end in of.ends)
    assert not any(end.people["aided"].any() for end in none.ends)
