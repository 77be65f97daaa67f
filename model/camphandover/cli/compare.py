"""The command `compare`, and the options that name outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from camphandover.cli.batch import Json, check_writable, to_json, write_all
from camphandover.measure.outcomes import DEFAULT, by_label, forms, load_outcomes


def _load(files: list[Path] | None) -> list[Path] | None:
    for file in files or ():
        load_outcomes(file)
    return files


OutcomeFiles = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE.py",
        help="Python file with outcomes of your own (@ch.outcome); may be repeated.",
        callback=_load,
    ),
]
AskedOutcomes = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FORM",
        help=f"{', '.join(forms())}, or one of --outcomes; may be repeated. "
        f"[default: {', '.join(DEFAULT)}]",
    ),
]
Width = Annotated[
    list[str] | None,
    typer.Option(
        metavar="X",
        help="Half-width for which the runs needed are told, in days; or UNIT=X of days, share, "
        "dead, people; may be repeated. [default: 1 day, 0.02, 5, 1000]",
    ),
]


def compare(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a batch.")],
    a: Annotated[str, typer.Argument(metavar="A", help="Name of a scenario of the batch.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Name of the one it is compared with.")],
    place: Annotated[
        list[str] | None,
        typer.Option(help="Place to compare; may be repeated. [default: all; key bases shown]"),
    ] = None,
    slot: Annotated[str, typer.Option(help="camp or town.")] = "camp",
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

    check_writable(json, "--json")
    widths = _half_widths(half_width or [])
    comparison = compare_pair(
        open_batch(folder), a, b, places=place or None, slot=slot, date=date, half_width=widths,
        outcomes=outcome or None,
    )  # fmt: skip
    typer.echo(str(comparison))
    write_all(to_json(comparison, json))


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
