"""The command `validation`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from camphandover.cli.options import writable
from camphandover.cli.telling import tell_user

OUT = Path("model/VALIDATION.md")


def _runs(help: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(metavar="DIR", help=help)
    return found


def validation(
    hindcast: Annotated[Path, _runs("Batch of full-model and on-schedule, parameters hindcast.")],
    prior: Annotated[Path, _runs("The same with the parameters prior.")],
    variants: Annotated[Path | None, _runs("Batch of full-model and the variants V1-V8.")] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", callback=writable, help="The page, Markdown.")
    ] = OUT,
    pictures: Annotated[
        Path | None, _runs("Folder for the page's charts. [default: no charts]")
    ] = None,
    rolling: Annotated[
        bool, typer.Option(help="Begin with forecasts from rolling origins, made anew.")
    ] = True,
) -> None:
    """Write the page that holds the model to the record: what it gets right, what fails, and why.

    \b
    camphandover run full-model on-schedule --runs 500 --parameters hindcast --out runs/hindcast
    camphandover run full-model on-schedule --runs 500 --parameters prior --out runs/prior
    camphandover run full-model scenarios/variants/v*.yaml --out runs/variants
    camphandover validation --hindcast runs/hindcast --prior runs/prior --variants runs/variants
    """
    from camphandover.say.validation.page import write_validation

    written = write_validation(hindcast, prior, variants, out, pictures, rolling)
    tell_user(f"Page: {written}")
