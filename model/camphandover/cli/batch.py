"""The commands `run` and `verify`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camphandover.batch.settings import RunSettings
from camphandover.cli.options import Folder, Json, NoCharts, Quiet, fixed_of, takes
from camphandover.cli.telling import FAILED, progress_of, tell, tell_nothing, tell_user

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch

SHOWN_FAILURES = 5


@takes(RunSettings)
def run(
    settings: RunSettings, json: Json = None, no_charts: NoCharts = False, quiet: Quiet = False
) -> None:
    """Run scenarios many times: who holds each base over time.

    Ends with a table and charts in the folder of the batch. A batch that was cut off goes on where
    it was, and more --runs add to it; the same command again computes nothing. A folder that holds
    something else is never overwritten.
    """
    from camphandover.batch.batch import folder_of, known_of, load_all
    from camphandover.batch.batch import run as run_batch
    from camphandover.judge.end_table import end_table

    scenarios = load_all(settings.scenarios, known_of(settings))
    names = [scenario.name for scenario in scenarios]
    folder = folder_of(names, settings) if settings.out is None else Path(settings.out)
    say = tell_nothing if quiet else tell_user
    plural = "s" * (len(scenarios) != 1)
    say(f"{len(scenarios)} scenario{plural} x {settings.runs} runs into {folder}")
    fixed = fixed_of(settings.fixed or ())
    with progress_of(quiet, say) as progress:
        asked = {"scenarios": scenarios, "out": folder, "fixed": fixed, "progress": progress}
        batch = run_batch(**{**vars(settings), **asked, "say": tell_user})
    if batch.reused:
        say(f"{folder} holds this batch already: nothing was computed.")
    try:
        if no_charts:
            say(f"Charts: none drawn. Data: {batch.folder}")
        tell(end_table(batch), json, *([] if no_charts else [lambda: _draw(batch, say)]))
    finally:
        _report_failures(batch)


def _draw(batch: Batch, say: Callable[[str], None]) -> None:
    from camphandover.charts.planned import chart_files, is_current

    missing_only = batch.reused
    charts = batch.folder / "charts"
    files = chart_files(charts, batch.scenarios)
    n_drawn = 0
    if not (missing_only and all(is_current(path, batch.folder) for path in files)):
        from camphandover.charts import draw_batch

        n_drawn = len(draw_batch(batch, None, missing_only))
    say(f"Charts: {charts} ({n_drawn} drawn). Data: {batch.folder}")


def _report_failures(batch: Batch) -> None:
    """Show what failed and end with status 1, if anything did."""
    failures = batch.failures
    if not failures:
        return
    lines = [f"\n{len(failures)} runs failed; all others are kept in {batch.folder}:"]
    for failure in failures[:SHOWN_FAILURES]:
        lines.append(
            f"  {failure['scenario']}, replicate {failure['replicate']}, "
            f"seed {failure['seed']}: {failure['error']}"
        )
    if len(failures) > SHOWN_FAILURES:
        lines.append(f"  ... and {len(failures) - SHOWN_FAILURES} more, see manifest.json")
    lines += ["The first one:", failures[0]["traceback"]]
    tell_user("\n".join(lines))
    raise typer.Exit(FAILED)


def verify(
    folder: Folder,
    blocks: Annotated[
        int, typer.Option(min=1, help="How many blocks of 50 runs to compute again.")
    ] = 5,
    choose: Annotated[
        int | None,
        typer.Option(metavar="N", help="Seed of the choice of blocks. [default: by chance]"),
    ] = None,
) -> None:
    """Compute a random sample of a batch again and compare the bytes.

    Ends with status 1 if anything differs.
    """
    from camphandover.batch.progress import shown
    from camphandover.batch.verify import verify as verify_batch

    with shown(None) as tell:
        found = verify_batch(folder, blocks, chooser=choose, progress=tell)
    for name, block in found.blocks:
        typer.echo(f"{name}, replicates {block.first} to {block.stop - 1}")
    n = len(found.blocks)
    of = f"{n} of {found.all_blocks} blocks computed again"
    if found.differences:
        typer.echo("\n".join([f"{of}: not the same", *found.differences]), err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"{of}: the same bytes.")
