"""Calibration: targets by hand, a known optimum is found, `prior` knows nothing later."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

import camphandover as ch
from camphandover import facts
from camphandover.batch.records import read_records
from camphandover.cli import main as cli
from camphandover.errors import BatchError
from camphandover.facts.checks import ORIGIN
from camphandover.judge.study import calibration, emulator, targets
from camphandover.judge.study.calibration import Calibration, calibrate
from camphandover.judge.study.settings import Budget
from camphandover.judge.study.targets import Measured, Targets
from camphandover.measure.claims_record import CLAIMS, ClaimOnRecord, claims_on_record
from camphandover.measure.patterns.data import patterns

TINY = Budget(2, 1, 4, (8,), (2,), 4, 1)
USUAL = ([5.0], [math.log(8)], [1.0])
CLAIM = ClaimOnRecord("army_dead_told_by_army", math.log(8), 0.4, 4, date(2023, 9, 17))


def asked(n_patterns: int = 2, claims=(CLAIM,)) -> Targets:
    chosen = tuple((pattern, 0) for pattern in patterns()[:n_patterns])
    return Targets("hindcast", date(2023, 12, 31), chosen, tuple(claims))


def values(hits, n, claim=USUAL) -> Measured:
    points = np.array(hits, dtype=float).shape[1]
    rows = [np.array([row], dtype=float) * np.ones((1, points)) for row in claim]
    return Measured(np.array(hits, float), np.array(n, float), *rows)


# --- targets -----------------------------------------------------------------------------


def test_the_fit_of_a_point_by_hand():
    fit = targets.log_fit(asked(), values([[3, 0], [9, 9]], [[9, 9], [9, 9]]))
    best = math.log(9.5 / 10)
    assert fit == pytest.approx([math.log(3.5 / 10) + best, math.log(0.5 / 10) + best])


def test_the_distance_of_a_claim_by_hand():
    # four raids on record, sd 1 in the model: the mean of four has sd 1/2
    one = values([[1], [1]], [[1], [1]], ([5.0], [math.log(8) + 1.0], [1.0]))
    spread = math.sqrt(0.25 + targets.DISCREPANCY**2)
    assert targets.claim_distance(CLAIM, one, 0) == pytest.approx([1.0 / spread])
    fit = targets.log_fit(asked(2), one)
    assert fit == pytest.approx([2 * math.log(1.5 / 2) - 0.5 / spread**2])


def test_a_point_without_a_claim_is_as_far_as_the_farthest():
    claim = ([5.0, 0.0], [math.log(8) - 2.0, math.nan], [1.0, math.nan])
    two = values([[1, 1]], [[1, 1]], claim)
    far = targets.claim_distance(CLAIM, two, 0)
    assert far[1] == abs(far[0])


def test_patterns_are_measured_where_the_scenario_leaves_them_open():
    names = targets.SCENARIOS["hindcast"]
    scenarios = [ch.load_scenario(name) for name in names]
    found = targets.targets_of("hindcast", scenarios)
    where = {p.name: [i for q, i in found.patterns if q.name == p.name] for p, _ in found.patterns}
    assert names == ("full-model", "on-schedule")
    assert where["P1"] == where["P9"] == [0, 1]  # the historical one sets the exit
    assert all(where[name] == [0] for name in where if name not in ("P1", "P9"))
    assert len(where) == 14
    assert "P9" in found.names
    assert "P9 in on-schedule" in found.names


def test_claims_on_record_by_hand():
    by_name = {claim.name: claim for claim in claims_on_record(date(2023, 12, 31))}
    own = by_name["army_dead_told_by_army"]  # 10 at Bourem, 5 at Lere
    assert (own.n, own.mean) == (2, pytest.approx((math.log(11) + math.log(6)) / 2))
    theirs = by_name["army_dead_told_by_separatists"]  # 97, 35, 81, 25
    assert theirs.n == 4
    early = {claim.name: claim for claim in claims_on_record(ORIGIN)}
    assert early["army_dead_told_by_separatists"].n == 2
    assert set(by_name) == set(CLAIMS)


# --- surfaces ----------------------------------------------------------------------------


def test_a_surface_finds_a_quadratic_through_noise():
    rng = np.random.default_rng(1)
    points = rng.random((400, 3))

    def truth(x):
        return 3 * x[:, 0] - 4 * (x[:, 1] - 0.3) ** 2

    noisy = np.stack([truth(points) + rng.normal(0, 0.3, 400), np.full(400, 2.0)])
    surface = emulator.Surface(points, noisy)
    fresh = rng.random((200, 3))
    mean, sd = surface(fresh)
    assert np.abs(mean[0] - truth(fresh)).max() < 0.25
    assert (mean[1] == 2.0).all()
    assert (sd[1] == 0.0).all()
    assert 0 < sd[0].mean() < 0.15
    told = emulator.skill(points, noisy, 1)
    assert told[0] > 0.8
    assert math.isnan(told[1])


def test_importance_is_what_exceeds_the_median_of_a_target():
    moved = np.array([[1.0, 1.0, 5.0], [2.0, 0.0, 1.0]])
    assert calibration.importance(moved) == pytest.approx([1.0, 0.0, 4.0])


def test_favour_never_makes_a_candidate_worse():
    mean, sd = np.array([[0.2], [-1.0], [2.5]]), np.array([[0.5], [0.5], [0.5]])
    sure = calibration.expected_fit(asked(), mean, np.zeros_like(sd))
    assert calibration.expected_fit(asked(), mean, sd) > sure
    one_claim = -0.5 * 2.5**2
    odds = [1 / (1 + math.exp(-0.2)), 1 / (1 + math.exp(1.0))]
    assert sure == pytest.approx([math.log(odds[0]) + math.log(odds[1]) + one_claim])


# --- the whole way -----------------------------------------------------------------------


class KnownOptimum:
    """Stands in for the runs: a pattern is met the likelier the nearer two factors are to .2."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def __call__(self, steps, step, problem, points, draws, seed):
        self.steps.append(step)
        at = {name: points[:, i] for i, name in enumerate(problem.names)}
        half = np.full(len(points), 0.5)
        off = np.abs(np.stack([at.get(name, half) for name in ("ied_rate", "refuse_p")]) - 0.2)
        rng = np.random.default_rng([seed, len(self.steps)])
        p = np.clip(0.95 - off, 0.02, 0.98)
        hits = rng.binomial(draws, p).astype(float)
        none = np.zeros((0, len(points)))
        return Measured(hits, np.full_like(hits, draws), none, none, none)


@pytest.fixture
def known(monkeypatch):
    stand_in = KnownOptimum()
    monkeypatch.setattr(calibration.Steps, "measure", lambda steps, *a: stand_in(steps, *a))
    monkeypatch.setattr(targets, "targets_of", lambda *a: asked(2, ()))
    return stand_in


def test_a_known_optimum_is_found(known, tmp_path):
    budget = Budget(8, 20, 5, (256, 128, 128), (10, 10, 20), 30, 10)
    found = calibrate(["historical"], "hindcast", 1, tmp_path, budget)
    assert {"ied_rate", "refuse_p"} <= set(found.screened)
    assert list(found.screened)[:2] in (["ied_rate", "refuse_p"], ["refuse_p", "ied_rate"])
    for name in ("ied_rate", "refuse_p"):
        low, middle, high = found.marginals[name]["probability"]
        assert 0.05 < middle < 0.35
        assert high - low < 0.6
    shares = [values.hits.sum() / values.n.sum() for values in (found.before, found.after)]
    assert shares[1] > shares[0] + 0.1
    fits = [wave.fit[1] for wave in found.waves]
    assert fits[0] < fits[1] <= fits[2] + 0.3
    assert "of 2 patterns" in str(found)
    assert known.steps == ["screening", "wave-1", "wave-2", "wave-3", "test", "test-of-best"]


def test_the_set_has_its_rule_and_runs(known, tmp_path):
    budget = Budget(2, 4, 3, (32,), (4,), 8, 2)
    found = calibrate(["historical"], "hindcast", 1, tmp_path, budget)
    records = read_records(tmp_path / "hindcast.json")
    assert records.digest == found.records.digest
    assert "8 with the best fit were accepted" in records.made["rule"]
    assert records.made["targets"]["until"] == "2023-12-31"
    assert not records.is_paired
    batch = ch.run("historical", 2, out=tmp_path / "b", parameters=tmp_path / "hindcast.json")
    assert batch.manifest["records"]["name"] == "hindcast"


def test_only_the_screening_shares_its_luck(monkeypatch, tmp_path):
    paired = {}

    def run(steps, step, records, draws, seed):
        paired[step] = records.is_paired
        hits = np.full((2, records.n), draws // 2, dtype=float)
        none = np.zeros((0, records.n))
        return Measured(hits, np.full_like(hits, draws), none, none, none)

    monkeypatch.setattr(calibration.Steps, "run", run)
    monkeypatch.setattr(targets, "targets_of", lambda *a: asked(2, ()))
    calibrate(["historical"], "hindcast", 1, tmp_path, Budget(2, 4, 3, (32, 16), (4, 4), 8, 2))
    assert paired.pop("screening")
    assert set(paired) == {"wave-1", "wave-2", "test", "test-of-best"}
    assert not any(paired.values())


def tiny_prior(folder) -> Calibration:
    return calibrate(None, "prior", 7, folder, TINY, progress=False)


def with_other_later_rows(monkeypatch) -> None:
    """A record that is nonsense after the forecast origin."""
    theatre = facts.load()
    history = tuple(
        change.model_copy(update={"after": "gsim", "date": date(2023, 12, 30)})
        if change.date > ORIGIN
        else change
        for change in theatre.history
    )
    events = tuple(
        {**row, **{name: "999" for name in row if "_killed_per_" in name}}
        if date.fromisoformat(row["date"]) > ORIGIN
        else row
        for row in theatre.events
    )
    camps = tuple(
        camp.model_copy(update={"actual": date(2023, 12, 30)})
        if camp.actual and camp.actual > ORIGIN
        else camp
        for camp in theatre.camps
    )
    changed = replace(theatre, history=history, events=events, camps=camps)
    assert changed != theatre
    monkeypatch.setattr(facts, "load", lambda: changed)


def test_the_set_prior_is_made_without_later_rows(tmp_path, monkeypatch):
    found = tiny_prior(tmp_path / "a")
    assert found.targets.until == ORIGIN
    assert all(pattern.last <= ORIGIN for pattern, _ in found.targets.patterns)
    assert all(
        day <= (ORIGIN - date(1970, 1, 1)).days
        for pattern, _ in found.targets.patterns
        for day in pattern.dates.values()
    )
    assert all(claim.last <= ORIGIN for claim in found.targets.claims)
    with_other_later_rows(monkeypatch)
    again = tiny_prior(tmp_path / "b")
    assert again.records.digest == found.records.digest
    later = {claim.name: claim for claim in claims_on_record(date(2023, 12, 31))}
    assert later["army_dead_told_by_separatists"].mean > 5  # the nonsense is there


def test_the_runs_of_prior_end_on_the_origin():
    given = [ch.load_scenario("on-schedule")]
    (cut,) = targets.scenarios_of("prior", given)
    assert cut.window.end == ORIGIN
    assert cut.camps == given[0].camps
    late = given[0].model_copy(
        update={"window": given[0].window.model_copy(update={"start": date(2023, 10, 1)})}
    )
    with pytest.raises(BatchError, match="starts after 2023-09-17"):
        targets.scenarios_of("prior", [late])


def test_what_was_computed_is_used_again_and_another_calibration_is_refused(tmp_path, monkeypatch):
    first = tiny_prior(tmp_path)
    monkeypatch.setattr(calibration.Steps, "run", lambda *a: pytest.fail("computed again"))
    assert tiny_prior(tmp_path).records.digest == first.records.digest
    with pytest.raises(BatchError, match="belongs to another calibration"):
        calibrate(None, "prior", 8, tmp_path, TINY, progress=False)


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (Budget(points=(64, 64), draws=(4,), accepted=8), "2 numbers of points and 1 of draws"),
        (Budget(points=(64,), draws=(4,), accepted=100), "accepted is 100"),
        (Budget(trajectories=1), "trajectories is 1"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(tmp_path, budget, told):
    with pytest.raises(BatchError, match=told):
        calibrate(None, "prior", 1, tmp_path, budget)


def test_bad_input_of_the_command(tmp_path):
    got = CliRunner().invoke(cli.app, ["calibrate", "no-such", "--out", str(tmp_path / "c")])
    assert got.exit_code == 2
    assert "no-such" in got.output
    got = CliRunner().invoke(
        cli.app, ["calibrate", "--accepted", "9999", "--out", str(tmp_path / "c")]
    )
    assert got.exit_code == 2
    assert "accepted is 9999" in got.output


def test_the_chart_and_the_json_tell_the_same(known, tmp_path):
    from camphandover.charts import draw_calibration, plot_calibration

    found = calibrate(["historical"], "hindcast", 1, tmp_path, Budget(2, 4, 3, (32,), (4,), 8, 2))
    assert draw_calibration(found, tmp_path / "charts").is_file()
    axes = plot_calibration(found)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == list(found.screened)
    content = json.loads(json.dumps(found.to_dict()))
    assert list(content["parameters"]) == labels
    assert content["records"] == 8
