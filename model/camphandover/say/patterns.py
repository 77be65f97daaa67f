"""The words of patterns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.facts.checks import ORIGIN
from camphandover.facts.codes import Holder
from camphandover.judge.patterns.met import WHOLE
from camphandover.measure.notation import NONE, bounded, interval_of, percent, percent_interval
from camphandover.measure.patterns.data import VALUES, Part, Pattern
from camphandover.say.document import Column, Document, Paragraph, Table, table

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.judge.patterns.patterns import Patterns

DAY = "%d %B %Y"
SET = "*"
CLEAR = "!"
DATE = "%d %b"
KNOWN = {"all": "yes", "partly": "partly", "none": "no"}
P_FALSE = 0.05
"""Share of intervals of 95 % that leave out 0 although nothing differs."""


def data(patterns: Patterns) -> dict[str, Any]:
    """Definitions and numbers as JSON names them."""
    about = {name: getattr(patterns, name) for name in ("scenarios", "against", "runs", "seed")}
    tables = ("shares", "joint", "counts", "readings", "differences")
    return {
        **about,
        "origin": ORIGIN,
        "patterns": [_described(pattern) for pattern in patterns.definitions],
        **{name: getattr(patterns, name) for name in tables},
    }


def _described(pattern: Pattern) -> dict[str, Any]:
    parts = [
        {"name": part.name, "value": part.value}
        | dict(zip(("unit", "meaning"), VALUES[part.value], strict=True))
        | {"low": part.low, "high": part.high}
        for part in pattern.parts
    ]
    told = {name: getattr(pattern, name) for name in ("name", "title", "history", "source")}
    told |= {"known_at_origin": pattern.known, "needed": pattern.needed}
    return told | {"window": [pattern.window.first, pattern.window.last], "parts": parts}


def document(patterns: Patterns) -> Document:
    """What is held to what, the shares, other readings, and what each scenario changes."""
    plural = "s" * (patterns.runs != 1)
    preface = (
        f"Patterns P1-P14: what happened in northern Mali in 2023, and how many of {patterns.runs} "
        f"run{plural} of each scenario retell it; seed {patterns.seed}. A run meets a pattern if "
        "it meets all parts of it."
    )
    made = [_shares]
    made += [] if patterns.readings.empty else [_readings]
    made += [] if patterns.against is None else [_differences]
    tables = [replace(make(patterns, False), brief=make(patterns, True)) for make in made]
    return [Paragraph(preface), *tables, *([] if patterns.against is None else [_needs(patterns)])]


def _title(text: str, brief: bool, shown: pd.DataFrame) -> str:
    if not brief:
        return f"{text} [95 % interval]"
    widest = (shown["high"] - shown["low"]).max() / 2
    return f"{text}; 95 % intervals are +- {100 * widest:.0f} points at most"


# --- shares ------------------------------------------------------------------------------


def _shares(patterns: Patterns, brief: bool) -> Table:
    """Patterns and parts by scenario."""
    shares = patterns.shares.set_index(["pattern", "part", "scenario"]).to_dict("index")

    def line(label: str, needed: float | None, known: str, *key: str) -> list[str]:
        told = "" if needed is None else percent(needed)
        rows = [shares[*key, name] for name in patterns.scenarios]
        return [label, told, known, *(_share(r, brief) + SET * bool(r["is_set"]) for r in rows)]

    body = []
    for p in patterns.definitions:
        body.append(line(f"{p.name:<4}{p.title}", p.needed, KNOWN[p.known], p.name, WHOLE))
        for part in p.parts:
            label = f"      {part.name.replace('_', ' ')}" + f" {bounds(part)}" * (not brief)
            body.append(line(label, part.needed, "", p.name, part.name))
    ends = ["All of them together", "Patterns met by a run, mean", "  the middle 80 % of the runs"]
    columns = [_together(patterns, name, brief) for name in patterns.scenarios]
    for label, *cells in zip([*ends, "Met by the runs needed"], *columns, strict=True):
        body.append([label, "", "", *cells])
    told = [] if brief else ["Needed", "Known"]
    head = [Column("Pattern, and its parts", "label"), *map(Column, [*told, *patterns.scenarios])]
    body = [[row[0], *row[3:]] for row in body] if brief else body
    title = _title("Share in % of the runs that meet it", brief, patterns.shares)
    return table(title, head, body, notes=_share_notes(patterns, brief))


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


def _share(row: Any, brief: bool) -> str:
    return percent(row["share"]) if brief else percent_interval(interval_of(row, "share"))


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


def _share_notes(patterns: Patterns, brief: bool) -> list[str]:
    """What the marks and the empty cells mean."""
    shares = patterns.shares
    parts = shares[(shares["part"] != WHOLE) & shares["is_set"]]
    notes = []
    if len(parts):
        notes.append(
            f"{SET} The scenario itself sets what this part measures ({_told(patterns, parts)}): "
            "it is shown, and the pattern counts as met by its other parts."
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
    for row in patterns.joint.itertuples():
        if 0 < row.n < patterns.runs:
            notes.append(f"Of {row.scenario} only {row.n} runs of {patterns.runs} did not fail.")
    return notes


def _told(patterns: Patterns, rows: pd.DataFrame) -> str:
    """`P9 days early in historical, delayed`."""
    found = []
    for (pattern, part), own in rows.groupby(["pattern", "part"], sort=False):
        is_all = 1 < len(patterns.scenarios) == len(own)
        where = "all" if is_all else ", ".join(own["scenario"])
        found.append(f"{pattern} {part.replace('_', ' ')} in {where}")
    return "; ".join(found)


def _readings(patterns: Patterns, brief: bool) -> Table:
    """The patterns read in another way."""
    shares = patterns.readings.set_index(["pattern", "reading", "scenario"]).to_dict("index")
    lines = [(p.name, reading, reading) for p in patterns.definitions for reading in p.readings]
    title = _title(
        "Read in another way, counted nowhere: share in % of the runs", brief, patterns.readings
    )
    return _grid(title, patterns.scenarios, lines, {k: _share(v, brief) for k, v in shares.items()})


def _grid(
    title: str,
    scenarios: Sequence[str],
    lines: Iterable[tuple[str, ...]],
    cells: Mapping[tuple[str, ...], str],
) -> Table:
    """A line for each pattern, label and more of its key; a column for each scenario."""
    body = [
        [f"{pattern:<4}{label}", *(cells.get((pattern, *key, name), NONE) for name in scenarios)]
        for pattern, label, *key in lines
    ]
    return table(title, [Column("Pattern", "label"), *scenarios], body)


# --- differences -------------------------------------------------------------------------


def _wholes(patterns: Patterns) -> pd.DataFrame:
    return patterns.differences[patterns.differences["part"] == WHOLE]


def _differences(patterns: Patterns, brief: bool) -> Table:
    """The other scenarios minus one."""
    cells: dict[tuple[str, ...], str] = {}
    for row in _wholes(patterns).to_dict("records"):
        found = interval_of(row, "difference")
        told = points(found.value) if brief else bounded(found, points)
        cells[row["pattern"], row["scenario"]] = told + CLEAR * row["is_clear"]
    title = f"Points of % by which the share differs from that of {patterns.against}, paired"
    lines = [(p.name, p.title) for p in patterns.definitions]
    title = _title(title, brief, patterns.differences)
    return _grid(title, patterns.scenarios[1:], lines, cells)


def points(share: float) -> str:
    """A difference of shares in points of %, with its sign."""
    found = math.floor(100 * share + 0.5)
    return f"{found:+d}" if found else "0"


def _needs(patterns: Patterns) -> Table:
    """For each scenario the patterns that it makes rarer or more frequent beyond doubt."""
    wholes = _wholes(patterns)
    clear = wholes[wholes["is_clear"]].sort_values("difference")

    def listed(rows: pd.DataFrame) -> str:
        told = (f"{row.pattern} {points(row.difference)}" for row in rows.itertuples())
        return ", ".join(told) or NONE

    body = []
    for name in patterns.scenarios[1:]:
        own = clear[clear["scenario"] == name]
        less, more = own[own["difference"] < 0], own[own["difference"] > 0][::-1]
        body.append([name, listed(less), listed(more)])
    notes = [
        f"{CLEAR} The 95 % interval of the difference leaves out 0; of {len(wholes)} "
        f"differences up to {math.ceil(P_FALSE * len(wholes))} may do so by chance. A pattern that "
        "is rarer without a mechanism needs it.",
        "Run r of both scenarios shares all luck. A part that either of the two sets is counted "
        "in neither.",
    ]
    title = f"Patterns that are rarer or more frequent than in {patterns.against}"
    columns = (Column(name, "text") for name in ("Rarer", "More frequent"))
    return table(title, ["Scenario", *columns], body, notes=notes)
