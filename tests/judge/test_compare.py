"""Two scenarios compared run by run: statistics of pairs, outcomes, the table and the command."""

from __future__ import annotations

import json
import math
import warnings
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import typer
from scipy import optimize, stats
from typer.testing import CliRunner

import camphandover as ch
from batches import FIRST_EXIT, Scripted, Unlucky, made, short
from camphandover.batch.cubes import HOLDERS
from camphandover.cli import compare as cli_compare
from camphandover.cli.main import Commands
from camphandover.errors import BatchError
from camphandover.judge.compare import compare
from camphandover.judge.paired import paired, paired_shares
from camphandover.measure import runs as runs_module
from camphandover.measure.intervals import score_interval
from camphandover.measure.outcomes import KEY_BASES, LOSERS

ARMY, UN = 0, 3
HALF_WIDTH = {"days": 1, "share": 0.02, "dead": 5, "people": 1000}


@pytest.fixture(autouse=True)
def no_warnings():
    """Nothing that is compared may divide by zero on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


# --- statistics of pairs -----------------------------------------------------------------


def test_means_by_hand():
    # a - b = 2, 0, 2, 1: mean 5/4, squared deviations .5625 + 1.5625 + .5625 + .0625 = 2.75, so
    # the variance is 2.75/3; t of 3 degrees of freedom 3.18245; half width
    # 3.18245 * sqrt(2.75 / 3 / 4) = 1.52348.
    # a: mean 5.5, squared deviations 6.25 + .25 + 20.25 + 2.25 = 29; b: mean 4.25, squared
    # deviations 10.5625 + .5625 + 14.0625 + 1.5625 = 26.75. Variance reduction
    # (29 + 26.75) / 2.75 = 20.27273.
    pair = paired(np.array([3, 5, 10, 4]), np.array([1, 5, 8, 3]))
    assert (pair.n, pair.mean_a, pair.mean_b, pair.ties) == (4, 5.5, 4.25, 0.25)
    assert pair.difference == pytest.approx((1.25, 1.25 - 1.52348, 1.25 + 1.52348), abs=1e-5)
    assert pair.variance_reduction == pytest.approx(55.75 / 2.75)
    assert pair.p_a_better.value == (3 + 0.5) / 4
    # covariance (29 + 26.75 - 2.75) / 2 / 3
    assert pair.correlation == pytest.approx(26.5 / math.sqrt(29 * 26.75))


def test_runs_needed_by_hand():
    # sd sqrt(2.75 / 3) = .957427; half-width for 16 pairs t(15) * sd / 4 = 2.13145 * .957427 / 4
    # = .5102, for 17 pairs 2.11991 * .957427 / 4.12311 = .4923.
    pair = paired(np.array([3, 5, 10, 4]), np.array([1, 5, 8, 3]))
    assert pair.runs_needed(0.5) == 17
    # Unpaired: Welch's degrees of freedom (n - 1) (29 + 26.75)^2 / (29^2 + 26.75^2).
    n = pair.runs_needed_unpaired(0.5)
    freedom = 55.75**2 / (29**2 + 26.75**2)

    def half(runs: int) -> float:
        return stats.t.ppf(0.975, freedom * (runs - 1)) * math.sqrt(55.75 / 3 / runs)

    assert half(n) <= 0.5 < half(n - 1)
    assert n / pair.runs_needed(0.5) == pytest.approx(20.27, rel=0.2)
    with pytest.raises(ValueError, match="above 0"):
        pair.runs_needed(0)


def test_means_against_scipy():
    rng = np.random.default_rng(1)
    a = rng.normal(40, 20, 50)
    b = 0.7 * a + rng.normal(15, 10, 50)
    pair = paired(a, b)
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert pair.difference[1:] == pytest.approx((expected.low, expected.high))
    assert pair.correlation == pytest.approx(stats.pearsonr(a, b).statistic)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_means_against_bootstrap(method, shape):
    rng = np.random.default_rng(7)
    common = rng.exponential(20, 400)
    noise = rng.normal(0, 8, (2, 400)) if shape == "normal" else rng.exponential(8, (2, 400))
    a, b = common + noise[0], common + 2 * noise[1]
    drawn = stats.bootstrap((a - b,), np.mean, n_resamples=9999, method=method, rng=rng)
    pair = paired(a, b)
    # In standard errors of the mean: 9999 resamples leave each bound an error of
    # sqrt(.025 * .975 / 9999) / .0584 = .027; t instead of the normal quantile moves it by .006;
    # skewness, which the bootstrap follows and t does not, by |skew| (z^2 - 1) / 6 / sqrt(400),
    # for BCa (2 z^2 + 1) in place of (z^2 - 1): at most .07 for a skewness of 1.
    error = pair.sd_difference / 20
    assert abs(stats.skew(a - b)) < 1.8
    allowed = 3 * 0.027 + 0.006 + 1.8 * (2 * 1.96**2 + 1) / 6 / 20 * (shape == "skewed") + 0.02
    bounds = drawn.confidence_interval
    assert pair.difference.low == pytest.approx(bounds.low, abs=allowed * error)
    assert pair.difference.high == pytest.approx(bounds.high, abs=allowed * error)


def test_chance_to_be_better_against_bootstrap():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 6, (2, 500))
    score = np.sign(a - b) / 2 + 0.5
    drawn = stats.bootstrap((score,), np.mean, n_resamples=9999, rng=rng)
    pair = paired(a, b)
    assert pair.p_a_better.value == pytest.approx(score.mean())
    # Standard error of the score .02: the bootstrap's own error and that of order 1/n are below
    # a tenth of it.
    bounds = drawn.confidence_interval
    assert pair.p_a_better[1:] == pytest.approx((bounds.low, bounds.high), abs=0.002)


def test_variance_reduction_is_that_of_the_mean():
    """The spread of the mean difference over many batches, paired and unpaired."""
    rng = np.random.default_rng(5)
    common = rng.normal(0, 3, (4000, 25))
    a, b = common + rng.normal(0, 1, (2, 4000, 25))
    spread = np.var((a - b).mean(axis=1))
    unpaired = np.var(a.mean(axis=1) - b[::-1].mean(axis=1))
    # (9 + 1 + 9 + 1) / (1 + 1); variances of 4000 batches are known to 2.2 %.
    estimate = paired(a.ravel(), b.ravel()).variance_reduction
    assert estimate == pytest.approx(10, rel=0.03)
    assert unpaired / spread == pytest.approx(10, rel=0.1)


def test_intervals_cover_the_truth():
    """Of 2000 batches of 30 pairs, 95 % of the intervals hold the true difference."""
    rng = np.random.default_rng(11)
    hits = np.zeros(2)
    for _ in range(2000):
        u = rng.random((3, 30))
        a, b = u[0] < 0.6, np.where(u[1] < 0.7, u[0], u[2]) < 0.5
        share = paired_shares(a, b).difference
        x = rng.normal(0, 5, 30)
        mean = paired(x + rng.normal(1, 2, 30), x).difference
        hits += [share.low <= 0.6 - 0.5 <= share.high, mean.low <= 1 <= mean.high]
    # Standard error of a share of 2000: .005.
    assert hits / 2000 == pytest.approx([0.95, 0.95], abs=0.02)


def test_no_variance():
    same = paired(np.array([0.1, 0.1, 0.1]), np.array([0.1, 0.1, 0.1]))
    assert same.difference == (0, 0, 0)
    assert same.variance_reduction == 1
    assert same.p_a_better.value == 0.5
    assert same.ties == 1
    assert math.isnan(same.correlation)
    assert (same.runs_needed(1), same.runs_needed_unpaired(1)) == (2, 2)
    shifted = paired(np.array([3.0, 5, 9]), np.array([1.0, 3, 7]))
    assert shifted.difference == (2, 2, 2)
    assert shifted.variance_reduction == math.inf
    assert shifted.correlation == pytest.approx(1)
    assert shifted.runs_needed(0.5) == 2 < shifted.runs_needed_unpaired(0.5)
    one_sided = paired(np.array([3.0, 5, 9]), np.array([1.0, 1, 1]))
    assert one_sided.variance_reduction == pytest.approx(1)
    assert math.isnan(one_sided.correlation)


def test_a_single_pair():
    pair = paired(np.array([4.0]), np.array([1.0]))
    assert pair.difference.value == 3
    assert math.isnan(pair.difference.low)
    assert math.isnan(pair.variance_reduction)
    assert math.isnan(pair.correlation)
    assert (pair.runs_needed(1), pair.runs_needed_unpaired(1)) == (0, 0)
    assert pair.p_a_better.value == 1
    assert 0 < pair.p_a_better.low < pair.p_a_better.high == 1


def test_faulty_arrays():
    for a, b in [([], []), ([1.0], [1.0, 2.0]), ([[]], [[]])]:
        with pytest.raises(ValueError, match="one shape"):
            paired(np.array(a), np.array(b))


@pytest.mark.parametrize("less_is_better", [False, True])
def test_the_order_flips_the_signs(less_is_better):
    rng = np.random.default_rng(2)
    values = rng.integers(0, 9, (2, 40))
    for statistics, (a, b) in [(paired, values), (paired_shares, values > 4)]:
        one = statistics(a, b, less_is_better=less_is_better)
        other = statistics(b, a, less_is_better=less_is_better)
        value, low, high = other.difference
        assert one.difference == pytest.approx((-value, -high, -low))
        value, low, high = other.p_a_better
        assert one.p_a_better == pytest.approx((1 - value, 1 - high, 1 - low))
        assert one.variance_reduction == other.variance_reduction
        assert one.runs_needed(0.3) == other.runs_needed(0.3)


def test_less_is_better():
    a, b = np.array([1.0, 2, 3, 3]), np.array([2.0, 3, 3, 9])
    assert paired(a, b).p_a_better.value == 0.125
    assert paired(a, b, less_is_better=True).p_a_better.value == 0.875
    assert paired(a, b, less_is_better=True).difference.value == -2


def test_arrays_are_compared_row_by_row():
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 4, (2, 30, 17)).astype(float)
    a[0] = b[0]
    b[1] = a[1] - 2
    a[2] = b[3] = 1
    for kind in ({}, {"less_is_better": True}):
        whole = paired(a, b, **kind)
        for i in range(len(a)):
            row = paired(a[i], b[i], **kind)
            for name in ("mean_a", "ties", "sd_difference", "variance_reduction", "correlation"):
                assert getattr(whole, name)[i] == pytest.approx(
                    getattr(row, name), rel=1e-12, nan_ok=True
                )
            for name in ("difference", "p_a_better"):
                of_row = [bound[i] for bound in getattr(whole, name)]
                assert of_row == pytest.approx(getattr(row, name), rel=1e-12, abs=1e-12)
            assert whole.runs_needed(0.1)[i] == row.runs_needed(0.1)
            assert whole.runs_needed_unpaired(0.1)[i] == row.runs_needed_unpaired(0.1)
    low, high = score_interval([0, 5, 20, 0], [0, 3, 0, 20], 20)
    each = [score_interval(*counts, 20) for counts in ((0, 0), (5, 3), (20, 0), (0, 20))]
    assert list(zip(low, high, strict=True)) == each


# --- the score interval ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wins", "losses", "n"), [(40, 20, 160), (1, 0, 44), (7, 1, 21), (0, 3, 50), (9, 11, 20)]
)
def test_score_interval_by_its_definition(wins, losses, n):
    """At each bound the distance is 1.96 deviations, the chances those of greatest likelihood."""
    for bound, sign in zip(score_interval(wins, losses, n), (1, -1), strict=True):

        def unlikely(p_loss: float, d: float = bound) -> float:
            p = np.array([p_loss + d, p_loss, 1 - 2 * p_loss - d])
            k = np.array([wins, losses, n - wins - losses])
            return -float(np.sum(k[k > 0] * np.log(p[k > 0])))

        ends = (max(0.0, -bound), (1 - bound) / 2)
        fit = optimize.minimize_scalar(
            unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12}
        )
        variance = n * (2 * fit.x + bound * (1 - bound))
        z = (wins - losses - n * bound) / math.sqrt(variance)
        assert z == pytest.approx(sign * 1.959964, abs=1e-4)


def test_score_interval_at_its_ends():
    # No win, no loss: n d = z sqrt(n d (1 - d)) gives d = z^2 / (n + z^2).
    edge = 1.959964**2 / (100 + 1.959964**2)
    assert score_interval(0, 0, 100) == pytest.approx((-edge, edge), abs=1e-6)
    low, high = score_interval(50, 0, 50)
    assert 0.8 < low < high == 1
    assert score_interval(0, 50, 50) == pytest.approx((-1, -low))
    for wins, losses, n in [(1, 0, 1), (0, 0, 1), (3, 0, 3), (2, 1, 3), (250, 250, 500)]:
        low, high = score_interval(wins, losses, n)
        assert -1 <= low <= (wins - losses) / n <= high <= 1


def test_shares_by_hand():
    # McNemar's table: 40 in A only, 20 in B only, of 160: difference 20 / 160 = .125; the simple
    # interval is .125 +- 1.96 sqrt(60 - 400 / 160) / 160 = .125 +- .0929.
    a = np.repeat([True, False, True, False], [40, 20, 60, 40])
    b = np.repeat([False, True, True, False], [40, 20, 60, 40])
    pair = paired_shares(a, b)
    assert (pair.mean_a, pair.mean_b, pair.ties) == (100 / 160, 80 / 160, 100 / 160)
    assert pair.difference == pytest.approx((0.125, 0.0321, 0.2179), abs=0.005)
    assert pair.p_a_better.value == (40 + 50) / 160
    assert paired_shares(a, b, less_is_better=True).p_a_better.value == (20 + 50) / 160


# --- outcomes ----------------------------------------------------------------------------


class Story(Scripted):
    """The UN leaves Kidal on EXIT[name][replicate] to AFTER[name][replicate].

    Of the army, ten times the days held die in each run; displaced people stand in HOMELESS.
    """

    EXIT: ClassVar = {"one": [10, 20, 30, 40], "two": [12, 20, 40, 153]}
    AFTER: ClassVar = {"one": [0, 0, 1, 0], "two": [0, 0, 0, 0]}
    DEAD: ClassVar = {"one": [1, 2, 3, 4], "two": [2, 2, 2, 2]}
    HOMELESS: ClassVar = {"one": [1000, 2000, 3000, 4000], "two": [500, 2500, 2500, 3500]}

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        name = self.of.name
        kidal = int(np.flatnonzero((record.control == UN).any(axis=(1, 2)))[0])
        left = self.EXIT[name][replicate]
        record.control[kidal, 0, :left] = UN
        record.control[kidal, 0, left:] = self.AFTER[name][replicate]
        days = np.arange(1, len(record.war) + 1)
        record.series["dead"][:, ARMY] = self.DEAD[name][replicate] * days
        record.war["civilians_killed"] = 2 * days
        record.war["displaced"] = self.HOMELESS[name][replicate] - 100
        record.war["abroad"] = 100
        return record


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    out = tmp_path_factory.mktemp("story") / "b"
    return ch.run([made("one"), made("two")], runs=4, seed=5, out=out, model=Story)


@pytest.fixture(scope="module")
def told(story):
    return compare(story, "one", "two")


def row(comparison, *names):
    (found,) = comparison.select(*names).itertuples()
    return found


def test_days_held_by_hand(told):
    # one: 153 - 10, 153 - 20, 0 (to the separatists), 153 - 40; two: 141, 133, 113, 0 (never).
    found = row(told, "days_held", "Kidal", "army")
    a, b = np.array([143, 133, 0, 113]), np.array([141, 133, 113, 0])
    expected = paired(a, b)
    assert (found.mean_a, found.mean_b, found.difference) == (97.25, 96.75, 0.5)
    assert (found.low, found.high) == pytest.approx(expected.difference[1:])
    # d = 2, 0, -113, 113: t(3) sd / 2 = 3.18245 * 92.2695 / 2 = 146.82.
    assert found.high == pytest.approx(0.5 + 146.82, abs=0.01)
    assert found.p_a_better == (2 + 0.5) / 4
    # (13076.75 + 12896.75) / 25541
    assert found.variance_reduction == pytest.approx(1.016933, abs=1e-6)
    assert found.n == 4
    assert found.unit == "days"
    assert row(told, "days_held", "Kidal", "minusma").mean_b == (12 + 20 + 40 + 153) / 4
    assert row(told, "days_held", "Kidal", "separatists").mean_a == 123 / 4


def test_holder_at_a_date_by_hand(story, told):
    assert (told.date, told.window) == (date(2023, 12, 31), (date(2023, 8, 1), date(2023, 12, 31)))
    found = row(told, "holds", "Kidal", "army")
    assert (found.mean_a, found.mean_b, found.difference, found.ties) == (0.75, 0.75, 0, 0.5)
    assert (found.low, found.high) == pytest.approx(score_interval(1, 1, 4))
    # On day 20 (21 August) A is the army's in runs 0 and 1, B too; a day before only in run 0.
    for day, share in [("2023-08-21", 0.5), (date(2023, 8, 20), 0.25)]:
        found = row(compare(story, "one", "two", date=day), "holds", "Kidal", "army")
        assert found.mean_a == found.mean_b == share


def test_fall_by_hand(told):
    # To the army: one after 10, 20, never (153), 40 days; two after 12, 20, 40, never.
    found = row(told, "days_to_fall", "Kidal", "army")
    assert (found.mean_a, found.mean_b) == (223 / 4, 225 / 4)
    assert found.difference == -0.5
    assert found.better == "less"
    assert found.p_a_better == (2 + 0.5) / 4
    # Sorted 10, 20, 40, 153: half of four runs have fallen on day 20.
    assert found.median_a == found.median_b == pd.Timestamp("2023-08-21")
    fell = row(told, "fell", "Kidal", "army")
    assert (fell.mean_a, fell.mean_b) == (0.75, 0.75)
    to_separatists = row(told, "days_to_fall", "Kidal", "separatists")
    assert to_separatists.mean_a == (3 * 153 + 30) / 4
    assert to_separatists.mean_b == 153
    assert pd.isna(to_separatists.median_a)
    # Who has it on the first day has had it: the army at Gao.
    assert row(told, "days_to_fall", "Gao", "army").mean_a == 0
    assert row(told, "fell", "Gao", "army").mean_a == 1
    assert set(told.select("fell")["who"]) == set(HOLDERS) - {"minusma"}


def test_dead_and_displaced_by_hand(told):
    army = row(told, "dead", None, "army")
    assert (army.mean_a, army.mean_b) == (153 * 2.5, 153 * 2)
    # A has fewer in run 0, as many in run 1, more in runs 2 and 3.
    assert army.p_a_better == (1 + 0.5) / 4
    civilians = row(told, "dead", None, "civilians")
    assert civilians.mean_a == civilians.mean_b == 306
    people = row(told, "displaced")
    assert (people.mean_a, people.mean_b) == (2500, 2250)
    # d = 500, -500, 500, 500: mean 250, sd 500.
    assert people.high == pytest.approx(250 + 3.182446 * 500 / 2, abs=0.01)
    assert people.p_a_better == 0.25


def test_the_table_holds_everything(told):
    places = 36
    assert len(told.table) == places * (6 + 6 + 5 + 5) + len(LOSERS) + 1
    assert told.table.groupby("outcome")["unit"].first().to_dict() == {
        "days_held": "days",
        "holds": "share",
        "days_to_fall": "days",
        "fell": "share",
        "dead": "dead",
        "displaced": "people",
    }
    assert not told.table.duplicated(["outcome", "place", "who"]).any()
    assert (told.table["low"] <= told.table["difference"]).all()
    assert (told.table["difference"] <= told.table["high"]).all()
    assert str(told.table["runs_needed"].dtype) == "Int64"


def test_b_against_a(story, told):
    other = compare(story, "two", "one").table
    np.testing.assert_allclose(other["difference"], -told.table["difference"], atol=1e-12)
    np.testing.assert_allclose(other["low"], -told.table["high"], atol=1e-12)
    np.testing.assert_allclose(other["p_a_better"], 1 - told.table["p_a_better"], atol=1e-12)
    np.testing.assert_array_equal(other["mean_a"], told.table["mean_b"])
    pd.testing.assert_series_equal(other["median_a"], told.table["median_b"], check_names=False)


def test_read_some_at_a_time(story, told, monkeypatch):
    monkeypatch.setattr(runs_module, "AT_ONCE", 3)
    pd.testing.assert_frame_equal(compare(story, "one", "two").table, told.table)


def test_half_widths(story, told):
    assert told.half_width == HALF_WIDTH
    held = row(told, "days_held", "Kidal", "army")
    expected = paired(np.array([143, 133, 0, 113]), np.array([141, 133, 113, 0]))
    assert held.runs_needed == expected.runs_needed(1)
    assert held.runs_needed_unpaired == expected.runs_needed_unpaired(1)
    wider = compare(story, "one", "two", half_width=10)
    assert row(wider, "days_held", "Kidal", "army").runs_needed == expected.runs_needed(10)
    assert wider.half_width == {**HALF_WIDTH, "days": 10}
    share = compare(story, "one", "two", half_width={"share": 0.5, "people": 100})
    assert share.half_width == {**HALF_WIDTH, "share": 0.5, "people": 100}
    assert "50 points" in str(share)


def test_slots_and_places(story):
    town = compare(story, "one", "two", places=["Gao", "Kidal", "Gao"], slot="town")
    assert list(dict.fromkeys(town.table["place"])) == ["Gao", "Kidal", ""]
    assert town.places == ("Gao", "Kidal")
    assert row(town, "days_held", "Kidal", "army").mean_a == 153
    assert compare(story, "one", "two", places="Ber").places == ("Ber",)
    assert compare(story, "one", "two").places == KEY_BASES


# --- windows, failures, few runs ---------------------------------------------------------


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """`one` of 153 days and `brief` of 51 (11 August to 30 September), 5 runs each."""
    out = tmp_path_factory.mktemp("uneven") / "b"
    return ch.run([made("one"), short("brief")], runs=5, seed=5, out=out, model=Counting)


class Counting(Scripted):
    """A man of the army dies each day."""

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        record.series["dead"][:, ARMY] = np.arange(1, len(record.war) + 1)
        return record


def test_only_common_dates_are_compared(uneven):
    both = compare(uneven, "one", "brief")
    assert both.window == (date(2023, 8, 11), date(2023, 9, 30))
    assert both.date == date(2023, 9, 30)
    # one leaves on 11 August + replicate, the first common date; brief ten days later. Runs 0, 2
    # and 4 give the camp to the army.
    held = row(both, "days_held", "Kidal", "army")
    assert held.mean_a == pytest.approx((51 + 49 + 47) / 5)
    assert held.mean_b == pytest.approx((41 + 39 + 37) / 5)
    fall = row(both, "days_to_fall", "Kidal", "separatists")
    assert fall.mean_a == pytest.approx((1 + 3 + 3 * 51) / 5)
    assert fall.mean_b == pytest.approx((FIRST_EXIT + 1 + FIRST_EXIT + 3 + 3 * 51) / 5)
    # Of the men who died in `one`, those of the ten days before do not count.
    dead = row(both, "dead", None, "army")
    assert (dead.mean_a, dead.mean_b) == (51, 51)
    text = str(both)
    assert "2023-08-11 to 2023-09-30" in text
    assert text.startswith(
        "WARNING: the windows differ: one is 2023-08-01 to 2023-12-31, brief is "
    )
    assert "judged up to 30 September 2023, one 92 days before its last one." in " ".join(
        text.split()
    )
    with pytest.raises(BatchError, match="date is 2023-10-01: a day from"):
        compare(uneven, "one", "brief", date="2023-10-01")


def test_no_common_date(tmp_path):
    early = made("early", window={"end": "2023-08-31"})
    late = made("late", window={"start": "2023-09-01"})
    batch = ch.run([early, late], runs=2, out=tmp_path / "b", model=Scripted)
    with pytest.raises(BatchError, match=r"no date in common.*2023-08-31.*2023-09-01"):
        compare(batch, "early", "late")


def test_failed_runs_leave_with_their_partner(tmp_path):
    batch = ch.run([made("one"), made("two")], runs=5, out=tmp_path / "b", model=Unlucky)
    both = compare(batch, "one", "two")
    assert (both.n, both.runs) == (4, 5)
    held = row(both, "days_held", "Kidal", "separatists")
    # Only run 1 is left of those that give the camp to the separatists, on day 11.
    assert held.mean_a == held.mean_b == (153 - 11) / 4
    assert set(both.table["n"]) == {4}
    assert "Left out are 1 of 5 runs" in str(both)
    assert not both.table["mean_a"].isna().any()


def test_nothing_but_failures(tmp_path):
    class Hopeless(Scripted):
        def run(self, replicate: int) -> Any:
            raise ZeroDivisionError

    batch = ch.run([made("one"), made("two")], runs=2, out=tmp_path / "b", model=Hopeless)
    with pytest.raises(BatchError, match="No run is left"):
        compare(batch, "one", "two")


def test_one_run_only(tmp_path):
    batch = ch.run([made("one"), made("two")], runs=1, out=tmp_path / "b", model=Story)
    both = compare(batch, "one", "two")
    held = row(both, "days_held", "Kidal", "army")
    assert held.difference == 2
    assert math.isnan(held.low)
    assert pd.isna(held.runs_needed)
    line = next(line for line in str(both).splitlines() if line.startswith("Kidal"))
    assert line.split() == ["Kidal", "army", "143.0", "141.0", "2.0", *line.split()[5:8], *"---"]
    assert "1 pair of runs" in str(both)
    json.dumps(both.to_dict(), allow_nan=False)


# --- names, text, JSON -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"a": "onee"}, "no scenario is named 'onee': did you mean 'one'"),
        ({"b": "three"}, "no scenario is named 'three'.*there is: one, two"),
        ({"b": "one"}, "both 'one'"),
        ({"places": ["Kidal", "Kidl"]}, "no place is named 'Kidl': did you mean 'Kidal'"),
        ({"places": []}, "no place"),
        ({"slot": "tent"}, "no slot is named 'tent'.*camp, town"),
        ({"date": "31 December"}, "a day from 2023-08-01 to 2023-12-31"),
        ({"date": "2024-01-01"}, "date is 2024-01-01: a day from 2023-08-01 to 2023-12-31"),
        ({"half_width": 0}, "half-width of days is 0: a number above 0"),
        ({"half_width": {"share": math.nan}}, "half-width of share is nan"),
        ({"half_width": {"dayz": 1}}, "no unit is named 'dayz': did you mean 'days'"),
        ({"half_width": "much"}, "half-width of days is 'much'"),
    ],
)
def test_what_cannot_be_compared(story, arguments, words):
    arguments = {"a": "one", "b": "two", **arguments}
    with pytest.raises(BatchError, match=words):
        compare(story, arguments.pop("a"), arguments.pop("b"), **arguments)


def test_select(told):
    assert len(told.select("days_held", "Kidal")) == 6
    assert len(told.select(place="Kidal", who="army")) == 4
    assert len(told.select()) == len(told.table)
    for arguments, words in [
        (("days-held",), "no outcome is named 'days-held': did you mean 'days_held'"),
        (("holds", "Kidl"), "did you mean 'Kidal'"),
        (("holds", "Kidal", "navy"), "no who is named 'navy'"),
    ]:
        with pytest.raises(BatchError, match=words):
            told.select(*arguments)


def test_text(told):
    lines = str(told).splitlines()
    assert all(len(line) <= 120 for line in lines)
    assert lines[0].startswith("A = one, B = two: 4 pairs of runs, seed 5, 2023-08-01 to 2023-12")
    assert any("95 % interval" in line for line in lines)
    kidal = [line.split() for line in lines if line.startswith("Kidal")]
    assert kidal[0][:4] == ["Kidal", "army", "97.2", "96.8"]
    # Gao is the army's in all runs of both: it says nothing.
    assert not any(line.startswith("Gao") for line in lines)
    assert any(line.split()[:3] == ["people", "2500", "2250"] for line in lines)
    assert not any("civilians" in line for line in lines[6:])


def test_text_of_long_names_and_large_numbers(tmp_path):
    class Large(Story):
        EXIT: ClassVar = {"a" * 60: [0, 50, 99, 10], "b" * 60: [153, 153, 0, 153]}
        AFTER: ClassVar = {"a" * 60: [0] * 4, "b" * 60: [1] * 4}
        DEAD: ClassVar = {"a" * 60: [0, 9999, 0, 5000], "b" * 60: [9999, 0, 5000, 0]}
        HOMELESS: ClassVar = {"a" * 60: [10**6, 10, 10**5, 0], "b" * 60: [1, 10**6, 5, 10**6]}

    batch = ch.run([made("a" * 60), made("b" * 60)], runs=4, out=tmp_path / "b", model=Large)
    both = compare(batch, "a" * 60, "b" * 60, half_width=0.001)
    assert all(len(line) <= 120 for line in str(both).splitlines())


def test_text_without_any_difference(tmp_path):
    batch = ch.run([made("one"), made("two")], runs=1, out=tmp_path / "b", model=Scripted)
    text = str(compare(batch, "one", "two", places="Gao"))
    assert "There is no row to show" in text


def test_html(told):
    html = told._repr_html_()
    assert html.count("<table>") == html.count("</table>") == 5
    assert '<td>Kidal</td><td>army</td><td class="figure">97.2</td>' in html


def test_json(told, tmp_path):
    told.write_json(tmp_path / "c.json")
    stored = json.loads((tmp_path / "c.json").read_text())
    assert (stored["a"], stored["b"], stored["pairs"], stored["seed"]) == ("one", "two", 4, 5)
    assert stored["window"] == ["2023-08-01", "2023-12-31"]
    assert stored["half_width"] == HALF_WIDTH
    assert len(stored["outcomes"]) == len(told.table)
    kidal = [o for o in stored["outcomes"] if (o["place"], o["who"]) == ("Kidal", "army")]
    held, _, fall, _ = kidal
    assert held["difference"] == 0.5
    assert held["median_a"] is None
    assert fall["median_a"] == "2023-08-21"
    assert isinstance(held["runs_needed"], int)
    assert list(held) == list(told.table.columns)


# --- the command -------------------------------------------------------------------------

app = typer.Typer(cls=Commands, add_completion=False)
app.callback()(lambda: None)
app.command()(cli_compare.compare)


def call(*arguments: str):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_command(story, told, tmp_path):
    result = call(story.folder, "one", "two", "--json", tmp_path / "c.json")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{told}\n"
    assert json.loads((tmp_path / "c.json").read_text()) == told.to_dict()


def test_options_of_the_command(story):
    options = ("--place", "Gao", "--place", "Kidal", "--slot", "camp", "--date", "2023-08-21")
    widths = ("--half-width", "0.5", "--half-width", "share=0.1")
    result = call(story.folder, "one", "two", *options, *widths)
    assert result.exit_code == 0, result.output
    expected = compare(
        story,
        "one",
        "two",
        places=["Gao", "Kidal"],
        date="2023-08-21",
        half_width={"days": 0.5, "share": 0.1},
    )
    assert result.stdout == f"{expected}\n"
    assert "21 August 2023" in result.stdout
    assert "0.5 days, 10 points" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["one", "twoo"], "did you mean 'two'"),
        (["one", "two", "--place", "Gaoo"], "did you mean 'Gao'"),
        (["one", "two", "--slot", "tent"], "no slot"),
        (["one", "two", "--date", "2023-13-01"], "a day from"),
        (["one", "two", "--half-width", "wide"], "--half-width wide"),
        (["one", "two", "--half-width", "0"], "above 0"),
        (["one", "two", "--json", "nowhere/c.json"], "nowhere/c.json"),
    ],
)
def test_bad_arguments(story, arguments, words):
    result = call(story.folder, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_no_batch(tmp_path):
    result = call(tmp_path, "one", "two")
    assert result.exit_code == 2
    assert "no batch" in result.stderr


# --- the real model ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    out = tmp_path_factory.mktemp("real") / "b"
    names = ["on-schedule", "kidal-only-to-separatists"]
    batch = ch.run(names, runs=40, seed=2023, out=out)
    return batch, compare(batch, *names)


def test_pairing_saves_runs(real):
    _, both = real
    assert both.n == 40
    for place in ("Kidal", "Tessalit", "Ber"):
        held = row(both, "days_held", place, "army")
        assert held.variance_reduction > 1
        assert held.runs_needed < held.runs_needed_unpaired
    assert all(len(line) <= 120 for line in str(both).splitlines())


def test_real_days_against_bootstrap(real):
    batch, both = real
    camp = batch.control.sel(slot="camp", place="Kidal").load()
    days = (camp == ARMY).sum("date").transpose("scenario", "replicate").to_numpy()
    d = (days[0] - days[1]).astype(float)
    drawn = stats.bootstrap((d,), np.mean, n_resamples=9999, rng=np.random.default_rng(1))
    held = row(both, "days_held", "Kidal", "army")
    assert held.difference == pytest.approx(d.mean())
    # Of 40 pairs, in standard errors: t(39) is 2.02 and not 1.96, the bootstrap divides by n and
    # not n - 1 (.025), its own error is .03, and skewness may move a bound by some tenths.
    error = d.std(ddof=1) / math.sqrt(40)
    bounds = drawn.confidence_interval
    assert held.low == pytest.approx(bounds.low, abs=0.5 * error)
    assert held.high == pytest.approx(bounds.high, abs=0.5 * error)
