"""The writers of documents: text of a terminal's width, HTML, Markdown, and values as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from camphandover.measure.notation import bounded, number, percent_interval
from camphandover.say.document import (
    Code,
    Column,
    Heading,
    Items,
    Paragraph,
    Picture,
    Table,
    table,
)
from camphandover.say.plain import plain
from camphandover.say.writers import WIDTH, html, markdown, text

SMALL = table(
    "Days held", ["Place", "Holder", "Days"], [["Kidal", "army", 3], ["Gao", "gsim", 12]], 2
)
ALL = [
    Heading("A title", 1), Paragraph("Some prose."), Paragraph("Mind this.", "warning"),
    Items(("one", "two")), Code("run me"), Picture("a chart", "chart.png"), SMALL,
]  # fmt: skip


def wide(n: int, name: str = "a-scenario-of-many") -> Table:
    return table("Wide", ["Place", *(f"{name}-{i}" for i in range(n))], [["Kidal", *range(n)]])


def test_names_stand_left_figures_right_and_a_rule_below_the_heads():
    assert text([SMALL]).splitlines() == [
        "Days held",
        "Place  Holder  Days",
        "-------------------",
        "Kidal  army       3",
        "Gao    gsim      12",
    ]


@pytest.mark.parametrize("n", [1, 8, 12, 40])
def test_wide_tables_are_cut_and_keep_all_cells(n):
    lines = text([wide(n)]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    cells = [cell for line in lines if line.startswith("Kidal") for cell in line.split()[1:]]
    assert cells == [str(i) for i in range(n)]


def test_what_is_too_wide_is_told_in_brief():
    brief = table("Wide", ["Place", "n"], [["Kidal", 7]])
    whole = Table(wide(30).columns, wide(30).rows, "Wide", brief=brief)
    assert text([whole]) == text([brief])
    assert text([Table(SMALL.columns, SMALL.rows, SMALL.title, brief=brief)]) == text([SMALL])


def test_a_name_that_has_no_room_loses_its_middle():
    long = table("", ["Scenario", "A"], [[f"sweep[{'x' * 200}=1]", 1], ["short", 2]])
    lines = text([long]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert "..." in lines[-2]
    assert lines[-2].split()[0].startswith("sweep[")
    assert lines[-2].split()[0].endswith("=1]")


def test_a_long_text_is_broken_into_lines_between_its_parts():
    columns = (Column("Part", "name"), Column("Read from", "text"), Column("n"))
    parts = ", ".join(f"part number {i}" for i in range(30))
    lines = text([Table(columns, (("P1", parts, 3),))]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) > 4
    assert " ".join(" ".join(lines[2:]).split()).count("part number") == 30


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said = ""

    def handle_starttag(self, tag, attrs):
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said += data


@given(some.text(max_size=30))
def test_html_is_whole_and_says_what_it_is_given(said):
    document = [Paragraph(said), table(said, [said], [[said]]), Items((said,)), Code(said)]
    found = _Tags()
    found.feed(html(document))
    found.close()
    assert found.open == []
    if said.strip() and "\r" not in said and "\0" not in said:
        assert found.said.count(said.strip()) >= 4


@pytest.mark.parametrize("write", [text, html, markdown])
def test_every_block_is_told_by_every_writer(write):
    told = write(ALL)
    for part in ("A title", "Some prose.", "Mind this.", "one", "run me", "a chart", "Kidal", "12"):
        assert part in told


def test_a_stroke_ends_no_cell_of_markdown():
    told = markdown([table("", ["a|b"], [["c|d"], [r"e\|f"]])]).splitlines()
    assert told[0] == r"| a\|b |"
    assert told[2:4] == [r"| c\|d |", r"| e\|f |"]


def test_one_notation_of_intervals():
    assert percent_interval((0.444, 0.345, 0.532)) == "44 [35, 53]"
    assert bounded((-3.14, -4.9, -1.2), lambda x: number(x, 1)) == "-3.1 [-4.9, -1.2]"
    assert bounded((1.0, math.nan, math.nan), lambda x: number(x, 1)) == "1.0"
    assert percent_interval((math.nan, math.nan, math.nan)) == "-"
    assert number(-0.001, 1) == "0.0"


def test_json_holds_what_results_hold():
    @dataclass
    class Result:
        day: date
        values: np.ndarray
        rows: pd.DataFrame
        _own: int = 0

    rows = pd.DataFrame({"a": [1, 2], "b": [0.5, math.inf], "c": ["x", None]})
    found = plain(Result(date(2023, 9, 16), np.array([1.5, math.nan]), rows))
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "day": "2023-09-16",
        "values": [1.5, None],
        "rows": [{"a": 1, "b": 0.5, "c": "x"}, {"a": 2, "b": None, "c": None}],
    }


def test_prose_has_the_room_that_is_left_and_no_head_where_no_column_has_a_name():
    columns = (Column(""), Column("", "prose"))
    told = "One sentence that is longer than a line of the table, 12 %.\nAnother one."
    steps = Table(columns, ((7, told),), "Steps")
    assert text([steps], 60).splitlines() == [
        "Steps",
        "7  One sentence that is longer than a line of the table,",
        "   12 %.",
        "   Another one.",
    ]
    assert "<thead>" not in html([steps])


def test_a_list_has_its_title_above_it():
    block = Items(("a < b",), "Found:")
    assert text([block]) == "Found:\n- a < b"
    assert html([block]) == "<p>Found:</p><ul><li>a &lt; b</li></ul>"
    assert markdown([block]) == "Found:\n\n- a < b\n"
