"""The command `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DIFFERENT = 1


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a batch.")],
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
        found = verify_batch(folder, blocks, chooser=choose, tell=tell)
    for name, block in found.blocks:
        typer.echo(f"{name}, replicates {block.first} to {block.stop - 1}")
    n = len(found.blocks)
    of = f"{n} of {found.all_blocks} blocks computed again"
    if found.differences:
        typer.echo("\n".join([f"{of}: not the same", *found.differences]), err=True)
        raise typer.Exit(DIFFERENT)
    typer.echo(f"{of}: the same bytes.")
