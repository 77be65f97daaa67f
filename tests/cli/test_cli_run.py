"""The commands `run` and `plot` as an analyst types them."""

from __future__ import annotations

import io
import json
import time

import pytest
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted, Unlucky
from camphandover.batch import progress
from camphandover.cli import telling
from camphandover.cli.main import app

TEXTS = "title: A test\nquestion: Does it run?\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a library of one scenario and a second one, and the stand-in as model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("camphandover.batch.batch.northern_mali", Scripted)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "on-schedule.yaml").write_text(TEXTS)
    (tmp_path / "one.yaml").write_text(TEXTS)
    (tmp_path / "two.yaml").write_text("extends: one\nairpower: {scale: 0.5}\n")
    return tmp_path


def call(*arguments: str):
    return CliRunner().invoke(app, arguments)


def test_run_of_files(here):
    result = call("run", "one.yaml", "two.yaml", "--runs", "4", "--seed", "3", "--json", "t.json")
    assert result.exit_code == 0, result.output
    assert "4 runs of each scenario, seed 3" in result.stdout
    assert "runs/one+two" in result.stderr
    folder = here / "runs" / "one+two"
    assert (folder / "manifest.json").is_file()
    assert len(list((folder / "charts").glob("*.png"))) == 8
    table = json.loads((here / "t.json").read_text())
    assert (table["runs"], table["seed"]) == (4, 3)
    assert [row["scenario"] for row in table["scenarios"]] == ["one", "two"]
    assert table["scenarios"][0]["army_holds_camp"]["Kidal"]["share"] == 0.5


def test_run_of_the_library(here):
    result = call("run", "--runs", "2", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert (here / "runs" / "library" / "scenarios" / "on-schedule.yaml").is_file()


def test_the_same_again_computes_nothing(here):
    first = call("run", "one.yaml", "--runs", "2")
    manifest = (here / "runs" / "one" / "manifest.json").read_bytes()
    again = call("run", "one.yaml", "--runs", "2", "--workers", "1")
    assert "nothing was computed" not in first.stderr
    assert "nothing was computed" in again.stderr
    assert again.exit_code == 0
    assert again.stdout == first.stdout
    assert (here / "runs" / "one" / "manifest.json").read_bytes() == manifest


def test_charts_may_be_left_for_later(here):
    charts = here / "runs" / "one" / "charts"
    first = call("run", "one.yaml", "--runs", "2", "--no-charts")
    assert first.exit_code == 0, first.output
    assert "Charts: none drawn" in first.stderr
    assert not charts.exists()
    assert "(7 drawn)" in call("plot", "runs/one").stderr
    assert "(0 drawn)" in call("run", "one.yaml", "--runs", "2").stderr
    # Charts of fewer runs than the batch has now are not taken for its charts.
    before = (charts / "control-kidal.png").read_bytes()
    call("run", "one.yaml", "--runs", "4", "--no-charts")
    assert (charts / "control-kidal.png").read_bytes() == before
    assert "(7 drawn)" in call("run", "one.yaml", "--runs", "4").stderr
    assert (charts / "control-kidal.png").read_bytes() != before


def test_another_batch_is_refused(here):
    call("run", "one.yaml", "--runs", "2")
    result = call("run", "one.yaml", "--runs", "2", "--seed", "7")
    assert result.exit_code == 2
    assert "seed 2023 there, 7 asked for" in result.stderr
    assert "Traceback" not in result.output
    elsewhere = call("run", "one.yaml", "--runs", "2", "--seed", "7", "--out", "runs/seven")
    assert elsewhere.exit_code == 0


def test_a_failed_run_gives_status_1(here, monkeypatch):
    monkeypatch.setattr("camphandover.batch.batch.northern_mali", Unlucky)
    result = call("run", "one.yaml", "two.yaml", "--runs", "5", "--seed", "3")
    assert result.exit_code == 1
    assert "one, replicate 3, seed 3: ZeroDivisionError: no men left" in result.stderr
    assert "only 4 runs of 5 did not fail" in result.stdout
    assert (here / "runs" / "one+two" / "charts" / "control-kidal.png").is_file()
    assert call("run", "one.yaml", "two.yaml", "--runs", "5", "--seed", "3").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--runs", "0"], "--runs"),
        (["--runs", "many"], "--runs"),
        (["--workers", "0"], "--workers"),
        (["--seed", "-1"], "--seed"),
        (["--seed", str(2**64)], "--seed"),
        (["--json", "nowhere/t.json"], "nowhere/t.json"),
        (["--json", "scenarios"], "is a folder"),
        (["--out", "one.yaml"], "is a file"),
        (["--out", "scenarios"], "not empty"),
        (["nothing.yaml"], "nothing.yaml"),
        (["--set", "ied_rate"], "--set ied_rate: NAME=VALUE is needed"),
        (["--set", "ied_rate=much"], "--set ied_rate=much: NAME=VALUE is needed"),
        (["--set", "ied_rat=1"], "did you mean ied_rate"),
        (["--set", "ied_rate=77"], "a number from 0.1 to 3"),
        (["--set", "ied_rate=1", "--set", "ied_rate=2"], "stands twice"),
        (["--evidence", "hindsight"], "one of hindcast, prior"),
        (["--ledger", "some"], "one of full, changes, none"),
        (["--cluster", "nowhere:x"], "no Dask scheduler answers at nowhere:x"),
    ],
)
def test_bad_arguments(here, arguments, words):
    result = call("run", "one.yaml", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert not (here / "runs").exists()


def test_faults_of_all_files_are_told(here):
    (here / "bad.yaml").write_text("title: x\nquestoin: y\n")
    (here / "worse.yaml").write_text("title: x\nquestion: y\nwindow: 7\n")
    result = call("run", "bad.yaml", "worse.yaml")
    assert result.exit_code == 2
    assert "bad.yaml:2" in result.stderr
    assert "worse.yaml:3" in result.stderr


def test_the_largest_seed(here):
    result = call("run", "one.yaml", "--runs", "1", "--seed", str(2**64 - 1))
    assert result.exit_code == 0, result.output
    assert f"seed {2**64 - 1}" in result.stdout


def test_plot_draws_again(here):
    call("run", "one.yaml", "--runs", "2")
    chart = here / "runs" / "one" / "charts" / "control-kidal.png"
    before = chart.read_bytes()
    chart.write_bytes(b"spoilt")
    result = call("plot", "runs/one")
    assert result.exit_code == 0, result.output
    assert chart.read_bytes() == before
    assert call("plot", "runs/one", "--out", "pictures").exit_code == 0
    assert len(list((here / "pictures").glob("*.png"))) == 7


@pytest.mark.parametrize("folder", ["nowhere", "scenarios"])
def test_plot_of_no_batch(here, folder):
    result = call("plot", folder)
    assert result.exit_code == 2
    assert folder in result.stderr
    assert "Traceback" not in result.output


def test_a_first_compile_is_told(here, monkeypatch):
    monkeypatch.setattr("camphandover.core.compiled.is_cold", lambda: True)
    monkeypatch.setattr("camphandover.core.compiled._SAID", [])
    assert call("run", "one.yaml", "--runs", "1").stderr.count("compiling the model") == 1
    assert "compiling" not in call("run", "one.yaml", "--runs", "2").stderr


def test_parameters_of_the_command_line(here):
    options = ("--runs", "3", "--set", "ied_rate=0.5", "--evidence", "prior", "--ledger", "none")
    assert call("run", "one.yaml", *options).exit_code == 0
    batch = ch.open_batch(here / "runs" / "one")
    assert batch.parameters.loc["one", "ied_rate"] == 0.5
    assert batch.parameters.loc["one", "clear_insurgent"] == 0.1
    assert batch.ledger == "none"
    result = call("run", "two.yaml", "--runs", "3", "--sample-parameters")
    assert result.exit_code == 0
    records = ch.open_batch(here / "runs" / "two").parameters
    assert records.loc["two"]["ied_rate"].nunique() == 3


def test_points_of_a_sweep_are_scenarios_of_the_batch(here):
    sweep = "extends: one\nsweep: {grid: {airpower.scale: [0, 0.5, 2]}}\n"
    (here / "many.yaml").write_text(sweep)
    result = call("run", "one.yaml", "many.yaml", "--runs", "3", "--out", "runs/many")
    assert result.exit_code == 0, result.output
    names = ["one", *(f"many[airpower.scale={scale}]" for scale in ("0", "0.5", "2"))]
    batch = ch.open_batch(here / "runs" / "many")
    assert batch.scenarios == names
    assert [batch.scenario(name).airpower.scale for name in names] == [1, 0, 0.5, 2]
    assert all(name in result.stdout for name in names)


def test_compare_is_a_command(here):
    assert call("run", "one.yaml", "two.yaml", "--runs", "6", "--out", "runs/b").exit_code == 0
    result = call("compare", "runs/b", "one", "two", "--json", "c.json")
    assert result.exit_code == 0, result.output
    assert "A = one, B = two: 6 pairs of runs" in result.stdout
    assert json.loads((here / "c.json").read_text())["pairs"] == 6
    result = call("compare", "runs/b", "one", "tow")
    assert result.exit_code == 2
    assert "did you mean 'two'" in result.stderr


def test_runs_that_were_there_do_not_count_for_the_rate(here, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    seen = []
    real = progress.bar_of

    def spy(bar):
        seen.append(bar)
        return real(bar)

    monkeypatch.setattr(progress, "bar_of", spy)
    with progress.shown() as tell:
        tell(800, 1000)
        assert (seen[0].initial, seen[0].n, seen[0].total) == (800, 800, 1000)
        tell(900, 1000)
        assert seen[0].n == 900


def test_progress_is_for_terminals(here, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        with telling.progress_of(False, print) as tell:
            tell(0, 100)
            tell(50, 100)
            time.sleep(0.15)
            tell(100, 100)
        assert ("100/100" in stream.getvalue()) == shown
        assert bool(stream.getvalue()) == shown
