"""The commands `why` and `diverge`."""

from __future__ import annotations

from typing import Annotated

import typer

from camphandover.cli.options import Folder, Json, Name, Replicate, Slot
from camphandover.cli.telling import tell


def why(
    folder: Folder,
    place: Annotated[str, typer.Option(help="The place, such as Kidal.")],
    scenario: Name = None,
    replicate: Replicate = None,
    slot: Slot = "camp",
    date: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD", help="Explain who holds it then. [default: all changes]"
        ),
    ] = None,
    summary: Annotated[
        bool,
        typer.Option("--summary", help="Count over all runs what preceded the first fall."),
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="HOLDER",
            help="With --summary: to whom it falls. [default: an armed side that did not have it]",
        ),
    ] = None,
    alternatives: Annotated[
        bool,
        typer.Option(help="Play the run again for what commanders could have chosen instead."),
    ] = True,
    json: Json = None,
) -> None:
    """Tell why a base changed hands: the chain of causes of each change, down to its root.

    A root is a clause of the scenario, a chance draw, a commander's choice, an event known from
    the calendar, or how things stood on the first day.
    """
    from camphandover.batch.batch import open_batch
    from camphandover.judge.why import why as explain
    from camphandover.judge.why_summary import why_summary

    batch = open_batch(folder)
    chosen = _scenario(scenario, batch.scenarios)
    if summary:
        _refuse({"--replicate": replicate, "--date": date}, "without --summary")
        tell(why_summary(batch, chosen, place, slot, to), json)
        return
    _refuse({"--to": to}, "with --summary")
    run = _replicate(replicate, batch.runs, ", or --summary")
    tell(explain(batch, chosen, run, place, slot, date, alternatives=alternatives), json)


def diverge(
    folder: Folder,
    a: Annotated[str, typer.Argument(metavar="A", help="Name of a scenario of the batch.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Name of the other one.")],
    replicate: Replicate = None,
    json: Json = None,
) -> None:
    """Show the first event that differs between two scenarios in one run, and what followed.

    Run 17 of both shares all luck: it is one story up to that event.
    """
    from camphandover.batch.batch import open_batch
    from camphandover.judge.diverge import diverge as find

    batch = open_batch(folder)
    tell(find(batch, a, b, _replicate(replicate, batch.runs)), json)


def _scenario(name: str | None, known: list[str]) -> str:
    """The scenario asked for; the only one of the batch if none is."""
    from camphandover.errors import BatchError

    if name is not None:
        return name
    if len(known) > 1:
        raise BatchError(f"--scenario is needed, one of {', '.join(known)}.")
    return known[0]


def _replicate(number: int | None, runs: int, otherwise: str = "") -> int:
    """The run asked for; there is no default, lest run 0 be taken for all."""
    from camphandover.errors import BatchError

    if number is None:
        raise BatchError(f"--replicate is needed, a number from 0 to {runs - 1}{otherwise}.")
    return number


def _refuse(options: dict[str, object], where: str) -> None:
    """Refuse options that would have no effect."""
    from camphandover.errors import BatchError

    for option, value in options.items():
        if value is not None:
            raise BatchError(f"{option} goes {where} only.")
