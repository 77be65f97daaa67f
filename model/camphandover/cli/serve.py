"""The command `serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MAX_PORT = 65535


def serve(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Folder in which edits are saved. [default: scenarios]"),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="Port on this machine; 0 for a free one.")
    ] = 8765,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Whether to open the browser.")
    ] = True,
) -> None:
    """Open a page with the live model: step it, edit the handover, run the edit beside its parent.

    The page is served to this machine only, needs no internet, and ends with Ctrl-C.
    """
    from camphandover.app import server, settings
    from camphandover.errors import BatchError

    server.check_extra()
    if folder is not None:
        settings.folder = folder
    if settings.folder.exists() and not settings.folder.is_dir():
        raise BatchError(f"{settings.folder} is a file: name a folder for the edits.")
    with server.listen(port) as listening:
        url = f"http://{server.HOST}:{listening.getsockname()[1]}"
        _warm_up()

        def opened() -> None:
            typer.echo(f"The page is at {url}, for this machine only. Ctrl-C ends it.", err=True)
            if open_browser:
                server.show(url)

        try:
            server.serve(listening, opened)
        except KeyboardInterrupt:
            typer.echo("The page has ended.", err=True)


def _warm_up() -> None:
    """Compile what the page will call, before anybody waits for it."""
    typer.echo("Starting...", err=True)
    from camphandover.agents.model import NorthernMali

    NorthernMali().step()
