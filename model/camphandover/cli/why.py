"""The commands `why` and `diverge`."""

from __future__ import annotations

from typing import Annotated

import typer

from camphandover.cli.options import Folder, Json, Name, Replicate, Slot
from camphandover.cli.telling import tell
from camphandover.errors import BatchError


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
    from camphandover.judge import why as judge

    batch = open_batch(folder)
    if scenario is None and len(batch.scenarios) > 1:
        raise BatchError(f"--scenario is needed, one of {', '.join(batch.scenarios)}.")
    chosen = scenario or batch.scenarios[0]
    useless = {"--replicate": replicate, "--date": date} if summary else {"--to": to}
    for option, value in useless.items():
        if value is not None:
            raise BatchError(f"{option} goes {'without' if summary else 'with'} --summary only.")
    if summary:
        tell(judge.why_summary(batch, chosen, place, slot, to), json)
        return
    run = _given(replicate, batch.runs, ", or --summary")
    tell(judge.why(batch, chosen, run, place, slot, date, alternatives=alternatives), json)


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
    tell(find(batch, a, b, _given(replicate, batch.runs)), json)


def _given(replicate: int | None, runs: int, otherwise: str = "") -> int:
    """The run asked for; there is no default, lest run 0 be taken for all."""
    if replicate is None:
        raise BatchError(f"--replicate is needed, a number from 0 to {runs - 1}{otherwise}.")
    return replicate
