"""R9.1-R9.3: what the sides say of losses and of control, and what observers confirm.

Shares and means of draws are held to the rule's within three and a half standard errors.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from camphandover.core import state as st
from camphandover.core.draws import key_of
from camphandover.core.ledger import Kind, write
from camphandover.core.rules.reporting import claimed, lag_days, p_observed
from worlds import DAY, Clock, World, call, compiled_only, runs, small_world

ARMY, WAGNER, SEPARATISTS, GSIM = st.ARMY, st.WAGNER, st.SEPARATISTS, st.GSIM
PARTNERS, NOBODY = st.PARTNERS, -1
NOON = DAY * 24.0 + 12
N, KEYS = 20, 60
"""Places with a report each, and keys under which they are told: 1,200 independent tellings."""
CLAIMS = (Kind.CLAIM_LOSSES, Kind.SILENCE, Kind.REVISION, Kind.CLAIM_CONTROL, Kind.DENIAL,
          Kind.CONFIRMED, Kind.UNCONFIRMED)  # fmt: skip
CONTROL_CLAIMS = CLAIMS[3:]
AT_MEDIAN, ABOVE = 0.5, 0.8413447460685429
"""Uniform numbers at which a standard normal draw is 0 and 1."""


def places(perfect: bool = False, **values: float) -> World:
    """Places of the army too far from each other to be mistaken, nothing told yet."""
    world = small_world([0] * N, [])
    for name, value in values.items():
        world.params[name] = value
    world.state.switches[0].perfect = perfect
    return world


def fights(
    dead: float, side: int, by: int, broken: int = NOBODY, also: tuple[int, ...] = (), **values
) -> World:
    """One fight at each place that cost a side so many dead, and in which a side was broken.

    Args:
        also: Sides of the same party, of which each lost as many.
    """
    world = places(**values)
    for place in range(N):
        at = {"place": place, "amount": 100.0}
        battle = write(world.ledger, NOON, Kind.BATTLE, side=by, **at)
        at["cause"] = battle
        if broken != NOBODY:
            write(world.ledger, NOON, Kind.BROKEN, side=broken, **at)
        for loser in (side, *also):
            told = {"side": loser, "about": by, **at, "amount": dead}
            write(world.ledger, NOON, Kind.LOSSES, **told)
    return world


def captures(before: int, after: int, hours: float = math.inf, **values) -> World:
    """The camp of each place changes hands, and, if `hours` is finite, back after so many."""
    world = places(**values)
    for place in range(N):
        camp = {"place": place, "slot": st.CAMP}
        write(world.ledger, NOON, Kind.CONTROL, before=before, after=after, **camp)
        if hours < math.inf:
            write(world.ledger, NOON + hours, Kind.CONTROL, before=after, after=before, **camp)
    return world


def tell_all(world: World) -> World:
    """Let all that happened be told, day by day, to the window's end; returns the world."""
    later = world.play("make_claims")
    while world.state.queue["waiting"][0] and later.clock.day < world.clock.last:
        later = later._replace(clock=later.clock._replace(day=later.clock.day + 1))
        later.play("make_claims")
    return world


def told(world: World, kind: Kind, keys: int = KEYS) -> np.ndarray:
    """Rows of a kind that the sides and the observers write under so many keys, by their causes."""
    worlds = (tell_all(world.at(key=key_of(9, i))) for i in range(keys))
    return np.concatenate([np.sort(one.rows(kind), order="cause", kind="stable") for one in worlds])


def share_is(hits: int, n: int, expected: float) -> None:
    """Hold a share of draws to its chance."""
    assert hits / n == pytest.approx(expected, abs=3.5 * math.sqrt(expected * (1 - expected) / n))


def mean_is(values: np.ndarray, expected: float) -> None:
    """Hold a mean of draws to its expectation, with the error that their spread says."""
    assert np.mean(values) == pytest.approx(expected, abs=3.5 * np.std(values) / len(values) ** 0.5)


# --- R9.1 casualty claims


def test_r9_1_a_claim_is_the_truth_times_a_log_normal_factor_in_whole_men():
    claim = call(claimed)
    assert claim(10.0, -0.7, 0.5, AT_MEDIAN) == round(10 * math.exp(-0.7)) == 5
    assert claim(10.0, -0.7, 0.5, ABOVE) == round(10 * math.exp(-0.2)) == 8
    assert claim(10.0, -0.7, 0.5, 1 - ABOVE) == round(10 * math.exp(-1.2)) == 3
    assert claim(10.0, 1.25, 0.5, ABOVE) == round(10 * math.exp(1.75)) == 58
    assert claim(0.0, 1.25, 0.5, ABOVE) == 0


@given(
    dead=some.integers(0, 300), more=some.integers(0, 50), bias=some.floats(-1.4, 1.6),
    u=some.floats(0.001, 0.999), v=some.floats(0.001, 0.999),
)  # fmt: skip
@settings(deadline=None)
def test_r9_1_claims_rise_with_the_truth_and_are_it_without_bias(dead, more, bias, u, v):
    claim, (low, high) = call(claimed), sorted((u, v))
    assert claim(float(dead), 0.0, 0.0, u) == dead
    assert claim(float(dead), bias, 0.5, low) <= claim(float(dead + more), bias, 0.5, high)
    assert claim(float(dead), bias, 0.5, u) % 1 == 0


@pytest.mark.parametrize("perfect", [False, True])
def test_r9_1_claims_without_bias_are_the_truth(perfect: bool):
    # a perfect observer has the truth from biased sides too
    values = {} if perfect else {"claim_own": 0.0, "claim_enemy": 0.0, "claim_sd": 0.0}
    for dead in (0, 1, 9, 97):
        rows = told(fights(dead, GSIM, ARMY, perfect=perfect, **values), Kind.CLAIM_LOSSES, 5)
        assert set(rows["amount"]) == {dead}
        assert set(rows["side"]) == {ARMY, GSIM}


@pytest.mark.parametrize(("own", "bias"), [(True, -0.7), (False, 0.85)])
def test_r9_1_own_dead_are_half_admitted_and_the_enemys_threefold(own: bool, bias: float):
    rows = told(fights(1000, GSIM, ARMY, silent_groups=0.0), Kind.CLAIM_LOSSES)
    logs = np.log(rows["amount"][(rows["side"] == rows["about"]) == own] / 1000)
    assert len(logs) == N * KEYS
    mean_is(logs, bias)
    # the error of a standard deviation is sd / sqrt(2n)
    assert np.std(logs) == pytest.approx(0.5, abs=3.5 * 0.5 / math.sqrt(2 * N * KEYS))


def claims_by_loss(events: np.ndarray) -> list[tuple[float, float, float]]:
    """(dead, own claim, the enemy's claim) of each row of losses that both sides tell."""
    rows = events[events["kind"] == Kind.CLAIM_LOSSES]
    mine = rows["side"] == rows["about"]
    own = dict(zip(rows["cause"][mine].tolist(), rows["amount"][mine].tolist(), strict=True))
    enemy = dict(zip(rows["cause"][~mine].tolist(), rows["amount"][~mine].tolist(), strict=True))
    return [(events["amount"][i], own[i], enemy[i]) for i in own.keys() & enemy.keys()]


@compiled_only
def test_r9_1_the_median_ratio_of_claims_about_the_same_dead_is_3_to_10():
    of = runs("on-schedule")
    # tolls as those that the ratio was taken from: whole men hide it in fights with a few dead
    both = np.array([row for record in of.records for row in claims_by_loss(record.events)])
    dead, own, enemy = both[both[:, 0] >= 5].T
    assert len(dead) > 1000
    ratio = enemy / np.maximum(own, 0.5)
    assert 3 < np.median(ratio) < 10
    assert np.median(own / dead) < 1 < np.median(enemy / dead)


@pytest.mark.parametrize("side", [ARMY, WAGNER, PARTNERS])
def test_r9_1_the_army_speaks_for_wagner_and_partners(side: int):
    rows = told(fights(20, side, GSIM), Kind.CLAIM_LOSSES, 1)
    assert set(zip(rows["side"], rows["about"], strict=True)) == {(ARMY, ARMY), (GSIM, ARMY)}
    rows = told(fights(20, GSIM, side, silent_groups=0.0), Kind.CLAIM_LOSSES, 1)
    assert set(zip(rows["side"], rows["about"], strict=True)) == {(ARMY, GSIM), (GSIM, GSIM)}


@cache
def day_of_news() -> tuple[World, World]:
    """A world with fights and captures, before and after they were told."""
    before = fights(20, GSIM, ARMY)
    for place in range(N):
        camp = {"place": place, "slot": st.CAMP, "before": 2, "after": 0}
        write(before.ledger, NOON, Kind.CONTROL, side=GSIM, **camp)
    return before, tell_all(before.at())


def test_r9_1_claims_never_change_what_happened():
    before, after = day_of_news()
    for name in ("units", "columns", "places", "people", "shipments", "presence"):
        assert getattr(before.state, name).tobytes() == getattr(after.state, name).tobytes()
    n = int(before.ledger.used[0])
    assert after.ledger.rows[:n].tobytes() == before.ledger.rows[:n].tobytes()
    assert set(after.ledger.rows["kind"][n : int(after.ledger.used[0])]) <= set(CLAIMS)


def test_r9_1_sides_keep_books_of_what_they_have_told():
    rows, sides = day_of_news()[1].rows(Kind.CLAIM_LOSSES), day_of_news()[1].state.sides
    revisions = day_of_news()[1].rows(Kind.REVISION)
    originals = day_of_news()[1].ledger.rows["amount"][revisions["cause"]]
    own, enemy = rows[rows["side"] == GSIM], rows[rows["side"] == ARMY]
    assert sides["claimed"].tolist() == [0, 0, 0, own["amount"].sum(), 0, 0]
    changed = (revisions["amount"] - originals).sum()
    assert sides["charged"].tolist() == [enemy["amount"].sum() + changed, 0, 0, 0, 0, 0]
    assert changed != 0


@compiled_only
def test_r9_1_each_claim_is_caused_by_the_row_that_it_is_about():
    truths = {
        Kind.CLAIM_LOSSES: Kind.LOSSES, Kind.SILENCE: Kind.LOSSES,
        Kind.REVISION: Kind.CLAIM_LOSSES, **dict.fromkeys(CONTROL_CLAIMS, Kind.CONTROL),
    }  # fmt: skip
    for record in runs("on-schedule").records:
        events = record.events
        for kind, truth in truths.items():
            causes = events[events["cause"][events["kind"] == kind]]
            assert (causes["kind"] == truth).all()
        # and nothing that happens has what was said for its cause
        causes = events["cause"][~np.isin(events["kind"], CLAIMS)]
        assert not np.isin(events["kind"][causes[causes >= 0]], CLAIMS).any()


def test_r9_1_a_toll_of_several_sides_is_told_once_by_the_one_that_speaks():
    joint = told(fights(20, ARMY, GSIM, also=(WAGNER, PARTNERS)), Kind.CLAIM_LOSSES, 1)
    alone = told(fights(60, ARMY, GSIM), Kind.CLAIM_LOSSES, 1)
    for column in ("side", "about", "place", "amount"):
        assert joint[column].tolist() == alone[column].tolist()


def test_r9_1_nobody_tells_of_the_dead_of_the_un():
    world = tell_all(fights(20, st.MINUSMA, NOBODY))
    assert not any(len(world.rows(kind)) for kind in CLAIMS)
    assert not world.state.sides["claimed"].any()


@pytest.mark.parametrize("silent", [0.0, 1.0])
def test_r9_1_what_is_heard_is_the_own_claim_or_a_rumour_of_the_enemys(silent: float):
    world = fights(40, SEPARATISTS, ARMY, silent_groups=silent).play("make_claims")
    rows = world.rows(Kind.CLAIM_LOSSES)
    mine, enemy = (rows["amount"][rows["side"] == side] for side in (SEPARATISTS, ARMY))
    heard = np.floor(0.3 * enemy).sum() if silent else mine.sum()
    assert len(mine) == (0 if silent else N)
    assert world.state.sides["heard"].tolist() == [0, 0, heard, 0, 0, 0]
    assert world.state.recent["heard"][DAY % st.MEMORY_DAYS, SEPARATISTS] == heard > 0


# --- R9.2 silence and revision


@pytest.mark.parametrize(
    ("side", "by", "broken", "expected"),
    [
        (ARMY, SEPARATISTS, ARMY, 0.57),
        (ARMY, NOBODY, ARMY, 0.57),
        (ARMY, SEPARATISTS, NOBODY, 0.0),
        (ARMY, SEPARATISTS, SEPARATISTS, 0.0),  # it is the enemy who broke
        (SEPARATISTS, ARMY, NOBODY, 0.3),
        (GSIM, ARMY, GSIM, 0.3),
    ],
)
def test_r9_2_the_army_is_silent_when_its_camp_was_entered_groups_now_and_then(
    side: int, by: int, broken: int, expected: float
):
    world = fights(20, side, by, broken)
    silent = told(world, Kind.SILENCE)
    share_is(len(silent), N * KEYS, expected)
    assert set(silent["side"]) <= {side}
    claims = told(world, Kind.CLAIM_LOSSES)
    assert (claims["side"] == side).sum() == N * KEYS - len(silent)
    assert (claims["side"] != side).sum() == (0 if by == NOBODY else N * KEYS)


def test_r9_2_a_fifth_of_charges_are_revised_within_three_days_mostly_downwards():
    logs, lags, world = [], [], fights(1000, GSIM, ARMY)
    for i in range(KEYS):
        day = tell_all(world.at(key=key_of(9, i)))
        rows = day.rows(Kind.REVISION)
        claims = day.ledger.rows[rows["cause"]]
        for told_or_revised in (claims, rows):
            assert (told_or_revised["side"] == ARMY).all()
            assert (told_or_revised["about"] == GSIM).all()
        logs += np.log(rows["amount"] / claims["amount"]).tolist()
        lags += (rows["hour"] - claims["hour"]).tolist()
    share_is(len(logs), N * KEYS, 0.2)
    assert set(np.round(lags, 6)) == {24, 48, 72}
    share_is(sum(lag < 36 for lag in lags), len(lags), 1 / 3)
    mean_is(np.array(logs), -0.15)
    assert np.median(logs) < 0
    assert np.std(logs) == pytest.approx(0.15, abs=3.5 * 0.15 / math.sqrt(2 * len(logs)))
    assert not len(told(fights(0, GSIM, ARMY), Kind.REVISION))


# --- R9.3 control


def test_r9_3_who_takes_a_camp_says_so_within_six_hours_and_who_lost_it_may_deny():
    for before, after, taker, loser in ((0, 1, SEPARATISTS, ARMY), (2, 0, ARMY, GSIM)):
        world = captures(before, after)
        for kind, side, share in ((Kind.CLAIM_CONTROL, taker, 1.0), (Kind.DENIAL, loser, 0.8)):
            rows = told(world, kind)
            share_is(len(rows), N * KEYS, share)
            assert set(rows["side"]) == {side}
            assert set(rows["after"]) == {after}
            assert 0 <= min(rows["hour"] - NOON) < 0.1
            assert 5.9 < max(rows["hour"] - NOON) <= 6


@pytest.mark.parametrize("before", [st.UN_HOLDER, st.NOBODY])
def test_r9_3_nobody_denies_a_camp_that_no_armed_side_has_lost(before: int):
    assert len(told(captures(before, 1), Kind.CLAIM_CONTROL, 5)) == 5 * N
    assert not len(told(captures(before, 1), Kind.DENIAL))


@pytest.mark.parametrize("after", [st.UN_HOLDER, st.NOBODY])
def test_r9_3_nobody_claims_a_camp_that_is_left(after: int):
    world = captures(0, after).play("make_claims")
    assert not any(len(world.rows(kind)) for kind in CONTROL_CLAIMS)


@given(mean=some.floats(0.05, 20))
@settings(deadline=None, max_examples=30)
def test_r9_3_the_lag_is_geometric_with_its_mean(mean: float):
    n = 4000
    lags = np.array([call(lag_days)(mean, (i + 0.5) / n) for i in range(n)])
    # quantiles at equal steps: what is missing is the tail beyond the last of them
    assert lags.mean() == pytest.approx(mean, rel=0.01, abs=2 / n)
    for days in (0, 1, 5):
        assert (lags > days).mean() == pytest.approx((mean / (1 + mean)) ** (days + 1), abs=1 / n)
    assert call(lag_days)(0.0, 0.99) == 0


@given(people=some.floats(0, 2e5), more=some.floats(1, 1e5), hosted=some.floats(0, 1e4))
@settings(deadline=None)
def test_r9_3_the_observed_chance_rises_with_people_and_is_one_beside_a_un_camp(
    people: float, more: float, hosted: float
):
    def seen(residents: float) -> float:
        world.state.people[0].residents, world.state.people[0].hosted = residents, hosted
        return call(p_observed)(world.now, 0)

    world = small_world([0], [])
    assert seen(people) == pytest.approx(max(0.1, 1 - math.exp(-(people + hosted) / 5000)))
    assert 0.1 <= seen(people) <= seen(people + more) <= 1
    world.state.places[0].camp_holder = st.UN_HOLDER
    assert seen(people) == 1


@pytest.mark.parametrize(("people", "mean"), [(5000.0, 2 / (1 - math.exp(-1))), (1e6, 2.0)])
def test_r9_3_confirmation_lags_longer_where_fewer_can_see(people: float, mean: float):
    world = captures(0, 1)
    world.state.people["residents"] = people
    rows = told(world, Kind.CONFIRMED)
    assert len(rows) == N * KEYS
    mean_is(rows["amount"], mean)
    assert (rows["hour"] == NOON + 24 * rows["amount"]).all()
    assert not len(told(world, Kind.UNCONFIRMED, 5))


def test_r9_3_what_is_confirmed_after_the_window_is_not_in_the_record():
    rows = told(captures(0, 1)._replace(clock=Clock(DAY, DAY - 9, DAY + 1)), Kind.CONFIRMED)
    assert set(rows["amount"]) == {0, 1}


@pytest.mark.parametrize(("hours", "never"), [(2.9, 0.3), (3.1, 0.0)])
def test_r9_3_captures_of_less_than_three_hours_may_never_be_confirmed(hours: float, never: float):
    world = captures(0, 1, hours)
    rows = told(world, Kind.UNCONFIRMED)
    share_is(len(rows), N * KEYS, never)
    # the change back lasts, and is confirmed
    assert set(rows["after"]) <= {1}
    assert len(told(world, Kind.CONFIRMED)) == 2 * N * KEYS - len(rows)


def test_r9_3_a_fifth_of_confirmations_name_the_nearest_place_within_50_km():
    world = captures(0, 1)
    air = world.state.routes["air_km"]
    air[0, 1] = air[1, 0] = 49.0
    air[0, 2] = air[2, 0] = 30.0
    air[3, 4] = air[4, 3] = 51.0
    keys = 600
    rows = told(world, Kind.CONFIRMED, keys)
    truth = np.tile(np.arange(N), keys)
    named = {place: rows["place"][truth == place].tolist() for place in range(N)}
    for place, near in ((0, 2), (1, 0), (2, 0)):
        assert set(named[place]) == {place, near}
        share_is(named[place].count(near), keys, 0.2)
    assert all(set(named[place]) == {place} for place in range(3, N))


def test_r9_3_a_perfect_observer_has_no_lag_no_silence_and_no_denial():
    world = captures(0, 1, 2.0, perfect=True)
    rows = told(world, Kind.CONFIRMED, 5)
    assert (rows["amount"] == 0).all()
    assert sorted(rows["hour"]) == [NOON] * 5 * N + [NOON + 2] * 5 * N
    assert rows["place"].tolist() == [place for place in range(N) for _ in range(2)] * 5
    assert sorted(told(world, Kind.CLAIM_CONTROL, 5)["hour"]) == sorted(rows["hour"])
    assert not any(len(told(world, kind)) for kind in (Kind.DENIAL, Kind.UNCONFIRMED))
    for side, by in ((ARMY, GSIM), (GSIM, ARMY)):
        world = fights(20, side, by, side, perfect=True)
        assert not any(len(told(world, kind)) for kind in (Kind.SILENCE, Kind.REVISION))


def tolls(events: np.ndarray) -> np.ndarray:
    """Amounts of the rows; of a row of losses, the dead of all for whom the same side speaks."""
    amounts = events["amount"].copy()
    camps = np.where(np.isin(events["side"], (WAGNER, PARTNERS)), ARMY, events["side"])
    lost = np.flatnonzero(events["kind"] == Kind.LOSSES)
    parties = list(zip(events["cause"][lost].tolist(), camps[lost].tolist(), strict=True))
    total: dict[tuple[int, int], float] = dict.fromkeys(parties, 0.0)
    for party, dead in zip(parties, events["amount"][lost].tolist(), strict=True):
        total[party] += dead
    amounts[lost] = [total[party] for party in parties]
    return amounts


@compiled_only
def test_r9_3_full_runs_with_a_perfect_observer_tell_what_happened():
    for record in runs("on-schedule", "reporting: {perfect: true}", n=10).records:
        events = record.events
        for kind, truth in ((Kind.CONFIRMED, Kind.CONTROL), (Kind.CLAIM_LOSSES, Kind.LOSSES)):
            rows = events[events["kind"] == kind]
            causes = events[rows["cause"]]
            assert (causes["kind"] == truth).all()
            assert (rows["amount"] == tolls(events)[rows["cause"]]).all()
            assert (rows["place"] == causes["place"]).all()
        confirmed = events[events["kind"] == Kind.CONFIRMED]
        assert (confirmed["hour"] == events["hour"][confirmed["cause"]]).all()
        untold = (Kind.SILENCE, Kind.REVISION, Kind.DENIAL, Kind.UNCONFIRMED)
        assert not np.isin(events["kind"], untold).any()
        # each capture by an armed side is confirmed
        taken = (events["kind"] == Kind.CONTROL) & (events["after"] < st.UN_HOLDER)
        assert sorted(confirmed["cause"]) == np.flatnonzero(taken).tolist()
