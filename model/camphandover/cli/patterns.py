"""The command `patterns`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camphandover.cli.batch import ChartFolder, Json, check_writable, to_json, write_all

if TYPE_CHECKING:
    from camphandover.judge.patterns.patterns import Patterns

CHART = "patterns.png"


def patterns(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a batch.")],
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="Scenario of the batch; may be repeated. [default: all]"),
    ] = None,
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

    check_writable(json, "--json")
    batch = open_batch(folder)
    found = hold_to_patterns(batch, scenario or None, against)
    typer.echo(str(found))
    charts = batch.folder / CHARTS if out is None else out
    write_all(to_json(found, json), lambda: None if no_charts else draw(found, charts))


def draw(found: Patterns, charts: Path) -> None:
    """Draw the chart into a folder, whole or not at all."""
    from camphandover.charts import plot_patterns
    from camphandover.charts.axis import save

    path = save(plot_patterns(found), charts / CHART)
    typer.echo(f"Chart: {path}", err=True)
