"""Sensitivity: known indices found through design, runs and analysis; luck; what is refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from batches import Scripted, made
from camphandover import facts
from camphandover.batch.sampling import quantile
from camphandover.batch.settings import Means
from camphandover.cli import main as cli
from camphandover.core.state import Side
from camphandover.errors import BatchError
from camphandover.judge.study.indices import (
    elementary_effects,
    morris_indices,
    noise_of,
    sobol_indices,
)
from camphandover.judge.study.sensitivity import Sensitivity, sensitivity
from camphandover.judge.study.study import (
    Problem,
    Study,
    by_point,
    morris_design,
    problem_of,
    sobol_design,
)
from camphandover.measure.outcomes import DEFAULT, parse_all, values, without_failures
from camphandover.measure.runs import Window

THREE = ["ied_rate", "ied_delay", "supply_speed"]
DEAD = 1e4
"""Of one unit of a parameter: whole men are stored, so that there have to be many."""


class Known(Scripted):
    """The army's dead are a thousandfold of `ied_rate`, less those of `ied_delay`."""

    def use_parameters(self, values: Any) -> None:
        super().use_parameters(values)
        self.dead = DEAD * (5 + self.rate - values.get("ied_delay", 0.0))

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        record.series["dead"][:, Side.ARMY] = self.dead
        return record


class Rate(Known):
    """The army's dead are a multiple of `ied_rate` and of nothing else; luck adds to them."""

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        record.series["dead"][:, Side.ARMY] = DEAD * self.rate + 100 * replicate
        return record


class Constant(Scripted):
    """Nothing depends on parameters."""


class Faulty(Rate):
    """The second draw of a high rate fails."""

    def run(self, replicate: int) -> Any:
        if replicate == 1 and self.rate > 0.9:
            raise ZeroDivisionError("no men left")
        return super().run(replicate)


def three(evidence: str = "hindcast") -> Problem:
    return problem_of(made("a"), evidence, THREE)


def analysed(tmp_path: Path, model: Any = Rate, **options: Any) -> Sensitivity:
    settings: dict[str, Any] = {
        "outcomes": "dead:army", "parameters": THREE, "draws": 2, "trajectories": 4, "points": 16,
        "model": model, "progress": False,
    }  # fmt: skip
    return sensitivity(made("a"), **{**settings, "out": tmp_path / "runs", **options})


def by_name(found: Sensitivity, outcome: str | None = None) -> Any:
    return found.select(outcome).set_index("parameter")


# --- designs -----------------------------------------------------------------------------


def test_factors_are_the_parameters_with_a_range_that_the_scenario_leaves_open() -> None:
    register = facts.load().parameters
    of_runs = {n: p.known("hindcast") for n, p in register.items() if not p.is_of_record}
    ranged = [name for name, (low, _, high) in of_runs.items() if low < high]
    assert problem_of(made("a")).names == ranged
    fixed = problem_of(made("a", parameters={"ied_rate": 0.5}))
    assert fixed.names == [name for name in ranged if name != "ied_rate"]
    assert fixed.left_out == ("ied_rate",)


def test_a_rule_or_a_chapter_chooses_its_parameters() -> None:
    of_rule = problem_of(made("a"), groups=["R1.5"])
    assert {p.rule for p in of_rule.parameters} == {"R1.5"}
    chapter = problem_of(made("a"), groups=["R1"])
    assert {p.rule.partition(".")[0] for p in chapter.parameters} == {"R1"}
    both = problem_of(made("a"), names=["break_raider"], groups=["R1.5"])
    assert set(both.names) == {*of_rule.names, "break_raider"}


def test_trajectories_move_each_factor_once_between_quarters_of_its_distribution() -> None:
    points = morris_design(three(), 6, 1)
    assert set(np.unique(points)) == {0.125, 0.375, 0.625, 0.875}
    moved = np.diff(points.reshape(6, 4, 3), axis=1) != 0
    assert (moved.sum(axis=2) == 1).all()
    assert (moved.sum(axis=1) == 1).all()


def test_values_are_quantiles_inside_the_range_of_the_set() -> None:
    problem = three("prior")
    points = morris_design(problem, 3, 1)
    records = problem.records(points, "test")
    low, best, high = facts.load().parameters["ied_rate"].known("prior")
    assert records.is_paired
    assert records.evidence == "prior"
    rates = records.values[:, records.names.index("ied_rate")]
    column = problem.names.index("ied_rate")
    assert rates == pytest.approx(quantile(points[:, column], low, best, high))
    assert low < rates.min() < rates.max() < high


@pytest.mark.parametrize(
    ("design", "small", "large", "n"), [(morris_design, 3, 7, 4), (sobol_design, 8, 32, 5)]
)
def test_a_larger_design_begins_with_the_smaller(design, small, large, n) -> None:
    assert np.array_equal(design(three(), large, 5)[: small * n], design(three(), small, 5))
    assert not np.array_equal(design(three(), small, 5), design(three(), small, 6))


def test_replicates_become_points_and_draws() -> None:
    assert by_point(np.arange(6.0), 3).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert by_point(np.zeros((2, 6)), 3).shape == (2, 3, 2)


# --- indices of known functions ----------------------------------------------------------


def test_elementary_effects_of_a_function_solved_by_hand() -> None:
    problem, points = three(), morris_design(three(), 12, 3)
    # From the lowest to the highest level, 0.75 apart, u0 changes y by 3, u1 by -2, u2 by nothing.
    y = 4 * points[:, 0] - 2 / 0.75 * points[:, 1]
    table = morris_indices(problem, points, y)
    assert table["mu_star"].to_numpy() == pytest.approx([3, 2, 0])
    assert table["mu"].to_numpy() == pytest.approx([3, -2, 0])
    assert table["sigma"].to_numpy() == pytest.approx([0, 0, 0], abs=1e-12)
    assert table["mu_star_conf"].to_numpy() == pytest.approx([0, 0, 0], abs=1e-12)
    assert table["luck"].isna().all()


def test_our_elementary_effects_are_those_of_salib() -> None:
    problem, points = problem_of(made("a"), groups=["R1.6"]), None
    points = morris_design(problem, 9, 3)
    y = np.random.default_rng(1).normal(size=(len(points), 2))
    effects = elementary_effects(points, y).mean(axis=2)
    table = morris_indices(problem, points, y)
    assert np.abs(effects).mean(axis=1) == pytest.approx(table["mu_star"].to_numpy())
    assert effects.std(axis=1, ddof=1) == pytest.approx(table["sigma"].to_numpy())


def test_shares_of_ishigamis_function() -> None:
    problem, points = three(), sobol_design(three(), 1024, 3)
    x = np.pi * (2 * points - 1)
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    table = sobol_indices(problem, y)
    for name, right in {"S1": [0.314, 0.442, 0.0], "ST": [0.558, 0.442, 0.244]}.items():
        assert table[name].to_numpy() == pytest.approx(right, abs=0.04)
        assert (np.abs(table[name] - right) <= 2 * table[f"{name}_conf"] + 1e-9).all()


def test_a_factor_that_does_nothing_has_no_index_and_no_luck() -> None:
    points = sobol_design(three(), 32, 3)
    y = points[:, [0]] + np.arange(3.0)
    table = sobol_indices(three(), y)
    assert table.iloc[1:].to_numpy() == pytest.approx(np.zeros((2, 5)))
    assert table.iloc[0][["ST", "S1"]].to_numpy() == pytest.approx([1, 1], abs=0.1)


def test_a_constant_outcome_has_no_shares_and_no_effects() -> None:
    ones = np.ones((len(sobol_design(three(), 8, 3)), 2))
    assert sobol_indices(three(), ones).isna().all(axis=None)
    points = morris_design(three(), 4, 3)
    table = morris_indices(three(), points, np.ones((len(points), 2)))
    assert (table[["mu_star", "mu", "luck"]] == 0).all(axis=None)


def test_luck_tells_what_noise_alone_gives() -> None:
    """Draws of a standard normal at each point: no parameter does anything but change the luck."""
    problem = problem_of(made("a"), groups=["R1"])
    points = morris_design(problem, 100, 3)
    y = np.random.default_rng(5).normal(size=(len(points), 4))
    table, noise = morris_indices(problem, points, y), noise_of("morris", problem, y)
    # A difference of two means of four: variance 2 / 4; extrapolated from two levels to three.
    expected = 1.5 * np.sqrt(2 / np.pi) * np.sqrt(2 / 4)
    assert noise.dummy == pytest.approx(expected, rel=0.05)
    assert table["mu_star"].mean() == pytest.approx(expected, rel=0.03)
    assert table["luck"].to_numpy() == pytest.approx(expected, rel=0.15)
    assert noise.share_luck == pytest.approx(1, rel=0.1)
    stands_out = table["mu_star"] - table["mu_star_conf"] > table["luck"]
    assert stands_out.mean() <= 0.1


def test_luck_is_the_excess_of_a_total_index() -> None:
    problem, points = three(), sobol_design(three(), 1024, 3)
    y = points[:, [0]] + np.random.default_rng(5).normal(0, 0.4, size=(len(points), 4))
    table, noise = sobol_indices(problem, y), noise_of("sobol", problem, y)
    right = 0.04 / (0.04 + 1 / 12)
    assert noise.share_luck == noise.dummy == pytest.approx(right, rel=0.1)
    assert table["luck"].to_numpy() == pytest.approx(right, rel=0.15)
    assert table["ST"].iloc[1:].to_numpy() == pytest.approx(table["luck"].iloc[1:], abs=0.05)
    assert noise.sd_draws == pytest.approx(0.4, rel=0.05)


def test_unknown_values_are_refused() -> None:
    points = morris_design(three(), 2, 3)
    with pytest.raises(BatchError, match="1 values of the outcome are unknown"):
        morris_indices(three(), points, np.array([np.nan, *np.ones(len(points) - 1)]))


# --- through design, runs and analysis ---------------------------------------------------


def test_shares_of_an_outcome_of_one_parameter(tmp_path: Path) -> None:
    found = analysed(tmp_path, method="sobol", points=64)
    table = by_name(found)
    assert table.loc["ied_rate", ["ST", "S1"]].to_numpy(float) == pytest.approx([1, 1], abs=0.05)
    assert (table.loc[["ied_delay", "supply_speed"], ["ST", "S1", "luck"]] == 0).all(axis=None)
    assert table.loc["ied_rate", "rank"] == 1
    assert found.runs == 64 * 5 * 2


def test_effects_of_an_outcome_of_two_parameters(tmp_path: Path) -> None:
    found = analysed(tmp_path, Known)
    table, problem = by_name(found), found.problem
    values = problem.values(morris_design(problem, 4, 2023))
    steps = np.abs(np.diff(values.reshape(4, 4, 3), axis=1)).max(axis=1).mean(axis=0)
    for name, sign in {"ied_rate": 1, "ied_delay": -1}.items():
        effect = DEAD * steps[problem.names.index(name)] * 1.5
        assert table.loc[name, "mu_star"] == pytest.approx(effect, rel=1e-3)
        assert table.loc[name, "mu"] == pytest.approx(sign * effect, rel=1e-3)
    assert table.loc["supply_speed", "mu_star"] == 0
    assert table["stands_out"].to_dict()["ied_rate"]
    assert not table["stands_out"].to_dict()["supply_speed"]


def test_all_points_meet_the_same_draws(tmp_path: Path) -> None:
    """The UN holds Kidal 10 days and one for each draw, whatever the parameters."""
    scenario = made("a")
    records = three().records(morris_design(three(), 3, 1), "test")
    means = Means(model=Constant, progress=False)
    batch = Study([scenario], "hindcast", tmp_path / "b", means).run(records, 3, 7)
    window = Window(scenario.window.start, scenario.window.end)
    wanted = parse_all(["held:Kidal:minusma", "held:Kidal:army"], window, ["Kidal"])
    un, army = by_point(values(batch, "a", wanted, window), records.n)
    assert (un == [10, 11, 12]).all()
    assert un.shape == (12, 3)
    assert (army[:, 1] == 0).all()
    assert (army[:, 0] == window.n_days - 10).all()


def test_the_same_call_again_computes_nothing_and_more_draws_add_runs(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def run(draws: int) -> Sensitivity:
        return analysed(tmp_path, draws=draws, progress=lambda done, of: told.append((done, of)))

    run(1)
    first = run(4)
    assert told[0] == (0, 16)
    computed = len(told)
    again = run(4)
    assert again.reused
    assert len(told) == computed
    assert again.table.equals(first.table)
    fresh = analysed(tmp_path / "fresh", draws=4)
    assert fresh.table.equals(first.table)


def test_the_number_of_runs_and_their_time_are_told_first(tmp_path: Path) -> None:
    said: list[str] = []
    ignore = lambda done, of: None  # noqa: E731
    analysed(tmp_path, progress=ignore, say=said.append)
    assert len(said) == 1
    assert said[0].startswith("32 runs to make: about 1 s")
    analysed(tmp_path, progress=ignore, say=said.append)
    assert len(said) == 1


def test_convergence_is_told_for_growing_parts_of_the_design(tmp_path: Path) -> None:
    found = analysed(tmp_path, trajectories=8)
    grown = found.convergence
    assert sorted(set(grown["size"])) == [2, 4, 6, 8]
    assert sorted(set(grown["runs"])) == [2 * size * 4 for size in (2, 4, 6, 8)]
    assert len(grown) == 4 * 3
    whole = grown[grown["size"] == 8].set_index("parameter")["mu_star"]
    assert whole.to_dict() == by_name(found)["mu_star"].to_dict()
    assert found.stability["top_shared"].tolist() == [1, 1, 1, 1]
    assert found.stability["top_shared_halves"].notna().tolist() == [True, True, False, False]
    smaller = analysed(tmp_path / "small", trajectories=4)
    part = grown[grown["size"] == 4].set_index("parameter")["mu_star"]
    assert part.to_dict() == pytest.approx(by_name(smaller)["mu_star"].to_dict())
    halves = analysed(tmp_path / "sobol", method="sobol", points=32)
    assert sorted(set(halves.convergence["size"])) == [4, 8, 16, 32]


def test_one_draw_does_not_tell_luck(tmp_path: Path) -> None:
    found = analysed(tmp_path, draws=1)
    assert found.table["luck"].isna().all()
    assert not found.table["stands_out"].any()
    assert "not known how much is luck" in str(found)


def test_a_failed_run_is_told_and_replaced_by_the_other_draws(tmp_path: Path) -> None:
    found = analysed(tmp_path, Faulty, draws=3)
    assert 0 < found.n_failed < found.n_points
    assert f"{found.n_failed} runs failed" in str(found)
    sound = by_name(analysed(tmp_path / "sound", Rate, draws=3))["mu"]
    # What is missing shifts a mean by at most a third of the luck's 100 dead.
    assert by_name(found)["mu"]["ied_rate"] == pytest.approx(sound["ied_rate"], abs=100)


def test_unknown_draws_are_filled_and_points_without_any_refused() -> None:
    assert without_failures(np.array([[1.0, np.nan, 3.0]])).tolist() == [[1, 2, 3]]
    with pytest.raises(BatchError, match="all runs of a point"):
        without_failures(np.array([[1.0, 2.0], [np.nan, np.nan]]))


def test_outcomes_of_a_batch_solved_by_hand(tmp_path: Path) -> None:
    """Draw 0 gives Kidal to the army after 10 days; draw 1 to the separatists after 11."""
    expected = {
        "held:Kidal:army": (143 + 0) / 2,
        "holds:Kidal:separatists": 0.5,
        "holds:Kidal:minusma:2023-08-11": 0.5,
        "fall:Kidal:army": (10 + 153) / 2,
        "dead:army": DEAD,
        "dead": DEAD,
        "civilians": 0.0,
        "displaced": 0.0,
    }
    found = analysed(tmp_path, outcomes=list(expected), parameters=["supply_speed"], trajectories=2)
    means = found.noise.set_index("outcome")["mean"].to_dict()
    dead = {"dead:army", "dead"}
    assert {k: v for k, v in means.items() if k not in dead} == pytest.approx(
        {k: v for k, v in expected.items() if k not in dead}
    )
    rate = facts.load().parameters["ied_rate"].best
    assert means["dead:army"] == means["dead"] == pytest.approx(DEAD * rate + 50)


def test_what_is_found_is_shown_and_written(tmp_path: Path) -> None:
    found = analysed(
        tmp_path, outcomes=["dead:army", "held:Kidal:army", "holds:Kidal:joint:2023-12-31"]
    )
    text = str(found)
    assert max(map(len, text.splitlines())) <= 120
    assert "ied_rate" in text
    assert "It is the same at all points" in text  # the days at Kidal
    assert "<table>" in found._repr_html_()
    found.write_json(tmp_path / "out.json")
    stored = json.loads((tmp_path / "out.json").read_text())
    assert stored["runs"] == 32
    assert stored["table"][0]["parameter"] == "ied_rate"
    assert len(stored["table"]) == 9


def test_charts_show_the_ranks_and_the_dummy(tmp_path: Path) -> None:
    from camphandover.charts import draw_sensitivity, plot_convergence, plot_sensitivity

    found = analysed(tmp_path, Known, outcomes=["dead:army", "held:Kidal:army"])
    ax = plot_sensitivity(found, top=2)
    names = [label.get_text().split()[0] for label in ax.get_yticklabels()]
    assert names == found.select()["parameter"].tolist()[:2]
    widths = [patch.get_width() for patch in ax.patches]
    assert widths == pytest.approx(found.select()["mu_star"].head(2).tolist())
    assert any(line.get_gid() == "dummy" for line in ax.lines)
    with pytest.raises(ValueError, match="top is 9"):
        plot_convergence(found, top=9)
    with pytest.raises(BatchError, match="no outcome is named 'dead'"):
        plot_sensitivity(found, "dead")
    files = draw_sensitivity(found, tmp_path / "charts")
    assert [path.name for path in files] == [
        f"{kind}-{name}.png"
        for name in ("dead-army", "held-Kidal-army")
        for kind in ("sensitivity", "convergence")
    ]
    assert all(path.stat().st_size > 1000 for path in files)


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"method": "fast"}, "no method is named 'fast'.*morris, sobol"),
        ({"outcomes": "helt:Kidal:army"}, "'helt:Kidal:army' is not known.*held:PLACE:HOLDER"),
        ({"outcomes": "held:Kidal"}, "is not known; there is"),
        ({"outcomes": "held:Kidall:army"}, "no place is named 'Kidall'.*Kidal"),
        ({"outcomes": "held:Kidal:armi"}, "no holder is named 'armi'.*army"),
        ({"outcomes": "fall:Kidal:minusma"}, "no holder is named 'minusma'"),
        ({"outcomes": "dead:goats"}, "no side is named 'goats'.*civilians"),
        ({"outcomes": "holds:Kidal:army:soon"}, "a day from 2023-08-01 to 2023-12-31"),
        (
            {"outcomes": "holds:Kidal:army:2022-01-01"},
            "2022-01-01: a day from 2023-08-01",
        ),
        ({"parameters": ["ied_rat"]}, "no parameter 'ied_rat'.*ied_rate"),
        ({"parameters": ["supply_full"]}, "supply_full has no range"),
        ({"parameters": [], "groups": ["R99"]}, "no rule is named 'R99'"),
        ({"evidence": "posterior"}, "hindcast, prior"),
        ({"method": "sobol", "points": 48}, "a power of two is needed, such as 64"),
        ({"trajectories": 1}, "trajectories is 1"),
        ({"draws": 0}, "draws is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(BatchError, match=told):
        analysed(tmp_path, **options)
    assert not (tmp_path / "runs").exists()


def test_a_parameter_that_the_scenario_fixes_is_refused_by_name(tmp_path: Path) -> None:
    fixed = made("fixed", parameters={"ied_rate": 0.5})
    with pytest.raises(BatchError, match=r"fixed fixes ied_rate at 0\.5"):
        sensitivity(fixed, parameters=["ied_rate"], out=tmp_path / "runs")


def test_another_design_does_not_go_into_the_folder_of_one(tmp_path: Path) -> None:
    analysed(tmp_path)
    with pytest.raises(BatchError, match="the records of parameters have changed"):
        analysed(tmp_path, trajectories=5)


def test_the_defaults_are_outcomes_of_the_library(tmp_path: Path) -> None:
    found = analysed(tmp_path, outcomes=())
    assert tuple(one.name for one in found.outcomes) == DEFAULT


# --- the command -------------------------------------------------------------------------


def command(*arguments: str) -> Any:
    return CliRunner().invoke(cli.app, ["sensitivity", *arguments])


def test_the_command_runs_the_model_once(tmp_path: Path) -> None:
    arguments = ["on-schedule", "--parameter", "ied_rate", "--parameter", "strength_army"]
    arguments += ["--trajectories", "2", "--draws", "2", "--out", str(tmp_path / "runs")]
    arguments += ["--outcome", "dead", "--top", "1", "--json", str(tmp_path / "out.json")]
    first = command(*arguments)
    assert first.exit_code == 0, first.output
    assert "12 runs to make: about" in first.stderr
    assert json.loads((tmp_path / "out.json").read_text())["points"] == 6
    assert (tmp_path / "runs" / "charts" / "sensitivity-dead.png").exists()
    again = command(*arguments)
    assert "nothing was computed" in again.stderr
    assert "runs to make" not in again.stderr
    assert again.stdout == first.stdout
    quiet = command(*arguments, "--quiet")
    assert quiet.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["on-schedule", "--outcome", "held:Nowhere:army"], "no place is named 'Nowhere'"),
        (["no-such-scenario"], "no-such-scenario"),
        (["on-schedule", "--group", "R77"], "no rule is named 'R77'"),
        (["on-schedule", "--method", "sobol", "--points", "100"], "a power of two"),
        (["on-schedule", "--method", "fast"], "morris"),
    ],
)
def test_faulty_input_ends_the_command_with_status_2(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    got = command(*arguments, "--out", str(tmp_path / "runs"))
    assert got.exit_code == 2
    assert told in got.output
    assert "Traceback" not in got.output


def test_without_salib_the_command_tells_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "SALib" else known(name)
    )
    got = command("on-schedule", "--out", str(tmp_path / "runs"))
    assert got.exit_code == 2
    assert got.output.strip() == (
        'Sensitivity analysis needs SALib: pip install "camphandover[analysis]".'
    )
