"""What a report says of a batch: words, tables, charts."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from camphandover.charts.planned import KEY_BASES

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from camphandover.batch.batch import Batch
    from camphandover.judge.compare import Comparison
    from camphandover.scenario import Scenario

DPI = 110
MOST_DIFFERENCES = 12
"""Lines that tell in what a scenario differs; more are counted."""


@dataclass(frozen=True)
class Picture:
    """A chart: what it shows in words, and its PNG as a data address."""

    title: str
    source: str


@dataclass(frozen=True)
class Asked:
    """What a scenario asks, and in what it differs from the one that others are compared with."""

    name: str
    title: str
    question: str
    window: str
    differences: list[str]
    yaml: str


@dataclass(frozen=True)
class Rows:
    """A table: a heading for each column, and texts; the first `names` columns are names."""

    columns: list[str]
    rows: list[list[str]]
    names: int = 1


def content(batch: Batch, against: str | None = None) -> dict[str, Any]:
    """All that the page needs, by the names that it uses.

    Args:
        batch: A finished batch.
        against: Scenario with which the others are compared; the first one if not given.
    """
    from camphandover.measure.shares import control_shares

    base = batch.scenarios[0] if against is None else against
    parent = batch.scenario(base)
    scenarios = [batch.scenario(name) for name in batch.scenarios]
    shares = control_shares(batch)
    bases = _bases(batch, base)
    comparisons = [_compared(batch, bases[name], name) for name in bases]
    return {
        "batch": batch,
        "base": base,
        "warnings": _warnings(batch, comparisons),
        "asked": [_asked(scenario, parent) for scenario in scenarios],
        "holders": _holders(batch),
        "bases": _left(shares, "base", KEY_BASES),
        "comparisons": comparisons,
        "ground": _ground(batch, base),
        "maps": _left(shares, "scenario", batch.scenarios),
        "caveats": caveats(batch),
        "failures": batch.failures,
        "manifest": json.dumps(_without_scenarios(batch.manifest), indent=1, ensure_ascii=False),
        "sessions": batch.manifest["sessions"],
    }


# --- what is asked -----------------------------------------------------------------------


def _asked(scenario: Scenario, base: Scenario) -> Asked:
    lines = [] if scenario.name == base.name else _differences(base, scenario)
    if len(lines) > MOST_DIFFERENCES:
        more = len(lines) - MOST_DIFFERENCES
        lines = [*lines[:MOST_DIFFERENCES], f"and {more} more values, see its file below"]
    window = f"{scenario.window.start} to {scenario.window.end}"
    question = scenario.question
    return Asked(scenario.name, scenario.title, question, window, lines, scenario.to_yaml())


def _differences(base: Scenario, scenario: Scenario) -> list[str]:
    """In what a scenario differs in effect from the base, a line for each value."""
    from camphandover.scenario import differences
    from camphandover.scenario.diff import grouped

    return grouped(differences(base, scenario))


def _bases(batch: Batch, base: str) -> dict[str, str]:
    """What each scenario is compared with: the base, or the base with the scenario's own window.

    A scenario with which another one is compared stands for the base, and is not compared itself.
    """
    from camphandover.judge.compare_warnings import differ_in_window_only, twin

    parent = batch.scenario(base)
    bases = {}
    for name in batch.scenarios:
        is_base = differ_in_window_only(parent, batch.scenario(name))
        bases[name] = base if is_base else twin(batch, base, name) or base
    used = {base, *bases.values()}
    return {name: its for name, its in bases.items() if name not in used}


def _warnings(batch: Batch, comparisons: list[Compared]) -> list[str]:
    """What must be known before the figures are compared."""
    from camphandover.judge.end_table import end_table

    found = [f"In the table of the key bases {text}" for text in end_table(batch).warnings]
    for one in comparisons:
        found += [f"{one.name} less {one.base}: {text}" for text in one.warnings]
    return found


# --- tables ------------------------------------------------------------------------------


def _holders(batch: Batch) -> Rows:
    """Chance that the army has each key base at the end, and days at Kidal."""
    from camphandover.judge.end_table import DAYS_AT, cells, end_table

    table = end_table(batch)
    columns = ["Scenario", "Last day", *KEY_BASES, f"Days at {DAYS_AT}"]
    return Rows(columns, [[row.scenario, str(row.date), *cells(row)] for row in table.rows])


@dataclass(frozen=True)
class Compared:
    """One scenario beside the base: a table of paired differences, and how to read it."""

    name: str
    base: str
    pairs: int
    window: str
    warnings: tuple[str, ...]
    table: Rows
    picture: Picture


def _compared(batch: Batch, base: str, name: str) -> Compared:
    from camphandover.charts import difference
    from camphandover.judge.compare import compare

    comparison = compare(batch, name, base)
    drawn = difference(comparison)
    title = f"Days held: {name} less {base}, run by run, with 95 % intervals"
    return Compared(
        name, base, comparison.n, str(comparison.window), comparison.warnings,
        _difference_rows(comparison), _picture(title, drawn),
    )  # fmt: skip


def _difference_rows(comparison: Comparison) -> Rows:
    """Days held, holder at the end, dead and displaced: what differs beyond chance comes first."""
    from camphandover.say.compare import said

    columns = ["Outcome", "Place", "Of whom", comparison.a, comparison.b]
    columns += ["Difference [95 %]", "Chance that it is better [95 %]", "Gain of pairing"]
    table = comparison.table
    shown = table[
        ((table["place"] == "") | table["place"].isin(comparison.places))
        & table["outcome"].isin(["days_held", "dead", "displaced"])
    ]
    shown = shown[(shown["difference"] != 0) | (shown["ties"] < 1)]
    return Rows(columns, [said(row) for row in shown.itertuples()], names=3)


# --- charts ------------------------------------------------------------------------------


def _left(shares: xr.Dataset, each: str, names: Iterable[str]) -> list[Picture]:
    """The charts that a batch leaves of each base, or of each scenario."""
    from camphandover.charts.registry import charts

    drawn = [chart for chart in charts() if f"{{{each}}}" in chart.leaves]
    return [
        _picture(chart.title.format(name), chart(shares, name)) for chart in drawn for name in names
    ]


def _ground(batch: Batch, base: str) -> list[Picture]:
    """The base scenario on the map on its last day, and its losses as they were and were told."""
    from camphandover.charts import control_map, losses_grid

    entry = next(entry for entry in batch.manifest["scenarios"] if entry["name"] == base)
    last = entry["window"][1]
    drawn = control_map(batch, last, scenario=base)
    return [
        _picture(f"{base}: the likeliest holder of each camp on {last}", drawn),
        _picture(f"{base}: the dead, and what each side says of them", losses_grid(batch, base)),
    ]


def _picture(title: str, drawn: Figure | Axes) -> Picture:
    """A figure, or that of some axes, as a PNG within the page."""
    figure = cast("Figure", getattr(drawn, "figure", drawn))
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=DPI)
    text = base64.b64encode(data.getvalue()).decode("ascii")
    return Picture(title, f"data:image/png;base64,{text}")


# --- what it cannot say ------------------------------------------------------------------


def caveats(batch: Batch) -> list[str]:
    """What the runs of this batch leave open, in sentences."""
    half = 100 * 0.98 / batch.runs**0.5
    found = [
        f"Chance: a share of {batch.runs} runs near one half is known to about {half:.0f} "
        "percentage points either way. The intervals in the tables are of this kind.",
        "Rules: the model is a set of deliberately coarse rules. That they are right is not "
        "covered by any interval here.",
    ]
    records = batch.manifest["records"]
    if records is not None:
        found.append(
            f"Numbers: the runs took the {records['n']} records of parameters of the set "
            f"{records['name']} in turn, so the intervals hold what these leave open."
        )
    elif batch.manifest["sampled"]:
        found.append(
            "Numbers: each run drew its parameters from their ranges, so the intervals hold what "
            "these ranges leave open. Many of the ranges are expert judgement."
        )
    else:
        found.append(
            "Numbers: all runs of a scenario have the same parameters. How far they may be wrong "
            "is not in the intervals; `run --sample-parameters` brings it in."
        )
    if batch.manifest["evidence"] == "hindcast":
        found.append(
            "Hindsight: the set of parameters knows events after 17 September 2023. It explains; "
            "it is no measure of what could have been foreseen."
        )
    else:
        found.append(
            "Hindsight: no number of this set was set from events after 17 September 2023, but "
            "the rules were written by people who knew them."
        )
    found.append(
        "Use: the model studies a past conflict for understanding. It is not meant for planning."
    )
    if batch.failures:
        found.append(f"{len(batch.failures)} runs failed and are left out of all figures.")
    return found


def _without_scenarios(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest without what the page shows elsewhere, and without the list of blocks."""
    names = [entry["name"] for entry in manifest["scenarios"]]
    short = {**manifest, "scenarios": names, "blocks": len(manifest["blocks"])}
    return {**short, "failures": len(manifest["failures"])}
