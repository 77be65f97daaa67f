"""The command `run`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch

FAILED = 1
SHOWN_FAILURES = 5
MAX_SEED = 2**64 - 1

Files = Annotated[
    list[str] | None,
    typer.Argument(help="Scenario files, or names of the library; the whole library if none."),
]
Out = Annotated[
    Path | None, typer.Option(help="Folder of the batch. [default: runs/library, or by the names]")
]
Workers = Annotated[int | None, typer.Option(min=1, max=4096, help="Threads. [default: all cores]")]
ClusterAddress = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, whose workers compute.")
]
ChartFolder = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Folder of the charts. [default: DIR/charts]")
]
Json = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as JSON, too.")]


def run(
    files: Files = None,
    runs: Annotated[int, typer.Option(min=1, max=2**31 - 1, help="Runs of each scenario.")] = 200,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of all draws.")] = 2023,
    out: Out = None,
    workers: Workers = None,
    cluster: ClusterAddress = None,
    sample_parameters: Annotated[
        bool,
        typer.Option(
            "--sample-parameters", help="Each run draws its parameters from their ranges."
        ),
    ] = False,
    parameters: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Records of parameters that the runs take in turn, or the shipped set hindcast "
            "or prior.",
        ),
    ] = None,
    fixed: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Fix a parameter; may be given again."),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            metavar="SET",
            help="Set of parameters: hindcast or prior. [default: hindcast, or that of the file]",
        ),
    ] = None,
    ledger: Annotated[
        str,
        typer.Option(metavar="HOW", help="How much of the ledger is kept: full, changes, none."),
    ] = "full",
    json: Json = None,
    no_charts: Annotated[
        bool, typer.Option("--no-charts", help="Draw none; `plot DIR` draws them later.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the table only.")] = False,
) -> None:
    """Run scenarios many times: who holds each base over time.

    Ends with a table and charts in the folder of the batch. A batch that was cut off goes on where
    it was, and more --runs add to it; the same command again computes nothing. A folder that holds
    something else is never overwritten.
    """
    from camphandover.batch.batch import load_all
    from camphandover.batch.batch import run as run_batch
    from camphandover.batch.plan import default_folder
    from camphandover.judge.end_table import end_table

    check_writable(json, "--json")
    scenarios = load_all(files or None)
    names = [scenario.name for scenario in scenarios]
    folder = out if out is not None else default_folder(names, not files)
    say = tell_nothing if quiet else tell_user
    plural = "s" * (len(scenarios) != 1)
    say(f"{len(scenarios)} scenario{plural} x {runs} runs into {folder}")
    with progress_of(quiet, say) as progress:
        batch = run_batch(
            scenarios, runs, seed, folder, workers, progress,
            cluster=cluster, sample_parameters=sample_parameters, parameters=parameters,
            fixed=_settings(fixed or []),
            evidence=evidence, ledger=ledger, say=tell_user,
        )  # fmt: skip
    if batch.reused:
        say(f"{folder} holds this batch already: nothing was computed.")
    table = end_table(batch)
    typer.echo(str(table))
    try:
        if no_charts:
            say(f"Charts: none drawn. Data: {batch.folder}")
        write_all(to_json(table, json), *([] if no_charts else [lambda: _draw(batch, say)]))
    finally:
        _report_failures(batch)


def _settings(texts: list[str]) -> dict[str, float]:
    """What `--set NAME=VALUE` says, by name."""
    from camphandover.errors import BatchError

    values: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        try:
            value = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise BatchError(f"--set {text}: NAME=VALUE is needed, such as ied_rate=0.5.")
        if name in values:
            raise BatchError(f"--set {name} stands twice: keep one of the two.")
        values[name] = value
    return values


def tell_user(text: str) -> None:
    """Write a line to stderr."""
    typer.echo(text, err=True)


def tell_nothing(text: str) -> None:
    """Stands in for `tell_user` when the user wants quiet."""


def check_writable(path: Path | None, option: str) -> None:
    """Find out before an hour of computing that the result cannot be written.

    Args:
        path: The file; nothing to check if there is none.
        option: By which it was given.
    Errors:
        BatchError that says what is in the way.
    """
    from camphandover.errors import BatchError

    if path is None:
        return
    if path.is_dir():
        raise BatchError(f"{option} {path} is a folder; the name of a file is needed.")
    parent = path.absolute().parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise BatchError(f"{option} {path}: its folder is not there or not writable.")


class WritesJson(Protocol):
    """A result that can be written as JSON."""

    def write_json(self, path: Path) -> None:
        """Write it."""


def to_json(result: WritesJson, path: Path | None) -> Callable[[], None]:
    """What writes a result, for `write_all`; nothing if no file was asked for."""
    return lambda: None if path is None else result.write_json(path)


def write_all(*writers: Callable[[], None]) -> None:
    """Write what came out and is printed already; what cannot be written is told.

    Exits:
        1 if anything could not be written, once the rest is.
    """
    from camphandover.errors import CannotWrite

    is_all = True
    for write in writers:
        try:
            write()
        except CannotWrite as error:
            tell_user(str(error))
            is_all = False
    if not is_all:
        raise typer.Exit(FAILED)


@contextmanager
def progress_of(quiet: bool, say: Callable[[str], None]) -> Iterator[Callable[[int, int], None]]:
    """What is told of a batch: a word on a first compile, then a bar if stderr is a terminal."""
    from camphandover.batch.progress import shown

    with shown(False if quiet else None) as bar:

        def tell(done: int, total: int) -> None:
            from camphandover.core import compiled

            if done < total:
                compiled.announce(say)
            bar(done, total)

        yield tell


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
