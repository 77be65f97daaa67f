"""The command `hindcast`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from camphandover.cli.options import Json, Quiet, takes
from camphandover.cli.telling import progress_of, tell, tell_user
from camphandover.judge.score.settings import HindcastSettings


@takes(HindcastSettings)
def hindcast(
    settings: HindcastSettings,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder, in which charts/ is.")
    ] = Path("runs/hindcast"),
    charts: Annotated[bool, typer.Option("--charts/--no-charts", help="Draw the chart.")] = True,
    json: Json = None,
    quiet: Quiet = False,
) -> None:
    """Score forecasts from weekly origins, each of which knows the record until its day.

    Beside the model stand persistence, the base rate, a Markov chain, "the army gets every camp on
    plan", and the runs that never look at the record.
    """
    from camphandover.batch.store import CHARTS
    from camphandover.judge.score.hindcast import hindcast as score

    with progress_of(quiet, tell_user) as bar:
        found = score(**{**vars(settings), "progress": bar})

    def draw() -> None:
        from camphandover.charts.horizons import draw_hindcast

        for path in draw_hindcast(found, out / CHARTS) if charts else ():
            tell_user(f"Chart: {path}")

    tell(found, json, draw)
