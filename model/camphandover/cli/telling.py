"""How commands tell what they do and what came out: progress, the table, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import typer

FAILED = 1
"""Status of a command that could not do all it should."""


class WritesJson(Protocol):
    """A result that can be written as JSON."""

    def write_json(self, path: Path) -> None:
        """Write it."""


def tell_user(text: str) -> None:
    """Write a line to stderr."""
    typer.echo(text, err=True)


def tell_nothing(text: str) -> None:
    """Stands in for `tell_user` when the user wants quiet."""


def tell(
    found: WritesJson, json: Path | None, *writers: Callable[[], Any], text: str | None = None
) -> None:
    """Print a result, then write it as JSON if asked for, then what else is to be written.

    Args:
        found: The result; it is printed as `str` gives it, or as `text`.
        json: The file, as the option `Json` gives it.
        writers: Each writes something, such as charts.
    Exits:
        1 if anything could not be written, once the rest is.
    """
    typer.echo(str(found) if text is None else text)
    write_all(lambda: None if json is None else found.write_json(json), *writers)


def write_all(*writers: Callable[[], Any]) -> None:
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
