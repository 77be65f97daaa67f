"""The command `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from camphandover.cli.options import Folder, writable


def report(
    folder: Folder,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", callback=writable, help="The file. [default: DIR/report.html]"
        ),
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
    from camphandover.say.report import write_report

    written = write_report(open_batch(folder), out, against)
    typer.echo(f"Report: {written}", err=True)
