"""What is said before scenarios are set side by side: unlike windows, one that has not begun."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

import camphandover as ch
from batches import Scripted, made
from camphandover import facts
from camphandover.cli.main import app
from camphandover.core.state import Holder, Slot
from camphandover.judge.compare import compare
from camphandover.judge.end_table import end_table
from camphandover.say.report import compared_with, content
from camphandover.scenario import Scenario

LONG = {"window": {"end": "2024-06-30"}}
PLACES = [place.name for place in facts.load().places]


class Planned(Scripted):
    """The UN leaves each camp to the army on the day of its clause, in odd runs five days later."""

    def run(self, replicate: int) -> Any:
        record = super().run(replicate)
        for place, clause in self.of.camps.items():
            day = max(0, (clause.exit - self.of.window.start).days) + 5 * (replicate % 2)
            camp = record.control[PLACES.index(place), Slot.CAMP]
            camp[:day], camp[day:] = Holder.MINUSMA, Holder.ARMY
        return record


def moved(name: str, exits: dict[str, str], **form: Any) -> Scenario:
    camps = {place: {"exit": day} for place, day in exits.items()}
    return made(name, handover={"mandate_end": "2024-06-30", "camps": camps}, **{**LONG, **form})


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    scenarios = [
        made("one", handover={"mandate_end": "2024-06-30"}),
        made("one-longer", **LONG, handover={"mandate_end": "2024-06-30"}),
        moved("late", {"Kidal": "2024-05-01", "Gao": "2024-06-01"}),
        moved("half", {"Kidal": "2023-12-20", "Gao": "2024-06-01"}),
        made("same", handover={"mandate_end": "2024-06-30"}, alliance={"reliable": True}),
    ]
    out = tmp_path_factory.mktemp("warnings") / "b"
    return ch.run(scenarios, 4, 5, out, model=Planned)


def test_a_scenario_that_has_not_begun_is_told_loudly(batch, tmp_path):
    told = compare(batch, "late", "one")
    windows, begun = told.warnings
    assert "late is 2023-08-01 to 2024-06-30" in windows
    assert "judged up to 31 December 2023, late 182 days before its last one." in windows
    assert windows.endswith("one-longer is one with the window of late: compare these two.")
    assert begun == (
        "late has not begun by 31 December 2023: in no run has the UN left any of the camps that "
        "the two hand over differently, Kidal, Gao, by then; the first of them is due on 01 May "
        "2024."
    )
    text = " ".join(str(told).split())
    assert text.startswith(f"WARNING: {windows} WARNING: {begun} A = late, B = one")
    html = told._repr_html_()
    assert html.removeprefix(html[: html.index("<p>")]).startswith(
        "<p><b>Warning: the windows differ"
    )
    assert told.to_dict()["warnings"] == [windows, begun]
    assert told.to_dict()["windows"]["a"] == ["2023-08-01", "2024-06-30"]
    result = CliRunner().invoke(
        app, ["compare", str(batch.folder), "late", "one", "--json", str(tmp_path / "c.json")]
    )
    assert result.stdout.startswith("WARNING: the windows differ")
    assert json.loads((tmp_path / "c.json").read_text())["warnings"] == [windows, begun]


def test_with_a_base_of_the_same_window_there_is_nothing_to_warn_of(batch):
    told = compare(batch, "late", "one-longer")
    assert told.warnings == ()
    assert str(told).startswith("A = late")
    assert told.select("days_held", "Kidal", "minusma")["difference"].iloc[0] == 168


def test_what_has_begun_in_part_is_told(batch):
    _, part = compare(batch, "half", "one").warnings
    assert part == (
        "half is not done by 31 December 2023: in at least half of its runs the UN has left 1 of "
        "the 2 camps that half and one hand over differently."
    )


def test_an_earlier_date_is_judged_by_itself(batch):
    late, longer = compare(batch, "late", "one-longer", date="2023-11-10").warnings
    assert late.startswith("late has not begun by 10 November 2023")
    assert longer.startswith("one-longer has not begun by 10 November 2023")


def test_no_pair_that_differs_is_told(batch):
    (_, alone) = compare(batch, "one", "one-longer").warnings
    assert alone.endswith("but for the window the two are one scenario in effect.")
    (same,) = compare(batch, "one", "same").warnings
    assert same.endswith(
        "differs in any pair of runs up to 31 December 2023: what the two set differently has not "
        "begun by then, or changes none of it."
    )


def test_the_end_table_names_its_dates_first(batch):
    table = end_table(batch)
    first = " ".join(str(table).split("\n\n")[0].split())
    assert first == f"WARNING: {table.warnings[0]}"
    assert "(2 on 31 December 2023, 3 on 30 June 2024): only rows of one date" in first
    assert all(len(line) <= 120 for line in str(table).splitlines())
    assert table.to_dict()["warnings"] == list(table.warnings)


def test_the_report_compares_with_the_base_of_the_same_window(batch):
    assert compared_with(batch, "one") == {
        "late": "one-longer",
        "half": "one-longer",
        "same": "one",
    }
    told = content(batch)["warnings"]
    assert len(told) == 2
    assert told[0].startswith("In the table of the key bases the windows differ")
    assert told[1].startswith("same less one: nothing that is compared differs")
    assert compared_with(batch, "same")["late"] == "same"
    late = [
        text for text in content(batch, "same")["warnings"] if text.startswith("late less same")
    ]
    assert "late has not begun by 31 December 2023" in late[1]
