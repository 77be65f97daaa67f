"""The report of a batch: one HTML file that needs no network.

What is said stands here, as documents; how it looks, in `report.html`.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from camphandover import inputs
from camphandover.batch.files import write_whole
from camphandover.judge.cautions import differ_in_window_only, twin
from camphandover.judge.compare import compare
from camphandover.judge.end_table import end_table
from camphandover.measure.notation import counted
from camphandover.measure.outcomes import KEY_BASES
from camphandover.say import compare as say_compare
from camphandover.say import end_table as say_end_table
from camphandover.say.document import (
    Block,
    Code,
    Column,
    Document,
    Heading,
    Items,
    Paragraph,
    Picture,
    table,
)
from camphandover.scenario import differences
from camphandover.scenario.diff import grouped

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from camphandover.batch.batch import Batch
    from camphandover.judge.compare import Comparison
    from camphandover.judge.end_table import Table as EndTable
    from camphandover.scenario import Scenario

NAME = "report.html"
TEMPLATE = Path(__file__).with_name("report.html")
DPI = 110
MOST_DIFFERENCES = 12
"""Lines that tell in what a scenario differs; more are counted."""
MOST_FAILURES = 20
"""Failed runs that are named; more are counted."""
LEFT_OUT = ("holds", "days_to_fall", "fell")
"""Outcomes of which no differences are shown: those of the days held say nearly the same."""


def write_report(batch: Batch, path: str | Path | None = None, against: str | None = None) -> Path:
    """Write the report of a batch.

    Args:
        batch: A finished batch.
        path: The file; `report.html` in the batch's folder if not given.
        against: Scenario with which the others are compared; the first one if not given.
    Returns:
        The file.
    Errors:
        BatchError if the batch is damaged or holds no such scenario.
    """
    target = batch.folder / NAME if path is None else inputs.path("path", path)
    write_whole(target, page(batch, against).encode())
    return target


def page(batch: Batch, against: str | None = None) -> str:
    """The report as HTML; see `write_report`."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(content(batch, against))


class Section(NamedTuple):
    """A part of the page: what links to it, its title, what it says."""

    anchor: str
    title: str
    blocks: Document


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
    ends = end_table(batch)
    compared = [compare(batch, name, its) for name, its in compared_with(batch, base).items()]
    warnings = [f"In the table of the key bases {text}" for text in ends.warnings]
    warnings += [f"{c.a} less {c.b}: {text}" for c in compared for text in c.warnings]
    sections = [
        Section("asked", "What was asked", [_asked(scenarios, parent)]),
        Section("holders", "Who holds the key bases at the end", _holders(ends)),
        Section("time", "Control over time", _over_time(shares)),
        Section("ground", f"{base}: the map and the losses", _ground(batch, base)),
        Section("differences", f"What differs from {base}", _differences(compared, base)),
        Section("maps", "All camps by date", _heatmaps(shares, batch.scenarios)),
        Section("caveats", "What these runs cannot say", _open(batch)),
        Section("files", "Scenarios and manifest", _files(batch, scenarios)),
    ]
    return {
        "batch": batch,
        "warnings": warnings,
        "sections": [section for section in sections if section.blocks],
    }


# --- what is asked -----------------------------------------------------------------------


def _asked(scenarios: list[Scenario], base: Scenario) -> Block:
    """What each scenario asks, and in what it differs from the one that others are held to."""
    differs = Column(f"Differs from {base.name} in", "text", form="; ".join)
    header = [Column("Scenario", "name", form=": ".join), Column("Question", "text")]
    rows = [
        (
            (one.name, one.title),
            one.question,
            f"{one.window.start} to {one.window.end}",
            ("the base",) if one.name == base.name else _lines(base, one),
        )
        for one in scenarios
    ]
    return table("", [*header, Column("Days", "name"), differs], rows)


def _lines(base: Scenario, scenario: Scenario) -> tuple[str, ...]:
    """In what a scenario differs in effect from the base, a line for each value."""
    lines = grouped(differences(base, scenario)) or ["nothing in effect"]
    if len(lines) > MOST_DIFFERENCES:
        more = len(lines) - MOST_DIFFERENCES
        lines = [*lines[:MOST_DIFFERENCES], f"and {more} more values, see its file below"]
    return tuple(lines)


def compared_with(batch: Batch, base: str) -> dict[str, str]:
    """What each scenario is compared with: the base, or the base with the scenario's own window.

    A scenario with which another one is compared stands for the base, and is not compared itself.
    """
    parent = batch.scenario(base)
    bases = {}
    for name in batch.scenarios:
        is_base = differ_in_window_only(parent, batch.scenario(name))
        bases[name] = base if is_base else twin(batch, base, name) or base
    used = {base, *bases.values()}
    return {name: its for name, its in bases.items() if name not in used}


# --- tables ------------------------------------------------------------------------------


def _holders(ends: EndTable) -> Document:
    """Chance that the army has each key base at the end, and days at Kidal."""
    header = [Column("Scenario", "name"), Column("Last day"), *say_end_table.columns()]
    rows = [[row.scenario, row.date, *say_end_table.figures(row)] for row in ends.rows]
    what = (
        "Chance in % that the army holds the camp on the last day of the scenario, with its 95 % "
        "Wilson interval, and the mean number of days on which it held the camp of Kidal, with "
        "its 95 % interval."
    )
    return [Paragraph(what), table("", header, rows)]


def _differences(compared: list[Comparison], base: str) -> Document:
    """Each scenario beside the base: how to read it, the chart, the table of differences."""
    if not compared:
        return []
    how = (
        "Run by run: a run of both scenarios shares all luck that the scenarios do not change. A "
        f'difference is the scenario less {base}. "Better" is meant for the one named: more days, '
        "fewer dead, fewer displaced; ties count half. The gain says how many times as many runs "
        "two independent batches would need for the same interval."
    )
    return [Paragraph(how), *(block for one in compared for block in _difference(one, base))]


def _difference(c: Comparison, base: str) -> Document:
    from camphandover.charts import difference

    of = f"{counted(c.n, 'pair')}, {c.window}"
    of += "" if c.b == base else f", less {c.b}, which is {base} with the same window"
    title = f"Days held: {c.a} less {c.b}, run by run, with 95 % intervals"
    rows = c.table[c.table["place"].isin(["", *c.places]) & ~c.table["outcome"].isin(LEFT_OUT)]
    rows = rows[(rows["difference"] != 0) | (rows["ties"] < 1)]
    header = ["Outcome", "Place", "Of whom", c.a, c.b]
    header += ["Difference [95 %]", "Chance that it is better [95 %]", "Gain of pairing"]
    body = [say_compare.texts(row) for row in rows.to_dict("records")]
    return [
        Heading(c.a, 3),
        Paragraph(f"{of}."),
        *(Paragraph(text, "warning") for text in c.warnings),
        _picture(title, difference(c)),
        table("", header, body, names=3) if body else Paragraph("Nothing differs in any run."),
    ]


# --- charts ------------------------------------------------------------------------------


def _over_time(shares: xr.Dataset) -> Document:
    from camphandover.charts.figures import base_figure

    what = (
        "Shares of the runs in which each holder has the camp at the end of the day. The dashed "
        "line is the day by which the UN is gone in half of the runs."
    )
    title = "Who holds the camp of {}, by scenario"
    drawn = [_picture(title.format(place), base_figure(shares, place)) for place in KEY_BASES]
    return [Paragraph(what), *drawn]


def _ground(batch: Batch, base: str) -> Document:
    """The base scenario on the map on its last day, and its losses as they were and were told."""
    from camphandover.charts import control_map, losses_grid
    from camphandover.measure.runs import scenario_window

    what = (
        "Both sides tell of the dead, and neither tells the truth: the model keeps what happened "
        "and what was said apart."
    )
    last = scenario_window(batch, base).last
    drawn = control_map(batch, last, scenario=base)
    return [
        Paragraph(what),
        _picture(f"{base}: the likeliest holder of each camp on {last}", drawn),
        _picture(f"{base}: the dead, and what each side says of them", losses_grid(batch, base)),
    ]


def _heatmaps(shares: xr.Dataset, names: list[str]) -> Document:
    from camphandover.charts.figures import heatmap_figure

    return [
        _picture(f"{name}: the likeliest holder of each camp", heatmap_figure(shares, name))
        for name in names
    ]


def _picture(title: str, drawn: Figure | Axes) -> Picture:
    """A figure, or that of some axes, as a PNG within the page."""
    figure = cast("Figure", getattr(drawn, "figure", drawn))
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=DPI)
    text = base64.b64encode(data.getvalue()).decode("ascii")
    return Picture(title, f"data:image/png;base64,{text}")


# --- what it cannot say, and what it is made from ----------------------------------------


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


def _open(batch: Batch) -> Document:
    """What the runs leave open, and those that failed."""
    lines = [
        f"{one['scenario']}, replicate {one['replicate']}: {one['error']}" for one in batch.failures
    ]
    if len(lines) > MOST_FAILURES:
        more = len(lines) - MOST_FAILURES
        lines = [*lines[:MOST_FAILURES], f"and {more} more, see manifest.json"]
    failed: list[Block] = [Heading("Failed runs", 3), Items(tuple(lines))] if lines else []
    return [Items(tuple(caveats(batch))), *failed]


def _files(batch: Batch, scenarios: list[Scenario]) -> Document:
    """The scenarios, and the manifest without what stands elsewhere and the list of blocks."""
    manifest = batch.manifest
    short = manifest | {"scenarios": batch.scenarios}
    short |= {name: len(manifest[name]) for name in ("blocks", "failures")}
    return [
        Paragraph("The scenarios as they were run, with nothing left to look up."),
        *(Code(one.to_yaml(), one.name) for one in scenarios),
        Code(json.dumps(short, indent=1, ensure_ascii=False), "manifest"),
    ]
