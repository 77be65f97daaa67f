"""The command `compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from camphandover.cli.options import Folder, Json, OutcomeFiles, Slot
from camphandover.cli.telling import tell
from camphandover.measure.outcomes import by_label

Width = Annotated[
    list[str] | None,
    typer.Option(
        metavar="X",
        help="Half-width for which the runs needed are told, in days; or UNIT=X of days, share, "
        "dead, people; may be repeated. [default: 1 day, 0.02, 5, 1000]",
    ),
]


def compare(
    folder: Folder,
    a: Annotated[str, typer.Argument(metavar="A", help="Name of a scenario of the batch.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Name of the one it is compared with.")],
    place: Annotated[
        list[str] | None,
        typer.Option(help="Place to compare; may be repeated. [default: all; key bases shown]"),
    ] = None,
    slot: Slot = "camp",
    date: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Date of holders. [default: last common date]"),
    ] = None,
    half_width: Width = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(by_label())}, or one of --outcomes; may be repeated. [default: all]",
        ),
    ] = None,
    outcomes: OutcomeFiles = None,
    json: Json = None,
) -> None:
    """Compare two scenarios of a batch run by run: what differs, and how surely.

    Run 17 of both shares all luck, so few runs tell much. Differences are A - B.
    """
    from camphandover.batch.batch import open_batch
    from camphandover.judge.compare import compare as compare_pair

    widths = _half_widths(half_width or [])
    comparison = compare_pair(
        open_batch(folder), a, b, places=place or None, slot=slot, date=date, half_width=widths,
        outcomes=outcome or None,
    )  # fmt: skip
    tell(comparison, json)


def _half_widths(texts: list[str]) -> dict[str, float]:
    """Half-widths by unit, from `X`, which is in days, or `UNIT=X`."""
    from camphandover.errors import BatchError

    widths = {}
    for text in texts:
        unit, _, number = text.rpartition("=")
        try:
            widths[unit.strip() or "days"] = float(number)
        except ValueError:
            raise BatchError(
                f"--half-width {text}: a number of days is needed, or UNIT=NUMBER as share=0.01."
            ) from None
    return widths
