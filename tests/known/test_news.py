"""Looks at the record: what is news, what a look tells, and how likely it is in a run."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from camphandover import facts
from camphandover.facts import Change
from camphandover.known.news import (
    Claim,
    Look,
    Seen,
    Told,
    agrees,
    log_likelihood,
    log_likelihood_of_fresh,
    looks,
)

FIRST = date(2023, 8, 1)
INDEX = facts.load().index
KIDAL, BAMBA = INDEX("Kidal"), INDEX("Bamba")
CAMP, TOWN = 0, 1
ARMY, SEPARATISTS, GSIM, MINUSMA, NOBODY = range(5)
GSIM_SIDE = 3


def row(day: int, place: str, of: str, before: str | None, after: str) -> Change:
    """A row of a record, `day` days after the first one."""
    then = FIRST + timedelta(days=day)
    return Change(
        date=then,
        place=place,
        object=of,
        before=before,
        after=after,
        how="assault" if before else "initial",
        confidence="high",
    )


def seen(n: int = 1, said: float = 0.0, **holders: int) -> Seen:
    """Runs that are alike: who holds Kidal's camp and town, and when each and Bamba's changed."""
    shape = (n, len(facts.load().places), 2)
    who, changed = np.full(shape, ARMY, np.int8), np.zeros(shape)
    who[:, KIDAL, CAMP] = holders.get("camp", MINUSMA)
    who[:, KIDAL, TOWN] = holders.get("town", SEPARATISTS)
    changed[:, (BAMBA, KIDAL), CAMP] = holders.get("changed", 0)
    best = {name: np.full(n, one.best) for name, one in facts.load().parameters.items()}
    return Seen(who, changed, np.full((n, 6, 2), said), best)


ROWS = (
    row(0, "Kidal", "un_camp", None, "minusma"),
    row(0, "Kidal", "town", None, "separatists"),
    row(0, "Bamba", "army_camp", None, "army"),
    row(3, "Bamba", "army_camp", "army", "gsim"),
    row(3, "Bamba", "army_camp", "gsim", "army"),
    row(5, "Kidal", "un_camp", "minusma", "contested"),
)


def days_of(found: list[Look]) -> list[int]:
    return [(look.day - FIRST).days for look in found]


def test_looks_are_weekly_before_an_origin_and_tell_of_all_slots():
    last = FIRST + timedelta(days=12)
    found = list(looks(ROWS, FIRST, [last], 7))
    assert days_of(found) == [5, 12]
    assert [look.days for look in found] == [6, 7]
    # the town of a place without rows of its own is no second sight of its camp
    slots = [(one.place, one.slot, one.holder) for one in found[0].told]
    assert slots == [(KIDAL, CAMP, NOBODY), (KIDAL, TOWN, SEPARATISTS), (BAMBA, CAMP, ARMY)]
    assert found[1].told == found[0].told
    assert str(found[0].told[1]) == "Kidal town: separatists since 2023-08-01 (high)"


def test_every_origin_has_a_look():
    origins = [FIRST + timedelta(days=n) for n in (4, 6)]
    found = list(looks(ROWS, FIRST, origins, 7))
    assert days_of(found) == [4, 6]
    assert [look.days for look in found] == [5, 2]


def test_a_capture_that_its_day_undoes_is_told_if_claims_are():
    last = FIRST + timedelta(days=5)
    (bare,), (full,) = (looks(ROWS, FIRST, [last], 7, with_claims=which) for which in (False, True))
    assert not any(one.is_capture for one in bare.told)
    (capture,) = (one for one in full.told if one.is_capture)
    assert (capture.place, capture.holder) == (BAMBA, GSIM)
    assert str(capture) == "Bamba camp: gsim for hours on 2023-08-04 (high)"
    # rows of the first day and from before it are what the runs begin with
    first = (ROWS[2], row(0, "Bamba", "army_camp", "army", "gsim"))
    (look,) = looks(first, FIRST, [FIRST], 7, with_claims=True)
    assert [(one.holder, one.is_capture) for one in look.told] == [(GSIM, False)]
    late = FIRST + timedelta(days=4)
    assert not any(
        one.is_capture
        for look in looks(ROWS, late, [late + timedelta(days=6)], 7, with_claims=True)
        for one in look.told
    )


def test_nothing_after_the_last_day_is_told():
    history = facts.load().history
    until = date(2023, 10, 20)
    assert list(looks(history, FIRST, [until], 7, True)) == list(
        looks([one for one in history if one.date <= until], FIRST, [until], 7, True)
    )


@pytest.mark.parametrize("confidence", ["high", "medium", "low"])
def test_a_row_is_wrong_as_often_as_its_confidence_says(confidence: str):
    error = facts.load().parameters[f"record_error_{confidence}"].best
    told = Told(KIDAL, CAMP, MINUSMA, FIRST, confidence)
    assert math.exp(log_likelihood(Look(FIRST, 1, 0, (told,)), seen())[0, 0]) == pytest.approx(
        1 - error
    )
    holders = [Told(KIDAL, CAMP, h, FIRST, confidence) for h in range(6)]
    chances = np.exp(log_likelihood(Look(FIRST, 1, 0, tuple(holders)), seen(camp=ARMY))[:, 0])
    assert chances.sum() == pytest.approx(1.0)  # a probability of what the record says
    assert chances[MINUSMA] == pytest.approx(error / 5)


def test_only_what_is_new_weighs():
    day = FIRST + timedelta(days=20)
    told = Told(KIDAL, CAMP, SEPARATISTS, FIRST, "high")
    look = Look(day, 7, 0, (told,))
    begins = 24 * (look.number + 1 - 7)
    weighed = [
        bool(log_likelihood(one, seen(changed=hour))[0, 0])
        for one, hour in (
            (look, begins - 1),  # neither the record nor the run has news
            (look, begins),
            (Look(day, 7, 0, (replace(told, since=day - timedelta(days=6)),)), 0),
            (Look(day, 7, 0, (replace(told, since=day - timedelta(days=7)),)), 0),
        )
    ]
    assert weighed == [False, True, True, False]


def test_news_weighs_once_when_it_is_a_look_old_and_what_is_fresh_for_runs_that_go_on():
    of_age = np.zeros(30)
    for n in range(30):  # looks a week apart, after a row of the first day
        look = Look(FIRST + timedelta(days=n), 7, 7, (Told(KIDAL, CAMP, GSIM, FIRST, "high"),))
        of_age[n] = log_likelihood(look, seen())[0, 0]
        fresh = log_likelihood_of_fresh(look, seen())[0, 0]
        assert bool(fresh) == (n < 7)
        assert not (fresh and of_age[n])
    assert np.flatnonzero(of_age).tolist() == list(range(7, 14))


def test_a_capture_is_met_by_a_change_since_the_look_before():
    look = Look(FIRST + timedelta(days=20), 7, 0, (Told(BAMBA, CAMP, GSIM, FIRST, "low", True),))
    begins = 24 * (look.number + 1 - 7)
    missed = facts.load().parameters["record_capture_missed"].best
    for hour, is_met in ((begins - 1, False), (begins, True)):
        there = seen(changed=hour)
        assert agrees(look.told[0], look, there).tolist() == [is_met]
        chance = math.exp(log_likelihood(look, there)[0, 0])
        assert chance == pytest.approx(1 - missed if is_met else missed)


def test_claims_are_those_of_the_days_since_the_look_before():
    events = facts.load().events
    origin = date(2023, 9, 12)
    found = list(looks((), FIRST, [origin], 7, with_claims=True))
    own = [c.dead for look in found for c in look.claims if (c.side, c.whose) == (0, "own")]
    told = [
        int(one["army_killed_per_army"])
        for one in events
        if one["army_killed_per_army"] and FIRST <= date.fromisoformat(one["date"]) <= origin
    ]
    assert sum(own) == sum(told) > 0
    assert not any(look.claims for look in looks((), FIRST, [origin], 7))


def test_a_claim_is_as_likely_as_its_logarithm_is_near_that_of_the_run():
    claim = Claim(GSIM_SIDE, "enemy", 40)
    found = log_likelihood(Look(FIRST, 1, 0, (), (claim,)), seen(said=9.0))
    sd = facts.load().parameters["record_claim_sd"].best
    assert found[0, 0] == pytest.approx(stats.norm(math.log(10), sd).logpdf(math.log(41)))
    assert str(claim) == "gsim tells 40 enemy dead"


def test_errors_are_those_of_each_run():
    look = Look(FIRST, 1, 0, (Told(KIDAL, TOWN, SEPARATISTS, FIRST, "low"),))
    two = seen(2)
    two.parameters["record_error_low"][:] = (0.1, 0.4)
    assert np.exp(log_likelihood(look, two)[0]) == pytest.approx([0.9, 0.6])
