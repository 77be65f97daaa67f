"""Intervals, shares of holders, the table at the end of a batch."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import camphandover as ch
from batches import FIRST_EXIT, Scripted, Unlucky, made, short
from camphandover.judge.end_table import Row, Table, end_table
from camphandover.measure.intervals import Interval, mean_interval, share_interval, wilson
from camphandover.measure.outcomes import KEY_BASES

FIRST, LAST = date(2023, 8, 1), date(2023, 12, 31)


def cube(codes, **attrs) -> xr.DataArray:
    """A control cube of one place and slot from codes, shape (scenario, replicate, date)."""
    codes = np.asarray(codes, dtype=np.int8)
    n_scenarios, _, n_days = codes.shape
    coords = {
        "scenario": [f"s{i}" for i in range(n_scenarios)],
        "place": ["Kidal"],
        "slot": ["camp"],
        "date": np.datetime64("2023-08-01", "ns") + np.arange(n_days) * np.timedelta64(1, "D"),
    }
    dims = ("scenario", "replicate", "place", "slot", "date")
    return xr.DataArray(codes[:, :, None, None], coords, dims, attrs=attrs)


# --- intervals ---------------------------------------------------------------------------


def test_wilson_by_hand():
    # z = 1.96: (3/10 + 0.19208) / 1.38416 = 0.35551, half width 0.24778.
    low, high = wilson(3, 10)
    assert low == pytest.approx(0.10779, abs=2e-5)
    assert high == pytest.approx(0.60322, abs=2e-5)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 200), (200, 200), (17, 200), (4, 7)])
def test_wilson_against_scipy(k, n):
    expected = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson(k, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_known_of_no_runs():
    assert all(math.isnan(value) for value in share_interval(0, 0))
    assert all(math.isnan(value) for value in mean_interval(np.array([])))


def test_mean_against_scipy():
    values = np.array([3.0, 5.0, 10.0, 4.0])
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert mean_interval(values) == pytest.approx((5.5, low, high))
    one = mean_interval(np.array([4.0]))
    assert one.value == 4.0
    assert math.isnan(one.low)
    assert math.isnan(one.high)


# --- shares ------------------------------------------------------------------------------


def test_shares_by_hand():
    shares = ch.control_shares(cube([[[3, 0], [3, 0], [0, 0], [1, 1]]]))
    day = shares.isel(scenario=0, place=0, slot=0, date=0)
    assert list(day.holder.values) == ["army", "separatists", "gsim", "minusma", "nobody", "joint"]
    assert list(day.share.values) == [0.25, 0.25, 0, 0.5, 0, 0]
    assert day.n == 4
    low, high = wilson(2, 4)
    assert day.low.sel(holder="minusma") == low
    assert day.high.sel(holder="minusma") == high
    assert shares.share.dims == ("scenario", "place", "slot", "date", "holder")


def test_unknown_days_count_for_nothing():
    shares = ch.control_shares(cube([[[0, -1], [-1, -1], [1, -1]]])).squeeze()
    assert list(shares.n.values) == [2, 0]
    assert shares.share.isel(date=0).sel(holder="army") == 0.5
    assert shares.share.isel(date=1).isnull().all()
    assert shares.low.isel(date=1).isnull().all()
    assert shares.high.isel(date=1).isnull().all()


def test_shares_of_many_replicates_and_of_selections():
    rng = np.random.default_rng(0)
    codes = rng.integers(-1, 5, (2, 450, 3))
    shares = ch.control_shares(cube(codes, seed=4))
    for holder in range(5):
        counted = (codes == holder).sum(1) / (codes >= 0).sum(1)
        np.testing.assert_allclose(shares.share.isel(holder=holder).squeeze(), counted)
    np.testing.assert_allclose(shares.share.sum("holder"), 1)
    assert ((shares.low <= shares.share) & (shares.share <= shares.high)).all()
    assert shares.attrs["seed"] == 4
    alone = ch.control_shares(cube(codes).sel(scenario="s1", slot="camp"))
    xr.testing.assert_allclose(
        alone.drop_attrs(), shares.sel(scenario="s1", slot="camp").drop_attrs()
    )


def test_a_cube_without_replicates_is_refused():
    with pytest.raises(ValueError, match="replicate"):
        ch.control_shares(cube([[[0]]]).isel(replicate=0))


# --- the table ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    out = tmp_path_factory.mktemp("batch") / "b"
    return ch.run([made("one"), short("brief")], runs=5, seed=5, out=out, model=Scripted)


def test_table_by_hand(batch):
    one, brief = end_table(batch).rows
    # Replicates 0, 2, 4 give Kidal to the army on days 10, 12, 14 of 153.
    assert one.army["Kidal"] == share_interval(3, 5)
    assert all(one.army[place].value == 1 for place in KEY_BASES if place != "Kidal")
    held = [153 - FIRST_EXIT - r if r % 2 == 0 else 0 for r in range(5)]
    assert one.days == mean_interval(np.array(held, dtype=float))._replace(low=one.days.low)
    assert one.days.value == pytest.approx((143 + 141 + 139) / 5)
    assert one.days.low == max(0, mean_interval(np.array(held, dtype=float)).low)
    assert (one.n, one.date, brief.date) == (5, date(2023, 12, 31), date(2023, 9, 30))
    assert brief.days.value == pytest.approx((41 + 39 + 37) / 5)


def test_a_longer_window_is_told_at_its_own_end(tmp_path):
    longer = made("longer", window={"end": "2024-01-31"})
    stored = ch.run(longer, runs=1, out=tmp_path / "b", model=Scripted)
    (row,) = end_table(stored).rows
    assert row.date == date(2024, 1, 31)
    assert row.days.value == 143 + 31


def test_table_as_text(batch):
    text = str(end_table(batch))
    assert "31 December 2023" in text
    assert "5 runs of each scenario, seed 5" in text
    assert "* on 2023-09-30, the last day of brief" in text
    line = next(line for line in text.splitlines() if line.startswith("one"))
    assert line.split()[1:4] == ["60", "[23,", "88]"]
    assert "100 [57, 100]" in line


def test_table_of_failed_runs(tmp_path):
    stored = ch.run([made("one")], 4, out=tmp_path / "b", model=Unlucky)
    table = end_table(stored)
    assert table.rows[0].n == 3
    assert table.rows[0].army["Kidal"] == share_interval(2, 3)
    assert "only 3 runs of 4 did not fail" in str(table)


def test_table_without_any_run_left():
    nothing = Interval(math.nan, math.nan, math.nan)
    row = Row("one", 0, FIRST, LAST, dict.fromkeys(KEY_BASES, nothing), nothing)
    table = Table(2, 1, (row,))
    assert str(table).splitlines()[-2].split() == ["one!", *"-------"]
    assert table.to_dict()["scenarios"][0]["army_holds_camp"]["Gao"]["share"] is None


def test_table_fits_the_width():
    widest = Interval(1.0, 0.98, 1.0)
    names = [
        "kidal-only-to-separatists",
        "a-name-that-no-table-could-ever-hold-in-full-it-is-so-long",
    ]
    rows = [
        Row(n, 9, FIRST, LAST, dict.fromkeys(KEY_BASES, widest), Interval(101, 99, 153))
        for n in names
    ]
    likely = {**rows[0].army, **dict.fromkeys(("Kidal", "Ber"), Interval(0.9, 0.85, 0.95))}
    lines = str(Table(9, 1, (replace(rows[0], army=likely),))).splitlines()
    assert any(line.startswith(names[0]) for line in lines)
    assert all(len(line) <= 120 for line in [*lines, *str(Table(9, 1, tuple(rows))).splitlines()])


def test_table_as_json(batch, tmp_path):
    table = end_table(batch)
    table.write_json(tmp_path / "t.json")
    stored = json.loads((tmp_path / "t.json").read_text())
    assert (stored["runs"], stored["seed"], stored["date"]) == (5, 5, "2023-12-31")
    one = stored["scenarios"][0]
    assert one["scenario"] == "one"
    row = table.rows[0]
    kidal = dict(zip(("share", "low", "high"), row.army["Kidal"], strict=True))
    assert one["army_holds_camp"]["Kidal"] == kidal
    assert one["days_army_held_kidal"]["mean"] == row.days.value
