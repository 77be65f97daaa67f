"""Small tables, letter by letter."""

from __future__ import annotations

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
