"""The report of a batch: one HTML file that needs no network.

The tables and pictures are documents, made here; `report.html` has the words around them.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from camphandover import inputs
from camphandover.batch.batch import Batch
from camphandover.batch.files import write_whole
from camphandover.judge.cautions import differ_in_window_only, twin
from camphandover.judge.compare import Comparison, compare
from camphandover.judge.end_table import Table as EndTable
from camphandover.judge.end_table import end_table
from camphandover.libraries import xr
from camphandover.measure.notation import counted, listed
from camphandover.measure.outcomes import KEY_BASES
from camphandover.measure.runs import scenario_window
from camphandover.measure.shares import control_shares
from camphandover.say import compare as say_compare
from camphandover.say import end_table as say_end_table
from camphandover.say import origin as say_origin
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
from camphandover.scenario import Scenario, differences
from camphandover.scenario.diff import grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    return rendered(content(batch, against))


def rendered(said: dict[str, Any]) -> str:
    """The page of what `content` gives."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(said)


def content(batch: Batch, against: str | None = None) -> dict[str, Any]:
    """All that the page needs, by the names that it uses: the batch, warnings, documents.

    Args:
        batch: A finished batch.
        against: Scenario with which the others are compared; the first one if not given.
    """
    base = batch.scenarios[0] if against is None else against
    parent = batch.scenario(base)
    scenarios = [batch.scenario(name) for name in batch.scenarios]
    shares = control_shares(batch)
    ends = end_table(batch)
    compared = [compare(batch, name, its) for name, its in compared_with(batch, base).items()]
    warnings = [f"In the table of the key bases {text}" for text in ends.warnings]
    warnings += [f"{c.a} less {c.b}: {text}" for c in compared for text in c.warnings]
    return {
        "batch": batch,
        "base": base,
        "warnings": warnings,
        "asked": [_asked(scenarios, parent), *say_origin.told(ends.pasts, len(scenarios))],
        "pasts": ends.pasts,
        "holders": [_holders(ends), *map(Paragraph, say_end_table.since(ends))],
        "time": _left(shares, "base", KEY_BASES),
        "ground": _ground(batch, base),
        "differences": [block for one in compared for block in _difference(one, base)],
        "maps": _left(shares, "scenario", batch.scenarios),
        "failures": [*_impossible(ends), *_failures(batch)],
        "files": [*(Code(one.to_yaml(), one.name) for one in scenarios), _manifest(batch)],
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


def _holders(ends: EndTable) -> Block:
    """Chance that the army has each key base at the end, and days at Kidal."""
    header = [Column("Scenario", "name"), Column("Last day"), *say_end_table.columns()]
    rows = [[row.scenario, row.date, *say_end_table.figures(row)] for row in ends.rows]
    return table("", header, rows)


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


def _left(shares: xr.Dataset, each: str, names: Iterable[str]) -> Document:
    """The charts that a batch leaves of each base, or of each scenario."""
    from camphandover.charts.registry import charts

    drawn = [chart for chart in charts() if f"{{{each}}}" in chart.leaves]
    return [
        _picture(chart.title.format(name), chart(shares, name)) for chart in drawn for name in names
    ]


def _ground(batch: Batch, base: str) -> Document:
    """The base scenario on the map on its last day, and its losses as they were and were told."""
    from camphandover.charts import control_map, losses_grid

    last = scenario_window(batch, base).last
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


# --- what failed, and what it is made from -----------------------------------------------


def _impossible(ends: EndTable) -> Document:
    """What of the record no particle met, or hardly any, if there is something."""
    blocks: list[Block] = []
    for past in ends.pasts:
        *_, last = say_origin.document(past.origin)
        if isinstance(last, Items):
            blocks += [Heading(f"{listed(past.scenarios)}: {last.title}", 3), last]
    return blocks


def _failures(batch: Batch) -> Document:
    """The runs that failed, if there are some."""
    lines = [f"{f['scenario']}, replicate {f['replicate']}: {f['error']}" for f in batch.failures]
    if len(lines) > MOST_FAILURES:
        more = len(lines) - MOST_FAILURES
        lines = [*lines[:MOST_FAILURES], f"and {more} more, see manifest.json"]
    return [Heading("Failed runs", 3), Items(tuple(lines))] if lines else []


def _manifest(batch: Batch) -> Code:
    """The manifest without what stands elsewhere, and without the list of blocks."""
    counts = {name: len(batch.manifest[name]) for name in ("blocks", "failures")}
    short = {**batch.manifest, "scenarios": batch.scenarios, **counts}
    return Code(json.dumps(short, indent=1, ensure_ascii=False), "manifest")
