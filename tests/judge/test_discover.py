"""Handover search: a known box is found and holds up, noise does not, points are scenarios."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from batches import FORM, Scripted
from camphandover import facts, scenario
from camphandover.batch.identity import identity_of
from camphandover.cli.main import Commands
from camphandover.cli.studies import discover as command
from camphandover.core.state import Holder, Slot
from camphandover.errors import BatchError, ScenarioError
from camphandover.judge.study import levers
from camphandover.judge.study.discover import retest as retests
from camphandover.judge.study.discover import search
from camphandover.judge.study.discover.boxes import Box, Condition
from camphandover.judge.study.discover.discover import Discovery, discover
from camphandover.judge.study.discover.losses import (
    LOST,
    RUNS,
    SHARE,
    Share,
    less,
    luck,
    make_loss,
    over_points,
    share_of,
)
from camphandover.judge.study.factors import PARAMETER, RECEIVER, TIMING, Factor
from camphandover.judge.study.levers import RECEIVERS, lever, luck_of_its_own
from camphandover.judge.study.settings import DiscoverSettings
from camphandover.measure.intervals import wilson

CUT, RATE = 0, 0.9
BAD, GOOD = 0.95, 0.05
GIVEN_AWAY = ("empty", "race")
SHIFT_OF_KIDAL = lever(TIMING, "Kidal")
RECEIVER_OF_KIDAL = lever(RECEIVER, "Kidal")


def is_bad(shift: Any, receiver: Any, rate: Any) -> Any:
    """The known box: late, left empty or to a race, many explosive devices."""
    return (shift >= CUT) & np.isin(receiver, GIVEN_AWAY) & (rate >= RATE)


class Boxed(Scripted):
    """Kidal is lost with one chance inside the known box and with another outside."""

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        clause = self.of.camps["Kidal"]
        shift = (clause.exit - planned("Kidal")).days
        chance = BAD if is_bad(shift, clause.receiver, self.rate) else GOOD
        is_lost = np.random.default_rng([self.seed, replicate]).random() < chance
        kidal = [place.name for place in facts.load().places].index("Kidal")
        record.control[kidal, Slot.CAMP] = Holder.SEPARATISTS if is_lost else Holder.ARMY
        return record


def make_design(scenario: Any, place: str, **options: Any) -> Any:
    return levers.make_design(DiscoverSettings(scenario, place, **options))


def planned(camp: str) -> Any:
    return next(one.planned for one in facts.load().camps if one.place == camp)


@pytest.fixture(scope="module")
def design() -> Any:
    return make_design({**FORM, "extends": "historical"}, "Kidal")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Discovery:
    return searched(tmp_path_factory.mktemp("search"))


def searched(folder: Path, **options: Any) -> Discovery:
    wanted = {"points": 200, "runs": 3, "retest": 24, "boxes": 1, "seed": 7} | options
    return discover(
        "historical", "Kidal", out=folder, model=Boxed, progress=False, camps=["Kidal"], **wanted
    )


def outcome(frame: Any, chance: Any, runs: int, seed: int) -> Any:
    """Points with an outcome of a known chance."""
    rng = np.random.default_rng(seed)
    lost = rng.binomial(runs, np.broadcast_to(chance, len(frame)))
    return frame.assign(**{RUNS: runs, LOST: lost, SHARE: lost / runs})


def known_chance(frame: Any) -> Any:
    inside = is_bad(frame[SHIFT_OF_KIDAL], frame[RECEIVER_OF_KIDAL], frame["ied_rate"])
    return np.where(inside, BAD, GOOD)


def entering(frame: Any, design: Any) -> list[Factor]:
    table = search.screen(frame, design.factors)
    names = set(table.loc[table["enters"], "factor"])
    return [factor for factor in design.factors if factor.name in names]


# --- points ------------------------------------------------------------------------------


def test_levers_come_from_the_facts(design: Any) -> None:
    assert [camp.place for camp in design.camps] == ["Tessalit", "Aguelhok", "Kidal"]
    assert [camp.place for camp in make_design("on-schedule", "Bourem").camps] == ["Ansongo", "Gao"]
    # without a UN camp of its own region that closes later, the separatists' core is varied
    assert [camp.place for camp in make_design("on-schedule", "Dioura").camps] != []
    limits = {one.of: (one.low, one.high) for one in design.factors if one.kind == TIMING}
    end = design.base.mandate_end
    assert limits["Kidal"] == (-30, (end - planned("Kidal")).days)
    assert limits["Tessalit"] == (-30, 60)
    assert "Kidal is shifted by -30 to 46 days only" in design.notes[0]


def test_points_lie_in_the_ranges_and_fill_them(design: Any) -> None:
    frame = design.draw(400, 1)
    for factor in design.factors:
        if factor.is_category:
            counts = frame[factor.name].value_counts()
            assert set(counts.index) == set(RECEIVERS)
            assert counts.min() == counts.max() == 80
        else:
            values = frame[factor.name]
            assert factor.low <= values.min() <= values.max() <= factor.high
    assert frame["ied_rate"].nunique() == 400
    assert frame.equals(design.draw(400, 1))
    assert not frame.equals(design.draw(400, 2))


def test_a_point_is_the_scenario_that_it_says(design: Any) -> None:
    frame = design.draw(12, 3)
    for row, made in zip(frame.to_dict("records"), design.scenarios(frame, "s"), strict=True):
        for camp in ("Kidal", "Tessalit", "Aguelhok"):
            clause = made.camps[camp]
            assert clause.exit == planned(camp) + timedelta(row[lever(TIMING, camp)])
            assert clause.receiver == row[lever(RECEIVER, camp)]
            assert clause.notice_army == row["notice: army"]
            assert clause.notice_separatists == row["notice: separatists"]
        gap = made.camps["Kidal"].exit - made.camps["Tessalit"].exit
        assert row["Kidal after Tessalit"] == gap.days
        for name, value in made.parameters.items():
            assert row[name] == value
        again = scenario.load(design.form(row), made.name)
        assert again.digest() == made.digest()
        # what is not varied is that of the scenario
        assert made.camps["Ansongo"] == design.base.camps["Ansongo"]
        assert made.camps["Kidal"].early_exit is False


def test_what_a_scenario_fixes_is_not_drawn() -> None:
    form = {**FORM, "extends": "on-schedule", "parameters": {"ied_rate": 0.5}}
    design = make_design(form, "Kidal", receivers=["army"], shift=(0, 0))
    names = [factor.name for factor in design.factors]
    assert "ied_rate" not in names
    assert RECEIVER_OF_KIDAL not in names
    assert SHIFT_OF_KIDAL not in names
    row = design.draw(2, 0).to_dict("records")[0]
    assert design.form(row)["parameters"]["strength_army"] == row["strength_army"]
    made = scenario.load(design.form(row))
    assert made.parameters["ied_rate"] == 0.5
    assert made.camps["Kidal"].exit == planned("Kidal")


def test_each_point_has_luck_of_its_own_that_the_seed_decides(design: Any) -> None:
    seeds = [
        luck_of_its_own(Scripted)(one, seed).seed  # type: ignore[attr-defined]
        for seed in (1, 2)
        for one in design.scenarios(design.draw(5, 0), "s")
    ]
    assert len(set(seeds)) == 10
    assert "own_luck" in identity_of(luck_of_its_own(None))


# --- words -------------------------------------------------------------------------------


def test_conditions_read_plainly(design: Any) -> None:
    factors = {factor.name: factor for factor in design.factors}

    def said(name: str, low: float = -np.inf, high: float = np.inf, among: Any = ()) -> str:
        return str(Condition(factors[name], low, high, among))

    assert said(SHIFT_OF_KIDAL, high=-12) == (
        "the UN is to leave Kidal at least 12 days before its plan (by 3 November)"
    )
    assert said(SHIFT_OF_KIDAL, low=1) == (
        "the UN is to leave Kidal at least 1 day after its plan (from 16 November)"
    )
    assert "(5 November to 20 November)" in said(SHIFT_OF_KIDAL, -10, 5)
    assert said("Kidal after Tessalit", low=3).endswith(
        "leave Kidal at least 3 days after Tessalit"
    )
    assert said("Kidal after Tessalit", high=-3).endswith("at least 3 days before Tessalit")
    assert said(RECEIVER_OF_KIDAL, among=("race", "empty")) == (
        "the camp of Kidal is left to a race or is left empty"
    )
    assert said("notice: army", high=7) == "the army has at most 7 days of notice"
    assert said("strength_army", high=4632.7).endswith("R1.2) is at most 4,630")
    assert said("ied_rate", 0.5, 1.25) == "ied rate (per 100 km, R1.5) is 0.5 to 1.25"


# --- shares ------------------------------------------------------------------------------


def test_the_interval_counts_what_is_independent() -> None:
    import pandas as pd

    def shares(lost: Any, runs: int) -> Share:
        return share_of(pd.DataFrame({LOST: lost, RUNS: runs}))

    one_each = shares([1] * 12 + [0] * 28, 1)
    assert one_each[1:3] == pytest.approx([float(x) for x in wilson(12, 40)])
    # all runs of a point end alike: they are worth one
    alike = shares([10] * 12 + [0] * 28, 10)
    assert alike.effective == pytest.approx(40, rel=0.03)
    assert alike.low == pytest.approx(one_each.low, abs=0.01)
    # as many different chances as luck alone makes: all runs count
    rng = np.random.default_rng(0)
    free = shares(rng.binomial(10, 0.3, 40), 10)
    assert free.effective > 250
    assert np.isnan(shares([], 4).value)


def test_the_difference_has_the_published_interval() -> None:
    bounds = [wilson(56, 70), wilson(48, 80)]
    a, b = (
        Share(k / n, float(low), float(high), n, n)
        for (k, n), (low, high) in zip(((56, 70), (48, 80)), bounds, strict=True)
    )
    assert less(a, b) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)  # Newcombe 1998, table II


def test_luck_is_what_points_do_not_tell() -> None:
    import pandas as pd

    frame = pd.DataFrame({"x": np.zeros(4000)})
    assert luck(outcome(frame, 0.4, 4, 0)) == pytest.approx(1, abs=0.02)
    assert luck(outcome(frame, np.arange(4000) % 2, 4, 0)) == 0
    half = outcome(frame, np.where(np.arange(4000) % 2, 0.75, 0.25), 4, 0)
    assert luck(half) == pytest.approx(0.75, abs=0.03)


def test_the_spread_over_points_is_free_of_luck() -> None:
    import pandas as pd

    frame = pd.DataFrame({"x": np.zeros(3000)})
    mostly, bad = over_points(outcome(frame, 0.4, 4, 1))
    assert mostly < 0.02  # though a third of the points lose more than half of their four runs
    assert bad < 0.5
    chances = np.random.default_rng(2).beta(2, 3, 3000)
    mostly, bad = over_points(outcome(frame, chances, 4, 1))
    assert mostly == pytest.approx((chances > 0.5).mean(), abs=0.02)
    assert bad == pytest.approx(np.quantile(chances, 0.9), abs=0.02)
    assert np.isnan(over_points(outcome(frame, 0.4, 1, 1))).all()


# --- boxes -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["prim", "tree"])
def test_a_known_box_is_found(design: Any, method: str) -> None:
    frame = design.draw(800, 7)
    frame = outcome(frame, known_chance(frame), 3, 7)
    boxes, trade_off = search.find_boxes(frame, entering(frame, design)[:5], method, 1)
    held = {one.factor.name: one for one in boxes[0].conditions}
    assert {SHIFT_OF_KIDAL, RECEIVER_OF_KIDAL} <= set(held) <= {
        SHIFT_OF_KIDAL, RECEIVER_OF_KIDAL, "ied_rate",
    }  # fmt: skip
    assert all(one.p <= 0.01 for one in held.values())
    assert held[SHIFT_OF_KIDAL].low == pytest.approx(CUT, abs=3)
    assert np.isinf(held[SHIFT_OF_KIDAL].high)
    if method == "prim":
        assert held[RECEIVER_OF_KIDAL].among == ("race", "empty")
        assert held["ied_rate"].low == pytest.approx(RATE, abs=0.12)
        assert all(one.p < 0.001 for one in held.values())
        assert trade_off["chosen"].sum() == 1
        assert trade_off["density"].max() > 0.8


def test_a_denser_box_can_be_asked_for(design: Any) -> None:
    frame = design.draw(500, 3)
    late = np.clip((frame[SHIFT_OF_KIDAL].to_numpy(dtype=float) + 30) / 76, 0, 1)
    frame = outcome(frame, late, 4, 3)
    factors = [factor for factor in design.factors if factor.name == SHIFT_OF_KIDAL]
    wide, dense = (search.find_boxes(frame, factors, "prim", 1, x)[0][0] for x in (None, 0.9))
    assert wide.conditions[0].low == pytest.approx(8, abs=6)  # half of all chances lie below
    assert frame.loc[dense.inside(frame), SHARE].mean() == pytest.approx(0.9, abs=0.03)
    assert dense.conditions[0].low > wide.conditions[0].low


def test_noise_is_not_believed(design: Any) -> None:
    levers = [factor for factor in design.factors if factor.kind != PARAMETER]
    n_found = n_held = 0
    for seed in range(24):
        frame = outcome(design.draw(200, seed), 0.4, 2, seed)
        boxes, _ = search.find_boxes(frame, levers, "tree", 1)
        if not boxes:
            continue
        n_found += 1
        drawn = retests.fresh_points(design, boxes, 60, retests.fresh_seed(seed))
        fresh = outcome(drawn, 0.4, 2, 100 + seed)
        judged = retests.judged(fresh, frame, boxes, 60)
        inside = judged[judged["stratum"] == "inside"].iloc[0]
        assert inside["found"] > 0.4
        n_held += inside["verdict"] != retests.FAILS
    assert n_found >= 6  # a box of noise has to be there to be refused
    assert n_held <= 1  # each with a chance of one in 40


def test_a_box_that_was_lucky_is_called_weaker(design: Any) -> None:
    box = Box((Condition(next(f for f in design.factors if f.name == SHIFT_OF_KIDAL), low=20),))
    frame = design.draw(300, 1)
    frame = outcome(frame, np.where(box.inside(frame), 0.95, 0.1), 4, 1)
    drawn = retests.fresh_points(design, [box], 100, 2)
    for chance, verdict in ((0.95, retests.HOLDS), (0.5, retests.WEAKER), (0.1, retests.FAILS)):
        fresh = outcome(drawn, np.where(box.inside(drawn), chance, 0.1), 4, 3)
        judged = retests.judged(fresh, frame, [box], 100)
        assert list(judged["verdict"]) == ["", verdict]


def test_fresh_points_lie_where_they_should(design: Any) -> None:
    factors = {factor.name: factor for factor in design.factors}
    late = Condition(factors[SHIFT_OF_KIDAL], low=20)
    first = Box((late, Condition(factors[RECEIVER_OF_KIDAL], among=("army", "race"))))
    second = Box((Condition(factors["ied_rate"], high=0.9),))
    drawn = retests.fresh_points(design, [first, second], 40, 9)
    wanted = retests.strata([first, second], 40)
    assert [one.kind for one in wanted] == ["outside", "inside", "without", "without", "inside"]
    for i, stratum in enumerate(wanted):
        here = drawn[drawn[retests.STRATUM] == i]
        assert len(here) == stratum.n
        assert stratum.among([first, second], here).all()
    outside = drawn[drawn[retests.STRATUM] == 0]
    assert not (first.inside(outside) | second.inside(outside)).any()
    assert not first.inside(drawn[drawn[retests.STRATUM] == 4]).any()
    lacking = drawn[drawn[retests.STRATUM] == 2]
    assert not late.holds(lacking).any()
    assert first.conditions[1].holds(lacking).all()


def test_the_library_leaves_no_trace() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert search._library().__name__ == "Prim"
    assert dict(mpl.rcParams) == before


# --- a whole search ----------------------------------------------------------------------


def test_a_search_finds_the_box_and_it_holds_up(found: Discovery) -> None:
    row = found.boxes.iloc[0]
    assert row["verdict"] in (retests.HOLDS, retests.WEAKER)
    held = found.conditions.set_index("factor")
    assert held.loc[SHIFT_OF_KIDAL, "at_least"] == pytest.approx(CUT, abs=8)
    assert set(held.loc[RECEIVER_OF_KIDAL, "among"].split(", ")) <= set(GIVEN_AWAY)
    inside = found.retest[found.retest["stratum"] == "inside"].iloc[0]
    outside = found.retest[found.retest["stratum"] == "outside"].iloc[0]
    assert inside["low"] > outside["high"]
    assert found.fresh_seed != found.seed
    assert not set(found.fresh["strength_army"]) & set(found.points["strength_army"])
    assert found.overall.runs == 600
    table = found.robust
    assert len(table) == 5 * 3
    assert table["points"].sum() == 200
    late = table[(table["receiver"] == "empty")].sort_values("from_shift")["share"]
    assert late.iloc[-1] > late.iloc[0] + 0.15
    assert table["bad"].between(0, 1).all()


def test_the_same_search_computes_nothing(found: Discovery) -> None:
    again = searched(found.out)
    assert again.reused
    assert str(again) == str(found)
    assert again.to_dict() == found.to_dict()
    n_folders = len(list(found.out.iterdir()))
    tree = searched(found.out, method="tree")
    assert tree.points.equals(found.points)
    assert len(list(found.out.iterdir())) <= n_folders + 1  # only the re-test of another box


def test_what_is_said_and_written(found: Discovery, tmp_path: Path) -> None:
    text = str(found)
    assert max(map(len, text.splitlines())) <= 120
    assert "the UN is to leave Kidal" in text
    assert "It holds up" in " ".join(text.split())
    assert "seed 7" in text
    assert "--after DAYS" in text
    html = found._repr_html_()
    assert html.count("<table>") == 2
    assert "<li>" in html
    found.write_json(tmp_path / "found.json")
    held = json.loads((tmp_path / "found.json").read_text())
    assert held["boxes"][0]["conditions"] == found.boxes.iloc[0]["conditions"]
    assert held["boxes"][0]["density"] == found.boxes.iloc[0]["density"]


def test_charts_show_the_box(found: Discovery) -> None:
    from camphandover.charts import box_scatter, draw_discovery, robust_grid, trade_off

    files = draw_discovery(found)
    assert [path.name for path in files] == ["trade-off.png", "robust.png", "box-1.png"]
    assert all(path.stat().st_size > 10_000 for path in files)
    ax = box_scatter(found, 1)
    edges = [patch for patch in ax.patches if patch.get_gid() == "box"]
    bound = found.conditions.set_index("factor").loc[SHIFT_OF_KIDAL, "at_least"]
    assert edges
    if "exit from Kidal" in ax.get_xlabel():
        assert all(edge.get_x() == bound - 0.5 for edge in edges)
    assert len(robust_grid(found).patches) == 15
    assert trade_off(found).get_ylabel().startswith("density")
    with pytest.raises(ValueError, match="box is 2: a whole number from 1 to 1"):
        box_scatter(found, 2)


def test_so_many_days_after_each_exit() -> None:
    asked = DiscoverSettings("historical", "Kidal", after=10)
    design = levers.make_design(asked)
    loss = make_loss(design, asked)
    frame = design.draw(30, 1)
    days = loss.days(design, frame)
    assert max(days) <= design.base.window.end
    assert days[0] == planned("Kidal") + timedelta(int(frame[SHIFT_OF_KIDAL][0]) + 10)
    assert "10 days after the day on which the UN is to leave" in str(loss)


class Held(Scripted):
    """The army holds Kidal throughout."""

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        record.control[:] = Holder.ARMY
        return record


def test_a_base_that_is_never_lost(tmp_path: Path) -> None:
    from camphandover.charts import draw_discovery

    kept = discover(
        "historical", "Kidal", out=tmp_path, model=Held, progress=False, points=40, runs=1
    )
    assert "It is lost in no run: there is nothing to find." in str(kept)
    assert kept.boxes.empty
    assert kept.retest.empty
    assert len(draw_discovery(kept)) == 3


# --- bad input ---------------------------------------------------------------------------

BAD_INPUT = [
    ({"place": "Kidall"}, "did you mean"),
    ({"lost_to": ["un"]}, "no holder is named 'un'"),
    ({"date": "2025-01-01"}, "2025-01-01: a day from 2023-08-01 to 2023-12-31"),
    ({"date": "soon"}, "a day from 2023-08-01 to 2023-12-31 is needed"),
    ({"date": "2023-12-01", "after": 3}, "exclude each other"),
    ({"after": 20, "place": "Bourem", "camps": ["Kidal"]}, "the handover of Bourem is not varied"),
    ({"camps": ["Bourem"]}, "no UN camp is named 'Bourem'"),
    ({"shift": (10, -10)}, "the lower one first"),
    ({"shift": (300, 365)}, "an exit from 2023-08-01 to 2023-12-31 is needed"),
    ({"notice": (-1, 3)}, "from 0 to 365"),
    ({"receivers": ["wagner"]}, "no receiver is named 'wagner'"),
    ({"points": 3}, "points is 3: a whole number from 40"),
    ({"density": 1.5}, "density is 1.5"),
    ({"method": "forest"}, "no method is named 'forest'"),
    ({"evidence": "all"}, "no set of parameters is named 'all'"),
    ({"boxes": 0}, "boxes is 0"),
]


@pytest.mark.parametrize(("options", "text"), BAD_INPUT)
def test_what_cannot_be_is_said(options: dict[str, Any], text: str, tmp_path: Path) -> None:
    wanted = {"scenario": "historical", "place": "Kidal", "out": tmp_path / "x", **options}
    with pytest.raises(BatchError, match=text):
        discover(**wanted)
    assert not (tmp_path / "x").exists()


def test_a_missing_extra_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BatchError) as caught:
        discover("historical", "Kidal")
    assert 'pip install "camphandover[analysis]"' in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_ends_with_2_and_one_message() -> None:
    app = typer.Typer(cls=Commands)
    app.command()(command)
    app.callback()(lambda: None)

    def ran(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["discover", *arguments])

    for arguments in (["historical", "--place", "Kidall"], ["no-such", "--place", "Kidal"]):
        result = ran(*arguments)
        assert result.exit_code == 2
        assert "Traceback" not in result.output
        assert result.output.strip()
    with pytest.raises(ScenarioError):
        make_design("no-such", "Kidal")


def test_loading_is_light() -> None:
    code = (
        "import sys, camphandover.judge.study.discover.discover, camphandover.cli.studies\n"
        "heavy = {'pandas', 'xarray', 'sklearn', 'ema_workbench', 'scipy', 'matplotlib', 'mesa'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
