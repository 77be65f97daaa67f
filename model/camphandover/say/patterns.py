"""The patterns as text for the terminal and as HTML for a notebook."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.facts.checks import ORIGIN
from camphandover.facts.codes import Holder
from camphandover.judge.patterns.met import WHOLE
from camphandover.measure.patterns.data import Part, Pattern
from camphandover.measure.patterns.values import VALUES
from camphandover.say.pattern_tables import WIDTH, Section, aligned, tables
from camphandover.say.tabular import for_notebook, html_table

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.judge.patterns.patterns import Patterns

DAY = "%d %B %Y"
NONE = "-"
SET = "*"
CLEAR = "!"
DATE = "%d %b"
KNOWN = {"all": "yes", "partly": "partly", "none": "no"}
P_FALSE = 0.05
"""Share of intervals of 95 % that leave out 0 although nothing differs."""


def as_text(patterns: Patterns) -> str:
    """Plain text of at most 120 columns; tables too wide are cut into several."""
    blocks = ["\n".join(textwrap.wrap(preface(patterns), WIDTH))]
    for section in sections(patterns, WIDTH):
        lines = textwrap.wrap(section.title, WIDTH) + aligned(
            section.header, section.body, section.is_text
        )
        for note in section.notes:
            lines += textwrap.wrap(note, WIDTH, subsequent_indent="  ")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def as_html(patterns: Patterns) -> str:
    """The same as paragraphs and tables."""
    parts = [f"<p>{escape(preface(patterns))}</p>"]
    for section in sections(patterns, None):
        parts.append(html_table(section.title, section.header, section.body))
        parts += [f"<p>{escape(note)}</p>" for note in section.notes]
    return for_notebook(parts)


def preface(patterns: Patterns) -> str:
    """What is held to what."""
    plural = "s" * (patterns.runs != 1)
    return (
        f"Patterns P1-P14: what happened in northern Mali in 2023, and how many of {patterns.runs} "
        f"run{plural} of each scenario retell it; seed {patterns.seed}. A run meets a pattern if "
        "it meets all parts of it."
    )


def sections(patterns: Patterns, width: int | None) -> list[Section]:
    """The tables, each no wider than this; one of each kind if there is no width."""
    found = []
    for make in (_shares, _readings, _differences):
        found += list(make(patterns, width))
    return found


# --- shares ------------------------------------------------------------------------------


def _shares(patterns: Patterns, width: int | None) -> Iterator[Section]:
    """Patterns and parts by scenario."""
    table = patterns.shares.set_index(["scenario", "pattern", "part"])
    ends = ["All of them together", "Patterns met by a run, mean", "  the middle 80 % of the runs"]
    ends.append("Met by the runs needed")

    def fixed(brief: bool) -> dict[str, list[str]]:
        labels = [label for p in patterns.definitions for label in _labels(p, brief)]
        columns = {"Pattern, and its parts": [*labels, *ends]}
        if not brief:
            lines, none = _lines(patterns), [""] * len(ends)
            columns["Needed"] = [_needed(p, part) for p, part in lines] + none
            columns["Known"] = [KNOWN[p.known] * (part is None) for p, part in lines] + none
        return columns

    def column(name: str, brief: bool) -> list[str]:
        keys = [
            (name, p.name, WHOLE if part is None else part.name) for p, part in _lines(patterns)
        ]
        rows = [table.loc[key] for key in keys]
        cells = [_share(row, brief) + SET * bool(row["is_set"]) for row in rows]
        return cells + _together(patterns, name, brief)

    title = "Share in % of the runs that meet it"
    for brief, names, header, body in tables(patterns.scenarios, fixed, column, width):
        notes = _share_notes(patterns, names, brief)
        yield Section(_title(title, brief, patterns.shares), header, body, notes)


def _lines(patterns: Patterns) -> list[tuple[Pattern, Part | None]]:
    """Each pattern, and then each of its parts."""
    return [(p, part) for p in patterns.definitions for part in (None, *p.parts)]


def _labels(pattern: Pattern, brief: bool) -> list[str]:
    parts = [
        f"      {part.name.replace('_', ' ')}" + f" {bounds(part)}" * (not brief)
        for part in pattern.parts
    ]
    return [f"{pattern.name:<4}{pattern.title}", *parts]


def bounds(part: Part) -> str:
    """The bounds of a part as readers know them: `3 to 25`, `army`, `at most 3`."""
    unit = VALUES[part.value][0]
    if part.dates is not None:
        return " to ".join(f"{day:{DATE}}".lstrip("0") for day in part.dates)
    if unit == "holder":
        return Holder(int(part.low)).name.lower()
    scale, sign = (100, " %") if unit == "1" else (1, "")
    low, high = (f"{scale * value:g}" for value in (part.low, part.high))
    if part.high == 0:
        return "none"
    if math.isinf(part.low):
        return f"at most {high}{sign}"
    if math.isinf(part.high):
        return f"at least {low}{sign}"
    return f"{low} to {high}{sign}"


def _needed(pattern: Pattern, part: Part | None) -> str:
    share = pattern.needed if part is None else part.needed
    return "" if share is None else f"{100 * share:.0f}"


def _together(patterns: Patterns, name: str, brief: bool) -> list[str]:
    """The joint share, the mean number met and its spread, and how many patterns are met."""
    row = patterns.joint.set_index("scenario").loc[name]
    if not row["n"]:
        return [NONE] * 4
    counts = patterns.counts[patterns.counts["scenario"] == name]
    met = np.repeat(counts["n_met"].to_numpy(), counts["runs"].to_numpy())
    low, high = np.quantile(met, [0.1, 0.9], method="inverted_cdf")
    wholes = patterns.shares.query("scenario == @name and part == @WHOLE and n > 0")
    asked = int(row["n_patterns"])
    enough = int((wholes["share"] >= wholes["needed"]).sum())
    return [
        _share(row, brief),
        f"{row['mean_met']:.1f}" if brief else f"{row['mean_met']:.1f} of {asked}",
        f"{low}-{high}",
        f"{enough}/{asked}" if brief else f"{enough} of {asked}",
    ]


def _share_notes(patterns: Patterns, names: tuple[str, ...], brief: bool) -> list[str]:
    """What the marks and the empty cells mean."""
    shares = patterns.shares[patterns.shares["scenario"].isin(names)]
    parts = shares[shares["part"] != WHOLE]
    notes = []
    if parts["is_set"].any():
        told = _told(parts[parts["is_set"]], len(names))
        notes.append(
            f"{SET} The scenario itself sets what this part measures ({told}): it is shown, and "
            "the pattern counts as met by its other parts."
        )
    if (shares["n"] == 0).any():
        notes.append(
            f"{NONE} The scenario's window does not hold the pattern's dates, it sets all parts "
            "of it, or all runs failed."
        )
    rare = shares[~shares["is_modal"].fillna(True)]
    if len(rare):
        told = ", ".join(f"{row.pattern} in {row.scenario}" for row in rare.itertuples())
        notes.append(f"The record's outcome is not the most frequent one, as it should be: {told}.")
    if not brief:
        notes.append(
            "Needed: share of the runs, in %, that is to meet it. Known: whether it was known at "
            f"the forecast origin, {ORIGIN:{DAY}}."
        )
    for row in patterns.joint[patterns.joint["scenario"].isin(names)].itertuples():
        if 0 < row.n < patterns.runs:
            notes.append(f"Of {row.scenario} only {row.n} runs of {patterns.runs} did not fail.")
    return notes


def _told(rows: pd.DataFrame, n_scenarios: int) -> str:
    """`P9 days early in historical, delayed`."""
    found: dict[str, list[str]] = {}
    for row in rows.itertuples():
        found.setdefault(f"{row.pattern} {row.part.replace('_', ' ')}", []).append(row.scenario)
    return "; ".join(
        f"{part} in {', '.join(names)}"
        if len(names) < n_scenarios or n_scenarios == 1
        else f"{part} in all"
        for part, names in found.items()
    )


def _share(row: Any, brief: bool) -> str:
    if not row["n"]:
        return NONE
    value, low, high = (math.floor(100 * row[key] + 0.5) for key in ("share", "low", "high"))
    return f"{value}" if brief else f"{value} [{low}-{high}]"


# --- other readings ----------------------------------------------------------------------


def _readings(patterns: Patterns, width: int | None) -> Iterator[Section]:
    """The patterns read in another way."""
    if patterns.readings.empty:
        return
    table = patterns.readings.set_index(["scenario", "pattern", "reading"])
    rows = [(p.name, reading.name) for p in patterns.definitions for reading in p.readings]
    labels = [f"{pattern:<4}{reading}" for pattern, reading in rows]

    def column(name: str, brief: bool) -> list[str]:
        return [
            _share(table.loc[(name, *row)], brief) if (name, *row) in table.index else NONE
            for row in rows
        ]

    title = "Read in another way, counted nowhere: share in % of the runs"
    for brief, _, header, body in tables(
        patterns.scenarios, lambda _: {"Pattern": labels}, column, width
    ):
        yield Section(_title(title, brief, patterns.readings), header, body, [])


# --- differences -------------------------------------------------------------------------


def _differences(patterns: Patterns, width: int | None) -> Iterator[Section]:
    """The other scenarios minus one, and which patterns each changes."""
    if patterns.against is None:
        return
    table = patterns.differences.query("part == @WHOLE").set_index(["scenario", "pattern"])
    labels = [f"{pattern.name:<4}{pattern.title}" for pattern in patterns.definitions]

    def column(name: str, brief: bool) -> list[str]:
        return [
            _difference(table.loc[(name, pattern.name)], brief)
            if (name, pattern.name) in table.index
            else NONE
            for pattern in patterns.definitions
        ]

    title = f"Points of % by which the share differs from that of {patterns.against}, paired"
    for brief, _, header, body in tables(
        patterns.scenarios[1:], lambda _: {"Pattern": labels}, column, width
    ):
        yield Section(_title(title, brief, patterns.differences), header, body, [])
    yield _needs(patterns, table.reset_index())


def _difference(row: Any, brief: bool) -> str:
    value, low, high = (points(row[key]) for key in ("difference", "low", "high"))
    return (value if brief else f"{value} [{low}, {high}]") + CLEAR * bool(row["is_clear"])


def points(share: float) -> str:
    """A difference of shares in points of %, with its sign."""
    points = math.floor(100 * share + 0.5)
    return f"{points:+d}" if points else "0"


def _needs(patterns: Patterns, table: pd.DataFrame) -> Section:
    """For each scenario the patterns that it makes rarer or more frequent beyond doubt."""
    body = []
    for name in patterns.scenarios[1:]:
        clear = table[(table["scenario"] == name) & table["is_clear"]]
        clear = clear.sort_values("difference")
        less, more = clear[clear["difference"] < 0], clear[clear["difference"] > 0][::-1]
        body.append([name, *(_listed(rows) for rows in (less, more))])
    chance = math.ceil(P_FALSE * len(table))
    return Section(
        title=f"Patterns that are rarer or more frequent than in {patterns.against}",
        header=["Scenario", "Rarer", "More frequent"],
        body=body,
        notes=[
            f"{CLEAR} The 95 % interval of the difference leaves out 0; of {len(table)} "
            f"differences up to {chance} may do so by chance. A pattern that is rarer without "
            "a mechanism needs it.",
            "Run r of both scenarios shares all luck. A part that either of the two sets is "
            "counted in neither.",
        ],
        is_text=True,
    )


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row.pattern} {points(row.difference)}" for row in rows.itertuples()) or NONE


def _title(text: str, brief: bool, table: pd.DataFrame) -> str:
    if not brief:
        return f"{text} [95 % interval]"
    widest = (table["high"] - table["low"]).max() / 2
    return f"{text}; 95 % intervals are +- {100 * widest:.0f} points at most"
