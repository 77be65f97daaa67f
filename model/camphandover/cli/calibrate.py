"""The command `calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from camphandover.cli.batch import (
    MAX_SEED,
    ClusterAddress,
    Json,
    Workers,
    check_writable,
    tell_user,
    write_all,
)

QUICK = 8
"""How many times less than usual `--quick` computes, at every step."""


def calibrate(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCENARIO]...",
            help="Scenarios in which the targets are measured, the first one first. [default: "
            "full-model on-schedule; for prior on-schedule]",
        ),
    ] = None,
    evidence: Annotated[
        Literal["hindcast", "prior"],
        typer.Option(
            help="hindcast may use the whole record; prior nothing after 17 September 2023, and "
            "its runs end there."
        ),
    ] = "hindcast",
    factors: Annotated[
        int, typer.Option(min=1, help="Parameters that stay uncertain after the screening.")
    ] = 30,
    accepted: Annotated[int, typer.Option(min=1, help="Records that are accepted.")] = 100,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED - 1, help="Seed of points and luck.")
    ] = 2023,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the steps. [default: runs/calibrate-EVIDENCE]")
    ] = None,
    workers: Workers = None,
    cluster: ClusterAddress = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"A {QUICK}th of the points: to try it.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the batches of all steps (about 50 kB a run).")
    ] = False,
    json: Json = None,
) -> None:
    """Find the parameters that retell the record: a set for `run --parameters FILE`.

    Screening, waves of points guided by a response surface, acceptance of the best, and a test with
    fresh luck. About 70,000 runs, a quarter of an hour on two cores; what was cut off goes on where
    it was.
    """
    from camphandover.batch.files import write_json
    from camphandover.charts import draw_calibration
    from camphandover.judge.study.calibration import Budget
    from camphandover.judge.study.calibration import calibrate as find
    from camphandover.say.calibration import as_json

    check_writable(json, "--json")
    folder = out if out is not None else Path("runs", f"calibrate-{evidence}")
    budget = Budget(factors=factors, accepted=accepted)
    if quick:
        points = tuple(n // QUICK for n in budget.points)
        budget = Budget(2, 3, factors, points, budget.draws, min(accepted, points[-1] // 2), 4)
    found = find(
        files or None, evidence, seed, folder, budget,
        workers=workers, cluster=cluster, keep=keep, say=tell_user,
    )  # fmt: skip
    typer.echo(str(found))
    typer.echo(f"\nSet: {folder / f'{evidence}.json'}", err=True)
    typer.echo(f"camphandover run --parameters {folder / f'{evidence}.json'} uses it.", err=True)
    write_all(
        lambda: None if json is None else write_json(json, as_json(found)),
        lambda: typer.echo(f"Chart: {draw_calibration(found, folder / 'charts')}", err=True),
    )
