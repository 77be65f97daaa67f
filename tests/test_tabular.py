"""Small tables, letter by letter."""

from __future__ import annotations

from camphandover.say import writers
from camphandover.say.document import Column, Items, Table
from camphandover.say.tabular import aligned, html_table

ROWS = [["Place", "Holder", "Days"], ["Kidal", "army", "48"], ["Gao", "minusma", "153"]]


def test_names_stand_left_and_figures_right():
    assert aligned(ROWS, 2) == [
        "Place  Holder   Days",
        "--------------------",
        "Kidal  army       48",
        "Gao    minusma   153",
    ]


def test_all_to_the_left_without_figures_and_no_blanks_at_the_end():
    assert aligned(ROWS)[2:] == ["Kidal  army     48", "Gao    minusma  153"]
    assert aligned([["a", "b"], ["long", ""]])[2] == "long"


def test_columns_stand_closer_where_they_do_not_fit():
    assert aligned(ROWS, 2, width=20)[0] == "Place  Holder   Days"
    assert aligned(ROWS, 2, width=19)[0] == "Place Holder  Days"


def test_html_escapes_every_text():
    table = html_table("a < b", ["<i>"], [["1 & 2"]])
    assert table == (
        "<table><caption>a &lt; b</caption><thead><tr><th>&lt;i&gt;</th></tr></thead>"
        "<tbody><tr><td>1 &amp; 2</td></tr></tbody></table>"
    )


def test_prose_has_the_room_that_is_left_and_no_head_where_no_column_has_a_name():
    columns = (Column(""), Column("", "prose"))
    told = "One sentence that is longer than a line of the table, 12 %.\nAnother one."
    table = Table(columns, ((7, told),), "Steps")
    assert writers.text([table], 60).splitlines() == [
        "Steps",
        "7  One sentence that is longer than a line of the table,",
        "   12 %.",
        "   Another one.",
    ]
    assert "<thead>" not in writers.html([table])


def test_a_list_has_its_title_above_it():
    block = Items(("a < b",), "Found:")
    assert writers.text([block]) == "Found:\n- a < b"
    assert writers.html([block]) == "<p>Found:</p><ul><li>a &lt; b</li></ul>"
    assert writers.markdown([block]) == "Found:\n\n- a < b\n"
