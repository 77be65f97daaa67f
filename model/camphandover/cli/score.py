"""The command `score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camphandover.cli.options import ChartFolder, Folder, Json, Names
from camphandover.cli.telling import tell

if TYPE_CHECKING:
    from camphandover.judge.score.score import Score


def score(
    folder: Folder,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A record of the form of control_history.csv, also of later days. [default: that "
            "of the package]",
        ),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="YYYY-MM-DD",
            help="First day scored, after the forecast origin. [default: 2023-09-18]",
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="YYYY-MM-DD",
            help="Last day scored, to which FILE is complete. [default: the last of record and "
            "scenario]",
        ),
    ] = None,
    slot: Annotated[str, typer.Option(help="camp, town or both.")] = "camp",
    scenario: Names = None,
    confidence: Annotated[
        bool,
        typer.Option(
            "--confidence/--no-confidence", help="Weigh days by the confidence of the record."
        ),
    ] = True,
    charts: Annotated[bool, typer.Option("--charts/--no-charts", help="Draw charts.")] = True,
    out: ChartFolder = None,
    json: Json = None,
) -> None:
    """Score who holds each base against the dated record, beside plain baselines.

    Persistence, the base rate, a Markov chain fitted before the forecast origin, and "the army
    gets every camp on plan" are what the model has to beat.
    """
    from camphandover.judge.score.score import score as score_batch

    scored = score_batch(
        folder,
        history=history,
        first=first,
        last=last,
        slot=slot,
        scenario=scenario or None,
        confidence=confidence,
    )
    tell(scored, json, lambda: _draw(scored, folder, out) if charts else None)


def _draw(scored: Score, folder: Path, out: Path | None) -> None:
    """The two charts of each scenario, in the folder of the batch's charts if no other is given."""
    from camphandover.batch.store import CHARTS
    from camphandover.charts.scores import draw_scores

    for path in draw_scores(scored, folder / CHARTS if out is None else out):
        typer.echo(f"Chart: {path}", err=True)
