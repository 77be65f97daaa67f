"""The command `patterns`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camphandover.cli_batch import Json, check_writable

if TYPE_CHECKING:
    from camphandover.validation.patterns import Patterns

CHART = "patterns.png"
DPI = 130


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
    no_charts: Annotated[
        bool, typer.Option("--no-charts", help="Do not draw DIR/charts/patterns.png.")
    ] = False,
) -> None:
    """Hold the runs to what happened in 2023: the share that meets each of the patterns P1-P14.

    With several scenarios they stand side by side, and a second table tells by how much each
    differs from the first one, run by run: with the variants V1-V8, which mechanism each pattern
    needs. The batch has to have its full ledger.

    \b
    camphandover run full-model scenarios/variants/v*.yaml --runs 200 --out runs/variants
    camphandover patterns runs/variants
    """
    from camphandover.results.batch import open_batch
    from camphandover.validation.patterns import patterns as hold_to_patterns

    check_writable(json, "--json")
    batch = open_batch(folder)
    found = hold_to_patterns(batch, scenario or None, against)
    typer.echo(str(found))
    if json is not None:
        found.write_json(json)
    if not no_charts:
        path = draw(found, batch.folder)
        typer.echo(f"Chart: {path}", err=True)


def draw(found: Patterns, folder: Path) -> Path:
    """Draw the chart into the charts of a batch's folder, whole or not at all."""
    from camphandover.ensemble.store import CHARTS
    from camphandover.plots.patterns import plot_patterns

    path = folder / CHARTS / CHART
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".part-{path.name}")
    try:
        figure = plot_patterns(found).get_figure(root=True)
        assert figure is not None
        figure.savefig(unfinished, format="png", dpi=DPI)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
