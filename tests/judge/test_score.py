"""Scores: formulas by hand, intervals, dates of events, whole batches, charts and the command."""

from __future__ import annotations

import json
import math
import sys
import warnings
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted, Unlucky, made, short
from camphandover import facts
from camphandover.charts.scores import plot_reliability, plot_score_by_day
from camphandover.cli import score as cli_score
from camphandover.cli.main import Commands
from camphandover.errors import BatchError
from camphandover.facts.checks import ORIGIN
from camphandover.facts.codes import Holder
from camphandover.judge.score.baselines import Units
from camphandover.judge.score.rules import (
    MEASURES,
    blocks,
    central,
    collapsed,
    coverage,
    crps,
    losses,
    pit,
    quantiles,
    reliability,
    smoothed,
)
from camphandover.judge.score.score import HORIZONS, score
from camphandover.judge.score.scored import Event, first_days, possible_events
from camphandover.known.record import WEIGHTS, read_record

ARMY, SEPARATISTS, GSIM, UN, NOBODY, JOINT = (int(holder) for holder in Holder)
FIRST, LAST = ORIGIN + timedelta(days=1), date(2023, 12, 31)
N_DAYS = 105


@pytest.fixture(autouse=True)
def no_warnings():
    """Nothing that is scored may divide by zero on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


# --- formulas ----------------------------------------------------------------------------


def test_losses_by_hand():
    p = np.array([[0.5, 0.2, 0.1, 0.15, 0.03, 0.02]] * 3)
    found = losses(p, np.array([ARMY, GSIM, NOBODY]))
    # Squares of p: .25, .04, .01, .0225, .0009, .0004, in all .3238; Brier is that - 2 p + 1.
    assert found[:, 0] == pytest.approx([0.3238, 1.1238, 1.2638])
    assert found[:, 1] == pytest.approx([math.log(2), math.log(10), -math.log(0.03)])
    # Ordered: army .5, UN, joint unit or nobody .2, separatists or GSIM .3; cumulated .5, .7, 1.
    # Army came: .5^2 + .3^2; GSIM: .5^2 + .7^2; nobody: .5^2 + .3^2.
    assert found[:, 2] == pytest.approx([0.34, 0.74, 0.34])


def test_losses_at_the_ends_of_the_scale():
    sure = np.eye(6)[[ARMY, ARMY]] * (1 - 1e-9) + 2e-10
    right, wrong = losses(sure, np.array([ARMY, SEPARATISTS]))
    assert right == pytest.approx([0, 0, 0], abs=1e-8)
    assert wrong[[0, 2]] == pytest.approx([2, 2])


def test_collapsed_by_hand():
    assert collapsed(np.array([0.1, 0.2, 0.3, 0.25, 0.1, 0.05])) == pytest.approx([0.1, 0.4, 0.5])


def test_smoothed_by_hand():
    # (count + .5) / (S + 3) with S = 10
    found = smoothed(np.array([10, 0, 0, 0, 0, 0]))
    assert found == pytest.approx(np.array([10.5] + [0.5] * 5) / 13)


def test_without_the_library_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scoringrules", None)
    with pytest.raises(BatchError, match=r"pip install 'camphandover\[analysis\]'"):
        losses(np.full((1, 6), 1 / 6), np.array([ARMY]))


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_scores_are_proper(data):
    """Who forecasts what is true expects to lose least."""
    share = st.lists(st.floats(0.02, 1), min_size=6, max_size=6)
    true, other = (np.array(data.draw(share)) for _ in range(2))
    true, other = true / true.sum(), other / other.sum()
    every = np.arange(6)
    honest = true @ losses(np.broadcast_to(true, (6, 6)), every)
    else_ = true @ losses(np.broadcast_to(other, (6, 6)), every)
    assert (honest <= else_ + 1e-9).all()


def test_reliability_by_hand():
    p = np.array(
        [[[0.9, 0.1, 0, 0, 0], [0.3, 0.7, 0, 0, 0]], [[1.0, 0, 0, 0, 0], [0.2, 0.8, 0, 0, 0]]]
    )
    truth = np.array([[0, 0], [0, 1]])
    found = reliability(p, truth, np.array([[1, 0.5], [1, 0]]))
    # Bins [0, .2), [.2, .4), [.4, .6), [.6, .8), [.8, 1]; the last day weighs nothing.
    assert found.n.tolist() == [11, 1, 0, 1, 2]
    assert found.weight == pytest.approx(np.array([[5.5, 0.5, 0, 0.5, 1], [4, 0, 0, 0, 1]]))
    assert found.p[0] == pytest.approx([0.1, 0.15, 0, 0.35, 0.9])
    assert found.came == pytest.approx(np.array([[0, 0.5, 0, 0, 1], [0, 0, 0, 0, 1]]))


# --- intervals ---------------------------------------------------------------------------


def test_blocks_are_regions_and_places_where_those_are_few():
    regions = blocks(list("aabbc"), list("vwxyz"))
    assert (regions.kind, regions.n, regions.of.tolist()) == ("region", 3, [0, 0, 1, 1, 2])
    places = blocks(list("aabbb"), list("vwxyz"))
    assert (places.kind, places.n) == ("place", 5)
    assert blocks(list("aa"), list("vw")).kind == "none"


def test_a_single_block_has_no_interval():
    value, low, high = blocks(["a"], ["v"]).ratio(np.array([1.0]), np.array([4.0]))
    assert value == 0.25
    assert math.isnan(low)
    assert math.isnan(high)
    assert math.isnan(blocks(["a"], ["v"]).ratio(np.ones(1), np.zeros(1)).value)


def test_intervals_against_scipy():
    rng = np.random.default_rng(4)
    below = rng.uniform(1, 3, 12)
    above = below * rng.uniform(0.2, 0.9, 12)
    names = [str(i // 2) for i in range(12)]
    found = blocks(names, names).skill(above, below)
    sums = [values.reshape(6, 2).sum(axis=1) for values in (above, below)]
    drawn = stats.bootstrap(
        sums, lambda a, b, axis: 1 - a.sum(axis=axis) / b.sum(axis=axis),
        paired=True, method="percentile", n_resamples=20_000, rng=rng,
    )  # fmt: skip
    assert found.value == pytest.approx(1 - above.sum() / below.sum())
    # The interval is .3 wide; 4000 resamples leave each bound an error of about .004.
    assert found[1:] == pytest.approx(drawn.confidence_interval, abs=0.015)
    assert found.low < found.value < found.high


def test_skill_over_itself_is_nil():
    values = np.array([1.0, 2.0, 3.0])
    assert blocks(list("abc"), list("abc")).skill(values, values) == (0, 0, 0)


# --- dates -------------------------------------------------------------------------------


def test_first_days_by_hand():
    holders = np.array([[UN, UN, SEPARATISTS, ARMY], [ARMY, ARMY, ARMY, GSIM]])
    events = [
        Event(0, "UN gone", (ARMY, SEPARATISTS, GSIM, NOBODY, JOINT)),
        Event(0, "to army", (ARMY,)),
        Event(0, "to gsim", (GSIM,)),
        Event(1, "to gsim", (GSIM,)),
        Event(1, "to army", (ARMY,)),
    ]
    assert first_days(holders, events).tolist() == [2, 3, 4, 3, 0]


def test_possible_events():
    places = facts.load().places[:2]
    units = Units(places, ("camp", "camp"), np.array([[UN], [ARMY]]), FIRST, 10)
    found = {(event.unit, event.what) for event in possible_events(units)}
    kidal = {(0, name) for name in ("UN gone", "to army", "to separatists", "to gsim")}
    assert found == kidal | {(1, "to separatists"), (1, "to gsim")}


def test_crps_by_hand():
    mass = np.array([[0.5, 0, 0.5, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0.25, 0, 0.75, 0]])
    # Half at 0, half at 2, truth 1: E|X - y| = 1, E|X - X'| / 2 = .5.
    # Sure of 2, truth 3: the distance. Never, truth never (3): nothing.
    # A quarter at 0, else 2, truth 1: 1 - .25 * .75 * 2.
    assert crps(mass, np.array([1, 3, 3, 1])) == pytest.approx([0.5, 1, 0, 0.625])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30).filter(lambda m: sum(m) > 0.1), st.data())
def test_crps_is_the_sum_over_days_of_the_squared_distance(weights, data):
    mass = np.array(weights) / sum(weights)
    truth = data.draw(st.integers(0, len(mass) - 1))
    step = np.arange(len(mass)) >= truth
    expected = ((mass.cumsum() - step)[:-1] ** 2).sum()
    assert crps(mass[None], np.array([truth]))[0] == pytest.approx(expected, abs=1e-9)


def test_intervals_and_ranks_by_hand():
    mass = np.array([[0.1, 0.2, 0.4, 0.2, 0.1]])
    assert quantiles(mass, 0.5).tolist() == [2]
    assert [bound.tolist() for bound in central(mass, 0.5)] == [[1], [3]]
    assert [bound.tolist() for bound in central(mass, 0.9)] == [[0], [4]]
    assert pit(mass, np.array([2])) == pytest.approx([0.5])
    assert pit(mass, np.array([0])) == pytest.approx([0.05])
    inner, outer = coverage(np.repeat(mass, 4, axis=0), np.array([0, 1, 3, 4]))
    assert (inner["level"], inner["inside"], inner["n"]) == (0.5, 2, 4)
    assert (inner["low"], inner["high"]) == pytest.approx((0.150, 0.850), abs=1e-3)
    assert outer["inside"] == 4


def test_coverage_of_a_right_forecast():
    """Dates drawn from the forecast lie in its intervals at least as often as they say."""
    rng = np.random.default_rng(8)
    mass = rng.dirichlet(np.ones(60), 2000)
    truth = np.array([rng.choice(60, p=one) for one in mass])
    inner, outer = coverage(mass, truth)
    # Standard errors .011 and .007; whole days with bounds add about a day's chance, .03.
    assert 0.50 - 0.035 < inner["share"] < 0.50 + 0.08
    assert 0.90 - 0.02 < outer["share"] < 0.90 + 0.05
    assert pit(mass, truth).mean() == pytest.approx(0.5, abs=0.02)


# --- whole batches -----------------------------------------------------------------------


class Retold(Scripted):
    """Even runs tell the record as it was; odd ones keep the holders of the origin."""

    def run(self, replicate: int) -> Any:
        told = super().run(replicate)
        record = read_record()
        control = record.holders[..., : told.control.shape[-1]].copy()
        if replicate % 2:
            since = record.index(FIRST)
            control[..., since:] = control[..., since - 1 : since]
        told.control = control
        return told


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    out = tmp_path_factory.mktemp("score") / "b"
    return ch.run([made("one"), made("two")], runs=4, seed=5, out=out, model=Retold)


@pytest.fixture(scope="module")
def scored(batch):
    return score(batch, scenario="one", confidence=False)


def value(table: pd.DataFrame, column: str = "score") -> float:
    (found,) = table[column]
    return float(found)


def words(found) -> str:
    """The text in one line."""
    return " ".join(str(found).split())


def test_model_by_hand(scored):
    """Two runs of four agree with the record; all four where nothing has changed yet."""
    record = read_record()
    holders = record.holders[:, 0]
    begin = record.index(FIRST)
    moved = holders[:, begin:] != holders[:, begin - 1 : begin]
    share = moved.mean()
    half, sure = 2.5 / 7, 4.5 / 7
    log = -(share * math.log(half) + (1 - share) * math.log(sure))
    found = scored.select(split="all", horizon="path", forecast="model")
    assert value(found[found["measure"] == "log"]) == pytest.approx(log)
    rest = (0.5 / 7) ** 2
    brier = share * ((1 - half) ** 2 + half**2 + 4 * rest)
    brier += (1 - share) * ((1 - sure) ** 2 + 5 * rest)
    assert value(found[found["measure"] == "brier"]) == pytest.approx(brier)
    assert set(found["n"]) == {36}
    # Persistence: .95 where nothing has changed, .05 / 4.01 where something has.
    stays = -(share * math.log(0.05 / 4.01) + (1 - share) * math.log(0.95))
    row = scored.select(split="all", horizon="path", measure="log", forecast="persistence")
    assert value(row) == pytest.approx(stays)
    assert value(row, "skill") == pytest.approx(1 - log / stays)


def test_kidal_region_at_horizons_by_hand(scored):
    """On 17 October only Anefis has changed; on 16 December all have, Aguelhok not for good."""
    found = scored.select(split="kidal", measure="log", forecast="model").set_index("horizon")
    half, sure = -math.log(2.5 / 7), -math.log(4.5 / 7)
    assert found["score"]["7 d"] == pytest.approx(sure)
    assert found["score"]["30 d"] == pytest.approx((half + 3 * sure) / 4)
    assert found["score"]["90 d"] == pytest.approx(half)
    assert set(found["blocks"]) == {"place"}


def test_changed_places_are_those_of_the_turns(scored):
    assert set(scored.turns["place"]) >= {"Kidal", "Anefis", "Dioura"}
    row = scored.select(split="changed", horizon="path", measure="log", forecast="model")
    assert value(row, "n") == scored.turns["place"].nunique() == scored.about[0].n_places


def test_turns_are_changes_over_midnight(scored):
    kidal = scored.turns[scored.turns["place"] == "Kidal"]
    assert kidal[["before", "after"]].to_numpy().tolist() == [
        ["minusma", "separatists"],
        ["separatists", "army"],
    ]
    assert kidal["date"].tolist() == [pd.Timestamp("2023-10-31"), pd.Timestamp("2023-11-14")]
    # Taken and retaken on one day.
    assert not {"Bamba", "Acharane", "Niafunke"} & set(scored.turns["place"])


def test_origin(scored):
    (about,) = scored.about
    assert about.origin == ORIGIN
    assert (about.window.first, about.window.last) == (FIRST, LAST)
    assert about.agreement == 1


def test_dates_of_events_by_hand(scored):
    row = scored.dates[(scored.dates["place"] == "Kidal") & (scored.dates["event"] == "to army")]
    (kidal,) = row.to_dict("records")
    assert kidal["record"] == pd.Timestamp("2023-11-14")
    # 57 days after 18 September in half of the runs, never (105) in the others: CRPS is
    # (105 - 57) / 2 - (105 - 57) / 4 = 12; persistence waits for 48 days; planned is 15 November.
    assert kidal["crps_model"] == pytest.approx(12)
    assert kidal["crps_persistence"] == pytest.approx(48)
    assert kidal["crps_army on plan"] == pytest.approx(1)
    assert kidal["p_happens"] == 0.5
    assert kidal["median"] == pd.Timestamp("2023-11-14")
    assert pd.isna(kidal["high_50"])
    assert kidal["pit"] == 0.25


def test_events_that_never_come_are_scored_too(scored):
    gsim = scored.dates[scored.dates["event"] == "to gsim"]
    assert gsim["record"].isna().all()
    assert (gsim["crps_model"] == 0).all()
    assert (gsim["crps_markov"] > 0).all()
    happened = scored.select(split="all", horizon="event dates", forecast="model")
    every = scored.select(split="all", horizon="all dates", forecast="model")
    assert value(happened, "n") < value(every, "n") == len(scored.dates)


def test_places_add_up(scored):
    models = scored.places[scored.places["forecast"] == "model"]
    assert models["part_of_log"].sum() == pytest.approx(1)
    row = scored.select(split="all", horizon="path", measure="log", forecast="model")
    assert models["log"].mean() == pytest.approx(value(row))
    anefis = models[models["place"] == "Anefis"].iloc[0]
    assert anefis["days_wrong"] == 86
    assert anefis["wrong_from"] == pd.Timestamp("2023-10-07")


def test_days_add_up(scored):
    for split in ("all", "changed", "kidal"):
        days = scored.days[(scored.days["split"] == split) & (scored.days["forecast"] == "markov")]
        assert len(days) == N_DAYS
        for measure in MEASURES:
            row = scored.select(split=split, horizon="path", measure=measure, forecast="markov")
            assert days[measure].mean() == pytest.approx(value(row))


def test_reliability_of_the_whole(scored):
    rows = scored.reliability[scored.reliability["split"] == "all"]
    assert rows["n"].sum() == 36 * N_DAYS * 6
    # Of what has .357 either the record's or the origin's holder came: half.
    assert rows["came"].iloc[1] == pytest.approx(0.5)


def test_confidence_is_a_weight(batch, scored):
    weighted = score(batch, scenario="one")
    record = read_record()
    models = weighted.places[weighted.places["forecast"] == "model"].set_index("place")["log"]
    begin = record.index(FIRST)
    weights = record.weights[:, 0, begin:].sum(axis=1)
    mean = (models.loc[list(record.places)].to_numpy() * weights).sum() / weights.sum()
    row = weighted.select(split="all", horizon="path", measure="log", forecast="model")
    assert value(row) == pytest.approx(mean)
    assert WEIGHTS["low"] < 1
    plain = scored.select(split="all", horizon="path", measure="log", forecast="model")
    assert value(row) != pytest.approx(value(plain))


def test_towns_and_both(batch):
    towns = score(batch, slot="town", scenario="one", confidence=False)
    assert set(towns.places["slot"]) == {"town"}
    assert "UN gone" not in set(towns.dates["event"])
    both = score(batch, slot="both", scenario="one", confidence=False)
    row = both.select(split="all", horizon="path", measure="log", forecast="model")
    assert value(row, "n") == 72
    assert both.turns["slot"].nunique() == 2


def test_another_window(batch):
    late = score(batch, first="2023-11-01", last="2023-11-30", scenario="one", confidence=False)
    (about,) = late.about
    assert about.origin == date(2023, 10, 31)
    # Odd runs have kept what was on 17 September: they disagree at Anefis, Tessalit and others.
    assert 0.5 < about.agreement < 1
    assert set(late.table["horizon"]) == {"path", "7 d", "30 d", "event dates", "all dates"}
    turns = late.turns["place"].tolist()
    assert turns == ["Kidal", "Ansongo"]


def test_a_scenario_that_begins_after_the_origin(tmp_path):
    late = made("late", window={"start": "2023-11-01", "end": "2023-11-30"})
    batch = ch.run([late], runs=2, out=tmp_path / "b", model=Scripted)
    with pytest.raises(BatchError, match="first day is 2023-09-18, but late runs from 2023-11-01"):
        score(batch)
    found = score(batch, first="2023-11-01")
    assert math.isnan(found.about[0].agreement)
    assert "the scenario begins after the origin" in words(found)


def test_scenarios_of_other_lengths(tmp_path):
    batch = ch.run([made("one"), short("brief")], runs=2, out=tmp_path / "b", model=Scripted)
    found = score(batch)
    assert [about.window.n_days for about in found.about] == [105, 13]
    brief = found.select(scenario="brief")
    assert set(brief["horizon"]) >= {"path", "7 d"}
    assert not {"30 d"} & set(brief["horizon"])
    assert len(str(found)) > 1000


def test_failed_runs_are_left_out(tmp_path):
    batch = ch.run([made("one")], runs=5, out=tmp_path / "b", model=Unlucky)
    found = score(batch)
    assert (found.about[0].n, found.runs) == (4, 5)


def test_dates_that_the_scenario_gives_are_marked(tmp_path):
    given_ = made("told", handover={"all": {"exit": "actual", "spread": 0, "early_exit": False}})
    batch = ch.run([given_], runs=2, out=tmp_path / "b", model=Retold)
    found = score(batch)
    told = found.dates[found.dates["given"]]
    assert {"Kidal", "Tessalit", "Timbuktu"} <= set(told["place"])
    assert set(told[told["place"] == "Kidal"]["event"]) == {"UN gone", "to separatists"}
    open_ = found.select(split="all", horizon="event dates", forecast="model")
    assert value(open_, "n") == (found.dates["record"].notna() & ~found.dates["given"]).sum()
    assert "The scenario gives the dates of 20 events" in words(found)


def test_a_longer_record(batch, tmp_path):
    path = tmp_path / "longer.csv"
    shipped = (facts.FOLDER / "control_history.csv").read_text()
    path.write_text(shipped + "2024-02-01,Gao,un_camp,minusma,army,handover,,,low,,\n")
    found = score(batch, history=path, scenario="one", confidence=False)
    assert found.about[0].window.last == LAST
    row = found.select(split="all", horizon="path", measure="log", forecast="model")
    same = score(batch, scenario="one", confidence=False)
    assert value(row) == value(
        same.select(split="all", horizon="path", measure="log", forecast="model")
    )


@pytest.mark.parametrize(
    ("options", "report"),
    [
        ({"slot": "tower"}, "no slot is named 'tower'"),
        ({"scenario": "three"}, "no scenario is named 'three'"),
        ({"first": "2023-08-01"}, "the record can be scored from 2023-08-02"),
        ({"first": "yesterday"}, "first is 'yesterday': a day"),
        ({"last": "2024-03-01"}, "ends on 2023-12-31"),
        ({"first": "2023-12-01", "last": "2023-11-01"}, "is before the first one"),
    ],
)
def test_faults(batch, options, report):
    with pytest.raises(BatchError, match=report):
        score(batch, **options)


def test_a_record_that_knows_no_place_yet(batch, tmp_path):
    path = tmp_path / "late.csv"
    path.write_text(
        "date,place,object,controller_before,controller_after,how,hours_held,confidence\n"
        "2023-10-01,Kidal,town,,army,initial,,high\n"
    )
    with pytest.raises(BatchError, match="can be scored from 2023-10-02"):
        score(batch, history=path)


def test_select_refuses_unknown_labels(scored):
    with pytest.raises(BatchError, match="no measure is named 'logs'"):
        scored.select(measure="logs")
    with pytest.raises(BatchError, match="no column is named 'colour'"):
        scored.select(colour="red")


def test_text_and_html(batch):
    found = score(batch)
    lines = str(found).splitlines()
    assert all(len(line) <= 120 for line in lines)
    assert sum(line.startswith("Scenario ") for line in lines) == 2
    assert "17 changes at 13 places in 6 regions" in words(found)
    assert found._repr_html_().count("<table>") == 2 * 10


def test_json(scored, tmp_path):
    path = tmp_path / "score.json"
    scored.write_json(path)
    told = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert told["scenarios"][0]["origin"] == "2023-09-17"
    assert told["scenarios"][0]["window"] == ["2023-09-18", "2023-12-31"]
    assert len(told["table"]) == len(scored.table)
    assert told["table"][0]["skill"] is None
    assert told["confidence"] is False


def test_horizons_are_those_of_the_rule_book():
    assert HORIZONS == (7, 30, 60, 90)


# --- charts and the command --------------------------------------------------------------


def test_score_by_day_draws_what_was_scored(scored):
    ax = plot_score_by_day(scored)
    drawn = {patch.get_label(): patch for patch in ax.patches}
    assert len(drawn) >= 1
    heights = [patch.get_data().values for patch in ax.patches]
    days = scored.days[(scored.days["split"] == "kidal") & (scored.days["forecast"] == "model")]
    assert np.array_equal(heights[-1], days["log"])  # the model lies on top
    assert any("Kidal to army" in text.get_text() for text in ax.texts)
    assert "Kidal region" in ax.get_title(loc="left")


def test_reliability_draws_what_was_scored(scored):
    ax = plot_reliability(scored, split="kidal")
    rows = scored.reliability[scored.reliability["split"] == "kidal"]
    rows = rows[rows["n"] > 0]
    points = ax.lines[-1]
    assert np.array_equal(points.get_xdata(), rows["p"])
    assert np.array_equal(points.get_ydata(), rows["came"])


def test_charts_refuse_unknown_names(batch, scored):
    with pytest.raises(ValueError, match="split 'north' is not one of all, changed, kidal"):
        plot_score_by_day(scored, "north")
    with pytest.raises(ValueError, match="'three' was not scored"):
        plot_reliability(scored, scenario="three")
    with pytest.raises(ValueError, match="scenario= is needed"):
        plot_reliability(replace(scored, about=scored.about * 2))


app = typer.Typer(cls=Commands, add_completion=False)
app.callback()(lambda: None)
app.command()(cli_score.score)


def call(*arguments: str):
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


def test_command(batch, tmp_path):
    done = call(batch.folder, "--json", tmp_path / "s.json", "--scenario", "one")
    assert done.exit_code == 0, done.output
    assert "Kidal region" in done.output
    assert json.loads((tmp_path / "s.json").read_text())["slot"] == "camp"
    charts = sorted(path.name for path in (batch.folder / "charts").glob("score-*"))
    assert charts == ["score-by-day-one.png", "score-reliability-one.png"]


def test_command_without_charts(batch):
    for path in (batch.folder / "charts").glob("score-*"):
        path.unlink()
    done = call(batch.folder, "--no-charts", "--no-confidence", "--slot", "town")
    assert done.exit_code == 0
    assert "All days count alike" in done.output
    assert not list((batch.folder / "charts").glob("score-*"))


@pytest.mark.parametrize(
    ("options", "report"),
    [
        (["--from", "2023-99-01"], "first is '2023-99-01': a day"),
        (["--history", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["--to", "2025-01-01"], "ends on 2023-12-31"),
    ],
)
def test_command_tells_faults(batch, options, report):
    done = call(batch.folder, *options)
    assert done.exit_code == 2
    assert report in done.output
    assert "Traceback" not in done.output
