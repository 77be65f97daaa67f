"""The command `patterns`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camphandover.cli.options import ChartFolder, Folder, Json, Names
from camphandover.cli.telling import tell

if TYPE_CHECKING:
    from camphandover.judge.patterns.patterns import Patterns

CHART = "patterns.png"
DPI = 130


def patterns(
    folder: Folder,
    scenario: Names = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="SCENARIO", help="Scenario that the others differ from. [default: the first]"
        ),
    ] = None,
    json: Json = None,
    no_charts: Annotated[bool, typer.Option("--no-charts", help="Do not draw the chart.")] = False,
    out: ChartFolder = None,
) -> None:
    """Hold the runs to what happened in 2023: the share that meets each of the patterns P1-P14.

    With several scenarios they stand side by side, and a second table tells by how much each
    differs from the first one, run by run: with the variants V1-V8, which mechanism each pattern
    needs. The batch has to have its full ledger.

    \b
    camphandover run full-model scenarios/variants/v*.yaml --runs 200 --out runs/variants
    camphandover patterns runs/variants
    """
    from camphandover.batch.batch import open_batch
    from camphandover.batch.store import CHARTS
    from camphandover.judge.patterns.patterns import patterns as hold_to_patterns

    batch = open_batch(folder)
    found = hold_to_patterns(batch, scenario or None, against)
    charts = batch.folder / CHARTS if out is None else out
    tell(found, json, lambda: None if no_charts else draw(found, charts))


def draw(found: Patterns, charts: Path) -> None:
    """Draw the chart into a folder, whole or not at all."""
    from camphandover.charts.files import save
    from camphandover.charts.patterns import plot_patterns

    path = save(plot_patterns(found), charts / CHART, DPI)
    typer.echo(f"Chart: {path}", err=True)
