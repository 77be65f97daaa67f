"""Looks at the record: what is news, what a look tells, and how likely it is in a run."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from camphandover import facts
from camphandover.facts import Change
from camphandover.known.news import Claim, Look, Seen, Told, agrees, log_likelihood, looks

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


def seen(n: int = 1, told: float = 0.0, **holders: int) -> Seen:
    """Runs that are alike: who holds Kidal's camp and town, and when Bamba's camp changed."""
    shape = (n, len(facts.load().places), 2)
    who, changed = np.full(shape, ARMY, np.int8), np.zeros(shape)
    who[:, KIDAL, CAMP] = holders.get("camp", MINUSMA)
    who[:, KIDAL, TOWN] = holders.get("town", SEPARATISTS)
    changed[:, BAMBA, CAMP] = holders.get("changed", 0)
    best = {name: np.full(n, one.best) for name, one in facts.load().parameters.items()}
    return Seen(who, changed, np.full((n, 6, 2), told), best)


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


def test_all_slots_are_looked_at_each_week_before_an_origin_and_the_changed_ones_with_news():
    last = FIRST + timedelta(days=12)
    found = list(looks(ROWS, FIRST, [last], 7, with_claims=False))
    assert days_of(found) == [3, 5, 12]
    assert [look.is_weekly for look in found] == [False, True, True]
    raid, week, _ = found
    back, capture = raid.told
    assert (back.holder, back.capture) == (ARMY, False)
    assert (capture.holder, capture.capture, capture.since) == (GSIM, True, raid.day)
    assert str(capture) == "Bamba camp: taken for hours by gsim on 2023-08-04 (high)"
    # the town of a place without rows of its own is no second sight of its camp
    slots = [(one.place, one.slot, one.holder) for one in week.told]
    assert slots == [(KIDAL, CAMP, NOBODY), (KIDAL, TOWN, SEPARATISTS), (BAMBA, CAMP, ARMY)]


def test_every_origin_has_a_look_at_all_slots():
    origins = [FIRST + timedelta(days=n) for n in (4, 6)]
    found = list(looks(ROWS, FIRST, origins, 7, with_claims=False))
    assert days_of(found) == [3, 4, 5, 6]
    assert [len(look.told) for look in found] == [2, 3, 1, 3]


def test_rows_from_before_the_runs_and_initial_rows_are_no_news():
    late = FIRST + timedelta(days=4)
    found = list(looks(ROWS, late, [late + timedelta(days=6)], 7, with_claims=False))
    assert days_of(found) == [5, 10]
    assert not any(one.capture for look in found for one in look.told)
    same_day = (ROWS[2], row(0, "Bamba", "army_camp", "army", "gsim"))
    (first,) = looks(same_day, FIRST, [FIRST], 7, with_claims=False)
    assert [(one.holder, one.capture) for one in first.told] == [(GSIM, False)]


def test_news_of_the_first_day_is_looked_at():
    rows = (ROWS[2], row(0, "Bamba", "army_camp", "army", "gsim"))
    found = list(looks(rows, FIRST, [FIRST + timedelta(days=5)], 7, with_claims=False))
    assert days_of(found) == [0, 5]


def test_nothing_after_the_last_day_is_told():
    history = facts.load().history
    until = date(2023, 10, 20)
    assert list(looks(history, FIRST, [until], 7, True)) == list(
        looks([one for one in history if one.date <= until], FIRST, [until], 7, True)
    )


@pytest.mark.parametrize(("confidence", "error"), [("high", 0.02), ("medium", 0.05), ("low", 0.2)])
def test_a_row_is_wrong_as_often_as_its_confidence_says(confidence: str, error: float):
    told = Told(KIDAL, CAMP, MINUSMA, FIRST, confidence)
    look = Look(FIRST, (told,))
    right, wrong = seen(), seen(camp=ARMY)
    assert math.exp(log_likelihood(look, right)[0, 0]) == pytest.approx(1 - error)
    chances = [
        math.exp(
            log_likelihood(Look(FIRST, (Told(KIDAL, CAMP, h, FIRST, confidence),)), wrong)[0, 0]
        )
        for h in range(6)
    ]
    assert sum(chances) == pytest.approx(1.0)  # a probability of what the record says
    assert chances[MINUSMA] == pytest.approx(error / 5)


def test_a_capture_is_met_by_a_change_within_some_days():
    look = Look(FIRST + timedelta(days=20), (Told(BAMBA, CAMP, GSIM, FIRST, "low", capture=True),))
    end = 24 * (look.number + 1)
    days = facts.load().parameters["record_capture_days"].best
    found = [
        bool(agrees(look.told[0], look, seen(changed=end - 24 * days + late))[0])
        for late in (-1, 0, 24)
    ]
    assert found == [False, True, True]
    missed = facts.load().parameters["record_capture_missed"].best
    met, not_met = seen(changed=end), seen(changed=end - 24 * days - 1)
    assert math.exp(log_likelihood(look, met)[0, 0]) == pytest.approx(1 - missed)
    assert math.exp(log_likelihood(look, not_met)[0, 0]) == pytest.approx(missed)


def test_claims_are_those_of_the_days_since_the_last_look_at_all():
    events = facts.load().events
    origin = date(2023, 9, 12)
    weekly = [look for look in looks((), FIRST, [origin], 7, with_claims=True) if look.is_weekly]
    own = [c.dead for look in weekly for c in look.claims if (c.side, c.whose) == (0, "own")]
    told = [
        int(one["army_killed_per_army"])
        for one in events
        if one["army_killed_per_army"] and FIRST <= date.fromisoformat(one["date"]) <= origin
    ]
    assert sum(own) == sum(told) > 0
    assert not any(look.claims for look in looks((), FIRST, [origin], 7, with_claims=False))


def test_a_claim_is_as_likely_as_its_logarithm_is_near_that_of_the_run():
    claim = Claim(GSIM_SIDE, "enemy", 40)
    found = log_likelihood(Look(FIRST, (), (claim,)), seen(told=9.0))
    sd = facts.load().parameters["record_claim_sd"].best
    assert found[0, 0] == pytest.approx(stats.norm(math.log(10), sd).logpdf(math.log(41)))
    assert str(claim) == "gsim tells 40 enemy dead"


def test_errors_are_those_of_each_run():
    look = Look(FIRST, (Told(KIDAL, TOWN, SEPARATISTS, FIRST, "low"),))
    two = seen(2)
    two.parameters["record_error_low"][:] = (0.1, 0.4)
    assert np.exp(log_likelihood(look, two)[0]) == pytest.approx([0.9, 0.6])
