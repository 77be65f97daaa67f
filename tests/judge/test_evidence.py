"""Evidence: sums of parts, errors by hand, a record that a run of the model made, bad input."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

import camphandover as ch
from camphandover import facts
from camphandover.batch.records import records_of
from camphandover.charts import draw_evidence, plot_evidence
from camphandover.cli import main as cli
from camphandover.errors import BatchError
from camphandover.facts.codes import HOLDERS
from camphandover.facts.holders import slot_objects
from camphandover.judge.study.evidence import ALL, Evidence
from camphandover.known.evidence import jackknife, log_mean, pooled
from camphandover.known.news import KINDS
from worlds import compiled_only

SMALL = {"particles": 10, "filters": 3, "progress": False}
CONTROLLER = {holder: holder for holder in HOLDERS} | {"nobody": "contested"}
END = date(2023, 9, 20)


# --- errors ------------------------------------------------------------------------------


def test_parts_of_several_filters_add_up_to_the_log_of_the_mean():
    parts = np.random.default_rng(1).normal(-3.0, 2.0, (5, 7))
    found = pooled(parts)
    assert found.shape == (6, 7)
    assert found[0].sum() == pytest.approx(math.log(np.exp(parts.sum(axis=1)).mean()))
    without = np.delete(parts, 2, axis=0).sum(axis=1)
    assert found[3].sum() == pytest.approx(math.log(np.exp(without).mean()))


def test_one_filter_has_its_parts_and_no_error():
    found = pooled(np.array([[-1.0, -2.0]]))
    assert found.tolist() == [[-1.0, -2.0]]
    value, se = jackknife(found.sum(axis=1))
    assert value == -3.0
    assert math.isnan(se)


def test_the_mean_of_very_small_numbers_is_taken():
    assert log_mean(np.array([-2000.0, -2000.0 + math.log(3)])) == pytest.approx(
        -2000 + math.log(2)
    )


def test_the_error_is_that_of_a_mean_where_filters_differ_little():
    logs = np.random.default_rng(2).normal(-100.0, 0.1, (40, 1))
    _, se = jackknife(pooled(logs).sum(axis=1))
    assert se == pytest.approx(0.1 / math.sqrt(40), rel=0.25)


def test_the_error_grows_with_the_distance_of_a_lucky_filter():
    logs = np.array([[-130.0], [-131.0], [-129.0], [-100.0]])
    value, se = jackknife(pooled(logs).sum(axis=1))
    assert value == pytest.approx(-100.0 - math.log(4))
    assert se > 20.0


# --- scenarios ---------------------------------------------------------------------------


def record_of_a_run(scenario: str, replicate: int, end: date) -> str:
    """The text of a record in which slots change hands as in a run of the model."""
    theatre, start = facts.load(), ch.load_scenario(scenario).window.start
    control = ch.NorthernMali(scenario, 5, replicate).run().control
    rows = [change for change in theatre.history if change.before is None]
    last = {(row.place, row.object): row for row in rows}
    for day in range(1, (end - start).days + 1):
        for place, objects in slot_objects(theatre.history).items():
            for slot, told_by in enumerate(dict.fromkeys(objects)):
                before, after = control[theatre.index(place), slot, day - 1 : day + 1]
                row = last[place, told_by]
                if before != after and CONTROLLER[HOLDERS[after]] != row.after:
                    about = {"date": start + timedelta(day), "before": row.after, "how": "run"}
                    row = row.model_copy(update={**about, "after": CONTROLLER[HOLDERS[after]]})
                    last[place, told_by] = row
                    rows.append(row)
    return facts.as_text(rows)


@pytest.fixture(scope="module")
def found() -> Evidence:
    return ch.evidence(["full-model", "v5-merged-groups"], until=END, workers=1, **SMALL)


@compiled_only
def test_the_scenario_that_made_a_record_beats_a_wrong_one(tmp_path):
    path, end = tmp_path / "made.csv", date(2023, 11, 15)
    path.write_text(record_of_a_run("to-separatists", 3, end))
    names = ["to-separatists", "on-schedule"]
    got = ch.evidence(names, until=end, history=path, **SMALL)
    assert got.table["difference"][1] < -3.0  # camps of the separatists that the army would hold


@compiled_only
def test_months_and_kinds_add_up_to_the_evidence(found):
    news = found.news.set_index(["case", "month", "kind"])["log_evidence"]
    single = found.news[(found.news["month"] != ALL) & (found.news["kind"] != ALL)]
    for row in found.table.itertuples():
        of_case = single[single["case"] == row.case]
        assert of_case["log_evidence"].sum() == pytest.approx(row.log_evidence)
        assert news[row.case, ALL, ALL] == pytest.approx(row.log_evidence)
        logs = found.filters.set_index("case").loc[row.case, "log_evidence"].to_numpy()
        assert log_mean(logs) == pytest.approx(row.log_evidence)
    assert set(single["month"]) == {"2023-08", "2023-09"}
    assert set(single["kind"]) == set(KINDS)


@compiled_only
def test_two_workers_find_the_same(found):
    again = ch.evidence(["full-model", "v5-merged-groups"], until=END, workers=2, **SMALL)
    assert again.table.equals(found.table)
    assert again.unmet.equals(found.unmet)


@compiled_only
def test_a_case_is_the_same_in_other_company(found):
    alone = ch.evidence("v5-merged-groups", until=END, **SMALL)
    both = found.table.set_index("case").loc["v5-merged-groups"]
    assert alone.table["log_evidence"][0] == both["log_evidence"]
    assert both["difference"] == pytest.approx(
        both["log_evidence"] - found.table["log_evidence"][0]
    )


@compiled_only
def test_what_comes_before_the_first_day_only_leads_to_it():
    asked = {"until": END, **SMALL}
    whole, late = ch.evidence("full-model", **asked), ch.evidence("full-model", first=END, **asked)
    early = ch.evidence("full-model", until=END - timedelta(1), **SMALL)
    assert late.looks == 1
    assert late.table["log_evidence"][0] > whole.table["log_evidence"][0]
    assert set(late.news["month"]) == {"2023-09", ALL}
    assert early.until == END - timedelta(1)
    assert (late.unmet["first"] >= END).all()


@compiled_only
def test_sets_of_parameters_are_held_against_each_other():
    lost = records_of("lost", "hindcast", [{"w_win_separatists": 3.0}])
    got = ch.evidence("full-model", until=END, parameters=["hindcast", lost], **SMALL)
    assert list(got.table["case"]) == ["hindcast", "lost"]
    both = ch.evidence(
        ["full-model", "v2-no-airpower"], until=date(2023, 8, 10), parameters=["prior", lost],
        particles=2, filters=2, progress=False,
    )  # fmt: skip
    assert list(both.table["case"])[1:3] == ["v2-no-airpower, prior", "full-model, lost"]


@compiled_only
def test_a_parameter_that_is_set_counts():
    few = {"until": date(2023, 8, 10), "particles": 2, "filters": 2, "progress": False}
    usual = ch.evidence("full-model", **few)
    sure = ch.evidence("full-model", fixed={"record_error_low": 0.5}, **few)
    assert sure.table["log_evidence"][0] != usual.table["log_evidence"][0]
    drawn = ch.evidence("full-model", sample_parameters=True, **few)
    assert drawn.table["log_evidence"][0] != usual.table["log_evidence"][0]


# --- what is told ------------------------------------------------------------------------


@compiled_only
def test_the_words_the_chart_and_the_json_tell_the_same(found, tmp_path):
    text = str(found)
    value = f"{found.table['difference'][1]:.1f}"
    assert value in text
    assert "Ogossagou town: nobody since 2023-08-01 (low)" in text
    assert draw_evidence(found, tmp_path).is_file()
    labels = [label.get_text() for label in plot_evidence(found).get_yticklabels()]
    assert labels == ["v5-merged-groups"]
    content = json.loads(json.dumps(found.to_dict()))
    assert [row["case"] for row in content["table"]] == ["full-model", "v5-merged-groups"]
    assert content["table"][0]["difference"] is None
    assert "<table" in found._repr_html_()


@compiled_only
def test_filters_that_differ_by_much_are_said_to(found):
    unsure = replace(found, table=found.table.assign(se=[0.4, 3.0], needed=[10, 90]))
    assert "v5-merged-groups" in unsure.warnings[0]
    assert "full-model" not in unsure.warnings[0]
    assert "At least 90 particles" in unsure.warnings[0]
    assert replace(found, table=found.table.assign(se=0.9)).warnings == ()


@compiled_only
def test_the_command(tmp_path):
    asked = ["full-model", "--until", "2023-08-10", "--particles", "2", "--filters", "2"]
    got = CliRunner().invoke(
        cli.app, ["evidence", *asked, "--quiet", "--json", str(tmp_path / "e.json")]
    )
    assert got.exit_code == 0, got.output
    assert "full-model" in got.output
    assert json.loads((tmp_path / "e.json").read_text())["n_filters"] == 2


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"until": "2024-03-01"}, "until is 2024-03-01"),
        ({"first": "2023-09-18", "until": "2023-09-10"}, "first is 2023-09-18"),
        ({"filters": 1}, "filters is 1"),
        ({"particles": 1}, "particles is 1"),
        ({"parameters": "no-such"}, "no-such"),
        ({"fixed": {"no_such": 1.0}}, "no_such"),
        ({"parameters": "prior", "evidence": "hindcast"}, "leave evidence out"),
    ],
)
def test_bad_input(asked, told):
    with pytest.raises(BatchError, match=told):
        ch.evidence("full-model", **asked)


def test_scenarios_of_other_days_or_records_are_refused():
    about = {"title": "t", "question": "q"}
    late = ch.load_scenario({**about, "window": {"start": "2023-08-05"}}, "late")
    with pytest.raises(BatchError, match="late starts on 2023-08-05 and on-schedule on 2023-08-01"):
        ch.evidence(["on-schedule", late])
    record = facts.as_text(facts.load().history[:-1])
    own = ch.load_scenario({**about, "known": {"until": "2023-09-01", "record": record}}, "own")
    with pytest.raises(BatchError, match="own has a record of its own"):
        ch.evidence(own)


def test_a_command_without_a_scenario_or_with_a_bad_record_ends_with_status_2(tmp_path):
    assert CliRunner().invoke(cli.app, ["evidence"]).exit_code == 2
    bad = tmp_path / "bad.csv"
    bad.write_text("date,place\n")
    got = CliRunner().invoke(cli.app, ["evidence", "full-model", "--history", str(bad)])
    assert got.exit_code == 2
    assert "bad.csv" in got.output
