"""The registry of outcomes: those of the package by hand, and a user's own ones everywhere."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import camphandover as ch
from batches import FIRST_EXIT, Scripted, Unlucky, made, short
from camphandover.cli.main import app
from camphandover.errors import BatchError
from camphandover.measure import outcomes, runs
from camphandover.measure.outcomes import Asked, forms, load_outcomes, parse, parse_all, values
from camphandover.measure.runs import Window, scenario_window

OWN = Path(__file__).parents[1].joinpath("own_outcomes.py")
WINDOW = Window(date(2023, 8, 1), date(2023, 12, 31))
PLACES = ["Gao", "Kidal"]


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """What a test adds is there for this test only."""
    monkeypatch.setattr(outcomes, "REGISTRY", dict(outcomes.REGISTRY))


@pytest.fixture(scope="module")
def batch(tmp_path_factory) -> ch.Batch:
    out = tmp_path_factory.mktemp("outcomes") / "b"
    return ch.run([made("one"), short("brief")], runs=6, seed=5, out=out, model=Scripted)


def one(batch: ch.Batch, text: str, scenario: str = "one") -> list[float]:
    """An outcome of a scenario run by run."""
    window = scenario_window(batch, scenario)
    (row,) = values(batch, scenario, [parse(text, window, PLACES)], window)
    return row.tolist()


# --- the package's own -------------------------------------------------------------------


def test_outcomes_by_hand(batch):
    """The UN leaves Kidal on day 10 + replicate, to the army if even, else to the separatists."""
    left = [FIRST_EXIT + r for r in range(6)]
    assert one(batch, "held:Kidal:minusma") == left
    assert one(batch, "held:Kidal:army") == [143, 0, 141, 0, 139, 0]
    assert one(batch, "fall:Kidal:separatists") == [153, 11, 153, 13, 153, 15]
    assert one(batch, "fell:Kidal:separatists") == [0, 1, 0, 1, 0, 1]
    assert one(batch, "holds:Kidal:minusma:2023-08-12") == [0, 0, 1, 1, 1, 1]
    assert one(batch, "holds:Kidal:army") == one(batch, "holds:Kidal:army:2023-12-31")
    assert one(batch, "held:Kidal:army", "brief") == [41, 0, 39, 0, 37, 0]
    # What is held on the first day falls after none.
    assert one(batch, "fall:Gao:army") == [0] * 6


def test_read_some_at_a_time(batch, monkeypatch):
    load_outcomes(OWN)
    texts = ["held:Kidal:army", "dead", "late", "at_home:Gao"]
    asked = [parse(text, WINDOW, PLACES) for text in texts]
    whole = values(batch, "one", asked, WINDOW)
    monkeypatch.setattr(runs, "AT_ONCE", 4)
    np.testing.assert_array_equal(values(batch, "one", asked, WINDOW), whole)


def test_forms_name_all_that_is_asked():
    assert forms() == [
        "held:PLACE:HOLDER",
        "holds:PLACE:HOLDER[:YYYY-MM-DD]",
        "fall:PLACE:HOLDER",
        "fell:PLACE:HOLDER",
        "dead[:SIDE]",
        "displaced",
        "civilians",
    ]


def test_titles():
    def title(text: str) -> str:
        return parse(text, WINDOW, PLACES).title

    assert title("held:Kidal:gsim") == "days on which the camp of Kidal is held by GSIM"
    assert title("holds:Gao:joint").endswith("is held by a joint unit on 2023-12-31")
    assert title("dead") == "dead of all sides and civilians"
    assert title("civilians") == title("dead:civilians") == "dead of civilians"
    assert parse("holds:Gao:army", WINDOW, PLACES).unit == "share of runs"


def test_each_is_asked_once():
    asked = parse_all(["dead", "displaced", "dead"], WINDOW, PLACES)
    assert [one.name for one in asked] == ["dead", "displaced"]
    assert [one.name for one in parse_all((), WINDOW, ["Kidal", "Tessalit"])] == [*outcomes.DEFAULT]


# --- a user's own ------------------------------------------------------------------------


def test_an_outcome_of_one_s_own_is_compared(batch):
    load_outcomes(OWN)
    told = ch.compare(batch, "one", "brief")
    late = told.select("late").iloc[0]
    # From 11 August on, ten days after the first one.
    assert (late["mean_a"], late["mean_b"]) == (15 / 6, 12.5)
    assert (late["unit"], late["better"], late["place"], late["who"]) == ("days", "less", "", "")
    assert late["p_a_better"] == 1
    home = told.select("at_home", "Gao").iloc[0]
    assert home["mean_a"] == 1000 - 2.5
    assert told.select("vacated", "Kidal")["mean_a"].tolist() == [1]
    assert len(told.select("at_home")) == 36
    text = str(told)
    assert "Days for which the UN stays at Kidal; fewer is better" in text
    assert "People at home in the place; more is better" in text
    assert all(len(line) <= 120 for line in text.splitlines())
    assert any(row["outcome"] == "late" for row in told.to_dict()["outcomes"])
    title = ch.plots.difference(told, outcome="late").get_title(loc="left")
    assert title == "one minus brief:\nDays for which the UN stays at Kidal"


def test_only_what_is_asked_is_compared(batch):
    load_outcomes(OWN)
    told = ch.compare(batch, "one", "brief", outcomes=["late", "days_to_fall"])
    # In how many runs it falls stands beside after how many days.
    assert set(told.table["outcome"]) == {"late", "days_to_fall", "fell"}
    assert told.half_width == {"days": 1.0, "share": 0.02}
    with pytest.raises(BatchError, match="no outcome is named 'latee': did you mean 'late'"):
        ch.compare(batch, "one", "brief", outcomes="latee")


def test_an_outcome_of_one_s_own_is_analysed(tmp_path):
    load_outcomes(OWN)
    found = ch.sensitivity(
        made("a"), ["late", "at_home:Gao"], trajectories=2, draws=2, parameters=["ied_rate"],
        out=tmp_path / "s", model=Scripted, progress=False,
    )  # fmt: skip
    assert found.noise["mean"].tolist() == [FIRST_EXIT + 0.5, 999.5]
    assert [one.title for one in found.outcomes] == [
        "days for which the UN stays at Kidal",
        "people at home in Gao",
    ]


def test_runs_that_failed_are_not_shown_to_it(tmp_path):
    met: list[tuple[int, int]] = []

    @ch.outcome(unit="number", better="more")
    def met_again(found):
        met.append((found.n, len(found.series["dead"])))
        return found.series["men"].sel(side="army").isel(date=0)

    stored = ch.run([made("one")], 5, out=tmp_path / "b", model=Unlucky)
    row = values(stored, "one", [parse("met_again", WINDOW, PLACES)], WINDOW)
    np.testing.assert_array_equal(row, [[0, 1, 2, np.nan, 4]])
    assert met == [(4, 4)]


def test_the_commands_take_a_file_of_outcomes(batch, tmp_path):
    arguments = ["--outcomes", str(OWN), "--outcome", "late", "--json", str(tmp_path / "c.json")]
    done = CliRunner().invoke(app, ["compare", str(batch.folder), "one", "brief", *arguments])
    assert done.exit_code == 0, done.output
    assert "the UN stays at Kidal; fewer is better" in done.stdout
    (row,) = json.loads((tmp_path / "c.json").read_text())["outcomes"]
    assert (row["outcome"], row["mean_b"]) == ("late", 12.5)
    wrong = ["sensitivity", "on-schedule", "--outcomes", str(OWN), "--outcome", "at_home:Kidall"]
    done = CliRunner().invoke(app, wrong)
    assert done.exit_code == 2
    assert "no place is named 'Kidall': did you mean 'Kidal'" in done.stderr


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"unit": "dais"}, "no unit is named 'dais': did you mean 'days'"),
        ({"better": "lower"}, "no direction .* is named 'lower'.*more, fewer"),
        ({"over": ("base",)}, "no dimension .* is named 'base'.*place"),
    ],
)
def test_words_that_are_not_known(options, words):
    with pytest.raises(BatchError, match=words):
        ch.outcome(**{"unit": "days", "better": "fewer", **options})


def test_only_functions_in_the_right_order():
    with pytest.raises(BatchError, match="a function is needed, not 'late'"):
        ch.outcome("days", "fewer")("late")
    with pytest.raises(BatchError, match="the order place, holder, taker, side, loser, date"):
        ch.outcome("days", "fewer", over=("holder", "place"))


@pytest.mark.parametrize("name", ["held", "days_held", "civilians"])
def test_a_name_that_is_taken(name):
    def own(found):
        return found.n

    own.__name__ = name
    with pytest.raises(BatchError, match=rf"outcome {name} .*there is one of this name"):
        ch.outcome(unit="days", better="fewer")(own)


def test_another_file_does_not_take_a_name_but_the_same_may_be_loaded_again(tmp_path):
    load_outcomes(OWN)
    load_outcomes(OWN)
    (tmp_path / "other.py").write_text(OWN.read_text())
    with pytest.raises(BatchError, match=r"other\.py: outcome late .*own_outcomes\.py:6"):
        load_outcomes(tmp_path / "other.py")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("runs.n", r"array of shape \(\): a value for each run is needed, shape \(6,\)"),
        ("runs.is_held", r"array of shape \(6, 0, 6, 153\)"),
        ("[1, 2]", r"array of shape \(2,\)"),
        ("[float('nan')] * runs.n", "finite numbers"),
        ("['late'] * runs.n", "finite numbers"),
        ("runs.held_by('army', 'Kidall')", "no place is named 'Kidall'"),
        ("1 / 0", r"own failed in own\.py, line 4: ZeroDivisionError: division by zero"),
    ],
)
def test_values_that_cannot_be(batch, tmp_path, result, words):
    head = 'import camphandover as ch\n@ch.outcome("days", "more")\ndef own(runs):\n'
    (tmp_path / "own.py").write_text(f"{head}    return {result}\n")
    load_outcomes(tmp_path / "own.py")
    with pytest.raises(BatchError, match=words):
        one(batch, "own")


def test_a_share_is_of_runs_that_do_or_do_not(batch):
    @ch.outcome(unit="share", better="more")
    def half(found):
        return np.full(found.n, 0.5)

    with pytest.raises(BatchError, match="other values than 0 and 1"):
        one(batch, "half")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "a Python file"),
        ("1 +", r"own\.py failed in own\.py, line 1: SyntaxError"),
        ("import camphandover\nraise KeyError('x')", r"line 2: KeyError: 'x'"),
        ("x = 1", "defines none: decorate a function"),
        ("import camphandover as ch\nch.outcome('dais', 'more')", r"own\.py: no unit is named"),
    ],
)
def test_files_that_cannot_be(batch, tmp_path, text, words):
    file = tmp_path / "own.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BatchError, match=words):
        load_outcomes(file)
    arguments = ["compare", str(batch.folder), "one", "brief", "--outcomes", str(file)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_what_is_asked_is_hashable_and_frozen():
    asked = parse("held:Kidal:army", WINDOW, PLACES)
    assert {asked: 1}[parse("held:Kidal:army", WINDOW, PLACES)] == 1
    assert isinstance(asked, Asked)
