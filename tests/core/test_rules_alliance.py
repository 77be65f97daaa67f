"""R8.1, R8.2: requests for help, the partners' answers, what arrives, and the crisis of Niger."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from camphandover import facts
from camphandover.core import state as st
from camphandover.core.ledger import Kind
from camphandover.core.parameters import parameter_record
from camphandover.core.rules.airpower import drone_capacity
from camphandover.core.rules.alliance import p_help
from worlds import DAY, Clock, World, call, compiled_only, runs, small_world

ARMY, PARTNERS = st.ARMY, st.PARTNERS
PARAMS = parameter_record({})
EPOCH = date(1970, 1, 1)
FIRST = (date(2023, 8, 1) - EPOCH).days
CHARTER = (date(2023, 9, 16) - EPOCH).days
NINETY_DAYS = (date(2023, 12, 16) - EPOCH).days
"""The day 90 days after the forecast origin."""


def logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def bound(p: float, n: int) -> float:
    """Three standard errors of a share."""
    return 3 * math.sqrt(p * (1 - p) / n)


def allies(
    replicate: int = 0, threat=(0.5, 0.5), ecowas=(0, 0), bases: int = 2, **values: float
) -> World:
    """An army that lost two bases yesterday, the charter, and two partners, one for each place."""
    world = small_world([0, 0, 1], [(0, 1, 60.0), (1, 2, 60.0)], replicate=replicate, **values)
    partners = world.state.partners
    partners["threat"], partners["ecowas"], partners["arrives_at"] = threat, ecowas, (0, 1)
    world.state.conflict[0].charter = 1
    world.state.switches[0].sanctions_end = DAY + 20
    recent(world, 1)[ARMY].bases = bases
    spare = world.state.units[-8:]  # rows kept for companies that may come
    spare["side"], spare["kind"], spare["quality"] = PARTNERS, st.PARTNER, 0.8
    return world


def recent(world: World, ago: int) -> np.recarray:
    """What happened to each side so many days ago."""
    return world.state.recent[(world.clock.day - ago) % st.MEMORY_DAYS]


def on(world: World, day: int) -> World:
    """The same world on another day."""
    return world._replace(clock=Clock(day, world.clock.first, world.clock.last))


def asked(world: World) -> int:
    """Requests written when the rule has acted."""
    return len(world.play("ask_for_help").rows(Kind.REQUEST))


def chances(world: World) -> np.ndarray:
    """Chance of (ground, air) help by each partner, as the answers to a request have it."""
    rows = world.play("ask_for_help").ledger.rows[: int(world.ledger.used[0])]
    rows = rows[np.isin(rows["kind"], (Kind.PROMISE, Kind.REFUSED_HELP))]
    assert rows["entity"].tolist() == [0, 0, 1, 1]
    return np.where(rows["kind"] == Kind.PROMISE, rows["p"], 1 - rows["p"]).reshape(2, 2)


# --- R8.1 the chance of help


@given(threat=some.floats(0, 1), more=some.floats(0.01, 1), ecowas=some.booleans())
@settings(deadline=None)
def test_r8_1_help_falls_with_the_own_threat_and_ecowas_and_rises_with_a_joint_force(
    threat, more, ecowas
):
    p = call(p_help)
    assert p(PARAMS, -0.95, 0.6, True, True) == pytest.approx(logistic(-0.95 - 0.9 - 2 + 1))
    base = p(PARAMS, -0.7, threat, ecowas, False)
    assert 0 < p(PARAMS, -0.7, threat + more, ecowas, False) < base < 1
    assert base < p(PARAMS, -0.7, threat, ecowas, True) < 1
    assert p(PARAMS, -0.7, threat, True, False) < p(PARAMS, -0.7, threat, False, False)


def test_r8_1_of_two_like_partners_the_one_that_ecowas_threatens_helps_less_until_sanctions_end():
    before, after = (chances(on(allies(ecowas=(0, 1)), DAY + day)) for day in (19, 20))
    free = [logistic(PARAMS.help_ground - 0.75), logistic(PARAMS.help_air - 0.75)]
    pressed = [logistic(PARAMS.help_ground - 0.75 - 2), logistic(PARAMS.help_air - 0.75 - 2)]
    assert before == pytest.approx(np.array([free, pressed]))
    assert after == pytest.approx(np.array([free, free]))
    war = allies(ecowas=(0, 1))
    war.state.switches[0].intervention = 1
    assert (chances(war)[1] < pressed).all()


def test_r8_1_niger_helps_less_than_burkina_before_february_2024_and_not_after():
    by_name = {partner.name: partner for partner in facts.load().partners}
    burkina, niger = by_name["burkina"], by_name["niger"]
    assert (burkina.ecowas, niger.ecowas) == (False, True)
    end = runs("on-schedule").model.world.state.switches[0].sanctions_end
    assert end == (date(2024, 2, 24) - EPOCH).days
    for pressed in (True, False):
        chance = call(p_help)(PARAMS, PARAMS.help_ground, niger.own_threat, pressed, False)
        against = call(p_help)(PARAMS, PARAMS.help_ground, burkina.own_threat, False, False)
        assert (chance < against) is pressed


def test_r8_1_a_joint_force_helps():
    joint = allies()
    joint.state.switches[0].joint_force = 1
    expected = [logistic(PARAMS.help_ground - 0.75 + 1), logistic(PARAMS.help_air - 0.75 + 1)]
    assert chances(joint) == pytest.approx(np.array([expected, expected]))


def test_r8_1_help_is_promised_with_its_chance():
    n, promised = 400, np.zeros(2)
    for i in range(n):
        partners = allies(i).play("ask_for_help").state.partners
        promised += [
            (partners["ground_hour"] < np.inf).sum(),
            (partners["air_hour"] < np.inf).sum(),
        ]
    expected = logistic(PARAMS.help_ground - 0.75), logistic(PARAMS.help_air - 0.75)
    for share, p in zip(promised / (2 * n), expected, strict=True):
        assert share == pytest.approx(p, abs=bound(p, 2 * n))


# --- R8.1 the request


@pytest.mark.parametrize(("what", "amount", "ago", "n"), [
    ("bases", 2, 0, 1),
    ("bases", 1, 0, 0),
    ("bases", 2, 29, 1),
    ("bases", 2, 30, 0),
    ("heard", 100, 1, 1),
    ("heard", 99, 1, 0),
    ("heard", 100, 29, 1),
    ("heard", 100, 30, 0),
    ("dead", 500, 1, 0),
])  # fmt: skip
def test_r8_1_mali_asks_after_two_lost_bases_or_a_hundred_reported_dead(what, amount, ago, n):
    world = allies(bases=0)
    world.state.sides[ARMY].dead = 500
    recent(world, ago)[st.SEPARATISTS][what] = recent(world, ago)[st.GSIM][what] = 9 * amount
    assert asked(world) == 0
    recent(world, ago)[ARMY][what] = amount
    assert asked(world) == n


def test_r8_1_losses_of_several_days_add_up():
    world = allies(bases=0)
    for ago in range(5):
        recent(world, ago)[ARMY].heard = 20
    assert asked(world) == 1


def test_r8_1_mali_asks_only_after_the_charter_and_once_in_30_days():
    world = allies(help_ground=-50.0, help_air=-50.0)
    world.state.recent["bases"][:, ARMY] = 1
    world.state.conflict[0].charter = 0
    assert asked(world) == 0
    world.state.conflict[0].charter = 1
    for day in range(DAY, DAY + 70):
        on(world, day).play("ask_for_help")
    assert (world.rows(Kind.REQUEST)["hour"] / 24 - DAY).tolist() == [0, 30, 60]
    assert len(world.rows(Kind.REFUSED_HELP)) == 3 * 4  # what is refused is asked for again


def test_r8_1_what_is_promised_or_has_come_is_not_asked_for_again():
    world = allies()
    world.state.recent["bases"][:, ARMY] = 1
    world.state.switches[0].reliable = 1
    for day in range(DAY, DAY + 400):
        on(world, day).play("receive_help", "ask_for_help")
    assert len(world.rows(Kind.REQUEST)) > 10
    assert len(world.rows(Kind.PROMISE)) == 4
    assert len(world.rows(Kind.REFUSED_HELP)) == 0


def lost_camps(events: np.ndarray, day: int) -> int:
    """Camps that the army lost in the 30 days to a day."""
    mine = (events["kind"] == Kind.CONTROL) & (events["slot"] == st.CAMP) & (events["before"] == 0)
    days = events["hour"][mine] // 24
    return int(((days > day - 30) & (days <= day)).sum())


@compiled_only
def test_r8_1_in_full_runs_a_request_has_its_reason_and_its_distance():
    reasons = np.zeros(2, int)
    for record in runs("on-schedule", n=300).records:
        rows = record.events[record.events["kind"] == Kind.REQUEST]
        days = (rows["hour"] // 24).astype(int)
        assert (days >= CHARTER).all()
        assert (np.diff(days) >= 30).all()
        for day, dead in zip(days, rows["amount"], strict=True):
            bases = lost_camps(record.events, day) >= 2
            assert bases or dead >= 100
            reasons += [bases, dead >= 100]
    assert (reasons > 0).all()


@compiled_only
def test_r8_1_no_charter_no_request():
    signed, none = runs("on-schedule"), runs("on-schedule", "alliance: {charter: false}")
    assert all(rows["hour"].tolist() == [CHARTER * 24] for rows in signed.rows(Kind.CHARTER))
    for kind in (Kind.CHARTER, Kind.REQUEST, Kind.PROMISE, Kind.HELP_ARRIVES):
        assert sum(map(len, signed.rows(kind))) > 0
        assert sum(map(len, none.rows(kind))) == 0


@compiled_only
def test_r8_1_reliable_partners_honour_every_request():
    of = runs("reliable-alliance")
    promises = np.concatenate(list(of.rows(Kind.PROMISE)))
    assert sum(map(len, of.rows(Kind.REFUSED_HELP))) == 0
    assert sum(map(len, runs("on-schedule").rows(Kind.REFUSED_HELP))) > 0
    assert (promises["p"] == 1).all()
    with_request = sum(len(rows) > 0 for rows in of.rows(Kind.REQUEST))
    assert len(promises) == 4 * with_request > 0  # both kinds of help, once from each of two


# --- R8.1 what comes


@compiled_only
def test_r8_1_the_chances_of_90_days_are_those_of_the_rule_book():
    n, come = 300, np.zeros(2)
    for rows in runs("on-schedule", n=n).rows(Kind.HELP_ARRIVES):
        rows = rows[rows["hour"] < (NINETY_DAYS + 1) * 24]
        companies = rows["entity"] >= 0  # drones are no unit
        come += [companies.any(), (~companies).any()]
    for share, p in zip(come / n, (0.12, 0.30), strict=True):
        assert share == pytest.approx(p, abs=bound(p, n))


def test_r8_1_one_or_two_companies_and_one_to_three_drones_come_after_the_delays():
    companies, drones, ground, air = [], [], [], []
    for i in range(200):
        world = allies(i)
        world.state.switches[0].reliable = 1
        partners = world.play("ask_for_help").state.partners
        companies.extend(partners["companies"])
        drones.extend(partners["drones"])
        ground.extend(partners["ground_hour"] / 24 - DAY)
        air.extend(partners["air_hour"] / 24 - DAY)
    for sizes, most in ((companies, 2), (drones, 3)):
        shares = np.bincount(sizes, minlength=most + 2) / 400
        assert shares[0] == shares[most + 1] == 0
        assert shares[1:-1] == pytest.approx([1 / most] * most, abs=bound(1 / most, 400))
    # gamma of shape 4, a standard deviation of half the mean: three standard errors of 400
    assert np.mean(ground) == pytest.approx(60, abs=3 * 30 / 20)
    assert np.mean(air) == pytest.approx(30, abs=3 * 15 / 20)


def promised(camp_holder: int = 0, air_day: float = math.inf) -> World:
    """Two companies that arrive at the middle of today, for a place whose town is the army's."""
    world = allies()
    partner = world.state.partners[1]
    partner.companies, partner.ground_hour = 2, DAY * 24.0 + 12
    partner.drones, partner.air_hour = 3, air_day * 24.0
    world.state.places[1].camp_holder = camp_holder
    return world


@pytest.mark.parametrize(("holder", "slot"), [(0, st.CAMP), (st.UN_HOLDER, st.TOWN)])
def test_r8_1_companies_that_arrive_stand_in_the_nearest_place_of_the_army(holder: int, slot: int):
    world = promised(holder)
    assert world.at(day=DAY - 1).play("receive_help").men(PARTNERS) == 0
    world.play("receive_help")
    on(world, DAY + 1).play("receive_help")  # they come once
    units = world.state.units[
        (world.state.units["side"] == PARTNERS) & (world.state.units["men"] > 0)
    ]
    assert units["men"].tolist() == [130, 130]
    assert units["place"].tolist() == units["home"].tolist() == [1, 1]
    assert units["slot"].tolist() == [slot, slot]
    books = world.state.sides[PARTNERS]
    assert (books.mustered, books.vehicles_mustered) == (260, 2 * 20)
    assert world.state.partners["in_mali"].tolist() == [0, 2]
    assert world.rows(Kind.HELP_ARRIVES)["hour"].tolist() == [DAY * 24 + 12] * 2


def test_r8_1_where_the_place_is_lost_companies_enter_at_the_nearest_that_is_not():
    world = promised()
    world.state.places[1].camp_holder = world.state.places[1].town_holder = 1
    units = world.play("receive_help").state.units
    assert units["place"][units["side"] == PARTNERS].max() == 0
    assert world.men(PARTNERS) == 260


def test_r8_1_drones_raise_the_armys_capacity():
    world = promised(air_day=DAY + 0.5)
    before = call(drone_capacity)(world.now)
    world.play("receive_help")
    on(world, DAY + 1).play("receive_help")
    assert before == pytest.approx(3.0)
    assert call(drone_capacity)(world.now) == pytest.approx(3.0 * (8 + 3) / 8)


@compiled_only
def test_r8_1_men_and_drones_of_the_partners_are_conserved():
    of = runs("reliable-alliance")
    came = np.zeros(2)
    for rows, end in zip(of.rows(Kind.HELP_ARRIVES), of.ends, strict=True):
        companies = rows["entity"] >= 0
        men, drones = rows["amount"][companies].sum(), rows["amount"][~companies].sum()
        books = end.sides[PARTNERS]
        gone = books.dead + books.wounded + books.captured + books.missing + books.deserted
        there = end.units["men"][end.units["side"] == PARTNERS].sum()
        assert there + gone + books.departed == books.mustered == men
        army = end.sides[ARMY]
        assert army.drones == of.model.params.drones_army + drones - army.drones_lost
        came += [men > 0, drones > 0]
    assert (came > 50).all()


# --- R8.2 the crisis around Niger


def test_r8_2_the_crisis_flares_with_its_monthly_chance_while_ecowas_threatens():
    n, flared = 300, np.zeros(2)
    for i in range(n):
        for ecowas in (0, 1):
            world = allies(i, ecowas=(0, ecowas), crisis=0.3)
            world.state.switches[0].sanctions_end = DAY + 30
            world.state.partners["crisis_until"] = DAY + 60
            for day in range(DAY, DAY + 60):
                on(world, day).play("flare_crisis")
            rows = world.rows(Kind.CRISIS)
            flared[ecowas] += len(rows) > 0
            if len(rows):  # it ends with the sanctions, and by them
                assert rows["amount"].tolist() == [1, 0]
                assert rows["cause"].tolist() == [-1, 0]
                assert rows["hour"][0] < rows["hour"][1] == (DAY + 30) * 24
    assert flared[0] == 0
    assert flared[1] / n == pytest.approx(0.3, abs=bound(0.3, n))


def test_r8_2_it_flares_to_the_day_that_the_facts_give_and_not_later():
    for until, begun in ((DAY, 1), (DAY - 1, 0)):
        world = allies(0, ecowas=(0, 1), crisis=1.0)
        world.state.switches[0].sanctions_end = DAY + 30
        world.state.partners["crisis_until"] = until
        assert on(world, DAY).play("flare_crisis").state.conflict[0].crisis == begun


@compiled_only
def test_r8_2_an_intervention_flares_it_at_once():
    of = runs("ecowas-intervention-in-niger")
    first = [rows[0] for rows in of.rows(Kind.CRISIS)]
    assert len(first) == len(of.records)
    assert all((row["hour"], row["amount"], row["p"]) == (FIRST * 24, 1, 1) for row in first)
    assert all(rows["amount"].sum() > 0 for rows in of.rows(Kind.SORTIES_AWAY))


@compiled_only
def test_r8_2_the_end_of_sanctions_ends_it_and_nothing_is_drained_without_it():
    end = (date(2023, 10, 15) - EPOCH).days
    of = runs("on-schedule", "alliance: {sanctions_end: 2023-10-15}\nparameters: {crisis: 0.05}")
    drained = 0
    for record in of.records:
        rows = record.events
        crisis = rows[rows["kind"] == Kind.CRISIS]
        away = rows[rows["kind"] == Kind.SORTIES_AWAY]
        drained += len(away)
        assert crisis["amount"].tolist() in ([], [1, 0])
        start = crisis["hour"][0] if len(crisis) else math.inf
        assert (crisis["hour"][1:] == end * 24).all()
        assert ((away["hour"] > start) & (away["hour"] <= end * 24)).all()
    assert drained > 0


@given(sorties=some.floats(0, 12), drain=some.floats(0, 1), day=some.integers(DAY, DAY + 100))
@settings(deadline=None)
def test_r8_2_sorties_are_conserved(sorties: float, drain: float, day: int):
    def morning(crisis: int) -> World:
        world = on(allies(plane_sorties=sorties, crisis_drain=drain), day)
        world.state.conflict[0].crisis = crisis
        return world.play("ready_aircraft")

    calm, crisis = morning(0), morning(1)
    away = crisis.rows(Kind.SORTIES_AWAY)["amount"].sum()
    left, all_of_them = (int(w.state.sides[ARMY].plane_sorties) for w in (crisis, calm))
    assert len(calm.rows(Kind.SORTIES_AWAY)) == 0
    assert min(left, away) >= 0
    assert left + away == all_of_them
    assert abs(all_of_them - sorties) < 1
    drones = [w.state.sides[ARMY].drone_sorties for w in (crisis, calm)]
    assert drones[0] == drones[1]


def test_r8_2_a_tenth_of_the_manned_sorties_goes_to_niamey():
    away = 0
    for i in range(400):
        world = allies(i, plane_sorties=4.0)
        world.state.conflict[0].crisis = 1
        away += world.play("ready_aircraft").rows(Kind.SORTIES_AWAY)["amount"].sum()
    assert away / 1600 == pytest.approx(0.1, abs=bound(0.1, 1600))
