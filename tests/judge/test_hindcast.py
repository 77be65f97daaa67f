"""Forecasts from rolling origins: what they know, what they are held to, and how they are told."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import camphandover as ch
from camphandover import facts
from camphandover.charts.horizons import plot_score_by_horizon
from camphandover.cli.main import app
from camphandover.errors import BatchError
from camphandover.facts.codes import HOLDERS, Holder
from camphandover.judge.score import baselines, rules
from camphandover.judge.score.baselines import TITLES, Units
from camphandover.judge.score.hindcast import LOOK_DAYS, Hindcast
from camphandover.judge.score.rolled import AS_IT_IS, PLAIN
from camphandover.judge.score.scored import MODEL
from camphandover.known.filter import Filter
from camphandover.known.news import (
    Look,
    Seen,
    Told,
    log_likelihood,
    log_likelihood_of_fresh,
    looks,
)
from camphandover.known.particles import Particles
from camphandover.known.record import read_record
from camphandover.known.rolling import fan, retold, unweighed, weighed

FIRST = date(2023, 9, 17)
SMALL: dict[str, Any] = {
    "particles": 6, "every": 14, "horizon": (7, 14), "until": "2023-10-22", "seed": 11,
    "progress": False,
}  # fmt: skip
FORECASTS = [MODEL, MODEL + AS_IT_IS, PLAIN, PLAIN + AS_IT_IS, *TITLES]


@pytest.fixture(scope="module")
def small() -> Hindcast:
    return ch.hindcast(workers=2, **SMALL)


def past(until: date, n: int = 6, seed: int = 11, workers: int = 2) -> Particles:
    known = {"until": until, "own_past": True}
    return Particles(ch.load_scenario({"title": "t", "question": "q", "known": known}), n, seed,
                     workers=workers)  # fmt: skip


def seen(particles: Particles, *origins: date) -> list[Any]:
    changes = [row for row in facts.load().history if row.date <= origins[-1]]
    return list(looks(changes, particles.scenario.window.start, origins, LOOK_DAYS))


def holders_of(particles: Particles) -> np.ndarray:
    """Codes, shape (particle, place, slot)."""
    places = particles.states.places
    return np.stack([places[f"{slot}_holder"] for slot in ("camp", "town")], axis=2)


# --- fans --------------------------------------------------------------------------------


def test_a_fan_is_what_particles_that_know_the_record_until_its_origin_go_on_with() -> None:
    """The filter's own last resampling, and play to the end, with other exits to come."""
    origins = (FIRST, FIRST + timedelta(days=14), FIRST + timedelta(days=42))
    whole = past(origins[-1])
    (_, made, _) = weighed(
        Filter(whole, 11), whole, seen(whole, *origins), dict.fromkeys(origins, 40)
    )

    alone = past(origins[1])
    told = seen(alone, origins[1])
    list(Filter(alone, 11).run(told, told[-1]))
    assert made.origin == origins[1]
    assert np.array_equal(made.holders[..., 0], holders_of(alone))
    assert len(np.unique(made.parents)) < 6  # some are copies, so the test is of those, too
    alone.play(told[-1].number + 40)
    assert np.array_equal(made.holders[..., 40], holders_of(alone))


def test_a_fan_leaves_the_particles_as_they_are() -> None:
    particles = past(FIRST)
    (look,) = [one for one in seen(particles, FIRST) if one.day == FIRST]
    particles.play(look.number)
    before = particles.states.places.tobytes()
    made = fan(particles, look, np.zeros(6, np.intp), 10)
    assert before == particles.states.places.tobytes()
    assert not np.array_equal(made.holders[0], made.holders[1])  # own luck from the origin on
    assert np.array_equal(made.holders[0, ..., 0], made.holders[1, ..., 0])


def test_runs_that_are_not_weighed_are_those_of_their_numbers() -> None:
    particles = past(FIRST)
    (made,) = unweighed(particles, seen(particles, FIRST), {FIRST: 5})
    again = past(FIRST)
    again.play(made.look.number + 5)
    assert np.array_equal(made.holders[..., -1], holders_of(again))


def test_the_record_goes_on_until_a_run_has_news_by_hand() -> None:
    army, un, separatists = (int(h) for h in (Holder.ARMY, Holder.MINUSMA, Holder.SEPARATISTS))
    runs = np.array([
        [[separatists, separatists, army, army]],  # not as the record, until it changes
        [[separatists, separatists, separatists, separatists]],  # never changes
        [[un, un, un, separatists]],  # as the record all the time
        [[army, un, army, army]],  # there and back: news, too
    ])  # fmt: skip
    found = retold(runs, np.array([un]))
    assert found[:, 0].tolist() == [
        [un, un, army, army], [un] * 4, [un, un, un, separatists], [un, un, army, army],
    ]  # fmt: skip


# --- looks at the record -----------------------------------------------------------------


def test_only_news_that_has_come_of_age_weighs_and_once_by_hand() -> None:
    day, (army, separatists) = date(2023, 10, 15), (int(Holder.ARMY), int(Holder.SEPARATISTS))
    number = (day - date(1970, 1, 1)).days
    told = (
        Told(0, 0, army, day - timedelta(days=8), "high"),  # a row of age
        Told(1, 0, army, day - timedelta(days=1), "high"),  # a fresh one
        Told(2, 0, army, day - timedelta(days=60), "low"),  # an old one
    )
    # The first run is as the record everywhere, the second nowhere; the third has a change of age
    # at the last place, and the fourth one of today.
    holders = np.array([[army] * 3, [separatists] * 3, [army, army, separatists]] * 2)[:4, :, None]
    ages = np.full((4, 3, 1), 70)
    ages[2, 2], ages[3, 2] = 7, 0
    found = Seen(
        holders, 24.0 * (number - ages) + 5.0, np.zeros((len(holders), 6, 2)), ERRORS_BY_HAND
    )
    look = Look(day, 7, 7, told)
    right, wrong = math.log(0.95), math.log(0.05 / 5)
    assert log_likelihood(look, found) == pytest.approx(
        np.array([[right, wrong, right, right], [0] * 4, [0, 0, math.log(0.3 / 5), 0]])
    )
    assert log_likelihood_of_fresh(look, found) == pytest.approx(
        np.array([[0] * 4, [right, wrong, right, right], [0, 0, 0, math.log(0.7)]])
    )


ERRORS_BY_HAND = {
    f"record_error_{name}": np.full(4, error) for name, error in (("high", 0.05), ("low", 0.3))
}


def test_every_row_and_change_weighs_at_one_look() -> None:
    """Looks a week apart take in all days, each once; the first takes in none."""
    particles = past(FIRST)
    told = seen(particles, FIRST)
    ages = {
        (one.day - timedelta(days=n)) for one in told for n in range(one.late, one.late + one.days)
    }
    assert len(ages) == sum(one.days for one in told)
    assert max(ages) == FIRST - timedelta(days=LOOK_DAYS)


# --- scores ------------------------------------------------------------------------------


def test_the_table_has_all_forecasts_at_all_horizons(small: Hindcast) -> None:
    rows = small.select(split="all", measure="log", horizon="7 d")
    assert list(rows["forecast"]) == FORECASTS
    assert (rows["n_origins"] == 3).all()
    assert set(small.table["horizon"]) == {"7 d", "14 d", "event dates", "all dates"}
    assert small.select(split="all", measure="log", horizon="14 d")["n_origins"].tolist() == [2] * 9
    assert small.table["score"].notna().all()
    assert list(small.origins["origin"]) == [FIRST + timedelta(days=14 * i) for i in range(3)]


def test_horizons_that_no_origin_reaches_are_left_out() -> None:
    found = ch.hindcast(particles=2, every=28, until="2023-10-10", horizon=(30, 14), progress=False)
    assert found.horizons == (14,)
    assert set(found.table["horizon"]) == {"14 d", "event dates", "all dates"}
    assert "+14" in str(found)


def test_the_baselines_are_those_of_score_from_each_origin(small: Hindcast) -> None:
    """Mean losses by hand, from the record alone."""
    record, names = read_record(), {p.name: p for p in facts.load().places}
    loss, weight = dict.fromkeys(TITLES, 0.0), 0.0
    for origin in small.origins["origin"]:
        today = record.index(origin)
        place = np.flatnonzero(record.holders[:, 0, today] >= 0)
        units = Units(
            places=tuple(names[record.places[i]] for i in place), slots=("camp",) * len(place),
            past=record.holders[place, 0, : today + 1], first=origin + timedelta(days=1), n_days=7,
        )  # fmt: skip
        came, w = record.holders[place, 0, today + 7], record.weights[place, 0, today + 7]
        weight += w.sum()
        for name, one in baselines.baselines(units).items():
            loss[name] += (w * -np.log(one.p[np.arange(len(place)), 6, came])).sum()
    for name in TITLES:
        (row,) = small.select(split="all", measure="log", horizon="7 d", forecast=name).to_dict(
            "records"
        )
        assert row["score"] == pytest.approx(loss[name] / weight)


def test_the_model_is_the_share_of_its_runs(small: Hindcast) -> None:
    """Losses of the runs as they are, from fans made by hand."""
    record, origins = read_record(), list(small.origins["origin"])
    scenario = {"title": "t", "question": "q", "known": {"until": origins[-1], "own_past": True}}
    bests = {n: p.prior[1] for n, p in facts.load().parameters.items() if p.prior is not None}
    loaded = ch.load_scenario(scenario)
    loaded = loaded.model_copy(update={"parameters": bests | loaded.parameters})
    particles = Particles(loaded, 6, 11)
    made = unweighed(particles, seen(particles, *origins), dict.fromkeys(origins, 7))
    loss = weight = 0.0
    for one in made:
        day = record.index(one.origin + timedelta(days=7))
        came, w = record.holders[:, 0, day], record.weights[:, 0, day]
        same = (one.holders[:, :, 0, 7] == came).sum(axis=0)
        loss += (w * -np.log((same + 0.5) / (6 + 0.5 * len(HOLDERS)))).sum()
        weight += w.sum()
    found = small.select(split="all", measure="log", horizon="7 d", forecast=PLAIN + AS_IT_IS)
    assert found["score"].item() == pytest.approx(loss / weight)


def test_parts_of_the_loss_sum_to_one(small: Hindcast) -> None:
    models = small.places[small.places["forecast"] == MODEL]
    assert models.groupby("horizon")["part_of_log"].sum().tolist() == pytest.approx([1, 1])


def test_losses_by_origin_have_the_mean_of_the_table(small: Hindcast) -> None:
    """All origins weigh nearly the same, as few rows change their confidence."""
    (mean,) = small.select(split="all", measure="log", horizon="7 d", forecast=MODEL)["score"]
    assert small.origins["log_7"].mean() == pytest.approx(mean, rel=0.02)
    assert math.isnan(small.origins["log_14"].iloc[-1])


def test_workers_change_no_figure(small: Hindcast) -> None:
    alone = ch.hindcast(workers=1, **SMALL)
    assert alone.table.equals(small.table)
    assert alone.origins.equals(small.origins)


def test_nothing_later_than_an_origin_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All later rows of record, calendar and events are nonsense: the same forecasts from there."""
    origin, theatre = FIRST + timedelta(days=14), facts.load()
    soon = origin + timedelta(days=1)
    history = [
        row if row.date <= origin
        else row.model_copy(update={"date": soon, "after": "gsim", "confidence": "high"})
        for row in theatre.history
    ]  # fmt: skip
    calendar = [
        row if row.date <= origin else row.model_copy(update={"date": soon, "rung": 0})
        for row in theatre.calendar
    ]
    events = [
        row if row["date"] <= str(origin) else row | {"date": str(soon), "place": "Kidal"}
        for row in theatre.events
    ]
    scrambled = replace(
        theatre, history=tuple(history), calendar=tuple(calendar), events=tuple(events)
    )
    before = _forecasts_from(origin)
    for module in (facts, facts.history):
        monkeypatch.setattr(module, "load", lambda: scrambled)
    facts.changes_of.cache_clear()
    try:
        assert np.array_equal(before, _forecasts_from(origin))
        particles = past(origin + timedelta(days=28))
        exits = particles.states.places["exit_known"]
        assert (exits == (soon - date(1970, 1, 1)).days).sum() > 6  # the nonsense is there
    finally:
        facts.changes_of.cache_clear()


def _forecasts_from(origin: date) -> np.ndarray:
    later = origin + timedelta(days=28)
    particles = past(later)
    made = weighed(
        Filter(particles, 11), particles, seen(particles, origin, later), {origin: 30, later: 1}
    )
    return next(iter(made)).holders


def test_the_days_on_which_the_un_really_left_are_not_known(small: Hindcast) -> None:
    """A scenario that gives them is played with those planned."""
    assert ch.hindcast("historical", **SMALL).table.equals(small.table)


# --- intervals ---------------------------------------------------------------------------


def crossed(length: int, n_origins: int = 6) -> rules.Crossed:
    origin = np.repeat(np.arange(n_origins), 3)
    return rules.Crossed("region", np.tile(np.arange(3), n_origins), 3, origin, n_origins, length)


def test_each_resample_has_as_many_origins_as_there_are() -> None:
    for length in (1, 2, 4, 6, 9):
        assert (crossed(length).times.sum(axis=1) == 6).all()
    assert (crossed(6).times == 1).all()  # one block holds all of them
    runs = crossed(3).times
    assert (runs.max(axis=1) > 1).any()


def test_longer_blocks_are_wider_where_neighbours_are_alike() -> None:
    """Losses that come in two spells of time: single origins would seem to tell more."""
    values = np.repeat([0.0, 1.0], 36)
    one, six = (crossed(n, 24).ratio(values, np.ones(72)) for n in (1, 6))
    assert one.value == six.value == 0.5
    assert six.high - six.low > 1.5 * (one.high - one.low) > 0


def test_with_one_origin_only_places_are_drawn() -> None:
    values, weights = np.array([0.1, 0.5, 0.9]), np.array([1.0, 2, 1])
    plain = rules.Blocks("region", np.arange(3), 3)
    assert crossed(1, 1).ratio(values, weights) == plain.ratio(values, weights)


# --- what is asked -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"every": 10}, "every is 10: whole weeks are needed, such as 7d or 14d"),
        ({"every": "weekly"}, "every is 'weekly': whole weeks"),
        ({"every": True}, "every is True: whole weeks"),
        ({"horizon": []}, r"horizon is \[\]: some numbers of days are needed"),
        ({"horizon": [0]}, "horizon is 0: a whole number from 1 to 365 is needed"),
        ({"horizon": 7}, "horizon is 7: some numbers of days are needed"),
        ({"until": "2024-02-01"}, "until is 2024-02-01, but the record of the package ends on"),
        ({"first": "2023-12-28"}, "the first origin is 2023-12-28, and 7 days after it nothing"),
        ({"first": "2023-07-01"}, "first is 2023-07-01: a day from 2023-08-01"),
        ({"first": "soon"}, "first is 'soon': a day from"),
        ({"slot": "base"}, "no slot is named 'base'"),
        ({"evidence": "later"}, "evidence is 'later': one of hindcast, prior is needed"),
        ({"particles": 1}, "particles is 1: a whole number from 2 to 100000"),
        ({"history": "nowhere.csv"}, "nowhere.csv"),
    ],
)
def test_bad_input_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises((BatchError, ch.ScenarioError, Exception), match=told) as caught:
        ch.hindcast(**{"particles": 2, "progress": False, **given})
    assert type(caught.value).__module__.startswith("camphandover")


def test_words_and_numbers(small: Hindcast) -> None:
    text = str(small)
    assert "3 origins" in " ".join(text.split())
    assert "Log score, nats, all places" in text
    assert max(map(len, text.splitlines())) <= 120
    data = small.to_dict()
    assert data["particles"] == 6
    assert len(data["table"]) == len(small.table)


def test_the_chart_has_each_forecast_with_its_interval(small: Hindcast) -> None:
    ax = plot_score_by_horizon(small)
    rows = small.select(split="all", measure="log", forecast=MODEL)
    lines = {tuple(line.get_ydata()) for line in ax.get_lines()}
    assert tuple(rows[rows["horizon"].isin(["7 d", "14 d"])]["score"]) in lines
    assert [label.get_text() for label in ax.get_xticklabels()] == ["+7", "+14"]
    with pytest.raises(ValueError, match="split 'north'"):
        plot_score_by_horizon(small, "north")
    with pytest.raises(ValueError, match="measure 'crps'"):
        plot_score_by_horizon(small, measure="crps")


def test_the_command_takes_what_the_function_takes(tmp_path: Any) -> None:
    line = "hindcast --particles 3 --every 28d --horizon 7 --until 2023-10-22 --workers 1 --quiet"
    found = CliRunner().invoke(app, [*line.split(), "--out", str(tmp_path)])
    assert found.exit_code == 0, found.output
    assert "forecast from 2 origins" in " ".join(found.output.split())
    assert sorted(file.name for file in (tmp_path / "charts").iterdir()) == [
        "hindcast-all.png", "hindcast-kidal.png",
    ]  # fmt: skip
    wrong = CliRunner().invoke(app, ["hindcast", "--every", "3d"])
    assert wrong.exit_code == 2
    assert "whole weeks" in wrong.output
