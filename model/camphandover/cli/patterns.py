"""The command `patterns`."""

from __future__ import annotations

from typing import Annotated

import typer

from camphandover.cli.options import ChartFolder, Folder, Json, Names
from camphandover.cli.telling import tell, tell_user

CHART = "patterns.png"


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

    found = hold_to_patterns(open_batch(folder), scenario or None, against)

    def draw() -> None:
        """Whole or not at all."""
        from camphandover.charts.axis import save
        from camphandover.charts.patterns import plot_patterns

        path = save(plot_patterns(found), (out or folder / CHARTS) / CHART)
        tell_user(f"Chart: {path}")

    tell(found, json, *([] if no_charts else [draw]))
