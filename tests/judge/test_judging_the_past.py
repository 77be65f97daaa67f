"""Judgements of scenarios that go on from what was known: what they share, and since when."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

import camphandover as ch
from batches import UNTIL, going_on
from camphandover.cli.main import app
from camphandover.errors import BatchError
from camphandover.judge.end_table import end_table
from camphandover.measure.past import pasts_of, with_past
from camphandover.measure.runs import Window, judged_window, known_until
from camphandover.scenario import differences
from worlds import compiled_only

pytestmark = compiled_only

AFTER, LAST = UNTIL + timedelta(days=1), date(2023, 9, 30)


@pytest.fixture(scope="module")
def batch(tmp_path_factory) -> ch.Batch:
    return going_on(tmp_path_factory.mktemp("known") / "b")


# --- what is known -----------------------------------------------------------------------


def test_what_was_known_stands_beside_the_runs(batch):
    found = with_past(batch, batch.control)
    at = {"scenario": "base", "slot": "camp"}
    ber = found["recorded"].sel({**at, "place": "Ber"})
    army, minusma = (batch.holders.index(name) for name in ("army", "minusma"))
    assert ber.sel(date="2023-08-12") == minusma
    assert ber.sel(date="2023-08-13") == army
    assert ber.sel(date=str(UNTIL)) == army
    assert (ber.sel(date=slice(str(AFTER), None)) == -1).all()
    assert (found["recorded"].sel(scenario="free") == -1).all()
    assert [str(day)[:10] for day in found["known_until"].to_numpy()] == [
        "2023-09-05", "2023-09-05", "2023-08-25", "NaT",
    ]  # fmt: skip
    assert [past.scenarios for past in pasts_of(batch)] == [("base", "joint"), ("sooner",)]
    assert [known_until(batch, name) for name in ("joint", "free")] == [UNTIL, None]


def test_a_batch_that_knows_nothing_has_nothing_beside_it(tmp_path):
    from batches import Scripted, made

    plain = ch.run([made("one")], 2, 1, tmp_path / "b", model=Scripted, progress=False)
    assert with_past(plain, plain.control) is plain.control
    assert set(ch.control_shares(plain).coords) == {*plain.control.coords, "holder"} - {"replicate"}


def test_clauses_of_camps_that_were_left_decide_nothing():
    form = {"title": "a", "question": "b", "known": {"until": "2023-09-05"}}
    empty = {"all": {"receiver": "empty"}}
    places = {
        change.place
        for change in differences(
            ch.load_scenario(form), ch.load_scenario({**form, "handover": empty})
        )
    }
    assert "Kidal" in places
    assert not places & {"Ber", "Goundam", "Menaka", "Ogossagou"}
    own = {**form, "known": {"until": "2023-09-05", "own_past": True}}
    changes = differences(ch.load_scenario(own), ch.load_scenario({**own, "handover": empty}))
    assert {"Ber", "Kidal"} < {change.place for change in changes}


# --- compared ----------------------------------------------------------------------------


def test_the_days_after_what_is_known_are_judged(batch):
    assert judged_window(batch, "base") == judged_window(batch, "base", "joint") == (AFTER, LAST)
    assert judged_window(batch, "sooner", "base") == (AFTER, LAST)
    assert judged_window(batch, "free") == Window(date(2023, 8, 1), LAST)
    other = ch.open_batch(batch.folder)
    other.manifest["scenarios"][3]["window"] = ["2023-08-01", str(UNTIL)]
    with pytest.raises(BatchError, match="base and free have no date in common after 2023-09-05"):
        judged_window(other, "base", "free")


def test_scenarios_that_share_their_past_are_compared_from_the_day_after(batch):
    found = ch.compare(batch, "base", "joint", places="Ber")
    assert found.window == (AFTER, LAST)
    assert not found.warnings
    assert "Both are known until 05 September 2023 and share that past" in " ".join(
        str(found).split()
    )
    held = found.select("days_held", "Ber", "army")
    army = batch.control.sel(
        scenario="base", place="Ber", slot="camp", date=slice(str(AFTER), None)
    )
    days = (army == batch.holders.index("army")).sum("date").to_numpy()
    assert held["mean_a"].item() == days.mean()
    assert found.to_dict()["shares_past"] is True
    with pytest.raises(BatchError, match="2023-09-06"):
        ch.compare(batch, "base", "joint", date=UNTIL)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("free", "base from what was known on 05 September 2023, free from nothing"),
        ("sooner", "sooner from what was known on 25 August 2023"),
    ],
)
def test_that_scenarios_do_not_share_their_past_is_a_warning(batch, other, told):
    (warning,) = ch.compare(batch, "base", other, outcomes="holds").warnings
    assert "do not share their past" in warning
    assert told in warning
    assert "from 06 September 2023 on" in warning


def test_other_parameters_make_another_past(tmp_path):
    from batches import made

    known = {"window": {"end": "2023-08-12"}, "handover": {"mandate_end": "2023-08-12"}}
    known |= {"known": {"until": "2023-08-06", "particles": 4}}
    scenarios = [made("one", **known), made("other", **known, parameters={"ied_rate": 0.9})]
    found = ch.run(scenarios, 4, 1, tmp_path / "b", progress=False)
    (warning, *_) = ch.compare(found, "one", "other").warnings
    assert "both are known until 06 August 2023, with other settings, parameters" in warning


def test_the_end_table_counts_days_after_what_is_known(batch):
    table = end_table(batch)
    first = {row.scenario: row.first for row in table.rows}
    assert first == {
        "base": AFTER, "joint": AFTER, "sooner": date(2023, 8, 26), "free": date(2023, 8, 1),
    }  # fmt: skip
    text = " ".join(str(table).split())
    assert "base and joint go on from what was known on 2023-09-05: 24 particles" in text
    assert "Days are those after 05 September 2023, until which all is known: base and" in text
    known = table.to_dict()["known"]
    assert [one["scenarios"] for one in known] == [["base", "joint"], ["sooner"]]
    assert any(one["what"].startswith("Foita camp: nobody") for one in known[0]["unmet"])


# --- scored ------------------------------------------------------------------------------


def test_days_that_are_known_are_not_scored(batch):
    found = ch.score(batch, scenario=["base", "sooner"])
    assert [one.window.first for one in found.about] == [AFTER, date(2023, 8, 26)]
    assert [one.known_until for one in found.about] == [UNTIL, date(2023, 8, 25)]
    assert "never look" not in str(found)
    assert "go on from particles that the record has chosen" in " ".join(str(found).split())
    with pytest.raises(BatchError, match=r"base knows the record until 2023-09-05.*2023-09-06 on"):
        ch.score(batch, scenario="base", first=UNTIL)
    mixed = ch.score(batch, scenario=["base", "free"], first="2023-09-18")
    text = " ".join(str(mixed).split())
    assert "only those of base do" in text
    assert "know the record until 05 September 2023 only" in text
    assert "never look at the record" in text


def test_patterns_say_what_the_record_told(batch):
    found = ch.patterns(batch, ["base", "joint", "free"])
    assert found.known == {"base": UNTIL, "joint": UNTIL}
    text = " ".join(str(found).split())
    assert "In base and joint the days until 2023-09-05 are told by the record" in text
    assert "P1 wholly" in text


# --- why ---------------------------------------------------------------------------------


def test_scenarios_of_one_past_part_after_the_day(batch):
    for replicate in range(batch.runs):
        found = ch.diverge(batch, "base", "joint", replicate)
        for told in (found.first, found.first_a, found.first_b, found.said, *found.clauses):
            assert told is None or told.event.time.date() > UNTIL
    assert found.first is not None
    assert "up to there both are one run, chosen by the record" in " ".join(str(found).split())
    other = " ".join(str(ch.diverge(batch, "base", "free", 0)).split())
    assert "B goes on from nothing: they share no past" in other


def test_a_chain_that_begins_in_the_past_is_told_whole_and_the_day_is_marked(batch):
    rows = batch.events.query("scenario == 'base' and kind == 'control' and slot == 'camp'")
    rows = rows[rows["time"].dt.date > UNTIL].drop_duplicates(["replicate", "place"])
    marked = 0
    for row in rows.head(80).itertuples():
        found = ch.why(batch, "base", row.replicate, row.place, date=row.time.date(),
                       alternatives=False)  # fmt: skip
        text = " ".join(str(found).split())
        assert "Known until 5 September 2023: the run is one that the record has chosen." in text
        (change,) = found.changes
        assert change.root.event.cause is None
        is_crossing = change.root.event.time.date() <= UNTIL
        marked += is_crossing
        assert text.count("up to here the run was chosen by the record") == is_crossing
    assert 0 < marked < 80


def test_what_commanders_could_have_chosen_is_told_of_a_run_that_goes_on(batch):
    rows = batch.events.query("scenario == 'joint' and kind == 'control' and after == 'gsim'")
    taken = rows[rows["time"].dt.date > UNTIL].drop_duplicates("replicate")
    told = 0
    for row in taken.itertuples():
        found = ch.why(batch, "joint", row.replicate, row.place, row.slot, row.time.date())
        assert not found.unknown
        steps = [step for change in found.changes for step in change.steps]
        told += sum(step.alternatives is not None for step in steps)
    assert told


def test_a_summary_says_how_many_falls_are_of_the_past(batch):
    found = ch.why_summary(batch, "base", "Ber")
    falls = batch.control.sel(
        scenario="base", place="Ber", slot="camp", date=slice(None, str(UNTIL))
    )
    fell = (falls == batch.holders.index("army")).any("date").to_numpy()
    assert found.known == np.count_nonzero(fell) == batch.runs
    assert "In 20 runs it fell by 5 September 2023" in " ".join(str(found).split())
    assert "chosen the runs" not in str(ch.why_summary(batch, "free", "Ber"))


def test_the_command_tells_it_too(batch, tmp_path):
    file = tmp_path / "why.json"
    words = ["why", str(batch.folder), "--scenario", "base", "--place", "Ber", "--summary"]
    result = CliRunner().invoke(app, [*words, "--json", str(file)])
    assert result.exit_code == 0, result.output
    assert json.loads(file.read_text())["known_until"] == "2023-09-05"
