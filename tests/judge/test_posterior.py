"""Calibration by the filter: weights by hand, a known posterior is found, nothing later is read."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from camphandover import facts
from camphandover.batch.records import read_records
from camphandover.charts import draw_calibration
from camphandover.errors import BatchError
from camphandover.facts.checks import ORIGIN
from camphandover.judge.study import posterior
from camphandover.judge.study.calibration import calibrate
from camphandover.judge.study.posterior import Posterior, clipped, weights_of
from camphandover.judge.study.settings import Budget
from camphandover.known.evidence import in_its_own_past, looks_at
from camphandover.known.filter import effective_number as effective
from worlds import compiled_only

TINY = Budget(factors=4, points=(12, 8), draws=(2, 2), accepted=4, test_draws=2)


def test_weights_are_the_evidence_where_enough_is_left():
    log = np.log([1.0, 2.0, 1.0])
    weights, power = weights_of(log, 2.0)
    assert power == 1.0
    assert weights == pytest.approx([0.25, 0.5, 0.25])
    assert effective(weights) == pytest.approx(1 / 0.375)


def test_a_power_leaves_as_many_effective_points_as_are_asked_for():
    log = np.random.default_rng(1).normal(0.0, 20.0, 500)
    weights, power = weights_of(log, 50.0)
    assert 0.0 < power < 1.0
    assert effective(weights) == pytest.approx(50.0, rel=1e-6)
    assert (np.argsort(weights) == np.argsort(log)).all()


def test_a_lucky_estimate_is_set_to_the_others():
    log = np.array([*np.linspace(-101.0, -100.0, 99), -50.0])
    assert clipped(log).max() < -99.9
    assert clipped(log)[50] == log[50]


@pytest.fixture
def known(monkeypatch):
    """Stands in for the filters: the log evidence falls with the distance of a factor from .2."""

    def weigh(steps, step, problem, points, particles):
        at = problem.names.index("ied_rate")
        noise = np.random.default_rng([7, len(points), int(step[-1])]).normal(0, 1.5, len(points))
        return -30.0 - 60.0 * (points[:, at] - 0.2) ** 2 + noise

    monkeypatch.setattr(posterior.Steps, "weigh", weigh)
    monkeypatch.setattr(posterior.Steps, "test", lambda steps, values, n: (-30.0, 0.5))


def test_a_known_posterior_is_found(known, tmp_path):
    budget = Budget(factors=3, points=(512, 256), draws=(2, 2), accepted=100, test_draws=2)
    found = calibrate(["historical"], "hindcast", 1, tmp_path, budget, by="filter")
    assert next(iter(found.screened)) == "ied_rate"
    low, middle, high = found.marginals["ied_rate"]["probability"]
    sd = math.sqrt(1 / 120)  # of the normal that is cut at the ends of the range
    assert middle == pytest.approx(0.2, abs=0.07)
    assert high - low == pytest.approx(2 * 1.645 * sd, rel=0.35)
    free = [n for n in found.screened if n != "ied_rate"]
    for name in free:
        low, _, high = found.marginals[name]["probability"]
        assert high - low > 0.7
    assert found.power == 1.0
    assert found.left > 100
    assert found.waves[1].skill > 0.3


def test_the_set_the_words_and_the_chart(known, tmp_path):
    found = calibrate(["historical"], "hindcast", 1, tmp_path, TINY, by="filter")
    records = read_records(tmp_path / "hindcast.json")
    assert records.digest == found.records.digest
    assert records.n == 4
    assert records.made["by"] == "filter"
    assert records.made["until"] == "2023-12-31"
    text = str(found)
    assert "-30.0 (se 0.5)" in text
    assert "Wave 2: 8 points" in text
    assert draw_calibration(found, tmp_path).is_file()
    assert json.loads(json.dumps(found.to_dict()))["power"] == found.power


# --- with runs ---------------------------------------------------------------------------


def tiny_prior(folder, seed: int = 7, workers: int = 1) -> Posterior:
    return calibrate(
        None, "prior", seed, folder, TINY, by="filter", workers=workers, progress=False
    )


def with_other_later_rows(monkeypatch) -> None:
    """A record that is nonsense after the forecast origin."""
    theatre = facts.load()
    history = tuple(
        change.model_copy(update={"after": "gsim"}) if change.date > ORIGIN else change
        for change in theatre.history
    )
    camps = tuple(
        camp.model_copy(update={"actual": date(2023, 12, 30)})
        if camp.actual and camp.actual > ORIGIN
        else camp
        for camp in theatre.camps
    )
    changed = replace(theatre, history=history, camps=camps)
    assert changed != theatre
    monkeypatch.setattr(facts, "load", lambda: changed)
    monkeypatch.setattr(facts, "changes_of", lambda text: history)


@compiled_only
def test_the_set_prior_is_made_without_later_rows(tmp_path, monkeypatch):
    from camphandover.scenario import load

    scenario, end = load("on-schedule"), date(2023, 12, 31)
    looks = looks_at(in_its_own_past(scenario, end))
    found = tiny_prior(tmp_path / "a")
    assert found.until == ORIGIN
    with_other_later_rows(monkeypatch)
    again = tiny_prior(tmp_path / "b")
    assert again.records.digest == found.records.digest
    assert again.waves == found.waves
    assert again.after == found.after
    assert looks_at(in_its_own_past(scenario, end)) != looks  # the nonsense is there


@compiled_only
def test_two_workers_find_the_same_and_what_is_there_is_used(tmp_path, monkeypatch):
    found = tiny_prior(tmp_path / "a")
    assert tiny_prior(tmp_path / "b", workers=2).records.digest == found.records.digest
    computed = []
    whole = posterior.Steps._all
    monkeypatch.setattr(
        posterior.Steps, "_all", lambda steps, tasks: computed.append(1) or whole(steps, tasks)
    )
    assert tiny_prior(tmp_path / "a").records.digest == found.records.digest
    assert len(computed) == 2  # the test alone
    with pytest.raises(BatchError, match="belongs to another calibration"):
        tiny_prior(tmp_path / "a", seed=8)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"by": "luck"}, "by is 'luck'"),
        ({"by": "filter", "scenarios": ["historical", "on-schedule"]}, "one scenario"),
        ({"by": "filter", "cluster": "tcp://127.0.0.1:1"}, "neither cluster nor model"),
        ({"by": "filter", "budget": Budget(points=(8,), draws=(2, 2))}, "1 numbers of points"),
    ],
)
def test_bad_input(asked, told, tmp_path):
    with pytest.raises(BatchError, match=told):
        calibrate(out=tmp_path, **asked)
