"""The command `plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from camphandover import inputs
from camphandover.cli.options import Folder
from camphandover.errors import BatchError

if TYPE_CHECKING:
    from camphandover.batch.batch import Batch
    from camphandover.charts.registry import Registered

Names = list[str] | None
Asked = dict[str, list[str]]
"""What is said, by option."""
IMAGES = (".png", ".pdf", ".svg")
FILMS = (".gif", ".mp4")


class WithKinds(TyperCommand):
    """The command, whose help tells what kinds of chart are registered and what they take."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with the kinds in it."""
        from camphandover.charts.registry import kinds

        known = kinds().values()
        wide = max(map(len, kinds()))
        rows = [f"{one.kind:{wide}}  {one.tells}" for one in known]
        self.help = "\n".join([str(self.help), "", "\b", *rows])
        for option in self.params:
            if text := getattr(option, "help", None):
                many = (one.kind for one in known if one.takes_many(str(option.name)))
                option.help = text.format(many=" and ".join(many))  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


def plot(
    folder: Folder,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="A single chart, one of those above."),
    ] = None,
    scenario: Annotated[
        Names, typer.Option(help="Scenario of the batch; for {many} it may be given again.")
    ] = None,
    place: Annotated[Names, typer.Option(help="Base; for {many} it may be given again.")] = None,
    date: Annotated[
        Names, typer.Option(metavar="YYYY-MM-DD", help="Date; for {many} it may be given again.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="SCENARIO", help="For difference, the scenario that is subtracted."),
    ] = None,
    slot: Annotated[str | None, typer.Option(help="camp or town. [default: camp]")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            help="For difference: days_held, holds, days_to_fall, fell, dead, displaced. "
            "[default: days_held]"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the charts, or with --kind a file. [default: DIR/charts]"),
    ] = None,
) -> None:
    """Draw the charts of a batch again, or with --kind a single one.

    A single chart is drawn into one file, whose name is printed:
    """
    from camphandover.batch.batch import open_batch

    said = {
        "scenario": scenario, "place": place, "date": date, "against": against, "slot": slot,
        "outcome": outcome,
    }  # fmt: skip
    asked = {
        option: [value] if isinstance(value, str) else value
        for option, value in said.items()
        if value
    }
    batch = open_batch(folder)
    if kind is None:
        _draw_all(batch, asked, out)
        return
    chart = _kind(kind, asked)
    if chart.needs("scenario") and len(batch.scenarios) == 1:
        asked.setdefault("scenario", batch.scenarios)
    _check(batch, chart, asked)
    path = _file(batch, chart, asked, out)
    options: dict[str, Any] = {
        chart.fills(option): values if chart.takes_many(option) else values[0]
        for option, values in asked.items()
    }
    if "path" in chart.parameters:
        chart(batch, path=path, **options)
    else:
        from camphandover.charts.axis import save

        save(chart(batch, **options), path)
    typer.echo(str(path))


def _draw_all(batch: Batch, asked: Asked, out: Path | None) -> None:
    """The charts that a batch leaves in its folder."""
    from camphandover.charts import draw_batch
    from camphandover.charts.registry import kinds

    if asked:
        raise BatchError(f"--{next(iter(asked))} needs --kind, one of {', '.join(kinds())}.")
    n_drawn = len(draw_batch(batch, out))
    charts = out or batch.folder / "charts"
    typer.echo(f"Charts: {charts} ({n_drawn} drawn). Data: {batch.folder}", err=True)


def _kind(kind: str, asked: Asked) -> Registered:
    """The chart; an unknown one is refused, and options that it does not use, or not so often."""
    from camphandover.batch.names import check_known
    from camphandover.charts.registry import kinds

    check_known("kind", kind, tuple(kinds()))
    for option, values in asked.items():
        users = [name for name, one in kinds().items() if one.fills(option)]
        if kind not in users:
            text = f"--{option} says nothing to --kind {kind}: it is for {', '.join(users)}."
            raise BatchError(text)
        if len(values) > 1 and not kinds()[kind].takes_many(option):
            raise BatchError(f"--{option} stands {len(values)} times: --kind {kind} takes one.")
    return kinds()[kind]


def _check(batch: Batch, chart: Registered, asked: Asked) -> None:
    """Hold what is asked to what the batch has, and find what is missing."""
    from camphandover.batch.cubes import SLOTS
    from camphandover.batch.names import check_known
    from camphandover.measure.outcomes import KEY_BASES, by_label
    from camphandover.measure.runs import scenario_window

    places = [str(place) for place in batch.control["place"].to_numpy()]
    known = {"place": places, "slot": SLOTS, "outcome": tuple(by_label())}
    for option, values in asked.items():
        for name in values if option != "date" else ():
            what = option if option in known else "scenario"
            check_known(what, name, known.get(option, batch.scenarios))
    window = scenario_window(batch, asked.get("scenario", batch.scenarios)[0])
    right = {"place": f"such as {', '.join(KEY_BASES)}", "date": f"of {window}"}
    for option in ("scenario", "place", "date", "against"):
        if chart.needs(option) and option not in asked:
            scenarios = f"one of {', '.join(batch.scenarios)}"
            told = right.get(option, scenarios)
            raise BatchError(f"--kind {chart.kind} needs --{option}, {told}.")
    for day in asked.get("date", []):
        inputs.day("--date", day, *window)


def _file(batch: Batch, chart: Registered, asked: Asked, out: Path | None) -> Path:
    """Where the chart lands: the file given, or one with a telling name in a folder."""
    from camphandover.batch.plan import file_name

    suffixes = FILMS if "path" in chart.parameters else IMAGES
    if out is not None and out.suffix and not out.is_dir():
        if out.suffix.lower() not in suffixes:
            raise BatchError(f"--out {out}: a folder, or a file {', '.join(suffixes)}, is needed.")
        return out
    single = {option: values[0] for option, values in asked.items() if len(values) == 1}
    names = [single[option] for option in ("scenario", "against") if option in single]
    words = [single.get("place", "").lower(), single.get("slot"), single.get("outcome")]
    if not chart.takes_many("date"):
        words.insert(1, single.get("date"))
    told = [*names, *(word for word in words if word)]
    # Where no base need be named, it is not taken for a scenario.
    join = "+" if chart.takes_many("place") and not names else "-"
    name = f"{chart.kind}{join * bool(told)}{file_name(*told) if told else ''}"
    return (out or batch.folder / "charts") / f"{name}{suffixes[0]}"
