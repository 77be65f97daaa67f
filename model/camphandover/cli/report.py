"""The command `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a batch.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file. [default: DIR/report.html]")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="S", help="Scenario that the others are compared with. [default: the first]"
        ),
    ] = None,
) -> None:
    """Write the report of a batch: one HTML file that needs no network and prints well."""
    from camphandover.batch.batch import open_batch
    from camphandover.cli.batch import check_writable
    from camphandover.say.report import write_report

    check_writable(out, "--out")
    written = write_report(open_batch(folder), out, against)
    typer.echo(f"Report: {written}", err=True)
