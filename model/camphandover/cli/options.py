"""What commands share: options that several have, and commands that take a dataclass of settings.

An option stands here once, or at the field of the settings that it sets (`batch.settings`). A
command takes settings as its first arguments, and its own options after them:

    @takes(DiscoverSettings)
    def discover(settings: DiscoverSettings, json: Json = None) -> None:
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from camphandover.batch.settings import Setting, Settings
from camphandover.errors import BatchError


def writable(param: typer.CallbackParam, path: Path | None) -> Path | None:
    """Find out before an hour of computing that a result cannot be written.

    Errors:
        BatchError that says what is in the way.
    """
    if path is None:
        return None
    option, parent = param.opts[0], path.absolute().parent
    if path.is_dir():
        raise BatchError(f"{option} {path} is a folder; the name of a file is needed.")
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise BatchError(f"{option} {path}: its folder is not there or not writable.")
    return path


def _loaded(files: list[Path] | None) -> list[Path] | None:
    """Files of outcomes, once they are run."""
    from camphandover.measure.outcomes import load_outcomes

    for file in files or ():
        load_outcomes(file)
    return files


def fixed_of(texts: Iterable[str]) -> dict[str, float]:
    """What `--set NAME=VALUE` says, by name."""
    values: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        try:
            value = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise BatchError(f"--set {text}: NAME=VALUE is needed, such as ied_rate=0.5.")
        if name in values:
            raise BatchError(f"--set {name} stands twice: keep one of the two.")
        values[name] = value
    return values


ScenarioFile = Annotated[str, typer.Argument(help="A scenario file, or a name of the library.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a batch.")]
Names = Annotated[
    list[str] | None, typer.Option(help="Scenario of the batch; may be repeated. [default: all]")
]
Name = Annotated[str | None, typer.Option(help="Name of a scenario of the batch.")]
Replicate = Annotated[int | None, typer.Option(help="Number of the run, from 0.")]
Slot = Annotated[str, typer.Option(help="camp or town.")]
OutcomeFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--outcomes",
        metavar="FILE.py",
        help="Python file with outcomes of your own (@ch.outcome); may be repeated.",
        callback=_loaded,
    ),
]
ChartFolder = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Folder of the charts. [default: DIR/charts]")
]
NoCharts = Annotated[
    bool, typer.Option("--no-charts", help="Draw none; `plot DIR` draws them later.")
]
Json = Annotated[
    Path | None,
    typer.Option(metavar="FILE", callback=writable, help="Write the table as JSON, too."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the table only.")]


Command = Callable[..., None]


def takes(*settings: type[Settings]) -> Callable[[Command], Command]:
    """A command whose first arguments are settings: each of their fields is an option.

    An option that is not given leaves the field its default.
    """

    def decorate(run: Command) -> Command:
        told = [[one for one in kind.told() if one[1].is_option] for kind in settings]
        own = list(inspect.signature(run, eval_str=True).parameters.values())[len(settings) :]
        options = [option(*one) for of_kind in told for one in of_kind] + [
            one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own
        ]

        @wraps(run)
        def command(**values: Any) -> None:
            made = []
            for kind, of_kind in zip(settings, told, strict=True):
                given = {one.name: values.pop(one.name) for one, _ in of_kind}
                made.append(kind(**{k: v for k, v in given.items() if v not in (None, [])}))
            run(*made, **values)

        command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in options}
        return command

    return decorate


def option(one: Field[Any], about: Setting) -> inspect.Parameter:
    """The option or argument of a command that sets a field."""
    default = one.default
    kind: Any = type(default) if about.kind is None else about.kind
    if default is MISSING:
        default = inspect.Parameter.empty
    elif default == ():
        kind, default = list[str] | None, None
    elif default is None:
        kind = kind | None
    words: dict[str, Any] = {"help": about.help, "metavar": about.metavar}
    if about.is_argument:
        info = typer.Argument(**words)
    else:
        if about.within is not None and not about.above:
            words["min"], words["max"] = about.within
        info = typer.Option(f"--{about.name or one.name.replace('_', '-')}", **words)
    return inspect.Parameter(
        one.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )
