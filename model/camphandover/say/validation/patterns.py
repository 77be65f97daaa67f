"""The tables of patterns on the page of validation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from camphandover.judge.aims import HALF, PatternCount, pattern_count
from camphandover.judge.patterns.met import WHOLE
from camphandover.measure.intervals import mean_interval
from camphandover.say.patterns import bounds
from camphandover.say.validation.sources import SCENARIOS, Runs
from camphandover.say.validation.text import (
    NONE,
    Table,
    bounded,
    interval_of,
    listed,
    literal,
    percent,
)

if TYPE_CHECKING:
    import pandas as pd

    from camphandover.judge.patterns.patterns import Patterns

SET = "\\*"
"""Marks a share that the scenario sets itself."""


def count(patterns: Patterns, scenario: str) -> PatternCount:
    """How many patterns at least half of the runs of a scenario meet."""
    rows = patterns.shares.query("scenario == @scenario and part == @WHOLE").to_dict("records")
    return pattern_count([interval_of(one, "share") for one in rows])


def not_half(patterns: Patterns, scenario: str) -> list[str]:
    """The patterns that fewer than half of the runs of a scenario meet."""
    rows = patterns.shares.query("scenario == @scenario and part == @WHOLE and n > 0")
    return list(rows.loc[rows["share"] < HALF, "pattern"])


def share_table(sets: Iterable[Runs]) -> Table:
    """Shares of runs that meet each pattern and part, by set and scenario."""
    columns = [(runs, scenario) for runs in sets for scenario in SCENARIOS]
    shares = [_shares(runs.patterns, scenario) for runs, scenario in columns]
    body = []
    for pattern in columns[0][0].patterns.definitions:
        cells = [_cell(share[pattern.name, WHOLE]) for share in shares]
        needed = f"{100 * pattern.needed:.0f}"
        body.append([f"**{pattern.name}** {pattern.title}", needed, *cells])
        for part in pattern.parts:
            name = f"{part.name.replace('_', ' ')}: {bounds(part)}"
            needed = "" if part.needed is None else f"{100 * part.needed:.0f}"
            cells = [_cell(share[pattern.name, part.name]) for share in shares]
            body.append([f"&nbsp;&nbsp;{name}", needed, *cells])
    body += _together(columns)
    header = ["Pattern, and its parts", "Needed"]
    return Table([*header, *(f"{runs.name}, {scenario}" for runs, scenario in columns)], body)


def _shares(patterns: Patterns, scenario: str) -> dict[Any, dict[str, Any]]:
    rows = patterns.shares[patterns.shares["scenario"] == scenario].to_dict("records")
    return {(one["pattern"], one["part"]): one for one in rows}


def _cell(one: dict[str, Any]) -> str:
    if not one["n"]:
        return NONE
    return percent(interval_of(one, "share")) + SET * bool(one["is_set"])


def _together(columns: list[tuple[Runs, str]]) -> list[list[str]]:
    """All of them together, the mean number met, and how many are met by half of the runs."""
    joint, mean = ["All of them together", ""], ["Patterns met by a run, mean", ""]
    half = ["Patterns met by half of the runs", ""]
    for runs, scenario in columns:
        one = runs.patterns.joint.set_index("scenario").loc[scenario]
        joint.append(percent(interval_of(one, "share")) if one["n"] else NONE)
        counts = runs.patterns.counts.query("scenario == @scenario")
        met = np.repeat(counts["n_met"].to_numpy(), counts["runs"].to_numpy()).astype(float)
        mean.append(f"{bounded(mean_interval(met), 1)} of {int(one['n_patterns'])}")
        half.append(count_told(count(runs.patterns, scenario)))
    return [joint, mean, half]


def count_told(found: PatternCount) -> str:
    """`11 [10, 12] of 14`: so many surely, and so many possibly, by their intervals."""
    return f"{found.reached} [{found.sure}, {found.possible}] of {found.asked}"


def set_parts(sets: Iterable[Runs]) -> list[str]:
    """The parts that a scenario sets itself: `P1 days off in full-model`."""
    found = []
    for runs in sets:
        rows = runs.patterns.shares
        rows = rows[rows["is_set"].astype(bool) & (rows["part"] != WHOLE)]
        found += [
            f"{one.pattern} {one.part.replace('_', ' ')} in {one.scenario}"
            for one in rows.itertuples()
        ]
    return list(dict.fromkeys(found))


def reading_table(runs: Runs) -> Table:
    """The patterns read in another way."""
    table = runs.patterns.readings
    keys = list(dict.fromkeys(zip(table["pattern"], table["reading"], strict=True)))
    by_key = {
        (one["scenario"], one["pattern"], one["reading"]): interval_of(one, "share")
        for one in table.to_dict("records")
    }
    body = [
        [
            f"{pattern}: {reading}",
            *(
                percent(by_key[scenario, pattern, reading])
                if (scenario, pattern, reading) in by_key
                else NONE
                for scenario in SCENARIOS
            ),
        ]
        for pattern, reading in keys
    ]
    return Table(["Pattern, read in another way", *SCENARIOS], body)


# --- variants ----------------------------------------------------------------------------


def variant_table(needs: Patterns) -> Table:
    """By how many points of % each pattern is rarer or more frequent without a mechanism."""
    table = _differences(needs).set_index(["scenario", "pattern"])
    variants = needs.scenarios[1:]
    body = []
    for pattern in needs.definitions:
        cells = [f"{pattern.name} {pattern.title}"]
        for name in variants:
            key = (name, pattern.name)
            cells.append(_difference(table.loc[key]) if key in table.index else NONE)
        body.append(cells)
    return Table(["Pattern", *map(literal, variants)], body)


def _differences(needs: Patterns) -> pd.DataFrame:
    return needs.differences[needs.differences["part"] == WHOLE]


def _difference(one: Any) -> str:
    value, low, high = (math.floor(100 * one[key] + 0.5) for key in ("difference", "low", "high"))
    text = f"{value:+d} [{low:+d}, {high:+d}]".replace("+0", "0")
    return f"**{text}**" if one["is_clear"] else text


def mechanisms(needs: Patterns) -> list[str]:
    """Without which mechanism each pattern is clearly rarer, in sentences."""
    table = _differences(needs)
    found = []
    for pattern in needs.definitions:
        rows = table[(table["pattern"] == pattern.name) & table["is_clear"]]
        rarer = rows[rows["difference"] < 0].sort_values("difference", kind="stable")
        names = [f"{literal(one['scenario'])} {_plain(one)}" for one in rarer.to_dict("records")]
        if names:
            found.append(f"{pattern.name} {pattern.title}: rarer in {listed(names)}.")
    without = [
        p.name
        for p in needs.definitions
        if not ((table["pattern"] == p.name) & table["is_clear"] & (table["difference"] < 0)).any()
    ]
    if without:
        found.append(f"Clearly rarer in no variant: {listed(without)}.")
    return found


def _plain(one: dict[str, Any]) -> str:
    return _difference(one).replace("*", "")


def n_differences(needs: Patterns) -> int:
    """How many differences of whole patterns were taken."""
    return len(_differences(needs))
