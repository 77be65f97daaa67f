"""The command line: `camphandover COMMAND ...`.

Libraries are imported inside the commands that use them, so that `--help` is quick. A fault of
the input ends a command with its report on stderr and exit status 2.
"""

from __future__ import annotations

import errno
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from camphandover.cli import (
    batch,
    compare,
    hindcast,
    patterns,
    plot,
    report,
    score,
    serve,
    studies,
    validation,
    why,
)
from camphandover.cli.options import ScenarioFile
from camphandover.cli.telling import FAILED
from camphandover.errors import CamphandoverError

INPUT_FAULT = 2
INTERRUPTED = 130


class Commands(TyperGroup):
    """The commands; faults of the input become a report instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a fault of its input ends it with status 2, what cannot be written or
        read with 1, Ctrl-C with 130."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except CamphandoverError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(FAILED if isinstance(error, OSError) else INPUT_FAULT) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of a pipe has gone: nobody to tell
                raise
            typer.echo(f"the command cannot go on: {error}", err=True)
            raise typer.Exit(FAILED) from None


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Who controls the bases of northern Mali as the UN hands over its camps, 2023.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"camphandover {version('camphandover')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options before the command."""


# --- scenarios ---------------------------------------------------------------------------


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(help="Scenario files, or names of the library.")],
) -> None:
    """Check scenario files, with all points of a sweep, and report every fault with its line."""
    from camphandover.errors import ScenarioError
    from camphandover.scenario import load_points

    reports = []
    for file in files:
        try:
            n_points = len(load_points(file))
        except ScenarioError as error:
            reports.append(str(error))
        else:
            typer.echo(f"ok {file} ({n_points} points)" if n_points > 1 else f"ok {file}")
    if reports:
        typer.echo("\n\n".join(dict.fromkeys(reports)), err=True)
        raise typer.Exit(INPUT_FAULT)


@app.command()
def explain(file: ScenarioFile) -> None:
    """Show the resolved scenario, and its sweep, with the file and line of each value."""
    from camphandover.scenario import explain as explained

    typer.echo(explained(file))


@app.command()
def diff(first: ScenarioFile, second: ScenarioFile) -> None:
    """Show what differs in effect between two scenarios."""
    from camphandover.scenario import diff as difference

    typer.echo(difference(first, second) or "no difference in effect")


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json

    from camphandover.scenario.jsonschema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


for command in (
    batch.run, compare.compare, batch.verify, why.why, why.diverge, serve.serve,
    report.report, score.score, hindcast.hindcast, patterns.patterns, validation.validation,
    studies.sensitivity, studies.calibrate, studies.discover, studies.evidence,
):  # fmt: skip
    app.command()(command)
app.command(cls=plot.WithKinds)(plot.plot)


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the command `camphandover`.

    Args:
        arguments: Command line without the program's name; that of the process if `None`.
    Exits:
        0 done, 1 something could not be written, failed or differs, 2 faulty input or usage,
        130 interrupted (Ctrl-C).
    """
    app(arguments, prog_name="camphandover")
