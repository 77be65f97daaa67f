"""The command `sensitivity`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from camphandover.cli.batch import (
    MAX_SEED,
    ClusterAddress,
    Json,
    Workers,
    check_writable,
    tell_nothing,
    tell_user,
    to_json,
    write_all,
)
from camphandover.cli.compare import AskedOutcomes, OutcomeFiles

if TYPE_CHECKING:
    from camphandover.judge.study.sensitivity import Sensitivity


def sensitivity(
    file: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A scenario file, or a name of the library.")
    ],
    outcome: AskedOutcomes = None,
    outcomes: OutcomeFiles = None,
    method: Annotated[
        Literal["morris", "sobol"],
        typer.Option(help="morris finds the few that matter; sobol tells shares of variance."),
    ] = "morris",
    trajectories: Annotated[
        int, typer.Option(min=2, help="Of morris: each takes a point more than parameters.")
    ] = 20,
    points: Annotated[
        int, typer.Option(min=4, help="Base points of sobol, a power of two: each takes two more.")
    ] = 256,
    draws: Annotated[
        int, typer.Option(min=1, help="Runs of each point; the same luck at all points.")
    ] = 5,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Seed of the design and of all draws.")
    ] = 2023,
    evidence: Annotated[
        str, typer.Option(metavar="SET", help="Set of parameters: hindcast or prior.")
    ] = "hindcast",
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="Parameter to vary; may be repeated. [default: all that have a range]"),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Rule whose parameters vary, such as R1.5 or R1."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the runs. [default: runs/sensitivity-SCENARIO-METHOD]"),
    ] = None,
    workers: Workers = None,
    cluster: ClusterAddress = None,
    top: Annotated[int, typer.Option(min=1, help="How many parameters are shown.")] = 15,
    json: Json = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the table only.")] = False,
) -> None:
    """Which parameters decide an outcome of a scenario: a ranked table and charts.

    All parameters vary together over their ranges, and every point meets the same draws. What was
    cut off goes on where it was, more --draws add to it, and the same command again computes
    nothing.
    """
    from camphandover.batch.progress import shown
    from camphandover.judge.study.sensitivity import sensitivity as analyse
    from camphandover.say.sensitivity import as_text

    check_writable(json, "--json")
    say = tell_nothing if quiet else tell_user
    with shown(None) as bar:
        found = analyse(
            file, outcome or (), method, trajectories=trajectories, points=points, draws=draws,
            seed=seed, evidence=evidence, parameters=parameter or (), groups=group or (), out=out,
            workers=workers, cluster=cluster, progress=False if quiet else bar, say=tell_user,
        )  # fmt: skip
    if found.reused:
        say(f"{found.folder} holds these runs already: nothing was computed.")
    typer.echo(as_text(found, top))
    write_all(to_json(found, json), lambda: _draw(found, top, say))


def _draw(found: Sensitivity, top: int, say: Callable[[str], None]) -> None:
    from camphandover.charts.sensitivity import draw_sensitivity

    files = draw_sensitivity(found, top=top)
    if files:
        say(f"Charts: {files[0].parent} ({len(files)} drawn). Data: {found.folder}")
