"""A comparison as text for the terminal, as HTML for a notebook, and row by row for a report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from camphandover.say.tabular import aligned, for_notebook, html_table

if TYPE_CHECKING:
    from camphandover.judge.compare import Comparison

DAY = "%d %B %Y"


WIDTH = 120
SAME = "There is no row to show: all is the same in all runs, or nearly nil."
MOST_GAIN = 9999
"""A larger variance reduction that is not infinite says no more than this."""
NAMES = 2
"""Columns of a section that hold names; figures follow."""
DIGITS = {"days": 1, "share": 0, "dead": 1, "people": 0}


@dataclass(frozen=True)
class Section:
    """Rows of the text about one outcome: its title, the names of its columns, its cells."""

    title: str
    header: list[str]
    body: list[list[str]]


def as_text(comparison: Comparison) -> str:
    """Plain text of at most 120 columns; it leaves out rows that say nothing."""
    import textwrap

    lines = []
    for warning in comparison.warnings:
        lines += [*textwrap.wrap(f"WARNING: {warning}", WIDTH), ""]
    for paragraph in _preface(comparison):
        lines += textwrap.wrap(paragraph, WIDTH)
    sections = _sections(comparison)
    if not sections:
        lines += ["", SAME]
    for section in sections:
        lines += ["", section.title, *aligned([section.header, *section.body], NAMES, WIDTH)]
    return "\n".join(lines)


def as_html(comparison: Comparison) -> str:
    """The same as paragraphs and tables."""
    parts = [f"<p><b>Warning: {escape(warning)}</b></p>" for warning in comparison.warnings]
    parts += [f"<p>{escape(paragraph)}</p>" for paragraph in _preface(comparison)]
    for section in _sections(comparison):
        parts.append(html_table(section.title, section.header, section.body))
    return for_notebook(parts)


def _preface(comparison: Comparison) -> list[str]:
    """What is compared, and what the columns mean."""
    c = comparison
    compared = f"A = {c.a}, B = {c.b}: {_plural(c.n, 'pair')} of runs, seed {c.seed}, {c.window}."
    if c.n < c.runs:
        compared += f" Left out are {c.runs - c.n} of {c.runs} runs, which failed in A or B."
    width = c.half_width
    return [
        compared,
        "A - B: mean difference of the pairs [95 % interval]. A better: chance in % that A is the "
        "better one of a pair for the holder or side of the row, half of the ties counted [95 % "
        "interval]. Gain: how many times as many runs two independent batches would need (the "
        "variance reduction). Runs: of each scenario, paired and unpaired, for an interval of +- "
        f"{_plural(width['days'], 'day')}, {_plural(100 * width['share'], 'point')} of a chance, "
        f"{width['dead']:g} dead, {width['people']:g} people. Rows that are the same in all runs, "
        "or nearly nil in both, are left out.",
    ]


def _plural(number: float, what: str) -> str:
    return f"{number:g} {what}{'s' * (number != 1)}"


def _sections(comparison: Comparison) -> list[Section]:
    """The outcomes that have a row to show."""
    c = comparison
    on, days = f"{c.date:{DAY}}", c.window.n_days
    last = f"{c.window.last:{DAY}}"
    titles = {
        "days_held": f"Days of {days} on which the holder has the {c.slot}; more is better",
        "holds": f"Chance in % that it has the {c.slot} on {on}; more is better",
        "days_to_fall": f"Days until it first has the {c.slot}, {days} if never; fewer is better. "
        "Fell to it: in % of the runs, and the median date",
        "dead": f"Dead to {last}; fewer is better",
        "displaced": f"Displaced people, in Mali and abroad, on {last}; fewer is better",
    }
    sections = []
    for outcome, title in titles.items():
        rows = shown(c, outcome)
        if rows:
            header = [*_names(outcome), "A", "B", "A - B", "A better", "Gain", *_last(outcome)]
            sections.append(Section(title, header, [_cells(c, row) for row in rows]))
    return sections


def _names(outcome: str) -> list[str]:
    return ["", "Side"] if outcome in ("dead", "displaced") else ["Place", "Holder"]


def _last(outcome: str) -> list[str]:
    """Names of the columns that are not the same for all outcomes."""
    if outcome == "days_to_fall":
        return ["Fell: A", "B", "Date: A", "B"]
    return ["Runs", "Unpaired"]


def shown(comparison: Comparison, outcome: str) -> list[Any]:
    """Rows of an outcome that say something, in the order of the places shown."""
    table = comparison.select(outcome)
    table = table[table["place"].isin([*comparison.places, ""])]
    return [row for row in table.itertuples() if not _says_nothing(comparison, row)]


def _says_nothing(comparison: Comparison, row: Any) -> bool:
    """Whether A and B are one and the same number, or both nearly nil."""
    if row.ties == 1 and not (row.sd_a > 0 or row.sd_b > 0):
        return True
    if row.outcome == "days_to_fall":
        row = _fell(comparison, row)
    nil = 0.005 if row.unit == "share" else 0.5
    return bool(row.mean_a < nil and row.mean_b < nil)


def _fell(comparison: Comparison, row: Any) -> Any:
    """The row that tells in how many runs it fell, of one that tells after how many days."""
    return next(comparison.select("fell", row.place, row.who).itertuples())


def _cells(comparison: Comparison, row: Any) -> list[str]:
    number = {"share": _percent}.get(row.unit, lambda value: _number(value, DIGITS[row.unit]))
    signed = {"share": lambda value: _number(100 * value, 1)}.get(row.unit, number)
    cells = [row.place, row.who, number(row.mean_a), number(row.mean_b)]
    cells.append(_bounded(row.difference, row.low, row.high, signed))
    cells.append(_bounded(row.p_a_better, row.p_low, row.p_high, _percent))
    cells.append(_gain(row.variance_reduction))
    if row.outcome == "days_to_fall":
        fell = _fell(comparison, row)
        cells += [_percent(fell.mean_a), _percent(fell.mean_b)]
        return [*cells, _date(row.median_a), _date(row.median_b)]
    return [*cells, _whole(row.runs_needed), _whole(row.runs_needed_unpaired)]


NAMED = {"days_held": "days held", "dead": "dead", "displaced": "displaced"}
"""Outcomes whose rows stand for themselves, in words."""


def said(row: Any) -> list[str]:
    """One row of the table in texts: outcome, place, of whom, A, B, difference, p, gain."""
    digits = DIGITS[row.unit]
    return [
        NAMED.get(row.outcome, row.outcome),
        row.place,
        row.who,
        _number(row.mean_a, digits),
        _number(row.mean_b, digits),
        _bounded(row.difference, row.low, row.high, lambda value: _number(value, digits)),
        _bounded(row.p_a_better, row.p_low, row.p_high, _percent),
        _gain(row.variance_reduction),
    ]


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _percent(share: float) -> str:
    return _number(math.floor(100 * share + 0.5), 0)


def _bounded(value: float, low: float, high: float, form: Any) -> str:
    """`-3.1 [-4.9, -1.2]`; the bounds are left out if there are none."""
    return form(value) if math.isnan(low) else f"{form(value)} [{form(low)}, {form(high)}]"


def _gain(value: float) -> str:
    if math.isnan(value):
        return "-"
    if MOST_GAIN < value < math.inf:
        return f"> {MOST_GAIN}"
    return _number(value, 0 if value >= 100 else 1)


def _whole(value: Any) -> str:
    import pandas as pd

    return "-" if pd.isna(value) else str(value)


def _date(value: Any) -> str:
    import pandas as pd

    return "-" if pd.isna(value) else str(value.date())
