"""The words of patterns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from camphandover.facts.checks import ORIGIN
from camphandover.facts.codes import Holder
from camphandover.judge.patterns.met import WHOLE
from camphandover.judge.patterns.patterns import Patterns
from camphandover.libraries import pd
from camphandover.measure.notation import (
    NONE,
    SET,
    bounded,
    interval_of,
    listed,
    percent,
    percent_interval,
)
from camphandover.measure.patterns.data import VALUES, Part, Pattern
from camphandover.say.document import Column, Document, Paragraph, Table, table
from camphandover.say.prose import paragraphs

WORDS = Path(__file__).with_name("patterns.md")
DAY = "%d %B %Y"
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
        "known": dict(patterns.known),
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
    return told | {"window": [pattern.first, pattern.last], "parts": parts}


def document(patterns: Patterns) -> Document:
    """What is held to what, the shares, other readings, and what each scenario changes."""
    made = [_shares]
    made += [] if patterns.readings.empty else [_readings]
    made += [] if patterns.against is None else [_differences]
    tables = [replace(make(patterns, False), brief=make(patterns, True)) for make in made]
    preface = map(
        Paragraph, paragraphs(WORDS, what="preface", patterns=patterns, pasts=_pasts(patterns))
    )
    return [*preface, *tables, *([] if patterns.against is None else [_needs(patterns)])]


def _pasts(patterns: Patterns) -> Iterator[tuple[str, date, str]]:
    """Scenarios, the day until which all is known in them, and which patterns lie in that past."""
    for until in sorted(set(patterns.known.values())):
        names = [name for name, day in patterns.known.items() if day == until]
        yield listed(names), until, _told_until(patterns, until)


def _told_until(patterns: Patterns, until: date) -> str:
    """Which patterns lie in the past until a day: `P1, P2 wholly, P4 partly`."""
    wholly = [one.name for one in patterns.definitions if one.last <= until]
    partly = [one.name for one in patterns.definitions if one.first <= until < one.last]
    both = ((", ".join(names), how) for names, how in ((wholly, "wholly"), (partly, "partly")))
    return ", ".join(f"{names} {how}" for names, how in both if names) or "none of them"


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
    parts_set = _told(patterns, shares[(shares["part"] != WHOLE) & shares["is_set"]])
    rare = shares[~shares["is_modal"].fillna(True)]
    about = {"parts_set": parts_set, "rare": rare, "origin": f"{ORIGIN:{DAY}}"}
    return paragraphs(WORDS, what="shares", patterns=patterns, brief=brief, **about)


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
    n = len(wholes)
    notes = paragraphs(WORDS, what="differences", n=n, by_chance=math.ceil(P_FALSE * n))
    title = f"Patterns that are rarer or more frequent than in {patterns.against}"
    columns = (Column(name, "text") for name in ("Rarer", "More frequent"))
    return table(title, ["Scenario", *columns], body, notes=notes)
