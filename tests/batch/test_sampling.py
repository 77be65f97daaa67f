"""Uncertain parameters: their distributions, their records, and what a batch does with them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import camphandover as ch
from batches import Scripted, contents, made, short
from camphandover import facts
from camphandover.batch.batch import make_plan
from camphandover.batch.plan import BLOCK
from camphandover.batch.sampling import quantile, sample
from camphandover.batch.settings import RunSettings
from camphandover.errors import BatchError

REGISTER = facts.load().parameters
UNCERTAIN = [name for name, p in REGISTER.items() if p.low < p.high and not p.is_of_record]
U = np.linspace(0.001, 0.999, 999)


# --- distributions -----------------------------------------------------------------------


@pytest.mark.parametrize(("low", "best", "high"), [(0, 1, 4), (2, 2, 3), (-3, 1, 1), (1, 3, 5)])
def test_triangular_quantiles_are_scipys(low, best, high):
    expected = stats.triang.ppf(U, (best - low) / (high - low), low, high - low)
    assert quantile(U, low, best, high) == pytest.approx(expected)


@pytest.mark.parametrize(("low", "best", "high"), [(0.1, 1, 3), (1, 2, 5.1), (0.002, 0.006, 0.015)])
def test_a_wide_positive_range_is_triangular_in_its_logarithm(low, best, high):
    logs = stats.triang.ppf(
        U, math.log(best / low) / math.log(high / low), math.log(low), math.log(high / low)
    )
    assert quantile(U, low, best, high) == pytest.approx(np.exp(logs))
    assert quantile(np.array([0.0, 1.0]), low, best, high) == pytest.approx([low, high])


def test_what_has_no_range_does_not_vary():
    assert (quantile(U, 2.0, 2.0, 2.0) == 2.0).all()


def test_the_form_is_that_of_the_register():
    for name, parameter in REGISTER.items():
        values = quantile(np.array([0.25]), parameter.low, parameter.best, parameter.high)
        if parameter.distribution == "triangular":
            c = (parameter.best - parameter.low) / (parameter.high - parameter.low)
            expected = stats.triang.ppf(0.25, c, parameter.low, parameter.high - parameter.low)
            assert values[0] == pytest.approx(expected), name


# --- records -----------------------------------------------------------------------------


def test_records_lie_in_their_ranges_and_fill_them_evenly():
    n = 1024
    drawn = sample(REGISTER, "hindcast", 2023, 0, n)
    assert list(drawn) == UNCERTAIN
    for name, values in drawn.items():
        low, best, high = REGISTER[name].known("hindcast")
        assert values.shape == (n,)
        assert low <= values.min()
        assert values.max() <= high
        # A Sobol sequence has one point in each 1024th of a probability: as even as can be.
        below = (values < best).mean()
        at_best = np.searchsorted(quantile(np.arange(n) / n, low, best, high), best) / n
        assert below == pytest.approx(at_best, abs=2 / n), name


def test_a_record_does_not_depend_on_how_many_are_drawn():
    few = sample(REGISTER, "hindcast", 7, 0, 40)
    for first, stop in ((0, 1), (0, 100), (25, 26), (30, 80)):
        part = sample(REGISTER, "hindcast", 7, first, stop)
        for name in ("ied_rate", "pause_mean"):
            both = slice(first, min(stop, 40))
            assert (part[name][: 40 - first] == few[name][both]).all()
    other = sample(REGISTER, "hindcast", 8, 0, 40)
    assert (other["ied_rate"] != few["ied_rate"]).all()


def test_the_prior_set_has_its_own_ranges():
    drawn = sample(REGISTER, "prior", 2023, 0, 256)
    for name in ("clear_insurgent", "raid_interval_gsim"):
        low, _, high = REGISTER[name].prior
        assert low <= drawn[name].min() < REGISTER[name].widest[0] * 2 + low
        assert REGISTER[name].high < high
        assert drawn[name].max() > REGISTER[name].high


# --- batches -----------------------------------------------------------------------------


def sampled(out, scenarios=None, runs=60, **options):
    chosen = scenarios or [made("one"), short("two")]
    return ch.run(chosen, runs, 3, out, model=Scripted, sample_parameters=True, **options)


def test_records_are_stored_and_the_same_for_every_scenario(tmp_path):
    batch = sampled(tmp_path / "b")
    records = batch.parameters
    assert records.index.names == ["scenario", "replicate"]
    assert records.shape == (120, len(REGISTER))
    one, two = records.loc["one"], records.loc["two"]
    assert one.equals(two)
    expected = sample(REGISTER, "hindcast", 3, 0, 60)
    assert (one["ied_rate"].to_numpy() == expected["ied_rate"]).all()
    assert (one["help_threat"] == REGISTER["help_threat"].best).all()
    assert one["ied_rate"].nunique() == 60


def test_the_model_runs_with_the_record_of_its_replicate(tmp_path):
    batch = sampled(tmp_path / "b")
    rates = batch.parameters["ied_rate"].to_numpy().reshape(2, 60)
    seen = batch.series.vehicles.isel(date=20, side=0).load().to_numpy()
    assert seen == pytest.approx(100 * rates, rel=1e-6)


def test_more_runs_keep_the_records(tmp_path):
    out = tmp_path / "b"
    few = sampled(out, runs=BLOCK).parameters
    more = sampled(out, runs=2 * BLOCK)
    assert more.manifest["sessions"][-1]["computed"] == 2 * BLOCK
    assert more.parameters.loc["one"].iloc[:BLOCK].equals(few.loc["one"])
    assert contents(out) == contents(sampled(tmp_path / "fresh", runs=2 * BLOCK).folder)


def test_what_a_scenario_sets_is_not_drawn(tmp_path):
    batch = sampled(tmp_path / "b", [made("set", parameters={"ied_rate": 1.5}), made("free")])
    records = batch.parameters
    assert (records.loc["set"]["ied_rate"] == 1.5).all()
    others = records.columns.drop("ied_rate")
    assert records.loc["set"][others].equals(records.loc["free"][others])


def test_a_fixed_parameter_is_fixed_everywhere(tmp_path):
    fixed = {"ied_rate": 0.5}
    drawn = sampled(tmp_path / "drawn", fixed=fixed)
    assert (drawn.parameters["ied_rate"] == 0.5).all()
    assert drawn.parameters["pause_mean"].nunique() == 60
    set_too = made("one", parameters={"ied_rate": 1.5})
    best = ch.run(set_too, 2, 3, tmp_path / "best", model=Scripted, fixed=fixed)
    assert best.parameters.loc["one", "ied_rate"] == 0.5
    assert best.scenario("one").parameters == {"ied_rate": 0.5}
    assert best.series.vehicles.isel(date=3, side=0, replicate=0).item() == 50


def test_the_prior_set_without_sampling_is_its_best_values(tmp_path):
    batch = ch.run(made("one"), 2, 3, tmp_path / "b", model=Scripted, evidence="prior")
    for name, parameter in REGISTER.items():
        assert batch.parameters.loc["one", name] == parameter.known("prior")[1]
    assert batch.series.vehicles.isel(date=3, side=0, replicate=0).item() == pytest.approx(
        100 * REGISTER["ied_rate"].prior[1]
    )


def test_what_decides_parameters_decides_the_blocks():
    def name(**options):
        return make_plan(RunSettings([made("one")], 5, 1, model=Scripted, **options)).blocks[0].name

    ways = [{}, {"sample_parameters": True}, {"evidence": "prior"}, {"fixed": {"ied_rate": 0.5}}]
    ways += [{"sample_parameters": True, "evidence": "prior"}, {"ledger": "none"}]
    assert len({name(**way) for way in ways}) == len(ways)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fixed": {"ied_rat": 1.0}}, r"no parameter 'ied_rat': did you mean ied_rate"),
        ({"fixed": {"ied_rate": 99.0}}, r"ied_rate is 99.0: a number from 0.1 to 3"),
        ({"fixed": {"ied_rate": float("nan")}}, r"ied_rate is nan"),
        ({"fixed": {"ied_rate": "1"}}, r"ied_rate is '1'"),
        ({"evidence": "hindsight"}, r"evidence is 'hindsight': one of hindcast, prior"),
    ],
)
def test_faults(tmp_path, options, words):
    with pytest.raises(BatchError, match=words):
        ch.run(made("one"), 2, 3, tmp_path / "b", model=Scripted, **options)
    assert not (tmp_path / "b").exists()


# --- the real model ----------------------------------------------------------------------


def test_a_model_with_other_parameters_is_as_if_made_with_them():
    values = {"ied_rate": 0.5, "strength_gsim": 1500.0, "influence_decay_km": 50.0}
    changed = ch.NorthernMali("on-schedule", 5)
    changed.run(0)
    changed.use_parameters(values)
    spec = ch.load_scenario(
        {"extends": "on-schedule", "title": "a", "question": "b?", "parameters": values}
    )
    made_so = ch.NorthernMali(spec, 5)
    one, two = changed.run(4), made_so.run(4)
    assert one.events.tobytes() == two.events.tobytes()
    assert one.control.tobytes() == two.control.tobytes()
    changed.use_parameters({})
    plain = ch.NorthernMali("on-schedule", 5).run(4)
    assert changed.run(4).events.tobytes() == plain.events.tobytes()
    with pytest.raises(KeyError, match="no parameter"):
        changed.use_parameters({"ied_rat": 1.0})


def test_real_runs_hold_with_sampled_parameters(tmp_path):
    """No run fails over the whole of the ranges; people and holders stay what they must be."""
    batch = ch.run("on-schedule", 150, 11, tmp_path / "b", sample_parameters=True)
    assert not batch.failures
    control = batch.control.load()
    assert ((control >= 0) & (control < len(batch.holders))).all()
    men = batch.series.men.load()
    assert (men >= 0).all()
    people = batch.people.load()
    fewest = people.residents.min()
    assert fewest >= 0
    assert np.isfinite(people.fuel).all()
    morale = batch.series.morale.load()
    assert ((morale >= 0) & (morale <= 1)).all()
    same = ch.run("on-schedule", 150, 11, tmp_path / "one", workers=1, sample_parameters=True)
    assert contents(batch.folder) == contents(same.folder)
