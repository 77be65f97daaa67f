"""R5.5, R5.6, R5.8, section 0: the groups' relations, blockades, a lost core, outside raids."""

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
from camphandover.core.now import hostile
from camphandover.core.rules.raids import held_back
from camphandover.core.rules.relations import relation_hazards
from camphandover.core.rules.strategy import vehicles_cap
from camphandover.core.rules.supply import depot_open, flies, p_passage
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

ARMY, SEPARATISTS, GSIM = st.ARMY, st.SEPARATISTS, st.GSIM
CLASH, TACIT, COORDINATED, MERGED = st.CLASH, st.TACIT, st.COORDINATED, st.MERGED
MIDNIGHT = DAY * 24.0
BLOCKADES = (Kind.BLOCKADE, Kind.BLOCKADE_TIGHTER, Kind.BLOCKADE_EASED, Kind.BLOCKADE_ENDED)
FIXED = "politics: {relations: %s, relations_fixed: true}"


def days(world: World, n: int, *names: str) -> World:
    """Let `n` days pass, with these rules alone; the state is the same, the clock goes on."""
    for _ in range(n):
        world = world._replace(clock=Clock(world.clock.day + 1, *world.clock[1:])).play(*names)
    return world


def rows_of(world: World, kind: Kind, rule: str, n: int) -> np.ndarray:
    """Rows of a kind that a rule writes under `n` different keys, from the same state."""
    played = [world.at(key=key_of(5, i)).play(rule).rows(kind) for i in range(n)]
    return np.concatenate(played)


def share_is(hits: int, n: int, expected: float) -> None:
    """Hold a share of draws to its chance within three and a half standard errors."""
    assert hits / n == pytest.approx(expected, abs=3.5 * math.sqrt(expected * (1 - expected) / n))


# --- R5.5


def test_r5_5_hazards_are_higher_in_the_centre_and_in_an_offensive():
    params, hazards = small_world([0], []).params, call(relation_hazards)
    for state, expected in {
        (CLASH, True, True): (0.05, TACIT, 0, -1),
        (TACIT, False, False): (0.004, CLASH, 0.002, COORDINATED),
        (TACIT, True, False): (4 * 0.004, CLASH, 0.002, COORDINATED),
        (TACIT, False, True): (0.004, CLASH, 2 * 0.002, COORDINATED),
        (COORDINATED, True, True): (0.02, TACIT, 0, -1),
    }.items():
        assert hazards(params, *state) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ago", "offensive", "clash", "coordinated"),
    [(999, 0, 0.02, 0.03), (13, 0, 0.08, 0.03), (14, 0, 0.02, 0.03), (999, 1, 0.02, 0.06)],
    ids=["tacit", "lately in the centre", "long ago in the centre", "offensive"],
)
def test_r5_5_relations_change_with_their_hazards(ago, offensive, clash, coordinated):
    n, world = 2500, small_world([0], [], relate_clash=0.02, relate_coordinated=0.03)
    world.state.conflict[0].centre_day = DAY - ago
    if offensive:
        add_column(world, ARMY, st.OFFENSIVE, st.MOVING, 0, 400)
    ends = rows_of(world, Kind.RELATION, "change_relations", n)["amount"].tolist()
    share_is(ends.count(CLASH), n, clash)
    share_is(ends.count(COORDINATED), n, coordinated)
    assert len(ends) == ends.count(CLASH) + ends.count(COORDINATED)


@compiled_only
@pytest.mark.parametrize("relation", list(st.Relation), ids=lambda relation: relation.name)
def test_r5_5_fixed_relations_never_change(relation: st.Relation):
    world = small_world([0], [], relate_clash=1.0, relate_tacit=1.0, relate_apart=1.0)
    world.state.conflict[0].relation = relation
    assert world.at().play("change_relations").state.conflict[0].relation != relation
    world.state.switches[0].relation_fixed = 1
    assert world.play("change_relations").state.conflict[0].relation == relation
    for record in runs("on-schedule", FIXED % relation.name.lower(), n=10).records:
        assert (record.war["relation"] == relation).all()


@compiled_only
def test_r5_5_groups_start_tacit_and_coordinate_on_less_than_a_fifth_of_days():
    assert NorthernMali("on-schedule").state.conflict[0].relation == TACIT
    relations = np.array([record.war["relation"] for record in runs("on-schedule").records])
    assert 0 < (relations == COORDINATED).mean() < 0.2


@pytest.mark.parametrize("relation", [CLASH, TACIT, COORDINATED, MERGED])
def test_r5_5_the_groups_are_hostile_to_each_other_only_while_they_clash(relation: int):
    world, every = small_world([0], []), range(len(st.Holder))
    world.state.conflict[0].relation = relation
    enemies = {(0, 1), (1, 0), (0, 2), (2, 0)} | ({(1, 2), (2, 1)} if relation == CLASH else set())
    assert {(a, b) for a in every for b in every if call(hostile)(world.now, a, b)} == enemies


@compiled_only
def test_r5_5_no_fire_between_the_groups_but_in_a_clash():
    groups, n = (SEPARATISTS, GSIM), 0
    for of in (runs("on-schedule", FIXED % "tacit", n=10), runs("on-schedule")):
        for record in of.records:
            losses = record.events[record.events["kind"] == Kind.LOSSES]
            mutual = np.isin(losses["side"], groups) & np.isin(losses["about"], groups)
            fights = record.events[losses["cause"][mutual]]
            assert set(fights["kind"]) <= {Kind.SKIRMISH, Kind.BATTLE}
            day = (fights["hour"] // 24).astype(int) - of.model.world.first
            # relations change after the day's fights: those of the evening before bind them
            assert (record.war["relation"][day - 1] == CLASH).all()
            n += len(fights)
    assert n > 20


def neighbours(**values: float) -> World:
    """While they clash: both groups at place 0, separatists alone at 1, GSIM alone at 2."""
    world = small_world([1, 1, 2], [(0, 1, 50.0), (1, 2, 50.0)], **values)
    for side, place in ((SEPARATISTS, 0), (GSIM, 0), (SEPARATISTS, 1), (GSIM, 2)):
        add_unit(world, side, place, 150)
    world.state.conflict[0].relation = CLASH
    return see(world)


def test_r5_5_skirmishes_happen_where_both_stand_and_no_man_is_lost_on_the_way():
    world = days(neighbours(skirmish=1.0), 10, "count_presence", "skirmish")
    sides, told = world.state.sides, world.rows(Kind.LOSSES)
    assert world.rows(Kind.SKIRMISH)["place"].tolist() == [0] * 10
    for side in (SEPARATISTS, GSIM):
        assert world.men(side) + sides["dead"][side] + sides["wounded"][side] == 300
        assert told["amount"][told["side"] == side].sum() == sides["dead"][side] > 0
    assert world.state.units["men"][2:4].tolist() == [150, 150]
    hunters = rows_of(neighbours(), Kind.SKIRMISH, "skirmish", 2500)["side"]
    share_is(len(hunters), 2500, 0.06)
    share_is(int((hunters == GSIM).sum()), len(hunters), 0.5)


def raiders(relation: int = TACIT, replicate: int = 0, due: int = SEPARATISTS, **values) -> World:
    """Separatists at place 0 and GSIM at 2, in reach of the army at 1; the attack of one is due."""
    world = small_world([1, 0, 2], [(0, 1, 90.0), (2, 1, 90.0)], replicate=replicate, **values)
    for side, place in ((SEPARATISTS, 0), (GSIM, 2)):
        for _ in range(6):
            add_unit(world, side, place, 60, vehicles=1)
    add_unit(world, ARMY, 1, 60)
    world.state.sides["next_attack"] = MIDNIGHT + 5000
    world.state.sides["next_attack"][due] = MIDNIGHT
    world.state.conflict[0].relation = relation
    return see(world)


@pytest.mark.parametrize("first", [SEPARATISTS, GSIM])
def test_r5_5_coordinated_groups_attack_within_three_days_of_each_other(first: int):
    delays = []
    for i in range(150):
        world = raiders(COORDINATED, i, first, joint_assault=0.0).play("order_raids")
        rows = days(world, 3, "order_raids").rows(Kind.ORDER)
        assert rows["side"][0] == first
        delays += (rows["hour"][rows["side"] != first][:1] - MIDNIGHT).tolist()
    # every time, and spread over three days; orders are given at midnight
    assert len(delays) == 150
    assert {24, 48} <= set(delays) <= {0, 24, 48, 72}


@pytest.mark.parametrize(
    ("relation", "pulled"), [(COORDINATED, 0), (COORDINATED, 1), (TACIT, 0), (CLASH, 0)]
)
def test_r5_5_neither_a_pulled_attack_nor_one_without_coordination_pulls(relation, pulled):
    world = raiders(relation, due=GSIM, joint_assault=float(relation != COORDINATED))
    world.state.sides[GSIM].pulled = pulled
    assert world.play("order_raids").rows(Kind.ORDER)["side"].tolist() == [GSIM]
    other, pulls = world.state.sides[SEPARATISTS], relation == COORDINATED and not pulled
    assert (other.pulled, other.next_attack < MIDNIGHT + 72) == (pulls, pulls)
    assert world.state.sides[GSIM].pulled == 0


@pytest.mark.parametrize("first", [SEPARATISTS, GSIM])
def test_r5_5_merged_groups_assault_the_same_base_and_coordinated_ones_sometimes(first: int):
    rows = raiders(MERGED, due=first, joint_assault=0.0).play("order_raids").rows(Kind.ORDER)
    assert rows["side"].tolist() == [first, SEPARATISTS + GSIM - first]
    assert rows["place"].tolist() == [1, 1]
    orders = rows_of(raiders(COORDINATED, due=first), Kind.ORDER, "order_raids", 1000)
    # an order that joins another one is caused by it; one of its own has no cause
    share_is(int((orders["cause"] >= 0).sum()), 1000, 0.05)


def test_r5_5_an_attack_of_the_separatists_in_the_centre_is_remembered():
    for centre, due, day in ((1, SEPARATISTS, DAY), (0, SEPARATISTS, -1), (1, GSIM, -1)):
        world = raiders(due=due)
        world.state.places[1].centre, world.state.conflict[0].centre_day = centre, -1
        assert world.play("order_raids").state.conflict[0].centre_day == day


# --- R5.6


def besieged(**values: float) -> World:
    """The army's town and depot at place 0, blockaded by GSIM from today on; its post at 1."""
    world = small_world([0, 0], [(0, 1, 100.0)], **values)
    world.state.calendar[0] = DAY, st.KNOWN_BLOCKADE, st.GSIM, 0, -1
    world.state.shipments[0, 0].depot = world.state.places[0].airstrip = 1
    for side in (ARMY, st.MINUSMA):
        add_unit(world, side, 0, 300)
    return see(world).play("close_roads")


@given(strength=some.floats(0.05, 0.9), weaker=some.floats(0.1, 0.95), n=some.integers(1, 30))
@settings(deadline=None, max_examples=40)
def test_r5_6_the_price_rises_with_the_strength_to_its_cap(strength: float, weaker: float, n: int):
    def fuel(b: float) -> float:
        return float(days(besieged(siege_strength=b), n, "press_sieges").state.places[0].fuel)

    # no easing before the 30th day
    assert fuel(strength) == pytest.approx(min(math.log(2.2), 0.05 * strength * n))
    assert fuel(strength * weaker) <= fuel(strength)


def test_r5_6_easing_begins_after_day_30_and_has_its_hazard():
    world = days(besieged(siege_ease=1.0), 29, "press_sieges")
    spot = world.state.places[0]
    assert spot.siege_strength == pytest.approx(0.7)
    world, high = days(world, 1, "press_sieges"), float(spot.fuel)
    assert spot.siege_strength == pytest.approx(0.35)
    world = days(world, 3, "press_sieges")
    assert (spot.siege, len(world.rows(Kind.BLOCKADE_ENDED))) == (-1, 1)
    assert spot.fuel < high
    world = besieged()._replace(clock=Clock(DAY + 60, DAY, DAY + 100))
    eased = rows_of(world, Kind.BLOCKADE_EASED, "press_sieges", 3000)
    share_is(len(eased), 3000, 0.025)


def test_r5_6_a_town_that_the_army_has_lost_is_not_blockaded():
    world = besieged()
    world.state.places[0].town_holder = 1
    for rule in ("press_sieges", "close_roads"):  # an old one ends, a new one does not begin
        assert world.play(rule).state.places[0].siege == -1


def test_r5_6_the_second_stage_closes_river_and_air_to_the_army_alone():
    def open_to(bloc: int) -> tuple[bool, bool]:
        air = call(flies)(world.now, DAY, 0, bloc)
        return bool(call(depot_open)(world.now, 0, bloc)), bool(air)

    world = days(besieged(siege_ease=0.0, supply_sorties=1.0), 29, "press_sieges")
    assert world.state.places[0].siege_stage == 1
    assert open_to(0) == open_to(3) == (True, True)
    world = days(world, 1, "press_sieges")
    assert world.state.places[0].siege_stage == 2
    assert (open_to(0), open_to(3)) == ((False, False), (True, True))


@given(b=some.floats(0, 0.8), more=some.floats(0.01, 0.2), escort=some.floats(0, 0.95))
@settings(deadline=None, max_examples=40)
def test_r5_6_military_passage_falls_with_the_strength_but_for_escorts(b, more, escort):
    def passes(strength: float, bloc: int) -> float:
        world = besieged(siege_strength=strength, siege_escort=escort)
        return call(p_passage)(world.now, 0, 1, bloc)

    assert passes(b, 0) == pytest.approx(passes(0.0, 0) * (1 - b * (1 - escort)))
    assert passes(b + more, 0) < passes(b, 0)
    assert [passes(b, bloc) for bloc in (2, 3)] == [passes(0.0, bloc) for bloc in (2, 3)]


@compiled_only
def test_r5_6_a_blockade_changes_no_holder_and_timbuktu_stays_the_armys():
    of, kept = runs("on-schedule"), []
    place, declared = of.places.index("Timbuktu"), (of.model.world.first + 7) * 24
    for record in of.records:
        events = record.events
        causes = events["cause"][events["kind"] == Kind.CONTROL]
        assert not np.isin(events["kind"][causes[causes >= 0]], BLOCKADES).any()
        first = events[events["kind"] == Kind.BLOCKADE][0]
        assert (first["place"], first["side"], first["hour"]) == (place, GSIM, declared)
        kept.append((record.control[place, st.TOWN] == 0).all())
        # 29 days of 0.05 x 0.7 reach the cap; a town that falls has its roads back
        price = record.people["fuel"][:, place].max()
        assert price == pytest.approx(2.2, abs=1e-5) if kept[-1] else price <= 2.2
    assert np.mean(kept) >= 0.95
    for record in runs("on-schedule", "blockade: {active: false}", n=10).records:
        assert not np.isin(record.events["kind"], BLOCKADES).any()
        assert (record.people["fuel"] == 1.0).all()


# --- R5.8


def core(camp: int, town: int) -> World:
    """The core's main place 0, and towns of the army: 1 great, 2 small, 3 great and too far."""
    world = small_world([0] * 4, [(0, 1, 400.0), (0, 2, 100.0), (1, 3, 200.0)])
    world.state.places["symbolic"], world.state.places[0].core = (1.0, 0.8, 0.3, 0.8), 1
    return held_by(world, camp, town)


def held_by(world: World, camp: int, town: int) -> World:
    world.state.places[0].camp_holder, world.state.places[0].town_holder = camp, town
    return world


@pytest.mark.parametrize("camp", [0, 1, st.UN_HOLDER])
@pytest.mark.parametrize("town", [0, 1])
def test_r5_8_the_core_is_lost_with_camp_and_town_and_won_back_with_either(camp: int, town: int):
    war = core(camp, town).play("lose_core").state.conflict[0]
    assert war.guerrilla == (camp == town == 0)
    after = held_by(core(0, 0).play("lose_core"), camp, town).play("lose_core").state.conflict[0]
    assert after.guerrilla == (after.siege_hour < st.NEVER) == (1 not in (camp, town))


def test_r5_8_a_blockade_of_the_great_towns_in_reach_after_35_days_on_average():
    delays = []
    for i in range(200):
        world = core(0, 0)._replace(key=key_of(7, i)).play("lose_core", "close_roads")
        while not len(rows := world.rows(Kind.BLOCKADE)):
            world = days(world, 1, "lose_core", "close_roads")
        assert {(row["place"], row["side"]) for row in rows} == {(0, SEPARATISTS), (1, SEPARATISTS)}
        delays.append(world.clock.day - DAY)
    # gamma of shape 4, sd 17.5, rounded down to a day
    assert np.mean(delays) == pytest.approx(34.5, abs=3.5 * 17.5 / math.sqrt(200))
    back = held_by(core(0, 0).play("lose_core", "close_roads"), 1, 1)
    assert not len(days(back, 200, "lose_core", "close_roads").rows(Kind.BLOCKADE))


def test_r5_8_attacks_on_camps_are_smaller_and_fewer_until_the_core_is_won_back():
    worlds = raiders(), raiders(guerrilla_raids=1.0)
    worlds[1].state.conflict[0].guerrilla = 1
    for world in worlds:  # more vehicles than a raid may take
        world.state.units["vehicles"][world.state.units["side"] == SEPARATISTS] = 14
        see(world)
    few, many = ([call(vehicles_cap)(w.now, s) for w in worlds] for s in (2, 3))
    men = [int(world.play("order_raids").state.orders[0].men) for world in worlds]
    assert (few[1], many[1], men[1]) == (few[0] / 2, many[0], men[0] // 2)
    assert men[0] < 360
    world, n = core(0, 0).play("lose_core"), 1000
    days_of = [world._replace(key=key_of(5, i)).now for i in range(n)]
    share_is(sum(not call(held_back)(now, SEPARATISTS) for now in days_of), n, 0.4)
    assert not any(call(held_back)(now, GSIM) for now in days_of)
    held_by(world, 1, 1).play("lose_core")
    assert not any(call(held_back)(now, SEPARATISTS) for now in days_of)


@pytest.mark.parametrize(("side", "factor"), [(SEPARATISTS, 2), (GSIM, 1)])
def test_r5_8_ambushes_and_losses_of_convoys_rise(side: int, factor: int):
    world, passage = small_world([0, 1], [(0, 1, 100.0)]), []
    add_unit(world, ARMY, 0, 100)
    add_unit(world, side, 1, 200)
    column = world.state.columns[add_column(world, ARMY, st.TRANSFER, st.MOVING, 0, 300)]
    column.target = column.stop = 1
    column.depart, column.arrive, column.km = MIDNIGHT, MIDNIGHT + 20, 100.0
    for guerrilla in (0, 1):
        see(world).state.conflict[0].guerrilla = guerrilla
        phi = world.state.presence["phi"][side - 1] * (factor if guerrilla else 1)
        ambushes = rows_of(world, Kind.AMBUSH, "ambush_columns", 600)
        assert set(ambushes["p"]) == {0.3 * phi[1]}
        share_is(len(ambushes), 600, 0.3 * phi[1])
        passage.append(call(p_passage)(world.now, 0, 1, 0))
        assert passage[-1] == pytest.approx(1 - 0.2 * phi.mean())
    assert (passage[1] < passage[0]) == (factor > 1)


# --- Section 0: the Islamic State


def garrisons(flagged: int, n: int, **values: float) -> World:
    """Garrisons of the army; the Islamic State is at home around the first `flagged` of them."""
    world = small_world([0] * n, [], **values)
    world.state.places["islamic_state"][:flagged] = 1
    for place in range(n):
        add_unit(world, ARMY, place, 60)
    return see(world)


@compiled_only
def test_s0_the_islamic_state_raids_garrisons_at_its_places_with_its_hazard():
    world = garrisons(5, 8, is_raid=1.0)
    held_by(world, 1, 1).state.units["men"][3] = 0
    rows = see(world).play("raid_from_outside").rows(Kind.RAID_FROM_OUTSIDE)
    assert rows["place"].tolist() == [1, 2, 4]
    raids = rows_of(garrisons(24, 24), Kind.RAID_FROM_OUTSIDE, "raid_from_outside", 1500)
    share_is(len(raids), 24 * 1500, 0.006)
    of = runs("on-schedule")
    raided = np.concatenate([rows["place"] for rows in of.rows(Kind.RAID_FROM_OUTSIDE)])
    assert set(raided) == set(np.flatnonzero(of.model.world.state.places["islamic_state"]))


def test_s0_a_broken_garrison_leaves_the_camp_for_some_hours_and_comes_back():
    hours, start = [], garrisons(1, 1, is_raid=1.0, is_men=500.0)
    for i in range(200):
        world = start.at(key=key_of(5, i)).play("raid_from_outside")
        spot, unit = world.state.places[0], world.state.units[0]
        broken = len(world.rows(Kind.BROKEN))
        assert (spot.camp_holder, unit.slot) == (
            (st.NOBODY, st.COUNTRY) if broken else (0, st.CAMP)
        )
        world = world._replace(clock=Clock(DAY - 1, DAY, DAY + 9))
        world = days(world, 5, "reenter_bases", "count_presence", "hold_towns")
        assert (spot.camp_holder, unit.slot) == (0, st.CAMP)
        assert unit.men + world.state.sides["dead"][ARMY] + world.state.sides["wounded"][ARMY] == 60
        hours += np.diff(world.rows(Kind.CONTROL)["hour"]).tolist()
        assert np.isnan(world.rows(Kind.ENTER)["p"]).all(), "nothing was drawn for the return"
    assert len(hours) > 150
    # 6 h after a stay that is log-normal around 5 h: the median's error is 1.25 sd / sqrt(n)
    error = 3.5 * 1.25 * 0.6 / math.sqrt(len(hours))
    assert math.log(np.median(hours) - 6) == pytest.approx(math.log(5), abs=error)
